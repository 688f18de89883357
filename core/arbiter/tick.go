package arbiter

import (
	"slices"

	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/op"
)

// tick decides everything that is due at r.at. It is called once for each due
// moment, so that a lapse at noon is decided at noon's rules even when the
// server slept until one.
func (r *run) tick() {
	var now []due
	for _, d := range r.s.due {
		if d.at <= r.at {
			now = append(now, d)
		}
	}
	for _, d := range now {
		a := r.s.activities[d.act]
		switch d.kind {
		case dueReminder:
			r.remind(a, d.pool)
		case dueLapse:
			r.lapse(a)
		}
	}
	// Last, so that a tick cut in two by a crash is taken up again: what it did is not done twice.
	r.emit(op.Entry{Kind: op.Ticked})
}

func (r *run) remind(a *act, pool int) {
	seen := map[id.Member]bool{}
	for _, c := range a.book.Claims {
		if c.Pool == pool && r.s.claims[c.Ticket].reminded {
			seen[c.Member] = true
		}
	}
	for _, c := range a.book.Claims {
		if c.Pool == pool && c.State == op.ClaimGranted && !seen[c.Member] {
			seen[c.Member] = true
			r.emit(op.Entry{Kind: op.Reminded, Ticket: c.Ticket, Member: c.Member, Activity: a.Spec.ID, Pool: a.Pools[pool].ID})
		}
	}
}

// lapse ends what was not picked up. Returned seats go to the waiting.
func (r *run) lapse(a *act) {
	back := a.Spec.Unclaimed == activity.Return
	for _, c := range slices.Clone(a.book.Claims) {
		if c.State != op.ClaimGranted {
			continue
		}
		e := op.Entry{Kind: op.Lapsed, Ticket: c.Ticket, Member: c.Member, Activity: a.Spec.ID, Pool: a.Pools[c.Pool].ID, Seats: c.Seats}
		if back {
			e.Taken = c.Taken
		}
		r.emit(e)
	}
	if back {
		for pool := range a.Pools {
			r.walk(a, pool)
		}
	}
}

// pass forgets the moments that time has reached.
func (s *State) pass(at int64) {
	n := 0
	for n < len(s.due) && s.due[n].at <= at {
		n++
	}
	s.due = slices.Delete(s.due, 0, n)
}

// plan notes the moments of an activity that lie after now.
func (s *State) plan(a *act, now int64) {
	s.due = slices.DeleteFunc(s.due, func(d due) bool { return d.act == a.Spec.ID })
	add := func(at int64, k dueKind, pool int) {
		if at > now {
			s.due = append(s.due, due{at, k, a.Spec.ID, pool})
		}
	}
	add(a.Activity.Pickup.To, dueLapse, 0)
	for i := range a.Pools {
		add(a.ReminderAt(i), dueReminder, i)
	}
	slices.SortStableFunc(s.due, func(x, y due) int { return int(x.at - y.at) })
}
