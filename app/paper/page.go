package paper

import (
	"image"
	"image/draw"
	"strings"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"yizhan/app/escpos"
	"yizhan/app/say"
	"yizhan/app/typeset"
)

// longest is how many dots a slip may be long; the limits of Draw keep it shorter.
const longest = 6000

// page is a slip while it is being set: ink on white, and how far down it is.
type page struct {
	width, y int
	margin   int
	ink      *image.Alpha
	fonts    *Fonts
}

func newPage(width, margin int, fonts *Fonts) *page {
	return &page{width: width, margin: margin, ink: image.NewAlpha(image.Rect(0, 0, width, longest)), fonts: fonts}
}

// missing stands for a character that the font lacks, as printers have always set it.
const missing = '〓'

// printable replaces what cannot be set: pictures among letters, say.
func (p *page) printable(text string) string {
	var buffer sfnt.Buffer
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r) || unicode.IsControl(r):
			return -1 // joins or changes the one before; nothing to see
		}
		if i, err := p.fonts.regular.GlyphIndex(&buffer, r); err != nil || i == 0 {
			return missing
		}
		return r
	}, text)
}

// style is a font at a size.
type style struct {
	face         font.Face
	ascent, line int
}

func (p *page) style(dots float64, bold bool) style {
	f := p.fonts.regular
	if bold {
		f = p.fonts.bold
	}
	return style{face: face(f, dots), ascent: int(dots * 0.96), line: int(dots * 1.3)}
}

func (s style) measure(text string) float32 {
	return float32(font.MeasureString(s.face, text)) / 64
}

// write sets one line with its upper left corner there.
func (p *page) write(text string, s style, x, y int) {
	d := font.Drawer{Dst: p.ink, Src: image.Opaque, Face: s.face, Dot: fixed.P(x, y+s.ascent)}
	d.DrawString(text)
}

// text sets running text of at most lines lines over the whole width.
func (p *page) text(text string, s style, centred bool, lines int) {
	if text == "" {
		return
	}
	p.lines(p.broken(text, s, p.width-2*p.margin, centred, lines), s, p.margin, centred)
}

func (p *page) broken(text string, s style, width int, centred bool, lines int) []string {
	broken := typeset.Lines(text, float32(width), s.measure)
	if centred {
		broken = typeset.Balanced(text, float32(width), float32(s.line)/3, s.measure)
	}
	return typeset.Cut(broken, lines, float32(width), s.measure)
}

func (p *page) lines(lines []string, s style, left int, centred bool) {
	for _, line := range lines {
		x := left
		if centred {
			x = (p.width - int(s.measure(line))) / 2
		}
		p.write(line, s, x, p.y)
		p.y += s.line
	}
}

// column is where texts begin beside their labels, which take a third at most.
func (p *page) column(lines []Line, words say.Words, z sizes) int {
	widest := 0
	for _, line := range lines {
		if w := int(p.style(z.small, false).measure(line.Label.In(words))); w <= p.width/3 {
			widest = max(widest, w)
		}
	}
	return z.margin + widest + z.gap
}

// line sets a label and what it labels, which keeps to its column. Where the column
// is too narrow for it, or the label too wide, the label stands above.
func (p *page) line(label, text string, column int, z sizes) {
	if text == "" {
		return
	}
	small, bold := p.style(z.small, false), p.style(z.body, true)
	lines := p.broken(text, bold, p.width-column-z.margin, false, maxLine)
	if len(lines) > z.beside || int(small.measure(label)) > column-z.gap-z.margin {
		p.lines(p.broken(label, small, p.width-2*z.margin, false, 1), small, z.margin, false)
		p.lines(p.broken(text, bold, p.width-2*z.margin, false, maxLine), bold, z.margin, false)
	} else {
		p.write(label, small, z.margin, p.y+bold.ascent-small.ascent)
		p.lines(lines, bold, column, false)
	}
	p.y += z.gap / 2
}

// rule draws a thin line with room around it.
func (p *page) rule(gap int) {
	p.y += gap / 2
	p.fill(image.Rect(0, p.y, p.width, p.y+2))
	p.y += 2 + gap/2
}

func (p *page) fill(r image.Rectangle) { draw.Draw(p.ink, r, image.Opaque, image.Point{}, draw.Src) }

// inked is the share of ink, of 255, from which a dot is black: strokes of small
// text must not fall apart.
const inked = 110

// bitmap is what has been set so far.
func (p *page) bitmap() *escpos.Bitmap {
	b := escpos.NewBitmap(p.width, min(p.y, longest))
	for y := range b.Height {
		for x, ink := range p.ink.Pix[y*p.ink.Stride : y*p.ink.Stride+p.width] {
			if ink >= inked {
				b.SetBlack(x, y)
			}
		}
	}
	return b
}
