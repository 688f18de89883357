package station

import (
	"iter"
	"slices"
	"time"

	"yizhan/core/schedule"
)

// State is whether somebody who comes now finds a place open.
type State uint8

// States.
const (
	Unknown State = iota // its hours are no hours that can be read: call first
	Open
	Closing // open, and closes within ClosingSoon
	Closed  // opens again by its hours
	Paused  // closed for some days, by Closure
	Shut    // closed for good, by its Status
)

// ClosingSoon is how long before the end a place is said to close.
const ClosingSoon = 30 * time.Minute

// horizon is how many days ahead an opening is looked for: a long holiday and its weekends.
const horizon = 16

// Standing is how a place stands at a moment.
type Standing struct {
	State State
	Until time.Time // of Open and Closing: when it closes; zero where it never does
	Next  time.Time // of Closed and Paused: when it opens; zero where nobody knows
	Day   schedule.DayKind
	Feast string // holiday that today belongs to
	// Unsure says that today's hours are a guess from the weekday: the calendar of the
	// year is not here, or it is a holiday and nobody wrote what holds then.
	Unsure bool
}

// Open reports whether one may go in.
func (s Standing) Open() bool { return s.State == Open || s.State == Closing }

// Left is how many minutes a place stays open, rounded down.
func (s Standing) Left(now time.Time) int { return int(s.Until.Sub(now) / time.Minute) }

// Place is a station with its hours read once.
type Place struct {
	Station
	Hours   Hours
	Legible bool // Hours could be read; otherwise Station.Hours is text for people
}

// Read reads a station's hours.
func Read(s Station) Place {
	h, err := ParseHours(s.Hours)
	return Place{s, h, err == nil}
}

// Standing says how the place stands at now, whose location is the deployment's.
func (p Place) Standing(now time.Time, c schedule.Calendar) Standing {
	var known bool
	var s Standing
	s.Day, s.Feast, known = c.Of(now)
	s.Unsure = !known || s.Day == schedule.Holiday && !p.Hours.Told
	switch today := now.Format(time.DateOnly); {
	case p.Gone():
		s.State = Shut
		return s
	case p.Closure.On(today):
		s.State = Paused
	case !p.Legible:
		return s
	default:
		s.State = Closed
	}
	if !p.Legible {
		return s
	}
	for o := range p.openings(now, c) {
		switch {
		case !o.to.After(now):
		case o.from.After(now):
			s.Next = o.from
			return s
		default:
			if s.State = Open; o.to.Sub(now) <= ClosingSoon {
				s.State = Closing
			}
			if s.Until = o.to; o.to.Sub(now) > (horizon-2)*24*time.Hour {
				s.Until = time.Time{}
			}
			return s
		}
	}
	return s
}

// opening is a time without a break in which a place is open.
type opening struct{ from, to time.Time }

// openings are those from yesterday on, in order; days in which the place is closed
// for a while have none, also of what began the evening before.
func (p Place) openings(now time.Time, c schedule.Calendar) iter.Seq[opening] {
	return func(yield func(opening) bool) {
		var last opening
		for n := -1; n <= horizon; n++ {
			day := time.Date(now.Year(), now.Month(), now.Day()+n, 0, 0, 0, 0, now.Location())
			if p.Closure != nil && p.Closure.On(day.Format(time.DateOnly)) {
				if last.to.After(day) {
					last.to = day
				}
				continue
			}
			kind, _, _ := c.Of(day)
			for _, s := range p.Hours.On(day.Weekday(), kind) {
				o := opening{minute(day, s.From), minute(day, s.To)}
				if !last.from.IsZero() && !o.from.After(last.to) {
					if o.to.After(last.to) {
						last.to = o.to
					}
					continue
				}
				if !last.from.IsZero() && !yield(last) {
					return
				}
				last = o
			}
		}
		if !last.from.IsZero() {
			yield(last)
		}
	}
}

// minute is so many minutes of the wall clock behind the midnight of a day.
func minute(day time.Time, m schedule.TimeOfDay) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), int(m)/60, int(m)%60, 0, 0, day.Location())
}

// Day is one line of the hours of a week.
type Day struct {
	Date   time.Time // at midnight
	Kind   schedule.DayKind
	Name   string // of its holiday
	Times  []Span // none: closed
	Closed bool   // by Closure
	Unsure bool   // see Standing.Unsure
}

// Week gives today and the six days behind it.
func (p Place) Week(now time.Time, c schedule.Calendar) []Day {
	week := make([]Day, 7)
	for n := range week {
		day := time.Date(now.Year(), now.Month(), now.Day()+n, 0, 0, 0, 0, now.Location())
		kind, name, known := c.Of(day)
		week[n] = Day{Date: day, Kind: kind, Name: name, Times: slices.Clone(p.Hours.On(day.Weekday(), kind)),
			Closed: p.Closure.On(day.Format(time.DateOnly)), Unsure: !known || kind == schedule.Holiday && !p.Hours.Told}
	}
	return week
}
