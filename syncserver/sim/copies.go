package sim

import (
	"slices"

	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/replica"
	"yizhan/core/wire"
)

// blinded changes what the server says it knows of a device to what the device has
// itself: so a hostile program, or one without that check, hears it. A fork then
// has to be found by the server.
func (m *machine) blinded(frame []byte) []byte {
	message, err := m.w.lab.codec.Decode(frame)
	welcome, ok := message.(wire.Welcome)
	if err != nil || !ok {
		return frame
	}
	seq, hash, ok := m.newest(welcome.LastOp)
	if !ok {
		return frame
	}
	if welcome.LastOp, welcome.LastSum = seq, hash[:]; seq == 0 {
		welcome.LastSum = nil
	}
	if changed, err := m.w.lab.codec.Encode(welcome); err == nil {
		return changed
	}
	return frame
}

// twin reports whether another machine with the same identity is at work: each ends
// the other's connection, for ever, as long as both have the same history.
func (w *World) twin(m *machine) bool {
	return slices.ContainsFunc(w.machines, func(o *machine) bool { return o != m && o.name == m.name && o.on && !o.closed })
}

// copied reports whether there are, or were, two machines with this identity.
func (w *World) copied(d id.Device) bool {
	return slices.ContainsFunc(w.machines, func(m *machine) bool { return m.name == d && m.copied })
}

// apart reports whether a copy that will come again has not told a restored server yet
// what it knows: until then nobody can find that its history is another one.
func (w *World) apart(m *machine) bool {
	if !w.restored || m.gone || m.naive || m.closed || !m.on {
		return false
	}
	mark, err := replica.ReadMark(m.store)
	return err == nil && mark.Epoch < m.epoch()
}

// newest is the newest op of the device, up to a number, whose hash it still knows.
func (m *machine) newest(most uint64) (seq uint64, hash op.Hash, ok bool) {
	state, err := m.store.State()
	if err != nil {
		return 0, hash, false
	}
	if seq, hash = state.Last, state.Hash; seq <= most {
		return seq, hash, true
	}
	queue, err := m.store.Queue()
	for _, q := range queue {
		if q.Seq <= most {
			seq, hash, ok = q.Seq, q.Hash, true
		}
	}
	return seq, hash, ok && err == nil
}

// branch remembers which history the answer went to.
func (w *World) branch(m *machine, at place) {
	if !m.on {
		return
	}
	queue, err := m.store.Queue()
	if err != nil {
		return
	}
	for _, q := range queue {
		if q.Seq == at.seq {
			w.branches = append(w.branches, branch{at, m, q.Hash})
		}
	}
}
