package arbiter

import (
	"fmt"
	"slices"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

// maxEpoch is the last epoch that numbers of tickets have room for.
const maxEpoch = 1<<30 - 1

// epochsBegin is the moment of epoch 0, in Unix milliseconds: 1 January 2026. An
// epoch is named after the second in which it began.
const epochsBegin = 1_767_225_600_000

// began says from which entry on an epoch lasts.
type began struct {
	Seq   uint64
	Epoch int
}

// Epoch names the run of the server since it last went on from a backup: 0 until it
// did, and larger each time.
func (s *State) Epoch() int { return s.EpochAt(s.seq) }

// EpochAt is the epoch in which the entry at seq was decided.
func (s *State) EpochAt(seq uint64) int {
	for _, b := range slices.Backward(s.epochs) {
		if b.Seq <= seq {
			return b.Epoch
		}
	}
	return 0
}

// Frozen lists the activities whose pools wait for staff after a restore. Waiting
// is true as long as there may be others that the server does not know any more.
func (s *State) Frozen() (activities []id.Activity, waiting bool) {
	for _, name := range sorted(s.activities) {
		if s.activities[name].frozen {
			activities = append(activities, name)
		}
	}
	return activities, s.unsettled
}

// InUse lists the devices that may still report, in order.
func (s *State) InUse() (devices []id.Device) {
	for _, name := range sorted(s.devices) {
		if s.devices[name].gone == "" {
			devices = append(devices, name)
		}
	}
	return devices
}

// restore begins a new epoch. Counting on from the backup's would not do: a backup
// from before an earlier restore does not know of the epoch that devices have lived in.
func (r *run) restore(o *op.Op) error {
	epoch := max(r.s.Epoch()+1, o.Epoch, int((r.at-epochsBegin)/1000))
	if epoch > maxEpoch {
		return refusal("epoch %d is too large for the numbers of tickets; set the server's clock right", epoch)
	}
	r.emit(op.Entry{Kind: op.Restored, Epoch: epoch})
	return nil
}

// applyRestore freezes every pool, whose free serials may be in somebody's hand,
// or reopens some.
func (s *State) applyRestore(e *op.Entry) error {
	if e.Kind == op.Reopened {
		return s.applyReopened(e)
	}
	s.epochs = append(s.epochs, began{e.Seq, e.Epoch})
	s.unsettled = true
	for _, a := range s.activities {
		a.frozen = true
	}
	return nil
}

// reopen lets pools be decided again. Serials that no device has reported by now
// may be given to others.
func (r *run) reopen(o *op.Op) error {
	switch a := r.s.activities[o.Activity]; {
	case o.Activity != "" && a == nil:
		return refusal("there is no activity %q", o.Activity)
	case o.Activity != "" && !a.frozen || !r.s.unsettled:
		return nil
	}
	for _, name := range sorted(r.s.activities) {
		if a := r.s.activities[name]; a.frozen && (o.Activity == "" || o.Activity == name) {
			r.reportOwing(a)
		}
	}
	r.emit(op.Entry{Kind: op.Reopened, Activity: o.Activity})
	return nil
}

// reportOwing tells staff of tickets whose serials somebody else was granted after
// them: nobody has reported that they were given back. And of those that were handed
// over again, because the server had forgotten the first time, or with which their
// members are over a limit, because nobody has brought back what made room for them.
func (r *run) reportOwing(a *act) {
	over := map[id.Member]bool{}
	for _, c := range slices.Backward(slices.Clone(a.book.Claims)) {
		about := op.Entry{Kind: op.IncidentMade, Ticket: c.Ticket, Member: c.Member, Activity: a.Spec.ID, Pool: a.Pools[c.Pool].ID, Station: c.Station}
		held := r.s.claims.of(c.Ticket)
		if c.Owed() > 0 && !held.owing {
			r.late(c.Ticket, &about)
		}
		if held.earlier {
			about.Word, about.Verdict = handedOver(fault.AlreadyRedeemed), fault.AlreadyRedeemed
			r.emit(about)
		}
		if !held.back || over[c.Member] || c.Blocked || c.Seats == 0 {
			continue
		}
		if code := r.s.capped(a, c.Member, c.Org, c.Pool, 0, false); code != fault.None {
			over[c.Member] = true
			about.Word, about.Verdict = overLimit(code), fault.NoVerdict
			r.emit(about)
		}
	}
}

func (s *State) applyReopened(e *op.Entry) error {
	if e.Activity != "" && s.activities[e.Activity] == nil {
		return fmt.Errorf("there is no activity %s", e.Activity)
	}
	rest := false
	for _, name := range sorted(s.activities) {
		a := s.activities[name]
		if e.Activity != "" && e.Activity != name {
			rest = rest || a.frozen
			continue
		}
		if a.frozen {
			a.frozen = false
			s.await(due{at: e.At, kind: dueSettle, act: name}) // lines did not move meanwhile
		}
	}
	s.unsettled = rest
	return nil
}

// delayed reports whether a moment waits for staff: it would free or give seats,
// or change a ticket that somebody may have changed already.
func (s *State) delayed(d due) bool {
	if !s.unsettled || d.kind == dueReminder {
		return false
	}
	a := s.activities[d.act]
	return a == nil || a.frozen
}

// thaw says whether an op has to wait until staff reopen what it is about: who was
// served before the restore is not known yet. What a device handed over as the
// authority does not wait, unless the record lags behind it.
func (r *run) thaw(o *op.Op) error {
	s := r.s
	if !s.unsettled || r.from.Device == "" {
		return nil
	}
	a, wait := s.activities[o.Activity], false
	switch o.Kind {
	case op.Claim:
		// A grant from a lease too: whether it goes over a limit is not known before older grants are brought back.
		wait = a == nil || a.frozen || o.Lease != 0 && (s.leases[o.Lease] == nil || s.people[o.Member] == nil)
	case op.GroupClaim, op.Cancel, op.Rebind:
		wait = a == nil || a.frozen
	case op.ReturnLease, op.RenewLease:
		l := s.leases[o.Lease]
		wait = l == nil || l.act.frozen
	case op.Redeem:
		wait = (o.Verdict == fault.Valid || o.Override) && (s.asks(o) || s.lags(o, fault.NotApproved, fault.Revoked))
	case op.CheckIn:
		wait = (o.Verdict == fault.Valid || o.Verdict == fault.Provisional || o.Override) && s.lags(o, fault.NotApproved)
	case op.Release:
		wait = o.Ticket != 0 && s.lags(o, fault.NotApproved, fault.Revoked)
	}
	if wait {
		return fault.Errorf(fault.Frozen, "op %d of device %s waits: the server was restored and %q is not reopened", r.from.Seq, r.from.Device, o.Activity)
	}
	return nil
}

// asks reports whether a hand-over is for the server to allow, because the ticket is
// bound to no place: whoever had it before the restore may be about to say so.
func (s *State) asks(o *op.Op) bool {
	if c := s.claims.of(o.Ticket); c != nil {
		return c.act.frozen && !(c.act.Binds() && c.Station != "")
	}
	lease, _, _ := o.Ticket.Lease()
	l := s.leases[lease]
	return l != nil && l.act.frozen && !l.act.Binds()
}

// lags reports whether a ticket is unknown, or stands where one of the verdicts
// would be given, only because the server has forgotten something.
func (s *State) lags(o *op.Op, verdicts ...fault.Verdict) bool {
	c := s.claims.of(o.Ticket)
	if c == nil {
		lease, _, ok := o.Ticket.Lease()
		l := s.leases[lease]
		if !ok || l == nil {
			return true
		}
		_, shown := s.granted(o, l)
		return !shown // its code is of the server, which knew of the grant
	}
	return c.act.frozen && slices.Contains(verdicts, s.recorded(o, c))
}

// recorded is what the record of a ticket alone says about a hand-over.
func (s *State) recorded(o *op.Op, c *held) fault.Verdict {
	switch {
	case c.State == op.ClaimWaitlisted || c.State == op.ClaimEntered || c.State == op.ClaimNotDrawn:
		return fault.NotApproved
	case o.Epoch != c.Epoch:
		return fault.Revoked
	}
	return fault.Valid
}

// thawed refuses a console op about seats that may be somebody's.
func (r *run) thawed(o *op.Op) error {
	name := o.Activity
	if o.Lending != nil {
		name = o.Lending.Activity
	}
	switch o.Kind {
	case op.Draw, op.Lend, op.WriteOff, op.VoidLease:
		if a := r.s.activities[name]; a != nil && a.frozen {
			return refusal("activity %q is frozen since the server was restored; reopen it first", name)
		}
	}
	return nil
}
