package activity

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"yizhan/core/id"
	"yizhan/core/jsoncheck"
	"yizhan/core/quota"
	"yizhan/core/rule"
	"yizhan/core/schedule"
)

const (
	maxDays = 3660 // ten years: a larger number of days is a typing mistake
	// Times outside these years are typing mistakes too.
	minYear, maxYear = 1970, 2199
)

type checker struct {
	zone     *time.Location
	problems jsoncheck.Problems
}

func (c *checker) add(path, format string, args ...any) {
	c.problems = append(c.problems, jsoncheck.Problem{Path: path, What: fmt.Sprintf(format, args...)})
}

func (c *checker) id(path, s string) {
	if err := id.Check(s); err != nil {
		c.add(path, "%v", err)
	}
}

func (c *checker) time(path, s string) int64 {
	t, err := time.ParseInLocation(schedule.Layout, s, c.zone)
	if err != nil {
		c.add(path, "%q is not a time like 2017-03-08T10:00:00", s)
		return 0
	}
	if t.Year() <= minYear || t.Year() > maxYear {
		c.add(path, "%q lies outside the years %d to %d", s, minYear+1, maxYear)
		return 0
	}
	return t.UnixMilli()
}

func (c *checker) window(path string, w []string) schedule.Window {
	if w == nil {
		return schedule.Window{}
	}
	if len(w) != 2 {
		c.add(path, "has %d times; it takes two, [from, to]", len(w))
		return schedule.Window{}
	}
	out := schedule.Window{From: c.time(path+"[0]", w[0]), To: c.time(path+"[1]", w[1])}
	if out.From != 0 && out.To != 0 && out.From >= out.To {
		c.add(path, "ends before it begins")
	}
	return out
}

func (c *checker) timeOfDay(path, s string) schedule.TimeOfDay {
	t, err := schedule.ParseTimeOfDay(s)
	if err != nil {
		c.add(path, "%v", err)
	}
	return t
}

func (c *checker) hours(path string, h []string) schedule.Hours {
	if h == nil {
		return schedule.Hours{}
	}
	if len(h) != 2 {
		c.add(path, "has %d times; it takes two, [\"09:00\", \"16:00\"]", len(h))
		return schedule.Hours{}
	}
	out := schedule.Hours{From: c.timeOfDay(path+"[0]", h[0]), To: c.timeOfDay(path+"[1]", h[1])}
	if out.From >= out.To {
		c.add(path, "closes before it opens")
	}
	return out
}

func (c *checker) pools(s Spec) []PoolTime {
	var pools []PoolTime
	seen := map[id.Pool]bool{}
	add := func(path string, p PoolTime) {
		c.id(path+".id", string(p.ID))
		if p.Total < 1 || p.Total > quota.MaxSeats {
			c.add(path+".total", "is %d; it must be from 1 to %d", p.Total, quota.MaxSeats)
		}
		if seen[p.ID] {
			c.add(path+".id", "%q stands twice", p.ID)
		}
		seen[p.ID] = true
		pools = append(pools, p)
	}
	switch {
	case len(s.Pools) > 0 && len(s.Sessions) > 0:
		c.add("sessions", "stand beside pools; use one of the two")
	case len(s.Pools) == 0 && len(s.Sessions) == 0:
		c.add("pools", "are missing: nothing could be claimed")
	}
	for i, p := range s.Pools {
		add(fmt.Sprintf("pools[%d]", i), PoolTime{ID: p.ID, Total: p.Total})
	}
	for i, p := range s.Sessions {
		path := fmt.Sprintf("sessions[%d]", i)
		t := PoolTime{ID: p.ID, Total: p.Total, Starts: c.time(path+".starts", p.Starts), Ends: c.time(path+".ends", p.Ends)}
		if t.Starts >= t.Ends && t.Ends != 0 {
			c.add(path+".ends", "is not after starts")
		}
		add(path, t)
	}
	return pools
}

func (c *checker) rule(path, src string) *rule.Rule {
	r, err := rule.Compile(src)
	if err != nil {
		c.add(path, "%v", err)
	}
	return r
}

func (c *checker) rules(s Spec, a *Activity) {
	a.Audience = c.rule("audience", s.Audience)
	if s.Audience == "" && s.AudienceWhy != (Text{}) {
		c.add("audience_why", "explains an audience that is not given")
	}
	seen, sum := map[string]bool{}, 0
	for i, set := range s.SetAsides {
		path := fmt.Sprintf("set_asides[%d]", i)
		c.id(path+".id", set.ID)
		if seen[set.ID] {
			c.add(path+".id", "%q stands twice", set.ID)
		}
		seen[set.ID] = true
		if set.Count < 1 || set.Count > quota.MaxSeats {
			c.add(path+".count", "is %d; it must be from 1 to %d", set.Count, quota.MaxSeats)
		} else {
			sum += set.Count
		}
		if set.Audience == "" {
			c.add(path+".audience", "is missing: a set-aside for everybody sets nothing aside")
		}
		a.Aside = append(a.Aside, c.rule(path+".audience", set.Audience))
	}
	for _, p := range a.Pools {
		if sum > 0 && sum > p.Total {
			c.add("set_asides", "keep %d seats, pool %q has only %d", sum, p.ID, p.Total)
		}
	}
	if s.Guests != nil {
		if s.Guests.Percent < 0 || s.Guests.Percent > 100 {
			c.add("guests.percent", "is %d; it must be from 0 to 100", s.Guests.Percent)
		}
		if s.Guests.Audience == "" {
			c.add("guests.audience", "is missing: it says who is a guest")
		}
		a.Guests = c.rule("guests.audience", s.Guests.Audience)
	}
}

func (c *checker) limits(s Spec) {
	series := map[string]bool{}
	for i, l := range s.Limits {
		path := fmt.Sprintf("limits[%d]", i)
		if l.Series != "" && series[l.Series] {
			c.add(path+".series", "%q stands twice: its seats would count twice", l.Series)
		}
		series[l.Series] = true
		if l.Per != "member" && l.Per != "org" {
			c.add(path+".per", "is %q; it must be member or org", l.Per)
		}
		if l.Max < 1 {
			c.add(path+".max", "is %d; it must be at least 1", l.Max)
		}
		if l.Per == "org" && l.Series != "" {
			c.add(path+".series", "counts members; per must be member")
		}
		if l.MaxWithChild != 0 && (l.Per == "org" || l.MaxWithChild < l.Max) {
			c.add(path+".max_with_child", "is for members and is not below max")
		}
	}
	for i, t := range s.Thresholds {
		path := fmt.Sprintf("thresholds[%d]", i)
		if t.Per != "org" {
			c.add(path+".per", "is %q; it must be org", t.Per)
		}
		if t.PersonsOver < 0 {
			c.add(path+".persons_over", "is %d; it must not be negative", t.PersonsOver)
		}
		c.id(path+".task", t.Task)
	}
	if h := s.Horizon; h != nil {
		if len(s.Sessions) == 0 {
			c.add("horizon", "needs sessions: a pool without a date has no distance from today")
		}
		if h.FromDays < -maxDays || h.ToDays > maxDays {
			c.add("horizon", "goes from %d to %d days; at most %d are allowed", h.FromDays, h.ToDays, maxDays)
		}
		if h.FromDays > h.ToDays {
			c.add("horizon", "from_days %d is after to_days %d", h.FromDays, h.ToDays)
		}
		for i, d := range h.Closed {
			if _, err := time.Parse(time.DateOnly, d); err != nil {
				c.add(fmt.Sprintf("horizon.closed[%d]", i), "%q is not a date like 2026-10-01", d)
			}
		}
	}
}

func (c *checker) word(path, got string, allowed ...string) {
	for _, w := range append(allowed, "") {
		if got == w {
			return
		}
	}
	c.add(path, "is %q; it must be one of %q", got, allowed)
}

func (c *checker) words(s Spec) {
	c.word("method", s.Method, FirstCome, ByDraw, ByStaff)
	c.word("when_full", s.WhenFull, Refuse, Waitlist)
	c.word("when_short", s.WhenShort, Refuse, Trim)
	c.word("unclaimed", s.Unclaimed, Lapse, Return)
}

func (c *checker) handover(s Spec, a *Activity) {
	if p := s.Pickup; p != nil {
		if len(p.Stations) == 0 {
			c.add("pickup.stations", "are missing")
		}
		for i, st := range p.Stations {
			path := fmt.Sprintf("pickup.stations[%d]", i)
			c.id(path, string(st))
			if slices.Contains(p.Stations[:i], st) {
				c.add(path, "%q stands twice", st)
			}
		}
	}
	if s.PickupHours != nil && s.Windows.Pickup == nil {
		c.add("pickup_hours", "need windows.pickup: they are the hours of its days")
	}
	a.remind = 9 * 60
	if r := s.Reminder; r != nil {
		if r.DaysBefore < 0 || r.DaysBefore > maxDays {
			c.add("reminder.days_before", "is %d; it must be from 0 to %d", r.DaysBefore, maxDays)
		}
		if r.At != "" {
			a.remind = c.timeOfDay("reminder.at", r.At)
		}
	}
	a.Opens = 2 * time.Hour
	if d := s.CheckIn; d != nil {
		a.Opens = c.duration("check_in.opens", d.Opens, a.Opens)
		a.Closes = c.duration("check_in.closes", d.Closes, 0)
		if d.ReEntry != "" && d.ReEntry != AllowReEntry && d.ReEntry != ForbidReEntry {
			c.add("check_in.re_entry", "is %q; write %q or %q", d.ReEntry, AllowReEntry, ForbidReEntry)
		}
		a.OneEntry = d.ReEntry == ForbidReEntry
	}
}

func (c *checker) duration(path, s string, otherwise time.Duration) time.Duration {
	if s == "" {
		return otherwise
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		c.add(path, "%q is not a duration like 2h", s)
	}
	return d
}

// Legible lists texts that a screen or a printer would not show as they are
// written: with control characters, or such that turn the direction of reading.
// It is asked at publishing only, because what is published stays readable.
func (a *Activity) Legible() (problems jsoncheck.Problems) {
	for path, text := range map[string]string{"title": a.Spec.Title, "audience_why.zh": a.Spec.AudienceWhy.ZH, "audience_why.en": a.Spec.AudienceWhy.EN} {
		if i := strings.IndexFunc(text, obscure); i >= 0 {
			r, _ := utf8.DecodeRuneInString(text[i:])
			problems = append(problems, jsoncheck.Problem{Path: path, What: fmt.Sprintf("holds the character %U, which nobody can see; take it out", r)})
		}
	}
	slices.SortFunc(problems, func(a, b jsoncheck.Problem) int { return strings.Compare(a.Path, b.Path) })
	return problems
}

func obscure(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
