package wire

import (
	"crypto/sha256"
	"regexp"
	"strings"

	"yizhan/core/id"
)

// Shape of an enrolment code: 80 bits, typed with the first 40 bits of the hash
// of the server's key behind it, or in a QR code with all of it and the address.
const (
	codeLen   = 16
	shortLen  = 8
	keyLen    = 52    // SHA-256 in Base32
	qrPrefix  = "YZ1" // no Base32 holds a 1
	sessions  = "/v1/sync"
	codeGroup = 4
)

// reachable is an address without its path.
var reachable = regexp.MustCompile(`^wss?://[a-z0-9.-]+(:\d{1,5})?$|^wss?://\[[0-9a-f:]+\](:\d{1,5})?$`)

// Invitation is what a new device is given to enrol with.
type Invitation struct {
	Code   string // one-use
	Key    string // Fingerprint of the server, or its beginning; "" where it is not known
	Server string // address, wss://host:port/v1/sync; "" where it is not known
}

// Fingerprint is SHA-256 of a server's public key, in Base32.
func Fingerprint(key []byte) string {
	sum := sha256.Sum256(key)
	return id.Alphabet.EncodeToString(sum[:])
}

// Fits reports whether a server that shows this key is the one that invited.
// Without a key any server is: it is pinned at first use.
func (i Invitation) Fits(key []byte) bool { return strings.HasPrefix(Fingerprint(key), i.Key) }

// Typed is the invitation as a person types it: XXXX-XXXX-XXXX-XXXX-KKKK-KKKK.
func (i Invitation) Typed() string {
	text := i.Code + i.Key[:min(len(i.Key), shortLen)]
	var groups []string
	for ; len(text) > codeGroup; text = text[codeGroup:] {
		groups = append(groups, text[:codeGroup])
	}
	return strings.Join(append(groups, text), "-")
}

// QR is the invitation as a QR code holds it, in the characters of its
// alphanumeric mode; Code and Key are whole.
func (i Invitation) QR() string {
	return qrPrefix + i.Code + i.Key + strings.ToUpper(strings.TrimSuffix(i.Server, sessions))
}

// ParseInvitation reads what was typed or scanned: of either shape, in any case and
// width, with or without groups. Anything else is a code by itself; the server knows.
func ParseInvitation(text string) Invitation {
	flat := strings.Map(flatten, text)
	if at := len(qrPrefix) + codeLen + keyLen; len(flat) >= at && strings.HasPrefix(flat, qrPrefix) && bare(flat[len(qrPrefix):at]) == flat[len(qrPrefix):at] {
		i := Invitation{Code: flat[len(qrPrefix) : len(qrPrefix)+codeLen], Key: flat[len(qrPrefix)+codeLen : at]}
		if address := strings.ToLower(flat[at:]); reachable.MatchString(address) {
			i.Server = address + sessions
		}
		return i
	}
	if s := bare(flat); len(s) == codeLen+shortLen {
		return Invitation{Code: s[:codeLen], Key: s[codeLen:]}
	}
	return Invitation{Code: text}
}

// flatten makes full-width characters of a Chinese input method ordinary ones,
// upper case, without spaces.
func flatten(r rune) rune {
	if r >= '！' && r <= '～' {
		r -= '！' - '!'
	}
	switch {
	case r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\u3000':
		return -1
	case r >= 'a' && r <= 'z':
		return r - 'a' + 'A'
	}
	return r
}

// bare leaves letters and digits.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}
