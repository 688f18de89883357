package mapdraw

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/paulmach/orb"
	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"

	"yizhan/core/geo"
	"yizhan/core/mappack"
)

// label is a name that wants to be written around a point.
type label struct {
	text  string
	at    orb.Point
	class mappack.Class
	room  float64 // pixels that it names; of two the larger is written
	down  bool    // written from top to bottom
}

// name notes the name of a place, or of an area so many pixels wide.
func (c *canvas) name(f *mappack.Feature, at orb.Point, room float64) {
	if f.Name == "" || c.Zoom < c.style.Pens[f.Class].Names || at[0] < 0 || at[1] < 0 || at[0] > float64(c.Width) || at[1] > float64(c.Height) {
		return
	}
	if f.Area && c.style.Face != nil && room < float64(font.MeasureString(c.style.Face, f.Name).Ceil())*0.8 {
		return
	}
	c.labels = append(c.labels, label{text: f.Name, at: at, class: f.Class, room: room})
}

// middle is where an area's name stands: the middle of its box, or, where that lies
// outside, as on a river, of the widest of three cuts; and how much room is there.
func middle(r orb.Ring) (at orb.Point, room float64) {
	b := r.Bound()
	if at, room = b.Center(), b.Max[0]-b.Min[0]; within(r, at) {
		return at, room
	}
	room = 0
	for _, part := range []float64{0.5, 0.25, 0.75} {
		y := b.Min[1] + part*(b.Max[1]-b.Min[1])
		var xs []float64
		for i := 1; i < len(r); i++ {
			if p, q := r[i-1], r[i]; (p[1] > y) != (q[1] > y) {
				xs = append(xs, p[0]+(y-p[1])/(q[1]-p[1])*(q[0]-p[0]))
			}
		}
		slices.Sort(xs)
		for i := 1; i < len(xs); i += 2 {
			if wide := xs[i] - xs[i-1]; wide > room {
				at, room = orb.Point{(xs[i] + xs[i-1]) / 2, y}, wide
			}
		}
	}
	return at, room
}

// nameLine notes the name of a line at the middle of its longest part: a Chinese one
// on a line that runs rather north and south from top to bottom, as on street signs
// and maps.
func (c *canvas) nameLine(f *mappack.Feature, parts []orb.LineString) {
	if f.Name == "" || c.Zoom < c.style.Pens[f.Class].Names {
		return
	}
	for _, part := range parts {
		total := 0.0
		for i := 1; i < len(part); i++ {
			total += math.Hypot(part[i][0]-part[i-1][0], part[i][1]-part[i-1][1])
		}
		run := 0.0
		for i := 1; i < len(part) && total > 40; i++ {
			d := math.Hypot(part[i][0]-part[i-1][0], part[i][1]-part[i-1][1])
			if run+d >= total/2 {
				t := (total/2 - run) / d
				at := orb.Point{part[i-1][0] + t*(part[i][0]-part[i-1][0]), part[i-1][1] + t*(part[i][1]-part[i-1][1])}
				down := math.Abs(part[i][1]-part[i-1][1]) > 1.3*math.Abs(part[i][0]-part[i-1][0]) && !strings.ContainsFunc(f.Name, narrow)
				c.labels = append(c.labels, label{f.Name, at, f.Class, total, down})
				break
			}
			run += d
		}
	}
}

// narrow reports whether a letter cannot stand in a column.
func narrow(r rune) bool { return !unicode.Is(unicode.Han, r) }

// apart is how many pixels two labels of the same name keep between them.
const apart = 400

// Name is a name that has found its place. A map that moves under the finger shows
// names over its tiles, so that none is cut where two tiles meet.
type Name struct {
	Text  string
	Class mappack.Class
	At    geo.Fix // its middle
	Down  bool    // written from top to bottom
}

// Names finds places for the names of a part of a map, none over another. Those of
// keep, which stand on the screen already, keep theirs.
func Names(ctx context.Context, pack *mappack.Pack, v View, style *Style, keep []Name) ([]Name, error) {
	if style.Face == nil {
		return nil, nil
	}
	if err := v.check(); err != nil {
		return nil, err
	}
	c := newCanvas(v, style)
	if err := c.gather(ctx, pack); err != nil {
		return nil, fmt.Errorf("place names: %w", err)
	}
	var held []label
	for _, n := range keep {
		x, y := v.XY(n.At)
		held = append(held, label{text: n.Text, class: n.Class, at: orb.Point{x, y}, down: n.Down})
	}
	return c.placed(held), nil
}

func (c *canvas) placed(held []label) (names []Name) {
	c.place(nil, held, func(l label, _ image.Rectangle) {
		names = append(names, Name{l.text, l.class, c.Fix(l.at[0], l.at[1]), l.down})
	})
	return names
}

// place gives each name its room in turn, first those of held, then the higher class
// and the larger thing first: each only where it covers nothing that is taken and
// lies on the picture whole.
func (c *canvas) place(taken []image.Rectangle, held []label, put func(label, image.Rectangle)) {
	slices.SortStableFunc(c.labels, func(a, b label) int {
		return cmp.Or(cmp.Compare(c.style.Pens[b.class].Rank, c.style.Pens[a.class].Rank), cmp.Compare(b.room, a.room), cmp.Compare(a.text, b.text))
	})
	where := map[string][]orb.Point{}
	for i, l := range slices.Concat(held, c.labels) {
		room := 4
		if i < len(held) {
			room = 2 // they had room; moving rounds by a pixel
		}
		size := c.style.size(l.text, l.down)
		box := image.Rectangle{Max: size}.Add(image.Pt(int(l.at[0])-size.X/2, int(l.at[1])-size.Y/2))
		free := box.In(c.whole()) && !slices.ContainsFunc(taken, box.Inset(-room).Overlaps) &&
			!slices.ContainsFunc(where[l.text], func(p orb.Point) bool { return math.Hypot(p[0]-l.at[0], p[1]-l.at[1]) < apart })
		if free {
			taken, where[l.text] = append(taken, box), append(where[l.text], l.at)
			put(l, box)
		}
	}
}

// size is the room of a text in pixels, without its halo.
func (s *Style) size(text string, down bool) image.Point {
	m := s.Face.Metrics()
	width, height := font.MeasureString(s.Face, text).Ceil(), m.Ascent.Ceil()+m.Descent.Ceil()
	if n := utf8.RuneCountInString(text); down && n > 0 {
		return image.Pt(width/n, s.pitch()*(n-1)+height)
	}
	return image.Pt(width, height)
}

// pitch is how many pixels lie between two characters of a column.
func (s *Style) pitch() int { return font.MeasureString(s.Face, "国").Ceil() + 1 }

// halo is how many pixels around a text are lit, so that it can be read over anything.
const halo = 2

// Word is a picture of a name alone.
func (s *Style) Word(n Name) *image.RGBA {
	img := image.NewRGBA(image.Rectangle{Max: s.size(n.Text, n.Down)}.Inset(-halo))
	s.text(img, n.Text, n.Down, image.Point{}, s.Pens[n.Class].Text)
	img.Rect = img.Rect.Sub(img.Rect.Min)
	return img
}

// write writes the names, and whose data it is in the corner. It gives the room
// that each takes, the corner first.
func (c *canvas) write() []image.Rectangle {
	if c.style.Face == nil {
		return nil
	}
	by := c.style.size(c.by, false)
	corner := image.Pt(c.Width-by.X-6, c.Height-by.Y-2)
	c.style.text(c.img, c.by, false, corner, c.style.Pens[mappack.City].Text)
	boxes := []image.Rectangle{{Min: corner, Max: image.Pt(c.Width, c.Height)}}
	c.place(boxes, nil, func(l label, box image.Rectangle) {
		boxes = append(boxes, box)
		c.style.text(c.img, l.text, l.down, box.Min, c.style.Pens[l.class].Text)
	})
	return boxes
}

// text writes with its upper left corner at a point.
func (s *Style) text(img *image.RGBA, text string, down bool, at image.Point, ink color.RGBA) {
	shape := image.NewAlpha(image.Rectangle{Max: s.size(text, down)}) // drawing a letter is dear, laying it down is not
	d := font.Drawer{Dst: shape, Face: s.Face, Src: image.Opaque, Dot: fixed.P(0, s.Face.Metrics().Ascent.Ceil())}
	if down {
		for _, r := range text {
			d.Dot.X = 0
			d.DrawString(string(r))
			d.Dot.Y += fixed.I(s.pitch())
		}
	} else {
		d.DrawString(text)
	}
	lay := func(dx, dy int, c color.RGBA) {
		draw.DrawMask(img, shape.Rect.Add(at).Add(image.Pt(dx, dy)), image.NewUniform(c), image.Point{}, shape, image.Point{}, draw.Over)
	}
	for _, by := range []image.Point{{-halo, 0}, {halo, 0}, {0, -halo}, {0, halo}, {-1, -1}, {1, -1}, {-1, 1}, {1, 1}} {
		lay(by.X, by.Y, s.Halo)
	}
	lay(0, 0, ink)
}
