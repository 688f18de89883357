package replica

import (
	"yizhan/core/fault"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// part shows the server that its history of this device and the one here have
// parted: an op that neither of them has, in the first place where the server must
// see it. The server closes the device for that, and its next session takes what is
// unanswered here into quarantine, so that staff have both branches.
//
// A server that was restored meanwhile may have forgotten what it answered here, and
// an order to erase would end the only record of it: that is for a person.
func (s *Session) part(w wire.Welcome, why *fault.Error) {
	shared := min(w.LastOp, s.last)
	sum, known := s.sum(shared)
	body, err := op.Encode(&op.Op{Kind: op.Parted})
	if w.Epoch != s.saved.Mark.Epoch || !known || err != nil {
		s.stop(why)
		return
	}
	s.emit(Heard{Time: w.Time})
	s.phase, s.deadline, s.why = parting, 0, why
	s.parted = wire.Ops{First: shared + 1, Previous: sum[:], Ops: [][]byte{body}}
	s.pump()
}
