// Package qrread finds QR codes in pictures: frames of a camera, photos,
// screenshots. One search makes several passes over the picture, because each way
// to tell dark from light misses codes that another one reads. docs/SCANNING.md has
// what they read.
package qrread

import (
	"errors"
	"image"
)

// ErrNoCode says that no symbol could be read in a picture.
var ErrNoCode = errors.New("no QR code could be read in the picture; hold it nearer and straight, without glare")

// Found is what a search saw.
type Found struct {
	Text string // empty where nothing was read
	Seen bool   // a symbol is there, but could not be read: too small, too blurred, or cut off
}

// binarizer is how the decoder tells dark from light.
type binarizer int

const (
	local  binarizer = iota // against the neighbourhood
	global                  // one threshold for the whole picture
	none                    // the picture is black and white already
)

// pass is one look at a picture: reduced to so many pixels first, and filtered.
type pass struct {
	side   int
	filter func(*image.Gray) *image.Gray
	how    binarizer
}

// Passes, those first that read most for their time. Their order and figures come
// from measuring (docs/SCANNING.md); together they take less than 100 ms.
var passes = []pass{
	{640, nil, local},
	{1280, func(g *image.Gray) *image.Gray { return level(g, 128, 0) }, none},
	{1280, func(g *image.Gray) *image.Gray { return sharpen(g, 3, 2) }, local},
	{520, func(g *image.Gray) *image.Gray { return tilt(g, 25) }, local},
	{800, invert, local},
	{1280, func(g *image.Gray) *image.Gray { return level(g, 51, 6) }, none},
	{520, func(g *image.Gray) *image.Gray { return soften(g, 2) }, local},
	{800, func(g *image.Gray) *image.Gray { return level(g, 13, 0) }, none},
	{800, func(g *image.Gray) *image.Gray { return level(sharpen(g, 3, 2), 80, 8) }, none},
	{1280, func(g *image.Gray) *image.Gray { return tilt(level(g, 128, 4), 60) }, global},
}

// first is how many of the passes every frame of a camera gets.
const first = 2

// Effort is how much time a search may take.
type Effort struct{ passes []pass }

// Patient is for a file: every pass.
var Patient = Effort{passes}

// Quick is for one frame of many, which is followed by others: the passes that read
// most, and one of the rest, with each turn another.
func Quick(turn int) Effort {
	rest := passes[first:]
	return Effort{append(passes[:first:first], rest[turn%len(rest)])}
}

// largest is the longest side that is looked at; of a larger photo every pass would
// spend its time on making it smaller.
const largest = 2560

// hintSide is where a symbol is looked for that could not be read.
const hintSide = 1280

// Search looks for one code. It returns for any picture, however broken.
func Search(g *image.Gray, e Effort) (found Found) {
	if g.Rect.Empty() {
		return found
	}
	if max(g.Rect.Dx(), g.Rect.Dy()) > largest {
		g = Fit(g, largest)
	}
	sizes := map[int]*image.Gray{}
	sized := func(side int) *image.Gray {
		if side >= max(g.Rect.Dx(), g.Rect.Dy()) {
			return g
		}
		if sizes[side] == nil {
			sizes[side] = Fit(g, side)
		}
		return sizes[side]
	}
	for _, p := range e.passes {
		picture := sized(p.side)
		if p.filter != nil {
			picture = p.filter(picture)
		}
		if found.Text = decode(picture, p.how); found.Text != "" {
			return found
		}
	}
	found.Seen = seen(sized(hintSide))
	return found
}
