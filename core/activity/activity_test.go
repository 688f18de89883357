package activity

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yizhan/core/id"
	"yizhan/core/jsoncheck"
	"yizhan/core/member"
	"yizhan/core/schedule"
)

func shanghai(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// full uses every key of an activity.
const full = `{
 "id": "concert", "title": "新年音乐会",
 "audience": "under(m, \"PARK\") && m.age < 60", "audience_why": {"zh": "仅限园区会员", "en": "park members only"},
 "sessions": [
  {"id": "mon", "starts": "2026-03-02T19:00:00", "ends": "2026-03-02T21:00:00", "total": 100},
  {"id": "tue", "starts": "2026-03-03T19:00:00", "ends": "2026-03-03T21:00:00", "total": 55}],
 "limits": [{"per": "member", "max": 1, "max_with_child": 2}, {"per": "member", "max": 2, "series": "2026"}, {"per": "org", "max": 30}],
 "set_asides": [{"id": "front", "count": 10, "audience": "\"frontline\" in m.tags"}, {"id": "old", "count": 5, "audience": "m.age >= 50"}],
 "guests": {"percent": 10, "audience": "m.lives_in == \"TOWN\""},
 "windows": {"claim": ["2026-02-20T10:00:00", "2026-03-03T12:00:00"], "pickup": ["2026-02-25T00:00:00", "2026-03-02T00:00:00"], "use": ["2026-03-02T00:00:00", "2026-03-04T00:00:00"]},
 "pickup_hours": ["09:00", "16:00"],
 "horizon": {"from_days": 1, "to_days": 7, "closed": ["2026-03-03"]},
 "method": "first_come", "when_full": "waitlist", "when_short": "trim", "unclaimed": "return",
 "pickup": {"stations": ["HQ", "ST1"], "bind": true},
 "reminder": {"days_before": 2, "at": "08:30"},
 "check_in": {"opens": "90m", "closes": "15m"},
 "thresholds": [{"per": "org", "persons_over": 20, "task": "private_show"}]
}`

func parsed(t testing.TB, spec string) *Activity {
	t.Helper()
	a, err := Parse([]byte(spec), shanghai(t))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestEveryMistakeIsNamedWithItsPath(t *testing.T) {
	twice := func(list string) string { return "," + list }
	long := strings.Repeat("x", 65)
	for _, c := range []struct {
		name      string
		old, new  string // replaced in full, once
		path, why string
	}{
		{"id missing", `"id": "concert", `, ``, "id", "identifier is empty"},
		{"id with a slash", `"concert"`, `"a/b"`, "id", "holds '/'"},
		{"id too long", `"concert"`, `"` + long + `"`, "id", "65 bytes"},
		{"title missing", `"新年音乐会"`, `""`, "title", "is missing"},
		{"title of another kind", `"新年音乐会"`, `7`, "title", "a string is meant"},
		{"unknown key", `"title"`, `"titel"`, "titel", "unknown key"},
		{"unknown key deep", `"persons_over"`, `"person_over"`, "thresholds[0].person_over", "unknown key"},
		{"key twice", `"method": "first_come", `, `"method": "first_come", "method": "draw", `, "method", "stands twice"},
		{"audience", `m.age < 60`, `m.agee < 60`, "audience", "agee"},
		{"audience of another type", `m.age < 60`, `m.age`, "audience", "rule, line 1"},
		{"audience_why without audience", `"audience": "under(m, \"PARK\") && m.age < 60", `, ``, "audience_why", "not given"},
		{"audience_why with another key", `"en": "park`, `"fr": "park`, "audience_why.fr", "unknown key"},
		{"audience_why a number", `{"zh": "仅限园区会员", "en": "park members only"}`, `5`, "audience_why", "5 stands where an object is meant"},
		{"pools beside sessions", `"sessions": [`, `"pools": [{"id": "p", "total": 60}], "sessions": [`, "sessions", "beside pools"},
		{"session id missing", `"id": "mon", `, ``, "sessions[0].id", "empty"},
		{"session id twice", `"id": "tue"`, `"id": "mon"`, "sessions[1].id", `"mon" stands twice`},
		{"session total nought", `"total": 55`, `"total": 0`, "sessions[1].total", "from 1 to 10000000"},
		{"session total too large", `"total": 55`, `"total": 10000001`, "sessions[1].total", "from 1 to 10000000"},
		{"session total not whole", `"total": 55`, `"total": 5.5`, "sessions[1].total", "whole number"},
		{"session total over 64 bits", `"total": 55`, `"total": 99999999999999999999`, "sessions[1].total", "whole number"},
		{"session starts", `"starts": "2026-03-03T19:00:00"`, `"starts": "2026-03-03 19:00"`, "sessions[1].starts", "not a time"},
		{"session starts never", `"starts": "2026-03-03T19:00:00"`, `"starts": "2026-02-30T19:00:00"`, "sessions[1].starts", "not a time"},
		{"session starts long ago", `"starts": "2026-03-03T19:00:00"`, `"starts": "0206-03-03T19:00:00"`, "sessions[1].starts", "outside the years"},
		{"session starts at the epoch", `"starts": "2026-03-03T19:00:00"`, `"starts": "1970-01-01T08:00:00"`, "sessions[1].starts", "outside the years"},
		{"session ends", `"ends": "2026-03-03T21:00:00"`, `"ends": ""`, "sessions[1].ends", "not a time"},
		{"session ends as it starts", `"ends": "2026-03-03T21:00:00"`, `"ends": "2026-03-03T19:00:00"`, "sessions[1].ends", "not after starts"},
		{"limit per", `"per": "member", "max": 1`, `"per": "person", "max": 1`, "limits[0].per", "member or org"},
		{"limit max", `"max": 30`, `"max": 0`, "limits[2].max", "at least 1"},
		{"limit of an organisation over a series", `{"per": "org", "max": 30}`, `{"per": "org", "max": 30, "series": "x"}`, "limits[2].series", "per must be member"},
		{"series twice", `{"per": "org", "max": 30}`, `{"per": "member", "max": 3, "series": "2026"}`, "limits[2].series", `"2026" stands twice`},
		{"max_with_child of an organisation", `{"per": "org", "max": 30}`, `{"per": "org", "max": 30, "max_with_child": 40}`, "limits[2].max_with_child", "for members"},
		{"max_with_child below max", `"max_with_child": 2`, `"max_with_child": -1`, "limits[0].max_with_child", "not below max"},
		{"set-aside id", `"id": "old"`, `"id": ""`, "set_asides[1].id", "empty"},
		{"set-aside id twice", `"id": "old"`, `"id": "front"`, "set_asides[1].id", "stands twice"},
		{"set-aside count", `"count": 5`, `"count": 0`, "set_asides[1].count", "from 1 to"},
		{"set-aside count that would wrap around", `"count": 5`, `"count": 9223372036854775807`, "set_asides[1].count", "from 1 to"},
		{"set-aside audience missing", `"audience": "m.age >= 50"`, `"audience": ""`, "set_asides[1].audience", "is missing"},
		{"set-aside audience", `m.age >= 50`, `m.age >=`, "set_asides[1].audience", "rule, line 1"},
		{"set-asides over a session's total", `"count": 10`, `"count": 51`, "set_asides", `pool "tue" has only 55`},
		{"guests percent", `"percent": 10`, `"percent": 101`, "guests.percent", "from 0 to 100"},
		{"guests negative", `"percent": 10`, `"percent": -1`, "guests.percent", "from 0 to 100"},
		{"guests audience missing", `"m.lives_in == \"TOWN\""`, `""`, "guests.audience", "is missing"},
		{"guests audience", `m.lives_in ==`, `m.lives_at ==`, "guests.audience", "lives_at"},
		{"window of one time", `["2026-02-20T10:00:00", "2026-03-03T12:00:00"]`, `["2026-02-20T10:00:00"]`, "windows.claim", "takes two"},
		{"window of none", `["2026-02-20T10:00:00", "2026-03-03T12:00:00"]`, `[]`, "windows.claim", "has 0 times"},
		{"window from", `"2026-02-20T10:00:00"`, `"20.2.2026"`, "windows.claim[0]", "not a time"},
		{"window to", `"2026-03-03T12:00:00"`, `"2026-03-03T12:00:00Z"`, "windows.claim[1]", "not a time"},
		{"window turned round", `"2026-02-20T10:00:00"`, `"2026-03-20T10:00:00"`, "windows.claim", "ends before it begins"},
		{"window of no length", `"2026-02-25T00:00:00"`, `"2026-03-02T00:00:00"`, "windows.pickup", "ends before it begins"},
		{"use window", `"2026-03-04T00:00:00"`, `"x"`, "windows.use[1]", "not a time"},
		{"hours of one time", `["09:00", "16:00"]`, `["09:00"]`, "pickup_hours", "takes two"},
		{"hours from", `["09:00", "16:00"]`, `[" 9:00", "16:00"]`, "pickup_hours[0]", "not a time of day"},
		{"hours to", `["09:00", "16:00"]`, `["09:00", "24:01"]`, "pickup_hours[1]", "not a time of day"},
		{"hours turned round", `["09:00", "16:00"]`, `["16:00", "09:00"]`, "pickup_hours", "closes before it opens"},
		{"hours of no length", `["09:00", "16:00"]`, `["09:00", "09:00"]`, "pickup_hours", "closes before it opens"},
		{"hours without a pickup window", `"pickup": ["2026-02-25T00:00:00", "2026-03-02T00:00:00"], `, ``, "pickup_hours", "need windows.pickup"},
		{"horizon turned round", `"from_days": 1`, `"from_days": 8`, "horizon", "is after to_days"},
		{"horizon too far", `"to_days": 7`, `"to_days": 99999`, "horizon", "at most 3660"},
		{"horizon closed", `"closed": ["2026-03-03"]`, `"closed": ["2026-03-03", "3.3.2026"]`, "horizon.closed[1]", "not a date"},
		{"method", `"first_come"`, `"lottery"`, "method", "one of"},
		{"when_full", `"waitlist"`, `"wait"`, "when_full", "one of"},
		{"when_short", `"trim"`, `"cut"`, "when_short", "one of"},
		{"unclaimed", `"return"`, `"Return"`, "unclaimed", "one of"},
		{"pickup stations missing", `["HQ", "ST1"]`, `[]`, "pickup.stations", "are missing"},
		{"pickup station", `["HQ", "ST1"]`, `["HQ", "S 1"]`, "pickup.stations[1]", "holds ' '"},
		{"pickup station twice", `["HQ", "ST1"]`, `["HQ", "HQ"]`, "pickup.stations[1]", "stands twice"},
		{"reminder days", `"days_before": 2`, `"days_before": -1`, "reminder.days_before", "from 0 to"},
		{"reminder days without end", `"days_before": 2`, `"days_before": 9000000000`, "reminder.days_before", "from 0 to"},
		{"reminder at", `"08:30"`, `"8:30"`, "reminder.at", "not a time of day"},
		{"reminder with another key", `"days_before": 2`, `"days_befor": 2`, "reminder.days_befor", "unknown key"},
		{"check_in opens", `"90m"`, `"90 minutes"`, "check_in.opens", "not a duration"},
		{"check_in opens after the start", `"90m"`, `"-90m"`, "check_in.opens", "not a duration"},
		{"check_in closes", `"15m"`, `"15"`, "check_in.closes", "not a duration"},
		{"threshold per", `"per": "org", "persons_over"`, `"per": "member", "persons_over"`, "thresholds[0].per", "must be org"},
		{"threshold number", `"persons_over": 20`, `"persons_over": -1`, "thresholds[0].persons_over", "not be negative"},
		{"threshold task", `"private_show"`, `"private show"`, "thresholds[0].task", "holds ' '"},
		{"not an object", full, `[]`, "", "a list stands where an object is meant"},
		{"no document", full, ``, "", "ends too early"},
		{"half a document", twice(""), ``, "", "not JSON"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(full, c.old) {
				t.Fatalf("the case replaces %s, which is not there", c.old)
			}
			_, err := Parse([]byte(strings.Replace(full, c.old, c.new, 1)), shanghai(t))
			var ps jsoncheck.Problems
			if !errors.As(err, &ps) {
				t.Fatalf("got %v, want problems", err)
			}
			if !slices.ContainsFunc(ps, func(p jsoncheck.Problem) bool { return p.Path == c.path && strings.Contains(p.What, c.why) }) {
				t.Errorf("got\n%v\nwant %s: …%s…", err, c.path, c.why)
			}
		})
	}
}

func TestPoolsWithoutSessions(t *testing.T) {
	for _, c := range []struct{ name, spec, path string }{
		{"nothing to claim", `{"id":"a","title":"t"}`, "pools"},
		{"pool id", `{"id":"a","title":"t","pools":[{"id":"","total":1}]}`, "pools[0].id"},
		{"pool id twice", `{"id":"a","title":"t","pools":[{"id":"p","total":1},{"id":"p","total":1}]}`, "pools[1].id"},
		{"pool total", `{"id":"a","title":"t","pools":[{"id":"p","total":-3}]}`, "pools[0].total"},
		{"horizon", `{"id":"a","title":"t","pools":[{"id":"p","total":1}],"horizon":{"from_days":0,"to_days":1}}`, "horizon"},
	} {
		var ps jsoncheck.Problems
		if _, err := Parse([]byte(c.spec), time.UTC); !errors.As(err, &ps) || len(ps) != 1 || ps[0].Path != c.path {
			t.Errorf("%s: got %v, want one problem at %s", c.name, err, c.path)
		}
	}
}

// TestAllMistakesAtOnce holds that one mistake hides no other.
func TestAllMistakesAtOnce(t *testing.T) {
	_, err := Parse([]byte(`{"id":"a b","titel":"t","pools":[{"id":"p","total":0}],"method":"x","limits":[{"per":"z","max":0}],"audience_why":{"xx":1},"reminder":{"at":"x"}}`), time.UTC)
	var ps jsoncheck.Problems
	errors.As(err, &ps)
	var paths []string
	for _, p := range ps {
		paths = append(paths, p.Path)
		if p.Line != 1 && p.Path != "title" {
			t.Errorf("%s has line %d", p.Path, p.Line)
		}
	}
	for _, want := range []string{"id", "titel", "title", "pools[0].total", "method", "limits[0].per", "limits[0].max", "audience_why.xx", "reminder.at"} {
		if !slices.Contains(paths, want) {
			t.Errorf("%s is not among %v", want, paths)
		}
	}
}

// TestCanonicalFormIsStable holds for every activity that we publish ourselves.
func TestCanonicalFormIsStable(t *testing.T) {
	files, err := filepath.Glob("../../assets/scenarios/*.json")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d scenario files, want 5 at least: %v", len(files), err)
	}
	specs := map[string]json.RawMessage{"full": []byte(full)}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var s struct{ Activities []json.RawMessage }
		if err := json.Unmarshal(data, &s); err != nil || len(s.Activities) == 0 {
			t.Fatalf("%s: %d activities, %v", file, len(s.Activities), err)
		}
		for _, a := range s.Activities {
			specs[filepath.Base(file)+" "+string(a[:min(30, len(a))])] = a
		}
	}
	for name, spec := range specs {
		first := parsed(t, string(spec))
		one, err := json.Marshal(first.Spec)
		if err != nil {
			t.Fatal(err)
		}
		second := parsed(t, string(one))
		two, err := json.Marshal(second.Spec)
		if err != nil || !bytes.Equal(one, two) {
			t.Errorf("%s: %v\n%s\n%s", name, err, one, two)
		}
		var loose, canonical any
		if json.Unmarshal(spec, &loose) != nil || json.Unmarshal(one, &canonical) != nil {
			t.Fatal("not JSON")
		}
		if name == "full" {
			a, _ := json.Marshal(loose)
			b, _ := json.Marshal(canonical)
			if !bytes.Equal(a, b) {
				t.Errorf("something was lost on the way:\n%s\n%s", a, b)
			}
		}
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Text
		out  string
	}{
		{`"仅限女职工"`, Text{ZH: "仅限女职工"}, `"仅限女职工"`},
		{`{"zh":"仅限女职工"}`, Text{ZH: "仅限女职工"}, `"仅限女职工"`},
		{`{"zh":"仅限女职工","en":"women only"}`, Text{"仅限女职工", "women only"}, `{"zh":"仅限女职工","en":"women only"}`},
		{`{"en":"women only"}`, Text{EN: "women only"}, `{"zh":"","en":"women only"}`},
		{`""`, Text{}, `""`},
		{`null`, Text{}, `""`},
	} {
		var got Text
		if err := json.Unmarshal([]byte(c.in), &got); err != nil || got != c.want {
			t.Errorf("%s: got %+v, %v", c.in, got, err)
		}
		if out, err := json.Marshal(got); err != nil || string(out) != c.out {
			t.Errorf("%s is written as %s, %v, want %s", c.in, out, err, c.out)
		}
	}
	for _, wrong := range []string{`5`, `["a"]`, `{"de":"nur"}`, `{"zh":1}`, `true`} {
		var got Text
		if err := json.Unmarshal([]byte(wrong), &got); err == nil {
			t.Errorf("%s was read as %+v", wrong, got)
		}
	}
}

func at(t testing.TB, s string) int64 {
	t.Helper()
	v, err := time.ParseInLocation(schedule.Layout, s, shanghai(t))
	if err != nil {
		t.Fatal(err)
	}
	return v.UnixMilli()
}

func TestTimesOfAnActivity(t *testing.T) {
	a := parsed(t, full)
	if got, want := a.Claim, (schedule.Window{From: at(t, "2026-02-20T10:00:00"), To: at(t, "2026-03-03T12:00:00")}); got != want {
		t.Errorf("claim window %v, want %v", got, want)
	}
	if got, want := a.Door(0), (schedule.Window{From: at(t, "2026-03-02T17:30:00"), To: at(t, "2026-03-02T20:45:00")}); got != want {
		t.Errorf("door %v, want %v", got, want)
	}
	if got, want := a.ReminderAt(0), at(t, "2026-02-28T08:30:00"); got != want {
		t.Errorf("reminder at %v, want %v", time.UnixMilli(got), time.UnixMilli(want))
	}
	plain := parsed(t, `{"id":"a","title":"t","sessions":[{"id":"s","starts":"2026-03-01T10:00:00","ends":"2026-03-01T12:00:00","total":1}]}`)
	if got, want := plain.Door(0), (schedule.Window{From: at(t, "2026-03-01T08:00:00"), To: at(t, "2026-03-01T12:00:00")}); got != want {
		t.Errorf("door without words %v, want %v", got, want)
	}
	if got, want := plain.ReminderAt(0), at(t, "2026-02-28T09:00:00"); got != want {
		t.Errorf("reminder without words at %v, want %v", time.UnixMilli(got), time.UnixMilli(want))
	}
	for reminder, want := range map[string]string{`{"at":"07:00"}`: "2026-02-28T07:00:00", `{"days_before":0,"at":"07:00"}`: "2026-03-01T07:00:00",
		`{"days_before":3}`: "2026-02-26T09:00:00", `{}`: "2026-02-28T09:00:00", `null`: "2026-02-28T09:00:00"} {
		a := parsed(t, `{"id":"a","title":"t","sessions":[{"id":"s","starts":"2026-03-01T10:00:00","ends":"2026-03-01T12:00:00","total":1}],"reminder":`+reminder+`}`)
		if got := a.ReminderAt(0); got != at(t, want) {
			t.Errorf("reminder %s at %v, want %s", reminder, time.UnixMilli(got), want)
		}
	}
	pool := parsed(t, `{"id":"a","title":"t","pools":[{"id":"p","total":1}]}`)
	if pool.ReminderAt(0) != 0 || !pool.Door(0).Zero() || !pool.InHorizon(0, 1) {
		t.Error("a pool without a time has a reminder, a door or a horizon")
	}
}

func TestInHorizon(t *testing.T) {
	a := parsed(t, full) // mon 2 March, tue 3 March closed; from 1 to 7 days
	for _, c := range []struct {
		now  string
		pool int
		want bool
	}{
		{"2026-02-22T23:59:59", 0, false}, {"2026-02-23T00:00:00", 0, true}, {"2026-03-01T23:59:59", 0, true}, {"2026-03-02T00:00:00", 0, false},
		{"2026-03-01T12:00:00", 1, false},
	} {
		if got := a.InHorizon(c.pool, at(t, c.now)); got != c.want {
			t.Errorf("pool %d at %s: got %v", c.pool, c.now, got)
		}
	}
}

func TestPlacesAndPools(t *testing.T) {
	a, free := parsed(t, full), parsed(t, `{"id":"a","title":"t","pools":[{"id":"p","total":7}],"guests":{"percent":33,"audience":"m.sex == \"F\""}}`)
	for _, c := range []struct {
		a     *Activity
		asked id.Station
		want  id.Station
		ok    bool
	}{{a, "", "HQ", true}, {a, "ST1", "ST1", true}, {a, "ST2", "ST2", false}, {free, "", "", true}, {free, "HQ", "", false}} {
		if got, ok := c.a.Station(c.asked); got != c.want || ok != c.ok {
			t.Errorf("station %q: got %q, %v", c.asked, got, ok)
		}
	}
	if !a.Binds() || free.Binds() {
		t.Error("who binds is wrong")
	}
	for _, c := range []struct {
		a    *Activity
		pool id.Pool
		want int
	}{{a, "tue", 1}, {a, "", -1}, {a, "wed", -1}, {free, "", 0}, {free, "p", 0}, {free, "q", -1}} {
		if got := c.a.Pool(c.pool); got != c.want {
			t.Errorf("pool %q: got %d, want %d", c.pool, got, c.want)
		}
	}
	if a.GuestCeiling(0) != 10 || a.GuestCeiling(1) != 5 || free.GuestCeiling(0) != 2 {
		t.Errorf("guest ceilings %d %d %d, want 10 5 2: rounded down", a.GuestCeiling(0), a.GuestCeiling(1), free.GuestCeiling(0))
	}
	if all := parsed(t, `{"id":"a","title":"t","pools":[{"id":"p","total":99}],"guests":{"percent":100,"audience":"true"}}`); all.GuestCeiling(0) != 99 {
		t.Errorf("a share of everything is %d of 99", all.GuestCeiling(0))
	}
	if got := a.SetAsideCounts(); !slices.Equal(got, []int{10, 5}) {
		t.Errorf("set-asides %v", got)
	}
}

func TestParts(t *testing.T) {
	a := parsed(t, full)
	today := time.Date(2026, 3, 1, 0, 0, 0, 0, shanghai(t))
	for _, c := range []struct {
		name string
		p    member.Person
		want []int
	}{
		{"nobody special", member.Person{Birth: "1990-01-01"}, []int{0}},
		{"front line", member.Person{Tags: []string{"frontline"}}, []int{1, 0}},
		{"both", member.Person{Tags: []string{"frontline"}, Birth: "1960-01-01"}, []int{1, 2, 0}},
	} {
		if got, err := a.Parts(c.p, member.Tree{}, today); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, %v, want %v", c.name, got, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte(`{"id":"a","title":"t","pools":[{"id":"p","total":7}],"audience_why":"x","audience":"true"}`))
	f.Add([]byte(`{"id":"a","title":"t","sessions":[{"id":"s","starts":"2026-03-01T10:00:00","ends":"2026-03-01T12:00:00","total":1}],"horizon":null,"reminder":{}}`))
	zone := shanghai(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Parse(data, zone)
		if err != nil {
			var ps jsoncheck.Problems
			if a != nil || !errors.As(err, &ps) || len(ps) == 0 {
				t.Fatalf("%v with %v", a, err)
			}
			return
		}
		one, err := json.Marshal(a.Spec)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Parse(one, zone)
		if err != nil {
			t.Fatalf("%s was accepted, but not %s: %v", data, one, err)
		}
		two, err := json.Marshal(b.Spec)
		if err != nil || !bytes.Equal(one, two) {
			t.Fatalf("%v\n%s\n%s", err, one, two)
		}
		for i := range a.Pools {
			if a.ReminderAt(i) != b.ReminderAt(i) || a.Door(i) != b.Door(i) || a.InHorizon(i, 1e12) != b.InHorizon(i, 1e12) {
				t.Fatal("the canonical form has other times")
			}
		}
	})
}

func TestLegible(t *testing.T) {
	for text, want := range map[string]string{"新年音乐会": "", "Café №1 👍": "", `two\nlines`: "U+000A", `bell\u0007`: "U+0007", `gnp.\u202etxt`: "U+202E"} {
		a := parsed(t, `{"id":"a","title":"`+text+`","pools":[{"id":"p","total":1}],"audience":"true","audience_why":{"zh":"x","en":"`+text+`"}}`)
		got := a.Legible()
		if want == "" && len(got) != 0 || want != "" && (len(got) != 2 || got[0].Path != "audience_why.en" || got[1].Path != "title" || !strings.Contains(got[1].What, want)) {
			t.Errorf("%q: %+v, want %q", text, got, want)
		}
	}
}
