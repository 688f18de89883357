package kiosk

import (
	"fyne.io/fyne/v2"

	"yizhan/app/flow"
	"yizhan/app/flow/kiosk"
	"yizhan/app/flow/pickup"
	"yizhan/app/look"
	"yizhan/app/say"
	statusview "yizhan/app/view/status"
)

// pickUp waits for a ticket.
func (v *View) pickUp(m Model) fyne.CanvasObject {
	s := v.Scale
	ask, note := say.T("请扫描票面二维码"), say.T("手机“我的票”里的码，或凭条上的码，对准扫码口")
	if m.State.Counter.Page == pickup.Working {
		ask, note = say.T("正在核对"), say.T("请稍等")
	}
	below := v.camera()
	below = append(below, s.Card(s.Text(look.Say(say.T("屏幕变绿，才可以领东西。"))), s.Text(look.Say(say.T("二维码扫不出，请报票上的短码给工作人员。")))))
	return v.frame(m, frame{title: say.T("领票"), above: v.poster(look.Mark(flow.Plain, s.Brand), ask, note), below: look.Column(s.Gap, below...)})
}

// door waits for whoever wants in or out.
func (v *View) door(m Model) fyne.CanvasObject {
	s := v.Scale
	ask, note := say.T("请扫描票面二维码或会员码"), say.T("进场签到；中途离开请先选“签出”")
	if m.State.Out {
		ask, note = say.T("签出：请扫描票面二维码或会员码"), say.T("离场的时间会记下")
	}
	if m.State.Busy {
		ask, note = say.T("正在核对"), say.T("请稍等")
	}
	below := append(v.camera(), look.Row(s.Gap, -1, s.Option(look.Say(say.T("签到（进场）")), "", !m.State.Out, v.send(kiosk.Leave{Out: false})),
		s.Option(look.Say(say.T("签出（离场）")), "", m.State.Out, v.send(kiosk.Leave{Out: true}))),
		look.NewIconButton(s, look.Second, look.IconSearch, look.Say(say.T("没带手机，用姓名查找")), v.send(kiosk.ByName{})))
	return v.frame(m, frame{title: say.T("签到"), above: v.poster(look.IconCheckIn.Draw(s.Brand), ask, note), below: look.Column(s.Gap, below...)})
}

// which asks for one of several claims.
func (v *View) which(m Model) fyne.CanvasObject {
	s := v.Scale
	var below []fyne.CanvasObject
	for _, e := range m.State.Entries {
		note := look.Say(e.When)
		if e.Inside {
			note = look.Say(say.Join(" · ", e.When, say.T("已在场内")))
		}
		below = append(below, s.Option(e.Title, note, false, v.send(kiosk.Enter{Ticket: e.Ticket})))
	}
	return v.frame(m, frame{title: say.T("签到"), above: v.poster(look.IconCheckIn.Draw(s.Brand), say.T("您要参加哪一场？"), say.Text{}), below: look.Column(s.Gap, below...)})
}

// whole is a page whose body is read from top to bottom and fills its place.
func (v *View) whole(m Model, title say.Text, body, foot fyne.CanvasObject) fyne.CanvasObject {
	p := look.Page{Title: look.Say(title), Low: true, Still: true, Strip: statusview.Strip(v.Scale, m.Bar, nil), Body: body,
		Foot: foot, Staff: v.send(kiosk.Go{Page: kiosk.Call})}
	if m.Speaks {
		p.Aloud = v.Aloud
	}
	if m.State.Left > 0 {
		v.idle = look.NewIdle(v.Scale, v.send(kiosk.Stay{}))
		p.Banner = v.idle
	}
	page, _ := v.Scale.Page(p)
	return page
}
