package cityplan

import (
	"math"

	"yizhan/syncserver/democity/mesh"
)

// compound is a name for where people live.
func (t *plot) compound() string {
	return t.stem() + []string{"花园", "小区", "新村", "佳园", "雅苑", "公寓", "里", "苑", "家园", "名邸"}[t.r.IntN(10)]
}

// track is a running track around a pitch.
func (t *plot) track(at mesh.Point, angle float64) bool {
	on := mesh.Heading(angle)
	var oval []mesh.Point
	for i := range 20 {
		a := 2 * math.Pi * (float64(i) + 0.5) / 20
		x, y := 36*math.Cos(a), 36*math.Sin(a)
		x += math.Copysign(38, x)
		oval = append(oval, at.Plus(on.Times(x)).Plus(on.Left().Times(y)))
	}
	if !t.fits(oval, 0) {
		return false
	}
	t.area(oval, "leisure", "track")
	t.area(rect(at, angle, 78, 48), "leisure", "pitch")
	t.keep = append(t.keep, [2]mesh.Point{oval[0], oval[10]}, [2]mesh.Point{oval[3], oval[13]}, [2]mesh.Point{oval[7], oval[17]}, [2]mesh.Point{oval[5], oval[15]})
	return true
}

// school has a track where there is room, and a few houses.
func (t *plot) school() {
	t.schools++
	t.name = "云鹭第" + []string{"", "二", "三"}[t.schools/10%3] + []string{"十", "一", "二", "三", "四", "五", "六", "七", "八", "九"}[t.schools%10] + "中学"
	if t.size < 16_000 {
		t.name = t.stem() + "小学"
	}
	t.area(t.ground, "amenity", "school", "name", t.name)
	angle, length, _ := mesh.Axis(t.ground)
	on := mesh.Heading(angle)
	for _, off := range []float64{0.22, -0.22, 0} {
		if t.track(mesh.Centre(t.ground).Plus(on.Times(length*off)), angle) {
			break
		}
	}
	t.rows(t.facing(), 36, 4, func() (float64, float64, float64) { return t.between(38, 60), t.between(12, 18), t.between(10, 18) })
}

// hospital has wards joined by a drive that is open to all.
func (t *plot) hospital() {
	t.name = []string{"云鹭市第一医院", "云鹭市中医院", "榕城医院", "桥埠区医院", "平岭区医院", "丰和区医院"}[t.hospitals%6]
	t.hospitals++
	t.area(t.ground, "amenity", "hospital", "name", t.name)
	angle, _, _ := mesh.Axis(t.ring)
	t.drive(angle, 46, false)
	t.rows(angle, 46, 5, func() (float64, float64, float64) {
		if t.r.IntN(6) == 0 {
			return 0, 0, 30
		}
		return t.between(40, 76), t.between(18, 26), t.between(12, 20)
	})
	t.mark(mesh.Centre(t.ground), "amenity", "hospital", "name", t.name)
	t.places = append(t.places, spotOf{t.name, t.block})
}

// market is a hall among stalls.
func (t *plot) market() {
	t.name = t.quarterAt(t.at) + []string{"菜市场", "农贸市场"}[t.r.IntN(2)]
	angle, length, width := mesh.Axis(t.ground)
	t.area(t.ground, "landuse", "retail")
	t.build(rect(mesh.Centre(t.ground), angle, length*0.5, width*0.5), 2, "building", "retail")
	t.mark(mesh.Centre(t.ground), "amenity", "marketplace", "name", t.name)
	on := mesh.Heading(angle)
	c := mesh.Centre(t.ground)
	t.keep = append(t.keep, [2]mesh.Point{c.Minus(on.Times(length * 0.25)), c.Plus(on.Times(length * 0.25))})
	t.rows(angle, 16, 1, func() (float64, float64, float64) { return t.between(14, 30), 9, t.between(2, 5) })
	t.places = append(t.places, spotOf{t.name, t.block})
}

// square is paved, with a lawn in its middle and paths across.
func (t *plot) square() {
	t.name = []string{"云鹭广场", "榕城广场", "南浦广场"}[t.squares%3]
	t.squares++
	t.area(t.ground, "place", "square", "name", t.name)
	c := mesh.Centre(t.ground)
	_, _, width := mesh.Axis(t.ground)
	var lawn []mesh.Point
	for i := range 20 {
		lawn = append(lawn, c.Plus(mesh.Heading(float64(i)*math.Pi/10).Times(width*0.2)))
	}
	t.area(lawn, "landuse", "grass")
	t.entrances(t.put(lawn), 6, "highway", "footway")
	t.places = append(t.places, spotOf{t.name, t.block})
}

// spotOf is a named place where stations like to be, on its block.
type spotOf struct {
	name string
	*block
}

// entrances joins a ring of points, which becomes a way itself, with the streets around.
// False means that none of them can be reached; then there is no way.
func (t *plot) entrances(ring []int32, most int, tags ...string) bool {
	n := len(t.nodes)
	var links [][]int32
	for i := range 2 * most {
		side := (i*n/most + t.r.IntN(max(1, n/most))) % n
		if len(links) == most || class(t.mesh.Kind(t.nodes[side], t.nodes[(side+1)%n])) < lane {
			continue
		}
		at := t.ring[side].Towards(t.ring[(side+1)%n], t.between(0.3, 0.7))
		to := t.nearest(ring, at)
		if i >= most && len(links) > 0 || !inside(t.ring, []mesh.Point{at, t.mesh.At[to].Towards(at, 0.1), t.mesh.At[to]}) {
			continue
		}
		links = append(links, []int32{t.mesh.Split(t.nodes[side], t.nodes[(side+1)%n], at), to})
	}
	if len(links) == 0 {
		return false
	}
	t.way(append(ring, ring[0]), tags...)
	for _, l := range links {
		t.way(l, tags...)
	}
	return true
}

// park has a path around it, often a pond, and trees.
func (t *plot) park() {
	t.name = t.stem() + "公园"
	if t.size < 9_000 {
		t.name = t.stem() + "口袋公园"
	}
	t.area(t.ground, "leisure", "park", "name", t.name)
	t.places = append(t.places, spotOf{t.name, t.block})
	_, length, width := mesh.Axis(t.ground)
	loop := mesh.Inset(t.ground, func(int) float64 { return width * t.between(0.14, 0.22) })
	if loop == nil {
		return
	}
	path := t.put(mesh.Smooth(loop, 2, true))
	if !t.entrances(path, 5, "highway", "footway") {
		return
	}
	middle := mesh.Centre(loop)
	switch kind := t.r.IntN(5); {
	case kind < 2 && t.size > 11_000:
		off := mesh.Heading(t.between(0, 6)).Times((length - width) * 0.2)
		t.pond(middle.Plus(off), width*t.between(0.11, 0.17), "")
	case kind < 4 && mesh.Inside(loop, middle):
		t.plaza(middle, width*0.1, loop, path)
	}
}

// plaza is a round place in a park, and paths from it to the one around.
func (t *plot) plaza(middle mesh.Point, radius float64, loop []mesh.Point, path []int32) {
	var edge []mesh.Point
	for i := range 16 {
		edge = append(edge, middle.Plus(mesh.Heading(float64(i)*math.Pi/8).Times(radius)))
	}
	var spokes [][]int32
	round := t.put(edge)
	for i := range 4 {
		to := path[(i*len(path)/4+t.r.IntN(3))%len(path)]
		end := t.mesh.At[to]
		if from := t.nearest(round, end); inside(loop, []mesh.Point{middle, middle.Towards(end, 0.5), end.Towards(middle, 0.04)}) {
			spokes = append(spokes, []int32{from, to})
		}
	}
	if len(spokes) == 0 {
		return
	}
	t.way(append(round, round[0]), "highway", "pedestrian", "area", "yes")
	for _, s := range spokes {
		t.way(s, "highway", "footway")
	}
}

// pond is a round water with a wavering shore.
func (t *plot) pond(at mesh.Point, radius float64, name string) {
	phase := t.r.Float64() * 6
	var shore []mesh.Point
	for i := range 18 {
		a := float64(i) * math.Pi / 9
		shore = append(shore, at.Plus(mesh.Heading(a).Times(radius*(1+0.22*math.Sin(2*a+phase)+0.12*math.Sin(3*a)))))
	}
	tags := []string{"natural", "water"}
	if name != "" {
		tags = append(tags, "name", name)
	}
	t.area(shore, tags...)
}

// lectures is a block of the university.
func (t *plot) lectures() {
	switch lot := t.r.IntN(20); {
	case lot < 2 && t.size > 14_000:
		angle, _, _ := mesh.Axis(t.ground)
		t.track(mesh.Centre(t.ground), angle)
		t.area(t.ground, "landuse", "grass")
	case lot < 4:
		t.area(t.ground, "landuse", "grass")
		_, _, width := mesh.Axis(t.ground)
		if loop := mesh.Inset(t.ground, func(int) float64 { return width * 0.2 }); loop != nil {
			t.entrances(t.put(mesh.Smooth(loop, 2, true)), 4, "highway", "footway")
			t.pond(mesh.Centre(loop), width*0.14, "")
		}
		return
	case lot < 11: // where students live
		t.drive(t.facing(), 30, false)
		t.rows(t.facing(), 30, 4, func() (float64, float64, float64) { return t.between(50, 66), 14, t.between(9, 14) })
		return
	}
	t.drive(t.facing(), 46, false)
	t.rows(t.facing(), 46, 5, func() (float64, float64, float64) { return t.between(46, 84), t.between(18, 28), t.between(12, 20) })
}

// country is fields and woods.
func (t *plot) country() {
	switch t.r.IntN(5) {
	case 0, 1:
		t.area(t.ground, "landuse", "farmland")
	case 2, 3:
		t.area(t.ground, "landuse", "forest")
	}
}

// shoreline is the green strip between the coast road and the sea: a path through it, and
// in the south a beach.
func (t *plot) shoreline() {
	t.area(t.ring, "landuse", "grass")
	loop := mesh.Inset(t.ground, func(int) float64 { return 45 })
	for i, at := range loop {
		for d := 0.0; d <= 1; d += 0.1 {
			if t.overWater(at.Towards(loop[(i+1)%len(loop)], d), 70) {
				return // the river's mouth lies between
			}
		}
	}
	if loop != nil {
		t.entrances(t.put(mesh.Smooth(loop, 1, true)), len(t.nodes)/4, "highway", "footway", "name", "望潮步道")
	}
}
