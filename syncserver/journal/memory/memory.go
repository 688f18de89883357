// Package memory keeps a journal in memory, for tests and for rehearsals.
package memory

import (
	"bytes"
	"fmt"
	"sync"

	"yizhan/syncserver/journal"
)

// Store is what would be a file: handles that are opened on it share it. The
// zero value is an empty journal.
type Store struct {
	// Before and After, where set, are asked around each write and make Append fail
	// with their error: failed and not done, or failed but done. Set them before
	// the first Append.
	Before, After func(journal.Batch) error

	mu      sync.Mutex // guards batches
	batches []journal.Batch
}

// Open makes a handle. Several may be open: the slower writer is fenced.
func (s *Store) Open() journal.Journal { return &handle{store: s} }

type handle struct {
	store  *Store
	mu     sync.Mutex // guards closed
	closed bool
}

func (s *Store) head() journal.Head {
	if len(s.batches) == 0 {
		return journal.Empty
	}
	return journal.Behind(s.batches[len(s.batches)-1])
}

func (h *handle) Append(after uint64, b journal.Batch) error {
	if err := h.open(); err != nil {
		return err
	}
	s := h.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.head().Accept(after, b); err != nil {
		return err
	}
	if s.Before != nil {
		if err := s.Before(b); err != nil {
			return fmt.Errorf("append batch %d: %w", b.Number, err)
		}
	}
	b.Body = bytes.Clone(b.Body)
	s.batches = append(s.batches, b)
	if s.After != nil {
		if err := s.After(b); err != nil {
			return fmt.Errorf("append batch %d: %w", b.Number, err)
		}
	}
	return nil
}

func (h *handle) Read(from uint64, fn func(journal.Batch) error) error {
	if err := h.open(); err != nil {
		return err
	}
	h.store.mu.Lock()
	batches := h.store.batches
	h.store.mu.Unlock()
	for n := max(from, 1); n <= uint64(len(batches)); n++ {
		b := batches[n-1]
		b.Body = bytes.Clone(b.Body)
		if err := fn(b); err != nil {
			return err
		}
	}
	return nil
}

func (h *handle) Head() (journal.Head, error) {
	if err := h.open(); err != nil {
		return journal.Head{}, err
	}
	h.store.mu.Lock()
	defer h.store.mu.Unlock()
	return h.store.head(), nil
}

func (h *handle) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	return nil
}

func (h *handle) open() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return journal.ErrClosed
	}
	return nil
}
