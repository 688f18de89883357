package quota

import (
	"yizhan/core/fault"
	"yizhan/core/op"
)

// MaxSeats is the most that a pool may hold and that one claim may ask: it keeps
// every sum of seats far from the end of an int and of an int32 on the wire.
const MaxSeats = 10_000_000

// Limit caps the seats that one party may hold, enter or wait for.
type Limit struct {
	Max          int
	MaxWithChild int // 0: the same as Max
	Series       string
}

// Rules are what one activity demands of a claim.
type Rules struct {
	Member   []Limit // per member: in this activity, or over a series
	Org      []Limit // per organisation, in this activity
	Waitlist bool    // a claim that finds nothing free waits
	Trim     bool    // a claim that finds too little free is cut to it
	Enter    bool    // claims are entered for a draw or for staff to decide
}

// Facts are what a decision reads about one claim and its asker.
type Facts struct {
	Seats     int  // asked
	Gone      bool // the device was revoked
	Misplaced bool // the activity has no such pool or station
	Forbidden bool // the asker may not ask this for the person
	Nothing   bool // there is no such activity
	Stranger  bool // there is no such person
	Barred    bool
	Eligible  bool
	Early     bool // the claim window has not opened
	Late      bool // activity.Ended, or the draw is done
	Horizon   bool // the session lies inside the horizon
	Elsewhere bool // a device holds the asker's right to claim
	HasChild  bool
	Held      []int // for each member limit: seats held, entered or waited for
	OrgHeld   int   // the same of the asker's organisation
	Left      int   // seats free for this asker
	Leased    bool  // Left is what is left of a lease
	Expired   bool  // the lease's time is over
}

// Answer is the decision on one claim.
type Answer struct {
	Outcome op.Outcome
	Code    fault.Code
	Seats   int // granted, or waited for
}

// Decide answers one claim, for the server and for a device that holds a lease:
// nobody else decides what stands against a claim. The order of the checks is the order of precedence
// of the codes (fault.First); a test holds the two together.
func (r *Rules) Decide(f Facts) Answer {
	switch {
	case f.Gone:
		return refuse(fault.DeviceRevoked)
	case f.Seats < 1 || f.Seats > MaxSeats || f.Misplaced:
		return refuse(fault.Invalid)
	case f.Forbidden:
		return refuse(fault.NotAuthorised)
	case f.Nothing:
		return refuse(fault.UnknownActivity)
	case f.Stranger:
		return refuse(fault.UnknownMember)
	case f.Barred:
		return refuse(fault.Barred)
	case !f.Eligible:
		return refuse(fault.NotEligible)
	case f.Early:
		return refuse(fault.WindowNotOpen)
	case f.Late:
		return refuse(fault.WindowClosed)
	case !f.Horizon:
		return refuse(fault.OutsideHorizon)
	case f.Elsewhere:
		return refuse(fault.HeldElsewhere)
	}
	if code := r.Capped(f); code != fault.None {
		return refuse(code)
	}
	switch {
	case f.Expired:
		return refuse(fault.LeaseExpired)
	case r.Enter:
		return Answer{Outcome: op.Entered, Seats: f.Seats}
	case f.Left >= f.Seats:
		return Answer{Outcome: op.Granted, Seats: f.Seats}
	case r.Trim && f.Left > 0:
		return Answer{Outcome: op.Granted, Seats: f.Left}
	case f.Leased:
		return refuse(fault.LeaseExhausted)
	case r.Waitlist:
		return Answer{Outcome: op.Waitlisted, Seats: f.Seats}
	}
	return refuse(fault.SoldOut)
}

// Capped names the first limit that the claim would break, None if it breaks none.
func (r *Rules) Capped(f Facts) fault.Code {
	series := false
	for i, l := range r.Member {
		most := l.Max
		if f.HasChild && l.MaxWithChild > 0 {
			most = l.MaxWithChild
		}
		if f.Held[i]+f.Seats <= most {
			continue
		}
		if l.Series == "" {
			return fault.MemberCap
		}
		series = true
	}
	if series {
		return fault.SeriesCap
	}
	for _, l := range r.Org {
		if f.OrgHeld+f.Seats > l.Max {
			return fault.OrgCap
		}
	}
	return fault.None
}

func refuse(c fault.Code) Answer { return Answer{Outcome: op.Refused, Code: c} }
