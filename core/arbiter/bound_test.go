package arbiter

import (
	"reflect"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
)

const bind = `"pickup":{"stations":["HQ","ST1"],"bind":true}`

// giveUp lets a device give up a ticket under its newest epoch.
func (w *world) giveUp(d id.Device, t id.Ticket) op.Result {
	w.t.Helper()
	r, _ := w.send(d, op.Op{Kind: op.Release, Ticket: t, Epoch: w.s.claims.of(t).Epoch})
	return r
}

func (w *world) kept(d id.Device, o op.Op) map[id.Device][]wire.Bound {
	return w.s.Kept(&o, op.Origin{Device: d})
}

func TestGivenUpTicketIsFreed(t *testing.T) {
	w := newWorld(t)
	w.publish(show(2, bind, `"when_full":"waitlist"`))
	ticket := w.granted("a1", "show", 2)
	w.claim("a2", "show", 1)
	cancel := op.Op{Kind: op.Cancel, Activity: "show", Member: "a1"}
	if r, _ := w.send("desk", cancel); refused(r) != fault.HeldElsewhere {
		t.Fatalf("without its station's word: %+v", r)
	}
	if got, want := w.kept("desk", cancel), map[id.Device][]wire.Bound{"kiosk": {{Ticket: ticket}}}; !reflect.DeepEqual(got, want) {
		t.Fatalf("kept: %v, want %v", got, want)
	}
	if r := w.giveUp("kiosk", ticket); r.Outcome != op.OK {
		t.Fatalf("giving up: %+v", r)
	}
	if got := w.kept("desk", cancel); len(got) != 0 {
		t.Errorf("kept still: %v", got)
	}
	r, entries := w.send("desk", cancel)
	if r.Outcome != op.OK || r.Seats != 2 {
		t.Errorf("after it: %+v", r)
	}
	w.wantKinds(entries, "11 a1", "10 a2", "22")
	w.check()
}

func TestReleaseIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		spec   string
		device id.Device
		change func(w *world, o *op.Op)
	}{
		"by another device":   {show(9, bind), "desk", func(*world, *op.Op) {}},
		"by a phone":          {show(9, bind), "phone", func(*world, *op.Op) {}},
		"unbound":             {show(9), "kiosk", func(*world, *op.Op) {}},
		"an old epoch":        {show(9, bind), "kiosk", func(_ *world, o *op.Op) { o.Epoch++ }},
		"no ticket":           {show(9, bind), "kiosk", func(_ *world, o *op.Op) { o.Ticket = 1 << 60 }},
		"twice":               {show(9, bind), "kiosk", func(w *world, o *op.Op) { w.giveUp("kiosk", o.Ticket) }},
		"handed over":         {show(9, bind), "kiosk", func(w *world, o *op.Op) { w.redeem("kiosk", o.Ticket) }},
		"another's station":   {show(9, bind), "kiosk", func(_ *world, o *op.Op) { *o = op.Op{Kind: op.Release, Station: "ST1"} }},
		"nothing":             {show(9, bind), "kiosk", func(_ *world, o *op.Op) { *o = op.Op{Kind: op.Release} }},
		"a station by a desk": {show(9, bind), "desk", func(_ *world, o *op.Op) { *o = op.Op{Kind: op.Release, Station: "HQ"} }},
	} {
		w := newWorld(t)
		w.publish(c.spec)
		o := op.Op{Kind: op.Release, Ticket: w.granted("a1", "show", 1)}
		c.change(w, &o)
		if r, _ := w.send(c.device, o); refused(r) != fault.Invalid {
			t.Errorf("%s: %+v", name, r)
		}
		w.check()
	}
}

// TestGivenUpInVain: what was given up for nothing is bound again, under an epoch
// in which the station may hand it over.
func TestGivenUpInVain(t *testing.T) {
	for name, after := range map[string]func(w *world) []op.Entry{
		"the op was refused": func(w *world) []op.Entry {
			r, entries := w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: "a1", Seats: 9})
			if refused(r) != fault.Invalid {
				t.Errorf("cancelled %+v", r)
			}
			return entries
		},
		"nothing followed": func(w *world) []op.Entry {
			if got := w.pass("2026-03-01T08:00:59"); len(got) != 0 {
				t.Errorf("after 59 s: %v", kinds(got))
			}
			return w.pass("2026-03-01T08:01:00")
		},
		"another ticket was enough": func(w *world) []op.Entry {
			_, entries := w.send("desk", op.Op{Kind: op.Rebind, Activity: "show", Member: "a1", Station: "HQ"})
			return entries
		},
	} {
		w := newWorld(t)
		w.publish(show(9, bind))
		ticket := w.granted("a1", "show", 2)
		w.giveUp("kiosk", ticket)
		entries := after(w)
		moved := op.Entry{}
		for _, e := range entries {
			if e.Kind == op.Moved {
				moved = e
			}
		}
		if moved.Ticket != ticket || moved.Station != "HQ" || moved.Epoch != 1 || moved.Word != op.MovedBack {
			t.Errorf("%s: %v, %+v", name, kinds(entries), moved)
		}
		if r, entries := w.redeem("kiosk", ticket); r.Verdict != fault.Valid || len(entries) != 1 {
			t.Errorf("%s: handed over then: %+v", name, r)
		}
		if got := w.pass("2026-03-01T09:00:00"); len(got) > 1 {
			t.Errorf("%s: later: %v", name, kinds(got))
		}
		w.check()
	}
}

// TestOwnOpIsTheWord: the authority's own op needs nobody else's.
func TestOwnOpIsTheWord(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9, bind))
	w.witness = w.seen("desk", "", "desk")
	ticket := w.granted("a1", "show", 2)
	if r, _ := w.send("kiosk", op.Op{Kind: op.Rebind, Activity: "show", Member: "a1", Station: "ST1"}); r.Outcome != op.OK || w.s.claims.of(ticket).Station != "ST1" {
		t.Errorf("moved: %+v", r)
	}
	ticket = w.granted("a2", "show", 1)
	if r, _ := w.send("kiosk", op.Op{Kind: op.Cancel, Activity: "show", Member: "a2"}); r.Outcome != op.OK || w.s.claims.of(ticket).State != op.ClaimCancelled {
		t.Errorf("cancelled: %+v", r)
	}
	w.check()
}

// TestOnlyWhatIsNeededIsRecalled: seats that nobody keeps go first.
func TestOnlyWhatIsNeededIsRecalled(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9, bind))
	one := w.granted("a1", "show", 1)
	w.enrol(op.Enrolment{Device: "other", Role: op.Kiosk, Station: "ST1"})
	r, _ := w.send("desk", op.Op{Kind: op.Claim, Member: "a1", Activity: "show", Seats: 2, Station: "ST1"})
	two := r.Ticket
	for name, c := range map[string]struct {
		op   op.Op
		want map[id.Device][]wire.Bound
	}{
		"one seat":    {op.Op{Kind: op.Cancel, Member: "a1", Seats: 1}, map[id.Device][]wire.Bound{"other": {{Ticket: two}}}},
		"all":         {op.Op{Kind: op.Cancel, Member: "a1"}, map[id.Device][]wire.Bound{"other": {{Ticket: two}}, "kiosk": {{Ticket: one}}}},
		"too many":    {op.Op{Kind: op.Cancel, Member: "a1", Seats: 4}, nil},
		"of an org":   {op.Op{Kind: op.Cancel, Org: "A", Seats: 2}, map[id.Device][]wire.Bound{"other": {{Ticket: two}}}},
		"moved there": {op.Op{Kind: op.Rebind, Member: "a1", Station: "ST1"}, map[id.Device][]wire.Bound{"kiosk": {{Ticket: one}}}},
		"to nowhere":  {op.Op{Kind: op.Rebind, Member: "a1", Station: "X"}, nil},
		"of nobody":   {op.Op{Kind: op.Cancel, Member: "zz"}, nil},
		"a claim":     {op.Op{Kind: op.Claim, Member: "a1"}, nil},
	} {
		c.op.Activity = "show"
		if got := w.kept("desk", c.op); len(got) != len(c.want) || len(got) > 0 && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := w.kept("phone", op.Op{Kind: op.Cancel, Activity: "show", Org: "A", Seats: 2}); len(got) != 0 {
		t.Errorf("a phone recalls other people's tickets: %v", got)
	}
}

const returns = `"unclaimed":"return","when_full":"waitlist","windows":{"pickup":["2026-03-01T00:00:00","2026-03-02T00:00:00"]}`

// TestBoundSeatReturnsByWord: the seat of a bound ticket that nobody collected goes
// to the next only once its station has said that it was not handed over.
func TestBoundSeatReturnsByWord(t *testing.T) {
	w := newWorld(t)
	w.publish(show(1, bind, returns))
	ticket := w.granted("a1", "show", 1)
	w.claim("a2", "show", 1)
	w.wantKinds(w.pass("2026-03-02T00:00:00"), "12 a1", "1")
	w.count("show", Counts{Total: 1, Granted: 1, Lapsed: 1, Waitlisted: 1})
	if got, want := w.s.Wanted(), map[id.Device][]wire.Bound{"kiosk": {{Ticket: ticket}}}; !reflect.DeepEqual(got, want) {
		t.Fatalf("wanted: %v", got)
	}
	r, entries := w.send("kiosk", op.Op{Kind: op.Release, Ticket: ticket})
	if r.Outcome != op.OK || len(w.s.Wanted()) != 0 {
		t.Errorf("%+v, wanted %v", r, w.s.Wanted())
	}
	w.wantKinds(entries, "26 a1", "12 a1")
	w.count("show", Counts{Total: 1, Free: 1, Waitlisted: 1})
	w.check()
}

// TestNobodyIsPromotedIntoThePast: once nothing can be collected any more, and no
// door is to come, a seat that comes free is nobody's.
func TestNobodyIsPromotedIntoThePast(t *testing.T) {
	const session = `{"id":"show","title":"演出","sessions":[{"id":"p","starts":"2026-03-02T14:00:00","ends":"2026-03-02T16:00:00","total":2}],` + returns + `}`
	for name, c := range map[string]struct {
		spec string
		at   string // when a seat is given back
		want Counts
	}{
		"in the window":         {show(2, returns), "2026-03-01T23:59:59", Counts{Total: 2, Granted: 2}},
		"after it":              {show(2, returns), "2026-03-02T00:00:00", Counts{Total: 2, Free: 2, Waitlisted: 1}},
		"after the day's hours": {show(2, returns, `"pickup_hours":["09:00","16:00"]`), "2026-03-01T16:00:00", Counts{Total: 2, Granted: 1, Free: 1, Waitlisted: 1}},
		"no window":             {show(2, `"when_full":"waitlist"`), "2027-03-01T16:00:00", Counts{Total: 2, Granted: 2}},
		"before the door shuts": {session, "2026-03-02T15:59:59", Counts{Total: 2, Free: 1, Granted: 1}},
	} {
		w := newWorld(t)
		w.publish(c.spec)
		w.granted("a1", "show", 1)
		w.granted("a2", "show", 1)
		w.claim("a3", "show", 1)
		w.pass(c.at)
		w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: "a1"})
		if got, _ := w.s.Count("show", ""); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
		w.check()
	}
	w := newWorld(t)
	w.publish(session)
	w.granted("a1", "show", 2)
	w.claim("a2", "show", 1)
	w.pass("2026-03-02T00:00:00")
	w.count("show", Counts{Total: 2, Free: 1, Granted: 1})
	w.claim("a3", "show", 2)
	w.pass("2026-03-02T16:00:00")
	w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: "a2"})
	w.count("show", Counts{Total: 2, Free: 2, Waitlisted: 2})
	w.check()
}

// TestHandOverBeforeTheLapseWins, reported after it.
func TestHandOverBeforeTheLapseWins(t *testing.T) {
	w := newWorld(t)
	w.publish(show(1, bind, returns))
	ticket := w.granted("a1", "show", 1)
	w.claim("a2", "show", 1)
	w.pass("2026-03-02T00:00:00")
	r, entries := w.redeem("kiosk", ticket)
	if r.Verdict != fault.Valid || len(entries) != 1 || len(w.s.Wanted()) != 0 {
		t.Errorf("%+v, %v, wanted %v", r, kinds(entries), w.s.Wanted())
	}
	w.count("show", Counts{Total: 1, Granted: 1, Redeemed: 1, Waitlisted: 1})
	w.check()
}

func TestSetAuthority(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9, bind, returns))
	ticket := w.granted("a1", "show", 1)
	w.enrol(op.Enrolment{Device: "second", Role: op.Kiosk, Station: "HQ"})
	set := op.Op{Kind: op.SetAuthority, Station: "HQ", Device: "second"}
	for name, o := range map[string]op.Op{"no station": {Station: "X", Device: "second"}, "no device": {Station: "HQ", Device: "X"}, "elsewhere": {Station: "ST1", Device: "second"},
		"a phone": {Station: "HQ", Device: "phone"}, "the other is in use": set} {
		o.Kind = op.SetAuthority
		if entries, err := w.run(o, op.Origin{}); err == nil || len(entries) != 0 {
			t.Errorf("%s: %v, %v", name, kinds(entries), err)
		}
	}
	w.console(op.Op{Kind: op.Revoke, Device: "kiosk"})
	if entries := w.console(set); len(entries) != 1 || !entries[0].Blocked || entries[0].Authority != "second" {
		t.Fatalf("set: %+v", entries)
	}
	if entries := w.console(set); len(entries) != 0 {
		t.Errorf("set twice: %v", kinds(entries))
	}
	later := w.granted("a2", "show", 1)
	if r, entries := w.redeem("second", later); r.Verdict != fault.Valid || len(entries) != 1 {
		t.Errorf("granted afterwards: %+v", r)
	}
	cancel := op.Op{Kind: op.Cancel, Activity: "show", Member: "a1"}
	if r, _ := w.send("desk", cancel); refused(r) != fault.HeldElsewhere || len(w.kept("desk", cancel)) != 0 {
		t.Errorf("a seat in doubt was given back: %+v", r)
	}
	r, entries := w.send("second", op.Op{Kind: op.Redeem, Ticket: ticket, Verdict: fault.Blocked, Override: true})
	if r.Verdict != fault.Valid {
		t.Errorf("overridden: %+v", r)
	}
	incidents(t, entries, op.OverrideUnentitled) // "second" is no supervisor's
	w.check()
}

// TestAuthorityGivenUpInOrder leaves nothing in doubt.
func TestAuthorityGivenUpInOrder(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9, bind))
	ticket := w.granted("a1", "show", 1)
	w.enrol(op.Enrolment{Device: "second", Role: op.Kiosk, Station: "HQ"})
	if r, _ := w.send("kiosk", op.Op{Kind: op.Release, Station: "HQ"}); r.Outcome != op.OK {
		t.Fatalf("%+v", r)
	}
	if entries := w.console(op.Op{Kind: op.SetAuthority, Station: "HQ", Device: "second"}); entries[0].Blocked {
		t.Error("tickets are in doubt")
	}
	if r, entries := w.redeem("second", ticket); r.Verdict != fault.Valid || len(entries) != 1 {
		t.Errorf("%+v, %v", r, kinds(entries))
	}
	w.check()
}
