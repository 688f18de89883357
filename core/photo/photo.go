// Package photo makes the small pictures by which people recognise a place: a JPEG
// with nothing in it but the picture. What a camera writes beside it (where it was, when,
// and whose it is) is left behind.
package photo

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
)

// What devices carry.
const (
	Side  = 640    // the longest side at most, in pixels
	Bytes = 60_000 // at most
)

// What is read.
const (
	MaxFile   = 32 << 20   // bytes; the pictures of telephones have 3 to 12 MB
	maxPixels = 50_000_000 // a picture is unpacked in memory
	minSide   = 100        // on less of it nobody recognises a place
)

// Errors of Small and Open, beside those of a damaged picture.
var (
	ErrNone     = errors.New("it is no JPEG or PNG picture")
	ErrHEIC     = errors.New("it is a HEIC picture of a telephone")
	ErrTooLarge = fmt.Errorf("it has more than %d MB or %d million pixels", MaxFile>>20, maxPixels/1_000_000)
	ErrTooSmall = fmt.Errorf("one of its sides has fewer than %d pixels", minSide)
	ErrDamaged  = errors.New("the picture is damaged or cut off")
	ErrNotPlain = errors.New("it is not a small JPEG with nothing but the picture")
)

// Small makes the picture that devices carry of a JPEG or PNG as it came from a camera.
// The same file gives the same bytes.
func Small(file []byte) ([]byte, error) {
	if len(file) > MaxFile {
		return nil, ErrTooLarge
	}
	m, turn, err := read(file)
	if err != nil {
		return nil, err
	}
	for side := Side; ; side = side * 3 / 4 { // ends: a few hundred points always fit
		drawn := scaled(m, side, turn)
		for quality := 82; quality >= 46; quality -= 12 {
			var out bytes.Buffer
			if err := jpeg.Encode(&out, drawn, &jpeg.Options{Quality: quality}); err != nil {
				return nil, err
			}
			if out.Len() <= Bytes {
				return out.Bytes(), nil
			}
		}
	}
}

// read unpacks a picture, and gives how it has to be turned (see orientation).
func read(file []byte) (m image.Image, turn int, err error) {
	config, decode := jpeg.DecodeConfig, jpeg.Decode
	switch {
	case bytes.HasPrefix(file, []byte("\xff\xd8\xff")):
	case bytes.HasPrefix(file, []byte("\x89PNG\r\n\x1a\n")):
		config, decode = png.DecodeConfig, png.Decode
	case len(file) > 12 && string(file[4:8]) == "ftyp":
		return nil, 0, ErrHEIC
	default:
		return nil, 0, ErrNone
	}
	c, err := config(bytes.NewReader(file))
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("%w: %w", ErrDamaged, err)
	case c.Width*c.Height > maxPixels: // both have 31 bits at most
		return nil, 0, ErrTooLarge
	case min(c.Width, c.Height) < minSide:
		return nil, 0, ErrTooSmall
	}
	if m, err = decode(bytes.NewReader(file)); err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return m, orientation(file), nil
}

// scaled draws a picture on white, no side longer than that, and turned as it was taken.
func scaled(m image.Image, side, turn int) image.Image {
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	if long := max(w, h); long > side {
		w, h = max(1, w*side/long), max(1, h*side/long)
	}
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(small, small.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	if b := m.Bounds(); b.Dx() > 3*w { // a camera's own: in one step it takes seconds
		half := image.NewRGBA(image.Rect(0, 0, 2*w, 2*h))
		draw.ApproxBiLinear.Scale(half, half.Bounds(), m, b, draw.Src, nil)
		m = half
	}
	draw.BiLinear.Scale(small, small.Bounds(), m, m.Bounds(), draw.Over, nil)
	if turn <= 1 {
		return small
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if turn >= 5 {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			to := [...]image.Point{2: {w - 1 - x, y}, 3: {w - 1 - x, h - 1 - y}, 4: {x, h - 1 - y}, 5: {y, x}, 6: {h - 1 - y, x}, 7: {h - 1 - y, w - 1 - x}, 8: {y, w - 1 - x}}[turn]
			out.SetRGBA(to.X, to.Y, small.RGBAAt(x, y))
		}
	}
	return out
}

// Open gives what a device shows. Anything that Small would not have made is refused
// before it is unpacked, so that no picture takes a device's memory.
func Open(b []byte) (image.Image, error) {
	if err := Check(b); err != nil {
		return nil, err
	}
	m, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return m, nil
}

// Check reports what is wrong with a picture that devices shall carry.
func Check(b []byte) error {
	if len(b) > Bytes || !plain(b) {
		return ErrNotPlain
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if max(c.Width, c.Height) > Side {
		return ErrNotPlain
	}
	return nil
}
