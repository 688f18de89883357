// Package geo is about places on the earth: the three coordinate systems that
// Chinese maps use, and distance. A point keeps the numbers and the datum that
// it came with; other systems are computed from them, never stored over them.
package geo

import (
	"fmt"
	"math"
)

// Datum is the coordinate system of a point.
type Datum string

// Datums. GPS and OpenStreetMap are WGS84; Amap, Tencent and Google in China
// GCJ02; Baidu BD09.
const (
	WGS84 Datum = "WGS84"
	GCJ02 Datum = "GCJ02"
	BD09  Datum = "BD09"
)

// Point is a place in degrees, in a datum that its holder knows.
type Point struct{ Lat, Lon float64 }

// To gives a point of one datum in another. The way back is exact to well under
// a millimetre. The error names a datum that does not exist, or numbers that are
// no place.
func (p Point) To(to, from Datum) (Point, error) {
	if !(math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 180) { // not a number is no place either
		return Point{}, fmt.Errorf("%v, %v is no place: latitude is at most 90, longitude at most 180 degrees", p.Lat, p.Lon)
	}
	for _, d := range []Datum{to, from} {
		if d != WGS84 && d != GCJ02 && d != BD09 {
			return Point{}, fmt.Errorf("datum %q is none of WGS84, GCJ02, BD09", d)
		}
	}
	if from == to {
		return p, nil
	}
	if from == BD09 {
		p = invert(gcjToBD, p)
	}
	switch {
	case to == WGS84 && InChina(p):
		return invert(offset, p), nil
	case from == WGS84 && InChina(p):
		p = offset(p)
	}
	if to == BD09 {
		p = gcjToBD(p)
	}
	return p, nil
}

// InChina reports whether GCJ02 differs from WGS84 at a point: inside the box that
// the published approximation covers.
func InChina(p Point) bool {
	return p.Lon >= 72.004 && p.Lon <= 137.8347 && p.Lat >= 0.8293 && p.Lat <= 55.8271
}

// invert finds the point that there maps to p: both offsets change so slowly that
// each round leaves less than a hundredth of the error.
func invert(there func(Point) Point, p Point) Point {
	q := p
	for range 12 {
		r := there(q)
		q.Lat += p.Lat - r.Lat
		q.Lon += p.Lon - r.Lon
	}
	return q
}

// offset is the published approximation of the Chinese map offset: a sum of sine
// waves over the distance from 35° N 105° E, on the Krasovsky ellipsoid.
func offset(p Point) Point {
	const a, e2 = 6378245.0, 0.00669342162296594323
	x, y := p.Lon-105, p.Lat-35
	wave := func(amplitude, of float64) float64 { return amplitude * math.Sin(of*math.Pi) * 2 / 3 }
	both := wave(20, 6*x) + wave(20, 2*x)
	north := -100 + 2*x + 3*y + 0.2*y*y + 0.1*x*y + 0.2*math.Sqrt(math.Abs(x)) + both + wave(20, y) + wave(40, y/3) + wave(160, y/12) + wave(320, y/30)
	east := 300 + x + 2*y + 0.1*x*x + 0.1*x*y + 0.1*math.Sqrt(math.Abs(x)) + both + wave(20, x) + wave(40, x/3) + wave(150, x/12) + wave(300, x/30)
	phi := p.Lat * math.Pi / 180
	m := 1 - e2*math.Sin(phi)*math.Sin(phi)
	return Point{p.Lat + north*180*m*math.Sqrt(m)/(a*(1-e2)*math.Pi), p.Lon + east*180*math.Sqrt(m)/(a*math.Cos(phi)*math.Pi)}
}

// gcjToBD adds Baidu's own turn and shift.
func gcjToBD(p Point) Point {
	const k = math.Pi * 3000 / 180
	r := math.Hypot(p.Lon, p.Lat) + 0.00002*math.Sin(p.Lat*k)
	t := math.Atan2(p.Lat, p.Lon) + 0.000003*math.Cos(p.Lon*k)
	return Point{r*math.Sin(t) + 0.006, r*math.Cos(t) + 0.0065}
}
