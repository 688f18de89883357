package activity

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"yizhan/core/id"
	"yizhan/core/jsoncheck"
	"yizhan/core/member"
	"yizhan/core/rule"
	"yizhan/core/schedule"
)

// Activity is a Spec that was checked, with its times in Unix milliseconds and
// its rules compiled.
type Activity struct {
	Spec     Spec
	Zone     *time.Location
	Claim    schedule.Window
	Pickup   schedule.Window
	Hours    schedule.Hours // daily hours of the pickup window; zero is all day
	Pools    []PoolTime
	Audience *rule.Rule
	Aside    []*rule.Rule // one for each set-aside
	Guests   *rule.Rule   // nil without a guest share
	Opens    time.Duration
	OneEntry bool // whoever went out may not come back
	Closes   time.Duration
	remind   schedule.TimeOfDay
}

// PoolTime is a pool and, where it is a session, its time.
type PoolTime struct {
	ID           id.Pool
	Total        int
	Starts, Ends int64 // Unix milliseconds; 0 where it is not a session
}

// Methods and words of a spec.
const (
	FirstCome = "first_come"
	ByDraw    = "draw"
	ByStaff   = "staff"
	Refuse    = "refuse"
	Waitlist  = "waitlist"
	Trim      = "trim"
	Lapse     = "lapse"
	Return    = "return"
)

// UnmarshalJSON reads a sentence or one sentence for each language.
func (t *Text) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &t.ZH)
	}
	type plain Text
	return jsoncheck.Decode(b, (*plain)(t))
}

// MarshalJSON writes the short form where only Chinese is given.
func (t Text) MarshalJSON() ([]byte, error) {
	if t.EN == "" {
		return json.Marshal(t.ZH)
	}
	type plain Text
	return json.Marshal(plain(t))
}

// UnmarshalJSON reads a reminder; days_before is 1 where it is left out.
func (r *Reminder) UnmarshalJSON(b []byte) error {
	type plain Reminder
	p := plain{DaysBefore: 1}
	if err := jsoncheck.Decode(b, &p); err != nil {
		return err
	}
	*r = Reminder(p)
	return nil
}

// Parse reads and checks one activity. The error is jsoncheck.Problems: every
// mistake with its path.
func Parse(data []byte, zone *time.Location) (*Activity, error) {
	var s Spec
	var shape, sense jsoncheck.Problems
	if err := jsoncheck.Decode(data, &s); err != nil && (!errors.As(err, &shape) || !json.Valid(data)) {
		return nil, err
	}
	a, err := Compile(s, zone)
	if errors.As(err, &sense) || len(shape) > 0 {
		return nil, shape.With(sense, data)
	}
	return a, err
}

// Compile checks a spec. The error is jsoncheck.Problems.
func Compile(s Spec, zone *time.Location) (*Activity, error) {
	c := checker{zone: zone}
	a := &Activity{Spec: s, Zone: zone}
	c.id("id", string(s.ID))
	if s.Title == "" {
		c.add("title", "is missing")
	}
	a.Claim = c.window("windows.claim", s.Windows.Claim)
	a.Pickup = c.window("windows.pickup", s.Windows.Pickup)
	c.window("windows.use", s.Windows.Use)
	a.Hours = c.hours("pickup_hours", s.PickupHours)
	a.Pools = c.pools(s)
	c.rules(s, a)
	c.limits(s)
	c.words(s)
	c.handover(s, a)
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return a, nil
}

// Binds reports whether a ticket is handed over by one station only.
func (a *Activity) Binds() bool { return a.Spec.Pickup != nil && a.Spec.Pickup.Bind }

// Station chooses the place of hand-over: the asked one, the first if none was
// asked. ok is false for a place that the activity does not offer.
func (a *Activity) Station(asked id.Station) (s id.Station, ok bool) {
	if a.Spec.Pickup == nil || len(a.Spec.Pickup.Stations) == 0 {
		return "", asked == ""
	}
	if asked == "" {
		return a.Spec.Pickup.Stations[0], true
	}
	return asked, slices.Contains(a.Spec.Pickup.Stations, asked)
}

// Pool finds a pool by id; with a single pool the id may be left out. -1 if there is none.
func (a *Activity) Pool(p id.Pool) int {
	if p == "" && len(a.Pools) == 1 {
		return 0
	}
	return slices.IndexFunc(a.Pools, func(t PoolTime) bool { return t.ID == p })
}

// GuestCeiling is the most seats of a pool that guests may hold together.
func (a *Activity) GuestCeiling(pool int) int {
	return a.Pools[pool].Total * a.Spec.Guests.Percent / 100
}

// SetAsideCounts gives the seats kept for each set-aside, in order.
func (a *Activity) SetAsideCounts() []int {
	counts := make([]int, len(a.Spec.SetAsides))
	for i, s := range a.Spec.SetAsides {
		counts[i] = s.Count
	}
	return counts
}

// InHorizon reports whether a pool's session may be claimed at now.
func (a *Activity) InHorizon(pool int, now int64) bool {
	h := a.Spec.Horizon
	if h == nil {
		return true
	}
	starts := time.UnixMilli(a.Pools[pool].Starts).In(a.Zone)
	if slices.Contains(h.Closed, starts.Format(time.DateOnly)) {
		return false
	}
	days := schedule.Days(time.UnixMilli(now).In(a.Zone), starts)
	return h.FromDays <= days && days <= h.ToDays
}

// ReminderAt is when holders of a session are reminded; 0 where a pool is no session.
func (a *Activity) ReminderAt(pool int) int64 {
	p := a.Pools[pool]
	if p.Starts == 0 {
		return 0
	}
	days := 1
	if a.Spec.Reminder != nil {
		days = a.Spec.Reminder.DaysBefore
	}
	return a.remind.On(time.UnixMilli(p.Starts).In(a.Zone).AddDate(0, 0, -days)).UnixMilli()
}

// Door is when a session's check-in is open.
func (a *Activity) Door(pool int) schedule.Window {
	p := a.Pools[pool]
	if p.Starts == 0 {
		return schedule.Window{}
	}
	return schedule.Window{From: p.Starts - a.Opens.Milliseconds(), To: p.Ends - a.Closes.Milliseconds()}
}

// Ended reports whether nobody can claim from a pool any more: its window has closed,
// its session is over, or a seat could not be made use of.
func (a *Activity) Ended(pool int, now int64) bool {
	ends := a.Pools[pool].Ends
	return a.Claim.After(now) || ends != 0 && now >= ends || !a.Usable(pool, now)
}

// Over reports whether all of its pools have Ended.
func (a *Activity) Over(now int64) bool {
	for pool := range a.Pools {
		if !a.Ended(pool, now) {
			return false
		}
	}
	return true
}

// Usable reports whether somebody who is granted a seat now can still make use of
// it: collect it, or go in at the door of its session.
func (a *Activity) Usable(pool int, now int64) bool {
	door := a.Door(pool)
	return a.Hours.Place(a.Pickup, now, a.Zone) <= 0 || !door.Zero() && !door.After(now)
}

// rest is what most people take from.
var rest = []int{0}

// Parts lists the parts of a pool that a person takes from, in order: the
// set-asides meant for them first, then the rest (part 0).
func (a *Activity) Parts(p member.Person, tree member.Tree, today time.Time) ([]int, error) {
	var parts []int
	for i, r := range a.Aside {
		ok, err := r.Match(p, tree, today)
		if err != nil {
			return nil, fmt.Errorf("set-aside %s of %s: %w", a.Spec.SetAsides[i].ID, a.Spec.ID, err)
		}
		if ok {
			parts = append(parts, i+1)
		}
	}
	if parts == nil {
		return rest, nil
	}
	return append(parts, 0), nil
}
