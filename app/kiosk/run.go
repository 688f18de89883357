package kiosk

import (
	"context"
	"errors"
	"strconv"
	"time"

	"fyne.io/fyne/v2"

	"yizhan/app/flow"
	"yizhan/app/flow/checkin"
	"yizhan/app/flow/identify"
	"yizhan/app/flow/kiosk"
	"yizhan/app/flow/pickup"
	"yizhan/app/flow/slip"
	"yizhan/app/say"
	"yizhan/app/shell"
	"yizhan/core/activity"
	"yizhan/core/fault"
	"yizhan/core/handover"
	"yizhan/core/id"
	"yizhan/core/link"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// answerTime is how long a person at the machine waits for the server's word.
const answerTime = 8 * time.Second

// run does what the flow says; what takes its time goes on in the background and
// comes back as a message.
func (s *Shell) run(do kiosk.Do) {
	if do.Forget {
		s.view.Clear()
		s.slips.Send(slip.Forget{})
		s.env.Hush()
		s.env.Forget()
	}
	if do.Keep != nil {
		if err := kiosk.Keep(s.env.Store, *do.Keep); err != nil {
			fyne.LogError("a restart will begin at the first page", err)
		}
	}
	if do.Slip != nil {
		s.slips.Send(do.Slip)
	}
	if do.Counter != (pickup.Do{}) {
		s.later(func() kiosk.Message { return s.hand(do.Counter) })
	}
	switch {
	case do.Read != "":
		s.later(func() kiosk.Message {
			shown, err := s.desk.Read(do.Read, s.env.Clock())
			return kiosk.Heard{Visit: do.Visit, Read: identify.Read{Shown: shown, Code: do.Read, Err: err}}
		})
	case do.Ask != nil:
		s.later(func() kiosk.Message { return s.ask(do.Visit, *do.Ask) })
	case do.Held != "":
		s.later(func() kiosk.Message {
			rows, err := kiosk.Read(s.env.Store, do.Held)
			logged("read tickets", err)
			return kiosk.Held{Visit: do.Visit, Claims: rows}
		})
	case do.Doors != "":
		plans := s.plans()
		s.later(func() kiosk.Message {
			entries, err := checkin.Entries(s.env.Store, plans, do.Doors, s.env.Clock())
			logged("read check-in list", err)
			return kiosk.Doors{Visit: do.Visit, Entries: entries}
		})
	case do.CheckIn != nil:
		s.later(func() kiosk.Message { return s.checkIn(do.Visit, *do.CheckIn) })
	case do.Claim != nil:
		go s.claim(do.Visit, *do.Claim)
	}
}

func logged(what string, err error) {
	if err != nil {
		fyne.LogError(what, err)
	}
}

// later runs fn in the background and sends what it gives.
func (s *Shell) later(fn func() kiosk.Message) {
	go func() {
		m := fn()
		s.env.Do(func() { s.send(m) })
	}()
}

func (s *Shell) plans() map[id.Activity]*activity.Activity {
	plans := map[id.Activity]*activity.Activity{}
	for _, a := range s.state.Browse.Data.Activities {
		plans[a.ID] = a.Activity
	}
	return plans
}

func (s *Shell) ask(visit uint64, m wire.Ask) kiosk.Message {
	ctx, cancel := context.WithTimeout(s.env.Ctx, answerTime)
	defer cancel()
	told, err := s.env.Link.Ask(ctx, m)
	if err != nil && !errors.Is(err, link.ErrOffline) && ctx.Err() == nil {
		fyne.LogError("ask the server", err)
	}
	return kiosk.Told{Visit: visit, Kind: m.Kind, Answer: told, OK: err == nil && told.Kind == fault.NoFault}
}

// hand asks the counter, which stores the verdict before it answers.
func (s *Shell) hand(do pickup.Do) kiosk.Message {
	var err error
	if do.Confirm {
		err = s.env.Counter.ConfirmClock()
	}
	var out pickup.Outcome
	if err == nil {
		out, err = s.env.Counter.Redeem(do.Redeem, s.env.Now())
	}
	if err != nil {
		fyne.LogError("store verdict", err)
		return kiosk.Counted{Message: pickup.NotStored{Why: shell.Why(err), At: s.env.Now()}}
	}
	out.Ticket = 0 // nobody takes a hand-over back on a machine that anybody may touch
	return kiosk.Counted{Message: pickup.Decided{Outcome: out, At: s.env.Now()}}
}

func (s *Shell) checkIn(visit uint64, c kiosk.CheckIn) kiosk.Message {
	o, err := s.env.Counter.Pass(pickup.Subject{Code: c.Code, Ticket: c.Ticket}, handover.Options{Out: c.Out}, s.env.Now())
	if err != nil {
		fyne.LogError("store check-in", err)
		return kiosk.NotChecked{Visit: visit, Why: shell.Why(err)}
	}
	out := checkin.Outcome{Verdict: o.Verdict, Seats: o.Seats, Title: o.Title, Out: c.Out}
	if o.Verdict == fault.AlreadyRedeemed && o.UsedAt != 0 {
		out.Detail = say.T("上次签到：%s", flow.Moment(o.UsedAt, s.env.Clock()))
	}
	return kiosk.Checked{Visit: visit, Outcome: out}
}

// claim decides by a lease of this machine, or queues the claim for the server and
// waits for its word; what cannot be had in time stays pending.
func (s *Shell) claim(visit uint64, o op.Op) {
	send := func(m kiosk.Message) { s.env.Do(func() { s.send(m) }) }
	failed := func(err error) {
		fyne.LogError("store claim", err)
		send(kiosk.NotStored{Visit: visit, Full: shell.Full(err)})
	}
	if s.env.Holder != nil {
		r, seq, handled, err := s.env.Holder.Claim(o, s.env.Now())
		switch {
		case err != nil:
			failed(err)
			return
		case handled:
			send(kiosk.Stored{Visit: visit, Seq: seq})
			send(s.granted(visit, r))
			return
		}
	}
	seq, err := s.env.Link.Do(o)
	if err != nil {
		failed(err)
		return
	}
	send(kiosk.Stored{Visit: visit, Seq: seq})
	r := op.Result{Outcome: op.Pending, Seats: o.Seats}
	if s.env.Link.Status().Online {
		ctx, cancel := context.WithTimeout(s.env.Ctx, answerTime)
		defer cancel()
		if answer, err := s.env.Link.Wait(ctx, seq); err == nil {
			r = answer
		}
	}
	send(kiosk.Decided{Visit: visit, Result: r})
}

// granted finds the ticket that this machine has signed from its lease.
func (s *Shell) granted(visit uint64, r op.Result) kiosk.Message {
	d := kiosk.Decided{Visit: visit, Result: r}
	if r.Ticket == 0 {
		return d
	}
	var g wire.GrantRow
	row, ok, err := s.env.Store.Get(wire.TableGrant, strconv.FormatUint(uint64(r.Ticket), 10))
	if err == nil && ok {
		err = wire.DecodeRow(row.Body, &g)
	}
	var l wire.LeaseRow
	if err == nil && ok {
		row, ok, err = s.env.Store.Get(wire.TableLease, strconv.FormatUint(g.Lease, 10))
	}
	if err == nil && ok {
		err = wire.DecodeRow(row.Body, &l)
	}
	logged("read granted ticket", err)
	d.Code, d.Unconfirmed = g.Code, l.Lease.Policy != op.Hard
	return d
}
