package rule

import (
	"errors"
	"strings"
	"testing"
	"time"

	"yizhan/core/id"
	"yizhan/core/member"
)

var tree = member.Tree{
	"CITY":    {ID: "CITY"},
	"FENGTAI": {ID: "FENGTAI", Parent: "CITY"},
	"PARK":    {ID: "PARK", Parent: "CITY"},
	"C001":    {ID: "C001", Parent: "PARK"},
	"LUGOU":   {ID: "LUGOU", Parent: "FENGTAI"},
}

var (
	teacher = member.Person{ID: "P1", Org: "C001", Sex: "F", Birth: "1984-02-29", Tags: []string{"frontline"}, LivesIn: "FENGTAI", Children: 1}
	courier = member.Person{ID: "P2", Org: "LUGOU", Sex: "M", Tags: []string{"frontline", "courier"}}
	today   = time.Date(2017, 2, 28, 23, 30, 0, 0, time.FixedZone("CST", 8*3600))
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		src              string
		teacher, courier bool
	}{
		{"", true, true},
		{" \n", true, true},
		{`m.sex == "F"`, true, false},
		{`m.sex == "女" || m.sex == "M"`, false, true},
		{`under(m, "PARK")`, true, false},
		{`under(m, "C001")`, true, false},
		{`under(m, "CITY")`, true, true},
		{`under(m, "NOWHERE")`, false, false},
		{`under(m, "FENGTAI")`, false, true},                           // living there alone is not enough
		{`under(m, "FENGTAI") || m.lives_in == "FENGTAI"`, true, true}, // unless the rule says so
		{`under(m, "FENGTAI") && m.sex == "F" && m.age >= 18`, false, false},
		{`"frontline" in m.tags`, true, true},
		{`m.tags.exists(t, t in ["courier", "sanitation"])`, false, true}, // the "8+N" groups
		{`"PARK" in m.orgs`, true, false},
		{`m.orgs == ["C001", "PARK", "CITY"]`, true, false},
		{`m.org == "LUGOU"`, false, true},
		{`m.children > 0`, true, false},
		{`m.age >= 30 && m.age < 40`, true, false}, // an age band
		{`m.age == 32`, true, false},               // 33 on 1 March
		{`m.age < 60`, true, false},                // an unknown birth opens nothing …
		{`m.age >= 60`, false, false},              // … in either direction
		{`!(m.age >= 60)`, true, false},
		{`m.age < 60 || "courier" in m.tags`, true, true},
		{`!has(m.age) || m.age < 60`, true, true},
		{`has(m.lives_in)`, true, false},
		{`true`, true, true},
	} {
		r, err := Compile(c.src)
		if err != nil {
			t.Errorf("compile %q: %v", c.src, err)
			continue
		}
		check(t, r, c.src, "teacher", teacher, c.teacher)
		check(t, r, c.src, "courier", courier, c.courier)
	}
}

func check(t *testing.T, r *Rule, src, name string, p member.Person, want bool) {
	t.Helper()
	got, err := r.Match(p, tree, today)
	if err != nil || got != want {
		t.Errorf("%q for the %s: got %v, %v, want %v", src, name, got, err, want)
	}
}

func TestAgeChangesAtMidnightOfTheLocation(t *testing.T) {
	r, err := Compile("m.age >= 33")
	if err != nil {
		t.Fatal(err)
	}
	for when, want := range map[time.Time]bool{
		today:                       false,
		today.Add(30 * time.Minute): true,  // 1 March in Shanghai
		today.Add(time.Hour).UTC():  false, // the same day is still 28 February in UTC
	} {
		if got, err := r.Match(teacher, tree, when); err != nil || got != want {
			t.Errorf("at %v: got %v, %v, want %v", when, got, err, want)
		}
	}
}

func TestCompileNamesPlaceAndWhatIsAllowed(t *testing.T) {
	for _, c := range []struct {
		src          string
		line, column int
		says         string
	}{
		{`m.foo == 1`, 1, 2, "m.sex, m.age, m.org, m.orgs, m.lives_in, m.tags, m.children and ask under(m, \"ORG\")"},
		{"m.sex == \"女\" &&\n  m.gender == 1", 2, 4, "gender"},
		{`under("FENGTAI")`, 1, 6, "under"},
		{`member.sex == "F"`, 1, 1, "member"},
		{`m.sex = "F"`, 1, 7, "m.age"},
		{`m.sex == 1`, 1, 7, "_==_"},
		{`m.age`, 1, 1, "true or false"},
		{`m`, 1, 1, "true or false"},
		{`dyn(m).foo == 1`, 1, 4, "dyn"},
		{`[m, 1].all(x, x.foo == 1)`, 1, 5, ""},
		{`google.protobuf.Struct{} == m`, 1, 23, ""},
		{`m["age"] == 1`, 1, 2, ""},
		{`m.org.matches("^C")`, 1, 14, "matches"},
		{`m.tags[0] == "x"`, 1, 7, "_[_]"},
		{`int(m.org) / 0 == 1`, 1, 4, "int"},
		{strings.Repeat("(", 100) + "true" + strings.Repeat(")", 100), 1, 1, "recursion limit"},
		{strings.Repeat("true||", 1000) + "true", 1, 1, "at most 4096"},
		{`m.tags.all(a, m.tags.all(b, m.tags.all(c, a == b && b == c)))`, 1, 1, "at most 20000"},
	} {
		_, err := Compile(c.src)
		var e *Error
		switch {
		case !errors.As(err, &e):
			t.Errorf("%.60q: got %v, want an *Error", c.src, err)
		case c.line > 0 && (e.Line != c.line || e.Column != c.column):
			t.Errorf("%.60q: at %d:%d, want %d:%d: %v", c.src, e.Line, e.Column, c.line, c.column, e)
		case !strings.Contains(e.Message, c.says):
			t.Errorf("%.60q: %q does not say %q", c.src, e.Message, c.says)
		}
	}
}

func TestCostIsEnforcedWhereAttributesAreLargerThanEstimated(t *testing.T) {
	r, err := Compile(`m.tags.all(a, m.tags.all(b, a == b))`)
	if err != nil {
		t.Fatal(err)
	}
	p := member.Person{Tags: make([]string, 200)}
	if _, err := r.Match(p, tree, today); err == nil {
		t.Error("200 × 200 comparisons were within the cost limit")
	}
	for _, tags := range [][]string{make([]string, 200), {strings.Repeat("x", 1<<20), "y"}} {
		if estimated(tags) {
			t.Errorf("%d tags of up to %d bytes pass for estimated", len(tags), len(tags[0]))
		}
	}
	p.Tags = p.Tags[:maxTags]
	if ok, err := r.Match(p, tree, today); err != nil || !ok {
		t.Errorf("%d tags: got %v, %v, want true", maxTags, ok, err)
	}
}

func TestDatedAndOrgs(t *testing.T) {
	for src, want := range map[string]bool{
		"": false, `m.sex == "F"`: false, `m.age > 3`: true, `has(m.age)`: true, `[m].exists(x, x.age > 3)`: true,
	} {
		r, err := Compile(src)
		if err != nil {
			t.Fatal(err)
		}
		if r.Dated() != want {
			t.Errorf("%q: dated is %v", src, r.Dated())
		}
	}
	r, err := Compile(`under(m, "PARK") || under(m, "FENGTAI") && m.org != "C001"`)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Orgs(); len(got) != 2 || got[0] != id.Org("PARK") || got[1] != id.Org("FENGTAI") {
		t.Errorf("orgs: %v", got)
	}
}

func FuzzCompile(f *testing.F) {
	for _, src := range []string{"", `m.sex == "F"`, `under(m, "PARK") && m.age >= 18`, `m.tags.exists(t, t.startsWith("a"))`,
		`has(m.age) ? m.age < 3 : "x" in m.orgs`, `[[1]].map(x, x + x).size() > 2`, "a member{}", `timestamp("2017-03-08T00:00:00Z") < m`} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		r, err := Compile(src)
		if err != nil {
			return
		}
		if _, err := r.Match(teacher, tree, today); err != nil && strings.Contains(err.Error(), "internal error") {
			t.Errorf("%q panics: %v", src, err)
		}
	})
}

func benchmarkMatch(b *testing.B, src string) {
	r, err := Compile(src)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Match(teacher, tree, today); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMatchSex(b *testing.B)   { benchmarkMatch(b, `m.sex == "F"`) }
func BenchmarkMatchUnder(b *testing.B) { benchmarkMatch(b, `under(m, "PARK")`) }
func BenchmarkMatchLong(b *testing.B) {
	benchmarkMatch(b, `under(m, "PARK") && m.sex == "F" && m.age >= 18 && "frontline" in m.tags`)
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		if _, err := Compile(`under(m, "PARK") && m.age >= 18`); err != nil {
			b.Fatal(err)
		}
	}
}
