package osmimport

import (
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/geo"
)

// TestLocations compares with a map: ids in any order, some twice, in several runs.
func TestLocations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, want := locations{}, map[int64]geo.Fix{}
		for _, id := range rapid.SliceOf(rapid.Int64Range(-300, 300)).Draw(t, "ids") {
			f := geo.Fix{Lat: rapid.Int32Range(-9e8, 9e8).Draw(t, "lat"), Lon: rapid.Int32Range(-18e8, 18e8).Draw(t, "lon")}
			if l.add(id, f); rapid.IntRange(0, 20).Draw(t, "run") == 0 {
				l.pack()
			}
			want[id] = f
		}
		l.done()
		for id := int64(-301); id < 302; id++ {
			f, ok := l.find(id)
			if w, there := want[id]; ok != there || f != w {
				t.Fatalf("node %d: %v %v, want %v %v", id, f, ok, w, there)
			}
		}
	})
}
