package arbiter

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
)

func TestCancelByMember(t *testing.T) {
	bound := `"pickup":{"stations":["HQ","ST1"],"bind":true}` // HQ has a device that hands over, ST1 has none
	for _, c := range []struct {
		name, spec string
		before     func(w *world)
		device     id.Device
		op         op.Op
		code       fault.Code
		seats      int
		entries    []string // beside the result
		held       int      // seats of a1 afterwards
	}{
		{"all", show(9), func(w *world) { w.granted("a1", "show", 2) }, "desk", op.Op{Member: "a1"}, 0, 2, []string{"11 a1"}, 0},
		{"all of several claims", show(9), func(w *world) { w.granted("a1", "show", 2); w.granted("a1", "show", 1) }, "phone", op.Op{Member: "a1"}, 0, 3, []string{"11 a1", "11 a1"}, 0},
		{"a part", show(9), func(w *world) { w.granted("a1", "show", 3) }, "phone", op.Op{Member: "a1", Seats: 1}, 0, 1, []string{"11 a1"}, 2},
		{"the newest first, the last in part", show(9), func(w *world) { w.granted("a1", "show", 2); w.granted("a1", "show", 1) }, "desk", op.Op{Member: "a1", Seats: 2}, 0, 2, []string{"11 a1", "11 a1"}, 1},
		{"more than is held", show(9), func(w *world) { w.granted("a1", "show", 2) }, "desk", op.Op{Member: "a1", Seats: 3}, fault.Invalid, 0, nil, 2},
		{"more than there are numbers", show(9), func(w *world) { w.granted("a1", "show", 2) }, "desk", op.Op{Member: "a1", Seats: math.MaxInt}, fault.Invalid, 0, nil, 2},
		{"negative", show(9), func(w *world) { w.granted("a1", "show", 2) }, "desk", op.Op{Member: "a1", Seats: -1}, fault.Invalid, 0, nil, 2},
		{"nothing held", show(9), func(*world) {}, "desk", op.Op{Member: "a1"}, fault.Invalid, 0, nil, 0},
		{"given back already", show(9), func(w *world) {
			w.granted("a1", "show", 2)
			w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: "a1"})
		}, "desk", op.Op{Member: "a1"}, fault.Invalid, 0, nil, 0},
		{"redeemed", show(9), func(w *world) { w.redeem("kiosk", w.granted("a1", "show", 2)) }, "desk", op.Op{Member: "a1"}, fault.Invalid, 0, nil, 2},
		{"one redeemed, one not", show(9), func(w *world) { w.redeem("kiosk", w.granted("a1", "show", 2)); w.granted("a1", "show", 1) }, "desk", op.Op{Member: "a1"}, 0, 1, []string{"11 a1"}, 2},
		{"waiting", show(1, `"when_full":"waitlist"`), func(w *world) { w.claim("a1", "show", 2); w.claim("a2", "show", 1) }, "desk", op.Op{Member: "a1"}, 0, 2, []string{"11 a1"}, 0},
		{"waiting, until it fits", show(2, `"when_full":"waitlist"`), func(w *world) { w.claim("a1", "show", 3) }, "desk", op.Op{Member: "a1", Seats: 1}, 0, 1, []string{"11 a1", "10 a1"}, 2},
		{"granted and waiting: the newest first", show(2, `"when_full":"waitlist"`), func(w *world) { w.granted("a1", "show", 2); w.claim("a1", "show", 1) }, "desk", op.Op{Member: "a1", Seats: 2}, 0, 2, []string{"11 a1", "11 a1"}, 1},
		{"entered", show(9, `"method":"draw"`), func(w *world) { w.claim("a1", "show", 2) }, "desk", op.Op{Member: "a1", Seats: 1}, 0, 1, []string{"11 a1"}, 1},
		{"the next in line", show(2, `"when_full":"waitlist"`), func(w *world) {
			w.granted("a1", "show", 2)
			w.claim("a2", "show", 3)
			w.claim("a3", "show", 1)
			w.claim("a4", "show", 1)
		}, "desk", op.Op{Member: "a1"}, 0, 2, []string{"11 a1", "10 a3", "10 a4"}, 0},
		{"held elsewhere", show(9, bound), func(w *world) { w.granted("a1", "show", 2) }, "desk", op.Op{Member: "a1"}, fault.HeldElsewhere, 0, nil, 2},
		{"held elsewhere, more than is held", show(9, bound), func(w *world) { w.granted("a1", "show", 2) }, "desk", op.Op{Member: "a1", Seats: 3}, fault.Invalid, 0, nil, 2},
		{"one at a place without a device", show(9, bound), func(w *world) {
			w.granted("a1", "show", 2)
			w.send("desk", op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Seats: 1, Station: "ST1"})
		}, "desk", op.Op{Member: "a1"}, 0, 1, []string{"11 a1"}, 2},
		{"one elsewhere, both asked for", show(9, bound), func(w *world) {
			w.granted("a1", "show", 2)
			w.send("desk", op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Seats: 1, Station: "ST1"})
		}, "desk", op.Op{Member: "a1", Seats: 2}, fault.HeldElsewhere, 0, nil, 3},
		{"waiting claims are bound to nothing", show(1, bound, `"when_full":"waitlist"`), func(w *world) { w.claim("a1", "show", 2) }, "desk", op.Op{Member: "a1"}, 0, 2, []string{"11 a1"}, 0},
		{"of another", show(9), func(w *world) { w.granted("a2", "show", 2) }, "phone", op.Op{Member: "a2"}, fault.NotAuthorised, 0, nil, 0},
		{"outside the subtree", show(9), func(w *world) { w.granted("t1", "show", 2) }, "staff", op.Op{Member: "t1"}, fault.NotAuthorised, 0, nil, 0},
		{"unknown activity", show(9), func(*world) {}, "desk", op.Op{Member: "a1", Activity: "none"}, fault.UnknownActivity, 0, nil, 0},
		{"unknown member", show(9), func(*world) {}, "desk", op.Op{Member: "nobody"}, fault.UnknownMember, 0, nil, 0},
		{"unknown pool", show(9), func(w *world) { w.granted("a1", "show", 2) }, "desk", op.Op{Member: "a1", Pool: "q"}, fault.Invalid, 0, nil, 2},
		{"neither member nor organisation", show(9), func(*world) {}, "desk", op.Op{}, fault.Invalid, 0, nil, 0},
		{"member and organisation", show(9), func(w *world) { w.granted("a1", "show", 2) }, "desk", op.Op{Member: "a1", Org: "A", Seats: 1}, fault.Invalid, 0, nil, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.publish(c.spec)
			c.before(w)
			c.op.Kind = op.Cancel
			if c.op.Activity == "" {
				c.op.Activity = "show"
			}
			r, entries := w.send(c.device, c.op)
			if refused(r) != c.code || r.Seats != c.seats {
				t.Errorf("got %+v, want %v of %d seats", r, c.code, c.seats)
			}
			w.wantKinds(entries[:len(entries)-1], c.entries...)
			held := 0
			for _, n := range w.s.ticketOf("a1", w.s.activities["show"], -1) {
				held += n.Seats
			}
			if held != c.held {
				t.Errorf("a1 holds %d seats, want %d", held, c.held)
			}
			w.check()
		})
	}
}

func TestCancelInOneSession(t *testing.T) {
	w := newWorld(t)
	w.publish(`{"id":"show","title":"演出","sessions":[{"id":"s1","starts":"2026-03-02T09:00:00","ends":"2026-03-02T10:00:00","total":2},{"id":"s2","starts":"2026-03-03T09:00:00","ends":"2026-03-03T10:00:00","total":2}]}`)
	for _, pool := range []id.Pool{"s1", "s2"} {
		w.send("desk", op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Pool: pool, Seats: 2})
	}
	if r, _ := w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: "a1", Pool: "s1", Seats: 3}); refused(r) != fault.Invalid {
		t.Errorf("more than the session's seats: %+v", r)
	}
	if r, _ := w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: "a1", Pool: "s1"}); r.Seats != 2 {
		t.Errorf("all of one session: %+v", r)
	}
	if n, _ := w.s.Count("show", "s2"); n.Granted != 2 {
		t.Errorf("the other session has %+v", n)
	}
}

// TestFreedSeatGoesBackWhereItCameFrom fills a set-aside and the rest.
func TestFreedSeatGoesBackWhereItCameFrom(t *testing.T) {
	w := newWorld(t)
	w.publish(show(3, `"set_asides":[{"id":"f","count":1,"audience":"\"frontline\" in m.tags"}]`))
	w.granted("t1", "show", 2) // one of the set-aside, one of the rest
	w.granted("a1", "show", 1)
	w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: "t1", Seats: 1})
	w.granted("a2", "show", 1) // the rest ends first
	w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: "t1", Seats: 1})
	if r := w.claim("a3", "show", 1); refused(r) != fault.SoldOut {
		t.Errorf("a seat of the set-aside went to somebody else: %+v", r)
	}
	w.granted("t1", "show", 1)
	w.check()
}

func TestCancelByOrganisation(t *testing.T) {
	for _, c := range []struct {
		name   string
		bind   bool
		device id.Device
		org    id.Org
		seats  int
		code   fault.Code
		want   int
		gone   []string
	}{
		{"from the end, while whole tickets fit", false, "staff", "A", 4, 0, 3, []string{"a3", "a2"}},
		{"exactly", false, "staff", "A", 3, 0, 3, []string{"a3", "a2"}},
		{"everything", false, "staff", "A", 100, 0, 5, []string{"a3", "a2", "a1"}},
		{"of the subtree", false, "staff", "PARK", 2, 0, 2, []string{"b1"}},
		{"the last does not fit", false, "staff", "PARK", 1, fault.Invalid, 0, nil},
		{"no seats", false, "staff", "A", 0, fault.Invalid, 0, nil},
		{"negative", false, "staff", "A", -3, fault.Invalid, 0, nil},
		{"nothing held", false, "desk", "TOWN", 3, fault.Invalid, 0, nil},
		{"unknown organisation", false, "desk", "Z", 3, fault.Invalid, 0, nil},
		{"of another subtree", false, "staff", "TOWN", 3, fault.NotAuthorised, 0, nil},
		{"the whole union", false, "staff", "ROOT", 3, fault.NotAuthorised, 0, nil},
		{"by a kiosk", false, "kiosk", "A", 3, fault.NotAuthorised, 0, nil},
		{"by a phone", false, "phone", "A", 3, fault.NotAuthorised, 0, nil},
		{"what would go is not held elsewhere", true, "staff", "A", 3, 0, 3, []string{"a3", "a2"}},
		{"what would go is held elsewhere", true, "staff", "A", 5, fault.HeldElsewhere, 0, nil},
		{"none fits, whoever holds it", true, "staff", "PARK", 1, fault.Invalid, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.publish(show(9, fmt.Sprintf(`"pickup":{"stations":["ST1","HQ"],"bind":%v}`, c.bind)))
			w.send("desk", op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Seats: 2, Station: "HQ"})
			w.granted("a2", "show", 2)
			w.granted("a3", "show", 1)
			w.granted("b1", "show", 2)
			r, entries := w.send(c.device, op.Op{Kind: op.Cancel, Activity: "show", Org: c.org, Seats: c.seats})
			if refused(r) != c.code || r.Seats != c.want {
				t.Errorf("got %+v, want %v, %d seats", r, c.code, c.want)
			}
			var want []string
			for _, m := range c.gone {
				want = append(want, "11 "+m)
			}
			w.wantKinds(entries[:len(entries)-1], want...)
			w.check()
		})
	}
}

// TestCancelByOrganisationFollowsGrants holds that the end is the end of grants, not of claims.
func TestCancelByOrganisationFollowsGrants(t *testing.T) {
	w := newWorld(t)
	w.publish(show(3, `"when_full":"waitlist"`))
	w.granted("a1", "show", 1)
	w.granted("b1", "show", 1)
	w.claim("a2", "show", 2)
	w.granted("a3", "show", 1) // fits, while a2 waits
	w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: "b1"})
	w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: "a1"}) // a2 is promoted: the newest grant
	w.claim("b2", "show", 1)
	_, entries := w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Org: "A", Seats: 2})
	w.wantKinds(entries[:len(entries)-1], "11 a2", "10 b2")
}

// TestCancelByOrganisationStaysInOneBatch gives back at most maxLines tickets.
func TestCancelByOrganisationStaysInOneBatch(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9000))
	for range 3 {
		o := op.Op{Kind: op.GroupClaim, Activity: "show", Org: "A"}
		for range 1000 {
			o.Lines = append(o.Lines, op.Line{Member: "a1", Seats: 1})
		}
		w.send("desk", o)
	}
	r, entries := w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Org: "A", Seats: 3000})
	if r.Seats != maxLines || size(t, entries) > op.MaxBatch {
		t.Errorf("%d seats in %d bytes", r.Seats, size(t, entries))
	}
	if r, _ := w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Org: "A", Seats: 1000}); r.Seats != 1000 {
		t.Errorf("the rest: %+v", r)
	}
}

func TestRebind(t *testing.T) {
	for _, c := range []struct {
		name   string
		device id.Device
		op     op.Op
		code   fault.Code
		moved  int
	}{
		{"to a place with a device", "desk", op.Op{Member: "a2", Station: "HQ"}, 0, 1},
		{"where it is", "desk", op.Op{Member: "a2", Station: "ST1"}, 0, 0},
		{"where it is, held there", "desk", op.Op{Member: "a1", Station: "HQ"}, 0, 0},
		{"away from a device", "desk", op.Op{Member: "a1", Station: "ST1"}, fault.HeldElsewhere, 0},
		{"by its own phone", "phone", op.Op{Member: "a1", Station: "HQ"}, 0, 0},
		{"of another", "phone", op.Op{Member: "a2", Station: "HQ"}, fault.NotAuthorised, 0},
		{"of another, to nowhere", "phone", op.Op{Member: "a2", Station: "X"}, fault.Invalid, 0},
		{"outside the subtree", "staff", op.Op{Member: "t1", Station: "HQ"}, fault.NotAuthorised, 0},
		{"outside the subtree, with an organisation inside it", "staff", op.Op{Member: "t1", Org: "A", Station: "HQ"}, fault.NotAuthorised, 0},
		{"waiting", "desk", op.Op{Member: "a3", Station: "HQ"}, fault.Invalid, 0},
		{"nothing held", "desk", op.Op{Member: "a4", Station: "HQ"}, fault.Invalid, 0},
		{"no station", "desk", op.Op{Member: "a2"}, fault.Invalid, 0},
		{"unknown station", "desk", op.Op{Member: "a2", Station: "X"}, fault.Invalid, 0},
		{"no member", "desk", op.Op{Station: "HQ"}, fault.Invalid, 0},
		{"unknown member", "desk", op.Op{Member: "nobody", Station: "HQ"}, fault.UnknownMember, 0},
		{"unknown activity", "desk", op.Op{Member: "a2", Station: "HQ", Activity: "none"}, fault.UnknownActivity, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.publish(show(4, `"pickup":{"stations":["ST1","HQ"],"bind":true}`, `"when_full":"waitlist"`))
			w.send("desk", op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Seats: 1, Station: "HQ"})
			w.granted("a2", "show", 1)
			w.granted("t1", "show", 2)
			w.claim("a3", "show", 1)
			c.op.Kind = op.Rebind
			if c.op.Activity == "" {
				c.op.Activity = "show"
			}
			r, entries := w.send(c.device, c.op)
			if refused(r) != c.code || len(entries) != c.moved+1 {
				t.Fatalf("got %+v in %d entries, want %v and %d moves", r, len(entries), c.code, c.moved)
			}
			if c.moved > 0 {
				v := w.s.claims.of(entries[0].Ticket)
				if v.Station != c.op.Station || v.Epoch != 1 || entries[0].Epoch != 1 {
					t.Errorf("the ticket is at %s with epoch %d", v.Station, v.Epoch)
				}
			}
			w.check()
		})
	}
}

// TestMay holds who may ask for whom.
func TestMay(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9, `"pickup":{"stations":["ST1","HQ"]}`))
	w.enrol(op.Enrolment{Device: "hub", Role: op.Hub, Station: "ST1"})
	ticket := w.granted("a1", "show", 1)
	ops := map[string]op.Op{
		"claim own": {Kind: op.Claim, Member: "a1"}, "claim other": {Kind: op.Claim, Member: "a2"}, "claim outside": {Kind: op.Claim, Member: "t1"},
		"claim own, org named": {Kind: op.Claim, Member: "a1", Org: "A"}, "claim outside, org inside named": {Kind: op.Claim, Member: "t1", Org: "A"},
		"cancel own": {Kind: op.Cancel, Member: "a1"}, "cancel outside": {Kind: op.Cancel, Member: "t1"}, "cancel org": {Kind: op.Cancel, Org: "A"}, "cancel org outside": {Kind: op.Cancel, Org: "TOWN"},
		"rebind own": {Kind: op.Rebind, Member: "a1"}, "rebind outside": {Kind: op.Rebind, Member: "t1"},
		"group": {Kind: op.GroupClaim, Org: "A"}, "group outside": {Kind: op.GroupClaim, Org: "TOWN"}, "group above": {Kind: op.GroupClaim, Org: "ROOT"},
		"redeem": {Kind: op.Redeem, Ticket: ticket}, "check in": {Kind: op.CheckIn, Ticket: ticket},
		"put people": {Kind: op.PutPeople}, "draw": {Kind: op.Draw}, "tick": {Kind: op.Tick}, "publish": {Kind: op.Publish},
	}
	all := []string{"claim own", "claim other", "claim outside", "cancel own", "cancel outside", "rebind own", "rebind outside", "redeem", "check in"}
	for device, allowed := range map[id.Device][]string{
		"phone": {"claim own", "cancel own", "rebind own"},
		"kiosk": {"redeem", "check in"}, // nobody vouches
		"staff": {"claim own", "claim other", "claim own, org named", "cancel own", "cancel org", "rebind own", "group", "redeem", "check in"},
		"desk":  append([]string{"claim own, org named", "claim outside, org inside named", "cancel org", "cancel org outside", "group", "group outside", "group above"}, all...),
		"hub":   append([]string{"claim own, org named", "claim outside, org inside named", "cancel org", "cancel org outside", "group", "group outside", "group above"}, all...),
		"":      nil, // the console: below
		"ghost": {},
	} {
		for name, o := range ops {
			want := device == "" || strings.Contains("|"+strings.Join(allowed, "|")+"|", "|"+name+"|")
			if got := w.s.may(op.Origin{Device: device}, &o); got != want {
				t.Errorf("%q may %s: %v", device, name, got)
			}
		}
	}
}

// TestServerOpsFromDevices sends every op that only the console may send.
func TestServerOpsFromDevices(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9, `"method":"draw"`))
	w.claim("a1", "show", 1)
	before, _, _ := w.s.Gauge("show")
	for kind := range 256 {
		o := op.Op{Kind: op.Kind(kind), Activity: "show", Spec: []byte(show(1)), Seed: "x", Device: "kiosk",
			People: []member.Person{{ID: "evil", Org: "A"}}, Enrolment: &op.Enrolment{CodeHash: []byte("x"), Device: "evil", Role: op.Staff, PublicKey: []byte("k")}}
		if o.Kind.FromDevice() {
			continue
		}
		if r, entries := w.send("desk", o); refused(r) != fault.Invalid || len(entries) != 1 || entries[0].Kind != op.Done {
			t.Errorf("kind %d: %+v, %q", kind, r, kinds(entries))
		}
	}
	after, _, _ := w.s.Gauge("show")
	if _, ok := w.s.Person("evil"); ok || before["p"] != after["p"] || w.s.activities["show"].drawn {
		t.Error("a device changed the records")
	}
	w.check()
}

// TestLongWords keeps what a device types out of the journal where it is too long.
func TestLongWords(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9))
	long := strings.Repeat("长", 5000)
	_, entries := w.send("desk", op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Seats: 1, EnteredBy: long})
	if entries[0].Outcome != op.Granted || entries[0].By != strings.Repeat("长", 21) {
		t.Errorf("by %q", entries[0].By)
	}
	_, entries = w.send("kiosk", op.Op{Kind: op.Redeem, Ticket: entries[0].Ticket + 99, Verdict: fault.BadSignature, Scanned: long, Reason: long, Station: id.Station(long), Activity: id.Activity(long)})
	if e := entries[0]; e.Kind != op.Scanned || len(e.Word) > 64 || e.Station != "" || e.Activity != "" {
		t.Errorf("scan %+v", e)
	}
	for _, o := range []op.Op{{Kind: op.Cancel, Member: id.Member(long)}, {Kind: op.Rebind, Member: "a1", Station: id.Station(long)}, {Kind: op.GroupClaim, Org: id.Org(long), Lines: []op.Line{{Member: "a1", Seats: 1}}}, {Kind: op.Claim, Activity: id.Activity(long), Member: "a1", Seats: 1}} {
		if r, entries := w.send("desk", o); refused(r) != fault.Invalid || size(t, entries) > 200 {
			t.Errorf("kind %d: %+v in %d bytes", o.Kind, r, size(t, entries))
		}
	}
	w.check()
}
