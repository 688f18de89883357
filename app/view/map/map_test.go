package mapview

import (
	"fmt"
	"image"
	"image/color"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/mobile"
	"fyne.io/fyne/v2/test"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"

	"yizhan/app/flow/wayfind"
	"yizhan/app/look"
	"yizhan/core/geo"
	"yizhan/core/mapdraw"
	"yizhan/core/mappack"
)

var middle = geo.Point{Lat: 31.25, Lon: 120.61}.Fix()

// shown is a map of a chessboard of fields in a window, and its state.
type shown struct {
	*Map
	state wayfind.State
	turn  chan func()
}

func show(t *testing.T, size fyne.Size) *shown {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.map")
	w, err := mappack.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	plane := geo.PlaneAt(middle)
	for x := -8; x < 8; x++ {
		for y := -8; y < 8; y++ {
			if (x+y)%2 == 0 {
				e, n := float64(x)*100, float64(y)*100
				ring := []geo.Fix{plane.Fix(e, n), plane.Fix(e+100, n), plane.Fix(e+100, n+100), plane.Fix(e, n+100)}
				if err := w.Add(&mappack.Feature{Class: mappack.Green, Area: true, Name: string([]rune{rune('I' + x), rune('I' + y)}), Rings: [][]geo.Fix{ring}}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := w.Finish(mappack.About{Area: "a", Attribution: "(c) OSM"}, []byte{1}); err != nil {
		t.Fatal(err)
	}
	pack, err := mappack.Open(path, "a")
	if err != nil {
		t.Fatal(err)
	}
	s := &shown{turn: make(chan func(), 64)}
	test.NewTempApp(t)
	s.Map = New(look.Kiosk, func(f func()) { s.turn <- f })
	s.Map.Face = func(float64) font.Face { return basicfont.Face7x13 }
	s.Map.Send = func(m wayfind.Message) { s.state = s.state.Update(m); s.Map.Draw(s.state) }
	window := test.NewTempWindow(t, s.Map)
	window.SetPadded(false)
	window.Resize(size)
	s.state = s.state.Update(wayfind.Mapped{Ground: wayfind.Ground{Hash: pack.Hash, Attribution: pack.Attribution, Box: pack.Box}})
	s.state.Camera = wayfind.Camera{Center: middle, Zoom: 16}
	s.Map.Draw(s.state)
	s.Map.SetPack(pack)
	t.Cleanup(func() { s.settle(t); s.Map.SetPack(nil) })
	s.settle(t)
	return s
}

// settle turns the UI goroutine until all is drawn.
func (s *shown) settle(t *testing.T) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for !s.Drawn() {
		select {
		case f := <-s.turn:
			f()
		case <-deadline:
			t.Fatal("the map was not drawn")
		}
	}
}

// TestTilesStandWhereTheGroundIs: after any pan and zoom each tile on the screen stands
// where its corner of the world is, tiles cover all of the map, and they are no more
// objects than before.
func TestTilesStandWhereTheGroundIs(t *testing.T) {
	s := show(t, fyne.NewSize(700, 500))
	most := 0
	for i, m := range []wayfind.Message{wayfind.Pan{}, wayfind.Pan{DX: 133, DY: -77}, wayfind.Zoom{By: 1, X: 20, Y: 30}, wayfind.Pan{DX: -900, DY: 301}, wayfind.Zoom{By: -2, X: 600, Y: 90}, wayfind.Pan{DX: 3}} {
		s.Send(m)
		s.settle(t)
		v := s.view()
		covered := 0.0
		for _, slot := range s.order {
			if !slot.image.Visible() {
				continue
			}
			x, y := mapdraw.Tile(slot.tile.zoom, side, slot.tile.x, slot.tile.y).Corner()
			left, top := v.Corner()
			at := slot.image.Position()
			if dx, dy := float64(at.X)-(x-left), float64(at.Y)-(y-top); dx > 1 || dx < -1 || dy > 1 || dy < -1 {
				t.Fatalf("%d: a tile stands at %v, its ground at %v, %v", i, at, x-left, y-top)
			}
			w := min(float64(at.X)+side, 700) - max(float64(at.X), 0)
			h := min(float64(at.Y)+side, 500) - max(float64(at.Y), 0)
			covered += w * h
		}
		if covered != 700*500 {
			t.Errorf("%d: tiles cover %v of %v", i, covered, 700*500)
		}
		if most = max(most, len(s.order)); len(s.order) > 4*3+1 {
			t.Errorf("%d: %d objects for tiles", i, len(s.order))
		}
	}
	if len(s.tiles) > 96 {
		t.Errorf("%d tiles are kept", len(s.tiles))
	}
}

// TestNamesFollow: names stand over their ground, none cut where tiles meet or by the
// edge of the map, and those that stay on the screen stay where they are on the ground.
func TestNamesFollow(t *testing.T) {
	s := show(t, fyne.NewSize(700, 500))
	if len(s.words) < 4 {
		t.Fatalf("%d names", len(s.words))
	}
	before := map[mapdraw.Name]bool{}
	for _, l := range s.words {
		before[l.Name] = true
	}
	s.Send(wayfind.Pan{DX: 140, DY: 60})
	s.settle(t)
	stayed := 0
	for _, l := range s.words {
		if before[l.Name] {
			stayed++
		}
		x, y := s.view().XY(l.At)
		at, size := l.image.Position(), l.image.Size()
		if whole := x-float64(size.Width)/2 > 1 && y-float64(size.Height)/2 > 1 && x+float64(size.Width)/2 < 699 && y+float64(size.Height)/2 < 499; whole && !slices.ContainsFunc(s.covered(), l.box(s.view()).Overlaps) && !l.image.Visible() {
			t.Errorf("%s is not shown, though there is room at %v, %v", l.Text, x, y)
		}
		if !l.image.Visible() {
			continue
		}
		if at.X < 0 || at.Y < 0 || at.X+size.Width > 700 || at.Y+size.Height > 500 {
			t.Errorf("%s is cut at %v", l.Text, at)
		}
		if cx, cy := float64(at.X+size.Width/2), float64(at.Y+size.Height/2); cx < x-2 || cx > x+2 || cy < y-2 || cy > y+2 {
			t.Errorf("%s stands at %v, %v, its ground at %v, %v", l.Text, cx, cy, x, y)
		}
	}
	if stayed < len(before)/2 {
		t.Errorf("%d of %d names stayed", stayed, len(before))
	}
}

// TestNamesOfAnotherZoom: until the names of a new zoom are placed, those of the old one
// do not cover each other.
func TestNamesOfAnotherZoom(t *testing.T) {
	s := show(t, fyne.NewSize(700, 500))
	before := len(s.words)
	for _, zoom := range []int{-1, -1} {
		s.Send(wayfind.Zoom{By: zoom, X: 350, Y: 250})
		var seen []image.Rectangle
		for _, l := range s.words {
			if !l.image.Visible() {
				continue
			}
			at := l.box(s.view())
			if slices.ContainsFunc(seen, at.Overlaps) {
				t.Errorf("%s covers another name", l.Text)
			}
			seen = append(seen, at)
		}
		if len(seen) == 0 || len(s.words) != before {
			t.Errorf("%d of %d names are shown", len(seen), len(s.words))
		}
	}
}

// TestPace: however often a finger moves, the map is shown at most once in a while, and
// in the end where the finger has brought it.
func TestPace(t *testing.T) {
	s := show(t, fyne.NewSize(700, 500))
	now, later := time.Unix(1000, 0), []func(){}
	s.pace.now, s.pace.last = func() time.Time { return now }, time.Time{}
	s.pace.after = func(d time.Duration, fn func()) {
		if d <= 0 || d > apart {
			t.Errorf("shown again after %v", d)
		}
		later = append(later, fn)
	}
	place := func() fyne.Position { return s.order[0].image.Position() }
	before := place()
	s.Send(wayfind.Pan{DX: 5})
	if place() == before || len(later) != 0 {
		t.Error("the first step of a finger was not shown at once")
	}
	before = place()
	for range 10 {
		now = now.Add(time.Millisecond)
		s.Send(wayfind.Pan{DX: 1})
	}
	if place() != before || len(later) != 1 || s.Drawn() {
		t.Errorf("ten steps in ten milliseconds: %d frames are due", len(later))
	}
	now = now.Add(apart)
	later[0]()
	if place().X-before.X < 9 {
		t.Errorf("shown at %v, before at %v", place(), before)
	}
	s.Send(wayfind.Pan{DX: 1})
	s.Rest()
	for _, fn := range later {
		fn() // what was due when the page was left
	}
	if s.pins != nil {
		t.Error("a map that has left the screen was shown")
	}
	s.pace.after = func(_ time.Duration, fn func()) { s.turn <- fn }
	s.Map.Draw(s.state)
}

// TestStill: a map that nobody touches asks for nothing.
func TestStill(t *testing.T) {
	s := show(t, fyne.NewSize(700, 500))
	for range 3 {
		before := s.clock
		s.Map.Draw(s.state)
		if s.clock != before {
			t.Error("it was laid out though nothing has changed")
		}
		s.settle(t)
		test.WidgetRenderer(s.Map).Layout(s.Size())
	}
	deadline := time.After(20 * time.Second)
	for busy := true; busy; {
		s.painter.mu.Lock()
		busy = s.painter.busy
		s.painter.mu.Unlock()
		select {
		case f := <-s.turn:
			f()
		case <-deadline:
			t.Fatal("it goes on drawing")
		default:
		}
	}
	if jobs := s.wantWords(s.view()); len(jobs) != 0 {
		t.Error("it wants names again")
	}
}

// TestFingersOnTheMap: wheel, buttons, two fingers and a double tap go one zoom each.
func TestFingersOnTheMap(t *testing.T) {
	s := show(t, fyne.NewSize(700, 500))
	zoom := func(what string, want int) {
		t.Helper()
		if s.state.Camera.Zoom != want {
			t.Fatalf("%s: zoom %d, want %d", what, s.state.Camera.Zoom, want)
		}
	}
	at := fyne.NewPos(300, 200)
	s.Scrolled(&fyne.ScrollEvent{PointEvent: fyne.PointEvent{Position: at}, Scrolled: fyne.NewDelta(0, 25)})
	zoom("wheel", 17)
	s.Scrolled(&fyne.ScrollEvent{PointEvent: fyne.PointEvent{Position: at}, Scrolled: fyne.NewDelta(0, -10)})
	zoom("half a notch", 17)
	s.DoubleTapped(&fyne.PointEvent{Position: at})
	zoom("double tap", 18)
	touch := func(id int, x float32) *mobile.TouchEvent {
		return &mobile.TouchEvent{ID: id, PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, 200)}}
	}
	s.TouchDown(touch(0, 200))
	s.TouchDown(touch(1, 400))
	s.TouchMoved(touch(1, 320))
	zoom("two fingers, closer", 17)
	before := s.state.Camera
	s.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(30, 0)})
	if s.state.Camera != before {
		t.Error("two fingers panned")
	}
	s.TouchUp(touch(1, 320))
	s.TouchUp(touch(0, 200))
	for i, want := range []int{18, 17} {
		s.buttons[i].(fyne.Tappable).Tapped(nil)
		zoom(fmt.Sprint("button ", i), want)
	}
	s.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(30, 0)})
	if s.state.Camera == before {
		t.Error("one finger did not pan")
	}
}

// TestWhoseData: the credit that the licence wants is on the screen, in every palette.
func TestWhoseData(t *testing.T) {
	s := show(t, fyne.NewSize(700, 500))
	for _, p := range look.Palettes() {
		s.SetScale(look.Kiosk.In(p))
		s.settle(t)
		bottom := s.by.Position().Y + s.by.Size().Height
		if s.by.Text != "(c) OSM" || !s.by.Visible() || bottom > 500 || s.by.Color != color.Color(p.Ink) {
			t.Errorf("%s: %q at %v", p.Name, s.by.Text, s.by.Position())
		}
	}
}
