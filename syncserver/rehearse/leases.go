package rehearse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/lease"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// day is how long a lease lasts, and how long after it unreported grants are void,
// where a step does not say.
const day = "24h"

var policies = map[string]op.Policy{"hard": op.Hard, "void_unreported": op.VoidUnreported}

// lend gives a device a lease; a device that is online holds it when the step ends.
func (w *world) lend(s *Step) (outcome, error) {
	d, err := w.device(s.Device)
	if err != nil {
		return outcome{}, err
	}
	policy, known := policies[s.Policy]
	if !known {
		return outcome{}, fmt.Errorf("%q is no policy; write hard or void_unreported", s.Policy)
	}
	lasts, err := duration(cmp.Or(s.Expires, day))
	if err != nil {
		return outcome{}, err
	}
	lending := op.Lease{Device: d.ID, Activity: s.Activity, Pool: s.Pool, Seats: s.Count, Policy: policy, SetAside: s.SetAside, Lasts: lasts.Milliseconds()}
	if policy == op.VoidUnreported {
		after, err := duration(cmp.Or(s.Void, day))
		if err != nil {
			return outcome{}, err
		}
		lending.VoidAfter = after.Milliseconds()
	}
	for _, m := range s.Members {
		lending.Members = append(lending.Members, op.Borrower{Member: m})
	}
	r, err := w.server.Lend(context.Background(), lending)
	var refusal arbiter.Refusal
	switch {
	case errors.As(err, &refusal):
		return outcome{result: &op.Result{Outcome: op.Refused, Code: fault.Invalid}, refusal: string(refusal)}, nil
	case err != nil:
		return outcome{}, err
	}
	w.expiries = append(w.expiries, w.clock.Load()+lending.Lasts)
	slices.Sort(w.expiries)
	if d.online {
		err = w.sync(d)
	}
	return outcome{granted: &r.Seats}, err
}

// returnLease gives back what a device did not grant. The server hears of it when
// the device is online.
func (w *world) returnLease(s *Step) (outcome, error) {
	d, err := w.device(s.Device)
	if err != nil {
		return outcome{}, err
	}
	seats, err := d.holder.Return(s.Activity, s.Pool, w.at(d))
	if err == nil && d.online {
		err = w.sync(d)
	}
	return outcome{returned: &seats}, err
}

// writeOff gives up what a lost device did not report; nothing where there is nothing.
func (w *world) writeOff(s *Step) (outcome, error) {
	r, err := w.server.WriteOff(context.Background(), s.Device, s.Activity)
	var refusal arbiter.Refusal
	if err != nil && !errors.As(err, &refusal) {
		return outcome{}, err
	}
	return outcome{writtenOff: &r.Seats}, nil
}

// claimAt decides a claim on a device that holds a lease for it; handled is false
// where it holds none.
func (w *world) claimAt(s *Step, d *device, o op.Op) (out outcome, handled bool, err error) {
	if d.online { // it decides by what everybody knows
		if err := w.sync(d); err != nil {
			return out, false, err
		}
	}
	before, err := d.store.State()
	if err != nil {
		return out, false, err
	}
	w.chaos.open(d)
	defer w.chaos.shut()
	r, seq, handled, err := w.decide(d, before, o)
	if err != nil || !handled || !d.online {
		return outcome{result: &r}, handled, err
	}
	recorded, err := w.answer(d, seq, d.outbox.last)
	if err == nil {
		err = w.again(s, d, before, d.outbox.last, recorded)
	}
	return outcome{result: &r}, true, err
}

// decide asks the device's holder, again if a fault ended its process before it
// had stored a decision.
func (w *world) decide(d *device, before local.State, o op.Op) (r op.Result, seq uint64, handled bool, err error) {
	for {
		r, seq, handled, err = d.holder.Claim(o, w.at(d))
		if !errors.Is(err, errCrashed) {
			return r, seq, handled, err
		}
		if err := w.chaos.heal(); err != nil {
			return r, seq, handled, err
		}
		if last := d.outbox.last; last.Kind == op.Claim {
			if seq, done := d.stored(last, before.Last); done { // the crash came between storing and showing
				return op.Result{Outcome: last.Outcome, Code: last.Code, Seats: last.Seats, Ticket: last.Ticket}, seq, true, nil
			}
		}
	}
}

// boot is the clock of a device that nobody can set: no device of a rehearsal is
// ever switched off.
func (w *world) boot() (string, time.Duration) {
	return "rehearsal", time.Duration(w.clock.Load()-w.start.UnixMilli()) * time.Millisecond
}

// pass moves the clock, stopping whenever a lease is over: its holder gives it back
// at that moment.
func (w *world) pass(t time.Time) error {
	for len(w.expiries) > 0 && w.expiries[0] <= t.UnixMilli() {
		w.clock.Store(max(w.clock.Load(), w.expiries[0]))
		w.expiries = w.expiries[1:]
		w.server.Tick()
		if err := w.endLeases(); err != nil {
			return err
		}
	}
	w.clock.Store(t.UnixMilli())
	w.decideDue()
	return nil
}

// rounds is how often a server is asked whether it has decided what fell due; one that
// may not decide, or is down, never will.
const rounds = 1000

// decideDue waits until the server has decided what fell due: a check right behind it
// would else find the moment before.
func (w *world) decideDue() {
	for range rounds {
		w.server.Tick()
		due := false
		err := w.server.View(context.Background(), func(s *arbiter.State) {
			next, ok := s.Next()
			due = ok && next <= w.clock.Load()
		})
		if err != nil || !due {
			return
		}
	}
}

// endLeases has every device look at its leases. One that is offline gives them
// back too; the server hears of it later.
func (w *world) endLeases() error {
	for _, d := range w.Scenario.Devices {
		if d.Role == op.Phone || w.devices[d.ID].lost {
			continue
		}
		if err := w.endLeasesOf(w.devices[d.ID]); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) endLeasesOf(d *device) error {
	if d.online { // its own answers first, then the server's word
		if err := w.sync(d); err != nil {
			return err
		}
	}
	err := d.holder.Tick(w.at(d))
	if err == nil && d.online {
		err = w.sync(d)
	}
	return err
}

// grants are the tickets that devices made for a member and that nobody else may
// know of yet.
func (w *world) grants(s *Step) (claims []wire.ClaimRow, err error) {
	for _, spec := range w.Scenario.Devices {
		rows, err := w.devices[spec.ID].store.Rows(wire.TableGrant)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			var g wire.GrantRow
			if err := wire.DecodeRow(r.Body, &g); err != nil {
				return nil, err
			}
			if g.Member == s.Member && g.Activity == s.Activity && (s.Pool == "" || s.Pool == g.Pool) {
				claims = append(claims, wire.ClaimRow{Ticket: g.Ticket, Activity: g.Activity, Pool: g.Pool, Seats: g.Seats, State: op.ClaimGranted,
					Station: g.Station, Code: g.Code, At: g.At})
			}
		}
	}
	return claims, nil
}

// known reports whether a phone's claims hold a ticket.
func known(claims []wire.ClaimRow, t id.Ticket) bool {
	return slices.ContainsFunc(claims, func(c wire.ClaimRow) bool { return c.Ticket == t })
}

// hold makes the part of a device that grants from its leases.
func (w *world) hold(d *device) *lease.Holder {
	return lease.New(lease.Config{Store: d.store, Outbox: d.outbox, Zone: w.zone, Boot: w.boot,
		Status: func() lease.Status { return lease.Status{Online: d.link.Status().Online} }})
}
