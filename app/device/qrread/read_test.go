package qrread

import (
	"bytes"
	"encoding/json"
	"image"
	"math/rand/v2"
	"os"
	"testing"

	"yizhan/core/id"
	"yizhan/core/qr"
	"yizhan/core/seal"
	"yizhan/core/ticket"
)

// sealed gives a ticket's code with fields of any length.
func sealed(t testing.TB, rnd *rand.Rand) string {
	t.Helper()
	key, err := seal.Generate(bytes.NewReader(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	x := ticket.Ticket{Deployment: rnd.Uint32() >> rnd.IntN(32), ID: id.Ticket(rnd.Uint64() >> rnd.IntN(64)), Epoch: rnd.IntN(300),
		Activity: rnd.Uint32() >> rnd.IntN(32), Pool: rnd.IntN(300), Seats: 1 + rnd.IntN(300), Station: rnd.Uint32() >> rnd.IntN(32)}
	for i := range x.Secret {
		x.Secret[i] = byte(rnd.Uint32())
	}
	code, err := ticket.Seal(key, x)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// turn gives a picture turned by a quarter.
func turn(from *image.Gray) *image.Gray {
	w, h := from.Rect.Dx(), from.Rect.Dy()
	to := image.NewGray(image.Rect(0, 0, h, w))
	for y := range h {
		for x := range w {
			to.Pix[x*to.Stride+h-1-y] = from.Pix[y*from.Stride+x]
		}
	}
	return to
}

// kept gives the codes of golden files: those of leases and of members.
func kept(t *testing.T, files ...string) (codes []string) {
	t.Helper()
	for _, name := range files {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var all []struct{ Code, Card string }
		if err := json.Unmarshal(body, &all); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, v := range all {
			codes = append(codes, v.Code)
			if v.Card != "" {
				codes = append(codes, v.Card)
			}
		}
	}
	return codes
}

// TestCleanCodes reads every code that the app draws, 200 to 720 pixels wide, from
// every side, and light on dark: all of them, or the decoder is not good enough.
func TestCleanCodes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	texts := []string{"VIDEOTEST", "https://example.org/enrol#一次一码"}
	for range 6 {
		texts = append(texts, sealed(t, rnd))
	}
	texts = append(texts, kept(t, "../../../core/ticket/testdata/leases.json", "../../../core/membercode/testdata/vectors.json")...)
	read, all := 0, 0
	for _, text := range texts {
		for pixels := 1; pixels <= 32; pixels++ {
			img, err := qr.Image(text, pixels)
			if err != nil {
				t.Fatal(err)
			}
			if img.Rect.Dx() < 200 || img.Rect.Dx() > 720 {
				continue
			}
			for _, picture := range []*image.Gray{img, invert(img)} {
				for side := range 4 {
					all++
					if got := Search(picture, Patient); got.Text == text {
						read++
					} else {
						t.Errorf("%d pixels wide, turned %d times, inverted %v: read %q", img.Rect.Dx(), side, picture != img, got.Text)
					}
					picture = turn(picture)
				}
			}
		}
	}
	t.Logf("read %d of %d", read, all)
}

// room is a frame of a camera without a code: light that falls off, and edges.
func room() *image.Gray {
	rnd := rand.New(rand.NewPCG(9, 9))
	g := plain(1280, 720, 0)
	for i := range g.Pix {
		g.Pix[i] = uint8(60 + i%1280/12 + rnd.IntN(12))
	}
	for range 60 {
		x, y, w, h, shade := rnd.IntN(1100), rnd.IntN(600), 10+rnd.IntN(170), 10+rnd.IntN(110), uint8(rnd.IntN(256))
		for row := range h {
			for col := range w {
				g.Pix[(y+row)*g.Stride+x+col] = shade
			}
		}
	}
	return g
}

// BenchmarkFrame is what a frame without a code costs: every pass, and what a frame
// of many gets.
func BenchmarkFrame(b *testing.B) {
	g := room()
	for name, effort := range map[string]func(int) Effort{"patient": func(int) Effort { return Patient }, "quick": Quick} {
		b.Run(name, func(b *testing.B) {
			for n := 0; b.Loop(); n++ {
				if found := Search(g, effort(n)); found.Text != "" || found.Seen {
					b.Fatalf("%+v in an empty room", found)
				}
			}
		})
	}
}

// FuzzSearch gives pictures of any bytes and shape to the decoder. A crash in it would
// be the program's end, not a failed test.
func FuzzSearch(f *testing.F) {
	img, err := qr.Image("HELLO", 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint8(img.Rect.Dx()), uint8(0), img.Pix)
	f.Add(uint8(33), uint8(7), img.Pix)
	f.Fuzz(func(t *testing.T, width, gap uint8, pixels []byte) {
		stride := int(width) + int(gap)
		if width == 0 || len(pixels) < stride || len(pixels) > 1<<13 {
			return
		}
		g := &image.Gray{Pix: pixels, Stride: stride, Rect: image.Rect(0, 0, int(width), len(pixels)/stride)}
		_ = Search(g, Patient) // must return
	})
}
