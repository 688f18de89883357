package cityplan

import (
	"math"
	"slices"
	"strings"

	"yizhan/core/geo"
	"yizhan/syncserver/democity/mesh"
)

// Site is where a station may stand: beside a street.
type Site struct {
	At       geo.Point // WGS84
	Near     string    // what people know there, such as a market
	District string
	Quarter  string // the neighbourhood's name without 街道
	Street   string
	Number   int // of the house
	at       mesh.Point
}

// Sites are where the demo's stations stand.
type Sites struct {
	Kiosk  Site
	Walks  [3]Site // 96 m, about 300 m and at most 480 m on foot from the kiosk
	Island Site    // no way on foot leads there
	Others []Site  // at least Apart from the kiosk
}

const (
	nearest = 96.0 // metres on foot from the kiosk to the first of Walks
	aside   = 6.0  // metres that it and the kiosk stand beside the street
	// Apart is how many metres the other sites keep from the kiosk.
	Apart = 520.0
)

// Sites finds places for stations: the kiosk's surroundings as the demo wants them, an
// island, and so many others, first at hospitals, markets and parks, then anywhere
// that people are, more of them where the city is dense.
func (p *Plan) Sites(others int) Sites {
	var s Sites
	home := p.streetOf("科园一路")
	line := p.mesh.Points(p.mesh.Expand(home.nodes))
	at := p.quiet(home, line)
	beside := func(metres, off float64, near string) Site {
		q, way := pointAlong(line, metres)
		return p.site(q.Plus(way.Left().Times(off)), home, q, near)
	}
	s.Kiosk = beside(at, aside, "科园")
	s.Walks = [3]Site{beside(at+nearest-2*aside, aside, "科园创新中心"), beside(at-285, -14, "科园西口"), p.corner(home, line, at)}
	s.Island = p.site(p.isle, &road{name: "渡口路"}, p.isle, "青屿渡口")
	s.Others = p.spread(others, s.Kiosk.at)
	return s
}

func (p *Plan) streetOf(name string) *road {
	var best *road
	for _, s := range p.streets {
		if s.name == name && (best == nil || len(s.nodes) > len(best.nodes)) {
			best = s
		}
	}
	return best
}

// pointAlong is the point so many metres along a line, and its direction there.
func pointAlong(line []mesh.Point, metres float64) (at, way mesh.Point) {
	for i := 1; i < len(line); i++ {
		d := line[i].Distance(line[i-1])
		if metres <= d || i == len(line)-1 {
			return line[i-1].Towards(line[i], metres/d), line[i].Minus(line[i-1]).Unit()
		}
		metres -= d
	}
	return line[0], mesh.Point{X: 1}
}

// quiet finds the metres along the kiosk's street, nearest to the city's middle, where neither the
// kiosk nor the station nearest to it stands at a crossing.
func (p *Plan) quiet(s *road, line []mesh.Point) float64 {
	var crossings []float64
	total := 0.0
	for i, n := range p.mesh.Expand(s.nodes) {
		if i > 0 {
			total += line[i].Distance(line[i-1])
		}
		if p.joint[n] || p.doors[n] {
			crossings = append(crossings, total)
		}
	}
	best, least := total/2, math.Inf(1)
	for x := 300.0; x < total-500; x += 2 {
		at, _ := pointAlong(line, x)
		lonely := !slices.ContainsFunc(crossings, func(c float64) bool {
			return math.Abs(c-x) < 14 || math.Abs(c-x-nearest+2*aside) < 14
		})
		if d := at.Length(); lonely && d < least {
			best, least = x, d
		}
	}
	return best
}

// corner is a site on the first street that crosses the kiosk's more than 200 m on.
func (p *Plan) corner(s *road, line []mesh.Point, from float64) Site {
	total := 0.0
	for i, n := range p.mesh.Expand(s.nodes) {
		if i > 0 {
			total += line[i].Distance(line[i-1])
		}
		if total < from+200 || total > from+330 {
			continue
		}
		for _, t := range p.streets {
			nodes := p.mesh.Expand(t.nodes)
			if k := slices.Index(nodes, n); t != s && t.class >= street && k >= 0 {
				rest := p.mesh.Points(nodes[k:])
				if len(rest) < 2 || length(rest) < 90 {
					rest = p.mesh.Points(nodes[:k+1])
					slices.Reverse(rest)
				}
				if length(rest) < 90 {
					continue
				}
				q, way := pointAlong(rest, min(length(rest)-20, 130))
				return p.site(q.Plus(way.Left().Times(half[t.class]+3)), t, q, "科园东里")
			}
		}
	}
	q, way := pointAlong(line, from+430)
	return p.site(q.Plus(way.Left().Times(15)), s, q, "科园东里")
}

// site describes a place beside a street.
func (p *Plan) site(at mesh.Point, s *road, on mesh.Point, near string) Site {
	name := p.sideOf(s, on)
	along, least, gone := 0.0, math.Inf(1), 0.0
	line := p.mesh.Points(s.nodes)
	for i := 1; i < len(line); i++ {
		q, t := mesh.Beside(on, line[i-1], line[i])
		d := line[i].Distance(line[i-1])
		if q.Distance(on) < least {
			least, along = q.Distance(on), gone+t*d
		}
		gone += d
	}
	number := 1 + 2*int(along/9)
	if len(line) > 1 && line[len(line)-1].Minus(line[0]).Cross(at.Minus(line[0])) < 0 {
		number++
	}
	if near == "" {
		near = name
	}
	return Site{At: p.plane.Fix(at.X, at.Y).Point(), Near: near, District: p.district(at), Quarter: p.quarterAt(at), Street: name, Number: number, at: at}
}

// district is the one that a place belongs to.
func (p *Plan) district(at mesh.Point) string {
	uv := p.sheet(at)
	switch {
	case uv.Y < riverAt:
		return "桥埠区"
	case uv.X > -1400 && uv.X < 3050 && uv.Y < 1050:
		return "商务中心区"
	case uv.X < -1400 && uv.Y < 1050:
		return "丰和区"
	case uv.X < -600:
		return "延岭区"
	}
	return "平岭区"
}

// spread finds sites all over the city.
func (p *Plan) spread(n int, kiosk mesh.Point) (sites []Site) {
	fits := func(at mesh.Point, apart float64) bool {
		return at.Distance(kiosk) > Apart && !slices.ContainsFunc(sites, func(s Site) bool { return s.at.Distance(at) < apart })
	}
	for _, q := range p.places {
		if s, ok := p.beside(q.block, q.name); ok && len(sites) < n/3 && fits(s.at, 150) {
			sites = append(sites, s)
		}
	}
	for try := 0; len(sites) < n && try < 200_000; try++ {
		b := p.blocks[p.r.IntN(len(p.blocks))]
		core := min(b.at.Length(), b.at.Distance(mesh.Point{X: -2000, Y: -600}), 600+b.at.Distance(mesh.Point{X: 300, Y: -3000}))
		if b.name == "" && b.use != village && b.use != works || p.r.Float64() > math.Exp(-core/2200)+0.04 {
			continue
		}
		apart := 190 + core/12 - float64(try)/500
		if s, ok := p.beside(b, b.name); ok && fits(s.at, apart) {
			sites = append(sites, s)
		}
	}
	return sites
}

// beside is a place on the kerb of a block.
func (p *Plan) beside(b *block, near string) (Site, bool) {
	n := len(b.nodes)
	first := p.r.IntN(n)
	for k := range n {
		i := (first + k) % n
		a, c := b.nodes[i], b.nodes[(i+1)%n]
		s := p.streetWith(a, c)
		if s == nil || s.name == "" || s.class < street || p.mesh.At[a].Distance(p.mesh.At[c]) < 36 {
			continue
		}
		on := p.mesh.At[a].Towards(p.mesh.At[c], p.between(0.3, 0.7))
		way := p.mesh.At[c].Minus(p.mesh.At[a]).Unit()
		return p.site(on.Plus(way.Left().Times(half[s.class]+2)), s, on, near), true
	}
	return Site{}, false
}

// streetWith is the street that has a piece.
func (p *Plan) streetWith(a, b int32) *road {
	for _, s := range p.touching[a] {
		if slices.Contains(p.touching[b], s) {
			return s
		}
	}
	return nil
}

// Partners are where shops, clinics and halls stand that serve members too: at each
// hospital of the city, and at so many places besides. Call it behind Sites.
func (p *Plan) Partners(s Sites, others int) (hospitals, rest []Site) {
	for _, q := range p.places {
		if !strings.HasSuffix(q.name, "医院") {
			continue
		}
		if at, ok := p.beside(q.block, q.name); ok {
			hospitals = append(hospitals, at)
		}
	}
	return hospitals, p.spread(others, s.Kiosk.at)
}
