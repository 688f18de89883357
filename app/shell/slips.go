package shell

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"yizhan/app/escpos"
	"yizhan/app/flow/slip"
	"yizhan/app/look"
	"yizhan/app/paper"
	slipview "yizhan/app/view/slip"
)

// SlipPage gives a page that shows a slip as it will be printed, prints it when
// asked, and says what became of it. close leaves the page; then the slip is forgotten.
func (e *Env) SlipPage(s look.Scale, what paper.Slip, close func()) fyne.CanvasObject {
	page := container.NewStack()
	view := &slipview.View{Scale: s}
	var picture *escpos.Bitmap
	draw := func(state slip.State) {
		page.Objects = []fyne.CanvasObject{view.Draw(slipview.Model{Paper: picture, State: state, Printer: e.Press.Ready()})}
		page.Refresh()
	}
	slips := e.NewSlips(draw)
	view.Print = func() {
		if slips.State().Last == nil {
			slips.Send(slip.Print{Slip: what})
		} else {
			slips.Send(slip.Again{})
		}
	}
	view.Close = func() {
		slips.Send(slip.Forget{})
		close()
	}
	go func() {
		b, err := e.Press.Draw(what)
		e.Do(func() {
			if picture = b; err != nil {
				fyne.LogError("draw slip", err)
			}
			draw(slips.State())
		})
	}()
	draw(slips.State())
	return page
}
