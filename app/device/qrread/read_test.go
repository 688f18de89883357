package qrread

import (
	"bytes"
	"image"
	"math/rand/v2"
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

// TestCleanCodes reads every code that the app draws, 200 to 720 pixels wide, from
// every side, and light on dark: all of them, or the decoder is not good enough.
func TestCleanCodes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	texts := []string{"VIDEOTEST", "https://example.org/enrol#一次一码"}
	for range 10 {
		texts = append(texts, sealed(t, rnd))
	}
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
