package rehearse

import (
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// wrong has a wrong expectation of every kind.
const wrong = `{
 "scenario": "everything is expected wrongly", "clock": "2017-03-01T10:00:00",
 "orgs": [{"id": "C", "name": "工会"}],
 "member_ranges": [{"prefix": "m", "count": 9, "org": "C"}, {"prefix": "s", "count": 9, "org": "C"}],
 "stations": [{"id": "S1", "name": "站", "lat": 24, "lon": 118, "datum": "WGS84"}],
 "devices": [{"id": "K1", "role": "kiosk", "station": "S1"}, {"id": "P1", "role": "phone", "member": "m1"}],
 "activities": [
  {"id": "film", "title": "电影", "when_full": "waitlist", "pools": [{"id": "p", "total": 2}], "limits": [{"per": "member", "max": 1}],
   "pickup": {"stations": ["S1"], "bind": true}, "thresholds": [{"per": "org", "persons_over": 3, "task": "screening"}]},
  {"id": "lots", "title": "抽签", "method": "draw", "pools": [{"id": "p", "total": 1}]},
  {"id": "rush", "title": "抢", "pools": [{"id": "p", "total": 3}], "limits": [{"per": "member", "max": 1}]},
  {"id": "day", "title": "日子", "sessions": [{"id": "x", "starts": "2017-03-01T10:30:00", "ends": "2017-03-01T12:00:00", "total": 3}]}
 ],
 "steps": [
  {"do": "claim", "member": "m1", "activity": "film", "expect": {"result": "refused", "code": "member_cap"}},
  {"do": "claim", "member": "m1", "activity": "film", "expect": {"result": "granted"}},
  {"do": "claim", "member": "m1", "activity": "film", "expect": {"result": "refused", "code": "sold_out"}},
  {"do": "claim", "member": "m1", "activity": "film", "expect": {"code": "sold_out"}},
  {"do": "claim", "member": "m2", "activity": "film", "expect": {"result": "granted", "seats": 2}},
  {"do": "claim", "member": "m3", "activity": "film", "expect": {"result": "waitlisted", "place": 2}},
  {"do": "group_claim", "org": "C", "activity": "film", "lines": [{"member": "m4", "seats": 1}],
   "expect": {"granted": 1, "waitlisted": 0, "refused": {"sold_out": 1}, "tasks": []}},
  {"do": "redeem", "device": "K1", "member": "m1", "activity": "film", "repeat": 3, "expect": {"verdict": "too_early"}},
  {"do": "copy_code", "member": "m1", "activity": "film", "as": "shot"},
  {"do": "redeem", "device": "K1", "code": "shot", "expect": {"verdict": "valid"}},
  {"do": "cancel", "org": "C", "activity": "film", "seats": 1, "expect": {"result": "refused", "code": "invalid"}},
  {"do": "claim", "member": "m5", "activity": "lots", "expect": {"result": "granted"}},
  {"do": "draw", "activity": "lots", "seed": "x", "expect": {"granted": 0, "waitlisted": 1, "refused": 2, "digest": "00"}},
  {"do": "storm", "activity": "rush", "prefix": "s", "tries": 40, "over": "10m", "expect": {"granted": 4}},
  {"do": "claim", "member": "m1", "activity": "day", "expect": {"result": "granted"}},
  {"at": "+5m", "do": "check_in", "device": "K1", "member": "m1", "activity": "day", "expect": {"verdict": "not_approved"}},
  {"do": "rebind", "member": "m1", "activity": "film", "station": "S1", "expect": {"result": "done"}},
  {"do": "check", "expect": {"activities": {"film": {"granted": 9, "waitlisted": 9, "redeemed": 1, "free": 9}, "day/x": {"checked_in": 9}, "gone": {"free": 1}},
   "orgs": {"C": {"film": 9}}, "members": {"m1": {"film": "granted"}, "m9": {"film": "granted"}}, "tasks": [{"kind": "party", "org": "C"}],
   "messages": [{"member": "m5", "kind": "lapsed"}, {"member": "m1", "kind": "lapsed"}], "incidents": 7, "device_rows": {"K1": {"ticket": 9}, "P9": {"ticket": 1}}}}
 ],
 "expect": {"activities": {"rush": {"granted": 4}}}
}`

func TestEveryDifferenceIsReported(t *testing.T) {
	s, err := Parse([]byte(wrong))
	if err != nil {
		t.Fatal(err)
	}
	report, err := Run(s, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(`step 0 (claim m1): result granted, want refused member_cap
step 1 (claim m1): result refused member_cap, want granted
step 2 (claim m1): result refused member_cap, want refused sold_out
step 3 (claim m1): code member_cap, want sold_out
step 4 (claim m2): seats 1, want 2
step 5 (claim m3): place 1, want 2
step 6 (group_claim C): granted 0, want 1
step 6 (group_claim C): waitlisted 1, want 0
step 6 (group_claim C): refused {}, want {"sold_out":1}
step 6 (group_claim C): tasks ["screening"], want []
step 7 (redeem m1): verdict valid, want too_early
step 9 (redeem shot): verdict already_redeemed, want valid
step 10 (cancel C): result done, want refused invalid
step 11 (claim m5): result entered, want granted
step 12 (draw lots): granted 1, want 0
step 12 (draw lots): waitlisted 0, want 1
step 12 (draw lots): digest b5f2031eb62e37c6d38287b38f83afeaed2665f0424eb3c29c1a38a596a13d57, want 00
step 12 (draw lots): refused 0, want 2
step 13 (storm rush): granted 3, want 4
step 15 (check_in m1): verdict valid, want not_approved
step 16 (rebind m1): result refused invalid, want done
step 17 (check): day/x checked_in 1, want 9
step 17 (check): film free 0, want 9
step 17 (check): film granted 2, want 9
step 17 (check): film waitlisted 1, want 9
step 17 (check): there is no activity or session "gone"
step 17 (check): organisation C film 2, want 9
step 17 (check): member m1 film redeemed, want granted
step 17 (check): member m9 film none, want granted
step 17 (check): tasks [screening for C], want [party for C]
step 17 (check): incidents 0, want 7
step 17 (check): messages of m5 [drawn], want lapsed
step 17 (check): messages of m1 [granted granted], want lapsed
step 17 (check): messages on P1 [granted granted], want lapsed
step 17 (check): rows of ticket on K1 3, want 9
step 17 (check): there is no device "P9"
end: rush granted 3, want 4`, "\n")
	for _, d := range report.Differences {
		if !slices.Contains(want, d) {
			t.Errorf("reported: %s", d)
		}
	}
	for _, w := range want {
		if !slices.Contains(report.Differences, w) {
			t.Errorf("missing:  %s", w)
		}
	}
	if report.Scenario != "everything is expected wrongly" || report.Steps != 18 || report.Activities["film"]["redeemed"] != 1 || report.Activities["day/x"]["granted"] != 1 {
		t.Errorf("report %+v", report)
	}
}

// TestRefusedLease: what staff may not lend is a refusal that a step may expect, and
// the rehearsal goes on.
func TestRefusedLease(t *testing.T) {
	s, err := Parse([]byte(`{"scenario": "seats of a draw", "clock": "2017-03-01T10:00:00", "orgs": [{"id": "C"}], "member_ranges": [{"prefix": "m", "count": 2, "org": "C"}],
 "stations": [{"id": "S1", "name": "一号站", "lat": 24.4, "lon": 118.0, "datum": "GCJ02"}], "devices": [{"id": "K1", "role": "kiosk", "station": "S1"}],
 "activities": [{"id": "lots", "title": "抽签", "method": "draw", "pools": [{"id": "p", "total": 5}]}, {"id": "aid", "title": "帮扶", "method": "staff", "pools": [{"id": "p", "total": 5}]}],
 "steps": [
  {"do": "lease", "device": "K1", "activity": "lots", "count": 2, "policy": "hard", "expect": {"result": "refused", "code": "invalid"}},
  {"do": "lease", "device": "K1", "activity": "aid", "count": 2, "policy": "hard"},
  {"do": "claim", "member": "m1", "activity": "lots", "expect": {"result": "entered"}}
 ], "expect": {}}`))
	if err != nil {
		t.Fatal(err)
	}
	report, err := Run(s, slog.New(slog.DiscardHandler))
	want := []string{`step 1 (lease K1): refused: activity "aid" is decided by staff: its seats cannot be lent`}
	if err != nil || !slices.Equal(report.Differences, want) {
		t.Errorf("%q, %v, want %q", report.Differences, err, want)
	}
}

// TestStepThatCannotBeDone ends the rehearsal: later steps expect another world.
func TestStepThatCannotBeDone(t *testing.T) {
	for step, want := range map[string]string{
		`{"do": "offline", "device": "K9"}`:                                              `step 0 (offline K9): there is no device "K9"`,
		`{"do": "draw", "activity": "a", "seed": "x"}`:                                   `step 0 (draw a): activity "a" is not decided by a draw`,
		`{"do": "storm", "activity": "a", "prefix": "z", "tries": 1, "over": "1m"}`:      `step 0 (storm a): there is no member range "z"`,
		`{"do": "storm", "activity": "a", "prefix": "m", "tries": 1, "over": "soon"}`:    `step 0 (storm a): time: invalid duration "soon"`,
		`{"do": "advance", "to": "2017-02-28T10:00:00"}`:                                 `step 0 (advance 2017-02-28T10:00:00): 2017-02-28 10:00:00 lies before the clock, which stands at 2017-03-01 10:00:00`,
		`{"do": "advance", "to": "soon"}`:                                                `step 0 (advance soon): "soon" is not a time like 2017-03-08T10:00:00 or +90s`,
		`{"do": "copy_code", "member": "m1", "activity": "a", "as": "x"}`:                `step 0 (copy_code m1): the phone of m1 shows no code for a`,
		`{"do": "lease", "device": "K1", "activity": "a", "count": 5, "policy": "soft"}`: `step 0 (lease K1): "soft" is no policy; write hard or void_unreported`,
		`{"do": "clock", "device": "K9", "offset": "+5m"}`:                               `step 0 (clock K9): there is no device "K9"`,
	} {
		s, err := Parse([]byte(small(step + `, {"do": "claim", "member": "m1", "activity": "a", "expect": {"result": "refused"}}`)))
		if err != nil {
			t.Errorf("%s: %v", step, err)
			continue
		}
		report, err := Run(s, slog.New(slog.DiscardHandler))
		if err != nil || len(report.Differences) != 1 || report.Differences[0] != want {
			t.Errorf("%s\n got %q %v\nwant %q", step, report.Differences, err, want)
		}
	}
}

// small is a scenario with some steps.
func small(steps string) string {
	return `{"scenario": "x", "clock": "2017-03-01T10:00:00", "member_ranges": [{"prefix": "m", "count": 2, "org": "C"}],
 "stations": [{"id": "S1", "name": "站", "lat": 24, "lon": 118, "datum": "WGS84"}], "devices": [{"id": "K1", "role": "kiosk", "station": "S1"}],
 "activities": [{"id": "a", "title": "甲", "pools": [{"id": "p", "total": 1}]}],
 "steps": [` + steps + `], "expect": {"activities": {"a": {"granted": 7}}}}`
}

func TestMistakesOfAFileAreNamed(t *testing.T) {
	for file, want := range map[string]string{
		"":             "ends too early",
		"{\n\"clock\"": "ends too early",
		"nonsense":     "(line 1): not JSON",
		`{"scenario": "x", "clock": "tomorrow", "activities": []}`:                                 `clock (line 1): "tomorrow" is not a time`,
		`{"scenario": "x", "clock": "2017-03-01T10:00:00"}`:                                        `activities: are missing`,
		`{"scenario": "x", "zone": "Mars"}`:                                                        `zone (line 1): unknown time zone Mars`,
		"{\n\"scenaro\": \"x\", \"activities\": [],\n \"clock\": \"now\"}":                         "scenaro (line 2): unknown key\nclock (line 3): \"now\" is not a time like 2017-03-08T10:00:00\nactivities (line 2): are missing",
		small("\n{\"do\": \"clam\", \"member\": \"m1\"}"):                                          `steps[0].do (line 5): unknown step "clam"`,
		small("\n{\"do\": \"claim\", \"member\": \"m1\", \"activity\": \"a\",\n\"seat\": 2}"):      `steps[0].seat (line 6): unknown key (did you mean "seats"?)`,
		small("\n{\"do\": \"claim\", \"member\": \"m1\", \"activity\": \"a\",\n\"seed\": \"2\"}"):  `steps[0].seed (line 6): is not for claim`,
		small("\n{\"do\": \"claim\", \"activity\": \"a\"}"):                                        `steps[0] (line 5): claim needs "member"`,
		small("\n{\"do\": \"check\",\n\"expect\": {\"verdict\": \"valid\"}}"):                      `steps[0].expect.verdict (line 6): is no outcome of check`,
		small("\n{\"do\": \"offline\", \"device\": \"K1\", \"expect\": {\"result\": \"done\"}}"):   `steps[0].expect.result (line 5): is no outcome of offline`,
		strings.Replace(small(""), `{"activities": {"a"`, `{"digest": "x", "activities": {"a"`, 1): `expect.digest (line 4): is no outcome of the end`,
		strings.Replace(small(""), `"total": 1`, "\n\"total\": -1", 1):                             `activities[0].pools[0].total (line 4)`,
		strings.Replace(small(""), `"title": "甲"`, "\n\"titel\": \"甲\"", 1):                        "activities[0].titel (line 4): unknown key\nactivities[0].title: is missing",
		strings.Replace(small(""), `"count": 2`, `"count": "two"`, 1):                              `member_ranges[0].count (line 1): two stands where a whole number is meant`,
	} {
		_, err := Parse([]byte(file))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %v\nwant %s", file, err, want)
		}
	}
	if _, err := Parse([]byte(small(""))); err != nil {
		t.Errorf("the small scenario itself: %v", err)
	}
}

func TestMoments(t *testing.T) {
	s, err := Parse([]byte(small("")))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2017, 3, 1, 10, 0, 0, 0, s.zone)
	for text, want := range map[string]string{
		"+90s": "2017-03-01T10:01:30+08:00", "+2h": "2017-03-01T12:00:00+08:00", "+1d": "2017-03-02T10:00:00+08:00", "+1h30m": "2017-03-01T11:30:00+08:00",
		"2017-03-08T09:00:00": "2017-03-08T09:00:00+08:00", "2017-03-08T09:00:00Z": "2017-03-08T17:00:00+08:00",
		"+": "", "+1w": "", "90s": "", "2017-03-08": "", "": "",
	} {
		got, err := s.moment(text, now)
		if (err != nil) != (want == "") || want != "" && got.In(s.zone).Format(time.RFC3339) != want {
			t.Errorf("%q is %v, %v; want %s", text, got, err, want)
		}
	}
}

// TestTimesCountFromTheStepBefore: "+10s" is after the end of the previous step, also of one that moved the clock itself.
func TestTimesCountFromTheStepBefore(t *testing.T) {
	s, err := Parse([]byte(strings.Replace(small(`{"at": "2017-03-01T11:00:00", "do": "check"}, {"do": "storm", "activity": "a", "prefix": "m", "tries": 3, "over": "10m"},
 {"at": "+10s", "do": "claim", "member": "m1", "activity": "b", "expect": {"result": "refused", "code": "window_not_open"}},
 {"at": "+1s", "do": "claim", "member": "m1", "activity": "b", "expect": {"result": "granted"}}`), `"activities": [`,
		`"activities": [{"id": "b", "title": "乙", "pools": [{"id": "p", "total": 1}], "windows": {"claim": ["2017-03-01T11:10:11", "2017-03-01T11:10:12"]}}, `, 1)))
	if err != nil {
		t.Fatal(err)
	}
	report, err := Run(s, slog.New(slog.DiscardHandler))
	if err != nil || !slices.Equal(report.Differences, []string{"end: a granted 1, want 7"}) {
		t.Errorf("%q, %v", report.Differences, err)
	}
}
