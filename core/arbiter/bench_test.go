package arbiter

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
)

// BenchmarkClaim decides and applies one press, without encoding or journal.
func BenchmarkClaim(b *testing.B) {
	for name, c := range map[string]struct {
		spec string
		want fault.Code
	}{
		"granted": {show(10_000_000, `"audience":"under(m, \"PARK\")"`, `"limits":[{"per":"member","max":10000000},{"per":"org","max":10000000},{"per":"member","series":"x","max":10000000}]`, `"thresholds":[{"per":"org","persons_over":100,"task":"bus"}]`), fault.None},
		"refused": {show(1, `"audience":"under(m, \"TOWN\")"`), fault.NotEligible},
	} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b)
			w.publish(c.spec)
			o := op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Seats: 1}
			from := op.Origin{Device: "phone"}
			var entries []op.Entry
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				from.Seq, from.Previous = from.Seq+1, from.Hash
				from.Hash[0]++
				if standing, _ := w.s.Admit(from); standing != NextOp {
					b.Fatalf("standing %d", standing)
				}
				var err error
				if entries, err = w.s.Append(entries[:0], &o, from, w.now); err != nil || entries[0].Code != c.want {
					b.Fatalf("%v, %v", entries[0].Code, err)
				}
			}
		})
	}
}

// BenchmarkStorm decides presses of 43,000 phones in no order, 128 at a time: what
// one core could decide if nothing had to be stored.
func BenchmarkStorm(b *testing.B) {
	for _, told := range []bool{false, true} {
		b.Run(fmt.Sprintf("told=%v", told), func(b *testing.B) { storm(b, 43000, told) })
	}
}

func storm(b *testing.B, phones int, told bool) {
	s, at := New(time.UTC), int64(1790000000000)
	apply := func(e op.Entry) {
		e.Seq, e.At = s.Seq()+1, at
		if err := s.Apply(&e); err != nil {
			b.Fatal(err)
		}
	}
	apply(op.Entry{Kind: op.OrgsPut, Orgs: []member.Org{{ID: "A", Parent: "PARK"}, {ID: "PARK"}}})
	claims, froms := make([]op.Op, phones), make([]op.Origin, phones)
	for i := range phones {
		m, d := id.Member(fmt.Sprintf("member-%08d", i)), id.Device(fmt.Sprintf("phone-%08d", i))
		apply(op.Entry{Kind: op.PeoplePut, People: []member.Person{{ID: m, Org: "A"}}})
		apply(op.Entry{Kind: op.Enrolled, Enrolment: &op.Enrolment{CodeHash: []byte(d), Device: d, Role: op.Phone, Member: m}})
		claims[i], froms[i] = op.Op{Kind: op.Claim, Activity: "show", Member: m, Seats: 1}, op.Origin{Device: d}
	}
	apply(op.Entry{Kind: op.Published, Activity: "show", Spec: []byte(show(2000, `"audience":"under(m, \"PARK\")"`, `"limits":[{"per":"member","max":1}]`)), Number: 1, Revision: 1})
	order := rand.New(rand.NewPCG(1, 0)).Perm(phones)
	var entries []op.Entry
	press := func(these []int) {
		if told {
			devices := make([]id.Device, 0, 128)
			for _, i := range these {
				devices = append(devices, froms[i].Device)
			}
			s.Expect(devices)
		}
		for _, i := range these {
			f := &froms[i]
			f.Seq, f.Previous = f.Seq+1, f.Hash
			if standing, _ := s.Admit(*f); standing != NextOp {
				b.Fatalf("standing %d", standing)
			}
			var err error
			if entries, err = s.Append(entries, &claims[i], *f, at); err != nil {
				b.Fatal(err)
			}
			if len(entries) > 4096 {
				entries = entries[:0]
			}
		}
	}
	for these := range slices.Chunk(order, 128) { // whom the rules have not been asked about
		press(these)
	}
	b.ResetTimer()
	for done := 0; done < b.N; {
		for these := range slices.Chunk(order, 128) {
			press(these[:min(len(these), b.N-done)])
			done += len(these)
			if done >= b.N {
				return
			}
		}
	}
}
