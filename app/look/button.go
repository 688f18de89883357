package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/driver/mobile"
	"fyne.io/fyne/v2/theme"
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

// pressing is what all things share that a finger, a mouse or a keyboard presses.
// A key other than Space goes to whoever listens to the window: a scanner types there.
type pressing struct {
	widget.BaseWidget
	self          fyne.CanvasObject
	tap           func()
	down, focused bool
	felt          bool // a finger or a mouse began it, not a key
	paint         func()
}

func (p *pressing) set(down, focused bool) {
	p.down, p.focused = down, focused
	p.paint()
}

// Tapped is called by Fyne.
func (p *pressing) Tapped(at *fyne.PointEvent) {
	felt := p.felt && at != nil
	p.felt = false
	if p.tap == nil || felt && !screen.takes(press{screen.now(), at.AbsolutePosition, ReadsIn(p.self)}) {
		return
	}
	p.tap()
}

func (p *pressing) feel() {
	p.felt = true
	p.set(true, p.focused)
}

// MouseDown shows that the finger was felt.
func (p *pressing) MouseDown(*desktop.MouseEvent) { p.feel() }

// MouseUp is called by Fyne.
func (p *pressing) MouseUp(*desktop.MouseEvent) { p.set(false, p.focused) }

// MouseIn is called by Fyne.
func (p *pressing) MouseIn(*desktop.MouseEvent) {}

// MouseMoved is called by Fyne.
func (p *pressing) MouseMoved(*desktop.MouseEvent) {}

// MouseOut ends what MouseDown began: a finger that scrolls leaves without MouseUp.
func (p *pressing) MouseOut() {
	if p.down {
		p.set(false, p.focused)
	}
}

// TouchDown is MouseDown on a phone.
func (p *pressing) TouchDown(*mobile.TouchEvent) { p.feel() }

// TouchUp is called by Fyne.
func (p *pressing) TouchUp(*mobile.TouchEvent) { p.set(false, p.focused) }

// TouchCancel is called by Fyne.
func (p *pressing) TouchCancel(*mobile.TouchEvent) { p.set(false, p.focused) }

// FocusGained draws the ring.
func (p *pressing) FocusGained() { p.set(p.down, true) }

// FocusLost takes it away.
func (p *pressing) FocusLost() { p.set(p.down, false) }

// TypedRune passes on what a scanner types.
func (p *pressing) TypedRune(r rune) {
	if on := p.listener(); on != nil && r != ' ' && on.OnTypedRune() != nil {
		on.OnTypedRune()(r)
	}
}

// TypedKey presses with Space, and passes on all else.
func (p *pressing) TypedKey(k *fyne.KeyEvent) {
	if k.Name == fyne.KeySpace {
		p.Tapped(nil)
	} else if on := p.listener(); on != nil && on.OnTypedKey() != nil {
		on.OnTypedKey()(k)
	}
}

func (p *pressing) listener() fyne.Canvas { return fyne.CurrentApp().Driver().CanvasForObject(p.self) }

// Button is a wide button with a word, or a few in two lines, and maybe an icon before them.
type Button struct {
	pressing
	scale Scale
	kind  Kind
	back  *canvas.Rectangle
	ring  *canvas.Rectangle
	label *Text
	icon  Icon
	image *canvas.Image // nil without an icon
}

// NewButton makes a button; tap is called on the UI goroutine.
func NewButton(s Scale, kind Kind, text string, tap func()) *Button {
	return NewIconButton(s, kind, Icon{}, text, tap)
}

// NewIconButton makes a button with an icon before its text.
func NewIconButton(s Scale, kind Kind, icon Icon, text string, tap func()) *Button {
	b := &Button{scale: s, kind: kind, icon: icon, back: canvas.NewRectangle(color.Transparent), ring: canvas.NewRectangle(color.Transparent)}
	if kind != Dead {
		b.tap = tap
	}
	b.back.CornerRadius, b.ring.CornerRadius = s.Radius, s.Radius+ringGap
	b.label = NewText(text, Style{Em: s.Title, Bold: true, Align: fyne.TextAlignCenter, Max: 2})
	if icon.path != "" {
		b.image = icon.Draw(color.Black)
	}
	b.self, b.paint = b, b.colours
	b.colours()
	b.ExtendBaseWidget(b)
	return b
}

// ringGap is how far the focus ring stands around a button.
const ringGap = 3

// SetText changes the text in place.
func (b *Button) SetText(text string) { b.label.SetText(text) }

func (b *Button) colours() {
	s := b.scale
	fill, on, line := s.Brand, s.OnBrand, s.Brand
	switch {
	case b.kind == Dead:
		fill, on, line = s.Idle, s.OnIdle, s.Idle
	case b.kind == Main && b.down:
		fill, line = s.Pressed, s.Pressed
	case b.kind == Second && b.down:
		fill, on = s.BrandLo, s.Brand
	case b.kind == Second:
		fill, on = s.Surface, s.Brand
	}
	b.back.FillColor, b.back.StrokeColor, b.back.StrokeWidth = fill, line, 0
	if b.kind == Second {
		b.back.StrokeWidth = 2
	}
	b.ring.StrokeColor, b.ring.StrokeWidth = s.Ring, 0
	if b.focused {
		b.ring.StrokeWidth = ringGap
	}
	if b.image != nil {
		b.image.Resource = b.icon.Draw(on).Resource
		b.image.Refresh()
	}
	b.label.SetColour(on)
	b.back.Refresh()
	b.ring.Refresh()
}

// room is the width that the icon takes.
func (b *Button) room() float32 {
	if b.image == nil {
		return 0
	}
	return b.scale.Title * 1.4
}

// HeightFor has the scale's height for what is tapped, and more where the text needs two lines.
func (b *Button) HeightFor(width float32) float32 {
	return max(b.scale.Button, b.label.HeightFor(width-b.scale.Pad-b.room())+b.scale.Gap)
}

// MinSize is that of the text on one line.
func (b *Button) MinSize() fyne.Size {
	width := b.label.MinSize().Width + 2*b.scale.Pad + b.room()
	return fyne.NewSize(width, b.HeightFor(max(width, b.Size().Width)))
}

// CreateRenderer is called by Fyne.
func (b *Button) CreateRenderer() fyne.WidgetRenderer { return &buttonRenderer{b} }

type buttonRenderer struct{ b *Button }

func (r *buttonRenderer) Layout(s fyne.Size) {
	b := r.b
	place(b.back, 0, 0, s.Width, s.Height)
	place(b.ring, -ringGap, -ringGap, s.Width+2*ringGap, s.Height+2*ringGap)
	width := s.Width - b.scale.Pad - b.room()
	h := b.label.HeightFor(width)
	left := (s.Width - width + b.room()) / 2
	if b.image != nil {
		side := b.scale.Title
		text := min(width, b.label.MinSize().Width)
		left = (s.Width-text-b.room())/2 + b.room()
		place(b.image, left-b.room(), (s.Height-side)/2, side, side)
		width = text + 1
	}
	place(b.label, left, (s.Height-h)/2, width, h)
}
func (r *buttonRenderer) MinSize() fyne.Size { return r.b.MinSize() }
func (r *buttonRenderer) Refresh()           { r.Layout(r.b.Size()); r.b.colours() }
func (r *buttonRenderer) Objects() []fyne.CanvasObject {
	all := []fyne.CanvasObject{r.b.back, r.b.ring, r.b.label}
	if r.b.image != nil {
		all = append(all, r.b.image)
	}
	return all
}
func (r *buttonRenderer) Destroy() {}

// Tap makes any object tappable as a whole.
type Tap struct {
	pressing
	object fyne.CanvasObject
	veil   *canvas.Rectangle // what a finger or the focus changes
}

// NewTap wraps an object; tap is called on the UI goroutine.
func NewTap(o fyne.CanvasObject, tap func()) *Tap {
	t := &Tap{object: o, veil: canvas.NewRectangle(color.Transparent)}
	t.self, t.tap, t.paint = t, tap, t.colours
	t.ExtendBaseWidget(t)
	return t
}

// colours takes those of the theme, because what is wrapped may be of any.
func (t *Tap) colours() {
	t.veil.FillColor, t.veil.StrokeWidth = color.Transparent, 0
	if t.down {
		t.veil.FillColor = color.NRGBA{R: 0x80, G: 0x80, B: 0x80, A: 0x38}
	}
	if t.focused {
		t.veil.StrokeColor, t.veil.StrokeWidth = theme.Color(theme.ColorNameFocus), ringGap
	}
	t.veil.Refresh()
}

// HeightFor is the height of the object.
func (t *Tap) HeightFor(width float32) float32 { return heightFor(t.object, width) }

// MinSize is that of the object.
func (t *Tap) MinSize() fyne.Size { return t.object.MinSize() }

// CreateRenderer is called by Fyne.
func (t *Tap) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewStack(t.object, t.veil))
}
