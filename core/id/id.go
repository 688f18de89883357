// Package id holds one type for each kind of identifier, so that the compiler
// refuses an organisation where a member is meant.
package id

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"
)

// Identifiers that people choose or import. They hold 1 to 64 bytes of letters,
// digits and "-_.:"; a "/" never occurs, because "activity/session" joins two.
type (
	Member   string
	Org      string
	Station  string
	Activity string
	Pool     string
	Device   string
)

// Ticket is short enough to sign and print. The server's are minted from the
// journal place (Seq) of the entry that made the claim, those of a lease from the
// lease and the first serial, so that a ticket has one number before and after
// the server has heard of it.
type Ticket uint64

const (
	seqBits    = 32
	serialBits = 24
	leaseBits  = 38
	leased     = Ticket(1) << (leaseBits + serialBits)
)

// Minted is the number of a ticket or lease that the entry at seq makes. The
// epoch of the server, which grows with every restore from a backup, keeps it
// apart from numbers that were given out and then lost.
func Minted(epoch int, seq uint64) uint64 { return uint64(epoch)<<seqBits | seq }

// manyEpochs is the first epoch that has no room before the place in a lease's number.
const manyEpochs = 1 << (leaseBits - seqBits)

// MintedLease is Minted for a lease, whose number has to leave room for a serial:
// where the epoch does not fit, it is a hash of both, and may be taken (then try again).
func MintedLease(epoch int, seq uint64, try int) uint64 {
	if epoch < manyEpochs {
		return Minted(epoch, seq)
	}
	var b [24]byte
	binary.BigEndian.PutUint64(b[:], uint64(epoch))
	binary.BigEndian.PutUint64(b[8:], seq)
	binary.BigEndian.PutUint64(b[16:], uint64(try))
	sum := sha256.Sum256(b[:])
	return binary.BigEndian.Uint64(sum[:]) >> (64 - leaseBits)
}

// LeaseTicket is the number of a ticket that a device granted from a lease.
func LeaseTicket(lease uint64, serial int) Ticket {
	return leased | Ticket(lease)<<serialBits | Ticket(serial)
}

// Lease tells which lease a ticket was granted from; ok is false for one that the
// server granted itself.
func (t Ticket) Lease() (lease uint64, serial int, ok bool) {
	if t&leased == 0 {
		return 0, 0, false
	}
	return uint64(t&^leased) >> serialBits, int(t & (1<<serialBits - 1)), true
}

const maxLen = 64

// Check reports what is wrong with an identifier that came from outside.
func Check(s string) error {
	switch {
	case s == "":
		return fmt.Errorf("identifier is empty")
	case len(s) > maxLen:
		return fmt.Errorf("identifier has %d bytes, at most %d are allowed", len(s), maxLen)
	case !utf8.ValidString(s):
		return fmt.Errorf("identifier is not UTF-8")
	}
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_' && r != '.' && r != ':' {
			return fmt.Errorf("identifier %q holds %q; use letters, digits and any of \"-_.:\"", s, r)
		}
	}
	return nil
}

// Alphabet is Base32 without padding: it fits QR alphanumeric mode and survives
// every keyboard layout of a wedge scanner.
var Alphabet = base32.StdEncoding.WithPadding(base32.NoPadding)

// Mint makes a random identifier of n bytes from the injected source.
func Mint(random io.Reader, n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("mint identifier: %w", err)
	}
	return Alphabet.EncodeToString(b), nil
}
