package arbiter

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"yizhan/core/activity"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/quota"
)

// lease joins a lease with its activity.
type lease struct {
	quota.Lease
	act  *act
	orgs map[id.Org]bool // of an exclusive one: whose limits its seats may come to count against
}

// part is the part of the pool that a lease takes from: its set-aside, or the rest.
func (l *lease) part() int {
	i := slices.IndexFunc(l.act.Spec.SetAsides, func(s activity.SetAside) bool { return s.ID == l.SetAside })
	return i + 1 // 0 where it names none
}

// leaseOf finds the lease that a device names as its own.
func (r *run) leaseOf(o *op.Op) *lease {
	if l := r.s.leases[o.Lease]; l != nil && l.Device == r.from.Device {
		return l
	}
	return nil
}

// returnLease frees what a device did not grant. Its reports came before, so what
// is not reported was not granted, but for a ticket that somebody handed over.
func (r *run) returnLease(o *op.Op) {
	l := r.leaseOf(o)
	switch {
	case l == nil:
		r.refuse(fault.Invalid)
		return
	case l.Over != "" && l.Over != op.LeaseExpired || l.Closed():
		r.done(op.Result{Outcome: op.OK})
		return
	}
	free, kept := r.s.unproven(l)
	r.end(l, op.LeaseReturned, free)
	for _, t := range kept {
		r.emit(op.Entry{Kind: op.IncidentMade, Device: l.Device, Ticket: t, Activity: l.Activity, Word: "handed_over_unreported"})
	}
	r.walk(l.act, l.Pool)
	r.done(op.Result{Outcome: op.OK, Seats: quota.Sum(free)})
}

// end ends a lease; some of its serials are free from now on.
func (r *run) end(l *lease, word string, free []op.Taken) {
	r.emit(op.Entry{Kind: op.LeaseEnded, LeaseID: l.ID, Device: l.Device, Activity: l.Activity, Pool: l.act.Pools[l.Pool].ID, Word: word,
		Seats: quota.Sum(l.Rest), Taken: free})
}

func (s *State) applyLeaseEnded(e *op.Entry) error {
	l := s.leases[e.LeaseID]
	if l == nil {
		return fmt.Errorf("there is no lease %d", e.LeaseID)
	}
	fate := quota.InDoubt
	if e.Word == op.LeaseWrittenOff {
		fate = quota.WrittenOff
	}
	if e.Word == op.LeaseExpired && l.Policy == op.VoidUnreported {
		s.await(due{at: l.Expires + l.VoidAfter, kind: dueLeaseVoid, act: l.Activity, lease: l.ID})
	}
	if len(e.Taken) > 0 && len(l.act.book.Lines[l.Pool]) > 0 {
		s.await(due{at: e.At, kind: dueSettle, act: l.Activity}) // a crash may cut off the walk
	}
	return l.act.book.End(&l.Lease, e.Word, e.Taken, fate)
}

// renewLease lends as long again, and as many seats as at first.
func (r *run) renewLease(o *op.Op) {
	l := r.leaseOf(o)
	switch {
	case l == nil || l.act.book.Rules.Enter: // a revision may have made it a draw
		r.refuse(fault.Invalid)
		return
	case l.Over != "":
		r.refuse(fault.LeaseExpired)
		return
	}
	more := l.Lease.Lease
	more.Members, more.Expires, more.Revision = nil, r.at+l.Lasts, l.act.revision
	more.Taken = l.pick(min(l.Seats-quota.Sum(l.Rest), r.s.headroom(l)))
	seats := quota.Sum(more.Taken)
	r.emit(op.Entry{Kind: op.Renewed, Lease: &more})
	r.done(op.Result{Outcome: op.OK, Seats: seats})
}

func (s *State) applyRenewed(e *op.Entry) error {
	if e.Lease == nil || s.leases[e.Lease.ID] == nil {
		return fmt.Errorf("it renews no lease")
	}
	l := s.leases[e.Lease.ID]
	for _, m := range l.Members {
		if !slices.Contains(s.borrowed[m.Member], l) { // it was closed, and made room for another
			s.borrowed[m.Member] = append(s.borrowed[m.Member], l)
		}
	}
	s.due = slices.DeleteFunc(s.due, func(d due) bool { // what it granted too late lapses all the same
		return d.lease == l.ID && (d.kind == dueLeaseEnd || d.kind == dueLeaseVoid)
	})
	s.await(due{at: e.Lease.Expires, kind: dueLeaseEnd, act: l.Activity, lease: l.ID})
	return l.act.book.Renew(&l.Lease, e.Lease.Taken, e.Lease.Expires, e.Lease.Revision)
}

// expire is the moment at which a device must stop: what it did not report is in doubt.
func (r *run) expire(l *lease) {
	if l.Over == "" {
		r.end(l, op.LeaseExpired, nil)
	}
	if l.Policy == op.VoidUnreported && r.at >= l.Expires+l.VoidAfter {
		r.void(l)
	}
}

// void is the moment at which unreported grants are worth nothing. What a device
// that is gone may have granted is for staff to decide: it cannot report any more.
func (r *run) void(l *lease) {
	if d := r.s.devices[l.Device]; l.Over == op.LeaseExpired && l.Fate == quota.InDoubt && d != nil && d.gone == "" {
		if free, _ := r.s.unproven(l); len(free) > 0 {
			r.end(l, op.LeaseVoid, free)
		}
	}
	r.walk(l.act, l.Pool)
}

// lost finds the leases of a device whose serials staff may decide about.
func (s *State) lost(o *op.Op) (leases []*lease, err error) {
	a := s.activities[o.Activity]
	if a == nil {
		return nil, refusal("there is no activity %q; find what was lent with: syncserver leases", o.Activity)
	}
	if s.devices[o.Device] == nil {
		return nil, refusal("there is no device %q; find what was lent with: syncserver leases", o.Device)
	}
	for _, l := range a.leases {
		if l.Device == o.Device && !l.Closed() && len(l.Rest) > 0 {
			leases = append(leases, l)
		}
	}
	if len(leases) == 0 {
		return nil, refusal("device %q holds no unreported seats of %q", o.Device, o.Activity)
	}
	return leases, nil
}

// writeOff gives up what a device did not report.
func (r *run) writeOff(o *op.Op) error {
	leases, err := r.s.lost(o)
	if err != nil {
		return err
	}
	seats := 0
	for _, l := range leases {
		seats += quota.Sum(l.Rest)
		r.end(l, op.LeaseWrittenOff, nil)
	}
	r.done(op.Result{Outcome: op.OK, Seats: seats})
	return nil
}

// voidLease makes worthless what a device granted and did not report.
func (r *run) voidLease(o *op.Op) error {
	leases, err := r.s.lost(o)
	if err != nil {
		return err
	}
	for _, l := range leases {
		if l.Over == "" {
			return refusal("device %q may still grant from its lease until %s: revoke the device or wait; else it would hand out tickets that are void", o.Device,
				time.UnixMilli(l.Expires).In(r.s.zone).Format(time.DateTime))
		}
	}
	seats := 0
	for _, l := range leases {
		free, _ := r.s.unproven(l)
		if seats += quota.Sum(free); len(free) > 0 {
			r.end(l, op.LeaseVoid, free)
			r.walk(l.act, l.Pool)
		}
	}
	if seats == 0 {
		return refusal("all unreported seats of %q on device %q were handed over: write them off", o.Activity, o.Device)
	}
	r.done(op.Result{Outcome: op.OK, Seats: seats})
	return nil
}

// unproven divides the unreported serials of a lease: those that may become free,
// and the tickets that were handed over, which shows that they were granted.
func (s *State) unproven(l *lease) (free []op.Taken, kept []id.Ticket) {
	free = slices.Clone(l.Rest)
	for t, e := range s.early {
		if in, _, _ := t.Lease(); in != l.ID {
			continue
		}
		kept = append(kept, t)
		for _, x := range e.Taken {
			for n := x.From; n < x.From+x.N; n++ { // one by one: two tickets may claim to hold the same serial
				if rest, ok := quota.Within(free, []op.Taken{{Part: x.Part, From: n, N: 1}}); ok {
					free = rest
				}
			}
		}
	}
	slices.SortFunc(kept, cmp.Compare[id.Ticket])
	return free, kept
}
