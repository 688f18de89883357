package station

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"yizhan/core/schedule"
)

var (
	zone     = time.FixedZone("UTC+8", 8*3600)
	calendar = schedule.NewCalendar(schedule.Year{Year: 2026, Days: []schedule.Day{
		{Date: "2026-02-14", Name: "春节"}, {Date: "2026-02-16", Name: "春节", Off: true}, {Date: "2026-02-17", Name: "春节", Off: true}, {Date: "2026-02-28", Name: "春节"}}})
)

func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		panic(err)
	}
	return t
}

func TestStanding(t *testing.T) {
	const office = "工作日 08:30-12:00、14:00-17:30；周末 09:00-12:00；节假日 休息"
	for _, c := range []struct {
		hours, now  string
		state       State
		until, next string
	}{
		{office, "2026-11-23 08:29", Closed, "", "2026-11-23 08:30"}, // a Monday
		{office, "2026-11-23 08:30", Open, "2026-11-23 12:00", ""},
		{office, "2026-11-23 11:30", Closing, "2026-11-23 12:00", ""},
		{office, "2026-11-23 12:00", Closed, "", "2026-11-23 14:00"},
		{office, "2026-11-23 17:30", Closed, "", "2026-11-24 08:30"},
		{office, "2026-11-21 10:00", Open, "2026-11-21 12:00", ""}, // a Saturday
		{office, "2026-02-14 16:00", Open, "2026-02-14 17:30", ""}, // a Saturday on which people work
		{office, "2026-02-15 13:00", Closed, "", "2026-02-18 08:30"},
		{"00:00-24:00", "2026-11-23 03:00", Open, "", ""},
		{"每天 24小时", "2026-02-16 23:59", Open, "", ""},
		{"22:00-06:00", "2026-11-23 03:00", Open, "2026-11-23 06:00", ""},
		{"22:00-06:00", "2026-11-23 06:00", Closed, "", "2026-11-23 22:00"},
		{"工作日 00:00-24:00；周末 00:00-10:00", "2026-11-20 12:00", Open, "2026-11-21 10:00", ""}, // over midnight without a break
		{"每天 18:00-次日02:00；周日 休息", "2026-11-22 01:00", Open, "2026-11-22 02:00", ""},         // Saturday's evening
		{"每天 18:00-次日02:00；周日 休息", "2026-11-22 19:00", Closed, "", "2026-11-23 18:00"},
		{"每天 休息", "2026-11-22 19:00", Closed, "", ""},
		{"白天，先打电话", "2026-11-22 12:00", Unknown, "", ""},
		{"", "2026-11-22 12:00", Unknown, "", ""},
	} {
		s := Read(Station{Hours: c.hours}).Standing(at(c.now), calendar)
		until, next := "", ""
		if !s.Until.IsZero() {
			until = s.Until.Format("2006-01-02 15:04")
		}
		if !s.Next.IsZero() {
			next = s.Next.Format("2006-01-02 15:04")
		}
		if s.State != c.state || until != c.until || next != c.next {
			t.Errorf("%s at %s: state %d until %q next %q, want %d %q %q", c.hours, c.now, s.State, until, next, c.state, c.until, c.next)
		}
	}
}

func TestClosure(t *testing.T) {
	p := Read(Station{Hours: "00:00-24:00", Closure: &Closure{From: "2026-11-22", Until: "2026-11-24", Why: "装修"}})
	if s := p.Standing(at("2026-11-21 23:45"), calendar); s.State != Closing || s.Left(at("2026-11-21 23:45")) != 15 {
		t.Errorf("the evening before: %+v", s)
	}
	if s := p.Standing(at("2026-11-22 00:00"), calendar); s.State != Paused || s.Next != at("2026-11-25 00:00") {
		t.Errorf("on its first day: %+v", s)
	}
	if s := p.Standing(at("2026-11-25 00:00"), calendar); s.State != Open {
		t.Errorf("behind it: %+v", s)
	}
	p.Closure.Until = ""
	if s := p.Standing(at("2026-12-30 00:00"), calendar); s.State != Paused || !s.Next.IsZero() {
		t.Errorf("without an end: %+v", s)
	}
	p.Status = "已撤销"
	if s := p.Standing(at("2026-12-30 00:00"), calendar); s.State != Shut || s.Open() {
		t.Errorf("shut: %+v", s)
	}
}

// What is a guess says so: no calendar of the year, or nothing written for holidays.
func TestUnsure(t *testing.T) {
	for _, c := range []struct {
		hours, now string
		unsure     bool
	}{
		{"08:00-20:00", "2026-11-23 12:00", false}, {"08:00-20:00", "2026-02-16 12:00", true}, {"每天 08:00-20:00", "2026-02-16 12:00", false},
		{"工作日 08:00-20:00；节假日 休息", "2026-02-16 12:00", false}, {"每天 08:00-20:00", "2027-02-16 12:00", true},
	} {
		if s := Read(Station{Hours: c.hours}).Standing(at(c.now), calendar); s.Unsure != c.unsure {
			t.Errorf("%s at %s: unsure is %v", c.hours, c.now, s.Unsure)
		}
	}
	if week := Read(Station{Hours: "08:00-20:00"}).Week(at("2026-02-15 12:00"), calendar); len(week) != 7 || week[0].Unsure || !week[1].Unsure || week[1].Name != "春节" {
		t.Errorf("the week: %+v", week)
	}
}

// TestStandingAgreesWithMinutes holds Standing against looking at every minute.
func TestStandingAgreesWithMinutes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := anyHours(t)
		p := Place{Hours: h, Legible: true}
		open := func(m time.Time) bool { // in its day's times, or in those of the day before
			midnight := time.Date(m.Year(), m.Month(), m.Day(), 0, 0, 0, 0, zone)
			for back := range 2 {
				day := midnight.AddDate(0, 0, -back)
				kind, _, _ := calendar.Of(day)
				for _, s := range h.On(day.Weekday(), kind) {
					if since := schedule.TimeOfDay(m.Sub(day) / time.Minute); s.From <= since && since < s.To {
						return true
					}
				}
			}
			return false
		}
		now := at("2026-02-13 00:00").Add(time.Duration(rapid.IntRange(0, 6*24*60).Draw(t, "minute")) * time.Minute)
		s := p.Standing(now, calendar)
		if s.Open() != open(now) {
			t.Fatalf("%s at %s: %+v, the minutes say %v", h, now, s, open(now))
		}
		turn := s.Next
		if s.Open() {
			turn = s.Until
		}
		for m := now; m.Sub(now) < 3*24*time.Hour; m = m.Add(time.Minute) {
			if m.Equal(turn) {
				break
			}
			if open(m) != s.Open() {
				t.Fatalf("%s at %s: %+v, but at %s it is the other way", h, now, s, m)
			}
		}
		if !turn.IsZero() && open(turn) == s.Open() {
			t.Fatalf("%s at %s: nothing changes at %s", h, now, turn)
		}
	})
}

func TestStale(t *testing.T) {
	now := at("2026-11-22 01:00")
	for _, c := range []struct {
		kind, checked string
		days          int
		stale         bool
	}{{"爱心驿站", "2026-11-22", 0, false}, {"care", "2026-05-26", 180, false}, {"care", "2026-05-25", 181, true}, {"hospital", "2026-08-01", 113, true},
		{"别的", "2026-08-01", 113, false}, {"care", "", -1, true}, {"care", "上个月", -1, true}} {
		if days, stale := (Station{Kind: c.kind, Checked: c.checked}).Stale(now); days != c.days || stale != c.stale {
			t.Errorf("%s checked %q: %d days, stale %v", c.kind, c.checked, days, stale)
		}
	}
}
