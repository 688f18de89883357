// Package arbiter is the one authority over what it owns, as a pure state
// machine: Execute decides an op, Apply records an entry, Next says when time
// itself has something to decide. It has no clock, no randomness, no disk and no
// network; the server and a device that holds a lease run the same one.
//
// Its frame is state, admit, execute, apply, digest and read. The decisions stand by
// what they are about: claim, cancel and draw; lend, lease and report; bound and
// counter (hand-over), settle and witness; enrol, erase and console; restore, record
// and quarantine; and tick, for what time decides.
package arbiter

import (
	"time"

	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/quota"
	"yizhan/core/schedule"
	"yizhan/core/station"
)

// State is everything that decisions read. It changes only through Apply. What is
// tagged image:"-", here and below, is no part of Save: it is remembered only to be quick.
type State struct {
	zone       *time.Location `image:"-"`
	now        int64          // time of the last entry, Unix milliseconds
	seq        uint64         // Seq of the last entry
	orgs       member.Tree
	treeAge    int // grows with every change of the tree: remembered audiences depend on it
	people     map[id.Member]*person
	erased     map[id.Member]bool // and have not come back
	stations   map[id.Station]*place
	carried    op.Map                // by devices; empty while none was published
	calendar   map[int]schedule.Year // by year
	activities map[id.Activity]*act
	claims     tickets
	rooms      []held    `image:"-"` // for claims to come
	hashes     []op.Hash `image:"-"` // of the newest entries
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
	scratch    quota.Facts        `image:"-"`
	seams      Seams              `image:"-"` // empty but in tests of the simulator
	run        run                `image:"-"`
	recent     *device            `image:"-"` // see device
	next       []*device          `image:"-"` // memory of Expect
	near       uint64             `image:"-"` // what Expect has read, so that it is read
}

// person is a member, in the memory that a million of them may take: of the sealed
// fields it knows only that there are some. Whoever holds a pointer to one finds an
// imported change in it, and gone set once the member is erased.
type person struct {
	recent   *asker `image:"-"` // as whom the member asked last: storms ask for one activity
	ID       id.Member
	Org      id.Org
	birth    string
	children int
	rest     *rest    // nil where nothing of it is known
	digest   [16]byte // brief of the imported one
	sex      byte     // of sexes
	barred   bool
	named    bool // there are sealed fields
	gone     bool
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
	lapsing  uint64 // order of the first entry of the lapse that is overdue; 0 if none is
	tasked   map[task]bool
	askers   map[id.Member]*asker `image:"-"`
	dated    bool                 // a rule says something else on another day
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
	of      *activity.Activity // as it was asked
	person  *person
	holding *quota.Holding // nil until the member has one
	treeAge int
	day     int
}

// held joins a claim with its activity and with what happened at counters and doors.
type held struct {
	quota.Claim
	act       *act
	settled   uint64 // order of what it was last given up or wanted for
	handed    uint64 // order of the last hand-over, or its undoing
	passed    uint64 // order of the last check-in
	givenUp   int64  // when its authority gave it up, Unix milliseconds; 0 while it is bound
	checkedIn bool   // side by side, as all that is small: there are millions of claims
	inside    bool
	owing     bool // staff know that it does not have all its serials
	reminded  bool
	returning bool // it lapsed, and its seats return once it is given up
	doubt     bool // a lost authority may have handed it over
	earlier   bool // an older hand-over came back, and nobody has taken it back; no part of Digest
	back      bool // a restored server had forgotten it; no part of Digest

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
	gone    string  // why it may do nothing any more
	owner   *person // of a phone; nil where its member is not known
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
		zone: zone, orgs: member.Tree{}, people: map[id.Member]*person{}, erased: map[id.Member]bool{},
		stations: map[id.Station]*place{}, calendar: map[int]schedule.Year{}, activities: map[id.Activity]*act{}, claims: tickets{pages: map[id.Ticket]*[page]*held{}},
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
