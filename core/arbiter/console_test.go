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
	"yizhan/core/schedule"
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

// A text that nobody can read is refused at publishing; what an older version published stays readable.
func TestObscureTitle(t *testing.T) {
	w := newWorld(t)
	spec := `{"id":"a","title":"two\nlines","pools":[{"id":"p","total":1}]}`
	if _, err := w.run(op.Op{Kind: op.Publish, Spec: []byte(spec)}, op.Origin{}); err == nil || !strings.Contains(err.Error(), "U+000A") {
		t.Errorf("published: %v", err)
	}
	if err := w.s.Apply(&op.Entry{Seq: w.s.Seq() + 1, At: w.now, Kind: op.Published, Activity: "a", Spec: []byte(spec), Number: 1, Revision: 1}); err != nil {
		t.Errorf("an entry of before: %v", err)
	}
}

// What the console says of a station outlives an import that does not speak of it.
func TestStationIsAmended(t *testing.T) {
	w := newWorld(t)
	sheet := station.Station{ID: "HQ", Name: "总部", Lat: 31, Lon: 121, Datum: "WGS84", Checked: "2026-01-01"}
	put := op.Op{Kind: op.PutStations, Stations: []station.Station{sheet}}
	w.console(put)
	closure := &station.Closure{From: "2026-11-22", Until: "2026-12-05", Why: "装修"}
	w.console(op.Op{Kind: op.AmendStation, Station: "HQ", Amend: &station.Amend{Closure: closure}})
	w.console(op.Op{Kind: op.AmendStation, Station: "HQ", Amend: &station.Amend{Checked: "2026-11-20"}})
	is := func(want station.Station) {
		t.Helper()
		if got := w.s.stations["HQ"].Station; !got.Equal(want) {
			t.Errorf("the station is %+v, want %+v", got, want)
		}
	}
	want := sheet
	want.Closure, want.Checked = closure, "2026-11-20"
	is(want)
	if entries, err := w.run(put, op.Origin{}); err != nil || len(entries) != 0 {
		t.Errorf("the same sheet again: %q, %v", kinds(entries), err)
	}
	put.Stations[0].Phone, put.Stations[0].Checked = "10091000000", "2026-11-21"
	w.console(put)
	want.Phone, want.Checked = "10091000000", "2026-11-21"
	is(want)
	w.console(op.Op{Kind: op.AmendStation, Station: "HQ", Amend: &station.Amend{Open: true}})
	want.Closure = nil
	is(want)
	if entries, err := w.run(op.Op{Kind: op.AmendStation, Station: "HQ", Amend: &station.Amend{Open: true}}, op.Origin{}); err != nil || len(entries) != 0 {
		t.Errorf("open already: %q, %v", kinds(entries), err)
	}
	for _, name := range []string{strings.Repeat("ab", 32), strings.Repeat("cd", 32)} { // a newer photo takes the place of the old one
		w.console(op.Op{Kind: op.AmendStation, Station: "HQ", Amend: &station.Amend{Photo: name}})
		want.Photo = name
		is(want)
	}
	if entries, err := w.run(put, op.Origin{}); err != nil || len(entries) != 0 {
		t.Errorf("a sheet without photos: %q, %v", kinds(entries), err)
	}
	w.console(op.Op{Kind: op.AmendStation, Station: "HQ", Amend: &station.Amend{NoPhoto: true}})
	want.Photo = ""
	is(want)
	for wrong, o := range map[string]op.Op{
		"a photo and none":  {Station: "HQ", Amend: &station.Amend{Photo: strings.Repeat("ab", 32), NoPhoto: true}},
		"no SHA-256":        {Station: "HQ", Amend: &station.Amend{Photo: strings.Repeat("AB", 32)}},
		"no station":        {Station: "NONE", Amend: &station.Amend{Open: true}},
		"nothing is said":   {Station: "HQ", Amend: &station.Amend{}},
		"open and closed":   {Station: "HQ", Amend: &station.Amend{Open: true, Closure: closure}},
		"before it begins":  {Station: "HQ", Amend: &station.Amend{Closure: &station.Closure{From: "2026-11-22", Until: "2026-11-21"}}},
		"no date":           {Station: "HQ", Amend: &station.Amend{Closure: &station.Closure{From: "明天"}}},
		"ends on":           {Station: "HQ", Amend: &station.Amend{Closure: &station.Closure{From: "2026-11-22", Until: "月底"}}},
		"it was checked on": {Station: "HQ", Amend: &station.Amend{Checked: "昨天"}},
	} {
		o.Kind = op.AmendStation
		var r Refusal
		if _, err := w.run(o, op.Origin{}); !errors.As(err, &r) || !strings.Contains(err.Error(), wrong) {
			t.Errorf("got %v, want a refusal with %q", err, wrong)
		}
	}
	w.check()
}

func TestCalendarIsPutOnce(t *testing.T) {
	w := newWorld(t)
	before := w.s.Digest()
	year := schedule.Year{Year: 2026, Days: []schedule.Day{{Date: "2026-02-14", Name: "春节"}}}
	for i, want := range []int{1, 0} {
		if entries, err := w.run(op.Op{Kind: op.PutCalendar, Calendar: &year}, op.Origin{}); err != nil || len(entries) != want {
			t.Errorf("time %d: %q, %v", i, kinds(entries), err)
		}
	}
	if _, years := w.s.Stations(); len(years) != 1 || !years[0].Equal(year) || w.s.Digest() == before {
		t.Errorf("the calendar holds %v", years)
	}
	var r Refusal
	for _, o := range []op.Op{{Kind: op.PutCalendar}, {Kind: op.PutCalendar, Calendar: &schedule.Year{Year: 2026, Days: []schedule.Day{{Date: "1.1."}}}}} {
		if _, err := w.run(o, op.Origin{}); !errors.As(err, &r) {
			t.Errorf("got %v, want a refusal", err)
		}
	}
	w.check()
}
