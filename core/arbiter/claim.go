package arbiter

import (
	"time"

	"yizhan/core/activity"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/quota"
)

func (r *run) claim(o *op.Op) {
	e := r.begin()
	r.s.decide(e, o, op.Line{Member: o.Member, Seats: o.Seats}, r.at, r.s.may(r.from, o))
	e.Channel, e.By, e.DeviceAt = o.Channel, o.EnteredBy, o.At
	r.sign(e)
	r.apply(e)
	r.threshold(e)
}

// decide answers one claim, into an entry, without changing anything but what the
// state remembers about the asker.
func (s *State) decide(e *op.Entry, o *op.Op, line op.Line, at int64, allowed bool) {
	e.Kind, e.Outcome, e.Member, e.Activity, e.Pool, e.Seats = op.Claimed, op.Refused, line.Member, o.Activity, o.Pool, line.Seats
	a, k := s.activities[o.Activity], (*asker)(nil)
	pool, station, placed := -1, o.Station, true
	if a != nil {
		pool = a.Pool(o.Pool)
		station, placed = a.Station(o.Station)
		k = s.asker(a, line.Member, at)
	}
	if k != nil {
		e.Org = k.person.Org
	}
	switch {
	case line.Seats < 1 || line.Seats > quota.MaxSeats:
		e.Code, e.Seats = fault.Invalid, 0 // a number that means nothing is not kept
	case a != nil && (pool < 0 || !placed):
		e.Code = fault.Invalid
	case !allowed:
		e.Code = fault.NotAuthorised
	case a == nil:
		e.Code = fault.UnknownActivity
	case k == nil:
		e.Code = fault.UnknownMember
	case k.person.Barred:
		e.Code = fault.Barred
	default:
		s.weigh(e, a, k, pool, at)
	}
	if e.Outcome != op.Refused {
		e.Pool, e.Station = a.Pools[pool].ID, station
	}
}

// weigh asks the quota rules and writes their answer into the entry.
func (s *State) weigh(e *op.Entry, a *act, k *asker, pool int, at int64) {
	f := &s.scratch
	*f = quota.Facts{Seats: e.Seats, Eligible: k.eligible, HasChild: k.person.Children > 0, Held: f.Held,
		Early:   a.Activity.Claim.Before(at),
		Late:    a.Activity.Claim.After(at) || a.drawn && a.Spec.Method == activity.ByDraw || a.Pools[pool].Ends != 0 && at >= a.Pools[pool].Ends,
		Horizon: a.InHorizon(pool, at)}
	a.book.FillFor(f, k.holding, k.person.ID, k.person.Org, pool, k.parts, k.guest)
	answer := a.book.Rules.Decide(*f)
	e.Outcome, e.Code, e.Guest = answer.Outcome, answer.Code, k.guest
	switch answer.Outcome {
	case op.Granted:
		e.Seats, e.Taken = answer.Seats, a.book.Pools[pool].Pick(k.parts, answer.Seats)
	case op.Waitlisted:
		e.Parts, e.Place = k.parts, len(a.book.Lines[pool])+1
	case op.Entered:
		e.Parts = k.parts
	}
}

// asker asks the activity's rules about a member, or remembers what they said;
// nil if there is no such member.
func (s *State) asker(a *act, m id.Member, at int64) *asker {
	k := a.askers[m]
	day := 0
	if a.dated {
		t := time.UnixMilli(at).In(s.zone)
		day = t.Year()*1000 + t.YearDay()
	}
	if k != nil && k.treeAge == s.treeAge && k.day == day {
		return k
	}
	p := s.people[m]
	if p == nil {
		return nil
	}
	k = &asker{person: p, treeAge: s.treeAge, day: day, holding: a.book.Members[m]}
	a.askers[m] = k
	today := time.UnixMilli(at).In(s.zone)
	// A rule that fails on a person (its cost limit) refuses that person and nobody else.
	var err error
	if k.eligible, err = a.Audience.Match(*p, s.orgs, today); err != nil {
		k.eligible = false
	}
	if a.Guests != nil {
		k.guest, err = a.Guests.Match(*p, s.orgs, today)
		k.eligible = k.eligible && err == nil
	}
	if k.parts, err = a.Parts(*p, s.orgs, today); err != nil {
		k.eligible = false
	}
	return k
}

// dated reports whether a rule of an activity says something else on another day.
func dated(a *activity.Activity) bool {
	if a.Audience.Dated() || a.Guests != nil && a.Guests.Dated() {
		return true
	}
	for _, r := range a.Aside {
		if r.Dated() {
			return true
		}
	}
	return false
}

// threshold makes the task for staff when one more person is one too many.
func (r *run) threshold(e *op.Entry) (tasks []string) {
	if e.Outcome == op.Refused || r.err != nil {
		return nil
	}
	a := r.s.activities[e.Activity]
	for _, t := range a.Spec.Thresholds {
		if a.book.Orgs[e.Org].Persons > t.PersonsOver && !a.tasked[task{e.Org, t.Task}] {
			tasks = append(tasks, t.Task)
		}
	}
	for _, t := range tasks {
		r.emit(op.Entry{Kind: op.TaskMade, Org: e.Org, Activity: e.Activity, Word: t})
	}
	return tasks
}

func (r *run) groupClaim(o *op.Op) {
	if len(o.Lines) == 0 || len(o.Lines) > maxLines {
		r.refuse(fault.Invalid)
		return
	}
	if !r.s.may(r.from, o) {
		r.done(op.Result{Outcome: op.OK, Refused: map[fault.Code]int{fault.NotAuthorised: asked(o.Lines...)}})
		return
	}
	result := op.Result{Outcome: op.OK, Refused: map[fault.Code]int{}}
	for _, line := range o.Lines {
		p := r.s.people[line.Member]
		last := r.begin()
		r.s.decide(last, o, line, r.at, p == nil || r.s.orgs.Under(p.Org, o.Org))
		last.Channel, last.By = o.Channel, o.EnteredBy
		r.apply(last)
		e := *last // what follows may move the entries
		switch e.Outcome {
		case op.Granted:
			result.Granted += e.Seats
			if cut := line.Seats - e.Seats; cut > 0 {
				result.Refused[fault.SoldOut] += cut
			}
		case op.Waitlisted, op.Entered:
			result.Waitlisted += e.Seats
		default:
			result.Refused[e.Code] += asked(line)
		}
		result.Tasks = append(result.Tasks, r.threshold(&e)...)
	}
	if len(result.Refused) == 0 {
		result.Refused = nil // as a resend reads it
	}
	r.done(result)
}

// asked counts the seats of refused lines; one that asks an impossible number counts as one.
func asked(lines ...op.Line) (n int) {
	for _, l := range lines {
		if l.Seats < 1 || l.Seats > quota.MaxSeats {
			l.Seats = 1
		}
		n += l.Seats
	}
	return n
}

// walk promotes from the front of a line while seats are free.
func (r *run) walk(a *act, pool int) {
	for i := 0; r.err == nil; {
		place, taken, ok := a.book.Next(pool, i)
		if !ok {
			return
		}
		c := a.book.Lines[pool][place]
		r.emit(promoted(a, c, taken))
		i = place
	}
}

func promoted(a *act, c *quota.Claim, taken []op.Taken) op.Entry {
	return op.Entry{Kind: op.Promoted, Ticket: c.Ticket, Member: c.Member, Activity: a.Spec.ID, Pool: a.Pools[c.Pool].ID, Seats: c.Seats, Taken: taken}
}

func (s *State) ticketOf(m id.Member, a *act, pool int) []*quota.Claim {
	h := a.book.Members[m]
	if h == nil {
		return nil
	}
	var out []*quota.Claim
	for _, c := range h.Claims {
		if pool < 0 || c.Pool == pool {
			out = append(out, c)
		}
	}
	return out
}
