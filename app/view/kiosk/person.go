package kiosk

import (
	"strings"
	"unicode"

	"fyne.io/fyne/v2"

	"yizhan/app/flow"
	"yizhan/app/flow/identify"
	"yizhan/app/flow/ime"
	"yizhan/app/flow/kiosk"
	"yizhan/app/look"
	"yizhan/app/say"
	"yizhan/app/view/keyboard"
	"yizhan/core/qr"
)

// who asks one thing at a time.
func (v *View) who(m Model) fyne.CanvasObject {
	s, w := v.Scale, m.State.Who
	words := w.Words()
	icon := look.Mark(flow.Plain, s.Brand)
	below := v.trouble(w.Trouble)
	switch w.Page {
	case identify.Name:
		icon = look.IconPerson.Draw(s.Brand)
		below = append(below, v.typed(w.Typed, 0), keyboard.Initials(s, v.typing), v.enter(len(w.Typed) >= 2))
	case identify.Digits:
		icon = look.IconPhone.Draw(s.Brand)
		below = append(below, v.typed(w.Typed, 4), keyboard.Numbers(s, v.typing))
	case identify.People:
		icon = look.IconPerson.Draw(s.Brand)
		below = append(below, v.people(w)...)
	case identify.Staff:
		icon = look.IconStaff.Draw(s.Brand)
		below = append(below, v.camera()...)
		below = append(below, s.Card(s.Fact(look.Say(say.T("要确认的会员")), look.Say(say.Join(" · ", say.Plain(w.Person.Name), say.Plain(w.Person.Phone), say.Plain(w.Person.Org))))))
	default:
		below = append(below, v.camera()...)
		below = append(below, look.NewIconButton(s, look.Second, look.IconSearch, look.Say(say.T("没带手机，用姓名查找")), v.ask(identify.ByName{})))
	}
	if w.Busy {
		below = []fyne.CanvasObject{s.Panel(flow.Plain, say.T("正在核对"), say.T("请稍等。"), say.Text{})}
	}
	return v.frame(m, frame{title: words.Title, above: v.poster(icon, words.Ask, words.Note), below: look.Column(s.Gap, below...)})
}

func (v *View) camera() []fyne.CanvasObject {
	if v.Camera == nil {
		return nil
	}
	if o := v.Camera(); o != nil {
		return []fyne.CanvasObject{o}
	}
	return nil
}

// typed shows what was typed, and how many places are still empty.
func (v *View) typed(text string, places int) fyne.CanvasObject {
	shown := strings.Join(strings.Split(text, ""), " ")
	for i := len(text); i < places; i++ {
		shown += " _"
	}
	if shown == "" {
		shown = "_"
	}
	s := v.Scale
	field := look.NewText(strings.TrimSpace(shown), look.Style{Em: s.Head * 1.2, Bold: true, Colour: s.Ink, Align: fyne.TextAlignCenter})
	return look.Bordered(s.Surface, s.Brand, s.Radius, look.AtLeast(s.Button, field))
}

func (v *View) enter(enough bool) fyne.CanvasObject {
	if !enough {
		return v.button(look.Dead, say.T("下一步"), nil)
	}
	return v.button(look.Main, say.T("下一步"), kiosk.Asked{Message: identify.Enter{}})
}

// typing turns keys of a pad into messages of the conversation.
func (v *View) typing(m ime.Message) {
	switch m := m.(type) {
	case ime.Key:
		v.ask(identify.Key{Rune: unicode.ToUpper(m.Rune)})()
	case ime.Backspace:
		v.ask(identify.Erase{})()
	case ime.Reset:
		v.ask(identify.Clear{})()
	}
}

func (v *View) people(w identify.State) []fyne.CanvasObject {
	s := v.Scale
	if len(w.People) == 1 {
		p := w.People[0]
		card := s.Card(s.Heading(look.Say(say.Join(" · ", say.Plain(p.Name), say.Plain(p.Phone))), false), s.Text(p.Org))
		return []fyne.CanvasObject{card, look.Row(s.Gap, -1, look.NewButton(s, look.Second, look.Say(say.T("不是我")), v.ask(identify.Choose{Index: -1})),
			look.NewButton(s, look.Main, look.Say(say.T("是我")), v.ask(identify.Choose{Index: 0})))}
	}
	var all []look.Choice
	for i, p := range w.People {
		all = append(all, look.Choice{Text: look.Say(say.Join(" · ", say.Plain(p.Name), say.Plain(p.Phone))), Note: p.Org, Tap: v.ask(identify.Choose{Index: i})})
	}
	return []fyne.CanvasObject{s.Choices("", all), look.NewButton(s, look.Second, look.Say(say.T("都不是")), v.ask(identify.Choose{Index: -1}))}
}

// phone shows the code with which the visitor's phone enrols.
func (v *View) phone(m Model) fyne.CanvasObject {
	s, p := v.Scale, m.State.Phone
	above := v.poster(look.IconPhone.Draw(s.Brand), say.T("登记我的手机"), say.T("登记以后，用手机就能报名、领票、出示会员码"))
	below := v.trouble(m.State.Trouble)
	modules, err := qr.Bitmap(p.Invitation)
	switch {
	case p.Invitation != "" && err == nil:
		side := min(m.Screen.Width, m.Screen.Height) * 0.46
		steps := s.Card(s.Text(look.Say(say.T("1. 手机上打开“驿站”程序"))), s.Text(look.Say(say.T("2. 扫这个码，或输入下面的登记码"))),
			look.NewText(p.Typed, look.Style{Em: s.Title, Bold: true, Colour: s.Ink, Align: fyne.TextAlignCenter}), v.centred(m.State.PhoneLeft(), s.Body, false),
			s.Remark(look.Say(say.T("请勿让别人扫：谁用了它，谁的手机就是您的会员手机。"))))
		below = append(below, look.Fixed(side, side, look.QR(modules)), steps)
	case m.State.Busy:
		below = append(below, s.Panel(flow.Plain, say.T("正在取登记码"), say.T("请稍等。"), say.Text{}))
	case err != nil && p.Invitation != "":
		below = append(below, s.Panel(flow.Bad, say.T("显示不了二维码"), say.T("请在手机上输入登记码：%s", p.Typed), say.Text{}))
	}
	return v.frame(m, frame{title: say.T("登记手机"), above: above, below: look.Column(s.Gap, below...)})
}

// mine lists the visitor's tickets.
func (v *View) mine(m Model) fyne.CanvasObject {
	s := v.Scale
	below := v.trouble(m.State.Trouble)
	cards := m.State.Browse.Mine()
	switch {
	case m.State.Busy:
		below = append(below, s.Panel(flow.Plain, say.T("正在查询"), say.T("请稍等。"), say.Text{}))
	case len(cards) == 0 && len(below) == 0 && m.State.Online:
		below = append(below, s.Panel(flow.Plain, say.T("还没有票"), say.T("可以看看现在有哪些活动。"), say.Text{}),
			v.button(look.Second, say.T("看看活动"), kiosk.Go{Page: kiosk.Activities}))
	case len(cards) == 0 && len(below) == 0:
		below = append(below, s.Panel(flow.Wait, say.T("本站没有您的票"), say.T("现在没有网络，只能看到在本站领取的票。联网以后可以看到全部。"), say.Text{}))
	}
	for _, c := range cards {
		if c.Ticket != 0 && !m.State.Busy {
			below = append(below, v.card(c, kiosk.Show{Ticket: c.Ticket}, true))
		}
	}
	note := m.State.Name()
	if !m.State.Online {
		note = say.Sentences(note, say.T("（现在没有网络，只列出在本站领取的票）"))
	}
	return v.frame(m, frame{title: say.T("我的票"), above: v.poster(look.IconTicket.Draw(s.Brand), say.T("您的票"), note), below: look.Column(s.Gap, below...)})
}

// ticket is one of them, and its slip.
func (v *View) ticket(m Model) fyne.CanvasObject {
	s := v.Scale
	t := m.State.Browse.Ticket()
	above := []fyne.CanvasObject{look.NewText(t.Title, look.Style{Em: s.Head, Bold: true, Colour: s.Ink, Max: 3}),
		v.panel(t.Outcome)}
	facts := []fyne.CanvasObject{s.Fact(look.Say(say.T("短码")), t.Short)}
	for _, f := range t.Facts {
		facts = append(facts, s.Fact(look.Say(f.Label), look.Say(f.Text)))
	}
	below := append(v.printed(m), s.Card(facts...))
	return v.frame(m, frame{title: say.T("我的票"), above: look.Column(s.Gap, above...), below: look.Column(s.Gap, below...), foot: v.slip(m)})
}
