// Package blob keeps attachments: files named by the SHA-256 of their content,
// which devices send and fetch in pieces, over connections of their own.
package blob

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"yizhan/core/id"
	"yizhan/core/wire"
)

const (
	maxPartials = 16                 // uploads that one device may have begun
	keepPartial = 7 * 24 * time.Hour // an upload that is not taken up again
	partSuffix  = ".part"
)

// Errors of Append.
var (
	ErrOffset   = errors.New("the piece does not begin where the upload stands")
	ErrTooLarge = fmt.Errorf("an attachment has at most %d bytes", wire.MaxBlob)
	ErrHash     = errors.New("the content is not what its name says; send it again from the start")
	ErrBusy     = errors.New("the same upload is going on in another request")
	ErrTooMany  = fmt.Errorf("a device may have begun at most %d uploads", maxPartials)
	ErrFull     = errors.New("the disk is full")
)

// Store is a directory of attachments. It is safe for concurrent use.
type Store struct {
	dir   string
	write func(*os.File, []byte) (int, error)

	mu    sync.Mutex
	busy  map[string]bool            // partial files that somebody writes
	parts map[string]map[string]bool // partial files of each device, by its hash
}

// Open opens the directory, which is made with the first upload. Uploads that
// nobody has gone on with for a week are given up.
func Open(dir string, now time.Time) (*Store, error) {
	s := &Store{dir: dir, write: (*os.File).Write, busy: map[string]bool{}, parts: map[string]map[string]bool{}}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, partSuffix) {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if now.Sub(info.ModTime()) > keepPartial {
			return os.Remove(path)
		}
		s.begin(path)
		return nil
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("open attachments: %w", err)
	}
	return s, nil
}

// Partial reports whether a file of the directory is an upload that is not complete.
func Partial(path string) bool { return strings.HasSuffix(path, partSuffix) }

func (s *Store) path(b wire.Blob) string {
	name := b.String()
	return filepath.Join(s.dir, name[:2], name)
}

// partial is where the upload of one device stands: nobody can spoil another's.
func (s *Store) partial(b wire.Blob, d id.Device) string {
	sum := sha256.Sum256([]byte(d))
	return s.path(b) + "." + hex.EncodeToString(sum[:8]) + partSuffix
}

// owner is the part of a partial file's name that is the device's.
func owner(partial string) string {
	return filepath.Ext(strings.TrimSuffix(partial, partSuffix))
}

func (s *Store) begin(partial string) {
	of := owner(partial)
	if s.parts[of] == nil {
		s.parts[of] = map[string]bool{}
	}
	s.parts[of][partial] = true
}

// Get opens an attachment; os.ErrNotExist where it is not here, or not whole.
func (s *Store) Get(b wire.Blob) (*os.File, error) { return os.Open(s.path(b)) }

// Remove forgets an attachment, durably; one that is not here is none to forget.
func (s *Store) Remove(b wire.Blob) error {
	err := os.Remove(s.path(b))
	if err == nil {
		err = syncDirs(filepath.Dir(s.path(b)))
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove attachment: %w", err)
	}
	return nil
}

// Offset says how much of a device's upload is here.
func (s *Store) Offset(b wire.Blob, d id.Device) int64 {
	info, err := os.Stat(s.partial(b, d))
	if err != nil {
		return 0
	}
	return info.Size()
}

// Append adds what r brings to a device's upload, which must stand at offset. What
// arrives before r breaks off stays. Once total bytes are here and are what the
// name says, the attachment is durable and done; wrong bytes are thrown away.
func (s *Store) Append(b wire.Blob, d id.Device, offset, total int64, r io.Reader) (done bool, err error) {
	if total < 0 || total > wire.MaxBlob {
		return false, ErrTooLarge
	}
	path := s.partial(b, d)
	if err := s.take(path); err != nil {
		return false, err
	}
	defer s.release(path)
	switch have := s.Offset(b, d); {
	case have > total: // another length was named before
		return false, errors.Join(ErrOffset, os.Remove(path))
	case have != offset:
		return false, ErrOffset
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return false, full(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return false, full(err)
	}
	defer f.Close()
	n, err := io.Copy(writer{s, f}, io.LimitReader(r, total-offset))
	if err != nil {
		return false, full(err)
	}
	if offset+n < total {
		return false, nil
	}
	return true, s.finish(b, path, f)
}

// writer keeps io.Copy from handing the file to the network: writes are the store's.
type writer struct {
	s *Store
	f *os.File
}

func (w writer) Write(b []byte) (int, error) { return w.s.write(w.f, b) }

// Add keeps a file of the server itself, durably, and gives its name.
func (s *Store) Add(r io.Reader) (b wire.Blob, err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return b, fmt.Errorf("keep attachment: %w", full(err))
	}
	f, err := os.CreateTemp(s.dir, "new-*"+partSuffix)
	if err != nil {
		return b, fmt.Errorf("keep attachment: %w", full(err))
	}
	defer os.Remove(f.Name())
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(writer{s, f}, h), io.LimitReader(r, wire.MaxBlob+1))
	switch {
	case err != nil:
		return b, fmt.Errorf("keep attachment: %w", full(err))
	case n > wire.MaxBlob:
		return b, ErrTooLarge
	}
	b = wire.Blob(h.Sum(nil))
	if err := os.MkdirAll(filepath.Dir(s.path(b)), 0o700); err != nil {
		return b, fmt.Errorf("keep attachment: %w", full(err))
	}
	if err := s.finish(b, f.Name(), f); err != nil {
		return b, fmt.Errorf("keep attachment: %w", err)
	}
	return b, nil
}

// finish makes a whole upload visible.
func (s *Store) finish(b wire.Blob, path string, f *os.File) error {
	h := sha256.New()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if wire.Blob(h.Sum(nil)) != b {
		return errors.Join(ErrHash, os.Remove(path))
	}
	if err := f.Sync(); err != nil {
		return full(err)
	}
	if err := os.Rename(path, s.path(b)); err != nil {
		return err
	}
	return syncDirs(filepath.Dir(s.path(b)), s.dir)
}

func syncDirs(dirs ...string) error {
	for _, dir := range dirs {
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

// take reserves a partial file for one request.
func (s *Store) take(path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := s.parts[owner(path)]
	switch {
	case s.busy[path]:
		return ErrBusy
	case !mine[path] && len(mine) >= maxPartials:
		return ErrTooMany
	}
	s.busy[path] = true
	s.begin(path)
	return nil
}

func (s *Store) release(path string) {
	_, err := os.Stat(path)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, path)
	if errors.Is(err, os.ErrNotExist) {
		delete(s.parts[owner(path)], path)
	}
}

func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}
