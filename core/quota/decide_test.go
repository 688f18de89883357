package quota

import (
	"math"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/op"
)

// fine is a claim of one seat that nothing stands against.
func fine() Facts {
	return Facts{Seats: 1, Eligible: true, Horizon: true, Left: 5}
}

func TestDecideEachRule(t *testing.T) {
	member := Rules{Member: []Limit{{Max: 2}}}
	child := Rules{Member: []Limit{{Max: 1, MaxWithChild: 3}}}
	series := Rules{Member: []Limit{{Max: 2, Series: "s"}}}
	org := Rules{Org: []Limit{{Max: 10}}}
	waitlist, trim, enter := Rules{Waitlist: true}, Rules{Trim: true}, Rules{Enter: true}
	both := Rules{Waitlist: true, Trim: true}
	for _, c := range []struct {
		name  string
		rules Rules
		facts func(*Facts)
		want  Answer
	}{
		{"nothing against it", Rules{}, func(*Facts) {}, Answer{Outcome: op.Granted, Seats: 1}},
		{"no seats", Rules{}, func(f *Facts) { f.Seats = 0 }, refuse(fault.Invalid)},
		{"negative seats", Rules{}, func(f *Facts) { f.Seats = -1 }, refuse(fault.Invalid)},
		{"more seats than any pool", both, func(f *Facts) { f.Seats = MaxSeats + 1 }, refuse(fault.Invalid)},
		{"seats that wrap around a limit", Rules{Member: []Limit{{Max: 2}}, Trim: true}, func(f *Facts) { f.Seats, f.Held = math.MaxInt, []int{1} }, refuse(fault.Invalid)},
		{"not eligible", Rules{}, func(f *Facts) { f.Eligible = false }, refuse(fault.NotEligible)},
		{"early", Rules{}, func(f *Facts) { f.Early = true }, refuse(fault.WindowNotOpen)},
		{"late", Rules{}, func(f *Facts) { f.Late = true }, refuse(fault.WindowClosed)},
		{"outside horizon", Rules{}, func(f *Facts) { f.Horizon = false }, refuse(fault.OutsideHorizon)},
		{"held elsewhere", Rules{}, func(f *Facts) { f.Elsewhere = true }, refuse(fault.HeldElsewhere)},
		{"up to the member limit", member, func(f *Facts) { f.Seats, f.Held = 1, []int{1} }, Answer{Outcome: op.Granted, Seats: 1}},
		{"over the member limit", member, func(f *Facts) { f.Seats, f.Held = 2, []int{1} }, refuse(fault.MemberCap)},
		{"without a child", child, func(f *Facts) { f.Seats, f.Held = 2, []int{0} }, refuse(fault.MemberCap)},
		{"with a child", child, func(f *Facts) { f.Seats, f.Held, f.HasChild = 3, []int{0}, true }, Answer{Outcome: op.Granted, Seats: 3}},
		{"over it with a child", child, func(f *Facts) { f.Seats, f.Held, f.HasChild = 3, []int{1}, true }, refuse(fault.MemberCap)},
		{"a child changes nothing where no number is given for it", member, func(f *Facts) { f.Seats, f.Held, f.HasChild = 3, []int{0}, true }, refuse(fault.MemberCap)},
		{"up to the series limit", series, func(f *Facts) { f.Held = []int{1} }, Answer{Outcome: op.Granted, Seats: 1}},
		{"over the series limit", series, func(f *Facts) { f.Held = []int{2} }, refuse(fault.SeriesCap)},
		{"up to the organisation's limit", org, func(f *Facts) { f.OrgHeld = 9 }, Answer{Outcome: op.Granted, Seats: 1}},
		{"over the organisation's limit", org, func(f *Facts) { f.OrgHeld = 10 }, refuse(fault.OrgCap)},
		{"the last seat", Rules{}, func(f *Facts) { f.Left = 1 }, Answer{Outcome: op.Granted, Seats: 1}},
		{"sold out", Rules{}, func(f *Facts) { f.Left = 0 }, refuse(fault.SoldOut)},
		{"too few left", Rules{}, func(f *Facts) { f.Seats, f.Left = 3, 2 }, refuse(fault.SoldOut)},
		{"too few left, trimmed", trim, func(f *Facts) { f.Seats, f.Left = 3, 2 }, Answer{Outcome: op.Granted, Seats: 2}},
		{"none left cannot be trimmed", trim, func(f *Facts) { f.Left = 0 }, refuse(fault.SoldOut)},
		{"waits whole", waitlist, func(f *Facts) { f.Seats, f.Left = 3, 2 }, Answer{Outcome: op.Waitlisted, Seats: 3}},
		{"trimmed rather than waiting", both, func(f *Facts) { f.Seats, f.Left = 3, 2 }, Answer{Outcome: op.Granted, Seats: 2}},
		{"waits where nothing is left to trim to", both, func(f *Facts) { f.Seats, f.Left = 3, 0 }, Answer{Outcome: op.Waitlisted, Seats: 3}},
		{"the last seat of a lease", Rules{}, func(f *Facts) { f.Leased, f.Left = true, 1 }, Answer{Outcome: op.Granted, Seats: 1}},
		{"nothing left of a lease", Rules{}, func(f *Facts) { f.Leased, f.Left = true, 0 }, refuse(fault.LeaseExhausted)},
		{"too few left of a lease", Rules{}, func(f *Facts) { f.Leased, f.Seats, f.Left = true, 3, 2 }, refuse(fault.LeaseExhausted)},
		{"too few left of a lease, trimmed", trim, func(f *Facts) { f.Leased, f.Seats, f.Left = true, 3, 2 }, Answer{Outcome: op.Granted, Seats: 2}},
		{"a device has no line to wait in", waitlist, func(f *Facts) { f.Leased, f.Left = true, 0 }, refuse(fault.LeaseExhausted)},
		{"the lease is over", Rules{}, func(f *Facts) { f.Leased, f.Expired = true, true }, refuse(fault.LeaseExpired)},
		{"the lease is over and used up", waitlist, func(f *Facts) { f.Leased, f.Expired, f.Left = true, true, 0 }, refuse(fault.LeaseExpired)},
		{"entered", enter, func(f *Facts) { f.Left = 0 }, Answer{Outcome: op.Entered, Seats: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fine()
			c.facts(&f)
			f.Held = append(f.Held, make([]int, len(c.rules.Member)-len(f.Held))...)
			if got := c.rules.Decide(f); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// hurdle is one thing that stands against a claim.
type hurdle struct {
	code fault.Code
	set  func(*Facts)
}

func hurdles() []hurdle {
	return []hurdle{
		{fault.DeviceRevoked, func(f *Facts) { f.Gone = true }},
		{fault.Invalid, func(f *Facts) { f.Seats = 0 }},
		{fault.Invalid, func(f *Facts) { f.Misplaced = true }},
		{fault.NotAuthorised, func(f *Facts) { f.Forbidden = true }},
		{fault.UnknownActivity, func(f *Facts) { f.Nothing = true }},
		{fault.UnknownMember, func(f *Facts) { f.Stranger = true }},
		{fault.Barred, func(f *Facts) { f.Barred = true }},
		{fault.NotEligible, func(f *Facts) { f.Eligible = false }},
		{fault.WindowNotOpen, func(f *Facts) { f.Early = true }},
		{fault.WindowClosed, func(f *Facts) { f.Late = true }},
		{fault.OutsideHorizon, func(f *Facts) { f.Horizon = false }},
		{fault.HeldElsewhere, func(f *Facts) { f.Elsewhere = true }},
		{fault.MemberCap, func(f *Facts) { f.Held[1] = 5 }},
		{fault.SeriesCap, func(f *Facts) { f.Held[0] = 5 }},
		{fault.OrgCap, func(f *Facts) { f.OrgHeld = 5 }},
		{fault.LeaseExpired, func(f *Facts) { f.Leased, f.Expired = true, true }},
		{fault.SoldOut, func(f *Facts) { f.Left = 0 }},
	}
}

// TestDecideFollowsPrecedence tries every set of codes that can hold together:
// every pair is among them.
func TestDecideFollowsPrecedence(t *testing.T) {
	// The series stands first, so that the order of a file does not decide the code.
	base := Rules{Member: []Limit{{Max: 3, Series: "s"}, {Max: 3}}, Org: []Limit{{Max: 3}}}
	all := hurdles()
	for set := range 1 << len(all) {
		f := fine()
		f.Held = []int{0, 0}
		var codes []fault.Code
		for i, h := range all {
			if set&(1<<i) != 0 {
				h.set(&f)
				codes = append(codes, h.code)
			}
		}
		want := fault.First(codes...)
		for _, ways := range []struct {
			name    string
			change  func(*Rules)
			soldOut op.Outcome
		}{
			{"refuse", func(*Rules) {}, op.Refused},
			{"waitlist", func(r *Rules) { r.Waitlist = true }, op.Waitlisted},
			{"trim", func(r *Rules) { r.Trim = true }, op.Refused},
			{"enter", func(r *Rules) { r.Enter = true }, op.Entered},
		} {
			r := base
			ways.change(&r)
			got := r.Decide(f)
			outcome, code := op.Refused, want
			switch {
			case want == fault.None && ways.name == "enter":
				outcome = op.Entered
			case want == fault.None:
				outcome = op.Granted
			case want == fault.SoldOut && ways.soldOut != op.Refused:
				outcome, code = ways.soldOut, fault.None
			}
			if got.Outcome != outcome || got.Code != code {
				t.Errorf("%s with %v: got %v %v, want %v %v", ways.name, codes, got.Outcome, got.Code, outcome, code)
			}
		}
	}
}

func TestSeveralLimitsOfOneKind(t *testing.T) {
	r := Rules{Member: []Limit{{Max: 5}, {Max: 2}}, Org: []Limit{{Max: 50}, {Max: 20}}}
	f := fine()
	f.Seats, f.Held = 1, []int{2, 2}
	if got := r.Decide(f); got.Code != fault.MemberCap {
		t.Errorf("the tighter member limit was passed: %+v", got)
	}
	f.Held, f.OrgHeld = []int{0, 0}, 20
	if got := r.Decide(f); got.Code != fault.OrgCap {
		t.Errorf("the tighter limit of the organisation was passed: %+v", got)
	}
}
