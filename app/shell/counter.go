package shell

import (
	"context"
	"time"

	"yizhan/app/flow"
	"yizhan/app/flow/pickup"
	"yizhan/app/say"
	"yizhan/core/fault"
	"yizhan/core/handover"
	"yizhan/core/id"
	"yizhan/core/link"
	"yizhan/core/op"
)

// counter puts the outcomes of core/handover into the words of the page.
type counter struct {
	*handover.Counter
	now  func() time.Time // of the deployment
	name string           // of the person or machine that scans
	wait func(context.Context, uint64) (op.Result, error)

	station    id.Station
	supervisor bool
}

// confirmTime is how long a person at a counter waits for the server's word.
const confirmTime = 5 * time.Second

// NewCounter makes the counter of this device's station.
func NewCounter(env *Env) Counter {
	who, _ := env.Link.Identity()
	channel := op.ByKiosk
	if who.Role == op.Staff {
		channel = op.ByStaff
	}
	c := &counter{now: env.Clock, wait: env.Link.Wait, name: string(who.Device), station: who.Station, supervisor: who.Supervisor, Counter: handover.New(handover.Config{Store: env.Store,
		Outbox: env.Link, Device: who.Device, Station: who.Station, Upstream: who.Upstream, Channel: channel, Zone: env.Zone, Boot: link.Boot, Supervisor: who.Supervisor,
		Status: func() handover.Status {
			st := env.Link.Status()
			return handover.Status{Online: st.Online, Revoked: st.Problem != nil && st.Problem.Kind == fault.RevokedDevice}
		}})}
	env.Link.OnRecall(c.GiveUp)
	env.Link.OnAnswer(c.Answered)
	return c
}

// Redeem implements Counter.
func (c *counter) Redeem(code string, now time.Time) (pickup.Outcome, error) {
	return c.Decide(pickup.Do{Redeem: code}, now)
}

// Decide implements Counter.
func (c *counter) Decide(do pickup.Do, now time.Time) (pickup.Outcome, error) {
	options := handover.Options{By: c.name, Override: do.Reason != "", Reason: do.Reason}
	decide := func() (handover.Outcome, error) { return c.Counter.Redeem(do.Redeem, now, options) }
	if do.Pick != 0 {
		decide = func() (handover.Outcome, error) { return c.RedeemTicket(do.Pick, now, options) }
	}
	o, err := decide()
	if err != nil {
		return pickup.Outcome{}, err
	}
	if !o.Final {
		if o, err = c.Confirm(o, c.answer(o.Seq)); err != nil {
			return pickup.Outcome{}, err
		}
	}
	aside := o.Verdict == fault.WrongStation && o.Station.ID == c.station && c.station != ""
	out := pickup.Outcome{Verdict: o.Verdict, Seats: o.Seats, Title: o.Title, Detail: c.detail(o, now), Aside: aside,
		Overridable: c.supervisor && handover.Overridable(o.Verdict), Overridden: o.Overridden != fault.NoVerdict && o.Verdict == fault.Valid}
	if o.Verdict == fault.Valid {
		out.Ticket = o.Ticket
	}
	return out, nil
}

// Pass implements Counter. A door is put right later, so that nobody waits there for
// the server.
func (c *counter) Pass(what pickup.Subject, o handover.Options, now time.Time) (handover.Outcome, error) {
	o.By = c.name
	if what.Code != "" {
		return c.CheckIn(what.Code, now, o)
	}
	return c.CheckInTicket(what.Ticket, now, o)
}

// TakeBack implements Counter.
func (c *counter) TakeBack(t id.Ticket, now time.Time) error { return c.Undo(t, now, c.name) }

// answer waits for the server, which alone knows every hand-over of a ticket that
// no station is bound to. Without its answer nothing is handed over.
func (c *counter) answer(seq uint64) fault.Verdict {
	ctx, cancel := context.WithTimeout(context.Background(), confirmTime)
	defer cancel()
	r, err := c.wait(ctx, seq)
	if err != nil {
		return fault.Provisional
	}
	return r.Verdict
}

// detail is what helps the person to go on.
func (c *counter) detail(o handover.Outcome, now time.Time) say.Text {
	switch {
	case o.Verdict == fault.WrongStation && o.Station.Name != "":
		if o.Station.Address != "" {
			return say.T("领取站点：%s，%s", o.Station.Name, o.Station.Address)
		}
		return say.T("领取站点：%s", o.Station.Name)
	case o.Verdict == fault.Valid && o.Holder != "":
		return say.T("持票人：%s", o.Holder)
	case o.Verdict == fault.AlreadyRedeemed && o.UsedAt != 0:
		return say.T("上次领取：%s", flow.Moment(o.UsedAt, c.now()))
	case o.Verdict == fault.ClockDoubt:
		return say.T("本机时间：%s", now.In(c.now().Location()).Format("2006-01-02 15:04"))
	}
	return say.Text{}
}
