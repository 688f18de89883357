package op

import (
	"fmt"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/schedule"
	"yizhan/core/station"
)

// EntryKind says what was decided. Numbers are frozen; an unknown kind stops the
// server, because what it means for later decisions cannot be guessed.
type EntryKind uint8

// Kinds of entries.
const (
	Ticked       EntryKind = 1  // time reached At
	OrgsPut      EntryKind = 2  // Orgs
	PeoplePut    EntryKind = 3  // People
	StationsPut  EntryKind = 4  // Stations
	Published    EntryKind = 5  // Activity, Spec, Number, Revision
	Offered      EntryKind = 6  // Enrolment
	Enrolled     EntryKind = 7  // Enrolment with PublicKey
	DeviceGone   EntryKind = 8  // Origin.Device or Device: revoked or quarantined, Reason
	Claimed      EntryKind = 9  // outcome of one claim: Member, Org, Activity, Pool, Seats, Taken, Outcome, Code, Place, Station
	Promoted     EntryKind = 10 // Ticket left the waitlist or won the draw: Taken
	Released     EntryKind = 11 // Ticket gave Seats back (cancelled): Taken returned, Epoch
	Lapsed       EntryKind = 12 // Ticket was not picked up in time; Taken holds seats that return, if they return
	Redeemed     EntryKind = 13 // Ticket was handed over by Device at DeviceAt
	Scanned      EntryKind = 14 // a scan that handed nothing over: Verdict, Ticket if known
	CheckedIn    EntryKind = 15 // Ticket entered (or left: Out)
	TaskMade     EntryKind = 16 // Org, Activity, Word: staff have to decide something
	Reminded     EntryKind = 17 // Member, Activity, Pool, Ticket: the message before a session
	IncidentMade EntryKind = 18 // Ticket, Device, Word: a person has to look at it
	Moved        EntryKind = 19 // Ticket is bound to Station now, Epoch
	Drawn        EntryKind = 20 // Activity, Seed, Digest: the order is fixed
	NotDrawn     EntryKind = 21 // Ticket lost the draw
	Done         EntryKind = 22 // end of an op that made several entries, or none: Result
	Lent         EntryKind = 23 // Lease: its serials are the device's to grant
	Renewed      EntryKind = 24 // Lease: new Expires, Taken added
	LeaseEnded   EntryKind = 25 // LeaseID, Word: how; Taken: serials that go back to their parts
	GivenUp      EntryKind = 26 // Ticket, Epoch: its authority did not hand it over and will not under that epoch
	AuthoritySet EntryKind = 27 // Station, Authority: who hands over what is bound there; Blocked: what was bound before is in doubt
	Quarantined  EntryKind = 28 // Device, Kept: an op that is not decided, Word: why
	Wiped        EntryKind = 29 // Device erased itself: Kept.Bytes is its signed receipt
	Erased       EntryKind = 30 // Member is nobody any more: an opaque id in older entries

	Restored EntryKind = 31 // Epoch: the server went on from a backup; every pool is frozen
	Reopened EntryKind = 32 // Activity: its pools are decided again
	Undone   EntryKind = 34 // Ticket: its hand-over was taken back at the counter; it is granted again

	MapPut EntryKind = 52 // Map: devices carry this one

	Settled EntryKind = 41 // About: By has seen a task or an incident, or is done with it (Handled); Reason: what was done

	CalendarPut EntryKind = 49 // Calendar: what is known of that year's holidays
)

// Taken says which serial numbers of which part of a pool a claim holds.
type Taken struct {
	_    struct{} `cbor:",toarray"`
	Part int      // 0 is the rest, n the n-th set-aside
	From int      // first serial
	N    int      // how many
}

// LateCheckIn is the Word of a CheckedIn entry that was reported after a newer one:
// where the holder is, the newer one says.
const LateCheckIn = "late"

// MovedBack is the Word of a Moved entry that binds a ticket to its old station
// again, because nothing came of what it was given up for.
const MovedBack = "back"

// Outcome of a claim or another request.
type Outcome uint8

// Outcomes, frozen.
const (
	NoOutcome Outcome = iota
	Granted
	Waitlisted
	Refused
	Pending
	Entered
	OK
)

var outcomeNames = []string{"", "granted", "waitlisted", "refused", "pending", "entered", "done"}

func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return "unknown"
}

// ClaimState is where a claim stands.
type ClaimState uint8

// States of a claim, frozen.
const (
	ClaimNone ClaimState = iota
	ClaimGranted
	ClaimWaitlisted
	ClaimEntered
	ClaimRedeemed
	ClaimLapsed
	ClaimCancelled
	ClaimNotDrawn
	ClaimReturned // not picked up; the seat went back to the pool
)

// State is where a claim stands right after its outcome; an error for an outcome
// that leaves no claim.
func (o Outcome) State() (ClaimState, error) {
	switch o {
	case Granted:
		return ClaimGranted, nil
	case Waitlisted:
		return ClaimWaitlisted, nil
	case Entered:
		return ClaimEntered, nil
	}
	return ClaimNone, fmt.Errorf("a claim cannot be %s", o)
}

// Result is what the asker is told. It is stored with the op and is the same
// however often the op is sent.
type Result struct {
	Outcome    Outcome            `cbor:"1,keyasint"`
	Code       fault.Code         `cbor:"2,keyasint,omitempty"`
	Seats      int                `cbor:"3,keyasint,omitempty"`
	Place      int                `cbor:"4,keyasint,omitempty"`
	Ticket     id.Ticket          `cbor:"5,keyasint,omitempty"`
	Verdict    fault.Verdict      `cbor:"6,keyasint,omitempty"`
	Granted    int                `cbor:"7,keyasint,omitempty"` // seats, of a group or a draw
	Waitlisted int                `cbor:"8,keyasint,omitempty"`
	Refused    map[fault.Code]int `cbor:"9,keyasint,omitempty"` // seats by code
	Tasks      []string           `cbor:"10,keyasint,omitempty"`
	Digest     string             `cbor:"11,keyasint,omitempty"`
	Seq        uint64             `cbor:"12,keyasint,omitempty"` // journal place of the deciding entry
}

// Entry is one fact of the journal. Seq is its place and is not written: a batch
// knows the Seq of its first entry. Device, DevSeq and Chain are set on exactly
// one entry of each device op: the one that holds its result.
type Entry struct {
	Seq uint64 `cbor:"-"`

	Kind     EntryKind     `cbor:"1,keyasint"`
	At       int64         `cbor:"2,keyasint,omitempty"` // server time, Unix milliseconds, never falling
	Device   id.Device     `cbor:"3,keyasint,omitempty"`
	DevSeq   uint64        `cbor:"4,keyasint,omitempty"`
	Chain    []byte        `cbor:"5,keyasint,omitempty"` // Hash after the op
	Member   id.Member     `cbor:"6,keyasint,omitempty"`
	Org      id.Org        `cbor:"7,keyasint,omitempty"`
	Activity id.Activity   `cbor:"8,keyasint,omitempty"`
	Pool     id.Pool       `cbor:"9,keyasint,omitempty"`
	Seats    int           `cbor:"10,keyasint,omitempty"`
	Taken    []Taken       `cbor:"11,keyasint,omitempty"`
	Outcome  Outcome       `cbor:"12,keyasint,omitempty"`
	Code     fault.Code    `cbor:"13,keyasint,omitempty"`
	Place    int           `cbor:"14,keyasint,omitempty"`
	Ticket   id.Ticket     `cbor:"15,keyasint,omitempty"`
	Station  id.Station    `cbor:"16,keyasint,omitempty"`
	Epoch    int           `cbor:"17,keyasint,omitempty"`
	Verdict  fault.Verdict `cbor:"18,keyasint,omitempty"`
	Word     string        `cbor:"19,keyasint,omitempty"`
	DeviceAt int64         `cbor:"20,keyasint,omitempty"`
	Override bool          `cbor:"21,keyasint,omitempty"`
	Out      bool          `cbor:"22,keyasint,omitempty"`
	Reason   string        `cbor:"23,keyasint,omitempty"`
	By       string        `cbor:"24,keyasint,omitempty"` // EnteredBy
	Channel  Channel       `cbor:"25,keyasint,omitempty"`
	Parts    []int         `cbor:"26,keyasint,omitempty"` // of a claim that waits: the pool's parts it may take from, in order
	Guest    bool          `cbor:"27,keyasint,omitempty"` // counts against the guest share
	Blocked  bool          `cbor:"28,keyasint,omitempty"` // granted offline over a limit: handed over only by override

	Orgs      []member.Org      `cbor:"32,keyasint,omitempty"`
	People    []member.Person   `cbor:"33,keyasint,omitempty"`
	Stations  []station.Station `cbor:"34,keyasint,omitempty"`
	Spec      []byte            `cbor:"35,keyasint,omitempty"`
	Number    uint32            `cbor:"36,keyasint,omitempty"` // short number of an activity, for signed tickets; of the first station that is new, 0: they are counted
	Revision  int               `cbor:"37,keyasint,omitempty"`
	Enrolment *Enrolment        `cbor:"38,keyasint,omitempty"`
	Result    *Result           `cbor:"39,keyasint,omitempty"`
	Seed      string            `cbor:"40,keyasint,omitempty"`
	Digest    string            `cbor:"41,keyasint,omitempty"`
	Lease     *Lease            `cbor:"42,keyasint,omitempty"`
	LeaseID   uint64            `cbor:"43,keyasint,omitempty"` // the lease that a claim was granted from, or that ended
	Kept      *Kept             `cbor:"44,keyasint,omitempty"` // of Quarantined and Wiped; of Done: the kept op that was accepted
	Whole     *Whole            `cbor:"45,keyasint,omitempty"` // of an op that made several entries, or that was recorded again
	Authority id.Device         `cbor:"46,keyasint,omitempty"`
	About     uint64            `cbor:"53,keyasint,omitempty"` // Seq of a TaskMade or IncidentMade; 0 if a restored server has lost it
	Handled   bool              `cbor:"54,keyasint,omitempty"`
	Map       *Map              `cbor:"66,keyasint,omitempty"`
	Calendar  *schedule.Year    `cbor:"63,keyasint,omitempty"`
}

// Whole says, on the entry with an op's result, which entries around it are of the
// same op, and where the server had this entry in the journal that it lost.
type Whole struct {
	Before int    `cbor:"1,keyasint,omitempty"` // entries of the op in front of this one
	After  int    `cbor:"2,keyasint,omitempty"` // and behind it
	Seq    uint64 `cbor:"3,keyasint,omitempty"` // in the lost journal; 0 for an entry that was never lost
	Epoch  int    `cbor:"4,keyasint,omitempty"` // of the server that decided it
	At     int64  `cbor:"5,keyasint,omitempty"` // when that was
}

// TicketOf is the number of the ticket that a Claimed entry made.
func TicketOf(e *Entry) id.Ticket {
	if e.Ticket != 0 {
		return e.Ticket
	}
	return id.Ticket(e.Seq)
}

// Order is the place of an entry among all that ever were: one that was recorded again
// keeps the place that it had in the journal that was lost. epoch is that of the journal here.
func Order(e *Entry, epoch int) uint64 {
	if e.Whole != nil && e.Whole.Seq != 0 {
		return id.Minted(e.Whole.Epoch, e.Whole.Seq)
	}
	return id.Minted(epoch, e.Seq)
}

// ResultOf reads the result of an op from the entry that carries its origin.
func ResultOf(e *Entry) Result {
	seq := e.Seq
	if e.Whole != nil && e.Whole.Seq != 0 {
		seq = e.Whole.Seq // what a device was told stays as it was
	}
	if e.Result != nil {
		r := *e.Result
		r.Seq = seq
		return r
	}
	r := Result{Outcome: e.Outcome, Code: e.Code, Seats: e.Seats, Place: e.Place, Verdict: e.Verdict, Seq: seq}
	switch {
	case e.Kind == Claimed && e.Outcome != Refused:
		r.Ticket = TicketOf(e)
	case e.Kind != Claimed:
		r.Ticket = e.Ticket
	}
	return r
}

// StationNumber gives the number in signed codes of a station of a StationsPut: of the
// one that is new behind fresh others of the entry, where known are there already.
func (e *Entry) StationNumber(fresh, known int) uint32 {
	if e.Number == 0 {
		return uint32(known + 1)
	}
	return e.Number + uint32(fresh)
}
