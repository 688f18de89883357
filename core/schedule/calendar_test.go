package schedule

import (
	"strings"
	"testing"
	"time"
)

// notice is a part of what the State Council's notice for 2026 says.
var notice = Year{2026, []Day{
	{"2026-01-01", "元旦", true}, {"2026-01-04", "元旦", false}, {"2026-02-14", "春节", false}, {"2026-02-16", "春节", true}, {"2026-10-10", "国庆节", false}, {"2026-10-01", "国庆节", true}}}

func TestCalendar(t *testing.T) {
	c := NewCalendar(Year{2027, nil}, notice)
	for _, d := range []struct {
		date  string
		kind  DayKind
		name  string
		known bool
	}{
		{"2026-02-13", Workday, "", true}, {"2026-02-14", MakeUp, "春节", true}, {"2026-02-15", Weekend, "", true}, {"2026-02-16", Holiday, "春节", true},
		{"2026-10-10", MakeUp, "国庆节", true}, {"2026-11-21", Weekend, "", true}, {"2026-11-23", Workday, "", true},
		{"2027-10-01", Workday, "", false}, // the notice is not out: only the weekday counts
		{"2025-10-01", Workday, "", false}, {"2025-10-04", Weekend, "", false},
	} {
		at, _ := time.Parse(time.DateOnly, d.date)
		if kind, name, known := c.Of(at.Add(23 * time.Hour)); kind != d.kind || name != d.name || known != d.known {
			t.Errorf("%s: kind %d of %q, known %v; want %d of %q, %v", d.date, kind, name, known, d.kind, d.name, d.known)
		}
	}
	var none Calendar
	if _, _, known := none.Of(time.Date(2026, 2, 14, 0, 0, 0, 0, time.UTC)); known {
		t.Error("an empty calendar knows a day")
	}
}

// The next year's notice may change days of December.
func TestLaterNoticeCounts(t *testing.T) {
	old := Year{2026, []Day{{"2026-12-31", "", false}}}
	for _, years := range [][]Year{{old, {2027, []Day{{"2026-12-31", "元旦", true}}}}, {{2027, []Day{{"2026-12-31", "元旦", true}}}, old}} {
		if kind, _, _ := NewCalendar(years...).Of(time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC)); kind != Holiday {
			t.Errorf("31 December is of kind %d", kind)
		}
	}
}

func TestCalendarIsChecked(t *testing.T) {
	if err := notice.Check(); err != nil {
		t.Error(err)
	}
	if err := (Year{Year: 2027}).Check(); err != nil {
		t.Error("a year without a notice:", err)
	}
	for want, y := range map[string]Year{
		"days[0].date": {2026, []Day{{Date: "2026-2-14"}}},
		"days[1].date": {2026, []Day{{Date: "2026-02-14"}, {Date: "2026-02-14"}}},
		"another year": {2026, []Day{{Date: "2024-02-14"}}},
		"lies between": {26, nil},
		"name has":     {2026, []Day{{Date: "2026-02-14", Name: strings.Repeat("假", 21)}}},
		"names 101":    {2026, make([]Day, 101)},
	} {
		if err := y.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
