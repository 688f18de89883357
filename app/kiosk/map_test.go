package kiosk

import (
	"image"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"yizhan/app/flow/kiosk"
	"yizhan/app/flow/stations"
	"yizhan/app/flow/wayfind"
	"yizhan/app/paper"
	"yizhan/app/shell"
	"yizhan/app/shell/shelltest"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// town is a kiosk that holds a map.
func town(t *testing.T, size fyne.Size) *machine {
	env, l, turn, w := shelltest.NewDevice(t, op.Kiosk)
	shelltest.Town(t, env)
	m := start(t, env, l, turn, size)
	m.world = w
	m.settled("map is open", func() bool { return m.state.Find.Ground.Graph != nil })
	return m
}

// mapped waits until all of the map is drawn, where it is on the screen.
func (m *machine) mapped() {
	m.Helper()
	if m.state.Page == kiosk.Stations && m.state.Find.Page != wayfind.Take && m.state.Find.Ground.Graph != nil {
		m.settled("map is drawn", m.chart.Map.Drawn)
	}
	if photo := m.state.Find.List.Chosen().Photo; photo != "" {
		m.settled("photo is shown", func() bool { return m.state.Find.List.Detail().Picture != nil })
	}
}

// TestTheWayToTheNearest: from the home page to the steps of the way, by fingers alone;
// the next person finds nothing of it.
func TestTheWayToTheNearest(t *testing.T) {
	m := town(t, portrait)
	m.tap("站点地图")
	m.until("离您最近、现在开放")
	m.until("南浦广场爱心驿站")
	m.mapped()
	m.tap("去最近的")
	m.until("步行 350 米，约 5 分钟")
	m.settled("photo is shown", func() bool { return len(pictures(m.env.Window.Canvas().Content())) == 1 })
	m.tap("怎么走")
	m.until("到达")
	m.tap("带走路线")
	m.until("用手机扫这个码")
	m.tap("完成并清除")
	m.tap("站点地图")
	if m.has("到达") || m.state.Find.List.Shown != "" {
		t.Error("the next person sees the way of the one before")
	}
}

// TestAPlaceBeginsAtItsTop: whoever has dragged the list sees all of a station, and not its end.
func TestAPlaceBeginsAtItsTop(t *testing.T) {
	m := town(t, portrait)
	m.tap("站点地图")
	m.mapped()
	top, _ := find(m.env.Window.Content(), "现在开放")
	m.send(kiosk.Find{Message: wayfind.Stations{Message: stations.Show{Station: "S101"}}})
	way, _ := find(m.env.Window.Content(), "怎么走")
	m.send(kiosk.Back{})
	test.Drag(m.env.Window.Canvas(), fyne.NewPos(540, 1700), 0, -300)
	if now, _ := find(m.env.Window.Content(), "现在开放"); now.Y >= top.Y {
		t.Fatalf("the list was not dragged: %v, before %v", now, top)
	}
	m.send(kiosk.Find{Message: wayfind.Stations{Message: stations.Show{Station: "S101"}}})
	if now, _ := find(m.env.Window.Content(), "怎么走"); now != way {
		t.Errorf("the way on stands at %v, not at %v", now, way)
	}
}

// TestTheMapStaysUnderTheFinger: when the page warns that it will go, the map and its
// buttons stay where they are, and nothing that can be reached lies below the warning.
func TestTheMapStaysUnderTheFinger(t *testing.T) {
	for _, size := range []fyne.Size{portrait, landscape} {
		m := town(t, size)
		m.tap("站点地图")
		m.mapped()
		at := func() (fyne.Position, fyne.Size) {
			return m.env.App.Driver().AbsolutePositionForObject(m.chart.Map), m.chart.Map.Size()
		}
		place, room := at()
		m.now = m.now.Add(45 * time.Second)
		m.every(false)
		m.until("回到首页")
		if p, r := at(); p != place || r != room {
			t.Errorf("%v: the map moved from %v %v to %v %v", size, place, room, p, r)
		}
		stay, ok := find(m.env.Window.Content(), "继续")
		if over := m.env.App.Driver().AbsolutePositionForObject(m.chart.Map); !ok || size.Width > size.Height && stay.X < over.X+room.Width || size.Width < size.Height && stay.Y < over.Y+room.Height {
			t.Errorf("%v: the warning lies over the map, at %v", size, stay)
		}
		m.tap("继续")
		if p, r := at(); m.state.Left != 0 || p != place || r != room {
			t.Errorf("%v: the visitor stays, %d s left, the map at %v %v", size, m.state.Left, p, r)
		}
	}
}

// TestAPlaceWithoutAPhoto: nothing stands in its place; a photo that comes later is shown, and
// one that is taken away is not.
func TestAPlaceWithoutAPhoto(t *testing.T) {
	m := town(t, portrait)
	m.tap("站点地图")
	m.send(kiosk.Find{Message: wayfind.Stations{Message: stations.Show{Station: "S101"}}})
	m.until("白沙共享职工之家")
	m.mapped()
	shown := func(n int) func() bool {
		return func() bool { return len(pictures(m.env.Window.Canvas().Content())) == n }
	}
	m.settled("no photo", shown(0))
	var row wire.StationRow
	if r, ok, err := m.env.Store.Get(wire.TableStation, "S100"); err != nil || !ok || wire.DecodeRow(r.Body, &row) != nil {
		t.Fatal(err)
	}
	name := row.Photo
	for to, photo := range []string{name, ""} {
		r, _, err := m.env.Store.Get(wire.TableStation, "S101")
		if err == nil {
			err = wire.DecodeRow(r.Body, &row)
		}
		row.Photo = photo
		if err == nil {
			r.Body, err = wire.EncodeRow(row)
		}
		if err == nil {
			r.Seq = uint64(2002 + to)
			err = m.env.Store.Apply(local.Checkpoint{To: r.Seq, Rows: []local.Row{r}})
		}
		if err != nil {
			t.Fatal(err)
		}
		m.load()
		m.settled("its photo is as the row says", shown(1-to))
	}
}

// pictures are the photos that are drawn.
func pictures(o fyne.CanvasObject) (all []*canvas.Image) {
	switch o := o.(type) {
	case *canvas.Image:
		if _, ok := o.Image.(*image.YCbCr); ok { // as a JPEG unpacks
			return []*canvas.Image{o}
		}
	case *fyne.Container:
		for _, c := range o.Objects {
			all = append(all, pictures(c)...)
		}
	case fyne.Widget:
		for _, c := range test.WidgetRenderer(o).Objects() {
			all = append(all, pictures(c)...)
		}
	}
	return all
}

// TestTheWayOnPaper: a slip with the way fits both widths of paper, and its map has a
// black line on white.
func TestTheWayOnPaper(t *testing.T) {
	m := town(t, portrait)
	find := m.state.Find.Update(wayfind.Stations{Message: stations.Show{Station: "S101"}})
	for _, dots := range []int{paper.Narrow, paper.Wide} {
		m.env.Press = shell.NewPress(nil, dots)
		what := m.env.WaySlip(find, m.state.Here)
		if what.Map == nil || what.Map.Bounds().Dx() != paper.MapWidth(dots) || len(what.Notes) < 3 || what.Code == "" {
			t.Fatalf("%d dots: %+v", dots, what)
		}
		drawn, err := m.env.Press.Draw(what)
		if err != nil {
			t.Fatal(err)
		}
		if drawn.Width != dots || drawn.Height > 5*dots {
			t.Errorf("%d dots: the slip is %d × %d", dots, drawn.Width, drawn.Height)
		}
		black := 0
		for y := range what.Map.Bounds().Dy() {
			for x := range what.Map.Bounds().Dx() {
				if r, _, _, _ := what.Map.At(x, y).RGBA(); r < 0x8000 {
					black++
				}
			}
		}
		if all := what.Map.Bounds().Dx() * what.Map.Bounds().Dy(); black < all/100 || black > all/3 {
			t.Errorf("%d dots: %d of %d points of the map are black", dots, black, all)
		}
	}
}
