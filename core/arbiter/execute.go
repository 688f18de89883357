package arbiter

import (
	"errors"
	"fmt"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

// run collects the entries of one op; every entry is applied as soon as it is
// decided, because the next one must see it.
type run struct {
	s       *State
	from    op.Origin
	at      int64
	entries []op.Entry
	err     error
}

// begin adds an empty entry, to be filled where it lies and then applied.
func (r *run) begin() *op.Entry {
	r.entries = append(r.entries, op.Entry{})
	return &r.entries[len(r.entries)-1]
}

func (r *run) apply(e *op.Entry) {
	e.Seq, e.At = r.s.seq+1, r.at
	if e.Kind == op.Claimed && e.Outcome != op.Refused && e.Ticket == 0 && len(r.s.epochs) > 0 {
		e.Ticket = id.Ticket(id.Minted(r.s.Epoch(), e.Seq)) // its number alone may have been given out before
	}
	if r.err == nil {
		r.err = r.s.Apply(e)
	}
}

// emit decides an entry.
func (r *run) emit(e op.Entry) {
	if r.s.seams.Instead == nil && r.s.seams.After == nil {
		r.add(e)
	} else {
		r.seamed(e)
	}
}

func (r *run) add(e op.Entry) {
	last := r.begin()
	*last = e
	r.apply(last)
}

// sign marks the entry that carries the op's result.
func (r *run) sign(e *op.Entry) {
	e.Device = r.from.Device
	if r.from.Seq != 0 {
		e.DevSeq, e.Chain = r.from.Seq, r.s.keep(r.from.Hash)
	}
}

// keep copies a hash to where many lie side by side.
func (s *State) keep(h op.Hash) []byte {
	if len(s.hashes) == cap(s.hashes) {
		s.hashes = make([]op.Hash, 0, 256)
	}
	s.hashes = append(s.hashes, h)
	return s.hashes[len(s.hashes)-1][:]
}

// finish is emit for the entry that carries the op's result.
func (r *run) finish(e op.Entry) {
	r.sign(&e)
	r.emit(e)
}

func (r *run) done(result op.Result) { r.finish(op.Entry{Kind: op.Done, Result: &result}) }

func (r *run) refuse(code fault.Code) { r.done(op.Result{Outcome: op.Refused, Code: code}) }

// ErrBroken means that the state must be rebuilt from the journal: a rule and the
// arithmetic under it did not agree.
var ErrBroken = errors.New("state is broken")

// Execute decides one op at a time, now in Unix milliseconds, and applies every
// entry. A device op must have been admitted as NextOp. On a *fault.Error, a
// Refusal or jsoncheck.Problems nothing was decided; the only other error is ErrBroken.
func (s *State) Execute(o *op.Op, from op.Origin, now int64) ([]op.Entry, error) {
	return s.Append(nil, o, from, now)
}

// Append is Execute for a caller that collects the entries of many ops: it adds
// them to entries, and adds nothing where there is an error.
func (s *State) Append(entries []op.Entry, o *op.Op, from op.Origin, now int64) ([]op.Entry, error) {
	r := &s.run // one op at a time: its memory is used again
	*r = run{s: s, from: from, at: max(now, s.now), entries: entries}
	o, ok, err := guard(o, from)
	if err != nil {
		return entries, err
	}
	if !ok {
		r.unreadable(o.Kind == 0)
	} else if err = errors.Join(r.thaw(o), r.thawed(o)); err == nil {
		err = r.execute(o)
	}
	return r.conclude(entries, o.Kind, err)
}

// conclude gives what an op added to the entries, and how it was refused. Whoever
// writes them would write the half of an op that was refused behind an entry.
func (r *run) conclude(before []op.Entry, kind op.Kind, refused error) ([]op.Entry, error) {
	switch {
	case r.err != nil:
		return before, fmt.Errorf("%w: op kind %d: %w", ErrBroken, kind, r.err)
	case refused != nil && len(r.entries) > len(before):
		return before, fmt.Errorf("%w: op kind %d decided %d entries and was refused then: %v", ErrBroken, kind, len(r.entries)-len(before), refused)
	}
	r.whole(len(before))
	return r.entries, refused
}

// whole notes which of the entries behind `before` belong to the op's result: a
// receipt for it is made from all of them.
func (r *run) whole(before int) {
	n := len(r.entries) - before
	if n < 2 || r.from.Seq == 0 {
		return
	}
	for i := range r.entries[before:] {
		e := &r.entries[before+i]
		if e.DevSeq != 0 {
			w := op.Whole{}
			if e.Whole != nil {
				w = *e.Whole
			}
			w.Before, w.After = i, n-1-i
			e.Whole = &w
		}
	}
}

func (r *run) execute(o *op.Op) (err error) {
	switch o.Kind {
	case op.Claim:
		if o.Lease != 0 {
			r.report(o)
		} else {
			r.claim(o)
		}
	case op.GroupClaim:
		r.groupClaim(o)
	case op.Cancel:
		r.cancel(o)
	case op.Redeem:
		r.redeem(o)
	case op.CheckIn:
		r.checkIn(o)
	case op.Rebind:
		r.rebind(o)
	case op.Settle:
		r.settleMatter(o)
	case op.ReturnLease:
		r.returnLease(o)
	case op.RenewLease:
		r.renewLease(o)
	case op.Release:
		r.giveUp(o)
	case op.Tick:
		r.tick()
	case op.PutOrgs, op.PutPeople, op.PutStations:
		err = r.put(o)
	case op.PutMap:
		err = r.putMap(o)
	case op.AmendStation:
		err = r.amendStation(o)
	case op.PutCalendar:
		err = r.putCalendar(o)
	case op.Publish:
		err = r.publish(o)
	case op.Offer:
		err = r.offer(o)
	case op.Enrol:
		err = r.enrol(o)
	case op.Draw:
		err = r.draw(o)
	case op.Revoke:
		err = r.revoke(o)
	case op.Lend:
		err = r.lend(o)
	case op.WriteOff:
		err = r.writeOff(o)
	case op.VoidLease:
		err = r.voidLease(o)
	case op.SetAuthority:
		err = r.setAuthority(o)
	case op.Accept:
		err = r.accept(o)
	case op.Erase:
		err = r.erase(o)
	case op.Restore:
		err = r.restore(o)
	case op.Reopen:
		err = r.reopen(o)
	default:
		r.unreadable(true) // from a newer app
	}
	return err
}

// may reports whether a device may ask this for that member or organisation.
func (s *State) may(from op.Origin, o *op.Op) bool {
	if from.Device == "" {
		return true
	}
	d := s.device(from.Device)
	if d == nil || !o.Kind.FromDevice() {
		return false
	}
	switch d.Role {
	case op.Phone:
		own := o.Kind == op.Claim || o.Kind == op.Cancel || o.Kind == op.Rebind
		return own && o.Member == d.Member && o.Org == ""
	case op.Kiosk:
		own := o.Kind == op.Claim && o.Lease == 0 || o.Kind == op.Cancel || o.Kind == op.Rebind
		return o.Kind != op.GroupClaim && o.Org == "" && (!own || s.Vouched(from.Witness, o.Member, s.run.at))
	case op.Staff, op.Hub:
		if o.Kind == op.Redeem || o.Kind == op.CheckIn || d.Org == "" {
			return true
		}
		if o.Org != "" && !s.orgs.Under(o.Org, d.Org) {
			return false
		}
		p := s.people[o.Member]
		return p == nil || s.orgs.Under(p.Org, d.Org)
	}
	return false
}
