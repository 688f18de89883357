// Package op holds what devices ask (Op), what was decided (Entry) and how both
// are written as bytes. No rule lives here.
package op

import (
	"crypto/sha256"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/schedule"
	"yizhan/core/station"
)

// Kind says what an op asks. Numbers are frozen.
type Kind uint8

// Ops that a device may send.
const (
	Claim      Kind = 1 // Member, Activity, Pool, Seats, Station
	GroupClaim Kind = 2 // Org, Activity, Pool, Lines
	Cancel     Kind = 3 // Member, Activity, Pool, Seats; or Org, Activity, Seats
	Redeem     Kind = 4 // Ticket, Epoch, Verdict, Override, Reason
	CheckIn    Kind = 5 // Ticket, Activity, Pool, Out, Verdict
	Rebind     Kind = 6 // Member, Activity, Station
	Release    Kind = 7 // Ticket, Epoch: its authority has not handed it over and will not; or Station: it hands over nothing there any more

	ReturnLease Kind = 8 // Lease: nothing more is granted from it
	RenewLease  Kind = 9 // Lease: as long again, and as many seats as at first

	Settle Kind = 14 // About, Epoch, Handled, Reason: staff have seen a task or an incident, or are done with it

	// Parted is where a device that was copied or restored found that the server knows
	// another history of it. It is a fork wherever it comes, and never decided: no device
	// queues it, and its bytes are always the same.
	Parted Kind = 19
)

// Ops that only the server itself or its console may decide.
const (
	Tick        Kind = 64 // time passed; decides everything that is due
	PutOrgs     Kind = 65 // Orgs
	PutPeople   Kind = 66 // People
	PutStations Kind = 67 // Stations
	Publish     Kind = 68 // Spec
	Offer       Kind = 69 // Enrolment: a one-use code is offered
	Enrol       Kind = 70 // Enrolment: a device uses the code
	Draw        Kind = 71 // Activity, Seed
	Revoke      Kind = 72 // Device: a device may do nothing from now on; with Kept, its receipt that it was wiped
	Lend        Kind = 73 // Lending
	WriteOff    Kind = 74 // Device, Activity: seats that a lost device did not report are given up
	VoidLease   Kind = 75 // Device, Activity: tickets that it did not report are void, their seats free
	Erase       Kind = 77 // Member: the person is forgotten; their keys are destroyed already
	Accept      Kind = 81 // Kept.Seq: what a gone device did at a counter is recorded as a fact after all

	Reopen       Kind = 78 // Activity, all if empty: decide its pools again after a restore
	Restore      Kind = 79 // Epoch, at least: the server goes on from a backup
	PutMap       Kind = 93 // Map, Override: the map pack that devices carry
	SetAuthority Kind = 76 // Station, Device: that device hands over the tickets bound there

	PutCalendar  Kind = 90 // Calendar: the holidays of a year
	AmendStation Kind = 91 // Station, Amend: it is closed for a while, open again, or was checked
)

// FromDevice reports whether a device may send this kind of op.
func (k Kind) FromDevice() bool { return k >= Claim && k <= RenewLease || k == Settle }

// Channel is the way in which a request came.
type Channel uint8

// Channels, frozen.
const (
	ByPhone Channel = iota + 1
	ByKiosk
	ByStaff
	ByConsole
)

// Line is one person of a group claim.
type Line struct {
	_      struct{} `cbor:",toarray"`
	Member id.Member
	Seats  int
}

// Op is one request. Fields that its kind does not name are empty.
type Op struct {
	Kind      Kind          `cbor:"1,keyasint"`
	Activity  id.Activity   `cbor:"2,keyasint,omitempty"`
	Pool      id.Pool       `cbor:"3,keyasint,omitempty"`
	Member    id.Member     `cbor:"4,keyasint,omitempty"` // whose (subject)
	Org       id.Org        `cbor:"5,keyasint,omitempty"`
	Station   id.Station    `cbor:"6,keyasint,omitempty"`
	Seats     int           `cbor:"7,keyasint,omitempty"`
	Lines     []Line        `cbor:"8,keyasint,omitempty"`
	Ticket    id.Ticket     `cbor:"9,keyasint,omitempty"`
	Epoch     int           `cbor:"10,keyasint,omitempty"`
	Verdict   fault.Verdict `cbor:"11,keyasint,omitempty"` // what the device decided at the counter
	Override  bool          `cbor:"12,keyasint,omitempty"`
	Out       bool          `cbor:"13,keyasint,omitempty"`
	At        int64         `cbor:"14,keyasint,omitempty"` // device clock, Unix milliseconds: a claim, kept beside server time
	EnteredBy string        `cbor:"15,keyasint,omitempty"` // who typed
	Channel   Channel       `cbor:"16,keyasint,omitempty"`
	Reason    string        `cbor:"17,keyasint,omitempty"`
	Scanned   string        `cbor:"18,keyasint,omitempty"` // first characters of a code that was not a ticket of ours
	Lease     uint64        `cbor:"19,keyasint,omitempty"` // of a claim: the lease that the device decided it by
	Taken     []Taken       `cbor:"20,keyasint,omitempty"` // serials that the device granted
	Outcome   Outcome       `cbor:"21,keyasint,omitempty"` // what the device decided: Granted or Refused
	Code      fault.Code    `cbor:"22,keyasint,omitempty"` // of a refusal
	Undo      bool          `cbor:"23,keyasint,omitempty"` // of a hand-over: the device's last one did not happen after all
	Bound     bool          `cbor:"24,keyasint,omitempty"` // to the station of the device's hub, which decides
	Shown     []byte        `cbor:"25,keyasint,omitempty"` // of a scan: the ticket of a lease that was seen and that the server may not know of
	Proof     []byte        `cbor:"26,keyasint,omitempty"` // of a claim at a kiosk: the member code that was shown there, the member's own or one of staff (core/membercode)
	Asked     bool          `cbor:"27,keyasint,omitempty"` // of a hand-over: nothing is handed over before the server has answered

	About   uint64 `cbor:"29,keyasint,omitempty"` // journal place of the task or incident; Epoch: of the server, as the asker knew it
	Handled bool   `cbor:"30,keyasint,omitempty"` // false: it was only seen

	// Fields of server and console ops; they never come from a device.
	Seed      string            `cbor:"32,keyasint,omitempty"`
	Orgs      []member.Org      `cbor:"33,keyasint,omitempty"`
	People    []member.Person   `cbor:"34,keyasint,omitempty"`
	Stations  []station.Station `cbor:"35,keyasint,omitempty"`
	Spec      []byte            `cbor:"36,keyasint,omitempty"` // activity as JSON
	Enrolment *Enrolment        `cbor:"37,keyasint,omitempty"`
	Device    id.Device         `cbor:"38,keyasint,omitempty"`
	Lending   *Lease            `cbor:"39,keyasint,omitempty"`
	Kept      *Kept             `cbor:"41,keyasint,omitempty"`
	Map       *Map              `cbor:"49,keyasint,omitempty"`
	Calendar  *schedule.Year    `cbor:"47,keyasint,omitempty"`
	Amend     *station.Amend    `cbor:"48,keyasint,omitempty"`
}

// Role is what a device is used for.
type Role string

// Roles, frozen words.
const (
	Kiosk Role = "kiosk"
	Staff Role = "staff"
	Phone Role = "phone"
	Hub   Role = "hub"
)

// Enrolment is the offer of a one-use code, and later its use by one device.
type Enrolment struct {
	CodeHash  []byte     `cbor:"1,keyasint"` // SHA-256 of the code; the code itself is never stored
	Device    id.Device  `cbor:"2,keyasint"`
	Role      Role       `cbor:"3,keyasint"`
	Station   id.Station `cbor:"4,keyasint,omitempty"`
	Member    id.Member  `cbor:"5,keyasint,omitempty"`
	Org       id.Org     `cbor:"6,keyasint,omitempty"`
	Expires   int64      `cbor:"7,keyasint,omitempty"`                   // Unix milliseconds
	PublicKey []byte     `cbor:"8,keyasint,omitempty"`                   // Ed25519, set when the code is used
	Upstream  id.Device  `cbor:"9,keyasint,omitempty" json:",omitempty"` // the hub that it talks to instead of the server

	Supervisor bool `cbor:"10,keyasint,omitempty" json:",omitempty"` // its person may hand over against a verdict
}

// Hash is a SHA-256 cut to 128 bits: enough against collisions by accident and
// by a device that would only be deceiving itself, and half the journal's bytes.
type Hash [16]byte

// Chain links an op's exact bytes to all earlier ops of its device.
func Chain(previous Hash, op []byte) Hash {
	buf := make([]byte, 0, 512) // on the stack, and enough for nearly every op
	sum := sha256.Sum256(append(append(buf, previous[:]...), op...))
	return Hash(sum[:16])
}

// Origin is where an op comes from: the device, its place in that device's
// numbering, and the chain hash over it. The console has Device "" and no number.
type Origin struct {
	Device   id.Device
	Seq      uint64
	Previous Hash
	Hash     Hash
	Raw      []byte        // as received, for what cannot be decided and is kept for people instead
	Witness  *Witness      // of an op with Proof: who was there; nil where it proves nothing
	Judged   fault.Verdict // of a scan: what the device's hub decided; NoVerdict where it decided nothing
}

// Witness is who was there when an op was made: a member with their own phone, or
// staff with their device. The server has verified the proof that says so.
type Witness struct {
	Member id.Member // empty for staff
	Staff  id.Device // empty for a member
	Key    string    // public key of the phone or device, in hex
	At     int64     // when its code was shown, Unix milliseconds
}

// Kept is what a device sent and the server did not decide, in its own bytes.
type Kept struct {
	Seq   uint64 `cbor:"1,keyasint,omitempty"` // number of the op at its device; in Accept, and in what it makes, the journal place of the kept op
	Hash  []byte `cbor:"2,keyasint,omitempty"` // chain hash after it
	Bytes []byte `cbor:"3,keyasint,omitempty"`
}
