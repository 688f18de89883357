package cityplan

import (
	"math"

	"yizhan/syncserver/democity/mesh"
)

// plot is the ground of a block inside its streets, while it is built upon.
type plot struct {
	*Plan
	*block
	ground []mesh.Point
	keep   [][2]mesh.Point // ways that stay free
	built  []mesh.Point    // middles of what was named or stands out
}

// half is how much of the block the street beside its side i takes.
func (p *Plan) kerb(b *block, extra float64) []mesh.Point {
	n := len(b.nodes)
	return mesh.Inset(b.ring, func(i int) float64 {
		return half[class(p.mesh.Kind(b.nodes[i], b.nodes[(i+1)%n]))] + extra
	})
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

// fits reports whether a building stands on the ground and leaves ways free.
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
	return true
}

// rows fills the ground with rows of buildings in one direction. size gives each
// one's length, depth and the gap to the next; a length of 0 leaves a place free.
func (t *plot) rows(angle, pitch, gap float64, size func() (length, depth, next float64)) (built int) {
	on := mesh.Heading(angle)
	lo, hi := mesh.Span(t.ground, on)
	bottom, top := mesh.Span(t.ground, on.Left())
	rows := int((top - bottom - 6) / pitch)
	first := bottom + (top-bottom-float64(rows)*pitch)/2 + pitch/2
	for i := range rows {
		y := first + float64(i)*pitch
		for x := lo + gap; x < hi; {
			length, depth, next := size()
			at := on.Times(x + length/2).Plus(on.Left().Times(y))
			if length == 0 {
				x += next
				continue
			}
			if t.build(rect(at, angle, length, depth), gap) {
				built++
				x += length + next
			} else {
				x += 6
			}
		}
	}
	return built
}

// facing is the direction of the long sides of houses: as the block lies, but so
// that they look to the south, as people want.
func (t *plot) facing() float64 {
	angle, _, _ := mesh.Axis(t.ring)
	for angle > math.Pi/4 {
		angle -= math.Pi / 2
	}
	for angle < -math.Pi/4 {
		angle += math.Pi / 2
	}
	return angle * 0.8
}

// between draws evenly between two numbers.
func (p *Plan) between(lo, hi float64) float64 { return lo + (hi-lo)*p.r.Float64() }

// homes is a compound: a drive from gate to gate, paths, and rows of houses.
func (t *plot) homes() {
	angle := t.facing()
	private := t.r.IntN(10) < 3
	if t.size > 9_000 {
		t.drive(angle+math.Pi/2, private)
	}
	switch t.r.IntN(10) {
	case 0, 1, 2: // towers
		t.rows(angle, 52, 6, func() (float64, float64, float64) { return t.between(24, 32), t.between(17, 21), t.between(20, 34) })
	case 3, 4: // walk-ups of the work units
		t.rows(angle, 23, 3, func() (float64, float64, float64) { return t.between(32, 52), 10.5, t.between(5, 9) })
	default:
		long := t.between(40, 62)
		t.rows(angle, t.between(29, 36), 4, func() (float64, float64, float64) {
			if t.r.IntN(14) == 0 {
				return 0, 0, 34
			}
			return long * t.between(0.8, 1.1), 12.5, t.between(8, 13)
		})
	}
	t.name = t.compound()
	t.area2(t.name, private)
}

// area2 draws the compound's ground, which the importer names.
func (t *plot) area2(name string, private bool) {
	t.area(t.ground, "landuse", "residential", "name", name)
	_ = private
}

// drive lays a way through the block with a gate at each end, and paths that leave it.
func (t *plot) drive(angle float64, private bool) {
	way := mesh.Heading(angle)
	lo, hi := mesh.Span(t.ring, way.Left())
	from, to, ok := t.chord(t.block, way, lo+(hi-lo)*t.between(0.4, 0.6))
	if !ok {
		return
	}
	ends := [2]int32{t.door(from), t.door(to)}
	a, b := t.mesh.At[ends[0]], t.mesh.At[ends[1]]
	if !inside(t.ring, []mesh.Point{a, b}) || a.Distance(b) < 60 {
		return
	}
	t.keep = append(t.keep, [2]mesh.Point{a, b})
	unit := b.Minus(a).Unit()
	line := []mesh.Point{a.Plus(unit.Times(16))}
	for d := 16 + t.between(30, 45); d < a.Distance(b)-40; d += t.between(48, 75) {
		line = append(line, a.Plus(unit.Times(d)))
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
		t.alley(n, unit, private)
	}
}

// alley lays a path from the drive to both sides, between the houses.
func (t *plot) alley(from int32, along mesh.Point, private bool) {
	tags := []string{"highway", "footway"}
	if private {
		tags = append(tags, "access", "private")
	}
	at := t.mesh.At[from]
	for _, side := range []float64{1, -1} {
		way := along.Left().Times(side)
		reach := 0.0
		for d := 10.0; d < 140 && mesh.Inside(t.ground, at.Plus(way.Times(d+9))); d += 6 {
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
	if t.size > 16_000 {
		t.drive(angle+math.Pi/2, false)
	}
	t.rows(angle, t.between(48, 62), 5, func() (float64, float64, float64) {
		if t.r.IntN(7) == 0 {
			return 0, 0, 40
		}
		return t.between(28, 64), t.between(24, 38), t.between(14, 26)
	})
}

// trade is one large house with smaller ones around it.
func (t *plot) trade() {
	angle, length, width := mesh.Axis(t.ground)
	t.area(t.ground, "landuse", "retail")
	name := t.stem() + []string{"广场", "百货", "购物中心", "天地", "城"}[t.r.IntN(5)]
	l, d := min(130, length*0.62), min(90, width*0.6)
	mall := bevel(rect(mesh.Centre(t.ground), angle, l, d), 0.12+0.1*t.r.Float64())
	if t.build(mall, 2, "building", "retail", "name", name, "shop", "mall") {
		t.name = name
		t.mark(mesh.Centre(t.ground), "shop", "mall", "name", name)
		t.keep = append(t.keep, [2]mesh.Point{mall[0], mall[len(mall)/2]}, [2]mesh.Point{mall[1], mall[len(mall)/2+1]})
	}
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
	t.drive(angle+math.Pi/2, true)
	deep := t.between(26, 44)
	t.rows(angle, deep+t.between(14, 22), 6, func() (float64, float64, float64) {
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
