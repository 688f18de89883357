package look

import (
	"image/color"

	"yizhan/app/flow"
)

// Palette is the colours of the app by what they are for. Views take them from
// their Scale, never from a variable: people change the palette while it is drawn.
type Palette struct {
	Name string // as settings store it

	Ground, Surface color.NRGBA // behind everything; cards and bars
	Ink, Muted      color.NRGBA // main text; second text
	Line            color.NRGBA // thin borders
	Ring            color.NRGBA // around what a keyboard would press

	Brand, OnBrand   color.NRGBA // main button and links, and the text upon it
	Pressed, BrandLo color.NRGBA // main button under a finger; chosen item
	Bar, OnBar       color.NRGBA // on top of a page
	OnDim            color.NRGBA // second text on Bar
	Idle, OnIdle     color.NRGBA // button that does nothing now

	good, wait, bad, plain Shade
}

// Shade is the colours of a tone: over a whole screen, and as a soft ground among others.
type Shade struct {
	Fill, On     color.NRGBA
	Soft, OnSoft color.NRGBA
	Edge         color.NRGBA // border of the soft ground; the same colour where none is wanted
}

// border is the colour to draw it in, nil for none.
func (s Shade) border() color.Color {
	if s.Edge == s.Soft {
		return nil
	}
	return s.Edge
}

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

func shade(fill, on, soft, onSoft, edge uint32) Shade {
	return Shade{rgb(fill), rgb(on), rgb(soft), rgb(onSoft), rgb(edge)}
}

// Palettes: Light by day, Night for dark rooms, Contrast for weak eyes.
var (
	Light = Palette{Name: "light",
		Ground: rgb(0xF2F5F8), Surface: rgb(0xFFFFFF), Ink: rgb(0x16222E), Muted: rgb(0x4C5B69), Line: rgb(0xD3DBE2), Ring: rgb(0xB35300),
		Brand: rgb(0x0A4F8F), OnBrand: rgb(0xFFFFFF), Pressed: rgb(0x073A69), BrandLo: rgb(0xE3EEF8),
		Bar: rgb(0x0A4F8F), OnBar: rgb(0xFFFFFF), OnDim: rgb(0xD6E6F5), Idle: rgb(0xE3E8EC), OnIdle: rgb(0x55626E),
		good:  shade(0x0B6B3A, 0xFFFFFF, 0xE2F3E9, 0x0A5A31, 0xE2F3E9),
		wait:  shade(0xFFB81C, 0x241800, 0xFFF1CF, 0x6B4500, 0xFFF1CF),
		bad:   shade(0xB3171D, 0xFFFFFF, 0xFBE5E4, 0x971318, 0xFBE5E4),
		plain: shade(0x0A4F8F, 0xFFFFFF, 0xE3EEF8, 0x0A4F8F, 0xE3EEF8)}
	Night = Palette{Name: "night",
		Ground: rgb(0x0F1720), Surface: rgb(0x1A2530), Ink: rgb(0xE8EEF4), Muted: rgb(0xA9B8C6), Line: rgb(0x3B4A58), Ring: rgb(0xFFD54A),
		Brand: rgb(0x8CC4FF), OnBrand: rgb(0x06223D), Pressed: rgb(0xC4E1FF), BrandLo: rgb(0x1C3855),
		Bar: rgb(0x10304F), OnBar: rgb(0xFFFFFF), OnDim: rgb(0xC3D8EC), Idle: rgb(0x2A3642), OnIdle: rgb(0xB4C1CD),
		good:  shade(0x0B6B3A, 0xFFFFFF, 0x12301F, 0x8FE3B0, 0x12301F),
		wait:  shade(0xF0AB12, 0x241800, 0x3A2C08, 0xFFD67A, 0x3A2C08),
		bad:   shade(0xB3171D, 0xFFFFFF, 0x431518, 0xFFB4AF, 0x431518),
		plain: shade(0x10304F, 0xFFFFFF, 0x1C3855, 0x8CC4FF, 0x1C3855)}
	Contrast = Palette{Name: "contrast",
		Ground: rgb(0x000000), Surface: rgb(0x000000), Ink: rgb(0xFFFFFF), Muted: rgb(0xEBEBEB), Line: rgb(0xFFFFFF), Ring: rgb(0x00E5FF),
		Brand: rgb(0xFFE600), OnBrand: rgb(0x000000), Pressed: rgb(0xFFFFFF), BrandLo: rgb(0x332E00),
		Bar: rgb(0x00264D), OnBar: rgb(0xFFFFFF), OnDim: rgb(0xFFFFFF), Idle: rgb(0x262626), OnIdle: rgb(0xD9D9D9),
		good:  shade(0x00521F, 0xFFFFFF, 0x000000, 0x5CFF8F, 0x5CFF8F),
		wait:  shade(0xFFD400, 0x000000, 0x000000, 0xFFD400, 0xFFD400),
		bad:   shade(0x8E0006, 0xFFFFFF, 0x000000, 0xFFA8A1, 0xFFA8A1),
		plain: shade(0x00264D, 0xFFFFFF, 0x000000, 0xFFE600, 0xFFE600)}
)

// Palettes lists them, the usual one first.
func Palettes() []Palette { return []Palette{Light, Night, Contrast} }

// Tone is flow.Tone: one of the three honest outcomes, or none.
type Tone = flow.Tone

// Tones, as in package flow.
const (
	Plain = flow.Plain
	Good  = flow.Good
	Wait  = flow.Wait
	Bad   = flow.Bad
)

// Shade gives the colours of a tone.
func (p Palette) Shade(t Tone) Shade {
	switch t {
	case flow.Good:
		return p.good
	case flow.Wait:
		return p.wait
	case flow.Bad:
		return p.bad
	}
	return p.plain
}

// Strong is the tone's strong colour and the text upon it.
func (p Palette) Strong(t Tone) (fill, on color.NRGBA) {
	s := p.Shade(t)
	return s.Fill, s.On
}

// Soft is the tone's light colour and the text upon it.
func (p Palette) Soft(t Tone) (fill, on color.NRGBA) {
	s := p.Shade(t)
	return s.Soft, s.OnSoft
}

// Pair is a text, or a sign, on a background.
type Pair struct {
	Name     string
	Text, On color.NRGBA
	Sign     bool // no text: a border, ring or shape, for which 3:1 is enough
}

// Pairs lists every combination that the app draws.
func (p Palette) Pairs() []Pair {
	pairs := []Pair{
		{"ink on ground", p.Ink, p.Ground, false}, {"ink on surface", p.Ink, p.Surface, false},
		{"muted on ground", p.Muted, p.Ground, false}, {"muted on surface", p.Muted, p.Surface, false},
		{"header", p.OnBar, p.Bar, false}, {"header, second line", p.OnDim, p.Bar, false},
		{"brand on surface", p.Brand, p.Surface, false}, {"brand on ground", p.Brand, p.Ground, false},
		{"main button", p.OnBrand, p.Brand, false}, {"main button, pressed", p.OnBrand, p.Pressed, false},
		{"chosen item", p.Brand, p.BrandLo, false}, {"chosen item, ink", p.Ink, p.BrandLo, false}, {"chosen item, muted", p.Muted, p.BrandLo, false},
		{"idle button", p.OnIdle, p.Idle, false},
		{"ring on ground", p.Ring, p.Ground, true}, {"ring on surface", p.Ring, p.Surface, true},
		{"main button on ground", p.Brand, p.Ground, true}, {"main button on surface", p.Brand, p.Surface, true},
	}
	for t, name := range map[Tone]string{flow.Plain: "plain", flow.Good: "good", flow.Wait: "wait", flow.Bad: "bad"} {
		s := p.Shade(t)
		pairs = append(pairs, Pair{name, s.On, s.Fill, false}, Pair{name + " soft", s.OnSoft, s.Soft, false},
			Pair{"ink on " + name + " soft", p.Ink, s.Soft, false}, Pair{name + " soft text on surface", s.OnSoft, p.Surface, false})
	}
	return pairs
}
