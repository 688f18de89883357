package paper

import (
	"errors"
	"fmt"
	"image"
	"strings"

	"yizhan/app/escpos"
	"yizhan/app/say"
	"yizhan/core/qr"
)

// Widths of what a head prints, in dots of an eighth of a millimetre.
const (
	Narrow = 384 // paper of 58 mm
	Wide   = 576 // paper of 80 mm
)

// ErrWidth says that a slip cannot be set so narrow or so wide.
var ErrWidth = errors.New("slips are 256 to 832 dots wide")

// sizes are those of one width, in dots.
type sizes struct {
	small, body, title, head, short float64
	gap, margin                     int
	beside                          int // most lines of a text beside its label
}

func sizesFor(dots int) sizes {
	if dots < 500 {
		return sizes{small: 24, body: 28, title: 36, head: 44, short: 60, gap: 14, margin: 4, beside: 1}
	}
	return sizes{small: 26, body: 32, title: 44, head: 58, short: 76, gap: 18, margin: 12, beside: 4}
}

// Most lines of one text, so that a slip stays shorter than half a metre whatever
// somebody wrote into a title.
const (
	maxTitle = 5
	maxLine  = 5
	maxNote  = 8
)

// Draw gives a slip as the dots that are printed, dots of them in a row. words puts
// it into the reader's language; the heading stands there in Chinese too, because
// the person at the counter has to read it.
func Draw(s Slip, dots int, fonts *Fonts, words say.Words) (*escpos.Bitmap, error) {
	if dots < 256 || dots > 832 {
		return nil, fmt.Errorf("draw slip of %d dots: %w", dots, ErrWidth)
	}
	if int(s.Kind) >= len(heads) {
		return nil, fmt.Errorf("draw slip: kind %d is unknown", s.Kind)
	}
	z := sizesFor(dots)
	p := newPage(dots&^7, z.margin, fonts)
	say := func(t say.Text) string { return p.printable(t.In(words)) }
	p.y = z.gap
	p.text(join(" · ", say(s.Deployment), say(s.Here)), p.style(z.small, false), true, 3)
	p.y += z.gap / 2
	p.heading(s.Kind, z, words)
	p.y += z.gap
	p.text(say(s.Title), p.style(z.title, true), true, maxTitle)
	if len(s.Lines) > 0 || s.Code != "" {
		p.rule(z.gap)
	}
	column := p.column(s.Lines, words, z)
	for _, line := range s.Lines {
		p.line(say(line.Label), say(line.Text), column, z)
	}
	if s.Code != "" {
		if err := p.code(s.Code, z); err != nil {
			return nil, err
		}
	}
	if s.Short != "" {
		p.short(s.Short, z)
	}
	if s.Map != nil {
		p.picture(s.Map, z)
	}
	if len(s.Notes) > 0 {
		p.rule(z.gap)
	}
	for _, note := range s.Notes {
		p.text(say(note), p.style(z.body, false), false, maxNote)
		p.y += z.gap / 2
	}
	p.rule(z.gap)
	p.text(say(s.Printed), p.style(z.small, false), true, 2)
	p.y += z.gap
	return p.bitmap(), nil
}

func join(separator string, parts ...string) string {
	var all []string
	for _, part := range parts {
		if part != "" {
			all = append(all, part)
		}
	}
	return strings.Join(all, separator)
}

// quiet is the white border that readers of a QR code rely on, in modules, and
// widest is how wide code and border are at most: 48 mm is read at arm's length.
const (
	quiet  = 4
	widest = 384
)

// code draws a QR code with the same whole number of dots for every module.
func (p *page) code(text string, z sizes) error {
	modules, err := qr.Bitmap(text)
	if err != nil {
		return fmt.Errorf("draw slip: %w", err)
	}
	n := len(modules)
	step := min(p.width, widest) / (n + 2*quiet)
	if step < 3 {
		return fmt.Errorf("draw slip: a code of %d modules is unreadable on %d dots", n, p.width)
	}
	left, top := (p.width-n*step)/2, p.y+quiet*step
	for y, row := range modules {
		for x, dark := range row {
			if dark {
				p.fill(image.Rect(left+x*step, top+y*step, left+(x+1)*step, top+(y+1)*step))
			}
		}
	}
	p.y = top + (n+quiet)*step
	return nil
}

// short sets the typed code as large as it fits, in groups that are read out.
func (p *page) short(code string, z sizes) {
	const group = 4
	if len(code) > group+2 {
		var parts []string
		for len(code) > group {
			parts, code = append(parts, code[:group]), code[group:]
		}
		code = strings.Join(append(parts, code), " ")
	}
	size := z.short
	for p.style(size, true).measure(code) > float32(p.width-2*z.margin) && size > z.small {
		size -= 2
	}
	p.text(code, p.style(size, true), true, 1)
	p.y += z.gap / 2
}

// MapWidth is how many dots wide a map is printed: one drawn so needs no scaling.
func MapWidth(dots int) int { return mapWidth(dots&^7, sizesFor(dots)) }

func mapWidth(dots int, z sizes) int { return dots - 2*z.margin - 8 }

// dark is the grey from which a picture's point is printed, of 65535.
const dark = 0x9000

// picture prints a map: drawn dark on light, it needs no shades.
func (p *page) picture(img image.Image, z sizes) {
	p.y += z.gap
	from := img.Bounds()
	if from.Empty() {
		return
	}
	width := mapWidth(p.width, z)
	height := min(width, from.Dy()*width/from.Dx())
	width = min(width, from.Dx()*height/max(1, from.Dy()))
	left := (p.width - width) / 2
	for y := range height {
		for x := range width {
			r, g, b, a := img.At(from.Min.X+x*from.Dx()/width, from.Min.Y+y*from.Dy()/height).RGBA()
			if (299*r+587*g+114*b)/1000+(0xffff-a) < dark {
				p.fill(image.Rect(left+x, p.y+y, left+x+1, p.y+y+1))
			}
		}
	}
	p.frame(image.Rect(left-4, p.y-4, left+width+4, p.y+height+4), 1, 0)
	p.y += height + z.gap
}
