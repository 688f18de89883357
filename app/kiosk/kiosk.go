// Package kiosk is the shell of a self-service machine at a station.
package kiosk

import (
	"reflect"
	"time"

	"fyne.io/fyne/v2"

	"yizhan/app/flow/doctor"
	"yizhan/app/look"
	"yizhan/app/say"
	"yizhan/app/shell"
	statusview "yizhan/app/view/status"
)

// asideTime is how long the page of the machine's own state stays: a machine that
// stands alone goes back to its work.
const asideTime = time.Minute

// Shell is the counter page over the whole screen, and behind its strip how the
// machine stands.
type Shell struct {
	env   *shell.Env
	desk  *shell.Desk
	size  fyne.Size // that the scale was made for
	aside time.Time // when the page of the machine's state closes; zero while it is not shown
	shown model
}

type model struct {
	scale look.Scale
	found []doctor.Finding
	net   bool
}

// Scale fits a scale, made for 1080×1920 dp, to a screen: the same page, larger or
// smaller, so that all of it is seen.
func Scale(s look.Scale, screen fyne.Size) look.Scale {
	return s.Times(max(0.4, min(screen.Width/1080, screen.Height/1920)))
}

// Start fills the window and keeps it up to date until the window closes. screen
// is the size that the window will have.
func Start(env *shell.Env, screen fyne.Size) *Shell {
	s := &Shell{env: env, size: screen}
	s.desk = shell.NewDesk(env, s.scale(), say.Text{}, func() { s.Show(true) })
	env.App.Settings().SetTheme(env.Theme.With(s.scale()))
	env.OnSettings(s.redress)
	s.Show(false)
	env.Every(func(bool) {
		if env.Ctx.Err() == nil {
			s.fit()
			s.every()
		}
	})
	return s
}

func (s *Shell) every() {
	s.desk.Tick()
	if !s.aside.IsZero() && s.env.Now().After(s.aside) {
		s.Show(false)
	}
	s.draw()
}

// Show goes to the page of the machine's own state, or back to the counter. A scan
// always belongs to the counter, so keys are taken only there.
func (s *Shell) Show(aside bool) {
	s.shown = model{}
	if aside {
		s.aside = s.env.Now().Add(asideTime)
		s.desk.Deaf()
		s.draw()
		return
	}
	s.aside = time.Time{}
	s.env.Window.SetContent(s.desk.Object())
	s.desk.Listen()
	s.desk.Tick()
}

// draw shows how the machine stands, if that is wanted.
func (s *Shell) draw() {
	if s.aside.IsZero() {
		return
	}
	m := model{s.scale(), s.env.Findings(), s.env.Bar().Online}
	if reflect.DeepEqual(m, s.shown) {
		return
	}
	s.shown = m
	scale, bar := m.scale, s.env.Bar()
	who, _ := s.env.Link.Identity()
	top := look.Column(0, scale.Header(look.Say(say.T("本机状况")), func() { s.Show(false) }), statusview.Strip(scale, bar, nil))
	sheet := statusview.Sheet(scale, bar, m.found, []statusview.Line{{Label: look.Say(say.T("站点")), Text: string(who.Station)}, {Label: look.Say(say.T("本机编号")), Text: string(who.Device)}},
		func() { s.env.Connect(); s.draw() })
	s.env.Window.SetContent(look.Fill(scale.Ground, 0, look.Frame(top, look.NewScroll(look.Pad(scale.Pad, scale.Pad, sheet)), nil)))
}

// fit follows the size that the window has in truth: a full screen is known only once it is shown.
func (s *Shell) fit() {
	size := s.env.Window.Canvas().Size()
	if size == s.size {
		return
	}
	s.size = size
	s.redress()
}

func (s *Shell) scale() look.Scale { return Scale(s.env.Scale(look.KioskSizes), s.size) }

// redress draws everything anew, in another size or as a visitor wants it.
func (s *Shell) redress() {
	s.env.App.Settings().SetTheme(s.env.Theme.With(s.scale()))
	s.desk.SetScale(s.scale())
	s.desk.Tick()
	s.draw()
}

// Picture scans the code in a file.
func (s *Shell) Picture(path string) { s.desk.Picture(path) }
