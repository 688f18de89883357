package hub

import (
	"fmt"

	"yizhan/core/local"
	"yizhan/core/wire"
)

// tableServed holds one row: as of what this hub's scanners have their rows.
const tableServed = "served"

// served is the history that scanners are told of. It changes only between two whole
// sets of rows: the city's new epoch is theirs once this hub has all its rows.
type served struct {
	Epoch  int    `cbor:"1,keyasint,omitempty"`
	Head   uint64 `cbor:"2,keyasint,omitempty"` // that they may have been told in it
	Paused bool   `cbor:"3,keyasint,omitempty"` // they are told nothing: the rows here are of two histories
}

func (s served) row() (local.Row, error) {
	b, err := wire.EncodeRow(s)
	return local.Row{Table: tableServed, ID: tableServed, Body: b}, err
}

func readServed(s local.Store) (now served, err error) {
	r, ok, err := s.Get(tableServed, tableServed)
	if err == nil && ok {
		err = wire.DecodeRow(r.Body, &now)
	}
	if err != nil {
		return now, fmt.Errorf("read what scanners were told: %w", err)
	}
	return now, nil
}

// told is what scanners were told so far.
func (f *snapshots) told() served {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.served
	if f.now != nil {
		now.Head = max(now.Head, f.now.applied)
	}
	return now
}

// serve changes what scanners are told from the next snapshot on.
func (f *snapshots) serve(now served) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.served != now {
		f.served, f.anew = now, true
	}
}
