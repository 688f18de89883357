package clock

import "time"

// Reading is what the clocks of a device said at one moment.
type Reading struct {
	Wall  int64         // Unix milliseconds; 0 where there is no reading
	Boot  string        // names the run of the machine; empty where nobody knows
	Since time.Duration // of that run
}

// Limits say what is still an honest clock.
type Limits struct {
	Jump  time.Duration // a daily correction may be so large
	Ahead time.Duration // a machine that is switched off at night stands still for so long
}

// Usual are the limits of every device.
var Usual = Limits{Jump: 2 * time.Minute, Ahead: 16 * time.Hour}

// Doubt is what is to be held of a wall clock. The zero value believes it.
type Doubt struct {
	Jumped  bool  // it was set since it was last believed
	Instead int64 // nobody can say whether it is this time or the wall clock's, Unix milliseconds; 0 where it is the wall clock's
}

// Judge compares a reading with the newest one that was believed (the zero value if
// none was) and with the server's clock. It gives the reading to believe from now
// on, which is seen itself where now is in doubt.
func (l Limits) Judge(now, seen Reading, a Anchor) (Doubt, Reading) {
	server, known := ServerTime(a, now.Boot, now.Since)
	switch {
	case known && l.near(now.Wall, server):
		return Doubt{}, now
	case seen.Wall != 0 && seen.Boot != "" && seen.Boot == now.Boot:
		// What the wall clock would say if nobody had touched it: many small steps are one large one.
		untouched := seen.Wall + (now.Since - seen.Since).Milliseconds()
		if !l.near(now.Wall, untouched) {
			return Doubt{Jumped: true}, seen
		}
		return Doubt{}, Reading{Wall: untouched, Boot: now.Boot, Since: now.Since}
	case known && !l.near(now.Wall+a.Offset, server):
		return Doubt{Jumped: true}, seen
	case known: // it was wrong already when the server last said what time it is
		return Doubt{Instead: server}, seen
	}
	return l.afterwards(now, seen, a)
}

// afterwards judges a machine that was started again, or that does not say whether it was.
func (l Limits) afterwards(now, seen Reading, a Anchor) (Doubt, Reading) {
	last := seen.Wall
	if now.Boot != "" && a.Server != 0 {
		last = max(last, a.Server-a.Offset)
	}
	switch {
	case last == 0:
		return Doubt{}, now
	case now.Wall < last-l.Jump.Milliseconds():
		return Doubt{Jumped: true}, seen
	case now.Boot != "" && now.Wall > last+l.Ahead.Milliseconds():
		return Doubt{Instead: last}, seen
	}
	now.Wall = max(now.Wall, last)
	return Doubt{}, now
}

func (l Limits) near(a, b int64) bool { return max(a-b, b-a) <= l.Jump.Milliseconds() }
