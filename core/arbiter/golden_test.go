package arbiter

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/schedule"
	"yizhan/core/station"
)

var update = flag.Bool("update", false, "write the digest of the golden journal anew, and the journal itself only if it is missing")

// golden makes a journal with every kind of entry, by ops alone.
func golden(t failer) *world {
	t.Helper()
	w := newWorld(t)
	w.console(op.Op{Kind: op.PutPeople, People: []member.Person{{ID: "g1", Org: "B", Sex: "M", Birth: "1970-12-31", Tags: []string{"frontline", "劳模"}, Children: 1, LivesIn: "TOWN", Digest: []byte{1, 2}, Sealed: []byte{3}}}})
	w.console(op.Op{Kind: op.PutStations, Stations: []station.Station{{ID: "ST1", Name: "一站", Lat: 31.2, Lon: 121.4, Datum: "GCJ02", Kind: "驿站", Address: "某路1号", Hours: "09:00-17:00", Phone: "10000000000", Facilities: []string{"热水"}, Status: "open", Checked: "2026-01-01"}}})
	w.publish(show(3, `"audience":"m.age < 70","audience_why":{"zh":"七十岁以下","en":"under 70"}`, `"when_full":"waitlist"`, `"limits":[{"per":"member","max":2,"max_with_child":3},{"per":"org","max":5},{"per":"member","series":"x","max":3}]`,
		`"set_asides":[{"id":"f","count":1,"audience":"\"frontline\" in m.tags"}]`, `"guests":{"percent":50,"audience":"m.lives_in == \"TOWN\""}`,
		`"pickup":{"stations":["ST1","HQ"],"bind":true}`, `"windows":{"pickup":["2026-03-01T00:00:00","2026-03-04T00:00:00"]}`, `"unclaimed":"return"`, `"thresholds":[{"per":"org","persons_over":1,"task":"bus"}]`))
	w.publish(`{"id":"tour","title":"游览","sessions":[{"id":"s1","starts":"2026-03-03T14:00:00","ends":"2026-03-03T16:00:00","total":3}]}`)
	w.publish(`{"id":"raffle","title":"抽签","pools":[{"id":"p","total":2}],"method":"draw"}`)
	w.send("phone", op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Seats: 1, At: 5, Channel: op.ByPhone})
	w.send("phone", op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Seats: 9, Channel: op.ByPhone})
	w.send("staff", op.Op{Kind: op.GroupClaim, Activity: "show", Org: "PARK", Lines: []op.Line{{Member: "g1", Seats: 1}, {Member: "a2", Seats: 1}, {Member: "a3", Seats: 2}, {Member: "t1", Seats: 1}, {Member: "b1", Seats: 1}}, EnteredBy: "老李", Channel: op.ByStaff})
	a1, g1, a2 := w.ticket(), w.s.ticketOf("g1", w.s.activities["show"], -1)[0].Ticket, w.s.ticketOf("a2", w.s.activities["show"], -1)[0].Ticket
	w.send("desk", op.Op{Kind: op.Rebind, Activity: "show", Member: "a1", Station: "HQ"})
	w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: "a2"})
	w.send("kiosk", op.Op{Kind: op.Redeem, Ticket: a1, Epoch: 1, Verdict: fault.Valid, Station: "HQ", At: 7})
	w.send("kiosk", op.Op{Kind: op.Redeem, Ticket: a1, Epoch: 1, Verdict: fault.Valid, Station: "HQ", Override: true, Reason: "看错", EnteredBy: "老李"})
	w.send("kiosk", op.Op{Kind: op.Redeem, Verdict: fault.BadSignature, Scanned: "HTTP://"})
	w.send("kiosk", op.Op{Kind: op.CheckIn, Ticket: g1, Verdict: fault.Valid})
	w.send("kiosk", op.Op{Kind: op.CheckIn, Ticket: g1, Verdict: fault.Valid, Out: true})
	w.send("kiosk", op.Op{Kind: op.CheckIn, Ticket: a2, Verdict: fault.TooLate})
	w.send("desk", op.Op{Kind: op.Claim, Activity: "tour", Member: "b2", Seats: 2})
	for _, m := range []id.Member{"a4", "a5", "b3"} {
		w.send("desk", op.Op{Kind: op.Claim, Activity: "raffle", Member: m, Seats: 1})
	}
	w.console(op.Op{Kind: op.Draw, Activity: "raffle", Seed: "三月一日"})
	w.publish(show(6, `"when_full":"waitlist"`, `"pickup":{"stations":["ST1","HQ"],"bind":true}`, `"windows":{"pickup":["2026-03-01T00:00:00","2026-03-04T00:00:00"]}`,
		`"set_asides":[{"id":"f","count":1,"audience":"\"frontline\" in m.tags"}]`, `"unclaimed":"return"`))
	w.pass("2026-03-04T00:00:00")
	w.enrol(op.Enrolment{Device: "phone2", Role: op.Phone, Member: "a1", Expires: w.now + 1})
	w.console(op.Op{Kind: op.Revoke, Device: "desk"})
	entries, err := w.s.Quarantine("staff", "forked", w.now)
	if err != nil {
		t.Fatalf("%v", err)
	}
	w.journal = append(w.journal, entries...)
	return w
}

// goldens are the journals that are kept, and the kinds of entries that each holds.
var goldens = []struct {
	name  string
	world func(failer) *world
	kinds []op.EntryKind
}{
	{"journal-1", golden, []op.EntryKind{op.Ticked, op.OrgsPut, op.PeoplePut, op.StationsPut, op.Published, op.Offered, op.Enrolled, op.DeviceGone, op.Claimed, op.Promoted, op.Released,
		op.Lapsed, op.Redeemed, op.Scanned, op.CheckedIn, op.TaskMade, op.Reminded, op.IncidentMade, op.Moved, op.Drawn, op.NotDrawn, op.Done}},
	{"journal-leases", goldenLeases, []op.EntryKind{op.Lent, op.Renewed, op.LeaseEnded}},
	{"journal-places", goldenPlaces, []op.EntryKind{op.StationsPut, op.CalendarPut}},
}

// TestGoldenJournals replays journals that earlier builds wrote: entries stay
// readable for ever, and mean the same.
func TestGoldenJournals(t *testing.T) {
	for _, g := range goldens {
		t.Run(g.name, func(t *testing.T) {
			file, digest := "testdata/"+g.name+".cbor", "testdata/"+g.name+".digest"
			if _, err := os.Stat(file); *update && errors.Is(err, fs.ErrNotExist) {
				writeGolden(t, file, encode(t, g.world(t).journal))
			}
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			entries, err := op.DecodeBatch(1, body)
			if err != nil {
				t.Fatal(err)
			}
			s := replay(t, entries)
			if err := s.Check(); err != nil {
				t.Error(err)
			}
			if *update {
				writeGolden(t, digest, []byte(s.Digest()+"\n"))
			}
			want, err := os.ReadFile(digest)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Digest(); got != strings.TrimSpace(string(want)) {
				t.Errorf("the journal gives digest %s, want %s", got, want)
			}
			wantEveryKind(t, entries, g.kinds)
			if !bytes.Equal(encode(t, entries), body) {
				t.Error("the entries are written in other bytes now")
			}
		})
	}
}

func wantEveryKind(t *testing.T, entries []op.Entry, kinds []op.EntryKind) {
	t.Helper()
	for _, kind := range kinds {
		if !slices.ContainsFunc(entries, func(e op.Entry) bool { return e.Kind == kind }) {
			t.Errorf("no entry is of kind %d", kind)
		}
	}
}

func writeGolden(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestGoldenWorldsAreComplete holds that the worlds behind the golden journals
// still make every kind of entry, so that the next version's files will be complete.
func TestGoldenWorldsAreComplete(t *testing.T) {
	for _, g := range goldens {
		w := g.world(t)
		w.check()
		wantEveryKind(t, w.journal, g.kinds)
	}
}

// goldenPlaces has stations with all that is known of them, and holidays.
func goldenPlaces(t failer) *world {
	t.Helper()
	w := newWorld(t)
	w.console(op.Op{Kind: op.PutStations, Stations: []station.Station{{ID: "HQ", Name: "总部", Lat: 31, Lon: 121, Datum: "BD09", Kind: "care", Hours: "工作日 08:30-12:00、14:00-17:30；周末 休息",
		Facilities: []string{"water", "擦鞋机"}, Landmark: "东门旁", Photo: strings.Repeat("ab", 32), Checked: "2026-01-01"}}})
	w.console(op.Op{Kind: op.AmendStation, Station: "HQ", Amend: &station.Amend{Closure: &station.Closure{From: "2026-11-22", Until: "2026-12-05", Why: "装修"}, Checked: "2026-11-22"}})
	w.console(op.Op{Kind: op.PutCalendar, Calendar: &schedule.Year{Year: 2026, Days: []schedule.Day{{Date: "2026-02-14", Name: "春节"}, {Date: "2026-02-16", Name: "春节", Off: true}}}})
	w.console(op.Op{Kind: op.PutCalendar, Calendar: &schedule.Year{Year: 2027}})
	return w
}

// goldenLeases makes a journal with everything that may happen to leases.
func goldenLeases(t failer) *world {
	t.Helper()
	w := newWorld(t)
	w.publish(show(30, `"when_full":"waitlist"`, `"limits":[{"per":"member","max":2},{"per":"member","series":"x","max":3}]`, `"set_asides":[{"id":"f","count":4,"audience":"\"frontline\" in m.tags"}]`,
		`"pickup":{"stations":["HQ","ST1"],"bind":true}`))
	hard := w.lent(op.Lease{Device: "kiosk", Seats: 6})
	aside := w.lent(op.Lease{Device: "staff", Seats: 4, SetAside: "f", Policy: op.VoidUnreported, VoidAfter: hour, Org: "PARK"})
	named := w.lent(op.Lease{Device: "desk", Seats: 4, Members: []op.Borrower{{Member: "b1"}, {Member: "b2"}}})
	w.claim("b1", "show", 1)
	w.reported(hard, "a1", 1, 2, "")
	w.reported(hard, "a1", 3, 1, "over_member_cap")
	w.turnedDown("kiosk", grant(hard, "a2", 1, 1), fault.Invalid, "serial_granted_twice")
	w.send("kiosk", op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Seats: 1, Lease: hard.ID, Outcome: op.Refused, Code: fault.MemberCap})
	w.send("kiosk", op.Op{Kind: op.RenewLease, Lease: hard.ID})
	w.reported(named, "b1", 7, 1, "")
	w.send("kiosk", op.Op{Kind: op.Redeem, Ticket: id.LeaseTicket(named.ID, 8), Seats: 1, Verdict: fault.Valid, Shown: w.shown(named, 8, 1), Station: "HQ", At: 7})
	w.send("kiosk", op.Op{Kind: op.CheckIn, Ticket: id.LeaseTicket(named.ID, 9), Seats: 1, Verdict: fault.Valid, Shown: w.shown(named, 9, 1)})
	w.reported(named, "b2", 8, 1, "")
	w.send("desk", op.Op{Kind: op.ReturnLease, Lease: named.ID})
	w.console(op.Op{Kind: op.WriteOff, Device: "kiosk", Activity: "show"})
	w.reported(hard, "a3", 4, 1, "")
	w.pass("2026-03-02T09:00:00")
	w.turnedDown("staff", grant(aside, "a2", aside.Taken[0].From, 1), fault.LeaseExpired, "granted_void")
	w.lent(op.Lease{Device: "kiosk", Seats: 2})
	w.console(op.Op{Kind: op.Revoke, Device: "kiosk"})
	w.console(op.Op{Kind: op.VoidLease, Device: "kiosk", Activity: "show"})
	w.lent(op.Lease{Device: "desk", Seats: 1})
	return w
}
