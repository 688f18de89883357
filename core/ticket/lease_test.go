package ticket

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/seal"
)

var rewrite = flag.Bool("rewrite", false, "write testdata/leases.json anew")

// lent is a lease of serials 11 to 20 and 31 to 33 for the device of key 9.
func lent(t testing.TB) Certificate {
	t.Helper()
	return Certificate{Deployment: here, Lease: id.Minted(1, 77), Device: key(t, 9).Public(), Activity: 31, Pool: 2, Policy: op.Hard,
		Ranges: []Range{{11, 10}, {31, 3}}}
}

func certified(t testing.TB, server seal.Private, c Certificate) Certificate {
	t.Helper()
	signed, err := Certify(server, c)
	if err != nil {
		t.Fatal(err)
	}
	got, err := OpenCertificate(seal.Ring(server.Public()), c.Deployment, signed)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// granted is what the lease's device makes of serials from first on.
func granted(first, seats int) Ticket {
	lease := id.Minted(1, 77)
	t := id.LeaseTicket(lease, first)
	return Ticket{Deployment: here, ID: t, Activity: 31, Pool: 2, Seats: seats, Station: 12, Policy: op.Hard, Secret: Secret([]byte("master"), t, 0)}
}

func sealedLease(t testing.TB, device seal.Private, c Certificate, x Ticket) string {
	t.Helper()
	code, err := SealLease(device, c, x)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// leaseVector is a lease ticket that is in the field.
type leaseVector struct {
	Note, ServerSeed, DeviceSeed, Certificate, Code, Short, Secret string
	Deployment, Activity, Station                                  uint32
	Lease                                                          uint64
	Pool, First, Seats                                             int
	Policy                                                         op.Policy
	Ranges                                                         []Range
}

func (v leaseVector) ticket() Ticket {
	secret, _ := hex.DecodeString(v.Secret)
	return Ticket{Deployment: v.Deployment, ID: id.LeaseTicket(v.Lease, v.First), Activity: v.Activity, Pool: v.Pool, Seats: v.Seats,
		Station: v.Station, Secret: [16]byte(secret), Policy: v.Policy}
}

func (v leaseVector) keys(t testing.TB) (server, device seal.Private) {
	t.Helper()
	keys := make([]seal.Private, 2)
	for i, s := range []string{v.ServerSeed, v.DeviceSeed} {
		seed, err := hex.DecodeString(s)
		if err == nil {
			keys[i], err = seal.Generate(bytes.NewReader(seed))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return keys[0], keys[1]
}

// TestLeaseVectors holds that a lease, its keys and serials give the same bytes for ever.
func TestLeaseVectors(t *testing.T) {
	file, err := os.ReadFile("testdata/leases.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []leaseVector
	if err := json.Unmarshal(file, &all); err != nil || len(all) < 3 {
		t.Fatalf("%d vectors: %v", len(all), err)
	}
	for i, v := range all {
		server, device := v.keys(t)
		signed, err := Certify(server, Certificate{Deployment: v.Deployment, Lease: v.Lease, Device: device.Public(), Activity: v.Activity,
			Pool: v.Pool, Policy: v.Policy, Ranges: v.Ranges})
		if err != nil {
			t.Fatal(err)
		}
		ring := seal.Ring(server.Public())
		c, err := OpenCertificate(ring, v.Deployment, signed)
		if err != nil || !slices.Equal(c.Ranges, v.Ranges) {
			t.Fatalf("%s: certificate opened as %+v, %v", v.Note, c, err)
		}
		x := v.ticket()
		code := sealedLease(t, device, c, x)
		if *rewrite {
			all[i].Certificate, all[i].Code, all[i].Short = hex.EncodeToString(signed), code, Short(x.ID)
			continue
		}
		if hex.EncodeToString(signed) != v.Certificate || code != v.Code || Short(x.ID) != v.Short {
			t.Errorf("%s: certificate %x, code %s, short %s", v.Note, signed, code, Short(x.ID))
		}
		if got, err := Open(ring, v.Deployment, v.Code); err != nil || got != x {
			t.Errorf("%s: opened as %+v, %v", v.Note, got, err)
		}
	}
	if *rewrite {
		file, err := json.MarshalIndent(all, "", "  ")
		if err != nil || os.WriteFile("testdata/leases.json", append(file, '\n'), 0o644) != nil {
			t.Fatal("not written", err)
		}
	}
}

func TestOpenLease(t *testing.T) {
	server, device := key(t, 1), key(t, 9)
	c := certified(t, server, lent(t))
	code := sealedLease(t, device, c, granted(19, 4)) // 19, 20, 31, 32
	raw, _ := id.Alphabet.DecodeString(code)
	elsewhere := lent(t)
	elsewhere.Deployment = here + 1
	// by signs, with any key, a ticket body that SealLease would refuse to write.
	by := func(k seal.Private, change func(*leaseBody)) string {
		b := leaseBody{Format: LeaseFormat, Certificate: c.signed, First: 19, Seats: 4, Secret: make([]byte, 16)}
		change(&b)
		payload, err := cbor.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		return id.Alphabet.EncodeToString(sign(t, k, payload))
	}
	for _, x := range []struct {
		name, code string
		want       error
	}{
		{"as written", code, nil},
		{"lower case and a line end", strings.ToLower(code) + "\r\n", nil},
		{"another device signed", by(key(t, 8), func(*leaseBody) {}), ErrBadSignature},
		{"the server itself signed", by(server, func(*leaseBody) {}), ErrBadSignature},
		{"serial before the lease", by(device, func(b *leaseBody) { b.First = 10 }), ErrBadSignature},
		{"serial between the ranges", by(device, func(b *leaseBody) { b.First = 21 }), ErrBadSignature},
		{"serial after the lease", by(device, func(b *leaseBody) { b.First = 34 }), ErrBadSignature},
		{"more seats than are left", by(device, func(b *leaseBody) { b.Seats = 6 }), ErrBadSignature},
		{"no seats", by(device, func(b *leaseBody) { b.Seats = 0 }), ErrBadSignature},
		{"short secret", by(device, func(b *leaseBody) { b.Secret = b.Secret[:15] }), ErrNotTicket},
		{"certificate of another deployment, our key", by(device, func(b *leaseBody) { b.Certificate = certified(t, server, elsewhere).signed }), ErrForeign},
		{"certificate by an unknown key", by(device, func(b *leaseBody) { b.Certificate = certified(t, key(t, 2), lent(t)).signed }), ErrForeign},
		{"certificate that the device signed itself", by(device, func(b *leaseBody) { b.Certificate = certified(t, device, lent(t)).signed }), ErrForeign},
		{"altered certificate", by(device, func(b *leaseBody) { b.Certificate = flipped(b.Certificate, 300) }), ErrBadSignature},
		{"no certificate", by(device, func(b *leaseBody) { b.Certificate = nil }), ErrBadSignature},
		{"a ticket in place of the certificate", by(device, func(b *leaseBody) { b.Certificate = ticketBytes(t, server) }), ErrNotTicket},
		{"the certificate alone", id.Alphabet.EncodeToString(c.signed), ErrNotTicket},
		{"a ticket of the server's form by the device", sealed(t, device, example()), ErrForeign},
		{"cut short", code[:len(code)-8], ErrBadSignature},
		{"one bit changed", id.Alphabet.EncodeToString(flipped(raw, 8*len(raw)-9)), ErrBadSignature},
	} {
		t.Run(x.name, func(t *testing.T) {
			got, err := Open(seal.Ring(server.Public()), here, x.code)
			if !errors.Is(err, x.want) || err == nil && got != granted(19, 4) || err != nil && got != (Ticket{}) {
				t.Errorf("got %+v, %v, want %v", got, err, x.want)
			}
		})
	}
}

func flipped(b []byte, bit int) []byte {
	out := bytes.Clone(b)
	out[bit/8] ^= 1 << (bit % 8)
	return out
}

func ticketBytes(t *testing.T, k seal.Private) []byte {
	t.Helper()
	raw, err := id.Alphabet.DecodeString(sealed(t, k, example()))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestEveryFlippedBitOfALeaseTicketIsRefused(t *testing.T) {
	server, device := key(t, 1), key(t, 9)
	ring := seal.Ring(server.Public())
	raw, err := id.Alphabet.DecodeString(sealedLease(t, device, certified(t, server, lent(t)), granted(11, 1)))
	if err != nil {
		t.Fatal(err)
	}
	for bit := range len(raw) * 8 {
		if got, err := Open(ring, here, id.Alphabet.EncodeToString(flipped(raw, bit))); err == nil {
			t.Fatalf("bit %d flipped: opened as %+v", bit, got)
		}
	}
}

func TestSealLeaseRefuses(t *testing.T) {
	server, device := key(t, 1), key(t, 9)
	c := certified(t, server, lent(t))
	for _, x := range []struct {
		name   string
		device seal.Private
		c      Certificate
		ticket Ticket
	}{
		{"another key", key(t, 8), c, granted(11, 1)},
		{"a certificate that was never opened", device, lent(t), granted(11, 1)},
		{"a ticket of the server", device, c, example()},
		{"another lease", device, c, Ticket{ID: id.LeaseTicket(5, 11), Seats: 1}},
		{"a serial outside", device, c, granted(10, 1)},
		{"more seats than are left", device, c, granted(32, 3)},
		{"no seats", device, c, granted(11, 0)},
	} {
		if code, err := SealLease(x.device, x.c, x.ticket); !errors.Is(err, ErrCertificate) {
			t.Errorf("%s: %s, %v", x.name, code, err)
		}
	}
}

func TestCertifyRefuses(t *testing.T) {
	for name, change := range map[string]func(*Certificate){
		"no serials":          func(c *Certificate) { c.Ranges = nil },
		"too many ranges":     func(c *Certificate) { c.Ranges = []Range{{1, 1}, {3, 1}, {5, 1}, {7, 1}, {9, 1}} },
		"serial 0":            func(c *Certificate) { c.Ranges[0] = Range{0, 1} },
		"a range of nothing":  func(c *Certificate) { c.Ranges[0] = Range{1, 0} },
		"a range too long":    func(c *Certificate) { c.Ranges[0] = Range{2, maxSerial} },
		"a range that wraps":  func(c *Certificate) { c.Ranges[0] = Range{1, math.MaxInt} },
		"no key":              func(c *Certificate) { c.Device = seal.Public{} },
		"a number too large":  func(c *Certificate) { c.Lease = 1 << 38 },
		"a pool out of range": func(c *Certificate) { c.Pool = maxSmall + 1 },
	} {
		c := lent(t)
		change(&c)
		if signed, err := Certify(key(t, 1), c); err == nil {
			t.Errorf("%s: signed %x", name, signed)
		}
	}
}

// TestLargestLeaseTicket holds docs/decisions/0006: 483 characters fit version 13.
func TestLargestLeaseTicket(t *testing.T) {
	c := Certificate{Deployment: math.MaxUint32, Lease: 1<<38 - 1, Device: key(t, 9).Public(), Activity: math.MaxUint32, Pool: maxSmall, Policy: op.VoidUnreported}
	for i := range MaxRanges {
		c.Ranges = append(c.Ranges, Range{1<<23 + i*1<<21, 1<<20 + 1})
	}
	code := sealedLease(t, key(t, 9), certified(t, key(t, 1), c), Ticket{ID: id.LeaseTicket(c.Lease, c.Ranges[0].From), Seats: maxSmall, Station: math.MaxUint32})
	if len(code) != 476 {
		t.Errorf("%d characters", len(code))
	}
}

// TestSerialsOfALease compares Covers with a list of the serials.
func TestSerialsOfALease(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var taken []op.Taken
		var list []int
		from := 1
		for range rapid.IntRange(0, MaxRanges).Draw(t, "ranges") {
			from += rapid.IntRange(0, 3).Draw(t, "apart")
			n := rapid.IntRange(1, 4).Draw(t, "n")
			taken = append(taken, op.Taken{Part: rapid.IntRange(0, 1).Draw(t, "part"), From: from, N: n})
			for range n {
				list, from = append(list, from), from+1
			}
		}
		c := Certificate{Ranges: Ranges(taken)}
		first, n := rapid.IntRange(0, from).Draw(t, "first"), rapid.IntRange(0, 5).Draw(t, "seats")
		at := slices.Index(list, first)
		if got, want := c.Covers(first, n), at >= 0 && n > 0 && at+n <= len(list); got != want {
			t.Fatalf("%v covers %d seats from %d: %v, want %v", c.Ranges, n, first, got, want)
		}
	})
}

func TestLeaseSecrets(t *testing.T) {
	lease := id.Minted(1, 77)
	first := id.LeaseTicket(lease, 11)
	parent := LeaseSecret([]byte("master"), lease)
	if Secret([]byte("master"), first, 0) != GrantSecret(parent, first) {
		t.Error("device and server derive different secrets")
	}
	seen := map[[16]byte]bool{parent: true}
	for _, s := range [][16]byte{GrantSecret(parent, first), GrantSecret(parent, id.LeaseTicket(lease, 12)), Secret([]byte("master"), first, 1),
		Secret([]byte("master"), id.Ticket(11), 0), LeaseSecret([]byte("master"), lease+1)} {
		if seen[s] {
			t.Error("two secrets are equal")
		}
		seen[s] = true
	}
}
