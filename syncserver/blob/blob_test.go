package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/link/blob"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

// site is a server with two devices, "a" and "b", and one that was revoked, "old".
type site struct {
	t     fataler
	dir   string
	store *Store
	http  *httptest.Server
	keys  map[id.Device]seal.Private
	now   atomic.Int64
}

type fataler interface {
	Helper()
	Fatalf(string, ...any)
	Errorf(string, ...any)
}

func newSite(t fataler, dir string) *site {
	s := &site{t: t, dir: dir, keys: map[id.Device]seal.Private{}}
	s.now.Store(1790000000000)
	for _, d := range []id.Device{"a", "b", "old"} {
		s.keys[d] = must(seal.Generate(rand.Reader))
	}
	s.store = must(Open(filepath.Join(dir, "server"), s.clock()))
	s.http = httptest.NewServer(NewHandler(Config{Store: s.store, Deployment: "yunlu", Now: s.clock, Log: slog.New(slog.DiscardHandler),
		Device: func(d id.Device) ([]byte, bool, bool) {
			k, ok := s.keys[d]
			if !ok {
				return nil, false, false
			}
			return k.Public().Marshal(), d == "old", true
		}}))
	return s
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (s *site) clock() time.Time { return time.UnixMilli(s.now.Load()) }

// sign signs a request of a device; change spoils it.
func (s *site) sign(d id.Device, method, path, ranged string, change func(*wire.BlobRequest)) string {
	r := wire.BlobRequest{Deployment: "yunlu", Device: d, Method: method, Path: path, Range: ranged, Time: s.now.Load(), Nonce: make([]byte, 16)}
	must(rand.Read(r.Nonce))
	a := wire.BlobAuth{Device: d, Time: r.Time, Nonce: r.Nonce}
	if change != nil {
		change(&r)
		a.Time, a.Nonce = r.Time, r.Nonce
	}
	key, ok := s.keys[d]
	if !ok {
		key = s.keys["a"]
	}
	a.Signature = key.SignBytes(wire.SignBlob, must(r.Bytes()))
	return must(a.Header())
}

// client is a device's end; every connection ends after as many bytes as cut says, in that direction.
func (s *site) client(d id.Device, cut func() (in, out int64)) *blob.Client {
	s.t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, network, addr)
		if err != nil || cut == nil {
			return conn, err
		}
		in, out := cut()
		return &cutting{Conn: conn, in: in, out: out}, nil
	}}
	return must(blob.New(blob.Config{Dir: filepath.Join(s.dir, "device "+string(d)), URL: "ws" + strings.TrimPrefix(s.http.URL, "http") + "/v1/sync",
		Sign: func(method, path, ranged string) (string, error) { return s.sign(d, method, path, ranged, nil), nil },
		HTTP: &http.Client{Transport: transport}}))
}

// cutting is a connection that breaks; a negative number never does.
type cutting struct {
	net.Conn
	mu      sync.Mutex
	in, out int64
}

var errCut = errors.New("the network is gone")

func (c *cutting) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	return c.count(&c.in, n, err)
}

func (c *cutting) Write(b []byte) (int, error) {
	c.mu.Lock()
	left := c.out
	c.mu.Unlock()
	if left >= 0 && int64(len(b)) > left {
		c.Conn.Write(b[:left])
		c.Conn.Close()
		return int(left), errCut
	}
	n, err := c.Conn.Write(b)
	return c.count(&c.out, n, err)
}

func (c *cutting) count(left *int64, n int, err error) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *left < 0 || err != nil {
		return n, err
	}
	if int64(n) > *left {
		n = int(*left)
		c.Conn.Close()
		return n, errCut
	}
	*left -= int64(n)
	return n, nil
}

func content(n int, seed byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*31+i>>8) ^ seed
	}
	return b
}

// parts are the unfinished files below a directory.
func parts(dir string) (n int) {
	filepath.WalkDir(dir, func(path string, _ os.DirEntry, _ error) error {
		if strings.HasSuffix(path, partSuffix) {
			n++
		}
		return nil
	})
	return n
}

// TestEveryCut breaks connections at any byte of both directions: an attachment
// arrives as it is, and never starts again from nothing.
func TestEveryCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "blob-")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		s := newSite(t, dir)
		defer s.http.Close()
		want := content(rapid.IntRange(0, 3*wire.BlobPiece+7).Draw(t, "size"), byte(rapid.IntRange(0, 255).Draw(t, "seed")))
		cuts := rapid.SliceOfN(rapid.Int64Range(300, 2*wire.BlobPiece), 0, 6).Draw(t, "cuts")
		cut := func() (in, out int64) {
			if len(cuts) == 0 {
				return -1, -1
			}
			n := cuts[0]
			cuts = cuts[1:]
			if n%2 == 0 {
				return n, -1
			}
			return -1, n
		}
		a := s.client("a", cut)
		b := must(a.Add(bytes.NewReader(want)))
		if b != sha256.Sum256(want) {
			t.Fatalf("kept as %s", b)
		}
		ctx := context.Background()
		for tries := 0; ; tries++ {
			if err = a.Put(ctx, b); err == nil {
				break
			}
			if tries > 20 {
				t.Fatalf("put: %v", err)
			}
		}
		cuts = rapid.SliceOfN(rapid.Int64Range(300, 2*wire.BlobPiece), 0, 6).Draw(t, "more cuts")
		other := s.client("b", cut)
		var path string
		for tries := 0; ; tries++ {
			if path, err = other.Get(ctx, b); err == nil {
				break
			}
			if tries > 20 {
				t.Fatalf("get: %v", err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes arrived, want %d (%v)", len(got), len(want), err)
		}
		if n := parts(dir); n != 0 {
			t.Errorf("%d unfinished files are left", n)
		}
	})
}

// raw sends one request as it stands.
func (s *site) raw(method, path string, header map[string]string, body []byte) *http.Response {
	s.t.Helper()
	r := must(http.NewRequest(method, s.http.URL+path, bytes.NewReader(body)))
	for k, v := range header {
		r.Header.Set(k, v)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	answer.Body.Close()
	return answer
}

func (s *site) put(d id.Device, b wire.Blob, ranged string, body []byte) *http.Response {
	path := wire.BlobPath + b.String()
	return s.raw(http.MethodPut, path, map[string]string{"Authorization": s.sign(d, http.MethodPut, path, ranged, nil), "Content-Range": ranged}, body)
}

func TestStrangersAndReplays(t *testing.T) {
	s := newSite(t, t.TempDir())
	defer s.http.Close()
	name := wire.Blob(sha256.Sum256([]byte("x")))
	path := wire.BlobPath + name.String()
	if got := s.put("a", name, "bytes 0-0/1", []byte("x")).StatusCode; got != http.StatusCreated {
		t.Fatalf("put: %d", got)
	}
	get := func(authorization string) int {
		return s.raw(http.MethodGet, path, map[string]string{"Authorization": authorization}, nil).StatusCode
	}
	once := s.sign("b", http.MethodGet, path, "", nil)
	for name, c := range map[string]struct {
		authorization string
		want          int
	}{
		"nothing":          {"", 401},
		"another scheme":   {"Bearer abc", 401},
		"no CBOR":          {"Yizhan AAAA", 401},
		"a stranger":       {s.sign("ghost", http.MethodGet, path, "", nil), 401},
		"a revoked device": {s.sign("old", http.MethodGet, path, "", nil), 403},
		"another path":     {s.sign("a", http.MethodGet, path, "", func(r *wire.BlobRequest) { r.Path = wire.BlobPath + "00" }), 401},
		"another method":   {s.sign("a", http.MethodPut, path, "", nil), 401},
		"another range":    {s.sign("a", http.MethodGet, path, "bytes=0-9", nil), 401},
		"another server":   {s.sign("a", http.MethodGet, path, "", func(r *wire.BlobRequest) { r.Deployment = "else" }), 401},
		"too early":        {s.sign("a", http.MethodGet, path, "", func(r *wire.BlobRequest) { r.Time -= wire.BlobWindow.Milliseconds() + 1 }), 401},
		"too late":         {s.sign("a", http.MethodGet, path, "", func(r *wire.BlobRequest) { r.Time += wire.BlobWindow.Milliseconds() + 1 }), 401},
		"at the edge":      {s.sign("a", http.MethodGet, path, "", func(r *wire.BlobRequest) { r.Time += wire.BlobWindow.Milliseconds() }), 200},
	} {
		if got := get(c.authorization); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if first, second := get(once), get(once); first != 200 || second != 401 {
		t.Errorf("a request sent twice: %d and %d", first, second)
	}
	s.now.Add(wire.BlobWindow.Milliseconds() + 1)
	if late := get(once); late != 401 {
		t.Errorf("sent again after the window: %d", late)
	}
	for _, d := range []id.Device{"old", "ghost"} {
		if err := s.client(d, nil).Put(context.Background(), must(s.client(d, nil).Add(strings.NewReader("y")))); !isKind(err, map[id.Device]fault.Kind{"old": fault.RevokedDevice, "ghost": fault.Unauthenticated}[d]) {
			t.Errorf("put by %s: %v", d, err)
		}
	}
}

func isKind(err error, kind fault.Kind) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Kind == kind
}

func TestWrongUploads(t *testing.T) {
	s := newSite(t, t.TempDir())
	defer s.http.Close()
	want := []byte("0123456789")
	b := wire.Blob(sha256.Sum256(want))
	for _, c := range []struct {
		name   string
		device id.Device
		ranged string
		body   string
		status int
		offset string
	}{
		{"too large", "a", fmt.Sprintf("bytes 0-0/%d", wire.MaxBlob+1), "0", 413, "0"},
		{"behind nothing", "a", "bytes 5-9/10", "56789", 409, "0"},
		{"no range", "a", "", "0123456789", 400, ""},
		{"bad range", "a", "bytes 0-99/10", "0123456789", 400, ""},
		{"loose range", "a", "bytes 00-4/10", "01234", 400, ""},
		{"other length", "a", "bytes 0-4/10", "012", 400, ""},
		{"negative", "a", "bytes -1-3/10", "01234", 400, ""},
		{"finish nothing", "a", "bytes */10", "", 409, "0"},
		{"first half", "a", "bytes 0-4/10", "01234", 202, "5"},
		{"first half again", "a", "bytes 0-4/10", "01234", 409, "5"},
		{"another device's upload is its own", "b", "bytes 0-4/10", "spoil", 202, "5"},
		{"and spoils only itself", "b", "bytes 5-9/10", "56789", 422, "0"},
		{"second half", "a", "bytes 5-9/10", "56789", 201, "0"},
		{"once more by anybody", "b", "bytes 0-4/10", "01234", 200, ""},
	} {
		r := s.put(c.device, b, c.ranged, []byte(c.body))
		if r.StatusCode != c.status || r.Header.Get(wire.BlobOffset) != c.offset {
			t.Errorf("%s: %d with offset %q, want %d with %q", c.name, r.StatusCode, r.Header.Get(wire.BlobOffset), c.status, c.offset)
		}
	}
	shorter := wire.Blob(sha256.Sum256([]byte("012")))
	s.put("a", shorter, "bytes 0-4/10", []byte("01234"))
	if r := s.put("a", shorter, "bytes */3", nil); r.StatusCode != 409 || r.Header.Get(wire.BlobOffset) != "0" {
		t.Errorf("an upload longer than its end: %d, offset %s", r.StatusCode, r.Header.Get(wire.BlobOffset))
	}
	if n := parts(s.dir); n != 0 {
		t.Errorf("%d unfinished files are left", n)
	}
	if got, err := os.ReadFile(s.store.path(b)); err != nil || !bytes.Equal(got, want) {
		t.Errorf("stored %q, %v", got, err)
	}
	for path, status := range map[string]int{wire.BlobPath: 404, wire.BlobPath + "../keys.json": 404, wire.BlobPath + strings.ToUpper(b.String()): 404, wire.BlobPath + b.String() + "0": 404} {
		clean := s.raw(http.MethodGet, path, map[string]string{"Authorization": s.sign("a", http.MethodGet, path, "", nil)}, nil)
		if clean.StatusCode != status && clean.StatusCode != 401 { // net/http may clean the path that was signed
			t.Errorf("%s: %d", path, clean.StatusCode)
		}
	}
	path := wire.BlobPath + b.String()
	if got := s.raw(http.MethodDelete, path, map[string]string{"Authorization": s.sign("a", http.MethodDelete, path, "", nil)}, nil).StatusCode; got != 405 {
		t.Errorf("DELETE: %d", got)
	}
}

// What lies half sent or half fetched may be spoiled by a power cut: it is found and sent again from the start.
func TestDamagedPartials(t *testing.T) {
	s := newSite(t, t.TempDir())
	defer s.http.Close()
	want := content(wire.BlobPiece+100, 3)
	a, ctx := s.client("a", nil), context.Background()
	b := must(a.Add(bytes.NewReader(want)))
	spoil := func(path string, n int) {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, make([]byte, n), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	spoil(s.store.partial(b, "a"), 1000)
	if err := a.Put(ctx, b); err != nil {
		t.Fatalf("over a spoiled upload: %v", err)
	}
	for _, n := range []int{1, 1000, len(want), len(want) + 50} {
		other := s.client("b", nil)
		spoil(other.Path(b)+partSuffix, n)
		path, err := other.Get(ctx, b)
		if got, readErr := os.ReadFile(path); err != nil || readErr != nil || !bytes.Equal(got, want) {
			t.Errorf("over %d spoiled bytes: %d bytes, %v", n, len(got), errors.Join(err, readErr))
		}
		if err := other.Remove(b); err != nil || other.Has(b) {
			t.Errorf("remove: %v", err)
		}
	}
	if _, err := s.client("b", nil).Get(ctx, wire.Blob{1}); !errors.Is(err, blob.ErrMissing) {
		t.Errorf("nobody's attachment: %v", err)
	}
}

// A kill between the last byte and the name: the next request finishes it.
func TestUploadThatWasNotFinished(t *testing.T) {
	s := newSite(t, t.TempDir())
	defer s.http.Close()
	for _, want := range [][]byte{content(5000, 1), {}} {
		a := s.client("a", nil)
		b := must(a.Add(bytes.NewReader(want)))
		path := s.store.partial(b, "a")
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, want, 0o600)); err != nil {
			t.Fatal(err)
		}
		if err := a.Put(context.Background(), b); err != nil || parts(s.dir) != 0 {
			t.Errorf("%d bytes: %v, %d unfinished files", len(want), err, parts(s.dir))
		}
	}
}

func TestFullDiskAtTheServer(t *testing.T) {
	s := newSite(t, t.TempDir())
	defer s.http.Close()
	var room atomic.Int64
	room.Store(1000)
	s.store.write = func(f *os.File, b []byte) (int, error) {
		if left := room.Load(); int64(len(b)) > left {
			n, err := f.Write(b[:left])
			room.Add(int64(-n))
			return n, errors.Join(err, syscall.ENOSPC)
		}
		room.Add(int64(-len(b)))
		return f.Write(b)
	}
	a, ctx := s.client("a", nil), context.Background()
	b := must(a.Add(bytes.NewReader(content(3000, 9))))
	if err := a.Put(ctx, b); !isKind(err, fault.StorageFull) {
		t.Errorf("put onto a full disk: %v", err)
	}
	if at := s.store.Offset(b, "a"); at != 1000 {
		t.Errorf("%d bytes stay, want 1000", at)
	}
	room.Store(2000) // room for exactly the rest
	if err := a.Put(ctx, b); err != nil {
		t.Errorf("with room for the rest: %v", err)
	}
}

func TestUnfinishedUploadsAreBounded(t *testing.T) {
	s := newSite(t, t.TempDir())
	defer s.http.Close()
	begin := func(d id.Device, n byte) int { return s.put(d, wire.Blob{n}, "bytes 0-0/2", []byte("x")).StatusCode }
	for n := range maxPartials {
		if got := begin("a", byte(n)); got != 202 {
			t.Fatalf("upload %d: %d", n, got)
		}
	}
	if one, more, others := begin("a", 99), begin("a", 0), begin("b", 99); one != 429 || more != 409 || others != 202 {
		t.Errorf("one too many %d, one that is there %d, another device %d", one, more, others)
	}
	again := must(Open(filepath.Join(s.dir, "server"), time.Now().Add(keepPartial/2)))
	if _, err := again.Append(wire.Blob{99}, "a", 0, 2, strings.NewReader("x")); !errors.Is(err, ErrTooMany) {
		t.Errorf("after a restart: %v", err)
	}
	again = must(Open(filepath.Join(s.dir, "server"), time.Now().Add(keepPartial+time.Hour)))
	if n := parts(s.dir); n != 0 {
		t.Errorf("%d uploads of long ago are left", n)
	}
	if _, err := again.Append(wire.Blob{99}, "a", 0, 2, strings.NewReader("x")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	pipe, feed := io.Pipe()
	began := make(chan error)
	go func() {
		_, err := again.Append(wire.Blob{99}, "a", 1, 2, pipe)
		began <- err
	}()
	must(feed.Write(nil)) // the first request reads
	if _, err := again.Append(wire.Blob{99}, "a", 1, 2, strings.NewReader("y")); !errors.Is(err, ErrBusy) {
		t.Errorf("two requests at once: %v", err)
	}
	feed.Close()
	if err := <-began; err != nil {
		t.Errorf("the first of them: %v", err)
	}
}
