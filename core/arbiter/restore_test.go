package arbiter

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/quota"
	"yizhan/core/station"
)

// waits sends an op that has to wait, and takes its number back.
func (w *world) waits(d id.Device, o op.Op) {
	w.t.Helper()
	before := chain{}
	if c := w.devices[d]; c != nil {
		before = *c
	}
	_, err := w.run(o, w.origin(d, o))
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Frozen {
		w.t.Errorf("op kind %d: %v, want it to wait", o.Kind, err)
	}
	*w.devices[d] = before
}

func (w *world) refusedWith(text string, o op.Op) {
	w.t.Helper()
	_, err := w.run(o, op.Origin{})
	var refusal Refusal
	if !errors.As(err, &refusal) && (err == nil || !strings.Contains(err.Error(), text)) || err != nil && !strings.Contains(err.Error(), text) {
		w.t.Errorf("console op kind %d: %v, want %q", o.Kind, err, text)
	}
}

func TestRestoredPoolsAreFrozen(t *testing.T) {
	w := newWorld(t)
	w.publish(show(3, `"when_full":"waitlist"`, `"unclaimed":"return"`, `"windows":{"pickup":["2026-02-01T00:00:00","2026-03-02T00:00:00"],"claim":["2026-02-01T00:00:00","2026-03-30T00:00:00"]}`))
	first := w.granted("a1", "show", 2)
	w.claim("a2", "show", 2)
	w.publish(`{"id":"bound","title":"定","pools":[{"id":"p","total":3}],"pickup":{"stations":["HQ"],"bind":true}}`)
	bound := w.granted("a1", "bound", 1)
	w.console(op.Op{Kind: op.Restore})
	epoch := w.s.Epoch()
	if want := at(t, start) - at(t, "2026-01-01T08:00:00"); epoch != int(want/1000) {
		t.Fatalf("epoch %d, want one named after the second", epoch)
	}
	for _, o := range []op.Op{{Kind: op.Claim, Member: "a3", Activity: "show", Seats: 1}, {Kind: op.Cancel, Member: "a1", Activity: "show"},
		{Kind: op.GroupClaim, Org: "A", Activity: "show", Lines: []op.Line{{Member: "a3", Seats: 1}}}, {Kind: op.Claim, Member: "a3", Activity: "published after the backup", Seats: 1},
		{Kind: op.Redeem, Ticket: 1 << 20, Verdict: fault.Valid}, {Kind: op.Redeem, Ticket: first, Verdict: fault.Valid, Station: "HQ"}, {Kind: op.CheckIn, Ticket: 1 << 20, Verdict: fault.Valid}, {Kind: op.RenewLease, Lease: 7}} {
		w.waits("desk", o)
	}
	w.refusedWith("reopen it first", op.Op{Kind: op.Lend, Lending: &op.Lease{Device: "kiosk", Activity: "show", Seats: 1, Policy: op.Hard, Lasts: 1000}})
	w.refusedWith("reopen the activity first", op.Op{Kind: op.Publish, Spec: []byte(show(2))})
	w.wantKinds(w.pass("2026-03-02T12:00:00")) // the lapse would free seats
	if r, _ := w.send("kiosk", op.Op{Kind: op.Redeem, Ticket: bound, Verdict: fault.Valid, Station: "HQ"}); r.Verdict != fault.Valid {
		t.Errorf("handed over by its authority: %+v", r)
	}
	w.publish(`{"id":"new","title":"新","pools":[{"id":"p","total":3}]}`)
	w.waits("desk", op.Op{Kind: op.Claim, Member: "a3", Activity: "new", Seats: 1})
	w.console(op.Op{Kind: op.Reopen, Activity: "show"})
	w.waits("desk", op.Op{Kind: op.Claim, Member: "a3", Activity: "new", Seats: 1})
	w.wantKinds(w.pass("2026-03-02T12:00:00"), "12 a1", "1")
	if r := w.claim("a3", "show", 1); refused(r) != fault.WindowClosed {
		t.Errorf("after reopening, and after its pickup: %+v", r)
	}
	w.console(op.Op{Kind: op.Reopen})
	if got := w.granted("a3", "new", 1); got != id.Ticket(id.Minted(epoch, w.s.Seq())) {
		t.Errorf("after reopening: ticket %d at entry %d", got, w.s.Seq())
	}
	if frozen, waiting := w.s.Frozen(); len(frozen) != 0 || waiting {
		t.Errorf("still frozen: %v %v", frozen, waiting)
	}
	w.refusedWith("too large", op.Op{Kind: op.Restore, Epoch: maxEpoch + 1})
	w.check()
}

// TestTwoRestoresOfOneBackup begin two epochs: what was decided after the first is
// not taken for what is decided after the second, and no number is given out in both.
func TestTwoRestoresOfOneBackup(t *testing.T) {
	old := newWorld(t)
	old.publish(show(9))
	cut := len(old.journal)
	var epochs []int
	numbers := map[uint64]bool{}
	for i := range 3 {
		r := old.restored(cut)
		r.now += int64(i+1) * 60_000
		r.console(op.Op{Kind: op.Reopen})
		r.console(op.Op{Kind: op.Restore})
		if r.s.Epoch() == 0 || slices.Contains(epochs, r.s.Epoch()) || i > 0 && r.s.Epoch() < epochs[i-1] {
			t.Errorf("restore %d begins epoch %d after %v", i, r.s.Epoch(), epochs)
		}
		epochs = append(epochs, r.s.Epoch())
		r.console(op.Op{Kind: op.Reopen})
		l := r.lent(op.Lease{Device: "kiosk", Seats: 2})
		for _, n := range []uint64{uint64(r.granted("a1", "show", 1)), l.ID} {
			if numbers[n] {
				t.Errorf("number %d is given out again", n)
			}
			numbers[n] = true
		}
		r.reported(l, "a2", l.Taken[0].From, 1, "")
		r.check()
	}
}

// TestSerialOfSomebodyElse: a claim is reported after its serial was given away.
func TestSerialOfSomebodyElse(t *testing.T) {
	old := newWorld(t)
	old.publish(show(1))
	cut := len(old.journal)
	lost := old.granted("a1", "show", 1)
	r := old.restored(cut)
	r.console(op.Op{Kind: op.Reopen})
	other := r.granted("b1", "show", 1)
	x := old.told(cut)["desk"][0]
	x.from.Device = "staff" // desk has asked something else meanwhile
	x.lost.Entries[0].Device = "staff"
	if !r.record(x) {
		t.Fatal("it waits")
	}
	c := r.s.claims.of(lost)
	if c == nil || !c.Blocked || len(c.Taken) != 0 || c.State != op.ClaimGranted || r.s.claims.of(other).Blocked {
		t.Errorf("the late claim stands at %+v", c)
	}
	incidents := 0
	for _, e := range r.journal {
		if e.Kind == op.IncidentMade && e.Ticket == lost && e.Word == op.RestoredLate {
			incidents++
		}
	}
	if incidents != 1 {
		t.Errorf("%d incidents", incidents)
	}
	r.count("show", Counts{Total: 1, Granted: 1, Owed: 1})
	r.console(op.Op{Kind: op.Cancel, Member: "a1", Activity: "show"})
	r.count("show", Counts{Total: 1, Granted: 1}) // it had nothing to give back
	r.check()
}

// TestGrantOverALimit: a device reports a grant from its lease before, and another one
// after, an older claim of the same member is brought back.
func TestGrantOverALimit(t *testing.T) {
	old := newWorld(t)
	old.publish(show(9, `"limits":[{"per":"member","max":2}]`))
	l := old.lent(op.Lease{Device: "kiosk", Seats: 3})
	cut := len(old.journal)
	claimed := old.granted("a1", "show", 2)
	lost := old.told(cut)["desk"][0]

	r := old.restored(cut)
	r.waits("kiosk", grant(l, "a1", l.Taken[0].From, 1))
	if !r.record(lost) {
		t.Fatal("the older claim waits")
	}
	r.console(op.Op{Kind: op.Reopen})
	r.reported(l, "a1", l.Taken[0].From, 1, "over_member_cap")
	r.check()

	r = old.restored(cut)
	r.console(op.Op{Kind: op.Reopen}) // without waiting for the claim
	r.reported(l, "a1", l.Taken[0].From, 1, "")
	before := len(r.journal)
	if !r.record(lost) {
		t.Fatal("a late claim waits")
	}
	r.wantIncident(r.journal[before:], op.RestoredLate)
	if c := r.s.claims.of(claimed); c == nil || !c.Blocked || c.State != op.ClaimGranted {
		t.Errorf("the late claim stands at %+v", c)
	}
	r.check()
}

// TestReturnOfALeaseThatRanOut: a device brings back that it returned a lease of which
// it had granted and reported everything, and that ran out on the restored server. To
// end it again would stop the ledger, which has let go of it.
func TestReturnOfALeaseThatRanOut(t *testing.T) {
	old := newWorld(t)
	old.publish(show(9))
	l := old.lent(op.Lease{Device: "kiosk", Seats: 1})
	old.reported(l, "a1", l.Taken[0].From, 1, "")
	cut := len(old.journal)
	if r, entries := old.send("kiosk", op.Op{Kind: op.ReturnLease, Lease: l.ID}); r.Outcome != op.OK || len(entries) != 2 {
		t.Fatalf("the return was answered %+v: %+v", r, entries)
	}
	lost := old.told(cut)["kiosk"][0]
	for _, frozen := range []bool{false, true} {
		r := old.restored(cut)
		r.console(op.Op{Kind: op.Reopen}) // else it does not run out before staff reopen
		r.pass("2026-03-02T08:00:00")
		if frozen {
			r.console(op.Op{Kind: op.Restore})
		}
		if got := r.s.leases[l.ID]; !got.Closed() || got.Over != op.LeaseExpired {
			t.Fatalf("the lease stands at %+v", got)
		}
		before := len(r.journal)
		if !r.record(lost) {
			t.Fatal("the return waits")
		}
		if added := r.journal[before:]; len(added) != 1 || added[0].Kind != op.Done {
			t.Errorf("frozen %v: it is recorded as %+v", frozen, added)
		}
		r.check()
	}
}

// TestRenewalOfALeaseThatRanOut: a server that was rolled back without a word lets a
// lease run out whose renewal it has forgotten, while its holder goes on granting. The
// holder's receipt of the renewal opens it again, and every grant stands.
func TestRenewalOfALeaseThatRanOut(t *testing.T) {
	for _, policy := range []op.Policy{op.Hard, op.VoidUnreported} {
		void := int64(0)
		if policy == op.VoidUnreported {
			void = 2 * hour
		}
		old := newWorld(t)
		old.publish(show(9))
		l := old.lent(op.Lease{Device: "kiosk", Seats: 3, Lasts: hour, Policy: policy, VoidAfter: void})
		old.reported(l, "a1", 1, 1, "")
		cut := len(old.journal)
		old.now += hour / 2
		old.send("kiosk", op.Op{Kind: op.RenewLease, Lease: l.ID})
		old.reported(l, "a2", 4, 1, "") // one that came with the renewal
		r := &world{t: t, s: replay(t, reread(t, old.journal[:cut])), now: old.now, journal: slices.Clone(old.journal[:cut]), devices: map[id.Device]*chain{}}
		r.wantKinds(r.pass("2026-03-01T09:00:00"), "25 expired", "1")
		r.console(op.Op{Kind: op.Restore})
		for _, x := range old.told(cut)["kiosk"] {
			if !r.record(x) {
				t.Fatalf("op %d waits", x.from.Seq)
			}
			r.devices["kiosk"] = &chain{x.from.Seq, x.from.Hash}
		}
		r.console(op.Op{Kind: op.Reopen})
		r.count("show", Counts{Total: 9, Free: 5, Granted: 2, Leased: 2})
		r.reported(l, "a3", 2, 1, "")
		r.wantKinds(r.pass("2026-03-01T09:00:00"), "1") // the lines move
		r.wantKinds(r.pass("2026-03-01T09:30:00"), "25 expired", "1")
		r.count("show", Counts{Total: 9, Free: 5, Granted: 3, InDoubt: 1})
		r.check()
	}
}

// TestRenewalOfALeaseThatWasUsedUp: the same where everything was granted and reported
// before the lease ran out, and its members may be lent to another device by now.
func TestRenewalOfALeaseThatWasUsedUp(t *testing.T) {
	old := newWorld(t)
	old.publish(show(9))
	l := old.lent(op.Lease{Device: "kiosk", Seats: 2, Lasts: hour, Members: []op.Borrower{{Member: "a1"}, {Member: "a2"}}})
	old.reported(l, "a1", 1, 2, "")
	cut := len(old.journal)
	old.send("kiosk", op.Op{Kind: op.RenewLease, Lease: l.ID})
	old.reported(l, "a2", 3, 1, "")
	r := &world{t: t, s: replay(t, reread(t, old.journal[:cut])), now: old.now, journal: slices.Clone(old.journal[:cut]), devices: map[id.Device]*chain{}}
	r.wantKinds(r.pass("2026-03-01T09:00:00"), "25 expired", "1")
	other := r.lent(op.Lease{Device: "desk", Seats: 1, Members: []op.Borrower{{Member: "a1"}}})
	r.send("desk", op.Op{Kind: op.ReturnLease, Lease: other.ID})
	r.console(op.Op{Kind: op.Restore})
	for _, x := range old.told(cut)["kiosk"] {
		if !r.record(x) {
			t.Fatalf("op %d waits", x.from.Seq)
		}
	}
	r.console(op.Op{Kind: op.Reopen})
	r.count("show", Counts{Total: 9, Free: 5, Granted: 3, Leased: 1})
	if got := refused(r.claim("a1", "show", 1)); got != fault.HeldElsewhere {
		t.Errorf("whom the lease names is told %v", got)
	}
	if i := slices.IndexFunc(r.journal, func(e op.Entry) bool { return e.Kind == op.Renewed }); len(r.journal[i].Lease.Members) != 2 {
		t.Errorf("it is recorded as %+v", r.journal[i].Lease)
	}
	r.check()
}

// TestWhatIsOwedLapses: two people bring back what they were granted, and nobody that the
// first gave a seat of it back to the second. The station says after pickup that nothing
// was handed over: the serial that is the first one's own comes free, and none twice.
func TestWhatIsOwedLapses(t *testing.T) {
	old := newWorld(t)
	old.publish(show(2, bind, returns))
	cut := len(old.journal)
	r, _ := old.send("phone", op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Seats: 2})
	first := r.Ticket
	old.giveUp("kiosk", first)
	if r, _ := old.send("staff", op.Op{Kind: op.Cancel, Activity: "show", Member: "a1", Seats: 1}); r.Seats != 1 {
		t.Fatalf("given back: %+v", r)
	}
	second := old.granted("b1", "show", 1)
	all := old.told(cut)

	w := old.restored(cut)
	for _, d := range []id.Device{"desk", "phone", "kiosk"} { // staff's never comes back
		if x := all[d][0]; !w.record(x) {
			t.Fatalf("%s waits", d)
		} else {
			w.devices[d] = &chain{x.from.Seq, x.from.Hash}
		}
	}
	if c := w.s.claims.of(first); c.Seats != 2 || quota.Sum(c.Taken) != 1 || !c.Blocked {
		t.Fatalf("the first stands at %+v", c)
	}
	before := len(w.journal)
	w.console(op.Op{Kind: op.Reopen})
	w.wantIncident(w.journal[before:], op.RestoredLate)
	w.wantKinds(w.pass("2026-03-02T00:00:00"), "1", "19 a1", "1", "12 a1", "12 b1", "1")
	w.count("show", Counts{Total: 2, Granted: 2, Lapsed: 3, Owed: 1})
	cut = len(w.journal)
	if r := w.giveUp("kiosk", first); r.Outcome != op.OK {
		t.Fatalf("given up: %+v", r)
	}
	w.count("show", Counts{Total: 2, Free: 1, Granted: 1, Lapsed: 1})
	if c := w.s.claims.of(second); quota.Sum(c.Taken) != 1 || w.s.claims.of(first).State != op.ClaimReturned {
		t.Errorf("the second stands at %+v", c)
	}
	w.check()

	again := w.restored(cut)
	if !again.record(w.told(cut)["kiosk"][0]) {
		t.Fatal("the station's word waits after a second restore")
	}
	again.wantSame(w)
}

// TestReceiptOfAnotherOp is not taken for this one.
func TestReceiptOfAnotherOp(t *testing.T) {
	old := newWorld(t)
	old.publish(show(3))
	cut := len(old.journal)
	old.granted("a1", "show", 1)
	old.granted("a2", "show", 1)
	all := old.told(cut)["desk"]
	r := old.restored(cut)
	if entries, err := r.s.Record(nil, all[1].lost, all[0].from, r.now); err == nil || len(entries) != 0 {
		t.Errorf("recorded %v, %v", entries, err)
	}
}

// TestHandedOverAgain: a supervisor elsewhere handed over, the server forgot it, and the
// ticket's own station did too. Both stand, and staff hear of it, once; not where the
// supervisor had taken it back.
func TestHandedOverAgain(t *testing.T) {
	for _, undone := range []bool{false, true} {
		w := newWorld(t)
		w.publish(`{"id":"bound","title":"定","pools":[{"id":"p","total":3}],"pickup":{"stations":["HQ"],"bind":true}}`)
		bound := w.granted("a1", "bound", 1)
		cut := len(w.journal)
		w.send("desk", op.Op{Kind: op.Redeem, Ticket: bound, Verdict: fault.WrongStation, Override: true, Reason: "flood"})
		if undone {
			w.send("desk", op.Op{Kind: op.Redeem, Ticket: bound, Undo: true})
		}
		r := w.restored(cut)
		if res, _ := r.send("kiosk", op.Op{Kind: op.Redeem, Ticket: bound, Verdict: fault.Valid, Station: "HQ"}); res.Verdict != fault.Valid {
			t.Fatalf("handed over by its authority: %+v", res)
		}
		for _, x := range w.told(cut)["desk"] {
			if !r.record(x) {
				t.Fatalf("op %d has to wait", x.from.Seq)
			}
		}
		twice := 0
		for range 2 {
			r.console(op.Op{Kind: op.Reopen})
			r.console(op.Op{Kind: op.Restore})
		}
		for _, e := range r.journal[cut:] {
			if e.Kind == op.IncidentMade && e.Word == "handed_over_already_redeemed" && e.Ticket == bound && e.Station == "HQ" {
				twice++
			}
		}
		if want := map[bool]int{false: 1, true: 0}[undone]; twice != want || r.s.claims.of(bound).State != op.ClaimRedeemed {
			t.Errorf("undone %v: %d incidents, want %d", undone, twice, want)
		}
	}
}

// TestOverTheLimitAfterARestore: the cancellation that made room for a claim is lost, and
// staff hear once that its member has too much.
func TestOverTheLimitAfterARestore(t *testing.T) {
	w := newWorld(t)
	w.publish(show(3, `"when_full":"waitlist"`, `"limits":[{"per":"member","max":2}]`))
	cut := len(w.journal)
	claim := func(seats int, want op.Outcome) {
		if r, _ := w.send("phone", op.Op{Kind: op.Claim, Member: "a1", Activity: "show", Seats: seats}); r.Outcome != want {
			t.Fatalf("%+v", r)
		}
	}
	claim(2, op.Granted)
	w.send("desk", op.Op{Kind: op.Cancel, Member: "a1", Activity: "show"})
	w.granted("a2", "show", 2)
	w.granted("a3", "show", 1)
	claim(1, op.Waitlisted)
	r := w.restored(cut)
	all := w.told(cut)
	delete(all, "desk") // it was lost
	for d, rest := range all {
		for _, x := range rest {
			if !r.record(x) {
				t.Fatalf("op %d of %s has to wait", x.from.Seq, d)
			}
		}
	}
	for range 2 {
		r.console(op.Op{Kind: op.Reopen})
	}
	words := 0
	for _, e := range r.journal {
		if e.Kind == op.IncidentMade && e.Word == "over_member_cap" && e.Member == "a1" {
			words++
		}
	}
	if words != 1 {
		t.Errorf("%d incidents, want 1: %v", words, kinds(r.journal))
	}
}

// TestNumbersOfALostJournalAreNotGivenAgain: a code on paper names station and activity by
// number, and must not mean another one than it did.
func TestNumbersOfALostJournalAreNotGivenAgain(t *testing.T) {
	w := newWorld(t)
	numbers := func() (highest uint32) {
		for _, p := range w.s.stations {
			highest = max(highest, p.number)
		}
		for _, a := range w.s.activities {
			highest = max(highest, a.number)
		}
		return highest
	}
	before := numbers()
	w.console(op.Op{Kind: op.Restore})
	w.console(op.Op{Kind: op.PutStations, Stations: []station.Station{{ID: "new1"}, {ID: "HQ", Name: "renamed"}, {ID: "new2"}}})
	w.publish(`{"id":"new","title":"新","pools":[{"id":"p","total":3}]}`)
	first := uint32(w.s.Epoch()>>9) << 11
	if got := []uint32{w.s.stations["new1"].number, w.s.stations["new2"].number, w.s.activities["new"].number}; first <= before || !slices.Equal(got, []uint32{first, first + 1, first}) {
		t.Errorf("new ones are numbered %d; want them from %d on", got, first)
	}
	if w.s.stations["HQ"].number > before {
		t.Errorf("a station that was known has number %d now", w.s.stations["HQ"].number)
	}
	w.console(op.Op{Kind: op.PutStations, Stations: []station.Station{{ID: "new3"}}})
	if got := w.s.stations["new3"].number; got != first+2 {
		t.Errorf("the next has number %d", got)
	}
	w.check()
}
