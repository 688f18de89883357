package device

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
)

// TestFormats packs one picture in every format, with and without room at the end of
// the rows, and gets it back.
func TestFormats(t *testing.T) {
	size := image.Pt(40, 20)
	shade := func(x, y int) byte { return byte(6*x ^ 11*y) }
	for _, pad := range []int{0, 24} {
		for f, pack := range map[format]struct{ bytes, first, rows int }{grey: {1, 0, 20}, nv12: {1, 0, 30}, yu12: {1, 0, 30}, yuyv: {2, 0, 20}, uyvy: {2, 1, 20}} {
			stride := size.X*pack.bytes + pad
			raw := bytes.Repeat([]byte{0x80}, stride*pack.rows)
			for y := range size.Y {
				for x := range size.X {
					raw[y*stride+x*pack.bytes+pack.first] = shade(x, y)
				}
			}
			var c converter
			got, err := c.grey(f, size, raw)
			if err != nil || got.Rect.Size() != size {
				t.Fatalf("%s: %v", f, err)
			}
			for y := range size.Y {
				for x := range size.X {
					if got.GrayAt(x, y).Y != shade(x, y) {
						t.Fatalf("%s with %d bytes of padding: pixel %d,%d is %d", f, pad, x, y, got.GrayAt(x, y).Y)
					}
				}
			}
			if _, err := c.grey(f, size, raw[:len(raw)-stride*pack.rows/2]); err == nil {
				t.Errorf("%s: half a frame is a picture", f)
			}
		}
	}
}

// Many cameras leave the Huffman tables out of their JPEG frames.
func TestJPEGWithoutTables(t *testing.T) {
	img := image.NewYCbCr(image.Rect(0, 0, 64, 48), image.YCbCrSubsampleRatio422)
	for i := range img.Y {
		img.Y[i] = byte(4 * (i % img.YStride))
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	bare := file.Bytes()[:2:2]
	rest := 2
	segments(file.Bytes(), func(marker byte, segment []byte) {
		if rest += len(segment); marker != markerTable {
			bare = append(bare, segment...)
		}
	})
	bare = append(bare, file.Bytes()[rest:]...)
	if len(bare) >= file.Len() {
		t.Fatal("no tables were taken out")
	}
	var c converter
	for name, frame := range map[string][]byte{"whole": file.Bytes(), "bare": bare, "bare with filling": append(bytes.Clone(bare), make([]byte, 100)...)} {
		got, err := c.grey(mjpg, image.Pt(1, 1), frame)
		if err != nil || got.Rect.Dx() != 64 {
			t.Fatalf("%s: %v", name, err)
		}
		if left, right := got.At(2, 20).(color.Gray).Y, got.At(60, 20).(color.Gray).Y; left > 20 || right < 220 {
			t.Errorf("%s: %d on the left and %d on the right", name, left, right)
		}
	}
}

func FuzzFormats(f *testing.F) {
	var file bytes.Buffer
	if err := jpeg.Encode(&file, image.NewYCbCr(image.Rect(0, 0, 16, 16), image.YCbCrSubsampleRatio420), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes(), uint8(5), uint8(16), uint8(16))
	f.Add(make([]byte, 16*16*2), uint8(3), uint8(16), uint8(16))
	f.Fuzz(func(t *testing.T, raw []byte, which, w, h uint8) {
		var c converter
		got, err := c.grey(formats[int(which)%len(formats)], image.Pt(int(w), int(h)), raw)
		if err == nil && !got.Rect.Empty() {
			_ = got.GrayAt(got.Rect.Max.X-1, got.Rect.Max.Y-1) // lies inside
		}
	})
}
