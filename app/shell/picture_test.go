package shell

import (
	"testing"

	"fyne.io/fyne/v2/test"
)

// Fyne's file dialog has no size before it is shown, and asking for it ends the program.
func TestChoosingAPictureOpensADialog(t *testing.T) {
	env := &Env{App: test.NewTempApp(t)}
	env.Window = env.App.NewWindow("")
	choosePicture(env, func(string) { t.Error("a picture was chosen") })
	if env.Window.Canvas().Overlays().Top() == nil {
		t.Error("nothing opened")
	}
}
