package arbiter

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
)

// against is a set of things that stand against a claim.
type against map[fault.Code]bool

// obstacles are all codes that a server without leases can give for a claim.
func obstacles() []fault.Code {
	return []fault.Code{fault.Invalid, fault.NotAuthorised, fault.UnknownActivity, fault.UnknownMember, fault.Barred, fault.NotEligible,
		fault.WindowNotOpen, fault.WindowClosed, fault.OutsideHorizon, fault.MemberCap, fault.SeriesCap, fault.OrgCap, fault.SoldOut}
}

// hinder builds the world in which exactly these things stand against a claim of
// a2, and gives the claim and the device that sends it. a2 holds one seat already.
func hinder(t failer, on against, more ...string) (*world, id.Device, op.Op) {
	w := newWorld(t)
	spec := func(on against) string {
		pick := func(code fault.Code, yes, no any) any {
			if on[code] {
				return yes
			}
			return no
		}
		return fmt.Sprintf(`{"id":"show","title":"演出","sessions":[{"id":"s","starts":"2026-03-%sT09:00:00","ends":"2026-03-%[1]sT10:00:00","total":%d}],
			"windows":{"claim":["2026-%s","2026-04-01T00:00:00"]},"audience":"m.sex == \"%s\"","horizon":{"from_days":-30,"to_days":30,"closed":[%s]},
			"limits":[{"per":"member","series":"x","max":%d},{"per":"member","max":%d},{"per":"org","max":%d}]%s}`,
			pick(fault.WindowClosed, "01", "02"), pick(fault.SoldOut, 1, 9), pick(fault.WindowNotOpen, "03-05T00:00:00", "02-01T00:00:00"),
			pick(fault.NotEligible, "M", "F"), pick(fault.OutsideHorizon, `"2026-03-01","2026-03-02"`, ""),
			pick(fault.SeriesCap, 1, 9), pick(fault.MemberCap, 1, 9), pick(fault.OrgCap, 1, 9), strings.Join(more, ""))
	}
	w.publish(spec(nil))
	w.granted("a2", "show", 1)
	if s := spec(on); s != spec(nil) {
		w.publish(s)
	}
	if on[fault.WindowClosed] {
		w.pass("2026-03-01T10:00:00")
	}
	if on[fault.Barred] {
		w.console(op.Op{Kind: op.PutPeople, People: []member.Person{{ID: "a2", Org: "A", Sex: "F", Barred: true}}})
	}
	o, device := op.Op{Kind: op.Claim, Activity: "show", Member: "a2", Seats: 1}, id.Device("staff")
	if on[fault.UnknownMember] {
		o.Member = "nobody"
	}
	if on[fault.UnknownActivity] {
		o.Activity = "nothing"
	}
	if on[fault.Invalid] {
		o.Seats = 0
	}
	if on[fault.NotAuthorised] {
		device = "phone"
	}
	return w, device, o
}

func (a against) list() (codes []fault.Code) {
	for _, c := range obstacles() {
		if a[c] {
			codes = append(codes, c)
		}
	}
	return codes
}

// TestClaimCodesAndPairs tries each code alone and each two together.
func TestClaimCodesAndPairs(t *testing.T) {
	codes := obstacles()
	for i, one := range codes {
		for _, two := range codes[i:] {
			on := against{one: true, two: true}
			w, device, o := hinder(t, on)
			want := fault.First(on.list()...)
			if r, _ := w.send(device, o); refused(r) != want {
				t.Errorf("with %v: got %v %v, want %v", on.list(), r.Outcome, r.Code, want)
			}
			w.check()
		}
	}
	w, device, o := hinder(t, nil)
	if r, _ := w.send(device, o); r.Outcome != op.Granted {
		t.Errorf("with nothing against it: %v %v", r.Outcome, r.Code)
	}
}

// TestClaimCodesOfAnySet draws larger sets, with and without a waitlist.
func TestClaimCodesOfAnySet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		on := against{}
		for _, c := range rapid.SliceOfDistinct(rapid.SampledFrom(obstacles()), rapid.ID).Draw(t, "codes") {
			on[c] = true
		}
		waits := rapid.Bool().Draw(t, "waitlist")
		more := ""
		if waits {
			more = `,"when_full":"waitlist"`
		}
		w, device, o := hinder(t, on, more)
		r, _ := w.send(device, o)
		want := fault.First(on.list()...)
		if want == fault.SoldOut && waits {
			want = fault.None
			if r.Outcome != op.Waitlisted || r.Place != 1 || r.Seats != 1 {
				t.Fatalf("got %+v, want a place in the line", r)
			}
		}
		if refused(r) != want {
			t.Fatalf("with %v: got %v %v, want %v", on.list(), r.Outcome, r.Code, want)
		}
	})
}

func TestClaim(t *testing.T) {
	sessions := `{"id":"show","title":"演出","sessions":[{"id":"s1","starts":"2026-03-02T09:00:00","ends":"2026-03-02T10:00:00","total":2},{"id":"s2","starts":"2026-03-03T09:00:00","ends":"2026-03-03T10:00:00","total":1}]`
	for _, c := range []struct {
		name, spec string
		op         op.Op
		want       op.Result // without Ticket and Seq
	}{
		{"granted", show(3), op.Op{Member: "a1", Seats: 2}, op.Result{Outcome: op.Granted, Seats: 2}},
		{"pool named", show(3), op.Op{Member: "a1", Seats: 2, Pool: "p"}, op.Result{Outcome: op.Granted, Seats: 2}},
		{"pool unknown", show(3), op.Op{Member: "a1", Seats: 1, Pool: "q"}, op.Result{Outcome: op.Refused, Code: fault.Invalid, Seats: 1}},
		{"no pool where there are two", sessions + "}", op.Op{Member: "a1", Seats: 1}, op.Result{Outcome: op.Refused, Code: fault.Invalid, Seats: 1}},
		{"second pool", sessions + "}", op.Op{Member: "a1", Seats: 1, Pool: "s2"}, op.Result{Outcome: op.Granted, Seats: 1}},
		{"pools are apart", sessions + "}", op.Op{Member: "a1", Seats: 2, Pool: "s2"}, op.Result{Outcome: op.Refused, Code: fault.SoldOut, Seats: 2}},
		{"trim", show(2, `"when_short":"trim"`), op.Op{Member: "a1", Seats: 3}, op.Result{Outcome: op.Granted, Seats: 2}},
		{"waitlist", show(2, `"when_full":"waitlist"`), op.Op{Member: "a1", Seats: 3}, op.Result{Outcome: op.Waitlisted, Seats: 3, Place: 1}},
		{"entered", show(2, `"method":"draw"`), op.Op{Member: "a1", Seats: 3}, op.Result{Outcome: op.Entered, Seats: 3}},
		{"entered for staff", show(2, `"method":"staff"`), op.Op{Member: "a1", Seats: 3}, op.Result{Outcome: op.Entered, Seats: 3}},
		{"station unknown", show(2, `"pickup":{"stations":["ST1","HQ"]}`), op.Op{Member: "a1", Seats: 1, Station: "X"}, op.Result{Outcome: op.Refused, Code: fault.Invalid, Seats: 1}},
		{"station where there is no pickup", show(2), op.Op{Member: "a1", Seats: 1, Station: "HQ"}, op.Result{Outcome: op.Refused, Code: fault.Invalid, Seats: 1}},
		{"empty member", show(2), op.Op{Seats: 1}, op.Result{Outcome: op.Refused, Code: fault.UnknownMember, Seats: 1}},
		{"negative seats", show(2), op.Op{Member: "a1", Seats: -1}, op.Result{Outcome: op.Refused, Code: fault.Invalid}},
		{"seats over an int32", show(2, `"when_full":"waitlist"`), op.Op{Member: "a1", Seats: math.MaxInt32 + 1}, op.Result{Outcome: op.Refused, Code: fault.Invalid}},
		{"all the seats there are numbers for", show(2, `"when_full":"waitlist"`, `"when_short":"trim"`, `"limits":[{"per":"member","max":9}]`), op.Op{Member: "a1", Seats: math.MaxInt}, op.Result{Outcome: op.Refused, Code: fault.Invalid}},
		{"more than a pool may hold", show(2, `"when_full":"waitlist"`), op.Op{Member: "a1", Seats: 10_000_001}, op.Result{Outcome: op.Refused, Code: fault.Invalid}},
		{"long member", show(2), op.Op{Member: id.Member(strings.Repeat("m", 65)), Seats: 1}, op.Result{Outcome: op.Refused, Code: fault.Invalid}},
		{"long station", show(2), op.Op{Member: "a1", Station: id.Station(strings.Repeat("m", 65)), Seats: 1}, op.Result{Outcome: op.Refused, Code: fault.Invalid}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.publish(c.spec)
			c.op.Kind, c.op.Activity = op.Claim, "show"
			r, entries := w.send("desk", c.op)
			if last := entries[len(entries)-1]; r.Seq != last.Seq || (r.Outcome != op.Refused) != (r.Ticket == id.Ticket(last.Seq)) {
				t.Errorf("result %+v for entry %d", r, last.Seq)
			}
			r.Seq, r.Ticket = 0, 0
			if r.Outcome != c.want.Outcome || r.Code != c.want.Code || r.Seats != c.want.Seats || r.Place != c.want.Place {
				t.Errorf("got %+v, want %+v", r, c.want)
			}
			w.check()
		})
	}
}

// TestClaimTimes holds the edges of windows and horizons: from counts, to does not.
func TestClaimTimes(t *testing.T) {
	spec := `{"id":"show","title":"演出","windows":{"claim":["2026-03-02T10:00:00","2026-03-05T18:00:00"]},"horizon":{"from_days":1,"to_days":2},
		"sessions":[{"id":"s","starts":"2026-03-05T09:00:00","ends":"2026-03-05T10:00:00","total":99}]}`
	for _, c := range []struct {
		now  string
		want fault.Code
	}{
		{"2026-03-02T09:59:59", fault.WindowNotOpen},
		{"2026-03-02T10:00:00", fault.OutsideHorizon},
		{"2026-03-02T23:59:59", fault.OutsideHorizon},
		{"2026-03-03T00:00:00", fault.None},
		{"2026-03-04T23:59:59", fault.None},
		{"2026-03-05T00:00:00", fault.OutsideHorizon},
		{"2026-03-05T10:00:00", fault.WindowClosed}, // the session is over
		{"2026-03-05T18:00:00", fault.WindowClosed},
	} {
		w := newWorld(t)
		w.publish(spec)
		w.pass(c.now)
		if r := w.claim("a1", "show", 1); refused(r) != c.want {
			t.Errorf("at %s: got %v %v, want %v", c.now, r.Outcome, r.Code, c.want)
		}
	}
}

// TestClaimOfWhatNobodyCanCollect holds that nothing is granted, entered or put in
// line once its pickup is over, unless its session's door is still to come.
func TestClaimOfWhatNobodyCanCollect(t *testing.T) {
	const pickup = `"windows":{"pickup":["2026-03-02T09:00:00","2026-03-03T16:00:00"]},"pickup_hours":["09:00","12:00"]`
	for name, c := range map[string]struct {
		spec, now string
		want      fault.Code
	}{
		"before the pickup":        {`"pools":[{"id":"p","total":1}],` + pickup, "2026-03-01T09:00:00", fault.None},
		"in its last hours":        {`"pools":[{"id":"p","total":1}],` + pickup, "2026-03-03T11:59:59", fault.None},
		"after them":               {`"pools":[{"id":"p","total":1}],` + pickup, "2026-03-03T12:00:00", fault.WindowClosed},
		"and it would have waited": {`"when_full":"waitlist","pools":[{"id":"p","total":1}],` + pickup, "2026-03-04T12:00:00", fault.WindowClosed},
		"and it would be entered":  {`"method":"draw","pools":[{"id":"p","total":1}],` + pickup, "2026-03-04T12:00:00", fault.WindowClosed},
		"there is a door": {`"sessions":[{"id":"s","starts":"2026-03-05T10:00:00","ends":"2026-03-05T12:00:00","total":1}],"check_in":{"opens":"1h","closes":"30m"},` + pickup,
			"2026-03-05T11:29:59", fault.None},
		"the door is shut": {`"sessions":[{"id":"s","starts":"2026-03-05T10:00:00","ends":"2026-03-05T12:00:00","total":1}],"check_in":{"opens":"1h","closes":"30m"},` + pickup,
			"2026-03-05T11:30:00", fault.WindowClosed},
	} {
		w := newWorld(t)
		w.publish(`{"id":"show","title":"演出",` + c.spec + `}`)
		w.pass(c.now)
		if r := w.claim("a1", "show", 1); refused(r) != c.want {
			t.Errorf("%s: got %v %v, want %v", name, r.Outcome, r.Code, c.want)
		}
	}
}

func TestClaimChoosesStation(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9, `"pickup":{"stations":["ST1","HQ"],"bind":true}`))
	for asked, want := range map[id.Station]id.Station{"": "ST1", "HQ": "HQ", "ST1": "ST1"} {
		_, entries := w.send("desk", op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Seats: 1, Station: asked})
		if entries[0].Station != want {
			t.Errorf("asked for %q: bound to %q, want %q", asked, entries[0].Station, want)
		}
	}
}

// TestAudiencesFollowTheFacts changes what rules read while an activity runs.
func TestAudiencesFollowTheFacts(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9, `"audience":"under(m, \"PARK\") && m.age >= 36"`, `"set_asides":[{"id":"f","count":3,"audience":"\"frontline\" in m.tags"}]`, `"guests":{"percent":12,"audience":"m.lives_in == \"TOWN\""}`))
	put := func(p member.Person) { w.console(op.Op{Kind: op.PutPeople, People: []member.Person{p}}) }
	want := func(m id.Member, code fault.Code) {
		t.Helper()
		if r := w.claim(m, "show", 1); refused(r) != code {
			t.Errorf("%s: got %v %v, want %v", m, r.Outcome, r.Code, code)
		}
	}
	want("a1", fault.None)
	put(member.Person{ID: "a1", Org: "TOWN", Birth: "1990-01-01"})
	want("a1", fault.NotEligible) // moved away
	w.console(op.Op{Kind: op.PutOrgs, Orgs: []member.Org{{ID: "TOWN", Parent: "PARK"}}})
	want("a1", fault.None) // the organisation itself moved
	put(member.Person{ID: "a2", Org: "A", Birth: "1990-03-02"})
	want("a2", fault.NotEligible)
	w.pass("2026-03-02T00:00:00")
	want("a2", fault.None) // a birthday
	put(member.Person{ID: "a3", Org: "A", Birth: "1980-01-01", LivesIn: "TOWN"})
	want("a3", fault.None)
	want("a3", fault.SoldOut) // over the guest share
	put(member.Person{ID: "a3", Org: "A", Birth: "1980-01-01", Tags: []string{"frontline"}})
	_, entries := w.send("desk", op.Op{Kind: op.Claim, Activity: "show", Member: "a3", Seats: 1})
	if entries[0].Outcome != op.Granted || entries[0].Taken[0].Part != 1 || entries[0].Guest {
		t.Errorf("front line: %+v", entries[0])
	}
	w.check()
}

func TestThresholds(t *testing.T) {
	w := newWorld(t)
	w.publish(show(3, `"when_full":"waitlist"`, `"limits":[{"per":"member","max":2}]`, `"thresholds":[{"per":"org","persons_over":2,"task":"bus"},{"per":"org","persons_over":3,"task":"show"}]`))
	tasks := func(m id.Member, want ...string) {
		t.Helper()
		_, entries := w.send("desk", op.Op{Kind: op.Claim, Activity: "show", Member: m, Seats: 1})
		var got []string
		for _, e := range entries {
			if e.Kind == op.TaskMade {
				got = append(got, string(e.Org)+" "+e.Word)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s made tasks %q, want %q", m, got, want)
		}
	}
	tasks("a1")
	tasks("a1") // the same person again is no other person
	tasks("a2")
	tasks("b1")                                                                     // waits; another organisation counts for itself
	w.send("desk", op.Op{Kind: op.Claim, Activity: "show", Member: "a3", Seats: 9}) // refused: counts for nothing
	w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: "a2"})          // had a claim, and goes on counting
	w.publish(show(3, `"when_full":"waitlist"`, `"limits":[{"per":"member","max":3}]`, `"thresholds":[{"per":"org","persons_over":2,"task":"bus"},{"per":"org","persons_over":3,"task":"show"}]`))
	tasks("a3", "A bus")
	tasks("a3") // once
	tasks("b2")
	tasks("b3", "B bus")
	tasks("a4", "A show")
	tasks("a5")
	w.check()
}

func TestGroupClaim(t *testing.T) {
	line := func(m id.Member, seats int) op.Line { return op.Line{Member: m, Seats: seats} }
	for _, c := range []struct {
		name, spec string
		device     id.Device
		org        id.Org
		lines      []op.Line
		want       op.Result
		entries    int // claims among the entries
	}{
		{"all granted", show(9), "staff", "A", []op.Line{line("a1", 1), line("a2", 2)}, op.Result{Outcome: op.OK, Granted: 3}, 2},
		{"in order until it is sold out", show(3), "staff", "A", []op.Line{line("a1", 2), line("a2", 2), line("a3", 1)}, op.Result{Outcome: op.OK, Granted: 3, Refused: map[fault.Code]int{fault.SoldOut: 2}}, 3},
		{"what trim drops is sold out", show(3, `"when_short":"trim"`), "staff", "A", []op.Line{line("a1", 2), line("a2", 4), line("a3", 1)}, op.Result{Outcome: op.OK, Granted: 3, Refused: map[fault.Code]int{fault.SoldOut: 4}}, 3},
		{"waiting", show(1, `"when_full":"waitlist"`), "staff", "A", []op.Line{line("a1", 1), line("a2", 2)}, op.Result{Outcome: op.OK, Granted: 1, Waitlisted: 2}, 2},
		{"entered", show(1, `"method":"draw"`), "staff", "A", []op.Line{line("a1", 1), line("a2", 2)}, op.Result{Outcome: op.OK, Waitlisted: 3}, 2},
		{"organisation's limit", show(9, `"limits":[{"per":"org","max":3}]`), "staff", "A", []op.Line{line("a1", 2), line("a2", 2), line("a3", 1)}, op.Result{Outcome: op.OK, Granted: 3, Refused: map[fault.Code]int{fault.OrgCap: 2}}, 3},
		{"one member twice", show(9, `"limits":[{"per":"member","max":1}]`), "staff", "A", []op.Line{line("a1", 1), line("a1", 1)}, op.Result{Outcome: op.OK, Granted: 1, Refused: map[fault.Code]int{fault.MemberCap: 1}}, 2},
		{"strangers", show(9), "staff", "A", []op.Line{line("a1", 1), line("b1", 2), line("nobody", 3), line("t1", 1)}, op.Result{Outcome: op.OK, Granted: 1, Refused: map[fault.Code]int{fault.NotAuthorised: 3, fault.UnknownMember: 3}}, 4},
		{"of the whole subtree", show(9), "staff", "PARK", []op.Line{line("a1", 1), line("b1", 2)}, op.Result{Outcome: op.OK, Granted: 3}, 2},
		{"impossible numbers count as one", show(9), "staff", "A", []op.Line{line("a1", 0), line("a2", -5), line("a3", math.MaxInt), line("a4", math.MaxInt)}, op.Result{Outcome: op.OK, Refused: map[fault.Code]int{fault.Invalid: 4}}, 4},
		{"staff of another organisation", show(9), "staff", "TOWN", []op.Line{line("t1", 1), line("a1", 2)}, op.Result{Outcome: op.OK, Refused: map[fault.Code]int{fault.NotAuthorised: 3}}, 0},
		{"a phone", show(9), "phone", "A", []op.Line{line("a1", 1)}, op.Result{Outcome: op.OK, Refused: map[fault.Code]int{fault.NotAuthorised: 1}}, 0},
		{"a kiosk", show(9), "kiosk", "A", []op.Line{line("a1", 1)}, op.Result{Outcome: op.OK, Refused: map[fault.Code]int{fault.NotAuthorised: 1}}, 0},
		{"no organisation", show(9), "desk", "", []op.Line{line("a1", 1)}, op.Result{Outcome: op.OK, Refused: map[fault.Code]int{fault.NotAuthorised: 1}}, 1},
		{"unknown organisation", show(9), "desk", "Z", []op.Line{line("a1", 1)}, op.Result{Outcome: op.OK, Refused: map[fault.Code]int{fault.NotAuthorised: 1}}, 1},
		{"no lines", show(9), "staff", "A", nil, op.Result{Outcome: op.Refused, Code: fault.Invalid}, 0},
		{"a task, once", show(9, `"thresholds":[{"per":"org","persons_over":1,"task":"bus"}]`), "staff", "PARK", []op.Line{line("a1", 1), line("a2", 1), line("a3", 1), line("b1", 1)}, op.Result{Outcome: op.OK, Granted: 4, Tasks: []string{"bus"}}, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.publish(c.spec)
			r, entries := w.send(c.device, op.Op{Kind: op.GroupClaim, Activity: "show", Org: c.org, Lines: c.lines})
			r.Seq = 0
			if fmt.Sprintf("%+v", r) != fmt.Sprintf("%+v", c.want) {
				t.Errorf("got %+v, want %+v", r, c.want)
			}
			n := 0
			for _, e := range entries {
				if e.Kind == op.Claimed {
					n++
				}
			}
			if n != c.entries {
				t.Errorf("%d claims were journalled, want %d", n, c.entries)
			}
			w.check()
		})
	}
}

// TestGroupOfUnknownActivity counts seats by the code of each line.
func TestGroupOfUnknownActivity(t *testing.T) {
	w := newWorld(t)
	r, _ := w.send("staff", op.Op{Kind: op.GroupClaim, Activity: "none", Org: "A", Lines: []op.Line{{Member: "a1", Seats: 2}, {Member: "b1", Seats: 1}}})
	if r.Refused[fault.UnknownActivity] != 2 || r.Refused[fault.NotAuthorised] != 1 {
		t.Errorf("got %+v", r)
	}
}

// TestLargestGroupFitsOneBatch makes the longest entries that a group may make.
func TestLargestGroupFitsOneBatch(t *testing.T) {
	w := newWorld(t)
	long := func(s string) string { return s + strings.Repeat("x", 64-len(s)) }
	org := id.Org(long("o"))
	w.console(op.Op{Kind: op.PutOrgs, Orgs: []member.Org{{ID: org}}})
	w.publish(fmt.Sprintf(`{"id":%q,"title":"t","pools":[{"id":%q,"total":5000}]}`, long("act"), long("pool")))
	o := op.Op{Kind: op.GroupClaim, Activity: id.Activity(long("act")), Pool: id.Pool(long("pool")), Org: org, EnteredBy: strings.Repeat("b", 100)}
	var people []member.Person
	for i := range maxLines + 1 {
		people = append(people, member.Person{ID: id.Member(long(fmt.Sprintf("m%d-", i))), Org: org})
	}
	for chunk := range slices.Chunk(people, 400) {
		w.console(op.Op{Kind: op.PutPeople, People: chunk})
	}
	most := 0
	for n := 1; n <= len(people); n++ {
		o.Lines = append(o.Lines, op.Line{Member: people[n-1].ID, Seats: 1})
		if _, ok, _ := guard(&o, op.Origin{Device: "desk"}); ok {
			most = n
		}
	}
	if most < 500 || most > maxLines {
		t.Fatalf("a group with the longest names may have %d lines", most)
	}
	o.Lines = o.Lines[:most]
	r, entries := w.send("desk", o)
	if r.Granted != most {
		t.Fatalf("granted %d of %d", r.Granted, most)
	}
	if n := size(t, entries); n > op.MaxBatch {
		t.Errorf("%d lines make %d bytes, a batch holds %d", most, n, op.MaxBatch)
	}
	o.Lines = append(o.Lines, op.Line{Member: people[most].ID, Seats: 1})
	if r, entries = w.send("desk", o); refused(r) != fault.Invalid || len(entries) != 1 {
		t.Errorf("one line more: %+v in %d entries", r, len(entries))
	}
}

// TestGroupOf2000 is what docs/PROTOCOL.md promises, with names as unions have them.
func TestGroupOf2000(t *testing.T) {
	w := newWorld(t)
	w.publish(`{"id":"premiere","title":"首映","pools":[{"id":"seats","total":5000}],"pickup":{"stations":["HQ"]}}`)
	o := op.Op{Kind: op.GroupClaim, Activity: "premiere", Org: "A", EnteredBy: "staff-1001", Channel: op.ByStaff}
	var people []member.Person
	for i := range 2001 {
		people = append(people, member.Person{ID: id.Member(fmt.Sprintf("C0001-%04d", i)), Org: "A"})
		o.Lines = append(o.Lines, op.Line{Member: people[i].ID, Seats: 2})
	}
	for chunk := range slices.Chunk(people, 400) {
		w.console(op.Op{Kind: op.PutPeople, People: chunk})
	}
	if r, _ := w.send("staff", o); refused(r) != fault.Invalid {
		t.Fatalf("2,001 lines: %+v", r)
	}
	o.Lines = o.Lines[:2000]
	r, entries := w.send("staff", o)
	if r.Granted != 4000 || size(t, entries) > op.MaxBatch {
		t.Errorf("granted %d in %d bytes", r.Granted, size(t, entries))
	}
	w.check()
}

func size(t failer, entries []op.Entry) int {
	t.Helper()
	return len(encode(t, entries))
}
