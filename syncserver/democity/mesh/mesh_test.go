package mesh

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var frame = []Point{{0, 0}, {1000, 0}, {1000, 1000}, {0, 1000}}

// TestFacesFillTheFrame: whatever lines cross a frame, the faces between them cover it
// without gaps or overlaps, but for what welding moves.
func TestFacesFillTheFrame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := [][]Point{append(slices.Clone(frame), frame[0])}
		starts := rapid.Permutation([]float64{100, 300, 500, 700, 900}).Draw(t, "west")
		for i, y := range starts[:rapid.IntRange(1, 5).Draw(t, "lines")] { // which cross each other, but nowhere run side by side
			bow := rapid.Float64Range(-20, 20).Draw(t, "bow")
			to := 100 + 200*float64(i)
			lines = append(lines, []Point{{-50, y}, {480, (y+to)/2 + bow}, {1050, to}})
		}
		for x := range rapid.IntRange(0, 3).Draw(t, "columns") {
			lines = append(lines, []Point{{200 + 250*float64(x), -50}, {260 + 250*float64(x), 1050}})
		}
		m := New()
		paths := m.Trim(m.Cross(lines))
		inside := m.Trim(slices.Clone(paths))
		sum := 0.0
		for _, f := range m.Faces(inside) {
			if slices.ContainsFunc(m.Points(f), func(p Point) bool {
				return p.X < -weld || p.X > 1000+weld || p.Y < -weld || p.Y > 1000+weld
			}) {
				continue // between two lines that cross outside the frame
			}
			sum += Area(m.Points(f))
		}
		if math.Abs(sum-1e6) > 12_000 {
			t.Fatalf("faces cover %.0f of 1000000 m²", sum)
		}
	})
}

// TestSplitIsSeenFromBothSides: points that are put into a piece, also into one that was
// split before, stand in order on every line that has it.
func TestSplitIsSeenFromBothSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := New()
		a, b := m.Add(Point{0, 0}), m.Add(Point{100, 0})
		m.SetKind([]int32{a, b}, 7)
		for _, x := range rapid.SliceOfNDistinct(rapid.IntRange(1, 99), 1, 20, rapid.ID).Draw(t, "places") {
			m.Split(a, b, Point{float64(x), 0})
		}
		line := m.Expand([]int32{a, b})
		if !slices.IsSortedFunc(m.Points(line), func(p, q Point) int { return int(p.X - q.X) }) || len(line) != len(m.At) {
			t.Fatalf("%v", m.Points(line))
		}
		back := m.Expand([]int32{b, a})
		slices.Reverse(back)
		if !slices.Equal(line, back) {
			t.Fatal("another order from the other side")
		}
		for i := 1; i < len(line); i++ {
			if m.Kind(line[i], line[i-1]) != 7 {
				t.Fatal("a half lost its kind")
			}
		}
	})
}

// TestInset: a ring whose sides moved inwards lies inside, about so far from it.
func TestInset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ring []Point
		n := rapid.IntRange(3, 9).Draw(t, "corners")
		for i := range n {
			r := rapid.Float64Range(80, 120).Draw(t, "r")
			ring = append(ring, Heading(2*math.Pi*float64(i)/float64(n)).Times(r))
		}
		by := rapid.Float64Range(1, 15).Draw(t, "by")
		in := Inset(ring, func(int) float64 { return by })
		for _, p := range in {
			if !Inside(ring, p) || Gap(ring, p) < 0.6*by {
				t.Fatalf("%v is %.1f m from the ring, want %.1f", p, Gap(ring, p), by)
			}
		}
		if in != nil && Area(in) >= Area(ring) {
			t.Fatal("it did not become smaller")
		}
	})
	square := Inset(frame, func(i int) float64 { return float64(10 * (i + 1)) })
	if want := []Point{{40, 10}, {980, 10}, {980, 970}, {40, 970}}; !slices.Equal(square, want) {
		t.Errorf("%v, want %v", square, want)
	}
}
