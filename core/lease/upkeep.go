package lease

import (
	"strconv"
	"time"

	"yizhan/core/activity"
	"yizhan/core/op"
	"yizhan/core/quota"
	"yizhan/core/wire"
)

// Upkeep is what a device does with one of its leases while it is online.
type Upkeep uint8

// Kinds of upkeep.
const (
	Leave  Upkeep = iota // it does
	Extend               // ask for as long again, and as many seats as at first
	Hand                 // give it back: nobody can claim from it any more
)

// UpkeepRule says when.
type UpkeepRule struct {
	Share int64         // renew where less than one part in so many of the time or of the seats is left
	Pause int64         // ask again only after one part in so many of the lease's time: there may be nothing to get
	Look  time.Duration // how often a holder looks when nothing else makes it
}

// UsualUpkeep is the rule of every device.
var UsualUpkeep = UpkeepRule{Share: 3, Pause: 12, Look: time.Minute}

// Keep says what is to be done with a lease of which so many seats are left. now is
// the server's clock, asked when it was last asked to renew (0: never), both Unix
// milliseconds.
func (u UpkeepRule) Keep(plan *activity.Activity, l op.Lease, left int, now, asked int64) Upkeep {
	pool := plan.Pool(l.Pool)
	switch {
	case pool < 0:
		return Leave // a revision that this device was not told of yet
	case plan.Ended(pool, now):
		return Hand
	case asked != 0 && now-asked < l.Lasts/u.Pause:
		return Leave
	case (l.Expires-now)*u.Share < l.Lasts, int64(left)*u.Share < int64(l.Seats):
		return Extend
	}
	return Leave
}

// upkeep does what the rule says with the leases of this device, where it is one
// that keeps them by itself.
func (h *Holder) upkeep(held []*lent) error {
	if !h.cfg.Keeps || !h.online() {
		return nil
	}
	var grants []wire.GrantRow
	for _, l := range held {
		if l.expired || l.marked || l.unsure {
			continue
		}
		if looked := h.looked[l.ID]; l.now >= looked && l.now-looked < UsualUpkeep.Look.Milliseconds() {
			continue
		}
		if grants == nil {
			var err error
			if grants, err = read[wire.GrantRow](h.cfg.Store, wire.TableGrant); err != nil {
				return err
			}
		}
		if err := h.keep(l, quota.Sum(l.left(grants))); err != nil {
			return err
		}
	}
	return nil
}

// keep does what the rule says with one lease. That it was asked to renew is stored
// with the op, so that a restart does not ask again.
func (h *Holder) keep(l *lent, left int) error {
	h.looked[l.ID] = l.now
	plan, err := h.plan(l.Activity)
	if err != nil || plan == nil {
		return err
	}
	mark, _, err := get[wire.UsedRow](h.cfg.Store, wire.TableUsed, renewalID(l.ID))
	if err != nil {
		return err
	}
	switch UsualUpkeep.Keep(plan, l.Lease, left, l.now, mark.At) {
	case Hand:
		return h.giveOne(l)
	case Extend:
		return h.renewOne(l)
	}
	return nil
}

// renewalID names the mark of a lease that the server was asked to renew.
func renewalID(lease uint64) string { return "renewal/" + strconv.FormatUint(lease, 10) }
