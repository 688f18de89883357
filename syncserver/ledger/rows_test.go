package ledger_test

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/station"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger"
)

const (
	spaSpec = `{"id":"spa","pools":[{"id":"sets","total":2}],"pickup":{"stations":["HQ","ST1"],"bind":true},"audience_why":{"zh":"a","en":"b"}}`
	diySpec = `{"id":"diy","sessions":[{"id":"s","starts":"2026-01-02T10:00:00","ends":"2026-01-02T11:00:00","total":1}]}`
)

// orgs makes organisations out of pairs of id and parent.
func orgs(pairs ...id.Org) (list []member.Org) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, member.Org{ID: pairs[i], Name: string(pairs[i]) + "工会", Parent: pairs[i+1]})
	}
	return list
}

func stations(ids ...id.Station) (list []station.Station) {
	for _, s := range ids {
		list = append(list, station.Station{ID: s, Name: string(s) + "站", Lat: 31.25, Lon: 120.6, Datum: "GCJ02", Facilities: []string{"饮水"},
			Checked: "2026-11-02", Landmark: "东门旁", Photo: "ab", Closure: &station.Closure{From: "2026-11-22", Why: "装修"}})
	}
	return list
}

func serials(from, n int) []op.Taken { return []op.Taken{{From: from, N: n}} }

// blank gives a row of a table to decode into.
func blank(table string) any {
	switch table {
	case wire.TableActivity:
		return &wire.ActivityRow{}
	case wire.TablePool:
		return &wire.PoolRow{}
	case wire.TableStation:
		return &wire.StationRow{}
	case wire.TableCalendar:
		return &wire.CalendarRow{}
	case wire.TableClaim:
		return &wire.ClaimRow{}
	case wire.TableMessage:
		return &wire.MessageRow{}
	case wire.TableMe:
		return &wire.MeRow{}
	case wire.TableTicket:
		return &wire.TicketRow{}
	case wire.TableDoor:
		return &wire.DoorRow{}
	case wire.TableTask:
		return &wire.TaskRow{}
	case wire.TableIncident:
		return &wire.IncidentRow{}
	}
	return nil
}

// scopes are all that the story fills.
var scopes = []string{"public", "door", "staff", "org/CITY", "org/PARK", "org/C1", "station/HQ", "station/ST1",
	"member/m00000", "member/m00001", "member/m00002"}

// changed gives what one more entry changed, as "scope table id" → row, nil for a removed one.
func changed(t *testing.T, l *ledger.Ledger, e op.Entry) map[string]any {
	t.Helper()
	if err := l.Project([]op.Entry{e}); err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	for _, s := range scopes {
		for _, c := range delta(t, l, e.Seq-1, e.Seq, s) {
			if c.Seq != e.Seq {
				t.Errorf("row %s %s %s has Seq %d, want %d", s, c.Table, c.ID, c.Seq, e.Seq)
			}
			key := s + " " + c.Table + " " + c.ID
			if c.Gone {
				got[key] = nil
				continue
			}
			row := blank(c.Table)
			if err := wire.DecodeRow(c.Body, row); err != nil {
				t.Fatal(err)
			}
			got[key] = reflect.ValueOf(row).Elem().Interface()
		}
	}
	return got
}

// rows are expected changes.
type rows = map[string]any

// TestRows walks through the story and holds every row that every entry makes.
func TestRows(t *testing.T) {
	l := open(t)
	me := func(n string) wire.MeRow { return wire.MeRow{Member: id.Member(n), Org: "C000"} }
	hq := wire.StationRow{ID: "HQ", Number: 1, Name: "HQ站", Lat: 31.25, Lon: 120.6, Datum: "GCJ02", Facilities: []string{"饮水"},
		Checked: "2026-11-02", Landmark: "东门旁", Photo: "ab", Closure: &station.Closure{From: "2026-11-22", Why: "装修"}}
	st1 := hq
	st1.ID, st1.Number, st1.Name = "ST1", 2, "ST1站"
	run := hq
	run.Authority = "K1"
	c8 := wire.ClaimRow{Ticket: 8, Activity: "spa", Pool: "sets", Seats: 2, State: op.ClaimGranted, Station: "HQ", At: 1007}
	t8 := wire.TicketRow{Ticket: 8, Activity: "spa", Pool: "sets", Seats: 2, State: op.ClaimGranted, Station: "HQ", Member: "m00000"}
	c9 := wire.ClaimRow{Ticket: 9, Activity: "spa", Pool: "sets", Seats: 1, State: op.ClaimWaitlisted, Place: 1, Station: "ST1", At: 1008}
	t9 := wire.TicketRow{Ticket: 9, Activity: "spa", Pool: "sets", Seats: 1, State: op.ClaimGranted, Station: "ST1", Member: "m00001"}
	c19 := wire.ClaimRow{Ticket: 19, Activity: "diy", Pool: "s", Seats: 1, State: op.ClaimEntered, At: 1018}
	d19 := wire.DoorRow{Ticket: 19, Activity: "diy", Pool: "s", Member: "m00002", Seats: 1, State: op.ClaimEntered}
	c20 := wire.ClaimRow{Ticket: 20, Activity: "diy", Pool: "s", Seats: 1, State: op.ClaimEntered, At: 1019}
	d20 := wire.DoorRow{Ticket: 20, Activity: "diy", Pool: "s", Member: "m00001", Seats: 1, State: op.ClaimEntered}
	task := wire.TaskRow{Seq: 11, Kind: "review", Org: "C1", Activity: "spa", At: 1010}
	incident := wire.IncidentRow{Seq: 17, Word: "override", Ticket: 8, Device: "K1", Verdict: fault.TooEarly, At: 1016}
	message := func(seq uint64, kind string, a id.Activity, p id.Pool, ticket id.Ticket) wire.MessageRow {
		return wire.MessageRow{Seq: seq, Kind: kind, Activity: a, Pool: p, Ticket: ticket, At: 999 + int64(seq)}
	}
	claim := func(c wire.ClaimRow, change func(*wire.ClaimRow)) wire.ClaimRow { change(&c); return c }
	ticket := func(c wire.TicketRow, change func(*wire.TicketRow)) wire.TicketRow { change(&c); return c }
	door := func(c wire.DoorRow, change func(*wire.DoorRow)) wire.DoorRow { change(&c); return c }
	full := wire.PoolRow{Activity: "spa", Pool: "sets", Full: true}
	free := wire.PoolRow{Activity: "spa", Pool: "sets"}

	want := []rows{
		{},
		{"member/m00000 me m00000": me("m00000"), "member/m00001 me m00001": wire.MeRow{Member: "m00001", Org: "C001"},
			"member/m00002 me m00002": wire.MeRow{Member: "m00002", Org: "C002"}},
		{"public station HQ": hq, "public station ST1": st1},
		{},
		{"public station HQ": run},
		{"public activity spa": wire.ActivityRow{ID: "spa", Number: 1, Revision: 1, Spec: []byte(spaSpec)}, "public pool spa/sets": free},
		{"public activity diy": wire.ActivityRow{ID: "diy", Number: 2, Revision: 1, Spec: []byte(diySpec)}, "public pool diy/s": wire.PoolRow{Activity: "diy", Pool: "s"}},
		{"member/m00000 claim 8": c8, "station/HQ ticket 8": t8, "public pool spa/sets": full, "member/m00000 message 8": message(8, "granted", "spa", "sets", 8)},
		{"member/m00001 claim 9": c9},
		{},
		{"staff task 11": task, "org/C1 task 11": task, "org/PARK task 11": task, "org/CITY task 11": task},
		{"member/m00000 claim 8": claim(c8, func(c *wire.ClaimRow) { c.Seats, c.Epoch = 1, 1 }),
			"station/HQ ticket 8": ticket(t8, func(c *wire.TicketRow) { c.Seats, c.Epoch = 1, 1 }), "public pool spa/sets": free},
		{"member/m00001 claim 9": claim(c9, func(c *wire.ClaimRow) { c.State = op.ClaimGranted }), "station/ST1 ticket 9": t9,
			"public pool spa/sets": full, "member/m00001 message 13": message(13, "promoted", "spa", "sets", 9)},
		{"member/m00001 claim 9": claim(c9, func(c *wire.ClaimRow) { c.State, c.Station, c.Epoch = op.ClaimGranted, "HQ", 1 }), "station/ST1 ticket 9": ticket(t9, func(c *wire.TicketRow) { c.Station, c.Epoch, c.Member = "HQ", 1, "" }),
			"station/HQ ticket 9": ticket(t9, func(c *wire.TicketRow) { c.Station, c.Epoch = "HQ", 1 }), "member/m00001 message 14": message(14, "moved", "spa", "sets", 9)},
		{},
		{"member/m00000 claim 8": claim(c8, func(c *wire.ClaimRow) { c.Seats, c.Epoch, c.State = 1, 1, op.ClaimRedeemed }),
			"station/HQ ticket 8": ticket(t8, func(c *wire.TicketRow) { c.Seats, c.Epoch, c.State = 1, 1, op.ClaimRedeemed })},
		{"staff incident 17": incident, "org/C1 incident 17": incident, "org/PARK incident 17": incident, "org/CITY incident 17": incident},
		{"member/m00001 claim 9": claim(c9, func(c *wire.ClaimRow) { c.State, c.Station, c.Epoch = op.ClaimLapsed, "HQ", 1 }),
			"station/HQ ticket 9":      ticket(t9, func(c *wire.TicketRow) { c.State, c.Station, c.Epoch = op.ClaimLapsed, "HQ", 1 }),
			"member/m00001 message 18": message(18, "lapsed", "spa", "sets", 9)},
		{"member/m00002 claim 19": c19, "door door 19": d19},
		{"member/m00001 claim 20": c20, "door door 20": d20},
		{},
		{"member/m00002 claim 19": claim(c19, func(c *wire.ClaimRow) { c.State = op.ClaimGranted }),
			"door door 19":      door(d19, func(c *wire.DoorRow) { c.State = op.ClaimGranted }),
			"public pool diy/s": wire.PoolRow{Activity: "diy", Pool: "s", Full: true}, "member/m00002 message 22": message(22, "drawn", "diy", "s", 19)},
		{"member/m00001 claim 20": claim(c20, func(c *wire.ClaimRow) { c.State = op.ClaimNotDrawn }),
			"door door 20": door(d20, func(c *wire.DoorRow) { c.State = op.ClaimNotDrawn }), "member/m00001 message 23": message(23, "not_drawn", "diy", "s", 20)},
		{"member/m00002 message 24": message(24, "reminder", "diy", "s", 19)},
		{"member/m00002 claim 19": claim(c19, func(c *wire.ClaimRow) { c.State = op.ClaimGranted }),
			"door door 19": door(d19, func(c *wire.DoorRow) { c.State, c.Inside, c.Came = op.ClaimGranted, true, true })},
		{},
		{}, // the gone device stays the authority of its station
	}
	for i, e := range story() {
		if got := changed(t, l, e); !reflect.DeepEqual(got, want[i]) {
			t.Errorf("entry %d (kind %d):\n got %s\nwant %s", e.Seq, e.Kind, show(got), show(want[i]))
		}
	}
}

func show(r rows) (s string) {
	for _, k := range slices.Sorted(maps.Keys(r)) {
		s += fmt.Sprintf("\n\t%s: %+v", k, r[k])
	}
	return s
}

// TestQueries reads the story back through the queries of commands.
func TestQueries(t *testing.T) {
	l := open(t)
	project(t, l, story()...)
	check := func(what string, got any, err error, want any) {
		t.Helper()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v %v\nwant %+v", what, got, err, want)
		}
	}
	counts, err := l.Counts("spa")
	check("counts", counts, err, []ledger.Counts{{Pool: "sets", Total: 2, Granted: 2, Redeemed: 1, Lapsed: 1}})
	counts, err = l.Counts("diy")
	check("counts of sessions", counts, err, []ledger.Counts{{Pool: "s", Total: 1, Granted: 1, CheckedIn: 1}})
	seats, err := l.OrgSeats("spa")
	check("seats", seats, err, map[id.Org]int{"C1": 2})
	refused, err := l.Refusals("spa")
	check("refusals", refused, err, map[string]int{"member_cap": 1})
	states, err := l.States("diy")
	check("states", states, err, map[id.Member]op.ClaimState{"m00002": op.ClaimGranted})
	tasks, err := l.Tasks()
	check("tasks", tasks, err, []wire.TaskRow{{Seq: 11, Kind: "review", Org: "C1", Activity: "spa", At: 1010}})
	incidents, err := l.Incidents()
	check("incidents", incidents, err, []wire.IncidentRow{{Seq: 17, Word: "override", Ticket: 8, Device: "K1", Verdict: fault.TooEarly, At: 1016}})
	messages, err := l.Messages("m00002")
	check("messages", messages, err, []wire.MessageRow{
		{Seq: 22, Kind: "drawn", Activity: "diy", Pool: "s", Ticket: 19, At: 1021}, {Seq: 24, Kind: "reminder", Activity: "diy", Pool: "s", Ticket: 19, At: 1023}})
	claims, err := l.Claims("m00001")
	check("claims", claims, err, []ledger.Claim{
		{Ticket: 9, Member: "m00001", Org: "C1", Activity: "spa", Pool: "sets", Station: "HQ", Seats: 1, State: op.ClaimLapsed, Taken: serials(2, 1), Place: 1, Epoch: 1,
			At: 1008, GrantedAt: 1012, Seq: 18},
		{Ticket: 20, Member: "m00001", Org: "C1", Activity: "diy", Pool: "s", Seats: 1, State: op.ClaimNotDrawn, At: 1019, Seq: 23}})
	c, ok, err := l.Claim(19)
	check("claim", c, err, ledger.Claim{Ticket: 19, Member: "m00002", Org: "C1", Activity: "diy", Pool: "s", Seats: 1, State: op.ClaimGranted, Taken: serials(1, 1),
		Inside: true, Came: true, At: 1018, GrantedAt: 1021, Seq: 25, Passed: 25})
	if !ok {
		t.Error("claim 19 is not found")
	}
	for _, ticket := range []id.Ticket{10, 1 << 63} {
		if _, ok, err = l.Claim(ticket); ok || err != nil {
			t.Errorf("claim %d: %v %v, want none", ticket, ok, err)
		}
	}
}

func TestPeople(t *testing.T) {
	l := open(t)
	all := people(2500, 0) // more than two pages
	all[7].Tags, all[7].Children, all[7].LivesIn, all[7].Barred = []string{"劳模", `"quoted"`}, 2, "PARK", true
	project(t, l, op.Entry{Kind: op.PeoplePut, People: all},
		op.Entry{Kind: op.OrgsPut, Orgs: orgs("CITY", "", "PARK", "CITY", "C000", "PARK", "C007", "C000")})
	p, ok, err := l.Person("m00007")
	if err != nil || !ok || !reflect.DeepEqual(p, all[7]) {
		t.Errorf("got %+v %v %v, want %+v", p, ok, err, all[7])
	}
	if _, ok, err := l.Person("nobody"); ok || err != nil {
		t.Errorf("nobody: %v %v", ok, err)
	}
	for org, want := range map[id.Org]int{"": 2500, "CITY": 18, "C000": 18, "C007": 9, "C299": 8, "C300": 0} {
		n := 0
		if err := l.People(org, func(member.Person) error { n++; return nil }); err != nil || n != want {
			t.Errorf("people of %q: %d %v, want %d", org, n, err, want)
		}
	}
	if err := l.People("", func(member.Person) error { return errStop }); err != errStop {
		t.Errorf("an error of the caller: %v", err)
	}
}

var errStop = fmt.Errorf("stop")

// TestMe holds that a phone learns its organisation's name, whichever came first,
// and hears nothing of an import that changes nothing for it.
func TestMe(t *testing.T) {
	l := open(t)
	one := people(1, 0)
	name := func() (string, uint64) {
		c := delta(t, l, 0, l.Applied(), "member/m00000")
		var me wire.MeRow
		if err := wire.DecodeRow(c[0].Body, &me); err != nil {
			t.Fatal(err)
		}
		return string(me.Org) + me.Name, c[0].Seq
	}
	put := op.Entry{Kind: op.PeoplePut, People: one}
	moved := people(1, 0)
	moved[0].Org = "C1"
	renamed := orgs("C000", "")
	renamed[0].Name = "新名"
	for i, s := range []struct {
		entries []op.Entry
		name    string
		seq     uint64
	}{
		{[]op.Entry{put}, "C000", 1},
		{[]op.Entry{{Kind: op.OrgsPut, Orgs: orgs("C000", "")}}, "C000C000工会", 2},
		{[]op.Entry{put}, "C000C000工会", 2},
		{[]op.Entry{{Kind: op.OrgsPut, Orgs: orgs("C000", "")}, {Kind: op.OrgsPut, Orgs: orgs("C1", "")}}, "C000C000工会", 2},
		{[]op.Entry{{Kind: op.PeoplePut, People: moved}, put, {Kind: op.OrgsPut, Orgs: renamed}}, "C000新名", 8},
	} {
		project(t, l, s.entries...)
		if got, seq := name(); got != s.name || seq != s.seq {
			t.Errorf("step %d: %s at %d, want %s at %d", i, got, seq, s.name, s.seq)
		}
	}
}

// TestRevokedPhones holds that everybody hears of a member's phone that is closed, and
// of no other device, and that a file from before they did is projected again.
func TestRevokedPhones(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	key := bytes.Repeat([]byte{7}, 32)
	for d, role := range map[id.Device]op.Role{"D1": op.Phone, "D2": op.Kiosk} {
		project(t, l, op.Entry{Kind: op.Enrolled, Enrolment: &op.Enrolment{CodeHash: []byte(d), Device: d, Role: role, Member: "m00000", PublicKey: key}})
	}
	project(t, l, op.Entry{Kind: op.DeviceGone, Device: "D2", Reason: "lost"}, op.Entry{Kind: op.DeviceGone, Device: "D1", Reason: "lost"})
	want := delta(t, l, 0, l.Applied(), ledger.ScopeFleet)
	var row wire.RevokedRow
	if len(want) != 1 || want[0].Table != wire.TableRevoked || want[0].ID != hex.EncodeToString(key) || wire.DecodeRow(want[0].Body, &row) != nil || !bytes.Equal(row.PublicKey, key) {
		t.Fatalf("everybody hears %+v", want)
	}
	migration, err := os.ReadFile("migrations/00071_who.sql")
	if err == nil {
		err = l.Close()
	}
	var file *sql.DB
	if err == nil {
		file, err = sql.Open("sqlite3", path)
	}
	if err == nil {
		_, err = file.Exec(string(migration))
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if l, err := ledger.Open(path); err == nil {
		l.Close()
		t.Error("a file from before there were such rows is opened")
	}
}

// TestRevision holds what a new revision changes: the pools that are listed, the
// Full flag of a pool whose set-asides changed, and who holds the rows of claims.
func TestRevision(t *testing.T) {
	l := open(t)
	publish := func(spec map[string]any) op.Entry {
		b, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		return op.Entry{Seq: l.Applied() + 1, Kind: op.Published, Activity: "a", Number: 1, Spec: b}
	}
	pools := func(total ...int) (list []map[string]any) {
		for i, n := range total {
			list = append(list, map[string]any{"id": fmt.Sprint("p", i), "total": n, "starts": "x", "ends": "y"})
		}
		return list
	}
	only := func(changes rows, table string) rows {
		maps.DeleteFunc(changes, func(key string, _ any) bool { return strings.Fields(key)[1] != table })
		return changes
	}
	expect := func(what string, got, want rows) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", what, show(got), show(want))
		}
	}
	pool := func(p id.Pool, full bool) wire.PoolRow { return wire.PoolRow{Activity: "a", Pool: p, Full: full} }
	aside := []map[string]any{{"id": "x", "count": 1}}
	bind := map[string]any{"stations": []string{"HQ"}, "bind": true}

	expect("first", only(changed(t, l, publish(map[string]any{"pools": pools(2, 1)})), "pool"), rows{"public pool a/p0": pool("p0", false), "public pool a/p1": pool("p1", false)})
	project(t, l, op.Entry{Kind: op.Claimed, At: 5, Outcome: op.Granted, Member: "m00000", Activity: "a", Pool: "p0", Seats: 1, Taken: serials(1, 1), Station: "HQ"})
	expect("set-aside", only(changed(t, l, publish(map[string]any{"pools": pools(2, 2), "set_asides": aside})), "pool"), rows{"public pool a/p0": pool("p0", true)})
	project(t, l, op.Entry{Kind: op.Claimed, Outcome: op.Granted, Member: "m00001", Activity: "a", Pool: "p0", Seats: 1, Taken: []op.Taken{{Part: 1, From: 1, N: 1}}})
	project(t, l, op.Entry{Kind: op.Claimed, At: 5, Outcome: op.Granted, Member: "m00002", Activity: "a", Pool: "p1", Seats: 1, Taken: serials(1, 1)})
	ticket := id.Ticket(l.Applied())
	expect("pool taken away", only(changed(t, l, publish(map[string]any{"pools": pools(2)})), "pool"), rows{"public pool a/p0": pool("p0", false), "public pool a/p1": nil})
	expect("a seat of it given back", only(changed(t, l, op.Entry{Seq: l.Applied() + 1, Kind: op.Released, Ticket: ticket, Seats: 1, Taken: serials(1, 1)}), "pool"), rows{})
	expect("and back", only(changed(t, l, publish(map[string]any{"pools": pools(2, 1)})), "pool"), rows{"public pool a/p1": pool("p1", false)})

	bound := changed(t, l, publish(map[string]any{"sessions": pools(2, 1), "pickup": bind}))
	if len(only(maps.Clone(bound), "ticket")) != 1 || len(only(maps.Clone(bound), "door")) != 3 || bound["station/HQ ticket 2"] == nil {
		t.Errorf("bound, with a door: %s", show(bound))
	}
	expect("unbound, no door", only(changed(t, l, publish(map[string]any{"pools": pools(2, 1)})), "ticket"), rows{"station/HQ ticket 2": nil})
	if got := delta(t, l, 0, l.Applied(), "door", "station/HQ"); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

// TestStrayReports holds that nothing a device reports stops the projection, and
// that a scanner may read any number.
func TestStrayReports(t *testing.T) {
	l := open(t)
	const wild = id.Ticket(1<<64 - 1)
	project(t, l, op.Entry{Kind: op.Scanned, Ticket: wild, Device: "K", DevSeq: 1, Verdict: fault.Unknown},
		op.Entry{Kind: op.Redeemed, Ticket: wild, Device: "K", DevSeq: 2, Override: true},
		op.Entry{Kind: op.CheckedIn, Ticket: 3, Device: "K", DevSeq: 3},
		op.Entry{Kind: op.IncidentMade, Ticket: wild, Device: "K", Word: "handed_over_unknown"})
	incidents, err := l.Incidents()
	if err != nil || len(incidents) != 1 || incidents[0].Ticket != wild {
		t.Errorf("incidents: %+v %v", incidents, err)
	}
	if got := delta(t, l, 0, 4, "staff"); len(got) != 1 {
		t.Errorf("staff hold %v", got)
	}
}
