package clock

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

const hour = int64(time.Hour / time.Millisecond)

// day is noon of some day, as wall clocks say it.
const day = int64(1_790_000_000_000)

func TestJudge(t *testing.T) {
	read := func(hours int64, boot string, since time.Duration) Reading {
		return Reading{Wall: day + hours*hour, Boot: boot, Since: since}
	}
	here := Anchor{Boot: "b", Since: time.Hour, Server: day} // of a handshake at noon, when the machine had run for an hour
	wrong := here
	wrong.Offset = -24 * hour // the wall clock was a day ahead then
	seen := read(0, "b", time.Hour)
	for name, c := range map[string]struct {
		now, seen Reading
		anchor    Anchor
		want      Doubt
	}{
		"the first reading":                  {read(0, "b", 0), Reading{}, Anchor{}, Doubt{}},
		"as time passes":                     {read(30, "b", 31*time.Hour), seen, Anchor{}, Doubt{}},
		"set forward":                        {read(3, "b", 2*time.Hour), seen, Anchor{}, Doubt{Jumped: true}},
		"set back":                           {read(-1, "b", 2*time.Hour), seen, Anchor{}, Doubt{Jumped: true}},
		"set forward and seen by the server": {read(25, "b", 2*time.Hour), Reading{}, here, Doubt{Jumped: true}},
		"set right":                          {read(1, "b", 2*time.Hour), read(40, "b", time.Hour), here, Doubt{}},
		"a day ahead when the server said":   {read(25, "b", 2*time.Hour), Reading{}, wrong, Doubt{Instead: day + hour}},
		"and set on since":                   {read(27, "b", 2*time.Hour), Reading{}, wrong, Doubt{Jumped: true}},
		"off for a night":                    {read(14, "c", time.Minute), seen, Anchor{}, Doubt{}},
		"off for a weekend":                  {read(60, "c", time.Minute), seen, Anchor{}, Doubt{Instead: day}},
		"off for a weekend, never scanned":   {read(60, "c", time.Minute), Reading{}, here, Doubt{Instead: day}},
		"off, and behind":                    {read(-1, "c", time.Minute), seen, Anchor{}, Doubt{Jumped: true}},
		"behind the last handshake":          {read(-1, "c", time.Minute), Reading{}, here, Doubt{Jumped: true}},
		"no boot is named, days later":       {read(60, "", 0), Reading{Wall: day}, Anchor{}, Doubt{}},
		"no boot is named, set back":         {read(-1, "", 0), Reading{Wall: day}, Anchor{}, Doubt{Jumped: true}},
		"of an older version's mark":         {read(60, "b", time.Hour), Reading{Wall: day}, Anchor{}, Doubt{Instead: day}},
	} {
		doubt, keep := Usual.Judge(c.now, c.seen, c.anchor)
		if doubt != c.want {
			t.Errorf("%s: %+v, want %+v", name, doubt, c.want)
		}
		if believed := doubt == (Doubt{}); !believed && keep != c.seen || believed && keep.Wall == 0 {
			t.Errorf("%s: keeps %+v", name, keep)
		}
	}
}

// TestManySmallSteps holds that a clock cannot be set far away a little at a time.
func TestManySmallSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seen, set, far := Reading{Wall: day, Boot: "b"}, int64(0), false
		now := seen
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			set += rapid.Int64Range(-90_000, 90_000).Draw(t, "step")
			pass := rapid.Int64Range(0, hour).Draw(t, "pass")
			now.Since += time.Duration(pass) * time.Millisecond
			now.Wall = day + now.Since.Milliseconds() + set
			far = set > 120_000 || set < -120_000
			doubt, keep := Usual.Judge(now, seen, Anchor{})
			if doubt.Jumped != far || doubt.Instead != 0 {
				t.Fatalf("%d ms away: %+v", set, doubt)
			}
			seen = keep
		}
	})
}
