// Package maps keeps the map pack of this device: one file in a folder of its own,
// checked before it is used, and swapped whole for a newer one while the app runs.
package maps

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"yizhan/core/mappack"
)

// heldName is the pack in use, in the store's folder.
const heldName = "held.map"

// ErrNone says that this device holds no map yet.
var ErrNone = errors.New("this device holds no map yet")

// Held is the pack that is in use.
type Held struct {
	mappack.About
	Hash  string // pack's seal; another Hash is another map
	Bytes int64
}

// Store is the maps of one device. All methods may be called from any goroutine.
//
// A screen that draws the map does so:
//
//	stop := env.Maps.Notify(func() { env.Do(reload) }) // from a goroutine of the store
//	defer stop()
//	reload: pack, err := env.Maps.Open() // maps.ErrNone: say that there is none yet
//	        old.Close() once nothing draws from it any more; the old pack stays readable until then
//
// Status says in between what is held, and Held.Hash whether reload is needed at all.
type Store struct {
	path string // of the pack in use

	mu     sync.Mutex
	held   Held // Hash is empty where there is none
	damage error
	ears   map[int]func()
	next   int
}

// Status is how the device stands with its map.
type Status struct {
	Held    Held  // Hash is empty where there is none
	Damaged error // why the file that is there cannot be used
}

// Open opens the maps in a folder, which is made when one is installed. A pack that
// is there and cannot be used is no error: Status says so.
func Open(dir string) *Store { return at(filepath.Join(dir, heldName)) }

// Fixed is a store of one file that never changes, for flag -map.
func Fixed(path string) *Store { return at(path) }

func at(path string) *Store {
	s := &Store{path: path, ears: map[int]func(){}}
	s.read()
	return s
}

// read looks at the file in use, byte by byte.
func (s *Store) read() {
	held, err := look(s.path, "")
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held, s.damage = held, err
}

// look checks a pack, and says what it is.
func look(path, area string) (Held, error) {
	p, err := mappack.Open(path, area)
	if err != nil {
		return Held{}, err
	}
	return Held{About: p.About, Hash: p.Hash, Bytes: p.Size}, p.Close()
}

// Status says what is held.
func (s *Store) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Status{Held: s.held, Damaged: s.damage}
}

// Open opens the pack in use; the caller closes it. What was opened stays readable
// when a newer one takes its place. ErrNone where there is no pack.
func (s *Store) Open() (*mappack.Pack, error) {
	p, err := mappack.Open(s.path, "")
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", ErrNone, err)
	}
	return p, err
}

// Notify calls fn, on no particular goroutine, after each change of Status, until stop.
func (s *Store) Notify(fn func()) (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	n := s.next
	s.ears[n] = fn
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.ears, n)
	}
}

func (s *Store) tell() {
	s.mu.Lock()
	var ears []func()
	for _, fn := range s.ears {
		ears = append(ears, fn)
	}
	s.mu.Unlock()
	for _, fn := range ears {
		fn()
	}
}

// Install checks a pack of the held one's area and puts it in its place at once; the
// file at from moves. A *mappack.Refusal says why it was not taken, and what was held stays.
func (s *Store) Install(from string) error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return fmt.Errorf("install map: %w", err)
	}
	if err := mappack.Replace(s.path, from, s.Status().Held.Area); err != nil {
		return err
	}
	s.read()
	s.tell()
	return nil
}
