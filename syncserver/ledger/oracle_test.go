package ledger_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"

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

	expired bool // and not ended otherwise: a renewal that a restored server takes back opens it again
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
	m.leases = append(m.leases, &lentMade{l.ID, l.Device, l.Taken[0].From, l.Taken[0].From + n, l.Taken[0].Part, l, true, false, false})
	m.add(op.Entry{Kind: op.Lent, Lease: &l})
}

// lease adds an entry about a lease of which something is not reported.
func (m *maker) lease() {
	some := slices.DeleteFunc(slices.Clone(m.leases), func(l *lentMade) bool { return l.rest == l.end && !l.expired })
	if len(some) == 0 {
		return
	}
	l := pick(m.t, some...)
	rest := []op.Taken{{Part: l.part, From: l.rest, N: l.end - l.rest}}
	what := "renew" // where all of it was reported
	if l.rest < l.end {
		what = pick(m.t, "grant", "grant", "renew", "renew", "expire", "return", "void", "write off", "early", "early")
	}
	switch what {
	case "grant":
		seats := rapid.IntRange(1, l.end-l.rest).Draw(m.t, "seats")
		taken := []op.Taken{{Part: l.part, From: l.rest, N: seats}}
		ticket := id.LeaseTicket(l.id, l.rest)
		m.claims = append(m.claims, &made{ticket: ticket, seats: seats, taken: taken, open: true})
		m.add(op.Entry{Kind: op.Claimed, Ticket: ticket, LeaseID: l.id, Member: m.member(), Org: pick(m.t, id.Org("C000"), "C001"), Activity: l.lease.Activity, Pool: l.lease.Pool,
			Seats: seats, Taken: taken, Outcome: op.Granted, Blocked: rapid.Bool().Draw(m.t, "blocked")})
		l.rest += seats
	case "renew":
		if !l.open && !l.expired {
			return
		}
		l.open, l.expired = true, false
		more := l.lease
		more.Taken = nil
		if l.rest < l.end {
			more.Members = nil // they are known
		}
		if m.next+1 == l.end {
			m.next++
			more.Taken = []op.Taken{{Part: l.part, From: l.end, N: 1}}
			l.end++
		}
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
	l.open, l.expired = false, word == op.LeaseExpired
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
		o.leases[e.Lease.ID].rest += len(e.Lease.Taken)
		o.leases[e.Lease.ID].open = true
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
