// Package lease is how a device grants seats by itself: what was lent to it is
// its own to decide, finally and with no network, by the same rules as the
// server. Decide is the decision, pure; Holder keeps its record on the device.
package lease

import (
	"slices"
	"time"

	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/quota"
	"yizhan/core/wire"
)

// Known is all that a device knows about one claim on one of its leases.
type Known struct {
	Plan    *activity.Activity
	Lease   op.Lease
	Left    []op.Taken     // serials of the lease that it has not granted
	Person  *member.Person // nil: the device was not told about this person
	Tree    member.Tree
	Held    []wire.HeldRow                  // claims that the server counts
	Grants  []wire.GrantRow                 // of this device
	Settled uint64                          // newest op of this device that Held contains
	Series  map[string]map[id.Activity]bool // which activities a series counts over
	Now     int64                           // server clock, Unix milliseconds
	Revoked bool
	Expired bool // the lease's time is over

	Elsewhere bool // another device holds this person's right to claim
}

// Decide answers a claim, and says which serials it gets: the next ones of the
// lease. The lease is of the claim's activity and pool.
func Decide(k Known, o op.Op) (quota.Answer, []op.Taken) {
	rules, pool := k.Plan.Rules(), k.Plan.Pool(k.Lease.Pool)
	_, placed := k.Plan.Station(o.Station)
	f := quota.Facts{Seats: o.Seats, Gone: k.Revoked, Misplaced: pool < 0 || !placed, Stranger: k.Person == nil,
		Leased: true, Expired: k.Expired, Elsewhere: k.Elsewhere, Left: quota.Sum(k.Left)}
	switch {
	case !k.names(o.Member):
		f.Stranger = false // whoever it may be: the lease names others
	case k.Person != nil && pool >= 0:
		s := k.Plan.Standing(*k.Person, k.Tree, time.UnixMilli(k.Now).In(k.Plan.Zone))
		k.Plan.Weigh(&f, k.Person, s, pool, false, k.Now)
		f.Eligible = f.Eligible && k.serves(s)
		k.count(&f, &rules)
	}
	answer := rules.Decide(f)
	if answer.Outcome != op.Granted {
		return answer, nil
	}
	return answer, quota.From(k.Left, k.Left[0].From, answer.Seats)
}

// names reports whether the lease may serve a member at all: an exclusive one
// names whom it serves.
func (k *Known) names(m id.Member) bool {
	return len(k.Lease.Members) == 0 || slices.ContainsFunc(k.Lease.Members, func(b op.Borrower) bool { return b.Member == m })
}

// serves reports whether the lease is for people of that standing: one of a
// set-aside is for its audience only.
func (k *Known) serves(s activity.Standing) bool {
	if k.Lease.SetAside == "" {
		return true
	}
	i := slices.IndexFunc(k.Plan.Spec.SetAsides, func(a activity.SetAside) bool { return a.ID == k.Lease.SetAside })
	return i >= 0 && slices.Contains(s.Parts, i+1)
}

// count adds up what counts against each limit: what the server counts, and the
// grants of this device that the server has not counted yet. For a person whom an
// exclusive lease names this is all that there is: nobody else may grant to them.
func (k *Known) count(f *quota.Facts, rules *quota.Rules) {
	f.Held = make([]int, len(rules.Member))
	add := func(m id.Member, o id.Org, a id.Activity, seats int) {
		if a == k.Lease.Activity && o == k.Person.Org {
			f.OrgHeld += seats
		}
		for i, l := range rules.Member {
			if m == k.Person.ID && (a == k.Lease.Activity || l.Series != "" && k.Series[l.Series][a]) {
				f.Held[i] += seats
			}
		}
	}
	for _, h := range k.Held {
		add(h.Member, h.Org, h.Activity, h.Seats)
	}
	for _, g := range k.Grants {
		if k.uncounted(g) {
			add(g.Member, g.Org, g.Activity, g.Seats)
		}
	}
}

// uncounted reports whether a grant of this device is not among the claims that
// the server counts. One that was counted and cancelled since is not there either.
func (k *Known) uncounted(g wire.GrantRow) bool {
	return g.Seq > k.Settled && !slices.ContainsFunc(k.Held, func(h wire.HeldRow) bool { return h.Ticket == g.Ticket })
}
