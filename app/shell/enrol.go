package shell

import (
	"errors"

	"fyne.io/fyne/v2"

	"yizhan/app/device"
	"yizhan/app/flow/enrol"
	"yizhan/app/look"
	enrolview "yizhan/app/view/enrol"
	scanview "yizhan/app/view/scan"
	"yizhan/core/fault"
	"yizhan/core/link"
)

// Enrol shows the page that takes the device's one-use code, and calls done on
// the UI goroutine once the server has taken it. code is handed in at once
// where it is not empty.
func Enrol(env *Env, scale look.Scale, code string, done func()) {
	env.App.Settings().SetTheme(env.Theme.With(scale))
	state := enrol.Begin(env.Link.Status().Wiped)
	v := enrolview.New(scale)
	v.Server = env.Server
	var send func(enrol.Message)
	scan := env.Scan(func(c device.Scan) {
		if c.Err != nil {
			send(enrol.Unreadable{})
			return
		}
		v.Enter(c.Code)
	})
	send = func(m enrol.Message) {
		var code string
		state, code = state.Update(m)
		if state.Done {
			scan.Close()
			done()
			return
		}
		v.Draw(state)
		if code != "" {
			go func() {
				answer := hand(env, code)
				env.Do(func() { send(answer) })
			}()
		}
	}
	v.Enter = func(code string) { send(enrol.Entered{Code: code}) }
	v.Picture = scan.Choose
	sight := scanview.View{Scale: scale, Side: scale.Head * 9, Mirror: true}
	scan.Watch(func() {
		if sight.Draw(scan.Sight()) {
			v.Scene = sight.Object()
			v.Draw(state)
		}
	})
	v.Draw(state)
	env.Window.SetContent(v.Object())
	env.Window.Canvas().Focus(v.Entry()) // keys arrive in it, a scanner's too
	if code != "" {
		v.Enter(code)
	}
}

// hand gives the code to the server and turns the answer into a message.
func hand(env *Env, code string) enrol.Message {
	_, err := env.Link.Enrol(env.Ctx, code)
	if err == nil || errors.Is(err, link.ErrEnrolled) {
		return enrol.Accepted{}
	}
	fyne.LogError("enrol", err)
	var f *fault.Error
	if errors.As(err, &f) {
		return enrol.Failed{Fault: f}
	}
	return enrol.Failed{}
}
