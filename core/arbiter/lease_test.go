package arbiter

import (
	"math"
	"strings"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/ticket"
)

const hour = 60 * 60 * 1000

// lent lends seats of "show" and gives the lease; nil if nothing was left.
func (w *world) lent(l op.Lease) *op.Lease {
	w.t.Helper()
	if l.Activity == "" {
		l.Activity = "show"
	}
	if l.Policy == 0 {
		l.Policy = op.Hard
	}
	if l.Lasts == 0 {
		l.Lasts = 24 * hour
	}
	entries := w.console(op.Op{Kind: op.Lend, Lending: &l})
	if entries[0].Kind != op.Lent {
		return nil
	}
	return entries[0].Lease
}

// grant is the op of a device that grants serials from a lease.
func grant(l *op.Lease, m id.Member, serial, n int) op.Op {
	part := l.Taken[0].Part
	return op.Op{Kind: op.Claim, Activity: l.Activity, Pool: l.Pool, Member: m, Seats: n, Lease: l.ID, Ticket: id.LeaseTicket(l.ID, serial),
		Taken: []op.Taken{{Part: part, From: serial, N: n}}, Outcome: op.Granted, Channel: op.ByStaff}
}

// reported sends a grant and wants it recorded, with or without an incident.
func (w *world) reported(l *op.Lease, m id.Member, serial, n int, incident string) id.Ticket {
	w.t.Helper()
	r, entries := w.send(l.Device, grant(l, m, serial, n))
	if r.Outcome != op.Granted || r.Ticket != id.LeaseTicket(l.ID, serial) || r.Seats != n {
		w.t.Fatalf("the report of serial %d was answered %+v", serial, r)
	}
	w.wantIncident(entries, incident)
	if entries[0].Blocked != (incident != "") {
		w.t.Errorf("serial %d is blocked: %v", serial, entries[0].Blocked)
	}
	return r.Ticket
}

// wantIncident wants exactly one incident, or none for "".
func (w *world) wantIncident(entries []op.Entry, word string) {
	w.t.Helper()
	var got []string
	for _, e := range entries {
		if e.Kind == op.IncidentMade {
			got = append(got, e.Word)
		}
	}
	if strings.Join(got, " ") != word {
		w.t.Errorf("incidents are %q, want %q", got, word)
	}
}

// turnedDown sends a report and wants it refused with one incident.
func (w *world) turnedDown(d id.Device, o op.Op, code fault.Code, incident string) {
	w.t.Helper()
	r, entries := w.send(d, o)
	if refused(r) != code {
		w.t.Errorf("the report was answered %v %v, want %v", r.Outcome, r.Code, code)
	}
	w.wantIncident(entries, incident)
}

func TestLend(t *testing.T) {
	w := newWorld(t)
	w.publish(show(10, `"set_asides":[{"id":"f","count":3,"audience":"\"frontline\" in m.tags"}]`))
	l := w.lent(op.Lease{Device: "kiosk", Seats: 4})
	if l == nil || l.ID != w.s.Seq()-1 || l.Pool != "p" || l.Expires != w.now+24*hour || len(l.Taken) != 1 || l.Taken[0] != (op.Taken{From: 1, N: 4}) {
		t.Fatalf("lent %+v", l)
	}
	w.count("show", Counts{Total: 10, Free: 6, Leased: 4})
	if a := w.lent(op.Lease{Device: "desk", Seats: 5, SetAside: "f"}); a == nil || a.Taken[0] != (op.Taken{Part: 1, From: 8, N: 3}) {
		t.Errorf("lent %+v of the set-aside, want what is left of it", a)
	}
	if again := w.lent(op.Lease{Device: "staff", Seats: 5, SetAside: "f"}); again != nil {
		t.Errorf("lent %+v of nothing", again)
	}
	if r := w.claim("t1", "show", 4); r.Outcome == op.Granted {
		t.Errorf("a claim took lent seats: %+v", r)
	}
	w.granted("t1", "show", 3)
	w.count("show", Counts{Total: 10, Leased: 7, Granted: 3})
	w.check()
}

func TestLendFewRuns(t *testing.T) {
	if maxRanges != ticket.MaxRanges {
		t.Fatal("a lease would not fit its certificate")
	}
	w := newWorld(t)
	w.publish(show(13))
	for _, m := range []id.Member{"a1", "a2", "a3", "a4", "a5", "b1", "a6", "b2", "b3"} {
		w.granted(m, "show", 1)
	}
	for _, m := range []id.Member{"a1", "a3", "a5", "a6", "b3"} { // 1, 3, 5, 7 and 9 to 13 are free
		w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: m})
	}
	l := w.lent(op.Lease{Device: "kiosk", Seats: 9})
	if len(l.Taken) != 4 || l.Taken[3] != (op.Taken{From: 9, N: 5}) || l.Taken[0].From != 1 {
		t.Errorf("lent %v", l.Taken)
	}
	w.reported(l, "a1", 1, 1, "")
	if r, entries := w.send("kiosk", op.Op{Kind: op.RenewLease, Lease: l.ID}); r.Seats != 1 || len(entries[0].Lease.Taken) != 1 {
		t.Errorf("renewed %+v", r)
	}
	w.check()
}

func TestLendRefuses(t *testing.T) {
	w := newWorld(t)
	w.publish(show(10, `"limits":[{"per":"member","series":"x","max":1}]`))
	w.publish(`{"id":"raffle","title":"抽签","pools":[{"id":"p","total":2}],"method":"draw"}`)
	w.publish(`{"id":"tour","title":"游览","pools":[{"id":"p","total":2},{"id":"q","total":2}],"limits":[{"per":"member","series":"x","max":1}]}`)
	w.lent(op.Lease{Device: "kiosk", Activity: "tour", Pool: "q", Seats: 1, Members: []op.Borrower{{Member: "b1"}}})
	w.enrol(op.Enrolment{Device: "old", Role: op.Staff})
	w.console(op.Op{Kind: op.Revoke, Device: "old"})
	good := op.Lease{Device: "kiosk", Activity: "show", Seats: 4, Policy: op.Hard, Lasts: hour}
	for want, change := range map[string]func(*op.Lease){
		"no device":          func(l *op.Lease) { l.Device = "nobody" },
		"may do nothing":     func(l *op.Lease) { l.Device = "old" },
		"a member's phone":   func(l *op.Lease) { l.Device = "phone" },
		"no activity":        func(l *op.Lease) { l.Activity = "none" },
		"decided by draw":    func(l *op.Lease) { l.Activity = "raffle" },
		"has no pool \"r\"":  func(l *op.Lease) { l.Pool = "r" },
		"has no pool \"\"":   func(l *op.Lease) { l.Activity = "tour" },
		"0 seats":            func(l *op.Lease) { l.Seats = 0 },
		"10000001 seats":     func(l *op.Lease) { l.Seats = 10_000_001 },
		"policy 9":           func(l *op.Lease) { l.Policy = 9 },
		"cannot last":        func(l *op.Lease) { l.Lasts = 0 },
		"has no set-aside":   func(l *op.Lease) { l.SetAside = "f" },
		"void after":         func(l *op.Lease) { l.VoidAfter = 1 },
		"no member \"x\"":    func(l *op.Lease) { l.Members = []op.Borrower{{Member: "x"}} },
		"stands twice":       func(l *op.Lease) { l.Members = []op.Borrower{{Member: "a1"}, {Member: "a1"}} },
		"is lent to device":  func(l *op.Lease) { l.Members = []op.Borrower{{Member: "b1"}} }, // the series counts both
		"either its members": func(l *op.Lease) { l.Org, l.Members = "A", []op.Borrower{{Member: "a1"}} },
		"no organisation":    func(l *op.Lease) { l.Org = "Z" },
		"may not be told":    func(l *op.Lease) { l.Device, l.Org = "staff", "TOWN" },
	} {
		l := good
		change(&l)
		if _, err := w.run(op.Op{Kind: op.Lend, Lending: &l}, op.Origin{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	if _, err := w.run(op.Op{Kind: op.Lend}, op.Origin{}); err == nil {
		t.Error("nothing was lent")
	}
	w.count("show", Counts{Total: 10, Free: 10})
}

func TestReport(t *testing.T) {
	w := newWorld(t)
	w.publish(show(6, `"limits":[{"per":"member","max":2}]`, `"thresholds":[{"per":"org","persons_over":1,"task":"bus"}]`))
	l := w.lent(op.Lease{Device: "kiosk", Seats: 4})
	first := w.reported(l, "a1", 1, 1, "")
	w.reported(l, "a2", 2, 2, "")
	w.count("show", Counts{Total: 6, Free: 2, Granted: 3, Leased: 1})
	if r, entries := w.send("kiosk", op.Op{Kind: op.Claim, Activity: "show", Member: "a2", Seats: 1, Lease: l.ID, Outcome: op.Refused, Code: fault.MemberCap}); refused(r) != fault.MemberCap || len(entries) != 1 {
		t.Errorf("the device's refusal was answered %+v", r)
	}
	w.turnedDown("desk", grant(l, "a3", 4, 1), fault.Invalid, "foreign_lease")
	w.turnedDown("kiosk", grant(l, "a3", 5, 1), fault.Invalid, "foreign_serials")
	w.turnedDown("kiosk", grant(l, "nobody", 4, 1), fault.UnknownMember, "granted_unknown_member")
	wrong := grant(l, "a3", 4, 1)
	wrong.Ticket++
	w.turnedDown("kiosk", wrong, fault.Invalid, "foreign_serials")
	wrong = grant(l, "a3", 4, 1)
	wrong.Pool = "q"
	w.turnedDown("kiosk", wrong, fault.Invalid, "foreign_lease")
	// Another branch of the same device gives serial 1 to somebody else.
	r, entries := w.send("kiosk", grant(l, "b1", 1, 1))
	w.wantIncident(entries, "serial_granted_twice")
	if e := entries[len(entries)-1]; refused(r) != fault.Invalid || e.Ticket != first || e.Member != "b1" || w.s.claims.of(first).Member != "a1" {
		t.Errorf("answered %+v, incident %+v", r, e)
	}
	w.count("show", Counts{Total: 6, Free: 2, Granted: 3, Leased: 1})
	// A cancelled seat is free in its part; the lease never takes it again.
	if r, _ := w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: "a1"}); r.Outcome != op.OK {
		t.Fatalf("cancel: %+v", r)
	}
	w.count("show", Counts{Total: 6, Free: 3, Granted: 2, Leased: 1})
	w.turnedDown("kiosk", grant(l, "b1", 1, 1), fault.Invalid, "serial_granted_twice")
	w.check()
}

func TestReturn(t *testing.T) {
	w := newWorld(t)
	w.publish(show(4, `"when_full":"waitlist"`))
	l := w.lent(op.Lease{Device: "kiosk", Seats: 4})
	if r := w.claim("b1", "show", 2); r.Outcome != op.Waitlisted {
		t.Fatalf("b1 was %v", r.Outcome)
	}
	w.reported(l, "a1", 1, 1, "")
	w.turnedDown("desk", op.Op{Kind: op.ReturnLease, Lease: l.ID}, fault.Invalid, "")
	r, entries := w.send("kiosk", op.Op{Kind: op.ReturnLease, Lease: l.ID})
	w.wantKinds(entries, "25 returned", "10 b1", "22")
	if r.Seats != 3 {
		t.Errorf("returned %d, want 3", r.Seats)
	}
	w.count("show", Counts{Total: 4, Free: 1, Granted: 3})
	if r, entries := w.send("kiosk", op.Op{Kind: op.ReturnLease, Lease: l.ID}); r.Outcome != op.OK || r.Seats != 0 || len(entries) != 1 {
		t.Errorf("returned again: %+v", r)
	}
	w.turnedDown("kiosk", grant(l, "a2", 4, 1), fault.LeaseExpired, "granted_void")
	w.check()
}

func TestExpiry(t *testing.T) {
	w := newWorld(t)
	w.publish(show(6, `"when_full":"waitlist"`))
	hard := w.lent(op.Lease{Device: "kiosk", Seats: 2})
	void := w.lent(op.Lease{Device: "desk", Seats: 4, Policy: op.VoidUnreported, VoidAfter: 24 * hour})
	w.claim("b1", "show", 2)
	w.reported(void, "a1", 3, 1, "")
	w.wantKinds(w.pass("2026-03-02T08:00:00"), "25 expired", "25 expired", "1")
	w.count("show", Counts{Total: 6, Granted: 1, InDoubt: 5, Waitlisted: 2})
	w.reported(void, "a2", 4, 1, "") // in time
	w.wantKinds(w.pass("2026-03-03T08:00:00"), "25 void", "10 b1", "1")
	w.count("show", Counts{Total: 6, Granted: 4, InDoubt: 2})
	w.turnedDown("desk", grant(void, "a3", 5, 1), fault.LeaseExpired, "granted_void")
	w.reported(hard, "a4", 1, 1, "") // a hard lease has no such moment
	if r, _ := w.send("kiosk", op.Op{Kind: op.RenewLease, Lease: hard.ID}); refused(r) != fault.LeaseExpired {
		t.Errorf("a lease that is over was renewed: %+v", r)
	}
	w.send("kiosk", op.Op{Kind: op.ReturnLease, Lease: hard.ID})
	w.count("show", Counts{Total: 6, Granted: 5, Free: 1})
	w.check()
}

func TestRenew(t *testing.T) {
	w := newWorld(t)
	w.publish(show(6))
	l := w.lent(op.Lease{Device: "kiosk", Seats: 3, Lasts: hour})
	w.reported(l, "a1", 1, 2, "")
	w.now += hour / 2
	r, entries := w.send("kiosk", op.Op{Kind: op.RenewLease, Lease: l.ID})
	more := entries[0].Lease
	if r.Seats != 2 || more.Expires != w.now+hour || len(more.Taken) != 1 || more.Taken[0] != (op.Taken{From: 4, N: 2}) {
		t.Errorf("renewed %+v with %+v", r, more)
	}
	w.wantKinds(w.pass("2026-03-01T09:00:00"))
	w.reported(l, "a2", 3, 1, "")
	w.reported(l, "a2", 4, 2, "")
	w.wantKinds(w.pass("2026-03-01T09:30:00"), "25 expired", "1")
	w.count("show", Counts{Total: 6, Free: 1, Granted: 5})
	w.check()
}

func TestLostDevice(t *testing.T) {
	w := newWorld(t)
	w.publish(show(8))
	off := w.lent(op.Lease{Device: "desk", Seats: 3})
	gone := w.lent(op.Lease{Device: "kiosk", Seats: 3, Policy: op.VoidUnreported, VoidAfter: hour})
	w.reported(off, "a1", 1, 1, "")
	for _, o := range []op.Op{{Kind: op.VoidLease, Device: "desk", Activity: "show"}, {Kind: op.WriteOff, Device: "staff", Activity: "show"}, {Kind: op.WriteOff, Device: "desk", Activity: "none"}} {
		if _, err := w.run(o, op.Origin{}); err == nil {
			t.Errorf("op kind %d of %s was not refused", o.Kind, o.Device)
		}
	}
	entries := w.console(op.Op{Kind: op.WriteOff, Device: "desk", Activity: "show"})
	if r := op.ResultOf(&entries[len(entries)-1]); r.Seats != 2 {
		t.Errorf("wrote %d seats off, want 2", r.Seats)
	}
	w.count("show", Counts{Total: 8, Free: 2, Granted: 1, WrittenOff: 2, Leased: 3})
	w.reported(off, "a2", 2, 1, "") // honoured
	if r, _ := w.send("desk", op.Op{Kind: op.ReturnLease, Lease: off.ID}); r.Outcome != op.OK || r.Seats != 0 {
		t.Errorf("seats that were written off came back: %+v", r)
	}
	w.console(op.Op{Kind: op.Revoke, Device: "kiosk"})
	w.count("show", Counts{Total: 8, Free: 2, Granted: 2, WrittenOff: 1, InDoubt: 3})
	w.pass("2026-03-05T00:00:00") // the server cannot know that it granted nothing: staff decide
	w.count("show", Counts{Total: 8, Free: 2, Granted: 2, WrittenOff: 1, InDoubt: 3})
	w.console(op.Op{Kind: op.VoidLease, Device: "kiosk", Activity: "show"})
	w.count("show", Counts{Total: 8, Free: 5, Granted: 2, WrittenOff: 1})
	if !w.s.leases[gone.ID].Closed() {
		t.Error("a void lease is open")
	}
	w.check()
}

func TestExclusiveLease(t *testing.T) {
	w := newWorld(t)
	w.publish(show(20, `"limits":[{"per":"member","max":2},{"per":"member","series":"x","max":3},{"per":"org","max":6}]`))
	w.publish(`{"id":"tour","title":"游览","pools":[{"id":"p","total":9}],"limits":[{"per":"member","series":"x","max":3}]}`)
	w.publish(`{"id":"other","title":"另一","pools":[{"id":"p","total":9}]}`)
	w.granted("a1", "show", 1)
	l := w.lent(op.Lease{Device: "kiosk", Seats: 4, Members: []op.Borrower{{Member: "a1"}, {Member: "a2"}}})
	if h := l.Members; len(h) != 2 || h[0].Held[0] != 1 || h[0].Held[1] != 1 || h[1].Held[0] != 0 {
		t.Errorf("the lease says that its members hold %+v", h)
	}
	for _, a := range []id.Activity{"show", "tour"} {
		if r := w.claim("a1", a, 1); refused(r) != fault.HeldElsewhere {
			t.Errorf("a1 in %s: %+v", a, r)
		}
	}
	w.granted("a1", "other", 1)
	w.granted("a3", "show", 1)
	if r := w.claim("a4", "show", 1); refused(r) != fault.OrgCap { // 2 held, 4 may still be granted from the lease
		t.Errorf("a4: %+v", r)
	}
	w.granted("b1", "show", 2)
	if none := w.lent(op.Lease{Device: "desk", Seats: 1, Members: []op.Borrower{{Member: "a5"}}}); none != nil {
		t.Errorf("a second lease may break the limit of A: %+v", none)
	}
	w.reported(l, "a1", 2, 1, "")
	w.reported(l, "a5", 3, 1, "granted_outside_lease")
	w.pass("2026-03-02T08:00:00") // in doubt: the device may have granted
	if r := w.claim("a2", "show", 1); refused(r) != fault.HeldElsewhere {
		t.Errorf("a2 while in doubt: %+v", r)
	}
	w.send("kiosk", op.Op{Kind: op.ReturnLease, Lease: l.ID})
	w.granted("a2", "show", 1)
	w.check()
}

func TestExcess(t *testing.T) {
	w := newWorld(t)
	w.publish(show(20, `"limits":[{"per":"member","max":1},{"per":"org","max":3},{"per":"member","series":"x","max":1}]`, `"guests":{"percent":5,"audience":"m.org == \"B\""}`,
		`"pickup":{"stations":["HQ"],"bind":true}`))
	l := w.lent(op.Lease{Device: "kiosk", Seats: 9})
	w.granted("a1", "show", 1)
	over := w.reported(l, "a1", 1, 1, "over_member_cap")
	w.reported(l, "a2", 2, 1, "")
	w.reported(l, "a3", 3, 1, "over_org_cap")
	w.reported(l, "b1", 4, 1, "")
	w.reported(l, "b2", 5, 1, "over_guest_share")
	w.count("show", Counts{Total: 20, Free: 10, Granted: 6, Leased: 4})
	_, entries := w.send("kiosk", op.Op{Kind: op.Redeem, Ticket: over, Verdict: fault.Blocked, Station: "HQ"})
	w.wantKinds(entries, "14 a1")
	_, entries = w.send("kiosk", op.Op{Kind: op.Redeem, Ticket: over, Verdict: fault.Blocked, Override: true, Station: "HQ"})
	w.wantIncident(entries, "override")
	w.check()
}

func TestEarly(t *testing.T) {
	w := newWorld(t)
	w.publish(show(6, `"when_full":"waitlist"`))
	l := w.lent(op.Lease{Device: "desk", Seats: 4})
	ticket := func(serial int) id.Ticket { return id.LeaseTicket(l.ID, serial) }
	_, entries := w.send("kiosk", op.Op{Kind: op.Redeem, Ticket: ticket(1), Seats: 2, Verdict: fault.Valid, Shown: w.shown(l, 1, 2)})
	w.wantKinds(entries, "13")
	_, entries = w.send("staff", op.Op{Kind: op.Redeem, Ticket: ticket(1), Seats: 2, Verdict: fault.Valid, Shown: w.shown(l, 1, 2)})
	w.wantIncident(entries, "handed_over_already_redeemed")
	_, entries = w.send("kiosk", op.Op{Kind: op.CheckIn, Ticket: ticket(1), Seats: 2, Verdict: fault.Valid, Shown: w.shown(l, 1, 2)})
	w.wantIncident(entries, "")
	_, entries = w.send("kiosk", op.Op{Kind: op.CheckIn, Ticket: ticket(3), Verdict: fault.Valid, Shown: w.shown(l, 3, 1)})
	w.wantIncident(entries, "")
	_, entries = w.send("kiosk", op.Op{Kind: op.CheckIn, Ticket: ticket(3), Verdict: fault.Valid, Shown: w.shown(l, 3, 1)})
	w.wantIncident(entries, "checked_in_twice")
	_, entries = w.send("kiosk", op.Op{Kind: op.Redeem, Ticket: ticket(9), Verdict: fault.Valid})
	w.wantIncident(entries, "handed_over_unknown")
	w.reported(l, "a1", 1, 2, "")
	w.count("show", Counts{Total: 6, Free: 2, Granted: 2, Redeemed: 2, CheckedIn: 2, Leased: 2})
	// Somebody came in with serial 3, so it was granted, whatever the device says now.
	r, entries := w.send("desk", op.Op{Kind: op.ReturnLease, Lease: l.ID})
	w.wantIncident(entries, "handed_over_unreported")
	if r.Seats != 1 {
		t.Errorf("returned %d, want 1", r.Seats)
	}
	w.count("show", Counts{Total: 6, Free: 3, Granted: 2, Redeemed: 2, CheckedIn: 2, InDoubt: 1})
	w.reported(l, "a2", 3, 1, "")
	w.count("show", Counts{Total: 6, Free: 3, Granted: 3, Redeemed: 2, CheckedIn: 3})
	w.check()
}

// TestUnprovenScans holds that nobody hands over from another device's lease what
// that device has not granted: the ticket itself has to be shown.
func TestUnprovenScans(t *testing.T) {
	w := newWorld(t)
	w.publish(show(12))
	l, other := w.lent(op.Lease{Device: "desk", Seats: 4}), w.lent(op.Lease{Device: "desk", Seats: 4})
	mine := *l
	mine.Device = "kiosk" // it has the certificate, from a ticket that it saw, and signs around it itself
	first := id.LeaseTicket(l.ID, 1)
	for name, proof := range map[string][]byte{"nothing": nil, "noise": []byte("ticket"), "too long": make([]byte, 1<<12), "next serial": w.shown(l, 2, 1), "other lease": w.shown(other, 5, 1),
		"own signature": w.shown(&mine, 1, 1), "cut short": w.shown(l, 1, 1)[:100]} {
		for _, scan := range []op.Op{{Kind: op.Redeem, Verdict: fault.Valid}, {Kind: op.Redeem, Verdict: fault.Provisional, Override: true}, {Kind: op.CheckIn, Verdict: fault.Provisional}} {
			scan.Ticket, scan.Seats, scan.Shown = first, math.MaxInt64, proof
			r, entries := w.send("kiosk", scan)
			w.wantIncident(entries, map[op.Kind]string{op.Redeem: "handed_over_unproven", op.CheckIn: "checked_in_unproven"}[scan.Kind])
			if r.Verdict != fault.Unknown || entries[0].Kind != op.Scanned {
				t.Errorf("%s, kind %d: answered %+v by entry kind %d", name, scan.Kind, r, entries[0].Kind)
			}
		}
	}
	if len(w.s.early) != 0 {
		t.Errorf("the ticket is not as it was: %v", w.s.early)
	}
	_, entries := w.send("kiosk", op.Op{Kind: op.Redeem, Ticket: first, Seats: math.MaxInt64, Verdict: fault.Valid, Shown: w.shown(l, 1, 2)})
	if e := entries[0]; e.Kind != op.Redeemed || e.Seats != 2 || len(entries) != 1 {
		t.Errorf("a ticket that was shown is recorded as %+v", entries)
	}
	w.reported(l, "a1", 1, 2, "")
	w.count("show", Counts{Total: 12, Free: 4, Granted: 2, Redeemed: 2, Leased: 6})
	w.check()
}

// TestLateReportLapses: what was not picked up lapses, also where the server hears
// of it only after the window; who was promoted by the lapse keeps the seat.
func TestLateReportLapses(t *testing.T) {
	w := newWorld(t)
	w.publish(`{"id":"show","title":"演出","sessions":[{"id":"p","starts":"2026-03-04T14:00:00","ends":"2026-03-04T16:00:00","total":3}],` + returns + `}`)
	l := w.lent(op.Lease{Device: "desk", Seats: 2, Lasts: 72 * hour})
	w.granted("b1", "show", 1)
	w.claim("b2", "show", 1)
	w.pass("2026-03-02T00:00:00")
	w.count("show", Counts{Total: 3, Granted: 1, Leased: 2})
	w.send("kiosk", op.Op{Kind: op.Redeem, Ticket: id.LeaseTicket(l.ID, 1), Seats: 1, Verdict: fault.Valid, Shown: w.shown(l, 1, 1)})
	w.reported(l, "a1", 1, 1, "")
	w.reported(l, "a2", 2, 1, "")
	w.wantKinds(w.pass("2026-03-02T00:00:01"), "12 a2", "1")
	w.count("show", Counts{Total: 3, Free: 1, Granted: 2, Redeemed: 1})
	w.check()
}

// TestRenewalLeavesTheLateLapse: a device reports what it granted when pickup is over and
// renews its lease in the same frame, before time decides anything.
func TestRenewalLeavesTheLateLapse(t *testing.T) {
	w := newWorld(t)
	w.publish(`{"id":"show","title":"演出","sessions":[{"id":"p","starts":"2026-03-04T14:00:00","ends":"2026-03-04T16:00:00","total":3}],` + returns + `}`)
	l := w.lent(op.Lease{Device: "desk", Seats: 2, Lasts: 72 * hour})
	w.pass("2026-03-02T00:00:00")
	w.reported(l, "a1", 1, 1, "")
	if r, _ := w.send("desk", op.Op{Kind: op.RenewLease, Lease: l.ID}); r.Outcome != op.OK {
		t.Fatalf("renewed: %+v", r)
	}
	w.wantKinds(w.pass("2026-03-02T00:00:01"), "12 a1", "1")
	w.count("show", Counts{Total: 3, Free: 1, Leased: 2})
	w.wantKinds(w.pass("2026-03-04T08:00:01"), "1") // the reminder: it was renewed until midnight
	w.wantKinds(w.pass("2026-03-05T00:00:00"), "25 expired", "1")
	w.check()
}

func TestRevisionKeepsLeases(t *testing.T) {
	w := newWorld(t)
	w.publish(show(6))
	l := w.lent(op.Lease{Device: "kiosk", Seats: 4})
	if _, err := w.run(op.Op{Kind: op.Publish, Spec: []byte(show(3))}, op.Origin{}); err == nil {
		t.Error("a revision took lent seats away")
	}
	w.publish(show(4, `"limits":[{"per":"member","max":1}]`))
	w.reported(l, "a1", 1, 1, "")
	w.publish(`{"id":"show","title":"演出","pools":[{"id":"p","total":4}],"method":"draw"}`)
	w.reported(l, "a2", 2, 1, "")
	if r, _ := w.send("kiosk", op.Op{Kind: op.RenewLease, Lease: l.ID}); refused(r) != fault.Invalid {
		t.Errorf("a lease of a draw was renewed: %+v", r)
	}
	w.pass("2026-03-02T08:00:00")
	w.count("show", Counts{Total: 4, Granted: 2, InDoubt: 2})
	w.check()
}
