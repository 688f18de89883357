package photo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// corners is a picture whose upper left quarter is red, the upper right green, the lower left blue.
func corners(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, [...]color.RGBA{{220, 20, 20, 255}, {20, 200, 20, 255}, {20, 20, 220, 255}, {240, 240, 240, 255}}[2*(2*y/h)+2*x/w])
		}
	}
	return m
}

func jpegOf(t *testing.T, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func pngOf(t *testing.T, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// taken adds what a camera says: how it was held, and where it was.
func taken(file []byte, order binary.AppendByteOrder, turn uint16) []byte {
	head := map[binary.AppendByteOrder]string{binary.LittleEndian: "II*\x00", binary.BigEndian: "MM\x00*"}[order]
	exif := append([]byte("Exif\x00\x00"), head...)
	exif = order.AppendUint32(exif, 8)
	exif = order.AppendUint16(exif, 2)
	for _, f := range [][2]uint16{{271, 7}, {274, turn}} {
		exif = order.AppendUint16(order.AppendUint16(exif, f[0]), 3)
		exif = order.AppendUint16(order.AppendUint16(order.AppendUint32(exif, 1), f[1]), 0)
	}
	exif = append(exif, "GPS 31.25N 120.60E"...)
	out := append([]byte{}, file[:2]...)
	out = append(out, 0xff, app1)
	out = binary.BigEndian.AppendUint16(out, uint16(2+len(exif)))
	return append(append(out, exif...), file[2:]...)
}

// near reports whether a point has about that colour.
func near(m image.Image, x, y int, want color.RGBA) bool {
	r, g, b, _ := m.At(x, y).RGBA()
	off := func(a uint32, b uint8) bool { d := int(a>>8) - int(b); return d < -40 || d > 40 }
	return !off(r, want.R) && !off(g, want.G) && !off(b, want.B)
}

func TestSmall(t *testing.T) {
	red, green, blue := color.RGBA{220, 20, 20, 255}, color.RGBA{20, 200, 20, 255}, color.RGBA{20, 20, 220, 255}
	for _, c := range []struct {
		name                string
		file                []byte
		w, h                int
		left, right, bottom color.RGBA // upper left, upper right, lower left
	}{
		{"JPEG", jpegOf(t, corners(800, 600)), 640, 480, red, green, blue},
		{"PNG", pngOf(t, corners(1500, 2000)), 480, 640, red, green, blue},
		{"small stays small", jpegOf(t, corners(300, 200)), 300, 200, red, green, blue},
		{"held upright", taken(jpegOf(t, corners(800, 600)), binary.LittleEndian, 1), 640, 480, red, green, blue},
		{"upside down", taken(jpegOf(t, corners(800, 600)), binary.BigEndian, 3), 640, 480, color.RGBA{240, 240, 240, 255}, blue, green},
		{"on its right side", taken(jpegOf(t, corners(800, 600)), binary.LittleEndian, 6), 480, 640, blue, red, color.RGBA{240, 240, 240, 255}},
		{"on its left side", taken(jpegOf(t, corners(800, 600)), binary.BigEndian, 8), 480, 640, green, color.RGBA{240, 240, 240, 255}, red},
		{"mirrored", taken(jpegOf(t, corners(800, 600)), binary.BigEndian, 5), 480, 640, red, blue, green},
		{"an orientation that is none", taken(jpegOf(t, corners(800, 600)), binary.BigEndian, 99), 640, 480, red, green, blue},
	} {
		b, err := Small(c.file)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		m, err := Open(b)
		if err != nil || m.Bounds() != image.Rect(0, 0, c.w, c.h) {
			t.Errorf("%s: %v, %v", c.name, m, err)
			continue
		}
		if !near(m, c.w/8, c.h/8, c.left) || !near(m, c.w*7/8, c.h/8, c.right) || !near(m, c.w/8, c.h*7/8, c.bottom) {
			t.Errorf("%s: it is turned", c.name)
		}
		if bytes.Contains(b, []byte("Exif")) || bytes.Contains(b, []byte("GPS")) {
			t.Errorf("%s: it says where it was taken", c.name)
		}
		again, err := Small(c.file)
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%s: made twice, it is two pictures", c.name)
		}
	}
}

// Noise is the worst there is to pack; what is see-through stands on white.
func TestSmallOfWhatPacksBadly(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	noise := image.NewRGBA(image.Rect(0, 0, 700, 700))
	for i := range noise.Pix {
		noise.Pix[i] = byte(r.Uint32())
	}
	b, err := Small(pngOf(t, noise))
	if err != nil || len(b) > Bytes || Check(b) != nil {
		t.Errorf("noise: %d bytes, %v", len(b), err)
	}
	clear := image.NewNRGBA(image.Rect(0, 0, 200, 200))
	b, err = Small(pngOf(t, clear))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := Open(b); err != nil || !near(m, 100, 100, color.RGBA{255, 255, 255, 255}) {
		t.Errorf("see-through: %v", err)
	}
}

func TestNoPictures(t *testing.T) {
	good := jpegOf(t, corners(800, 600))
	bomb := pngOf(t, corners(200, 200))
	binary.BigEndian.PutUint32(bomb[16:], 60_000) // width; the checksum of the head is looked at first
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"nothing": {nil, ErrNone}, "a text": {[]byte("这不是图片"), ErrNone}, "a GIF": {[]byte("GIF89a......"), ErrNone},
		"HEIC": {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), ErrHEIC}, "cut": {good[:len(good)/2], ErrDamaged}, "only a head": {good[:20], ErrDamaged},
		"a changed head": {bomb, ErrDamaged}, "large": {make([]byte, MaxFile+1), ErrTooLarge}, "tiny": {jpegOf(t, corners(99, 600)), ErrTooSmall},
		"many points": {jpegOf(t, image.NewGray(image.Rect(0, 0, 10_000, 5_001))), ErrTooLarge},
	} {
		if b, err := Small(c.file); !errors.Is(err, c.want) {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
}

// What a device opens is only what Small makes.
func TestOpenOnlyPlain(t *testing.T) {
	small := jpegOf(t, corners(320, 240))
	if _, err := Open(small); err != nil {
		t.Fatal(err)
	}
	said := append([]byte{0xff, 0xd8, 0xff, comment, 0, 5, 'g', 'p', 's'}, small[2:]...)
	for name, b := range map[string][]byte{"with Exif": taken(small, binary.LittleEndian, 1), "with a comment": said, "PNG": pngOf(t, corners(320, 240)),
		"wide": jpegOf(t, corners(641, 100)), "long": append(small, make([]byte, Bytes)...), "nothing": nil} {
		if _, err := Open(b); !errors.Is(err, ErrNotPlain) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(small[:len(small)/2]); !errors.Is(err, ErrDamaged) {
		t.Errorf("cut: %v", err)
	}
}

// Whatever the bytes are, nothing breaks, and what comes out can be opened.
func TestSpoilt(t *testing.T) {
	good := taken(jpegOf(t, corners(160, 120)), binary.BigEndian, 6)
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Clone(good[:rapid.IntRange(0, len(good)).Draw(t, "length")])
		for range rapid.IntRange(0, 4).Draw(t, "changes") {
			if len(b) > 0 {
				b[rapid.IntRange(0, min(len(b)-1, 400)).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
			}
		}
		_, _ = Open(b) // it must only come back
		small, err := Small(b)
		if err != nil {
			return
		}
		if _, err := Open(small); err != nil {
			t.Fatalf("what was made cannot be opened: %v", err)
		}
	})
}
