package look

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// Fluid is an object whose height follows from its width. Fyne's layouts ask for
// a least size before they give a width, which breaks with text that wraps; the
// boxes of this file give the width first.
type Fluid interface {
	fyne.CanvasObject
	HeightFor(width float32) float32
}

func heightFor(o fyne.CanvasObject, width float32) float32 {
	if !o.Visible() {
		return 0
	}
	if f, ok := o.(Fluid); ok {
		return f.HeightFor(width)
	}
	return o.MinSize().Height
}

// box is what Column, Row, Card and Frame share: a widget that draws its objects
// and lets arrange place them.
type box struct {
	widget.BaseWidget
	objects []fyne.CanvasObject
	arrange func(fyne.Size)
	height  func(width float32) float32
	width   float32 // least width
}

// HeightFor is the height at a width.
func (b *box) HeightFor(width float32) float32 { return b.height(width) }

// MinSize is the height at the present width.
func (b *box) MinSize() fyne.Size {
	return fyne.NewSize(b.width, b.height(max(b.width, b.Size().Width)))
}

// CreateRenderer is called by Fyne.
func (b *box) CreateRenderer() fyne.WidgetRenderer { return boxRenderer{b} }

type boxRenderer struct{ b *box }

func (r boxRenderer) Layout(s fyne.Size)           { r.b.arrange(s) }
func (r boxRenderer) MinSize() fyne.Size           { return r.b.MinSize() }
func (r boxRenderer) Refresh()                     { r.b.arrange(r.b.Size()); canvas.Refresh(r.b) }
func (r boxRenderer) Objects() []fyne.CanvasObject { return r.b.objects }
func (r boxRenderer) Destroy()                     {}

// place gives an object its place; where there is no room it is of no size, because
// painters break at a negative one.
func place(o fyne.CanvasObject, x, y, w, h float32) {
	o.Move(fyne.NewPos(x, y))
	o.Resize(fyne.NewSize(max(0, w), max(0, h)))
}

// Column stacks objects from top to bottom, each as wide as the column.
func Column(gap float32, objects ...fyne.CanvasObject) fyne.CanvasObject {
	b := &box{objects: objects}
	b.height = func(width float32) float32 {
		total := float32(0)
		for _, o := range objects {
			if h := heightFor(o, width); h > 0 {
				total += h + gap
			}
		}
		return max(0, total-gap)
	}
	b.arrange = func(s fyne.Size) {
		y := float32(0)
		for _, o := range objects {
			h := heightFor(o, s.Width)
			place(o, 0, y, s.Width, h)
			if h > 0 {
				y += h + gap
			}
		}
	}
	b.ExtendBaseWidget(b)
	return b
}

// Row puts objects side by side, centred on each other. The one with index grow
// gets the width that the others leave; -1 shares the width equally and gives all of them one height.
func Row(gap float32, grow int, objects ...fyne.CanvasObject) fyne.CanvasObject {
	b := &box{objects: objects}
	widths := func(total float32) []float32 {
		ws := make([]float32, len(objects))
		rest := total - gap*float32(len(objects)-1)
		for i, o := range objects {
			if grow < 0 {
				ws[i] = rest / float32(len(objects))
			} else if i != grow {
				ws[i] = o.MinSize().Width
			}
		}
		if grow >= 0 {
			for i, w := range ws {
				if i != grow {
					rest -= w
				}
			}
			ws[grow] = max(0, rest)
		}
		return ws
	}
	b.height = func(width float32) float32 {
		tallest := float32(0)
		for i, w := range widths(width) {
			tallest = max(tallest, heightFor(objects[i], w))
		}
		return tallest
	}
	b.arrange = func(s fyne.Size) {
		x := float32(0)
		for i, w := range widths(s.Width) {
			h := s.Height
			if grow >= 0 {
				h = heightFor(objects[i], w)
			}
			place(objects[i], x, (s.Height-h)/2, w, h)
			x += w + gap
		}
	}
	b.ExtendBaseWidget(b)
	return b
}

// Grid puts objects into rows of so many columns, all of one width, and those of a row of one height.
func Grid(columns int, gap float32, objects ...fyne.CanvasObject) fyne.CanvasObject {
	return grid(func(float32) int { return columns }, gap, objects)
}

// grid is Grid with as many columns as a width has room for.
func grid(columnsOf func(width float32) int, gap float32, objects []fyne.CanvasObject) fyne.CanvasObject {
	b := &box{objects: objects}
	rows := func(total float32) (columns int, width float32, heights []float32) {
		columns = columnsOf(total)
		width = (total - gap*float32(columns-1)) / float32(columns)
		for i, o := range objects {
			if i%columns == 0 {
				heights = append(heights, 0)
			}
			at := &heights[len(heights)-1]
			*at = max(*at, heightFor(o, width))
		}
		return columns, width, heights
	}
	b.height = func(total float32) float32 {
		_, _, heights := rows(total)
		sum := gap * float32(max(0, len(heights)-1))
		for _, h := range heights {
			sum += h
		}
		return sum
	}
	b.arrange = func(s fyne.Size) {
		columns, width, heights := rows(s.Width)
		y := float32(0)
		for i, o := range objects {
			place(o, float32(i%columns)*(width+gap), y, width, heights[i/columns])
			if i%columns == columns-1 {
				y += heights[i/columns] + gap
			}
		}
	}
	b.ExtendBaseWidget(b)
	return b
}

// Pad leaves room around an object.
func Pad(vertical, horizontal float32, o fyne.CanvasObject) fyne.CanvasObject {
	b := &box{objects: []fyne.CanvasObject{o}}
	b.height = func(width float32) float32 { return heightFor(o, width-2*horizontal) + 2*vertical }
	b.arrange = func(s fyne.Size) {
		place(o, horizontal, vertical, s.Width-2*horizontal, s.Height-2*vertical)
	}
	b.ExtendBaseWidget(b)
	return b
}

// Middle centres an object vertically, and keeps its width to most at most (0: any).
func Middle(most float32, o fyne.CanvasObject) fyne.CanvasObject {
	b := &box{objects: []fyne.CanvasObject{o}}
	narrow := func(w float32) float32 {
		if most > 0 {
			return min(w, most)
		}
		return w
	}
	b.height = func(width float32) float32 { return heightFor(o, narrow(width)) }
	b.arrange = func(s fyne.Size) {
		w := narrow(s.Width)
		h := heightFor(o, w)
		place(o, (s.Width-w)/2, max(0, (s.Height-h)/2), w, h)
	}
	b.ExtendBaseWidget(b)
	return b
}

// FirstToFit shows the first of several forms of one thing that has room; the last where none has.
func FirstToFit(forms ...fyne.CanvasObject) fyne.CanvasObject {
	b := &box{objects: forms}
	b.height = func(width float32) float32 { return heightFor(forms[len(forms)-1], width) }
	b.arrange = func(s fyne.Size) {
		shown := false
		for i, o := range forms {
			o.Show() // nothing hidden has a height
			if shown || (i < len(forms)-1 && heightFor(o, s.Width) > s.Height) {
				o.Hide()
				continue
			}
			shown = true
			place(o, 0, 0, s.Width, s.Height)
		}
	}
	for _, o := range forms[:len(forms)-1] {
		o.Hide()
	}
	b.ExtendBaseWidget(b)
	return b
}

// Fixed gives an object a size of its own, centred in the width it gets.
func Fixed(w, h float32, o fyne.CanvasObject) fyne.CanvasObject {
	b := &box{objects: []fyne.CanvasObject{o}, width: w}
	b.height = func(float32) float32 { return h }
	b.arrange = func(s fyne.Size) { place(o, (s.Width-w)/2, (s.Height-h)/2, w, h) }
	b.ExtendBaseWidget(b)
	return b
}

// Square gives an object as much height as width, at most most, centred.
func Square(most float32, o fyne.CanvasObject) fyne.CanvasObject {
	b := &box{objects: []fyne.CanvasObject{o}}
	b.height = func(width float32) float32 { return min(width, most) }
	b.arrange = func(s fyne.Size) {
		side := min(s.Width, most)
		place(o, (s.Width-side)/2, 0, side, side)
	}
	b.ExtendBaseWidget(b)
	return b
}

// Picture shows a picture in its own shape, with round corners, as wide as there is room and
// at most so high.
func (s Scale) Picture(m image.Image, most float32) fyne.CanvasObject {
	c := canvas.NewImageFromImage(m)
	c.FillMode, c.ScaleMode, c.CornerRadius = canvas.ImageFillContain, canvas.ImageScaleSmooth, s.Radius
	size := m.Bounds().Size()
	shape := float32(size.Y) / float32(max(1, size.X))
	b := &box{objects: []fyne.CanvasObject{c}}
	b.height = func(width float32) float32 { return min(width*shape, most) }
	b.arrange = func(s fyne.Size) {
		w := min(s.Width, most/shape)
		place(c, (s.Width-w)/2, max(0, s.Height-w*shape)/2, w, w*shape)
	}
	b.ExtendBaseWidget(b)
	return b
}

// Space is an empty object of a height.
func Space(h float32) fyne.CanvasObject {
	return Fixed(0, h, canvas.NewRectangle(color.Transparent))
}

// Fill paints a rectangle of one colour behind an object.
func Fill(fill color.Color, radius float32, o fyne.CanvasObject) fyne.CanvasObject {
	return Bordered(fill, nil, radius, o)
}

// Bordered paints a rectangle with a thin border behind an object.
func Bordered(fill, line color.Color, radius float32, o fyne.CanvasObject) fyne.CanvasObject {
	back := canvas.NewRectangle(fill)
	back.CornerRadius = radius
	if line != nil {
		back.StrokeColor, back.StrokeWidth = line, 1
	}
	b := &box{objects: []fyne.CanvasObject{back, o}}
	b.height = func(width float32) float32 { return heightFor(o, width) }
	b.arrange = func(s fyne.Size) {
		place(back, 0, 0, s.Width, s.Height)
		place(o, 0, 0, s.Width, s.Height)
	}
	b.ExtendBaseWidget(b)
	return b
}

// Frame is a page: a top and a bottom of their own height, and a body that gets
// the rest. Top and bottom may be nil.
func Frame(top, body, bottom fyne.CanvasObject) fyne.CanvasObject {
	b := &box{}
	for _, o := range []fyne.CanvasObject{body, top, bottom} {
		if o != nil {
			b.objects = append(b.objects, o)
		}
	}
	part := func(o fyne.CanvasObject, width float32) float32 {
		if o == nil {
			return 0
		}
		return heightFor(o, width)
	}
	b.height = func(width float32) float32 {
		return part(top, width) + part(bottom, width) + heightFor(body, width)
	}
	b.arrange = func(s fyne.Size) {
		above, below := part(top, s.Width), part(bottom, s.Width)
		if top != nil {
			place(top, 0, 0, s.Width, above)
		}
		if bottom != nil {
			place(bottom, 0, s.Height-below, s.Width, below)
		}
		place(body, 0, above, s.Width, max(0, s.Height-above-below))
	}
	b.ExtendBaseWidget(b)
	return b
}

// Scroll lets a page be dragged by finger: Fyne's own scroll does that on phones
// only, and a kiosk is a desktop with a touch screen.
type Scroll struct {
	widget.BaseWidget
	inner *container.Scroll
	pane  *pane
}

// NewScroll makes a vertical scroll over a content.
func NewScroll(content fyne.CanvasObject) *Scroll {
	s := &Scroll{pane: &pane{content: content}}
	s.pane.ExtendBaseWidget(s.pane)
	s.inner = container.NewVScroll(s.pane)
	s.pane.drag = func(dy float32) {
		s.SetOffset(s.inner.Offset.Y - dy)
	}
	s.ExtendBaseWidget(s)
	return s
}

// Offset is how far the content is scrolled.
func (s *Scroll) Offset() float32 { return s.inner.Offset.Y }

// SetOffset scrolls there, or as far as the content goes.
func (s *Scroll) SetOffset(y float32) {
	y = max(0, min(y, s.pane.Size().Height-s.inner.Size().Height))
	s.inner.ScrollToOffset(fyne.NewPos(0, y))
}

// MinSize is small: a scroll takes the room that is left.
func (s *Scroll) MinSize() fyne.Size { return fyne.NewSize(1, 1) }

// Resize gives the content its width before the scroll asks how high it is.
func (s *Scroll) Resize(size fyne.Size) {
	s.pane.width = size.Width
	s.BaseWidget.Resize(size)
}

// CreateRenderer is called by Fyne.
func (s *Scroll) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(s.inner) }

type pane struct {
	widget.BaseWidget
	content fyne.CanvasObject
	width   float32
	drag    func(dy float32)
}

func (p *pane) MinSize() fyne.Size                  { return fyne.NewSize(0, heightFor(p.content, p.width)) }
func (p *pane) Dragged(e *fyne.DragEvent)           { p.drag(e.Dragged.DY) }
func (p *pane) DragEnd()                            {}
func (p *pane) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(p.content) }
