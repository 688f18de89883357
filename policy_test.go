// Package main_test holds the tree to its own rules: who may import whom, what
// pure code may not touch, and how long things may get. Each finding names the
// place, the rule, and what to do instead.
package main_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// module is the import path that every package of ours starts with.
const module = "yizhan/"

// layers says what the packages under `in` never import. The paths end at an
// element: "core" stands for core and all below it.
var layers = []struct {
	in, except []string
	tests      bool // bind tests too
	never      []string
	instead    string
}{
	{in: []string{"core"}, tests: true, never: []string{module + "app", module + "syncserver"},
		instead: "let the caller pass it in; core knows nobody above it"},
	{in: []string{"app"}, tests: true, never: []string{module + "syncserver"},
		instead: "talk over core/wire"},
	{in: []string{"syncserver"}, except: []string{"syncserver/sim"}, tests: true, never: []string{module + "app"},
		instead: "talk over core/wire"},
	{in: []string{"syncserver/sim"}, tests: true, never: []string{module + "app/boot", module + "app/device", module + "app/kiosk",
		module + "app/look", module + "app/phone", module + "app/shell", module + "app/staff", module + "app/view"},
		instead: "a simulated person drives app/flow, which needs no window"},
	{in: []string{"core", "app/flow", "syncserver"}, tests: true, never: []string{"fyne.io/fyne"},
		instead: "keep widgets in app/view and app/look"},
	{in: []string{"app/flow"}, never: []string{"net", "database/sql"},
		instead: "read rows from core/local and send ops through the outbox"},
	{in: []string{"core"}, except: impure, never: []string{"math/rand", "os", "net", "database/sql"},
		instead: "take state, randomness and time as arguments"},
}

// impure lists the packages of core that touch the outside.
var impure = []string{"core/link", "core/local/sqlite", "core/local/localtest", "core/mappack"}

// features are the packages of core that each hold one idea of the domain. One
// imports another only where the pair stands below, all argued in
// docs/decisions/0001-feature-imports.md; the arbiter, the codecs and the device
// half may use any.
var features = map[string][]string{
	"geo":        nil,
	"walk":       {"geo"},
	"mappack":    {"geo"},
	"mapdraw":    {"geo", "mappack"},
	"seal":       nil,
	"rule":       {"member"},
	"member":     nil,
	"photo":      nil,
	"station":    {"geo", "schedule"},
	"activity":   {"quota", "rule", "member", "schedule"},
	"quota":      nil,
	"lease":      {"quota", "activity", "member", "ticket", "seal"},
	"ticket":     {"seal"},
	"membercode": {"ticket", "seal"},
	"handover":   {"ticket", "station", "activity", "schedule", "seal"},
	"request":    nil,
	"notice":     {"activity"},
	"schedule":   nil,
}

// banned lists calls and what to write in their place. Tests are bound only
// where tests is set.
var banned = []struct {
	in, except []string
	tests      bool
	pkg, names string // names is a regular expression over the whole name
	instead    string
}{
	{in: []string{"core"}, except: impure, pkg: "time", names: `Now|Since|Until|Sleep|After|AfterFunc|Tick|NewTimer|NewTicker`,
		instead: "take the time as an argument"},
	{in: []string{"app/flow"}, pkg: "time", names: `Now|Since|Until|Sleep|After|AfterFunc|Tick|NewTimer|NewTicker`,
		instead: "take the time from the message that carries it"},
	{in: []string{""}, tests: true, pkg: "time", names: `Sleep`,
		instead: "wait for the condition itself: a channel, a context, or a timer in a select"},
	{in: []string{"core", "app", "syncserver", "assets"}, pkg: "fmt", names: `Print|Printf|Println`,
		instead: "return it, write it to an io.Writer that main passes, or log it with log/slog"},
	{in: []string{"core", "app", "syncserver"}, pkg: "log", names: `Print.*|Fatal.*|Panic.*`,
		instead: "return an error, or log with log/slog"},
	{in: []string{"core", "app"}, pkg: "os", names: `Exit`, instead: "return an error and let main exit"},
	{in: []string{"app"}, pkg: "fyne.io/fyne/v2/widget", names: `NewSelect|NewSelectEntry|NewForm|NewCalendar|NewDateEntry`,
		instead: "use look.Choices: Fyne's Chinese misses words of these, and they are too small for a finger"},
	{in: []string{""}, tests: true, pkg: "io/ioutil", names: `.*`, instead: "use io or os"},
}

// vague are package names that say where things were put, not what they are.
var vague = map[string]bool{"util": true, "utils": true, "common": true, "helpers": true, "types": true, "models": true}

// mute are places of the app whose Chinese nobody translates.
var mute = []string{
	"app/shell/shelltest",   // data of a made-up town
	"app/boot/slip.go",      // the same, on a sample slip
	"app/flow/slip/slip.go", // characters that a test page prints
	"app/typeset",           // characters that lines break at
	"app/look/text.go",      // the character that a line is as high as
}

const (
	maxFunc = 70  // lines of a function outside tests
	maxFile = 500 // lines of a file that a person wrote
	// tooLong is how many entries the allow-list holds: it only falls.
	tooLong   = 0
	allowList = "testdata/policy-allow.txt"
)

// texts are patterns that no tracked text file may hold. Their parts are joined
// here, so that this file passes too.
var texts = []struct {
	rule    string
	pattern *regexp.Regexp
	allowed *regexp.Regexp // a match that is fine, if any
	instead string
}{
	{"machine path", regexp.MustCompile(`(^|[^\w.:/-])/(work|root|home|Users)` + `/\w[\w./-]*`), nil,
		"write the path relative to the module's root"},
	{"person's ID number", regexp.MustCompile(`\b[1-9]\d{5}(18|19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dXx]\b`),
		regexp.MustCompile(`^999`), "start it with 999, a region that does not exist"},
	{"phone number", regexp.MustCompile(`\b1[3-9]\d{9}\b`), nil, "start it with 100, which is never assigned"},
}

// check is one kind of rule.
type check struct {
	name string
	run  func(*source) []finding
}

// checks run one after the other over the whole tree.
var checks = []check{
	{"layers", layerFindings},
	{"features", featureFindings},
	{"calls", callFindings},
	{"package docs", packageFindings},
	{"exported docs", docFindings},
	{"skips", skipFindings},
	{"speech", speechFindings},
	{"gofmt", formatFindings},
	{"length", lengthFindings},
	{"texts", textFindings},
}

func TestPolicy(t *testing.T) {
	tree, err := load(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.files) < 20 {
		t.Fatalf("only %d Go files found: the test runs in the wrong place", len(tree.files))
	}
	if len(tree.allow) != tooLong {
		t.Errorf("%s has %d lines, policy_test.go says %d: lower tooLong, or shorten what grew", allowList, len(tree.allow), tooLong)
	}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			for _, f := range c.run(tree) {
				t.Errorf("%s:%d: %s: %s", f.path, f.line, f.rule, f.instead)
			}
		})
	}
}

// TestPolicyFinds plants one breach at a time, because a rule that finds nothing
// in a clean tree may as well be broken.
func TestPolicyFinds(t *testing.T) {
	const doc = "// Package x is for this test.\n"
	for _, c := range []struct{ check, path, body, want string }{
		{"layers", "core/id/a.go", doc + `package id; import _ "yizhan/app/look"`, "a.go:2: never import yizhan/app/look here"},
		{"layers", "core/quota/a.go", doc + `package quota; import _ "math/rand/v2"`, "a.go:2: never import math/rand/v2"},
		{"layers", "app/flow/claim/a.go", doc + `package claim; import _ "net/http"`, "a.go:2: never import net/http"},
		{"layers", "app/flow/claim/a_test.go", doc + `package claim; import _ "fyne.io/fyne/v2/test"`, "never import fyne.io/fyne/v2/test"},
		{"layers", "app/flow/claim/a.go", doc + `package claim; import _ "network"`, ""},
		{"layers", "syncserver/sim/a.go", doc + `package sim; import _ "yizhan/app/flow/claim"`, ""},
		{"layers", "syncserver/sim/a.go", doc + `package sim; import _ "yizhan/app/view/claim"`, "never import yizhan/app/view/claim"},
		{"features", "core/quota/a.go", doc + `package quota; import _ "yizhan/core/rule"`, "quota does not import rule"},
		{"features", "core/lease/a.go", doc + `package lease; import _ "yizhan/core/quota"`, ""},
		{"calls", "core/quota/a.go", doc + "package quota\nimport clock \"time\"\nvar at = clock.Now", "a.go:4: no clock.Now here: take the time"},
		{"calls", "syncserver/a/a_test.go", "package a\nimport \"time\"\nfunc f() { time.Sleep(1) }", "a_test.go:3: no time.Sleep"},
		{"calls", "app/look/a.go", "package look\nimport \"fmt\"\nfunc f() { fmt.Println() }", "a.go:3: no fmt.Println"},
		{"calls", "app/view/a/a.go", "package a\nimport \"fyne.io/fyne/v2/widget\"\nvar f = widget.NewSelect", "a.go:3: no widget.NewSelect here: use look.Choices"},
		{"package docs", "core/quota/a.go", "package quota", "a.go:1: no package doc"},
		{"package docs", "core/util/a.go", doc + "package util", "a.go:2: package util says nothing"},
		{"exported docs", "core/quota/a.go", "package quota\nfunc (s *State) Grant() {}", "a.go:2: Grant has no doc comment"},
		{"exported docs", "core/quota/a.go", "package quota\n// A says Do.\ntype A interface{ Do() }\nfunc (s *State) Do() {}", ""},
		{"exported docs", "core/quota/a.go", "package quota\nvar Max, min = 1, 2", "a.go:2: Max has no doc comment"},
		{"skips", "core/quota/a_test.go", "package quota\nfunc f(t T) { t.SkipNow() }", "a_test.go:2: a test is skipped"},
		{"speech", "app/look/a.go", "package look\nvar a, b = say.T(\"好\"), \"好\"", "a.go:2: Chinese \"好\" is not a text"},
		{"speech", "app/look/a.go", "package look\nvar a = say.Join(\"、\", say.T(\"%s 好\", x))", ""},
		{"gofmt", "core/quota/a.go", "package  quota\n", "a.go:1: not formatted"},
		{"length", "core/quota/a.go", "package quota\nfunc f() {" + strings.Repeat("\n", 70) + "}", "a.go:2: has 71 lines, at most 70"},
		{"length", "core/quota/a.go", "package quota" + strings.Repeat("\n", 501), "a.go:1: has 501 lines, at most 500"},
		{"texts", "docs/A.md", "see\n/wo" + "rk/main/go.mod", "A.md:2: machine path"},
		{"texts", "assets/a.json", `"1101011990` + `03071234"`, "a.json:1: person's ID number"},
		{"texts", "assets/a.json", `"999101199` + `003071234", "10012345678"`, ""},
		{"texts", "assets/a.json", `"138` + `00138000"`, "a.json:1: phone number"},
	} {
		tree, err := load(fstest.MapFS{c.path: {Data: []byte(c.body)}})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(checks, func(k check) bool { return k.name == c.check })
		var got string
		for _, f := range checks[i].run(tree) {
			got += fmt.Sprintf("%s:%d: %s: %s\n", f.path, f.line, f.rule, f.instead)
		}
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s in %s: found %q, want %q", c.check, c.path, got, c.want)
		}
	}
}
