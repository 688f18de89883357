package op

import (
	"bytes"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/plain"
)

// Nearly every entry of a journal holds only words and numbers: those are written and
// read here, and all others by the library.

// plain reports whether e holds only what this file knows. A field that is new in
// Entry is to be asked about here; until then it does no harm in entries of other kinds.
func (e *Entry) plain() bool {
	switch e.Kind {
	case Ticked, Claimed, Promoted, Released, Lapsed, Redeemed, Scanned, CheckedIn, TaskMade, Reminded, Moved, NotDrawn, GivenUp:
		return e.Orgs == nil && e.People == nil && e.Stations == nil && e.Spec == nil && e.Number == 0 && e.Revision == 0 && e.Enrolment == nil &&
			e.Result == nil && e.Seed == "" && e.Digest == "" && e.Lease == nil && e.Kept == nil && e.Whole == nil && e.Map == nil && e.Calendar == nil
	}
	return false
}

func appendTaken(b []byte, t Taken) []byte {
	b = plain.AppendInt(plain.AppendList(b, 3), int64(t.Part))
	return plain.AppendInt(plain.AppendInt(b, int64(t.From)), int64(t.N))
}

func appendInt(b []byte, n int) []byte { return plain.AppendInt(b, int64(n)) }

// writePlain appends a plain entry to w; false, and nothing is written, where it is
// one for the library.
func writePlain(w *bytes.Buffer, e *Entry) bool {
	if !e.plain() {
		return false
	}
	p := plain.Map(w.AvailableBuffer())
	p.Always(1, uint64(e.Kind))
	p.Int(2, e.At)
	plain.Text(&p, 3, e.Device)
	p.Uint(4, e.DevSeq)
	p.Bytes(5, e.Chain)
	plain.Text(&p, 6, e.Member)
	plain.Text(&p, 7, e.Org)
	plain.Text(&p, 8, e.Activity)
	plain.Text(&p, 9, e.Pool)
	p.Int(10, int64(e.Seats))
	plain.List(&p, 11, e.Taken, appendTaken)
	p.Uint(12, uint64(e.Outcome))
	p.Uint(13, uint64(e.Code))
	p.Int(14, int64(e.Place))
	p.Uint(15, uint64(e.Ticket))
	plain.Text(&p, 16, e.Station)
	p.Int(17, int64(e.Epoch))
	p.Uint(18, uint64(e.Verdict))
	plain.Text(&p, 19, e.Word)
	p.Int(20, e.DeviceAt)
	p.Bool(21, e.Override)
	p.Bool(22, e.Out)
	plain.Text(&p, 23, e.Reason)
	plain.Text(&p, 24, e.By)
	p.Uint(25, uint64(e.Channel))
	plain.List(&p, 26, e.Parts, appendInt)
	p.Bool(27, e.Guest)
	p.Bool(28, e.Blocked)
	p.Uint(43, e.LeaseID)
	plain.Text(&p, 46, e.Authority)
	p.Uint(53, e.About)
	p.Bool(54, e.Handled)
	b, ok := p.End()
	w.Write(b)
	return ok
}

// reader reads the bytes of one entry.
type reader struct {
	plain.Eye
	held *[]byte // where bytes that are kept for long lie side by side
}

func (r *reader) taken() []Taken {
	all := make([]Taken, r.List())
	for i := range all {
		r.Row(3)
		all[i] = Taken{Part: r.Int(), From: r.Int(), N: r.Int()}
	}
	return all
}

// readPlain reads the plain entry at the front of b into e, which is empty; false
// where it is one for the library.
func (d *Decoder) readPlain(b []byte, e *Entry) (rest []byte, ok bool) {
	r := reader{plain.Eye{B: b, Names: d.names}, &d.held}
	r.Fields(54, func(key uint64) { r.field(key, e) })
	return r.B, !r.Doubt && e.Kind != 0
}

func (r *reader) field(key uint64, e *Entry) {
	switch key {
	case 1:
		e.Kind = EntryKind(r.Small(255))
	case 2:
		e.At = r.Int64()
	case 3:
		e.Device = id.Device(r.UTF8()) // of too many to remember
	case 4:
		e.DevSeq = r.Uint()
	case 5:
		e.Chain = bytes.Clone(r.Some())
	case 6:
		e.Member = id.Member(r.UTF8())
	case 7:
		e.Org = id.Org(r.Text())
	case 8:
		e.Activity = id.Activity(r.Text())
	case 9:
		e.Pool = id.Pool(r.Text())
	case 10:
		e.Seats = r.Int()
	case 11:
		e.Taken = r.taken()
	case 12:
		e.Outcome = Outcome(r.Small(255))
	case 13:
		e.Code = fault.Code(r.Small(255))
	case 14:
		e.Place = r.Int()
	case 15:
		e.Ticket = id.Ticket(r.Uint())
	case 16:
		e.Station = id.Station(r.Text())
	case 17:
		e.Epoch = r.Int()
	case 18:
		e.Verdict = fault.Verdict(r.Small(255))
	default:
		r.rarer(key, e)
	}
}

func (r *reader) rarer(key uint64, e *Entry) {
	switch key {
	case 19:
		e.Word = r.Text()
	case 20:
		e.DeviceAt = r.Int64()
	case 21:
		e.Override = r.True()
	case 22:
		e.Out = r.True()
	case 23:
		e.Reason = r.Text()
	case 24:
		e.By = r.Text()
	case 25:
		e.Channel = Channel(r.Small(255))
	case 26:
		e.Parts = make([]int, r.List())
		for i := range e.Parts {
			e.Parts[i] = r.Int()
		}
	case 27:
		e.Guest = r.True()
	case 28:
		e.Blocked = r.True()
	case 33:
		e.People = make([]member.Person, r.List())
		for i := range e.People {
			r.person(&e.People[i])
		}
	case 43:
		e.LeaseID = r.Uint()
	case 46:
		e.Authority = id.Device(r.Text())
	case 53:
		e.About = r.Uint()
	case 54:
		e.Handled = r.True()
	default:
		r.Doubt = true
	}
}

// person reads one of the people of an import, of which a city has millions.
func (r *reader) person(p *member.Person) {
	r.Fields(10, func(key uint64) {
		switch key {
		case 1:
			p.ID = id.Member(r.UTF8())
		case 2:
			p.Org = id.Org(r.Text())
		case 3:
			p.Sex = r.Text()
		case 4:
			p.Birth = r.Text()
		case 5:
			p.Tags = r.Texts()
		case 6:
			p.Children = r.Int()
		case 7:
			p.LivesIn = id.Org(r.Text())
		case 8:
			p.Barred = r.True()
		case 9:
			p.Digest = r.hold(r.Some())
		case 10:
			p.Sealed = r.hold(r.Some())
		}
	})
}

// hold copies bytes to behind others.
func (r *reader) hold(v []byte) []byte {
	if cap(*r.held)-len(*r.held) < len(v) {
		*r.held = make([]byte, 0, max(16<<10, len(v)))
	}
	n := len(*r.held)
	*r.held = append(*r.held, v...)
	return (*r.held)[n:len(*r.held):len(*r.held)]
}
