package wire

import (
	"yizhan/core/fault"
	"yizhan/core/id"
)

// TAsk (from a kiosk, or a supervisor's device, to the server) asks about the person who stands there; TTold answers.
const (
	TAsk  Type = 12
	TTold Type = 77
)

// AskVersion is the lowest version whose servers understand Ask.
const AskVersion = 3

// Question is what an Ask wants to know. Numbers are frozen.
type Question uint8

// Questions.
const (
	AskPerson  Question = 1 // Phone, with Member or Name: who is this?
	AskTickets Question = 2 // Member, Proof: what has this member claimed?
	AskPhone   Question = 3 // Member, Proof of staff: a one-use code for a new phone of this member
)

// Ask is one question. Its answer is not kept: who asks again asks anew.
type Ask struct {
	N      uint64    `cbor:"1,keyasint"` // repeated by the answer
	Kind   Question  `cbor:"2,keyasint"`
	Member id.Member `cbor:"3,keyasint,omitempty"`
	Name   string    `cbor:"4,keyasint,omitempty"` // as it was typed
	Phone  string    `cbor:"5,keyasint,omitempty"` // its last four digits
	Proof  []byte    `cbor:"6,keyasint,omitempty"` // op.Op.Proof: who was there
}

// Told answers an Ask. Code says why it gives nothing, Kind why that could not be found out now.
type Told struct {
	N          uint64     `cbor:"1,keyasint"`
	Kind       fault.Kind `cbor:"2,keyasint,omitempty"`
	Code       fault.Code `cbor:"3,keyasint,omitempty"`
	People     []Masked   `cbor:"4,keyasint,omitempty"` // of AskPerson; of the others the member alone
	Claims     []ClaimRow `cbor:"5,keyasint,omitempty"` // of AskTickets
	Invitation string     `cbor:"6,keyasint,omitempty"` // of AskPhone: text of the QR code
	Typed      string     `cbor:"7,keyasint,omitempty"` // of AskPhone: the same, to be typed
	Expires    int64      `cbor:"8,keyasint,omitempty"` // of AskPhone: server clock, Unix milliseconds
}

// Masked is a person as a public screen may name them.
type Masked struct {
	Member id.Member `cbor:"1,keyasint"`
	Name   string    `cbor:"2,keyasint,omitempty"` // family name and stars
	Phone  string    `cbor:"3,keyasint,omitempty"` // stars and the last four digits
	Org    string    `cbor:"4,keyasint,omitempty"` // name of the organisation
}

// Type of each message.
func (Ask) Type() Type  { return TAsk }
func (Told) Type() Type { return TTold }
