package cityplan

import (
	"math"

	"yizhan/syncserver/democity/mesh"
)

// fillZones draws the hill, the lake and the campus, and what lies along the water.
func (p *Plan) fillZones() {
	for _, b := range p.blocks {
		b.nodes = p.mesh.Around(b.nodes)
		b.ring = p.mesh.Points(b.nodes)
		t := &plot{Plan: p, block: b, ground: b.ring}
		switch b.use {
		case hill:
			t.hill(p.shapes[0])
		case lake:
			t.lake(p.shapes[1])
		case river:
			p.area(b.ring, "landuse", "grass")
		case rails:
			p.area(b.ring, "landuse", "grass")
		}
	}
}

// scaled is a ring of the sheet around its middle, so many times as large.
func (p *Plan) scaled(ring []mesh.Point, k float64, points int) (out []mesh.Point) {
	var c mesh.Point
	for _, q := range ring {
		c = c.Plus(q.Times(1 / float64(len(ring))))
	}
	for i := range points {
		q := c.Towards(ring[i*len(ring)/points], k)
		out = append(out, p.land.ground(q.X, q.Y))
	}
	return out
}

// hill is a wood with paths around it at three heights, and steps between them.
func (t *plot) hill(shape []mesh.Point) {
	t.area(t.ground, "leisure", "park", "name", "云台山公园")
	t.area(t.scaled(shape, 0.62, 48), "natural", "wood")
	var below []int32
	for level, k := range []float64{0.83, 0.55, 0.25} {
		n := []int{32, 24, 12}[level]
		line := t.scaled(shape, k, n)
		for i := range line {
			line[i] = line[i].Plus(mesh.Point{X: t.r.NormFloat64(), Y: t.r.NormFloat64()}.Times(14))
		}
		ring := t.put(line)
		if level == 0 {
			t.entrances(ring, 8, "highway", "footway", "name", "云台山环道")
		} else {
			t.way(append(ring, ring[0]), "highway", "path", "name", "云台山步道")
			for i := range 4 {
				from := below[(i*len(below)/4+level*3)%len(below)]
				t.climb(from, t.nearest(ring, t.mesh.At[from]))
			}
		}
		below = ring
	}
	top := t.mesh.Add(mesh.Centre(t.ring))
	t.climb(below[0], top)
	t.way([]int32{top, below[len(below)/2]}, "highway", "path")
	t.marks = append(t.marks, mark{top, []string{"tourism", "viewpoint", "name", "观鹭亭"}})
	t.places = append(t.places, spotOf{"云台山公园", t.block})
}

// climb leads up in steps, with a path before and after.
func (t *plot) climb(from, to int32) {
	a, b := t.mesh.At[from], t.mesh.At[to]
	mid := t.put([]mesh.Point{a.Towards(b, 0.22), a.Towards(b, 0.8)})
	t.way([]int32{from, mid[0]}, "highway", "path")
	t.way(mid, "highway", "steps", "name", "云台石阶")
	t.way([]int32{mid[1], to}, "highway", "path")
}

func (p *Plan) nearest(nodes []int32, at mesh.Point) int32 {
	best := nodes[0]
	for _, n := range nodes {
		if p.mesh.At[n].Distance(at) < p.mesh.At[best].Distance(at) {
			best = n
		}
	}
	return best
}

// lake is a water with an island in it, a bridge to the island, and a path around.
func (t *plot) lake(shape []mesh.Point) {
	t.area(t.ground, "leisure", "park", "name", "映鹭湖公园")
	shore := t.scaled(shape, 0.72, 48)
	for i := range shore {
		a := 2 * math.Pi * float64(i) / 48
		shore[i] = mesh.Centre(t.ring).Towards(shore[i], 1+0.1*math.Sin(3*a+1)+0.06*math.Sin(5*a))
	}
	isle := mesh.Centre(t.ring).Plus(mesh.Point{X: 60, Y: -30})
	var island []mesh.Point
	for i := range 16 {
		island = append(island, isle.Plus(mesh.Heading(float64(i)*math.Pi/8).Times(62+18*math.Sin(float64(i)))))
	}
	outer, inner := t.put(shore), t.put(island)
	t.things = append(t.things, thing{nodes: append(outer, outer[0]), holes: [][]int32{append(inner, inner[0])}, tags: []string{"natural", "water", "name", "映鹭湖"}})
	path := t.put(t.outward(shore, 16))
	t.entrances(path, 9, "highway", "footway", "name", "环湖步道")
	to := t.mesh.Add(isle.Plus(mesh.Point{Y: -30}))
	from := t.nearest(path, t.mesh.At[to])
	t.way([]int32{from, to}, "highway", "footway", "bridge", "yes", "name", "曲桥")
	pavilion := t.mesh.Add(isle.Plus(mesh.Point{X: 12, Y: 14}))
	t.way([]int32{to, pavilion}, "highway", "footway")
	t.marks = append(t.marks, mark{pavilion, []string{"tourism", "attraction", "name", "湖心亭"}})
	t.places = append(t.places, spotOf{"映鹭湖公园", t.block})
}

// outward moves a ring's points away from its middle.
func (p *Plan) outward(ring []mesh.Point, by float64) (out []mesh.Point) {
	c := mesh.Centre(ring)
	for _, q := range ring {
		out = append(out, q.Plus(q.Minus(c).Unit().Times(by)))
	}
	return out
}

// island draws 青屿 out in the bay, to which only a ferry goes, and a rock beside it.
func (p *Plan) island() {
	shore := func(u, v, size float64) (ring []mesh.Point) {
		for i := range 40 {
			a := 2 * math.Pi * float64(i) / 40
			k := size * (1 + 0.13*math.Sin(2*a+1) + 0.08*math.Sin(3*a) + 0.04*math.Sin(7*a))
			ring = append(ring, p.land.ground(u+k*math.Cos(a)*1.25, v+k*math.Sin(a)))
		}
		return ring
	}
	for _, s := range [][3]float64{{5950, 900, 420}, {6420, 1720, 90}} {
		nodes := p.put(shore(s[0], s[1], s[2]))
		p.way(append(nodes, nodes[0]), "natural", "coastline")
	}
	p.area(shore(5950, 900, 330), "natural", "wood")
	p.mark(p.land.ground(6420, 1720), "place", "islet", "name", "鹭石")
	loop := p.put(shore(5950, 900, 270))
	p.way(append(loop, loop[0]), "highway", "residential", "name", "环岛路")
	p.way([]int32{loop[2], p.mesh.Add(mesh.Centre(p.mesh.Points(loop))), loop[22]}, "highway", "footway", "name", "灯塔路")
	pier := p.land.ground(5950-430*1.25, 900)
	p.isle = p.mesh.At[loop[20]].Towards(pier, 0.3)
	dock := p.put([]mesh.Point{p.mesh.At[loop[20]].Towards(pier, 0.5), pier})
	p.way(append([]int32{loop[20]}, dock...), "highway", "footway", "name", "渡口路")
	p.mark(p.land.ground(5990, 930), "tourism", "attraction", "name", "青屿灯塔")
	t := &plot{Plan: p, block: &block{}, ground: shore(5950, 900, 240)}
	t.rows(0.3, 60, 8, func() (float64, float64, float64) {
		if p.r.IntN(3) == 0 {
			return 0, 0, 50
		}
		return p.between(10, 18), p.between(9, 13), p.between(16, 60)
	})
}
