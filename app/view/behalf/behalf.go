// Package behalf draws what staff do for a member: who it is, what is wanted, and
// what came of it.
package behalf

import (
	"cmp"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"yizhan/app/flow"
	"yizhan/app/flow/behalf"
	"yizhan/app/look"
	"yizhan/app/say"
	"yizhan/core/qr"
)

// View draws the flow's state. The entry outlives a drawing, so that nobody's typing is lost.
type View struct {
	Scale  look.Scale
	Send   func(behalf.Message)
	Search bool              // people may be looked for by name here
	Unlock func()            // asks for the PIN that looking takes; nil where it is open, or nobody may look
	Scene  fyne.CanvasObject // what the camera sees; nil for none
	Slip   func()            // shows and prints the slip; nil where there is none
	query  *widget.Entry
}

// New makes the view; send takes messages on the UI goroutine.
func New(s look.Scale, send func(behalf.Message)) *View {
	v := &View{Scale: s, Send: send, query: widget.NewEntry()}
	v.query.OnSubmitted = func(string) { v.search() }
	return v
}

// Forget empties what was typed.
func (v *View) Forget() { v.query.SetText("") }

func (v *View) search() {
	v.Send(behalf.Typed{Query: v.query.Text})
	v.Send(behalf.Search{})
}

// Draw gives the page.
func (v *View) Draw(st behalf.State) fyne.CanvasObject {
	switch st.Page {
	case behalf.What:
		return v.what(st)
	case behalf.Details:
		return v.details(st)
	case behalf.Result:
		return v.result(st)
	}
	return v.who(st)
}

func (v *View) word(w behalf.Word) []fyne.CanvasObject {
	if w.Word.Empty() {
		return nil
	}
	return []fyne.CanvasObject{v.Scale.Panel(w.Tone, w.Word, w.Sentence, w.Next)}
}

func (v *View) who(st behalf.State) fyne.CanvasObject {
	s := v.Scale
	var objects []fyne.CanvasObject
	if v.Scene != nil {
		objects = append(objects, v.Scene)
	}
	objects = append(objects, s.Heading(look.Say(say.T("请会员出示会员码")), false), s.Remark(look.Say(say.T("手机上的会员码，或会员卡上的二维码，都可以直接扫。"))))
	objects = append(objects, v.word(st.Word)...)
	if v.Search {
		v.query.SetPlaceHolder(look.Say(say.T("姓名或首字母 + 手机后四位")))
		kind := look.Second
		if st.Busy {
			kind = look.Dead
		}
		objects = append(objects, look.Space(s.Gap), s.Remark(look.Say(say.T("没有带手机：按姓名查找"))), v.query, look.NewButton(s, kind, look.Say(say.T("查找")), v.search))
	}
	if v.Unlock != nil {
		objects = append(objects, look.Space(s.Gap), look.NewButton(s, look.Second, look.Say(say.T("没有带手机：按姓名查找")), v.Unlock))
	}
	for _, p := range st.Found {
		note := look.Say(say.T("请核对证件，确认是本人"))
		if p.Org != "" {
			note = p.Org
		}
		objects = append(objects, s.Option(cmp.Or(p.Name, string(p.Member)), note, false, func() { v.Send(behalf.Take{Person: p}) }))
	}
	if st.More {
		objects = append(objects, s.Remark(look.Say(say.T("还有别的人符合，请多输几个字。"))))
	}
	return look.Column(s.Gap, objects...)
}

// person names whom all this is for.
func (v *View) person(st behalf.State) fyne.CanvasObject {
	s := v.Scale
	how, tone := say.T("已出示会员码"), flow.Good
	if !st.Person.Proven {
		how, tone = say.T("请核对本人"), flow.Wait
	}
	name := cmp.Or(st.Person.Name, look.Say(say.T("会员 %s", string(st.Person.Member))))
	words := []fyne.CanvasObject{look.Row(s.Gap, 0, s.Heading(name, true), s.Badge(tone, look.Say(how)))}
	if st.Person.Org != "" {
		words = append(words, s.Remark(st.Person.Org))
	}
	return s.Card(words...)
}

func (v *View) what(st behalf.State) fyne.CanvasObject {
	s := v.Scale
	act := func(a behalf.Action, text say.Text) fyne.CanvasObject {
		return s.Toggle(look.Say(text), st.Action == a, func() { v.Send(behalf.Act{Action: a}) })
	}
	objects := []fyne.CanvasObject{v.person(st), look.Row(s.Gap*0.6, -1, act(behalf.SignUp, say.T("代报名")), act(behalf.GiveBack, say.T("办退票")), act(behalf.Move, say.T("办换站")))}
	offers := st.Offers[st.Action]
	if len(offers) == 0 {
		objects = append(objects, s.Panel(flow.Plain, say.T("没有可办的活动"), say.T("现在没有这一类可以办理的活动。"), say.Text{}))
	}
	for _, o := range offers {
		objects = append(objects, look.NewTap(v.offer(o), func() { v.Send(behalf.Pick{Activity: o.Activity}) }))
	}
	return look.Column(s.Gap, objects...)
}

func (v *View) offer(o behalf.Offer) fyne.CanvasObject {
	s := v.Scale
	words := []fyne.CanvasObject{s.Heading(o.Title, true)}
	if !o.Note.Empty() {
		_, on := s.Soft(o.Tone)
		if o.Tone == flow.Plain {
			on = s.Muted
		}
		words = append(words, look.NewText(look.Say(o.Note), look.Style{Em: s.Small, Colour: on}))
	}
	return s.Card(words...)
}

func (v *View) details(st behalf.State) fyne.CanvasObject {
	s := v.Scale
	o, _ := st.Offer()
	objects := []fyne.CanvasObject{v.person(st), s.Heading(o.Title, false)}
	if st.Action != behalf.Move && len(o.Pools) > 0 && !o.Pools[0].Label.Empty() {
		var choices []look.Choice
		if st.Action == behalf.GiveBack {
			choices = append(choices, look.Choice{Text: look.Say(say.T("所有场次")), Chosen: st.Pool == "", Tap: func() { v.Send(behalf.PickPool{}) }})
		}
		for _, p := range o.Pools {
			choices = append(choices, look.Choice{Text: look.Say(p.Label), Chosen: st.Pool == p.ID, Tap: func() { v.Send(behalf.PickPool{Pool: p.ID}) }})
		}
		objects = append(objects, s.Choices(look.Say(say.T("场次")), choices))
	}
	if st.Action == behalf.SignUp {
		objects = append(objects, v.seats(st)...)
	}
	if st.Action != behalf.GiveBack && (len(o.Stations) > 1 || st.Action == behalf.Move) {
		var choices []look.Choice
		for _, p := range o.Stations {
			choices = append(choices, look.Choice{Text: p.Name, Note: p.Address, Chosen: st.Station == p.ID, Tap: func() { v.Send(behalf.PickStation{Station: p.ID}) }})
		}
		objects = append(objects, s.Choices(look.Say(say.T("在哪里领取")), choices))
	}
	objects = append(objects, v.word(st.Word)...)
	text, kind := confirm(st)
	return look.Column(s.Gap, append(objects, look.NewButton(s, kind, look.Say(text), func() { v.Send(behalf.Confirm{}) }))...)
}

func (v *View) seats(st behalf.State) []fyne.CanvasObject {
	s := v.Scale
	note := ""
	if st.Seats >= st.Most() {
		note = look.Say(say.T("最多 %d 张", st.Most()))
	}
	objects := []fyne.CanvasObject{s.Stepper(st.Seats, 1, st.Most(), look.Say(say.T("%d 张", st.Seats)), note, func(n int) { v.Send(behalf.SetSeats{Seats: n}) })}
	if st.Families() {
		objects = append(objects, s.Toggle(look.Say(say.T("随行子女的人数和身高已当面核对")), st.Child, func() { v.Send(behalf.SetChild{Seen: !st.Child}) }))
	}
	return objects
}

// confirm is the button that asks for it, or what is missing.
func confirm(st behalf.State) (say.Text, look.Kind) {
	switch {
	case st.Busy:
		return say.T("正在办理"), look.Dead
	case !st.Missing().Empty():
		return st.Missing(), look.Dead
	case st.Action == behalf.GiveBack:
		return say.T("确认退票"), look.Main
	case st.Action == behalf.Move:
		return say.T("确认换站"), look.Main
	}
	return say.T("确认报名 %d 张", st.Seats), look.Main
}

func (v *View) result(st behalf.State) fyne.CanvasObject {
	s := v.Scale
	o, _ := st.Offer()
	objects := append([]fyne.CanvasObject{v.person(st), s.Heading(o.Title, false)}, v.word(st.Word)...)
	if d := st.Decided; d.Short != "" && st.Word.Tone != flow.Bad && st.Action == behalf.SignUp {
		short := look.NewText(d.Short, look.Style{Em: s.Head * 1.4, Bold: true, Colour: s.Ink, Align: fyne.TextAlignCenter})
		card := []fyne.CanvasObject{short}
		if modules, err := qr.Bitmap(d.Code); d.Code != "" && err == nil { // the short code finds the ticket too
			card = []fyne.CanvasObject{look.Square(360, look.QR(modules)), short}
		}
		objects = append(objects, s.Card(card...))
	}
	if v.Slip != nil {
		objects = append(objects, look.NewIconButton(s, look.Second, look.IconPrinter, look.Say(say.T("打印凭条")), v.Slip))
	}
	return look.Column(s.Gap, append(objects,
		look.NewButton(s, look.Second, look.Say(say.T("给这位会员办别的")), func() { v.Send(behalf.Back{}) }),
		look.NewButton(s, look.Main, look.Say(say.T("完成，下一位")), func() { v.Send(behalf.Finish{}) }))...)
}
