package arbiter

import (
	"cmp"
	"slices"

	"yizhan/core/fault"
	"yizhan/core/op"
	"yizhan/core/quota"
)

// cancel gives back what a member holds or waits for, or whole tickets from the
// end of an organisation's grants.
func (r *run) cancel(o *op.Op) {
	a := r.s.activities[o.Activity]
	switch {
	case o.Seats < 0 || (o.Member == "") == (o.Org == "") || o.Org != "" && o.Seats == 0 || a != nil && o.Pool != "" && a.Pool(o.Pool) < 0:
		r.refuse(fault.Invalid)
	case !r.s.may(r.from, o):
		r.refuse(fault.NotAuthorised)
	case a == nil:
		r.refuse(fault.UnknownActivity)
	case o.Org != "":
		r.cancelOrg(a, o)
	case r.s.people[o.Member] == nil:
		r.refuse(fault.UnknownMember)
	default:
		r.cancelMember(a, o)
	}
}

func (r *run) cancelMember(a *act, o *op.Op) {
	pool := -1
	if o.Pool != "" {
		pool = a.Pool(o.Pool)
	}
	var claims []*quota.Claim
	held, elsewhere := 0, 0
	for _, c := range r.s.ticketOf(o.Member, a, pool) {
		if c.Cancellable() != fault.None {
			continue
		}
		if r.bound(a, c) {
			elsewhere += c.Seats
			continue
		}
		claims, held = append(claims, c), held+c.Seats
	}
	seats := o.Seats
	if seats == 0 {
		seats = max(held, 1) // all that can be given back
	}
	switch {
	case seats > held+elsewhere:
		r.refuse(fault.Invalid)
	case seats > held:
		r.refuse(fault.HeldElsewhere)
	default:
		slices.Reverse(claims) // the newest go first
		r.release(a, claims, seats)
	}
}

// cancelOrg ends whole tickets only. At most maxLines at once, so that the entries
// fit a journal batch; the answer says how many seats were given back.
func (r *run) cancelOrg(a *act, o *op.Op) {
	var claims []*quota.Claim
	for _, c := range a.book.Claims {
		if c.State == op.ClaimGranted && r.s.orgs.Under(c.Org, o.Org) && (o.Pool == "" || a.Pools[c.Pool].ID == o.Pool) {
			claims = append(claims, c)
		}
	}
	slices.SortFunc(claims, func(x, y *quota.Claim) int { return cmp.Compare(y.Granted, x.Granted) })
	n, seats := 0, 0
	for n < min(len(claims), maxLines) && claims[n].Seats <= o.Seats-seats {
		seats += claims[n].Seats
		n++
	}
	switch {
	case n == 0:
		r.refuse(fault.Invalid)
	case slices.ContainsFunc(claims[:n], func(c *quota.Claim) bool { return r.bound(a, c) }):
		r.refuse(fault.HeldElsewhere)
	default:
		r.release(a, claims[:n], seats)
	}
}

// bound reports whether a device at a station is the authority over a ticket: the
// seat may be in somebody's hand there already, so nothing here may free or move
// it. Until devices can acknowledge that they gave a ticket up, that device
// counts as out of reach.
func (r *run) bound(a *act, c *quota.Claim) bool {
	if !a.Binds() || c.State != op.ClaimGranted {
		return false
	}
	p := r.s.stations[c.Station]
	return p != nil && p.authority != ""
}

// release ends claims until seats are given back, the last of them in part.
func (r *run) release(a *act, claims []*quota.Claim, seats int) {
	given, pools := 0, map[int]bool{}
	for _, c := range claims {
		n := min(c.Seats, seats-given)
		if n == 0 {
			break
		}
		e := op.Entry{Kind: op.Released, Ticket: c.Ticket, Member: c.Member, Activity: a.Spec.ID, Pool: a.Pools[c.Pool].ID, Seats: n, Epoch: c.Epoch + 1}
		if c.State == op.ClaimGranted {
			e.Taken = quota.Last(c.Taken, n)
		}
		pools[c.Pool] = true
		given += n
		r.emit(e)
	}
	for pool := range a.Pools {
		if pools[pool] {
			r.walk(a, pool)
		}
	}
	r.done(op.Result{Outcome: op.OK, Seats: given})
}

// rebind moves a ticket to another place of hand-over.
func (r *run) rebind(o *op.Op) {
	a, offered := r.s.activities[o.Activity], true
	if a != nil {
		_, offered = a.Station(o.Station)
	}
	switch {
	case o.Member == "" || o.Station == "" || !offered:
		r.refuse(fault.Invalid)
	case !r.s.may(r.from, o):
		r.refuse(fault.NotAuthorised)
	case a == nil:
		r.refuse(fault.UnknownActivity)
	case r.s.people[o.Member] == nil:
		r.refuse(fault.UnknownMember)
	default:
		r.move(a, o)
	}
}

func (r *run) move(a *act, o *op.Op) {
	claims := slices.DeleteFunc(r.s.ticketOf(o.Member, a, -1), func(c *quota.Claim) bool { return c.State != op.ClaimGranted })
	if len(claims) == 0 {
		r.refuse(fault.Invalid)
		return
	}
	claims = slices.DeleteFunc(claims, func(c *quota.Claim) bool { return c.Station == o.Station })
	if slices.ContainsFunc(claims, func(c *quota.Claim) bool { return r.bound(a, c) }) {
		r.refuse(fault.HeldElsewhere)
		return
	}
	for _, c := range claims {
		r.emit(op.Entry{Kind: op.Moved, Ticket: c.Ticket, Member: c.Member, Activity: a.Spec.ID, Station: o.Station, Epoch: c.Epoch + 1})
	}
	r.done(op.Result{Outcome: op.OK})
}
