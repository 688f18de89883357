package staff

import (
	"cmp"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"yizhan/app/flow"
	"yizhan/app/flow/behalf"
	"yizhan/app/flow/duty"
	"yizhan/app/flow/lock"
	"yizhan/app/flow/pickup"
	"yizhan/app/flow/roster"
	"yizhan/app/flow/settings"
	"yizhan/app/look"
	"yizhan/app/say"
	lockview "yizhan/app/view/lock"
	settingsview "yizhan/app/view/settings"
	statusview "yizhan/app/view/status"
	"yizhan/core/qr"
	"yizhan/core/ticket"
)

// most is the width of a page that has the window for itself.
const most = 760

// window draws what fills it: the counter and a tab side by side where there is
// room, one page where there is not. A verdict always fills it.
func (s *Shell) window(m model) fyne.CanvasObject {
	switch {
	case s.slip != nil:
		return s.slip
	case !m.wide && m.at == counter:
		if m.showing {
			return s.desk.Object()
		}
		return look.Frame(nil, s.desk.Object(), s.foot(m))
	case m.wide && s.tab():
		switch {
		case m.showing:
			return s.desk.Object()
		case m.roster.Gate: // codes are for the door now, and not for the counter
			return s.page(m)
		}
		return container.NewGridWithColumns(2, s.desk.Object(), look.Frame(nil, s.page(m), s.foot(m)))
	case s.tab():
		return look.Frame(nil, s.page(m), s.foot(m))
	}
	return s.page(m)
}

// foot is the row of tabs; the counter has none where it is always on screen.
func (s *Shell) foot(m model) fyne.CanvasObject {
	scale := m.scale
	var all []fyne.CanvasObject
	for _, t := range tabs {
		if m.wide && t.at == counter {
			continue
		}
		word := look.Say(t.word)
		if n := m.duty.Waiting(); t.at == todo && n > 0 {
			word = look.Say(say.T("%s %d", t.word, n))
		}
		all = append(all, scale.Tab(word, m.at == t.at || m.wide && m.at == counter && t.at == names, func() { s.show(t.at) }))
	}
	return look.Fill(scale.Surface, 0, look.Row(0, -1, all...))
}

// page draws the present page, the first tab beside a counter that stands alone.
func (s *Shell) page(m model) fyne.CanvasObject {
	at := m.at
	if m.wide && at == counter {
		at = names
	}
	switch at {
	case names:
		return s.names(m)
	case todo:
		return s.todo(m)
	case more:
		return s.frame(m, look.Page{Title: look.Say(say.T("更多")), Body: s.more(m)})
	case short:
		return s.frame(m, look.Page{Title: look.Say(say.T("输入短码")), Back: s.back, Body: s.short(m)})
	case overrule:
		return s.overrule(m)
	case member:
		return s.member(m)
	case device:
		return s.frame(m, look.Page{Title: look.Say(say.T("同步与设备")), Back: s.back, Body: s.sheet(m)})
	case way:
		return s.way(m)
	case taste:
		keep := func(msg settings.Message) { s.env.Keep(msg) }
		return s.frame(m, look.Page{Title: look.Say(say.T("设置")), Back: s.back, Body: settingsview.Sheet(m.scale, m.settings, keep)})
	}
	return s.frame(m, look.Page{Title: look.Say(say.T("工作人员码")), Back: s.back, Body: s.own(m)})
}

// frame puts a page into its frame, no wider than can be read.
func (s *Shell) frame(m model, p look.Page) fyne.CanvasObject {
	p.Strip = statusview.Strip(m.scale, m.bar, func() { s.open(device) })
	if m.at == device {
		p.Strip = statusview.Strip(m.scale, m.bar, nil)
	}
	if !p.Still {
		p.Body = look.Column(0, look.Middle(most, p.Body)) // a column begins at the top
	}
	page, _ := m.scale.Page(p)
	return page
}

// pad asks for the PIN in place of a page.
func (s *Shell) pad(m model, title, why say.Text, back func()) fyne.CanvasObject {
	key := func(k byte) { s.toLock(lock.Digit{Key: k, Now: s.env.Now()}) }
	return s.frame(m, look.Page{Title: look.Say(title), Back: back, Body: lockview.Draw(m.scale, m.lock, why, key, func() { s.toLock(lock.Erase{}) })})
}

func (s *Shell) names(m model) fyne.CanvasObject {
	title := say.T("名单")
	if m.roster.Gate {
		return s.frame(m, look.Page{Title: look.Say(say.T("扫码入场")), Back: func() { s.toRoster(roster.Guard{}) }, Body: s.rosterView.Door(m.roster), Still: true})
	}
	if !m.lock.Open {
		return s.pad(m, title, say.T("名单里有会员的姓名，要密码才能看。"), nil)
	}
	if s.unlock != nil {
		s.unlock = nil
	}
	if guest := s.rosterView.Guest(m.roster); guest != nil {
		return s.frame(m, look.Page{Title: look.Say(say.T("登记入场")), Back: func() { s.toRoster(roster.Open{}) }, Body: guest})
	}
	return s.frame(m, look.Page{Title: look.Say(title), Body: s.rosterView.List(m.roster), Still: true})
}

func (s *Shell) todo(m model) fyne.CanvasObject {
	if item := s.dutyView.Item(m.duty); item != nil {
		return s.frame(m, look.Page{Title: look.Say(say.T("处理")), Back: func() { s.toDuty(duty.Open{}) }, Body: item})
	}
	return s.frame(m, look.Page{Title: look.Say(say.T("待办与异常")), Body: s.dutyView.List(m.duty)})
}

func (s *Shell) more(m model) fyne.CanvasObject {
	scale := m.scale
	tile := func(icon look.Icon, title, note say.Text, tap func()) fyne.CanvasObject {
		return scale.Tile(icon, look.Say(title), look.Say(note), tap)
	}
	rows := []fyne.CanvasObject{
		look.Row(scale.Gap, -1, tile(look.IconPerson, say.T("会员办理"), say.T("代报名、退票、换站"), func() { s.open(member) }),
			tile(look.IconStaff, say.T("工作人员码"), say.T("在终端上为会员作证"), func() { s.open(own) })),
		tile(look.IconPlace, say.T("站点地图"), say.T("给人指路：最近的站点、怎么走"), func() { s.open(way) }),
		look.Row(scale.Gap, -1, tile(look.IconHelp, say.T("同步与设备"), say.T("哪里有问题，怎么办"), func() { s.open(device) }),
			tile(look.IconSettings, say.T("设置"), say.T("字号、颜色、语言"), func() { s.open(taste) })),
	}
	if m.lock.Open {
		rows = append(rows, look.NewButton(scale, look.Second, look.Say(say.T("锁上名单")), func() { s.toLock(lock.Shut{}) }))
	}
	return look.Column(scale.Gap, rows...)
}

func (s *Shell) short(m model) fyne.CanvasObject {
	scale := m.scale
	s.typed.SetPlaceHolder(look.Say(say.T("例如 01008")))
	return look.Column(scale.Gap, scale.Text(look.Say(say.T("二维码扫不出来时，输入票或凭条上的短码。"))), s.typed,
		scale.Remark(look.Say(say.T("短码只能找到票，看不到是谁的：请先核对本人。"))),
		s.keys(scale), look.Row(scale.Gap, -1, look.NewButton(scale, look.Second, look.Say(say.T("退格")), func() { s.press("") }),
			look.NewButton(scale, look.Main, look.Say(say.T("核对")), s.submit)))
}

// perRow keys stand side by side: wide enough for a finger on a phone.
const perRow = 6

// keys are the characters of short codes, for a device without a keyboard.
func (s *Shell) keys(scale look.Scale) fyne.CanvasObject {
	var rows []fyne.CanvasObject
	for at := 0; at < len(ticket.ShortDigits); at += perRow {
		row := make([]fyne.CanvasObject, perRow)
		for i := range row {
			row[i] = look.Space(0)
			if at+i < len(ticket.ShortDigits) {
				key := ticket.ShortDigits[at+i : at+i+1]
				row[i] = look.NewTap(look.Bordered(scale.Surface, scale.Brand, scale.Radius, look.AtLeast(scale.Button*0.85,
					look.NewText(key, look.Style{Em: scale.Title, Bold: true, Colour: scale.Brand, Align: fyne.TextAlignCenter}))), func() { s.press(key) })
			}
		}
		rows = append(rows, look.Row(scale.Gap*0.5, -1, row...))
	}
	return look.Column(scale.Gap*0.5, rows...)
}

// press types a key, or takes the last one back where it is empty.
func (s *Shell) press(key string) {
	text := s.typed.Text + key
	if key == "" && text != "" {
		text = text[:len(text)-1]
	}
	s.typed.SetText(text)
}

func (s *Shell) overrule(m model) fyne.CanvasObject {
	title := say.T("主管放行")
	if !m.lock.Open {
		return s.pad(m, title, say.T("放行要主管输入密码。"), s.back)
	}
	scale := m.scale
	s.typed.SetPlaceHolder(look.Say(say.T("其他理由")))
	objects := []fyne.CanvasObject{scale.Text(look.Say(say.T("这张票核对没有通过。放行会立即发放，并留一条异常给大家看。请选理由：")))}
	for _, r := range pickup.Reasons() {
		text := look.Say(r)
		objects = append(objects, scale.Option(text, "", m.typed == text, func() { s.typed.SetText(text); s.touch(); s.draw() }))
	}
	kind := look.Main
	if m.typed == "" {
		kind = look.Dead
	}
	objects = append(objects, s.typed, look.NewButton(scale, kind, look.Say(say.T("放行并记录")), s.submit))
	return s.frame(m, look.Page{Title: look.Say(title), Back: s.back, Body: look.Column(scale.Gap, objects...)})
}

func (s *Shell) member(m model) fyne.CanvasObject {
	title := say.T("会员办理")
	if m.asking && !m.lock.Open {
		return s.pad(m, title, say.T("按姓名查找会员要密码。"), func() { s.unlock = nil; s.draw() })
	}
	s.behalfView.Search, s.behalfView.Unlock = s.who.Supervisor && m.lock.Open, nil
	if s.who.Supervisor && !m.lock.Open {
		s.behalfView.Unlock = func() { s.locked(func() {}) }
	}
	s.behalfView.Slip = nil
	if m.behalf.Page == behalf.Result && m.behalf.Action == behalf.SignUp {
		s.behalfView.Slip = s.printSlip
	}
	back := s.back
	if m.behalf.Page == behalf.What || m.behalf.Page == behalf.Details {
		back = func() { s.toBehalf(behalf.Back{}) }
	}
	return s.frame(m, look.Page{Title: look.Say(title), Back: back, Body: s.behalfView.Draw(m.behalf)})
}

func (s *Shell) sheet(m model) fyne.CanvasObject {
	role := say.T("工作人员")
	if s.who.Supervisor {
		role = say.T("主管")
	}
	fact := func(label say.Text, text string) statusview.Line {
		return statusview.Line{Label: look.Say(label), Text: text}
	}
	return statusview.Sheet(m.scale, m.bar, m.found, []statusview.Line{fact(say.T("身份"), look.Say(role)), fact(say.T("站点"), cmp.Or(string(s.who.Station), "—")),
		fact(say.T("本机编号"), string(s.who.Device)), fact(say.T("服务器"), s.env.Server)}, func() { s.env.Connect(); s.draw() })
}

// own is the code by which a kiosk knows that staff stand there.
func (s *Shell) own(m model) fyne.CanvasObject {
	scale := m.scale
	how := scale.Text(look.Say(say.T("在自助终端上替会员办理时，把这个码给终端扫。它每半分钟变一次。")))
	modules, err := qr.Bitmap(m.code)
	if m.code == "" || err != nil {
		return look.Column(scale.Gap, how, scale.Panel(flow.Wait, say.T("还没有码"), say.T("这台设备要先联网一次，才有工作人员码。"), say.Text{}))
	}
	return look.Column(scale.Gap, how, scale.Card(look.Square(420, look.QR(modules))))
}
