// Package roster draws the check-in list of a session, and one guest of it.
package roster

import (
	"cmp"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"yizhan/app/flow"
	"yizhan/app/flow/roster"
	"yizhan/app/look"
	"yizhan/app/say"
	"yizhan/core/id"
)

// View draws the flow's state. The entries outlive a drawing, so that nobody's typing is lost.
type View struct {
	Scale    look.Scale
	Send     func(roster.Message)
	Override func()            // asks for the supervisor's PIN first
	Scene    fyne.CanvasObject // what the camera sees; nil for none
	query    *widget.Entry
	reason   *widget.Entry
	open     id.Ticket
	quiet    bool // the entry is changed by the view itself
}

// New makes the view; send takes messages on the UI goroutine.
func New(s look.Scale, send func(roster.Message), override func()) *View {
	v := &View{Scale: s, Send: send, Override: override, query: widget.NewEntry(), reason: widget.NewEntry()}
	v.query.OnChanged = func(text string) {
		if !v.quiet {
			v.Send(roster.Search{Query: text})
		}
	}
	return v
}

// Forget empties what was typed.
func (v *View) Forget() {
	v.quiet = true
	v.query.SetText("")
	v.reason.SetText("")
	v.quiet, v.open = false, 0
}

// List draws the lists of the device and the guests of the chosen one.
func (v *View) List(st roster.State) fyne.CanvasObject {
	s := v.Scale
	if len(st.Sessions) == 0 {
		return look.Pad(s.Pad, s.Pad, look.Column(s.Gap, s.Panel(flow.Plain, say.T("没有名单"),
			say.T("这台设备上还没有要签到的活动。"), say.T("活动发布、有人报名以后，联网同步一次就会出现。"))))
	}
	v.query.SetPlaceHolder(look.Say(say.T("输入短码查找")))
	if st.Supervisor {
		v.query.SetPlaceHolder(look.Say(say.T("姓名、首字母或短码")))
	}
	top := []fyne.CanvasObject{v.head(st), v.filters(st), v.query}
	guests := st.List()
	var below fyne.CanvasObject = look.NewList(v.rowHeight(), len(guests), func(i int) fyne.CanvasObject { return v.row(guests[i], guests[i].Ticket == st.Open) },
		func(i int) { v.Send(roster.Open{Ticket: guests[i].Ticket}) })
	if len(guests) == 0 {
		below = look.Pad(0, s.Pad, s.Panel(flow.Plain, say.T("没有找到"), say.T("名单里没有符合的人。"), say.T("请换个写法，或看“全部”。")))
	}
	return look.Frame(look.Pad(s.Gap, s.Pad, look.Column(s.Gap*0.7, top...)), look.Pad(0, s.Pad, below), nil)
}

// head names the session and counts it; a tap takes the next one where there are several.
func (v *View) head(st roster.State) fyne.CanvasObject {
	s := v.Scale
	at, _ := st.Session()
	words := []fyne.CanvasObject{s.Heading(at.Title, true)}
	counts := say.T("应到 %d · 已到 %d · 未到 %d · 出场 %d", at.Expected, at.Inside+at.Left, at.Absent(), at.Left)
	words = append(words, s.Remark(look.Say(say.Join(" · ", at.When, counts))))
	next := st.Sessions[0].Key
	for i, x := range st.Sessions {
		if x.Key == st.Chosen {
			next = st.Sessions[(i+1)%len(st.Sessions)].Key
		}
	}
	guard := look.NewIconButton(s, look.Main, look.IconScan, look.Say(say.T("扫码入场")), func() { v.Send(roster.Guard{On: true}) })
	words = append(words, guard)
	if len(st.Sessions) == 1 {
		return s.Card(words...)
	}
	change := look.NewButton(s, look.Second, look.Say(say.T("换一场（共 %d 场）", len(st.Sessions))), func() { v.Forget(); v.Send(roster.Choose{Key: next}) })
	return s.Card(append(words, change)...)
}

func (v *View) filters(st roster.State) fyne.CanvasObject {
	s := v.Scale
	one := func(show roster.Show, text say.Text) fyne.CanvasObject {
		return s.Toggle(look.Say(text), st.Show == show, func() { v.Send(roster.Filter{Show: show}) })
	}
	return look.Row(s.Gap*0.6, -1, one(roster.Everybody, say.T("全部")), one(roster.OnlyAbsent, say.T("未到")), one(roster.OnlyInside, say.T("场内")))
}

// rowHeight has room for two lines of a long name where the print is large.
func (v *View) rowHeight() float32 {
	s := v.Scale
	return max(s.Button*1.15, float32(v.lines())*s.Body*1.35+s.Small*1.4+s.Gap) + s.Gap*0.4
}

func (v *View) lines() int {
	if v.Scale.Body > look.Staff.Body {
		return 2
	}
	return 1
}

func (v *View) row(g roster.Guest, open bool) fyne.CanvasObject {
	s := v.Scale
	name := look.NewText(cmp.Or(g.Name, look.Say(say.T("票 %s", g.Short))), look.Style{Em: s.Body, Bold: true, Colour: s.Ink, Max: v.lines()})
	note := look.NewText(look.Say(say.T("%d 张 · 短码 %s", g.Seats, g.Short)), look.Style{Em: s.Small, Colour: s.Muted, Max: 1})
	row := look.Row(s.Gap, 0, look.Column(2, name, note), s.Badge(g.Tone, look.Say(g.Badge)))
	return look.Pad(s.Gap*0.2, 2, s.Selectable(open, look.AtLeast(v.rowHeight()-s.Gap*0.4, look.Pad(0, s.Gap, row))))
}

// Guest draws the open one; it is nil where none is.
func (v *View) Guest(st roster.State) fyne.CanvasObject {
	s := v.Scale
	g, ok := st.Guest()
	if !ok {
		return nil
	}
	if v.open != g.Ticket {
		v.open = g.Ticket
		v.reason.SetText("")
	}
	at, _ := st.Session()
	objects := []fyne.CanvasObject{s.Card(look.Row(s.Gap, 0, s.Heading(cmp.Or(g.Name, look.Say(say.T("票 %s", g.Short))), false), s.Badge(g.Tone, look.Say(g.Badge))),
		s.Remark(look.Say(say.T("%d 张 · 短码 %s", g.Seats, g.Short))), s.Remark(at.Title))}
	if w := st.Word; !w.Word.Empty() {
		objects = append(objects, s.Panel(w.Tone, w.Word, w.Sentence, w.Next))
		if w.Override {
			objects = append(objects, look.NewButton(s, look.Second, look.Say(say.T("主管放行")), v.Override))
		}
	}
	if g.Place != roster.Waiting {
		objects = append(objects, v.pass(st, g))
	}
	return look.Column(s.Gap, objects...)
}

// pass is letting them in or out by hand, with a reason.
func (v *View) pass(st roster.State, g roster.Guest) fyne.CanvasObject {
	s := v.Scale
	v.reason.SetPlaceHolder(look.Say(say.T("其他原因")))
	var chips []fyne.CanvasObject
	reasons := roster.Reasons()
	for at := 0; at < len(reasons); at += 2 {
		var pair []fyne.CanvasObject
		for _, r := range reasons[at:min(at+2, len(reasons))] {
			text := look.Say(r)
			pair = append(pair, s.Toggle(text, v.reason.Text == text, func() { v.reason.SetText(text); v.Send(roster.Wrote{Reason: text}) }))
		}
		chips = append(chips, look.Row(s.Gap*0.6, -1, pair...))
	}
	word, kind := say.T("登记入场"), look.Main
	if g.Place == roster.Inside {
		word = say.T("登记出场")
	}
	if st.Busy {
		kind = look.Dead
	}
	return look.Column(s.Gap, s.Text(look.Say(say.T("请先看清是本人。为什么不扫码？"))), look.Column(s.Gap*0.6, chips...), v.reason,
		look.NewButton(s, kind, look.Say(word), func() {
			v.Send(roster.Wrote{Reason: v.reason.Text})
			v.Send(roster.Pass{Out: g.Place == roster.Inside})
		}))
}

// Door draws the page on which codes are scanned: who is scanned next, or what came
// of the last one, in the colour of the outcome.
func (v *View) Door(st roster.State) fyne.CanvasObject {
	s := v.Scale
	at, _ := st.Session()
	way := func(out bool, text say.Text) fyne.CanvasObject {
		return s.Toggle(look.Say(text), st.Out == out, func() { v.Send(roster.Direct{Out: out}) })
	}
	counts := say.T("应到 %d · 已到 %d · 未到 %d · 出场 %d", at.Expected, at.Inside+at.Left, at.Absent(), at.Left)
	top := look.Pad(s.Gap, s.Pad, look.Column(s.Gap*0.7, s.Heading(at.Title, true), s.Remark(look.Say(say.Join(" · ", at.When, counts))),
		look.Row(s.Gap*0.6, -1, way(false, say.T("入场")), way(true, say.T("出场")))))
	if st.Word.Word.Empty() {
		return look.Frame(top, look.Pad(0, s.Pad, look.Middle(0, v.waiting(st))), nil)
	}
	return look.Frame(top, v.answer(st), nil)
}

func (v *View) waiting(st roster.State) fyne.CanvasObject {
	s := v.Scale
	word := say.T("请扫描票面二维码")
	if st.Busy {
		word = say.T("正在核对")
	}
	scene := v.Scene
	if scene == nil {
		scene = look.Fixed(s.Head*6, s.Head*6, look.Mark(flow.Plain, s.Brand))
	}
	return look.Column(s.Gap*1.5, scene, look.NewText(look.Say(word), look.Style{Em: s.Head, Bold: true, Colour: s.Ink, Align: fyne.TextAlignCenter}))
}

func (v *View) answer(st roster.State) fyne.CanvasObject {
	s, w := v.Scale, st.Word
	fill, on := s.Strong(w.Tone)
	line := func(text string, em float32, bold bool) fyne.CanvasObject {
		return look.NewText(text, look.Style{Em: em, Bold: bold, Colour: on, Align: fyne.TextAlignCenter})
	}
	side := s.Huge * 1.6
	objects := []fyne.CanvasObject{look.Fixed(side, side, look.Mark(w.Tone, on)), line(look.Say(w.Word), s.Huge*0.6, true)}
	if w.Seats > 0 && w.Tone != flow.Bad {
		objects = append(objects, line(look.Say(say.T("%d 张", w.Seats)), s.Head*1.4, true))
	}
	for _, text := range []string{w.Who, look.Say(w.Sentence), look.Say(w.Next)} {
		if text != "" {
			objects = append(objects, line(text, s.Title, true))
		}
	}
	var foot []fyne.CanvasObject
	if w.Override {
		foot = append(foot, look.NewButton(s, look.Second, look.Say(say.T("主管放行")), v.Override))
	}
	foot = append(foot, line(look.Say(say.T("直接扫下一张")), s.Small, false))
	return look.Fill(fill, 0, look.Frame(nil, look.Pad(0, s.Pad, look.Middle(0, look.Column(s.Gap, objects...))), look.Pad(s.Gap, s.Pad, look.Column(s.Gap, foot...))))
}
