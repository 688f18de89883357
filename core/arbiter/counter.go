package arbiter

import (
	"slices"

	"yizhan/core/fault"
	"yizhan/core/handover"
	"yizhan/core/op"
)

// redeem records what a device decided at its counter. Where the device was the
// authority, its hand-over is a fact; what does not agree with the record
// becomes an incident for staff, never a refusal after the event. Where it asks,
// nothing has been handed over, and what does not agree is refused.
func (r *run) redeem(o *op.Op) {
	if !r.s.may(r.from, o) {
		r.finish(r.scanned(o, fault.VerdictDeviceRevoked))
		return
	}
	if o.Verdict == fault.NoVerdict && !o.Undo {
		r.refuse(fault.Invalid)
		return
	}
	c := r.s.claims.of(o.Ticket)
	if o.Undo {
		r.undo(o, c)
		return
	}
	verdict := r.judged(o)
	handed := verdict == fault.Valid || r.overridden(o, c)
	if handed && c == nil && r.early(o) {
		return
	}
	if !handed || c == nil {
		v := verdict
		if handed {
			v = fault.Unknown
		}
		r.finish(r.scanned(o, v))
		if handed && !r.asked(o) {
			r.incident(o, "handed_over_unknown", v)
		}
		return
	}
	truth := r.counterVerdict(o, c)
	if r.asked(o) && truth != fault.Valid {
		r.finish(r.scanned(o, truth))
		return
	}
	if truth == fault.AlreadyRedeemed || truth == fault.Cancelled || truth == fault.NotApproved {
		// Nothing is left to hand over: the first journalled hand-over counts.
		r.finish(r.scanned(o, truth))
		r.incident(o, handedOver(truth), truth)
		return
	}
	e := op.Entry{Kind: op.Redeemed, Ticket: o.Ticket, Member: c.Member, Activity: c.act.Spec.ID, Pool: c.act.Pools[c.Pool].ID, Station: o.Station,
		Seats: c.Seats, Epoch: o.Epoch, DeviceAt: o.At, Override: o.Override, Reason: o.Reason, By: o.EnteredBy, Verdict: fault.Valid}
	r.finish(e)
	switch {
	case o.Override && o.Verdict != fault.Valid:
		r.incident(o, r.overrideWord(), o.Verdict)
	case truth != fault.Valid:
		r.incident(o, handedOver(truth), truth)
	}
}

// handedOver is the word of the incident that something was handed over against a verdict.
func handedOver(truth fault.Verdict) string { return "handed_over_" + truth.String() }

// judged is what was decided at the counter: by the hub of the device, if it has
// one that decided, for then the device itself only asked.
func (r *run) judged(o *op.Op) fault.Verdict {
	if r.from.Judged != fault.NoVerdict {
		return r.from.Judged
	}
	return o.Verdict
}

// asked reports whether nothing is handed over before this op is answered.
func (r *run) asked(o *op.Op) bool {
	return o.Asked && !o.Override && r.from.Judged == fault.NoVerdict
}

// overridden reports whether somebody handed over against the verdict. Where the
// device only asked, because no place is bound or its hub decides, that takes a
// supervisor's device; the authority itself reports a fact, whoever it was.
func (r *run) overridden(o *op.Op, c *held) bool {
	d := r.s.devices[r.from.Device]
	if !o.Override || d == nil || d.Supervisor || c == nil {
		return o.Override
	}
	return r.from.Judged == fault.NoVerdict && c.act.Binds() && c.Station != "" && r.s.handsOver(d, c)
}

// overrideWord tells an override by a supervisor's device from any other.
func (r *run) overrideWord() string {
	if d := r.s.devices[r.from.Device]; d != nil && d.Supervisor {
		return op.Overridden
	}
	return op.OverrideUnentitled
}

// undo takes a hand-over back that was the device's last op before this one: what
// anybody did on top of it cannot be taken back.
func (r *run) undo(o *op.Op, c *held) {
	d := r.s.devices[r.from.Device]
	if n := len(d.results); c == nil || c.State != op.ClaimRedeemed || n == 0 || d.results[n-1].seq != c.redeemed {
		r.refuse(fault.Invalid)
		return
	}
	a := c.act
	r.finish(op.Entry{Kind: op.Undone, Ticket: o.Ticket, Member: c.Member, Activity: a.Spec.ID, Pool: a.Pools[c.Pool].ID, Epoch: c.Epoch,
		Outcome: op.OK, Station: o.Station, DeviceAt: o.At, By: o.EnteredBy, Reason: o.Reason})
	if to := a.Activity.Pickup.To; to != 0 && r.at >= to {
		r.lapseOne(a, &c.Claim)
	}
}

// counterVerdict is what the record says about a hand-over that is reported now,
// by the rule of the counters. What is left to hand over comes first. Times are
// not judged again: the device did that by its own clock, and a hand-over before a
// lapse wins.
func (r *run) counterVerdict(o *op.Op, c *held) fault.Verdict {
	f := handover.Facts{Activity: true, Binding: handover.BoundHere, State: timeless(c)}
	if v := handover.Verdict(f); v != fault.Valid {
		return v
	}
	f.Blocked, f.GivenUp = c.Blocked || c.doubt, o.Epoch != c.Epoch || c.givenUp != 0
	if d := r.s.devices[r.from.Device]; d != nil && !r.s.handsOver(d, c) {
		f.Binding = handover.BoundElsewhere
	}
	return handover.Verdict(f)
}

// timeless is the state of a claim without the passing of time.
func timeless(c *held) op.ClaimState {
	if c.State == op.ClaimLapsed {
		return op.ClaimGranted
	}
	return c.State
}

// handsOver reports whether a device is the right place for a ticket: the one
// authority of its station where it is bound, else any of the activity's stations,
// anywhere if the activity names none.
func (s *State) handsOver(d *device, c *held) bool {
	if p := s.stations[c.Station]; c.act.Binds() && p != nil { // a ticket from before the activity named places has none
		return d.Station == c.Station && (p.authority == d.Device || d.Upstream != "" && p.authority == d.Upstream)
	}
	return c.act.Spec.Pickup == nil || slices.Contains(c.act.Spec.Pickup.Stations, d.Station)
}

func (r *run) scanned(o *op.Op, v fault.Verdict) op.Entry {
	e := op.Entry{Kind: op.Scanned, Ticket: o.Ticket, Activity: o.Activity, Station: o.Station, Verdict: v, DeviceAt: o.At, By: o.EnteredBy, Word: o.Scanned}
	if c := r.s.claims.of(o.Ticket); c != nil {
		e.Member = c.Member
	}
	return e
}

func (r *run) incident(o *op.Op, word string, v fault.Verdict) {
	e := op.Entry{Kind: op.IncidentMade, Device: r.from.Device, Ticket: o.Ticket, Activity: o.Activity, Station: o.Station, Word: word, Verdict: v, DeviceAt: o.At, By: o.EnteredBy, Reason: o.Reason}
	r.emit(e)
}

// checkIn records who went through a door. It does not redeem. Whoever was let
// in is in: a provisional ticket opens a door, and so does a supervisor.
func (r *run) checkIn(o *op.Op) {
	c := r.s.claims.of(o.Ticket)
	verdict := r.judged(o)
	entered := verdict == fault.Valid || verdict == fault.Provisional || o.Override
	switch {
	case o.Verdict == fault.NoVerdict:
		r.refuse(fault.Invalid)
		return
	case !r.s.may(r.from, o):
		r.finish(r.scanned(o, fault.VerdictDeviceRevoked))
		return
	case !entered:
		r.finish(r.scanned(o, verdict))
		return
	case c == nil && r.early(o):
		return
	case c == nil:
		r.finish(r.scanned(o, fault.Unknown))
		r.incident(o, "checked_in_unknown", fault.Unknown)
		return
	}
	truth, word := r.doorVerdict(o, c)
	r.finish(op.Entry{Kind: op.CheckedIn, Ticket: o.Ticket, Member: c.Member, Activity: c.act.Spec.ID, Pool: c.act.Pools[c.Pool].ID, Seats: c.Seats,
		Out: o.Out, DeviceAt: o.At, By: o.EnteredBy, Reason: o.Reason, Verdict: fault.Valid, Override: o.Override, Word: word})
	switch {
	case o.Override && o.Verdict != fault.Valid:
		r.incident(o, r.overrideWord(), o.Verdict)
	case truth != fault.Valid:
		r.incident(o, checkedIn[truth], truth)
	}
}

// checkedIn are the words of incidents at a door.
var checkedIn = map[fault.Verdict]string{fault.AlreadyRedeemed: "checked_in_twice", fault.ReEntryRefused: "checked_in_again",
	fault.Cancelled: "checked_in_cancelled", fault.NotApproved: "checked_in_not_approved", fault.Blocked: "checked_in_blocked"}

// doorVerdict is what the record says about a check-in that is reported now; word
// marks one that was reported after a newer one.
func (r *run) doorVerdict(o *op.Op, c *held) (truth fault.Verdict, word string) {
	f := handover.Facts{Activity: true, State: timeless(c), Used: c.inside, Blocked: c.Blocked}
	if f.Left = c.act.OneEntry && c.checkedIn && !c.inside; o.At < c.doorAt {
		// Twice inside, unless the holder went out in between.
		f.Used, f.Left, word = o.At >= c.left, false, op.LateCheckIn
	}
	return handover.DoorVerdict(f, o.Out), word
}
