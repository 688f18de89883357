package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/local"
	"yizhan/core/wire"
)

// client talks to a server that is the test.
func client(t *testing.T, answer http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	c, err := New(Config{Dir: filepath.Join(t.TempDir(), "attachments"), URL: strings.Replace(s.URL, "http", "ws", 1) + "/v1/sync",
		Sign: func(method, path, ranged string) (string, error) { return "Yizhan " + method, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func serve(content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}

func TestFullDiskOfTheDevice(t *testing.T) {
	want := bytes.Repeat([]byte("attachment "), 60_000)
	b := wire.Blob(sha256.Sum256(want))
	c := client(t, serve(want))
	room := 300_000
	c.write = func(f *os.File, p []byte) (int, error) {
		if len(p) > room {
			return 0, syscall.ENOSPC
		}
		room -= len(p)
		return f.Write(p)
	}
	if _, err := c.Get(context.Background(), b); !errors.Is(err, local.ErrFull) || c.Has(b) {
		t.Fatalf("fetched onto a full disk: %v", err)
	}
	info, err := os.Stat(c.Path(b) + partSuffix)
	if err != nil || info.Size() == 0 {
		t.Fatalf("what there was room for is gone: %v", err)
	}
	room = len(want) - int(info.Size()) // for the rest and no more
	path, err := c.Get(context.Background(), b)
	if got, readErr := os.ReadFile(path); err != nil || readErr != nil || !bytes.Equal(got, want) {
		t.Errorf("with room: %d bytes, %v", len(got), errors.Join(err, readErr))
	}
	room = 0
	if _, err := c.Add(strings.NewReader("more")); !errors.Is(err, local.ErrFull) {
		t.Errorf("kept on a full disk: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(c.cfg.Dir, "new-*")); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestServerThatSendsSomethingElse(t *testing.T) {
	asked := 0
	c := client(t, func(w http.ResponseWriter, r *http.Request) { asked++; serve([]byte("wrong"))(w, r) })
	b := wire.Blob(sha256.Sum256([]byte("right")))
	if _, err := c.Get(context.Background(), b); !errors.Is(err, ErrDamaged) || c.Has(b) || asked != tries {
		t.Errorf("%v after %d requests", err, asked)
	}
	for name, answer := range map[string]http.HandlerFunc{
		"another place": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Range", "bytes 5-9/10")
			w.WriteHeader(http.StatusPartialContent)
			io.WriteString(w, "01234")
		},
		"no place": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusPartialContent) },
		"too large": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Range", "bytes 0-4/99999999999")
			w.WriteHeader(http.StatusPartialContent)
			io.WriteString(w, "01234")
		},
		"nothing": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Range", "bytes 0-4/5")
			w.WriteHeader(http.StatusPartialContent)
		},
		"an error": func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusInternalServerError) },
	} {
		if _, err := client(t, answer).Get(context.Background(), b); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestStatusesThatRefuse(t *testing.T) {
	for status, kind := range map[int]fault.Kind{401: fault.Unauthenticated, 403: fault.RevokedDevice, 413: fault.TooLarge, 503: fault.Busy, 429: fault.Busy, 507: fault.StorageFull, 500: fault.Internal} {
		c := client(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				http.NotFound(w, r)
				return
			}
			http.Error(w, "because", status)
		})
		b, err := c.Add(strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		var f *fault.Error
		if err := c.Put(context.Background(), b); !errors.As(err, &f) || f.Kind != kind || !strings.Contains(f.Detail, "because") {
			t.Errorf("%d: %v, want %v", status, err, kind)
		}
	}
	// A server that never agrees with itself is given up.
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			http.NotFound(w, r)
			return
		}
		w.WriteHeader(http.StatusConflict)
	})
	b, _ := c.Add(strings.NewReader("x"))
	if err := c.Put(context.Background(), b); !errors.Is(err, ErrDamaged) {
		t.Errorf("conflict without end: %v", err)
	}
	// So is one that takes a piece, and stands where it stood.
	c = client(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(wire.BlobOffset, "1")
		if r.Method == http.MethodHead {
			http.NotFound(w, r)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})
	b, _ = c.Add(strings.NewReader("xyz"))
	if err := c.Put(context.Background(), b); err == nil || errors.Is(err, ErrDamaged) {
		t.Errorf("a piece without end: %v", err)
	}
	if err := c.Put(context.Background(), wire.Blob{1}); !errors.Is(err, ErrMissing) {
		t.Errorf("put of nothing: %v", err)
	}
}

func TestTooLargeToKeep(t *testing.T) {
	c := client(t, nil)
	var f *fault.Error
	if _, err := c.Add(io.LimitReader(zeros{}, wire.MaxBlob+1)); !errors.As(err, &f) || f.Kind != fault.TooLarge {
		t.Errorf("kept too much: %v", err)
	}
	if b, err := c.Add(io.LimitReader(zeros{}, wire.MaxBlob)); err != nil || !c.Has(b) {
		t.Errorf("the largest: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// While something waits no request goes out.
func TestWaitsWhileBusy(t *testing.T) {
	asked := make(chan struct{}, 10)
	want := []byte("content")
	c := client(t, func(w http.ResponseWriter, r *http.Request) { asked <- struct{}{}; serve(want)(w, r) })
	free := make(chan struct{})
	c.cfg.Idle = func(ctx context.Context) error {
		select {
		case <-free:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { _, err := c.Get(ctx, wire.Blob(sha256.Sum256(want))); ended <- err }()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) || len(asked) != 0 {
		t.Errorf("%v, and %d requests", err, len(asked))
	}
	close(free)
	if _, err := c.Get(context.Background(), wire.Blob(sha256.Sum256(want))); err != nil || len(asked) != 1 {
		t.Errorf("%v, and %d requests", err, len(asked))
	}
}

// An op that comes in the middle of a piece goes first: the piece breaks off, nothing
// is asked while the op waits, and then only what is missing.
func TestOpBreaksAPieceOff(t *testing.T) {
	want := bytes.Repeat([]byte("attachment "), 30_000)
	b := wire.Blob(sha256.Sum256(want))
	var ranges []string
	half, answered := make(chan struct{}), make(chan struct{})
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		if len(ranges) > 1 {
			serve(want)(w, r)
			return
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", wire.BlobPiece-1, len(want)))
		w.WriteHeader(http.StatusPartialContent)
		w.Write(want[:100_000])
		w.(http.Flusher).Flush()
		close(half)
		<-r.Context().Done()
	})
	c.cfg.Quiet = func(ctx context.Context) (context.Context, context.CancelFunc) {
		quiet, cancel := context.WithCancel(ctx)
		go func() {
			<-half
			for c.Arrived(b) < 100_000 && quiet.Err() == nil {
				runtime.Gosched()
			}
			cancel()
		}()
		return quiet, cancel
	}
	waited := 0
	c.cfg.Idle = func(ctx context.Context) error {
		if waited++; waited == 2 {
			c.cfg.Quiet = context.WithCancel
			close(answered)
		}
		return ctx.Err()
	}
	path, err := c.Get(context.Background(), b)
	if got, readErr := os.ReadFile(path); err != nil || readErr != nil || !bytes.Equal(got, want) {
		t.Fatalf("%d bytes, %v", len(got), errors.Join(err, readErr))
	}
	<-answered
	if len(ranges) < 2 || ranges[1] != fmt.Sprintf("bytes=100000-%d", 100_000+wire.BlobPiece-1) {
		t.Errorf("asked for %q", ranges)
	}
}

// TestStalledAnswerIsGivenUp: the server goes silent in the middle of a piece and keeps the
// connection. Get ends, what has arrived stays, and the next Get goes on there.
func TestStalledAnswerIsGivenUp(t *testing.T) {
	want := bytes.Repeat([]byte("attachment "), 30_000)
	b := wire.Blob(sha256.Sum256(want))
	var ranges []string
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		if len(ranges) > 1 {
			serve(want)(w, r)
			return
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", wire.BlobPiece-1, len(want)))
		w.WriteHeader(http.StatusPartialContent)
		w.Write(want[:100_000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	var over context.CancelFunc
	c.limit = func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, over = context.WithCancel(ctx)
		return ctx, over
	}
	c.write = func(f *os.File, p []byte) (int, error) {
		n, err := f.Write(p)
		if c.Arrived(b) == 100_000 {
			over() // as if the time were
		}
		return n, err
	}
	if _, err := c.Get(t.Context(), b); !errors.Is(err, context.Canceled) || c.Arrived(b) != 100_000 {
		t.Fatalf("%d bytes arrived, %v", c.Arrived(b), err)
	}
	path, err := c.Get(t.Context(), b)
	if got, readErr := os.ReadFile(path); err != nil || readErr != nil || !bytes.Equal(got, want) {
		t.Fatalf("%d bytes, %v", len(got), errors.Join(err, readErr))
	}
	if ranges[1] != fmt.Sprintf("bytes=100000-%d", 100_000+wire.BlobPiece-1) {
		t.Errorf("asked for %q", ranges)
	}
}

// TestServerThatDoesNotAnswerIsGivenUp: neither the question where an upload stands nor a piece waits for ever.
func TestServerThatDoesNotAnswerIsGivenUp(t *testing.T) {
	for _, method := range []string{http.MethodHead, http.MethodPut, http.MethodGet} {
		silent := make(chan struct{})
		c := client(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != method {
				http.NotFound(w, r)
				return
			}
			io.Copy(io.Discard, r.Body)
			close(silent)
			<-r.Context().Done()
		})
		ctx, end := c.limit(t.Context())
		if at, ok := ctx.Deadline(); !ok || time.Until(at) > pieceTime {
			t.Errorf("a request may take until %v", at)
		}
		end()
		c.limit = func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, over := context.WithCancel(ctx)
			go func() {
				select {
				case <-silent:
					over() // as if the time were
				case <-ctx.Done():
				}
			}()
			return ctx, over
		}
		b, err := c.Add(strings.NewReader("xyz"))
		if err != nil {
			t.Fatal(err)
		}
		if method == http.MethodGet {
			_, err = c.Get(t.Context(), wire.Blob{1})
		} else {
			err = c.Put(t.Context(), b)
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", method, err)
		}
	}
}

// TestOneCallFetches: a second call for the same attachment would write into the file of the first.
func TestOneCallFetches(t *testing.T) {
	content := bytes.Repeat([]byte("ab"), 5000)
	b := wire.Blob(sha256.Sum256(content))
	var c *Client
	c = client(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := c.Get(context.Background(), b); !errors.Is(err, ErrUnderWay) {
			t.Errorf("a second call: %v", err)
		}
		serve(content)(w, r)
	})
	for range 2 {
		path, err := c.Get(context.Background(), b)
		if got, _ := os.ReadFile(path); err != nil || !bytes.Equal(got, content) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
}
