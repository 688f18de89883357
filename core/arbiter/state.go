// Package arbiter is the one authority over what it owns, as a pure state
// machine: Execute decides an op, Apply records an entry, Next says when time
// itself has something to decide. It has no clock, no randomness, no disk and no
// network; the server and a device that holds a lease run the same one.
package arbiter

import (
	"fmt"
	"time"

	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/quota"
	"yizhan/core/station"
)

// State is everything that decisions read. It changes only through Apply.
type State struct {
	zone       *time.Location
	now        int64  // time of the last entry, Unix milliseconds
	seq        uint64 // Seq of the last entry
	orgs       member.Tree
	treeAge    int // grows with every change of the tree: remembered audiences depend on it
	people     map[id.Member]*member.Person
	erased     map[id.Member]bool // and have not come back
	stations   map[id.Station]*place
	activities map[id.Activity]*act
	claims     map[id.Ticket]*held
	devices    map[id.Device]*device
	codes      map[string]*op.Enrolment // one-use codes by hash
	phones     map[id.Member]id.Device  // the one phone of each member
	kept       map[uint64]*keptOp       // ops in quarantine, by journal place
	series     quota.Series
	leases     map[uint64]*lease
	borrowed   map[id.Member][]*lease // exclusive leases that name a member
	early      map[id.Ticket]*early
	open       map[id.Ticket]bool // given up by their authority, and neither freed nor moved yet
	wanted     map[id.Ticket]bool // lapsed: their seats return once the authority gives them up
	matters    map[uint64]*matter // tasks and incidents, by Seq
	due        []due              // ascending
	epochs     []began            // one for each restore
	unsettled  bool               // after a restore: some pools are not reopened
	scratch    quota.Facts
	seams      Seams // empty but in tests of the simulator
	run        run
	recent     *device // see device
}

// place is a station with what hand-over needs.
type place struct {
	station.Station
	number    uint32
	authority id.Device // the one device that hands over tickets bound here
}

// act is one published activity.
type act struct {
	*activity.Activity
	book     *quota.Book
	number   uint32
	revision int
	drawn    bool
	seed     string // of the draw
	lapsing  uint64 // Seq of the first entry of the lapse that is under way; 0 if none is
	tasked   map[task]bool
	askers   map[id.Member]*asker
	dated    bool // a rule says something else on another day
	leases   []*lease
	frozen   bool // the server was restored, and staff have not reopened it
}

// task is what an organisation was already made a task for.
type task struct {
	org  id.Org
	word string
}

// asker remembers what the rules said about a person: they are asked again only
// when the person, the tree or (for rules that read the age) the day changed.
type asker struct {
	activity.Standing
	person  *member.Person
	holding *quota.Holding // nil until the member has one
	treeAge int
	day     int
}

// held joins a claim with its activity and with what happened at counters and doors.
type held struct {
	quota.Claim
	act       *act
	checkedIn bool
	inside    bool
	settled   uint64 // order of what it was last given up or wanted for
	handed    uint64 // order of the last hand-over, or its undoing
	passed    uint64 // order of the last check-in
	owing     bool   // staff know that it does not have all its serials
	reminded  bool
	givenUp   int64 // when its authority gave it up, Unix milliseconds; 0 while it is bound
	returning bool  // it lapsed, and its seats return once it is given up
	doubt     bool  // a lost authority may have handed it over

	// What only repeats the journal and is no part of Digest.
	redeemed     uint64 // Seq of its hand-over
	doorAt, left int64  // device time of its newest check-in, and of its newest leaving
}

// device is one enrolled device and the end of its op chain. What every op reads
// comes first, so that it lies together in memory.
type device struct {
	last    uint64
	first   uint64 // op number of results[0]
	chain   op.Hash
	gone    string // why it may do nothing any more
	results []answer
	op.Enrolment
	seen      int64 // see Device.Seen
	wiped     bool
	kept      map[op.Hash]struct{} // ops in quarantine, by chain hash
	keptBytes int
	keptAll   bool // no more is kept
}

type dueKind uint8

const (
	dueReminder dueKind = iota
	dueLapse
	dueSettle
	dueLeaseEnd
	dueLeaseVoid
	dueBindAgain // of no activity
	dueLateLapse // of a lease: grants that were reported when pickup was over
)

// due is a moment at which time decides something.
type due struct {
	at    int64
	kind  dueKind
	act   id.Activity
	pool  int
	lease uint64
}

// New makes an empty state. Windows and days are wall-clock in zone.
func New(zone *time.Location) *State {
	return &State{
		zone: zone, orgs: member.Tree{}, people: map[id.Member]*member.Person{}, erased: map[id.Member]bool{},
		stations: map[id.Station]*place{}, activities: map[id.Activity]*act{}, claims: map[id.Ticket]*held{},
		devices: map[id.Device]*device{}, codes: map[string]*op.Enrolment{}, phones: map[id.Member]id.Device{}, kept: map[uint64]*keptOp{}, series: quota.Series{},
		leases: map[uint64]*lease{}, borrowed: map[id.Member][]*lease{}, early: map[id.Ticket]*early{},
		open: map[id.Ticket]bool{}, wanted: map[id.Ticket]bool{}, matters: map[uint64]*matter{},
	}
}

// Seq is the place of the last entry applied.
func (s *State) Seq() uint64 { return s.seq }

// Now is the time of the last entry, Unix milliseconds.
func (s *State) Now() int64 { return s.now }

// Next is the next moment at which a Tick has something to decide.
func (s *State) Next() (at int64, ok bool) {
	for _, d := range s.due {
		if !s.delayed(d) {
			return d.at, true
		}
	}
	return 0, false
}

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
	case op.Published:
		return s.applyPublished(e)
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
	if c := s.claims[e.Ticket]; c != nil && e.Word == op.RestoredLate {
		c.owing = true
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
	c := &held{act: a, Claim: quota.Claim{Ticket: op.TicketOf(e), Member: e.Member, Org: e.Org, Pool: a.Pool(e.Pool), Seats: e.Seats,
		Taken: e.Taken, Parts: e.Parts, Guest: e.Guest, Station: e.Station, Lease: e.LeaseID, Blocked: e.Blocked}}
	var err error
	if c.State, err = e.Outcome.State(); err != nil {
		return err
	}
	if c.State == op.ClaimGranted {
		c.Granted = s.order(e)
	}
	s.claims[c.Ticket] = c
	if e.LeaseID != 0 {
		err = s.applyReport(c, e.At)
	} else {
		err = a.book.Add(&c.Claim)
	}
	if k := a.askers[c.Member]; k != nil {
		k.holding = a.book.Members[c.Member]
	}
	return err
}

func (s *State) applyToTicket(e *op.Entry) error {
	c := s.claims[e.Ticket]
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
		if c.act.lapsing == 0 && c.State != op.ClaimLapsed {
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
		}
	case op.Undone:
		if at := s.order(e); at > c.handed {
			c.State, c.handed = op.ClaimGranted, at
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
