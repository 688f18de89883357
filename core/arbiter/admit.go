package arbiter

import (
	"fmt"
	"slices"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

// keptResults bounds the results that one device costs in memory; older ones are
// served by the ledger.
const keptResults = 256

// answer is a result in a quarter of the memory; full is set only where one entry cannot say it.
type answer struct {
	hash         op.Hash // chain hash after the op: a resend must repeat it
	seq          uint64
	ticket       id.Ticket
	seats, place int32
	outcome      op.Outcome
	code         fault.Code
	verdict      fault.Verdict
	full         *op.Result
}

// Place is where the journal has the result of an op that Admit found KnownOp.
func (s *State) Place(from op.Origin) uint64 {
	d := s.device(from.Device)
	return d.results[from.Seq-d.first].seq
}

func (a *answer) result() op.Result {
	if a.full != nil {
		return *a.full
	}
	return op.Result{Outcome: a.outcome, Code: a.code, Seats: int(a.seats), Place: int(a.place), Ticket: a.ticket, Verdict: a.verdict, Seq: a.seq}
}

func (s *State) recordResult(e *op.Entry) error {
	d := s.device(e.Device)
	if d == nil || e.DevSeq != d.last+1 || len(e.Chain) != len(d.chain) {
		return fmt.Errorf("entry %d ends op %d of device %q, which stands elsewhere", e.Seq, e.DevSeq, e.Device)
	}
	d.last, d.seen = e.DevSeq, e.At
	d.chain = op.Hash(e.Chain)
	r := op.ResultOf(e)
	a := answer{hash: d.chain, seq: e.Seq, ticket: r.Ticket, seats: int32(r.Seats), place: int32(r.Place), outcome: r.Outcome, code: r.Code, verdict: r.Verdict}
	if e.Result != nil || r.Seq != e.Seq {
		full := r
		a.full = &full
	}
	if len(d.results) >= 2*keptResults {
		n := copy(d.results, d.results[keptResults:])
		clear(d.results[n:])
		d.results = d.results[:n]
	}
	d.results = append(d.results, a)
	d.first = d.last - uint64(len(d.results)) + 1
	return nil
}

// Standing says what an op's place in its device's numbering means.
type Standing uint8

// Standings of an op.
const (
	NextOp    Standing = iota // decide it
	KnownOp                   // it was decided: the stored result counts
	OldOp                     // it was decided long ago: the ledger has its result
	GapOp                     // an op before it is missing
	ForkedOp                  // the device's history is not the one on record
	GoneOp                    // the device was revoked or quarantined
	Stranger                  // no such device is enrolled
	Refusable                 // console ops have no numbering
)

// device finds a device; one op looks its device up several times in a row.
func (s *State) device(d id.Device) *device {
	if s.recent == nil || s.recent.Device != d {
		s.recent = s.devices[d]
	}
	return s.recent
}

// Admit places an op in its device's numbering, and gives the stored result of a known one.
func (s *State) Admit(from op.Origin) (Standing, op.Result) {
	if from.Device == "" {
		return Refusable, op.Result{}
	}
	d := s.device(from.Device)
	switch {
	case d == nil:
		return Stranger, op.Result{}
	case d.gone != "":
		return GoneOp, op.Result{}
	case from.Seq > d.last+1 || from.Seq == 0:
		return GapOp, op.Result{}
	case from.Seq == d.last+1:
		if !s.same(from.Previous, d.chain) {
			return ForkedOp, op.Result{}
		}
		return NextOp, op.Result{}
	case from.Seq < d.first:
		return OldOp, op.Result{}
	}
	known := &d.results[from.Seq-d.first]
	if !s.same(known.hash, from.Hash) {
		return ForkedOp, op.Result{}
	}
	return KnownOp, known.result()
}

// Expect says which devices ask next. It changes nothing: what their ops read first is
// brought nearer, for many at once, while each alone would wait for memory.
func (s *State) Expect(devices []id.Device) {
	s.next = s.next[:0]
	for _, d := range devices {
		if v := s.devices[d]; v != nil {
			s.next = append(s.next, v)
		}
	}
	near := uint64(0)
	for _, d := range s.next { // each round reads what the one before has led to
		near += d.last + uint64(len(d.Role))
		if n := len(d.results); n > 0 {
			near += d.results[n-1].seq
		}
	}
	s.next = slices.DeleteFunc(s.next, func(d *device) bool { return d.owner == nil || d.owner.recent == nil })
	for _, d := range s.next {
		near += uint64(d.owner.children) + uint64(d.owner.ID[0]) + uint64(d.owner.recent.day)
	}
	for _, d := range s.next {
		if h := d.owner.recent.holding; h != nil {
			near += uint64(h.Seats)
		}
	}
	s.near = near
}
