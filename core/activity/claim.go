package activity

import (
	"time"

	"yizhan/core/member"
	"yizhan/core/quota"
)

// Standing is what an activity's rules say about one person on one day.
type Standing struct {
	Eligible bool
	Guest    bool
	Parts    []int // of a pool that the person takes from, in order
}

// Standing asks the rules about a person. A rule that fails on a person (its cost
// limit) refuses that person and nobody else.
func (a *Activity) Standing(p member.Person, tree member.Tree, today time.Time) (s Standing) {
	var err error
	if s.Eligible, err = a.Audience.Match(p, tree, today); err != nil {
		s.Eligible = false
	}
	if a.Guests != nil {
		s.Guest, err = a.Guests.Match(p, tree, today)
		s.Eligible = s.Eligible && err == nil
	}
	if s.Parts, err = a.Parts(p, tree, today); err != nil {
		s.Eligible = false
	}
	return s
}

// Dated reports whether a rule says something else on another day.
func (a *Activity) Dated() bool {
	if a.Audience.Dated() || a.Guests != nil && a.Guests.Dated() {
		return true
	}
	for _, r := range a.Aside {
		if r.Dated() {
			return true
		}
	}
	return false
}

// Rules are the quota rules of the activity.
func (a *Activity) Rules() quota.Rules {
	s := a.Spec
	r := quota.Rules{Waitlist: s.WhenFull == Waitlist, Trim: s.WhenShort == Trim, Enter: s.Method == ByDraw || s.Method == ByStaff}
	for _, l := range s.Limits {
		limit := quota.Limit{Max: l.Max, MaxWithChild: l.MaxWithChild, Series: l.Series}
		if l.Per == "org" {
			r.Org = append(r.Org, limit)
		} else {
			r.Member = append(r.Member, limit)
		}
	}
	return r
}

// Weigh writes into the facts what the activity itself says of a person's claim
// for one of its pools at now, Unix milliseconds; drawn is true once its draw is
// done. What is held and what is left, the deciding side adds.
func (a *Activity) Weigh(f *quota.Facts, p *member.Person, s Standing, pool int, drawn bool, now int64) {
	f.Barred, f.Eligible, f.HasChild = p.Barred, s.Eligible, p.Children > 0
	f.Early = a.Claim.Before(now)
	f.Late = a.Ended(pool, now) || drawn && a.Spec.Method == ByDraw
	f.Horizon = a.InHorizon(pool, now)
}
