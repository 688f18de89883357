// Package kiosk draws the pages of a self-service machine. On a tall screen all that
// is tapped stands in the lower 62 %, at most 1.2 m above the floor, where somebody
// in a wheelchair reaches it (docs/decisions/0016); what is only read stands above.
package kiosk

import (
	"reflect"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"yizhan/app/flow"
	"yizhan/app/flow/claim"
	"yizhan/app/flow/identify"
	"yizhan/app/flow/kiosk"
	"yizhan/app/flow/pickup"
	"yizhan/app/flow/settings"
	"yizhan/app/flow/slip"
	"yizhan/app/flow/status"
	"yizhan/app/flow/wayfind"
	"yizhan/app/look"
	"yizhan/app/say"
	mapview "yizhan/app/view/map"
	statusview "yizhan/app/view/status"
)

// Model is all that a page shows, without what changes every second.
type Model struct {
	State    kiosk.State // as State.Still gives it
	Bar      status.Bar
	Slip     slip.Outcome
	Toggles  []settings.Toggle
	Printer  bool // slips can be printed
	Speaks   bool // pages can be read out
	Screen   fyne.Size
	Language fyne.Locale
}

// View draws models and sends messages.
type View struct {
	Scale  look.Scale
	Send   func(kiosk.Message)
	Choose func(settings.Message) // for this visitor
	Again  func()                 // the slip once more
	Aloud  func()                 // read the page out
	Strip  func()                 // how this machine stands
	Camera func() fyne.CanvasObject
	Map    *mapview.Map // of the stations
	Way    func()       // print the way

	root      *fyne.Container
	last      Model
	drawn     bool
	scroll    *look.Scroll
	idle      *look.Idle
	countdown *look.Text
}

// New makes an empty view.
func New(s look.Scale) *View { return &View{Scale: s, root: container.NewStack()} }

// SetScale draws in other sizes and colours from the next Draw on.
func (v *View) SetScale(s look.Scale) {
	v.Scale, v.drawn = s, false
	if v.Map != nil {
		v.Map.SetScale(s)
	}
}

// Object is what goes into the window.
func (v *View) Object() fyne.CanvasObject { return v.root }

// Clear forgets all that was drawn: the visitor has gone.
func (v *View) Clear() {
	v.last, v.drawn, v.scroll, v.idle, v.countdown = Model{}, false, nil, nil, nil
	v.root.Objects = nil
}

// Draw shows a model; left is the seconds until the page goes, 0 while that is far. The
// page is built anew only where something else than a number changed, so that a
// finger on a button is not cut off by a clock.
func (v *View) Draw(m Model, left int, countdown say.Text) {
	if !v.drawn || !reflect.DeepEqual(m, v.last) {
		find, before := m.State.Find, v.last.State.Find // pages of their own within one
		same := v.drawn && v.last.State.Page == m.State.Page && find.Page == before.Page && find.List.Shown == before.List.Shown && v.scroll != nil
		offset := float32(0)
		if same {
			offset = v.scroll.Offset()
		}
		v.last, v.drawn, v.scroll, v.idle, v.countdown = m, true, nil, nil, nil
		page := v.page(m)
		v.root.Objects = []fyne.CanvasObject{page}
		v.root.Refresh()
		if offset > 0 && v.scroll != nil {
			v.scroll.SetOffset(offset)
		}
	}
	if v.idle != nil && left > 0 {
		v.idle.Set(left, 20)
	}
	if v.countdown != nil {
		v.countdown.SetText(look.Say(countdown))
	}
}

// DrawMap shows the part of the map that a finger has moved to.
func (v *View) DrawMap(s wayfind.State) {
	if v.last.State.Page == kiosk.Stations {
		v.Map.Draw(s)
	}
}

func (v *View) page(m Model) fyne.CanvasObject {
	s := m.State
	switch {
	case s.Counter.Page == pickup.Showing && (s.Page == kiosk.Home || s.Page == kiosk.PickUp):
		return v.handed(m)
	case s.Page == kiosk.Door && s.Verdict != nil:
		return v.entered(m)
	}
	switch s.Page {
	case kiosk.Activities:
		return v.activities(m)
	case kiosk.Detail:
		return v.detail(m)
	case kiosk.Who:
		return v.who(m)
	case kiosk.Sure:
		return v.sure(m)
	case kiosk.Outcome:
		return v.outcome(m)
	case kiosk.PickUp:
		return v.pickUp(m)
	case kiosk.Door:
		return v.door(m)
	case kiosk.Which:
		return v.which(m)
	case kiosk.Mine:
		return v.mine(m)
	case kiosk.Ticket:
		return v.ticket(m)
	case kiosk.NewPhone:
		return v.phone(m)
	case kiosk.Stations:
		return v.stations(m)
	case kiosk.Help:
		return v.help(m)
	case kiosk.Call:
		return v.call(m)
	}
	return v.home(m)
}

// frame is what all pages share. above is only read; below is tapped, and scrolls.
type frame struct {
	title        say.Text
	above, below fyne.CanvasObject
	chart        fyne.CanvasObject // a map that does not scroll, between the two; may be nil
	foot         fyne.CanvasObject
}

func (v *View) frame(m Model, f frame) fyne.CanvasObject {
	s := v.Scale
	p := look.Page{Title: look.Say(f.title), Low: true, Still: true, Foot: f.foot, Strip: statusview.Strip(s, m.Bar, v.Strip),
		Staff: v.send(kiosk.Go{Page: kiosk.Call})}
	if m.State.Page == kiosk.Call {
		p.Staff = nil
	}
	if m.Speaks {
		p.Aloud = v.Aloud
	}
	if m.State.Page != kiosk.Home || m.State.Counter.Page != pickup.Idle {
		p.Finish = v.send(kiosk.Finish{})
		p.Back = v.send(kiosk.Back{})
	}
	if m.State.Left > 0 {
		v.idle = look.NewIdle(s, v.send(kiosk.Stay{}))
		p.Banner = v.idle
	}
	top := height(s.Header(p.Title, nil), m.Screen.Width) + height(p.Strip, m.Screen.Width)
	if f.chart != nil {
		parts := []fyne.CanvasObject{f.above, f.chart, nil}
		if p.Banner != nil { // laid over the list, or the map and its buttons would move under a finger
			f.below = look.Column(s.Gap, f.below, look.Space(height(p.Banner, m.Screen.Width)))
			parts, p.Banner = append(parts, p.Banner), nil
		}
		v.scroll = look.NewScroll(look.Pad(s.Gap, s.Pad, f.below))
		parts[2] = v.scroll
		p.Body = container.New(&charted{screen: m.Screen, top: top, pad: s.Pad}, parts...)
	} else {
		v.scroll = look.NewScroll(look.Pad(s.Gap, s.Pad, f.below))
		p.Body = container.New(&reach{screen: m.Screen, top: top, pad: s.Pad, gap: s.Gap, content: f.below}, f.above, v.scroll)
	}
	page, _ := s.Page(p)
	return page
}

func height(o fyne.CanvasObject, width float32) float32 {
	if f, ok := o.(look.Fluid); ok {
		return f.HeightFor(width)
	}
	return o.MinSize().Height
}

// low is the part of a tall screen, from its lower edge, in which people tap.
const low = 0.62

// side is the part of a wide screen, from its left edge, that is only read.
const side = 0.38

// reach lays out what is read above what is tapped, or beside it on a wide screen.
type reach struct {
	screen        fyne.Size
	top, pad, gap float32
	content       fyne.CanvasObject // of what scrolls
}

// Layout implements fyne.Layout.
func (r *reach) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	above, below := objects[0], objects[1]
	if r.screen.Width > r.screen.Height {
		w := size.Width * side
		h := min(height(above, w-2*r.pad), size.Height)
		above.Move(fyne.NewPos(r.pad, max(0, (size.Height-h)/2)))
		above.Resize(fyne.NewSize(w-2*r.pad, h))
		room := min(size.Height, height(r.content, size.Width-w-2*r.pad)+2*r.gap)
		below.Move(fyne.NewPos(w, (size.Height-room)/2))
		below.Resize(fyne.NewSize(size.Width-w, room))
		return
	}
	w := size.Width - 2*r.pad
	need := height(above, w)
	room := min(max(need+r.pad, r.screen.Height*(1-low)-r.top), size.Height)
	above.Move(fyne.NewPos(r.pad, max(0, (room-need)/2)))
	above.Resize(fyne.NewSize(w, need))
	below.Move(fyne.NewPos(0, room))
	below.Resize(fyne.NewSize(size.Width, size.Height-room))
}

// charted lays out a page with a map: on a tall screen what is read stands above it and
// what scrolls below, on a wide one both stand beside it. A fourth object lies over the
// lower edge of what scrolls.
type charted struct {
	screen   fyne.Size
	top, pad float32
}

// chart is the part of the room below what is read that a map takes.
const chart = 0.48

// Layout implements fyne.Layout.
func (c *charted) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	above, middle, below := objects[0], objects[1], objects[2]
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, max(0, h)))
	}
	defer func() {
		for _, over := range objects[3:] {
			w := below.Size().Width
			h := height(over, w)
			put(over, size.Width-w, size.Height-h, w, h)
		}
	}()
	if c.screen.Width > c.screen.Height {
		w := size.Width * (1 - side)
		put(middle, 0, 0, w, size.Height)
		h := height(above, size.Width-w-2*c.pad)
		put(above, w+c.pad, c.pad/2, size.Width-w-2*c.pad, h)
		put(below, w, h+c.pad, size.Width-w, size.Height-h-c.pad)
		return
	}
	w := size.Width - 2*c.pad
	need := height(above, w)
	room := min(max(need+c.pad, c.screen.Height*(1-low)-c.top), size.Height)
	put(above, c.pad, max(0, (room-need)/2), w, need)
	put(middle, 0, room, size.Width, (size.Height-room)*chart)
	put(below, 0, room+(size.Height-room)*chart, size.Width, (size.Height-room)*(1-chart))
}

// MinSize implements fyne.Layout.
func (c *charted) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(1, 1) }

// MinSize implements fyne.Layout.
func (r *reach) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(1, 1) }

func (v *View) send(m kiosk.Message) func() { return func() { v.Send(m) } }

func (v *View) choose(m claim.Message) func() { return v.send(kiosk.Choose{Message: m}) }

func (v *View) ask(m identify.Message) func() { return v.send(kiosk.Asked{Message: m}) }

func (v *View) button(kind look.Kind, text say.Text, m kiosk.Message) *look.Button {
	if m == nil {
		return look.NewButton(v.Scale, kind, look.Say(text), nil)
	}
	return look.NewButton(v.Scale, kind, look.Say(text), v.send(m))
}

// centred is text in the middle of what is read.
func (v *View) centred(text say.Text, em float32, bold bool) fyne.CanvasObject {
	return look.NewText(look.Say(text), look.Style{Em: em, Bold: bold, Colour: v.Scale.Ink, Align: fyne.TextAlignCenter})
}

// poster is a sign with words beneath: what the page asks.
func (v *View) poster(icon *canvas.Image, ask, note say.Text) fyne.CanvasObject {
	s := v.Scale
	objects := []fyne.CanvasObject{look.Fixed(s.Head*2.6, s.Head*2.6, icon), v.centred(ask, s.Head, true)}
	if !note.Empty() {
		objects = append(objects, v.centred(note, s.Body, false))
	}
	return look.Column(s.Gap*0.6, objects...)
}

func (v *View) panel(w claim.Words) fyne.CanvasObject {
	return v.Scale.Panel(w.Tone, w.Word, w.Sentence, w.Next)
}

// trouble is why something did not work; nil where it did.
func (v *View) trouble(t identify.Trouble) []fyne.CanvasObject {
	if t.Sentence.Empty() {
		return nil
	}
	return []fyne.CanvasObject{v.Scale.Panel(flow.Bad, t.Sentence, t.Next, say.Text{})}
}
