package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"yizhan/core/activity"
	"yizhan/core/wire"
	"yizhan/syncserver/democity"
)

// city writes the demo city, tier S, as the demo command does.
func city(t testing.TB, flags ...string) (dir string, c *democity.City) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "city")
	must(t, append([]string{"demo", dir}, flags...)...)
	c, err := democity.New(democity.Options{Seed: 1, Now: time.Now().In(shanghai)})
	if err != nil {
		t.Fatal(err)
	}
	return dir, c
}

// settled is a server that has the demo city.
func settled(t testing.TB) (p *process, dir string, c *democity.City) {
	t.Helper()
	dir, c = city(t)
	p = serving(t)
	p.must("import", "roster", filepath.Join(dir, democity.RosterFile))
	p.must("import", "stations", filepath.Join(dir, democity.StationFile))
	for _, a := range c.Activities {
		p.must("publish", filepath.Join(dir, democity.ActivityDir, string(a.ID)+".json"))
	}
	return p, dir, c
}

func TestImportTwiceChangesNothing(t *testing.T) {
	t.Setenv("TZ", "Etc/GMT+12") // what "today" is says the server's zone, not the clerk's machine
	dir, c := city(t, "-faults")
	p := serving(t)
	sheet, stations := filepath.Join(dir, democity.RosterFile), filepath.Join(dir, democity.StationFile)
	read := len(c.People) + len(c.Orgs)

	o := p.do("import", "roster", "-check", sheet)
	holds(t, o, o.stdout, fmt.Sprintf("读到 %d 行：可导入 %d，重复 0，错误 0", read, read))
	if st := p.status(); o.code != 0 || st.Seq != 0 {
		t.Fatalf("a check changed something: %+v %v", st, o)
	}
	o = p.do("import", "roster", sheet)
	holds(t, o, o.stdout, fmt.Sprintf("工会组织：新增或更新 %d，未变 0", len(c.Orgs)), "会员：新增或更新 2000，未变 0")
	o = p.do("import", "stations", stations)
	holds(t, o, o.stdout, fmt.Sprintf("服务站点：新增或更新 %d，未变 0", len(c.Stations)+len(c.Partners)), "站点照片：新增、更换或撤下 11，未变 0")
	before := p.status()
	if before.People != 2000 {
		t.Errorf("status %+v", before)
	}
	o = p.do("import", "roster", sheet)
	holds(t, o, o.stdout, fmt.Sprintf("工会组织：新增或更新 0，未变 %d", len(c.Orgs)), "会员：新增或更新 0，未变 2000")
	o = p.do("import", "stations", stations)
	holds(t, o, o.stdout, fmt.Sprintf("服务站点：新增或更新 0，未变 %d", len(c.Stations)+len(c.Partners)), "站点照片：新增、更换或撤下 0，未变 11")
	if after := p.status(); after.Seq != before.Seq {
		t.Errorf("the same files moved the journal from %d to %d", before.Seq, after.Seq)
	}
	p.refuses([]string{"服务站点"}, "import", "stations", sheet)
	p.refuses([]string{"会员花名册"}, "import", "roster", stations)
}

// TestFaultyRowsComeBack imports the roster in which the demo city plants 20
// spoiled ID numbers, 10 wrong check digits and 10 duplicates.
func TestFaultyRowsComeBack(t *testing.T) {
	dir, c := city(t, "-faults")
	p := serving(t)
	faulty, back := filepath.Join(dir, democity.FaultyFile), filepath.Join(dir, "back.xlsx")
	good := len(c.People) - 40 + len(c.Orgs)
	o := p.do("import", "roster", faulty, "-errors", back)
	if o.code != 0 {
		t.Fatal(o)
	}
	holds(t, o, o.stdout, fmt.Sprintf("读到 %d 行：可导入 %d，重复 10，错误 30", good+40, good), "会员：新增或更新 1960，未变 0", back)
	holds(t, o, o.stderr, "还有 30 处")
	if st := p.status(); st.People != 1960 {
		t.Errorf("status %+v", st)
	}
	if n := reasons(t, back); n != 40 {
		t.Errorf("the copy gives %d rows a reason, want 40", n)
	}
	// The whole sheet brings the rest; what was good before is not touched.
	o = p.do("import", "roster", filepath.Join(dir, democity.RosterFile))
	holds(t, o, o.stdout, "会员：新增或更新 40，未变 1960")
}

// reasons counts the rows that a copy returns with words under 错误原因.
func reasons(t *testing.T, path string) (n int) {
	t.Helper()
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, sheet := range f.GetSheetList() {
		table, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		column := -1
		for _, row := range table {
			if i := slices.Index(row, "错误原因"); i >= 0 {
				column = i
			} else if column >= 0 && len(row) > column && row[column] != "" {
				n++
			}
		}
	}
	return n
}

func TestNotARoster(t *testing.T) {
	p := serving(t)
	dir := t.TempDir()
	for name, content := range map[string]string{"empty.xlsx": "", "text.xlsx": "这不是表格", "words.csv": "今天,天气,很好\n一,二,三\n"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		p.refuses([]string{name}, "import", "roster", path)
		p.refuses([]string{name}, "import", "stations", path)
	}
	if st := p.status(); st.Seq != 0 {
		t.Errorf("status %+v", st)
	}
}

// file writes what a test wants to publish.
func file(t testing.TB, content any) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "activity.json")
	data, isText := content.(string)
	if !isText {
		b, err := json.MarshalIndent(content, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		data = string(b)
	}
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPublish(t *testing.T) {
	p, dir, c := settled(t)
	film := filepath.Join(dir, democity.ActivityDir, "film.json")
	before := p.status().Seq
	if out := p.must("publish", film); !strings.Contains(out, "nothing changed") || p.status().Seq != before {
		t.Errorf("published again: %s", out)
	}
	spec := c.Activities[0]
	spec.Pools[0].Total = 2001
	if out := p.must("publish", file(t, spec)); !strings.Contains(out, "published film, revision 2") {
		t.Errorf("changed: %s", out)
	}
	small := activity.Spec{ID: "x1", Title: "一", Pools: []activity.Pool{{ID: "p", Total: 1}}}
	second := small
	second.ID = "x2"
	out := p.must("publish", file(t, []activity.Spec{small, second}))
	holds(t, outcome{stdout: out}, out, "published x1, revision 1", "published x2, revision 1")
	out = p.must("publish", "../assets/scenarios/E-diy-series.json")
	holds(t, outcome{stdout: out}, out, "revision 1")

	second.Audience = `under(m, "NOWHERE")`
	o := p.do("publish", file(t, second))
	if o.code != 0 {
		t.Error(o)
	}
	holds(t, o, o.stderr, "warning", `"NOWHERE"`)
}

// TestPublishNamesEveryMistake gives files that are wrong, and what must be said about each.
func TestPublishNamesEveryMistake(t *testing.T) {
	p, _, _ := settled(t)
	before := p.status().Seq
	for name, c := range map[string]struct {
		content string
		words   []string
	}{
		"several": {`{"id":"x","title":"x","pools":[{"id":"p","total":-1},{"id":"p","total":5}],
 "limits":[{"per":"dog","max":1}],"when_full":"explode","colour":"red",
 "windows":{"claim":["2017-03-08T10:00:00","2017-03-07T10:00:00"]}}`,
			[]string{"pools[0].total", "pools[1].id", "limits[0].per", "when_full", "colour (line 2)", "windows.claim (line 3)"}},
		"unknown station": {`{"id":"x","title":"x","pools":[{"id":"p","total":5}],"pickup":{"stations":["nowhere"],"bind":true}}`,
			[]string{"pickup.stations[0]", `"nowhere"`}},
		"rule": {`{"id":"x","title":"x","audience":"m.sex == ","audience_why":"x","pools":[{"id":"p","total":5}]}`, []string{"audience (line 1): "}},
		"rule with a wrong name": {`{"id":"x","title":"x","audience":"m.height > 140","audience_why":"x","pools":[{"id":"p","total":5}]}`,
			[]string{"audience (line 1): ", "height"}},
		"not JSON":         {"\nid: x", []string{"activity.json: (line 2): not JSON"}},
		"cut off":          {`{"id":"x","title":`, []string{"activity.json: (line 1): ", "ends too early"}},
		"empty":            {``, []string{"activity.json"}},
		"no activity":      {`{"scenario":"x","activities":[]}`, []string{"activity.json", "no activit"}},
		"second of a list": {"[{\"id\":\"y\",\"title\":\"y\",\"pools\":[{\"id\":\"p\",\"total\":5}]},\n\n{\"id\":\"x\"\n,\"titel\":\"x\"}]", []string{"activity 1 was not published", "title: is missing", "titel (line 4)"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := p.do("publish", file(t, c.content))
			if o.code == 0 {
				t.Error(o)
			}
			holds(t, o, o.stderr, c.words...)
		})
	}
	if now := p.status().Seq; now != before+1 {
		t.Errorf("journal moved from %d to %d, want one entry: the first of the list", before, now)
	}
}

func TestPublishReachesADeviceAtOnce(t *testing.T) {
	p, _, c := settled(t)
	kiosk := p.enrolled("kiosk", "-role", "kiosk", "-station", string(c.Kiosk))
	kiosk.synced()
	path, began := file(t, activity.Spec{ID: "now", Title: "现在", Pools: []activity.Pool{{ID: "p", Total: 1}}}), time.Now()
	p.must("publish", path)
	until(t, "the kiosk shows the activity", func() bool {
		return slices.ContainsFunc(rows[wire.ActivityRow](kiosk, wire.TableActivity), func(a wire.ActivityRow) bool { return a.ID == "now" })
	})
	t.Logf("from starting the command to the row on the kiosk: %v", time.Since(began).Round(time.Millisecond))
}

func TestMemberFindIsMasked(t *testing.T) {
	p, _, c := settled(t)
	who := c.Samples[0]
	line := p.must("member", "find", who.Name)
	if strings.Contains(line, who.Name) || strings.Contains(line, who.Phone) || strings.Contains(line, who.IDNumber) {
		t.Errorf("not masked: %s", line)
	}
	shape := regexp.MustCompile(`^m[A-Z2-7]+  ` + string([]rune(who.Name)[0]) + `\*+  \*\*\*\*` + who.Phone[len(who.Phone)-4:] + `  ` + regexp.QuoteMeta(who.OrgName))
	if !shape.MatchString(line) {
		t.Errorf("found %q", line)
	}
	m, _, _ := strings.Cut(line, " ")
	if again := p.must("member", "find", m); !strings.HasPrefix(again, m) || strings.Count(again, "\n") != 1 {
		t.Errorf("by id: %q", again)
	}
	if byPhone := p.must("member", "find", who.Phone[len(who.Phone)-4:]); !strings.Contains(byPhone, m) {
		t.Errorf("by the end of the phone: %q", byPhone)
	}
}

// TestDataDirectoryIsPrivate: whoever can read the files or open the socket may do everything.
func TestDataDirectoryIsPrivate(t *testing.T) {
	p, _, _ := settled(t)
	files, err := os.ReadDir(p.data)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", f.Name(), info.Mode())
		}
	}
}
