// Package membercode says who a member is by a scanned code: the one on their
// phone, which is another every 30 seconds so that a copy is soon worthless, or the
// one on a card, which says less. Both are opened without a network.
// docs/decisions/0019 has the reasons.
package membercode

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/fxamacker/cbor/v2"

	"yizhan/core/id"
	"yizhan/core/seal"
	"yizhan/core/ticket"
)

// First elements of the payloads, beside those of core/ticket.
const (
	PassFormat   = 4 // pass of a member's phone, by the server
	PhoneFormat  = 5 // rotating code, by the phone
	CardFormat   = 6 // code of a card, by the server
	StaffFormat  = 7 // pass of a device of staff, by the server; its code is a PhoneFormat
	maxMemberLen = 64
)

// Step is how long one rotating code is shown.
const Step = 30 * time.Second

// Tolerance is how many steps the clocks of phone and reader may be apart, either
// way: a copy of a code is good for 90 seconds at most.
const Tolerance = 2

// Life is how long a pass is good. A phone gets a new one with every connection.
const Life = 14 * 24 * time.Hour

// Strength says what a code proves.
type Strength uint8

// Strengths. A card may lie in anybody's hand: it takes the last four digits of the
// phone beside it, and even then allows a check-in and no claim.
const (
	Weak   Strength = iota + 1 // a card
	Strong                     // the member's own phone, now
)

// Errors of Open and Desk.Read. They are compared with errors.Is.
var (
	ErrNotCode      = errors.New("the code is not a member code")
	ErrBadSignature = errors.New("the member code was altered or damaged")
	ErrForeign      = errors.New("the member code belongs to another union's server")
	ErrOld          = errors.New("the member code is too old: it may be a picture of one")
	ErrEarly        = errors.New("the member code is from the future: a clock is wrong")
	ErrOver         = errors.New("the phone's pass has ended: it was not online for too long")
	ErrRevoked      = errors.New("the phone was replaced or lost")
	ErrRepeat       = errors.New("this very member code was read here before")
	ErrNoPass       = errors.New("this phone has no pass yet; connect it to the server once")
	ErrNoKeys       = errors.New("this device has no keys to check codes with; connect it to the server once")
)

// Pass is the server's word that a phone is a member's. Make one with Certify.
type Pass struct {
	Deployment uint32
	Member     id.Member
	Staff      id.Device // instead of Member: a device of staff, who vouch for others with its code
	Phone      seal.Public
	Ends       time.Time // whole seconds
}

// Shown is what a code says.
type Shown struct {
	Deployment uint32
	Member     id.Member
	Staff      id.Device // instead of Member, where staff have shown their device's code
	Strength   Strength
	Step       int64  // of a rotating code: Unix time in steps
	Phone      string // its public key in hex; empty for a card
}

// pass is the payload of a pass: CBOR array of six, in this frozen order.
type pass struct {
	_          struct{} `cbor:",toarray"`
	Format     int
	Deployment uint32
	Member     string // of a StaffFormat the device
	Algorithm  int    // COSE number of Phone
	Phone      []byte
	Ends       uint32 // Unix seconds
}

// phone is the payload of a rotating code: CBOR array of three, in this frozen order.
type phone struct {
	_      struct{} `cbor:",toarray"`
	Format int
	Pass   []byte
	Step   uint32
}

// card is the payload of a card's code: CBOR array of three, in this frozen order.
type card struct {
	_          struct{} `cbor:",toarray"`
	Format     int
	Deployment uint32
	Member     string
}

// Certify signs a pass: the bytes that a phone keeps and puts into its codes.
func Certify(server seal.Private, p Pass) ([]byte, error) {
	ends, format, whose := p.Ends.Unix(), PassFormat, string(p.Member)
	if p.Staff != "" {
		format, whose = StaffFormat, string(p.Staff)
	}
	switch {
	case whose == "" || len(whose) > maxMemberLen:
		return nil, fmt.Errorf("certify phone: member id of %d bytes, want 1 to %d", len(whose), maxMemberLen)
	case p.Staff != "" && p.Member != "":
		return nil, fmt.Errorf("certify phone: it is of staff %s or of member %s, not of both", p.Staff, p.Member)
	case len(p.Phone.Marshal()) == 0:
		return nil, fmt.Errorf("certify phone of %s: it has no key", whose)
	case ends < 0 || ends > math.MaxUint32:
		return nil, fmt.Errorf("certify phone of %s: the end, %d, is not a time", whose, ends)
	}
	return sign(server, pass{Format: format, Deployment: p.Deployment, Member: whose, Algorithm: p.Phone.Algorithm(),
		Phone: p.Phone.Marshal(), Ends: uint32(ends)})
}

// Ends reads from a phone's own pass when it ends, without asking who signed it.
func Ends(signed []byte) (time.Time, error) {
	var p pass
	payload, err := seal.Unverified(signed)
	if err != nil || !exact(payload, &p) || p.Format != PassFormat && p.Format != StaffFormat {
		return time.Time{}, ErrNotCode
	}
	return time.Unix(int64(p.Ends), 0), nil
}

// Make writes the code that the phone of that key and pass shows at now, by the
// server's clock as well as the phone knows it: at most 455 characters, which is QR
// version 13 at level M. It is another one at the end of each Step.
func Make(key seal.Private, pass []byte, now time.Time) (string, error) {
	step := stepOf(now)
	if step < 0 || step > math.MaxUint32 {
		return "", fmt.Errorf("make member code: %v is not a time", now)
	}
	signed, err := sign(key, phone{Format: PhoneFormat, Pass: pass, Step: uint32(step)})
	if err != nil {
		return "", err
	}
	return id.Alphabet.EncodeToString(signed), nil
}

// Card writes the code of a member's card, which never changes: at most 247 characters, which is QR
// version 9.
func Card(server seal.Private, deployment uint32, m id.Member) (string, error) {
	if m == "" || len(m) > maxMemberLen {
		return "", fmt.Errorf("make card: member id of %d bytes, want 1 to %d", len(m), maxMemberLen)
	}
	signed, err := sign(server, card{Format: CardFormat, Deployment: deployment, Member: string(m)})
	if err != nil {
		return "", err
	}
	return id.Alphabet.EncodeToString(signed), nil
}

// Is reports whether a scanned text says of itself that it is a member code.
// Nothing in it is verified.
func Is(code string) bool {
	_, format := peek(code)
	return format == PhoneFormat || format == CardFormat
}

// Open reads a scanned code under the keys that the server published, at now by
// the server's clock as well as the reader knows it. With ErrOld, ErrEarly and
// ErrOver the code is genuine, and Shown says whose.
func Open(rings ticket.Rings, code string, now time.Time) (Shown, error) {
	signed, format := peek(code)
	switch format {
	case PhoneFormat:
		return openPhone(rings, signed, now)
	case CardFormat:
		return openCard(rings, signed)
	}
	if _, err := bytesOf(code); errors.Is(err, ticket.ErrBadSignature) {
		return Shown{}, ErrBadSignature
	}
	return Shown{}, ErrNotCode
}

func openPhone(rings ticket.Rings, signed []byte, now time.Time) (Shown, error) {
	var claimed phone
	payload, err := seal.Unverified(signed)
	if err != nil || !exact(payload, &claimed) {
		return Shown{}, ErrNotCode
	}
	var p pass
	deployment, err := verify(rings, claimed.Pass, &p)
	if err != nil {
		return Shown{}, err
	}
	key, err := seal.ParsePublic(p.Algorithm, p.Phone)
	switch {
	case p.Format != PassFormat && p.Format != StaffFormat:
		return Shown{}, ErrNotCode
	case err != nil, p.Deployment != deployment:
		return Shown{}, ErrForeign
	}
	if _, _, err := seal.Ring(key).Open(signed); err != nil {
		return Shown{}, ErrBadSignature // our pass, around which somebody else signed
	}
	s := Shown{Deployment: deployment, Member: id.Member(p.Member), Strength: Strong, Step: int64(claimed.Step), Phone: hex.EncodeToString(p.Phone)}
	if p.Format == StaffFormat {
		s.Member, s.Staff = "", id.Device(p.Member)
	}
	switch here := stepOf(now); {
	case s.Step < here-Tolerance:
		return s, ErrOld
	case s.Step > here+Tolerance:
		return s, ErrEarly
	case s.Step > stepOf(time.Unix(int64(p.Ends), 0)): // by the phone's own clock, so that no pass ends early
		return s, ErrOver
	}
	return s, nil
}

func openCard(rings ticket.Rings, signed []byte) (Shown, error) {
	var c card
	deployment, err := verify(rings, signed, &c)
	switch {
	case err != nil:
		return Shown{}, err
	case c.Deployment != deployment:
		return Shown{}, ErrForeign
	}
	return Shown{Deployment: deployment, Member: id.Member(c.Member), Strength: Weak}, nil
}

// verify reads a payload that the server of one of the rings signed.
func verify(rings ticket.Rings, signed []byte, body any) (deployment uint32, err error) {
	for number, ring := range rings {
		payload, _, err := ring.Open(signed)
		switch {
		case errors.Is(err, seal.ErrUnknownKey):
			continue
		case err != nil:
			return 0, ErrBadSignature
		case !exact(payload, body):
			return 0, ErrNotCode
		}
		return number, nil
	}
	return 0, ErrForeign
}

func bytesOf(code string) ([]byte, error) {
	if len(code) > ticket.MaxText {
		return nil, ticket.ErrNotTicket
	}
	return ticket.Bytes(code)
}

// peek gives the message of a code and the first element of its payload; 0 where there is none.
func peek(code string) (signed []byte, format int) {
	signed, err := bytesOf(code)
	if err != nil {
		return nil, 0
	}
	payload, err := seal.Unverified(signed)
	var elements []cbor.RawMessage
	if err != nil || cbor.Unmarshal(payload, &elements) != nil || len(elements) == 0 || cbor.Unmarshal(elements[0], &format) != nil {
		return nil, 0
	}
	return signed, format
}

func sign(key seal.Private, body any) ([]byte, error) {
	payload, err := cbor.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("sign member code: %w", err)
	}
	signed, err := key.Sign(payload)
	if err != nil {
		return nil, fmt.Errorf("sign member code: %w", err)
	}
	return signed, nil
}

// exact reads a payload and reports whether it is written as we write it.
func exact(payload []byte, body any) bool {
	if cbor.Unmarshal(payload, body) != nil {
		return false
	}
	again, err := cbor.Marshal(body)
	return err == nil && bytes.Equal(again, payload)
}

func stepOf(t time.Time) int64 { return t.Unix() / int64(Step/time.Second) }
