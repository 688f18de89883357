package democity

import (
	"math"
	"slices"
	"testing"
	"time"
)

// TestDatums holds the two shifts against published pairs of points.
func TestDatums(t *testing.T) {
	for _, p := range []struct{ lat, lon, wantLat, wantLon float64 }{
		{31.1774276, 121.5272106, 31.17530398364597, 121.531541859215},
		{22.543847, 113.912316, 22.540796131694766, 113.9171764808363},
		{39.911954, 116.377817, 39.91334545536069, 116.38404722455657},
	} {
		if lat, lon := toGCJ02(p.lat, p.lon); math.Abs(lat-p.wantLat) > 1e-7 || math.Abs(lon-p.wantLon) > 1e-7 {
			t.Errorf("GCJ02 of %v, %v is %v, %v; want %v, %v", p.lat, p.lon, lat, lon, p.wantLat, p.wantLon)
		}
	}
	if lat, lon := toBD09(39.915, 116.404); math.Abs(lat-39.92133699351021) > 1e-9 || math.Abs(lon-116.41036949371029) > 1e-9 {
		t.Errorf("BD09 is %v, %v", lat, lon)
	}
}

// toWGS84 undoes project by iteration.
func toWGS84(datum string, lat, lon float64) (float64, float64) {
	a, o := lat, lon
	for range 20 {
		x, y := a, o
		switch datum {
		case "GCJ02":
			x, y = toGCJ02(a, o)
		case "BD09":
			x, y = toBD09(toGCJ02(a, o))
		}
		a, o = a+lat-x, o+lon-y
	}
	return a, o
}

// TestNearestStations is scenario O of the field notes: from the kiosk the
// nearest station is 96 m away and exactly two more are within 500 m, once the
// three datums are undone.
func TestNearestStations(t *testing.T) {
	c, err := New(Options{Seed: 5, Now: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	var metres []float64
	lat0, lon0 := toWGS84(c.Stations[0].Datum, c.Stations[0].Lat, c.Stations[0].Lon)
	for i, s := range c.Stations {
		count[s.Kind]++
		count[s.Datum]++
		count[s.Status]++
		lat, lon := toWGS84(s.Datum, s.Lat, s.Lon)
		d := math.Hypot(lat-lat0, (lon-lon0)*math.Cos(lat0*math.Pi/180)) * math.Pi / 180 * earth
		if metres = append(metres, d); i == 1 && math.Abs(d-96) > 0.5 {
			t.Errorf("%s is %.1f m away, want 96", s.ID, d)
		}
	}
	slices.Sort(metres)
	if metres[1] < 95 || metres[3] >= 500 || metres[4] < 500 || metres[311] < 59_000 {
		t.Errorf("distances %v … %v", metres[:6], metres[311])
	}
	if len(c.Stations) != 312 || count["爱心驿站"] != 240 || count["职工服务站"] != 42 || count["共享职工之家"] != 30 || count["关闭"] != 6 ||
		count["GCJ02"] < 180 || count["BD09"] < 90 || count["WGS84"] < 30 || c.Stations[0].Datum == c.Stations[1].Datum {
		t.Errorf("%v", count)
	}
}
