package op

import "yizhan/core/id"

// Policy says what becomes of lent seats whose use nobody has reported when the
// lease is over. Numbers are frozen.
type Policy uint8

// Policies.
const (
	Hard           Policy = iota + 1 // they stay in doubt until the device reports or staff write them off
	VoidUnreported                   // VoidAfter later they are free again, and tickets over them void
)

// Ways in which a lease ends: LeaseEnded.Word. They are frozen.
const (
	LeaseExpired    = "expired"     // its time is over; what is not reported is in doubt
	LeaseReturned   = "returned"    // the device reported everything; the rest is free
	LeaseWrittenOff = "written_off" // staff gave the rest up
	LeaseVoid       = "void"        // the rest is free, and tickets over it are void
)

// Words of the incident that somebody handed over, or let in, against the verdict:
// a supervisor, or a device that is not one's.
const (
	Overridden         = "override"
	OverrideUnentitled = "override_unentitled"
)

// RestoredLate is the word of the incident that a ticket is blocked, or not what its
// holder was told: its device reported it after staff had reopened the pools of a
// restored server.
const RestoredLate = "restored_late"

// Lease is a part of a pool that one device grants from by itself. The server
// signs it for that device (core/ticket).
type Lease struct {
	ID        uint64      `cbor:"1,keyasint,omitempty"` // id.Minted of the entry that lent it; 0 in a request
	Device    id.Device   `cbor:"2,keyasint"`
	Activity  id.Activity `cbor:"3,keyasint"`
	Pool      id.Pool     `cbor:"4,keyasint,omitempty"`
	Seats     int         `cbor:"5,keyasint"`           // asked
	Taken     []Taken     `cbor:"6,keyasint,omitempty"` // serials that were lent, in the order in which they are granted
	Policy    Policy      `cbor:"7,keyasint"`
	SetAside  string      `cbor:"8,keyasint,omitempty"`  // serves only its audience; empty takes from the rest only
	Members   []Borrower  `cbor:"9,keyasint,omitempty"`  // exclusive: these and nobody else; elsewhere they get held_elsewhere
	Org       id.Org      `cbor:"10,keyasint,omitempty"` // shared: whose members the device is told about; empty is all that its own enrolment allows
	Lasts     int64       `cbor:"11,keyasint"`           // milliseconds from the grant to the expiry
	VoidAfter int64       `cbor:"12,keyasint,omitempty"` // milliseconds after the expiry
	Expires   int64       `cbor:"13,keyasint,omitempty"` // Unix milliseconds of the server
	Revision  int         `cbor:"14,keyasint,omitempty"` // of the activity
}

// Borrower is one person of an exclusive lease, with the seats that count for
// them when it is lent: one number for each member limit of the activity.
type Borrower struct {
	_      struct{} `cbor:",toarray"`
	Member id.Member
	Held   []int
}
