// Package mapview is the map on the screen: tiles that are drawn in the background,
// names over them, stations, the way on foot, and what fingers do.
package mapview

import (
	"image"
	"math"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
	"golang.org/x/image/font"

	"yizhan/app/flow/wayfind"
	"yizhan/app/look"
	"yizhan/core/geo"
	"yizhan/core/mapdraw"
	"yizhan/core/mappack"
	"yizhan/core/walk"
)

// Map draws the map of a wayfind.State, and sends it what fingers do. It is one object for
// the whole life of the window; all methods are called on the UI goroutine.
type Map struct {
	widget.BaseWidget
	Send func(wayfind.Message)
	Face func(pixels float64) font.Face // of names; nil for none

	scale   look.Scale
	state   wayfind.State
	painter *painter
	sheet   *sheet
	dense   float64 // pixels of a dp

	tiles   map[tile]*drawn // what was drawn lately
	slots   map[place]*slot // on the screen
	order   []*slot         // the same, always in one order: Fyne lays out anew what changes its place in a list
	late    bool            // something was to be shown before there was a screen
	words   []*label
	named   mapdraw.View // that the words were placed for
	clock   uint64
	pace    pace
	pins    []*pin
	me      [2]*canvas.Circle
	by      *canvas.Text
	strip   *canvas.Rectangle
	buttons []fyne.CanvasObject
	ground  *canvas.Rectangle
	beat    *canvas.Raster // one pixel that is drawn again with each frame
	frames  int
	fingers fingers
}

// drawn is a tile's picture.
type drawn struct {
	img   *image.RGBA
	route *walk.Route // that lies on it
	used  uint64
}

// place is where a tile stands among the objects: they are as many as fit onto the
// screen, and used again for other tiles, so that textures do not pile up.
type place struct{ column, row int }

type slot struct {
	image *canvas.Image
	tile  tile
	shown *image.RGBA
}

type label struct {
	word
	image *canvas.Image
}

// New makes a map; do runs a function on the UI goroutine.
func New(s look.Scale, do func(func())) *Map {
	m := &Map{scale: s, painter: newPainter(do), tiles: map[tile]*drawn{}, slots: map[place]*slot{}, dense: 1}
	m.pace = pace{now: time.Now, after: func(d time.Duration, fn func()) { time.AfterFunc(d, func() { do(fn) }) }}
	m.beat = canvas.NewRaster(func(int, int) image.Image { m.frames++; return image.NewRGBA(image.Rect(0, 0, 1, 1)) })
	m.beat.Resize(fyne.NewSize(1, 1))
	m.SetScale(s)
	m.ExtendBaseWidget(m)
	return m
}

// Frames counts how often the map was drawn since the start.
func (m *Map) Frames() int { return m.frames }

// style is how the map looks in a palette.
func style(s look.Scale, face font.Face) *mapdraw.Style {
	switch s.Name {
	case look.Night.Name:
		return mapdraw.Night(face)
	case look.Contrast.Name:
		return mapdraw.Contrast(face)
	}
	return mapdraw.Day(face)
}

// SetScale draws in other sizes and colours.
func (m *Map) SetScale(s look.Scale) {
	m.scale = s
	m.furnish()
	if m.sheet != nil {
		m.redraw(m.sheet.pack)
	}
	m.pins = nil
	m.show()
}

// SetPack draws from another pack, nil for none; the one before is closed.
func (m *Map) SetPack(p *mappack.Pack) {
	var before *mappack.Pack
	if m.sheet != nil {
		before = m.sheet.pack
	}
	m.redraw(p)
	if before != nil && before != p {
		if err := before.Close(); err != nil {
			fyne.LogError("close map", err)
		}
	}
	m.show()
}

// redraw forgets what was drawn.
func (m *Map) redraw(p *mappack.Pack) {
	m.sheet = nil
	if p != nil {
		var face font.Face
		if m.Face != nil {
			face = m.Face(float64(m.scale.Small) * m.dense)
		}
		m.sheet = &sheet{p, style(m.scale, face)}
	}
	m.painter.use(m.sheet)
	m.Rest()
}

// Rest lets go of what was drawn: the map is not on the screen any more.
func (m *Map) Rest() {
	m.painter.want(nil)
	clear(m.tiles)
	for _, s := range m.slots {
		s.shown = nil
		s.image.Image = nil
		s.image.Hide()
	}
	m.words, m.named, m.pins, m.pace.due = nil, mapdraw.View{}, nil, false
}

// Draw shows a state: at once where something else than the part of the map that is
// shown has changed, and not at all where nothing has.
func (m *Map) Draw(s wayfind.State) {
	before := m.state
	if m.state = s; before.Ground.Attribution != s.Ground.Attribution {
		m.arrange(m.Size())
	}
	if before.Goal != s.Goal || before.Camera.Zoom != s.Camera.Zoom || !slices.Equal(before.Pins, s.Pins) {
		m.pins = nil
	}
	switch {
	case m.pins == nil || before.Route != s.Route || before.Origin != s.Origin || before.Here != s.Here:
		m.show()
	case before.Camera != s.Camera:
		m.soon()
	}
}

// pace keeps frames apart.
type pace struct {
	now   func() time.Time
	after func(time.Duration, func()) // runs a function on the UI goroutine
	last  time.Time                   // when the map was shown
	due   bool                        // it will be shown again
}

// apart is the least time between two frames of a map that moves. Twenty-five a second
// are smooth; a finger moves sixty times, which without a graphics card would take more than a core.
const apart = 40 * time.Millisecond

// soon shows the state as it will be when the next frame is due.
func (m *Map) soon() {
	if m.pace.due {
		return
	}
	rest := apart - m.pace.now().Sub(m.pace.last)
	if rest <= 0 {
		m.show()
		return
	}
	m.pace.due = true
	m.pace.after(rest, func() {
		if m.pace.due { // else shown meanwhile, or not on the screen any more
			m.show()
		}
	})
}

// view is what is shown, in pixels of the screen.
func (m *Map) view() mapdraw.View {
	s := m.Size()
	return mapdraw.View{Center: m.state.Camera.Center, Zoom: min(mappack.MaxZoom, float64(m.state.Camera.Zoom)+math.Log2(m.dense)),
		Width: int(math.Round(float64(s.Width) * m.dense)), Height: int(math.Round(float64(s.Height) * m.dense))}
}

// show places everything, and asks for what is missing.
func (m *Map) show() {
	c := fyne.CurrentApp().Driver().CanvasForObject(m)
	m.late = c == nil
	if c == nil || m.state.Camera.Zoom == 0 || m.Size().Width < 1 || m.Size().Height < 1 {
		return
	}
	if dense := float64(c.Scale()); dense != m.dense {
		if m.dense = dense; m.sheet != nil {
			m.redraw(m.sheet.pack) // letters are drawn for the pixels of a screen
		}
	}
	m.pace.last, m.pace.due = m.pace.now(), false
	v := m.view()
	left, top := v.Corner()
	corner := image.Pt(int(math.Round(left)), int(math.Round(top))) // whole pixels, or tiles would be blurred
	m.clock++
	if m.sheet != nil {
		m.painter.want(m.lay(v, corner))
	} else {
		m.ground.Show()
	}
	m.placeWords(v)
	m.placePins()
	m.beat.Refresh()
}

// at puts an object at a pixel of the map.
func (m *Map) at(o fyne.CanvasObject, x, y float64) {
	o.Move(fyne.NewPos(float32(x/m.dense), float32(y/m.dense)))
}

// lay puts tiles onto the screen and gives what is to be drawn, in the order in which it is wanted.
func (m *Map) lay(v mapdraw.View, corner image.Point) (jobs []job) {
	first := image.Pt(floor(corner.X), floor(corner.Y))
	last := image.Pt(floor(corner.X+v.Width-1), floor(corner.Y+v.Height-1))
	columns, rows := int(math.Ceil(float64(v.Width)/side))+1, int(math.Ceil(float64(v.Height)/side))+1
	taken := map[place]bool{}
	var ring []job
	for y := first.Y - 1; y <= last.Y+1; y++ {
		for x := first.X - 1; x <= last.X+1; x++ {
			t := tile{v.Zoom, x, y}
			have := m.tiles[t]
			if have != nil {
				have.used = m.clock
			}
			missing := have == nil || have.route != m.touching(t)
			if x < first.X || y < first.Y || x > last.X || y > last.Y {
				if missing {
					ring = append(ring, m.job(t))
				}
				continue
			}
			p := place{(x%columns + columns) % columns, (y%rows + rows) % rows}
			taken[p] = true
			m.fill(p, t, have)
			m.at(m.slots[p].image, float64(x*side-corner.X), float64(y*side-corner.Y))
			if missing {
				jobs = append(jobs, m.job(t))
			}
		}
	}
	for p, s := range m.slots {
		if !taken[p] && s.image.Visible() {
			s.image.Hide()
		}
	}
	m.ground.Hide() // tiles cover all of it: without a graphics card each layer counts
	middle := func(j job) float64 {
		return math.Hypot(float64(j.tile.x)+0.5-float64(corner.X+v.Width/2)/side, float64(j.tile.y)+0.5-float64(corner.Y+v.Height/2)/side)
	}
	slices.SortStableFunc(jobs, func(a, b job) int { return int(100 * (middle(a) - middle(b))) })
	return append(append(jobs, m.wantWords(v)...), ring...)
}

func floor(pixels int) int { return int(math.Floor(float64(pixels) / side)) }

// fill shows a tile in its place, or what comes nearest to it until it is drawn.
func (m *Map) fill(p place, t tile, have *drawn) {
	s := m.slots[p]
	if s == nil {
		s = &slot{image: &canvas.Image{ScaleMode: canvas.ImageScaleFastest}}
		m.slots[p], m.order = s, append(m.order, s)
	}
	s.image.Resize(fyne.NewSquareSize(float32(side / m.dense)))
	var img *image.RGBA
	switch {
	case have != nil:
		img = have.img
	case s.tile == t && s.shown != nil:
		img = s.shown // a stand-in already
	default:
		img = m.standIn(t)
	}
	s.tile = t
	if s.shown != img {
		s.shown, s.image.Image = img, img
		s.image.Refresh()
	}
	if !s.image.Visible() {
		s.image.Show()
	}
}

// standIn is the quarter of the farther tile that t lies in, or the bare ground.
func (m *Map) standIn(t tile) *image.RGBA {
	up := tile{t.zoom - 1, t.x >> 1, t.y >> 1}
	if have := m.tiles[up]; have != nil {
		const half = side / 2
		img := image.NewRGBA(image.Rect(0, 0, half, half))
		for y := range half {
			from := have.img.PixOffset(t.x&1*half, t.y&1*half+y)
			copy(img.Pix[y*img.Stride:], have.img.Pix[from:from+4*half])
		}
		return img
	}
	img := image.NewRGBA(image.Rect(0, 0, 1, 1))
	img.SetRGBA(0, 0, m.sheet.style.Ground)
	return img
}

// touching is the route, where it may lie on a tile.
func (m *Map) touching(t tile) *walk.Route {
	r := m.state.Route
	if r == nil {
		return nil
	}
	box := geo.NoBox()
	for _, f := range r.Points {
		box = box.With(f)
	}
	if !mapdraw.Tile(t.zoom, side, t.x, t.y).Box(12).Meets(box) {
		return nil
	}
	return r
}

func (m *Map) job(t tile) job {
	route := m.touching(t)
	j := job{tile: t, route: route}
	j.done = func(r result) {
		if r.sheet != m.sheet || r.img == nil {
			return
		}
		m.clock++
		m.tiles[t] = &drawn{r.img, route, m.clock}
		m.trim()
		m.soon()
	}
	return j
}

// most is how many tiles are kept, of a quarter of a megabyte each.
const most = 96

// trim forgets the tiles that were not looked at for longest.
func (m *Map) trim() {
	for len(m.tiles) > most {
		oldest := tile{}
		for t, d := range m.tiles {
			if o := m.tiles[oldest]; o == nil || d.used < o.used {
				oldest = t
			}
		}
		delete(m.tiles, oldest)
	}
}

// MinSize is small: a map takes the room that is left.
func (m *Map) MinSize() fyne.Size { return fyne.NewSize(1, 1) }

// Resize tells the state how much of the map is shown.
func (m *Map) Resize(s fyne.Size) {
	if s == m.Size() {
		return
	}
	m.BaseWidget.Resize(s)
	m.arrange(s)
	if m.Send != nil {
		m.Send(wayfind.Resized{Width: s.Width, Height: s.Height})
	}
	m.show()
}

// CreateRenderer is called by Fyne.
func (m *Map) CreateRenderer() fyne.WidgetRenderer { return renderer{m} }

type renderer struct{ m *Map }

func (r renderer) Layout(fyne.Size) {
	if r.m.late { // else it would draw for ever: a frame lays out, and laying out draws a frame
		r.m.show()
	}
}
func (r renderer) MinSize() fyne.Size           { return r.m.MinSize() }
func (r renderer) Refresh()                     { r.m.show() }
func (r renderer) Destroy()                     {}
func (r renderer) Objects() []fyne.CanvasObject { return r.m.objects() }

// objects are what is drawn, from the bottom up.
func (m *Map) objects() []fyne.CanvasObject {
	all := []fyne.CanvasObject{m.ground}
	for _, s := range m.order {
		all = append(all, s.image)
	}
	for _, l := range m.words {
		all = append(all, l.image)
	}
	for _, p := range m.pins {
		all = append(all, p.image)
	}
	return append(append(all, m.me[0], m.me[1], m.strip, m.by, m.beat), m.buttons...)
}

// Drawn reports whether all of what is on the screen is drawn.
func (m *Map) Drawn() bool {
	if m.pace.due {
		return false
	}
	seen := 0
	for _, s := range m.slots {
		if !s.image.Visible() {
			continue
		}
		if have := m.tiles[s.tile]; have == nil || have.img != s.shown || have.route != m.touching(s.tile) {
			return false
		}
		seen++
	}
	return seen > 0 && len(m.wantWords(m.view())) == 0
}
