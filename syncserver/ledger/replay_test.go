package ledger_test

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/schedule"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger"
)

// maker writes entries such as an arbiter could have decided: claims exist before
// they change, and serials are handed out once.
type maker struct {
	t        *rapid.T
	entries  []op.Entry
	claims   []*made
	next     int // next serial
	leases   []*lentMade
	lastOp   map[id.Device]uint64
	enrolled int
	stations []id.Station
}

type made struct {
	ticket  id.Ticket
	seats   int
	taken   []op.Taken
	open    bool // may still be granted, released, moved or handed over
	waiting bool
}

func pick[T any](t *rapid.T, from ...T) T { return rapid.SampledFrom(from).Draw(t, "pick") }

func (m *maker) member() id.Member {
	return id.Member(fmt.Sprintf("m%05d", rapid.IntRange(0, 5).Draw(m.t, "member")))
}

func (m *maker) add(e op.Entry) {
	e.Seq, e.At = uint64(len(m.entries)+1), int64(1000+len(m.entries))
	if e.Device == "" && rapid.Bool().Draw(m.t, "of a device") && e.Kind != op.DeviceGone {
		e.Device = pick(m.t, id.Device("D1"), "D2", "D3")
		m.lastOp[e.Device]++
		e.DevSeq = m.lastOp[e.Device]
	}
	m.entries = append(m.entries, e)
}

// world adds an entry that is no claim's.
func (m *maker) world() {
	switch pick(m.t, op.OrgsPut, op.PeoplePut, op.StationsPut, op.CalendarPut, op.Published, op.Enrolled, op.Offered, op.DeviceGone, op.AuthoritySet) {
	case op.OrgsPut:
		o := orgs(pick(m.t, id.Org("C000"), "C001", "C002"), pick(m.t, id.Org(""), "PARK", "CITY"))
		o[0].Name = pick(m.t, "甲", "乙")
		m.add(op.Entry{Kind: op.OrgsPut, Orgs: o})
	case op.PeoplePut:
		var list []member.Person
		for range rapid.IntRange(1, 4).Draw(m.t, "people") {
			list = append(list, member.Person{ID: m.member(), Org: pick(m.t, id.Org("C000"), "C001"), Children: rapid.IntRange(0, 1).Draw(m.t, "children")})
		}
		m.add(op.Entry{Kind: op.PeoplePut, People: list})
	case op.StationsPut:
		s := pick(m.t, id.Station("HQ"), "ST1")
		m.stations = append(m.stations, s)
		m.add(op.Entry{Kind: op.StationsPut, Stations: stations(s)})
	case op.CalendarPut:
		year := schedule.Year{Year: pick(m.t, 2026, 2027)}
		if rapid.Bool().Draw(m.t, "notice") {
			year.Days = []schedule.Day{{Date: "2026-10-10", Name: pick(m.t, "国庆节", "中秋节")}}
		}
		m.add(op.Entry{Kind: op.CalendarPut, Calendar: &year})
	case op.AuthoritySet:
		if len(m.stations) > 0 {
			m.add(op.Entry{Kind: op.AuthoritySet, Station: pick(m.t, m.stations...), Authority: pick(m.t, id.Device("D1"), "D2"), Blocked: rapid.Bool().Draw(m.t, "blocked")})
		}
	case op.Published:
		m.publish()
	case op.Enrolled:
		m.enrolled++
		m.add(op.Entry{Kind: op.Enrolled, Enrolment: &op.Enrolment{CodeHash: []byte{byte(m.enrolled)}, Device: id.Device(fmt.Sprint("D", m.enrolled)),
			Role: pick(m.t, op.Kiosk, op.Phone, op.Hub), Station: pick(m.t, id.Station("HQ"), "ST1")}})
	case op.Offered:
		m.add(op.Entry{Kind: op.Offered, Enrolment: &op.Enrolment{CodeHash: []byte{byte(m.enrolled + 1)}, Device: id.Device(fmt.Sprint("D", m.enrolled+1)), Role: op.Kiosk}})
	case op.DeviceGone:
		d := pick(m.t, id.Device("D1"), "D2")
		m.add(op.Entry{Kind: op.DeviceGone, Device: d, Reason: "lost"})
		for _, l := range m.leases {
			l.open, l.expired = l.open && l.device != d, l.expired && l.device != d
		}
	}
}

func (m *maker) publish() {
	pools := pick(m.t, `"pools":[{"id":"p","total":3},{"id":"q","total":2}]`, `"pools":[{"id":"p","total":5}]`, `"sessions":[{"id":"p","total":4},{"id":"q","total":1}]`)
	rest := pick(m.t, ``, `,"limits":[{"per":"member","series":"s","max":2}]`, `,"limits":[{"per":"org","max":2},{"per":"member","series":"s","max":1}]`, `,"limits":[{"per":"org","max":2},{"per":"member","max":1}]`, `,"set_asides":[{"id":"x","count":1}]`, `,"pickup":{"stations":["HQ","ST1"],"bind":true}`)
	m.add(op.Entry{Kind: op.Published, Activity: pick(m.t, id.Activity("a"), "b"), Number: 1, Revision: len(m.entries), Spec: []byte(`{` + pools + rest + `}`)})
}

func (m *maker) take(n int) []op.Taken {
	m.next += n
	return []op.Taken{{Part: pick(m.t, 0, 0, 1), From: m.next - n + 1, N: n}}
}

func (m *maker) claim() {
	e := op.Entry{Kind: op.Claimed, Member: m.member(), Org: "C000", Activity: pick(m.t, id.Activity("a"), "b"), Pool: pick(m.t, id.Pool("p"), "q"),
		Seats: rapid.IntRange(1, 3).Draw(m.t, "seats"), Station: pick(m.t, id.Station(""), "HQ", "ST1"), Outcome: pick(m.t, op.Granted, op.Granted, op.Waitlisted, op.Entered, op.Refused)}
	c := &made{ticket: id.Ticket(len(m.entries) + 1), seats: e.Seats, open: true, waiting: e.Outcome != op.Granted}
	switch e.Outcome {
	case op.Granted:
		e.Taken = m.take(e.Seats)
		c.taken = e.Taken
	case op.Refused:
		e.Code = pick(m.t, fault.SoldOut, fault.MemberCap)
	}
	if e.Outcome != op.Refused {
		m.claims = append(m.claims, c)
	}
	m.add(e)
}

// change adds an entry about a claim that is still open.
func (m *maker) change() {
	open := slices.DeleteFunc(slices.Clone(m.claims), func(c *made) bool { return !c.open })
	if len(open) == 0 {
		return
	}
	c := pick(m.t, open...)
	e := op.Entry{Ticket: c.ticket, Epoch: len(m.entries), DeviceAt: 3}
	switch e.Kind = pick(m.t, op.Promoted, op.Released, op.Lapsed, op.Redeemed, op.CheckedIn, op.CheckedIn, op.Moved, op.Moved, op.NotDrawn, op.IncidentMade, op.Scanned, op.Reminded, op.Undone); e.Kind {
	case op.Promoted:
		if !c.waiting {
			return
		}
		e.Taken = m.take(c.seats)
		c.taken, c.waiting = e.Taken, false
		e.Blocked = rapid.Bool().Draw(m.t, "blocked")
	case op.Undone:
		if c.waiting {
			return
		}
	case op.Released:
		e.Seats = rapid.IntRange(1, c.seats).Draw(m.t, "released")
		if !c.waiting {
			last := c.taken[0]
			e.Taken = []op.Taken{{Part: last.Part, From: last.From + last.N - e.Seats, N: e.Seats}}
			c.taken = []op.Taken{{Part: last.Part, From: last.From, N: last.N - e.Seats}}
		}
		c.seats -= e.Seats
		c.open = c.seats > 0
	case op.Lapsed:
		if c.waiting {
			return
		}
		if rapid.Bool().Draw(m.t, "returned") {
			e.Taken = c.taken
			c.open = false
		}
	case op.NotDrawn:
		if !c.waiting {
			return
		}
		e.Outcome = pick(m.t, op.Refused, op.Waitlisted)
		c.open = e.Outcome == op.Waitlisted
	case op.CheckedIn:
		e.Out = rapid.Bool().Draw(m.t, "out")
	case op.Moved:
		e.Station = pick(m.t, id.Station("HQ"), "ST1")
	case op.Reminded:
		e.Member, e.Activity, e.Pool = m.member(), "a", "p"
	}
	m.add(e)
}

func journal(t *rapid.T) []op.Entry {
	m := &maker{t: t, lastOp: map[id.Device]uint64{}}
	m.publish()
	for range rapid.IntRange(1, 60).Draw(t, "entries") {
		switch pick(t, "world", "claim", "claim", "change", "change", "change", "lend", "lease", "lease", "lease", "other") {
		case "world":
			m.world()
		case "claim":
			m.claim()
		case "change":
			m.change()
		case "lend":
			m.lend()
		case "lease":
			m.lease()
		case "other":
			m.add(pick(t, op.Entry{Kind: op.Ticked}, op.Entry{Kind: op.TaskMade, Org: "C000", Word: "w"}, op.Entry{Kind: op.Drawn, Activity: "a"},
				op.Entry{Kind: op.Done, Result: &op.Result{Outcome: op.OK, Refused: map[fault.Code]int{fault.SoldOut: 1, fault.Barred: 2}}}))
		}
	}
	return m.entries
}

// held is what a device holds: it applies deltas as they come.
type held struct {
	scopes []string
	cursor uint64
	rows   map[string]wire.RowChange
}

func (h *held) sync(t *rapid.T, l *ledger.Ledger) {
	to, last := l.Applied(), h.cursor
	err := l.View(func(v *ledger.View) error {
		return merged(v, h.scopes, h.cursor, to, func(c wire.RowChange) {
			if c.Seq < last {
				t.Fatalf("delta %d–%d gives Seq %d after %d", h.cursor, to, c.Seq, last)
			}
			last = c.Seq
			if key := c.Table + " " + c.ID; c.Gone {
				delete(h.rows, key)
			} else {
				h.rows[key] = c
			}
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	h.cursor = to
}

// TestReplay holds that a ledger is a function of the journal alone: however
// entries are cut into transactions, and wherever the file is closed and opened,
// all tables are the same; and that a device which followed the changes, at
// whatever pace, holds what a device that starts at the end is given.
func TestReplay(t *testing.T) {
	dir, n := t.TempDir(), 0
	// A device stands at one station: a moved ticket has a row at both.
	scopes := slices.DeleteFunc(append([]string{"org/C000", "door", "staff"}, scopes...), func(s string) bool { return s == "station/HQ" })
	rapid.Check(t, func(t *rapid.T) {
		entries := journal(t)
		openNext := func() (*ledger.Ledger, string) {
			n++
			path := filepath.Join(dir, fmt.Sprint(n))
			l, err := ledger.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			return l, path
		}
		whole, _ := openNext()
		defer whole.Close()
		if err := whole.Project(entries); err != nil {
			t.Fatal(err)
		}
		cut, path := openNext()
		defer func() { cut.Close() }()
		devices := []*held{{scopes: scopes}, {scopes: []string{"station/HQ"}}, {scopes: []string{"lease/D1", "scan"}}, {scopes: []string{"lease/D2"}}}
		for _, d := range devices {
			d.rows = map[string]wire.RowChange{}
		}
		for rest := entries; len(rest) > 0; {
			size := rapid.IntRange(1, min(len(rest), 12)).Draw(t, "size")
			if err := cut.Project(rest[:size]); err != nil {
				t.Fatal(err)
			}
			rest = rest[size:]
			switch pick(t, "go on", "go on", "sync", "open") {
			case "sync":
				devices[rapid.IntRange(0, len(devices)-1).Draw(t, "device")].sync(t, cut)
			case "open":
				var err error
				if err = cut.Close(); err != nil {
					t.Fatal(err)
				}
				if cut, err = ledger.Open(path); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got, want := digests(t, cut), digests(t, whole); !reflect.DeepEqual(got, want) {
			t.Fatalf("cut into transactions the ledger is another one:\n%v\n%v", got, want)
		}
		wantEquipped(t, entries, whole)
		for _, d := range devices {
			d.sync(t, cut)
			fresh := &held{scopes: d.scopes, rows: map[string]wire.RowChange{}}
			fresh.sync(t, whole)
			if !reflect.DeepEqual(d.rows, fresh.rows) {
				t.Fatalf("%v: a device that followed holds %d rows, a new one %d:\n%v\n%v", d.scopes, len(d.rows), len(fresh.rows), d.rows, fresh.rows)
			}
		}
	})
}

func digests(t *rapid.T, l *ledger.Ledger) map[string]string {
	d, _, err := l.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}
