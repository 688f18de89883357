// Package claim draws the phone's pages from the state of its flow.
package claim

import (
	"reflect"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"yizhan/app/flow"
	"yizhan/app/flow/claim"
	"yizhan/app/flow/doctor"
	"yizhan/app/flow/settings"
	"yizhan/app/flow/stations"
	"yizhan/app/flow/status"
	"yizhan/app/flow/wayfind"
	"yizhan/app/look"
	"yizhan/app/say"
	mapview "yizhan/app/view/map"
	stationsview "yizhan/app/view/stations"
	statusview "yizhan/app/view/status"
	"yizhan/core/id"
	"yizhan/core/qr"
)

// Model is all that a page shows, without what changes every second.
type Model struct {
	Page   claim.Page
	Cards  []claim.Card
	More   int            // activities that the list leaves out
	Phases []claim.Choice // above a long list
	Detail claim.DetailPage
	Ticket claim.TicketPage
	Bar    status.Bar
	Scale  look.Scale
	Large  bool
	Sheet  bool // the sync page lies on top
	Who    []statusview.Line
	Found  []doctor.Finding // of the sync page

	Change   claim.ChangePage
	Code     claim.Shown
	Notices  []claim.Notice
	Unread   int
	Settings settings.Values
	Seek     wayfind.State // of the stations
}

// Of reads the model of a state.
func Of(s claim.State, bar status.Bar) Model {
	m := Model{Page: s.Page, Bar: bar}
	switch s.Page {
	case claim.List:
		m.Cards, m.More = s.List()
		m.Phases = s.Phases()
	case claim.Mine:
		m.Cards = s.Mine()
	case claim.Detail:
		m.Detail = s.Detail()
	case claim.Ticket:
		m.Ticket = s.Ticket()
	case claim.Confirming:
		m.Change = s.ChangePage()
	case claim.Code:
		m.Code = s.MemberCode()
	case claim.Inbox:
		m.Notices = s.Notices()
	case claim.Places:
		m.Seek = s.Seek.Still()
	}
	m.Unread = s.Unread()
	return m
}

// View draws models and sends messages.
type View struct {
	Send    func(claim.Message)
	Sheet   func(open bool) // opens and closes the sync page
	Large   func(on bool)   // 长辈版
	Connect func()          // try the network now
	Set     func(settings.Message)
	Map     *mapview.Map     // of the stations
	Open    func(url string) // with another app of the phone

	places    *stationsview.View
	root      *fyne.Container
	last      Model
	drawn     bool
	scale     look.Scale
	scroll    *look.Scroll
	countdown *look.Text
}

// New makes an empty view.
func New() *View {
	v := &View{root: container.NewStack()}
	v.places = stationsview.New(v.scale, false, func(m stations.Message) { v.seek(wayfind.Stations{Message: m}) })
	return v
}

// Object is what goes into the window.
func (v *View) Object() fyne.CanvasObject { return v.root }

// Draw shows a model. The page is built anew only where something else than the
// countdown changed, so that a finger on a button is not cut off by a clock.
func (v *View) Draw(m Model, countdown say.Text) {
	if v.drawn && reflect.DeepEqual(m, v.last) {
		if v.countdown != nil {
			v.countdown.SetText(look.Say(countdown))
		}
		return
	}
	same := v.drawn && v.last.Page == m.Page && v.last.Sheet == m.Sheet
	offset := float32(0)
	if same && v.scroll != nil {
		offset = v.scroll.Offset()
	}
	v.last, v.drawn, v.countdown = m, true, nil
	v.scale = m.Scale
	v.root.Objects = []fyne.CanvasObject{v.page(m, countdown)}
	v.root.Refresh()
	if offset > 0 {
		v.scroll.SetOffset(offset)
	}
}

func (v *View) page(m Model, countdown say.Text) fyne.CanvasObject {
	s := v.scale
	strip := statusview.Strip(s, m.Bar, func() { v.Sheet(true) })
	if m.Sheet {
		return v.frame(look.Column(0, s.Header(look.Say(say.T("同步与设置")), func() { v.Sheet(false) }), statusview.Strip(s, m.Bar, nil)), v.sheet(m), nil)
	}
	switch m.Page {
	case claim.Detail:
		return v.frame(look.Column(0, s.Header(look.Say(say.T("活动")), v.send(claim.Back{})), strip), v.detail(m.Detail, countdown), v.action(m.Detail))
	case claim.Ticket:
		return v.frame(look.Column(0, s.Header(look.Say(say.T("我的票")), v.send(claim.Back{})), strip), v.ticket(m.Ticket), nil)
	case claim.Confirming:
		body, foot := v.confirming(m.Change)
		return v.frame(look.Column(0, s.Header(look.Say(m.Change.Title), v.send(claim.Back{})), strip), body, foot)
	case claim.Inbox:
		return v.frame(look.Column(0, s.Header(look.Say(say.T("消息")), v.send(claim.Back{})), strip), v.inbox(m.Notices), nil)
	case claim.Places:
		return v.stations(m, strip)
	case claim.Mine:
		return v.frame(look.Column(0, s.Header(look.Say(say.T("我的票")), nil), strip), v.mine(m.Cards), v.tabs(m.Page, m.Unread))
	case claim.Code:
		page := v.frame(look.Column(0, s.Header(look.Say(say.T("会员码")), nil), strip), v.code(m.Code), v.tabs(m.Page, m.Unread))
		if v.countdown != nil {
			v.countdown.SetText(look.Say(countdown))
		}
		return page
	case claim.Me:
		return v.frame(look.Column(0, s.Header(look.Say(say.T("我的")), nil), strip), v.me(m), v.tabs(m.Page, m.Unread))
	}
	return v.frame(look.Column(0, s.Header(look.Say(say.T("活动")), nil), strip), v.list(m), v.tabs(m.Page, m.Unread))
}

func (v *View) send(m claim.Message) func() { return func() { v.Send(m) } }

func (v *View) frame(top, body, bottom fyne.CanvasObject) fyne.CanvasObject {
	v.scroll = look.NewScroll(look.Pad(v.scale.Pad, v.scale.Pad, look.Column(0, body)))
	return look.Fill(v.scale.Ground, 0, look.Frame(top, v.scroll, bottom))
}

func (v *View) list(m Model) fyne.CanvasObject {
	objects := []fyne.CanvasObject{v.largeSwitch(m.Large)}
	if len(m.Phases) > 0 {
		var tabs []fyne.CanvasObject
		for _, p := range m.Phases {
			tabs = append(tabs, v.scale.Tab(look.Say(p.Text), p.Chosen, v.send(filter(p.ID, false))))
		}
		objects = append(objects, look.Row(0, -1, tabs...))
	}
	for _, c := range m.Cards {
		objects = append(objects, v.card(c, claim.Open{Activity: c.Activity}))
	}
	if m.More > 0 {
		objects = append(objects, look.NewButton(v.scale, look.Second, look.Say(say.T("还有 %d 项，全部显示", m.More)), v.send(filter(chosen(m.Phases), true))))
	}
	if len(m.Cards) == 0 && len(m.Phases) > 0 {
		objects = append(objects, v.scale.Panel(flow.Plain, say.T("这里没有活动"), say.T("请看看旁边的两栏。"), say.Text{}))
	} else if len(m.Cards) == 0 {
		next := say.T("有新活动时会出现在这里。")
		if !m.Bar.Online {
			next = say.T("连上网络以后，活动会出现在这里。")
		}
		objects = append(objects, v.scale.Panel(flow.Plain, say.T("还没有活动"), say.T("本机还没有收到活动。"), next))
	}
	return look.Column(v.scale.Gap, objects...)
}

func filter(id string, all bool) claim.Filter {
	n, _ := strconv.Atoi(id) // the flow's own numbers
	return claim.Filter{Phase: claim.Phase(n), All: all}
}

func chosen(choices []claim.Choice) string {
	for _, c := range choices {
		if c.Chosen {
			return c.ID
		}
	}
	return ""
}

// largeSwitch stands on the first page, where the people who need it look.
func (v *View) largeSwitch(on bool) fyne.CanvasObject {
	text := look.Say(say.T("长辈版：字更大"))
	if on {
		text = look.Say(say.T("回到标准版"))
	}
	style := look.Style{Em: v.scale.Small, Bold: true, Colour: v.scale.Brand, Align: fyne.TextAlignTrailing}
	return look.NewTap(look.AtLeast(v.scale.Target(), look.NewText(text, style)), func() { v.Large(!on) })
}

func (v *View) card(c claim.Card, to claim.Message) fyne.CanvasObject {
	s := v.scale
	objects := []fyne.CanvasObject{s.Heading(c.Title, true)}
	note := look.Row(s.Gap, 0, s.Remark(look.Say(c.Note)), s.Badge(c.Tone, look.Say(c.Badge)))
	card := s.Card(append(objects, note)...)
	if to == nil {
		return card
	}
	return look.NewTap(card, v.send(to))
}

func (v *View) mine(cards []claim.Card) fyne.CanvasObject {
	if len(cards) == 0 {
		return v.scale.Panel(flow.Plain, say.T("还没有票"), say.T("抢到的票会放在这里，没有网络也能打开。"), say.Text{})
	}
	var objects []fyne.CanvasObject
	for _, c := range cards {
		var to claim.Message = claim.Open{Activity: c.Activity}
		if c.Ticket != 0 {
			to = claim.ShowTicket{Ticket: c.Ticket}
		}
		objects = append(objects, v.card(c, to))
	}
	return look.Column(v.scale.Gap, objects...)
}

func (v *View) detail(d claim.DetailPage, countdown say.Text) fyne.CanvasObject {
	s := v.scale
	head := s.Heading(d.Title, false)
	objects := []fyne.CanvasObject{head}
	if !d.Left.Empty() {
		objects[0] = look.Row(s.Gap, 0, head, s.Badge(d.LeftTone, look.Say(d.Left)))
	}
	if !d.Outcome.Word.Empty() {
		objects = append(objects, v.panel(d.Outcome))
	}
	if !countdown.Empty() {
		_, on := v.scale.Soft(flow.Plain)
		v.countdown = look.NewText(look.Say(countdown), look.Style{Em: s.Head, Bold: true, Colour: on, Align: fyne.TextAlignCenter})
		objects = append(objects, v.countdown)
	}
	objects = append(objects, v.choices(look.Say(say.T("选场次")), d.Sessions, func(key string) claim.Message { return claim.Pool{Pool: id.Pool(key)} })...)
	objects = append(objects, v.choices(look.Say(say.T("选领取站点")), d.Stations, func(key string) claim.Message { return claim.Station{Station: id.Station(key)} })...)
	if d.Button.Enabled {
		objects = append(objects, v.choices(look.Say(say.T("带孩子吗？")), d.Family, func(key string) claim.Message { return claim.WithChild{Yes: key != ""} })...)
	}
	if d.MaxSeats > 1 && d.Button.Enabled {
		objects = append(objects, s.Card(s.Stepper(d.Seats, 1, d.MaxSeats, look.Say(say.T("%d 张", d.Seats)), "", func(n int) { v.Send(claim.Seats{Seats: n}) })))
	}
	var facts []fyne.CanvasObject
	for _, f := range d.Facts {
		facts = append(facts, s.Fact(look.Say(f.Label), look.Say(f.Text)))
	}
	if len(facts) > 0 {
		objects = append(objects, s.Card(facts...))
	}
	return look.Column(s.Gap, objects...)
}

func (v *View) choices(label string, choices []claim.Choice, message func(string) claim.Message) []fyne.CanvasObject {
	if len(choices) == 0 {
		return nil
	}
	objects := []fyne.CanvasObject{v.scale.Remark(label)}
	for _, c := range choices {
		objects = append(objects, v.scale.Option(look.Say(c.Text), look.Say(c.Note), c.Chosen, v.send(message(c.ID))))
	}
	return []fyne.CanvasObject{look.Column(v.scale.Gap*0.6, objects...)}
}

// action is the button at the foot of an activity.
func (v *View) action(d claim.DetailPage) fyne.CanvasObject {
	s := v.scale
	var button fyne.CanvasObject
	switch {
	case d.Ticket != 0 && d.Outcome.Tone == flow.Good:
		button = look.NewButton(s, look.Main, look.Say(say.T("看二维码")), v.send(claim.ShowTicket{Ticket: d.Ticket}))
	case d.Button.Text.Empty():
		return nil
	case d.Button.Enabled:
		button = look.NewButton(s, look.Main, look.Say(d.Button.Text), v.send(claim.Press{}))
	default:
		button = look.NewButton(s, look.Dead, look.Say(d.Button.Text), nil)
	}
	return look.Bordered(v.scale.Surface, v.scale.Line, 0, look.Pad(s.Gap, s.Pad, button))
}

func (v *View) ticket(t claim.TicketPage) fyne.CanvasObject {
	s := v.scale
	var facts []fyne.CanvasObject
	for _, f := range t.Facts {
		facts = append(facts, s.Fact(look.Say(f.Label), look.Say(f.Text)))
	}
	centred := func(text string, em float32, bold bool) fyne.CanvasObject {
		return look.NewText(text, look.Style{Em: em, Bold: bold, Colour: v.scale.Ink, Align: fyne.TextAlignCenter})
	}
	objects := []fyne.CanvasObject{centred(t.Title, s.Title, true)}
	modules, err := qr.Bitmap(t.Code)
	switch {
	case t.Code == "":
		objects = append(objects, v.panel(t.Outcome))
		if t.Outcome.Tone == flow.Good {
			objects = append(objects, s.Remark(look.Say(say.T("二维码还在路上，联网后会自动出现。"))))
		}
	case err != nil:
		objects = append(objects, s.Panel(flow.Bad, say.T("显示不了二维码"), say.T("这张票的码和这个版本的程序不配套。"), say.T("请更新程序，或凭下面的短码找工作人员。")))
	default:
		objects = append(objects, look.Square(360, look.QR(modules)))
	}
	objects = append(objects, centred(t.Short, s.Huge, true), centred(look.Say(say.T("短码，二维码扫不出时报给工作人员")), s.Small, false))
	return look.Column(s.Gap, append([]fyne.CanvasObject{s.Card(objects...), s.Card(facts...)}, v.changes(t)...)...)
}

func (v *View) panel(w claim.Words) fyne.CanvasObject {
	return v.scale.Panel(w.Tone, w.Word, w.Sentence, w.Next)
}

func (v *View) sheet(m Model) fyne.CanvasObject {
	return look.Column(v.scale.Gap, v.largeSwitch(m.Large), statusview.Sheet(v.scale, m.Bar, m.Found, m.Who, v.Connect))
}
