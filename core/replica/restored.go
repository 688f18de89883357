package replica

import (
	"bytes"

	"yizhan/core/fault"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// again is what a restored server is told once more: ops that it had answered.
type again struct {
	next     uint64 // the first that it does not have
	previous op.Hash
	ops      []local.Queued // from next on, with their answers
}

// restored meets a server that was restored from a backup since the rows here came, or
// was rolled back and does not know it. First it is told what it has forgotten; then
// the rows begin anew.
func (s *Session) restored(w wire.Welcome) {
	if w.LastOp >= s.answered {
		s.beginAnew(w.Epoch)
		return
	}
	s.forgot = &again{next: w.LastOp + 1}
	copy(s.forgot.previous[:], w.LastSum)
	s.emit(Kept{From: s.forgot.next, Most: wire.MaxOps})
}

// beginAnew has the rows brought again from their beginning, while those that are
// here stay in view. The next connection knows the server's new epoch.
func (s *Session) beginAnew(epoch int) {
	mark := &s.saved.Mark
	mark.Epoch, mark.Acked, mark.Stamp = epoch, 0, nil
	row, ok := s.mark()
	if !ok {
		return
	}
	fresh := s.saved.Held.Scopes
	for _, one := range s.saved.Held.Staged {
		if one.Scope != "" {
			fresh = append(without(fresh, []string{one.Scope}), one.Scope)
		}
	}
	s.emit(Apply{local.Checkpoint{Back: true, Fresh: fresh, Rows: []local.Row{row}}})
	s.close(nil)
}

// Again brings the ops that effect Kept asked for.
func (s *Session) Again(ops []local.Queued) []Effect {
	f := s.forgot
	if f == nil || s.phase != live {
		return s.take()
	}
	sum := f.previous
	for i, q := range ops {
		if sum = op.Chain(sum, q.Bytes); q.Seq != f.next+uint64(i) || sum != q.Hash {
			ops = ops[:i]
			break
		}
	}
	if len(ops) == 0 {
		s.stop(fault.Errorf(fault.Fork, "server was restored and asks for op %d, which is not kept here any more, or is another one at the server", f.next))
		return s.take()
	}
	f.ops = ops
	s.pump()
	return s.take()
}

// remind sends the next ops that the server has forgotten, with their receipts.
func (s *Session) remind() {
	f := s.forgot
	m := wire.Ops{First: f.next, Previous: f.previous[:]}
	size := 0
	for _, q := range f.ops {
		var answer wire.Answer
		if err := wire.DecodeRow(q.Result, &answer); err != nil {
			s.close(fault.Errorf(fault.Internal, "stored result of op %d: %v", q.Seq, err))
			return
		}
		if len(answer.Receipt) == 0 && s.epoch == s.saved.Mark.Epoch {
			// Deciding again what people were already told would tell them two things.
			s.stop(fault.Errorf(fault.Fork, "server has forgotten op %d, which it had answered, and nothing here proves it: the server was rolled back", q.Seq))
			return
		}
		if size += len(q.Bytes) + len(answer.Receipt); size > maxBatch && len(m.Ops) > 0 {
			break
		}
		m.Ops, m.Receipts = append(m.Ops, q.Bytes), append(m.Receipts, bytes.Clone(answer.Receipt))
	}
	s.flying, s.deadline = len(m.Ops), s.at+answerTime
	s.send(m)
}

// reminded follows what the server has recorded.
func (s *Session) reminded(m wire.Results) {
	f := s.forgot
	n := len(m.Results)
	if n == 0 || m.First != f.next || n > s.flying {
		s.close(fault.Errorf(fault.BadFrame, "results for %d ops from %d; the device waits for %d from %d", n, m.First, s.flying, f.next))
		return
	}
	stored := make(map[uint64]wire.Answer, n)
	for i := range n {
		stored[f.next+uint64(i)] = answer(m, i)
	}
	f.next, f.previous, f.ops = f.next+uint64(n), f.ops[n-1].Hash, f.ops[n:]
	s.flying -= n
	s.gaps, s.rest, s.deadline = 0, 0, s.at+answerTime
	s.frozen(nil)
	s.emit(Store{stored}) // a receipt of this epoch proves it, where one of the epoch before would not
	switch {
	case s.flying > 0:
	case f.next > s.answered:
		s.forgot = nil
		s.beginAnew(s.epoch)
	default:
		s.deadline = 0
		s.emit(Kept{From: f.next, Most: wire.MaxOps})
	}
}

// frozen tells people what the server waits for, and that it does not any more.
func (s *Session) frozen(why *fault.Error) {
	if (why != nil) != s.held {
		s.held = why != nil
		s.emit(Frozen{why})
	}
}
