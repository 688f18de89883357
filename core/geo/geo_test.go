package geo

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func to(t rapid.TB, p Point, want, from Datum) Point {
	t.Helper()
	q, err := p.To(want, from)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// TestKnownPoints holds the two shifts against published pairs of points.
func TestKnownPoints(t *testing.T) {
	for _, c := range []struct {
		to, from Datum
		p, want  Point
	}{
		{GCJ02, WGS84, Point{39.915, 116.404}, Point{39.91640428150164, 116.41024449916938}},
		{GCJ02, WGS84, Point{31.1774276, 121.5272106}, Point{31.17530398364597, 121.531541859215}},
		{GCJ02, WGS84, Point{22.543847, 113.912316}, Point{22.540796131694766, 113.9171764808363}},
		{GCJ02, WGS84, Point{39.911954, 116.377817}, Point{39.91334545536069, 116.38404722455657}},
		{BD09, GCJ02, Point{39.915, 116.404}, Point{39.92133699351021, 116.41036949371029}},
	} {
		if got := to(t, c.p, c.to, c.from); math.Abs(got.Lat-c.want.Lat) > 1e-7 || math.Abs(got.Lon-c.want.Lon) > 1e-7 {
			t.Errorf("%v from %s to %s: %v, want %v", c.p, c.from, c.to, got, c.want)
		}
	}
}

func TestThereAndBack(t *testing.T) {
	datums := []Datum{WGS84, GCJ02, BD09}
	rapid.Check(t, func(t *rapid.T) {
		p := Point{rapid.Float64Range(3.8, 53.6).Draw(t, "lat"), rapid.Float64Range(73.5, 135.1).Draw(t, "lon")}
		from, via := rapid.SampledFrom(datums).Draw(t, "from"), rapid.SampledFrom(datums).Draw(t, "via")
		q := to(t, to(t, p, via, from), from, via)
		if d := Distance(p, q); d > 0.001 {
			t.Fatalf("%v %s went to %s and came back %f m away", p, from, via, d)
		}
		if d := Distance(to(t, p, GCJ02, WGS84), p); d < 1 || d > 1200 {
			t.Fatalf("GCJ02 is off by %f m at %v", d, p)
		}
	})
}

func TestOutsideChinaNothingMoves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Point{rapid.Float64Range(-90, 90).Draw(t, "lat"), rapid.Float64Range(-180, 180).Draw(t, "lon")}
		if InChina(p) {
			return
		}
		if q := to(t, p, GCJ02, WGS84); q != p {
			t.Fatalf("%v moved to %v", p, q)
		}
		if q := to(t, p, WGS84, GCJ02); q != p {
			t.Fatalf("%v came back as %v", p, q)
		}
		if math.Abs(p.Lat) > 89 || math.Abs(p.Lon) > 179 || math.Hypot(p.Lat, p.Lon) < 1 {
			return // Baidu's own shift is everywhere, leads over the edge of the map, and turns around 0, 0
		}
		if q := to(t, to(t, p, BD09, GCJ02), GCJ02, BD09); Distance(p, q) > 0.01 {
			t.Fatalf("%v went to BD09 and came back %f m away", p, Distance(p, q))
		}
	})
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		p        Point
		to, from Datum
	}{
		{Point{39, 116}, "", WGS84}, {Point{39, 116}, GCJ02, "CGCS"}, {Point{91, 0}, GCJ02, WGS84}, {Point{0, 181}, WGS84, WGS84}, {Point{math.NaN(), 0}, WGS84, WGS84},
	} {
		if q, err := c.p.To(c.to, c.from); err == nil {
			t.Errorf("%v from %q to %q gave %v", c.p, c.from, c.to, q)
		}
	}
}

func TestDistance(t *testing.T) {
	p := Point{24.48, 118.09}
	for _, metres := range []float64{0, 1, 96, 60_000} {
		for bearing := 0.0; bearing < 360; bearing += 45 {
			if d := Distance(p, Offset(p, metres, bearing)); math.Abs(d-metres) > 0.003*metres {
				t.Errorf("%v m towards %v° is %v m away", metres, bearing, d)
			}
		}
	}
	// A degree of latitude on a sphere of this radius.
	if d := Distance(Point{0, 0}, Point{1, 0}); math.Abs(d-111_195.08) > 0.01 {
		t.Errorf("a degree is %v m", d)
	}
}
