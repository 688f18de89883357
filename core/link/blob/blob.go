// Package blob is a device's attachments: files named by the SHA-256 of their
// content, and the way to send them to the server and to fetch them from it, piece
// by piece, over connections of their own and only while no op waits.
package blob

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"yizhan/core/fault"
	"yizhan/core/local"
	"yizhan/core/wire"
)

const partSuffix = ".part"

// tries is how often a file that turns out to be wrong is fetched in one Get.
const tries = 3

// pieceTime is how long one request may take with its answer, at 2 KB/s a whole piece: one
// that stalls would keep the only connection from every other attachment.
const pieceTime = 2 * time.Minute

// Errors of Get and Put, beside *fault.Error (Unauthenticated, RevokedDevice,
// TooLarge, StorageFull of the server) and local.ErrFull.
var (
	ErrMissing  = errors.New("the attachment is not there")
	ErrDamaged  = errors.New("the attachment arrives damaged again and again")
	ErrUnderWay = errors.New("the attachment is being fetched already")
)

// Config is what a client is made of. All but HTTP and Idle are required.
type Config struct {
	Dir  string // of the attachments on this device
	URL  string // of the server, as the link has it: ws://host:port/v1/sync or wss://…
	Sign func(method, path, ranged string) (authorization string, err error)
	HTTP *http.Client                    // nil: one of its own
	Idle func(ctx context.Context) error // waits until no op waits; nil: nothing ever waits
	// Quiet gives a context that ends as soon as an op waits: a piece that is being
	// fetched then breaks off, and goes on where it stood. nil: nothing ever waits.
	Quiet func(ctx context.Context) (context.Context, context.CancelFunc)
}

// Client has no state but its files: what broke off is taken up by the next call,
// also of the next process. Its methods are safe for concurrent use.
type Client struct {
	cfg      Config
	base     string
	write    func(*os.File, []byte) (int, error)
	limit    func(context.Context) (context.Context, context.CancelFunc) // of one request: pieceTime
	fetching sync.Map                                                    // of wire.Blob: two calls would write into one file
}

// New makes a client; the directory is made when it is needed.
func New(cfg Config) (*Client, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("open attachments: %w", err)
	}
	u.Scheme = strings.Replace(u.Scheme, "ws", "http", 1)
	u.Path, u.RawQuery = "", ""
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{}
	}
	if cfg.Idle == nil {
		cfg.Idle = func(ctx context.Context) error { return ctx.Err() }
	}
	if cfg.Quiet == nil {
		cfg.Quiet = context.WithCancel
	}
	limit := func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, pieceTime)
	}
	return &Client{cfg: cfg, base: u.String(), write: (*os.File).Write, limit: limit}, nil
}

// Path is where an attachment lies once it is whole.
func (c *Client) Path(b wire.Blob) string {
	name := b.String()
	return filepath.Join(c.cfg.Dir, name[:2], name)
}

// Has reports whether an attachment is here, whole.
func (c *Client) Has(b wire.Blob) bool {
	_, err := os.Stat(c.Path(b))
	return err == nil
}

// Add keeps what r brings, durably, and gives its name.
func (c *Client) Add(r io.Reader) (b wire.Blob, err error) {
	if err := os.MkdirAll(c.cfg.Dir, 0o700); err != nil {
		return b, fmt.Errorf("keep attachment: %w", full(err))
	}
	f, err := os.CreateTemp(c.cfg.Dir, "new-*"+partSuffix)
	if err != nil {
		return b, fmt.Errorf("keep attachment: %w", full(err))
	}
	defer os.Remove(f.Name())
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(writer{c, f}, h), io.LimitReader(r, wire.MaxBlob+1))
	switch {
	case err != nil:
		return b, fmt.Errorf("keep attachment: %w", full(err))
	case n > wire.MaxBlob:
		return b, fmt.Errorf("keep attachment: %w", fault.Errorf(fault.TooLarge, "over %d bytes", wire.MaxBlob))
	}
	b = wire.Blob(h.Sum(nil))
	if err := c.keep(f, b); err != nil {
		return b, fmt.Errorf("keep attachment %s: %w", b, err)
	}
	return b, nil
}

// keep makes a whole file durable under its name.
func (c *Client) keep(f *os.File, b wire.Blob) error {
	to := c.Path(b)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return full(err)
	}
	if err := f.Sync(); err != nil {
		return full(err)
	}
	if err := os.Rename(f.Name(), to); err != nil {
		return err
	}
	for _, dir := range []string{filepath.Dir(to), c.cfg.Dir} {
		d, err := os.Open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return err
		}
	}
	return nil
}

// Arrived is how many bytes of an attachment that is being fetched are here.
func (c *Client) Arrived(b wire.Blob) int64 {
	info, err := os.Stat(c.Path(b) + partSuffix)
	if err != nil {
		return 0
	}
	return info.Size()
}

// Remove forgets one attachment on this device.
func (c *Client) Remove(b wire.Blob) error {
	for _, path := range []string{c.Path(b), c.Path(b) + partSuffix} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove attachment: %w", err)
		}
	}
	return nil
}

type writer struct {
	c *Client
	f *os.File
}

func (w writer) Write(b []byte) (int, error) { return w.c.write(w.f, b) }

func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", local.ErrFull, err)
	}
	return err
}

// ask sends one signed request.
func (c *Client) ask(ctx context.Context, method string, b wire.Blob, header, ranged string, body io.Reader, size int64) (*http.Response, error) {
	path := wire.BlobPath + b.String()
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	authorization, err := c.cfg.Sign(method, path, ranged)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", authorization)
	if header != "" {
		r.Header.Set(header, ranged)
	}
	r.ContentLength = size
	return c.cfg.HTTP.Do(r)
}

// refused gives the error of an answer that brings nothing.
func refused(r *http.Response) error {
	detail, _ := io.ReadAll(io.LimitReader(r.Body, 256)) // for the log; the status says it
	kind := fault.Internal
	switch r.StatusCode {
	case http.StatusNotFound:
		return ErrMissing
	case http.StatusUnauthorized:
		kind = fault.Unauthenticated
	case http.StatusForbidden:
		kind = fault.RevokedDevice
	case http.StatusRequestEntityTooLarge:
		kind = fault.TooLarge
	case http.StatusInsufficientStorage:
		kind = fault.StorageFull
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		kind = fault.Busy
	}
	return fault.Errorf(kind, "%s: %s", r.Status, strings.TrimSpace(string(detail)))
}
