// Package mapdraw draws a part of a map pack into an image, without a window.
package mapdraw

import (
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/clip"
	"golang.org/x/image/vector"

	"yizhan/core/geo"
	"yizhan/core/mappack"
)

// View is the part of the world that a picture shows, in the projection that web
// maps use: at zoom 0 the world is 256 pixels wide, at each further one twice that.
type View struct {
	Center        geo.Fix
	Zoom          float64
	Width, Height int // pixels
}

// MaxSide is how many pixels a picture may be wide or high.
const MaxSide = 8192

func (v View) check() error {
	if v.Width < 1 || v.Height < 1 || v.Width > MaxSide || v.Height > MaxSide || !(v.Zoom >= 0 && v.Zoom <= mappack.MaxZoom) {
		return fmt.Errorf("draw map: %d×%d pixels at zoom %v cannot be drawn; 1 to %d pixels and zoom 0 to %d can", v.Width, v.Height, v.Zoom, MaxSide, mappack.MaxZoom)
	}
	return nil
}

func (v View) world() float64 { return 256 * math.Exp2(v.Zoom) }

func mercator(f geo.Fix) (x, y float64) {
	p := f.Point()
	s := math.Sin(min(85.05, max(-85.05, p.Lat)) * math.Pi / 180)
	return p.Lon/360 + 0.5, 0.5 - math.Log((1+s)/(1-s))/(4*math.Pi)
}

// XY is where a place lies on the picture, in pixels from its upper left corner.
func (v View) XY(f geo.Fix) (x, y float64) {
	cx, cy := mercator(v.Center)
	px, py := mercator(f)
	return (px-cx)*v.world() + float64(v.Width)/2, (py-cy)*v.world() + float64(v.Height)/2
}

// Fix is the place at a pixel.
func (v View) Fix(x, y float64) geo.Fix {
	cx, cy := mercator(v.Center)
	mx, my := cx+(x-float64(v.Width)/2)/v.world(), cy+(y-float64(v.Height)/2)/v.world()
	lat := math.Atan(math.Sinh(math.Pi*(1-2*my))) * 180 / math.Pi
	return geo.Point{Lat: min(90, max(-90, lat)), Lon: min(180, max(-180, (mx-0.5)*360))}.Fix()
}

// Corner is the picture's upper left corner, in pixels from the world's north-west one.
func (v View) Corner() (x, y float64) {
	x, y = mercator(v.Center)
	return x*v.world() - float64(v.Width)/2, y*v.world() - float64(v.Height)/2
}

// Tile is one of the squares that a world of a zoom is cut into, side pixels wide,
// counted from its north-west corner.
func Tile(zoom float64, side, x, y int) View {
	world := View{Zoom: zoom}
	left, top := world.Corner() // of a picture without size in the middle of the world
	return View{world.Fix((float64(x)+0.5)*float64(side)-left, (float64(y)+0.5)*float64(side)-top), zoom, side, side}
}

// Box is what the picture shows, and a margin of so many pixels around it.
func (v View) Box(margin float64) geo.Box {
	return geo.NoBox().With(v.Fix(-margin, float64(v.Height)+margin)).With(v.Fix(float64(v.Width)+margin, -margin))
}

// edge is how many pixels beyond the picture shapes are drawn, so that no outline
// shows where they are cut.
const edge = 48

// shape is an area with its holes, or a line, in pixels.
type shape struct {
	rings []orb.Ring
	line  orb.LineString
	bound orb.Bound
}

// canvas is a picture under way: shapes by class, in pixels.
type canvas struct {
	View
	style  *Style
	by     string      // attribution
	img    *image.RGBA // nil where only names are wanted
	raster *vector.Rasterizer
	mask   []uint8         // of the shapes under way
	block  image.Rectangle // of the picture that is being painted
	box    image.Rectangle // that the shapes under way lie in
	areas  [mappack.Classes][]shape
	lines  [mappack.Classes][]shape
	labels []label
	bound  orb.Bound
}

// Draw makes the picture: areas, lines with their outlines, the route if there is
// one, names that do not collide, and whose data it is. A style without a face writes
// nothing; then the caller has to show pack.Attribution.
func Draw(ctx context.Context, pack *mappack.Pack, v View, style *Style, route []geo.Fix) (*image.RGBA, error) {
	if err := v.check(); err != nil {
		return nil, err
	}
	c := newCanvas(v, style)
	c.by, c.img, c.raster = pack.Attribution, image.NewRGBA(c.whole()), vector.NewRasterizer(0, 0)
	draw.Draw(c.img, c.img.Bounds(), image.NewUniform(style.Ground), image.Point{}, draw.Src)
	if err := c.gather(ctx, pack); err != nil {
		return nil, fmt.Errorf("draw map: %w", err)
	}
	c.paint()
	if len(route) > 1 {
		c.drawRoute(route)
	}
	c.write()
	return c.img, nil
}

func newCanvas(v View, style *Style) *canvas {
	return &canvas{View: v, style: style, bound: orb.Bound{Min: orb.Point{-edge, -edge}, Max: orb.Point{float64(v.Width) + edge, float64(v.Height) + edge}}}
}

func (v View) whole() image.Rectangle { return image.Rect(0, 0, v.Width, v.Height) }

// gather takes what the picture shows.
func (c *canvas) gather(ctx context.Context, pack *mappack.Pack) error {
	return pack.Features(ctx, c.Box(edge), int(c.Zoom), func(f *mappack.Feature) error {
		c.take(f)
		return ctx.Err()
	})
}

func (c *canvas) points(ring []geo.Fix) orb.LineString {
	line := make(orb.LineString, len(ring), len(ring)+1)
	for i, f := range ring {
		x, y := c.XY(f)
		line[i] = orb.Point{x, y}
	}
	return line
}

// take puts a feature among the shapes of its class. A class from a newer map is
// left out.
func (c *canvas) take(f *mappack.Feature) {
	if int(f.Class) >= mappack.Classes || c.img == nil && f.Name == "" {
		return
	}
	var rings []orb.Ring
	for _, r := range f.Rings {
		line := c.points(r)
		switch {
		case len(line) == 1:
			c.name(f, line[0], 0)
		case f.Area:
			if ring := clip.Ring(c.bound, append(orb.Ring(line), line[0])); len(ring) > 3 {
				rings = append(rings, ring)
			}
		default:
			parts := clip.LineString(c.bound, line)
			for _, part := range parts {
				c.lines[f.Class] = append(c.lines[f.Class], shape{line: part, bound: part.Bound()})
			}
			c.nameLine(f, parts)
		}
	}
	if len(rings) > 0 {
		all := rings[0].Bound()
		for _, r := range rings {
			all = all.Union(r.Bound())
		}
		c.areas[f.Class] = append(c.areas[f.Class], shape{rings: rings, bound: all})
		at, room := middle(rings[0])
		c.name(f, at, room)
	}
}

// side is how many pixels a block is wide and high: vector works over all of a box
// for each class, and most boxes of a large picture are nearly empty.
const side = 256

// paint draws block by block.
func (c *canvas) paint() {
	for y := 0; y < c.Height; y += side {
		for x := 0; x < c.Width; x += side {
			c.block = image.Rect(x, y, x+side, y+side).Intersect(c.whole())
			c.paintAreas()
			c.paintLines(true)
			c.paintLines(false)
		}
	}
	c.block = c.whole()
}

// paintAreas draws the classes from the bottom to the top, each with its outlines.
func (c *canvas) paintAreas() {
	for class := range c.areas {
		pen, here := c.style.Pens[class], c.begin(c.areas[class], 1)
		for _, s := range here {
			c.area(s.rings)
		}
		c.fill(pen.Fill)
		if pen.Outline.A == 0 {
			continue
		}
		for _, s := range c.begin(here, 1) {
			for _, r := range s.rings {
				c.stroke(orb.LineString(r), 0.6)
			}
		}
		c.fill(pen.Outline)
	}
}

// paintLines draws the outlines of all lines or, after them, the lines, so that
// crossings are open.
func (c *canvas) paintLines(outline bool) {
	scale := max(0.15, math.Exp2((c.Zoom-16)*0.7))
	for class := range c.lines {
		pen := c.style.Pens[class]
		width, ink := max(0.8, pen.Width*scale), pen.Line
		if thin := pen.Width*scale < 2; thin && pen.Casing.A != 0 && apartness(pen.Casing, c.style.Ground) > apartness(pen.Line, c.style.Ground) {
			ink = mixed(pen.Line, pen.Casing) // a white street without outlines would not be seen
		}
		if outline {
			width, ink = width+2, pen.Casing
		}
		if ink.A == 0 || outline && pen.Width*scale < 2 {
			continue
		}
		for _, s := range c.begin(c.lines[class], width/2+1) {
			c.stroke(s.line, width/2)
		}
		c.fill(ink)
	}
}

// apartness is how much two inks differ.
func apartness(a, b color.RGBA) (sum int) {
	for _, d := range []int{int(a.R) - int(b.R), int(a.G) - int(b.G), int(a.B) - int(b.B)} {
		sum += max(d, -d)
	}
	return sum
}

// mixed is a third of one ink and two of another.
func mixed(a, b color.RGBA) color.RGBA {
	mix := func(x, y uint8) uint8 { return uint8((int(x) + 2*int(y)) / 3) }
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// begin gives the shapes that reach into the block, and makes room for them and so
// many pixels around.
func (c *canvas) begin(shapes []shape, around float64) (here []shape) {
	c.box = image.Rectangle{}
	for _, s := range shapes {
		b := s.bound.Pad(around)
		box := image.Rect(int(math.Floor(b.Min[0])), int(math.Floor(b.Min[1])), int(math.Ceil(b.Max[0])), int(math.Ceil(b.Max[1])))
		if box = box.Intersect(c.block); !box.Empty() {
			c.box, here = c.box.Union(box), append(here, s)
		}
	}
	c.raster.Reset(c.box.Dx(), c.box.Dy())
	return here
}

// fill lays an opaque ink over the shapes since begin. vector's own way to a picture
// in colours works on every pixel of the box; this one skips those without a shape.
func (c *canvas) fill(ink color.RGBA) {
	width := c.box.Dx()
	if c.box.Empty() {
		return
	}
	if need := width * c.box.Dy(); len(c.mask) < need {
		c.mask = make([]uint8, need)
	}
	mask := image.Alpha{Pix: c.mask, Stride: width, Rect: image.Rect(0, 0, width, c.box.Dy())}
	c.raster.DrawOp = draw.Src
	c.raster.Draw(&mask, mask.Rect, image.Opaque, image.Point{})
	for y := range c.box.Dy() {
		row := c.mask[y*width : (y+1)*width]
		to := c.img.Pix[c.img.PixOffset(c.box.Min.X, c.box.Min.Y+y):]
		for x := 0; x < width; x++ {
			for x+8 <= width && binary.NativeEndian.Uint64(row[x:]) == 0 {
				x += 8
			}
			if x == width {
				break
			}
			if a := uint32(row[x]); a != 0 {
				blend(to[4*x:4*x+4:4*x+4], ink, a)
			}
		}
	}
}

// blend lays ink over an opaque pixel, a of 255 parts.
func blend(to []uint8, ink color.RGBA, a uint32) {
	if a == 255 {
		to[0], to[1], to[2] = ink.R, ink.G, ink.B
		return
	}
	mix := func(under, over uint8) uint8 { return uint8((uint32(under)*(255-a) + uint32(over)*a + 127) / 255) }
	to[0], to[1], to[2] = mix(to[0], ink.R), mix(to[1], ink.G), mix(to[2], ink.B)
}

// area adds rings, each turned so that what an odd number of them encloses is inside.
func (c *canvas) area(rings []orb.Ring) {
	for i, r := range rings {
		odd := false
		for k, other := range rings {
			if k != i && within(other, r[0]) {
				odd = !odd
			}
		}
		if (r.Orientation() == orb.CW) != odd {
			r.Reverse()
		}
		c.polygon(r)
	}
}

func within(r orb.Ring, p orb.Point) (in bool) {
	for i := 1; i < len(r); i++ {
		a, b := r[i-1], r[i]
		if (a[1] > p[1]) != (b[1] > p[1]) && p[0] < a[0]+(p[1]-a[1])/(b[1]-a[1])*(b[0]-a[0]) {
			in = !in
		}
	}
	return in
}

// stroke adds a line of a half width: a box for each piece, and an octagon at each
// corner. All run the same way round, so that overlaps stay filled.
func (c *canvas) stroke(line orb.LineString, half float64) {
	for i, p := range line {
		if half > 0.9 || i == 0 {
			c.octagon(p, half)
		}
		if i == 0 {
			continue
		}
		q := line[i-1]
		dx, dy := p[0]-q[0], p[1]-q[1]
		length := math.Hypot(dx, dy)
		if length == 0 {
			continue
		}
		ox, oy := -dy/length*half, dx/length*half
		c.polygon([]orb.Point{{q[0] + ox, q[1] + oy}, {q[0] - ox, q[1] - oy}, {p[0] - ox, p[1] - oy}, {p[0] + ox, p[1] + oy}})
	}
}

func (c *canvas) octagon(p orb.Point, r float64) {
	corners := make([]orb.Point, 8)
	for i := range corners {
		sin, cos := math.Sincos(float64(i)*math.Pi/4 + math.Pi/8)
		corners[i] = orb.Point{p[0] + r*1.03*cos, p[1] + r*1.03*sin}
	}
	c.polygon(corners)
}

func (c *canvas) polygon(corners []orb.Point) {
	x, y := float64(c.box.Min.X), float64(c.box.Min.Y)
	c.raster.MoveTo(float32(corners[0][0]-x), float32(corners[0][1]-y))
	for _, p := range corners[1:] {
		c.raster.LineTo(float32(p[0]-x), float32(p[1]-y))
	}
	c.raster.ClosePath()
}

// drawRoute draws a way on foot over the map, its beginning and its end as discs.
func (c *canvas) drawRoute(route []geo.Fix) {
	line := c.points(route)
	for _, pass := range []struct {
		half float64
		ink  color.RGBA
	}{{5, c.style.Halo}, {3.2, c.style.Route}} {
		c.begin([]shape{{bound: line.Bound()}}, pass.half+6)
		for _, part := range clip.LineString(c.bound, line) {
			c.stroke(part, pass.half)
		}
		for _, end := range []orb.Point{line[0], line[len(line)-1]} {
			if c.bound.Contains(end) {
				c.octagon(end, pass.half+5)
			}
		}
		c.fill(pass.ink)
	}
}
