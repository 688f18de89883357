package democity

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"golang.org/x/image/vector"

	"yizhan/syncserver/roster"
)

// PhotoDir is the folder of the pictures of stations, beside their sheet.
const PhotoDir = "照片"

// pictured are how many stations have a picture, besides one of each kind of partner.
const pictured = 8

// photo is the file that shows a place of the sheet; empty where none does.
func (c *City) photo(i int) string {
	s := c.all()[i]
	first := i == len(c.Stations) || i > len(c.Stations) && c.all()[i-1].Kind != s.Kind
	if i >= pictured && !first {
		return ""
	}
	return string(s.ID) + ".png"
}

// writePhotos draws the pictures that the sheet names.
func (c *City) writePhotos(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write demo photos: %w", err)
	}
	for i, s := range c.all() {
		name := c.photo(i)
		if name == "" {
			continue
		}
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return fmt.Errorf("write demo photos: %w", err)
		}
		if err := errors.Join(png.Encode(f, facade(s, rand.New(rand.NewPCG(uint64(c.seed), uint64(i))))), f.Close()); err != nil {
			return fmt.Errorf("write demo photos: %w", err)
		}
	}
	return nil
}

// signs are the colours of the boards above the doors.
var signs = map[string]color.RGBA{"care": {196, 38, 38, 255}, "service": {22, 78, 150, 255}, "home": {206, 120, 28, 255}, "merchant": {40, 130, 70, 255},
	"hospital": {30, 140, 150, 255}, "venue": {110, 70, 150, 255}}

// drawing is a picture that is made of flat shapes.
type drawing struct{ *image.RGBA }

func (d drawing) fill(c color.RGBA, points ...float32) {
	var z vector.Rasterizer
	z.Reset(d.Bounds().Dx(), d.Bounds().Dy())
	z.MoveTo(points[0], points[1])
	for i := 2; i+1 < len(points); i += 2 {
		z.LineTo(points[i], points[i+1])
	}
	z.ClosePath()
	z.Draw(d.RGBA, d.Bounds(), image.NewUniform(c), image.Point{})
}

func (d drawing) box(c color.RGBA, x, y, w, h float32) {
	draw.Draw(d.RGBA, image.Rect(int(x), int(y), int(x+w), int(y+h)), image.NewUniform(c), image.Point{}, draw.Src)
}

// disc is a circle of 24 corners.
func (d drawing) disc(c color.RGBA, x, y, r float32) {
	var points []float32
	for i := range 24 {
		sin, cos := math.Sincos(float64(i) * math.Pi / 12)
		points = append(points, x+r*float32(cos), y+r*float32(sin))
	}
	d.fill(c, points...)
}

// facade draws the front of a house that stands nowhere: sky, wall, a board over the door in
// the colour of the kind, windows, a tree.
func facade(s roster.Station, r *rand.Rand) image.Image {
	const w, h = 960, 720
	d := drawing{image.NewRGBA(image.Rect(0, 0, w, h))}
	for y := range h {
		v := uint8(y * 60 / h)
		d.box(color.RGBA{150 + v, 190 + v/2, 228, 255}, 0, float32(y), w, 1)
	}
	d.box(color.RGBA{182, 180, 174, 255}, 0, 560, w, 160)
	d.box(color.RGBA{206, 203, 196, 255}, 0, 560, w, 14)
	wall := [...]color.RGBA{{226, 214, 192, 255}, {214, 218, 222, 255}, {218, 190, 168, 255}, {232, 228, 218, 255}}[r.IntN(4)]
	top, left, right := float32(110+r.IntN(45)), float32(90+r.IntN(60)), float32(w-90-r.IntN(60))
	d.box(wall, left, top, right-left, 560-top)
	d.box(color.RGBA{120, 112, 104, 255}, left-14, top-16, right-left+28, 16)
	d.box(color.RGBA{wall.R - 20, wall.G - 20, wall.B - 20, 255}, left, 540, right-left, 20)
	d.box(signs[s.Kind], left+30, 270, right-left-60, 74)
	sign := color.RGBA{250, 246, 236, 255}
	d.disc(sign, left+78, 307, 24) // a mark, and squares where words would stand
	for i := range 5 + r.IntN(3) {
		x := left + 130 + float32(i)*62
		if x+44 > right-60 {
			break
		}
		d.box(sign, x, 287, 40, 40)
		d.box(signs[s.Kind], x+7, 294, 26, 9)
		d.box(signs[s.Kind], x+7, 311, 26, 9)
	}
	glass, frame := color.RGBA{128, 166, 188, 255}, color.RGBA{92, 88, 84, 255}
	for x := left + 40; x+90 < right; x += 130 {
		d.box(frame, x-5, top+28, 92, 68)
		d.box(glass, x, top+33, 82, 58)
	}
	door := left + float32(120+r.IntN(int(right-left-420)))
	d.box(frame, door-8, 376, 176, 184)
	d.box(glass, door, 384, 76, 176)
	d.box(glass, door+84, 384, 76, 176)
	for _, x := range []float32{left + 36, right - 200} {
		if x+164 < door-20 || x > door+190 {
			d.box(frame, x-6, 390, 172, 112)
			d.box(glass, x, 396, 160, 100)
			d.fill(color.RGBA{196, 216, 226, 255}, x+20, 496, x+70, 396, x+96, 396, x+46, 496)
		}
	}
	tree := float32(46 + r.IntN(40))
	if r.IntN(2) == 0 {
		tree = w - tree
	}
	d.box(color.RGBA{112, 84, 60, 255}, tree-9, 430, 18, 150)
	for _, leaf := range [][3]float32{{0, 380, 74}, {-40, 420, 48}, {38, 424, 50}} {
		d.disc(color.RGBA{86, 138, 74, 255}, tree+leaf[0], leaf[1], leaf[2])
	}
	return d
}
