package arbiter

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/jsoncheck"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/station"
)

func TestPublish(t *testing.T) {
	w := newWorld(t)
	first := w.publish(show(3))
	if e := first[0]; e.Kind != op.Published || e.Revision != 1 || e.Number != 1 || e.Activity != "show" {
		t.Errorf("first: %+v", e)
	}
	if again := w.publish(" " + strings.ReplaceAll(show(3), ",", " ,\n ")); len(again) != 0 {
		t.Errorf("the same activity in other words made %q", kinds(again))
	}
	w.granted("a1", "show", 2)
	if e := w.publish(show(2))[0]; e.Revision != 2 || e.Number != 1 {
		t.Errorf("revision: %+v", e)
	}
	if e := w.publish(strings.Replace(show(2), `"show"`, `"other"`, 1))[0]; e.Revision != 1 || e.Number != 2 {
		t.Errorf("second activity: %+v", e)
	}
	w.count("show", Counts{Total: 2, Granted: 2})
	w.check()
}

// TestPublishRefused holds that a mistake is named with its path and nothing is decided.
func TestPublishRefused(t *testing.T) {
	sessions := func(first, second string, total int) string {
		s := fmt.Sprintf(`{"id":"show","title":"演出","sessions":[{"id":%q,"starts":"2026-03-02T09:00:00","ends":"2026-03-02T10:00:00","total":%d}`, first, total)
		if second != "" {
			s += fmt.Sprintf(`,{"id":%q,"starts":"2026-03-03T09:00:00","ends":"2026-03-03T10:00:00","total":9}`, second)
		}
		return s + "]}"
	}
	asides := func(ids ...string) string {
		var list []string
		for _, s := range ids {
			list = append(list, fmt.Sprintf(`{"id":%q,"count":2,"audience":"m.sex == \"M\""}`, s))
		}
		return `"set_asides":[` + strings.Join(list, ",") + "]"
	}
	for _, c := range []struct {
		name, old  string
		before     func(*world)
		next       string
		path, what string
	}{
		{"not JSON", "", nil, `{"id":`, "", "ends too early"},
		{"nothing", "", nil, ``, "", "ends too early"},
		{"a mistake", "", nil, show(0), "pools[0].total", "from 1 to"},
		{"a rule that does not compile", "", nil, show(9, `"audience":"m.x"`), "audience", "rule"},
		{"a station that is not imported", "", nil, show(9, `"pickup":{"stations":["HQ","X"]}`), "pickup.stations[1]", `no station "X"`},
		{"larger than a batch may hold", "", nil, show(9, `"audience":"true","audience_why":"`+strings.Repeat("<", maxSpec/6)+`"`), "", "bytes"},
		{"fewer seats than are held", show(3), func(w *world) { w.granted("a1", "show", 3) }, show(2), "pools[0]", "2 seats would be left where 3 are held"},
		{"fewer seats than are held, of a session", sessions("s1", "s2", 3), func(w *world) {
			w.send("desk", op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Pool: "s1", Seats: 3})
		}, sessions("s1", "s2", 2), "sessions[0]", "2 seats would be left where 3 are held"},
		{"fewer seats in a set-aside than are held", show(9, asides("f")), func(w *world) { w.granted("t1", "show", 2) }, show(9, strings.Replace(asides("f"), `"count":2`, `"count":1`, 1)), "pools[0]", "1 seats would be left where 2 are held"},
		{"a set-aside ends while seats of it are held", show(9, asides("f")), func(w *world) { w.granted("t1", "show", 2) }, show(9), "pools[0]", "0 seats would be left where 2 are held"},
		{"seats set aside that the rest has given out", show(3), func(w *world) { w.granted("a1", "show", 3) }, show(4, asides("f")), "pools[0]", "2 seats would be left where 3 are held"},
		{"sessions in another order", sessions("s1", "s2", 3), nil, sessions("s2", "s1", 3), "sessions[0]", "keep their order"},
		{"a session removed", sessions("s1", "s2", 3), nil, sessions("s1", "", 3), "sessions[1]", "keep their order"},
		{"a pool renamed", show(3), nil, strings.Replace(show(3), `"p"`, `"q"`, 1), "pools[0]", `was "p"`},
		{"set-asides in another order", show(9, asides("f", "g")), nil, show(9, asides("g", "f")), "set_asides[0]", `was "f"`},
		{"a set-aside removed in front of another", show(9, asides("f", "g")), nil, show(9, asides("g")), "set_asides[0]", `was "f"`},
		{"another method while people have entered", show(9, `"method":"draw"`), func(w *world) { w.claim("a1", "show", 1) }, show(9), "method", "1 members have entered"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if c.old != "" {
				w.publish(c.old)
			}
			if c.before != nil {
				c.before(w)
			}
			digest := w.s.Digest()
			_, err := w.run(op.Op{Kind: op.Publish, Spec: []byte(c.next)}, op.Origin{})
			var ps jsoncheck.Problems
			if !errors.As(err, &ps) || !slices.ContainsFunc(ps, func(p jsoncheck.Problem) bool { return p.Path == c.path && strings.Contains(p.What, c.what) }) {
				t.Errorf("got %v, want %s: …%s…", err, c.path, c.what)
			}
			if w.s.Digest() != digest {
				t.Error("something was changed")
			}
		})
	}
}

// TestRevisionChangesTheRules follows one activity through its revisions.
func TestRevisionChangesTheRules(t *testing.T) {
	w := newWorld(t)
	lists := `"when_full":"waitlist"`
	w.publish(show(2, lists))
	w.granted("a1", "show", 2)
	w.claim("a2", "show", 2)
	w.claim("a3", "show", 1)
	w.wantKinds(w.publish(show(3, lists)), "5", "10 a3") // a2 waits whole
	w.wantKinds(w.publish(show(6, lists, `"guests":{"percent":50,"audience":"m.org == \"A\""}`)), "5", "10 a2")
	w.claim("t1", "show", 5)
	w.wantKinds(w.publish(show(9, lists, `"guests":{"percent":10,"audience":"m.org == \"A\""}`)), "5")
	if r := w.claim("a4", "show", 1); r.Outcome != op.Waitlisted {
		t.Errorf("over a share that was lowered below what is held: %+v", r)
	}
	if r := w.claim("b1", "show", 1); r.Outcome != op.Granted {
		t.Errorf("not a guest: %+v", r)
	}
	w.publish(show(9, lists, `"limits":[{"per":"member","series":"x","max":1}]`))
	if r := w.claim("b1", "show", 1); refused(r) != fault.SeriesCap {
		t.Errorf("seats from before the series count: %+v", r)
	}
	w.publish(strings.Replace(show(9, `"limits":[{"per":"member","series":"x","max":1}]`), `"show"`, `"other"`, 1))
	if r := w.claim("b1", "other", 1); refused(r) != fault.SeriesCap {
		t.Errorf("in another activity of the series: %+v", r)
	}
	w.publish(show(9, lists))
	if r := w.claim("b1", "other", 1); r.Outcome != op.Granted {
		t.Errorf("after the first left the series: %+v", r)
	}
	w.check()
}

func TestRevisionOfADrawnActivity(t *testing.T) {
	w := newWorld(t)
	w.publish(show(3, `"method":"draw"`))
	w.claim("a1", "show", 1)
	w.console(op.Op{Kind: op.Draw, Activity: "show", Seed: "1"})
	if r := w.claim("a2", "show", 1); refused(r) != fault.WindowClosed {
		t.Errorf("after the draw: %+v", r)
	}
	w.publish(show(3)) // what is left is open to all
	w.granted("a2", "show", 1)
	w.check()
}

func TestPut(t *testing.T) {
	person := func(name string, change ...func(*member.Person)) member.Person {
		p := member.Person{ID: id.Member(name), Org: "A", Sex: "F", Birth: "1990-01-01"}
		for _, c := range change {
			c(&p)
		}
		return p
	}
	deep := func(n int) (orgs []member.Org) {
		for i := range n {
			orgs = append(orgs, member.Org{ID: id.Org(fmt.Sprint("d", i)), Parent: id.Org(fmt.Sprint("d", i+1))})
		}
		orgs[n-1].Parent = ""
		return orgs
	}
	ring := func(n int) []member.Org {
		orgs := deep(n)
		orgs[n-1].Parent = "d0"
		return orgs
	}
	place := station.Station{ID: "S", Name: "新站", Lat: 31, Lon: 121, Datum: "WGS84"}
	at := func(lat, lon float64) station.Station { s := place; s.Lat, s.Lon = lat, lon; return s }
	for _, c := range []struct {
		name  string
		op    op.Op
		wrong string // empty if it is right
		n     int    // records changed
	}{
		{"no people", op.Op{Kind: op.PutPeople}, "", 0},
		{"known already", op.Op{Kind: op.PutPeople, People: []member.Person{person("a1"), person("a2")}}, "", 0},
		{"one is new, one changed", op.Op{Kind: op.PutPeople, People: []member.Person{person("a1"), person("n1"), person("a2", func(p *member.Person) { p.Barred = true })}}, "", 2},
		{"a new digest", op.Op{Kind: op.PutPeople, People: []member.Person{person("a1", func(p *member.Person) { p.Digest = []byte{1} })}}, "", 1},
		{"twice", op.Op{Kind: op.PutPeople, People: []member.Person{person("n1"), person("n1")}}, "member n1 stands twice", 0},
		{"no id", op.Op{Kind: op.PutPeople, People: []member.Person{person("")}}, "identifier is empty", 0},
		{"id with a slash", op.Op{Kind: op.PutPeople, People: []member.Person{person("a/b")}}, "holds '/'", 0},
		{"no organisation", op.Op{Kind: op.PutPeople, People: []member.Person{person("n1", func(p *member.Person) { p.Org = "" })}}, `organisation ""`, 0},
		{"unknown organisation", op.Op{Kind: op.PutPeople, People: []member.Person{person("n1"), person("n2", func(p *member.Person) { p.Org = "Z" })}}, `organisation "Z"`, 0},
		{"not UTF-8", op.Op{Kind: op.PutPeople, People: []member.Person{person("n1", func(p *member.Person) { p.Tags = []string{"\xff"} })}}, "UTF-8", 0},
		{"too much at once", op.Op{Kind: op.PutPeople, People: []member.Person{person("n1", func(p *member.Person) { p.Sealed = make([]byte, op.MaxBatch) })}}, "divide it", 0},
		{"no organisations", op.Op{Kind: op.PutOrgs}, "", 0},
		{"organisations known already", op.Op{Kind: op.PutOrgs, Orgs: []member.Org{{ID: "A", Parent: "PARK"}}}, "", 0},
		{"moved", op.Op{Kind: op.PutOrgs, Orgs: []member.Org{{ID: "A", Parent: "TOWN"}}}, "", 1},
		{"its own parent", op.Op{Kind: op.PutOrgs, Orgs: []member.Org{{ID: "N", Parent: "N"}}}, "above itself", 0},
		{"under its own child", op.Op{Kind: op.PutOrgs, Orgs: []member.Org{{ID: "ROOT", Parent: "A"}}}, "above itself", 0},
		{"a ring of new ones", op.Op{Kind: op.PutOrgs, Orgs: ring(2)}, "above itself", 0},
		{"a ring longer than a tree is deep", op.Op{Kind: op.PutOrgs, Orgs: ring(40)}, "above itself", 0},
		{"a ring of an old one and a new one", op.Op{Kind: op.PutOrgs, Orgs: []member.Org{{ID: "N", Parent: "A"}, {ID: "PARK", Parent: "N"}}}, "above itself", 0},
		{"turned round without a ring", op.Op{Kind: op.PutOrgs, Orgs: []member.Org{{ID: "ROOT", Parent: "PARK"}, {ID: "PARK"}}}, "", 2},
		{"32 levels", op.Op{Kind: op.PutOrgs, Orgs: deep(32)}, "", 32},
		{"33 levels", op.Op{Kind: op.PutOrgs, Orgs: deep(33)}, "more than 32 levels deep", 0},
		{"organisation twice", op.Op{Kind: op.PutOrgs, Orgs: []member.Org{{ID: "N"}, {ID: "N", Name: "x"}}}, "organisation N stands twice", 0},
		{"organisation without id", op.Op{Kind: op.PutOrgs, Orgs: []member.Org{{Name: "x"}}}, "identifier is empty", 0},
		{"station", op.Op{Kind: op.PutStations, Stations: []station.Station{place}}, "", 1},
		{"station twice", op.Op{Kind: op.PutStations, Stations: []station.Station{place, place}}, "station S stands twice", 0},
		{"station without id", op.Op{Kind: op.PutStations, Stations: []station.Station{{Name: "x"}}}, "identifier is empty", 0},
		{"station nowhere", op.Op{Kind: op.PutStations, Stations: []station.Station{at(math.NaN(), 0)}}, "no place", 0},
		{"station without end", op.Op{Kind: op.PutStations, Stations: []station.Station{at(0, math.Inf(1))}}, "no place", 0},
		{"station beyond the pole", op.Op{Kind: op.PutStations, Stations: []station.Station{at(-91, 0)}}, "no place", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			entries, err := w.run(c.op, op.Origin{})
			var r Refusal
			switch {
			case c.wrong == "" && err != nil:
				t.Fatal(err)
			case c.wrong != "" && (!errors.As(err, &r) || !strings.Contains(err.Error(), c.wrong)):
				t.Fatalf("got %v, want a refusal with %q", err, c.wrong)
			}
			n := 0
			for _, e := range entries {
				n += len(e.People) + len(e.Orgs) + len(e.Stations)
			}
			if n != c.n {
				t.Errorf("%d records changed, want %d", n, c.n)
			}
			if again, err := w.run(c.op, op.Origin{}); c.wrong == "" && (err != nil || len(again) != 0) {
				t.Errorf("the same again made %q, %v", kinds(again), err)
			}
			w.check()
		})
	}
}

func TestStationKeepsItsNumberAndAuthority(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9, `"pickup":{"stations":["HQ","ST1"],"bind":true}`))
	w.console(op.Op{Kind: op.PutStations, Stations: []station.Station{{ID: "HQ", Name: "新总部", Lat: 31, Lon: 121}}})
	if _, _, number, ok := w.s.Numbers("show", "p", "HQ"); !ok || number != 1 || w.s.stations["HQ"].authority != "kiosk" || w.s.stations["HQ"].Name != "新总部" {
		t.Errorf("number %d, %+v", number, w.s.stations["HQ"])
	}
	if _, _, number, _ := w.s.Numbers("show", "p", "ST1"); number != 2 {
		t.Errorf("the second station has number %d", number)
	}
	if _, _, _, ok := w.s.Numbers("none", "p", "HQ"); ok {
		t.Error("numbers of an unknown activity")
	}
	w.check()
}

func TestEnrolment(t *testing.T) {
	hash := []byte("hash")
	offer := func(e op.Enrolment) op.Op {
		if e.CodeHash == nil {
			e.CodeHash = hash
		}
		return op.Op{Kind: op.Offer, Enrolment: &e}
	}
	use := func(key string) op.Op {
		return op.Op{Kind: op.Enrol, Enrolment: &op.Enrolment{CodeHash: hash, PublicKey: []byte(key)}}
	}
	for _, c := range []struct {
		name  string
		steps []op.Op
		want  string // of the last step: "", a fault, or words of a refusal
		kinds []string
	}{
		{"a phone", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Phone, Member: "a2"}), use("k")}, "", []string{"7"}},
		{"staff of everything", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff}), use("k")}, "", []string{"7"}},
		{"twice with the same key", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff}), use("k"), use("k")}, "", nil},
		{"twice with another key", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff}), use("k"), use("l")}, "code_used", nil},
		{"never offered", []op.Op{use("k")}, "code_unknown", nil},
		{"without a key", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff}), use("")}, "names no key", nil},
		{"without anything", []op.Op{{Kind: op.Enrol}}, "names no key", nil},
		{"expired", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff, Expires: at(t, start)}), use("k")}, "code_unknown", nil},
		{"at the last moment", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff, Expires: at(t, start) + 1}), use("k")}, "", []string{"7"}},
		{"the same key after it was revoked", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff}), use("k"), {Kind: op.Revoke, Device: "n"}, use("k")}, "code_used", nil},
		{"a new phone ends the old", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Phone, Member: "a1"}), use("k")}, "", []string{"8", "7"}},
		{"offer nothing", []op.Op{{Kind: op.Offer}}, "names no code and device", nil},
		{"offer without code", []op.Op{{Kind: op.Offer, Enrolment: &op.Enrolment{Device: "n", Role: op.Staff}}}, "names no code and device", nil},
		{"offer without device", []op.Op{offer(op.Enrolment{Role: op.Staff})}, "names no code and device", nil},
		{"offer for a device id that is none", []op.Op{offer(op.Enrolment{Role: op.Staff, Device: "a b"})}, "holds ' '", nil},
		{"offer for a device that exists", []op.Op{offer(op.Enrolment{Device: "kiosk", Role: op.Staff})}, "exists already", nil},
		{"offer one code twice", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff}), offer(op.Enrolment{Device: "m", Role: op.Staff})}, "offered before", nil},
		{"offer a used code", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff}), use("k"), offer(op.Enrolment{Device: "m", Role: op.Staff})}, "offered before", nil},
		{"a phone of nobody", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Phone, Member: "nobody"})}, `no member "nobody"`, nil},
		{"a kiosk nowhere", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Kiosk})}, `no station ""`, nil},
		{"a hub nowhere", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Hub, Station: "X"})}, `no station "X"`, nil},
		{"staff nowhere", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff, Station: "X"})}, `no station "X"`, nil},
		{"staff of nothing", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff, Org: "Z"})}, `no organisation "Z"`, nil},
		{"no role", []op.Op{offer(op.Enrolment{Device: "n"})}, `role ""`, nil},
		{"revoke nobody", []op.Op{{Kind: op.Revoke, Device: "n"}}, `no device "n"`, nil},
		{"revoke", []op.Op{{Kind: op.Revoke, Device: "kiosk"}}, "", []string{"8"}},
		{"revoke twice", []op.Op{{Kind: op.Revoke, Device: "kiosk"}, {Kind: op.Revoke, Device: "kiosk"}}, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			for _, o := range c.steps[:len(c.steps)-1] {
				w.console(o)
			}
			entries, err := w.run(c.steps[len(c.steps)-1], op.Origin{})
			if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			w.wantKinds(entries, c.kinds...)
			w.check()
		})
	}
}

// TestOfferKeepsNothingOfTheCaller changes the op after it was decided.
func TestOfferKeepsNothingOfTheCaller(t *testing.T) {
	w := newWorld(t)
	e := &op.Enrolment{CodeHash: []byte("h"), Device: "n", Role: op.Staff, PublicKey: []byte("too early")}
	w.console(op.Op{Kind: op.Offer, Enrolment: e})
	e.Device, e.Role = "evil", op.Kiosk
	w.console(op.Op{Kind: op.Enrol, Enrolment: &op.Enrolment{CodeHash: []byte("h"), PublicKey: []byte("k")}})
	if d, ok := w.s.DeviceOfCode([]byte("h")); !ok || d != "n" {
		t.Errorf("the code is of %q", d)
	}
	if d, ok := w.s.Device("n"); !ok || d.Role != op.Staff || string(d.PublicKey) != "k" {
		t.Errorf("got %+v", d)
	}
	w.check()
}

func TestReplacedPhoneIsGone(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9))
	first := op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Seats: 1}
	w.send("phone", first)
	w.enrol(op.Enrolment{Device: "phone2", Role: op.Phone, Member: "a1"})
	if standing, _ := w.s.Admit(w.origin("phone", first)); standing != GoneOp {
		t.Errorf("the old phone has standing %d", standing)
	}
	if d, _ := w.s.Device("phone"); d.Gone != "replaced" {
		t.Errorf("the old phone is %q", d.Gone)
	}
	if r, _ := w.send("phone2", first); r.Outcome != op.Granted {
		t.Errorf("the new phone: %+v", r)
	}
	w.enrol(op.Enrolment{Device: "other", Role: op.Phone, Member: "a2"})
	if d, _ := w.s.Device("phone2"); d.Gone != "" {
		t.Error("another member's phone ended this one")
	}
	w.console(op.Op{Kind: op.Revoke, Device: "phone2"})
	w.enrol(op.Enrolment{Device: "phone3", Role: op.Phone, Member: "a1"})
	w.check()
}

// TestAuthorityStays holds that the first device of a station keeps it, even when it is gone.
func TestAuthorityStays(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9, `"pickup":{"stations":["HQ"],"bind":true}`))
	w.granted("a1", "show", 1)
	w.console(op.Op{Kind: op.Revoke, Device: "kiosk"})
	w.enrol(op.Enrolment{Device: "second", Role: op.Kiosk, Station: "HQ"})
	if got := w.s.stations["HQ"].authority; got != "kiosk" {
		t.Errorf("the authority is %q", got)
	}
	if r, _ := w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: "a1"}); refused(r) != fault.HeldElsewhere {
		t.Errorf("got %+v", r)
	}
}

func TestAdmit(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9))
	claim := op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Seats: 1}
	var sent []op.Origin
	var results []op.Result
	for range 3 {
		sent = append(sent, op.Origin{Device: "phone", Seq: w.chain("phone").seq + 1, Previous: w.chain("phone").hash})
		r, _ := w.send("phone", claim)
		sent[len(sent)-1].Hash = w.chain("phone").hash
		results = append(results, r)
	}
	end := w.chain("phone")
	next := op.Origin{Device: "phone", Seq: 4, Previous: end.hash, Hash: op.Hash{1}}
	change := func(o op.Origin, f func(*op.Origin)) op.Origin { f(&o); return o }
	for _, c := range []struct {
		name string
		from op.Origin
		want Standing
	}{
		{"next", next, NextOp},
		{"the last again", sent[2], KnownOp},
		{"the first again", sent[0], KnownOp},
		{"number 0", change(next, func(o *op.Origin) { o.Seq = 0 }), GapOp},
		{"one skipped", change(next, func(o *op.Origin) { o.Seq = 5 }), GapOp},
		{"many skipped", change(next, func(o *op.Origin) { o.Seq = math.MaxUint64 }), GapOp},
		{"next over another history", change(next, func(o *op.Origin) { o.Previous = op.Hash{9} }), ForkedOp},
		{"the last with another hash", change(sent[2], func(o *op.Origin) { o.Hash = op.Hash{9} }), ForkedOp},
		{"the first with another hash", change(sent[0], func(o *op.Origin) { o.Hash = op.Hash{9} }), ForkedOp},
		{"nobody's device", change(next, func(o *op.Origin) { o.Device = "ghost" }), Stranger},
		{"the console", op.Origin{}, Refusable},
	} {
		standing, known := w.s.Admit(c.from)
		if standing != c.want {
			t.Errorf("%s: standing %d, want %d", c.name, standing, c.want)
		}
		if standing == KnownOp && fmt.Sprint(known) != fmt.Sprint(results[c.from.Seq-1]) {
			t.Errorf("%s: result %+v, want %+v", c.name, known, results[c.from.Seq-1])
		}
	}
	entries, err := w.s.Quarantine("phone", "forked", w.now)
	if err != nil || !slices.Equal(kinds(entries), []string{"8", "18 forked"}) {
		t.Fatalf("quarantine: %q, %v", kinds(entries), err)
	}
	w.journal = append(w.journal, entries...)
	if standing, _ := w.s.Admit(next); standing != GoneOp {
		t.Errorf("after the quarantine: standing %d", standing)
	}
	w.check()
	if _, err := w.s.Quarantine("ghost", "forked", w.now); !errors.Is(err, ErrBroken) {
		t.Errorf("quarantine of nobody: %v", err)
	}
}

func (w *world) chain(d id.Device) chain {
	if w.devices[d] == nil {
		return chain{}
	}
	return *w.devices[d]
}

// TestOldResultsLeaveMemory keeps what one device costs bounded.
func TestOldResultsLeaveMemory(t *testing.T) {
	w := newWorld(t)
	var first op.Origin
	for i := range 2*keptResults + 1 {
		o := op.Op{Kind: op.Claim, Activity: "none", Member: "a1", Seats: 1}
		from := w.origin("phone", o)
		if i == 0 {
			first = from
		}
		if _, err := w.run(o, from); err != nil {
			t.Fatal(err)
		}
	}
	d := w.s.devices["phone"]
	if len(d.results) > 2*keptResults || d.first+uint64(len(d.results))-1 != d.last {
		t.Errorf("%d results from %d, last op %d", len(d.results), d.first, d.last)
	}
	if standing, _ := w.s.Admit(first); standing != OldOp {
		t.Errorf("the first op has standing %d", standing)
	}
	if standing, _ := w.s.Admit(op.Origin{Device: "phone", Seq: d.first, Hash: d.results[0].hash}); standing != KnownOp {
		t.Errorf("the oldest kept op has standing %d", standing)
	}
	w.check()
}

func TestReads(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9, `"audience":"under(m, \"PARK\") || under(m, \"NOWHERE\")"`, `"guests":{"percent":10,"audience":"under(m, \"NOWHERE\") || under(m, \"LOST\")"}`, `"when_full":"waitlist"`))
	if got := w.s.Strangers("show"); !slices.Equal(got, []id.Org{"NOWHERE", "LOST"}) {
		t.Errorf("strangers %q", got)
	}
	if w.s.Strangers("none") != nil {
		t.Error("strangers of an unknown activity")
	}
	w.granted("a1", "show", 8)
	w.claim("a2", "show", 2)
	free, waiting, ok := w.s.Gauge("show")
	if !ok || free["p"] != 1 || waiting["p"] != 1 {
		t.Errorf("gauge %v %v %v", free, waiting, ok)
	}
	if _, _, ok := w.s.Gauge("none"); ok {
		t.Error("gauge of an unknown activity")
	}
	if _, ok := w.s.Count("show", "q"); ok {
		t.Error("count of an unknown pool")
	}
	if _, ok := w.s.Count("none", ""); ok {
		t.Error("count of an unknown activity")
	}
	var people []id.Member
	w.s.People(func(p member.Person) { people = append(people, p.ID) })
	var orgs []id.Org
	w.s.Orgs(func(o member.Org) { orgs = append(orgs, o.ID) })
	n, devices := w.s.Sizes()
	if len(people) != 10 || !slices.IsSorted(people) || len(orgs) != 5 || !slices.IsSorted(orgs) || n != 10 || devices != 4 {
		t.Errorf("%q %q %d %d", people, orgs, n, devices)
	}
	if _, ok := w.s.Org("A"); !ok {
		t.Error("an organisation is lost")
	}
	if _, ok := w.s.Org("Z"); ok {
		t.Error("an organisation from nowhere")
	}
	if _, ok := w.s.Device("ghost"); ok {
		t.Error("a device from nowhere")
	}
	if _, ok := w.s.DeviceOfCode([]byte("x")); ok {
		t.Error("a code from nowhere")
	}
}

// TestApplyRefuses holds that a journal which does not fit stops the server.
func TestApplyRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		entry op.Entry
	}{
		{"unknown kind", op.Entry{Kind: 200}},
		{"no kind", op.Entry{}},
		{"kind after the last", op.Entry{Kind: op.Done + 1}},
		{"time falls", op.Entry{Kind: op.Ticked, At: 1}},
		{"claim in no activity", op.Entry{Kind: op.Claimed, Outcome: op.Granted, Activity: "none", Member: "a1", Seats: 1}},
		{"claim of no outcome", op.Entry{Kind: op.Claimed, Activity: "show", Member: "a1", Seats: 1}},
		{"claim that is pending", op.Entry{Kind: op.Claimed, Outcome: op.Pending, Activity: "show", Member: "a1", Seats: 1}},
		{"claim in no pool", op.Entry{Kind: op.Claimed, Outcome: op.Waitlisted, Activity: "show", Pool: "q", Member: "a1", Seats: 1}},
		{"grant without serials", op.Entry{Kind: op.Claimed, Outcome: op.Granted, Activity: "show", Member: "a1", Seats: 1}},
		{"grant of held serials", op.Entry{Kind: op.Claimed, Outcome: op.Granted, Activity: "show", Member: "a2", Seats: 1, Taken: []op.Taken{{From: 1, N: 1}}}},
		{"promotion of no ticket", op.Entry{Kind: op.Promoted, Ticket: 99999}},
		{"promotion of a granted ticket", op.Entry{Kind: op.Promoted, Ticket: 1000, Taken: []op.Taken{{From: 2, N: 1}}}},
		{"release of too many seats", op.Entry{Kind: op.Released, Ticket: 1000, Seats: 2, Taken: []op.Taken{{From: 1, N: 2}}}},
		{"release without serials", op.Entry{Kind: op.Released, Ticket: 1000, Seats: 1}},
		{"task in no activity", op.Entry{Kind: op.TaskMade, Activity: "none"}},
		{"draw of no activity", op.Entry{Kind: op.Drawn, Activity: "none"}},
		{"activity that cannot be read", op.Entry{Kind: op.Published, Activity: "x", Spec: []byte("{")}},
		{"end of no device", op.Entry{Kind: op.DeviceGone, Device: "ghost"}},
		{"offer of nothing", op.Entry{Kind: op.Offered}},
		{"enrolment of nothing", op.Entry{Kind: op.Enrolled}},
		{"result of no device", op.Entry{Kind: op.Done, Device: "ghost", DevSeq: 1, Chain: make([]byte, 16)}},
		{"result out of turn", op.Entry{Kind: op.Done, Device: "desk", DevSeq: 7, Chain: make([]byte, 16)}},
		{"result without chain", op.Entry{Kind: op.Done, Device: "desk", DevSeq: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.publish(show(9))
			ticket := w.granted("a1", "show", 1)
			e := c.entry
			if e.Ticket == 1000 {
				e.Ticket = ticket
			}
			e.Seq = w.s.Seq() + 1
			if e.At == 0 {
				e.At = w.now
			}
			if err := w.s.Apply(&e); err == nil {
				t.Error("it was applied")
			}
			if w.s.Seq() == e.Seq {
				t.Error("the state moved on")
			}
		})
	}
	w := newWorld(t)
	for _, seq := range []uint64{0, w.s.Seq(), w.s.Seq() + 2} {
		if err := w.s.Apply(&op.Entry{Seq: seq, Kind: op.Ticked, At: w.now}); err == nil {
			t.Errorf("entry %d was applied to a state at %d", seq, w.s.Seq())
		}
	}
}
