// Package kiosk is the shell of a self-service machine at a station.
package kiosk

import (
	"fyne.io/fyne/v2"

	"yizhan/app/look"
	"yizhan/app/shell"
)

// Shell is the counter page over the whole screen.
type Shell struct {
	env  *shell.Env
	desk *shell.Desk
	size fyne.Size // that the scale was made for
}

// Scale is made for a screen of 1080×1920 dp; others get the same page, larger or
// smaller, so that all of it fits.
func Scale(screen fyne.Size) look.Scale {
	return look.Kiosk.Times(max(0.4, min(screen.Width/1080, screen.Height/1920)))
}

// Start fills the window and keeps it up to date until the window closes. screen
// is the size that the window will have.
func Start(env *shell.Env, screen fyne.Size) *Shell {
	s := &Shell{env: env, size: screen, desk: shell.NewDesk(env, Scale(screen), "", nil)}
	env.App.Settings().SetTheme(env.Theme.With(Scale(screen)))
	env.Window.SetContent(s.desk.Object())
	s.desk.Listen()
	s.desk.Tick()
	env.Every(func(bool) {
		if env.Ctx.Err() == nil {
			s.fit()
			s.desk.Tick()
		}
	})
	return s
}

// fit follows the size that the window has in truth: a full screen is known only once it is shown.
func (s *Shell) fit() {
	size := s.env.Window.Canvas().Size()
	if size == s.size {
		return
	}
	s.size = size
	s.desk.SetScale(Scale(size))
	s.env.App.Settings().SetTheme(s.env.Theme.With(Scale(size)))
}

// Picture scans the code in a file.
func (s *Shell) Picture(path string) { s.desk.Picture(path) }
