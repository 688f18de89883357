package claim

import (
	"fmt"

	"fyne.io/fyne/v2"

	"yizhan/app/flow"
	"yizhan/app/flow/claim"
	"yizhan/app/look"
	"yizhan/app/say"
	settingsview "yizhan/app/view/settings"
	"yizhan/core/id"
	"yizhan/core/qr"
)

// tabs is the row at the foot of the main pages. unread stands on the last one.
func (v *View) tabs(at claim.Page, unread int) fyne.CanvasObject {
	me := look.Say(say.T("我的"))
	if unread > 0 {
		me = fmt.Sprintf("%s %d", me, unread)
	}
	tab := func(text string, to claim.Page) fyne.CanvasObject {
		return v.scale.Tab(text, at == to, v.send(claim.Go{Page: to}))
	}
	return look.Fill(v.scale.Surface, 0, look.Row(0, -1, tab(look.Say(say.T("活动")), claim.List), tab(look.Say(say.T("我的票")), claim.Mine),
		tab(look.Say(say.T("会员码")), claim.Code), tab(me, claim.Me)))
}

// code shows who the member is, for half a minute.
func (v *View) code(c claim.Shown) fyne.CanvasObject {
	s := v.scale
	modules, err := qr.Bitmap(c.Code)
	if c.Code == "" || err != nil {
		return s.Panel(flow.Wait, say.T("还没有会员码"), say.T("会员码要先联网一次才有，之后没有网络也能用。"),
			say.T("请连上网络；一直没有，请找工作人员。"))

	}
	centred := func(text string, em float32, bold bool) fyne.CanvasObject {
		return look.NewText(text, look.Style{Em: em, Bold: bold, Colour: s.Ink, Align: fyne.TextAlignCenter})
	}
	v.countdown = look.NewText("", look.Style{Em: s.Small, Colour: s.Muted, Align: fyne.TextAlignCenter})
	return look.Column(s.Gap,
		s.Card(centred(look.Say(say.T("给工作人员或自助机扫")), s.Title, true), look.Square(420, look.QR(modules)), v.countdown),
		s.Remark(look.Say(say.T("会员码每半分钟换一次，截图和照片没有用。没有网络也能出示。"))))
}

// me is the page of messages, settings and how the phone stands.
func (v *View) me(m Model) fyne.CanvasObject {
	s := v.scale
	note := look.Say(say.T("没有未读消息"))
	if m.Unread > 0 {
		note = look.Say(say.T("%d 条未读", m.Unread))
	}
	return look.Column(s.Gap,
		v.way(look.Say(say.T("消息")), note, v.send(claim.Go{Page: claim.Inbox})),
		v.way(look.Say(say.T("站点地图")), look.Say(say.T("找最近的驿站")), v.send(claim.Go{Page: claim.Places})),
		v.way(look.Say(say.T("同步")), look.Say(m.Bar.Age), func() { v.Sheet(true) }),
		settingsview.Sheet(s, m.Settings, v.Set))
}

// way leads to another page.
func (v *View) way(text, note string, to func()) fyne.CanvasObject {
	s := v.scale
	return look.NewTap(s.Card(look.Row(s.Gap, 0, s.Heading(text, true), s.Remark(note))), to)
}

func (v *View) inbox(notices []claim.Notice) fyne.CanvasObject {
	s := v.scale
	if len(notices) == 0 {
		return s.Panel(flow.Plain, say.T("还没有消息"), say.T("报名的结果、候补和领取提醒会出现在这里。"), say.Text{})
	}
	var cards []fyne.CanvasObject
	for _, n := range notices {
		head := fyne.CanvasObject(s.Heading(n.Title, true))
		if n.Unread {
			head = look.Row(s.Gap, 0, head, s.Badge(flow.Plain, look.Say(say.T("新"))))
		}
		card := s.Card(head, look.Row(s.Gap, 0, s.Remark(look.Say(n.At)), s.Badge(n.Tone, look.Say(n.Word))),
			s.Text(look.Say(say.Sentences(n.Sentence, n.Next))))
		var to claim.Message = claim.Open{Activity: n.Activity}
		if n.Ticket != 0 {
			to = claim.ShowTicket{Ticket: n.Ticket}
		}
		cards = append(cards, look.NewTap(card, v.send(to)))
	}
	return look.Column(s.Gap, cards...)
}

// changes are the buttons under a ticket.
func (v *View) changes(t claim.TicketPage) []fyne.CanvasObject {
	var objects []fyne.CanvasObject
	if !t.Answer.Word.Empty() {
		objects = append(objects, v.panel(t.Answer))
	}
	words := map[claim.Change]say.Text{claim.Move: say.T("换个站点领取"), claim.GiveBack: say.T("退掉这张票")}
	for _, c := range t.Changes {
		objects = append(objects, look.NewButton(v.scale, look.Second, look.Say(words[c]), v.send(claim.AskChange{Change: c})))
	}
	return objects
}

// confirming asks once more.
func (v *View) confirming(p claim.ChangePage) (body, foot fyne.CanvasObject) {
	s := v.scale
	objects := []fyne.CanvasObject{s.Heading(p.Of, false), s.Text(look.Say(p.Sentence))}
	objects = append(objects, v.choices(look.Say(say.T("选领取站点")), p.Stations, func(key string) claim.Message { return claim.Station{Station: id.Station(key)} })...)
	kind := look.Main
	if !p.Ready {
		kind = look.Dead
	}
	yes := look.NewButton(s, kind, look.Say(p.Yes), v.send(claim.Confirm{}))
	no := look.NewButton(s, look.Second, look.Say(p.No), v.send(claim.Back{}))
	return look.Column(s.Gap, objects...), look.Bordered(s.Surface, s.Line, 0, look.Pad(s.Gap, s.Pad, look.Column(s.Gap, no, yes)))
}
