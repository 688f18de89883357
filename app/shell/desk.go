package shell

import (
	"errors"
	"time"

	"fyne.io/fyne/v2"

	"yizhan/app/device"
	"yizhan/app/flow/pickup"
	"yizhan/app/look"
	"yizhan/app/say"
	pickupview "yizhan/app/view/pickup"
	scanview "yizhan/app/view/scan"
	"yizhan/core/handover"
	"yizhan/core/id"
)

// Desk is the counter page shared by kiosk and staff: scanner, pictures, verdicts.
type Desk struct {
	env   *Env
	scan  *Scanning
	sight scanview.View
	state pickup.State
	view  *pickupview.View
	more  say.Text

	shown   func()
	staffed bool         // staff stand here: they see counts, and type short codes
	tally   pickup.Tally // of today
	last    pickup.Result
	at      time.Time // of last
}

// NewDesk makes the page. more is the word of the button to other pages, empty for none.
func NewDesk(env *Env, scale look.Scale, more say.Text, toMore func()) *Desk {
	d := &Desk{env: env, view: pickupview.New(scale), more: more}
	d.fit(scale)
	d.view.Close = func() { d.send(pickup.Closed{}) }
	d.view.Picture = func() { d.scan.Choose() }
	d.view.ClockRight = func() { d.send(pickup.ClockRight{}) }
	d.view.TakeBack = func() { d.send(pickup.TakeBack{}) }
	d.view.More, d.view.Strip = toMore, toMore
	return d
}

// Staffed adds what only staff do at a counter: short leads to the page that takes a
// short code, overrule to the one that asks a supervisor why. They give their answers
// to Type and Overrule. shown is called when a verdict comes or goes.
func (d *Desk) Staffed(short func(), overrule func(pickup.Subject), shown func()) {
	d.staffed, d.view.Short, d.shown = true, short, shown
	d.view.Overrule = func() { overrule(d.state.Subject()) }
	d.count()
}

// Type takes a short code.
func (d *Desk) Type(text string) { d.send(pickup.Typed{Text: text, At: d.env.Now()}) }

// Overrule hands over against the verdict.
func (d *Desk) Overrule(what pickup.Subject, reason string) {
	d.send(pickup.Overrule{What: what, Reason: reason})
}

// Subject is what a supervisor may overrule now; empty for nothing.
func (d *Desk) Subject() pickup.Subject { return d.state.Subject() }

// Showing reports whether a verdict fills the page.
func (d *Desk) Showing() bool { return d.state.Page != pickup.Idle }

// count adds up what was handed over today, and keeps the last result.
func (d *Desk) count() {
	if !d.staffed {
		return
	}
	var err error
	if d.tally, err = pickup.Today(d.env.Store, d.env.Now().In(d.env.Zone)); err != nil {
		fyne.LogError("count hand-overs", err)
	}
	if d.state.Page == pickup.Showing {
		d.last, d.at = d.state.Result, d.env.Now()
	}
}

// Object is what goes into the window.
func (d *Desk) Object() fyne.CanvasObject { return d.view.Object() }

// SetScale draws the page in other sizes.
func (d *Desk) SetScale(s look.Scale) {
	d.view.SetScale(s)
	d.fit(s)
	d.draw()
}

// fit gives the camera's picture its size.
func (d *Desk) fit(s look.Scale) {
	d.sight.Scale, d.sight.Side, d.sight.Mirror = s, s.Head*13, true
	d.view.SetScene(d.sight.Object())
}

// see shows what the camera sees.
func (d *Desk) see() {
	if d.state.Page == pickup.Showing {
		return // the verdict covers it
	}
	if d.sight.Draw(d.scan.Sight()) {
		d.view.SetScene(d.sight.Object())
		d.draw()
	}
}

// Listen begins to take codes from every scanner.
func (d *Desk) Listen() {
	d.scan = d.env.Scan(func(c device.Scan) {
		if c.Err != nil {
			d.send(pickup.Unreadable{At: c.At})
			return
		}
		d.send(pickup.Scanned{Code: c.Code, At: c.At})
	})
	d.scan.Watch(d.see)
	d.see()
}

// Deaf stops taking codes.
func (d *Desk) Deaf() {
	if d.scan != nil {
		d.scan.Close()
	}
}

// Tick is to be called each second.
func (d *Desk) Tick() { d.send(pickup.Tick{Now: d.env.Now()}) }

// Picture scans the code in a file.
func (d *Desk) Picture(path string) { d.scan.File(path) }

func (d *Desk) send(m pickup.Message) {
	var do pickup.Do
	before := d.Showing()
	d.state, do = d.state.Update(m)
	switch m.(type) {
	case pickup.Decided, pickup.TakenBack:
		d.count()
	}
	d.draw()
	if d.shown != nil && before != d.Showing() {
		d.shown()
	}
	d.tell(m)
	switch {
	case do.Redeem != "" || do.Pick != 0:
		go d.decide(do)
	case do.Undo != 0:
		go d.takeBack(do.Undo)
	}
}

// tell lets the outcome of a message be heard.
func (d *Desk) tell(m pickup.Message) {
	switch m.(type) {
	case pickup.Decided, pickup.NotStored, pickup.Unreadable, pickup.TakenBack:
		if r := d.state.Result; d.state.Page == pickup.Showing {
			d.env.Signal(r.Tone)
			d.env.Read(r.Word, r.Sentence, r.Detail, r.Next)
		}
	}
}

// decide asks the counter, which stores the verdict before it answers.
func (d *Desk) decide(do pickup.Do) {
	var err error
	if do.Confirm {
		err = d.env.Counter.ConfirmClock()
	}
	var out pickup.Outcome
	if err == nil {
		out, err = d.env.Counter.Decide(do, d.env.Now())
	}
	d.env.Do(func() {
		if err != nil {
			fyne.LogError("store verdict", err)
			d.send(pickup.NotStored{Why: Why(err), At: d.env.Now()})
			return
		}
		d.send(pickup.Decided{Outcome: out, At: d.env.Now()})
	})
}

// takeBack undoes the last hand-over, and says so only once that is stored.
func (d *Desk) takeBack(t id.Ticket) {
	now := d.env.Now()
	err := d.env.Counter.TakeBack(t, now)
	d.env.Do(func() {
		if err != nil {
			fyne.LogError("take back a hand-over", err)
		}
		d.send(pickup.TakenBack{Done: err == nil, At: now})
	})
}

// Why is why a verdict could not be stored.
func Why(err error) pickup.Why {
	switch {
	case Full(err):
		return pickup.Full
	case errors.Is(err, handover.ErrNoKeys):
		return pickup.NoKeys
	}
	return pickup.Broken
}

func (d *Desk) draw() {
	station, err := d.env.Station()
	if err != nil {
		fyne.LogError("read station", err)
	}
	help := say.T("需要帮助请找工作人员")
	if station.Phone != "" {
		help = say.T("需要帮助请找工作人员，电话 %s", station.Phone)
	}
	place := say.T("票券领取")
	if station.Name != "" {
		place = say.T("%s · 票券领取", station.Name)
	}
	m := pickupview.Model{Page: d.state.Page, Result: d.state.Result, Bar: d.env.Bar(), Place: place, Help: help, More: d.more}
	if d.staffed {
		if station.Name != "" {
			m.Place = say.Plain(station.Name)
		}
		m.Help, m.Tally = say.Text{}, d.tally.Words(d.last.Title)
		if !d.last.Word.Empty() {
			m.Last = say.T("上一张：%s", say.Join(" · ", d.last.Word, say.Plain(d.at.In(d.env.Zone).Format("15:04"))))
		}
	}
	d.view.Draw(m, d.state.Left)
}
