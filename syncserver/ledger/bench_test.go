package ledger_test

import (
	"fmt"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
)

// batch is how many entries a projector that has fallen behind takes at once.
const batch = 8192

// boundSpec has bound tickets, so that a grant costs all the rows it can: claim, result, message and ticket row.
const boundSpec = `{"id":"a","pools":[{"id":"p","total":100000000}],"pickup":{"stations":["HQ"],"bind":true}}`

// bench projects b.N entries made by entry, size at a time, on top of a city of people.
func bench(b *testing.B, size int, entry func(i int) op.Entry) {
	l := open(b)
	for i := range 5 {
		project(b, l, op.Entry{Kind: op.PeoplePut, People: people(8192, i*8192)})
	}
	project(b, l, op.Entry{Kind: op.Published, Activity: "a", Number: 1, Revision: 1, Spec: []byte(boundSpec)})
	b.ResetTimer()
	entries := make([]op.Entry, 0, size)
	for i := range b.N {
		entries = append(entries, entry(i))
		if len(entries) == size || i == b.N-1 {
			project(b, l, entries...)
			entries = entries[:0]
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
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

func BenchmarkGranted(b *testing.B) { bench(b, batch, grant) }

func BenchmarkRefused(b *testing.B) { bench(b, batch, refuse) }

// storm grants one press in twenty.
func storm(i int) op.Entry {
	if i%20 == 0 {
		return grant(i)
	}
	return refuse(i)
}

func BenchmarkStorm(b *testing.B) { bench(b, batch, storm) }

// BenchmarkStormSmall projects as a projector does that keeps up: little at a time.
func BenchmarkStormSmall(b *testing.B) { bench(b, 256, storm) }

// BenchmarkRedeemed hands over 100,000 tickets that an earlier transaction wrote.
func BenchmarkRedeemed(b *testing.B) {
	const granted = 100000
	for range b.N {
		b.StopTimer()
		l := open(b)
		project(b, l, op.Entry{Kind: op.Published, Activity: "a", Number: 1, Revision: 1, Spec: []byte(boundSpec)})
		for from := 0; from < granted; from += batch {
			var entries []op.Entry
			for i := from; i < min(from+batch, granted); i++ {
				entries = append(entries, grant(i))
			}
			project(b, l, entries...)
		}
		b.StartTimer()
		for from := 0; from < granted; from += batch {
			var entries []op.Entry
			for i := from; i < min(from+batch, granted); i++ {
				entries = append(entries, op.Entry{Kind: op.Redeemed, Ticket: id.Ticket(i + 2), Device: "K-HQ", DevSeq: uint64(i + 1)})
			}
			project(b, l, entries...)
		}
	}
	b.ReportMetric(float64(b.N*granted)/b.Elapsed().Seconds(), "entries/s")
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

// BenchmarkImportLent projects a roster of 43,000 people while a device has a lease
// for an organisation of 5,000 of them and 20,000 claims are made, and then 500 entries that move one person each.
func BenchmarkImportLent(b *testing.B) {
	for range b.N {
		l := open(b)
		entries := []op.Entry{{Kind: op.Published, Activity: "a", Number: 1, Revision: 1, Spec: []byte(boundSpec)}, {Kind: op.OrgsPut, Orgs: orgs("PARK", "", "MOVED", "PARK")}}
		for i := range 35 {
			entries = append(entries, op.Entry{Kind: op.OrgsPut, Orgs: orgs(id.Org(fmt.Sprintf("C%03d", i)), "PARK")})
		}
		entries = append(entries, op.Entry{Kind: op.Lent, Lease: &op.Lease{ID: 38, Device: "K1", Activity: "a", Pool: "p", Seats: 100, Taken: serials(1, 100), Policy: op.Hard, Org: "PARK"}})
		for i := range 20000 {
			entries = append(entries, grant(i))
		}
		for i := range 43 {
			entries = append(entries, op.Entry{Kind: op.PeoplePut, People: people(1000, i*1000)})
		}
		for i := range 500 { // one by one
			one := people(1, i*86)
			one[0].Org = "MOVED"
			entries = append(entries, op.Entry{Kind: op.PeoplePut, People: one})
		}
		project(b, l, entries...)
	}
}
