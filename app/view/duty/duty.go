// Package duty draws what staff have to look at: the list, and one of its items.
package duty

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"yizhan/app/flow"
	"yizhan/app/flow/duty"
	"yizhan/app/look"
	"yizhan/app/say"
)

// View draws the flow's state. The entry outlives a drawing, so that nobody's typing is lost.
type View struct {
	Scale look.Scale
	Send  func(duty.Message)
	note  *widget.Entry
	open  uint64
}

// New makes the view; send takes messages on the UI goroutine.
func New(s look.Scale, send func(duty.Message)) *View {
	v := &View{Scale: s, Send: send, note: widget.NewMultiLineEntry()}
	v.note.Wrapping = fyne.TextWrapBreak
	v.note.SetMinRowsVisible(3)
	return v
}

// List draws the items that are shown; the open one is marked where both stand side by side.
func (v *View) List(st duty.State) fyne.CanvasObject {
	s := v.Scale
	filter := look.Row(s.Gap, -1,
		s.Toggle(look.Say(say.T("待处理 %d", st.Waiting())), !st.All, func() { v.Send(duty.Filter{}) }),
		s.Toggle(look.Say(say.T("全部")), st.All, func() { v.Send(duty.Filter{All: true}) }))
	objects := []fyne.CanvasObject{filter}
	items := st.List()
	if len(items) == 0 {
		objects = append(objects, s.Panel(flow.Good, say.T("没有待办"), say.T("现在没有要处理的事，也没有异常。"), say.Text{}))
	}
	for _, i := range items {
		objects = append(objects, look.NewTap(v.card(i, i.Seq == st.Open), func() { v.Send(duty.Open{Seq: i.Seq}) }))
	}
	return look.Column(s.Gap, objects...)
}

func (v *View) card(i duty.Item, open bool) fyne.CanvasObject {
	s := v.Scale
	words := look.Column(s.Gap*0.4, look.Row(s.Gap, 0, s.Heading(look.Say(i.Title), true), s.Badge(i.Tone, look.Say(i.Badge))), s.Remark(look.Say(i.Note)))
	return s.Selectable(open, look.Pad(s.Pad*0.7, s.Pad*0.9, words))
}

// Item draws the open one; it is nil where none is.
func (v *View) Item(st duty.State) fyne.CanvasObject {
	s := v.Scale
	i, ok := st.Shown()
	if !ok {
		return nil
	}
	if v.open != i.Seq {
		v.open = i.Seq
		v.note.SetText("")
	}
	objects := []fyne.CanvasObject{look.Row(s.Gap, 0, s.Heading(look.Say(i.Title), false), s.Badge(i.Tone, look.Say(i.Badge)))}
	var facts []fyne.CanvasObject
	for _, f := range i.Facts {
		facts = append(facts, s.Fact(look.Say(f.Label), look.Say(f.Text)))
	}
	if i.Waiting {
		facts = append(facts, s.Remark(look.Say(say.T("这台设备的记录还没有上传。"))))
	}
	objects = append(objects, s.Card(facts...))
	if w := st.Word; !w.Word.Empty() {
		objects = append(objects, s.Panel(w.Tone, w.Word, w.Sentence, w.Next))
	}
	if !i.Handled {
		objects = append(objects, v.settle(st))
	}
	return look.Column(s.Gap, objects...)
}

// settle is how staff say what they did.
func (v *View) settle(st duty.State) fyne.CanvasObject {
	s := v.Scale
	var chips []fyne.CanvasObject
	notes := duty.Notes()
	for at := 0; at < len(notes); at += 2 {
		var pair []fyne.CanvasObject
		for _, n := range notes[at:min(at+2, len(notes))] {
			text := look.Say(n)
			pair = append(pair, s.Toggle(text, v.note.Text == text, func() { v.note.SetText(text); v.Send(duty.Wrote{Note: text}) }))
		}
		chips = append(chips, look.Row(s.Gap*0.6, -1, pair...))
	}
	settled := func(handled bool) func() {
		return func() {
			v.Send(duty.Wrote{Note: v.note.Text})
			v.Send(duty.Settle{Handled: handled})
		}
	}
	main, second := look.Main, look.Second
	if st.Busy {
		main, second = look.Dead, look.Dead
	}
	return look.Column(s.Gap, s.Remark(look.Say(say.T("处理说明"))), look.Column(s.Gap*0.6, chips...), v.note,
		look.Row(s.Gap, -1, look.NewButton(s, second, look.Say(say.T("只是看过")), settled(false)), look.NewButton(s, main, look.Say(say.T("处理好了")), settled(true))))
}
