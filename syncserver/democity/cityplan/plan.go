// Package cityplan draws the map of a made-up southern Chinese city on a river by
// the sea from one number, as an OpenStreetMap file, with places for stations.
// Nothing in it is real.
package cityplan

import (
	"math/rand/v2"

	"yizhan/core/geo"
	"yizhan/syncserver/democity/mesh"
)

// Centre is the point of the earth around which the city lies.
var Centre = geo.Point{Lat: 24.48, Lon: 118.09}

// use is what a face or block is for.
type use uint8

const (
	homes use = iota
	offices
	trade
	works
	oldTown
	village
	country
	hill
	lake
	campus
	river
	rails
	sea
	verge
	shoreline
	park
	school
	hospital
	market
	square
)

// Plan is one city. It is not changed after New.
type Plan struct {
	r                           *rand.Rand
	land                        *terrain
	mesh                        *mesh.Mesh
	plane                       geo.Plane
	streets                     []*road
	blocks                      []*block
	shapes                      [][]mesh.Point       // of the zones, on the sheet
	ends                        map[int32]mesh.Point // where a street ends → its direction there
	joint                       map[int32]bool       // where streets meet
	touching                    map[int32][]*road    // by each of their points
	doors                       map[int32]bool       // where a drive meets a street
	isle                        mesh.Point           // the ferry's landing on the island
	coast                       []mesh.Point
	taken                       map[string]bool // beginnings of names
	places                      []spotOf        // that have a name and like a station
	schools, hospitals, squares int
	things                      []thing
	marks                       []mark
}

// thing is a way of the file, closed if its last point is its first.
type thing struct {
	nodes []int32
	tags  []string // keys and values in turns
	holes [][]int32
}

// mark is a tagged point.
type mark struct {
	node int32
	tags []string
}

// New draws the city of a number.
func New(seed int64) *Plan {
	r := rand.New(rand.NewPCG(uint64(seed), 0x706c616e)) // "plan"
	p := &Plan{r: r, land: newTerrain(r), mesh: mesh.New(), plane: geo.PlaneAt(Centre.Fix()), ends: map[int32]mesh.Point{}, joint: map[int32]bool{}, touching: map[int32][]*road{}, doors: map[int32]bool{}, taken: map[string]bool{}}
	faces := p.skeleton()
	for _, s := range p.streets {
		for _, n := range s.nodes {
			p.joint[n] = p.joint[n] || s.nodes[0] == n
		}
	}
	for _, f := range faces {
		p.settle(f)
	}
	p.nameStreets()
	p.allot()
	p.fillZones()
	p.fill()
	p.island()
	p.touch()
	p.emitWater()
	p.emitRailway()
	p.emitBeach()
	p.emitPlaces()
	p.emitStops()
	p.emitMetro()
	p.emitStreets()
	return p
}

// settle divides a face of the skeleton after what lies there.
func (p *Plan) settle(face []int32) {
	ring := p.mesh.Points(face)
	at := mesh.Centre(ring)
	u := p.useAt(ring, at)
	switch u {
	case campus:
		p.area(ring, "amenity", "university", "name", "云鹭大学")
		p.divide(face, u)
	case river, sea, rails, hill, lake, shoreline:
		p.blocks = append(p.blocks, &block{nodes: p.mesh.Around(face), ring: ring, size: mesh.Area(ring), at: at, use: u})
	default:
		p.divide(face, u)
	}
}

// touch notes which streets go through each point.
func (p *Plan) touch() {
	clear(p.touching)
	for _, s := range p.streets {
		for _, n := range p.mesh.Expand(s.nodes) {
			p.touching[n] = append(p.touching[n], s)
		}
	}
	for _, b := range p.blocks {
		b.nodes = p.mesh.Around(b.nodes)
	}
}
