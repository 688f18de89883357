package arbiter

import (
	"fmt"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/quota"
)

// Lost are the entries of one op as the journal had them that the server lost, as
// a receipt proves.
type Lost struct {
	Epoch   int // of the server that decided the op
	Entries []op.Entry
}

// Record takes back what a server decided before it was restored, without deciding
// it again: the op keeps its result, its tickets their numbers and serials. It adds
// its entries to entries. What builds on something that another device has not
// brought back yet waits (a *fault.Error of kind Frozen) until staff reopen the
// activity; what does not fit then is an incident each, and a ticket whose serials
// somebody else has is blocked. The op must have been admitted as NextOp; the only
// other error is ErrBroken.
func (s *State) Record(entries []op.Entry, lost Lost, from op.Origin, now int64) ([]op.Entry, error) {
	r := &s.run
	*r = run{s: s, from: from, at: max(now, s.now), entries: entries}
	if !lost.of(from) {
		return entries, fault.Errorf(fault.BadFrame, "receipt of op %d of device %s holds another op", from.Seq, from.Device)
	}
	if err := s.missingYet(lost, from); err != nil {
		return entries, err
	}
	for i := range lost.Entries {
		r.again(lost.Entries[i], lost.Epoch)
	}
	if r.err != nil {
		return entries, fmt.Errorf("%w: record op %d of device %s: %w", ErrBroken, from.Seq, from.Device, r.err)
	}
	r.whole(len(entries))
	return r.entries, nil
}

// of reports whether the entries hold the one result of an op.
func (l Lost) of(from op.Origin) bool {
	n := 0
	for i := range l.Entries {
		if e := &l.Entries[i]; e.DevSeq != 0 && e.DevSeq == from.Seq && e.Device == from.Device {
			n++
		}
	}
	return n == 1
}

// freed is what the entries of an op free before others of them take it.
type freed struct {
	serials map[poolOf][]op.Taken
	seats   map[id.Ticket]int
}

type poolOf struct {
	activity id.Activity
	pool     id.Pool
}

func (f freed) add(e *op.Entry) {
	if e.Kind == op.Released || e.Kind == op.Lapsed || e.Kind == op.LeaseEnded {
		p := poolOf{e.Activity, e.Pool}
		f.serials[p] = append(f.serials[p], e.Taken...)
		f.seats[e.Ticket] += e.Seats
	}
}

func (f freed) of(e *op.Entry) []op.Taken { return f.serials[poolOf{e.Activity, e.Pool}] }

// missingYet finds what an op builds on that may still be brought back.
func (s *State) missingYet(lost Lost, from op.Origin) error {
	if !s.unsettled {
		return nil
	}
	free := freed{map[poolOf][]op.Taken{}, map[id.Ticket]int{}}
	for i := range lost.Entries {
		e := lost.Entries[i]
		if e.Whole == nil || e.Whole.Seq == 0 {
			e.Whole = &op.Whole{Seq: e.Seq, Epoch: lost.Epoch}
		}
		a := s.activities[e.Activity]
		if wait := a == nil || a.frozen && e.Kind != op.TaskMade; wait && !s.fits(&e, free) {
			return fault.Errorf(fault.Frozen, "op %d of device %s was answered before the restore; it follows something that no device has reported yet (entry %d about %q)", from.Seq, from.Device, e.Seq, e.Activity)
		}
		free.add(&e)
	}
	return nil
}

// again records one entry, or what is left of it where it does not fit any more.
func (r *run) again(e op.Entry, epoch int) {
	if e.Kind == op.Claimed && e.Outcome != op.Refused {
		e.Ticket = op.TicketOf(&e)
	}
	place := op.Whole{Seq: e.Seq, Epoch: epoch, At: e.At}
	if e.Whole != nil && e.Whole.Seq != 0 {
		place.Seq, place.Epoch, place.At = e.Whole.Seq, e.Whole.Epoch, e.Whole.At // it was lost before
	}
	told := e.DevSeq != 0
	if e.Whole = &place; told {
		r.sign(&e)
	}
	a := r.s.activities[e.Activity]
	late := a == nil || !a.frozen
	switch {
	case r.s.moot(&e):
		return
	case r.s.fits(&e, freed{}):
		r.s.trim(&e)
		over := late && r.s.exceeds(&e)
		e.Blocked = e.Blocked || over
		if r.emit(e); over {
			r.late(e.Ticket, &e)
		}
		return
	case e.Kind == op.TaskMade:
		return // another claim made it already
	case late && e.Kind == op.Claimed && r.s.claims.of(e.Ticket) == nil && a != nil && a.Pool(e.Pool) >= 0:
		e.Taken, e.LeaseID, e.Blocked = nil, 0, true
		r.emit(e)
	case told:
		result := op.ResultOf(&e)
		done := op.Entry{Kind: op.Done, Result: &result, Whole: &place}
		r.sign(&done)
		r.emit(done)
	}
	r.late(e.Ticket, &e)
}

// moot reports whether an entry gives back nothing of a lease that is closed here: it
// ran out meanwhile, with all of it reported. As in returnLease nothing is left to
// end, and who keeps only leases that may still change does not know it any more.
func (s *State) moot(e *op.Entry) bool {
	if e.Kind != op.LeaseEnded {
		return false
	}
	l := s.leases[e.LeaseID]
	return l != nil && l.Closed() && len(e.Taken) == 0
}

// exceeds reports whether a claim breaks a limit now, because its holder asked anew
// before it was brought back.
func (s *State) exceeds(e *op.Entry) bool {
	if e.Kind != op.Claimed || e.Outcome == op.Refused || e.Blocked {
		return false
	}
	a := s.activities[e.Activity]
	return s.capped(a, e.Member, e.Org, a.Pool(e.Pool), e.Seats, e.Guest) != fault.None
}

// capped names the limit that a member exceeds who has so many seats more, None if there is none.
func (s *State) capped(a *act, m id.Member, org id.Org, pool, seats int, guest bool) fault.Code {
	f := quota.Facts{Seats: seats}
	if p := s.people[m]; p != nil {
		f.HasChild = p.children > 0
	}
	a.book.Fill(&f, m, org, pool, nil, guest)
	return a.book.Rules.Capped(f)
}

// late is the one incident of a ticket that did not fit any more.
func (r *run) late(t id.Ticket, about *op.Entry) {
	r.emit(op.Entry{Kind: op.IncidentMade, Device: r.from.Device, Ticket: t, Member: about.Member, Activity: about.Activity, Pool: about.Pool, Station: about.Station,
		Word: op.RestoredLate, Verdict: fault.Blocked, DeviceAt: about.DeviceAt, By: about.By})
}

// fits reports whether Apply would take an entry as trim leaves it, and the
// entries of its ticket stand in their old order.
func (s *State) fits(e *op.Entry, free freed) bool {
	switch e.Kind {
	case op.Done, op.Scanned, op.IncidentMade, op.Settled:
		return true
	case op.Claimed:
		return s.claimFits(e, free)
	case op.TaskMade:
		a := s.activities[e.Activity]
		return a != nil && !a.tasked[task{e.Org, e.Word}]
	case op.Quarantined:
		d := s.devices[e.Device]
		return d != nil && e.Kept != nil && len(e.Kept.Hash) == len(op.Hash{})
	case op.AuthoritySet:
		return s.stations[e.Station] != nil
	case op.LeaseEnded:
		l := s.leases[e.LeaseID]
		return l != nil && (l.Over == "" || l.Over == op.LeaseExpired) && within(l.Rest, e.Taken)
	case op.Renewed:
		l := (*lease)(nil)
		if e.Lease != nil {
			l = s.leases[e.Lease.ID]
		}
		return l != nil && l.Renewable() && l.act.book.Pools[l.Pool].Has(e.Lease.Taken)
	}
	c := s.claims.of(e.Ticket)
	if c == nil {
		return s.leases[e.LeaseID] != nil && (e.Kind == op.Redeemed || e.Kind == op.CheckedIn)
	}
	return s.ticketFits(e, c, free)
}

func (s *State) claimFits(e *op.Entry, free freed) bool {
	a := s.activities[e.Activity]
	switch {
	case e.Outcome == op.Refused:
		return true
	case a == nil || a.Pool(e.Pool) < 0 || s.claims.of(op.TicketOf(e)) != nil || e.Seats < 1:
		return false
	case e.LeaseID != 0:
		l := s.leases[e.LeaseID]
		return l != nil && l.act == a && a.Pool(e.Pool) == l.Pool && quota.Sum(e.Taken) == e.Seats && within(l.Rest, e.Taken)
	case e.Outcome == op.Granted:
		_, ok := s.takes(e, a, a.Pool(e.Pool), free)
		return ok && (e.Blocked || quota.Sum(e.Taken) == e.Seats)
	}
	return e.Outcome == op.Waitlisted || e.Outcome == op.Entered
}

func (s *State) ticketFits(e *op.Entry, c *held, free freed) bool {
	switch e.Kind {
	case op.CheckedIn:
		return true
	case op.Redeemed:
		// One that somebody handed over later was taken back in between.
		again := c.State == op.ClaimRedeemed && c.act.frozen && c.handed > s.order(e)
		return (again || c.State == op.ClaimGranted || c.State == op.ClaimLapsed) && (e.LeaseID != 0 || c.Seats == e.Seats)
	case op.Undone:
		return c.State == op.ClaimRedeemed || c.handed > s.order(e)
	case op.Moved:
		return e.Epoch == c.Epoch+1
	case op.GivenUp:
		return s.order(e) < c.settled || e.Epoch == c.Epoch && c.givenUp == 0
	case op.Promoted:
		_, ok := s.takes(e, c.act, c.Pool, free)
		return ok && (c.State == op.ClaimWaitlisted || c.State == op.ClaimEntered) && (e.Blocked || quota.Sum(e.Taken) == c.Seats-free.seats[e.Ticket])
	case op.Released:
		return c.Cancellable() == fault.None && e.Epoch == c.Epoch+1 && e.Seats <= c.Seats && gives(c, e.Taken, e.Seats)
	case op.Lapsed:
		return (c.State == op.ClaimGranted || c.State == op.ClaimLapsed) && (len(e.Taken) == 0 || gives(c, e.Taken, c.Seats))
	}
	return false // a kind that no device's op makes
}

// takes gives the serials of a recorded grant that it holds now. Those that somebody
// was granted after it, and whose report came first, it has given back by then: its
// device is about to report that. ok is false where a serial is held since before.
func (s *State) takes(e *op.Entry, a *act, pool int, free freed) (now []op.Taken, ok bool) {
	p := a.book.Pools[pool]
	for _, t := range e.Taken {
		if t.N < 1 || t.N > quota.MaxSeats {
			return nil, false
		}
		if p.Has([]op.Taken{t}) {
			now = append(now, t)
			continue
		}
		for n := t.From; n < t.From+t.N; n++ {
			one := []op.Taken{{Part: t.Part, From: n, N: 1}}
			switch {
			case p.Has(one), within(free.of(e), one):
				now = append(now, one...)
			case !a.frozen || s.holder(a, pool, one) <= s.order(e):
				return nil, false
			}
		}
	}
	return now, true
}

// holder gives the order in which the claim that holds a serial was granted, 0 if none does.
func (s *State) holder(a *act, pool int, serial []op.Taken) uint64 {
	for _, c := range a.book.Claims {
		if c.Pool == pool && within(c.Taken, serial) {
			return c.Granted
		}
	}
	return 0
}

// trim leaves to an entry the serials that are its own now. A claim without some of
// them is blocked until it has given those back.
func (s *State) trim(e *op.Entry) {
	switch a := s.activities[e.Activity]; {
	case e.Kind == op.Claimed && e.Outcome == op.Granted && e.LeaseID == 0, e.Kind == op.Promoted:
		was := quota.Sum(e.Taken)
		e.Taken, _ = s.takes(e, a, a.Pool(e.Pool), freed{})
		e.Blocked = e.Blocked || quota.Sum(e.Taken) < was
	case e.Kind == op.Renewed && s.leases[e.Lease.ID].Closed():
		more := *e.Lease // whom it names is forgotten by who keeps only leases that may still change
		more.Members = s.leases[more.ID].Members
		e.Lease = &more
	case e.Kind == op.Settled && s.EpochAt(e.About) > e.Whole.Epoch:
		e.About = 0 // what it was about is lost, and made anew under another number
	case e.Kind == op.Released, e.Kind == op.Lapsed:
		e.Taken = own(s.claims.of(e.Ticket), e.Taken)
	}
}

// own gives those of some serials that a claim holds.
func own(c *held, some []op.Taken) (own []op.Taken) {
	for _, t := range some {
		if within(c.Taken, []op.Taken{t}) {
			own = append(own, t)
			continue
		}
		for n := t.From; n < t.From+t.N; n++ {
			if one := (op.Taken{Part: t.Part, From: n, N: 1}); within(c.Taken, []op.Taken{one}) {
				own = append(own, one)
			}
		}
	}
	return own
}

// gives reports whether a claim can give back so many seats with these serials.
func gives(c *held, taken []op.Taken, seats int) bool {
	if len(c.Taken) == 0 && len(taken) == 0 {
		return true
	}
	missing := seats - quota.Sum(own(c, taken))
	return quota.Sum(taken) <= seats && missing <= c.Owed()
}

func within(held, some []op.Taken) bool {
	_, ok := quota.Within(held, some)
	return ok
}

// order is the place of an entry among all that ever were.
func (s *State) order(e *op.Entry) uint64 { return op.Order(e, s.Epoch()) }
