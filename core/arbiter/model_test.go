package arbiter

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/schedule"
)

// model sends random ops to a world, and keeps a mirror that only reads the
// journal: the two must never differ.
type model struct {
	*world
	mirror  *State
	applied int
	sent    []sentOp
	codes   int
}

// sentOp is an op that was answered, to be sent again.
type sentOp struct {
	from   op.Origin
	result op.Result
}

func newModel(t *rapid.T) *model {
	m := &model{world: newWorld(t), mirror: New(zone(t))}
	m.follow()
	m.publishAny(t, "show")
	m.publishAny(t, "tour")
	return m
}

// follow lets the mirror read what was decided, as it would stand on disk.
func (m *model) follow() {
	m.t.Helper()
	for _, e := range reread(m.t, m.journal[m.applied:]) {
		if err := m.mirror.Apply(&e); err != nil {
			m.t.Fatalf("the mirror cannot follow: %v", err)
		}
	}
	m.applied = len(m.journal)
	if got, want := m.mirror.Digest(), m.s.Digest(); got != want {
		m.t.Fatalf("after entry %d the mirror has digest %s, the state %s", m.s.Seq(), got, want)
	}
}

func word[T ~string](t *rapid.T, label string, words ...T) T {
	return rapid.SampledFrom(words).Draw(t, label)
}

func (m *model) anyMember(t *rapid.T) id.Member {
	return word[id.Member](t, "member", "a1", "a2", "a3", "a4", "b1", "b2", "t1", "t1", "nobody", "")
}

func (m *model) anyOrg(t *rapid.T) id.Org {
	return word[id.Org](t, "org", "A", "B", "PARK", "TOWN", "Z", "")
}

func (m *model) anyActivity(t *rapid.T) (id.Activity, id.Pool) {
	a := word[id.Activity](t, "activity", "show", "show", "tour", "tour", "tour", "none")
	if a == "tour" {
		return a, word[id.Pool](t, "pool", "s1", "s2", "q")
	}
	return a, word[id.Pool](t, "pool", "p", "")
}

func (m *model) anySeats(t *rapid.T) int {
	return rapid.SampledFrom([]int{1, 1, 1, 2, 2, 3, 5, 0, -1, math.MaxInt32 + 1, math.MaxInt}).Draw(t, "seats")
}

func (m *model) anyTicket(t *rapid.T) id.Ticket {
	tickets := sorted(maps.Collect(m.s.claims.all()))
	return rapid.SampledFrom(append(tickets, 1, 1<<60)).Draw(t, "ticket")
}

func (m *model) anyStation(t *rapid.T) id.Station {
	return word[id.Station](t, "station", "", "HQ", "ST1", "X")
}

// ask sends an op from a device that may still send.
func (m *model) ask(t *rapid.T, o op.Op) {
	var in []id.Device
	for _, d := range sorted(m.s.devices) {
		if m.s.devices[d].gone == "" {
			in = append(in, d)
		}
	}
	if len(in) == 0 {
		t.Skip("no device is left")
	}
	from := rapid.SampledFrom(append(in, "desk", "desk")).Draw(t, "device")
	if m.s.devices[from].gone != "" {
		from = in[0]
	}
	o.EnteredBy = word(t, "by", "", "li", strings.Repeat("员", 50))
	r, entries := m.send(from, o)
	c := m.devices[from]
	m.sent = append(m.sent, sentOp{op.Origin{Device: from, Seq: c.seq, Hash: c.hash}, r})
	m.checkGrants(entries)
}

func (m *model) Claim(t *rapid.T) {
	a, p := m.anyActivity(t)
	m.ask(t, op.Op{Kind: op.Claim, Activity: a, Pool: p, Member: m.anyMember(t), Seats: m.anySeats(t), Org: word[id.Org](t, "with org", "", "", "A"), Station: word[id.Station](t, "station", "", "", "HQ", "ST1")})
}

func (m *model) GroupClaim(t *rapid.T) {
	o := op.Op{Kind: op.GroupClaim, Org: m.anyOrg(t)}
	o.Activity, o.Pool = m.anyActivity(t)
	for range rapid.IntRange(0, 6).Draw(t, "lines") {
		o.Lines = append(o.Lines, op.Line{Member: m.anyMember(t), Seats: m.anySeats(t)})
	}
	m.ask(t, o)
}

func (m *model) Cancel(t *rapid.T) {
	a, p := m.anyActivity(t)
	o := op.Op{Kind: op.Cancel, Activity: a, Seats: m.anySeats(t), Pool: word(t, "one pool", "", "", p)}
	if rapid.IntRange(0, 2).Draw(t, "by org") == 0 {
		o.Org = m.anyOrg(t)
	} else {
		o.Member = m.anyMember(t)
	}
	m.ask(t, o)
}

func (m *model) Rebind(t *rapid.T) {
	a, _ := m.anyActivity(t)
	m.ask(t, op.Op{Kind: op.Rebind, Activity: a, Member: m.anyMember(t), Station: m.anyStation(t)})
}

func (m *model) Scan(t *rapid.T) {
	m.ask(t, op.Op{Kind: rapid.SampledFrom([]op.Kind{op.Redeem, op.CheckIn}).Draw(t, "kind"), Ticket: m.anyTicket(t), Epoch: rapid.SampledFrom([]int{0, 0, 0, 1, 2, -1, math.MaxInt}).Draw(t, "epoch"),
		Verdict: fault.Verdict(rapid.SampledFrom([]uint8{1, 1, 1, 1, 2, 8, 16, 0, 255}).Draw(t, "verdict")), Override: rapid.IntRange(0, 4).Draw(t, "override") == 0, Out: rapid.Bool().Draw(t, "out"),
		Station: m.anyStation(t), Reason: word(t, "reason", "", strings.Repeat("由", 300))})
}

// GiveUp sends the word of a station, more often true than not.
func (m *model) GiveUp(t *rapid.T) {
	o := op.Op{Kind: op.Release, Ticket: m.anyTicket(t), Epoch: rapid.IntRange(0, 2).Draw(t, "epoch")}
	if c := m.s.claims.of(o.Ticket); c != nil && rapid.IntRange(0, 3).Draw(t, "any epoch") > 0 {
		o.Epoch = c.Epoch
	}
	if rapid.IntRange(0, 9).Draw(t, "leave") == 0 {
		o = op.Op{Kind: op.Release, Station: m.anyStation(t)}
	}
	m.ask(t, o)
}

func (m *model) SetAuthority(t *rapid.T) {
	o := op.Op{Kind: op.SetAuthority, Station: m.anyStation(t), Device: rapid.SampledFrom(sorted(m.s.devices)).Draw(t, "device")}
	_, _ = m.run(o, op.Origin{}) // or it is refused
}

// Unknown sends what only a server or a newer app would send.
func (m *model) Unknown(t *rapid.T) {
	m.ask(t, op.Op{Kind: op.Kind(rapid.SampledFrom([]uint8{0, 7, 63, 64, 65, 66, 68, 71, 72, 200}).Draw(t, "kind")), Activity: "show", Spec: []byte(show(1)), Seed: "x"})
}

func (m *model) Resend(t *rapid.T) {
	if len(m.sent) == 0 {
		t.Skip("nothing was sent")
	}
	s := rapid.SampledFrom(m.sent).Draw(t, "op")
	for _, state := range []*State{m.s, m.mirror} {
		standing, r := state.Admit(s.from)
		if m.s.devices[s.from.Device].gone != "" {
			if standing != GoneOp {
				t.Fatalf("an op of a device that is gone has standing %d", standing)
			}
			continue
		}
		if standing != KnownOp || !reflect.DeepEqual(r, s.result) {
			t.Fatalf("sent again: standing %d, %+v instead of %+v", standing, r, s.result)
		}
		s.from.Hash[0]++
		if standing, _ := state.Admit(s.from); standing != ForkedOp {
			t.Fatalf("with another hash: standing %d", standing)
		}
		s.from.Hash[0]--
	}
}

func (m *model) Time(t *rapid.T) {
	d := rapid.SampledFrom([]time.Duration{time.Second, time.Hour, 9 * time.Hour, 30 * time.Hour}).Draw(t, "time")
	m.pass(time.UnixMilli(m.now).Add(d).In(zone(t)).Format(schedule.Layout))
	if at, ok := m.s.Next(); ok && at <= m.now {
		t.Fatalf("something is due at %d still, now is %d", at, m.now)
	}
}

func (m *model) Draw(t *rapid.T) {
	a, _ := m.anyActivity(t)
	_, _ = m.run(op.Op{Kind: op.Draw, Activity: a, Seed: rapid.StringN(0, 4, 8).Draw(t, "seed")}, op.Origin{})
	m.settle()
}

// settle is the tick that follows a draw or a revision at once.
func (m *model) settle() { m.pass(start) }

func (m *model) Publish(t *rapid.T) {
	m.publishAny(t, word[id.Activity](t, "activity", "show", "tour"))
}

func (m *model) publishAny(t *rapid.T, a id.Activity) {
	day := func(label string) string {
		return time.UnixMilli(at(t, start)).In(zone(t)).AddDate(0, 0, rapid.IntRange(0, 6).Draw(t, label)).Format(schedule.Layout)
	}
	total := func() int { return rapid.IntRange(1, 6).Draw(t, "total") }
	spec := fmt.Sprintf(`{"id":%q,"title":"演出","pools":[{"id":"p","total":%d}]`, a, total())
	if a == "tour" {
		spec = fmt.Sprintf(`{"id":%q,"title":"游览","sessions":[{"id":"s1","starts":"2026-03-03T14:00:00","ends":"2026-03-03T16:00:00","total":%d},{"id":"s2","starts":"2026-03-05T14:00:00","ends":"2026-03-05T16:00:00","total":%d}]`, a, total(), total())
	}
	maybe := func(label, text string) {
		if rapid.IntRange(0, 2).Draw(t, label) == 0 {
			spec += "," + text
		}
	}
	maybe("waitlist", `"when_full":"waitlist"`)
	maybe("trim", `"when_short":"trim"`)
	maybe("return", `"unclaimed":"return"`)
	maybe("draw", `"method":"draw"`)
	maybe("audience", `"audience":"under(m, \"PARK\") || m.age > 35"`)
	maybe("limits", fmt.Sprintf(`"limits":[{"per":"member","max":%d,"max_with_child":9},{"per":"org","max":%d},{"per":"member","series":"x","max":%d}]`,
		rapid.IntRange(1, 4).Draw(t, "max"), rapid.IntRange(2, 6).Draw(t, "org max"), rapid.IntRange(1, 5).Draw(t, "series max")))
	maybe("asides", `"set_asides":[{"id":"f","count":1,"audience":"\"frontline\" in m.tags"},{"id":"g","count":1,"audience":"m.sex == \"F\""}]`)
	maybe("guests", fmt.Sprintf(`"guests":{"percent":%d,"audience":"under(m, \"A\")"}`, rapid.IntRange(0, 80).Draw(t, "percent")))
	maybe("pickup", fmt.Sprintf(`"pickup":{"stations":["HQ","ST1"],"bind":%v}`, rapid.Bool().Draw(t, "bind")))
	maybe("tasks", `"thresholds":[{"per":"org","persons_over":1,"task":"bus"},{"per":"org","persons_over":2,"task":"hall"}]`)
	maybe("windows", fmt.Sprintf(`"windows":{"pickup":["2026-02-01T00:00:00",%q],"claim":[%q,"2026-03-30T00:00:00"]}`, day("pickup to"), day("claim from")))
	entries, _ := m.run(op.Op{Kind: op.Publish, Spec: []byte(spec + "}")}, op.Origin{}) // or it is refused: seats are held
	m.checkGrants(entries)
	m.settle()
}

func (m *model) People(t *rapid.T) {
	p := member.Person{ID: word[id.Member](t, "member", "a1", "a2", "b1", "t1"), Org: word[id.Org](t, "org", "A", "B", "TOWN"), Sex: word(t, "sex", "F", "M", ""), Birth: word(t, "birth", "1990-03-02", "2001-01-01", ""),
		Barred: rapid.IntRange(0, 4).Draw(t, "barred") == 0, Children: rapid.IntRange(0, 1).Draw(t, "children")}
	if rapid.Bool().Draw(t, "frontline") {
		p.Tags = []string{"frontline"}
	}
	m.console(op.Op{Kind: op.PutPeople, People: []member.Person{p}})
}

func (m *model) Orgs(t *rapid.T) {
	o := member.Org{ID: word[id.Org](t, "org", "A", "B", "TOWN"), Parent: word[id.Org](t, "parent", "PARK", "ROOT", "B", "A")}
	_, _ = m.run(op.Op{Kind: op.PutOrgs, Orgs: []member.Org{o}}, op.Origin{}) // or it is refused: a ring
}

func (m *model) Enrol(t *rapid.T) {
	m.codes++
	e := op.Enrolment{Device: id.Device(fmt.Sprint("new", m.codes)), Role: word(t, "role", op.Phone, op.Kiosk, op.Staff, op.Hub), Member: word[id.Member](t, "member", "a1", "t1"),
		Station: word[id.Station](t, "station", "HQ", "ST1"), Org: word[id.Org](t, "org", "A", "PARK", "TOWN")}
	m.enrol(e)
}

func (m *model) Revoke(t *rapid.T) {
	m.console(op.Op{Kind: op.Revoke, Device: word[id.Device](t, "device", "phone", "kiosk", "staff")})
}

// checkGrants asks the rules again, by hand, about everything that was granted.
func (m *model) checkGrants(entries []op.Entry) {
	for i := range entries {
		e := &entries[i]
		if e.Kind != op.Claimed || e.Outcome == op.Refused || e.LeaseID != 0 { // a device decided that one
			continue
		}
		a, p := m.s.activities[e.Activity], m.s.people[e.Member]
		today := time.UnixMilli(e.At).In(m.s.zone)
		if ok, err := a.Audience.Match(p.facts(), m.s.orgs, today); err != nil || !ok || p.barred || e.Org != p.Org {
			m.t.Fatalf("%s is outside the audience or barred: %v %v", e.Member, ok, err)
		}
		parts, err := a.Parts(p.facts(), m.s.orgs, today)
		if err != nil {
			m.t.Fatalf("%v", err)
		}
		for _, taken := range e.Taken {
			if !slices.Contains(parts, taken.Part) {
				m.t.Fatalf("%s took from part %d, may take from %v", e.Member, taken.Part, parts)
			}
		}
		if e.Outcome == op.Waitlisted && !slices.Equal(e.Parts, parts) {
			m.t.Fatalf("%s waits for parts %v, may take from %v", e.Member, e.Parts, parts)
		}
		held, org := 0, 0
		for _, c := range a.book.Claims {
			if c.Member == e.Member {
				held += c.Seats
			}
			if c.Org == e.Org {
				org += c.Seats
			}
		}
		for _, l := range a.Spec.Limits {
			most := l.Max
			if p.children > 0 && l.MaxWithChild > 0 {
				most = l.MaxWithChild
			}
			if l.Per == "member" && l.Series == "" && held > most && i == len(entries)-1 || l.Per == "org" && org > l.Max && i == len(entries)-1 {
				m.t.Fatalf("%s of %s has %d seats, the organisation %d; the limit is %+v", e.Member, e.Org, held, org, l)
			}
		}
	}
}

// Check holds after every op.
func (m *model) Check(t *rapid.T) {
	m.follow()
	for _, name := range sorted(m.s.activities) {
		a := m.s.activities[name]
		for pool, p := range a.book.Pools {
			serials := map[int]id.Ticket{}
			for _, c := range a.book.Claims {
				if c.Pool != pool {
					continue
				}
				for _, taken := range c.Taken {
					for s := taken.From; s < taken.From+taken.N; s++ {
						if other, ok := serials[s]; ok {
							t.Fatalf("tickets %d and %d hold serial %d", other, c.Ticket, s)
						}
						serials[s] = c.Ticket
					}
				}
			}
			lent := 0
			for _, l := range m.loans() {
				for n, state := range l.serials {
					if l.Activity != name || l.Pool != a.Pools[pool].ID || state != out {
						continue
					}
					if ticket, ok := serials[n]; ok {
						t.Fatalf("ticket %d holds serial %d, which lease %d may grant", ticket, n, l.ID)
					}
					lent++
				}
			}
			if len(serials)+lent+p.Free() != a.Pools[pool].Total {
				t.Fatalf("%d held, %d lent, %d free, total %d", len(serials), lent, p.Free(), a.Pools[pool].Total)
			}
			for _, c := range a.book.Lines[pool] {
				if a.Usable(pool, m.s.Now()) && a.book.Left(pool, c.Parts, c.Guest) >= c.Seats {
					t.Fatalf("ticket %d waits for %d seats that are free", c.Ticket, c.Seats)
				}
			}
		}
	}
}

func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		t.Repeat(rapid.StateMachineActions(m))
		m.check() // from the very first entry
	})
}

// FuzzApply lets broken entries hit a living state: they may be refused,
// but never end the program.
func FuzzApply(f *testing.F) {
	for _, g := range goldens {
		for _, e := range g.world(f).journal {
			f.Add(encode(f, []op.Entry{e}))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w := newWorld(t)
		w.publish(show(9, `"when_full":"waitlist"`))
		w.granted("a1", "show", 6)
		w.lent(op.Lease{Device: "kiosk", Seats: 2})
		w.claim("a2", "show", 2)
		entries, err := op.DecodeBatch(w.s.Seq()+1, body)
		if err != nil {
			return
		}
		for i := range entries {
			if err := w.s.Apply(&entries[i]); err != nil {
				return
			}
		}
		w.s.Digest()
		w.s.Next()
	})
}

// FuzzExecute lets any op that can be read come from a device or the console.
func FuzzExecute(f *testing.F) {
	for _, o := range []op.Op{
		{Kind: op.Claim, Member: "a1", Activity: "show", Seats: 1}, {Kind: op.GroupClaim, Org: "A", Activity: "show", Lines: []op.Line{{Member: "a1", Seats: 1}}},
		{Kind: op.Cancel, Member: "a1", Activity: "show"}, {Kind: op.Redeem, Ticket: 10, Verdict: 1}, {Kind: op.CheckIn, Ticket: 10, Verdict: 1}, {Kind: op.Rebind, Member: "a1", Activity: "show", Station: "HQ"},
		{Kind: op.Tick}, {Kind: op.PutOrgs, Orgs: []member.Org{{ID: "N", Parent: "A"}}}, {Kind: op.PutPeople, People: []member.Person{{ID: "n", Org: "A"}}}, {Kind: op.Publish, Spec: []byte(show(7))},
		{Kind: op.Offer, Enrolment: &op.Enrolment{CodeHash: []byte{1}, Device: "n", Role: op.Staff}}, {Kind: op.Draw, Activity: "show", Seed: "s"}, {Kind: op.Revoke, Device: "kiosk"}, {Kind: op.PutStations},
		{Kind: op.Lend, Lending: &op.Lease{Device: "kiosk", Activity: "show", Seats: 1, Policy: op.Hard, Lasts: 1, Members: []op.Borrower{{Member: "a1"}}}},
		{Kind: op.Claim, Member: "a1", Activity: "show", Seats: 1, Lease: 20, Ticket: id.LeaseTicket(20, 9), Taken: []op.Taken{{From: 9, N: 1}}, Outcome: op.Granted},
		{Kind: op.ReturnLease, Lease: 20}, {Kind: op.RenewLease, Lease: 20}, {Kind: op.WriteOff, Device: "kiosk", Activity: "show"}, {Kind: op.VoidLease, Device: "kiosk", Activity: "show"},
		{Kind: op.Redeem, Ticket: id.LeaseTicket(20, 9), Seats: 1, Verdict: 1},
	} {
		raw, err := op.Encode(&o)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, true)
		f.Add(raw, false)
	}
	f.Fuzz(func(t *testing.T, raw []byte, device bool) {
		o, err := op.Decode(raw)
		if err != nil {
			return
		}
		w := newWorld(t)
		w.publish(show(9, `"when_full":"waitlist"`))
		w.granted("a1", "show", 7)
		w.lent(op.Lease{Device: "kiosk", Seats: 2})
		if device {
			w.send("kiosk", o)
		} else if _, err := w.run(o, op.Origin{}); err != nil && errors.Is(err, ErrBroken) {
			t.Fatal(err)
		}
		w.check()
	})
}
