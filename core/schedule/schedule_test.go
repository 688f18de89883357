package schedule

import (
	"testing"
	"time"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func at(t testing.TB, z *time.Location, s string) int64 {
	t.Helper()
	v, err := time.ParseInLocation(Layout, s, z)
	if err != nil {
		t.Fatal(err)
	}
	return v.UnixMilli()
}

func TestWindow(t *testing.T) {
	for _, c := range []struct {
		w             Window
		now           int64
		before, after bool
	}{
		{Window{10, 20}, 9, true, false}, {Window{10, 20}, 10, false, false}, {Window{10, 20}, 19, false, false}, {Window{10, 20}, 20, false, true},
		{Window{0, 20}, -5, false, false}, {Window{0, 20}, 20, false, true}, {Window{10, 0}, 9, true, false}, {Window{10, 0}, 1 << 60, false, false},
		{Window{}, 0, false, false},
	} {
		if b, a := c.w.Before(c.now), c.w.After(c.now); b != c.before || a != c.after {
			t.Errorf("%v at %d: before %v, after %v", c.w, c.now, b, a)
		}
	}
	if !(Window{}).Zero() || (Window{From: 1}).Zero() || (Window{To: 1}).Zero() {
		t.Error("Zero is wrong")
	}
}

func TestParseTimeOfDay(t *testing.T) {
	for s, want := range map[string]TimeOfDay{"00:00": 0, "09:05": 545, "23:59": 1439, "24:00": 1440} {
		if got, err := ParseTimeOfDay(s); err != nil || got != want {
			t.Errorf("%s: got %d, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "9:00", " 9:00", "+9:00", "-9:00", "09:+5", "09: 5", "09:60", "24:01", "25:00", "09-00", "09:00:00", "0９:00", "09:0", "ab:cd"} {
		if got, err := ParseTimeOfDay(s); err == nil {
			t.Errorf("%q was read as %d minutes", s, got)
		}
	}
}

func TestHoursPlace(t *testing.T) {
	day := Hours{9 * 60, 16 * 60}
	for _, c := range []struct {
		name     string
		hours    Hours
		from, to string // of the window
		now      string
		want     int
	}{
		{"no hours: before", Hours{}, "2017-03-15T00:00:00", "2017-03-17T00:00:00", "2017-03-14T23:59:59", -1},
		{"no hours: from counts", Hours{}, "2017-03-15T00:00:00", "2017-03-17T00:00:00", "2017-03-15T00:00:00", 0},
		{"no hours: to does not", Hours{}, "2017-03-15T00:00:00", "2017-03-17T00:00:00", "2017-03-17T00:00:00", 1},
		{"before the window", day, "2017-03-15T00:00:00", "2017-03-17T00:00:00", "2017-03-14T10:00:00", -1},
		{"first night", day, "2017-03-15T00:00:00", "2017-03-17T00:00:00", "2017-03-15T08:59:59", -1},
		{"opens", day, "2017-03-15T00:00:00", "2017-03-17T00:00:00", "2017-03-15T09:00:00", 0},
		{"last minute", day, "2017-03-15T00:00:00", "2017-03-17T00:00:00", "2017-03-15T15:59:59", 0},
		{"closes, more days to come", day, "2017-03-15T00:00:00", "2017-03-17T00:00:00", "2017-03-15T16:00:00", -1},
		{"last day open", day, "2017-03-15T00:00:00", "2017-03-17T00:00:00", "2017-03-16T15:59:59", 0},
		{"last day closed", day, "2017-03-15T00:00:00", "2017-03-17T00:00:00", "2017-03-16T16:00:00", 1},
		{"window over", day, "2017-03-15T00:00:00", "2017-03-17T00:00:00", "2017-03-17T10:00:00", 1},
		{"window begins within the hours", day, "2017-03-15T12:00:00", "2017-03-17T00:00:00", "2017-03-15T11:59:59", -1},
		{"window ends within the hours", day, "2017-03-15T00:00:00", "2017-03-16T12:00:00", "2017-03-16T11:59:59", 0},
		{"window ended within the hours", day, "2017-03-15T00:00:00", "2017-03-16T12:00:00", "2017-03-16T12:00:00", 1},
		{"window ends before the next day's hours", day, "2017-03-15T00:00:00", "2017-03-16T08:00:00", "2017-03-15T16:00:00", 1},
		{"window ends as the next day opens", day, "2017-03-15T00:00:00", "2017-03-16T09:00:00", "2017-03-15T16:00:00", 1},
		{"window ends a second into the next day's hours", day, "2017-03-15T00:00:00", "2017-03-16T09:00:01", "2017-03-15T16:00:00", -1},
		{"window ends before this day's hours", day, "2017-03-15T00:00:00", "2017-03-15T08:00:00", "2017-03-15T07:00:00", 1},
		{"to midnight", Hours{18 * 60, 24 * 60}, "2017-03-15T00:00:00", "2017-03-16T00:00:00", "2017-03-15T23:59:59", 0},
		{"before an evening", Hours{18 * 60, 24 * 60}, "2017-03-15T00:00:00", "2017-03-17T00:00:00", "2017-03-16T00:00:00", -1},
		{"all day", Hours{0, 24 * 60}, "2017-03-15T00:00:00", "2017-03-16T00:00:00", "2017-03-15T12:00:00", 0},
		{"over the end of a month", day, "2017-02-28T00:00:00", "2017-03-02T00:00:00", "2017-02-28T20:00:00", -1},
		{"over the end of a year", day, "2016-12-31T00:00:00", "2017-01-01T09:00:00", "2016-12-31T20:00:00", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			z := zone(t, "Asia/Shanghai")
			if got := c.hours.Place(Window{at(t, z, c.from), at(t, z, c.to)}, at(t, z, c.now), z); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestHoursPlaceWithOpenWindows(t *testing.T) {
	z := zone(t, "Asia/Shanghai")
	day := Hours{9 * 60, 16 * 60}
	if got := day.Place(Window{}, at(t, z, "2017-03-15T16:00:00"), z); got != -1 {
		t.Errorf("no window at all: got %d; tomorrow there are hours again", got)
	}
	if got := day.Place(Window{From: at(t, z, "2017-03-15T00:00:00")}, at(t, z, "2017-03-15T10:00:00"), z); got != 0 {
		t.Errorf("a window without end: got %d", got)
	}
}

// TestHoursWhereMidnightIsMissing holds in a zone that turned its clocks at
// midnight: 2018-11-04 began at 01:00 in São Paulo.
func TestHoursWhereMidnightIsMissing(t *testing.T) {
	z := zone(t, "America/Sao_Paulo")
	early := Hours{0, 30}
	w := Window{at(t, z, "2018-11-03T00:00:00"), at(t, z, "2018-11-04T00:30:00")}
	if got := early.Place(w, at(t, z, "2018-11-03T00:45:00"), z); got != 1 && got != -1 {
		t.Errorf("got %d", got)
	}
	next := TimeOfDay(9*60).after(time.Date(2018, 11, 3, 0, 30, 0, 0, z), 1)
	if want := time.Date(2018, 11, 4, 9, 0, 0, 0, z); !next.Equal(want) {
		t.Errorf("the next morning is %v, want %v", next, want)
	}
	if got := (Hours{9 * 60, 10 * 60}).Place(Window{w.From, at(t, z, "2018-11-04T09:30:00")}, at(t, z, "2018-11-03T10:00:00"), z); got != -1 {
		t.Errorf("hours are still to come, got %d", got)
	}
}

func TestDays(t *testing.T) {
	for _, c := range []struct {
		zone, a, b string
		want       int
	}{
		{"Asia/Shanghai", "2026-02-28T23:59:59", "2026-03-01T00:00:00", 1},
		{"Asia/Shanghai", "2026-03-01T00:00:00", "2026-03-01T23:59:59", 0},
		{"Asia/Shanghai", "2024-02-28T12:00:00", "2024-03-01T12:00:00", 2},
		{"Asia/Shanghai", "2026-12-31T12:00:00", "2027-01-01T00:00:00", 1},
		{"Asia/Shanghai", "2026-03-02T00:00:00", "2026-03-01T23:59:59", -1},
		{"Europe/Berlin", "2026-03-28T23:30:00", "2026-03-29T23:30:00", 1}, // 23 hours
		{"Europe/Berlin", "2026-10-24T00:30:00", "2026-10-25T23:30:00", 1}, // 48 hours
		{"America/Sao_Paulo", "2018-11-03T12:00:00", "2018-11-04T12:00:00", 1},
		{"Asia/Shanghai", "1986-05-03T12:00:00", "1986-05-05T00:30:00", 2}, // China's own summer time
	} {
		z := zone(t, c.zone)
		a, b := time.UnixMilli(at(t, z, c.a)).In(z), time.UnixMilli(at(t, z, c.b)).In(z)
		if got := Days(a, b); got != c.want {
			t.Errorf("%s %s to %s: got %d, want %d", c.zone, c.a, c.b, got, c.want)
		}
	}
	// Each in its own location: the same moment lies on two days.
	moment := time.Date(2026, 3, 1, 20, 0, 0, 0, time.UTC)
	if got := Days(moment, moment.In(zone(t, "Asia/Shanghai"))); got != 1 {
		t.Errorf("got %d", got)
	}
}

func TestTimeOfDayOn(t *testing.T) {
	z := zone(t, "Asia/Shanghai")
	day := time.Date(2026, 2, 28, 15, 30, 0, 0, z)
	for d, want := range map[TimeOfDay]string{0: "2026-02-28T00:00:00", 545: "2026-02-28T09:05:00", 1440: "2026-03-01T00:00:00"} {
		if got := d.On(day); got.UnixMilli() != at(t, z, want) {
			t.Errorf("%d: got %v, want %s", d, got, want)
		}
	}
	berlin := zone(t, "Europe/Berlin")
	if got := TimeOfDay(9 * 60).On(time.Date(2026, 3, 29, 23, 0, 0, 0, berlin)); got.Hour() != 9 || got.Day() != 29 {
		t.Errorf("nine o'clock on a short day is %v", got)
	}
}
