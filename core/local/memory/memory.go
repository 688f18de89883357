// Package memory keeps a device store in memory, for tests and simulations.
package memory

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"

	"yizhan/core/local"
)

// Store is a device store that lives as long as its process. The zero value is
// not usable; call New.
type Store struct {
	mu     sync.RWMutex
	closed bool
	held   *content
}

type content struct {
	meta   map[string][]byte
	state  local.State
	acked  uint64
	queue  []local.Queued
	kept   []local.Queued // left the outbox, oldest first
	rows   tables
	held   map[string]bool
	staged map[string]*staging // by scope
}

var _ local.Store = (*Store)(nil)

var errClosed = errors.New("device store is closed")

// New makes an empty store.
func New() *Store {
	return &Store{held: empty()}
}

func empty() *content {
	return &content{meta: map[string][]byte{}, rows: tables{}, held: map[string]bool{}, staged: map[string]*staging{}}
}

// Reopen gives a store with what a closed one holds, as a restart of the device does.
func (s *Store) Reopen() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return &Store{held: s.held}
}

// Close implements local.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// Meta implements local.Store.
func (s *Store) Meta(key string) ([]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, errClosed
	}
	return bytes.Clone(s.held.meta[key]), nil
}

// SetMeta implements local.Store.
func (s *Store) SetMeta(values map[string][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	for key, value := range values {
		if value == nil {
			delete(s.held.meta, key)
		} else {
			s.held.meta[key] = bytes.Clone(value)
		}
	}
	return nil
}

// Append implements local.Store.
func (s *Store) Append(q local.Queued, rows ...local.Row) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if q.Seq != s.held.state.Last+1 {
		return fmt.Errorf("append op %d: %w", q.Seq, local.ErrOrder)
	}
	if err := check(rows); err != nil {
		return fmt.Errorf("append op %d: %w", q.Seq, err)
	}
	s.held.state.Last, s.held.state.Hash = q.Seq, q.Hash
	s.held.queue = append(s.held.queue, copyQueued(q))
	s.held.rows.put(rows)
	return nil
}

// Answer implements local.Store.
func (s *Store) Answer(results map[uint64][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	for _, ops := range [][]local.Queued{s.held.queue, s.held.kept} {
		for i, q := range ops {
			if result, ok := results[q.Seq]; ok {
				ops[i].Result = append([]byte{}, result...)
			}
		}
	}
	s.held.settle()
	return nil
}

// Apply implements local.Store.
func (s *Store) Apply(c local.Checkpoint) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.held
	if s.closed {
		return errClosed
	}
	if !c.Reset && !c.Back {
		if c.To < h.state.Cursor {
			return fmt.Errorf("apply checkpoint %d: %w: device stands at %d", c.To, local.ErrStale, h.state.Cursor)
		}
		c.Acked = max(c.Acked, h.acked)
	}
	if err := check(c.Rows); err != nil {
		return fmt.Errorf("apply checkpoint %d: %w", c.To, err)
	}
	h.apply(c)
	h.state.Cursor, h.acked = c.To, c.Acked
	h.settle()
	return nil
}

// State implements local.Store.
func (s *Store) State() (local.State, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return local.State{}, errClosed
	}
	return s.held.state, nil
}

// Queue implements local.Store.
func (s *Store) Queue() ([]local.Queued, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, errClosed
	}
	var all []local.Queued
	for _, q := range s.held.queue {
		all = append(all, copyQueued(q))
	}
	return all, nil
}

// First implements local.Store.
func (s *Store) First() (uint64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch {
	case s.closed:
		return 0, errClosed
	case len(s.held.queue) > 0:
		return s.held.queue[0].Seq, nil
	}
	return s.held.state.Last + 1, nil
}

// Get implements local.Store.
func (s *Store) Get(table, id string) (local.Row, bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return local.Row{}, false, errClosed
	}
	r, ok := newest(s.held.rows[table][id])
	r.Body = bytes.Clone(r.Body)
	return r, ok, nil
}

// Rows implements local.Store.
func (s *Store) Rows(table string) ([]local.Row, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, errClosed
	}
	var all []local.Row
	for _, versions := range s.held.rows[table] {
		r, _ := newest(versions)
		r.Body = bytes.Clone(r.Body)
		all = append(all, r)
	}
	slices.SortFunc(all, byID)
	return all, nil
}

// Wipe implements local.Store.
func (s *Store) Wipe(keep map[string][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	*s.held = *empty()
	for key, value := range keep {
		s.held.meta[key] = bytes.Clone(value)
	}
	return nil
}

// settle keeps the ops whose effect the rows show apart from the outbox.
func (h *content) settle() {
	before := len(h.kept)
	h.queue = slices.DeleteFunc(h.queue, func(q local.Queued) bool {
		over := q.Result != nil && q.Seq <= h.acked
		if over {
			h.kept = append(h.kept, q)
		}
		return over
	})
	if len(h.kept) == before {
		return
	}
	slices.SortFunc(h.kept, bySeq) // an op may be answered later than the one behind it
	for len(h.kept) > 0 && h.kept[0].Seq+local.KeptOps <= h.state.Last {
		h.kept = h.kept[1:]
	}
}

func bySeq(a, b local.Queued) int { return cmp.Compare(a.Seq, b.Seq) }

// Kept implements local.Store.
func (s *Store) Kept(from uint64, n int) ([]local.Queued, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, errClosed
	}
	var all []local.Queued
	for _, q := range slices.Concat(s.held.kept, s.held.queue) {
		if q.Seq >= from && q.Result != nil {
			all = append(all, copyQueued(q))
		}
	}
	slices.SortFunc(all, bySeq)
	return all[:min(n, len(all))], nil
}
