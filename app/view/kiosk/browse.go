package kiosk

import (
	"fyne.io/fyne/v2"

	"yizhan/app/flow"
	"yizhan/app/flow/claim"
	"yizhan/app/flow/kiosk"
	"yizhan/app/flow/stations"
	"yizhan/app/flow/wayfind"
	"yizhan/app/look"
	"yizhan/app/say"
	stationsview "yizhan/app/view/stations"
	board "yizhan/app/view/wayfind"
	"yizhan/core/id"
)

// home invites. What is open now can be tapped at once.
func (v *View) home(m Model) fyne.CanvasObject {
	s := v.Scale
	name := say.Plain(m.State.Here.Name)
	if m.State.Here.Name == "" {
		name = say.T("自助服务")
	}
	above := []fyne.CanvasObject{v.poster(look.Mark(flow.Plain, s.Brand), say.T("有票或会员码，直接扫"), say.T("没有也能办：请按屏幕上的按钮"))}
	if m.State.Saved {
		above = append(above, s.Panel(flow.Wait, say.T("刚才的办理已保存"), say.T("机器重新启动过。请重新出示会员码，到“我的票”里查结果、打印凭条。"), say.Text{}))
	}
	tile := func(icon look.Icon, title say.Text, to kiosk.Page) fyne.CanvasObject {
		return s.Tile(icon, look.Say(title), "", v.send(kiosk.Go{Page: to}))
	}
	tiles := look.Grid(3, s.Gap, tile(look.IconActivity, say.T("活动"), kiosk.Activities), tile(look.IconTicket, say.T("领票"), kiosk.PickUp),
		tile(look.IconCheckIn, say.T("签到"), kiosk.Door), tile(look.IconPerson, say.T("我的票"), kiosk.Mine),
		tile(look.IconPlace, say.T("站点地图"), kiosk.Stations), tile(look.IconHelp, say.T("帮助"), kiosk.Help))
	rest := []fyne.CanvasObject{look.NewIconButton(s, look.Second, look.IconPhone, look.Say(say.T("登记我的手机")), v.send(kiosk.Go{Page: kiosk.NewPhone})), v.toggles(m)}
	return v.frame(m, frame{title: name, above: look.Column(s.Gap, above...), below: v.featuring(m, tiles, rest)})
}

// featuring puts as many open activities between the tiles and the rest as one sees
// without dragging.
func (v *View) featuring(m Model, tiles fyne.CanvasObject, rest []fyne.CanvasObject) fyne.CanvasObject {
	s, gap := v.Scale, v.Scale.Gap*0.8
	width, room := m.Screen.Width-2*s.Pad, m.Screen.Height*low-s.Button*1.7
	if m.Screen.Width > m.Screen.Height {
		width, room = m.Screen.Width*(1-side)-2*s.Pad, m.Screen.Height-s.Button*3.7
	}
	cards := []fyne.CanvasObject{tiles}
	for _, c := range m.State.Featured(4) {
		more := append(cards[:len(cards):len(cards)], v.card(c, kiosk.Open{Activity: c.Activity}, true))
		if height(look.Column(gap, append(more, rest...)...), width) > room {
			break
		}
		cards = more
	}
	return look.Column(gap, append(cards, rest...)...)
}

// toggles are for this visitor alone.
func (v *View) toggles(m Model) fyne.CanvasObject {
	var all []fyne.CanvasObject
	for _, t := range m.Toggles {
		all = append(all, v.Scale.Toggle(look.Say(t.Text), t.On, func() { v.Choose(t.Send) }))
	}
	return look.Row(v.Scale.Gap*0.6, -1, all...)
}

func (v *View) card(c claim.Card, to kiosk.Message, short bool) fyne.CanvasObject {
	s := v.Scale
	note := s.Remark(look.Say(c.Note))
	card := s.Card(s.Heading(c.Title, short), look.Row(s.Gap, 0, note, s.Badge(c.Tone, look.Say(c.Badge))))
	if to == nil {
		return card
	}
	return look.NewTap(card, v.send(to))
}

func (v *View) activities(m Model) fyne.CanvasObject {
	s := v.Scale
	cards := m.State.Browse.Cards()
	var below []fyne.CanvasObject
	for _, c := range cards {
		below = append(below, v.card(c, kiosk.Open{Activity: c.Activity}, true))
	}
	if len(cards) == 0 {
		below = append(below, s.Panel(flow.Plain, say.T("还没有活动"), say.T("本机还没有收到活动，联网以后会出现在这里。"), say.Text{}))
	}
	return v.frame(m, frame{title: say.T("活动"), above: v.poster(look.IconActivity.Draw(s.Brand), say.T("请选一项活动"), say.T("往下拖动可以看到更多")),
		below: look.Column(s.Gap, below...)})
}

// detail is an activity: what, when, who may, and the way to ask for it.
func (v *View) detail(m Model) fyne.CanvasObject {
	s := v.Scale
	d := m.State.Browse.Detail()
	above := []fyne.CanvasObject{look.NewText(d.Title, look.Style{Em: s.Head, Bold: true, Colour: s.Ink, Align: fyne.TextAlignCenter, Max: 4})}
	if !d.Left.Empty() {
		above = append(above, s.Badge(d.LeftTone, look.Say(d.Left)))
	}
	if countdown := m.State.Browse.Countdown(); !countdown.Empty() {
		_, on := s.Soft(flow.Plain)
		v.countdown = look.NewText(look.Say(countdown), look.Style{Em: s.Title, Bold: true, Colour: on, Align: fyne.TextAlignCenter})
		above = append(above, v.countdown)
	}
	if m.State.Person.Member != "" && !d.Outcome.Word.Empty() {
		above = append(above, v.panel(d.Outcome))
	}
	var facts []fyne.CanvasObject
	for _, f := range d.Facts {
		facts = append(facts, s.Fact(look.Say(f.Label), look.Say(f.Text)))
	}
	below := v.sessions(d)
	if len(facts) > 0 {
		below = append(below, s.Card(facts...))
	}
	var foot fyne.CanvasObject
	switch {
	case d.Button.Text.Empty():
	case d.Button.Enabled:
		foot = v.button(look.Main, say.T("我要报名"), kiosk.Want{})
	default:
		foot = v.button(look.Dead, d.Button.Text, nil)
	}
	return v.frame(m, frame{title: say.T("活动"), above: look.Column(s.Gap*0.8, above...), below: look.Column(s.Gap, below...), foot: foot})
}

func (v *View) sessions(d claim.DetailPage) []fyne.CanvasObject {
	return v.choices(say.T("请选场次"), d.Sessions, func(key string) claim.Message { return claim.Pool{Pool: id.Pool(key)} })
}

func (v *View) choices(label say.Text, choices []claim.Choice, message func(string) claim.Message) []fyne.CanvasObject {
	if len(choices) == 0 {
		return nil
	}
	all := make([]look.Choice, len(choices))
	for i, c := range choices {
		all[i] = look.Choice{Text: look.Say(c.Text), Note: look.Say(c.Note), Chosen: c.Chosen, Tap: v.choose(message(c.ID))}
	}
	return []fyne.CanvasObject{v.Scale.Choices(look.Say(label), all)}
}

// stations is the map, what is nearest, and the list.
func (v *View) stations(m Model) fyne.CanvasObject {
	find := func(msg wayfind.Message) { v.Send(kiosk.Find{Message: msg}) }
	places := &stationsview.View{Scale: v.Scale, Keys: true, Send: func(msg stations.Message) { find(wayfind.Stations{Message: msg}) }}
	b := board.Board{Scale: v.Scale, State: m.State.Find, Send: find, Places: places, Beside: m.Screen.Height > m.Screen.Width}
	if m.Printer {
		b.Print = v.Way
	}
	f := frame{title: b.Title(), above: b.Head(), below: look.Column(v.Scale.Gap, append(v.printed(m), b.Body())...), foot: b.Foot()}
	if b.HasMap() && v.Map != nil {
		f.chart = v.Map
	}
	return v.frame(m, f)
}

func (v *View) help(m Model) fyne.CanvasObject {
	s := v.Scale
	var below []fyne.CanvasObject
	for _, topic := range []struct{ what, how say.Text }{
		{say.T("报名参加活动"), say.T("按“活动”，选一项，按“我要报名”，出示手机上的会员码，再按“确认报名”。可以打印凭条。")},
		{say.T("没有智能手机"), say.T("用姓名首字母和手机号后四位查找，再请工作人员扫工作人员码确认。办好以后打印凭条，凭条上的二维码就是票。")},
		{say.T("领取东西"), say.T("把票面二维码对准扫码口。屏幕变绿才可以领。")},
		{say.T("签到"), say.T("按“签到”，扫票面二维码或会员码；也可以用姓名和手机号后四位。")},
		{say.T("登记手机"), say.T("请工作人员核对本人后，用手机扫屏幕上的登记码。换手机也这样办，旧手机随即停用。")},
		{say.T("没有网络"), say.T("领票、签到照常。报名先存在本机，联网后自动提交，凭条上会写明“不代表已取得名额”。")},
		{say.T("保护隐私"), say.T("办完请按“完成并清除”。一分钟没有人操作，屏幕会自动清除。")}} {
		below = append(below, s.Card(s.Heading(look.Say(topic.what), true), s.Text(look.Say(topic.how))))
	}
	return v.frame(m, frame{title: say.T("帮助"), above: v.poster(look.IconHelp.Draw(s.Brand), say.T("怎么用这台机器"), say.Text{}), below: look.Column(s.Gap, below...)})
}

// call says how to reach staff.
func (v *View) call(m Model) fyne.CanvasObject {
	s, here := v.Scale, m.State.Here
	note := say.T("请到服务台，或请旁边的人帮忙叫一声。")
	ask := say.T("请找站里的工作人员")
	if here.Phone != "" {
		ask, note = say.Plain(here.Phone), say.T("打这个电话找本站工作人员，或到服务台。")
	}
	var facts []fyne.CanvasObject
	for _, f := range []struct {
		label say.Text
		text  string
	}{{say.T("本站"), here.Name}, {say.T("地址"), here.Address}, {say.T("开放时间"), here.Hours}} {
		if f.text != "" {
			facts = append(facts, s.Fact(look.Say(f.label), f.text))
		}
	}
	facts = append(facts, s.Fact(look.Say(say.T("工会热线")), "12351"))
	return v.frame(m, frame{title: say.T("找工作人员"), above: v.poster(look.IconStaff.Draw(s.Brand), ask, note), below: look.Column(0, s.Card(facts...))})
}
