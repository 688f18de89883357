package arbiter

import (
	"fmt"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/quota"
	"yizhan/core/seal"
	"yizhan/core/ticket"
)

// early is what happened to a ticket of a lease before its grant was reported.
// Fields are exported for the digest.
type early struct {
	Redeemed, CheckedIn, Inside bool
	Taken                       []op.Taken // serials that the ticket seems to hold
}

// report records what a device decided from its lease. It was the authority, so a
// grant is a fact; what does not agree with the record becomes one incident.
func (r *run) report(o *op.Op) {
	e := r.begin()
	*e = op.Entry{Kind: op.Claimed, Outcome: op.Refused, Member: o.Member, Activity: o.Activity, Pool: o.Pool, Seats: o.Seats, LeaseID: o.Lease,
		Channel: o.Channel, By: o.EnteredBy, DeviceAt: o.At}
	if p := r.s.people[o.Member]; p != nil {
		e.Org = p.Org
	}
	if o.Seats < 1 || o.Seats > quota.MaxSeats {
		e.Seats = 0 // a number that means nothing is not kept
	}
	l := r.leaseOf(o)
	var word string
	var other id.Ticket
	switch {
	case l == nil || o.Activity != l.Activity || l.act.Pool(o.Pool) != l.Pool:
		e.Code, word = fault.Invalid, "foreign_lease"
	case o.Outcome == op.Refused && o.Code != fault.None:
		e.Code = o.Code
	case o.Outcome != op.Granted:
		e.Code = fault.Invalid
	default:
		word, other = r.judge(e, o, l)
	}
	r.sign(e)
	r.apply(e)
	claimed := *e // what follows may move the entries
	if word != "" {
		r.emit(op.Entry{Kind: op.IncidentMade, Device: r.from.Device, Ticket: other, Member: o.Member, Activity: claimed.Activity, Pool: claimed.Pool,
			LeaseID: o.Lease, Taken: claimed.Taken, Word: word, DeviceAt: o.At, By: o.EnteredBy})
	}
	r.threshold(&claimed)
}

// judge completes the entry of a grant. word names what is wrong, and ticket the
// one that staff have to look at.
func (r *run) judge(e *op.Entry, o *op.Op, l *lease) (word string, ticket id.Ticket) {
	e.Code = fault.Invalid
	if _, ok := quota.Within(l.Taken, o.Taken); !ok || len(o.Taken) == 0 || len(o.Taken) > maxLines || quota.Sum(o.Taken) != e.Seats ||
		o.Ticket != id.LeaseTicket(l.ID, o.Taken[0].From) {
		return "foreign_serials", o.Ticket
	}
	k := r.s.asker(l.act, o.Member, r.at)
	if k == nil {
		e.Code = fault.UnknownMember
		return "granted_unknown_member", o.Ticket
	}
	if _, ok := quota.Within(l.Rest, o.Taken); !ok {
		if first := l.UsedBy(o.Taken); first != 0 {
			return "serial_granted_twice", first // two copies of one device have granted
		}
		e.Code = fault.LeaseExpired
		return "granted_void", o.Ticket
	}
	e.Outcome, e.Code, e.Ticket, e.Taken, e.Guest = op.Granted, fault.None, o.Ticket, o.Taken, k.Guest
	e.Pool, e.Station = l.act.Pools[l.Pool].ID, r.s.placeOf(l, o.Station)
	if word = r.s.excess(e, l, k); word != "" {
		e.Blocked = true
	}
	return word, o.Ticket
}

// placeOf is where a ticket is handed over. A revision may have taken away the
// place that the device had in mind; the ticket still names it.
func (s *State) placeOf(l *lease, asked id.Station) id.Station {
	if st, ok := l.act.Station(asked); ok {
		return st
	}
	if s.stations[asked] != nil {
		return asked
	}
	return ""
}

// excess names the rule that a grant breaks which its device could not see, "" for none.
func (s *State) excess(e *op.Entry, l *lease, k *asker) string {
	book := l.act.book
	f := quota.Facts{Seats: e.Seats, HasChild: k.person.children > 0}
	book.FillFor(&f, k.holding, e.Member, e.Org, l.Pool, nil, false)
	named := len(l.Members) == 0
	for _, m := range l.Members {
		named = named || m.Member == e.Member
	}
	capped := book.Rules.Capped(f)
	switch {
	case !named:
		return "granted_outside_lease"
	case capped != fault.None:
		return overLimit(capped)
	case k.Guest && book.Ceiling != nil && book.Guests[l.Pool]+e.Seats > book.Ceiling[l.Pool]:
		return "over_guest_share"
	}
	return ""
}

// overLimit is the word of the incident that somebody has more than a limit allows.
func overLimit(code fault.Code) string { return "over_" + code.String() }

func (s *State) applyReport(c *held, at int64) error {
	l := s.leases[c.Lease]
	if l == nil || l.act != c.act {
		return fmt.Errorf("activity %s has no lease %d", c.act.Spec.ID, c.Lease)
	}
	if err := c.act.book.Report(&c.Claim, &l.Lease); err != nil {
		return err
	}
	if x := s.early[c.Ticket]; x != nil {
		c.checkedIn, c.inside = x.CheckedIn, x.Inside
		if x.Redeemed {
			c.State = op.ClaimRedeemed
		}
		delete(s.early, c.Ticket)
	}
	if over := c.act.Activity.Pickup.To; c.State == op.ClaimGranted && over != 0 && over <= at {
		s.await(due{at: at, kind: dueLateLapse, act: l.Activity, lease: l.ID})
	}
	return nil
}

// granted opens the ticket that a device saw, by the record of its lease and the
// key of its holder: nobody else can have made it. ok is false where the device
// shows none, or another one.
func (s *State) granted(o *op.Op, l *lease) (t ticket.Ticket, ok bool) {
	holder := s.devices[l.Device]
	if holder == nil || len(o.Shown) == 0 {
		return t, false
	}
	key, err := seal.ParsePublic(seal.EdDSA, holder.PublicKey)
	if err != nil {
		return t, false
	}
	c := ticket.Certificate{Lease: l.ID, Device: key, Activity: l.act.number, Pool: l.Pool, Policy: l.Policy}
	for _, x := range l.Taken {
		c.Ranges = append(c.Ranges, ticket.Range{From: x.From, N: x.N})
	}
	t, err = c.OpenGranted(o.Shown)
	return t, err == nil && t.ID == o.Ticket
}

// early records what happened at a counter or door to a ticket whose grant was
// not reported yet; false if the ticket is of no lease, or void. Without the ticket
// itself any device could hand over what no device has granted: then the ticket
// stays as it was, and staff look at it.
func (r *run) early(o *op.Op) bool {
	number, serial, _ := o.Ticket.Lease()
	l := r.s.leases[number]
	if l == nil || len(quota.From(l.Rest, serial, 1)) == 0 {
		return false
	}
	shown, ok := r.s.granted(o, l)
	if !ok {
		r.finish(r.scanned(o, fault.Unknown))
		r.incident(o, unproven[o.Kind], fault.Unknown)
		return true
	}
	taken := quota.From(l.Rest, serial, shown.Seats)
	e := op.Entry{Kind: op.Redeemed, Ticket: o.Ticket, LeaseID: l.ID, Activity: l.Activity, Pool: l.act.Pools[l.Pool].ID, Station: o.Station, Seats: quota.Sum(taken),
		Taken: taken, DeviceAt: o.At, Override: o.Override, Reason: o.Reason, By: o.EnteredBy, Verdict: fault.Valid}
	if o.Kind == op.CheckIn {
		e.Kind, e.Out, e.Station = op.CheckedIn, o.Out, ""
	} else {
		e.Epoch = o.Epoch
	}
	before := early{}
	if x := r.s.early[o.Ticket]; x != nil {
		before = *x
	}
	if o.Kind == op.Redeem && before.Redeemed {
		r.finish(r.scanned(o, fault.AlreadyRedeemed))
		r.incident(o, handedOver(fault.AlreadyRedeemed), fault.AlreadyRedeemed)
		return true
	}
	r.finish(e)
	switch {
	case o.Override && o.Verdict != fault.Valid:
		r.incident(o, r.overrideWord(), o.Verdict)
	case o.Kind == op.CheckIn && !o.Out && before.Inside:
		r.incident(o, "checked_in_twice", fault.AlreadyRedeemed)
	}
	return true
}

// unproven are the words of incidents about tickets that no device has granted as
// far as anybody can show.
var unproven = map[op.Kind]string{op.Redeem: "handed_over_unproven", op.CheckIn: "checked_in_unproven"}

func (s *State) applyEarly(e *op.Entry) error {
	if s.leases[e.LeaseID] == nil {
		return fmt.Errorf("there is no lease %d", e.LeaseID)
	}
	x := s.early[e.Ticket]
	if x == nil {
		x = &early{Taken: e.Taken}
		s.early[e.Ticket] = x
	}
	switch e.Kind {
	case op.Redeemed:
		x.Redeemed = true
	case op.CheckedIn:
		x.CheckedIn, x.Inside = x.CheckedIn || !e.Out, !e.Out
	default:
		return fmt.Errorf("ticket %d was not reported yet", e.Ticket)
	}
	return nil
}
