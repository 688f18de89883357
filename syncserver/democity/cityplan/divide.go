package cityplan

import (
	"cmp"
	"math"
	"slices"

	"yizhan/syncserver/democity/mesh"
)

// road is a line of the mesh with what it is.
type road struct {
	nodes []int32
	class class
	name  string
	axis  byte
	use   use // of the face that it divides
}

// block is a face that is not divided further.
type block struct {
	nodes []int32
	ring  []mesh.Point
	size  float64
	at    mesh.Point // its middle
	use   use
	name  string
}

// divide cuts a face until its parts are as small as its place in the city wants.
func (p *Plan) divide(face []int32, use use) {
	face = p.mesh.Around(face)
	ring := p.mesh.Points(face)
	area := mesh.Area(ring)
	b := block{nodes: face, ring: ring, size: area, at: mesh.Centre(ring), use: use}
	want := p.grain(b.at, use)
	if _, _, width := mesh.Axis(ring); area > want*1.5 && width > 75 {
		for try := range 14 {
			if left, right, ok := p.cut(&b, want, try); ok {
				p.divide(left, use)
				p.divide(right, use)
				return
			}
		}
	}
	p.blocks = append(p.blocks, &b)
}

// grain is how many square metres a block has around a place.
func (p *Plan) grain(at mesh.Point, use use) float64 {
	out := p.outside(at)
	core := min(at.Distance(mesh.Point{}), at.Distance(mesh.Point{X: -1900, Y: -400})*1.1)
	switch {
	case use == oldTown:
		return 7_000
	case use == campus:
		return 24_000
	case use == country:
		return 90_000 + 40*max(0, core-4000)
	case out > 0:
		return min(70_000, 34_000+out*20)
	}
	return 19_000 + 17_000*min(1, core/4200)
}

// outside is how many metres a place lies beyond the ring road, about.
func (p *Plan) outside(at mesh.Point) float64 {
	return (math.Pow(math.Pow(math.Abs(at.X+600)/4250, 3)+math.Pow(math.Abs(at.Y+800)/3950, 3), 1.0/3) - 1) * 4000
}

// rank is the class of a street that divides so many square metres.
func rank(area, want float64, use use) class {
	switch {
	case use == oldTown && area < 60_000, use == campus:
		return lane
	case area > 420_000:
		return mainRoad
	case area > 130_000:
		return avenue
	case area > 2.6*want || want > 30_000:
		return street
	}
	return lane
}

// cut divides a face by a street from one side to another. Later tries look at other
// angles and places.
func (p *Plan) cut(b *block, want float64, try int) (left, right []int32, ok bool) {
	axis, length, width := mesh.Axis(b.ring)
	angle := axis + math.Pi/2
	if try%4 == 3 || width > 0.85*length && p.r.IntN(2) == 0 {
		angle = axis
	}
	crook := 0.05
	if b.use == oldTown {
		crook = 0.22
	}
	angle += p.r.NormFloat64() * (crook + 0.03*float64(try))
	way := mesh.Heading(angle)
	lo, hi := mesh.Span(b.ring, way.Left())
	middle := (lo+hi)/2 + (hi-lo)*p.r.NormFloat64()*(0.06+0.02*float64(try))
	if at, dir, found := p.guest(b, way, middle, hi-lo); found && try < 8 {
		middle = at.Dot(way.Left())
		if try < 4 && math.Abs(dir.Cross(way)) < 0.35 {
			if way = dir; way.Dot(mesh.Heading(angle)) < 0 {
				way = way.Times(-1)
			}
			middle = at.Dot(way.Left())
		}
	}
	from, to, ok := p.chord(b, way, middle)
	if !ok {
		return nil, nil, false
	}
	return p.lay(b, from, to, want)
}

// guest finds where a street of the neighbouring face ends on this one's boundary,
// so that it goes on: the one nearest to a line across the face.
func (p *Plan) guest(b *block, way mesh.Point, middle, span float64) (at, dir mesh.Point, found bool) {
	least := span * 0.24
	for _, n := range b.nodes {
		d, ok := p.ends[n]
		off := math.Abs(p.mesh.At[n].Dot(way.Left()) - middle)
		if ok && off < least && math.Abs(d.Cross(way)) < 0.6 {
			least, at, dir, found = off, p.mesh.At[n], d, true
		}
	}
	return at, dir, found
}

// spot is a place on a face's boundary: on its side i, or at its corner i.
type spot struct {
	side   int
	corner bool
	at     mesh.Point
}

// chord finds where a line across a face meets its boundary.
func (p *Plan) chord(b *block, way mesh.Point, middle float64) (from, to spot, ok bool) {
	type hit struct {
		side int
		s    float64
		at   mesh.Point
	}
	var hits []hit
	foot := way.Left().Times(middle)
	for i, a := range b.ring {
		c := b.ring[(i+1)%len(b.ring)]
		if s, t, ok := mesh.Meet(foot.Minus(way.Times(20_000)), foot.Plus(way.Times(20_000)), a, c); ok {
			hits = append(hits, hit{i, s, a.Towards(c, t)})
		}
	}
	if len(hits) < 2 {
		return from, to, false
	}
	slices.SortFunc(hits, func(a, b hit) int { return cmp.Compare(a.s, b.s) })
	best, at := 0.0, -1
	for i := range len(hits) - 1 { // a face that is not convex is crossed more than once
		if d := hits[i+1].s - hits[i].s; d > best && mesh.Inside(b.ring, hits[i].at.Towards(hits[i+1].at, 0.5)) {
			best, at = d, i
		}
	}
	if at < 0 {
		return from, to, false
	}
	a, c := hits[at], hits[at+1]
	reach := min(62, 0.3*a.at.Distance(c.at))
	from, ok = p.snap(b, a.side, a.at, reach, way)
	if !ok {
		return from, to, false
	}
	to, ok = p.snap(b, c.side, c.at, reach, way.Times(-1))
	n := len(b.ring)
	apart := (to.side - from.side + n) % n
	return from, to, ok && apart != 0 && (apart > 1 || !to.corner) && (apart < n-1 || !from.corner)
}

// snap moves an end to a crossing that is near. It refuses sides where no street may
// end, and corners that are too sharp.
func (p *Plan) snap(b *block, side int, at mesh.Point, reach float64, way mesh.Point) (spot, bool) {
	n := len(b.nodes)
	best := spot{side, false, at}
	open := func(i int) bool {
		return class(p.mesh.Kind(b.nodes[i%n], b.nodes[(i+1)%n])) >= lane
	}
	least := reach
	for i, c := range b.ring {
		before, after := b.ring[(i+n-1)%n], b.ring[(i+1)%n]
		bend := math.Abs(c.Minus(before).Unit().Cross(after.Minus(c).Unit()))
		_, busy := p.ends[b.nodes[i]]
		if d := c.Distance(at); d < least && (busy || p.joint[b.nodes[i]] || bend > 0.3 || d < 14) && open(i) && open(i+n-1) {
			if !busy && d >= 14 && bend <= 0.3 && p.joint[b.nodes[i]] {
				continue
			}
			best, least = spot{i, true, c}, d
		}
	}
	if !best.corner && !open(side) {
		return best, false
	}
	a, c := b.ring[best.side], b.ring[(best.side+1)%n]
	if math.Abs(way.Cross(c.Minus(a).Unit())) < 0.45 {
		return best, false
	}
	if best.corner {
		before := b.ring[(best.side+n-1)%n]
		if math.Abs(way.Cross(a.Minus(before).Unit())) < 0.45 {
			return best, false
		}
	}
	return best, true
}

// lay builds the street between two places of a boundary, if both parts are fit to
// be blocks.
func (p *Plan) lay(b *block, from, to spot, want float64) (left, right []int32, ok bool) {
	way := to.at.Minus(from.at)
	swing := 0.035
	if b.use == oldTown || b.use == country {
		swing = 0.08
	}
	s1, s2 := p.r.NormFloat64()*swing, p.r.NormFloat64()*swing
	inner := []mesh.Point{
		from.at.Towards(to.at, 0.33).Plus(way.Left().Times(s1)), from.at.Towards(to.at, 0.67).Plus(way.Left().Times(s2)),
	}
	if way.Length() > 260 {
		smooth := mesh.Smooth(append(append([]mesh.Point{from.at}, inner...), to.at), 1, false)
		inner = smooth[1 : len(smooth)-1]
	} else if way.Length() < 120 {
		inner = nil
	}
	path := append(append([]mesh.Point{from.at}, inner...), to.at)
	if !inside(b.ring, path) {
		return nil, nil, false
	}
	one, other := halves(b.ring, from, to, inner)
	for _, part := range [][]mesh.Point{one, other} {
		if _, _, width := mesh.Axis(part); mesh.Area(part) < 0.42*want || width < 42 {
			return nil, nil, false
		}
	}
	n := len(b.nodes)
	end := func(s spot) int32 {
		if s.corner {
			return b.nodes[s.side]
		}
		return p.mesh.Split(b.nodes[s.side], b.nodes[(s.side+1)%n], s.at)
	}
	first, last := end(from), end(to)
	nodes := []int32{first}
	for _, q := range inner {
		nodes = append(nodes, p.mesh.Add(q))
	}
	nodes = append(nodes, last)
	class := rank(b.size, want, b.use)
	p.mesh.SetKind(nodes, uint8(class))
	p.streets = append(p.streets, &road{nodes: nodes, class: class, use: b.use})
	p.ends[first], p.ends[last] = path[1].Minus(path[0]).Unit(), path[len(path)-1].Minus(path[len(path)-2]).Unit()
	p.joint[first], p.joint[last] = true, true
	back := slices.Clone(nodes)
	slices.Reverse(back)
	left = append(slices.Clone(nodes[:len(nodes)-1]), walkRound(b.nodes, to, from, last)...)
	right = append(back[:len(back)-1], walkRound(b.nodes, from, to, first)...)
	return left, right, true
}

// walkRound gives the boundary's points from one spot, whose point is given, on to
// before another.
func walkRound(nodes []int32, from, to spot, first int32) []int32 {
	out := []int32{first}
	n := len(nodes)
	for i := (from.side + 1) % n; ; i = (i + 1) % n {
		if to.corner && i == to.side {
			return out
		}
		out = append(out, nodes[i])
		if !to.corner && i == to.side {
			return out
		}
	}
}

// halves gives the rings on both sides of a cut.
func halves(ring []mesh.Point, from, to spot, inner []mesh.Point) (left, right []mesh.Point) {
	index := make([]int32, len(ring))
	for i := range index {
		index[i] = int32(i)
	}
	pick := func(s, e spot) (out []mesh.Point) {
		for _, i := range walkRound(index, s, e, -1)[1:] {
			out = append(out, ring[i])
		}
		return out
	}
	back := slices.Clone(inner)
	slices.Reverse(back)
	left = append(append(append([]mesh.Point{from.at}, inner...), to.at), pick(to, from)...)
	right = append(append(append([]mesh.Point{to.at}, back...), from.at), pick(from, to)...)
	return left, right
}

// inside reports whether a line from boundary to boundary stays inside.
func inside(ring, path []mesh.Point) bool {
	for i := 1; i < len(path); i++ {
		a, b := path[i-1], path[i]
		way := b.Minus(a).Unit()
		if i == 1 {
			a = a.Plus(way)
		}
		if i == len(path)-1 {
			b = b.Minus(way)
		}
		for k, c := range ring {
			if _, _, ok := mesh.Meet(a, b, c, ring[(k+1)%len(ring)]); ok {
				return false
			}
		}
		if !mesh.Inside(ring, a.Towards(b, 0.5)) {
			return false
		}
	}
	return true
}
