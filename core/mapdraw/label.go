package mapdraw

import (
	"cmp"
	"image"
	"image/color"
	"math"
	"slices"

	"github.com/paulmach/orb"
	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"

	"yizhan/core/mappack"
)

// label is a name that wants to be written around a point.
type label struct {
	text  string
	at    orb.Point
	class mappack.Class
	room  float64 // pixels that it names; of two the larger is written
}

// name notes the name of a place, or of an area so many pixels wide.
func (c *canvas) name(f *mappack.Feature, at orb.Point, room float64) {
	if f.Name == "" || c.Zoom < c.style.Pens[f.Class].Names || at[0] < 0 || at[1] < 0 || at[0] > float64(c.Width) || at[1] > float64(c.Height) {
		return
	}
	if f.Area && c.style.Face != nil && room < float64(font.MeasureString(c.style.Face, f.Name).Ceil())*0.8 {
		return
	}
	c.labels = append(c.labels, label{f.Name, at, f.Class, room})
}

// nameLine notes the name of a line at the middle of its longest part.
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
				c.labels = append(c.labels, label{f.Name, at, f.Class, total})
				break
			}
			run += d
		}
	}
}

// apart is how many pixels two labels of the same name keep between them.
const apart = 400

// write writes the names, the higher class and the larger thing first, each only
// where it covers no other and lies on the picture whole. It gives the room that
// each takes, whose data it is first.
func (c *canvas) write() []image.Rectangle {
	face := c.style.Face
	if face == nil {
		return nil
	}
	slices.SortStableFunc(c.labels, func(a, b label) int {
		return cmp.Or(cmp.Compare(c.style.Pens[b.class].Rank, c.style.Pens[a.class].Rank), cmp.Compare(b.room, a.room), cmp.Compare(a.text, b.text))
	})
	height := face.Metrics().Ascent.Ceil() + face.Metrics().Descent.Ceil()
	taken := []image.Rectangle{c.attribution(height)}
	where := map[string][]orb.Point{}
	for _, l := range c.labels {
		width := font.MeasureString(face, l.text).Ceil()
		x, y := int(l.at[0])-width/2, int(l.at[1])-height/2
		box := image.Rect(x, y, x+width, y+height)
		free := box.In(c.img.Bounds()) && !slices.ContainsFunc(taken, box.Inset(-4).Overlaps) &&
			!slices.ContainsFunc(where[l.text], func(p orb.Point) bool { return math.Hypot(p[0]-l.at[0], p[1]-l.at[1]) < apart })
		if !free {
			continue
		}
		taken, where[l.text] = append(taken, box), append(where[l.text], l.at)
		c.text(l.text, x, y+face.Metrics().Ascent.Ceil(), c.style.Pens[l.class].Text)
	}
	return taken
}

// attribution writes what the data's licence wants shown, in the lower right
// corner, and gives the room that it takes.
func (c *canvas) attribution(height int) image.Rectangle {
	width := font.MeasureString(c.style.Face, c.by).Ceil()
	x, y := c.Width-width-6, c.Height-height-2
	c.text(c.by, x, y+c.style.Face.Metrics().Ascent.Ceil(), c.style.Pens[mappack.City].Text)
	return image.Rect(x, y, c.Width, c.Height)
}

// text writes with a halo, so that it can be read over anything.
func (c *canvas) text(s string, x, y int, ink color.RGBA) {
	d := font.Drawer{Dst: c.img, Face: c.style.Face, Src: image.NewUniform(c.style.Halo)}
	for _, by := range []image.Point{{-2, 0}, {2, 0}, {0, -2}, {0, 2}, {-1, -1}, {1, -1}, {-1, 1}, {1, 1}} {
		d.Dot = fixed.P(x+by.X, y+by.Y)
		d.DrawString(s)
	}
	d.Src, d.Dot = image.NewUniform(ink), fixed.P(x, y)
	d.DrawString(s)
}
