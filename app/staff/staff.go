// Package staff is the shell of a staff phone: the counter, what has to be looked
// at, and what waits to be sent.
package staff

import (
	"reflect"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"yizhan/app/flow/doctor"
	"yizhan/app/flow/duty"
	"yizhan/app/flow/lend"
	"yizhan/app/flow/status"
	"yizhan/app/look"
	"yizhan/app/say"
	"yizhan/app/shell"
	dutyview "yizhan/app/view/duty"
	lendview "yizhan/app/view/lend"
	statusview "yizhan/app/view/status"
	"yizhan/core/op"
)

// Shell runs the counter and the pages beside it on the UI goroutine.
type Shell struct {
	env   *shell.Env
	desk  *shell.Desk
	root  *fyne.Container
	aside bool // the other pages are shown
	sync  bool // of those, the sync page
	lend  bool // of those, the page of what was lent to this device
	lent  lend.State
	grant *lendview.View
	last  model
}

type model struct {
	sync  bool
	lend  bool
	lent  lend.State
	lines []duty.Line
	bar   status.Bar
	found []doctor.Finding // of the sync page
}

// Start fills the window and keeps it up to date until the window closes.
func Start(env *shell.Env) *Shell {
	s := &Shell{env: env, root: container.NewStack()}
	s.grant = lendview.New(s.scale(), s.send)
	s.desk = shell.NewDesk(env, s.scale(), say.T("待办与同步"), func() { s.show(true) })
	env.Window.SetContent(s.root)
	env.OnSettings(s.redress)
	s.redress()
	s.show(false)
	env.Every(func(bool) {
		if env.Ctx.Err() == nil {
			s.desk.Tick()
			s.draw()
		}
	})
	return s
}

func (s *Shell) scale() look.Scale { return s.env.Scale(look.StaffSizes) }

// redress draws everything anew, as somebody wants it.
func (s *Shell) redress() {
	s.env.App.Settings().SetTheme(s.env.Theme.With(s.scale()))
	s.desk.SetScale(s.scale())
	s.grant.Scale = s.scale()
	s.show(s.aside)
}

// Show opens the page of how the device stands.
func (s *Shell) Show() { s.sync = true; s.show(true) }

// Picture scans the code in a file.
func (s *Shell) Picture(path string) { s.desk.Picture(path) }

// show goes to the counter or to the pages beside it. A scan always belongs to
// the counter, so keys are taken only there.
func (s *Shell) show(aside bool) {
	s.aside, s.last = aside, model{}
	if !aside {
		s.root.Objects = []fyne.CanvasObject{s.desk.Object()}
		s.root.Refresh()
		s.desk.Listen()
		s.desk.Tick()
		return
	}
	s.desk.Deaf()
	s.draw()
}

func (s *Shell) draw() {
	if !s.aside {
		return
	}
	lines, err := duty.Read(s.env.Store, s.env.Clock())
	if err != nil {
		fyne.LogError("read tasks", err)
	}
	leases, err := lend.Read(s.env.Store, s.env.Clock())
	if err != nil {
		fyne.LogError("read leases", err)
	}
	s.lent, _ = s.lent.Update(lend.Loaded{Leases: leases})
	s.lend = s.lend && (len(leases) > 0 || !s.lent.Outcome.Word.Empty()) // the last answer stays until staff leave it
	m := model{s.sync, s.lend, s.lent, lines, s.env.Bar(), nil}
	if s.sync {
		m.found = s.env.Findings()
	}
	if reflect.DeepEqual(m, s.last) {
		return
	}
	s.last = m
	s.root.Objects = []fyne.CanvasObject{s.page(m)}
	s.root.Refresh()
}

func (s *Shell) page(m model) fyne.CanvasObject {
	scale := s.scale()
	tab := func(sync, lend bool) func() { return func() { s.sync, s.lend = sync, lend; s.draw() } }
	title, body := "待办", dutyview.List(scale, m.lines)
	switch {
	case m.lend:
		title, body = "发放", s.grant.Draw(m.lent)
	case m.sync:
		who, _ := s.env.Link.Identity()
		title = "同步"
		body = statusview.Sheet(scale, m.bar, m.found, []statusview.Line{{Label: "站点", Text: string(who.Station)},
			{Label: "本机编号", Text: string(who.Device)}, {Label: "服务器", Text: s.env.Server}},
			func() { s.env.Connect(); s.draw() })
	}
	top := look.Column(0, scale.Header(title, func() { s.show(false) }), statusview.Strip(scale, m.bar, nil))
	tabs := []fyne.CanvasObject{scale.Tab("待办", !m.sync && !m.lend, tab(false, false)), scale.Tab("同步", m.sync && !m.lend, tab(true, false))}
	if len(m.lent.Leases) > 0 || m.lend {
		tabs = append(tabs, scale.Tab("发放", m.lend, tab(false, true)))
	}
	foot := look.Fill(scale.Surface, 0, look.Row(0, -1, tabs...))
	return look.Fill(scale.Ground, 0, look.Frame(top, look.NewScroll(look.Pad(scale.Pad, scale.Pad, body)), foot))
}

// send takes a message of the page of what was lent to this device.
func (s *Shell) send(m lend.Message) {
	var ops []op.Op
	s.lent, ops = s.lent.Update(m)
	s.draw()
	for _, o := range ops {
		go s.decide(o)
	}
}

// decide stores the decision before it is shown; the disk may take its time, the screen not.
func (s *Shell) decide(o op.Op) {
	who, _ := s.env.Link.Identity()
	o.EnteredBy = string(who.Device)
	r, err := s.env.Claim(o)
	code, unread := lend.Code(s.env.Store, r.Ticket)
	s.env.Do(func() {
		if err != nil {
			fyne.LogError("grant from lease", err)
			s.send(lend.NotStored{Full: shell.Full(err)})
			return
		}
		if unread != nil { // the short code finds the ticket too
			fyne.LogError("read granted ticket", unread)
		}
		s.send(lend.Answered{Member: o.Member, Result: r, Code: code})
	})
}
