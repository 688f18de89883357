package membercode

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/skip2/go-qrcode"
	"pgregory.net/rapid"

	"yizhan/core/id"
	"yizhan/core/seal"
	"yizhan/core/ticket"
)

var rewrite = flag.Bool("rewrite", false, "write testdata/vectors.json anew")

const here = 7

var noon = time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)

func key(t testing.TB, seed byte) seal.Private {
	t.Helper()
	k, err := seal.Generate(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func rings(keys ...seal.Private) ticket.Rings {
	r := ticket.Rings{here: seal.Keyring{}}
	for _, k := range keys {
		r[here][string(k.Public().KID())] = k.Public()
	}
	return r
}

func certified(t testing.TB, server, phone seal.Private, change func(*Pass)) []byte {
	t.Helper()
	p := Pass{Deployment: here, Member: "m-1001", Phone: phone.Public(), Ends: noon.Add(Life)}
	if change != nil {
		change(&p)
	}
	signed, err := Certify(server, p)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func made(t testing.TB, phone seal.Private, pass []byte, at time.Time) string {
	t.Helper()
	code, err := Make(phone, pass, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestPhoneCode(t *testing.T) {
	server, phone := key(t, 1), key(t, 2)
	pass := certified(t, server, phone, nil)
	code := made(t, phone, pass, noon)
	got, err := Open(rings(server), " "+strings.ToLower(code)+"\r\n", noon.Add(Step-1))
	want := Shown{Deployment: here, Member: "m-1001", Strength: Strong, Step: noon.Unix() / 30, Phone: hex.EncodeToString(phone.Public().Marshal())}
	if err != nil || got != want {
		t.Errorf("opened as %+v, %v; want %+v", got, err, want)
	}
	if code != made(t, phone, pass, noon.Add(Step-1)) || code == made(t, phone, pass, noon.Add(Step)) {
		t.Error("the code does not change at the end of a step and only there")
	}
	if ends, err := Ends(pass); err != nil || !ends.Equal(noon.Add(Life)) {
		t.Errorf("the pass ends at %v, %v", ends, err)
	}
}

// Clocks that differ by a minute are no reason to send a person away; a picture of
// five minutes ago is.
func TestClocksApart(t *testing.T) {
	server, phone := key(t, 1), key(t, 2)
	code := made(t, phone, certified(t, server, phone, nil), noon)
	for after, want := range map[time.Duration]error{
		0: nil, 60 * time.Second: nil, 89 * time.Second: nil, 90 * time.Second: ErrOld, 5 * time.Minute: ErrOld, 24 * time.Hour: ErrOld,
		-60 * time.Second: nil, -61 * time.Second: ErrEarly, -time.Hour: ErrEarly,
	} {
		got, err := Open(rings(server), code, noon.Add(after))
		if !errors.Is(err, want) || got.Member != "m-1001" {
			t.Errorf("read %v after it was made: %v of %q, want %v", after, err, got.Member, want)
		}
	}
}

func TestPassEnds(t *testing.T) {
	server, phone := key(t, 1), key(t, 2)
	pass := certified(t, server, phone, func(p *Pass) { p.Ends = noon })
	for after, want := range map[time.Duration]error{-time.Hour: nil, 0: nil, Step: ErrOver, time.Hour: ErrOver} {
		if _, err := Open(rings(server), made(t, phone, pass, noon.Add(after)), noon.Add(after)); !errors.Is(err, want) {
			t.Errorf("%v after the end: %v, want %v", after, err, want)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	server, other, phone, thief := key(t, 1), key(t, 9), key(t, 2), key(t, 3)
	pass := certified(t, server, phone, nil)
	good := made(t, phone, pass, noon)
	mine, err := Card(server, here, "m-1001")
	if err != nil {
		t.Fatal(err)
	}
	abroad, _ := Card(server, here+1, "m-1001")
	claim, err := ticket.Seal(server, ticket.Ticket{Deployment: here, ID: 5, Seats: 1})
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := id.Alphabet.DecodeString(good)
	for name, c := range map[string]struct {
		code string
		want error
	}{
		"nothing":                      {"", ErrNotCode},
		"a link":                       {"https://example.org/m/1", ErrNotCode},
		"3 KB":                         {strings.Repeat("A", 3000), ErrNotCode},
		"a ticket":                     {claim, ErrNotCode},
		"a pass alone":                 {id.Alphabet.EncodeToString(pass), ErrNotCode},
		"half":                         {good[:len(good)/2], ErrBadSignature},
		"two glued":                    {good + good[:40], ErrBadSignature},
		"odd Base32":                   {good[:len(good)-2] + "1", ErrBadSignature},
		"another server's pass":        {made(t, phone, certified(t, other, phone, nil), noon), ErrForeign},
		"another union's pass":         {made(t, phone, certified(t, server, phone, func(p *Pass) { p.Deployment++ }), noon), ErrForeign},
		"another phone's pass":         {made(t, thief, pass, noon), ErrBadSignature},
		"a card for a pass":            {made(t, phone, must(id.Alphabet.DecodeString(mine)), noon), ErrNotCode},
		"no pass":                      {made(t, phone, nil, noon), ErrBadSignature},
		"another union's card":         {abroad, ErrForeign},
		"a card that a phone signed":   {must(Card(phone, here, "m-1001")), ErrForeign},
		"a code that the server signs": {made(t, server, pass, noon), ErrBadSignature},
	} {
		if s, err := Open(rings(server), c.code, noon); !errors.Is(err, c.want) || s != (Shown{}) {
			t.Errorf("%s: %+v, %v; want %v", name, s, err, c.want)
		}
	}
	for bit := range len(raw) * 8 {
		bad := bytes.Clone(raw)
		bad[bit/8] ^= 1 << (bit % 8)
		if s, err := Open(rings(server), id.Alphabet.EncodeToString(bad), noon); err == nil || s != (Shown{}) {
			t.Fatalf("bit %d flipped: opened as %+v", bit, s)
		}
	}
	for code, want := range map[string]bool{good: true, mine: true, strings.ToLower(mine): true, claim: false, "": false, good[:30]: false} {
		if Is(code) != want {
			t.Errorf("Is(%.20q…) is not %v", code, want)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestCard(t *testing.T) {
	server := key(t, 1)
	got, err := Open(rings(server), must(Card(server, here, "m-1001")), noon)
	if want := (Shown{Deployment: here, Member: "m-1001", Strength: Weak}); err != nil || got != want {
		t.Errorf("opened as %+v, %v; want %+v", got, err, want)
	}
}

func TestRefusesToSign(t *testing.T) {
	server, phone := key(t, 1), key(t, 2)
	long := id.Member(strings.Repeat("m", 65))
	for name, err := range map[string]error{
		"nobody":        second(Certify(server, Pass{Phone: phone.Public()})),
		"a long id":     second(Certify(server, Pass{Member: long, Phone: phone.Public()})),
		"no key":        second(Certify(server, Pass{Member: "m"})),
		"before 1970":   second(Certify(server, Pass{Member: "m", Phone: phone.Public(), Ends: time.Unix(-1, 0)})),
		"after 2106":    second(Certify(server, Pass{Member: "m", Phone: phone.Public(), Ends: time.Unix(1<<32, 0)})),
		"card: nobody":  second(Card(server, here, "")),
		"card: long id": second(Card(server, here, long)),
		"a code before": second(Make(phone, nil, time.Unix(-3000, 0))),
	} {
		if err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// The largest code is what docs/decisions/0019 says, and fits the QR code of a lease ticket.
func TestSizes(t *testing.T) {
	server, phone := key(t, 1), key(t, 2)
	for _, c := range []struct {
		member            id.Member
		deployment        uint32
		chars, version    int
		card, cardVersion int
	}{
		{"m" + id.Member(strings.Repeat("A", 26)), 4_000_000_000, 396, 12, 188, 8},
		{id.Member(strings.Repeat("m", 64)), math.MaxUint32, 455, 13, 247, 9},
	} {
		pass, err := Certify(server, Pass{Deployment: c.deployment, Member: c.member, Phone: phone.Public(), Ends: time.Unix(1<<32-1, 0)})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range []struct {
			code           string
			chars, version int
		}{{made(t, phone, pass, noon), c.chars, c.version}, {must(Card(server, c.deployment, c.member)), c.card, c.cardVersion}} {
			symbol, err := qrcode.New(x.code, qrcode.Medium)
			if err != nil || len(x.code) != x.chars || symbol.VersionNumber != x.version {
				t.Errorf("%d characters in version %d, want %d in %d (%v)", len(x.code), symbol.VersionNumber, x.chars, x.version, err)
			}
		}
	}
}

// Any code opens as what it was made of, within the tolerance and nowhere else.
func TestAnyTime(t *testing.T) {
	server, phone := key(t, 1), key(t, 2)
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(1_600_000_000, 4_000_000_000).Draw(t, "made"), 0)
		apart := rapid.Int64Range(-300, 300).Draw(t, "apart")
		m := id.Member(rapid.StringMatching(`[a-zA-Z0-9._:-]{1,64}`).Draw(t, "member"))
		pass, err := Certify(server, Pass{Deployment: here, Member: m, Phone: phone.Public(), Ends: at.Add(Life)})
		if err != nil {
			t.Fatal(err)
		}
		code, err := Make(phone, pass, at)
		if err != nil {
			t.Fatal(err)
		}
		now := at.Add(time.Duration(apart) * time.Second)
		steps := now.Unix()/30 - at.Unix()/30
		want := error(nil)
		if steps > Tolerance {
			want = ErrOld
		} else if steps < -Tolerance {
			want = ErrEarly
		}
		if got, err := Open(rings(server), code, now); !errors.Is(err, want) || got.Member != m {
			t.Fatalf("read %d steps later: %+v, %v; want %v", steps, got, err, want)
		}
	})
}

// vector is a code that is in the field.
type vector struct {
	Note, ServerSeed, PhoneSeed, Member, Pass, Code, Card string
	Staff                                                 string `json:",omitempty"`
	Deployment                                            uint32
	Ends, Made                                            int64
}

func TestVectors(t *testing.T) {
	file, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(file, &all); err != nil || len(all) < 2 {
		t.Fatalf("%d vectors: %v", len(all), err)
	}
	for i, v := range all {
		server := must(seal.Generate(bytes.NewReader(must(hex.DecodeString(v.ServerSeed)))))
		phone := must(seal.Generate(bytes.NewReader(must(hex.DecodeString(v.PhoneSeed)))))
		pass := must(Certify(server, Pass{v.Deployment, id.Member(v.Member), id.Device(v.Staff), phone.Public(), time.Unix(v.Ends, 0)}))
		got := v
		got.Pass, got.Code = hex.EncodeToString(pass), made(t, phone, pass, time.Unix(v.Made, 0))
		if v.Staff == "" {
			got.Card = must(Card(server, v.Deployment, id.Member(v.Member)))
		}
		if all[i] = got; !*rewrite && got != v {
			t.Errorf("%s: made\n%+v, want\n%+v", v.Note, got, v)
		}
		ring := ticket.Rings{v.Deployment: seal.Ring(server.Public())}
		if s, err := Open(ring, got.Code, time.Unix(v.Made, 0)); err != nil || string(s.Member) != v.Member || string(s.Staff) != v.Staff {
			t.Errorf("%s: opened as %+v, %v", v.Note, s, err)
		}
	}
	if *rewrite {
		out, err := json.MarshalIndent(all, "", "  ")
		if err != nil || os.WriteFile("testdata/vectors.json", append(out, '\n'), 0o644) != nil {
			t.Fatal("not written", err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	server, phone := key(f, 1), key(f, 2)
	pass := certified(f, server, phone, nil)
	for _, code := range []string{"", "2KCET", made(f, phone, pass, noon), must(Card(server, here, "m-1001")), id.Alphabet.EncodeToString(pass)} {
		f.Add(code)
		f.Add(code + "\r\n" + code)
	}
	ring := rings(server)
	f.Fuzz(func(t *testing.T, code string) {
		s, err := Open(ring, code, noon)
		if err != nil {
			return
		}
		again := must(Card(server, here, s.Member))
		if s.Strength == Strong {
			again = made(t, phone, pass, time.Unix(s.Step*30, 0))
		}
		if !strings.EqualFold(strings.Trim(code, " \t\r\n"), again) {
			t.Fatalf("opened %q, which we would never write", code)
		}
	})
}

func ExampleOpen() {
	server, phone := must(seal.Generate(strings.NewReader(strings.Repeat("s", 32)))), must(seal.Generate(strings.NewReader(strings.Repeat("p", 32))))
	pass, _ := Certify(server, Pass{Deployment: 1, Member: "m-1001", Phone: phone.Public(), Ends: noon.Add(Life)})
	code, _ := Make(phone, pass, noon)
	_, err := Open(ticket.Rings{1: seal.Ring(server.Public())}, code, noon.Add(5*time.Minute))
	fmt.Println(err)
	// Output: the member code is too old: it may be a picture of one
}
