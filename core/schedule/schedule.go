// Package schedule is about windows, daily hours and wall-clock times in a
// deployment's zone. Moments are Unix milliseconds.
package schedule

import (
	"fmt"
	"time"
)

// Layout is a wall-clock time without zone, as scenario and activity files write it.
const Layout = "2006-01-02T15:04:05"

// Window is [From, To): From counts, To does not. A zero bound is open.
type Window struct{ From, To int64 }

// Zero reports whether there is no window at all.
func (w Window) Zero() bool { return w.From == 0 && w.To == 0 }

// Before reports whether now lies before the window.
func (w Window) Before(now int64) bool { return w.From != 0 && now < w.From }

// After reports whether the window has ended.
func (w Window) After(now int64) bool { return w.To != 0 && now >= w.To }

// TimeOfDay is minutes after midnight.
type TimeOfDay int

// ParseTimeOfDay reads "09:00"; "24:00" is the end of the day.
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	if s == "24:00" {
		return 24 * 60, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("09:00") {
		return 0, fmt.Errorf("%q is not a time of day like \"09:00\"", s)
	}
	return TimeOfDay(t.Hour()*60 + t.Minute()), nil
}

// On gives the moment on the day of t, in t's location.
func (d TimeOfDay) On(t time.Time) time.Time { return d.after(t, 0) }

// after counts days by the calendar, so that a night without midnight cannot lose one.
func (d TimeOfDay) after(t time.Time, days int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+days, int(d)/60, int(d)%60, 0, 0, t.Location())
}

// Hours are the hours of one day, [From, To); zero means all day.
type Hours struct{ From, To TimeOfDay }

// Zero reports whether there are no daily hours.
func (h Hours) Zero() bool { return h == Hours{} }

// Place says where now stands: -1 too early (hours are still to come in the
// window), 0 open, +1 too late (the last hours have passed).
func (h Hours) Place(w Window, now int64, zone *time.Location) int {
	switch {
	case w.Before(now):
		return -1
	case w.After(now):
		return 1
	case h.Zero():
		return 0
	}
	t := time.UnixMilli(now).In(zone)
	minute := TimeOfDay(t.Hour()*60 + t.Minute())
	if h.From <= minute && minute < h.To {
		return 0
	}
	next := h.From.On(t)
	if minute >= h.To {
		next = h.From.after(t, 1)
	}
	if w.After(next.UnixMilli()) {
		return 1
	}
	return -1
}

// Days counts calendar days from a to b, each in its own location.
func Days(a, b time.Time) int {
	day := func(t time.Time) int64 {
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC).Unix() / 86400
	}
	return int(day(b) - day(a))
}
