package look

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"yizhan/app/say"
)

// Page is the frame of a page. What is nil or empty is left out.
type Page struct {
	Title  string
	Back   func() // one page back
	Staff  func() // 找工作人员
	Aloud  func() // 读给我听
	Finish func() // 完成并清除

	Low    bool              // the ways on stand at the foot, where a wheelchair user reaches them
	Strip  fyne.CanvasObject // how fresh the data is
	Banner fyne.CanvasObject // above the foot: the countdown of an idle page
	Body   fyne.CanvasObject
	Still  bool              // the body does not scroll: it fills the room
	Foot   fyne.CanvasObject // the main button
}

// Page draws a frame. The scroll is nil where the body is still.
func (s Scale) Page(p Page) (fyne.CanvasObject, *Scroll) {
	top := []fyne.CanvasObject{s.header(p)}
	if p.Strip != nil {
		top = append(top, p.Strip)
	}
	var foot []fyne.CanvasObject
	if p.Banner != nil {
		foot = append(foot, p.Banner)
	}
	if p.Foot != nil {
		foot = append(foot, Bordered(s.Surface, s.Line, 0, Pad(s.Gap, s.Pad, p.Foot)))
	}
	if ways := s.ways(p); p.Low && len(ways) > 0 {
		foot = append(foot, Fill(s.Bar, 0, Pad(s.Gap*0.6, s.Gap*0.6, Row(s.Gap*0.6, -1, ways...))))
	}
	var scroll *Scroll
	body := p.Body
	if !p.Still {
		scroll = NewScroll(Pad(s.Pad, s.Pad, body))
		body = scroll
	}
	var below fyne.CanvasObject
	if len(foot) > 0 {
		below = Column(0, foot...)
	}
	return Fill(s.Ground, 0, Frame(Column(0, top...), body, below)), scroll
}

// Header is the coloured bar on top of a page; back may be nil.
func (s Scale) Header(title string, back func()) fyne.CanvasObject {
	return s.header(Page{Title: title, Back: back})
}

func (s Scale) header(p Page) fyne.CanvasObject {
	label := NewText(p.Title, Style{Em: s.Head, Bold: true, Colour: s.OnBar, Max: 2})
	inset := Pad(s.Gap*0.5, s.Pad, label)
	var left []fyne.CanvasObject
	if p.Back != nil && !p.Low {
		left, inset = append(left, s.barIcon(IconBack, p.Back)), Pad(s.Gap*0.5, 0, label)
	}
	all := append(left, inset)
	grow := len(all) - 1
	if !p.Low {
		for _, right := range []struct {
			icon Icon
			tap  func()
		}{{IconSpeaker, p.Aloud}, {IconStaff, p.Staff}, {IconLeave, p.Finish}} {
			if right.tap != nil {
				all = append(all, s.barIcon(right.icon, right.tap))
			}
		}
	}
	return Fill(s.Bar, 0, AtLeast(s.Button, Row(0, grow, all...)))
}

func (s Scale) barIcon(icon Icon, tap func()) fyne.CanvasObject {
	return NewTap(Fixed(s.Button, s.Button, Fixed(s.Head, s.Head, icon.Draw(s.OnBar))), tap)
}

// ways are the buttons at the foot of a kiosk's page.
func (s Scale) ways(p Page) []fyne.CanvasObject {
	var all []fyne.CanvasObject
	for _, w := range []struct {
		icon Icon
		text say.Text
		tap  func()
	}{{IconBack, say.T("返回"), p.Back}, {IconStaff, say.T("找工作人员"), p.Staff},
		{IconSpeaker, say.T("读给我听"), p.Aloud}, {IconLeave, say.T("完成并清除"), p.Finish}} {
		if w.tap == nil {
			continue
		}
		label := NewText(Say(w.text), Style{Em: s.Small, Bold: true, Colour: s.OnBar, Align: fyne.TextAlignCenter, Max: 2})
		all = append(all, NewTap(AtLeast(s.Button, Column(s.Gap*0.2, Fixed(s.Head*0.8, s.Head*0.8, w.icon.Draw(s.OnBar)), label)), w.tap))
	}
	return all
}

// Ring is a countdown: a number, and around it how much of the time is left.
type Ring struct {
	widget.BaseWidget
	scale Scale
	side  float32
	whole *canvas.Circle
	arc   *canvas.Arc
	label *canvas.Text
}

// NewRing makes a ring of a diameter in dp. It is drawn again only when it is set:
// once a second costs nothing, an animation a whole core.
func NewRing(s Scale, side float32) *Ring {
	r := &Ring{scale: s, side: side, whole: canvas.NewCircle(s.Surface), arc: canvas.NewArc(0, 360, 0.84, s.Brand), label: canvas.NewText("", s.Ink)}
	r.whole.StrokeColor, r.whole.StrokeWidth = s.Line, side*0.08
	r.label.TextSize, r.label.TextStyle.Bold, r.label.Alignment = side*0.42, true, fyne.TextAlignCenter
	r.ExtendBaseWidget(r)
	return r
}

// Set shows what is left of a whole, both in seconds.
func (r *Ring) Set(left, whole int) {
	left = max(0, left)
	r.label.Text = fmt.Sprint(left)
	r.arc.EndAngle = 360 * min(1, float32(left)/float32(max(1, whole)))
	r.Refresh()
}

// MinSize is the ring's own.
func (r *Ring) MinSize() fyne.Size { return fyne.NewSize(r.side, r.side) }

// CreateRenderer is called by Fyne.
func (r *Ring) CreateRenderer() fyne.WidgetRenderer { return ringRenderer{r} }

type ringRenderer struct{ r *Ring }

func (d ringRenderer) Layout(s fyne.Size) {
	r := d.r
	left, top := (s.Width-r.side)/2, (s.Height-r.side)/2
	place(r.whole, left, top, r.side, r.side)
	place(r.arc, left, top, r.side, r.side)
	h := r.label.MinSize().Height
	place(r.label, left, top+(r.side-h)/2, r.side, h)
}
func (d ringRenderer) MinSize() fyne.Size { return d.r.MinSize() }
func (d ringRenderer) Refresh()           { d.Layout(d.r.Size()); canvas.Refresh(d.r) }
func (d ringRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{d.r.whole, d.r.arc, d.r.label}
}
func (d ringRenderer) Destroy() {}

// Idle is the banner that tells a visitor how long a page stays.
type Idle struct {
	widget.BaseWidget
	content fyne.CanvasObject
	ring    *Ring
	label   *Text
}

// NewIdle makes the banner; stay is 继续.
func NewIdle(s Scale, stay func()) *Idle {
	c := s.Shade(Wait)
	i := &Idle{ring: NewRing(s, s.Button), label: NewText("", Style{Em: s.Body, Bold: true, Colour: c.OnSoft})}
	button := NewButton(s, Main, Say(say.T("继续")), stay)
	row := Row(s.Gap, 1, i.ring, i.label, Fixed(max(s.Button*2, button.MinSize().Width), s.Button, button))
	i.content = Bordered(c.Soft, c.border(), 0, Pad(s.Gap*0.7, s.Pad, row))
	i.ExtendBaseWidget(i)
	return i
}

// HeightFor is the height at a width.
func (i *Idle) HeightFor(width float32) float32 { return heightFor(i.content, width) }

// MinSize is that of the banner.
func (i *Idle) MinSize() fyne.Size { return i.content.MinSize() }

// CreateRenderer is called by Fyne.
func (i *Idle) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(i.content) }

// Set says how many seconds are left of how many.
func (i *Idle) Set(left, whole int) {
	i.ring.Set(left, whole)
	i.label.SetText(Say(say.T("还有 %d 秒回到首页", max(0, left))))
}
