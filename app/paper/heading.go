package paper

import (
	"image"

	"yizhan/app/say"
)

// marks are the shapes of the three honest outcomes, as on screens.
var marks = [...]string{Ticket: "✓ ", Provisional: "▲ ", Refusal: "× ", HandOver: "✓ ", Test: "", Way: ""}

// heading sets what kind of slip this is: white on black where something is handed
// over for it, in a broken frame where it is worth nothing yet, else in a whole one.
// It is in Chinese, and in the reader's language below.
func (p *page) heading(k Kind, z sizes, words say.Words) {
	top := p.y
	p.y += z.gap
	head, worth, small := p.style(z.head, true), p.style(z.body, true), p.style(z.small, true)
	if k == Provisional {
		worth = p.style(z.title, true) // it has to be read before the rest
	}
	inner := p.width - 3*z.gap
	p.lines(p.broken(marks[k]+k.Name().String(), head, inner, true, 2), head, 0, true)
	p.lines(p.broken(k.Worth().String(), worth, inner, true, 2), worth, 0, true)
	if name := k.Name().In(words); name != k.Name().String() {
		p.y += z.gap / 2
		p.lines(p.broken(name+". "+k.Worth().In(words)+".", small, inner, true, 4), small, 0, true)
	}
	p.y += z.gap
	box := image.Rect(0, top, p.width, p.y)
	switch k {
	case Ticket:
		p.invert(box)
	case Provisional:
		p.frame(box, 24, 12)
	default:
		p.frame(box, 1, 0)
	}
}

// invert turns ink into white and white into ink.
func (p *page) invert(r image.Rectangle) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := p.ink.Pix[y*p.ink.Stride : y*p.ink.Stride+p.width]
		for x := range row {
			row[x] = 0xff - row[x]
		}
	}
}

// frame draws a frame of dashes that long with gaps between them.
func (p *page) frame(r image.Rectangle, dash, gap int) {
	const thick = 4
	for x := r.Min.X; x < r.Max.X; x += dash + gap {
		end := min(x+dash, r.Max.X)
		p.fill(image.Rect(x, r.Min.Y, end, r.Min.Y+thick))
		p.fill(image.Rect(x, r.Max.Y-thick, end, r.Max.Y))
	}
	for y := r.Min.Y; y < r.Max.Y; y += dash + gap {
		end := min(y+dash, r.Max.Y)
		p.fill(image.Rect(r.Min.X, y, r.Min.X+thick, end))
		p.fill(image.Rect(r.Max.X-thick, y, r.Max.X, end))
	}
}
