package replica

import (
	"bytes"
	"slices"
	"time"

	"yizhan/core/fault"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// pump sends the next batch, or the question for a sync point, if nothing is in
// flight: one batch at a time keeps the order of ops under every loss.
func (s *Session) pump() {
	if s.phase == parting && s.flying == 0 && !s.resting {
		s.flying, s.deadline = 1, s.at+answerTime
		s.send(s.parted)
	}
	if s.phase != live {
		return
	}
	if s.forgot != nil { // what it has forgotten comes first
		if len(s.forgot.ops) > 0 && s.flying == 0 && !s.resting {
			s.remind()
		}
		return
	}
	if s.wanted > s.asked && s.answered >= s.behind {
		s.asked = s.wanted
		s.send(wire.Sync{N: s.asked})
	}
	waiting := s.waiting()
	if len(waiting) == 0 || s.flying > 0 || s.resting {
		return
	}
	previous, known := s.sum(s.answered)
	if !known {
		s.stop(fault.Errorf(fault.Internal, "outbox is damaged: nothing is known of op %d, which op %d follows", s.answered, waiting[0].Seq))
		return
	}
	s.ship(previous, waiting)
}

// ship sends as many of these ops as one message may hold.
func (s *Session) ship(previous op.Hash, waiting []local.Queued) {
	m := wire.Ops{First: waiting[0].Seq, Previous: previous[:]}
	for size := 0; len(m.Ops) < len(waiting) && len(m.Ops) < wire.MaxOps; {
		b := waiting[len(m.Ops)].Bytes
		if size += len(b); size > maxBatch {
			break
		}
		m.Ops = append(m.Ops, b)
	}
	s.flying, s.deadline = len(m.Ops), s.at+answerTime
	s.send(m)
}

// waiting gives the ops without an answer, oldest first.
func (s *Session) waiting() []local.Queued {
	return s.queue[len(s.queue)-int(s.last-s.answered):]
}

// IsPending reports whether a hub holds an op for the server, which has not
// answered it yet.
func IsPending(q local.Queued) bool {
	var answer wire.Answer
	return q.Result != nil && wire.DecodeRow(q.Result, &answer) == nil && answer.Outcome == op.Pending
}

// answer is one of a message, with its receipt where the server sent them.
func answer(m wire.Results, i int) wire.Answer {
	a := wire.Answer{Result: m.Results[i]}
	if m.Receipts != nil {
		a.Receipt = m.Receipts[i]
	}
	return a
}

// late stores the answers of ops that a hub held. One that has left the outbox
// meanwhile, because the rows show its effect, may still wait for its answer.
func (s *Session) late(m wire.Results) {
	stored := map[uint64]wire.Answer{}
	for i, r := range m.Results {
		seq := m.First + uint64(i)
		left := s.saved.Identity.Upstream != "" && seq <= s.saved.Mark.Base
		if !s.pending[seq] && !left || r.Outcome == op.Pending {
			continue
		}
		delete(s.pending, seq)
		stored[seq] = answer(m, i)
	}
	if len(stored) > 0 {
		s.emit(Store{stored})
	}
}

// overtaken keeps a hub's late answer that overtook the one which says that it will come
// late: that one was lost, and is asked for again, or is still on its way.
func (s *Session) overtaken(m wire.Results) {
	for i, r := range m.Results {
		if seq := m.First + uint64(i); seq <= s.last && r.Outcome != op.Pending {
			early := answer(m, i)
			early.Receipt = bytes.Clone(early.Receipt) // it may wait for long, and shares memory with its frame
			s.early[seq] = early
		}
	}
}

// results stores answers. Those that are known already change nothing; those
// that skip an op mean that one of us has lost count.
func (s *Session) results(m wire.Results) {
	if s.forgot != nil {
		s.reminded(m)
		return
	}
	n := uint64(len(m.Results))
	switch {
	case n == 0:
		return
	case m.First+n-1 <= s.answered:
		s.late(m)
		return
	case m.First > s.answered+1 && s.saved.Identity.Upstream != "":
		s.overtaken(m)
		return
	case m.First > s.answered+1, m.First+n-1 > s.answered+uint64(s.flying):
		s.close(fault.Errorf(fault.BadFrame, "results for ops %d to %d; the device waits for %d to %d", m.First, m.First+n-1, s.answered+1, s.answered+uint64(s.flying)))
		return
	}
	skip := int(s.answered + 1 - m.First)
	fresh := m.Results[skip:]
	stored := make(map[uint64]wire.Answer, len(fresh))
	waiting := s.waiting()
	for i, r := range fresh {
		seq := s.answered + 1 + uint64(i)
		stored[seq] = answer(m, skip+i)
		waiting[i].Bytes = nil
		if r.Outcome != op.Pending {
			continue
		}
		if early, came := s.early[seq]; came {
			stored[seq] = early
		} else {
			s.pending[seq] = true
		}
	}
	s.answered += uint64(len(fresh))
	s.flying -= len(fresh)
	s.gaps, s.rest, s.deadline = 0, 0, s.at+answerTime
	s.frozen(nil)
	s.emit(Store{stored})
	s.settle()
	if s.flying == 0 {
		s.deadline = 0
		s.pump()
	}
}

// settle follows the store, which lets go of an op as soon as it is both answered
// and acked. Here the answer came last: it was lost once, and asked for again.
func (s *Session) settle() {
	mark, state := &s.saved.Mark, &s.saved.State
	if !s.drop(mark.Acked) {
		return
	}
	if row, ok := s.mark(); ok {
		s.emit(Apply{local.Checkpoint{To: state.Cursor, Acked: mark.Acked, Rows: []local.Row{row}}})
	}
}

// drop forgets the ops that the store drops from the outbox at this acked number.
func (s *Session) drop(acked uint64) bool {
	n := 0
	for n < len(s.queue) && s.queue[n].Seq <= min(acked, s.answered) {
		n++
	}
	if n > 0 {
		s.saved.Mark.Base, s.saved.Mark.Hash = s.queue[n-1].Seq, s.queue[n-1].Hash
		s.queue = slices.Clone(s.queue[n:])
	}
	return n > 0
}

// mark gives the row of our own that the store keeps beside the others.
func (s *Session) mark() (local.Row, bool) {
	body, err := wire.EncodeRow(s.saved.Mark)
	if err != nil {
		s.close(fault.Errorf(fault.Internal, "write mark: %v", err))
	}
	return local.Row{Table: TableReplica, ID: MarkID, Body: body}, err == nil
}

// damaged says what is wrong with an outbox whose numbers or hashes do not follow
// each other: nothing that was built on it could be believed.
func (s *Session) damaged() *fault.Error {
	for i, q := range s.queue {
		answered := q.Result != nil
		switch {
		case q.Seq != s.last-uint64(len(s.queue)-1-i), answered != (q.Seq <= s.answered):
			return fault.Errorf(fault.Internal, "outbox is damaged: op %d does not follow the one before it", q.Seq)
		case i > 0 && op.Chain(s.queue[i-1].Hash, q.Bytes) != q.Hash, i == len(s.queue)-1 && q.Hash != s.saved.State.Hash:
			return fault.Errorf(fault.Internal, "outbox is damaged: hash of op %d does not fit", q.Seq)
		}
	}
	return nil
}

// pause keeps the batch and sends it again later, after a longer time each time.
func (s *Session) pause() {
	if s.flying == 0 {
		return
	}
	s.rest = min(max(2*s.rest, firstRest), longestRest)
	s.flying, s.resting = 0, true
	// Thousands of devices are told at the same moment; the nonce spreads them.
	s.deadline = s.at + s.rest
	if len(s.hello) > 0 {
		s.deadline += s.rest * time.Duration(s.hello[0]) / 256
	}
}

// resend starts again from the op that the server misses.
func (s *Session) resend(f wire.Fault) {
	if s.flying == 0 {
		return
	}
	s.gaps++
	if f.Next <= s.answered || f.Next > s.last || s.gaps > maxGaps {
		s.close(fault.Errorf(fault.Gap, "server asks for op %d; the device can send %d to %d", f.Next, s.answered+1, s.last))
		return
	}
	// Ops before Next are decided; sending them again brings their results.
	s.flying = 0
	s.pump()
}
