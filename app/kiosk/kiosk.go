// Package kiosk is the shell of a self-service machine at a station.
package kiosk

import (
	"yizhan/app/look"
	"yizhan/app/shell"
)

// Shell is the counter page over the whole screen.
type Shell struct{ desk *shell.Desk }

// Scale is made for a screen 1080 dp wide; other widths get the same picture, larger or smaller.
func Scale(width float32) look.Scale { return look.Kiosk.Times(max(0.4, width/1080)) }

// Start fills the window and keeps it up to date until the window closes. width is that of the screen, in dp.
func Start(env *shell.Env, width float32) *Shell {
	scale := Scale(width)
	env.App.Settings().SetTheme(env.Theme.With(scale))
	s := &Shell{shell.NewDesk(env, scale, "", nil)}
	env.Window.SetContent(s.desk.Object())
	s.desk.Listen()
	s.desk.Tick()
	env.Every(func(bool) {
		if env.Ctx.Err() == nil {
			s.desk.Tick()
		}
	})
	return s
}

// Picture scans the code in a file.
func (s *Shell) Picture(path string) { s.desk.Picture(path) }
