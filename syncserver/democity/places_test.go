package democity

import (
	"math"
	"slices"
	"testing"
	"time"

	"yizhan/core/geo"
	"yizhan/syncserver/roster"
)

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
	at := func(s roster.Station) geo.Point {
		p, err := geo.Point{Lat: s.Lat, Lon: s.Lon}.To(geo.WGS84, geo.Datum(s.Datum))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	kiosk := at(c.Stations[0])
	for i, s := range c.Stations {
		count[s.Kind]++
		count[s.Datum]++
		count[s.Status]++
		d := geo.Distance(kiosk, at(s))
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
