package op

import (
	"bytes"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/plain"
)

// plain reports whether o holds only what this file knows: what devices send, but for
// the lines of an order. A field that is new in Op is to be asked about here.
func (o *Op) plain() bool {
	return o.Lines == nil && o.Seed == "" && o.Orgs == nil && o.People == nil && o.Stations == nil && o.Spec == nil && o.Enrolment == nil &&
		o.Device == "" && o.Lending == nil && o.Kept == nil && o.Map == nil && o.Calendar == nil && o.Amend == nil
}

// writePlainOp writes a plain op; false where it is one for the library.
func writePlainOp(o *Op) (b []byte, ok bool) {
	if !o.plain() {
		return nil, false
	}
	p := plain.Map(make([]byte, 0, 96))
	p.Always(1, uint64(o.Kind))
	plain.Text(&p, 2, o.Activity)
	plain.Text(&p, 3, o.Pool)
	plain.Text(&p, 4, o.Member)
	plain.Text(&p, 5, o.Org)
	plain.Text(&p, 6, o.Station)
	p.Int(7, int64(o.Seats))
	p.Uint(9, uint64(o.Ticket))
	p.Int(10, int64(o.Epoch))
	p.Uint(11, uint64(o.Verdict))
	p.Bool(12, o.Override)
	p.Bool(13, o.Out)
	p.Int(14, o.At)
	plain.Text(&p, 15, o.EnteredBy)
	p.Uint(16, uint64(o.Channel))
	plain.Text(&p, 17, o.Reason)
	plain.Text(&p, 18, o.Scanned)
	p.Uint(19, o.Lease)
	plain.List(&p, 20, o.Taken, appendTaken)
	p.Uint(21, uint64(o.Outcome))
	p.Uint(22, uint64(o.Code))
	p.Bool(23, o.Undo)
	p.Bool(24, o.Bound)
	p.Bytes(25, o.Shown)
	p.Bytes(26, o.Proof)
	p.Bool(27, o.Asked)
	p.Uint(29, o.About)
	p.Bool(30, o.Handled)
	return p.End()
}

// readPlainOp reads a plain op; false where it is one for the library.
func readPlainOp(b []byte) (o Op, ok bool) {
	r := reader{Eye: plain.Eye{B: b}}
	r.Fields(30, func(key uint64) { r.opField(key, &o) })
	return o, !r.Doubt && len(r.B) == 0
}

func (r *reader) opField(key uint64, o *Op) {
	switch key {
	case 1:
		o.Kind = Kind(r.Small(255))
	case 2:
		o.Activity = id.Activity(r.Text())
	case 3:
		o.Pool = id.Pool(r.Text())
	case 4:
		o.Member = id.Member(r.Text())
	case 5:
		o.Org = id.Org(r.Text())
	case 6:
		o.Station = id.Station(r.Text())
	case 7:
		o.Seats = r.Int()
	case 9:
		o.Ticket = id.Ticket(r.Uint())
	case 10:
		o.Epoch = r.Int()
	case 11:
		o.Verdict = fault.Verdict(r.Small(255))
	case 12:
		o.Override = r.True()
	case 13:
		o.Out = r.True()
	case 14:
		o.At = r.Int64()
	case 15:
		o.EnteredBy = r.Text()
	case 16:
		o.Channel = Channel(r.Small(255))
	default:
		r.rarerOpField(key, o)
	}
}

func (r *reader) rarerOpField(key uint64, o *Op) {
	switch key {
	case 17:
		o.Reason = r.Text()
	case 18:
		o.Scanned = r.Text()
	case 19:
		o.Lease = r.Uint()
	case 20:
		o.Taken = r.taken()
	case 21:
		o.Outcome = Outcome(r.Small(255))
	case 22:
		o.Code = fault.Code(r.Small(255))
	case 23:
		o.Undo = r.True()
	case 24:
		o.Bound = r.True()
	case 25:
		o.Shown = bytes.Clone(r.Some())
	case 26:
		o.Proof = bytes.Clone(r.Some())
	case 27:
		o.Asked = r.True()
	case 29:
		o.About = r.Uint()
	case 30:
		o.Handled = r.True()
	default:
		r.Doubt = true
	}
}

// AppendResult writes a result as the library does; false where it is one for the library.
func AppendResult(b []byte, o *Result) ([]byte, bool) {
	if o.Refused != nil || o.Tasks != nil {
		return b, false
	}
	p := plain.Map(b)
	p.Always(1, uint64(o.Outcome))
	p.Uint(2, uint64(o.Code))
	p.Int(3, int64(o.Seats))
	p.Int(4, int64(o.Place))
	p.Uint(5, uint64(o.Ticket))
	p.Uint(6, uint64(o.Verdict))
	p.Int(7, int64(o.Granted))
	p.Int(8, int64(o.Waitlisted))
	plain.Text(&p, 11, o.Digest)
	p.Uint(12, o.Seq)
	return p.End()
}

// ReadResult reads what AppendResult writes; all else is in r.Doubt.
func ReadResult(r *plain.Eye) (o Result) {
	r.Fields(12, func(key uint64) {
		switch key {
		case 1:
			o.Outcome = Outcome(r.Small(255))
		case 2:
			o.Code = fault.Code(r.Small(255))
		case 3:
			o.Seats = r.Int()
		case 4:
			o.Place = r.Int()
		case 5:
			o.Ticket = id.Ticket(r.Uint())
		case 6:
			o.Verdict = fault.Verdict(r.Small(255))
		case 7:
			o.Granted = r.Int()
		case 8:
			o.Waitlisted = r.Int()
		case 11:
			o.Digest = r.Text()
		case 12:
			o.Seq = r.Uint()
		default:
			r.Doubt = true
		}
	})
	return o
}
