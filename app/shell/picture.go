package shell

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"

	"yizhan/app/look"
	"yizhan/app/say"
)

// choosePicture lets a person pick a file and gives its path, on the UI goroutine.
func choosePicture(env *Env, take func(path string)) {
	open := dialog.NewFileOpen(func(f fyne.URIReadCloser, err error) {
		if err != nil || f == nil {
			return
		}
		_ = f.Close() // only its path is wanted
		take(f.URI().Path())
	}, env.Window)
	open.SetFilter(storage.NewExtensionFileFilter([]string{".png", ".jpg", ".jpeg"}))
	open.SetTitleText(look.Say(say.T("选一张有二维码的图片")))
	open.SetConfirmText(look.Say(say.T("选这张")))
	open.SetDismissText(look.Say(say.T("不选了")))
	open.Show()
	if c := env.Window.Canvas(); c.Overlays().Top() != nil { // before that, and where the system shows its own, there is nothing to resize
		open.Resize(c.Size())
	}
}
