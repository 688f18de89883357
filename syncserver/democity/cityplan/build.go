package cityplan

import (
	"math"
	"slices"

	"yizhan/syncserver/democity/mesh"
)

// plot is the ground of a block inside its streets, while it is built upon.
type plot struct {
	*Plan
	*block
	ground []mesh.Point
	keep   [][2]mesh.Point // ways that stay free
	built  [][]mesh.Point  // houses that stand
}

// kerb is the ground of a block inside the streets around it.
func (p *Plan) kerb(b *block, extra float64) []mesh.Point {
	n := len(b.nodes)
	wide := func(i int) float64 {
		return half[class(p.mesh.Kind(b.nodes[i], b.nodes[(i+1)%n]))] + extra
	}
	if in := mesh.Inset(b.ring, wide); in != nil {
		return in
	}
	var straight []mesh.Point // points along a side may be what is in the way
	var sides []float64
	for i, at := range b.ring {
		before, after := b.ring[(i+n-1)%n], b.ring[(i+1)%n]
		if math.Abs(at.Minus(before).Unit().Cross(after.Minus(at).Unit())) > 0.12 {
			straight, sides = append(straight, at), append(sides, wide(i))
		}
	}
	if len(straight) < 3 {
		return nil
	}
	return mesh.Inset(straight, func(i int) float64 { return sides[i] })
}

// fill builds on all blocks.
func (p *Plan) fill() {
	for _, b := range p.blocks {
		b.nodes = p.mesh.Around(b.nodes)
		b.ring = p.mesh.Points(b.nodes)
		t := &plot{Plan: p, block: b, ground: p.kerb(b, 1)}
		if t.ground == nil {
			continue
		}
		switch b.use {
		case homes:
			t.homes()
		case offices:
			t.offices()
		case trade:
			t.trade()
		case works:
			t.works()
		case oldTown, village:
			t.cottages()
		case school:
			t.school()
		case hospital:
			t.hospital()
		case market:
			t.market()
		case square:
			t.square()
		case park:
			t.park()
		case campus:
			t.lectures()
		case verge:
			p.area(t.ground, "landuse", "grass")
		case shoreline:
			t.shoreline()
		case country:
			t.country()
		}
	}
}

// rect is the corners of a building around its middle.
func rect(at mesh.Point, angle, length, depth float64) []mesh.Point {
	on := mesh.Heading(angle)
	l, d := on.Times(length/2), on.Left().Times(depth/2)
	return []mesh.Point{at.Minus(l).Minus(d), at.Plus(l).Minus(d), at.Plus(l).Plus(d), at.Minus(l).Plus(d)}
}

// fits reports whether a building stands on the ground, leaves ways free and touches
// no other.
func (t *plot) fits(corners []mesh.Point, gap float64) bool {
	for i, c := range corners {
		if !mesh.Inside(t.ground, c) || !mesh.Inside(t.ground, c.Towards(corners[(i+1)%len(corners)], 0.5)) || gap > 0 && mesh.Gap(t.ground, c) < gap {
			return false
		}
		for _, k := range t.keep {
			if q, _ := mesh.Beside(c, k[0], k[1]); q.Distance(c) < 4.5 {
				return false
			}
			if _, _, ok := mesh.Meet(c, corners[(i+1)%len(corners)], k[0], k[1]); ok {
				return false
			}
		}
	}
	return !slices.ContainsFunc(t.built, func(other []mesh.Point) bool { return overlap(corners, other) })
}

// overlap reports whether two buildings, the first of which is convex, touch.
func overlap(a, b []mesh.Point) bool {
	for i, p := range a {
		out := a[(i+1)%len(a)].Minus(p).Unit().Left().Times(-1)
		if lo, _ := mesh.Span(b, out); lo > p.Dot(out)+1.5 {
			return false // a line beside which they lie on different sides
		}
	}
	for i, p := range b {
		out := b[(i+1)%len(b)].Minus(p).Unit().Left().Times(-1)
		if lo, _ := mesh.Span(a, out); lo > p.Dot(out)+1.5 {
			return false
		}
	}
	return true
}

// build sets a building if it fits.
func (t *plot) build(corners []mesh.Point, gap float64, tags ...string) bool {
	if !t.fits(corners, gap) {
		return false
	}
	if len(tags) == 0 {
		tags = []string{"building", "yes"}
	}
	t.area(corners, tags...)
	t.built = append(t.built, corners)
	return true
}

// courses are where rows of buildings run: how many, and the first one's distance
// from the plane's middle along the way across.
func (t *plot) courses(angle, pitch float64) (rows int, first float64) {
	bottom, top := mesh.Span(t.ground, mesh.Heading(angle).Left())
	rows = max(1, int((top-bottom-8)/pitch+0.35))
	return rows, (bottom+top)/2 - float64(rows-1)*pitch/2
}

// rows fills the ground with rows of buildings in one direction. size gives each
// one's length, depth and the gap to the next; a length of 0 leaves a place free.
func (t *plot) rows(angle, pitch, gap float64, size func() (length, depth, next float64)) {
	on := mesh.Heading(angle)
	lo, hi := mesh.Span(t.ground, on)
	rows, first := t.courses(angle, pitch)
	for i := range rows {
		y := first + float64(i)*pitch
		for x := lo + gap; x < hi; {
			length, depth, next := size()
			if length == 0 {
				x += next
				continue
			}
			stands := false
			for _, part := range []float64{1, 0.7, 0.45} {
				l := length * part
				if stands = t.build(rect(on.Times(x+l/2).Plus(on.Left().Times(y)), angle, l, depth), gap); stands {
					x += l + next
					break
				}
			}
			if !stands {
				x += 5
			}
		}
	}
}

// shops line the streets around the block.
func (t *plot) shops(depth float64) {
	for i, a := range t.ground {
		c := t.ground[(i+1)%len(t.ground)]
		way, total := c.Minus(a).Unit(), a.Distance(c)
		for x := 4.0; x < total-14; {
			l := min(t.between(18, 46), total-4-x)
			at := a.Plus(way.Times(x + l/2)).Plus(way.Left().Times(depth/2 + 1.5))
			if l > 11 && t.r.IntN(6) > 0 && t.build(rect(at, way.Angle(), l, depth), 0.5) {
				x += l + t.between(2, 5)
			} else {
				x += 9
			}
		}
	}
}

// facing is the direction of the long sides of houses: as the block lies, but so
// that they rather look to the south, as people want.
func (t *plot) facing() float64 {
	angle, _, _ := mesh.Axis(t.ring)
	for angle > math.Pi/4 {
		angle -= math.Pi / 2
	}
	for angle < -math.Pi/4 {
		angle += math.Pi / 2
	}
	return angle
}

// between draws evenly between two numbers.
func (p *Plan) between(lo, hi float64) float64 { return lo + (hi-lo)*p.r.Float64() }

// homes is a compound: a drive from gate to gate, paths, and rows of houses.
func (t *plot) homes() {
	angle := t.facing()
	private := t.r.IntN(10) < 3
	t.name = t.compound()
	t.area(t.ground, "landuse", "residential", "name", t.name)
	pitch, kind := t.between(27, 33), t.r.IntN(10)
	switch {
	case kind < 3: // towers
		pitch = t.between(44, 52)
	case kind < 5: // walk-ups of the work units
		pitch = t.between(21, 24)
	}
	if t.size > 9_000 {
		t.drive(angle, pitch, private)
	}
	if t.r.IntN(5) < 2 {
		t.shops(t.between(8, 11))
	}
	long := t.between(38, 60)
	t.rows(angle, pitch, 3, func() (float64, float64, float64) {
		switch {
		case t.r.IntN(16) == 0:
			return 0, 0, 30
		case kind < 3:
			return t.between(24, 34), t.between(17, 21), t.between(14, 24)
		case kind < 5:
			return t.between(30, 52), 10.5, t.between(4, 7)
		}
		return long * t.between(0.8, 1.1), 12.5, t.between(6, 11)
	})
}

// drive lays a way across the block's rows with a gate at each end, and paths that
// leave it between rows.
func (t *plot) drive(angle, pitch float64, private bool) {
	on := mesh.Heading(angle)
	lo, hi := mesh.Span(t.ring, on)
	from, to, ok := t.chord(t.block, on.Left(), -(lo + (hi-lo)*t.between(0.4, 0.6)))
	if !ok {
		return
	}
	a, b := from.at, to.at
	unit, total := b.Minus(a).Unit(), a.Distance(b)
	if !inside(t.ring, []mesh.Point{a, a.Towards(b, 0.5), b}) || total < 60 {
		return
	}
	ends := [2]int32{t.door(from), t.door(to)}
	t.keep = append(t.keep, [2]mesh.Point{a, b})
	line := []mesh.Point{a.Plus(unit.Times(16))}
	rows, first := t.courses(angle, pitch)
	for i := 1; i < rows; i += 1 + t.r.IntN(2) { // half-way between two rows
		y := first + (float64(i)-0.5)*pitch
		if d := (y - a.Dot(on.Left())) / unit.Dot(on.Left()); d > line[len(line)-1].Distance(a)+12 && d < total-28 {
			line = append(line, a.Plus(unit.Times(d)))
		}
	}
	line = append(line, b.Minus(unit.Times(16)))
	inner := t.put(line)
	access := []string{"highway", "service"}
	if private {
		access = append(access, "access", "private")
	}
	t.way(append(append([]int32{ends[0]}, inner...), ends[1]), access...)
	for _, g := range []int32{inner[0], inner[len(inner)-1]} {
		tags := []string{"barrier", "gate"}
		if private {
			tags = append(tags, "access", "private")
		}
		t.marks = append(t.marks, mark{g, tags})
	}
	for _, n := range inner[1 : len(inner)-1] {
		t.alley(n, on, private)
	}
}

// alley lays a path from the drive to both sides, between the houses.
func (t *plot) alley(from int32, along mesh.Point, private bool) {
	tags := []string{"highway", "footway"}
	if private {
		tags = append(tags, "access", "private")
	}
	at := t.mesh.At[from]
	for _, way := range []mesh.Point{along, along.Times(-1)} {
		reach := 0.0
		for d := 10.0; d < 140 && mesh.Inside(t.ground, at.Plus(way.Times(d+13))); d += 6 {
			reach = d
		}
		if reach > 22 {
			end := at.Plus(way.Times(reach))
			t.way([]int32{from, t.mesh.Add(end)}, tags...)
			t.keep = append(t.keep, [2]mesh.Point{at, end})
		}
	}
}

// door is the point of the mesh at a spot of the boundary.
func (t *plot) door(s spot) int32 {
	if s.corner {
		return t.nodes[s.side]
	}
	n := t.mesh.Split(t.nodes[s.side], t.nodes[(s.side+1)%len(t.nodes)], s.at)
	t.doors[n] = true
	return n
}

// offices stand apart from each other, along the streets.
func (t *plot) offices() {
	angle, _, _ := mesh.Axis(t.ring)
	t.area(t.ground, "landuse", "commercial")
	pitch := t.between(40, 52)
	if t.size > 18_000 {
		t.drive(angle, pitch, false)
	}
	t.name = t.stem() + []string{"大厦", "中心", "国际", "科技园", "广场", "创业园"}[t.r.IntN(6)]
	named := t.r.IntN(2) == 0
	t.rows(angle, pitch, 4, func() (float64, float64, float64) {
		if t.r.IntN(10) == 0 {
			return 0, 0, 34
		}
		return t.between(26, 58), t.between(22, 30), t.between(10, 18)
	})
	for _, house := range t.built {
		if !named && house[0].Distance(house[1]) > 34 {
			named = true
			t.mark(mesh.Centre(house), "tourism", "attraction", "name", t.name)
		}
	}
}

// trade is one large house with smaller ones around it.
func (t *plot) trade() {
	angle, length, width := mesh.Axis(t.ground)
	t.area(t.ground, "landuse", "retail")
	t.name = t.stem() + []string{"广场", "百货", "购物中心", "天地", "商城"}[t.r.IntN(5)]
	for _, part := range []float64{0.6, 0.45, 0.3} {
		l, d := min(130, length*part), min(90, width*part)
		mall := bevel(rect(mesh.Centre(t.ground), angle, l, d), 0.1+0.1*t.r.Float64())
		if t.build(mall, 2, "building", "retail") {
			t.mark(mesh.Centre(t.ground), "shop", "mall", "name", t.name)
			break
		}
	}
	t.shops(t.between(11, 15))
	t.rows(angle, 30, 2, func() (float64, float64, float64) { return t.between(18, 34), t.between(14, 20), t.between(5, 9) })
}

// bevel cuts the corners of a building.
func bevel(ring []mesh.Point, part float64) (out []mesh.Point) {
	for i, c := range ring {
		n := len(ring)
		out = append(out, c.Towards(ring[(i+n-1)%n], part), c.Towards(ring[(i+1)%n], part))
	}
	return out
}

// works are sheds.
func (t *plot) works() {
	angle, _, _ := mesh.Axis(t.ring)
	t.area(t.ground, "landuse", "industrial")
	deep := t.between(26, 44)
	pitch := deep + t.between(14, 22)
	t.drive(angle, pitch, true)
	t.rows(angle, pitch, 6, func() (float64, float64, float64) {
		if t.r.IntN(9) == 0 {
			return 0, 0, 60
		}
		return t.between(50, 130), deep, t.between(14, 22)
	})
}

// cottages are the small houses of an old quarter or a village.
func (t *plot) cottages() {
	angle, _, _ := mesh.Axis(t.ring)
	gap, pitch := 0.0, 14.0
	if t.use == village {
		gap, pitch = 2, 17
	}
	if t.size > 60_000 { // the rest of a large village is fields
		t.area(t.ground, "landuse", "farmland")
		c := mesh.Centre(t.ground)
		for i := range t.ground {
			t.ground[i] = c.Towards(t.ground[i], min(1, 140/c.Distance(t.ground[i])))
		}
	}
	t.rows(angle, pitch, gap, func() (float64, float64, float64) {
		if t.r.IntN(11) == 0 {
			return 0, 0, 14
		}
		return t.between(9, 17), t.between(9, 12), t.between(0.8, 3.5)
	})
}
