// Package photos keeps the pictures of stations on a device: small files named by their
// hash, which are fetched behind everything else, one after the other. It shows what it
// holds and never waits for what it does not.
package photos

import (
	"context"
	"errors"
	"image"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"yizhan/app/device/files"
	"yizhan/core/link/blob"
	"yizhan/core/local"
	"yizhan/core/photo"
	"yizhan/core/wire"
)

// Store is a folder of pictures. It is safe for concurrent use.
type Store struct {
	dir   string
	awake chan struct{} // room for one: there may be something to do

	mu     sync.Mutex // guards what follows
	wanted string     // that somebody looks for; fetched first
	told   map[int]func()
	next   int
}

// Source is where pictures come from.
type Source struct {
	files.Source
	Named func() (map[string]bool, error) // the photos of all stations that the device knows
}

// Open opens a folder, which is made with the first picture.
func Open(dir string) *Store {
	return &Store{dir: dir, awake: make(chan struct{}, 1), told: map[int]func(){}}
}

// Get gives a picture that is here, by its hash in hex. What cannot be shown is removed,
// and fetched again.
func (s *Store) Get(name string) (image.Image, bool) {
	if _, err := wire.ParseBlob(name); err != nil {
		return nil, false
	}
	body, err := os.ReadFile(s.path(name))
	if err != nil {
		return nil, false
	}
	m, err := photo.Open(body)
	if err != nil {
		_ = os.Remove(s.path(name)) // it is of no use to anybody
		return nil, false
	}
	return m, true
}

// Want has a picture fetched before all others, and now. Empty: none any more.
func (s *Store) Want(name string) {
	s.mu.Lock()
	s.wanted = name
	s.mu.Unlock()
	select {
	case s.awake <- struct{}{}:
	default:
	}
}

// Notify has fn called, on any goroutine, when a picture has come.
func (s *Store) Notify(fn func()) (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.next
	s.next++
	s.told[n] = fn
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.told, n)
	}
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }

func (s *Store) has(name string) bool {
	_, err := os.Stat(s.path(name))
	return err == nil
}

// follower is one run of Follow.
type follower struct {
	*Store
	from   Source
	known  bool                 // rows have been read that name one
	lacks  []string             // named and not here, in order of name
	failed map[string]time.Time // until when each is let alone
	until  time.Time            // until when all are
}

// Follow keeps the store at what stations are shown by, until ctx ends.
func (s *Store) Follow(ctx context.Context, from Source) {
	news := make(chan struct{}, 1)
	defer from.Notify(func() {
		select {
		case news <- struct{}{}:
		default:
		}
	})()
	again := time.NewTicker(files.Look)
	defer again.Stop()
	f := &follower{Store: s, from: from, failed: map[string]time.Time{}}
	f.read()
	for {
		f.fetchAll(ctx)
		select {
		case <-s.awake:
		case <-again.C:
			select {
			case <-news:
				f.read()
			default: // nothing has changed
			}
		case <-ctx.Done():
			return
		}
	}
}

// read learns which pictures there are, and lets go of those that show no station any more.
func (f *follower) read() {
	names, err := f.from.Named()
	if err != nil || len(names) == 0 && !f.known {
		return // rows may be on their way: what is here is not thrown away for that
	}
	f.known = true
	here, _ := os.ReadDir(f.dir) // a folder that is not there is empty
	for _, file := range here {
		if !names[file.Name()] {
			_ = os.Remove(f.path(file.Name())) // it only takes room
		}
		delete(names, file.Name())
	}
	f.lacks = slices.Sorted(maps.Keys(names))
}

// fetchAll brings what is missing, as long as that goes well.
func (f *follower) fetchAll(ctx context.Context) {
	for ctx.Err() == nil && f.from.Online() {
		name := f.pick()
		if name == "" {
			return
		}
		f.fetch(ctx, name)
	}
}

// pick chooses the next picture to be fetched; empty is none for now.
func (f *follower) pick() string {
	f.mu.Lock()
	wanted := f.wanted
	f.mu.Unlock()
	now := f.from.Now()
	if !f.from.Room(0) || now.Before(f.until) {
		return ""
	}
	due := func(name string) bool { return !now.Before(f.failed[name]) }
	if wanted != "" && due(wanted) && !f.has(wanted) {
		return wanted
	}
	if i := slices.IndexFunc(f.lacks, due); i >= 0 && !f.from.Thrifty {
		return f.lacks[i]
	}
	return ""
}

// fetch brings one picture.
func (f *follower) fetch(ctx context.Context, name string) {
	now := f.from.Now()
	f.failed[name] = now.Add(files.Later) // unless it goes well
	b, err := wire.ParseBlob(name)
	if err != nil {
		return // a newer server names it in another way
	}
	path, err := f.from.Fetch(ctx, b)
	if err == nil {
		err = f.take(path, name)
	}
	switch {
	case err == nil:
		delete(f.failed, name)
		f.lacks = slices.DeleteFunc(f.lacks, func(n string) bool { return n == name })
		f.tell()
	case errors.Is(err, blob.ErrMissing), errors.Is(err, blob.ErrDamaged), errors.Is(err, errUseless):
		_ = f.from.Forget(b) // nobody will look at it
	case errors.Is(err, local.ErrFull):
		delete(f.failed, name)
		f.until = now.Add(files.Later)
	default:
		delete(f.failed, name)
		f.until = now.Add(files.Patience)
	}
}

var errUseless = errors.New("what was fetched is no picture that can be shown")

// take puts a picture where it is shown from; only whole ones lie there.
func (s *Store) take(path, name string) error {
	body, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if photo.Check(body) != nil {
		return errUseless
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	return os.Rename(path, s.path(name))
}

func (s *Store) tell() {
	s.mu.Lock()
	told := make([]func(), 0, len(s.told))
	for _, fn := range s.told {
		told = append(told, fn)
	}
	s.mu.Unlock()
	for _, fn := range told {
		fn()
	}
}
