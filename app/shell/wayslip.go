package shell

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"runtime/debug"

	"fyne.io/fyne/v2"

	"yizhan/app/device/maps"
	"yizhan/app/flow/slip"
	"yizhan/app/flow/wayfind"
	"yizhan/app/paper"
	"yizhan/core/geo"
	"yizhan/core/mapdraw"
	"yizhan/core/wire"
)

// WaySlip is the slip of the way that is shown, with a small map where the device
// holds one. It takes its time: call it in the background.
func (e *Env) WaySlip(s wayfind.State, here wire.StationRow) paper.Slip {
	chart, err := e.wayChart(s)
	if err != nil {
		fyne.LogError("draw map for slip", err)
	}
	return slip.Way(s, here, chart, e.Clock())
}

// wayChart draws the way as large as the paper is wide; nil where there is no way. A map
// that breaks the drawing leaves a slip without one, and the app running.
func (e *Env) wayChart(s wayfind.State) (chart image.Image, err error) {
	defer func() {
		if r := recover(); r != nil {
			chart, err = nil, fmt.Errorf("%v\n%s", r, debug.Stack())
		}
	}()
	if s.Route == nil || e.Maps == nil {
		return nil, nil
	}
	pack, err := e.Maps.Open()
	if errors.Is(err, maps.ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v := around(s.Route.Points, paper.MapWidth(e.Press.Dots()))
	img, err := mapdraw.Draw(context.Background(), pack, v, mapdraw.Paper(e.face()(22)), s.Route.Points)
	if err := errors.Join(err, pack.Close()); err != nil {
		return nil, err
	}
	hollow(img, v, s.Route.Points[0])
	return img, nil
}

// around is a view that shows all of a way, as near as it goes.
func around(way []geo.Fix, width int) mapdraw.View {
	const nearest, room = 17.0, 40.0
	box := geo.NoBox()
	for _, f := range way {
		box = box.With(f)
	}
	v := mapdraw.View{Zoom: nearest, Width: width, Height: width * 4 / 5,
		Center: geo.Fix{Lat: box.Min.Lat + (box.Max.Lat-box.Min.Lat)/2, Lon: box.Min.Lon + (box.Max.Lon-box.Min.Lon)/2}}
	left, top := v.XY(geo.Fix{Lat: box.Max.Lat, Lon: box.Min.Lon})
	right, bottom := v.XY(geo.Fix{Lat: box.Min.Lat, Lon: box.Max.Lon})
	over := max((right-left)/(float64(v.Width)-2*room), (bottom-top)/(float64(v.Height)-2*room))
	v.Zoom = max(0, nearest-math.Log2(max(1, over)))
	return v
}

// hollow takes the middle out of the disc where a way begins, so that it is told from
// the one where it ends.
func hollow(img *image.RGBA, v mapdraw.View, at geo.Fix) {
	const radius = 4.5
	cx, cy := v.XY(at)
	for y := int(cy - radius); y <= int(cy+radius)+1; y++ {
		for x := int(cx - radius); x <= int(cx+radius)+1; x++ {
			if math.Hypot(float64(x)-cx, float64(y)-cy) <= radius && image.Pt(x, y).In(img.Rect) {
				img.SetRGBA(x, y, color.RGBA{255, 255, 255, 255})
			}
		}
	}
}
