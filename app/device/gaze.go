package device

import (
	"image"
	"time"

	"yizhan/app/device/qrread"
)

const (
	previewSide = 480             // pixels of the longer side
	again       = 2 * time.Second // a code that was away for so long is shown anew
	recheck     = time.Second     // a picture that stands still is searched this often,
	seldom      = 3 * time.Second // and this often once it has stood for long
	awhile      = time.Second     // a symbol that cannot be read is hinted at after this
	rest        = 5 * time.Second // without movement
	grid        = 32              // squares in a row, for noticing movement
	points      = 8               // of a square that are looked at, each way
	stir        = 6               // a square that changed by so many of 256 greys differs
	crowd       = 3               // so many squares that differ are a movement
)

// gaze follows the frames of a camera: what moved, what was read, what should come
// nearer.
type gaze struct {
	preview *image.Gray
	nearer  bool
	code    string // that this frame gave; empty for none, or the one that is still held there

	coarse   [grid * grid]uint8
	moved    time.Time // last movement
	searched time.Time // last search
	held     string    // code that is in the picture
	seen     time.Time // when it was last read, or had not moved since
	lies     bool      // the last search read it
	blurred  time.Time // since when a symbol is there that cannot be read; zero for none
	unread   time.Time // when that was last so
	turn     int       // of the passes
}

// frame looks at a picture; drawn says that preview or nearer are new.
func (g *gaze) frame(f *image.Gray, now time.Time) (drawn bool) {
	g.code = ""
	moving := g.stirred(f) || g.preview == nil
	if moving {
		g.moved = now
		g.preview = qrread.Fit(f, previewSide)
	}
	if !moving && g.lies {
		g.seen = now // what was read there is still there
	}
	due := recheck
	if g.rests(now) {
		due = seldom
	}
	if !moving && now.Sub(g.searched) < due {
		return false
	}
	g.searched = now
	found := qrread.Search(f, qrread.Quick(g.turn))
	g.turn++
	before := g.nearer
	g.judge(found, now)
	return moving || before != g.nearer
}

// judge makes of a search what is to be told.
func (g *gaze) judge(found qrread.Found, now time.Time) {
	g.lies = found.Text != ""
	switch {
	case g.lies:
		if found.Text != g.held || now.Sub(g.seen) > again {
			g.code = found.Text
		}
		g.held, g.seen, g.blurred, g.nearer = found.Text, now, time.Time{}, false
	case found.Seen && now.Sub(g.seen) > awhile: // a moment after a good read the hand moves away
		if g.blurred.IsZero() {
			g.blurred = now
		}
		g.unread = now
		g.nearer = now.Sub(g.blurred) >= awhile
	case now.Sub(g.unread) > awhile:
		g.blurred, g.nearer = time.Time{}, false
	}
}

// rests reports whether nothing has moved for a while.
func (g *gaze) rests(now time.Time) bool { return now.Sub(g.moved) > rest }

// stirred compares a picture with the last one that differed, square by square: the
// mean of some points of each, which leaves out a cheap sensor's noise. What moves
// covers more than one square.
func (g *gaze) stirred(f *image.Gray) bool {
	var now [grid * grid]uint8
	differ := 0
	w, h := f.Rect.Dx(), f.Rect.Dy()
	for i := range now {
		x0, y0 := i%grid*w/grid, i/grid*h/grid
		sum := 0
		for n := range points * points {
			sum += int(f.Pix[(y0+n/points*h/(grid*points))*f.Stride+x0+n%points*w/(grid*points)])
		}
		now[i] = uint8(sum / (points * points))
		if max(now[i], g.coarse[i])-min(now[i], g.coarse[i]) > stir {
			differ++
		}
	}
	if differ < crowd {
		return false
	}
	g.coarse = now
	return true
}
