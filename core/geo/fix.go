package geo

import "math"

// Fix is a WGS84 point in ten-millionths of a degree, about a centimetre: the
// grid that OpenStreetMap keeps, in half the memory of a Point.
type Fix struct{ Lat, Lon int32 }

// Fix gives the nearest point of the grid.
func (p Point) Fix() Fix {
	return Fix{int32(math.Round(p.Lat * 1e7)), int32(math.Round(p.Lon * 1e7))}
}

// Point gives the fix in degrees.
func (f Fix) Point() Point { return Point{float64(f.Lat) / 1e7, float64(f.Lon) / 1e7} }

// Box is a part of the world from its south-west to its north-east corner, both
// inside. It never crosses the 180th meridian.
type Box struct{ Min, Max Fix }

// NoBox holds nothing; With makes it grow.
func NoBox() Box {
	return Box{Fix{math.MaxInt32, math.MaxInt32}, Fix{math.MinInt32, math.MinInt32}}
}

// Empty reports whether the box holds no point.
func (b Box) Empty() bool { return b.Min.Lat > b.Max.Lat || b.Min.Lon > b.Max.Lon }

// With gives the smallest box that also holds f.
func (b Box) With(f Fix) Box {
	return Box{Fix{min(b.Min.Lat, f.Lat), min(b.Min.Lon, f.Lon)}, Fix{max(b.Max.Lat, f.Lat), max(b.Max.Lon, f.Lon)}}
}

// Holds reports whether f lies in the box.
func (b Box) Holds(f Fix) bool {
	return f.Lat >= b.Min.Lat && f.Lat <= b.Max.Lat && f.Lon >= b.Min.Lon && f.Lon <= b.Max.Lon
}

// Meets reports whether the boxes share a point.
func (b Box) Meets(o Box) bool {
	return !b.Empty() && !o.Empty() && b.Min.Lat <= o.Max.Lat && o.Min.Lat <= b.Max.Lat && b.Min.Lon <= o.Max.Lon && o.Min.Lon <= b.Max.Lon
}

// Area is the size of the box in square metres.
func (b Box) Area() float64 {
	if b.Empty() {
		return 0
	}
	sw, ne := b.Min.Point(), b.Max.Point()
	return Distance(sw, Point{ne.Lat, sw.Lon}) * Distance(Point{(sw.Lat + ne.Lat) / 2, sw.Lon}, Point{(sw.Lat + ne.Lat) / 2, ne.Lon})
}

// Plane lays the surroundings of a point flat: metres east and north of it. It
// errs by less than a thousandth within a city.
type Plane struct {
	origin     Fix
	perLat     float64 // metres of a ten-millionth of a degree to the north
	perLonHere float64
}

// PlaneAt gives the plane that touches the earth at f.
func PlaneAt(f Fix) Plane {
	step := earth * math.Pi / 180 / 1e7
	return Plane{f, step, step * math.Cos(radians(f.Point().Lat))}
}

// XY is where a point lies on the plane.
func (p Plane) XY(f Fix) (east, north float64) {
	return float64(int64(f.Lon)-int64(p.origin.Lon)) * p.perLonHere, float64(int64(f.Lat)-int64(p.origin.Lat)) * p.perLat
}

// Fix is the point at a place of the plane.
func (p Plane) Fix(east, north float64) Fix {
	return Fix{p.origin.Lat + int32(math.Round(north/p.perLat)), p.origin.Lon + int32(math.Round(east/p.perLonHere))}
}

// Bearing is the direction from one point to another near it, in degrees
// clockwise from north, 0 to 360.
func Bearing(from, to Fix) float64 {
	x, y := PlaneAt(from).XY(to)
	return math.Mod(math.Atan2(x, y)*180/math.Pi+360, 360)
}
