package look

import (
	"image/color"
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"yizhan/app/typeset"
)

// Text is running text that breaks lines the Chinese way (app/typeset): Fyne's own
// wrapping takes a sentence for one word.
type Text struct {
	widget.BaseWidget
	style Style
	text  string
	lines []fyne.CanvasObject  // as last laid out
	set   map[float32][]string // lines by width: Fyne asks each object for its size with every frame
	line  fyne.Size            // of all of it on one line; zero: not measured yet
}

// Style is how a Text is set.
type Style struct {
	Em     float32 // text size in dp
	Bold   bool
	Colour color.Color
	Align  fyne.TextAlign
	Max    int // most lines, the last one cut with "…"; 0 is any number
}

// leading is the least distance of two lines, in text sizes.
const leading = 1.3

// NewText makes a text in a style.
func NewText(text string, s Style) *Text {
	t := &Text{style: s, text: text}
	t.ExtendBaseWidget(t)
	return t
}

// SetText changes the text in place; a countdown does so every second.
func (t *Text) SetText(text string) {
	if text == t.text {
		return
	}
	t.text, t.set, t.line = text, nil, fyne.Size{}
	t.Refresh()
}

// SetColour changes the colour in place.
func (t *Text) SetColour(c color.Color) {
	if c == t.style.Colour {
		return
	}
	t.style.Colour = c
	t.Refresh()
}

// HeightFor is the height at a width.
func (t *Text) HeightFor(width float32) float32 {
	return float32(max(1, len(t.wrap(width)))) * t.lineHeight()
}

// MinSize is the size on one line.
func (t *Text) MinSize() fyne.Size {
	if t.line.Height == 0 {
		natural := fyne.MeasureText("国", t.style.Em, fyne.TextStyle{Bold: t.style.Bold}).Height
		t.line = fyne.NewSize(t.measure(t.text), max(natural, leading*t.style.Em))
	}
	return t.line
}

func (t *Text) measure(s string) float32 {
	return fyne.MeasureText(s, t.style.Em, fyne.TextStyle{Bold: t.style.Bold}).Width
}

func (t *Text) lineHeight() float32 { return t.MinSize().Height }

// widths is for how many widths lines are kept.
const widths = 4

// wrap breaks the text into lines of at most width.
func (t *Text) wrap(width float32) []string {
	lines, ok := t.set[width]
	if ok {
		return lines
	}
	switch step := t.style.Em / 2; {
	case t.style.Align == fyne.TextAlignCenter:
		lines = typeset.Balanced(t.text, width, step, t.measure)
	case width >= 8*t.style.Em:
		lines = typeset.Unwidowed(t.text, width, step, t.measure)
	default:
		lines = typeset.Lines(t.text, width, t.measure)
	}
	lines = typeset.Cut(lines, t.style.Max, width, t.measure)
	if t.set == nil || len(t.set) >= widths {
		t.set = map[float32][]string{}
	}
	t.set[width] = lines
	return lines
}

// onTwoLines is about the least width at which the text takes no more than two lines and no
// word is taken apart.
func (t *Text) onTwoLines() (width float32) {
	for _, word := range strings.Fields(t.text) {
		if len(word) == utf8.RuneCountInString(word) { // Latin
			width = max(width, t.measure(word))
		}
	}
	whole := t.MinSize().Width
	for width = max(width, whole/2); width < whole && len(typeset.Lines(t.text, width, t.measure)) > 2; {
		width += t.style.Em / 4
	}
	return width
}

// CreateRenderer is called by Fyne.
func (t *Text) CreateRenderer() fyne.WidgetRenderer {
	return &textRenderer{t}
}

type textRenderer struct{ t *Text }

func (r *textRenderer) Layout(size fyne.Size) {
	t := r.t
	t.lines = t.lines[:0]
	height := t.lineHeight()
	for i, line := range t.wrap(size.Width) {
		c := canvas.NewText(line, t.style.Colour)
		c.TextSize, c.TextStyle, c.Alignment = t.style.Em, fyne.TextStyle{Bold: t.style.Bold}, t.style.Align
		c.Resize(fyne.NewSize(size.Width, height))
		c.Move(fyne.NewPos(0, float32(i)*height))
		t.lines = append(t.lines, c)
	}
}

func (r *textRenderer) MinSize() fyne.Size           { return r.t.MinSize() }
func (r *textRenderer) Refresh()                     { r.Layout(r.t.BaseWidget.Size()); canvas.Refresh(r.t) }
func (r *textRenderer) Objects() []fyne.CanvasObject { return r.t.lines }
func (r *textRenderer) Destroy()                     {}
