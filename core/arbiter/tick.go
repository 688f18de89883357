package arbiter

import (
	"cmp"
	"slices"

	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/quota"
)

// tick decides everything that is due at r.at. It is called once for each due
// moment, so that a lapse at noon is decided at noon's rules even when the
// server slept until one.
func (r *run) tick() {
	var now []due
	for _, d := range r.s.due {
		if d.at <= r.at && !r.s.delayed(d) {
			now = append(now, d)
		}
	}
	for _, d := range now {
		a := r.s.activities[d.act]
		switch d.kind {
		case dueReminder:
			r.remind(a, d.pool)
		case dueLapse:
			r.lapse(a, func(c *quota.Claim) bool { return !a.fresh(c) })
		case dueLateLapse:
			r.lapse(a, func(c *quota.Claim) bool { return c.Lease == d.lease })
		case dueSettle:
			r.settle(a)
		case dueLeaseEnd:
			r.expire(r.s.leases[d.lease])
		case dueLeaseVoid:
			r.void(r.s.leases[d.lease])
		case dueBindAgain:
			r.bindBack(func(c *held) bool { return c.givenUp+bindAgain <= r.at })
		}
	}
	// Last, so that a tick cut in two by a crash is taken up again: what it did is not done twice.
	r.emit(op.Entry{Kind: op.Ticked})
}

func (r *run) remind(a *act, pool int) {
	seen := map[id.Member]bool{}
	for _, c := range a.book.Claims {
		if c.Pool == pool && r.s.claims.of(c.Ticket).reminded {
			seen[c.Member] = true
		}
	}
	for _, c := range a.book.Claims {
		if c.Pool == pool && c.State == op.ClaimGranted && !seen[c.Member] && !a.fresh(c) {
			seen[c.Member] = true
			r.emit(op.Entry{Kind: op.Reminded, Ticket: c.Ticket, Member: c.Member, Activity: a.Spec.ID, Pool: a.Pools[pool].ID})
		}
	}
}

// fresh reports whether a claim was promoted by the very lapse that is under way.
func (a *act) fresh(c *quota.Claim) bool { return a.lapsing != 0 && c.Granted > a.lapsing }

// lapse ends what was not picked up. Returned seats go to the waiting. Where a
// crash cut it in two, those who were promoted meanwhile keep their seats.
func (r *run) lapse(a *act, late func(*quota.Claim) bool) {
	for _, c := range slices.Clone(a.book.Claims) {
		if c.State == op.ClaimGranted && late(c) {
			r.lapseOne(a, c)
		}
	}
	if a.Spec.Unclaimed == activity.Return {
		for pool := range a.Pools {
			r.walk(a, pool)
		}
	}
}

// lapseOne ends one claim. A bound seat returns only once its station has said
// that it was not handed over.
func (r *run) lapseOne(a *act, c *quota.Claim) {
	e := op.Entry{Kind: op.Lapsed, Ticket: c.Ticket, Member: c.Member, Activity: a.Spec.ID, Pool: a.Pools[c.Pool].ID, Seats: c.Seats}
	switch {
	case a.Spec.Unclaimed != activity.Return:
	case r.s.bound(c, ""):
		e.Outcome = op.Pending
	default:
		e.Taken = quota.Last(c.Taken, c.Seats)
	}
	r.emit(e)
}

// settle finishes what a crash may have cut in two: a draw, or the walk of the
// lines after a revision. Where nothing was cut it finds nothing to do.
func (r *run) settle(a *act) {
	if a.drawn {
		r.allot(a, a.seed, new(op.Result))
	}
	for pool := range a.Pools {
		r.walk(a, pool)
	}
}

// pass forgets the moments that time has reached.
func (s *State) pass(at int64) {
	s.due = slices.DeleteFunc(s.due, func(d due) bool {
		over := d.at <= at && !s.delayed(d)
		if over && d.kind == dueLapse {
			s.activities[d.act].lapsing = 0
		}
		return over
	})
}

// overdue reports whether the lapse of an activity is due and not passed: it is under
// way, or waits for staff after a restore.
func (s *State) overdue(a *act, now int64) bool {
	return slices.ContainsFunc(s.due, func(d due) bool { return d.kind == dueLapse && d.at <= now && d.act == a.Spec.ID })
}

// plan notes the moments of an activity that lie after now. A lapse that a
// revision moves into the past is due at once; one that was decided stays decided.
func (s *State) plan(a *act, now int64) {
	awaited := slices.ContainsFunc(s.due, func(d due) bool { return d.act == a.Spec.ID && d.kind == dueLapse })
	s.due = slices.DeleteFunc(s.due, func(d due) bool { return d.act == a.Spec.ID && (d.kind == dueLapse || d.kind == dueReminder) })
	if at := a.Activity.Pickup.To; at > now || awaited && at != 0 {
		s.await(due{at: at, kind: dueLapse, act: a.Spec.ID})
	}
	if !s.overdue(a, now) {
		a.lapsing = 0 // whoever was promoted by the lapse that is put off has until the new one
	}
	for i := range a.Pools {
		if at := a.ReminderAt(i); at > now {
			s.await(due{at: at, kind: dueReminder, act: a.Spec.ID, pool: i})
		}
	}
}

// await notes a moment, once.
func (s *State) await(d due) {
	if i, found := slices.BinarySearchFunc(s.due, d, due.compare); !found {
		s.due = slices.Insert(s.due, i, d)
	}
}

func (d due) compare(e due) int {
	return cmp.Or(cmp.Compare(d.at, e.at), cmp.Compare(d.kind, e.kind), cmp.Compare(d.act, e.act), cmp.Compare(d.pool, e.pool), cmp.Compare(d.lease, e.lease))
}
