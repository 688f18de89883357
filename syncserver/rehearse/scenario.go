// Package rehearse runs a scenario file through a real server, over real
// WebSocket sessions, with real device replicas, under a simulated clock, and
// reports every difference from what the file expects. Staff rehearse an
// activity's rules with it before they publish it. docs/SCENARIOS.md describes
// the files.
package rehearse

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/jsoncheck"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/schedule"
)

// Scenario is one file.
type Scenario struct {
	Title        string            `json:"scenario"`
	Zone         string            `json:"zone"`
	Clock        string            `json:"clock"`
	Seed         int64             `json:"seed"`
	Orgs         []member.Org      `json:"orgs"`
	Members      []Member          `json:"members"`
	MemberRanges []Range           `json:"member_ranges"`
	Stations     []Station         `json:"stations"`
	Devices      []Device          `json:"devices"`
	Activities   []json.RawMessage `json:"activities"`
	Steps        []Step            `json:"steps"`
	Expect       *Expect           `json:"expect"`

	Chaos int64 `json:"-"` // not 0: a fault in every step, chosen by this number

	zone  *time.Location
	start time.Time
}

// Member is one person of the world.
type Member struct {
	ID       id.Member `json:"id"`
	Name     string    `json:"name"`
	Org      id.Org    `json:"org"`
	Sex      string    `json:"sex"`
	Birth    string    `json:"birth"`
	Tags     []string  `json:"tags"`
	Children int       `json:"children"`
	LivesIn  id.Org    `json:"lives_in"`
}

// Range is many people at once.
type Range struct {
	Prefix    string   `json:"prefix"`
	Count     int      `json:"count"`
	Org       id.Org   `json:"org"`
	WithChild int      `json:"with_child"`
	Sex       string   `json:"sex"`
	Tags      []string `json:"tags"`
	LivesIn   id.Org   `json:"lives_in"`
}

// Station is one place.
type Station struct {
	ID    id.Station `json:"id"`
	Name  string     `json:"name"`
	Lat   float64    `json:"lat"`
	Lon   float64    `json:"lon"`
	Datum string     `json:"datum"`
}

// Device is one declared device.
type Device struct {
	ID      id.Device  `json:"id"`
	Role    op.Role    `json:"role"`
	Station id.Station `json:"station"`
	Org     id.Org     `json:"org"`
	Member  id.Member  `json:"member"`
}

// Step is one thing that happens. Which fields it may have depends on Do.
type Step struct {
	At       string      `json:"at"`
	Do       string      `json:"do"`
	As       string      `json:"as"`
	Repeat   int         `json:"repeat"`
	Expect   *Expect     `json:"expect"`
	Member   id.Member   `json:"member"`
	Activity id.Activity `json:"activity"`
	Pool     id.Pool     `json:"pool"`
	Seats    *int        `json:"seats"`
	Station  id.Station  `json:"station"`
	Device   id.Device   `json:"device"`
	Org      id.Org      `json:"org"`
	Lines    []Line      `json:"lines"`
	Range    *LineRange  `json:"range"`
	Count    int         `json:"count"`
	Policy   string      `json:"policy"`
	SetAside string      `json:"set_aside"`
	Members  []id.Member `json:"members"`
	Expires  string      `json:"expires"`
	Void     string      `json:"void_after"`
	Override bool        `json:"override"`
	Out      bool        `json:"out"`
	Code     string      `json:"code"`
	Seed     string      `json:"seed"`
	Prefix   string      `json:"prefix"`
	Tries    int         `json:"tries"`
	Over     string      `json:"over"`
	Offset   string      `json:"offset"`
	To       string      `json:"to"`
}

// Line is one person of a group claim.
type Line struct {
	Member id.Member `json:"member"`
	Seats  int       `json:"seats"`
}

// LineRange is many lines: prefix1 … prefixCount, the first TwoSeats ask two.
type LineRange struct {
	Prefix   string `json:"prefix"`
	Count    int    `json:"count"`
	TwoSeats int    `json:"two_seats"`
}

// Expect is what must come out of a step, or at the end. A key that is not
// there is not compared.
type Expect struct {
	Result     *string         `json:"result"`
	Code       *string         `json:"code"`
	Seats      *int            `json:"seats"`
	Place      *int            `json:"place"`
	Granted    *int            `json:"granted"`
	Waitlisted *int            `json:"waitlisted"`
	Refused    json.RawMessage `json:"refused"` // by code in a group, a number in a draw
	Tasks      json.RawMessage `json:"tasks"`   // kinds in a group, {kind, org} at the end
	Digest     *string         `json:"digest"`
	Verdict    *string         `json:"verdict"`
	Returned   *int            `json:"returned"`
	WrittenOff *int            `json:"written_off"`

	Activities map[string]map[string]int            `json:"activities"`
	Orgs       map[id.Org]map[id.Activity]int       `json:"orgs"`
	Members    map[id.Member]map[id.Activity]string `json:"members"`
	Messages   []Message                            `json:"messages"`
	Incidents  *int                                 `json:"incidents"`
	DeviceRows map[id.Device]map[string]int         `json:"device_rows"`
}

// Message is one message that a member must have.
type Message struct {
	Member id.Member `json:"member"`
	Kind   string    `json:"kind"`
}

// Task is one task that must exist.
type Task struct {
	Kind string `json:"kind"`
	Org  id.Org `json:"org"`
}

// shape says what a step carries beside at, do, as, repeat and expect; what has
// an exclamation mark must be there. expect is what may come out of it.
type shape struct{ fields, expect string }

var shapes = map[string]shape{
	"claim":        {"member! activity! pool seats station device", "result code seats place"},
	"group_claim":  {"org! activity! pool lines range device station", "granted waitlisted refused tasks"},
	"cancel":       {"member activity! pool seats org device", "result code seats"},
	"lease":        {"device! activity! pool count! policy! set_aside members expires void_after", "granted result code"},
	"return_lease": {"device! activity! pool", "returned"},
	"write_off":    {"device! activity! pool", "written_off"},
	"offline":      {"device!", ""},
	"online":       {"device!", ""},
	"lose":         {"device!", ""},
	"rebind":       {"member! activity! station! device", "result code"},
	"redeem":       {"device! member activity pool code override", "verdict"},
	"check_in":     {"device! member activity pool out code override", "verdict"},
	"copy_code":    {"member! activity! pool as!", ""},
	"draw":         {"activity! seed!", "granted waitlisted refused digest"},
	"storm":        {"activity! pool prefix! tries! over!", "granted"},
	"clock":        {"device! offset!", ""},
	"crash":        {"device!", ""},
	"advance":      {"to!", ""},
	"check":        {"", atTheEnd},
}

// atTheEnd are the keys of the final expect.
const atTheEnd = "activities orgs members tasks messages incidents device_rows"

// Parse reads and checks a scenario. The error is jsoncheck.Problems.
func Parse(data []byte) (*Scenario, error) {
	s := &Scenario{}
	var problems jsoncheck.Problems
	if err := jsoncheck.Decode(data, s); err != nil && (!errors.As(err, &problems) || !json.Valid(data)) {
		return nil, err
	}
	add := func(path, format string, args ...any) {
		problems = problems.With(jsoncheck.Problems{{Path: path, What: fmt.Sprintf(format, args...)}}, data)
	}
	if s.Zone == "" {
		s.Zone = "Asia/Shanghai"
	}
	if s.Seed == 0 {
		s.Seed = 1
	}
	var err error
	if s.zone, err = time.LoadLocation(s.Zone); err != nil {
		add("zone", "%v", err)
		return nil, problems
	}
	if s.start, err = time.ParseInLocation(schedule.Layout, s.Clock, s.zone); err != nil {
		add("clock", "%q is not a time like 2017-03-08T10:00:00", s.Clock)
	}
	if len(s.Activities) == 0 {
		add("activities", "are missing")
	}
	for i, raw := range s.Activities {
		var found jsoncheck.Problems
		if _, err := activity.Parse(raw, s.zone); errors.As(err, &found) {
			for _, p := range found {
				add(strings.TrimSuffix(fmt.Sprintf("activities[%d].%s", i, p.Path), "."), "%s", p.What)
			}
		}
	}
	var doc struct {
		Steps  []map[string]json.RawMessage `json:"steps"`
		Expect json.RawMessage              `json:"expect"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("read steps: %w", err)
	}
	for i, raw := range doc.Steps {
		checkStep(fmt.Sprintf("steps[%d]", i), s.Steps[i].Do, raw, add)
	}
	checkExpect("expect", "the end", doc.Expect, atTheEnd, add)
	if len(problems) > 0 {
		return nil, problems
	}
	return s, nil
}

// checkStep compares the keys of a step with its shape.
func checkStep(path, do string, raw map[string]json.RawMessage, add func(path, format string, args ...any)) {
	form, known := shapes[do]
	if !known {
		add(path+".do", "unknown step %q", do)
		return
	}
	allowed := strings.Fields("at do as repeat expect " + strings.ReplaceAll(form.fields, "!", ""))
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		if !slices.Contains(allowed, key) {
			add(path+"."+key, "is not for %s", do)
		}
	}
	for _, field := range strings.Fields(form.fields) {
		if key, must := strings.CutSuffix(field, "!"); must && raw[key] == nil {
			add(path, "%s needs %q", do, key)
		}
	}
	checkExpect(path+".expect", do, raw["expect"], form.expect, add)
}

// checkExpect refuses what would never be compared.
func checkExpect(path, what string, raw json.RawMessage, allowed string, add func(path, format string, args ...any)) {
	var keys map[string]json.RawMessage
	if raw == nil || json.Unmarshal(raw, &keys) != nil {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if !slices.Contains(strings.Fields(allowed), key) {
			add(path+"."+key, "is no outcome of %s", what)
		}
	}
}

// moment reads a step's time: a wall-clock time of the zone, or "+90s", "+2h",
// "+1d" after the end of the previous step.
func (s *Scenario) moment(text string, now time.Time) (time.Time, error) {
	if rest, ok := strings.CutPrefix(text, "+"); ok {
		d, err := duration(rest)
		return now.Add(d), err
	}
	t, err := time.ParseInLocation(schedule.Layout, text, s.zone)
	if err != nil {
		if t, err := time.Parse(time.RFC3339, text); err == nil {
			return t, nil
		}
		return now, fmt.Errorf("%q is not a time like 2017-03-08T10:00:00 or +90s", text)
	}
	return t, nil
}

// duration is time.ParseDuration with days.
func duration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		h, err := time.ParseDuration(days + "h")
		return 24 * h, err
	}
	return time.ParseDuration(text)
}

func (s *Scenario) people() []member.Person {
	var people []member.Person
	for _, m := range s.Members {
		people = append(people, member.Person{ID: m.ID, Org: m.Org, Sex: m.Sex, Birth: m.Birth, Tags: m.Tags, Children: m.Children, LivesIn: m.LivesIn})
	}
	for _, r := range s.MemberRanges {
		for i := 1; i <= r.Count; i++ {
			p := member.Person{ID: id.Member(fmt.Sprintf("%s%d", r.Prefix, i)), Org: r.Org, Sex: r.Sex, Tags: r.Tags, LivesIn: r.LivesIn}
			if i <= r.WithChild {
				p.Children = 1
			}
			people = append(people, p)
		}
	}
	return people
}
