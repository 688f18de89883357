// Package snapshot keeps an image of the arbiter's state in a file beside the journal,
// so that a start applies only what came after it. The journal stays the truth: an image
// is believed only by the very program that wrote it, only whole, and only where the
// journal has the batch that it was made behind, hash and all. Whatever is not so is
// replayed from the first entry, as if there were no file.
package snapshot

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/image"
	"yizhan/syncserver/journal"
)

// ErrNone means that there is no snapshot.
var ErrNone = errors.New("there is no snapshot")

// File is where the newest snapshot lies.
type File struct {
	Path string
	Zone *time.Location
}

// label says what an image is of.
type label struct {
	Program [32]byte     // SHA-256 of the program that wrote it: another one may mean something else by the same fields
	Zone    string       // days are wall-clock in it
	Head    journal.Head // of the journal, all of which the state has applied
}

// running is the program that runs, on Linux: also where an update has put another one in
// its place since.
const running = "/proc/self/exe"

// program is the hash of the program that runs, taken once.
var program = sync.OnceValues(func() (sum [32]byte, err error) {
	f, err := os.Open(running)
	if err != nil {
		var name string
		if name, err = os.Executable(); err == nil {
			f, err = os.Open(name)
		}
	}
	if err != nil {
		return sum, fmt.Errorf("find the program that runs: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return sum, fmt.Errorf("read the program that runs: %w", err)
	}
	return [32]byte(h.Sum(nil)), nil
})

// Load makes the state of the snapshot, and says behind which batch it was made. The
// error says why it is not to be believed: ErrNone, or for people.
func (f *File) Load(j journal.Journal) (*arbiter.State, journal.Head, error) {
	state, head, err := f.read(func(head journal.Head) error { return fits(j, head) })
	if err != nil {
		return nil, journal.Head{}, err
	}
	return state, head, nil
}

// Peek is Load without a look at the journal.
func (f *File) Peek() (*arbiter.State, error) {
	state, _, err := f.read(func(journal.Head) error { return nil })
	return state, err
}

func (f *File) read(fits func(journal.Head) error) (_ *arbiter.State, head journal.Head, err error) {
	file, err := os.Open(f.Path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, head, ErrNone
	}
	if err != nil {
		return nil, head, fmt.Errorf("open snapshot: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, head, fmt.Errorf("open snapshot: %w", err)
	}
	m, err := image.Open(file, info.Size())
	if err != nil {
		return nil, head, err
	}
	var l label
	if err := json.Unmarshal(m.Label, &l); err != nil {
		return nil, head, fmt.Errorf("read what the snapshot is of: %w", err)
	}
	this, err := program()
	switch {
	case err != nil:
		return nil, head, err
	case l.Program != this:
		return nil, head, fmt.Errorf("the snapshot was written by another version of this program: %w", image.ErrOther)
	case l.Zone != f.Zone.String():
		return nil, head, fmt.Errorf("the snapshot was made in zone %s, and this is %s", l.Zone, f.Zone)
	}
	if err := fits(l.Head); err != nil {
		return nil, head, err
	}
	state, err := arbiter.Load(m, f.Zone)
	if err == nil && state.Seq() != l.Head.Next-1 {
		err = fmt.Errorf("the state of the snapshot stands at entry %d instead of %d: %w", state.Seq(), l.Head.Next-1, image.ErrDamaged)
	}
	return state, l.Head, err
}

// errRead ends reading behind one batch.
var errRead = errors.New("read")

// fits says why a journal is not the one behind whose batch a snapshot was made.
func fits(j journal.Journal, of journal.Head) error {
	head, err := j.Head()
	if err != nil {
		return err
	}
	if of.Number > head.Number {
		return fmt.Errorf("the snapshot was made behind batch %d, and the journal ends with batch %d: a part of the journal is lost, or it was put back from a backup", of.Number, head.Number)
	}
	if of.Number == 0 {
		return nil
	}
	err = j.Read(of.Number, func(b journal.Batch) error {
		if journal.Behind(b) != of {
			return fmt.Errorf("batch %d of the journal is not the one that the snapshot was made behind: this is another journal", of.Number)
		}
		return errRead
	})
	if errors.Is(err, errRead) {
		return nil
	}
	return err
}

// Write writes a snapshot of the state, made by the entries up to head, beside the newest
// one, and must have the state to itself. keep makes it the newest, durably; that it may do
// later. stop is asked every few milliseconds whether to give up: image.ErrStopped.
func (f *File) Write(state *arbiter.State, head journal.Head, stop func() bool) (keep func() error, err error) {
	this, err := program()
	if err != nil {
		return nil, err
	}
	about, err := json.Marshal(label{Program: this, Zone: f.Zone.String(), Head: head})
	if err != nil {
		return nil, fmt.Errorf("write snapshot: %w", err)
	}
	partial := f.Path + ".new"
	file, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write snapshot: %w", err)
	}
	if err := state.Save(file, about, stop); err != nil {
		return nil, errors.Join(fmt.Errorf("write snapshot: %w", err), file.Close(), os.Remove(partial))
	}
	return func() error {
		err := errors.Join(file.Sync(), file.Close())
		if err == nil {
			err = os.Rename(partial, f.Path)
		}
		if err == nil {
			err = syncDir(filepath.Dir(f.Path))
		}
		if err != nil {
			return errors.Join(fmt.Errorf("keep snapshot: %w", err), os.Remove(partial))
		}
		return nil
	}, nil
}

// Forget removes the snapshot.
func (f *File) Forget() error {
	if err := os.Remove(f.Path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("forget snapshot: %w", err)
	}
	return syncDir(filepath.Dir(f.Path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
