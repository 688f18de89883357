package mappack

import (
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestSorter: however few entries fit into memory, all come out, in order.
func TestSorter(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		small := rapid.Int32Range(-3, 3)
		n := rapid.IntRange(0, 60).Draw(t, "n")
		s := sorter{dir: dir, most: rapid.IntRange(1, 20).Draw(t, "in memory")}
		var want []spooled
		for i := range n {
			e := spooled{uint8(rapid.IntRange(0, 2).Draw(t, "depth")), Class(rapid.IntRange(0, 3).Draw(t, "class")), small.Draw(t, "row"), small.Draw(t, "column"), int64(i) << 33, uint32(i)}
			want = append(want, e)
			if err := s.add(e); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortFunc(want, spooled.compare)
		var got []spooled
		if err := s.each(func(e spooled) error { got = append(got, e); return nil }); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%v, %v; want %v", got, err, want)
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
	})
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}
