// Package maps keeps the map pack of this device: one file in a folder of its own,
// checked before it is used, and swapped whole for a newer one while the app runs. New
// ones come from the server (Follow) or from a stick (Install).
package maps

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"yizhan/core/local"
	"yizhan/core/mappack"
)

// heldName is the pack in use, in the store's folder.
const heldName = "held.map"

// Errors of Open and Install, beside *mappack.Refusal and local.ErrFull.
var (
	ErrNone  = errors.New("this device holds no map yet")
	ErrOlder = errors.New("the map is older than the one that is held")
	ErrFixed = errors.New("the map was chosen by -map and is not replaced")
)

// Held is a pack that was checked byte by byte.
type Held struct {
	mappack.About
	Hash  string // pack's seal; another Hash is another map
	Blob  string // SHA-256 of the file in hex, by which the server publishes it
	Bytes int64
}

// Store is the maps of one device. All methods may be called from any goroutine.
//
// A screen that draws the map does so:
//
//	stop := env.Maps.Notify(func() { env.Do(reload) }) // from a goroutine of the store
//	defer stop()
//	env.Maps.Want() // fetch what is published now, also on a phone
//	reload: pack, err := env.Maps.Open() // maps.ErrNone: say that there is none yet
//	        old.Close() once nothing draws from it any more; the old pack stays readable until then
//
// Status says in between what is held, and Held.Hash whether reload is needed at all.
type Store struct {
	dir    string // empty for one file that never changes
	path   string // of the pack in use
	swap   sync.Mutex
	looked map[string]seen // of sticks; only Follow looks
	awake  chan struct{}   // capacity 1: Follow has to look again

	mu     sync.Mutex // guards what follows
	status Status
	file   os.FileInfo // of the pack in use
	note   note
	wanted bool      // somebody asked for what is published
	until  time.Time // when a fetch that failed is tried again
	arrive func() int64
	ears   map[int]func()
	next   int
}

// Open opens the maps in a folder, which is made when one is installed. A pack that
// is there and cannot be used is no error: Status says so.
func Open(dir string) *Store {
	s := &Store{dir: dir, path: filepath.Join(dir, heldName), awake: make(chan struct{}, 1), ears: map[int]func(){}}
	s.note = readNote(dir)
	s.read()
	return s
}

// Fixed is a store of one file that never changes, for flag -map.
func Fixed(path string) *Store {
	s := &Store{path: path, awake: make(chan struct{}, 1), ears: map[int]func(){}}
	s.read()
	return s
}

// read looks at the file in use, byte by byte.
func (s *Store) read() {
	file, _ := os.Stat(s.path) // Look says what is wrong with it
	held, err := Look(s.path, "")
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	s.set(func(st *Status) { s.file, st.Held, st.Damaged, st.Refused = file, held, err, s.note.Refused })
}

// Look checks a pack and says what it is; a *mappack.Refusal says why it is none for
// the area, or for any if that is empty.
func Look(path, area string) (Held, error) {
	p, err := mappack.Open(path, area)
	if err != nil {
		return Held{}, err
	}
	return Held{About: p.About, Hash: p.Hash, Blob: p.Blob, Bytes: p.Size}, p.Close()
}

// Status says what is held, and how it stands with what is published.
func (s *Store) Status() Status {
	s.mu.Lock()
	st, arrived := s.status, s.arrive
	s.mu.Unlock()
	if st.Stage == Fetching && arrived != nil {
		st.Arrived = arrived()
	}
	return st
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

// set changes the status, and tells whoever wants to know.
func (s *Store) set(change func(*Status)) {
	s.mu.Lock()
	before := s.status
	change(&s.status)
	var ears []func()
	if s.status != before {
		for _, fn := range s.ears {
			ears = append(ears, fn)
		}
	}
	s.mu.Unlock()
	for _, fn := range ears {
		fn()
	}
}

// Install checks a pack, such as one on a stick, and puts a copy of it in the place of the
// held one. It has to be of the same area, and not older unless older is set; else
// what was held stays. Installing what is held changes nothing.
func (s *Store) Install(file string, older bool) (Held, error) {
	if s.dir == "" {
		return Held{}, ErrFixed
	}
	now := s.Status().Held
	new, err := Look(file, s.area())
	switch {
	case err != nil || new.Hash == now.Hash:
		return new, err
	case new.Made < now.Made && !older:
		return new, ErrOlder
	}
	copied, err := s.bring(file)
	if err != nil {
		return new, fmt.Errorf("install map: %w", err)
	}
	defer os.Remove(copied) // where it was not taken
	return new, s.take(copied, new.Area, func(n *note) { n.Stick, n.Refused = new.Hash, Refused{} })
}

// area is the one whose maps are taken; empty before the first.
func (s *Store) area() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.note.Area
}

// bring copies a file beside the held one: a stick may be pulled out at any time.
func (s *Store) bring(file string) (path string, err error) {
	from, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer from.Close()
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return "", full(err)
	}
	to, err := os.CreateTemp(s.dir, ".new-*.map")
	if err != nil {
		return "", full(err)
	}
	if _, err = io.Copy(to, from); err != nil {
		return "", errors.Join(full(err), to.Close(), os.Remove(to.Name()))
	}
	return to.Name(), to.Close()
}

func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", local.ErrFull, err)
	}
	return err
}

// take puts a pack of an area into the place of the held one, and remembers it. After a kill
// at any moment there is the old pack or the new one, whole.
func (s *Store) take(from, area string, remember func(*note)) error {
	s.swap.Lock()
	defer s.swap.Unlock()
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("install map: %w", full(err))
	}
	if err := mappack.Replace(s.path, from, area); err != nil {
		return err
	}
	err := s.remember(func(n *note) { n.Area = area; remember(n) })
	s.read()
	return err
}

// Want has what is published fetched now, also where that is left to people (Source.Thrifty)
// or where it failed a moment ago.
func (s *Store) Want() {
	s.mu.Lock()
	s.wanted, s.until = true, time.Time{}
	s.mu.Unlock()
	s.wake()
}

func (s *Store) wake() {
	select {
	case s.awake <- struct{}{}:
	default:
	}
}
