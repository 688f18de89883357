package seal

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/veraison/go-cose"
)

// vector is one golden case; all bytes are hex.
type vector struct {
	Note      string `json:"note"`
	Seed      string `json:"seed"`
	Public    string `json:"public"`
	KID       string `json:"kid"`
	Payload   string `json:"payload,omitempty"`
	Signed    string `json:"signed,omitempty"`
	Context   string `json:"context,omitempty"`
	Message   string `json:"message,omitempty"`
	Signature string `json:"signature,omitempty"`
}

func key(t testing.TB, fill byte) Private {
	t.Helper()
	k, err := Generate(bytes.NewReader(bytes.Repeat([]byte{fill}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func vectors(t testing.TB) []vector {
	t.Helper()
	file, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(file, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// The vectors are frozen: what was signed once must stay readable, and equal
// input must give equal bytes in every version.
func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Note, func(t *testing.T) {
			k, err := Generate(bytes.NewReader(unhex(t, v.Seed)))
			if err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(k.Public().Marshal()); got != v.Public {
				t.Errorf("public key %s, want %s", got, v.Public)
			}
			if got := hex.EncodeToString(k.Public().KID()); got != v.KID {
				t.Errorf("kid %s, want %s", got, v.KID)
			}
			if v.Context != "" {
				got := k.SignBytes(Context(v.Context), unhex(t, v.Message))
				if hex.EncodeToString(got) != v.Signature {
					t.Errorf("signature %x, want %s", got, v.Signature)
				}
				return
			}
			signed, err := k.Sign(unhex(t, v.Payload))
			if err != nil {
				t.Fatal(err)
			}
			if hex.EncodeToString(signed) != v.Signed {
				t.Fatalf("signed %x, want %s", signed, v.Signed)
			}
			payload, kid, err := Ring(k.Public()).Open(signed)
			if err != nil || hex.EncodeToString(payload) != v.Payload || hex.EncodeToString(kid) != v.KID {
				t.Fatalf("open: payload %x, kid %x, %v", payload, kid, err)
			}
		})
	}
}

// The bytes are put together here by hand from RFC 9052, so that a client in
// another language does not depend on what our library happens to do.
func TestFormIsTheStandardOne(t *testing.T) {
	k, payload := key(t, 7), []byte("hello")
	protected := append([]byte{0xa2, 0x01, 0x27, 0x04, 0x44}, k.Public().KID()...)
	toSign := append([]byte{0x84, 0x6a}, "Signature1"...)
	toSign = append(append(toSign, 0x40|byte(len(protected))), protected...)
	toSign = append(append(toSign, 0x40, 0x40|byte(len(payload))), payload...)
	want := append([]byte{0xd2, 0x84, 0x40 | byte(len(protected))}, protected...)
	want = append(append(want, 0xa0, 0x40|byte(len(payload))), payload...)
	want = append(append(want, 0x58, 64), ed25519.Sign(k.key, toSign)...)
	got, err := k.Sign(payload)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("got  %x\nwant %x\n%v", got, want, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	mine, other := key(t, 1), key(t, 2)
	ring := Ring(mine.Public())
	good, err := mine.Sign([]byte("payload"))
	if err != nil {
		t.Fatal(err)
	}
	foreign, _ := other.Sign([]byte("payload"))
	empty, err := mine.Sign([]byte{})
	if err != nil {
		t.Fatal(err)
	}
	if p, _, err := ring.Open(empty); err != nil || len(p) != 0 {
		t.Fatalf("an empty payload: %x, %v", p, err)
	}
	swapped := bytes.Clone(good)
	copy(swapped[8:12], other.Public().KID())
	forged := bytes.Clone(foreign)
	copy(forged[8:12], mine.Public().KID())
	cases := []struct {
		name   string
		signed []byte
		want   error
	}{
		{"nothing", nil, ErrNotSigned},
		{"text", []byte("https://example.org/t/1"), ErrNotSigned},
		{"half", good[:len(good)/2], ErrNotSigned},
		{"one byte more", append(bytes.Clone(good), 0), ErrNotSigned},
		{"untagged", good[1:], ErrNotSigned},
		{"too large", append(bytes.Clone(good), make([]byte, MaxSigned)...), ErrNotSigned},
		{"another key", foreign, ErrUnknownKey},
		{"another kid", swapped, ErrUnknownKey},
		{"our kid on another's signature", forged, ErrBadSignature},
		{"unprotected header", variant(t, mine, func(m *cose.Sign1Message) { m.Headers.Unprotected["note"] = "x" }), ErrNotSigned},
		{"more protected headers", variant(t, mine, func(m *cose.Sign1Message) { m.Headers.Protected["note"] = "x" }), ErrNotSigned},
		{"long kid", variant(t, mine, func(m *cose.Sign1Message) {
			m.Headers.Protected[cose.HeaderLabelKeyID] = make([]byte, 32)
		}), ErrNotSigned},
		{"kid outside the signature", variant(t, mine, func(m *cose.Sign1Message) {
			delete(m.Headers.Protected, cose.HeaderLabelKeyID)
			m.Headers.Unprotected[cose.HeaderLabelKeyID] = mine.Public().KID()
		}), ErrNotSigned},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if payload, _, err := ring.Open(c.signed); !errors.Is(err, c.want) || payload != nil {
				t.Errorf("got %x, %v; want %v", payload, err, c.want)
			}
		})
	}
}

// variant signs correctly, but in a form that is not ours.
func variant(t *testing.T, k Private, change func(*cose.Sign1Message)) []byte {
	t.Helper()
	m := envelope(k.Public().KID(), []byte("payload"))
	change(m)
	signer, err := cose.NewSigner(cose.AlgorithmEdDSA, k.key)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Sign(nil, nil, signer); err != nil {
		t.Fatal(err)
	}
	b, err := m.MarshalCBOR()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryFlippedBitIsRefused(t *testing.T) {
	k := key(t, 3)
	good, _ := k.Sign([]byte("nine seats"))
	ring := Ring(k.Public())
	for bit := range len(good) * 8 {
		bad := bytes.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		if payload, _, err := ring.Open(bad); err == nil || payload != nil {
			t.Fatalf("bit %d flipped: opened as %q", bit, payload)
		}
	}
}

func TestKeysSurviveTheirFiles(t *testing.T) {
	k := key(t, 4)
	file, err := k.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParsePrivate(file)
	if err != nil || !back.Public().Equal(k.Public()) {
		t.Fatalf("private key: %v", err)
	}
	public, err := ParsePublic(k.Public().Algorithm(), k.Public().Marshal())
	if err != nil || !public.Equal(k.Public()) {
		t.Fatalf("public key: %v", err)
	}
	for _, bad := range [][]byte{nil, []byte("x"), file[:len(file)/2], bytes.Replace(file, []byte("PRIVATE"), []byte("PUBLIC"), 2)} {
		if _, err := ParsePrivate(bad); err == nil {
			t.Errorf("private key read from %q", bad)
		}
	}
	if _, err := ParsePublic(-7, public.Marshal()); err == nil {
		t.Error("public key of another algorithm accepted")
	}
	if _, err := ParsePublic(EdDSA, make([]byte, 31)); err == nil {
		t.Error("public key of 31 bytes accepted")
	}
	if _, err := Generate(bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("key made from 31 random bytes")
	}
	if _, err := (Private{}).Sign([]byte("x")); err == nil {
		t.Error("signed with the empty key")
	}
	if _, err := k.Sign(make([]byte, MaxSigned)); err == nil {
		t.Error("signed what Open would not read")
	}
}

func TestBytesAreSignedForOnePurpose(t *testing.T) {
	k, message := key(t, 5), []byte("nonce")
	signature := k.SignBytes("yizhan/hello/1", message)
	public := k.Public()
	if err := public.VerifyBytes("yizhan/hello/1", message, signature); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"another purpose":   public.VerifyBytes("yizhan/enrol/1", message, signature),
		"another message":   public.VerifyBytes("yizhan/hello/1", []byte("once"), signature),
		"another key":       key(t, 6).Public().VerifyBytes("yizhan/hello/1", message, signature),
		"the empty key":     Public{}.VerifyBytes("yizhan/hello/1", message, signature),
		"no signature":      public.VerifyBytes("yizhan/hello/1", message, nil),
		"half a signature":  public.VerifyBytes("yizhan/hello/1", message, signature[:32]),
		"a shifted message": public.VerifyBytes("yizhan/hello", append([]byte("/1\x00"), message...), signature),
	} {
		if !errors.Is(err, ErrBadSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	k := key(f, 9)
	ring := Ring(k.Public())
	for _, payload := range [][]byte{{}, []byte("x"), make([]byte, 300)} {
		signed, err := k.Sign(payload)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(signed)
		f.Add(signed[:len(signed)-1])
	}
	f.Add([]byte{0xd2, 0x84, 0x9f, 0xff})
	f.Fuzz(func(t *testing.T, signed []byte) {
		payload, _, err := ring.Open(signed)
		if err != nil {
			return
		}
		if again, err := k.Sign(payload); err != nil || !bytes.Equal(again, signed) {
			t.Fatalf("opened %x, which we would never write", signed)
		}
	})
}
