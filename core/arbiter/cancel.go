package arbiter

import (
	"cmp"
	"slices"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/quota"
)

// cancel gives back what a member holds or waits for, or whole tickets from the
// end of an organisation's grants. What a station gave up for it and did not go
// is bound there again.
func (r *run) cancel(o *op.Op) {
	r.giveBack(o)
	if r.s.may(r.from, o) {
		r.bindBack(r.s.about(o))
	}
}

func (r *run) giveBack(o *op.Op) {
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
	free, kept := r.s.givable(a, o, r.from.Device)
	held, elsewhere := seatsOf(free), seatsOf(kept)
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
		r.release(a, free, seats)
	}
}

// givable are the claims of a member that can be given back, newest first: free
// ones, and those kept by a device at a station.
func (s *State) givable(a *act, o *op.Op, from id.Device) (free, kept []*quota.Claim) {
	pool := -1
	if o.Pool != "" {
		pool = a.Pool(o.Pool)
	}
	claims := s.ticketOf(o.Member, a, pool)
	slices.Reverse(claims)
	for _, c := range claims {
		switch {
		case c.Cancellable() != fault.None:
		case s.bound(c, from):
			kept = append(kept, c)
		default:
			free = append(free, c)
		}
	}
	return free, kept
}

// missing are the kept claims that a member has to get back to cancel so many seats.
func (s *State) missing(a *act, o *op.Op, from id.Device) []*quota.Claim {
	free, kept := s.givable(a, o, from)
	if o.Seats == 0 {
		return kept
	}
	need, n := o.Seats-seatsOf(free), 0
	for n < len(kept) && need > 0 {
		need -= kept[n].Seats
		n++
	}
	if need > 0 {
		return nil // it will be refused
	}
	return kept[:n]
}

func seatsOf(claims []*quota.Claim) (n int) {
	for _, c := range claims {
		n += c.Seats
	}
	return n
}

// cancelOrg ends whole tickets only. At most maxLines at once, so that the entries
// fit a journal batch; the answer says how many seats were given back.
func (r *run) cancelOrg(a *act, o *op.Op) {
	claims, seats := r.s.lastGrants(a, o)
	switch {
	case len(claims) == 0:
		r.refuse(fault.Invalid)
	case slices.ContainsFunc(claims, func(c *quota.Claim) bool { return r.s.bound(c, r.from.Device) }):
		r.refuse(fault.HeldElsewhere)
	default:
		r.release(a, claims, seats)
	}
}

// lastGrants are the whole tickets from the end of an organisation's grants that
// fit into the seats of the op.
func (s *State) lastGrants(a *act, o *op.Op) (claims []*quota.Claim, seats int) {
	for _, c := range a.book.Claims {
		if c.State == op.ClaimGranted && s.orgs.Under(c.Org, o.Org) && (o.Pool == "" || a.Pools[c.Pool].ID == o.Pool) {
			claims = append(claims, c)
		}
	}
	slices.SortFunc(claims, func(x, y *quota.Claim) int { return cmp.Compare(y.Granted, x.Granted) })
	n := 0
	for n < min(len(claims), maxLines) && claims[n].Seats <= o.Seats-seats {
		seats += claims[n].Seats
		n++
	}
	return claims[:n], seats
}

// release ends claims until seats are given back, the last of them in part.
func (r *run) release(a *act, claims []*quota.Claim, seats int) {
	r.done(op.Result{Outcome: op.OK, Seats: r.free(a, claims, seats)})
}

// free ends claims as release does, inside of an op that does more.
func (r *run) free(a *act, claims []*quota.Claim, seats int) (given int) {
	pools := map[int]bool{}
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
	return given
}

// rebind moves a ticket to another place of hand-over.
func (r *run) rebind(o *op.Op) {
	r.moveTo(o)
	if r.s.may(r.from, o) {
		r.bindBack(r.s.about(o))
	}
}

func (r *run) moveTo(o *op.Op) {
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
	if !slices.ContainsFunc(r.s.ticketOf(o.Member, a, -1), func(c *quota.Claim) bool { return c.State == op.ClaimGranted }) {
		r.refuse(fault.Invalid)
		return
	}
	claims := r.s.movable(a, o)
	if slices.ContainsFunc(claims, func(c *quota.Claim) bool { return r.s.bound(c, r.from.Device) }) {
		r.refuse(fault.HeldElsewhere)
		return
	}
	for _, c := range claims {
		r.emit(op.Entry{Kind: op.Moved, Ticket: c.Ticket, Member: c.Member, Activity: a.Spec.ID, Station: o.Station, Epoch: c.Epoch + 1})
	}
	r.done(op.Result{Outcome: op.OK})
}

// movable are the granted claims of a member that are not where they shall be.
func (s *State) movable(a *act, o *op.Op) []*quota.Claim {
	return slices.DeleteFunc(s.ticketOf(o.Member, a, -1), func(c *quota.Claim) bool { return c.State != op.ClaimGranted || c.Station == o.Station })
}
