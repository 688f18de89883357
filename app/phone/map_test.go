package phone

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"yizhan/app/flow/claim"
	"yizhan/app/flow/settings"
	"yizhan/app/flow/stations"
	"yizhan/app/flow/wayfind"
	"yizhan/app/shell/shelltest"
	"yizhan/core/geo"
	"yizhan/core/op"
)

// TestStationsOnAPhone: the list without knowing where, a tap on the map says where, the
// way to the nearest, and other apps opened with it.
func TestStationsOnAPhone(t *testing.T) {
	env, _, turn, _ := shelltest.NewDevice(t, op.Phone)
	shelltest.Town(t, env)
	var opened []string
	s := Start(env)
	s.view.Open = func(u string) { opened = append(opened, u) }
	turn.Until(t, "map is open", func() bool { return s.state.Seek.Ground.Graph != nil })
	drawn := func() {
		t.Helper()
		turn.Until(t, "map is drawn", s.chart.Map.Drawn)
	}
	pictures := album(s)
	pictures.Ready = drawn
	s.send(claim.Go{Page: claim.Places})
	drawn()
	pictures.Take(t, "stations")
	if near, ok := s.state.Seek.Nearest(); ok {
		t.Errorf("nobody said where, and the nearest is %+v", near)
	}
	s.send(claim.Sought{Message: wayfind.Pick{On: true}})
	x, y := s.state.Seek.View().XY(geo.Point{Lat: 31.25, Lon: 120.61}.Fix())
	s.send(claim.Sought{Message: wayfind.Tap{X: float32(x), Y: float32(y)}})
	near, ok := s.state.Seek.Nearest()
	if !ok || near.Name != "仙桥街道职工服务站" {
		t.Fatalf("the nearest is %+v", near)
	}
	s.send(claim.Sought{Message: wayfind.Stations{Message: stations.Show{Station: "S100"}}})
	drawn()
	turn.Until(t, "photo is shown", func() bool { return s.state.Seek.List.Detail().Picture != nil })
	pictures.Take(t, "place")
	if s.state.Seek.Route == nil {
		t.Fatal("no way is shown")
	}
	s.send(claim.Sought{Message: wayfind.Open{Page: wayfind.Take}})
	for _, text := range []string{"高德地图", "手机自带的地图"} {
		tap(t, env.Window.Content(), text)
	}
	s.send(claim.Back{})
	tap(t, env.Window.Content(), "打电话问")
	for i, scheme := range []string{"https", "geo", "tel"} {
		if i >= len(opened) {
			t.Fatalf("opened %v", opened)
		}
		if u, err := url.Parse(opened[i]); err != nil || u.Scheme != scheme {
			t.Errorf("%d: opened %s", i, opened[i])
		}
	}
	if !slices.ContainsFunc(opened, func(u string) bool { return strings.Contains(u, "uri.amap.com") }) {
		t.Errorf("opened %v", opened)
	}
	s.send(claim.Back{})
	if s.state.Seek.Page != wayfind.List {
		t.Errorf("back on page %d", s.state.Seek.Page)
	}
}

// TestStationsInLargePrint: what is tapped stays large enough.
func TestStationsInLargePrint(t *testing.T) {
	env, _, turn, _ := shelltest.NewDevice(t, op.Phone)
	shelltest.Town(t, env)
	env.Keep(settings.SetPrint{Print: settings.Largest})
	s := Start(env)
	turn.Until(t, "map is open", func() bool { return s.state.Seek.Ground.Graph != nil })
	s.send(claim.Go{Page: claim.Places})
	turn.Until(t, "map is drawn", s.chart.Map.Drawn)
}

// tap presses what says text.
func tap(t *testing.T, page fyne.CanvasObject, text string) {
	t.Helper()
	var says func(fyne.CanvasObject) bool
	var walk func(fyne.CanvasObject) bool
	inner := func(o fyne.CanvasObject) []fyne.CanvasObject {
		switch o := o.(type) {
		case *fyne.Container:
			return o.Objects
		case fyne.Widget:
			return test.WidgetRenderer(o).Objects()
		}
		return nil
	}
	says = func(o fyne.CanvasObject) bool {
		c, ok := o.(*canvas.Text)
		return ok && c.Text == text || slices.ContainsFunc(inner(o), says)
	}
	walk = func(o fyne.CanvasObject) bool {
		if b, ok := o.(fyne.Tappable); ok && says(o) {
			b.Tapped(nil)
			return true
		}
		return slices.ContainsFunc(inner(o), walk)
	}
	if !walk(page) {
		t.Fatalf("nothing to tap says %q", text)
	}
}
