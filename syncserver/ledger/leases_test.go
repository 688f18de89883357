package ledger_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/scope"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger"
)

// lentMade is a lease of the maker's.
type lentMade struct {
	id     uint64
	device id.Device
	rest   int // serials from here on, all of one part, are not reported
	end    int
	part   int
	lease  op.Lease
	open   bool
	lost   bool // written off, which is for good
}

func (m *maker) lend() {
	n := rapid.IntRange(1, 4).Draw(m.t, "lent")
	l := op.Lease{ID: uint64(len(m.entries) + 1), Device: pick(m.t, id.Device("D1"), "D2"), Activity: pick(m.t, id.Activity("a"), "b"), Pool: pick(m.t, id.Pool("p"), "q"),
		Seats: n, Taken: m.take(n), Policy: pick(m.t, op.Hard, op.VoidUnreported), Lasts: 5}
	switch pick(m.t, "all", "org", "members") {
	case "org":
		l.Org = pick(m.t, id.Org("C000"), "PARK")
	case "members":
		l.Members = []op.Borrower{{Member: "m00000", Held: []int{1}}, {Member: m.member()}}
	}
	m.leases = append(m.leases, &lentMade{l.ID, l.Device, l.Taken[0].From, l.Taken[0].From + n, l.Taken[0].Part, l, true, false})
	m.add(op.Entry{Kind: op.Lent, Lease: &l})
}

// lease adds an entry about a lease of which something is not reported.
func (m *maker) lease() {
	some := slices.DeleteFunc(slices.Clone(m.leases), func(l *lentMade) bool { return l.rest == l.end })
	if len(some) == 0 {
		return
	}
	l := pick(m.t, some...)
	rest := []op.Taken{{Part: l.part, From: l.rest, N: l.end - l.rest}}
	switch pick(m.t, "grant", "grant", "renew", "expire", "return", "void", "write off", "early", "early") {
	case "grant":
		seats := rapid.IntRange(1, l.end-l.rest).Draw(m.t, "seats")
		taken := []op.Taken{{Part: l.part, From: l.rest, N: seats}}
		ticket := id.LeaseTicket(l.id, l.rest)
		m.claims = append(m.claims, &made{ticket: ticket, seats: seats, taken: taken, open: true})
		m.add(op.Entry{Kind: op.Claimed, Ticket: ticket, LeaseID: l.id, Member: m.member(), Org: pick(m.t, id.Org("C000"), "C001"), Activity: l.lease.Activity, Pool: l.lease.Pool,
			Seats: seats, Taken: taken, Outcome: op.Granted, Blocked: rapid.Bool().Draw(m.t, "blocked")})
		l.rest += seats
	case "renew":
		if !l.open || m.next+1 != l.end {
			return
		}
		more := l.lease
		m.next++
		more.Taken, more.Members = []op.Taken{{Part: l.part, From: l.end, N: 1}}, nil
		l.end++
		m.add(op.Entry{Kind: op.Renewed, Lease: &more})
	case "expire":
		if l.open {
			m.ended(l, op.LeaseExpired, nil)
		}
	case "return":
		m.ended(l, op.LeaseReturned, rest)
	case "void":
		m.ended(l, op.LeaseVoid, []op.Taken{{Part: l.part, From: l.rest, N: 1}})
	case "write off":
		m.ended(l, op.LeaseWrittenOff, nil)
	case "early":
		m.add(op.Entry{Kind: pick(m.t, op.Redeemed, op.CheckedIn), Ticket: id.LeaseTicket(l.id, l.rest), LeaseID: l.id, Out: rapid.Bool().Draw(m.t, "out")})
	}
}

func (m *maker) ended(l *lentMade, word string, free []op.Taken) {
	if l.lost {
		return
	}
	l.lost = word == op.LeaseWrittenOff
	for _, f := range free {
		l.rest += f.N
	}
	l.open = false
	m.add(op.Entry{Kind: op.LeaseEnded, LeaseID: l.id, Word: word, Taken: free})
}

// lentSeen is a lease as entries leave it: rest counts its seats that nobody has reported.
type lentSeen struct {
	op.Lease
	open, writtenOff bool
	rest             int
}

// oracle is the world as entries make it, kept in the plainest way.
type oracle struct {
	people map[id.Member]member.Person
	tree   member.Tree
	limits map[id.Activity][]activity.Limit
	leases map[uint64]*lentSeen
	orgs   map[id.Device]id.Org
}

func (o *oracle) see(e *op.Entry) {
	switch e.Kind {
	case op.PeoplePut:
		for _, p := range e.People {
			o.people[p.ID] = p
		}
	case op.OrgsPut:
		for _, v := range e.Orgs {
			o.tree[v.ID] = v
		}
	case op.Published:
		var spec struct{ Limits []activity.Limit }
		if json.Unmarshal(e.Spec, &spec) != nil {
			panic("the maker wrote a spec that is no JSON")
		}
		o.limits[e.Activity] = spec.Limits
	case op.Enrolled:
		o.orgs[e.Enrolment.Device] = e.Enrolment.Org
	case op.Lent:
		o.leases[e.Lease.ID] = &lentSeen{Lease: *e.Lease, open: true, rest: e.Lease.Seats}
	case op.Renewed:
		o.leases[e.Lease.ID].rest++
	case op.Claimed:
		if e.LeaseID != 0 {
			o.leases[e.LeaseID].rest -= e.Seats
		}
	case op.LeaseEnded:
		l := o.leases[e.LeaseID]
		l.open, l.writtenOff = false, e.Word == op.LeaseWrittenOff
		for _, t := range e.Taken {
			l.rest -= t.N
		}
	case op.DeviceGone:
		for _, l := range o.leases {
			l.open = l.open && l.Device != e.Device
		}
	}
}

// open lists the open leases of a device.
func (o *oracle) open(d id.Device) (list []op.Lease) {
	for _, l := range o.leases {
		if l.open && l.Device == d {
			list = append(list, l.Lease)
		}
	}
	return list
}

// elsewhere lists the people of a lease who may be granted by another device only.
func (o *oracle) elsewhere(l op.Lease) (members []id.Member) {
	for _, other := range o.leases {
		if len(l.Members) > 0 || other.Device == l.Device || !o.series(l.Activity)[other.Activity] || !other.open && (other.rest == 0 || other.writtenOff) {
			continue
		}
		for _, b := range other.Members {
			if p, known := o.people[b.Member]; known && o.serves(l, p) {
				members = append(members, b.Member)
			}
		}
	}
	slices.Sort(members)
	return slices.Compact(members)
}

// serves asks what a lease says about a person.
func (o *oracle) serves(l op.Lease, p member.Person) bool {
	if len(l.Members) > 0 {
		return slices.ContainsFunc(l.Members, func(b op.Borrower) bool { return b.Member == p.ID })
	}
	return l.Org == "" || o.tree.Under(p.Org, l.Org)
}

// series lists the activities that count together with another.
func (o *oracle) series(a id.Activity) map[id.Activity]bool {
	all := map[id.Activity]bool{a: true}
	for _, mine := range o.limits[a] {
		for b, limits := range o.limits {
			if mine.Series != "" && slices.ContainsFunc(limits, func(l activity.Limit) bool { return l.Series == mine.Series }) {
				all[b] = true
			}
		}
	}
	return all
}

// need is what the device has to be told, "table id".
func (o *oracle) need(d id.Device, claims []ledger.Claim) map[string]any {
	rows := map[string]any{}
	for _, l := range o.open(d) {
		orgs := map[id.Org]bool{}
		for _, p := range o.people {
			if !o.serves(l, p) {
				continue
			}
			rows["person "+string(p.ID)] = wire.PersonRow{Person: p}
			orgs[p.Org] = true
			for _, up := range o.tree.Chain(p.Org) {
				if v, ok := o.tree[up]; ok {
					rows["org "+string(up)] = wire.OrgRow{ID: up, Parent: v.Parent}
				}
			}
		}
		byOrg := slices.ContainsFunc(o.limits[l.Activity], func(l activity.Limit) bool { return l.Per == "org" })
		for _, c := range claims {
			ended := c.State == op.ClaimCancelled || c.State == op.ClaimReturned || c.State == op.ClaimNotDrawn
			p, known := o.people[c.Member]
			mine := known && o.serves(l, p) && o.series(l.Activity)[c.Activity]
			if !ended && (mine || byOrg && c.Activity == l.Activity && orgs[c.Org]) {
				rows["held "+strconv.FormatUint(uint64(c.Ticket), 10)] = wire.HeldRow{Ticket: c.Ticket, Activity: c.Activity, Pool: c.Pool, Member: c.Member, Org: c.Org, Seats: c.Seats, State: c.State}
			}
		}
	}
	return rows
}

// wantEquipped holds that each device with open leases is told what its decisions
// read, and not about people that its leases do not serve.
func wantEquipped(t *rapid.T, entries []op.Entry, l *ledger.Ledger) {
	o := &oracle{map[id.Member]member.Person{}, member.Tree{}, map[id.Activity][]activity.Limit{}, map[uint64]*lentSeen{}, map[id.Device]id.Org{}}
	for i := range entries {
		o.see(&entries[i])
	}
	var claims []ledger.Claim
	for _, a := range []id.Activity{"a", "b"} {
		some, err := l.ActivityClaims(a)
		if err != nil {
			t.Fatal(err)
		}
		claims = append(claims, some...)
	}
	for _, d := range []id.Device{"D1", "D2"} {
		need, more := o.need(d, claims), map[string]bool{}
		told := func(c wire.RowChange) error {
			key := c.Table + " " + c.ID
			if c.Table == wire.TableLease {
				return o.wantElsewhere(t, c)
			}
			want, ok := need[key]
			if !ok {
				more[key] = true
				return nil
			}
			delete(need, key)
			got := reflect.New(reflect.TypeOf(want))
			if err := wire.DecodeRow(c.Body, got.Interface()); err != nil || !reflect.DeepEqual(got.Elem().Interface(), want) {
				t.Fatalf("%s of %s is %+v, want %+v", key, d, got.Elem(), want)
			}
			return nil
		}
		err := l.View(func(v *ledger.View) error {
			return v.Delta("lease/"+string(d), scope.Position{}, func(c wire.RowChange) error {
				if c.Gone {
					return nil
				}
				return told(c)
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(need) > 0 {
			t.Fatalf("%s is not told %v", d, slices.Sorted(maps.Keys(need)))
		}
		for key := range more { // claims of an organisation that nobody belongs to, and organisations without people, do no harm
			if key[:6] == "person" {
				t.Fatalf("%s is told %s", d, key)
			}
		}
		if len(o.open(d)) == 0 && len(more) > 0 {
			t.Fatalf("%s has no lease and is told %v", d, more)
		}
	}
}

func (o *oracle) wantElsewhere(t *rapid.T, c wire.RowChange) error {
	var row wire.LeaseRow
	if err := wire.DecodeRow(c.Body, &row); err != nil {
		return err
	}
	l := o.leases[row.Lease.ID]
	if want := o.elsewhere(l.Lease); l.open && !slices.Equal(row.Elsewhere, want) {
		t.Fatalf("lease %d of %s says that %v are held elsewhere, want %v", l.ID, l.Device, row.Elsewhere, want)
	}
	return nil
}

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
