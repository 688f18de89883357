package mapview

import (
	"image"
	"image/color"
	"math"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"yizhan/app/flow"
	"yizhan/app/flow/wayfind"
	"yizhan/app/look"
	"yizhan/core/mapdraw"
)

// around is how many pixels beyond the screen names are placed, and stray how far the
// map moves before they are placed anew.
const (
	around = 192
	stray  = 128
)

// wantWords asks for names where those that stand do not reach.
func (m *Map) wantWords(v mapdraw.View) []job {
	far := math.MaxFloat64
	if m.named.Zoom == v.Zoom && m.named.Width == v.Width+2*around && m.named.Height == v.Height+2*around {
		x, y := m.named.XY(v.Center)
		far = math.Hypot(x-float64(m.named.Width)/2, y-float64(m.named.Height)/2)
	}
	if far <= stray || m.sheet.style.Face == nil {
		return nil
	}
	wide := v
	wide.Width, wide.Height = v.Width+2*around, v.Height+2*around
	j := job{names: wide}
	if m.named.Zoom == v.Zoom {
		for _, l := range m.words {
			j.keep = append(j.keep, l.Name)
		}
	}
	j.done = func(r result) {
		if r.sheet != m.sheet {
			return
		}
		stand := map[mapdraw.Name]*label{}
		for _, l := range m.words {
			stand[l.Name] = l
		}
		m.words = m.words[:0:0]
		for _, w := range r.names {
			l := stand[w.Name]
			if l == nil {
				l = &label{w, canvas.NewImageFromImage(w.img)}
				size := w.img.Bounds().Size()
				l.image.Resize(fyne.NewSize(float32(float64(size.X)/m.dense), float32(float64(size.Y)/m.dense)))
			}
			m.words = append(m.words, l)
		}
		m.named = wide
		m.soon()
	}
	return []job{j}
}

// box is where a name stands, in pixels of the map.
func (l *label) box(v mapdraw.View) image.Rectangle {
	x, y := v.XY(l.At)
	size := l.img.Bounds().Size()
	return image.Rectangle{Max: size}.Add(image.Pt(int(math.Round(x))-size.X/2, int(math.Round(y))-size.Y/2))
}

// covered is what stands over the map in its place, in pixels of the map.
func (m *Map) covered() (all []image.Rectangle) {
	for _, o := range append(m.buttons[:len(m.buttons):len(m.buttons)], m.strip) {
		at, size := o.Position(), o.Size()
		px := func(dp float32) int { return int(float64(dp) * m.dense) }
		all = append(all, image.Rect(px(at.X), px(at.Y), px(at.X+size.Width), px(at.Y+size.Height)))
	}
	return all
}

// placeWords moves the names along with the ground. One that would be cut by the edge of
// the map, or covered, is not shown, and until those of another zoom are placed, none over another.
func (m *Map) placeWords(v mapdraw.View) {
	var taken []image.Rectangle
	another, covered := m.named.Zoom != v.Zoom, m.covered()
	for _, l := range m.words {
		at := l.box(v)
		hide := !at.In(image.Rect(0, 0, v.Width, v.Height)) || slices.ContainsFunc(covered, at.Overlaps) || another && slices.ContainsFunc(taken, at.Overlaps)
		if hide != !l.image.Visible() {
			if hide {
				l.image.Hide()
			} else {
				l.image.Show()
			}
		}
		if !hide {
			taken = append(taken, at)
			m.at(l.image, float64(at.Min.X), float64(at.Min.Y))
		}
	}
}

// pin is a station on the map.
type pin struct {
	wayfind.Pin
	image *canvas.Image
	size  float32
	small bool
}

func (m *Map) pinSize() float32 { return max(30, m.scale.Title*1.15) }

// placePins puts stations where they are. Where two would cover each other, the
// farther one is a dot.
func (m *Map) placePins() {
	v := m.state.View()
	if m.pins == nil {
		m.stick(v)
	}
	for _, p := range m.pins {
		x, y := v.XY(p.At)
		if p.small {
			p.image.Move(fyne.NewPos(float32(x)-p.size/2, float32(y)-p.size/2))
		} else {
			p.image.Move(fyne.NewPos(float32(x)-p.size/2, float32(y)-p.size))
		}
	}
	m.placeMe(v)
}

// stick makes the pins of the state: the goal above all others, the nearer above the farther.
func (m *Map) stick(v mapdraw.View) {
	m.pins = []*pin{}
	size := m.pinSize()
	taken := []fyne.Position{}
	order := slices.Clone(m.state.Pins)
	if i := slices.IndexFunc(order, func(p wayfind.Pin) bool { return p.Station == m.state.Goal }); i > 0 {
		goal := order[i]
		order = slices.Insert(slices.Delete(order, i, i+1), 0, goal)
	}
	for _, p := range order {
		x, y := v.XY(p.At)
		at := fyne.NewPos(float32(x), float32(y))
		covered := slices.ContainsFunc(taken, func(o fyne.Position) bool {
			return math.Hypot(float64(o.X-at.X), float64(o.Y-at.Y)) < float64(size)*0.9
		})
		tone := [...]look.Tone{wayfind.Unknown: flow.Plain, wayfind.IsOpen: flow.Good, wayfind.IsClosed: flow.Bad}[p.Open]
		one := &pin{Pin: p, size: size, small: covered}
		switch chosen := p.Station == m.state.Goal; {
		case covered:
			one.size = size * 0.4
			one.image = m.scale.PinDot(tone)
		default:
			taken = append(taken, at)
			if chosen {
				one.size = size * 1.3
			}
			one.image = m.scale.Pin(p.Kind, tone, chosen)
		}
		one.image.Resize(fyne.NewSquareSize(one.size))
		m.pins = append(m.pins, one)
	}
	slices.Reverse(m.pins)
}

// placeMe marks where the person stands: a dot in a ring, the only round mark.
func (m *Map) placeMe(v mapdraw.View) {
	for i, c := range m.me {
		if m.state.Origin == wayfind.Nowhere {
			c.Hide()
			continue
		}
		size := m.scale.Body * [...]float32{1.1, 0.62}[i]
		x, y := v.XY(m.state.Here)
		c.Resize(fyne.NewSquareSize(size))
		c.Move(fyne.NewPos(float32(x)-size/2, float32(y)-size/2))
		c.Show()
	}
}

// furnish makes what stays in its place: the credit, the buttons, and the marks.
func (m *Map) furnish() {
	s := m.scale
	st := style(s, nil)
	m.ground = canvas.NewRectangle(st.Ground)
	m.me = [2]*canvas.Circle{canvas.NewCircle(s.Surface), canvas.NewCircle(st.Route)}
	m.me[0].StrokeColor, m.me[0].StrokeWidth = st.Route, s.Body*0.12
	m.by = canvas.NewText("", s.Ink)
	m.by.TextSize = s.Small * 0.7
	m.strip = canvas.NewRectangle(color.NRGBA{s.Surface.R, s.Surface.G, s.Surface.B, 0xD8})
	zoom := func(by int) func() {
		return func() {
			m.send(wayfind.Zoom{By: by, X: m.Size().Width / 2, Y: m.Size().Height / 2})
		}
	}
	m.buttons = []fyne.CanvasObject{m.button(look.IconNear, zoom(1)), m.button(look.IconFar, zoom(-1)), m.button(look.IconAim, func() { m.send(wayfind.Fit{}) })}
	m.arrange(m.Size())
}

func (m *Map) button(icon look.Icon, tap func()) fyne.CanvasObject {
	s := m.scale
	sign := look.Fixed(s.Button, s.Button, look.Fixed(s.Head*0.8, s.Head*0.8, icon.Draw(s.Brand)))
	return look.NewTap(look.Bordered(s.Surface, s.Brand, s.Radius, sign), tap)
}

func (m *Map) send(msg wayfind.Message) {
	if m.Send != nil {
		m.Send(msg)
	}
}

// arrange puts the fixed things where they belong: the buttons on the right side, the
// lowest one in the corner, and the credit in the other.
func (m *Map) arrange(size fyne.Size) {
	m.ground.Resize(size)
	s := m.scale
	for i, b := range m.buttons {
		b.Resize(fyne.NewSquareSize(s.Button))
		b.Move(fyne.NewPos(size.Width-s.Button-s.Gap/2, size.Height-(s.Button+s.Gap/2)*float32(len(m.buttons)-i)))
	}
	m.by.Text = m.state.Ground.Attribution
	least := m.by.MinSize()
	m.by.Resize(least)
	m.by.Move(fyne.NewPos(s.Gap/3, size.Height-least.Height))
	m.strip.Resize(least.AddWidthHeight(s.Gap*2/3, 0))
	m.strip.Move(fyne.NewPos(0, size.Height-least.Height))
	m.by.Refresh()
}
