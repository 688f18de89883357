package qr

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"yizhan/core/id"
	"yizhan/core/seal"
	"yizhan/core/ticket"
)

func code(t testing.TB, x ticket.Ticket) string {
	t.Helper()
	key, err := seal.Generate(bytes.NewReader(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	code, err := ticket.Seal(key, x)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// random gives a ticket with fields of every length.
func random(rnd *rand.Rand) ticket.Ticket {
	x := ticket.Ticket{Deployment: rnd.Uint32() >> rnd.IntN(32), ID: id.Ticket(rnd.Uint64() >> rnd.IntN(64)), Epoch: rnd.IntN(300),
		Activity: rnd.Uint32() >> rnd.IntN(32), Pool: rnd.IntN(300), Seats: 1 + rnd.IntN(300), Station: rnd.Uint32() >> rnd.IntN(32)}
	for i := range x.Secret {
		x.Secret[i] = byte(rnd.Uint32())
	}
	return x
}

// TestCleanCodesAreAlwaysRead is why Read turns the picture: one search alone
// misses some of these.
func TestCleanCodesAreAlwaysRead(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 200 {
		text := code(t, random(rnd))
		for pixels := 3; pixels <= 8; pixels++ {
			img, err := Image(text, pixels)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := Read(img); err != nil || got != text {
				t.Errorf("ticket %d at %d pixels: read %q, %v", n, pixels, got, err)
			}
		}
	}
}

// TestCodesInPicturesAreRead puts codes where people have them.
func TestCodesInPicturesAreRead(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 5 {
		text := code(t, random(rnd))
		clean, err := Image(text, 5)
		if err != nil {
			t.Fatal(err)
		}
		shot := image.NewRGBA(image.Rect(10, 20, 10+540, 20+960)) // a screenshot with a coloured bar above
		draw.Draw(shot, shot.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(shot, image.Rect(10, 20, 550, 120), image.NewUniform(color.RGBA{200, 30, 30, 255}), image.Point{}, draw.Src)
		draw.Draw(shot, clean.Rect.Add(image.Pt(100, 300)), clean, image.Point{}, draw.Src)
		paper := image.NewNRGBA(clean.Rect) // a printed code: transparent where it is light
		for i, v := range clean.Pix {
			paper.Pix[4*i+3] = 255 - v
		}
		for name, img := range map[string]image.Image{
			"screenshot": shot, "transparent": paper, "light on dark": invert(clean), "upside down": turn(turn(clean)), "on its side": turn(clean),
		} {
			if got, err := Read(img); err != nil || got != text {
				t.Errorf("%s: read %q, %v", name, got, err)
			}
		}
	}
}

func TestReadRefuses(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	noise := image.NewGray(image.Rect(0, 0, 200, 200))
	for i := range noise.Pix {
		noise.Pix[i] = byte(rnd.Uint32())
	}
	for name, img := range map[string]image.Image{
		"nothing": image.NewGray(image.Rectangle{}), "one pixel": image.NewGray(image.Rect(0, 0, 1, 1)),
		"a line": image.NewGray(image.Rect(0, 0, 500, 1)), "black": image.NewGray(image.Rect(0, 0, 100, 100)), "noise": noise,
	} {
		if text, err := Read(img); !errors.Is(err, ErrNoCode) {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

// The largest ticket that can be sealed must fit the symbol that cheap scanners read.
func TestLargestTicketFitsVersion8(t *testing.T) {
	x := ticket.Ticket{Deployment: math.MaxUint32, ID: math.MaxUint64, Epoch: 65535, Activity: math.MaxUint32, Pool: 65535, Seats: 65535,
		Station: math.MaxUint32}
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 100 { // content decides how the encoder splits it
		for i := range x.Secret {
			x.Secret[i] = byte(rnd.Uint32())
		}
		modules, err := Bitmap(code(t, x))
		if err != nil {
			t.Fatal(err)
		}
		if version := (len(modules) - 17) / 4; version > 8 || len(modules[0]) != len(modules) {
			t.Fatalf("%d×%d modules, version %d", len(modules), len(modules[0]), version)
		}
	}
}

func TestBitmapRefuses(t *testing.T) {
	for name, text := range map[string]string{"nothing": "", "484 characters": strings.Repeat("A", 484), "lower case": strings.Repeat("a", 400)} {
		if _, err := Bitmap(text); err == nil {
			t.Errorf("%s: drawn", name)
		}
	}
	for _, pixels := range []int{-1, 0, 65} {
		if _, err := PNG("A", pixels); err == nil {
			t.Errorf("drawn with %d pixels a module", pixels)
		}
	}
}

func TestPNG(t *testing.T) {
	text := strings.Repeat("A", 221)
	file, err := PNG(text, 3)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(file))
	if err != nil || img.Bounds() != image.Rect(0, 0, (49+8)*3, (49+8)*3) {
		t.Fatalf("%v, %v", img.Bounds(), err)
	}
	modules, err := Bitmap(text)
	if err != nil {
		t.Fatal(err)
	}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			r, _, _, _ := img.At(x, y).RGBA()
			if (r == 0) != dark(modules, x/3-quiet, y/3-quiet) {
				t.Fatalf("pixel %d,%d has %d", x, y, r)
			}
		}
	}
}

// TestTerminal reads the drawn characters back as a picture.
func TestTerminal(t *testing.T) {
	const text = "https://example.org/enrol#一次一码"
	drawn, err := Terminal(text)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(drawn, "\n"), "\n")
	var img *image.Gray
	for n, line := range lines {
		line, ok := strings.CutPrefix(line, "\x1b[30;107m")
		line, end := strings.CutSuffix(line, "\x1b[0m")
		if !ok || !end {
			t.Fatalf("line %d leaves its colours on: %q", n, line)
		}
		cells := []rune(line)
		if img == nil {
			img = image.NewGray(image.Rect(0, 0, 4*len(cells), 8*len(lines)))
		}
		for x, cell := range cells {
			top, bottom := !strings.ContainsRune("█▀", cell), !strings.ContainsRune("█▄", cell)
			for i := range 32 {
				if light := top && i < 16 || bottom && i >= 16; light {
					img.SetGray(4*x+i%4, 8*n+i/4, color.Gray{Y: 255})
				}
			}
		}
	}
	if got, err := Read(img); err != nil || got != text {
		t.Fatalf("read %q, %v", got, err)
	}
	if _, err := Terminal(strings.Repeat("票", 1000)); err == nil {
		t.Error("3,000 bytes drawn")
	}
}

func FuzzRead(f *testing.F) {
	img, err := Image("HELLO", 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint8(img.Rect.Dx()), img.Pix)
	f.Fuzz(func(t *testing.T, width uint8, pixels []byte) {
		if width == 0 {
			return
		}
		height := min(len(pixels)/int(width), 256)
		_, _ = Read(&image.Gray{Pix: pixels, Stride: int(width), Rect: image.Rect(0, 0, int(width), height)}) // must return
	})
}

func BenchmarkRead(b *testing.B) {
	img, err := Image(code(b, random(rand.New(rand.NewPCG(1, 2)))), 5)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Read(img); err != nil {
			b.Fatal(err)
		}
	}
}
