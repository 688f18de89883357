package hub

import (
	"slices"
	"sync"

	"yizhan/core/local"
	"yizhan/core/replica"
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
	if !c.Back {
		if err := s.Store.Apply(c); err != nil {
			return err
		}
		return s.feed.refresh(s.Store)
	}
	// The city goes on from a backup: scanners keep the rows that they have until those
	// of the new epoch are whole here.
	served := s.feed.told()
	served.Paused = true
	r, err := served.row()
	if err == nil {
		c.Rows = append(slices.Clone(c.Rows), r)
		err = s.Store.Apply(c)
	}
	if err != nil {
		return err
	}
	s.feed.serve(served)
	return s.feed.refresh(s.Store)
}

// resume serves scanners the rows of a new epoch, if they are whole.
func (s *store) resume() (done bool, err error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	held, err := s.Held()
	if err != nil {
		return false, err
	}
	state, err := s.State()
	if err != nil {
		return false, err
	}
	for name := range s.feed.scopes {
		if !slices.Contains(held.Scopes, name) {
			return false, nil
		}
	}
	mark, err := replica.ReadMark(s.Store)
	if err != nil {
		return false, err
	}
	served := s.feed.told()
	if served.Paused = false; served.Epoch != mark.Epoch {
		served.Epoch, served.Head = mark.Epoch, 0
	}
	r, err := served.row()
	if err == nil {
		err = s.Store.Apply(local.Checkpoint{To: state.Cursor, Rows: []local.Row{r}})
	}
	if err != nil {
		return false, err
	}
	s.feed.serve(served)
	return true, s.feed.refresh(s.Store)
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

// open takes up what scanners were told before this start.
func (s *store) open() error {
	s.turn.Lock()
	defer s.turn.Unlock()
	served, err := readServed(s.Store)
	if err != nil {
		return err
	}
	s.feed.serve(served)
	return s.feed.refresh(s.Store)
}
