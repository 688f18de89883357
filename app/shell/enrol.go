package shell

import (
	"errors"

	"fyne.io/fyne/v2"

	"yizhan/app/device"
	"yizhan/app/flow/enrol"
	"yizhan/app/look"
	enrolview "yizhan/app/view/enrol"
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
	send = func(m enrol.Message) {
		var code string
		state, code = state.Update(m)
		if state.Done {
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
	v.Picture = func() {
		choosePicture(env, func(path string) {
			go func() {
				code, _, err := device.ReadPicture(path)
				env.Do(func() {
					if err != nil {
						send(enrol.Unreadable{})
						return
					}
					v.Enter(code)
				})
			}()
		})
	}
	v.Draw(state)
	env.Window.SetContent(v.Object())
	env.Window.Canvas().Focus(v.Entry())
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
