package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"yizhan/core/id"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

const (
	maxTransfers = 32               // at once; ops have connections of their own
	maxNonces    = 1 << 16          // remembered; all of devices that are let in
	share        = 8                // a part of both that one device may have: the others get theirs whatever it does
	stall        = 30 * time.Second // silence of the other side
)

// Config is what a handler is made of.
type Config struct {
	Store *Store // takes uploads; nil takes none
	// Get opens an attachment; ErrLater while it is on its way here. nil is the store's.
	Get        func(context.Context, wire.Blob) (*os.File, error)
	Deployment string
	Now        func() time.Time
	Log        *slog.Logger
	// Device gives the key of an enrolled device, and whether it may do nothing any more.
	Device func(id.Device) (key []byte, gone, ok bool)
}

// ErrLater says that an attachment is on its way.
var ErrLater = errors.New("it is on its way here; ask again")

// Handler serves attachments at wire.BlobPath.
type Handler struct {
	cfg Config

	mu    sync.Mutex          // guards what follows
	all   int                 // transfers under way
	busy  map[id.Device]int   // of them
	used  map[nonce]time.Time // until when each is refused
	mine  map[id.Device]int   // of them
	swept time.Time           // when used was looked through last
}

// nonce is one of a device.
type nonce struct {
	device id.Device
	bytes  string
}

// NewHandler makes a handler.
func NewHandler(cfg Config) *Handler {
	if cfg.Get == nil {
		cfg.Get = func(_ context.Context, b wire.Blob) (*os.File, error) { return cfg.Store.Get(b) }
	}
	return &Handler{cfg: cfg, busy: map[id.Device]int{}, used: map[nonce]time.Time{}, mine: map[id.Device]int{}}
}

// refusal is an answer that is not the attachment.
type refusal struct {
	status int
	what   string
}

// ServeHTTP answers GET and HEAD (with Range), and PUT and PATCH (with Content-Range).
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	device, no := h.admit(r)
	b, err := wire.ParseBlob(strings.TrimPrefix(r.URL.Path, wire.BlobPath))
	switch {
	case no != nil:
		http.Error(w, no.what, no.status)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	if !h.begin(device) {
		h.later(w, "too many transfers")
		return
	}
	defer h.end(device)
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		h.get(w, r, b, device)
	case http.MethodPut, http.MethodPatch:
		if h.cfg.Store == nil {
			http.Error(w, "nothing is taken here; send it to the server", http.StatusMethodNotAllowed)
			return
		}
		h.put(w, r, b, device)
	default:
		http.Error(w, "GET, HEAD, PUT or PATCH", http.StatusMethodNotAllowed)
	}
}

// begin takes one of the transfers that may be under way at once; end gives it back.
func (h *Handler) begin(d id.Device) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all >= maxTransfers || h.busy[d] >= maxTransfers/share {
		return false
	}
	h.all, h.busy[d] = h.all+1, h.busy[d]+1
	return true
}

func (h *Handler) end(d id.Device) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all--
	if h.busy[d]--; h.busy[d] == 0 {
		delete(h.busy, d)
	}
}

func (h *Handler) later(w http.ResponseWriter, why string) {
	w.Header().Set("Retry-After", "1")
	http.Error(w, why, http.StatusServiceUnavailable)
}

// admit says who asks, or why nobody is let in. A nonce is used up last, so that
// only devices of ours can fill the memory of them.
func (h *Handler) admit(r *http.Request) (id.Device, *refusal) {
	a, err := wire.ParseBlobAuth(r.Header.Get("Authorization"))
	if err != nil {
		return "", &refusal{http.StatusUnauthorized, err.Error()}
	}
	ranged := r.Header.Get("Range")
	if r.Method == http.MethodPut || r.Method == http.MethodPatch {
		ranged = r.Header.Get("Content-Range")
	}
	signed, err := wire.BlobRequest{Deployment: h.cfg.Deployment, Device: a.Device, Method: r.Method, Path: r.URL.Path, Range: ranged, Time: a.Time, Nonce: a.Nonce}.Bytes()
	key, gone, ok := h.cfg.Device(a.Device)
	public, keyErr := seal.ParsePublic(seal.EdDSA, key)
	now := h.cfg.Now()
	switch {
	case err != nil, !ok, keyErr != nil, public.VerifyBytes(wire.SignBlob, signed, a.Signature) != nil:
		return "", &refusal{http.StatusUnauthorized, "device is unknown or its signature is wrong"}
	case gone:
		return "", &refusal{http.StatusForbidden, "device was revoked"}
	case now.Sub(time.UnixMilli(a.Time)).Abs() > wire.BlobWindow:
		return "", &refusal{http.StatusUnauthorized, fmt.Sprintf("the request is of another time; here it is %d", now.UnixMilli())}
	}
	return a.Device, h.once(nonce{a.Device, string(a.Nonce)}, now)
}

// once refuses a nonce that was used within the window.
func (h *Handler) once(n nonce, now time.Time) *refusal {
	h.mu.Lock()
	defer h.mu.Unlock()
	if until, seen := h.used[n]; seen && now.Before(until) {
		return &refusal{http.StatusUnauthorized, "the request was made before"}
	}
	if h.crowded(n.device) && now.Sub(h.swept).Abs() >= time.Second {
		h.sweep(now)
	}
	if h.crowded(n.device) {
		return &refusal{http.StatusServiceUnavailable, "too many requests"}
	}
	if _, again := h.used[n]; !again {
		h.mine[n.device]++
	}
	h.used[n] = now.Add(2 * wire.BlobWindow)
	return nil
}

func (h *Handler) crowded(d id.Device) bool {
	return len(h.used) >= maxNonces || h.mine[d] >= maxNonces/share
}

// sweep forgets nonces of requests that are too old by now anyway.
func (h *Handler) sweep(now time.Time) {
	h.swept = now
	for n, until := range h.used {
		if now.Before(until) {
			continue
		}
		delete(h.used, n)
		if h.mine[n.device]--; h.mine[n.device] == 0 {
			delete(h.mine, n.device)
		}
	}
}

// get sends an attachment, or the part of it that Range asks for.
func (h *Handler) get(w http.ResponseWriter, r *http.Request, b wire.Blob, device id.Device) {
	f, err := h.cfg.Get(r.Context(), b)
	if errors.Is(err, ErrLater) {
		h.later(w, err.Error())
		return
	}
	if err != nil {
		if h.cfg.Store != nil {
			w.Header().Set(wire.BlobOffset, strconv.FormatInt(h.cfg.Store.Offset(b, device), 10))
		}
		http.Error(w, "it is not here", http.StatusNotFound)
		return
	}
	defer f.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", `"`+b.String()+`"`)
	http.ServeContent(&patient{ResponseWriter: w, c: http.NewResponseController(w)}, r, "", time.Time{}, f)
}

// put adds a piece to an upload.
func (h *Handler) put(w http.ResponseWriter, r *http.Request, b wire.Blob, device id.Device) {
	store := h.cfg.Store
	if f, err := store.Get(b); err == nil {
		f.Close()
		w.WriteHeader(http.StatusOK) // somebody has sent it before
		return
	}
	from, total, err := contentRange(r.Header.Get("Content-Range"), r.ContentLength)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	done, err := store.Append(b, device, from, total, &patientBody{r.Body, http.NewResponseController(w)})
	w.Header().Set(wire.BlobOffset, strconv.FormatInt(store.Offset(b, device), 10))
	switch {
	case err == nil && done:
		w.WriteHeader(http.StatusCreated)
	case err == nil:
		w.WriteHeader(http.StatusAccepted)
	case errors.Is(err, ErrBusy):
		h.later(w, err.Error())
	case errors.Is(err, ErrOffset):
		http.Error(w, err.Error(), http.StatusConflict)
	case errors.Is(err, ErrTooLarge):
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
	case errors.Is(err, ErrHash):
		h.cfg.Log.Warn("an upload was not what its name says", "device", device, "attachment", b)
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
	case errors.Is(err, ErrTooMany):
		http.Error(w, err.Error(), http.StatusTooManyRequests)
	case errors.Is(err, ErrFull):
		h.cfg.Log.Error("an attachment could not be stored", "error", err)
		http.Error(w, "the server's disk is full", http.StatusInsufficientStorage)
	default:
		h.cfg.Log.Info("an upload broke off", "device", device, "attachment", b, "error", err)
		http.Error(w, "the piece did not arrive whole", http.StatusBadRequest)
	}
}

// contentRange reads "bytes 0-99/1000"; "bytes */1000" without content says that
// all of it was sent.
func contentRange(header string, length int64) (from, total int64, err error) {
	if n, err := fmt.Sscanf(header, "bytes */%d", &total); n == 1 && err == nil && header == fmt.Sprintf("bytes */%d", total) && length == 0 {
		return total, total, nil
	}
	var to int64
	if n, err := fmt.Sscanf(header, "bytes %d-%d/%d", &from, &to, &total); n != 3 || err != nil ||
		header != fmt.Sprintf("bytes %d-%d/%d", from, to, total) || from < 0 || to < from || to >= total || length != to-from+1 {
		return 0, 0, fmt.Errorf("Content-Range %q with %d bytes: want bytes FROM-TO/TOTAL and that many", header, length)
	}
	return from, total, nil
}

// patient gives up a reader only after silence, not after a time for the whole.
type patient struct {
	http.ResponseWriter
	c *http.ResponseController
}

func (p *patient) Write(b []byte) (int, error) {
	p.c.SetWriteDeadline(time.Now().Add(stall)) // a writer that has none is a test's
	return p.ResponseWriter.Write(b)
}

type patientBody struct {
	io.Reader
	c *http.ResponseController
}

func (p *patientBody) Read(b []byte) (int, error) {
	p.c.SetReadDeadline(time.Now().Add(stall))
	return p.Reader.Read(b)
}
