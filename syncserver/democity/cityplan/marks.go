package cityplan

import (
	"math"
	"slices"
	"strings"

	"yizhan/syncserver/democity/mesh"
)

// emitPlaces names the city's parts.
func (p *Plan) emitPlaces() {
	p.mark(mesh.Point{X: 60, Y: 620}, "place", "city", "name", "云鹭市")
	for _, d := range []struct {
		name string
		u, v float64
	}{{"商务中心区", 800, 60}, {"丰和区", -4550, -350}, {"桥埠区", 450, -3560}, {"延岭区", -2600, 3250}, {"平岭区", 1300, 3350}} {
		p.mark(p.land.ground(d.u, d.v), "place", "suburb", "name", d.name)
	}
	for _, q := range quarters {
		name := q.name + "街道"
		if q.name == "青屿" { // the island
			name = q.name
		}
		p.mark(q.at, "place", "quarter", "name", name)
	}
}

// crossing is where two named roads meet.
type crossing struct {
	node  int32
	at    mesh.Point
	other *road
}

// crossings finds where a road meets others of at least a class.
func (p *Plan) crossings(s *road, least class) (out []crossing) {
	for _, n := range p.mesh.Expand(s.nodes) {
		for _, t := range p.touching[n] {
			if t != s && t.class >= least && t.name != "" && t.name != s.name {
				out = append(out, crossing{n, p.mesh.At[n], t})
				break
			}
		}
	}
	return out
}

// emitStops puts bus stops along the larger roads, named after the next crossing.
func (p *Plan) emitStops() {
	var stops []mesh.Point
	for _, s := range p.streets {
		if s.class < mainRoad || s.name == "" {
			continue
		}
		for _, c := range p.crossings(s, avenue) {
			nodes := p.mesh.Expand(s.nodes)
			i := slices.Index(nodes, c.node)
			way := p.mesh.At[nodes[min(i+1, len(nodes)-1)]].Minus(p.mesh.At[nodes[max(i-1, 0)]]).Unit()
			at := c.at.Plus(way.Times(42)).Plus(way.Left().Times(-half[s.class] + 2))
			near := slices.ContainsFunc(stops, func(o mesh.Point) bool { return o.Distance(at) < 330 })
			if near || p.overWater(at, 30) || math.Abs(at.X) > halfWidth-300 || math.Abs(at.Y) > halfHeight-300 {
				continue
			}
			stops = append(stops, at)
			p.mark(at, "highway", "bus_stop", "name", p.sideOf(c.other, c.at)+"口")
		}
	}
}

// emitMetro draws two lines below the main roads.
func (p *Plan) emitMetro() {
	for i, name := range []string{"云鹭大道", "石泉路"} {
		s := p.streetOf(name)
		line := []string{"1", "2"}[i]
		p.way(p.put(p.mesh.Points(p.mesh.Expand(s.nodes))), "railway", "subway", "name", "云鹭地铁"+line+"号线", "layer", "-2")
		last := mesh.Point{X: math.Inf(1)}
		for _, c := range p.crossings(s, avenue) {
			inner := math.Abs(c.at.X) < halfWidth-1200 && math.Abs(c.at.Y) < halfHeight-900
			if inner && c.at.Distance(last) > 850 && !p.overWater(c.at, 90) {
				last = c.at
				p.mark(c.at.Plus(mesh.Point{X: 22, Y: 20}), "railway", "station", "station", "subway", "name", stationName(c.other.name))
			}
		}
	}
}

// stationName is a metro station's, after the street that crosses: 安康站 for 安康路, but
// 科园一路站.
func stationName(street string) string {
	stem := strings.TrimSuffix(street, "路")
	if strings.HasSuffix(stem, "一") || strings.HasSuffix(stem, "二") {
		stem = street
	}
	return stem + "站"
}

// emitRailway draws tracks, the station with its square, and ways over and under.
func (p *Plan) emitRailway() {
	for _, off := range []float64{-9, 0, 9} {
		var l []mesh.Point
		for u := -8600.0; u < 4200; u += 60 {
			if at := p.land.ground(u, railAt(u)+off); math.Abs(at.X) < halfWidth && math.Abs(at.Y) < halfHeight {
				l = append(l, at)
			}
		}
		p.way(p.put(l), "railway", "rail", "name", "云鹭铁路")
	}
	a, b := p.land.ground(-690, railAt(-690)-33), p.land.ground(-510, railAt(-510)-33)
	middle, angle := a.Towards(b, 0.5), b.Minus(a).Angle()
	p.area(rect(middle, angle, 170, 26), "building", "train_station", "name", "云鹭站")
	p.mark(middle, "railway", "station", "name", "云鹭站")
	for _, off := range []float64{-4.5, 4.5, 15} {
		p.area(rect(middle.Plus(mesh.Heading(angle).Left().Times(33+off)), angle, 230, 4), "building", "roof")
	}
	p.over(-560, "云鹭站天桥", "bridge")
	p.over(-2500, "铁路天桥", "bridge")
	p.over(1450, "北站地下通道", "tunnel")
}

// over leads people on foot across the railway, by steps on both sides.
func (p *Plan) over(u float64, name, how string) {
	var ends [2]int32
	for i, street := range []string{"铁路南街", "铁路北街"} {
		var nodes []int32
		for _, s := range p.streets {
			if s.name == street {
				nodes = append(nodes, p.mesh.Expand(s.nodes)...)
			}
		}
		ends[i] = p.nearest(nodes, p.land.ground(u, railAt(u)+float64(2*i-1)*61))
	}
	a, b := p.mesh.At[ends[0]], p.mesh.At[ends[1]]
	mid := p.put([]mesh.Point{a.Towards(b, 0.14), a.Towards(b, 0.86)})
	p.way([]int32{ends[0], mid[0]}, "highway", "steps", "name", name)
	p.way(mid, "highway", "footway", how, "yes", "layer", map[string]string{"bridge": "1", "tunnel": "-1"}[how], "name", name)
	p.way([]int32{mid[1], ends[1]}, "highway", "steps", "name", name)
}

// emitBeach draws sand in the south, and the pier from which the ferry leaves.
func (p *Plan) emitBeach() {
	var sand, back []mesh.Point
	for v := -4900.0; v < -3000; v += 60 {
		wide := 85 * math.Sin((v+4900)/1900*math.Pi)
		sand = append(sand, p.land.ground(p.land.coastAt(v)+2, v))
		back = append([]mesh.Point{p.land.ground(p.land.coastAt(v)-wide, v)}, back...)
	}
	p.area(append(sand, back...), "natural", "beach", "name", "白沙滩")
	var nodes []int32
	for _, s := range p.streets {
		if s.name == "望潮路" {
			nodes = append(nodes, p.mesh.Expand(s.nodes)...)
		}
	}
	v := 420.0
	shore := p.land.ground(p.land.coastAt(v), v)
	from := p.nearest(nodes, shore)
	out := shore.Plus(shore.Minus(p.mesh.At[from]).Unit().Times(120))
	dock := p.put([]mesh.Point{shore, out})
	p.way([]int32{from, dock[0]}, "highway", "footway", "name", "码头路")
	p.way(dock, "man_made", "pier", "name", "青屿渡轮码头")
	p.mark(shore, "tourism", "attraction", "name", "青屿渡轮码头")
}
