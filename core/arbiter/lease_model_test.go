package arbiter

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/quota"
	"yizhan/core/schedule"
)

// serial is one serial of a lease as the model sees it, by reading entries only.
type serial string

const (
	out  serial = "out"  // nobody knows whether it was granted
	used serial = "used" // it was, once
	free serial = "free" // it went back
)

// loan is a lease as the model sees it.
type loan struct {
	op.Lease
	serials map[int]serial
	ended   bool
}

// loans reads the leases out of the journal.
func (w *world) loans() map[uint64]*loan {
	all := map[uint64]*loan{}
	mark := func(l *loan, taken []op.Taken, s serial) {
		for _, t := range taken {
			for n := t.From; n < t.From+t.N; n++ {
				l.serials[n] = s
			}
		}
	}
	for _, e := range w.journal {
		switch {
		case e.Kind == op.Lent:
			l := &loan{Lease: *e.Lease, serials: map[int]serial{}}
			all[l.ID] = l
			mark(l, l.Taken, out)
		case e.Kind == op.Renewed:
			mark(all[e.Lease.ID], e.Lease.Taken, out)
		case e.Kind == op.LeaseEnded:
			mark(all[e.LeaseID], e.Taken, free)
			all[e.LeaseID].ended = true
		case e.Kind == op.Claimed && e.LeaseID != 0 && e.Outcome == op.Granted:
			mark(all[e.LeaseID], e.Taken, used)
		}
	}
	return all
}

func (m *model) anyLoan(t *rapid.T) *loan {
	all := m.loans()
	if len(all) == 0 {
		t.Skip("nothing is lent")
	}
	return all[rapid.SampledFrom(slices.Sorted(maps.Keys(all))).Draw(t, "lease")]
}

func (m *model) Lend(t *rapid.T) {
	l := op.Lease{Device: word[id.Device](t, "device", "kiosk", "staff", "desk", "desk", "phone", "new1"), Seats: rapid.IntRange(0, 4).Draw(t, "seats"),
		Policy: rapid.SampledFrom([]op.Policy{op.Hard, op.VoidUnreported}).Draw(t, "policy"), Lasts: rapid.SampledFrom([]int64{1, hour, 20 * hour}).Draw(t, "lasts")}
	l.Activity, l.Pool = m.anyActivity(t)
	if l.Policy == op.VoidUnreported {
		l.VoidAfter = rapid.SampledFrom([]int64{0, hour, 20 * hour}).Draw(t, "void after")
	}
	if rapid.IntRange(0, 3).Draw(t, "aside") == 0 {
		l.SetAside = "f"
	}
	if rapid.IntRange(0, 2).Draw(t, "exclusive") == 0 {
		for range rapid.IntRange(1, 3).Draw(t, "members") {
			l.Members = append(l.Members, op.Borrower{Member: m.anyMember(t)})
		}
	}
	was, _, _ := m.s.Gauge(l.Activity)
	entries, err := m.run(op.Op{Kind: op.Lend, Lending: &l}, op.Origin{}) // or it is refused
	if err != nil {
		return
	}
	seats := op.ResultOf(&entries[len(entries)-1]).Seats
	if (entries[0].Kind == op.Lent) != (seats > 0) || seats > l.Seats {
		t.Fatalf("lent %d of %d seats: %v", seats, l.Seats, kinds(entries))
	}
	if now, _, _ := m.s.Gauge(l.Activity); sum(was)-sum(now) != seats {
		t.Fatalf("%d seats were lent, %d less are free", seats, sum(was)-sum(now))
	}
	m.settle() // a lease of no time is over at once
}

func sum(n map[id.Pool]int) (total int) {
	for _, v := range n {
		total += v
	}
	return total
}

// Grant reports what a device says that it granted: mostly the next serials of its
// lease, but also others, again, or of somebody else's.
func (m *model) Grant(t *rapid.T) {
	l := m.anyLoan(t)
	all := slices.Sorted(maps.Keys(l.serials))
	first := rapid.SampledFrom(append(all, all[len(all)-1]+1)).Draw(t, "serial")
	for _, n := range all {
		if l.serials[n] == out && rapid.IntRange(0, 2).Draw(t, "next") > 0 {
			first = n
			break
		}
	}
	n := rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(t, "seats")
	o := grant(&l.Lease, m.anyMember(t), first, n)
	o.At = rapid.Int64Range(0, 9).Draw(t, "at")
	from := l.Device
	if rapid.IntRange(0, 9).Draw(t, "stranger") == 0 {
		from = "desk"
	}
	if m.s.devices[from].gone != "" {
		t.Skip("the device is gone")
	}
	want, code := m.expectGrant(l, &o, from)
	r, entries := m.send(from, o)
	got := ""
	for _, e := range entries {
		if e.Kind == op.IncidentMade {
			got += e.Word
		}
	}
	if got != want || r.Code != code || (r.Outcome == op.Granted) != (code == fault.None) {
		t.Fatalf("the report of serial %d, %s, is answered %v %v with incident %q; want %v with %q", first, l.serials[first], r.Outcome, r.Code, got, code, want)
	}
}

// expectGrant judges a report by the journal and by counting claims.
func (m *model) expectGrant(l *loan, o *op.Op, from id.Device) (incident string, code fault.Code) {
	states := map[serial]int{}
	for n := o.Taken[0].From; n < o.Taken[0].From+o.Seats; n++ {
		states[l.serials[n]]++
	}
	p := m.s.people[o.Member]
	switch {
	case from != l.Device:
		return "foreign_lease", fault.Invalid
	case states[""] > 0:
		return "foreign_serials", fault.Invalid
	case p == nil:
		return "granted_unknown_member", fault.UnknownMember
	case states[used] > 0 && states[out] < o.Seats:
		return "serial_granted_twice", fault.Invalid
	case states[free] > 0:
		return "granted_void", fault.LeaseExpired
	case len(l.Members) > 0 && !slices.ContainsFunc(l.Members, func(b op.Borrower) bool { return b.Member == o.Member }):
		return "granted_outside_lease", fault.None
	}
	a := m.s.activities[l.Activity]
	for _, limit := range a.Spec.Limits {
		held, most := m.held(a, p.ID, p.Org, limit.Per == "org", limit.Series), limit.Max
		if limit.Per != "org" && p.children > 0 && limit.MaxWithChild > 0 {
			most = limit.MaxWithChild
		}
		if held+o.Seats <= most {
			continue
		}
		if limit.Per == "org" {
			incident = "over_org_cap" // the others come first, wherever they stand
			continue
		}
		if limit.Series == "" {
			return "over_member_cap", fault.None
		}
		incident = "over_series_cap"
	}
	for _, limit := range a.Spec.Limits { // a series before an organisation
		if limit.Series != "" && m.held(a, p.ID, "", false, limit.Series)+o.Seats > limit.Max {
			incident = "over_series_cap"
		}
	}
	if incident == "" && a.Guests != nil {
		guest, err := a.Guests.Match(p.facts(), m.s.orgs, time.UnixMilli(m.now).In(m.s.zone))
		pool, guests := a.Pool(l.Pool), o.Seats
		for _, c := range a.book.Claims {
			if c.Pool == pool && c.Guest && len(c.Taken) > 0 {
				guests += c.Seats
			}
		}
		if err == nil && guest && guests > a.GuestCeiling(pool) {
			incident = "over_guest_share"
		}
	}
	return incident, fault.None
}

// held counts seats by looking at every claim.
func (m *model) held(a *act, who id.Member, org id.Org, byOrg bool, series string) (n int) {
	for _, b := range m.s.activities {
		if b != a && (series == "" || !slices.ContainsFunc(b.book.Rules.Member, func(l quota.Limit) bool { return l.Series == series })) {
			continue
		}
		for _, c := range b.book.Claims {
			if byOrg && c.Org == org || !byOrg && c.Member == who {
				n += c.Seats
			}
		}
	}
	return n
}

func (m *model) EndLease(t *rapid.T) {
	l := m.anyLoan(t)
	o := op.Op{Kind: rapid.SampledFrom([]op.Kind{op.ReturnLease, op.ReturnLease, op.RenewLease}).Draw(t, "kind"), Lease: l.ID}
	if m.s.devices[l.Device].gone != "" {
		t.Skip("the device is gone")
	}
	rest, early := 0, m.early(l)
	for _, s := range l.serials {
		if s == out {
			rest++
		}
	}
	r, entries := m.send(l.Device, o)
	if o.Kind == op.ReturnLease && (r.Outcome != op.OK || r.Seats > rest || r.Seats < rest && len(early) == 0 && entries[0].Kind == op.LeaseEnded) {
		t.Fatalf("%d seats were returned as %+v", rest, r)
	}
	if o.Kind == op.ReturnLease && entries[0].Kind == op.LeaseEnded {
		incidents := map[id.Ticket]bool{}
		for _, e := range entries {
			if e.Kind == op.IncidentMade {
				incidents[e.Ticket] = true
			}
		}
		if !maps.Equal(incidents, early) {
			t.Fatalf("tickets %v were handed over and never reported; there are incidents for %v", early, incidents)
		}
	}
	m.settle()
}

// early lists the tickets of a lease that somebody saw and that were not reported.
func (w *world) early(l *loan) map[id.Ticket]bool {
	seen := map[id.Ticket]bool{}
	for _, e := range w.journal {
		switch {
		case e.LeaseID != l.ID:
		case e.Kind == op.Redeemed || e.Kind == op.CheckedIn:
			seen[e.Ticket] = true
		case e.Kind == op.Claimed:
			delete(seen, e.Ticket)
		}
	}
	return seen
}

func (m *model) Decide(t *rapid.T) {
	l := m.anyLoan(t)
	o := op.Op{Kind: rapid.SampledFrom([]op.Kind{op.WriteOff, op.VoidLease}).Draw(t, "kind"), Device: l.Device, Activity: l.Activity}
	_, _ = m.run(o, op.Origin{}) // or it is refused: the device may still grant
	m.settle()
}

// maybeShown is the ticket itself, if the device keeps to the rules.
func (m *model) maybeShown(t *rapid.T, l *loan, n int) []byte {
	if rapid.IntRange(0, 4).Draw(t, "hostile") == 0 {
		return nil
	}
	return m.shown(&l.Lease, n, rapid.IntRange(1, 2).Draw(t, "seats"))
}

// EarlyScan hands over or lets in before the grant is reported, or long after.
func (m *model) EarlyScan(t *rapid.T) {
	l := m.anyLoan(t)
	all := slices.Sorted(maps.Keys(l.serials))
	n := rapid.SampledFrom(all).Draw(t, "serial")
	if i := slices.IndexFunc(all, func(n int) bool { return l.serials[n] == out }); i >= 0 && rapid.IntRange(0, 2).Draw(t, "next") > 0 {
		n = all[i]
	}
	m.ask(t, op.Op{Kind: rapid.SampledFrom([]op.Kind{op.Redeem, op.CheckIn}).Draw(t, "kind"), Ticket: id.LeaseTicket(l.ID, n), Verdict: fault.Valid, Out: rapid.Bool().Draw(t, "out"),
		Shown: m.maybeShown(t, l, n)})
}

// desk is an honest device that holds exclusive leases and is offline: it grants by
// what it knew when it got them, and reports later, in order.
type desk struct {
	leases []*op.Lease
	orgs   map[uint64]map[id.Org]int // held in the activity when the lease came
	left   map[uint64][]op.Taken
	queue  []op.Op
	grants []op.Op // all of them
}

// exclusives drives offline devices with exclusive leases against claims elsewhere:
// no limit is ever broken, and no grant ever becomes an incident.
type exclusives struct {
	*world
	desks map[id.Device]*desk
}

func (x *exclusives) any(t *rapid.T) (id.Device, *desk) {
	d := word[id.Device](t, "device", "kiosk", "staff")
	return d, x.desks[d]
}

func (x *exclusives) Lend(t *rapid.T) {
	d, k := x.any(t)
	l := op.Lease{Device: d, Activity: word[id.Activity](t, "activity", "show", "tour"), Seats: rapid.IntRange(1, 4).Draw(t, "seats"),
		Policy: rapid.SampledFrom([]op.Policy{op.Hard, op.VoidUnreported}).Draw(t, "policy"), Lasts: rapid.SampledFrom([]int64{hour, 20 * hour}).Draw(t, "lasts"), VoidAfter: 0}
	for _, m := range []id.Member{"a1", "a2", "b1"} {
		if rapid.Bool().Draw(t, string(m)) {
			l.Members = append(l.Members, op.Borrower{Member: m})
		}
	}
	if len(k.queue) > 0 || len(l.Members) == 0 {
		t.Skip("a device must be online to be lent something")
	}
	entries, err := x.run(op.Op{Kind: op.Lend, Lending: &l}, op.Origin{})
	if err != nil || entries[0].Kind != op.Lent {
		return // a member is lent already, or nothing is left
	}
	got := entries[0].Lease
	k.leases, k.left[got.ID], k.orgs[got.ID] = append(k.leases, got), got.Taken, map[id.Org]int{}
	for o, h := range x.s.activities[got.Activity].book.Orgs {
		k.orgs[got.ID][o] = h.Seats
	}
}

// Grant grants offline by the rules, from what the device knows.
func (x *exclusives) Grant(t *rapid.T) {
	_, k := x.any(t)
	if len(k.leases) == 0 {
		t.Skip("it holds no lease")
	}
	l := rapid.SampledFrom(k.leases).Draw(t, "lease")
	b := rapid.SampledFrom(l.Members).Draw(t, "member")
	n := rapid.IntRange(1, 2).Draw(t, "seats")
	if quota.Sum(k.left[l.ID]) < n || x.now >= l.Expires {
		t.Skip("nothing is left")
	}
	a := x.s.activities[l.Activity]
	f := quota.Facts{Seats: n, Held: slices.Clone(b.Held), OrgHeld: k.orgs[l.ID][x.s.people[b.Member].Org]}
	for _, g := range k.grants {
		if g.Lease == l.ID && g.Member == b.Member {
			for i := range f.Held {
				f.Held[i] += g.Seats
			}
		}
		if g.Lease == l.ID && x.s.people[g.Member].Org == x.s.people[b.Member].Org {
			f.OrgHeld += g.Seats
		}
	}
	if a.book.Rules.Capped(f) != fault.None {
		return // the device refuses
	}
	o := grant(l, b.Member, k.left[l.ID][0].From, n)
	o.Taken = quota.From(k.left[l.ID], o.Taken[0].From, n)
	k.left[l.ID], _ = quota.Within(k.left[l.ID], o.Taken)
	k.queue, k.grants = append(k.queue, o), append(k.grants, o)
}

// Report sends the oldest grants.
func (x *exclusives) Report(t *rapid.T) {
	d, k := x.any(t)
	for n := rapid.IntRange(1, 3).Draw(t, "ops"); n > 0 && len(k.queue) > 0; n-- {
		x.report(d, k)
	}
}

func (x *exclusives) report(d id.Device, k *desk) {
	o := k.queue[0]
	k.queue = k.queue[1:]
	r, entries := x.send(d, o)
	if o.Kind == op.Claim && r.Outcome != op.Granted {
		x.t.Fatalf("a grant was answered %+v", r)
	}
	for _, e := range entries {
		if e.Kind == op.IncidentMade || e.Blocked {
			x.t.Fatalf("the grant of %s became %q", o.Member, e.Word)
		}
	}
}

// Renew asks for more; what the device counts from then on is what the server says.
func (x *exclusives) Renew(t *rapid.T) {
	d, k := x.any(t)
	if len(k.leases) == 0 || len(k.queue) > 0 {
		t.Skip("it holds no lease, or is offline")
	}
	l := k.leases[0]
	_, entries := x.send(d, op.Op{Kind: op.RenewLease, Lease: l.ID})
	if entries[0].Kind != op.Renewed {
		return
	}
	l.Expires = entries[0].Lease.Expires
	k.left[l.ID] = append(k.left[l.ID], entries[0].Lease.Taken...)
	for o, h := range x.s.activities[l.Activity].book.Orgs {
		k.orgs[l.ID][o] = h.Seats
	}
	for _, g := range k.grants {
		if g.Lease == l.ID {
			k.orgs[l.ID][x.s.people[g.Member].Org] -= g.Seats // Grant adds them
		}
	}
}

// Return reports everything and gives the leases back.
func (x *exclusives) Return(t *rapid.T) {
	d, k := x.any(t)
	for len(k.queue) > 0 {
		x.report(d, k)
	}
	for _, l := range k.leases {
		if r, _ := x.send(d, op.Op{Kind: op.ReturnLease, Lease: l.ID}); r.Outcome != op.OK {
			t.Fatalf("returned as %+v", r)
		}
	}
	k.leases, k.grants = nil, nil
}

func (x *exclusives) Claim(t *rapid.T) {
	x.send("desk", op.Op{Kind: op.Claim, Member: word[id.Member](t, "member", "a1", "a2", "a3", "b1", "b2"),
		Activity: word[id.Activity](t, "activity", "show", "tour"), Seats: rapid.IntRange(1, 2).Draw(t, "seats")})
}

func (x *exclusives) Cancel(t *rapid.T) {
	x.send("desk", op.Op{Kind: op.Cancel, Member: word[id.Member](t, "member", "a1", "a2", "a3", "b1"), Activity: word[id.Activity](t, "activity", "show", "tour")})
}

// Time lets hard leases expire: what they granted may come ever so late. Leases
// whose unreported grants become void are left alone by then.
func (x *exclusives) Time(t *rapid.T) {
	for d, k := range x.desks {
		for _, l := range k.leases {
			if l.Policy == op.VoidUnreported {
				for len(k.queue) > 0 {
					x.report(d, k)
				}
			}
		}
	}
	d := rapid.SampledFrom([]time.Duration{time.Minute, 2 * time.Hour, 30 * time.Hour}).Draw(t, "time")
	x.pass(time.UnixMilli(x.now).Add(d).In(zone(t)).Format(schedule.Layout))
}

func (x *exclusives) Check(t *rapid.T) {
	for name, a := range x.s.activities {
		seats := map[string]int{}
		for _, c := range a.book.Claims {
			seats["member "+string(c.Member)] += c.Seats
			seats["org "+string(c.Org)] += c.Seats
			if c.Blocked {
				t.Fatalf("ticket %d is blocked", c.Ticket)
			}
		}
		for who, n := range seats {
			most := map[byte]int{'m': 2, 'o': 3}[who[0]]
			if n > most {
				t.Fatalf("%s has %d seats of %s, at most %d are allowed", who, n, name, most)
			}
		}
	}
	for m, n := range x.s.series["x"] {
		if n > 3 {
			t.Fatalf("%s has %d seats of the series", m, n)
		}
	}
}

func TestExclusiveLeasesKeepEveryLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := &exclusives{newWorld(t), map[id.Device]*desk{}}
		for _, d := range []id.Device{"kiosk", "staff"} {
			x.desks[d] = &desk{orgs: map[uint64]map[id.Org]int{}, left: map[uint64][]op.Taken{}}
		}
		for _, a := range []string{"show", "tour"} {
			x.publish(fmt.Sprintf(`{"id":%q,"title":"演出","pools":[{"id":"p","total":12}],"when_full":"waitlist","limits":[{"per":"member","max":2},{"per":"member","series":"x","max":3},{"per":"org","max":3}]}`, a))
		}
		t.Repeat(rapid.StateMachineActions(x))
		for _, d := range []id.Device{"kiosk", "staff"} { // everything comes in, however late
			for k := x.desks[d]; len(k.queue) > 0; {
				x.report(d, k)
			}
		}
		x.Check(t)
		x.check()
	})
}
