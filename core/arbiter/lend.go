package arbiter

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/quota"
)

// Bounds of a lease.
const (
	maxTold   = 100_000                   // people that one device is told about
	maxLasts  = 366 * 24 * 60 * 60 * 1000 // milliseconds
	maxRanges = 4                         // runs of serials, as ticket.MaxRanges
	maxSerial = 1 << 24                   // a ticket of a lease holds its serial in 24 bits
)

// lend gives a device seats to grant by itself.
func (r *run) lend(o *op.Op) error {
	if o.Lending == nil {
		return refusal("the request lends nothing")
	}
	l := &lease{Lease: quota.Lease{Lease: *o.Lending}}
	if err := r.s.mayLend(l); err != nil {
		return err
	}
	l.orgs = r.s.orgsOf(l.Members)
	l.ID = id.MintedLease(r.s.Epoch(), r.s.seq+1, 0)
	for try := 1; r.s.leases[l.ID] != nil; try++ {
		l.ID = id.MintedLease(r.s.Epoch(), r.s.seq+1, try)
	}
	l.Expires, l.Revision = r.at+l.Lasts, l.act.revision
	l.Taken = l.pick(min(l.Seats, r.s.headroom(l)))
	if len(l.Taken) == 0 {
		r.done(op.Result{Outcome: op.OK})
		return nil
	}
	l.Members = r.s.holdings(l)
	e := op.Entry{Kind: op.Lent, Lease: &l.Lease.Lease}
	if err := fits(&e); err != nil {
		return err
	}
	seats := quota.Sum(l.Taken)
	r.emit(e)
	r.done(op.Result{Outcome: op.OK, Seats: seats})
	return nil
}

// pick chooses free serials for a lease, at most n. Those that the device has left
// and the new ones must fit one certificate. None that the lease had before comes
// again: a ticket of it is named by lease and serial, and would be two people's.
func (l *lease) pick(n int) (taken []op.Taken) {
	if n < 1 {
		return nil
	}
	runs := maxRanges - len(l.Rest)
	for _, t := range l.act.book.Pools[l.Pool].Runs(l.part(), n+quota.Sum(l.Taken), runs) {
		for one := (op.Taken{Part: t.Part, From: t.From, N: 1}); one.From < min(t.From+t.N, maxSerial) && n > 0; one.From++ {
			if within(l.Taken, []op.Taken{one}) {
				continue
			}
			if k := len(taken) - 1; k >= 0 && taken[k].From+taken[k].N == one.From {
				taken[k].N++
			} else if len(taken) == runs {
				return taken
			} else {
				taken = append(taken, one)
			}
			n--
		}
	}
	return taken
}

// holdings says what the members of an exclusive lease hold already: the device
// counts on from there.
func (s *State) holdings(l *lease) []op.Borrower {
	var members []op.Borrower
	for _, m := range l.Members {
		p := s.people[m.Member]
		if p == nil { // erased since
			continue
		}
		f := quota.Facts{}
		l.act.book.Fill(&f, m.Member, p.Org, l.Pool, nil, false)
		members = append(members, op.Borrower{Member: m.Member, Held: f.Held})
	}
	return members
}

// fits refuses an entry that would not leave room for others in a journal batch.
func fits(e *op.Entry) error {
	var b bytes.Buffer
	if err := op.EncodeEntry(&b, e); err != nil {
		return refusal("%v", err)
	}
	if b.Len() > maxGroup {
		return refusal("the lease has %d bytes, at most %d are allowed; name fewer members", b.Len(), maxGroup)
	}
	return nil
}

func (s *State) applyLent(e *op.Entry) error {
	if e.Lease == nil {
		return fmt.Errorf("it lends nothing")
	}
	a := s.activities[e.Lease.Activity]
	if a == nil || s.leases[e.Lease.ID] != nil {
		return fmt.Errorf("lease %d of activity %s is impossible", e.Lease.ID, e.Lease.Activity)
	}
	l := &lease{Lease: quota.Lease{Lease: *e.Lease, Pool: a.Pool(e.Lease.Pool)}, act: a, orgs: s.orgsOf(e.Lease.Members)}
	s.leases[l.ID] = l
	a.leases = append(a.leases, l)
	for _, m := range l.Members {
		open := slices.DeleteFunc(s.borrowed[m.Member], func(o *lease) bool { return o.Closed() })
		s.borrowed[m.Member] = append(open, l)
	}
	s.await(due{at: l.Expires, kind: dueLeaseEnd, act: e.Lease.Activity, lease: l.ID})
	return a.book.Lend(&l.Lease)
}

// mayLend says what forbids a lease, and completes what it names.
func (s *State) mayLend(l *lease) error {
	d, a := s.devices[l.Device], s.activities[l.Activity]
	switch {
	case d == nil:
		return refusal("there is no device %q; find its id with: syncserver devices", l.Device)
	case d.gone != "":
		return refusal("device %q may do nothing any more: it is %s", l.Device, d.gone)
	case d.Role == op.Phone:
		return refusal("device %q is a member's phone; only a kiosk, staff device or hub can hold a lease", l.Device)
	case a == nil:
		return refusal("there is no activity %q; publish it first", l.Activity)
	case a.Spec.Method == activity.ByDraw || a.Spec.Method == activity.ByStaff:
		return refusal("activity %q is decided by %s: its seats cannot be lent", l.Activity, a.Spec.Method)
	case a.Pool(l.Lease.Lease.Pool) < 0:
		return refusal("activity %q has no pool %q; name one of its pools", l.Activity, l.Lease.Lease.Pool)
	case l.Lease.Seats < 1 || l.Lease.Seats > quota.MaxSeats:
		return refusal("%d seats cannot be lent; ask for 1 to %d", l.Lease.Seats, quota.MaxSeats)
	case l.Policy != op.Hard && l.Policy != op.VoidUnreported:
		return refusal("policy %d is unknown; it is hard (%d) or void_unreported (%d)", l.Policy, op.Hard, op.VoidUnreported)
	case l.Lasts < 1 || l.Lasts > maxLasts:
		return refusal("a lease cannot last %s; choose a time of up to a year", time.Duration(l.Lasts)*time.Millisecond)
	case l.VoidAfter < 0 || l.VoidAfter > maxLasts || l.VoidAfter != 0 && l.Policy != op.VoidUnreported:
		return refusal("unreported grants cannot be void after %s; only policy void_unreported has this time, up to a year", time.Duration(l.VoidAfter)*time.Millisecond)
	case l.SetAside != "" && !slices.ContainsFunc(a.Spec.SetAsides, func(x activity.SetAside) bool { return x.ID == l.SetAside }):
		return refusal("activity %q has no set-aside %q", l.Activity, l.SetAside)
	}
	l.act, l.Lease.Pool = a, a.Pool(l.Lease.Lease.Pool)
	l.Lease.Lease.Pool = a.Pools[l.Lease.Pool].ID
	l.Rest, l.Used = nil, nil
	if len(l.Members) > 0 {
		return s.mayBorrow(l)
	}
	return s.mayTell(l, d)
}

// mayBorrow says what forbids an exclusive lease to name its members.
func (s *State) mayBorrow(l *lease) error {
	if l.Org != "" {
		return refusal("a lease names either its members or an organisation")
	}
	seen := map[id.Member]bool{}
	for _, m := range l.Members {
		switch {
		case s.people[m.Member] == nil:
			return refusal("there is no member %q; import the roster first", m.Member)
		case seen[m.Member]:
			return refusal("member %s stands twice", m.Member)
		}
		seen[m.Member] = true
		for _, o := range s.borrowed[m.Member] {
			if !o.Closed() && l.act.shares(o.act) {
				return refusal("member %s is lent to device %q until its lease of %q has ended", m.Member, o.Device, o.Activity)
			}
		}
	}
	return nil
}

// mayTell says what forbids to tell a device about the people that a shared lease may serve.
func (s *State) mayTell(l *lease, d *device) error {
	if _, ok := s.orgs[l.Org]; l.Org != "" && !ok {
		return refusal("there is no organisation %q; import the roster first", l.Org)
	}
	top := cmp.Or(l.Org, d.Org)
	if d.Org != "" && !s.orgs.Under(top, d.Org) {
		return refusal("device %q acts for %q and may not be told about members of %q", l.Device, d.Org, l.Org)
	}
	told := len(s.people)
	if top != "" {
		told = 0
		for _, p := range s.people {
			if s.orgs.Under(p.Org, top) {
				told++
			}
		}
	}
	if told > maxTold {
		return refusal("device %q would be told about %d people, at most %d are allowed; name an organisation, or the members", l.Device, told, maxTold)
	}
	return nil
}

// orgsOf gives the organisations of members.
func (s *State) orgsOf(members []op.Borrower) map[id.Org]bool {
	orgs := map[id.Org]bool{}
	for _, m := range members {
		if p := s.people[m.Member]; p != nil {
			orgs[p.Org] = true
		}
	}
	return orgs
}

// elsewhere reports whether a device holds a member's right to claim: in this
// activity, or in one that a series limit counts together with it.
func (s *State) elsewhere(a *act, m id.Member) bool {
	return slices.ContainsFunc(s.borrowed[m], func(l *lease) bool { return !l.Closed() && a.shares(l.act) })
}

// shares reports whether a member's seats in one activity count against a limit of another.
func (a *act) shares(b *act) bool {
	return a == b || slices.ContainsFunc(a.book.Rules.Member, func(x quota.Limit) bool {
		return x.Series != "" && slices.ContainsFunc(b.book.Rules.Member, func(y quota.Limit) bool { return x.Series == y.Series })
	})
}

// reserved counts the seats that exclusive leases may still grant to an
// organisation's members: its limit must hold wherever the others are granted.
func (a *act) reserved(o id.Org) (seats int) {
	for _, l := range a.leases {
		if l.orgs[o] && !l.Closed() {
			seats += quota.Sum(l.Rest)
		}
	}
	return seats
}

// headroom is how many more seats an exclusive lease may get beside others that
// count against the same organisation's limit.
func (s *State) headroom(l *lease) int {
	room := quota.MaxSeats
	for _, limit := range l.act.book.Rules.Org {
		for o := range l.orgs {
			others := l.act.reserved(o)
			if !l.Closed() && l.ID != 0 {
				others -= quota.Sum(l.Rest)
			}
			if others == 0 {
				continue // alone, the device keeps the limit by itself
			}
			held := 0
			if h := l.act.book.Orgs[o]; h != nil {
				held = h.Seats
			}
			room = min(room, max(0, limit.Max-held-others-quota.Sum(l.Rest)))
		}
	}
	return room
}
