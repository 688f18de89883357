// Package lend draws the page on which staff give out what was lent to their device.
package lend

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"yizhan/app/flow/lend"
	"yizhan/app/look"
	"yizhan/app/say"
	"yizhan/core/id"
	"yizhan/core/qr"
)

// View draws the flow's state. The entry outlives a drawing, so that nobody's typing is lost.
type View struct {
	Scale look.Scale
	Send  func(lend.Message)
	entry *widget.Entry
}

// New makes the view; send takes messages on the UI goroutine.
func New(s look.Scale, send func(lend.Message)) *View {
	v := &View{Scale: s, Send: send, entry: widget.NewEntry()}
	v.entry.SetPlaceHolder(look.Say(say.T("会员编号")))
	v.entry.OnSubmitted = func(string) { v.press() }
	return v
}

func (v *View) press() {
	v.Send(lend.Press{Member: id.Member(strings.TrimSpace(v.entry.Text))})
}

// Draw gives the page.
func (v *View) Draw(st lend.State) fyne.CanvasObject {
	s := v.Scale
	var objects []fyne.CanvasObject
	for _, l := range st.Leases {
		objects = append(objects, s.Option(l.Title, look.Say(l.Note), l.ID == st.Chosen, func() { v.Send(lend.Choose{Lease: l.ID}) }))
	}
	kind := look.Main
	if st.Busy {
		kind = look.Dead
	}
	objects = append(objects, look.AtLeast(s.Button, v.entry), look.NewButton(s, kind, look.Say(say.T("发放 1 份")), v.press))
	if o := st.Outcome; !o.Word.Empty() {
		if o.Member != "" {
			objects = append(objects, s.Remark(look.Say(say.T("会员编号：%s", string(o.Member)))))
		}
		objects = append(objects, s.Panel(o.Tone, look.Say(o.Word), look.Say(o.Sentence), look.Say(o.Next)))
		objects = append(objects, v.code(o)...)
	}
	return look.Column(s.Gap, objects...)
}

// code is the ticket, to be photographed.
func (v *View) code(o lend.Outcome) []fyne.CanvasObject {
	if o.Code == "" {
		return nil
	}
	short := look.NewText(o.Short, look.Style{Em: v.Scale.Huge, Bold: true, Colour: v.Scale.Ink, Align: fyne.TextAlignCenter})
	modules, err := qr.Bitmap(o.Code)
	if err != nil {
		return []fyne.CanvasObject{v.Scale.Card(short)} // the short code finds the ticket too
	}
	return []fyne.CanvasObject{v.Scale.Card(look.Square(360, look.QR(modules)), short)}
}
