// Package staff is the shell of a staff phone or tablet: the counter, the check-in
// lists, what has to be looked at, and what is done for members who stand there.
package staff

import (
	"reflect"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"yizhan/app/flow/behalf"
	"yizhan/app/flow/claim"
	"yizhan/app/flow/doctor"
	"yizhan/app/flow/duty"
	"yizhan/app/flow/lock"
	"yizhan/app/flow/pickup"
	"yizhan/app/flow/roster"
	"yizhan/app/flow/settings"
	"yizhan/app/flow/stations"
	"yizhan/app/flow/status"
	"yizhan/app/flow/wayfind"
	"yizhan/app/look"
	"yizhan/app/say"
	"yizhan/app/shell"
	behalfview "yizhan/app/view/behalf"
	dutyview "yizhan/app/view/duty"
	rosterview "yizhan/app/view/roster"
	scanview "yizhan/app/view/scan"
	stationsview "yizhan/app/view/stations"
	"yizhan/core/membercode"
	"yizhan/core/wire"
)

// place is a page of the shell.
type place uint8

// The four tabs, and the pages that are opened from them.
const (
	counter place = iota
	names
	todo
	more
	short    // a short code is typed
	overrule // a supervisor says why
	member   // something is done for a member
	device   // how the device stands
	taste    // settings
	own      // the code that vouches for this member of staff
	way      // the map of the stations
)

// tabs are the pages at the foot, in order.
var tabs = []struct {
	at   place
	word say.Text
}{{counter, say.T("扫码")}, {names, say.T("名单")}, {todo, say.T("待办")}, {more, say.T("更多")}}

// Shell is the window of a staff device. All of it belongs to the UI goroutine.
type Shell struct {
	env  *shell.Env
	who  wire.Enrolled
	desk *shell.Desk
	root *fyne.Container

	at     place
	from   place  // where Back leads
	wide   bool   // room for two columns: the counter stands at the left
	unlock func() // what waits for the PIN; nil for nothing
	slip   fyne.CanvasObject

	lock    lock.State
	duty    duty.State
	roster  roster.State
	behalf  behalf.State
	seek    wayfind.State
	reader  claim.Reader
	subject pickup.Subject // of overrule
	used    time.Time      // when somebody last touched the device
	rows    bool           // the store has changed since it was read

	dutyView   *dutyview.View
	rosterView *rosterview.View
	behalfView *behalfview.View
	places     *stationsview.View
	chart      *shell.Chart
	album      *shell.Album
	list       *look.Scroll // of the page way
	sight      scanview.View
	scan       *shell.Scanning // of the page member
	codes      *membercode.Desk
	typed      *widget.Entry // of the pages short and overrule
	parts      doctor.Parts  // of the page device
	last       model
}

// model is all that is on screen, without what the desk draws itself.
type model struct {
	at       place
	wide     bool
	showing  bool // a verdict fills the window
	asking   bool // the PIN is asked for
	scale    look.Scale
	lock     lock.State
	duty     duty.State
	roster   roster.State
	behalf   behalf.State
	seek     wayfind.State // of the page way
	typed    string
	bar      status.Bar
	found    []doctor.Finding // of the page device
	settings settings.Values
	code     string // of the page own
}

// Start fills the window and keeps it up to date until the window closes.
func Start(env *shell.Env) *Shell {
	s := &Shell{env: env, root: container.NewStack(), codes: membercode.NewDesk(env.Store), typed: widget.NewEntry(), rows: true,
		reader: claim.Reader{Store: env.Store, Zone: env.Zone}}
	s.who, _ = env.Link.Identity()
	s.dutyView = dutyview.New(s.scale(), s.toDuty)
	s.rosterView = rosterview.New(s.scale(), s.toRoster, func() { s.locked(func() { s.toRoster(roster.Override{}) }) })
	s.behalfView = behalfview.New(s.scale(), s.toBehalf)
	s.places = stationsview.New(s.scale(), false, func(m stations.Message) { s.toSeek(wayfind.Stations{Message: m}) })
	s.chart = env.NewChart(s.scale(), s.toSeek)
	s.album = env.NewAlbum(s.toStations)
	s.typed.OnSubmitted = func(string) { s.submit() }
	s.desk = shell.NewDesk(env, s.scale(), say.Text{}, func() { s.open(device) })
	s.desk.Staffed(func() { s.open(short) }, s.askWhy, s.draw)
	s.readPIN()
	env.Window.SetContent(&frame{content: s.root, resized: s.resized})
	env.OnSettings(s.redress)
	s.redress()
	s.show(counter)
	env.Every(func(news bool) {
		if env.Ctx.Err() == nil {
			s.rows = s.rows || news
			s.desk.Tick()
			s.toLock(lock.Tick{Now: env.Now()})
			s.forget()
			s.toStations(stations.Tick{Now: env.Clock()})
		}
	})
	return s
}

func (s *Shell) scale() look.Scale { return s.env.Scale(look.StaffSizes) }

// redress draws everything anew, as somebody wants it.
func (s *Shell) redress() {
	scale := s.scale()
	s.env.App.Settings().SetTheme(s.env.Theme.With(scale))
	s.desk.SetScale(scale)
	s.dutyView.Scale, s.rosterView.Scale, s.behalfView.Scale, s.places.Scale = scale, scale, scale, scale
	s.chart.Map.SetScale(scale)
	s.sight.Scale, s.sight.Side, s.sight.Mirror = scale, scale.Head*9, true
	s.last = model{}
	s.desk.Tick()
	s.draw()
}

// pages are the words by which Show knows a page.
var pages = map[string]place{"scan": counter, "names": names, "todo": todo, "more": more, "short": short, "member": member, "sync": device, "settings": taste, "own": own,
	"stations": way}

// Show opens a page: scan, names, todo, more, short, member, sync, settings, own, stations. It
// does nothing where there is none of that name.
func (s *Shell) Show(page string) {
	at, ok := pages[page]
	switch {
	case !ok:
	case at <= more:
		s.show(at)
	default:
		s.open(at)
	}
}

// Picture scans the code in a file.
func (s *Shell) Picture(path string) { s.desk.Picture(path) }

// show goes to a tab.
func (s *Shell) show(to place) {
	s.from = to
	s.leave()
	s.at = to
	s.enter()
}

// open goes to a page from which Back leads to the tab.
func (s *Shell) open(to place) {
	s.leave()
	s.at = to
	s.enter()
}

// back leaves a page.
func (s *Shell) back() { s.show(s.from) }

// leave ends what the present page does.
func (s *Shell) leave() {
	s.unlock, s.slip = nil, nil
	s.typed.SetText("")
	if s.at == member {
		s.behalfView.Forget()
		s.toBehalf(behalf.Finish{})
	}
	if s.at == way {
		s.seek, s.list = s.seek.Update(wayfind.Forget{}), nil
	}
	if s.at == names {
		s.rosterView.Forget()
		s.roster, _ = s.roster.Update(roster.Guard{})
		s.roster, _ = s.roster.Update(roster.Search{})
	}
	if s.scan != nil {
		s.scan.Close()
		s.scan = nil
	}
	s.desk.Deaf()
}

// enter begins it.
func (s *Shell) enter() {
	s.rows = true
	s.touch()
	if s.at == device {
		s.examine()
	}
	s.scanFor()
	s.draw()
}

// scanFor hands codes to whom they are for: the page for members, the door that is
// guarded, else the counter wherever it is on screen.
func (s *Shell) scanFor() {
	if s.scan != nil {
		s.scan.Close()
		s.scan = nil
	}
	take := s.memberCode
	switch {
	case s.at == member:
	case s.at == device:
		take = s.tryCode
	case s.roster.Gate:
		take = s.doorCode
	case s.at == counter, s.wide && s.tab():
		s.desk.Listen()
		s.desk.Tick()
		return
	default:
		return
	}
	s.desk.Deaf()
	s.scan = s.env.Scan(take)
	s.scan.Watch(s.see)
	s.see()
}

// tab reports whether the present page is one of the tabs.
func (s *Shell) tab() bool { return s.at <= more }

// resized finds out whether there is room for two columns.
func (s *Shell) resized(size fyne.Size) {
	wide := size.Width >= 900 && size.Width > size.Height
	if wide == s.wide {
		return
	}
	if s.wide = wide; s.tab() {
		s.show(s.at)
	}
}

// read brings the flows up to date with the store, where it has changed.
func (s *Shell) read() {
	if !s.rows {
		return
	}
	s.rows = false
	now := s.env.Clock()
	matters, err := duty.Read(s.env.Store, now)
	if err != nil {
		fyne.LogError("read tasks", err)
	}
	s.duty, _ = s.duty.Update(duty.Loaded(matters))
	if s.at == names && s.lock.Open {
		lists, err := roster.Read(s.env.Store, now)
		if err != nil {
			fyne.LogError("read lists", err)
		}
		s.roster, _ = s.roster.Update(roster.Loaded{Sessions: lists, Supervisor: s.who.Supervisor})
	}
	if s.at == way {
		s.readStations()
	}
	if s.at == member {
		data, err := s.reader.Read()
		offers := map[behalf.Action][]behalf.Offer{}
		if err == nil {
			offers, err = behalf.Read(s.env.Store, data, now)
		}
		if err != nil {
			fyne.LogError("read activities", err)
		}
		s.behalf, _ = s.behalf.Update(behalf.Loaded{Offers: offers})
	}
}

func (s *Shell) draw() {
	s.read()
	m := model{at: s.at, wide: s.wide, showing: s.desk.Showing(), asking: s.unlock != nil, scale: s.scale(), lock: s.lock, duty: s.duty, roster: s.roster, behalf: s.behalf,
		bar: s.env.Bar(), settings: s.env.Settings()}
	switch s.at {
	case device:
		m.found = append(s.env.Findings(), s.parts.Examine()...)
	case own:
		m.code, _, _ = membercode.Own(s.env.Store, s.env.Clock())
	case overrule, short:
		m.typed = s.typed.Text
	case way:
		m.seek = s.seek.Still()
	}
	if !reflect.DeepEqual(m, s.last) {
		s.last = m
		s.root.Objects = []fyne.CanvasObject{s.window(m)}
		s.root.Refresh()
	}
	s.drawMap()
}

// idle is how long a member stays on the screen of a device that nobody touches.
const idle = 2 * time.Minute

// touch keeps the names open: somebody uses the device.
func (s *Shell) touch() {
	s.used = s.env.Now()
	s.lock, _ = s.lock.Update(lock.Touched{Now: s.used})
}

// forget leaves the page of a member once nobody has touched it for a while.
func (s *Shell) forget() {
	if s.at == member && s.env.Now().Sub(s.used) >= idle {
		s.back()
	}
}

// frame tells how large the window is.
type frame struct {
	widget.BaseWidget
	content fyne.CanvasObject
	resized func(fyne.Size)
}

// Resize is called by Fyne.
func (f *frame) Resize(size fyne.Size) {
	f.ExtendBaseWidget(f)
	f.BaseWidget.Resize(size)
	f.resized(size)
}

// CreateRenderer is called by Fyne.
func (f *frame) CreateRenderer() fyne.WidgetRenderer {
	f.ExtendBaseWidget(f)
	return widget.NewSimpleRenderer(f.content)
}
