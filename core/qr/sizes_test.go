package qr

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/skip2/go-qrcode"

	"yizhan/core/id"
	"yizhan/core/ticket"
)

// TestSizes holds the figures of docs/decisions/0002-ticket-format.md: the same
// ticket, signed with Ed25519 in four forms.
func TestSizes(t *testing.T) {
	usual := ticket.Ticket{Deployment: 7, ID: 123456, Epoch: 1, Activity: 31, Pool: 2, Seats: 2, Station: 12, Secret: [16]byte{1}}
	largest := ticket.Ticket{Deployment: math.MaxUint32, ID: math.MaxUint64, Epoch: 65535, Activity: math.MaxUint32, Pool: 65535,
		Seats: 65535, Station: math.MaxUint32, Secret: [16]byte{1}}
	for _, c := range []struct {
		form                       string
		write                      func(testing.TB, ticket.Ticket) string
		usualChars, usualVersion   int
		largeChars, largestVersion int
	}{
		{"COSE_Sign1 over a CBOR array, Base32", code, 180, 8, 213, 8},
		{"raw, fixed fields, Base32", packed, 178, 7, 178, 7},
		{"raw, varints, Base32", varints, 151, 6, 191, 8},
		{"JWT, byte mode", jwt, 237, 11, 305, 13},
	} {
		for _, x := range []struct {
			ticket         ticket.Ticket
			chars, version int
		}{{usual, c.usualChars, c.usualVersion}, {largest, c.largeChars, c.largestVersion}} {
			text := c.write(t, x.ticket)
			symbol, err := qrcode.New(text, qrcode.Medium)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %d characters, version %d", c.form, len(text), symbol.VersionNumber)
			if len(text) != x.chars || symbol.VersionNumber != x.version {
				t.Errorf("%s: %d characters in version %d, the decision says %d in %d", c.form, len(text), symbol.VersionNumber, x.chars, x.version)
			}
		}
	}
}

// TestLeaseSizes holds the figures of docs/decisions/0006-lease-ticket.md.
func TestLeaseSizes(t *testing.T) {
	file, err := os.ReadFile("../ticket/testdata/leases.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct{ Note, Code string }
	if err := json.Unmarshal(file, &all); err != nil {
		t.Fatal(err)
	}
	want := map[string][2]int{"one range, bound, HARD": {392, 12}, "over the end of a range, VOID_UNREPORTED, unbound": {394, 12}, "every field at its limit": {476, 13}}
	for _, v := range all {
		symbol, err := qrcode.New(v.Code, qrcode.Medium)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d characters, version %d", v.Note, len(v.Code), symbol.VersionNumber)
		if got := [2]int{len(v.Code), symbol.VersionNumber}; got != want[v.Note] {
			t.Errorf("%s: %d characters in version %d, the decision says %v", v.Note, got[0], got[1], want[v.Note])
		}
		for pixels := 3; pixels <= 8; pixels++ {
			img, err := Image(v.Code, pixels)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := Read(img); err != nil || got != v.Code {
				t.Errorf("%s at %d pixels: read %q, %v", v.Note, pixels, got, err)
			}
		}
	}
}

var rivalKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

// packed is format, kid and fields of fixed width, then the signature.
func packed(_ testing.TB, x ticket.Ticket) string {
	b := []byte{1, 0x56, 0x47, 0x5a, 0xa7}
	b = binary.BigEndian.AppendUint32(b, x.Deployment)
	b = binary.BigEndian.AppendUint64(b, uint64(x.ID))
	b = binary.BigEndian.AppendUint16(b, uint16(x.Epoch))
	b = binary.BigEndian.AppendUint32(b, x.Activity)
	b = binary.BigEndian.AppendUint16(b, uint16(x.Pool))
	b = binary.BigEndian.AppendUint16(b, uint16(x.Seats))
	b = binary.BigEndian.AppendUint32(b, x.Station)
	b = append(b, x.Secret[:]...)
	return id.Alphabet.EncodeToString(append(b, ed25519.Sign(rivalKey, b)...))
}

// varints is packed with numbers of seven bits a byte.
func varints(_ testing.TB, x ticket.Ticket) string {
	b := []byte{1, 0x56, 0x47, 0x5a, 0xa7}
	for _, n := range []uint64{uint64(x.Deployment), uint64(x.ID), uint64(x.Epoch), uint64(x.Activity), uint64(x.Pool), uint64(x.Seats), uint64(x.Station)} {
		b = binary.AppendUvarint(b, n)
	}
	b = append(b, x.Secret[:]...)
	return id.Alphabet.EncodeToString(append(b, ed25519.Sign(rivalKey, b)...))
}

// jwt has claims of one letter each.
func jwt(t testing.TB, x ticket.Ticket) string {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	head, err := json.Marshal(map[string]string{"alg": "EdDSA", "kid": "56475aa7"})
	if err != nil {
		t.Fatal(err)
	}
	claims, err := json.Marshal(map[string]any{"d": x.Deployment, "i": uint64(x.ID), "e": x.Epoch, "a": x.Activity, "p": x.Pool,
		"s": x.Seats, "t": x.Station, "k": encode(x.Secret[:])})
	if err != nil {
		t.Fatal(err)
	}
	signed := bytes.Join([][]byte{[]byte(encode(head)), []byte(encode(claims))}, []byte{'.'})
	return string(signed) + "." + encode(ed25519.Sign(rivalKey, signed))
}
