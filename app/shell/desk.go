package shell

import (
	"errors"

	"fyne.io/fyne/v2"

	"yizhan/app/device"
	"yizhan/app/flow/pickup"
	"yizhan/app/look"
	"yizhan/app/say"
	pickupview "yizhan/app/view/pickup"
	"yizhan/core/handover"
	"yizhan/core/id"
)

// Desk is the counter page shared by kiosk and staff: scanner, pictures, verdicts.
type Desk struct {
	env   *Env
	wedge device.Wedge
	state pickup.State
	view  *pickupview.View
	more  say.Text
}

// NewDesk makes the page. more is the word of the button to other pages, empty for none.
func NewDesk(env *Env, scale look.Scale, more say.Text, toMore func()) *Desk {
	d := &Desk{env: env, view: pickupview.New(scale), more: more}
	d.view.Close = func() { d.send(pickup.Closed{}) }
	d.view.Picture = d.choose
	d.view.ClockRight = func() { d.send(pickup.ClockRight{}) }
	d.view.TakeBack = func() { d.send(pickup.TakeBack{}) }
	d.view.More, d.view.Strip = toMore, toMore
	return d
}

// Object is what goes into the window.
func (d *Desk) Object() fyne.CanvasObject { return d.view.Object() }

// SetScale draws the page in other sizes.
func (d *Desk) SetScale(s look.Scale) { d.view.SetScale(s) }

// Listen takes the keys of a wedge scanner: they come to the canvas while no
// field has the focus. Pictures may also be dropped onto the window.
func (d *Desk) Listen() {
	c := d.env.Window.Canvas()
	c.Unfocus()
	c.SetOnTypedRune(func(r rune) { d.key(d.wedge.Rune(r, d.env.Now())) })
	c.SetOnTypedKey(func(k *fyne.KeyEvent) {
		if k.Name == fyne.KeyReturn || k.Name == fyne.KeyEnter {
			d.key(d.wedge.Enter(d.env.Now()))
		}
	})
	d.env.Window.SetOnDropped(func(_ fyne.Position, files []fyne.URI) {
		if len(files) > 0 {
			d.Picture(files[0].Path())
		}
	})
}

func (d *Desk) key(code string, ok bool) {
	if ok {
		d.send(pickup.Scanned{Code: code, At: d.env.Now()})
	}
}

// Tick is to be called each second.
func (d *Desk) Tick() {
	d.key(d.wedge.Idle(d.env.Now()))
	d.send(pickup.Tick{Now: d.env.Now()})
}

func (d *Desk) choose() { choosePicture(d.env, d.read) }

// Picture scans the code in a file.
func (d *Desk) Picture(path string) { readPicture(d.env, path, d.read) }

func (d *Desk) read(code string, err error) {
	if err != nil {
		fyne.LogError("read picture", err)
		d.send(pickup.Unreadable{At: d.env.Now()})
		return
	}
	d.send(pickup.Scanned{Code: code, At: d.env.Now()})
}

func (d *Desk) send(m pickup.Message) {
	var do pickup.Do
	d.state, do = d.state.Update(m)
	d.draw()
	switch {
	case do.Redeem != "":
		go d.decide(do)
	case do.Undo != 0:
		go d.takeBack(do.Undo)
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
		out, err = d.env.Counter.Redeem(do.Redeem, d.env.Now())
	}
	d.env.Do(func() {
		if err != nil {
			fyne.LogError("store verdict", err)
			d.send(pickup.NotStored{Why: why(err), At: d.env.Now()})
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

func why(err error) pickup.Why {
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
	d.view.Draw(pickupview.Model{Page: d.state.Page, Result: d.state.Result, Bar: d.env.Bar(), Place: place, Help: help, More: d.more}, d.state.Left)
}
