// Package mappack is the map that a device carries: one SQLite file with all that
// is drawn, at three depths of detail, and the walking graph, sealed by a hash.
package mappack

import (
	"encoding/binary"
	"errors"

	"yizhan/core/geo"
)

// Class says what a feature is. The numbers stand in packs: only add.
type Class uint8

// Classes, roughly from the bottom of the drawing to its top.
const (
	Land Class = iota // an island within sea
	Sea
	Green  // parks, grass, woods
	Campus // schools, hospitals, works
	Sand
	Water
	Stream
	Square // paved, for people on foot
	Pitch
	Building
	Barrier
	Subway
	Rail
	FootPath
	StepsPath
	ServiceRoad
	SideStreet
	Tertiary
	Secondary
	Primary
	Trunk
	Motorway
	City // named places
	Suburb
	Quarter
	Stop // of buses and trains
	Poi
	classes
)

// Classes is how many classes this program knows; a newer map may hold more.
const Classes = int(classes)

// Feature is one thing to draw. A place has one ring of one point; a line has
// rings with two and more; an area has closed rings without their last point, the
// outer ones and the holes alike: what an odd number of rings encloses is inside.
type Feature struct {
	Class Class
	Area  bool
	Name  string
	Rings [][]geo.Fix
}

// Box is the smallest box around the feature.
func (f *Feature) Box() geo.Box {
	b := geo.NoBox()
	for _, ring := range f.Rings {
		for _, p := range ring {
			b = b.With(p)
		}
	}
	return b
}

// depth is one of the three depths of detail.
type depth struct {
	from, to  int     // zooms at which it is drawn
	grid      int32   // ten-millionths of a degree between two places
	tolerance float64 // metres that a simplified line may stray
	least     float64 // metres that an area's box must have in one direction
	classes   []Class // that it holds; nil for all
	cell      int32   // ten-millionths of a degree of a chunk's square
}

// MaxZoom is the nearest that the map is drawn.
const MaxZoom = 20

var depths = []depth{
	{from: 15, to: MaxZoom, grid: 10, cell: 100_000},
	{from: 13, to: 14, grid: 50, tolerance: 3, least: 40, cell: 400_000, classes: []Class{Land, Sea, Green, Campus, Sand, Water, Stream, Building,
		Rail, SideStreet, Tertiary, Secondary, Primary, Trunk, Motorway, City, Suburb, Quarter, Stop}},
	{from: 0, to: 12, grid: 200, tolerance: 15, least: 200, cell: 3_200_000, classes: []Class{Land, Sea, Green, Water, Rail, Secondary, Primary, Trunk, Motorway, City, Suburb}},
}

// append writes a feature after others of its chunk: class·2 + area, name, rings;
// coordinates are differences on the depth's grid, from the chunk's corner on.
func (f *Feature) append(b []byte, origin geo.Fix, grid int32) []byte {
	kind := uint64(f.Class) << 1
	if f.Area {
		kind |= 1
	}
	b = binary.AppendUvarint(b, kind)
	b = binary.AppendUvarint(b, uint64(len(f.Name)))
	b = append(b, f.Name...)
	b = binary.AppendUvarint(b, uint64(len(f.Rings)))
	lat, lon := int64(0), int64(0)
	for _, ring := range f.Rings {
		b = binary.AppendUvarint(b, uint64(len(ring)))
		for _, p := range ring {
			y, x := snap(p.Lat, origin.Lat, grid), snap(p.Lon, origin.Lon, grid)
			b = binary.AppendVarint(binary.AppendVarint(b, y-lat), x-lon)
			lat, lon = y, x
		}
	}
	return b
}

// snap is the nearest place on the grid, counted from the origin.
func snap(v, origin, grid int32) int64 {
	d := int64(v) - int64(origin)
	if d < 0 {
		return -((-d + int64(grid)/2) / int64(grid))
	}
	return (d + int64(grid)/2) / int64(grid)
}

var errFeature = errors.New("read map: a feature is damaged; fetch the map again")

// cursor takes numbers off the front of a chunk.
type cursor struct{ b []byte }

func (c *cursor) number(most uint64) (uint64, error) {
	v, n := binary.Uvarint(c.b)
	if n <= 0 || v > most {
		return 0, errFeature
	}
	c.b = c.b[n:]
	return v, nil
}

func (c *cursor) difference() (int64, error) {
	v, err := c.number(1 << 40)
	return int64(v>>1) ^ -int64(v&1), err
}

// read takes the next feature off a chunk, into the memory that f has.
func (c *cursor) read(f *Feature, origin geo.Fix, grid int32) error {
	kind, err := c.number(511)
	if err != nil {
		return err
	}
	f.Class, f.Area, f.Rings = Class(kind>>1), kind&1 == 1, f.Rings[:0]
	n, err := c.number(uint64(len(c.b)))
	if err != nil || n > uint64(len(c.b)) {
		return errFeature
	}
	f.Name, c.b = string(c.b[:n]), c.b[n:]
	if n, err = c.number(uint64(len(c.b))); err != nil {
		return err
	}
	lat, lon := int64(0), int64(0)
	for range n {
		points, err := c.number(uint64(len(c.b) / 2))
		if err != nil {
			return err
		}
		var ring []geo.Fix
		if k := len(f.Rings); k < cap(f.Rings) {
			ring = f.Rings[: k+1 : cap(f.Rings)][k][:0]
		}
		for range points {
			dy, err := c.difference()
			if err != nil {
				return err
			}
			dx, err := c.difference()
			if err != nil {
				return err
			}
			lat, lon = lat+dy, lon+dx
			ring = append(ring, geo.Fix{Lat: int32(int64(origin.Lat) + lat*int64(grid)), Lon: int32(int64(origin.Lon) + lon*int64(grid))})
		}
		f.Rings = append(f.Rings, ring)
	}
	return nil
}
