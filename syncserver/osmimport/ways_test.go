package osmimport

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"yizhan/core/geo"
	"yizhan/core/walk"
)

// TestTenWays holds the lengths of the ten ways that docs/MAP.md explains.
func TestTenWays(t *testing.T) {
	graphs := map[string]*walk.Graph{}
	for _, file := range samples(t) {
		_, _, g := bring(t, file, Options{})
		graphs[strings.SplitN(filepath.Base(file), ".", 2)[0]] = g
	}
	for _, c := range []struct {
		sample   string
		from, to geo.Point
		who      walk.Profile
		metres   float64 // 0: no way leads there
	}{
		{"cn-beijing-tsinghua-2017", geo.Point{Lat: 39.999713, Lon: 116.318290}, geo.Point{Lat: 40.000859, Lon: 116.318424}, walk.Ordinary, 157.2},
		{"cn-beijing-tsinghua-2017", geo.Point{Lat: 39.999713, Lon: 116.318290}, geo.Point{Lat: 40.003705, Lon: 116.317387}, walk.Ordinary, 575.4},
		{"cn-beijing-tsinghua-2017", geo.Point{Lat: 40.000844, Lon: 116.323179}, geo.Point{Lat: 40.000429, Lon: 116.325156}, walk.Ordinary, 383.8},
		{"cn-shanghai-shu-2022", geo.Point{Lat: 31.319550, Lon: 121.390390}, geo.Point{Lat: 31.315250, Lon: 121.392210}, walk.Ordinary, 600.2},
		{"cn-shanghai-shu-2022", geo.Point{Lat: 31.318650, Lon: 121.387300}, geo.Point{Lat: 31.318470, Lon: 121.392040}, walk.Ordinary, 897.0},
		{"cn-beijing-bupt-2025", geo.Point{Lat: 39.959020, Lon: 116.350280}, geo.Point{Lat: 39.962790, Lon: 116.352760}, walk.Ordinary, 686.4},
		{"r5r-porto-alegre", geo.Point{Lat: -30.035, Lon: -51.210}, geo.Point{Lat: -30.035, Lon: -51.200}, walk.Ordinary, 1493.4},
		{"r5r-porto-alegre", geo.Point{Lat: -30.04, Lon: -51.23}, geo.Point{Lat: -30.06, Lon: -51.19}, walk.Ordinary, 5142.7},
		{"planetiler-monaco", geo.Point{Lat: 43.7392, Lon: 7.4277}, geo.Point{Lat: 43.7385, Lon: 7.4194}, walk.Ordinary, 851.1},
		{"planetiler-monaco", geo.Point{Lat: 43.7392, Lon: 7.4277}, geo.Point{Lat: 43.7385, Lon: 7.4194}, walk.Wheelchair, 0},
	} {
		g := graphs[c.sample]
		if g == nil {
			t.Logf("%s is not among the samples", c.sample)
			continue
		}
		from, near := g.Snap(c.from.Fix(), c.who)
		to, also := g.Snap(c.to.Fix(), c.who)
		r, ok := g.Route(from, to, c.who)
		crow := geo.Distance(c.from, c.to)
		t.Logf("%s %v to %v: %.1f m, of them %.1f and %.1f beside the way, %.1f minutes; %.0f m as the crow flies", c.sample, c.from, c.to, r.Metres, from.Off, to.Off, r.Minutes, crow)
		if !near || !also || ok != (c.metres > 0) || math.Abs(r.Metres-c.metres) > 0.5 || ok && r.Metres < crow-1 {
			t.Errorf("%v: %v, %.1f m; want %.1f", c, ok, r.Metres, c.metres)
		}
	}
}
