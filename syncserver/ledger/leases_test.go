package ledger_test

import (
	"fmt"
	"reflect"
	"strconv"
	"testing"

	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger"
)

func TestLeaseRows(t *testing.T) {
	l := open(t)
	lease := op.Lease{ID: 5, Device: "K1", Activity: "spa", Pool: "sets", Seats: 2, Taken: serials(1, 2), Policy: op.Hard, Org: "C000", Lasts: 9, Expires: 1013, Revision: 1}
	ticket := id.LeaseTicket(5, 1)
	all := []op.Entry{
		{Kind: op.OrgsPut, Orgs: orgs("PARK", "", "C000", "PARK", "C001", "PARK")},
		{Kind: op.PeoplePut, People: []member.Person{{ID: "m00000", Org: "C000", Digest: []byte{1}, Sealed: []byte{2}}, {ID: "m00001", Org: "C001"}}},
		{Kind: op.Published, Activity: "spa", Number: 1, Revision: 1, Spec: []byte(spaSpec)},
		{Kind: op.Enrolled, Enrolment: &op.Enrolment{CodeHash: []byte{1}, Device: "K1", Role: op.Kiosk, Station: "HQ"}},
		{Kind: op.Lent, Lease: &lease},
		{Kind: op.Redeemed, Ticket: ticket, LeaseID: 5, Device: "K1"},
		{Kind: op.Claimed, Ticket: ticket, LeaseID: 5, Member: "m00000", Org: "C000", Activity: "spa", Pool: "sets", Seats: 1, Taken: serials(1, 1), Outcome: op.Granted, Blocked: true, Station: "HQ"},
		{Kind: op.DeviceGone, Device: "K1", Reason: "revoked"},
		{Kind: op.LeaseEnded, LeaseID: 5, Word: op.LeaseVoid, Taken: serials(2, 1)},
	}
	for i := range all {
		all[i].Seq, all[i].At = uint64(i+1), int64(1000+i)
	}
	got := map[string][]string{}
	for i, e := range all {
		project(t, l, e)
		for _, scope := range []string{"lease/K1", "scan", "member/m00000", "station/HQ"} {
			for _, c := range delta(t, l, e.Seq-1, e.Seq, scope) {
				what := fmt.Sprintf("%s %s %s", scope, c.Table, c.ID)
				if c.Gone {
					what += " gone"
				}
				got[strconv.Itoa(i+1)] = append(got[strconv.Itoa(i+1)], what)
			}
		}
	}
	number := strconv.FormatUint(uint64(ticket), 10)
	want := map[string][]string{
		"2": {"member/m00000 me m00000"},
		"5": {"lease/K1 lease 5", "lease/K1 org C000", "lease/K1 org PARK", "lease/K1 person m00000"},
		"7": {"lease/K1 held " + number, "member/m00000 claim " + number, "member/m00000 message 7", "station/HQ ticket " + number},
		"8": {"lease/K1 held " + number + " gone", "lease/K1 lease 5", "lease/K1 org C000 gone", "lease/K1 org PARK gone", "lease/K1 person m00000 gone", "scan void 5"},
		"9": {"lease/K1 lease 5", "scan void 5"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("rows changed as\n%v, want\n%v", got, want)
	}
	c, ok, err := l.Claim(ticket)
	if err != nil || !ok || c.State != op.ClaimRedeemed || !c.Blocked {
		t.Errorf("the claim stands at %+v (%v)", c, err)
	}
	counts, err := l.Counts("spa")
	if err != nil || len(counts) != 1 || counts[0].Granted != 1 || counts[0].Free != 1 {
		t.Errorf("counts are %+v (%v)", counts, err)
	}
	leases, err := l.Leases()
	if err != nil || len(leases) != 1 || leases[0].Over != op.LeaseVoid || leases[0].Unreported != 0 || !reflect.DeepEqual(leases[0].Void, serials(2, 1)) {
		t.Errorf("leases are %+v (%v)", leases, err)
	}
	for _, want := range []struct {
		seq int
		row wire.VoidRow
	}{{9, wire.VoidRow{Lease: 5, Taken: serials(2, 1)}}} {
		var row wire.VoidRow
		if err := wire.DecodeRow(delta(t, l, 0, uint64(want.seq), "scan")[0].Body, &row); err != nil || !reflect.DeepEqual(row, want.row) {
			t.Errorf("void row is %+v (%v), want %+v", row, err, want.row)
		}
	}
}

// TestRenewedAfterItsEnd: a renewal that a restored server takes back opens a lease
// again. Rows of claims that came in between are the device's from then on, and the
// same however entries are cut into transactions (world 14 of syncserver sim -restore).
func TestRenewedAfterItsEnd(t *testing.T) {
	lease := op.Lease{ID: 5, Device: "K1", Activity: "spa", Pool: "sets", Seats: 2, Taken: serials(1, 2), Policy: op.Hard, Lasts: 9, Expires: 1009}
	more := lease
	more.Taken, more.Expires = nil, 1019
	all := []op.Entry{
		{Kind: op.PeoplePut, People: people(1, 0)},
		{Kind: op.Published, Activity: "spa", Number: 1, Revision: 1, Spec: []byte(spaSpec)},
		{Kind: op.Enrolled, Enrolment: &op.Enrolment{CodeHash: []byte{1}, Device: "K1", Role: op.Kiosk, Station: "HQ"}},
		{Kind: op.Lent, Lease: &lease},
		{Kind: op.LeaseEnded, LeaseID: 5, Word: op.LeaseExpired},
		{Kind: op.Claimed, Ticket: 6, Member: "m00000", Org: "C000", Activity: "spa", Pool: "sets", Seats: 1, Taken: serials(9, 1), Outcome: op.Granted},
		{Kind: op.Renewed, Lease: &more},
	}
	for i := range all {
		all[i].Seq, all[i].At = uint64(i+1), int64(1000+i)
	}
	whole, single := open(t), open(t)
	project(t, whole, all...)
	for _, e := range all {
		project(t, single, e)
	}
	want := map[string]uint64{"lease 5": 7, "held 6": 7, "person m00000": 7}
	for i, l := range []*ledger.Ledger{whole, single} {
		got := map[string]uint64{}
		for _, c := range delta(t, l, 0, 7, "lease/K1") {
			if !c.Gone {
				got[c.Table+" "+c.ID] = c.Seq
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("ledger %d gives the device %v, want %v", i, got, want)
		}
		if leases, err := l.Leases(); err != nil || len(leases) != 1 || leases[0].Over != "" || leases[0].Expires != 1019 {
			t.Errorf("ledger %d has leases %+v (%v)", i, leases, err)
		}
	}
}

// TestElsewhere holds that a device knows whom another device has to itself, also
// when series, organisations or people change after both leases were made.
func TestElsewhere(t *testing.T) {
	l := open(t)
	spec := func(a id.Activity, revision int, series string) op.Entry {
		return op.Entry{Kind: op.Published, Activity: a, Number: uint32(len(a)), Revision: revision,
			Spec: []byte(`{"pools":[{"id":"p","total":9}],"limits":[{"per":"member","series":"` + series + `","max":1}]}`)}
	}
	put := func(org id.Org) op.Entry {
		return op.Entry{Kind: op.PeoplePut, People: []member.Person{{ID: "m00000", Org: org}}}
	}
	project(t, l, put("C000"), spec("a", 1, "s"), spec("bb", 1, "t"),
		op.Entry{Kind: op.Lent, Lease: &op.Lease{ID: 4, Device: "D1", Activity: "a", Pool: "p", Seats: 1, Taken: serials(1, 1), Members: []op.Borrower{{Member: "m00000"}}}},
		op.Entry{Kind: op.Lent, Lease: &op.Lease{ID: 5, Device: "D2", Activity: "bb", Pool: "p", Seats: 1, Taken: serials(1, 1), Org: "PARK"}})
	for _, s := range []struct {
		entry op.Entry
		want  int // members held elsewhere
	}{
		{op.Entry{Kind: op.OrgsPut, Orgs: orgs("C000", "PARK")}, 0},
		{spec("bb", 2, "s"), 1},
		{op.Entry{Kind: op.OrgsPut, Orgs: orgs("C000", "CITY")}, 0},
		{put("PARK"), 1},
		{put("C001"), 0},
		{put("PARK"), 1},
		{spec("a", 2, "u"), 0},
	} {
		project(t, l, s.entry)
		for _, c := range delta(t, l, 0, l.Applied(), "lease/D2") {
			var row wire.LeaseRow
			if c.Table != wire.TableLease {
				continue
			}
			if err := wire.DecodeRow(c.Body, &row); err != nil || len(row.Elsewhere) != s.want {
				t.Errorf("entry %d: %v (%v) are held elsewhere, want %d", l.Applied(), row.Elsewhere, err, s.want)
			}
		}
	}
}

// TestSeriesHeld holds that what one device reports of one activity is counted by
// another that grants seats of an activity of the same series.
func TestSeriesHeld(t *testing.T) {
	l := open(t)
	for i, a := range []id.Activity{"a", "b"} {
		project(t, l, op.Entry{Kind: op.Published, Activity: a, Number: uint32(i + 1), Revision: 1,
			Spec: []byte(`{"pools":[{"id":"p","total":9}],"limits":[{"per":"member","series":"s","max":2}]}`)})
	}
	ticket := id.LeaseTicket(4, 1)
	project(t, l, op.Entry{Kind: op.PeoplePut, People: people(1, 0)},
		op.Entry{Kind: op.Lent, Lease: &op.Lease{ID: 4, Device: "D1", Activity: "a", Pool: "p", Seats: 2, Taken: serials(1, 2)}},
		op.Entry{Kind: op.Lent, Lease: &op.Lease{ID: 5, Device: "D2", Activity: "b", Pool: "p", Seats: 2, Taken: serials(1, 2)}})
	for i, s := range []struct {
		entry op.Entry
		want  []wire.HeldRow
	}{
		{op.Entry{Kind: op.Claimed, Ticket: ticket, LeaseID: 4, Member: "m00000", Org: "C000", Activity: "a", Pool: "p", Seats: 2, Taken: serials(1, 2), Outcome: op.Granted},
			[]wire.HeldRow{{Ticket: ticket, Activity: "a", Pool: "p", Member: "m00000", Org: "C000", Seats: 2, State: op.ClaimGranted}}},
		{op.Entry{Kind: op.Released, Ticket: ticket, Seats: 1, Taken: serials(2, 1)},
			[]wire.HeldRow{{Ticket: ticket, Activity: "a", Pool: "p", Member: "m00000", Org: "C000", Seats: 1, State: op.ClaimGranted}}},
		{op.Entry{Kind: op.Redeemed, Ticket: ticket, Device: "D1"},
			[]wire.HeldRow{{Ticket: ticket, Activity: "a", Pool: "p", Member: "m00000", Org: "C000", Seats: 1, State: op.ClaimRedeemed}}},
		{op.Entry{Kind: op.Published, Activity: "a", Number: 1, Revision: 2, Spec: []byte(`{"pools":[{"id":"p","total":9}]}`)}, nil},
	} {
		project(t, l, s.entry)
		var got []wire.HeldRow
		for _, c := range delta(t, l, 0, l.Applied(), "lease/D2") {
			var row wire.HeldRow
			if c.Table != wire.TableHeld || c.Gone {
				continue
			}
			if err := wire.DecodeRow(c.Body, &row); err != nil {
				t.Fatal(err)
			}
			got = append(got, row)
		}
		if !reflect.DeepEqual(got, s.want) {
			t.Errorf("step %d: D2 counts %+v, want %+v", i, got, s.want)
		}
	}
}

// TestBlockedLater holds that a claim stays blocked, or is no more, when that changes
// in a later transaction than the claim was made in.
func TestBlockedLater(t *testing.T) {
	l := open(t)
	blocked := func(want bool) {
		t.Helper()
		if c, ok, err := l.Claim(3); err != nil || !ok || c.Blocked != want {
			t.Errorf("blocked is %v (%v %v), want %v", c.Blocked, ok, err, want)
		}
	}
	project(t, l, op.Entry{Kind: op.StationsPut, Stations: stations("HQ")},
		op.Entry{Kind: op.Published, Activity: "a", Number: 1, Revision: 1, Spec: []byte(boundSpec)},
		op.Entry{Kind: op.Claimed, At: 5, Outcome: op.Granted, Member: "m00000", Activity: "a", Pool: "p", Seats: 2, Taken: serials(1, 2), Station: "HQ"})
	blocked(false)
	project(t, l, op.Entry{Kind: op.AuthoritySet, Station: "HQ", Authority: "K2", Blocked: true})
	blocked(true)
	project(t, l, op.Entry{Kind: op.Released, Ticket: 3, Seats: 1, Taken: serials(2, 1)})
	blocked(false)
}

// TestLentBeforePeople holds that a device learns of the people of its leases, their
// organisations and claims, also when they are imported after the lease was made.
func TestLentBeforePeople(t *testing.T) {
	for _, lease := range []op.Lease{{Org: "PARK"}, {Members: []op.Borrower{{Member: "m00000"}}}} {
		l := open(t)
		lease.ID, lease.Device, lease.Activity, lease.Pool, lease.Seats, lease.Taken = 4, "D2", "a", "p", 1, serials(2, 1)
		project(t, l, op.Entry{Kind: op.OrgsPut, Orgs: orgs("PARK", "", "C000", "PARK")},
			op.Entry{Kind: op.Published, Activity: "a", Number: 1, Revision: 1, Spec: []byte(boundSpec)},
			op.Entry{Kind: op.Claimed, Outcome: op.Granted, Member: "m00000", Org: "C000", Activity: "a", Pool: "p", Seats: 1, Taken: serials(1, 1)},
			op.Entry{Kind: op.Lent, Lease: &lease}, op.Entry{Kind: op.PeoplePut, People: people(1, 0)})
		told := map[string]bool{}
		for _, c := range delta(t, l, 0, l.Applied(), "lease/D2") {
			told[c.Table+" "+c.ID] = !c.Gone
		}
		for _, want := range []string{"person m00000", "org C000", "org PARK", "held 3"} {
			if !told[want] {
				t.Errorf("lease for %q %v: D2 is not told %s", lease.Org, lease.Members, want)
			}
		}
	}
}

// TestGoneAfterReport holds that a device may go whose one lease is over and reported
// in the same transaction as another is still open.
func TestGoneAfterReport(t *testing.T) {
	l := open(t)
	lease := func(number uint64, from int) *op.Lease {
		return &op.Lease{ID: number, Device: "D1", Activity: "a", Pool: "p", Seats: 1, Taken: serials(from, 1)}
	}
	project(t, l, op.Entry{Kind: op.Published, Activity: "a", Number: 1, Revision: 1, Spec: []byte(boundSpec)},
		op.Entry{Kind: op.Lent, Lease: lease(2, 1)}, op.Entry{Kind: op.Lent, Lease: lease(3, 2)},
		op.Entry{Kind: op.LeaseEnded, LeaseID: 3, Word: op.LeaseExpired},
		op.Entry{Kind: op.Claimed, Ticket: id.LeaseTicket(3, 2), LeaseID: 3, Member: "m00000", Org: "C000", Activity: "a", Pool: "p", Seats: 1, Taken: serials(2, 1), Outcome: op.Granted},
		op.Entry{Kind: op.DeviceGone, Device: "D1", Reason: "lost"})
	leases, err := l.Leases()
	if err != nil || len(leases) != 2 || leases[0].Over != op.LeaseExpired || leases[1].Unreported != 0 {
		t.Errorf("leases are %+v (%v)", leases, err)
	}
}
