package replica

import (
	"bytes"
	"slices"

	"yizhan/core/fault"
	"yizhan/core/local"
	"yizhan/core/scope"
	"yizhan/core/wire"
)

// checkpoint stores a chunk: out of sight, or with the last one all of them in view.
func (s *Session) checkpoint(c wire.Checkpoint) {
	if wrong := s.check(c); wrong != nil {
		s.close(wrong)
		return
	}
	s.owed += s.size
	if !c.Last {
		if s.partial == nil {
			s.partial = &c
		}
		ch := chunk(c)
		s.saved.Held.Scopes = without(s.saved.Held.Scopes, ch.Fresh)
		s.emit(Stage{local.Chunk{Rows: ch.Rows, Gone: ch.Gone, Fresh: ch.Fresh}})
		s.credit()
		return
	}
	s.apply(c)
	s.partial = nil
	s.credit()
}

// legacy reports whether c is of a server that names no scopes.
func legacy(c *wire.Checkpoint) bool {
	return c != nil && len(c.Parts) == 0 && (c.Reset || len(c.Rows) > 0)
}

// check refuses what would leave the device with rows that never were together.
func (s *Session) check(c wire.Checkpoint) *fault.Error {
	mark, cursor := &s.saved.Mark, s.saved.State.Cursor
	p := s.partial
	switch {
	case p == nil && !c.Reset && c.From != cursor:
		return fault.Errorf(fault.BadFrame, "checkpoint from %d; the device is at %d", c.From, cursor)
	case p != nil && (c.Reset || c.From != p.From || c.To < p.To || legacy(p) && c.To != p.To):
		return fault.Errorf(fault.BadFrame, "chunk of a checkpoint from %d to %d inside one from %d to %d", c.From, c.To, p.From, p.To)
	case c.To < c.From, c.To < cursor:
		return fault.Errorf(fault.BadFrame, "checkpoint goes back from %d to %d", max(c.From, cursor), c.To)
	case c.Acked < mark.Acked || c.Acked > s.last:
		return fault.Errorf(fault.BadFrame, "checkpoint holds ops up to %d; the device knows %d to %d", c.Acked, mark.Acked, s.last)
	case !c.Last && (len(c.Take) > 0 || len(c.Drop) > 0 || len(c.Sums) > 0):
		return fault.Errorf(fault.BadFrame, "scopes change in the middle of a checkpoint")
	case legacy(&c) && !c.Reset && p == nil && len(s.saved.Held.Scopes) > 0:
		return fault.Errorf(fault.Version, "server names no scopes, unlike the one before it")
	}
	return s.checkRows(c)
}

func (s *Session) checkRows(c wire.Checkpoint) *fault.Error {
	after := uint64(0)
	if legacy(&c) && !c.Reset && (s.partial == nil || !s.partial.Reset) {
		after = c.From
	}
	for _, p := range c.Parts {
		if len(p.Buckets) > 0 && !c.Last {
			return fault.Errorf(fault.BadFrame, "sub-sums of scope %q are replaced in the middle of a checkpoint", p.Scope)
		}
	}
	for _, r := range c.Rows {
		switch {
		case r.Table == "" || r.ID == "":
			return fault.Errorf(fault.BadFrame, "row without table or id")
		case r.Table == TableReplica || r.Table == wire.TableUsed || r.Table == wire.TableGrant:
			return fault.Errorf(fault.BadFrame, "row %s/%s: the table is the device's own", r.Table, r.ID)
		case r.Seq <= after || r.Seq > c.To:
			return fault.Errorf(fault.BadFrame, "row %s/%s has Seq %d, want over %d and up to %d", r.Table, r.ID, r.Seq, after, c.To)
		}
	}
	return nil
}

// chunk gives the rows of c their scopes.
func chunk(c wire.Checkpoint) (a local.Checkpoint) {
	parts := c.Parts
	if legacy(&c) {
		parts = []wire.Part{{Rows: len(c.Rows), Fresh: c.Reset}}
	}
	rows := c.Rows
	for _, p := range parts {
		if p.Fresh {
			a.Fresh = append(a.Fresh, p.Scope)
		}
		for _, b := range p.Buckets {
			a.Replace = append(a.Replace, local.Bucket{Scope: p.Scope, Number: b})
		}
		for _, r := range rows[:p.Rows] {
			row := local.Row{Scope: p.Scope, Table: r.Table, ID: r.ID, Seq: r.Seq, Body: r.Body}
			if r.Gone {
				row.Body = nil
				a.Gone = append(a.Gone, row)
			} else {
				a.Rows = append(a.Rows, row)
			}
		}
		rows = rows[p.Rows:]
	}
	return a
}

// apply has a complete checkpoint come into view, unless it says nothing but the time.
func (s *Session) apply(c wire.Checkpoint) {
	mark, state := &s.saved.Mark, &s.saved.State
	if s.partial == nil && !c.Reset && len(c.Parts)+len(c.Rows)+len(c.Take)+len(c.Drop) == 0 && c.To == state.Cursor && c.Acked == mark.Acked {
		s.told(c)
		return
	}
	a := chunk(c)
	a.To, a.Acked, a.Take, a.Drop, a.Staged = c.To, c.Acked, c.Take, slices.Clone(c.Drop), true
	s.hold(&a, c)
	s.drop(c.Acked)
	mark.Acked, mark.Time, mark.Stamp, state.Cursor = c.Acked, c.Time, bytes.Clone(c.Stamp), c.To
	row, ok := s.mark()
	if !ok {
		return
	}
	a.Rows = append(a.Rows, row)
	s.emit(Apply{a})
	s.told(c)
}

// hold follows which scopes the device holds.
func (s *Session) hold(a *local.Checkpoint, c wire.Checkpoint) {
	held := &s.saved.Held
	named := append(without(held.Scopes, slices.Concat(c.Drop, a.Fresh, c.Take)), c.Take...)
	switch old := legacy(&c) || legacy(s.partial); {
	case old:
		// It begins anew, and knows nothing of scopes that it would have to drop.
		a.Drop, named, held.Legacy = append(a.Drop, named...), nil, true
	case held.Legacy && len(named) > 0 && (!c.More || slices.ContainsFunc(held.Staged, func(one local.Staged) bool { return one.Scope == "" })):
		// Everything has come again under its scope; or what is staged would come into view by half.
		a.Drop, held.Legacy = append(a.Drop, ""), false
	}
	held.Scopes = named
}

func without(names, gone []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(gone, name) })
}

// told passes on what a checkpoint says beside its rows.
func (s *Session) told(c wire.Checkpoint) {
	if c.More { // the rows are not current, and it answers none of our messages
		s.emit(Viewed{})
	} else {
		s.emit(Heard{Time: c.Time, Current: true})
	}
	if len(c.Sums) > 0 {
		s.emit(Compare{c.Sums})
	}
}

// credit lets the server send on, once what came is stored.
func (s *Session) credit() {
	if s.owed >= creditStep && s.signed.Version >= wire.ScopesVersion {
		s.send(wire.Credit{Bytes: s.owed})
		s.owed = 0
	}
}

// Differing gives the sub-sums of the scopes of which the server wants another sum.
func Differing(want map[string][]byte, have map[string]*scope.Sums) map[string][]byte {
	bad := map[string][]byte{}
	for name, sum := range want {
		sums := have[name]
		if sums == nil {
			sums = &scope.Sums{}
		}
		if total := sums.Total(); !slices.Equal(sum, total[:]) {
			bad[name] = sums.Bytes()
		}
	}
	return bad
}

// Differs asks the server to repair scopes (Differing).
func (s *Session) Differs(bad map[string][]byte) []Effect {
	if s.phase == live && len(bad) > 0 {
		s.send(wire.Differ{Sums: bad})
	}
	return s.take()
}

// scopes is what the device says of its scopes when it comes.
func (s *Session) scopes() *wire.Held {
	h := &wire.Held{Scopes: s.saved.Held.Scopes, Window: creditWindow}
	for _, one := range s.saved.Held.Staged {
		if one.Scope != "" {
			h.Staged = append(h.Staged, wire.Staged{Scope: one.Scope, Seq: one.Seq, Table: one.Table, ID: one.ID, Fresh: one.Fresh})
		}
	}
	return h
}
