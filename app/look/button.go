package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// Kind says how much weight a button has on its page.
type Kind uint8

// Kinds of buttons: Main is the one thing to do here, Second another way on,
// Dead says why nothing can be done and cannot be tapped.
const (
	Main Kind = iota
	Second
	Dead
)

// Button is a wide button with one line of text.
type Button struct {
	widget.BaseWidget
	scale Scale
	back  *canvas.Rectangle
	label *canvas.Text
	kind  Kind
	tap   func()
}

// NewButton makes a button; tap is called on the UI goroutine.
func NewButton(s Scale, kind Kind, text string, tap func()) *Button {
	b := &Button{scale: s, kind: kind, tap: tap}
	b.back = canvas.NewRectangle(color.Transparent)
	b.back.CornerRadius = s.Radius
	b.label = canvas.NewText(text, b.scale.Ink)
	b.label.TextSize, b.label.TextStyle.Bold, b.label.Alignment = s.Title, true, fyne.TextAlignCenter
	b.paint(false)
	b.ExtendBaseWidget(b)
	return b
}

// SetText changes the text in place.
func (b *Button) SetText(text string) {
	b.label.Text = text
	b.label.Refresh()
}

func (b *Button) paint(pressed bool) {
	b.back.StrokeWidth = 0
	switch b.kind {
	case Main:
		b.back.FillColor, b.label.Color = b.scale.Brand, b.scale.OnBrand
		if pressed {
			b.back.FillColor = b.scale.Pressed
		}
	case Second:
		b.back.FillColor, b.label.Color = b.scale.Surface, b.scale.Brand
		b.back.StrokeColor, b.back.StrokeWidth = b.scale.Brand, 2
		if pressed {
			b.back.FillColor = b.scale.BrandLo
		}
	case Dead:
		b.back.FillColor, b.label.Color = b.scale.Idle, b.scale.OnIdle
	}
}

// Tapped is called by Fyne.
func (b *Button) Tapped(*fyne.PointEvent) {
	if b.kind != Dead && b.tap != nil {
		b.tap()
	}
}

// MouseDown shows that the finger was felt.
func (b *Button) MouseDown(*desktop.MouseEvent) { b.paint(true); b.back.Refresh() }

// MouseUp ends it.
func (b *Button) MouseUp(*desktop.MouseEvent) { b.paint(false); b.back.Refresh() }

// MinSize has the scale's height for what is tapped.
func (b *Button) MinSize() fyne.Size {
	return fyne.NewSize(b.label.MinSize().Width+2*b.scale.Pad, b.scale.Button)
}

// CreateRenderer is called by Fyne.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	return &buttonRenderer{b}
}

type buttonRenderer struct{ b *Button }

func (r *buttonRenderer) Layout(s fyne.Size) {
	place(r.b.back, 0, 0, s.Width, s.Height)
	h := r.b.label.MinSize().Height
	place(r.b.label, 0, (s.Height-h)/2, s.Width, h)
}
func (r *buttonRenderer) MinSize() fyne.Size { return r.b.MinSize() }
func (r *buttonRenderer) Refresh()           { r.b.back.Refresh(); r.b.label.Refresh() }
func (r *buttonRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.b.back, r.b.label}
}
func (r *buttonRenderer) Destroy() {}

// Tap makes any object tappable as a whole.
type Tap struct {
	widget.BaseWidget
	object fyne.CanvasObject
	tap    func()
}

// NewTap wraps an object; tap is called on the UI goroutine.
func NewTap(o fyne.CanvasObject, tap func()) *Tap {
	t := &Tap{object: o, tap: tap}
	t.ExtendBaseWidget(t)
	return t
}

// HeightFor is the height of the object.
func (t *Tap) HeightFor(width float32) float32 { return heightFor(t.object, width) }

// MinSize is that of the object.
func (t *Tap) MinSize() fyne.Size { return t.object.MinSize() }

// Tapped is called by Fyne.
func (t *Tap) Tapped(*fyne.PointEvent) { t.tap() }

// CreateRenderer is called by Fyne.
func (t *Tap) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(t.object) }
