package stream

import (
	"fmt"
	"slices"

	"yizhan/core/scope"
	"yizhan/core/wire"
)

// plain fills a chunk for a device that names no scopes: all chunks of a
// checkpoint say the same From, To and Acked, and it holds everything or nothing.
func (s *Stream) plain(v View, p *plan) (err error) {
	if s.pin != 0 {
		p.chunk.To = s.pin
	}
	if p.chunk.Acked, err = v.Acked(s.cfg.Device, s.cursor, s.acked, p.chunk.To); err != nil {
		return fmt.Errorf("read acked ops: %w", err)
	}
	p.chunk.Reset = s.reset
	return s.merge(v, p)
}

// merge fills the chunk with rows of all scopes in order of Seq, as such a device
// was promised.
func (s *Stream) merge(v View, p *plan) error {
	type candidate struct {
		lane *lane
		row  wire.RowChange
		at   scope.Position
	}
	var all []candidate
	bounds := map[*lane]scope.Position{}
	for _, l := range s.lanes {
		q := &plan{chunk: wire.Checkpoint{To: p.chunk.To}, at: make([]reached, len(s.lanes)), room: p.room}
		full, err := s.read(v, l, q)
		if err != nil {
			return err
		}
		for _, r := range q.chunk.Rows {
			all = append(all, candidate{l, r, scope.Position{Seq: r.Seq, Table: r.Table, ID: r.ID}})
		}
		if full { // what comes behind this row is not known yet
			bounds[l] = q.at[l.index].pos
		}
		p.at[l.index] = reached{read: true, pos: l.pos}
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		switch {
		case a.at.Less(b.at):
			return -1
		case b.at.Less(a.at):
			return 1
		case a.row.Gone != b.row.Gone: // a row that moved to another scope goes before it comes
			return map[bool]int{true: -1, false: 1}[a.row.Gone]
		}
		return 0
	})
	for i, c := range all {
		size := len(c.row.Table) + len(c.row.ID) + len(c.row.Body) + overhead
		behind := slices.ContainsFunc(s.lanes, func(l *lane) bool { b, full := bounds[l]; return full && b.Less(c.at) })
		if behind || p.size+size > p.room && i > 0 || len(p.chunk.Rows) == wire.MaxItems {
			return nil
		}
		p.size += size
		p.chunk.Rows, p.at[c.lane.index].pos = append(p.chunk.Rows, c.row), c.at
	}
	if p.chunk.Last = len(bounds) == 0; p.chunk.Last {
		for _, l := range s.lanes {
			p.at[l.index].pos = scope.After(p.chunk.To)
		}
	}
	return nil
}

// beginPlain starts such a device at its cursor, or from nothing.
func (s *Stream) beginPlain(floor, applied uint64) {
	s.reset, s.verify = s.cursor == 0 || s.cursor < floor, false
	for _, l := range s.lanes {
		if l.held, l.pos = true, scope.After(s.cursor); s.reset {
			l.pos, l.since = scope.Position{}, applied
		}
	}
	if s.reset {
		s.cursor = 0
	}
}
