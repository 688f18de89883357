package arbiter

import (
	"fmt"

	"yizhan/core/fault"
	"yizhan/core/op"
	"yizhan/core/quota"
)

// Apply records one entry. An error means that the journal and this program do
// not agree; the state must not be used any further.
func (s *State) Apply(e *op.Entry) error {
	if e.Seq != s.seq+1 {
		return fmt.Errorf("apply entry %d: the state stands at %d", e.Seq, s.seq)
	}
	if e.At < s.now {
		return fmt.Errorf("apply entry %d: its time %d lies before %d", e.Seq, e.At, s.now)
	}
	if err := s.apply(e); err != nil {
		return fmt.Errorf("apply entry %d (kind %d): %w", e.Seq, e.Kind, err)
	}
	if e.DevSeq != 0 {
		if err := s.recordResult(e); err != nil {
			return err
		}
	}
	s.seq, s.now = e.Seq, e.At
	return nil
}

func (s *State) apply(e *op.Entry) error {
	switch e.Kind {
	case op.Ticked:
		s.pass(e.At)
	case op.OrgsPut:
		s.applyOrgs(e)
	case op.PeoplePut:
		s.applyPeople(e)
	case op.StationsPut:
		s.applyStations(e)
	case op.CalendarPut:
		return s.applyCalendar(e)
	case op.Published:
		return s.applyPublished(e)
	case op.MapPut:
		return s.applyMap(e)
	case op.Offered, op.Enrolled:
		if e.Enrolment == nil {
			return fmt.Errorf("it enrols nothing")
		}
		if e.Kind == op.Enrolled {
			s.applyEnrolled(e)
			return nil
		}
		s.codes[string(e.Enrolment.CodeHash)] = e.Enrolment
	case op.DeviceGone:
		return s.applyDeviceGone(e)
	case op.Claimed:
		return s.applyClaimed(e)
	case op.Promoted, op.Released, op.Lapsed, op.Redeemed, op.CheckedIn, op.Moved, op.NotDrawn, op.Reminded, op.GivenUp, op.Undone:
		return s.applyToTicket(e)
	case op.AuthoritySet:
		return s.applyAuthority(e)
	case op.Drawn:
		a := s.activities[e.Activity]
		if a == nil {
			return fmt.Errorf("there is no activity %s", e.Activity)
		}
		a.drawn, a.seed = true, e.Seed
		s.await(due{at: e.At, kind: dueSettle, act: e.Activity})
	case op.Lent:
		return s.applyLent(e)
	case op.Renewed:
		return s.applyRenewed(e)
	case op.LeaseEnded:
		return s.applyLeaseEnded(e)
	case op.Quarantined:
		return s.applyQuarantined(e)
	case op.Wiped:
		d := s.devices[e.Device]
		if d == nil {
			return fmt.Errorf("there is no device %q", e.Device)
		}
		d.wiped = true
	case op.Erased:
		s.applyErased(e.Member)
	case op.Done:
		return s.applyAccepted(e)
	case op.Restored, op.Reopened:
		return s.applyRestore(e)
	case op.TaskMade, op.IncidentMade, op.Settled:
		return s.applyMatter(e)
	case op.Scanned:
	default:
		return fmt.Errorf("kind is unknown; the journal was written by a newer version")
	}
	return nil
}

// applyIncident remembers what staff were told of: they are not told twice.
func (s *State) applyIncident(e *op.Entry) {
	if d := s.devices[e.Device]; d != nil && e.Word == keptFull {
		d.keptAll = true
	}
	if c := s.claims.of(e.Ticket); c != nil {
		c.owing = c.owing || e.Word == op.RestoredLate
		c.earlier = c.earlier && e.Word != handedOver(fault.AlreadyRedeemed)
	}
}

func (s *State) applyClaimed(e *op.Entry) error {
	if e.Outcome == op.Refused {
		return nil
	}
	a := s.activities[e.Activity]
	if a == nil {
		return fmt.Errorf("there is no activity %s", e.Activity)
	}
	p := s.person(e.Member)
	c := s.room()
	*c = held{act: a, Claim: quota.Claim{Ticket: op.TicketOf(e), Member: e.Member, Org: e.Org, Pool: a.Pool(e.Pool), Seats: e.Seats,
		Taken: e.Taken, Parts: e.Parts, Guest: e.Guest, Station: e.Station, Lease: e.LeaseID, Blocked: e.Blocked}, back: e.Whole != nil && e.Whole.Seq != 0}
	if p != nil {
		c.Member = p.ID // the same text, which lies in memory once
	}
	var err error
	if c.State, err = e.Outcome.State(); err != nil {
		return err
	}
	if c.State == op.ClaimGranted {
		c.Granted = s.order(e)
	}
	s.claims.add(c)
	if e.LeaseID != 0 {
		err = s.applyReport(c, e.At)
	} else {
		err = a.book.Add(&c.Claim)
	}
	if p == nil {
		return err
	}
	if k := a.asker(p); k != nil && k.holding == nil {
		k.holding = a.book.Members[c.Member]
	}
	return err
}

// room makes room for a claim. Claims are never forgotten, so they lie side by side.
func (s *State) room() *held {
	if len(s.rooms) == 0 {
		s.rooms = make([]held, 256)
	}
	c := &s.rooms[0]
	s.rooms = s.rooms[1:]
	return c
}

func (s *State) applyToTicket(e *op.Entry) error {
	c := s.claims.of(e.Ticket)
	if c == nil && e.LeaseID != 0 {
		return s.applyEarly(e)
	}
	if c == nil {
		return fmt.Errorf("there is no ticket %d", e.Ticket)
	}
	switch e.Kind {
	case op.Promoted:
		c.Blocked = c.Blocked || e.Blocked
		return c.act.book.Promote(&c.Claim, e.Taken, s.order(e))
	case op.GivenUp:
		if s.order(e) > c.settled { // else it was taken up already: that was reported first
			s.applyGivenUp(c, e.At)
		}
	case op.Released:
		s.decided(c, s.order(e))
		return c.act.book.Drop(&c.Claim, e.Seats, e.Taken, op.ClaimCancelled)
	case op.Lapsed:
		if c.act.lapsing == 0 && c.State != op.ClaimLapsed && s.overdue(c.act, e.At) { // else it is one late claim's, and ends by itself
			c.act.lapsing = s.order(e)
		}
		s.decided(c, s.order(e))
		if len(e.Taken) > 0 {
			return c.act.book.Drop(&c.Claim, c.Seats, e.Taken, op.ClaimReturned)
		}
		c.State, c.returning = op.ClaimLapsed, e.Outcome == op.Pending
		if c.returning {
			s.wanted[c.Ticket] = true
		}
	case op.Redeemed:
		s.decided(c, s.order(e))
		if at := s.order(e); at > c.handed {
			c.State, c.redeemed, c.handed = op.ClaimRedeemed, e.Seq, at
		} else {
			c.earlier = c.State == op.ClaimRedeemed
		}
	case op.Undone:
		if at := s.order(e); at > c.handed {
			c.State, c.handed = op.ClaimGranted, at
		} else {
			c.earlier = false
		}
	case op.CheckedIn:
		c.checkedIn = c.checkedIn || !e.Out
		if at := s.order(e); e.Word != op.LateCheckIn && at > c.passed {
			c.passed, c.inside, c.doorAt = at, !e.Out, e.DeviceAt
		}
		if e.Out {
			c.left = max(c.left, e.DeviceAt)
		}
	case op.Reminded:
		c.reminded = true
	case op.Moved:
		s.decided(c, s.order(e))
		c.Station, c.Epoch = e.Station, e.Epoch
	case op.NotDrawn:
		if e.Outcome == op.Waitlisted {
			c.act.book.Wait(&c.Claim)
			return nil
		}
		return c.act.book.Drop(&c.Claim, c.Seats, nil, op.ClaimNotDrawn)
	}
	return nil
}
