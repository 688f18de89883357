package ticket

import (
	"errors"
	"strings"

	"yizhan/core/id"
)

// ShortDigits are the characters of a short code. They leave out I, L and O, which are
// read as 1, 1 and 0, and U, which is refused.
const ShortDigits = digits

const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// shortMin is the shortest code without its check character; smaller numbers are filled up with zeros.
const shortMin = 4

// ErrShort says that a typed code was mistyped or never was one.
var ErrShort = errors.New("the short code is mistyped; compare it with the slip")

// Short gives the code that a person can read out and type: the ticket's number
// in base 32 and a check character, 5 to 14 characters. It finds a ticket; it
// proves nothing.
func Short(t id.Ticket) string {
	var values []byte
	for n := uint64(t); n > 0 || len(values) < shortMin; n >>= 5 {
		values = append([]byte{byte(n & 31)}, values...)
	}
	values = append(values, check(values))
	for i, v := range values {
		values[i] = digits[v]
	}
	return string(values)
}

// ParseShort reads a typed code; case, spaces and hyphens do not matter, and O,
// I, L are taken for 0, 1, 1. One wrong character, or two neighbours swapped, is
// always ErrShort.
func ParseShort(s string) (id.Ticket, error) {
	if len(s) > 32 {
		return 0, ErrShort
	}
	s = strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(upper(strings.TrimSpace(s)))
	if len(s) <= shortMin {
		return 0, ErrShort
	}
	values := make([]byte, len(s))
	var n uint64
	for i := range s {
		v := strings.IndexByte(digits, s[i])
		if v < 0 {
			return 0, ErrShort
		}
		if values[i] = byte(v); i < len(s)-1 {
			n = n<<5 | uint64(v)
		}
	}
	last := len(s) - 1
	if check(values[:last]) != values[last] || Short(id.Ticket(n)) != s {
		return 0, ErrShort
	}
	return id.Ticket(n), nil
}

// check is the value at 2 of the polynomial whose coefficients are the digits,
// in the field of 32 elements under x⁵+x²+1: each position has a weight of its
// own, so that every single error and every swap of neighbours shows.
func check(values []byte) byte {
	var sum byte
	for _, v := range values {
		sum = double(sum ^ v)
	}
	return sum
}

func double(v byte) byte {
	if v <<= 1; v >= 32 {
		v ^= 0b100101
	}
	return v
}
