// Package ticket is the signed form of a claim: what a member's phone shows as
// a QR code and a counter opens without a network. docs/decisions/0002 says why
// it is a COSE_Sign1 over a fixed CBOR array in Base32.
package ticket

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/seal"
)

// First elements of the payloads that this package seals: no two kinds share one,
// and a changed array takes the next number; 4 to 7 are those of core/membercode.
const (
	Format            = 1 // ticket, by the server
	CertificateFormat = 2 // certificate of a lease, by the server
	LeaseFormat       = 3 // ticket from a lease, by the device that holds it
)

// MaxText is the most characters of scanned text that Open looks at.
const MaxText = 512

// maxSmall bounds Epoch, Pool and Seats, so that the largest ticket fits QR version 8.
const maxSmall = 1<<16 - 1

// opening is how every code begins: the tag and array head of a COSE_Sign1.
// Text that begins so was a ticket before somebody or something damaged it.
const opening = "2KCET"

// Ticket is what one claim entitles to.
type Ticket struct {
	Deployment uint32    // number of the union's server
	ID         id.Ticket //
	Epoch      int       // 0…65535, grows when the ticket is freed or moved
	Activity   uint32    // number of the activity
	Pool       int       // 0…65535, index of the pool in the activity
	Seats      int       // 1…65535
	Station    uint32    // number of the place that alone hands over; 0 is unbound
	Secret     [16]byte  // opens the personal fields on the station's device
	Policy     op.Policy // of the lease that it was granted from; 0 for one that the server granted
}

// Errors of Open. They are compared with errors.Is.
var (
	ErrNotTicket    = errors.New("the code is not a ticket")
	ErrBadSignature = errors.New("the ticket was altered or damaged")
	ErrForeign      = errors.New("the ticket belongs to another union's server")
)

// body is the payload: CBOR array of nine, in this frozen order.
type body struct {
	_          struct{} `cbor:",toarray"`
	Format     int
	Deployment uint32
	ID         uint64
	Epoch      uint16
	Activity   uint32
	Pool       uint16
	Seats      uint16
	Station    uint32
	Secret     []byte
}

// Seal signs a ticket and writes it as Base32 of at most 213 characters, which
// is QR version 8 at level M in alphanumeric mode.
func Seal(key seal.Private, t Ticket) (string, error) {
	for _, n := range []int{t.Epoch, t.Pool, t.Seats} {
		if n < 0 || n > maxSmall {
			return "", fmt.Errorf("seal ticket %d: epoch, pool and seats are 0 to %d, not %d", t.ID, maxSmall, n)
		}
	}
	if t.Seats == 0 {
		return "", fmt.Errorf("seal ticket %d: it has no seats", t.ID)
	}
	payload, err := cbor.Marshal(body{Format: Format, Deployment: t.Deployment, ID: uint64(t.ID), Epoch: uint16(t.Epoch),
		Activity: t.Activity, Pool: uint16(t.Pool), Seats: uint16(t.Seats), Station: t.Station, Secret: t.Secret[:]})
	if err != nil {
		return "", fmt.Errorf("seal ticket %d: %w", t.ID, err)
	}
	signed, err := key.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("seal ticket %d: %w", t.ID, err)
	}
	return id.Alphabet.EncodeToString(signed), nil
}

// Open reads a scanned or pasted code of either kind. Lower case, and spaces, CR
// and LF around it, are accepted; nothing else that Seal or SealLease did not
// write is. On success the ticket, or the certificate that it was granted under,
// is signed by a key of the ring and belongs to deployment. Errors: ErrNotTicket,
// ErrBadSignature, ErrForeign (another server or unknown key).
func Open(keys seal.Keyring, deployment uint32, code string) (Ticket, error) {
	if len(code) > MaxText {
		return Ticket{}, ErrNotTicket
	}
	signed, err := Bytes(code)
	if err != nil {
		return Ticket{}, err
	}
	if b, ok := leaseBodyOf(signed); ok {
		return openLease(keys, deployment, signed, b)
	}
	payload, err := open(keys, signed)
	if err != nil {
		return Ticket{}, err
	}
	return decode(payload, deployment)
}

// Bytes are what the signatures of a code are over, none of them verified yet. The
// errors are those of Open.
func Bytes(code string) ([]byte, error) {
	code = upper(strings.Trim(code, " \t\r\n"))
	if !strings.HasPrefix(code, opening) {
		return nil, ErrNotTicket
	}
	signed, err := id.Alphabet.DecodeString(code)
	if err != nil || id.Alphabet.EncodeToString(signed) != code {
		return nil, ErrBadSignature
	}
	return signed, nil
}

// open verifies, in the words of this package.
func open(keys seal.Keyring, signed []byte) ([]byte, error) {
	payload, _, err := keys.Open(signed)
	switch {
	case errors.Is(err, seal.ErrUnknownKey):
		return nil, ErrForeign
	case err != nil:
		return nil, ErrBadSignature
	}
	return payload, nil
}

// decode reads a payload whose signature is good. One that does not read is
// something else that our key sealed, not a damaged ticket.
func decode(payload []byte, deployment uint32) (Ticket, error) {
	var b body
	if !exact(payload, &b) || b.Format != Format || len(b.Secret) != 16 || b.Seats == 0 {
		return Ticket{}, ErrNotTicket
	}
	if b.Deployment != deployment {
		return Ticket{}, ErrForeign
	}
	return Ticket{Deployment: b.Deployment, ID: id.Ticket(b.ID), Epoch: int(b.Epoch), Activity: b.Activity,
		Pool: int(b.Pool), Seats: int(b.Seats), Station: b.Station, Secret: [16]byte(b.Secret)}, nil
}

// exact reads a payload and reports whether it is written as we write it.
func exact(payload []byte, body any) bool {
	if cbor.Unmarshal(payload, body) != nil {
		return false
	}
	again, err := cbor.Marshal(body)
	return err == nil && bytes.Equal(again, payload)
}

// upper is strings.ToUpper for ASCII alone: it would turn ſ and ı into letters of ours.
func upper(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, s)
}

// Secret derives a ticket's secret from the server's master key, so that no
// entry needs to hold it: HMAC-SHA-256 over "yizhan/ticket/1", id and epoch as
// big-endian 64 bits, cut to 16 bytes. The secret of a ticket as a device granted
// it, epoch 0, comes from its lease's secret instead.
func Secret(master []byte, ticket id.Ticket, epoch int) [16]byte {
	if lease, _, ok := ticket.Lease(); ok && epoch == 0 {
		return GrantSecret(LeaseSecret(master, lease), ticket)
	}
	return derive(master, "yizhan/ticket/1", uint64(ticket), uint64(epoch))
}

// LeaseSecret is what the holder of a lease derives the secrets of its tickets
// from: HMAC-SHA-256 over "yizhan/lease/1" and the lease's number, cut likewise.
func LeaseSecret(master []byte, lease uint64) [16]byte {
	return derive(master, "yizhan/lease/1", lease)
}

// GrantSecret is the secret of a ticket that is granted from the lease of that
// secret: HMAC-SHA-256 under it over "yizhan/lease-ticket/1" and the ticket, cut
// likewise.
func GrantSecret(lease [16]byte, ticket id.Ticket) [16]byte {
	return derive(lease[:], "yizhan/lease-ticket/1", uint64(ticket))
}

func derive(key []byte, label string, numbers ...uint64) [16]byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(label))
	_ = binary.Write(mac, binary.BigEndian, numbers) // a hash never fails
	return [16]byte(mac.Sum(nil)[:16])
}
