package mapview

import (
	"context"
	"image"
	"math"
	"slices"
	"sync"

	"fyne.io/fyne/v2"

	"yizhan/core/geo"
	"yizhan/core/mapdraw"
	"yizhan/core/mappack"
	"yizhan/core/walk"
)

// side is how many pixels of the screen a tile is wide and high.
const side = 256

// tile is a square of the world, at a zoom in pixels of the screen.
type tile struct {
	zoom float64
	x, y int
}

// sheet is what is drawn from, and how. Another one makes all that was drawn useless.
type sheet struct {
	pack  *mappack.Pack
	style *mapdraw.Style
}

// job is something to draw: a tile, or the names of a view. done is called on the UI goroutine.
type job struct {
	tile  tile
	route *walk.Route  // that lies on the tile; may be nil
	names mapdraw.View // zero: a tile
	keep  []mapdraw.Name
	done  func(result)
}

// gives reports whether a job gives what another one wants.
func (j job) gives(o job) bool {
	if j.names.Zoom == 0 || o.names.Zoom == 0 {
		return j.names.Zoom == o.names.Zoom && j.tile == o.tile && j.route == o.route
	}
	x, y := j.names.XY(o.names.Center)
	return j.names.Zoom == o.names.Zoom && j.names.Width == o.names.Width && j.names.Height == o.names.Height &&
		math.Hypot(x-float64(j.names.Width)/2, y-float64(j.names.Height)/2) <= stray
}

// result is what a job gave.
type result struct {
	sheet *sheet
	img   *image.RGBA
	names []word
}

// word is a name and its picture.
type word struct {
	mapdraw.Name
	img *image.RGBA
}

// painter draws in the background, one thing after the other: it keeps one core busy
// at most, and none while nothing is wanted.
type painter struct {
	do func(func()) // onto the UI goroutine

	mu     sync.Mutex
	sheet  *sheet // nil: there is nothing to draw from
	wanted []job  // the most wanted first
	busy   bool
	under  *job // way; nil while none is
	idle   sync.Cond
	ready  []ready // that the UI goroutine has not taken yet: it takes all at once, between two frames
}

// ready is a job that is done.
type ready struct {
	job
	result
}

func newPainter(do func(func())) *painter {
	p := &painter{do: do}
	p.idle.L = &p.mu
	return p
}

// use draws from another sheet from now on, and gives the one before once nothing is
// drawn from it any more.
func (p *painter) use(s *sheet) (before *sheet) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, p.sheet, p.wanted = p.sheet, s, nil
	for p.busy {
		p.idle.Wait()
	}
	return before
}

// want replaces what is still to be drawn; what is being drawn, or waits to be taken, is
// not drawn a second time.
func (p *painter) want(jobs []job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = slices.DeleteFunc(jobs, func(j job) bool {
		return p.under != nil && p.under.gives(j) || slices.ContainsFunc(p.ready, func(r ready) bool { return r.sheet == p.sheet && r.gives(j) })
	})
	if p.sheet != nil && !p.busy && len(p.wanted) > 0 {
		p.busy = true
		go p.work()
	}
}

func (p *painter) work() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.wanted) > 0 {
		j, s := p.wanted[0], p.sheet
		p.wanted, p.under = p.wanted[1:], &j
		p.mu.Unlock()
		r := s.draw(j)
		p.mu.Lock()
		p.under = nil
		if p.ready = append(p.ready, ready{j, r}); len(p.ready) == 1 {
			p.mu.Unlock()
			p.do(p.deliver)
			p.mu.Lock()
		}
	}
	p.busy = false
	p.idle.Broadcast()
}

// deliver hands over what is ready, on the UI goroutine.
func (p *painter) deliver() {
	p.mu.Lock()
	all := p.ready
	p.ready = nil
	p.mu.Unlock()
	for _, r := range all {
		r.done(r.result)
	}
}

func (s *sheet) draw(j job) result {
	r := result{sheet: s}
	var err error
	if j.names.Zoom == 0 {
		tiles := *s.style
		tiles.Face = nil
		var way []geo.Fix
		if j.route != nil {
			way = j.route.Points
		}
		r.img, err = mapdraw.Draw(context.Background(), s.pack, mapdraw.Tile(j.tile.zoom, side, j.tile.x, j.tile.y), &tiles, way)
	} else {
		var names []mapdraw.Name
		names, err = mapdraw.Names(context.Background(), s.pack, j.names, s.style, j.keep)
		for _, n := range names {
			r.names = append(r.names, word{n, s.style.Word(n)})
		}
	}
	if err != nil {
		fyne.LogError("draw map", err)
	}
	return r
}
