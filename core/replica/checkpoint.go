package replica

import (
	"slices"

	"yizhan/core/fault"
	"yizhan/core/local"
	"yizhan/core/wire"
)

// checkpoint collects chunks and applies them together.
func (s *Session) checkpoint(c wire.Checkpoint) {
	if wrong := s.check(c); wrong != nil {
		s.close(wrong)
		return
	}
	for _, r := range c.Rows {
		s.size += len(r.Table) + len(r.ID) + len(r.Body) + 64
	}
	if s.size > maxCheckpoint {
		s.close(fault.Errorf(fault.TooLarge, "checkpoint has over %d bytes", maxCheckpoint))
		return
	}
	s.chunks = append(s.chunks, c.Rows...)
	if s.partial == nil {
		s.partial = &c
	}
	if !c.Last {
		return
	}
	first, rows := *s.partial, s.chunks
	s.partial, s.chunks, s.size = nil, nil, 0
	s.apply(c, first.Reset, rows)
}

// check refuses what would leave the device with rows that never were together.
func (s *Session) check(c wire.Checkpoint) *fault.Error {
	mark, cursor := &s.saved.Mark, s.saved.State.Cursor
	switch {
	case s.partial == nil && !c.Reset && c.From != cursor:
		return fault.Errorf(fault.BadFrame, "checkpoint from %d; the device is at %d", c.From, cursor)
	case s.partial != nil && (c.Reset || c.From != s.partial.From || c.To != s.partial.To):
		return fault.Errorf(fault.BadFrame, "chunk of a checkpoint from %d to %d inside one from %d to %d", c.From, c.To, s.partial.From, s.partial.To)
	case c.To < c.From:
		return fault.Errorf(fault.BadFrame, "checkpoint goes back from %d to %d", c.From, c.To)
	case c.Acked < mark.Acked || c.Acked > s.last:
		return fault.Errorf(fault.BadFrame, "checkpoint holds ops up to %d; the device knows %d to %d", c.Acked, mark.Acked, s.last)
	}
	after := c.From
	if c.Reset || s.partial != nil && s.partial.Reset {
		after = 0
	}
	for _, r := range c.Rows {
		switch {
		case r.Table == "" || r.ID == "":
			return fault.Errorf(fault.BadFrame, "row without table or id")
		case r.Table == TableReplica || r.Table == wire.TableUsed:
			return fault.Errorf(fault.BadFrame, "row %s/%s: the table is the device's own", r.Table, r.ID)
		case r.Seq <= after || r.Seq > c.To:
			return fault.Errorf(fault.BadFrame, "row %s/%s has Seq %d, want over %d and up to %d", r.Table, r.ID, r.Seq, after, c.To)
		}
	}
	return nil
}

// apply has a complete checkpoint stored, unless it says nothing but the time.
func (s *Session) apply(c wire.Checkpoint, reset bool, rows []wire.RowChange) {
	mark, state := &s.saved.Mark, &s.saved.State
	if !reset && len(rows) == 0 && c.To == state.Cursor && c.Acked == mark.Acked {
		s.emit(Heard{Time: c.Time, Current: true})
		return
	}
	a := local.Checkpoint{To: c.To, Acked: c.Acked}
	if reset {
		a.Reset, mark.Tables = mark.Tables, nil
	}
	for _, r := range rows {
		if !slices.Contains(mark.Tables, r.Table) {
			mark.Tables = append(slices.Clone(mark.Tables), r.Table)
		}
		row := local.Row{Table: r.Table, ID: r.ID, Seq: r.Seq, Body: r.Body}
		if r.Gone {
			row.Body = nil
			a.Gone = append(a.Gone, row)
			continue
		}
		a.Rows = append(a.Rows, row)
	}
	s.drop(c.Acked)
	mark.Acked, mark.Time, state.Cursor = c.Acked, c.Time, c.To
	row, ok := s.mark()
	if !ok {
		return
	}
	a.Rows = append(a.Rows, row)
	s.emit(Apply{a})
	s.emit(Heard{Time: c.Time, Current: true})
}
