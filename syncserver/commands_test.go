package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yizhan/core/activity"
)

func TestEveryCommandHasHelp(t *testing.T) {
	for _, c := range commands {
		o := try(t, append(strings.Fields(c.name), "-h")...)
		if o.code != 0 || o.stderr != "" {
			t.Error(o)
		}
		holds(t, o, o.stdout, "usage: syncserver "+c.name, c.args)
		if c.name != "rehearse" && c.name != "demo" && c.name != "sim" && !strings.HasPrefix(c.name, "load ") && !strings.Contains(c.name, "map") { // these make their own, or need none
			holds(t, o, o.stdout, "-data string")
		}
	}
	for _, args := range [][]string{nil, {"-h"}, {"--help"}, {"help"}, {"import"}, {"import", "-h"}} {
		o := try(t, args...)
		holds(t, o, o.stdout+o.stderr, "import roster FILE.xlsx", "import stations FILE.xlsx")
		if wrong := len(args) == 1 && args[0] == "import"; (o.code == 0) == wrong {
			t.Error(o)
		}
	}
	if o := try(t, "import", "-h"); strings.Contains(o.stdout, "rehearse") {
		t.Errorf("help of import lists everything: %v", o)
	}
}

// wrong are command lines that are refused before anything is asked or opened.
var wrong = []struct {
	args  string
	words []string
}{
	{"import roster", []string{"import roster: wrong arguments", "syncserver import roster -h"}},
	{"import roster a.xlsx b.xlsx", []string{"wrong arguments"}},
	{"import stations", []string{"wrong arguments"}},
	{"import calendar", []string{"import calendar: wrong arguments"}},
	{"station list 仙桥", []string{"wrong arguments"}},
	{"station find", []string{"wrong arguments"}},
	{"station close", []string{"wrong arguments"}},
	{"station open a b", []string{"wrong arguments"}},
	{"station checked", []string{"wrong arguments"}},
	{"import map", []string{"import map: wrong arguments", "syncserver import map -h"}},
	{"import map DIR/none.osm", []string{"no such file"}},
	{"import map -bbox 1,2,3 DIR/none.osm", []string{"-bbox", "SOUTH,WEST,NORTH,EAST"}},
	{"import map -bbox 3,2,1,4 DIR/none.osm", []string{"-bbox"}},
	{"map info DIR/none.map", []string{"no such file"}},
	{"map route DIR/none.map 24.48,118.09", []string{"wrong arguments"}},
	{"map route DIR/none.map 24.48,118.09 95,200", []string{`"95,200" is not LAT,LON`}},
	{"map route DIR/none.map 24.48,118.09 24.48", []string{`"24.48" is not LAT,LON`}},
	{"map route -pace flying DIR/none.map 24.48,118.09 24.48,118", []string{"-pace", "ordinary, elderly, wheelchair"}},
	{"map nearest DIR/none.map DIR/none.csv 24.48,118.09", []string{"none.csv", "no such file"}},
	{"map draw -size big DIR/none.map", []string{"-size", "1080x1080"}},
	{"map draw -palette red DIR/none.map", []string{"-palette is day, night or contrast"}},
	{"map draw -pace flying DIR/none.map", []string{"-pace"}},
	{"publish", []string{"wrong arguments"}},
	{"enrol", []string{"-role is missing"}},
	{"enrol -role kiosk -station s1 extra", []string{"wrong arguments"}},
	{"enrol -role kiosk -valid 0s", []string{"-valid must be longer"}},
	{"enrol -role kiosk -valid soon", []string{"-valid"}},
	{"revoke", []string{"wrong arguments"}},
	{"authority -station st1", []string{"-station or -device is missing"}},
	{"member find", []string{"wrong arguments"}},
	{"member card", []string{"wrong arguments"}},
	{"draw film", []string{"-seed is missing"}},
	{"lend -activity film -seats 1", []string{"-device or -activity is missing"}},
	{"lend -device k -activity film", []string{"-seats must be 1 or more"}},
	{"lend -device k -activity film -seats 1 -policy soft", []string{`"soft" is neither hard nor void`}},
	{"lend -device k -activity film -seats 1 -members DIR/none", []string{"no such file"}},
	{"write-off -device k", []string{"-device or -activity is missing"}},
	{"void-lease -activity film", []string{"-device or -activity is missing"}},
	{"leases now", []string{"wrong arguments"}},
	{"status now", []string{"wrong arguments"}},
	{"rehearse", []string{"wrong arguments"}},
	{"verify -zone Mars/Base", []string{"-zone", "Mars/Base"}},
	{"verify -chain", []string{"verify: wrong arguments", "-chain"}},
	{"serve -zone Mars/Base", []string{"-zone", "Mars/Base"}},
	{"serve -tls-cert a.pem", []string{"-tls-cert and -tls-key"}},
	{"demo", []string{"wrong arguments"}},
	{"enrol -role kiosk", []string{"-station is missing"}},
	{"enrol -role phone", []string{"-member is missing"}},
	{"lend -device k -activity a -seats 1 -void-after 1h", []string{"-void-after", "-policy void"}},
	{"backup -data DIR -o /dev/null/x", []string{"make directory for the backup", "/dev/null"}},
	{"demo -tier XXL DIR", []string{`"XXL"`}},
}

func TestWrongArgumentsAreOneLine(t *testing.T) {
	for _, c := range wrong {
		refused(t, c.words, strings.Fields(strings.ReplaceAll(c.args, "DIR", t.TempDir()))...)
	}
	o := try(t, "pubish", "film.json")
	if o.code == 0 {
		t.Error(o)
	}
	holds(t, o, o.stderr, `there is no command "pubish film.json"`, "publish ACTIVITY.json")
}

func TestWithoutAServer(t *testing.T) {
	data, file := filepath.Join(t.TempDir(), "none"), filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(`{"id":"x","title":"x","pools":[{"id":"p","total":1}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"import roster FILE", "import stations FILE", "publish FILE", "enrol -role kiosk -station s1", "revoke d1", "member find 王", "member card m1", "draw film -seed x", "status", "leases", "lend -device k -activity a -seats 1", "write-off -device k -activity a"} {
		refused(t, []string{"no server answers at " + data, "syncserver serve -data " + data}, append(strings.Fields(strings.ReplaceAll(args, "FILE", file)), "-data", data)...)
	}
	refused(t, []string{"there is no journal to verify", data}, "verify", "-data", data)
	refused(t, []string{"no such file"}, "publish", "-data", data, file+".json")
	if _, err := os.Stat(data); err == nil {
		t.Error("a command without a server made the data directory")
	}
}

func TestUnknownIDs(t *testing.T) {
	p := serving(t)
	p.refuses([]string{`station "st9"`, "import"}, "enrol", "-role", "kiosk", "-station", "st9")
	p.refuses([]string{`station "st9"`}, "enrol", "-role", "staff", "-station", "st9")
	p.refuses([]string{`organisation "o9"`}, "enrol", "-role", "staff", "-org", "o9")
	p.refuses([]string{`member "m9"`}, "enrol", "-role", "phone", "-member", "m9")
	p.refuses([]string{`role "robot"`, "kiosk"}, "enrol", "-role", "robot")
	p.refuses([]string{`device "d9"`}, "revoke", "d9")
	p.refuses([]string{`station "st9"`}, "authority", "-station", "st9", "-device", "d9")
	p.refuses([]string{`activity "a9"`}, "draw", "a9", "-seed", "x")
	p.refuses([]string{`device "d9"`}, "lend", "-device", "d9", "-activity", "a9", "-seats", "1")
	p.refuses([]string{`activity "a9"`}, "write-off", "-device", "d9", "-activity", "a9")
	p.must("publish", file(t, activity.Spec{ID: "tea", Title: "茶", Pools: []activity.Pool{{ID: "p", Total: 1}}}))
	p.refuses([]string{`no device "d9"`, "syncserver leases"}, "write-off", "-device", "d9", "-activity", "tea")
	p.refuses([]string{`activity "a9"`}, "void-lease", "-device", "d9", "-activity", "a9")
	p.refuses([]string{`"王"`}, "member", "find", "王")
	p.refuses([]string{"no such file"}, "import", "roster", "nowhere.xlsx")
	if st := p.status(); st.Seq != 1 || st.Sum != "ok" {
		t.Errorf("refused commands left entries: %+v", st)
	}
}

func TestASecondServerIsRefused(t *testing.T) {
	p := serving(t)
	refused(t, []string{"in use by another server"}, "serve", "-data", p.data, "-addr", "127.0.0.1:0")
	refused(t, []string{"listen for devices", p.addr, "-addr"}, "serve", "-data", t.TempDir(), "-addr", p.addr)
	if st := p.status(); st.Sum != "ok" {
		t.Errorf("the first server: %+v", st)
	}
}

// TestRehearse: exit 0 only without a difference, one line a difference, and JSON.
func TestRehearse(t *testing.T) {
	const good = "../assets/scenarios/D-hospital-booking.json"
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	changed := file(t, strings.Replace(string(text), `"granted"`, `"waitlisted"`, 1))
	misspelt := file(t, strings.Replace(string(text), `"steps"`, `"stepps"`, 1))
	o := try(t, "rehearse", good, "../assets/scenarios/F-draw.json")
	holds(t, o, o.stdout, good+": 13 steps as expected\n", "F-draw.json: 26 steps as expected\n")
	if o.code != 0 || o.stderr != "" {
		t.Error(o)
	}
	o = try(t, "rehearse", changed, good)
	holds(t, o, o.stdout, changed+": step 2 (claim m1): result granted, want waitlisted\n", good+": 13 steps as expected\n")
	if o.code == 0 || o.stderr != "syncserver: 1 of 2 scenarios did not come out as expected\n" {
		t.Error(o)
	}
	o = try(t, "rehearse", misspelt, good+"x", good)
	holds(t, o, o.stderr, misspelt+": stepps (line ", "): unknown key", "no such file", "2 of 3 scenarios")
	holds(t, o, o.stdout, good+": 13 steps as expected\n")
	if o.code == 0 {
		t.Error(o)
	}
	o = try(t, "rehearse", "-json", changed)
	var report struct {
		Scenario    string
		Steps       int
		Differences []string
		Activities  map[string]map[string]int
	}
	if err := json.Unmarshal([]byte(o.stdout), &report); err != nil || o.code == 0 || report.Steps != 13 || len(report.Differences) != 1 ||
		report.Differences[0] != "step 2 (claim m1): result granted, want waitlisted" || report.Activities["hosp/2026-09-30T09:00"]["granted"] != 1 {
		t.Errorf("%v %+v: %v", err, report, o)
	}
}
