// Package slip draws a slip as it comes out of the printer, and what became of it.
package slip

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"yizhan/app/escpos"
	"yizhan/app/flow/slip"
	"yizhan/app/look"
	"yizhan/app/say"
)

// Model is what the page shows.
type Model struct {
	Paper   *escpos.Bitmap // nil while it is being drawn, or could not be
	State   slip.State
	Printer bool // one is set up
}

// View draws a page with one slip. Its functions are called on the UI goroutine.
type View struct {
	Scale look.Scale
	Print func() // the first time, or once more
	Close func()
}

// Draw gives the page.
func (v *View) Draw(m Model) fyne.CanvasObject {
	s := v.Scale
	var body []fyne.CanvasObject
	o := m.State.Outcome()
	if !m.Printer {
		sentence, next := slip.Words(escpos.NoPrinter)
		body = append(body, s.Remark(look.Say(say.Sentences(sentence, next))))
	}
	if !o.Word.Empty() {
		body = append(body, s.Panel(o.Tone, o.Word, o.Sentence, o.Next))
	}
	if m.Paper != nil {
		body = append(body, Preview(s, m.Paper))
	}
	page := look.NewScroll(look.Pad(s.Pad, s.Pad, look.Column(s.Gap, body...)))
	return look.Frame(s.Header(look.Say(say.T("凭条")), v.Close), page, look.Pad(s.Gap, s.Pad, look.Row(s.Gap, -1, v.buttons(m)...)))
}

// buttons puts weight on what most people want now: the slip, and once it is out, to go on.
func (v *View) buttons(m Model) []fyne.CanvasObject {
	button := func(k look.Kind, t say.Text, tap func()) fyne.CanvasObject {
		return look.NewButton(v.Scale, k, look.Say(t), tap)
	}
	leave := say.T("关闭")
	switch {
	case !m.Printer:
		return []fyne.CanvasObject{button(look.Main, leave, v.Close)}
	case m.State.Phase == slip.Printing:
		return []fyne.CanvasObject{button(look.Second, leave, v.Close), button(look.Dead, say.T("正在打印"), nil)}
	case m.State.Phase == slip.Printed:
		return []fyne.CanvasObject{button(look.Second, say.T("再打一次"), v.Print), button(look.Main, leave, v.Close)}
	case m.State.Phase == slip.Failed:
		return []fyne.CanvasObject{button(look.Second, leave, v.Close), button(look.Main, say.T("再打一次"), v.Print)}
	}
	return []fyne.CanvasObject{button(look.Second, leave, v.Close), button(look.Main, say.T("打印"), v.Print)}
}

// widest is how wide a preview is at most, in dp: it is paper, not a poster.
const widest = 480

// Preview is a slip on white paper, in every palette.
func Preview(s look.Scale, b *escpos.Bitmap) fyne.CanvasObject {
	picture := canvas.NewImageFromImage(b)
	picture.FillMode, picture.ScaleMode = canvas.ImageFillContain, canvas.ImageScaleSmooth
	p := &sheet{picture: picture, ratio: float32(b.Height) / float32(b.Width)}
	p.ExtendBaseWidget(p)
	return look.Middle(min(s.Body*20, widest)+2*s.Gap, look.Bordered(color.White, s.Line, 0, look.Pad(s.Gap, s.Gap, p)))
}

// sheet is a picture as high as its width asks for.
type sheet struct {
	widget.BaseWidget
	picture *canvas.Image
	ratio   float32
}

// HeightFor implements look.Fluid.
func (p *sheet) HeightFor(width float32) float32 { return width * p.ratio }

// CreateRenderer is called by Fyne.
func (p *sheet) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(p.picture) }
