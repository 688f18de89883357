package arbiter

import (
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
	claims, held, code := []*quota.Claim(nil), 0, fault.Invalid
	for _, c := range r.s.ticketOf(o.Member, a, pool) {
		if c.Cancellable() != fault.None {
			continue
		}
		if r.bound(a, c) {
			code = fault.HeldElsewhere
			continue
		}
		claims, held = append(claims, c), held+c.Seats
	}
	seats := o.Seats
	if seats == 0 {
		seats = held
	}
	if held == 0 || seats > held {
		r.refuse(code)
		return
	}
	slices.Reverse(claims) // the newest go first
	r.release(a, claims, seats, false)
}

func (r *run) cancelOrg(a *act, o *op.Op) {
	var claims []*quota.Claim
	for _, c := range a.book.Claims {
		if c.State == op.ClaimGranted && r.s.orgs.Under(c.Org, o.Org) && (o.Pool == "" || a.Pools[c.Pool].ID == o.Pool) {
			claims = append(claims, c)
		}
	}
	slices.SortStableFunc(claims, func(x, y *quota.Claim) int { return int(int64(y.Granted) - int64(x.Granted)) })
	if i := slices.IndexFunc(claims, func(c *quota.Claim) bool { return r.bound(a, c) }); i >= 0 {
		r.refuse(fault.HeldElsewhere)
		return
	}
	if len(claims) == 0 || claims[0].Seats > o.Seats {
		r.refuse(fault.Invalid)
		return
	}
	r.release(a, claims, o.Seats, true)
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

// release ends claims until seats are given back; whole ends only whole tickets.
func (r *run) release(a *act, claims []*quota.Claim, seats int, whole bool) {
	given, pools := 0, map[int]bool{}
	for _, c := range claims {
		n := min(c.Seats, seats-given)
		if n == 0 || whole && n < c.Seats {
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
	a := r.s.activities[o.Activity]
	switch {
	case !r.s.may(r.from, o):
		r.refuse(fault.NotAuthorised)
		return
	case a == nil:
		r.refuse(fault.UnknownActivity)
		return
	case r.s.people[o.Member] == nil:
		r.refuse(fault.UnknownMember)
		return
	}
	_, offered := a.Station(o.Station)
	claims := slices.DeleteFunc(r.s.ticketOf(o.Member, a, -1), func(c *quota.Claim) bool { return c.State != op.ClaimGranted })
	if !offered || o.Station == "" || len(claims) == 0 {
		r.refuse(fault.Invalid)
		return
	}
	for _, c := range claims {
		if c.Station != o.Station && r.bound(a, c) {
			r.refuse(fault.HeldElsewhere)
			return
		}
	}
	for _, c := range claims {
		if c.Station != o.Station {
			r.emit(op.Entry{Kind: op.Moved, Ticket: c.Ticket, Member: c.Member, Activity: a.Spec.ID, Station: o.Station, Epoch: c.Epoch + 1})
		}
	}
	r.done(op.Result{Outcome: op.OK})
}
