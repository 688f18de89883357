package hub

import (
	"sync"

	"yizhan/core/local"
)

// store is the hub's own store. Whatever changes rows is done one at a time, so that
// the feed for scanners is made from rows that were there together.
type store struct {
	local.Store
	turn sync.Mutex
	feed snapshots
}

// Apply implements local.Store.
func (s *store) Apply(c local.Checkpoint) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	if err := s.Store.Apply(c); err != nil {
		return err
	}
	return s.feed.refresh(s.Store)
}

// keep writes rows of the hub's own, and removes others, in one transaction that
// survives a power cut.
func (s *store) keep(rows, gone []local.Row) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	state, err := s.State()
	if err != nil {
		return err
	}
	return s.Store.Apply(local.Checkpoint{To: state.Cursor, Rows: rows, Gone: gone})
}

func (s *store) refresh() error {
	s.turn.Lock()
	defer s.turn.Unlock()
	return s.feed.refresh(s.Store)
}
