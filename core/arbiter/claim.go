package arbiter

import (
	"time"

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

// strangers are the rules of an activity that does not exist.
var strangers quota.Rules

// decide answers one claim, into an entry, without changing anything but what the
// state remembers about the asker.
func (s *State) decide(e *op.Entry, o *op.Op, line op.Line, at int64, allowed bool) {
	e.Kind, e.Member, e.Activity, e.Pool, e.Seats = op.Claimed, line.Member, o.Activity, o.Pool, line.Seats
	a, k, pool := s.activities[o.Activity], (*asker)(nil), -1
	f, rules := &s.scratch, &strangers
	*f = quota.Facts{Seats: line.Seats, Forbidden: !allowed, Nothing: a == nil, Held: f.Held}
	if a != nil {
		pool, rules = a.Pool(o.Pool), &a.book.Rules
		station, placed := a.Station(o.Station)
		e.Station, f.Misplaced = station, pool < 0 || !placed
		k = s.asker(a, line.Member, at)
	}
	f.Stranger = k == nil
	if k != nil {
		e.Org = k.person.Org
	}
	if k != nil && pool >= 0 {
		facts := k.person.facts()
		a.Weigh(f, &facts, k.Standing, pool, a.drawn, at)
		a.book.FillFor(f, k.holding, k.person.ID, k.person.Org, pool, k.Parts, k.Guest)
		f.Elsewhere = s.elsewhere(a, k.person.ID)
		f.OrgHeld += a.reserved(k.person.Org)
		if s.seams.Facts != nil {
			s.seams.Facts(f, k.person.ID)
		}
	}
	answer := rules.Decide(*f)
	e.Outcome, e.Code = answer.Outcome, answer.Code
	switch answer.Outcome {
	case op.Granted:
		e.Seats, e.Taken = answer.Seats, a.book.Pools[pool].Pick(k.Parts, answer.Seats)
	case op.Waitlisted:
		e.Parts, e.Place = k.Parts, len(a.book.Lines[pool])+1
	case op.Entered:
		e.Parts = k.Parts
	default:
		e.Station = ""
		if line.Seats < 1 || line.Seats > quota.MaxSeats {
			e.Seats = 0 // a number that means nothing is not kept
		}
		return
	}
	e.Pool, e.Guest = a.Pools[pool].ID, k.Guest
}

// asker asks the activity's rules about a member, or remembers what they said;
// nil if there is no such member.
func (s *State) asker(a *act, m id.Member, at int64) *asker {
	p := s.person(m)
	if p == nil {
		return nil
	}
	k, day := a.asker(p), 0
	if a.dated {
		t := time.UnixMilli(at).In(s.zone)
		day = t.Year()*1000 + t.YearDay()
	}
	if k != nil && k.treeAge == s.treeAge && k.day == day {
		return k
	}
	k = &asker{Standing: a.Standing(p.facts(), s.orgs, time.UnixMilli(at).In(s.zone)), of: a.Activity, person: p, treeAge: s.treeAge, day: day, holding: a.book.Members[p.ID]}
	a.askers[p.ID], p.recent = k, k
	return k
}

// asker is what the activity remembers of a person, nil if it never asked.
func (a *act) asker(p *person) *asker {
	if p.recent != nil && p.recent.of == a.Activity {
		return p.recent
	}
	k := a.askers[p.ID]
	if k != nil {
		p.recent = k
	}
	return k
}

// person finds a member: mostly the one whose phone asks.
func (s *State) person(m id.Member) *person {
	if d := s.recent; d != nil && d.owner != nil && d.owner.ID == m && !d.owner.gone {
		return d.owner
	}
	return s.people[m]
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
	for i := 0; r.err == nil && !a.frozen && a.Usable(pool, r.at); {
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
