package walk

import (
	"math"
	"slices"

	"yizhan/core/geo"
)

const (
	// cell is the edge of a square of the index, in ten-millionths of a degree: about 200 m.
	cell = 20_000
	// reach is how far from a way a place may lie and still be walked to.
	reach = 250.0
	// apart is how much nearer an island's way must be than the main network's
	// for a place to lie on the island.
	apart = 50.0
)

// index finds the edges near a place: a list of edges for each square.
type index struct {
	min           geo.Fix
	rows, columns int32
	first         []int32 // square → where its edges begin; one more than squares
	edges         []int32
}

func (x *index) square(f geo.Fix) (row, column int32) {
	return int32((int64(f.Lat) - int64(x.min.Lat)) / cell), int32((int64(f.Lon) - int64(x.min.Lon)) / cell)
}

// entries is at most how many squares the pieces' boxes touch in all.
func (x *index) entries(g *Graph) (sum int64) {
	for i := range g.edges[:g.Edges()] {
		g.pieces(int32(i), func(a, b geo.Fix) {
			r, c := x.square(a)
			r2, c2 := x.square(b)
			sum += int64(max(r, r2)-min(r, r2)+1) * int64(max(c, c2)-min(c, c2)+1)
		})
	}
	return sum
}

// fill enters each edge into the squares that its pieces' boxes touch. A map so
// sparse that squares would outnumber points by far, or with pieces so long that each
// touches thousands, gets none, and is searched whole.
func (x *index) fill(g *Graph) {
	box := geo.NoBox()
	for _, n := range g.nodes {
		box = box.With(n)
	}
	for _, f := range g.shape {
		box = box.With(f)
	}
	if box.Empty() {
		return
	}
	x.min = box.Min
	rows, columns := x.square(box.Max)
	if int64(rows+1)*int64(columns+1) > 1<<20+16*int64(len(g.nodes)) || x.entries(g) > 1<<20+64*int64(len(g.nodes)+len(g.shape)) {
		x.first, x.edges = []int32{0, int32(g.Edges())}, make([]int32, g.Edges())
		for i := range x.edges {
			x.edges[i] = int32(i)
		}
		return
	}
	x.rows, x.columns = rows+1, columns+1
	last := make([]int32, x.rows*x.columns) // the edge that was entered last, plus one
	x.first = make([]int32, len(last)+1)
	x.each(g, last, func(square, _ int32) { x.first[square+1]++ })
	for i := range last {
		x.first[i+1] += x.first[i]
	}
	clear(last)
	x.edges = make([]int32, x.first[len(last)])
	next := slices.Clone(x.first)
	x.each(g, last, func(square, e int32) {
		x.edges[next[square]] = e
		next[square]++
	})
}

// each calls enter once for every edge and square.
func (x *index) each(g *Graph, last []int32, enter func(square, e int32)) {
	for i := range g.edges[:g.Edges()] {
		e := int32(i)
		g.pieces(e, func(a, b geo.Fix) {
			r, c := x.square(a)
			r2, c2 := x.square(b)
			for row := min(r, r2); row <= max(r, r2); row++ {
				for column := min(c, c2); column <= max(c, c2); column++ {
					if s := row*x.columns + column; last[s] != e+1 {
						last[s] = e + 1
						enter(s, e)
					}
				}
			}
		})
	}
}

// pieces are the straight pieces of an edge, in order.
func (g *Graph) pieces(e int32, each func(a, b geo.Fix)) {
	at := g.nodes[g.edges[e].from]
	for _, f := range g.inner(int(e)) {
		each(at, f)
		at = f
	}
	each(at, g.nodes[g.edges[e].to])
}

// Spot is a place on a way.
type Spot struct {
	At    geo.Fix
	Off   float64 // metres from where somebody stands to the way, as the crow flies
	edge  int32
	along uint32 // millimetres from the edge's first node
}

// Snap finds the place on a way that is nearest to where somebody stands: on the
// main network, or on another, such as an island's, that is clearly nearer. False
// means that no way for this profile is within 250 m.
func (g *Graph) Snap(p geo.Fix, who Profile) (Spot, bool) {
	main, other := Spot{Off: math.Inf(1)}, Spot{Off: math.Inf(1)}
	plane := geo.PlaneAt(p)
	for _, e := range g.near(p) {
		if !who.Steps && g.edges[e].rights&HasSteps != 0 {
			continue
		}
		best := &other
		if g.network[g.edges[e].from] == g.main {
			best = &main
		}
		if s := g.project(plane, e); s.Off < best.Off {
			*best = s
		}
	}
	if other.Off < main.Off-apart {
		main = other
	}
	return main, main.Off <= reach
}

// near gives the edges in the squares within reach of a place, some of them twice.
func (g *Graph) near(p geo.Fix) (edges []int32) {
	x := &g.index
	if x.rows == 0 {
		return x.edges
	}
	plane := geo.PlaneAt(p)
	north := plane.Fix(reach, reach)
	dLat, dLon := north.Lat-p.Lat, north.Lon-p.Lon
	r, c := x.square(geo.Fix{Lat: p.Lat - dLat, Lon: p.Lon - dLon})
	r2, c2 := x.square(geo.Fix{Lat: p.Lat + dLat, Lon: p.Lon + dLon})
	for row := max(0, r); row <= min(r2, x.rows-1); row++ {
		for column := max(0, c); column <= min(c2, x.columns-1); column++ {
			s := row*x.columns + column
			edges = append(edges, x.edges[x.first[s]:x.first[s+1]]...)
		}
	}
	return edges
}

// project finds the place of an edge that is nearest to the plane's origin.
func (g *Graph) project(plane geo.Plane, e int32) Spot {
	best, total, at := Spot{Off: math.Inf(1), edge: e}, 0.0, 0.0
	g.pieces(e, func(a, b geo.Fix) {
		ax, ay := plane.XY(a)
		bx, by := plane.XY(b)
		dx, dy := bx-ax, by-ay
		t, length := 0.0, math.Hypot(dx, dy)
		if length > 0 {
			t = min(1, max(0, -(ax*dx+ay*dy)/(length*length)))
		}
		x, y := ax+t*dx, ay+t*dy
		if off := math.Hypot(x, y); off < best.Off {
			best.Off, best.At, at = off, plane.Fix(x, y), total+t*length
		}
		total += length
	})
	if total > 0 {
		best.along = uint32(math.Round(at / total * float64(g.edges[e].mm)))
	}
	return best
}
