package mapview

import (
	"math"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/mobile"

	"yizhan/app/flow/wayfind"
)

// fingers is what a gesture needs to remember.
type fingers struct {
	down  map[int]fyne.Position // by touch
	apart float64               // two fingers, when the zoom was changed last
	wheel float32               // turned, not enough for a zoom yet
	speed fyne.Delta            // of the drag, in dp of its last step
	glide *fyne.Animation
}

// Dragged moves the map.
func (m *Map) Dragged(e *fyne.DragEvent) {
	m.still()
	if len(m.fingers.down) > 1 {
		return
	}
	m.fingers.speed = e.Dragged
	m.send(wayfind.Pan{DX: e.Dragged.DX, DY: e.Dragged.DY})
}

// glideTime is how long the map goes on after a finger has let go of it.
const glideTime = 350 * time.Millisecond

// DragEnd lets the map run out. A phone's own driver does that by itself.
func (m *Map) DragEnd() {
	v := m.fingers.speed
	m.fingers.speed = fyne.Delta{}
	if fyne.CurrentDevice().IsMobile() || math.Hypot(float64(v.DX), float64(v.DY)) < 6 {
		return
	}
	gone := float32(0)
	m.fingers.glide = fyne.NewAnimation(glideTime, func(done float32) {
		const steps = 8 // as many of the drag's last step as the whole way is long
		m.send(wayfind.Pan{DX: v.DX * (done - gone) * steps, DY: v.DY * (done - gone) * steps})
		gone = done
	})
	m.fingers.glide.Curve = fyne.AnimationEaseOut
	m.fingers.glide.Start()
}

// still ends the running out.
func (m *Map) still() {
	if m.fingers.glide != nil {
		m.fingers.glide.Stop()
		m.fingers.glide = nil
	}
}

// notch is how far a wheel turns for one zoom.
const notch = 20

// Scrolled zooms with a wheel.
func (m *Map) Scrolled(e *fyne.ScrollEvent) {
	if m.fingers.wheel*e.Scrolled.DY < 0 {
		m.fingers.wheel = 0
	}
	if m.fingers.wheel += e.Scrolled.DY; m.fingers.wheel > -notch && m.fingers.wheel < notch {
		return
	}
	by := 1
	if m.fingers.wheel < 0 {
		by = -1
	}
	m.fingers.wheel = 0
	m.zoomAt(by, e.Position)
}

func (m *Map) zoomAt(by int, at fyne.Position) {
	m.still()
	m.send(wayfind.Zoom{By: by, X: at.X, Y: at.Y})
}

// Tapped chooses a station, or says where the person stands.
func (m *Map) Tapped(e *fyne.PointEvent) {
	m.still()
	m.send(wayfind.Tap{X: e.Position.X, Y: e.Position.Y})
}

// DoubleTapped goes nearer.
func (m *Map) DoubleTapped(e *fyne.PointEvent) { m.zoomAt(1, e.Position) }

// TouchDown notes a finger, for pinching.
func (m *Map) TouchDown(e *mobile.TouchEvent) {
	if m.fingers.down == nil {
		m.fingers.down = map[int]fyne.Position{}
	}
	m.fingers.down[e.ID] = e.Position
	m.fingers.apart = m.spread()
}

// TouchUp forgets a finger.
func (m *Map) TouchUp(e *mobile.TouchEvent) {
	delete(m.fingers.down, e.ID)
	m.fingers.apart = m.spread()
}

// TouchCancel is called by Fyne.
func (m *Map) TouchCancel(e *mobile.TouchEvent) { m.TouchUp(e) }

// pinch is how much farther apart two fingers go for one zoom, half of what would be
// the same ground under them.
const pinch = 1.45

// TouchMoved zooms with two fingers.
func (m *Map) TouchMoved(e *mobile.TouchEvent) {
	if _, ok := m.fingers.down[e.ID]; !ok {
		return
	}
	m.fingers.down[e.ID] = e.Position
	now := m.spread()
	if now == 0 || m.fingers.apart == 0 {
		return
	}
	middle := fyne.Position{}
	for _, at := range m.fingers.down {
		middle = middle.AddXY(at.X/2, at.Y/2)
	}
	switch {
	case now > m.fingers.apart*pinch:
		m.fingers.apart = now
		m.zoomAt(1, middle)
	case now < m.fingers.apart/pinch:
		m.fingers.apart = now
		m.zoomAt(-1, middle)
	}
}

// spread is how far two fingers are apart; 0 where there are not two.
func (m *Map) spread() float64 {
	if len(m.fingers.down) != 2 {
		return 0
	}
	var all []fyne.Position
	for _, at := range m.fingers.down {
		all = append(all, at)
	}
	return math.Hypot(float64(all[0].X-all[1].X), float64(all[0].Y-all[1].Y))
}
