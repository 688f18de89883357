package qrread

import (
	"image"
	"math/rand/v2"
	"testing"

	"yizhan/core/qr"
)

// on puts a picture onto a larger one.
func on(ground, picture *image.Gray, x, y int) *image.Gray {
	for row := range picture.Rect.Dy() {
		copy(ground.Pix[(y+row)*ground.Stride+x:], picture.Pix[row*picture.Stride:row*picture.Stride+picture.Rect.Dx()])
	}
	return ground
}

func plain(w, h int, shade uint8) *image.Gray {
	g := image.NewGray(image.Rect(0, 0, w, h))
	for i := range g.Pix {
		g.Pix[i] = shade
	}
	return g
}

func TestSeen(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for n := range 10 {
		text := sealed(t, rnd)
		for _, pixels := range []int{2, 3, 5, 8} {
			code, err := qr.Image(text, pixels)
			if err != nil {
				t.Fatal(err)
			}
			for side := range 4 {
				if !seen(on(plain(1280, 720, 140), code, 300+n*7, 60)) {
					t.Errorf("code %d at %d pixels a module, turned %d times, is not seen", n, pixels, side)
				}
				code = turn(code)
			}
		}
	}
}

// What is no code must not ask people to come nearer.
func TestNotSeen(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	noise, cloth, text := plain(1280, 720, 0), plain(1280, 720, 0), plain(1280, 720, 255)
	for i := range noise.Pix {
		noise.Pix[i] = uint8(rnd.Uint32())
		if x, y := i%1280, i/1280; (x/12+y/12)%2 == 0 {
			cloth.Pix[i] = 255
		}
	}
	for y := 20; y < 700; y += 24 { // strokes of random length in lines, as of Chinese text
		for x := 20; x < 1200; x += 3 + rnd.IntN(9) {
			for dy := range 2 + rnd.IntN(14) {
				for dx := range 1 + rnd.IntN(3) {
					text.Pix[(y+dy)*text.Stride+x+dx] = 20
				}
			}
		}
	}
	for name, g := range map[string]*image.Gray{"noise": noise, "chequered cloth": cloth, "text": text, "nothing": plain(1280, 720, 90), "a line": plain(1280, 1, 0), "a pixel": plain(1, 1, 0)} {
		if seen(g) {
			t.Errorf("%s is seen as a code", name)
		}
	}
}

func BenchmarkSeen(b *testing.B) {
	rnd := rand.New(rand.NewPCG(7, 8))
	noise := plain(1280, 720, 0)
	for i := range noise.Pix {
		noise.Pix[i] = uint8(rnd.Uint32())
	}
	for b.Loop() {
		seen(noise)
	}
}
