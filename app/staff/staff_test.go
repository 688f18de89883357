package staff

import (
	"testing"

	"fyne.io/fyne/v2/test"

	"yizhan/app/shell/shelltest"
	"yizhan/core/op"
)

func TestScreens(t *testing.T) {
	env, _, _, w := shelltest.NewDevice(t, op.Staff)
	s := Start(env)
	canvas := env.Window.Canvas()
	test.AssertRendersToMarkup(t, "counter.xml", canvas)
	s.show(true)
	test.AssertRendersToMarkup(t, "duty.xml", canvas)
	if canvas.OnTypedRune() != nil {
		t.Error("a scan is taken while the counter is not on screen")
	}
	s.sync = true
	s.draw()
	test.AssertRendersToMarkup(t, "sync.xml", canvas)
	s.show(false)
	if canvas.OnTypedRune() == nil || w.Ticket == "" {
		t.Error("back at the counter no scan is taken")
	}
}
