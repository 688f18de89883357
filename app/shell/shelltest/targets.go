package shelltest

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"yizhan/app/look"
)

// Targets fails where something on a page is lower than a finger needs it, or where
// a text sticks out of the window. what names the page.
func Targets(t testing.TB, what string, page fyne.CanvasObject, s look.Scale) {
	t.Helper()
	var walk func(o fyne.CanvasObject, left float32, said *string)
	walk = func(o fyne.CanvasObject, left float32, said *string) {
		if !o.Visible() {
			return
		}
		left += o.Position().X
		var own string
		switch o := o.(type) {
		case *canvas.Text:
			*said += o.Text
			if right := left + o.MinSize().Width; o.Alignment == fyne.TextAlignLeading && right > page.Size().Width+1 {
				t.Errorf("%s: %q reaches %v of %v", what, o.Text, right, page.Size().Width)
			}
		case *fyne.Container:
			for _, inner := range o.Objects {
				walk(inner, left, &own)
			}
		case *widget.Entry: // scrolls by itself
		case fyne.Widget:
			for _, inner := range test.WidgetRenderer(o).Objects() {
				walk(inner, left, &own)
			}
		}
		*said += own
		switch o.(type) {
		case *look.Button, *look.Tap:
			if h := o.Size().Height; h > 0 && h < s.Target()-0.5 {
				t.Errorf("%s: %q is %v high, a finger needs %v", what, own, h, s.Target())
			}
		}
	}
	walk(page, 0, new(string))
}
