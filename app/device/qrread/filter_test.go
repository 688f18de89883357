package qrread

import (
	"image"
	"math/rand/v2"
	"testing"
)

// TestAround compares the sliding sums with the plain ones.
func TestAround(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, size := range []image.Point{{1, 1}, {7, 1}, {1, 9}, {13, 8}, {40, 30}} {
		from := &image.Gray{Pix: make([]uint8, (size.X+5)*size.Y), Stride: size.X + 5, Rect: image.Rectangle{Max: size}}
		for i := range from.Pix {
			from.Pix[i] = uint8(rnd.Uint32())
		}
		for _, reach := range []int{0, 1, 3, 20} {
			got := soften(from, reach)
			for y := range size.Y {
				for x := range size.X {
					sum, n := 0, 0
					for yy := max(0, y-reach); yy <= min(size.Y-1, y+reach); yy++ {
						for xx := max(0, x-reach); xx <= min(size.X-1, x+reach); xx++ {
							sum += int(from.GrayAt(xx, yy).Y)
							n++
						}
					}
					if int(got.GrayAt(x, y).Y) != sum/n {
						t.Fatalf("%v, reach %d: %d at %d,%d, want %d", size, reach, got.GrayAt(x, y).Y, x, y, sum/n)
					}
				}
			}
		}
	}
}

func TestFilters(t *testing.T) {
	ramp := plain(200, 100, 0) // light falls off to the left, with dark dots upon it
	for y := range 100 {
		for x := range 200 {
			ramp.Pix[y*200+x] = uint8(55 + x)
			if x%20 < 4 && y%20 < 4 {
				ramp.Pix[y*200+x] -= 40
			}
		}
	}
	flat := level(ramp, 8, 10)
	for y := range 100 {
		for x := range 200 {
			if dot := x%20 < 4 && y%20 < 4; dot != (flat.GrayAt(x, y).Y == 0) {
				t.Fatalf("level: %d at %d,%d", flat.GrayAt(x, y).Y, x, y)
			}
		}
	}
	edge := plain(20, 20, 100)
	for i := range edge.Pix {
		if i%20 >= 10 {
			edge.Pix[i] = 150
		}
	}
	if sharp := sharpen(edge, 2, 2); sharp.GrayAt(9, 5).Y >= 100 || sharp.GrayAt(10, 5).Y <= 150 || sharp.GrayAt(2, 5).Y != 100 {
		t.Errorf("sharpen: %v", sharp.Pix[:20])
	}
	turned := tilt(tilt(edge, 45), 45)
	x, y := turned.Rect.Dx()/2, turned.Rect.Dy()/2
	if up, down := turned.GrayAt(x, y-5).Y, turned.GrayAt(x, y+5).Y; max(up, down) < 140 || min(up, down) > 110 {
		t.Errorf("a quarter in two turns: %d above and %d below", up, down)
	}
	for _, size := range []image.Point{{1, 1}, {300, 1}, {2, 2}} {
		tilt(plain(size.X, size.Y, 9), 25) // must return
	}
}

func TestFit(t *testing.T) {
	from := plain(100, 50, 0)
	for i := range from.Pix {
		from.Pix[i] = uint8(i % 100)
	}
	for _, c := range []struct{ side, w, h int }{{100, 100, 50}, {200, 100, 50}, {50, 50, 25}, {33, 33, 16}, {1, 1, 1}} {
		got := Fit(from, c.side)
		if got.Rect.Dx() != c.w || got.Rect.Dy() != c.h {
			t.Errorf("to %d: %v", c.side, got.Rect)
		}
		if v := int(got.GrayAt(c.w/2, 0).Y); v < 46 || v > 52 {
			t.Errorf("to %d: the middle is %d", c.side, v)
		}
	}
	got := Fit(from, 100)
	if got.Pix[0] = 77; from.Pix[0] == 77 {
		t.Error("Fit gave the picture itself")
	}
}
