package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"yizhan/core/arbiter"
	"yizhan/core/mappack"
	"yizhan/core/op"
	"yizhan/core/walk"
	"yizhan/core/wire"
)

// MapPublished says which map devices carry from now on.
type MapPublished struct {
	op.Map
	New bool `json:"new"` // false: it is the one that they carry already
}

// PublishMap checks a pack byte by byte, keeps it for devices to fetch, and tells them
// of it. Where it is refused, they keep what they have; anyway takes one that is older, or of
// another area. The error is a *mappack.Refusal where the file is at fault.
func (s *Server) PublishMap(ctx context.Context, pack []byte, anyway bool) (p MapPublished, err error) {
	if len(pack) > wire.MaxBlob {
		return p, fmt.Errorf("publish map: it has %d bytes, devices fetch at most %d; import a smaller part with -bbox", len(pack), wire.MaxBlob)
	}
	if p.Map, err = s.examine(pack); err != nil {
		return p, fmt.Errorf("publish map: %w", err)
	}
	// The file is there before anybody is told of it; one that is refused after all does no harm.
	b, err := s.store.Add(bytes.NewReader(pack))
	if err != nil {
		return p, fmt.Errorf("publish map: %w", err)
	}
	p.Blob = b[:]
	entries, err := s.seq.Do(ctx, op.Op{Kind: op.PutMap, Map: &p.Map, Override: anyway})
	if err != nil {
		return p, fmt.Errorf("publish map: %w", err)
	}
	p.New = len(entries) > 0
	return p, nil
}

// examine opens a pack as a device will.
func (s *Server) examine(pack []byte) (m op.Map, err error) {
	f, err := os.CreateTemp(s.cfg.Dir, "map-*.new")
	if err != nil {
		return m, err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(pack); err != nil {
		return m, errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return m, err
	}
	p, err := mappack.Open(f.Name(), "")
	if err != nil {
		return m, err
	}
	defer p.Close()
	graph, err := p.Graph()
	if err != nil {
		return m, err
	}
	if _, err := walk.Decode(graph); err != nil {
		return m, err
	}
	return op.Map{Area: p.Area, Name: p.Name, Made: p.Made, Bytes: p.Size}, nil
}

// carried is the map that devices carry, nil before the first.
func carried(state *arbiter.State) *op.Map {
	m := state.Map()
	if m.Area == "" {
		return nil
	}
	return &m
}
