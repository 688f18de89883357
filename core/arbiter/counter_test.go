package arbiter

import (
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

// redeem reports a hand-over as a kiosk with the newest code does.
func (w *world) redeem(d id.Device, t id.Ticket) (op.Result, []op.Entry) {
	w.t.Helper()
	return w.send(d, op.Op{Kind: op.Redeem, Ticket: t, Epoch: w.s.claims.of(t).Epoch, Verdict: fault.Valid, Station: w.s.devices[d].Station})
}

func TestRedeem(t *testing.T) {
	const bind = `"pickup":{"stations":["HQ","ST1"],"bind":true}`
	cancel := func(w *world) { w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: "a1"}) }
	none := func(*world) {}
	for _, c := range []struct {
		name, spec string
		station    id.Station // of the claim
		before     func(*world)
		device     id.Device
		op         op.Op // Ticket 0 is a1's
		verdict    fault.Verdict
		kind       op.EntryKind
		incident   string
		state      op.ClaimState
	}{
		{"valid", show(9, bind), "", none, "kiosk", op.Op{Verdict: fault.Valid}, fault.Valid, op.Redeemed, "", op.ClaimRedeemed},
		{"refused at the counter", show(9, bind), "", none, "kiosk", op.Op{Verdict: fault.TooEarly}, fault.TooEarly, op.Scanned, "", op.ClaimGranted},
		{"provisional hands out nothing", show(9), "", none, "kiosk", op.Op{Verdict: fault.Provisional}, fault.Provisional, op.Scanned, "", op.ClaimGranted},
		{"override", show(9, bind), "", none, "kiosk", op.Op{Verdict: fault.TooEarly, Override: true}, fault.Valid, op.Redeemed, "override", op.ClaimRedeemed},
		{"override of nothing", show(9, bind), "", none, "kiosk", op.Op{Verdict: fault.Valid, Override: true}, fault.Valid, op.Redeemed, "", op.ClaimRedeemed},
		{"override at the wrong station", show(9, bind), "ST1", none, "kiosk", op.Op{Verdict: fault.WrongStation, Override: true}, fault.Valid, op.Redeemed, "override", op.ClaimRedeemed},
		{"wrong station", show(9, bind), "ST1", none, "kiosk", op.Op{Verdict: fault.Valid}, fault.Valid, op.Redeemed, "handed_over_wrong_station", op.ClaimRedeemed},
		{"not the station's authority", show(9, bind), "", func(w *world) { w.enrol(op.Enrolment{Device: "second", Role: op.Kiosk, Station: "HQ"}) }, "second", op.Op{Verdict: fault.Valid}, fault.Valid, op.Redeemed, "handed_over_wrong_station", op.ClaimRedeemed},
		{"unbound, at a station of the list", show(9, `"pickup":{"stations":["ST1","HQ"]}`), "", none, "kiosk", op.Op{Verdict: fault.Valid}, fault.Valid, op.Redeemed, "", op.ClaimRedeemed},
		{"unbound, at no station of the list", show(9, `"pickup":{"stations":["ST1"]}`), "", none, "kiosk", op.Op{Verdict: fault.Valid}, fault.Valid, op.Redeemed, "handed_over_wrong_station", op.ClaimRedeemed},
		{"no pickup place at all", show(9), "", none, "kiosk", op.Op{Verdict: fault.Valid}, fault.Valid, op.Redeemed, "", op.ClaimRedeemed},
		{"bound to places since a revision", show(9), "", func(w *world) { w.publish(show(9, bind)) }, "kiosk", op.Op{Verdict: fault.Valid}, fault.Valid, op.Redeemed, "", op.ClaimRedeemed},
		{"already", show(9, bind), "", func(w *world) { w.redeem("kiosk", w.ticket()) }, "kiosk", op.Op{Verdict: fault.Valid}, fault.AlreadyRedeemed, op.Scanned, "handed_over_already_redeemed", op.ClaimRedeemed},
		{"already, override", show(9, bind), "", func(w *world) { w.redeem("kiosk", w.ticket()) }, "kiosk", op.Op{Verdict: fault.AlreadyRedeemed, Override: true}, fault.AlreadyRedeemed, op.Scanned, "handed_over_already_redeemed", op.ClaimRedeemed},
		{"cancelled", show(9), "", cancel, "kiosk", op.Op{Verdict: fault.Valid}, fault.Cancelled, op.Scanned, "handed_over_cancelled", op.ClaimCancelled},
		{"waiting", show(1, `"when_full":"waitlist"`), "", none, "kiosk", op.Op{Verdict: fault.Valid}, fault.NotApproved, op.Scanned, "handed_over_not_approved", op.ClaimWaitlisted},
		{"an old code", show(9), "", none, "kiosk", op.Op{Verdict: fault.Valid, Epoch: 7}, fault.Valid, op.Redeemed, "handed_over_revoked", op.ClaimRedeemed},
		{"an old code, asked about", show(9), "", none, "kiosk", op.Op{Verdict: fault.Valid, Epoch: 7, Asked: true}, fault.Revoked, op.Scanned, "", op.ClaimGranted},
		{"asked about, at no station of the list", show(9, `"pickup":{"stations":["ST1"]}`), "", none, "kiosk", op.Op{Verdict: fault.Valid, Asked: true}, fault.WrongStation, op.Scanned, "", op.ClaimGranted},
		{"asked about", show(9), "", none, "kiosk", op.Op{Verdict: fault.Valid, Asked: true}, fault.Valid, op.Redeemed, "", op.ClaimRedeemed},
		{"asked about, already", show(9), "", func(w *world) { w.redeem("kiosk", w.ticket()) }, "kiosk", op.Op{Verdict: fault.Valid, Asked: true}, fault.AlreadyRedeemed, op.Scanned, "", op.ClaimRedeemed},
		{"epoch below nought", show(9), "", none, "kiosk", op.Op{Verdict: fault.Valid, Epoch: -1}, fault.Valid, op.Redeemed, "handed_over_revoked", op.ClaimRedeemed},
		{"unknown ticket", show(9), "", none, "kiosk", op.Op{Verdict: fault.Valid, Ticket: 1 << 60}, fault.Unknown, op.Scanned, "handed_over_unknown", op.ClaimGranted},
		{"unknown ticket, asked about", show(9), "", none, "kiosk", op.Op{Verdict: fault.Valid, Asked: true, Ticket: 1 << 60}, fault.Unknown, op.Scanned, "", op.ClaimGranted},
		{"unknown ticket, override", show(9), "", none, "kiosk", op.Op{Verdict: fault.Unknown, Override: true, Ticket: 1 << 60}, fault.Unknown, op.Scanned, "handed_over_unknown", op.ClaimGranted},
		{"unknown ticket, refused", show(9), "", none, "kiosk", op.Op{Verdict: fault.Unknown, Ticket: 1 << 60}, fault.Unknown, op.Scanned, "", op.ClaimGranted},
		{"the number of an entry that is no ticket", show(9), "", none, "kiosk", op.Op{Verdict: fault.Valid, Ticket: 1}, fault.Unknown, op.Scanned, "handed_over_unknown", op.ClaimGranted},
		{"a verdict of a newer app", show(9), "", none, "kiosk", op.Op{Verdict: 200}, 200, op.Scanned, "", op.ClaimGranted},
		{"a phone hands nothing over", show(9), "", none, "phone", op.Op{Verdict: fault.Valid}, fault.VerdictDeviceRevoked, op.Scanned, "", op.ClaimGranted},
		{"no verdict", show(9), "", none, "kiosk", op.Op{}, fault.NoVerdict, op.Done, "", op.ClaimGranted},
		{"after a lapse, reported late", show(9, bind, `"windows":{"pickup":["2026-03-01T00:00:00","2026-03-02T00:00:00"]}`), "", func(w *world) { w.pass("2026-03-02T00:00:00") }, "kiosk", op.Op{Verdict: fault.Valid}, fault.Valid, op.Redeemed, "", op.ClaimRedeemed},
		{"after the seat was returned", show(9, `"unclaimed":"return"`, `"windows":{"pickup":["2026-03-01T00:00:00","2026-03-02T00:00:00"]}`), "", func(w *world) { w.pass("2026-03-02T00:00:00") }, "kiosk", op.Op{Verdict: fault.Valid}, fault.Cancelled, op.Scanned, "handed_over_cancelled", op.ClaimReturned},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.publish(c.spec)
			w.send("desk", op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Seats: 2, Station: c.station})
			c.before(w)
			c.op.Kind = op.Redeem
			if c.op.Ticket == 0 {
				c.op.Ticket = w.ticket()
			}
			r, entries := w.send(c.device, c.op)
			if r.Verdict != c.verdict || entries[0].Kind != c.kind {
				t.Errorf("got %+v by entry kind %d, want %v by %d", r, entries[0].Kind, c.verdict, c.kind)
			}
			if c.kind == op.Done && refused(r) != fault.Invalid {
				t.Errorf("got %+v, want invalid", r)
			}
			incidents(t, entries, c.incident)
			if v := w.s.claims.of(w.ticket()); v.State != c.state {
				t.Errorf("the claim stands at %d, want %d", v.State, c.state)
			}
			w.check()
		})
	}
}

// ticket is the newest claim that a1 ever made.
func (w *world) ticket() (last id.Ticket) {
	for n, c := range w.s.claims.all() {
		if c.Member == "a1" {
			last = max(last, n)
		}
	}
	return last
}

// incidents wants exactly this one, or none.
func incidents(t *testing.T, entries []op.Entry, want string) {
	t.Helper()
	got := ""
	for _, e := range entries {
		if e.Kind == op.IncidentMade {
			got += e.Word
		}
	}
	if got != want {
		t.Errorf("incidents %q, want %q", got, want)
	}
}

func TestCheckIn(t *testing.T) {
	for _, c := range []struct {
		name     string
		before   func(w *world)
		device   id.Device
		op       op.Op
		verdict  fault.Verdict
		kind     op.EntryKind
		incident string
		inside   bool
	}{
		{"in", func(*world) {}, "kiosk", op.Op{Verdict: fault.Valid}, fault.Valid, op.CheckedIn, "", true},
		{"out", func(w *world) { w.checkIn(false) }, "kiosk", op.Op{Verdict: fault.Valid, Out: true}, fault.Valid, op.CheckedIn, "", false},
		{"out without in", func(*world) {}, "kiosk", op.Op{Verdict: fault.Valid, Out: true}, fault.Valid, op.CheckedIn, "", false},
		{"in again after out", func(w *world) { w.checkIn(false); w.checkIn(true) }, "kiosk", op.Op{Verdict: fault.Valid}, fault.Valid, op.CheckedIn, "", true},
		{"in again, refused at the door", func(w *world) { w.checkIn(false) }, "kiosk", op.Op{Verdict: fault.AlreadyRedeemed}, fault.AlreadyRedeemed, op.Scanned, "", true},
		{"in at two doors", func(w *world) { w.checkIn(false) }, "kiosk", op.Op{Verdict: fault.Valid}, fault.Valid, op.CheckedIn, "checked_in_twice", true},
		{"provisional opens a door", func(*world) {}, "kiosk", op.Op{Verdict: fault.Provisional}, fault.Valid, op.CheckedIn, "", true},
		{"override", func(w *world) { w.checkIn(false) }, "kiosk", op.Op{Verdict: fault.AlreadyRedeemed, Override: true}, fault.Valid, op.CheckedIn, "override", true},
		{"refused", func(*world) {}, "kiosk", op.Op{Verdict: fault.TooLate}, fault.TooLate, op.Scanned, "", false},
		{"handed over before", func(w *world) { w.redeem("kiosk", w.ticket()) }, "kiosk", op.Op{Verdict: fault.Valid}, fault.Valid, op.CheckedIn, "", true},
		{"cancelled meanwhile", func(w *world) { w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: "a1"}) }, "kiosk", op.Op{Verdict: fault.Valid}, fault.Valid, op.CheckedIn, "checked_in_cancelled", true},
		{"cancelled, out", func(w *world) { w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: "a1"}) }, "kiosk", op.Op{Verdict: fault.Valid, Out: true}, fault.Valid, op.CheckedIn, "", false},
		{"unknown ticket", func(*world) {}, "kiosk", op.Op{Verdict: fault.Valid, Ticket: 99999}, fault.Unknown, op.Scanned, "checked_in_unknown", false},
		{"unknown ticket, refused", func(*world) {}, "kiosk", op.Op{Verdict: fault.Unknown, Ticket: 99999}, fault.Unknown, op.Scanned, "", false},
		{"a phone keeps no door", func(*world) {}, "phone", op.Op{Verdict: fault.Valid}, fault.VerdictDeviceRevoked, op.Scanned, "", false},
		{"no verdict", func(*world) {}, "kiosk", op.Op{}, fault.NoVerdict, op.Done, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.publish(show(2))
			w.granted("a1", "show", 2)
			c.before(w)
			c.op.Kind = op.CheckIn
			if c.op.Ticket == 0 {
				c.op.Ticket = w.ticket()
			}
			state := w.s.claims.of(w.ticket()).State
			r, entries := w.send(c.device, c.op)
			if r.Verdict != c.verdict || entries[0].Kind != c.kind {
				t.Errorf("got %+v by entry kind %d, want %v by %d", r, entries[0].Kind, c.verdict, c.kind)
			}
			incidents(t, entries, c.incident)
			if v := w.s.claims.of(w.ticket()); v.inside != c.inside || v.State != state {
				t.Errorf("inside %v, want %v; state %d, was %d: a check-in does not redeem", v.inside, c.inside, v.State, state)
			}
			w.check()
		})
	}
}

func (w *world) checkIn(out bool) {
	w.t.Helper()
	w.send("kiosk", op.Op{Kind: op.CheckIn, Ticket: w.ticket(), Verdict: fault.Valid, Out: out})
}

// TestCheckedInCountsWhoCame holds that who left again was there, and who only left was not.
func TestCheckedInCountsWhoCame(t *testing.T) {
	w := newWorld(t)
	w.publish(show(5))
	w.granted("a1", "show", 2)
	for i, step := range []struct {
		out  bool
		want int
	}{{true, 0}, {false, 2}, {true, 2}, {false, 2}} {
		w.checkIn(step.out)
		if n, _ := w.s.Count("show", ""); n.CheckedIn != step.want {
			t.Errorf("step %d: %d seats are counted, want %d", i, n.CheckedIn, step.want)
		}
	}
}

// TestCheckInOfTheWaiting lets somebody in who waits for a seat.
func TestCheckInOfTheWaiting(t *testing.T) {
	w := newWorld(t)
	w.publish(show(1, `"when_full":"waitlist"`))
	w.granted("a2", "show", 1)
	w.claim("a1", "show", 1)
	_, entries := w.send("kiosk", op.Op{Kind: op.CheckIn, Ticket: w.ticket(), Verdict: fault.Valid})
	incidents(t, entries, "checked_in_not_approved")
	_, entries = w.send("kiosk", op.Op{Kind: op.CheckIn, Ticket: w.ticket(), Verdict: fault.NotApproved, Override: true})
	incidents(t, entries, "override")
	w.count("show", Counts{Total: 1, Granted: 1, Waitlisted: 1, CheckedIn: 1})
}

func TestUndo(t *testing.T) {
	for name, c := range map[string]struct {
		before func(w *world, t id.Ticket)
		device id.Device
		undone bool
	}{
		"at once":         {func(w *world, t id.Ticket) { w.redeem("kiosk", t) }, "kiosk", true},
		"by another":      {func(w *world, t id.Ticket) { w.redeem("kiosk", t) }, "desk", false},
		"not handed over": {func(*world, id.Ticket) {}, "kiosk", false},
		"after a check-in": {func(w *world, t id.Ticket) {
			w.redeem("kiosk", t)
			w.send("kiosk", op.Op{Kind: op.CheckIn, Ticket: t, Verdict: fault.Valid})
		}, "kiosk", false},
		"after a second scan": {func(w *world, t id.Ticket) { w.redeem("kiosk", t); w.redeem("kiosk", t) }, "kiosk", false},
		"twice": {func(w *world, t id.Ticket) {
			w.redeem("kiosk", t)
			w.send("kiosk", op.Op{Kind: op.Redeem, Ticket: t, Undo: true})
		}, "kiosk", false},
	} {
		w := newWorld(t)
		w.publish(show(9, bind))
		ticket := w.granted("a1", "show", 2)
		c.before(w, ticket)
		r, _ := w.send(c.device, op.Op{Kind: op.Redeem, Ticket: ticket, Undo: true})
		if (r.Outcome == op.OK) != c.undone || !c.undone && refused(r) != fault.Invalid {
			t.Errorf("%s: %+v", name, r)
		}
		if c.undone {
			if r, entries := w.redeem("kiosk", ticket); r.Verdict != fault.Valid || len(entries) != 1 {
				t.Errorf("%s: handed over again: %+v, %v", name, r, kinds(entries))
			}
		}
		w.check()
	}
}

// TestUndoAfterTheLapse: a ticket whose pickup is over does not come back to life.
func TestUndoAfterTheLapse(t *testing.T) {
	w := newWorld(t)
	w.publish(show(1, bind, returns))
	ticket := w.granted("a1", "show", 1)
	w.claim("a2", "show", 1)
	w.redeem("kiosk", ticket)
	w.pass("2026-03-02T00:00:00")
	_, entries := w.send("kiosk", op.Op{Kind: op.Redeem, Ticket: ticket, Undo: true})
	w.wantKinds(entries, "34 a1", "12 a1")
	if len(w.s.Wanted()) != 1 {
		t.Error("its seat is not asked for")
	}
	w.check()
}

// TestDoorsReportInAnyOrder: what was reported late does not undo what came after it.
func TestDoorsReportInAnyOrder(t *testing.T) {
	scan := func(at int64, out bool) op.Op {
		return op.Op{Kind: op.CheckIn, Verdict: fault.Valid, At: at, Out: out}
	}
	for name, c := range map[string]struct {
		scans    []op.Op
		inside   bool
		incident string // of the last
	}{
		"entry after the exit that followed it": {[]op.Op{scan(20, true), scan(10, false)}, false, ""},
		"exit after the entry that followed it": {[]op.Op{scan(10, false), scan(30, false), scan(20, true)}, true, ""},
		"two entries, the later one first":      {[]op.Op{scan(20, false), scan(10, false)}, true, "checked_in_twice"},
		"entry before an exit and an entry":     {[]op.Op{scan(20, true), scan(30, false), scan(10, false)}, true, ""},
		"in, out, in":                           {[]op.Op{scan(10, false), scan(20, true), scan(30, false)}, true, ""},
	} {
		w := newWorld(t)
		w.publish(show(2))
		ticket := w.granted("a1", "show", 1)
		var entries []op.Entry
		for _, o := range c.scans {
			o.Ticket = ticket
			_, entries = w.send("kiosk", o)
		}
		if w.s.claims.of(ticket).inside != c.inside {
			t.Errorf("%s: inside is %v", name, !c.inside)
		}
		incidents(t, entries, c.incident)
		w.check()
	}
}

func TestReEntryForbidden(t *testing.T) {
	w := newWorld(t)
	w.publish(`{"id":"tour","title":"游览","check_in":{"opens":"2h","closes":"0s","re_entry":"forbid"},"sessions":[{"id":"s1","starts":"2026-03-03T14:00:00","ends":"2026-03-03T16:00:00","total":2}]}`)
	w.send("desk", op.Op{Kind: op.Claim, Member: "a1", Activity: "tour", Seats: 1})
	var entries []op.Entry
	for i, out := range []bool{false, true, false} {
		_, entries = w.send("kiosk", op.Op{Kind: op.CheckIn, Ticket: w.ticket(), Verdict: fault.Valid, Out: out, At: int64(i)})
	}
	incidents(t, entries, "checked_in_again")
	w.check()
}
