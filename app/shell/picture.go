package shell

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"

	"yizhan/app/device"
)

// choosePicture lets a person pick a file and gives the code in it, on the UI goroutine.
func choosePicture(env *Env, take func(code string, err error)) {
	open := dialog.NewFileOpen(func(f fyne.URIReadCloser, err error) {
		if err != nil || f == nil {
			return
		}
		_ = f.Close() // only its path is wanted
		readPicture(env, f.URI().Path(), take)
	}, env.Window)
	open.SetFilter(storage.NewExtensionFileFilter([]string{".png", ".jpg", ".jpeg"}))
	open.SetConfirmText("选这张")
	open.SetDismissText("不选了")
	open.Resize(env.Window.Canvas().Size())
	open.Show()
}

// readPicture reads the code in a file; large photos take a while, the screen does not wait.
func readPicture(env *Env, path string, take func(code string, err error)) {
	go func() {
		code, err := device.ReadPicture(path)
		env.Do(func() { take(code, err) })
	}()
}
