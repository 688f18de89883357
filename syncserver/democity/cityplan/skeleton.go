package cityplan

import (
	"math"
	"slices"

	"yizhan/syncserver/democity/mesh"
)

// class is a street's, or what else a line of the mesh is.
type class uint8

const (
	border    class = iota + 1 // of the map, or the shore: no street ends there
	railway                    // no street ends there either
	lane                       // between houses
	street                     // of a neighbourhood
	avenue                     // collects them
	mainRoad                   // 路 of a district
	trunkRoad                  // 大道 of the city
	ringRoad
)

// highways are the classes as OpenStreetMap calls them.
var highways = map[class]string{lane: "living_street", street: "residential", avenue: "tertiary", mainRoad: "secondary", trunkRoad: "primary", ringRoad: "trunk"}

// half is half the width that a line takes, pavement included, in metres.
var half = map[class]float64{border: 25, railway: 32, lane: 4.5, street: 7.5, avenue: 11, mainRoad: 15, trunkRoad: 19, ringRoad: 22}

// line is a street of the skeleton while it is still on the sheet.
type line struct {
	name    string
	class   class
	uv      []mesh.Point
	bridges bool // crosses the river
	closed  bool
	in      bool // may enter the zones
	axis    byte // 'u' or 'v' where names are divided: 北 and 南, 东 and 西
}

// zones are the parts of the city with a boundary street of their own, which the
// skeleton leaves alone.
var zones = []struct {
	use   use
	shape shape
	name  string // of the street around it
	class class
}{
	{hill, shape{u: -3720, v: 1780, a: 490, b: 550, square: 0.85, waver: 0.03}, "环山路", avenue},
	{lake, shape{u: 2220, v: 1650, a: 640, b: 520, square: 0.8, waver: 0.06}, "环湖路", avenue},
	{campus, shape{u: -2300, v: -3500, a: 760, b: 640, square: 0.45, waver: 0.02}, "学苑环路", avenue},
	{oldTown, shape{u: -2230, v: -560, a: 640, b: 560, square: 0.75, waver: 0.05}, "榕荫街", mainRoad},
}

// along is a line with v (or u, where across) given, wavering by its own amount.
func (p *Plan) along(name string, class class, at, from, to, waver float64, across bool) line {
	phase := p.r.Float64() * 2 * math.Pi
	l := line{name: name, class: class, axis: 'v'}
	if across {
		l.axis = 'u'
	}
	n := max(2, int(math.Ceil((to-from)/70)))
	for i := range n + 1 {
		x := from + (to-from)*float64(i)/float64(n)
		y := at + waver*math.Sin(x/1150+phase) + waver*0.4*math.Sin(x/460+2*phase)
		if across {
			x, y = y, x
		}
		l.uv = append(l.uv, mesh.Point{X: x, Y: y})
	}
	return l
}

// between is a straight street of the sheet.
func between(name string, class class, u, v, u2, v2 float64) line {
	l := line{name: name, class: class}
	n := int(math.Hypot(u2-u, v2-v)/70) + 1
	for i := range n + 1 {
		l.uv = append(l.uv, mesh.Point{X: u, Y: v}.Towards(mesh.Point{X: u2, Y: v2}, float64(i)/float64(n)))
	}
	return l
}

// roads is the skeleton as the city's engineers would have drawn it.
func (p *Plan) roads() (lines []line) {
	const w, e, s, n = -8600, 8600, -8000, 8000
	bridge := func(l line) line { l.bridges = true; return l }
	into := func(l line) line { l.in = true; return l }
	lines = append(lines,
		p.bank("鹭堤大道", trunkRoad, 1), p.bank("南浦大道", mainRoad, -1), p.shore("望潮路", mainRoad),
		between("科园一路", avenue, -1540, -9, 1690, -9), // ends are cut off where they meet nothing any more
		p.along("科园二路", avenue, 455, -1540, 1690, 18, false),
		p.along("石泉路", trunkRoad, 1050, w, e, 60, false),
		p.along("云麓路", trunkRoad, 2480, w, e, 70, false),
		p.along("平岭大道", mainRoad, 4750, w, e, 110, false),
		p.along("榕城路", mainRoad, -560, w, -1330, 40, false),
		p.along("潮音路", mainRoad, -640, -1500, e, 50, false),
		p.along("桥埠路", trunkRoad, -2870, w, e, 50, false),
		p.along("白沙路", mainRoad, -4150, w, e, 90, false),
		p.along("埔前路", mainRoad, -5250, w, e, 80, false),
		bridge(p.along("云台路", trunkRoad, -3120, s, n, 50, true)),
		bridge(p.along("仙桥路", trunkRoad, -1400, s, n, 40, true)),
		bridge(p.along("云鹭大道", trunkRoad, 230, s, n, 35, true)),
		bridge(p.along("海棠路", mainRoad, 1540, s, n, 45, true)),
		bridge(p.along("青屿路", trunkRoad, 3050, s, n, 60, true)),
		bridge(p.along("丰和路", trunkRoad, -5450, s, n, 90, true)),
		p.along("延岭路", mainRoad, -6500, s, n, 60, true),
		p.along("学士路", mainRoad, -4250, -1500, 1900, 50, true),
		p.along("学苑路", mainRoad, -4200, s, -1500, 50, true),
		p.along("展望路", mainRoad, 4000, 200, 4800, 40, true),
		between("站前大道", mainRoad, -600, 3640, -600, 1000),
		between("鹭江斜街", mainRoad, -1420, 1060, -3100, -560),
		between("湖光路", mainRoad, 240, 2480, 3050, -640),
		between("映湖路", avenue, 1480, 1740, 3120, 1600),
		between("登山路", avenue, -3700, 600, -3740, 2900),
		between("大学路", avenue, -2330, -1950, -2270, -5300),
		between("新埠大道", mainRoad, -1400, -2860, 3080, -4170),
		p.rail("铁路北街", 61), p.rail("铁路南街", -61),
	)
	ring := line{name: "环城路", class: ringRoad, closed: true, bridges: true, in: true}
	ring.uv = shape{u: -600, v: -800, a: 4250, b: 3950, square: 0.6, waver: 0.012}.ring(260)
	lines = append(lines, ring)
	for _, z := range zones {
		z.shape.phase = p.r.Float64() * 6
		p.shapes = append(p.shapes, z.shape.ring(96))
		lines = append(lines, into(line{name: z.name, class: z.class, uv: z.shape.ring(96), closed: true}))
	}
	return lines
}

// bank follows the river on one side.
func (p *Plan) bank(name string, class class, side float64) line {
	l := line{name: name, class: class, axis: 'v'}
	for u := -8600.0; u < 5600; u += 70 {
		l.uv = append(l.uv, mesh.Point{X: u, Y: riverAt + side*(p.land.riverHalf(u)+58+14*math.Sin(u/700))})
	}
	return l
}

// shore follows the coast.
func (p *Plan) shore(name string, class class) line {
	l := line{name: name, class: class, axis: 'u', bridges: true}
	for v := -8000.0; v < 8000; v += 70 { // smoother than the shore itself
		u := 0.0
		for d := -3.0; d <= 3; d++ {
			u += p.land.coastAt(v+d*160) / 7
		}
		l.uv = append(l.uv, mesh.Point{X: min(u-190, p.land.coastAt(v)-165), Y: v})
	}
	return l
}

// railAt is v of the railway, which comes from the west and leaves to the north.
func railAt(u float64) float64 { return 3620 + max(0, u-700)*max(0, u-700)/3000 }

// rail is a street along the railway.
func (p *Plan) rail(name string, side float64) line {
	l := line{name: name, class: street}
	for u := -8600.0; u < 3900; u += 70 {
		l.uv = append(l.uv, mesh.Point{X: u, Y: railAt(u) + side})
	}
	return l
}

// allowed reports whether a line may pass a point of the sheet.
func (p *Plan) allowed(l *line, at mesh.Point) bool {
	if at.X > p.land.coastAt(at.Y)-140 {
		return false
	}
	if !l.bridges && math.Abs(at.Y-riverAt) < p.land.riverHalf(at.X)+20 {
		return false
	}
	for _, s := range p.shapes {
		if !l.in && mesh.Inside(s, at) {
			return false
		}
	}
	return true
}

// skeleton lays the roads on the ground, and gives the faces between them.
func (p *Plan) skeleton() [][]int32 {
	var lines [][]mesh.Point
	var of []line
	add := func(l line, uv []mesh.Point) {
		lines, of = append(lines, p.land.onGround(uv)), append(of, l)
	}
	roads := p.roads()
	for i := range roads {
		l := &roads[i]
		if l.closed {
			l.uv = append(l.uv, l.uv[0])
		}
		var run []mesh.Point
		for k, at := range l.uv { // one point further than allowed, so that it meets what stops it
			if p.allowed(l, at) || k > 0 && p.allowed(l, l.uv[k-1]) || k+1 < len(l.uv) && p.allowed(l, l.uv[k+1]) {
				run = append(run, at)
				continue
			}
			if len(run) > 2 {
				add(*l, run)
			}
			run = nil
		}
		if len(run) > 2 {
			add(*l, run)
		}
	}
	frame := []mesh.Point{{X: -halfWidth, Y: -halfHeight}, {X: halfWidth, Y: -halfHeight}, {X: halfWidth, Y: halfHeight}, {X: -halfWidth, Y: halfHeight}}
	lines, of = append(lines, append(slices.Clone(frame), frame[0])), append(of, line{class: border})
	p.coast = nil
	for v := -8000.0; v < 8000; v += 55 {
		p.coast = append(p.coast, p.land.ground(p.land.coastAt(v), v))
	}
	lines, of = append(lines, p.coast), append(of, line{class: border})
	paths := p.mesh.Trim(inFrame(p.mesh, p.mesh.Cross(lines)))
	for i, path := range paths {
		p.mesh.SetKind(path, uint8(of[i].class))
		if of[i].class >= lane && len(path) > 1 {
			p.streets = append(p.streets, &road{nodes: path, class: of[i].class, name: of[i].name, axis: of[i].axis})
		}
	}
	return p.mesh.Faces(paths)
}

// inFrame leaves of each line its longest part inside the map.
func inFrame(m *mesh.Mesh, paths [][]int32) [][]int32 {
	for i, path := range paths {
		first, best := 0, path[:0]
		for k := range len(path) + 1 {
			if k == len(path) || math.Abs(m.At[path[k]].X) > halfWidth+1 || math.Abs(m.At[path[k]].Y) > halfHeight+1 {
				if k-first > len(best) {
					best = path[first:k]
				}
				first = k + 1
			}
		}
		paths[i] = best
	}
	return paths
}
