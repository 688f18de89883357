package look

import (
	"image/color"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Text is running text that breaks lines the Chinese way: between any two
// characters, but never inside a number or a Latin word, never before a closing
// sign and never after an opening one. Fyne's own wrapping knows none of this.
type Text struct {
	widget.BaseWidget
	style Style
	text  string
	lines []fyne.CanvasObject // as last laid out
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
	t.text = text
	t.Refresh()
}

// HeightFor is the height at a width.
func (t *Text) HeightFor(width float32) float32 {
	return float32(max(1, len(t.wrap(width)))) * t.lineHeight()
}

// MinSize is the size on one line.
func (t *Text) MinSize() fyne.Size {
	return fyne.NewSize(t.measure(t.text), t.lineHeight())
}

func (t *Text) measure(s string) float32 {
	return fyne.MeasureText(s, t.style.Em, fyne.TextStyle{Bold: t.style.Bold}).Width
}

func (t *Text) lineHeight() float32 {
	natural := fyne.MeasureText("国", t.style.Em, fyne.TextStyle{Bold: t.style.Bold}).Height
	return max(natural, leading*t.style.Em)
}

// wrap breaks the text into lines of at most width. Centred lines are made about
// equally long, so that no single character is left over on the last.
func (t *Text) wrap(width float32) []string {
	lines := t.lay(width)
	if t.style.Align == fyne.TextAlignCenter && len(lines) > 1 {
		for narrow := width - t.style.Em/2; narrow > width/2; narrow -= t.style.Em / 2 {
			tighter := t.lay(narrow)
			if len(tighter) > len(lines) {
				break
			}
			lines = tighter
		}
	}
	if t.style.Max > 0 && len(lines) > t.style.Max {
		lines = lines[:t.style.Max]
		last := []rune(lines[t.style.Max-1])
		for len(last) > 0 && t.measure(string(last)+"…") > width {
			last = last[:len(last)-1]
		}
		lines[t.style.Max-1] = string(last) + "…"
	}
	return lines
}

func (t *Text) lay(width float32) []string {
	var lines []string
	for _, paragraph := range strings.Split(t.text, "\n") {
		line, used := "", float32(0)
		for _, piece := range t.fitting(paragraph, width) {
			w := t.measure(piece)
			if used+w > width+0.5 && line != "" {
				lines = append(lines, strings.TrimRight(line, " "))
				line, used = "", 0
				piece = strings.TrimLeft(piece, " ")
			}
			line, used = line+piece, used+w
		}
		lines = append(lines, line)
	}
	return lines
}

// fitting gives the pieces of a paragraph, those wider than a line (a long code) taken apart.
func (t *Text) fitting(paragraph string, width float32) []string {
	var out []string
	for _, piece := range pieces(paragraph) {
		if t.measure(piece) > width {
			out = append(out, strings.Split(piece, "")...)
		} else {
			out = append(out, piece)
		}
	}
	return out
}

const (
	closing = "，。、；：？！）》」』】〕”’…％%,.;:?!)]}"
	opening = "（《「『【〔“‘([{"
	counted = "年月日时分秒号楼层室张人位个条元米天" // stay with the number before them
)

// moment is a time as flow.Moment writes it: torn over two lines it is misread.
var moment = regexp.MustCompile(`(今天|明天|(\d+年)?\d+月\d+日(（周.）)?) ?(\d\d:\d\d)?`)

// pieces splits a paragraph into what must stay on one line.
func pieces(s string) []string {
	var out []string
	var before rune
	add := func(piece string) {
		first, _ := utf8.DecodeRuneInString(piece)
		last, _ := utf8.DecodeLastRuneInString(piece)
		if before != 0 && (strings.ContainsRune(closing, first) || strings.ContainsRune(opening, before) ||
			latin(before) && latin(first) || unicode.IsDigit(before) && strings.ContainsRune(counted, first)) {
			out[len(out)-1] += piece
		} else {
			out = append(out, piece)
		}
		before = last
	}
	for s != "" {
		at := moment.FindStringIndex(s)
		if at == nil {
			at = []int{len(s), len(s)}
		}
		for _, r := range s[:at[0]] {
			add(string(r))
		}
		if at[0] < at[1] {
			add(s[at[0]:at[1]])
		}
		s = s[at[1]:]
	}
	return out
}

func latin(r rune) bool {
	return r < 0x250 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-/.:_+@#~", r))
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
