package arbiter

import (
	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/quota"
)

// draw puts the entrants of an activity in order and grants from the top.
func (r *run) draw(o *op.Op) error {
	a := r.s.activities[o.Activity]
	switch {
	case a == nil:
		return refusal("there is no activity %q", o.Activity)
	case a.Spec.Method != activity.ByDraw:
		return refusal("activity %q is not decided by a draw", o.Activity)
	case a.drawn:
		return refusal("the draw of %q was held before", o.Activity)
	}
	r.hold(a, o.Seed)
	return nil
}

// hold holds the draw.
func (r *run) hold(a *act, seed string) {
	entrants, _ := a.entered()
	_, digest := quota.DrawOrder(seed, entrants)
	r.emit(op.Entry{Kind: op.Drawn, Activity: a.Spec.ID, Seed: seed, Digest: digest})
	result := op.Result{Outcome: op.OK, Digest: digest}
	r.allot(a, seed, &result)
	r.done(result)
}

// entered lists who waits for the draw, with their claims.
func (a *act) entered() (entrants []id.Member, claims map[id.Member][]*quota.Claim) {
	claims = map[id.Member][]*quota.Claim{}
	for _, c := range a.book.Claims {
		if c.State != op.ClaimEntered {
			continue
		}
		if claims[c.Member] == nil {
			entrants = append(entrants, c.Member)
		}
		claims[c.Member] = append(claims[c.Member], c)
	}
	return entrants, claims
}

// allot grants from the top; one that does not fit is passed over; the rest wait
// in the order of the draw or have lost. Where a crash cut it in two, those who
// were not reached yet follow in the same order.
func (r *run) allot(a *act, seed string, result *op.Result) {
	entrants, entered := a.entered()
	order, _ := quota.DrawOrder(seed, entrants)
	for _, m := range order {
		for _, c := range entered[m] {
			if a.book.Left(c.Pool, c.Parts, c.Guest) >= c.Seats {
				result.Granted += c.Seats
				r.emit(promoted(a, c, a.book.Pools[c.Pool].Pick(c.Parts, c.Seats)))
				continue
			}
			e := op.Entry{Kind: op.NotDrawn, Ticket: c.Ticket, Member: c.Member, Activity: a.Spec.ID, Pool: a.Pools[c.Pool].ID, Seats: c.Seats, Outcome: op.Refused}
			if a.book.Rules.Waitlist {
				e.Outcome, e.Place = op.Waitlisted, len(a.book.Lines[c.Pool])+1
				result.Waitlisted += c.Seats
			} else {
				result.Seats += c.Seats
			}
			r.emit(e)
		}
	}
}
