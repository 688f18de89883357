package ticket

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"yizhan/core/id"
	"yizhan/core/seal"
)

const here = 7 // deployment number of the tests

func key(t testing.TB, fill byte) seal.Private {
	t.Helper()
	k, err := seal.Generate(bytes.NewReader(bytes.Repeat([]byte{fill}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func example() Ticket {
	return Ticket{Deployment: here, ID: 123456, Epoch: 1, Activity: 31, Pool: 2, Seats: 2, Station: 12,
		Secret: Secret([]byte("master"), 123456, 1)}
}

// largest has every field at its limit.
func largest() Ticket {
	return Ticket{Deployment: math.MaxUint32, ID: math.MaxUint64, Epoch: maxSmall, Activity: math.MaxUint32, Pool: maxSmall,
		Seats: maxSmall, Station: math.MaxUint32, Secret: [16]byte(bytes.Repeat([]byte{0xff}, 16))}
}

func sealed(t testing.TB, k seal.Private, x Ticket) string {
	t.Helper()
	code, err := Seal(k, x)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// TestVectors holds codes that are in the field: the same ticket and key must
// give the same code for ever, and the code must open.
func TestVectors(t *testing.T) {
	file, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Note, Seed, Secret, Code, Short string
		Deployment, Activity, Station   uint32
		ID                              uint64
		Epoch, Pool, Seats              int
	}
	if err := json.Unmarshal(file, &all); err != nil || len(all) == 0 {
		t.Fatalf("%d vectors: %v", len(all), err)
	}
	for _, v := range all {
		seed, _ := hex.DecodeString(v.Seed)
		secret, _ := hex.DecodeString(v.Secret)
		k, err := seal.Generate(bytes.NewReader(seed))
		if err != nil {
			t.Fatal(err)
		}
		x := Ticket{Deployment: v.Deployment, ID: id.Ticket(v.ID), Epoch: v.Epoch, Activity: v.Activity, Pool: v.Pool,
			Seats: v.Seats, Station: v.Station, Secret: [16]byte(secret)}
		if code := sealed(t, k, x); code != v.Code {
			t.Errorf("%s: code %s, want %s", v.Note, code, v.Code)
		}
		if got, err := Open(seal.Ring(k.Public()), v.Deployment, v.Code); err != nil || got != x {
			t.Errorf("%s: opened as %+v, %v", v.Note, got, err)
		}
		if got := Short(x.ID); got != v.Short {
			t.Errorf("%s: short %s, want %s", v.Note, got, v.Short)
		}
	}
}

func TestOpen(t *testing.T) {
	mine := key(t, 1)
	ring := seal.Ring(mine.Public())
	code := sealed(t, mine, example())
	other := example()
	other.Deployment = here + 1
	altered := []byte(code)
	altered[60] ^= 1 // one letter to its neighbour, both in the alphabet or refused as text
	raw, _ := id.Alphabet.DecodeString(code)
	cases := []struct {
		name, code string
		want       error
	}{
		{"as written", code, nil},
		{"lower case", strings.ToLower(code), nil},
		{"scanner's line end", code + "\r\n", nil},
		{"spaces around", "  \t" + code + " ", nil},
		{"nothing", "", ErrNotTicket},
		{"blank", " \r\n", ErrNotTicket},
		{"web link", "https://example.org/t/12", ErrNotTicket},
		{"WeChat link", "http://weixin.qq.com/r/abcdefghij", ErrNotTicket},
		{"shop's bar code", "6901234567892", ErrNotTicket},
		{"Chinese text", "凭此票入场", ErrNotTicket},
		{"full-width", fullWidth(code), ErrNotTicket},
		{"too long", code + strings.Repeat(" ", MaxText), ErrNotTicket},
		{"code inside a link", "https://example.org/" + code, ErrNotTicket},
		{"one letter changed", string(altered), ErrBadSignature},
		{"cut short", code[:len(code)-8], ErrBadSignature},
		{"twice", code + code, ErrBadSignature},
		{"space inside", code[:20] + " " + code[20:], ErrBadSignature},
		{"line end inside", code[:20] + "\n" + code[20:], ErrBadSignature},
		{"long s for S", strings.Replace(code, "S", "ſ", 1), ErrBadSignature},
		{"padding", code + "=", ErrBadSignature},
		{"another deployment, our key", sealed(t, mine, other), ErrForeign},
		{"unknown key", sealed(t, key(t, 2), example()), ErrForeign},
		{"our key, other content", id.Alphabet.EncodeToString(sign(t, mine, []byte("hello"))), ErrNotTicket},
		{"our key, a later format", id.Alphabet.EncodeToString(sign(t, mine, later(t))), ErrNotTicket},
		{"our key, loosely written", id.Alphabet.EncodeToString(sign(t, mine, loose(t))), ErrNotTicket},
		{"unprotected header", id.Alphabet.EncodeToString(bytes.Replace(raw, []byte{0xa0, 0x58}, []byte{0xa1, 1, 1, 0x58}, 1)), ErrBadSignature},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Open(ring, here, c.code)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err == nil && got != example() || err != nil && got != (Ticket{}) {
				t.Fatalf("got %+v", got)
			}
		})
	}
}

func fullWidth(s string) string {
	return strings.Map(func(r rune) rune { return r - '!' + '！' }, s)
}

func sign(t *testing.T, k seal.Private, payload []byte) []byte {
	t.Helper()
	b, err := k.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func later(t *testing.T) []byte {
	t.Helper()
	b, err := cbor.Marshal(body{Format: Format + 1, Seats: 1, Secret: make([]byte, 16)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// loose is a ticket whose format number takes two bytes where one would do.
func loose(t *testing.T) []byte {
	t.Helper()
	b, err := cbor.Marshal(body{Format: Format, Deployment: here, Seats: 1, Secret: make([]byte, 16)})
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte{b[0], 0x18}, b[1:]...)
}

func TestEveryFlippedBitIsRefused(t *testing.T) {
	k := key(t, 1)
	ring := seal.Ring(k.Public())
	code := sealed(t, k, example())
	raw, err := id.Alphabet.DecodeString(code)
	if err != nil {
		t.Fatal(err)
	}
	count := map[error]int{}
	for bit := range len(raw) * 8 {
		bad := bytes.Clone(raw)
		bad[bit/8] ^= 1 << (bit % 8)
		_, err := Open(ring, here, id.Alphabet.EncodeToString(bad))
		if err == nil {
			t.Fatalf("bit %d flipped: opened", bit)
		}
		count[err]++
	}
	// The first 25 bits are what makes it a ticket at all; 32 bits name the key.
	if count[ErrNotTicket] > 25 || count[ErrForeign] != 32 || count[ErrBadSignature] < len(raw)*8-57 {
		t.Errorf("verdicts over all bits: %v", count)
	}
	// Base32 leaves bits unused at the end: a letter that differs only there is refused as well.
	last := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", code[len(code)-1])
	for n := range 32 {
		other := code[:len(code)-1] + "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[n:n+1]
		if _, err := Open(ring, here, other); (err == nil) != (n == last) {
			t.Errorf("last letter %d: %v", n, err)
		}
	}
}

func TestSealRefuses(t *testing.T) {
	for name, change := range map[string]func(*Ticket){
		"no seats":       func(x *Ticket) { x.Seats = 0 },
		"negative seats": func(x *Ticket) { x.Seats = -1 },
		"many seats":     func(x *Ticket) { x.Seats = maxSmall + 1 },
		"negative epoch": func(x *Ticket) { x.Epoch = -1 },
		"large pool":     func(x *Ticket) { x.Pool = maxSmall + 1 },
	} {
		x := example()
		change(&x)
		if code, err := Seal(key(t, 1), x); err == nil {
			t.Errorf("%s: sealed as %s", name, code)
		}
	}
	if _, err := Seal(seal.Private{}, example()); err == nil {
		t.Error("sealed with the empty key")
	}
}

func TestLargestTicketHas213Characters(t *testing.T) {
	if code := sealed(t, key(t, 1), largest()); len(code) != 213 {
		t.Errorf("%d characters", len(code))
	}
}

func TestSecretsDiffer(t *testing.T) {
	seen := map[[16]byte]string{}
	for name, s := range map[string][16]byte{
		"one":            Secret([]byte("a"), 1, 0),
		"next ticket":    Secret([]byte("a"), 2, 0),
		"next epoch":     Secret([]byte("a"), 1, 1),
		"another master": Secret([]byte("b"), 1, 0),
	} {
		if seen[s] != "" {
			t.Errorf("%s has the secret of %s", name, seen[s])
		}
		seen[s] = name
	}
	if again := Secret([]byte("a"), 1, 0); seen[again] != "one" {
		t.Error("the same ticket has two secrets")
	}
}

func TestSealOpenIsTheIdentity(t *testing.T) {
	k := key(t, 1)
	ring := seal.Ring(k.Public())
	rapid.Check(t, func(t *rapid.T) {
		x := Ticket{Deployment: rapid.Uint32().Draw(t, "deployment"), ID: id.Ticket(rapid.Uint64().Draw(t, "id")),
			Epoch: rapid.IntRange(0, maxSmall).Draw(t, "epoch"), Activity: rapid.Uint32().Draw(t, "activity"),
			Pool: rapid.IntRange(0, maxSmall).Draw(t, "pool"), Seats: rapid.IntRange(1, maxSmall).Draw(t, "seats"),
			Station: rapid.Uint32().Draw(t, "station"),
			Secret:  [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "secret"))}
		code, err := Seal(k, x)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Open(ring, x.Deployment, code); err != nil || got != x {
			t.Fatalf("%+v came back as %+v, %v", x, got, err)
		}
	})
}

func TestShort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := id.Ticket(rapid.Uint64().Draw(t, "ticket") >> rapid.IntRange(0, 63).Draw(t, "shift"))
		s := Short(n)
		if len(s) < 5 || len(s) > 14 || strings.ContainsAny(s, "ILOU") {
			t.Fatalf("short code %q", s)
		}
		typed := strings.ToLower(s[:3]) + "-" + s[3:] + " "
		typed = strings.NewReplacer("0", "o", "1", "l").Replace(typed)
		if got, err := ParseShort(typed); err != nil || got != n {
			t.Fatalf("%q read as %d, %v; want %d", typed, got, err, n)
		}
		at := rapid.IntRange(0, len(s)-1).Draw(t, "at")
		wrong := rapid.SampledFrom([]byte(digits)).Draw(t, "wrong")
		if got, err := ParseShort(s[:at] + string(wrong) + s[at+1:]); wrong != s[at] && err == nil {
			t.Fatalf("%q with %q at %d read as %d", s, wrong, at, got)
		}
		if at > 0 && s[at] != s[at-1] {
			if got, err := ParseShort(s[:at-1] + s[at:at+1] + s[at-1:at] + s[at+1:]); err == nil {
				t.Fatalf("%q with swapped neighbours at %d read as %d", s, at, got)
			}
		}
	})
	for _, s := range []string{"", "0", "0000", "UUUUU", "票0000", strings.Repeat("0", 33), "0" + Short(1), Short(math.MaxUint64) + "0",
		"Z" + Short(math.MaxUint64)} {
		if n, err := ParseShort(s); err == nil {
			t.Errorf("%q read as %d", s, n)
		}
	}
}

func FuzzOpen(f *testing.F) {
	k := key(f, 1)
	ring := seal.Ring(k.Public())
	f.Add(sealed(f, k, example()))
	f.Add(strings.ToLower(sealed(f, k, largest())))
	f.Add("https://example.org")
	f.Add(opening)
	f.Fuzz(func(t *testing.T, code string) {
		x, err := Open(ring, here, code)
		if err != nil {
			return
		}
		if again := sealed(t, k, x); again != upper(strings.Trim(code, " \t\r\n")) {
			t.Fatalf("opened %q, which we would never write", code)
		}
	})
}

func FuzzParseShort(f *testing.F) {
	for _, s := range []string{"00005", Short(1), Short(math.MaxUint64), "o-l i", "票"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseShort(s)
		if err != nil {
			return
		}
		if back, err := ParseShort(Short(n)); err != nil || back != n {
			t.Fatalf("%q read as %d, which reads back as %d, %v", s, n, back, err)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	k := key(b, 1)
	ring, code := seal.Ring(k.Public()), sealed(b, k, example())
	for b.Loop() {
		if _, err := Open(ring, here, code); err != nil {
			b.Fatal(err)
		}
	}
}
