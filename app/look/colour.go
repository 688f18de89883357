package look

import (
	"image/color"

	"yizhan/app/flow"
)

// Colours of the app. Every pair in Pairs has a contrast of at least 4.5:1.
var (
	Ground  = rgb(0xF2F5F8) // behind everything
	Surface = rgb(0xFFFFFF) // cards and bars
	Ink     = rgb(0x16222E) // main text
	Muted   = rgb(0x4C5B69) // second text
	Line    = rgb(0xD3DBE2) // thin borders
	Brand   = rgb(0x0A4F8F) // header, main button
	BrandLo = rgb(0xE3EEF8) // chosen item
	OnBrand = rgb(0xFFFFFF)
	OnDim   = rgb(0xD6E6F5) // second text on Brand
	Idle    = rgb(0xE3E8EC) // button that does nothing now
	OnIdle  = rgb(0x55626E)
)

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

// Tone is flow.Tone: one of the three honest outcomes, or none.
type Tone = flow.Tone

// Strong is the tone's strong colour and On the text upon it.
func Strong(t Tone) (fill, on color.NRGBA) {
	switch t {
	case flow.Good:
		return rgb(0x0B6B3A), rgb(0xFFFFFF)
	case flow.Wait:
		return rgb(0xFFB81C), rgb(0x241800)
	case flow.Bad:
		return rgb(0xB3171D), rgb(0xFFFFFF)
	}
	return Brand, OnBrand
}

// Soft is the tone's light colour and the text upon it.
func Soft(t Tone) (fill, on color.NRGBA) {
	switch t {
	case flow.Good:
		return rgb(0xE2F3E9), rgb(0x0A5A31)
	case flow.Wait:
		return rgb(0xFFF1CF), rgb(0x6B4500)
	case flow.Bad:
		return rgb(0xFBE5E4), rgb(0x971318)
	}
	return BrandLo, Brand
}

// Pair is a text colour on a background.
type Pair struct {
	Name     string
	Text, On color.NRGBA
}

// Pairs lists every combination that the app draws.
func Pairs() []Pair {
	pairs := []Pair{
		{"ink on ground", Ink, Ground}, {"ink on surface", Ink, Surface}, {"muted on ground", Muted, Ground},
		{"muted on surface", Muted, Surface}, {"header", OnBrand, Brand}, {"header, second line", OnDim, Brand},
		{"brand on surface", Brand, Surface}, {"brand on ground", Brand, Ground}, {"chosen item", Brand, BrandLo},
		{"chosen item, ink", Ink, BrandLo}, {"idle button", OnIdle, Idle},
	}
	for t, name := range map[Tone]string{flow.Plain: "plain", flow.Good: "good", flow.Wait: "wait", flow.Bad: "bad"} {
		fill, on := Strong(t)
		soft, onSoft := Soft(t)
		pairs = append(pairs, Pair{name, on, fill}, Pair{name + " soft", onSoft, soft},
			Pair{"ink on " + name + " soft", Ink, soft}, Pair{name + " soft text on surface", onSoft, Surface})
	}
	return pairs
}
