package ticket

import (
	"errors"
	"fmt"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/seal"
)

// MaxRanges is the most serial ranges that a certificate names: with them the
// largest ticket from a lease still fits QR version 13 (docs/decisions/0006).
const MaxRanges = 4

// maxSerial bounds serials, as id.LeaseTicket does.
const maxSerial = 1<<24 - 1

// Range is a run of serials of a pool.
type Range struct{ From, N int }

// Certificate is the server's word that one device may grant some serials of a
// pool. Make one with Certify, read it with OpenCertificate.
type Certificate struct {
	Deployment uint32
	Lease      uint64
	Device     seal.Public
	Activity   uint32
	Pool       int // index of the pool in the activity
	Policy     op.Policy
	Ranges     []Range // in the order in which they are granted, at most MaxRanges
	signed     []byte
}

// certificate is the payload of a certificate: CBOR array of nine, in this frozen
// order. Serials are from, n, from, n …
type certificate struct {
	_          struct{} `cbor:",toarray"`
	Format     int
	Deployment uint32
	Lease      uint64
	Algorithm  int // COSE number of Device
	Device     []byte
	Activity   uint32
	Pool       uint16
	Policy     uint8
	Serials    []uint32
}

// leaseBody is the payload of a ticket from a lease: CBOR array of six, in this
// frozen order. Its serials are the Seats ones that follow each other in the
// certificate's ranges from First on.
type leaseBody struct {
	_           struct{} `cbor:",toarray"`
	Format      int
	Certificate []byte
	First       uint32
	Seats       uint16
	Station     uint32
	Secret      []byte
}

// Ranges joins serials that follow each other, and gives the last MaxRanges of
// what that makes: a lease that was renewed has used up those before. Parts are
// left out, because a serial is in one part of its pool only.
func Ranges(taken []op.Taken) []Range {
	var out []Range
	for _, t := range taken {
		if n := len(out) - 1; n >= 0 && out[n].From+out[n].N == t.From {
			out[n].N += t.N
			continue
		}
		out = append(out, Range{t.From, t.N})
	}
	return out[max(0, len(out)-MaxRanges):]
}

// Certify signs a certificate: the bytes that travel in a wire.LeaseRow.
func Certify(server seal.Private, c Certificate) ([]byte, error) {
	body := certificate{Format: CertificateFormat, Deployment: c.Deployment, Lease: c.Lease, Algorithm: c.Device.Algorithm(),
		Device: c.Device.Marshal(), Activity: c.Activity, Pool: uint16(c.Pool), Policy: uint8(c.Policy)}
	for _, r := range c.Ranges {
		if r.From < 1 || r.N < 1 || r.N > maxSerial || r.From > maxSerial+1-r.N {
			return nil, fmt.Errorf("certify lease %d: serials %d+%d are not from 1 to %d", c.Lease, r.From, r.N, maxSerial)
		}
		body.Serials = append(body.Serials, uint32(r.From), uint32(r.N))
	}
	lease, _, _ := id.LeaseTicket(c.Lease, 1).Lease()
	switch {
	case lease != c.Lease:
		return nil, fmt.Errorf("certify lease %d: the number does not fit a ticket", c.Lease)
	case len(c.Ranges) == 0 || len(c.Ranges) > MaxRanges:
		return nil, fmt.Errorf("certify lease %d: it has %d ranges of serials, a certificate names 1 to %d", c.Lease, len(c.Ranges), MaxRanges)
	case len(body.Device) == 0:
		return nil, fmt.Errorf("certify lease %d: the device has no key", c.Lease)
	case c.Pool < 0 || c.Pool > maxSmall:
		return nil, fmt.Errorf("certify lease %d: pool %d is not from 0 to %d", c.Lease, c.Pool, maxSmall)
	}
	payload, err := cbor.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("certify lease %d: %w", c.Lease, err)
	}
	signed, err := server.Sign(payload)
	if err != nil {
		return nil, fmt.Errorf("certify lease %d: %w", c.Lease, err)
	}
	return signed, nil
}

// OpenCertificate reads what Certify made; the errors are those of Open.
func OpenCertificate(keys seal.Keyring, deployment uint32, signed []byte) (Certificate, error) {
	payload, err := open(keys, signed)
	if err != nil {
		return Certificate{}, err
	}
	var b certificate
	if !exact(payload, &b) || b.Format != CertificateFormat || len(b.Serials)%2 != 0 || len(b.Serials) > 2*MaxRanges {
		return Certificate{}, ErrNotTicket
	}
	device, err := seal.ParsePublic(b.Algorithm, b.Device)
	if err != nil {
		return Certificate{}, ErrForeign // a key of a newer server's kind
	}
	if b.Deployment != deployment {
		return Certificate{}, ErrForeign
	}
	c := Certificate{Deployment: b.Deployment, Lease: b.Lease, Device: device, Activity: b.Activity, Pool: int(b.Pool),
		Policy: op.Policy(b.Policy), signed: signed}
	for pair := range slices.Chunk(b.Serials, 2) {
		c.Ranges = append(c.Ranges, Range{int(pair[0]), int(pair[1])})
	}
	return c, nil
}

// Covers reports whether n serials from first on, in the order of the ranges, are
// the certificate's.
func (c Certificate) Covers(first, n int) bool {
	left := 0
	for _, r := range c.Ranges {
		switch {
		case left > 0:
			left += r.N
		case first >= r.From && first < r.From+r.N:
			left = r.From + r.N - first
		}
	}
	return n > 0 && n <= left
}

// ErrCertificate says that a ticket cannot be signed under a certificate.
var ErrCertificate = errors.New("the certificate of the lease does not cover this ticket")

// SealLease signs a ticket that a device grants by itself, under a certificate
// that OpenCertificate gave. Of the ticket it writes ID (of that lease), Seats,
// Station and Secret; Epoch is 0. The text has at most 476 characters, which is QR
// version 13 at level M in alphanumeric mode. Other serials than the
// certificate's, and another key, are ErrCertificate.
func SealLease(device seal.Private, c Certificate, t Ticket) (string, error) {
	lease, first, ok := t.ID.Lease()
	if !ok || lease != c.Lease || len(c.signed) == 0 || t.Seats > maxSmall || !c.Covers(first, t.Seats) || !device.Public().Equal(c.Device) {
		return "", fmt.Errorf("seal ticket %d: %w", t.ID, ErrCertificate)
	}
	payload, err := cbor.Marshal(leaseBody{Format: LeaseFormat, Certificate: c.signed, First: uint32(first), Seats: uint16(t.Seats),
		Station: t.Station, Secret: t.Secret[:]})
	if err != nil {
		return "", fmt.Errorf("seal ticket %d: %w", t.ID, err)
	}
	signed, err := device.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("seal ticket %d: %w", t.ID, err)
	}
	return id.Alphabet.EncodeToString(signed), nil
}

// leaseBodyOf reports whether a message says of itself that it is a ticket from a
// lease. Nothing in it is verified yet.
func leaseBodyOf(signed []byte) (b leaseBody, ok bool) {
	payload, err := seal.Unverified(signed)
	return b, err == nil && cbor.Unmarshal(payload, &b) == nil && b.Format == LeaseFormat
}

// leaseNamed is the lease that a certificate says it is of, 0 if it says nothing.
func leaseNamed(signed []byte) uint64 {
	var b certificate
	payload, err := seal.Unverified(signed)
	if err != nil || cbor.Unmarshal(payload, &b) != nil {
		return 0
	}
	return b.Lease
}

// openLease verifies the server's certificate, and by the key in it the ticket.
func openLease(keys seal.Keyring, deployment uint32, signed []byte, claimed leaseBody) (Ticket, error) {
	c, err := OpenCertificate(keys, deployment, claimed.Certificate)
	if err != nil {
		return Ticket{}, err
	}
	return c.OpenGranted(signed)
}

// OpenGranted verifies the bytes of a ticket that the certificate's device granted.
// Whoever has the lease on record may fill a Certificate from that, with Device,
// Lease and Ranges at least: the one inside the ticket is not verified here, and
// only has to name the same lease. The errors are those of Open.
func (c Certificate) OpenGranted(signed []byte) (Ticket, error) {
	payload, err := open(seal.Ring(c.Device), signed)
	if err != nil {
		return Ticket{}, ErrBadSignature // our certificate around which somebody else signed
	}
	var b leaseBody
	if !exact(payload, &b) || len(b.Secret) != 16 {
		return Ticket{}, ErrNotTicket
	}
	if !c.Covers(int(b.First), int(b.Seats)) || leaseNamed(b.Certificate) != c.Lease {
		return Ticket{}, ErrBadSignature // the device had no right to these serials
	}
	return Ticket{Deployment: c.Deployment, ID: id.LeaseTicket(c.Lease, int(b.First)), Activity: c.Activity, Pool: c.Pool,
		Seats: int(b.Seats), Station: b.Station, Secret: [16]byte(b.Secret), Policy: c.Policy}, nil
}
