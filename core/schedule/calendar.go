package schedule

import (
	"fmt"
	"slices"
	"time"
)

// DayKind is what a date is for people who work by the week.
type DayKind uint8

// Kinds of days.
const (
	Workday DayKind = iota // Monday to Friday
	Weekend
	Holiday // by the State Council's notice, on whatever weekday
	MakeUp  // a day of a weekend on which people work, for a holiday
)

// Day is a date that the calendar of a year makes something else than its weekday says.
type Day struct {
	Date string `cbor:"1,keyasint" json:"date"`                     // YYYY-MM-DD
	Name string `cbor:"2,keyasint,omitempty" json:"name,omitempty"` // of the holiday that it belongs to
	Off  bool   `cbor:"3,keyasint,omitempty" json:"isOffDay"`       // a holiday; otherwise a make-up workday
}

// Year is what the notice for a year says. No days: the notice is not out yet.
type Year struct {
	Year int   `cbor:"1,keyasint" json:"year"`
	Days []Day `cbor:"2,keyasint,omitempty" json:"days"`
}

// maxDays is more than any notice names: 2020 had 43.
const maxDays = 100

// Check says what is wrong with a year. A notice also names days of the December
// before it, and may name those of the January behind it.
func (y Year) Check() error {
	if y.Year < 2000 || y.Year > 2200 {
		return fmt.Errorf("calendar of year %d: a year lies between 2000 and 2200", y.Year)
	}
	if len(y.Days) > maxDays {
		return fmt.Errorf("calendar of %d: it names %d days, at most %d are allowed", y.Year, len(y.Days), maxDays)
	}
	seen := map[string]bool{}
	for i, d := range y.Days {
		t, err := time.Parse(time.DateOnly, d.Date)
		switch {
		case err != nil:
			return fmt.Errorf("calendar of %d: days[%d].date: %q is no date like 2026-02-14", y.Year, i, d.Date)
		case t.Before(time.Date(y.Year-1, 12, 1, 0, 0, 0, 0, time.UTC)) || t.After(time.Date(y.Year+1, 1, 31, 0, 0, 0, 0, time.UTC)):
			return fmt.Errorf("calendar of %d: days[%d].date: %s belongs to another year", y.Year, i, d.Date)
		case seen[d.Date]:
			return fmt.Errorf("calendar of %d: days[%d].date: %s stands there twice", y.Year, i, d.Date)
		case len(d.Name) > 60:
			return fmt.Errorf("calendar of %d: days[%d].name has %d bytes, at most 60 are allowed", y.Year, i, len(d.Name))
		}
		seen[d.Date] = true
	}
	return nil
}

// Equal reports whether two years say the same.
func (y Year) Equal(o Year) bool { return y.Year == o.Year && slices.Equal(y.Days, o.Days) }

// Calendar is what is known of holidays. The zero value knows none.
type Calendar struct {
	known map[int]bool
	days  map[string]Day
}

// NewCalendar puts years together. Where two name a day, the later one counts: the
// notice for a year may change days of the December before (holiday-cn's README).
func NewCalendar(years ...Year) Calendar {
	c := Calendar{map[int]bool{}, map[string]Day{}}
	years = slices.Clone(years)
	slices.SortStableFunc(years, func(a, b Year) int { return a.Year - b.Year })
	for _, y := range years {
		if len(y.Days) > 0 {
			c.known[y.Year] = true
		}
		for _, d := range y.Days {
			c.days[d.Date] = d
		}
	}
	return c
}

// Of says what kind of day t's date is, in t's location, and the name of its holiday.
// known is false where the notice of its year is not here: then only the weekday counts.
func (c Calendar) Of(t time.Time) (kind DayKind, name string, known bool) {
	known = c.known[t.Year()]
	if d, ok := c.days[t.Format(time.DateOnly)]; ok {
		kind = MakeUp
		if d.Off {
			kind = Holiday
		}
		return kind, d.Name, true
	}
	if w := t.Weekday(); w == time.Saturday || w == time.Sunday {
		kind = Weekend
	}
	return kind, "", known
}
