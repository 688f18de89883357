package democity

import (
	"cmp"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"yizhan/core/geo"
	"yizhan/core/mappack"
	"yizhan/core/walk"
	"yizhan/syncserver/osmimport"
)

// imported brings a city's map in as a union would.
func imported(t *testing.T, c *City) (*mappack.Pack, *walk.Graph) {
	t.Helper()
	file, pack := filepath.Join(t.TempDir(), MapFile), filepath.Join(t.TempDir(), "yunlu.map")
	if err := c.WriteMap(file); err != nil {
		t.Fatal(err)
	}
	r, err := osmimport.Import(t.Context(), file, pack, osmimport.Options{About: mappack.About{Area: "yunlu", Name: "云鹭市"}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Missing+r.Broken > 0 {
		t.Errorf("%d points are missing, %d areas do not close", r.Missing, r.Broken)
	}
	p, err := mappack.Open(pack, "yunlu")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	body, err := p.Graph()
	if err != nil {
		t.Fatal(err)
	}
	g, err := walk.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.0f km², %d bytes, %d features, %.0f km on foot", p.Box.Area()/1e6, p.Size, r.Features, r.Metres/1000)
	if p.Size > 5_000_000 || p.Box.Area() < 100e6 || p.Box.Area() > 180e6 {
		t.Errorf("the pack has %d bytes for %.0f km²", p.Size, p.Box.Area()/1e6)
	}
	return p, g
}

// ranked is a station with its way on foot from the kiosk, -1 for none.
type ranked struct {
	i      int
	metres float64
}

// rank ranks stations by their way on foot from the kiosk.
func rank(t *testing.T, g *walk.Graph, at []geo.Point) []ranked {
	t.Helper()
	from, ok := g.Snap(at[0].Fix(), walk.Ordinary)
	if !ok {
		t.Fatal("the kiosk stands beside no way")
	}
	var out []ranked
	var spots []walk.Spot
	for i, p := range at {
		if s, ok := g.Snap(p.Fix(), walk.Ordinary); ok {
			out, spots = append(out, ranked{i, 0}), append(spots, s)
		}
	}
	for k, trip := range g.Rank(from, spots, walk.Ordinary) {
		if out[k].metres = trip.Metres; trip.Metres < 0 {
			out[k].metres = math.Inf(1)
		}
	}
	slices.SortFunc(out, func(a, b ranked) int { return cmp.Compare(a.metres, b.metres) })
	return out
}

// TestNearestStations is scenario O of the field notes, on foot, through the importer:
// from the kiosk the nearest station is 96 m away, two more are within 500 m, all but
// the island and the remote district can be walked to, and whichever datum
// the places come in, their order is the same.
func TestNearestStations(t *testing.T) {
	for _, seed := range []int64{5} {
		c, err := New(Options{Seed: seed, Now: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		_, g := imported(t, c)
		truth := make([]geo.Point, len(c.Stations))
		count := map[string]int{}
		for _, p := range c.Partners {
			at, err := geo.Point{Lat: p.Lat, Lon: p.Lon}.To(geo.WGS84, geo.Datum(p.Datum))
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := g.Snap(at.Fix(), walk.Ordinary); !ok {
				t.Errorf("%s %s stands beside no way", p.ID, p.Name)
			}
		}
		for i, s := range c.Stations {
			for _, v := range []string{s.Kind, s.Datum, s.Status} {
				count[v]++
			}
			if truth[i], err = (geo.Point{Lat: s.Lat, Lon: s.Lon}).To(geo.WGS84, geo.Datum(s.Datum)); err != nil {
				t.Fatal(err)
			}
		}
		if len(c.Stations) != 312 || count["care"] != 240 || count["service"] != 42 || count["home"] != 30 || count["关闭"] != 6 ||
			count["GCJ02"] < 180 || count["BD09"] < 90 || count["WGS84"] < 30 || c.Stations[0].Datum == c.Stations[1].Datum {
			t.Errorf("%v", count)
		}
		order := rank(t, g, truth)
		if n := order[1]; c.Stations[n.i].ID != c.Near || math.Abs(n.metres-96) > 1 {
			t.Errorf("seed %d: the nearest is %s, %.1f m away; want %s at 96", seed, c.Stations[n.i].ID, n.metres, c.Near)
		}
		if order[3].metres >= 500 || order[4].metres < 500 {
			t.Errorf("seed %d: the next are %v", seed, order[2:5])
		}
		if len(order) != 311 || order[310].i != island || !math.IsInf(order[310].metres, 1) || math.IsInf(order[309].metres, 1) {
			t.Errorf("seed %d: %d stations are near a way, the last %v", seed, len(order), order[len(order)-3:])
		}
		for _, datum := range []geo.Datum{geo.WGS84, geo.GCJ02, geo.BD09} {
			again := make([]geo.Point, len(truth))
			for i, p := range truth {
				lat, lon := project(string(datum), p)
				if again[i], err = (geo.Point{Lat: lat, Lon: lon}).To(geo.WGS84, datum); err != nil {
					t.Fatal(err)
				}
			}
			for k, r := range rank(t, g, again) { // two that are as good as equally far may change places
				if r.i != order[k].i && math.Abs(r.metres-order[k].metres) > 0.6 {
					t.Errorf("seed %d: from %s, place %d is %s, not %s", seed, datum, k, c.Stations[r.i].ID, c.Stations[order[k].i].ID)
				}
			}
		}
	}
}
