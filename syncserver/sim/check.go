package sim

import (
	"bytes"
	"fmt"
	"slices"

	"yizhan/core/arbiter"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/replica"
	"yizhan/core/wire"
)

// moved checks a device that has taken a checkpoint.
func (w *World) moved(m *machine) {
	if w.one(3) {
		if wrong := w.differs(m); wrong != "" {
			w.fail("%s", wrong)
		}
	}
}

type rowKey struct{ table, id string }

// differs holds the rows of a device against the server's, byte for byte. Rows that
// changed after the device's cursor it cannot have. "" where all is as it should be.
func (w *World) differs(m *machine) string {
	if w.host.server == nil || !m.on || m.wiped || w.restored && (m.conn == nil || !m.online()) ||
		m.hub != nil && m.hub.venue.hub == nil {
		return "" // rows from before a restore are another history
	}
	var enrolled arbiter.Device
	w.host.server.Look(func(s *arbiter.State) { enrolled, _ = s.Device(m.name) })
	state, err := m.store.State()
	if err != nil || state.Cursor == 0 {
		return ""
	}
	if mark, err := replica.ReadMark(m.store); err != nil || mark.Epoch != m.epoch() {
		return "" // rows from before a restore are another history
	}
	want, newer := map[rowKey]wire.RowChange{}, map[rowKey]bool{}
	tables := map[string]bool{}
	applied, err := w.held(m, enrolled.Enrolment, func(r wire.RowChange) {
		key := rowKey{r.Table, r.ID}
		tables[r.Table] = true
		switch {
		case r.Seq > state.Cursor:
			newer[key] = true
		case !r.Gone && r.Seq >= want[key].Seq:
			want[key] = r
		}
	})
	if err != nil || applied < state.Cursor {
		return "" // the ledger is behind, or its disk is failing
	}
	for _, table := range slices.Sorted(keys(tables)) {
		rows, err := m.store.Rows(table)
		if err != nil {
			return ""
		}
		for _, r := range rows {
			key := rowKey{r.Table, r.ID}
			is, there := want[key]
			delete(want, key)
			switch {
			case newer[key] || r.Seq == 0:
			case !there:
				return fmt.Sprintf("%s at %d holds row %s %s of Seq %d, which the server does not have", m.label, state.Cursor, table, r.ID, r.Seq)
			case r.Seq != is.Seq || !bytes.Equal(r.Body, is.Body):
				return fmt.Sprintf("%s at %d holds row %s %s of Seq %d, the server has that of Seq %d", m.label, state.Cursor, table, r.ID, r.Seq, is.Seq)
			}
		}
	}
	for _, key := range sortedKeys(want) {
		if !newer[key] {
			return fmt.Sprintf("%s at %d lacks row %s %s of Seq %d", m.label, state.Cursor, key.table, key.id, want[key].Seq)
		}
	}
	return ""
}

// epoch is that of what the device talks to.
func (m *machine) epoch() (n int) {
	if m.hub != nil {
		if m.hub.venue.hub == nil {
			return 0
		}
		return m.hub.venue.hub.Epoch()
	}
	m.w.host.server.Look(func(s *arbiter.State) { n = s.Epoch() })
	return n
}

// held reads what a device should hold.
func (w *World) held(m *machine, e op.Enrolment, fn func(wire.RowChange)) (applied uint64, err error) {
	if m.hub != nil {
		return m.hub.venue.hub.Held(e, func(_ string, r wire.RowChange) { fn(r) })
	}
	s := w.host.server
	done := false
	w.host.begin(func() {
		applied, err = s.Held(e, func(_ string, r wire.RowChange) { fn(r) })
		done = true
	})
	if !done {
		return 0, local.ErrStale // it had to wait; next time
	}
	return applied, err
}

// forgotten reports whether a device that gave up had a reason to.
func (w *World) forgotten(m *machine) bool {
	gone := false
	w.host.server.Look(func(s *arbiter.State) { d, _ := s.Device(m.name); gone = d.Gone != "" })
	return gone || m.copied || m.wiped || m.stranger() && !w.knows(m.member)
}
