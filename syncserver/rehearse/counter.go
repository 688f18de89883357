package rehearse

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"yizhan/core/fault"
	"yizhan/core/handover"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// claims are the claims that a member's own phone shows in an activity.
func (w *world) claims(m id.Member, a id.Activity, pool id.Pool) ([]wire.ClaimRow, error) {
	d, err := w.phone(m)
	if err != nil {
		return nil, err
	}
	if d.online {
		if err := w.sync(d); err != nil {
			return nil, err
		}
	}
	rows, err := d.store.Rows(wire.TableClaim)
	if err != nil {
		return nil, err
	}
	var claims []wire.ClaimRow
	for _, r := range rows {
		var c wire.ClaimRow
		if err := wire.DecodeRow(r.Body, &c); err != nil {
			return nil, err
		}
		if c.Activity == a && (pool == "" || c.Pool == pool) {
			claims = append(claims, c)
		}
	}
	return claims, nil
}

// ticket is the claim that a member would show at a place, on a phone or on the
// slip of a device that granted it: one for that place before any other, one to be
// used yet before one that was, then the newest.
func (w *world) ticket(s *Step, at id.Station) (c wire.ClaimRow, err error) {
	claims, err := w.claims(s.Member, s.Activity, s.Pool)
	if err != nil {
		return c, err
	}
	printed, err := w.grants(s)
	if err != nil {
		return c, err
	}
	claims = append(claims, slices.DeleteFunc(printed, func(g wire.ClaimRow) bool { return known(claims, g.Ticket) })...)
	if len(claims) == 0 {
		return c, nil
	}
	return slices.MaxFunc(claims, func(a, b wire.ClaimRow) int {
		return cmp.Or(w.fits(a, at)-w.fits(b, at), cmp.Compare(a.Ticket, b.Ticket))
	}), nil
}

// fits ranks how well a ticket serves at a place.
func (w *world) fits(c wire.ClaimRow, at id.Station) (rank int) {
	for i, holds := range []bool{c.State == op.ClaimGranted && !w.used[c.Ticket], c.Station == at, c.Code != ""} {
		if holds {
			rank |= 1 << i
		}
	}
	return rank
}

func (w *world) copyCode(s *Step) error {
	c, err := w.ticket(s, "")
	if err == nil && c.Code == "" {
		err = fmt.Errorf("the phone of %s shows no code for %s", s.Member, s.Activity)
	}
	w.codes[s.As] = c.Code
	return err
}

// scan hands over or checks in at a device, with what its counter decides.
func (w *world) scan(s *Step) (outcome, error) {
	d, err := w.device(s.Device)
	if err != nil {
		return outcome{}, err
	}
	if d.online {
		if err := w.sync(d); err != nil {
			return outcome{}, err
		}
	}
	code, t := w.codes[s.Code], id.Ticket(0)
	if s.Code == "" {
		c, err := w.ticket(s, d.Station)
		if err != nil {
			return outcome{}, err
		}
		code, t = c.Code, c.Ticket
	} else if code == "" {
		code = s.Code // not a copied code: scanned as it stands
	}
	before, err := d.store.State()
	if err != nil {
		return outcome{}, err
	}
	w.chaos.open(d)
	out, r, err := w.judge(d, before, s, code, t)
	w.chaos.shut()
	if out.HandsOver() && !out.Door {
		w.used[out.Ticket] = true
	}
	if err != nil || !d.online {
		return outcome{verdict: out.Verdict}, err
	}
	if !out.Final {
		if out, err = w.confirm(d, out, r.Verdict); err != nil {
			return outcome{}, err
		}
	}
	if out.Seq <= before.Last {
		return outcome{verdict: out.Verdict}, nil // the answer to an earlier scan
	}
	return outcome{verdict: out.Verdict}, w.again(s, d, before, d.outbox.last, r)
}

// confirm makes an outcome final, again if a fault ended the process after the
// server's answer had come.
func (w *world) confirm(d *device, asked handover.Outcome, verdict fault.Verdict) (handover.Outcome, error) {
	out, err := d.counter.Confirm(asked, verdict)
	for errors.Is(err, errCrashed) {
		if err = w.chaos.heal(); err == nil {
			out, err = d.counter.Confirm(asked, verdict)
		}
	}
	return out, err
}

// judge lets the counter judge a code or, without one, a ticket of its lists.
func (w *world) judge(d *device, before local.State, s *Step, code string, t id.Ticket) (out handover.Outcome, r op.Result, err error) {
	at := w.at(d)
	options := handover.Options{Override: s.Override, Out: s.Out, Reason: "rehearsal", Activity: s.Activity, Pool: s.Pool}
	for {
		switch {
		case s.Do == "redeem" && (code != "" || t == 0):
			out, err = d.counter.Redeem(code, at, options)
		case s.Do == "redeem":
			out, err = d.counter.RedeemTicket(t, at, options)
		case code != "" || t == 0:
			out, err = d.counter.CheckIn(code, at, options)
		default:
			out, err = d.counter.CheckInTicket(t, at, options)
		}
		if !errors.Is(err, errCrashed) {
			break
		}
		if err := w.chaos.heal(); err != nil {
			return out, r, err
		}
		if seq, done := d.stored(d.outbox.last, before.Last); done {
			// The crash came between storing and showing.
			o := d.outbox.last
			out, err = handover.Outcome{Seq: seq, Ticket: o.Ticket, Verdict: o.Verdict, Final: o.Verdict != fault.Provisional && !d.asked(o.Ticket, seq)}, nil
			if o.Override {
				out.Verdict = fault.Valid
			}
			break
		}
	}
	if err == nil && d.online {
		r, err = w.answer(d, out.Seq, d.outbox.last)
	}
	return out, r, err
}
