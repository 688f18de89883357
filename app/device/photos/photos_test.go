package photos

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"yizhan/app/device/files"
	"yizhan/core/link/blob"
	"yizhan/core/local"
	"yizhan/core/wire"
)

// server is what a store follows.
type server struct {
	t     *testing.T
	dir   string // where what was fetched lies
	files map[string][]byte
	named map[string]bool
	err   error    // of the next fetches
	asked []string // what was fetched or tried
	free  int64
	off   bool
	now   time.Time
}

func newServer(t *testing.T) *server {
	return &server{t: t, dir: t.TempDir(), files: map[string][]byte{}, named: map[string]bool{}, free: 1 << 40, now: time.UnixMilli(1790000000000)}
}

// adds names a picture of so many points.
func (v *server) adds(side int) string {
	v.t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, image.NewGray(image.Rect(0, 0, side, side)), nil); err != nil {
		v.t.Fatal(err)
	}
	return v.holds(out.Bytes())
}

func (v *server) holds(body []byte) string {
	sum := sha256.Sum256(body)
	name := hex.EncodeToString(sum[:])
	v.files[name], v.named[name] = body, true
	return name
}

func (v *server) source() Source {
	path := func(b wire.Blob) string { return filepath.Join(v.dir, b.String()) }
	return Source{
		Named: func() (map[string]bool, error) {
			all := map[string]bool{}
			for name := range v.named {
				all[name] = true
			}
			return all, nil
		},
		Source: files.Source{
			Fetch: func(_ context.Context, b wire.Blob) (string, error) {
				v.asked = append(v.asked, b.String())
				if v.err != nil {
					return "", v.err
				}
				body, ok := v.files[b.String()]
				if !ok {
					return "", fmt.Errorf("fetch: %w", blob.ErrMissing)
				}
				return path(b), os.WriteFile(path(b), body, 0o600)
			},
			Forget: func(b wire.Blob) error { return os.RemoveAll(path(b)) },
			Online: func() bool { return !v.off }, Free: func() int64 { return v.free },
			Notify: func(func()) func() { return func() {} }, Now: func() time.Time { return v.now },
		},
	}
}

// run is one turn of Follow after news.
func run(s *Store, v *server, f *follower) *follower {
	if f == nil {
		f = &follower{Store: s, from: v.source(), failed: map[string]time.Time{}}
	}
	v.asked = nil
	f.read()
	f.fetchAll(context.Background())
	return f
}

func (v *server) want(s *Store, what string, asked int, held ...string) {
	v.t.Helper()
	var is []string
	files, _ := os.ReadDir(s.dir)
	for _, f := range files {
		is = append(is, f.Name())
	}
	slices.Sort(held)
	if len(v.asked) != asked || !slices.Equal(is, held) {
		v.t.Errorf("%s: asked %d times, holds %d; want %d and %d", what, len(v.asked), len(is), asked, len(held))
	}
}

func TestFollow(t *testing.T) {
	v, s := newServer(t), Open(filepath.Join(t.TempDir(), "photos"))
	told := 0
	stop := s.Notify(func() { told++ })
	f := run(s, v, nil)
	v.want(s, "no station has one", 0)
	a, b := v.adds(200), v.adds(201)
	v.off = true
	run(s, v, f)
	v.want(s, "no network", 0)
	v.off, v.free = false, files.Spare-1
	run(s, v, f)
	v.want(s, "no room", 0)
	v.free, v.err = 1<<40, os.ErrDeadlineExceeded
	run(s, v, f)
	v.want(s, "the network breaks", 1)
	v.err = nil
	run(s, v, f)
	v.want(s, "not again at once", 0)
	v.now = v.now.Add(files.Patience)
	s.Want(b)
	run(s, v, f)
	v.want(s, "both", 2, a, b)
	if v.asked[0] != b || told != 2 {
		t.Errorf("what is looked for came second, or nobody was told: %d", told)
	}
	if m, ok := s.Get(a); !ok || m.Bounds().Dx() != 200 {
		t.Errorf("the picture is %v, %v", m, ok)
	}
	run(s, v, f)
	v.want(s, "all is here", 0, a, b)

	delete(v.named, a)
	c := v.adds(202)
	run(s, v, f)
	v.want(s, "one replaced by another", 1, b, c)
	lost := v.adds(203)
	delete(v.files, lost)
	large, no := v.adds(641), v.holds([]byte("no picture"))
	run(s, v, f)
	v.want(s, "what cannot be had or shown", 3, b, c)
	run(s, v, f)
	v.want(s, "is let alone", 0, b, c)
	if left, _ := os.ReadDir(v.dir); len(left) != 0 {
		t.Errorf("%d fetched files are left", len(left))
	}
	v.now = v.now.Add(files.Later)
	delete(v.named, large)
	delete(v.named, no)
	v.files[lost] = v.files[c]
	stop()
	run(s, v, f)
	v.want(s, "until later", 1, b, c, lost)
	if told != 3 {
		t.Errorf("told %d times", told)
	}
	clear(v.named)
	s.Want("") // the page that showed one is closed
	run(s, v, f)
	v.want(s, "all are taken away", 0)
}

// A start before the first rows throws nothing away; a full disk waits.
func TestStart(t *testing.T) {
	v, dir := newServer(t), filepath.Join(t.TempDir(), "photos")
	a := v.adds(200)
	run(Open(dir), v, nil)
	delete(v.named, a)
	s := Open(dir)
	f := run(s, v, nil)
	v.want(s, "rows are on their way", 0, a)
	v.named[a] = true
	b := v.adds(201)
	v.err = fmt.Errorf("write: %w", local.ErrFull)
	run(s, v, f)
	v.want(s, "the disk is full", 1, a)
	v.now, v.err = v.now.Add(files.Patience), nil
	run(s, v, f)
	v.want(s, "is full still", 0, a)
	v.now = v.now.Add(files.Later)
	run(s, v, f)
	v.want(s, "has room", 1, a, b)

	// What was spoilt on the disk is not shown, and fetched again.
	if err := os.WriteFile(s.path(a), []byte("rotten"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Get(a); ok {
		t.Error("a rotten file was shown")
	}
	run(s, v, f)
	v.want(s, "rotten", 1, a, b)
	for _, name := range []string{"", "..", "../photos.go", "ABC"} {
		if _, ok := s.Get(name); ok {
			t.Errorf("%q was read", name)
		}
	}
}

// A member's phone fetches what somebody looks at, and nothing else.
func TestThrifty(t *testing.T) {
	v, s := newServer(t), Open(filepath.Join(t.TempDir(), "photos"))
	a, b := v.adds(200), v.adds(201)
	f := &follower{Store: s, from: v.source(), failed: map[string]time.Time{}}
	f.from.Thrifty = true
	run(s, v, f)
	v.want(s, "nobody looks", 0)
	s.Want(b)
	run(s, v, f)
	v.want(s, "somebody looks", 1, b)
	s.Want("")
	run(s, v, f)
	v.want(s, "nobody looks any more", 0, b)
	s.Want(a)
	run(s, v, f)
	v.want(s, "at another", 1, a, b)
}

// Follow itself: woken by somebody who looks, ended by the context.
func TestFollowIsWoken(t *testing.T) {
	v, s := newServer(t), Open(filepath.Join(t.TempDir(), "photos"))
	a := v.adds(200)
	from := v.source()
	from.Thrifty = true
	ctx, cancel := context.WithCancel(context.Background())
	came, ended := make(chan struct{}), make(chan struct{})
	defer s.Notify(func() { close(came) })()
	go func() { s.Follow(ctx, from); close(ended) }()
	s.Want(a)
	<-came
	cancel()
	<-ended
	if _, ok := s.Get(a); !ok || !errors.Is(ctx.Err(), context.Canceled) {
		t.Error("it has not come")
	}
}
