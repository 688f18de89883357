package cityplan

import (
	"math"
	"strings"

	"yizhan/syncserver/democity/mesh"
)

// bridgeNames are by the road that crosses the river.
var bridgeNames = map[string]string{"仙桥路": "仙桥", "云台路": "云台大桥", "云鹭大道": "云鹭大桥", "海棠路": "海棠桥", "青屿路": "青屿大桥", "丰和路": "丰和大桥", "环城路": "环城大桥", "望潮路": "望潮大桥"}

// emitStreets turns streets into ways of the file, apart where their names change
// and where they are on bridges.
func (p *Plan) emitStreets() {
	for _, s := range p.streets {
		nodes := p.mesh.Expand(s.nodes)
		first, name, bridge := 0, "", false
		for i := 1; i < len(nodes); i++ {
			from, to := p.mesh.At[nodes[i-1]], p.mesh.At[nodes[i]]
			at := from.Towards(to, 0.5)
			n, b := p.sideOf(s, at), p.overWater(at, 30) || p.overWater(from, 4) || p.overWater(to, 4)
			if b {
				n = bridgeNames[s.name]
			}
			if i > 1 && (n != name || b != bridge) {
				p.street(s, nodes[first:i], name, bridge)
				first = i - 1
			}
			name, bridge = n, b
		}
		p.street(s, nodes[first:], name, bridge)
	}
}

func (p *Plan) street(s *road, nodes []int32, name string, bridge bool) {
	highway := highways[s.class]
	if s.class == lane && (s.use != oldTown || strings.HasSuffix(name, "巷")) {
		highway = "service"
	}
	tags := []string{"highway", highway}
	if name != "" {
		tags = append(tags, "name", name)
	}
	if bridge {
		tags = append(tags, "bridge", "yes", "layer", "1")
	}
	p.things = append(p.things, thing{nodes: nodes, tags: tags})
}

// overWater reports whether a place of the ground is in the river or so near to it.
func (p *Plan) overWater(at mesh.Point, near float64) bool {
	uv := p.sheet(at)
	return math.Abs(uv.Y-riverAt) < p.land.riverHalf(uv.X)+near
}

// put makes points that lie on no street.
func (p *Plan) put(line []mesh.Point) []int32 {
	nodes := make([]int32, len(line))
	for i, at := range line {
		nodes[i] = p.mesh.Add(at)
	}
	return nodes
}

// area draws a ring.
func (p *Plan) area(ring []mesh.Point, tags ...string) {
	if len(ring) > 2 {
		nodes := p.put(ring)
		p.things = append(p.things, thing{nodes: append(nodes, nodes[0]), tags: tags})
	}
}

// way draws a line through points that are there.
func (p *Plan) way(nodes []int32, tags ...string) {
	if len(nodes) > 1 {
		p.things = append(p.things, thing{nodes: nodes, tags: tags})
	}
}

// mark names a place.
func (p *Plan) mark(at mesh.Point, tags ...string) {
	p.marks = append(p.marks, mark{p.mesh.Add(at), tags})
}

// emitWater draws river and sea.
func (p *Plan) emitWater() {
	var north, south []mesh.Point
	for u := -8600.0; u < p.land.coastAt(riverAt)+500; u += 45 {
		h := p.land.riverHalf(u)
		n, s := p.land.ground(u, riverAt+h), p.land.ground(u, riverAt-h)
		if n.X > -halfWidth {
			north, south = append(north, n), append([]mesh.Point{s}, south...)
		}
	}
	p.area(append(north, south...), "natural", "water", "water", "river", "name", "鹭江")
	var shore []mesh.Point
	for _, at := range p.coast {
		if math.Abs(at.Y) < halfHeight+300 {
			shore = append(shore, at)
		}
	}
	p.way(p.put(shore), "natural", "coastline")
}
