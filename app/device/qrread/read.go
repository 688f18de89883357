// Package qrread finds QR codes in pictures: frames of a camera, photos,
// screenshots. One search makes several passes over the picture, because each
// way to tell dark from light misses codes that another one reads.
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

// pass is one look at a picture.
type pass struct {
	side     int  // the picture is reduced to this many pixels first; 0 leaves it
	global   bool // one threshold for the whole picture, else one for each neighbourhood
	inverted bool // light on dark
	pure     bool // the picture is nothing but a symbol
}

// Effort is how much time a search may take.
type Effort struct{ passes []pass }

// Patient is for a file: every pass.
var Patient = Effort{slicesOf(always, sometimes)}

// Quick is for one frame of many: the passes that read most, and in turn one of those
// that read what is left. A frame that follows tries the next.
func Quick(turn int) Effort {
	return Effort{slicesOf(always, sometimes[turn%len(sometimes):turn%len(sometimes)+1])}
}

var (
	always    = []pass{{side: 1280}, {side: 800}}
	sometimes = []pass{{side: 1280, inverted: true}, {side: 1280, global: true}, {side: 480}, {side: 640, global: true}, {side: 1920}}
)

func slicesOf(parts ...[]pass) (all []pass) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// Search looks for one code. It returns for any picture, however broken.
func Search(g *image.Gray, e Effort) (found Found) {
	if g.Rect.Empty() {
		return found
	}
	sizes := map[int]*image.Gray{}
	for _, p := range e.passes {
		picture := sizes[p.side]
		if picture == nil {
			picture = g
			if p.side > 0 && p.side < max(g.Rect.Dx(), g.Rect.Dy()) {
				picture = Fit(g, p.side)
			}
			sizes[p.side] = picture
		}
		if p.inverted {
			picture = invert(picture)
		}
		f := decode(picture, p.global, p.pure)
		if f.Text != "" {
			return f
		}
	}
	found.Seen = seen(Fit(g, 1280))
	return found
}
