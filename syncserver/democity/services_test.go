package democity

import (
	"testing"
	"time"

	"yizhan/core/station"
)

// Every station says what people ask for, in words that a device can read.
func TestStationsAreDescribed(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	c, err := New(Options{Seed: 1, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	paused, stale := 0, 0
	kinds, named := map[string]int{}, map[string]bool{}
	for _, s := range c.Partners {
		if kinds[s.Kind]++; named[s.Name] {
			t.Errorf("two are called %s", s.Name)
		}
		named[s.Name] = true
	}
	if kinds["merchant"] != 60 || kinds["hospital"] < 4 || kinds["venue"] != 35 || len(c.Stations) != 312 {
		t.Errorf("%d stations, and besides them %v", len(c.Stations), kinds)
	}
	for _, s := range c.all() {
		h, err := station.ParseHours(s.Hours)
		if err != nil || h.String() != s.Hours {
			t.Errorf("%s: hours %q read %q: %v", s.ID, s.Hours, h, err)
		}
		if s.Landmark == "" || s.Phone[:3] != "100" || called(s.Kind) == "" || len(s.Facilities) == 0 {
			t.Errorf("%+v", s)
		}
		for _, key := range s.Facilities {
			if f, ok := station.FacilityOf(key); !ok || f.Key != key {
				t.Errorf("%s has %q", s.ID, key)
			}
		}
		if s.Closure != nil {
			paused++
			if err := s.Closure.Check(); err != nil {
				t.Error(err)
			}
		}
		if _, old := s.Station.Stale(now); old {
			stale++
		}
	}
	if paused != 6 || stale != 4 {
		t.Errorf("%d are closed for a while, %d were not checked for long", paused, stale)
	}
}

func TestHolidays(t *testing.T) {
	y := Holidays()
	if err := y.Check(); err != nil || len(y.Days) != 39 {
		t.Errorf("%d days: %v", len(y.Days), err)
	}
	for _, d := range y.Days { // nobody makes up on a weekday
		at, _ := time.Parse(time.DateOnly, d.Date)
		if weekend := at.Weekday() == time.Saturday || at.Weekday() == time.Sunday; !d.Off && !weekend {
			t.Errorf("%s is a %s", d.Date, at.Weekday())
		}
	}
}
