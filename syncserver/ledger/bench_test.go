package ledger_test

import (
	"fmt"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/syncserver/ledger"
)

// batch is how many entries a projector that has fallen behind takes at once.
const batch = 8192

// boundSpec has bound tickets, so that a grant costs all the rows it can: claim, result, message and ticket row.
const boundSpec = `{"id":"a","pools":[{"id":"p","total":100000000}],"pickup":{"stations":["HQ"],"bind":true}}`

// bench projects b.N entries made by entry in batches, on top of a city of people.
func bench(b *testing.B, entry func(i int) op.Entry) {
	l := open(b)
	for i := range 5 {
		project(b, l, op.Entry{Kind: op.PeoplePut, People: people(8192, i*8192)})
	}
	project(b, l, op.Entry{Kind: op.Published, Activity: "a", Number: 1, Revision: 1, Spec: []byte(boundSpec)})
	b.ResetTimer()
	benchEntries(b, l, b.N, entry)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

func benchEntries(b *testing.B, l *ledger.Ledger, n int, entry func(i int) op.Entry) {
	entries := make([]op.Entry, 0, batch)
	for i := 0; i < n; i++ {
		entries = append(entries, entry(i))
		if len(entries) == batch || i == n-1 {
			project(b, l, entries...)
			entries = entries[:0]
		}
	}
}

func people(n, from int) []member.Person {
	list := make([]member.Person, n)
	for i := range list {
		list[i] = member.Person{ID: id.Member(fmt.Sprintf("m%05d", from+i)), Org: id.Org(fmt.Sprintf("C%03d", (from+i)%300)), Sex: "F",
			Birth: "1990-01-01", Digest: make([]byte, 16), Sealed: make([]byte, 160)}
	}
	return list
}

// press is a claim by the i-th press of members in a scattered order.
func press(i int, e op.Entry) op.Entry {
	who := i * 7919 % 40960
	e.Kind, e.At = op.Claimed, 1464746400000+int64(i)
	e.Device, e.DevSeq = id.Device(fmt.Sprintf("P-%05d", who)), uint64(i/40960+1)
	e.Member, e.Org = id.Member(fmt.Sprintf("m%05d", who)), id.Org(fmt.Sprintf("C%03d", who%300))
	e.Activity, e.Pool, e.Seats, e.Channel = "a", "p", 1, op.ByPhone
	e.Chain = make([]byte, 16)
	return e
}

func grant(i int) op.Entry {
	return press(i, op.Entry{Outcome: op.Granted, Taken: []op.Taken{{From: i + 1, N: 1}}, Station: "HQ", Epoch: 1})
}

func refuse(i int) op.Entry { return press(i, op.Entry{Outcome: op.Refused, Code: fault.SoldOut}) }

func BenchmarkGranted(b *testing.B) { bench(b, grant) }

func BenchmarkRefused(b *testing.B) { bench(b, refuse) }

// BenchmarkPremiere is a storm: one press in twenty is granted.
func BenchmarkPremiere(b *testing.B) {
	bench(b, func(i int) op.Entry {
		if i%20 == 0 {
			return grant(i)
		}
		return refuse(i)
	})
}

// BenchmarkImport projects a roster of 43,000 people in entries of 1,000.
func BenchmarkImport(b *testing.B) {
	for range b.N {
		l := open(b)
		entries := make([]op.Entry, 43)
		for i := range entries {
			entries[i] = op.Entry{Kind: op.PeoplePut, People: people(1000, i*1000)}
		}
		project(b, l, entries...)
	}
}
