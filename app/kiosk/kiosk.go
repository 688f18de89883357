// Package kiosk is the shell of a self-service machine at a station.
package kiosk

import (
	"reflect"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"yizhan/app/device"
	"yizhan/app/flow/doctor"
	"yizhan/app/flow/kiosk"
	"yizhan/app/flow/slip"
	"yizhan/app/flow/stations"
	"yizhan/app/flow/wayfind"
	"yizhan/app/look"
	"yizhan/app/say"
	"yizhan/app/shell"
	"yizhan/app/view/keyboard"
	view "yizhan/app/view/kiosk"
	scanview "yizhan/app/view/scan"
	statusview "yizhan/app/view/status"
	"yizhan/core/id"
	"yizhan/core/membercode"
)

// asideTime is how long the page of the machine's own state stays: a machine that
// stands alone goes back to its work.
const asideTime = time.Minute

// Shell runs the pages of the machine on the UI goroutine.
type Shell struct {
	env    *shell.Env
	state  kiosk.State
	view   *view.View
	reader kiosk.Reader
	desk   *membercode.Desk
	slips  *shell.Slips
	scan   *shell.Scanning
	camera scanview.View
	chart  *shell.Chart
	album  *shell.Album
	size   fyne.Size // that the scale was made for
	aside  time.Time // when the page of the machine's state closes; zero while it is not shown
	shown  model
}

type model struct {
	scale look.Scale
	found []doctor.Finding
	net   bool
}

// Scale fits a scale, made for 1080×1920 dp, to a screen. A wide one stands beside
// what is read, not below it, and has more room for its height.
func Scale(s look.Scale, screen fyne.Size) look.Scale {
	if screen.Width > screen.Height {
		return s.Times(max(0.4, min(screen.Width/1920, screen.Height/1080)*0.72))
	}
	return s.Times(max(0.4, min(screen.Width/1080, screen.Height/1920)))
}

// Start fills the window and keeps it up to date until the window closes. screen
// is the size that the window will have.
func Start(env *shell.Env, screen fyne.Size) *Shell {
	s := &Shell{env: env, size: screen, reader: kiosk.Reader{Store: env.Store, Zone: env.Zone}, desk: membercode.NewDesk(env.Store)}
	s.slips = env.NewSlips(func(slip.State) { s.draw() })
	s.view = view.New(s.scale())
	s.view.Send, s.view.Choose = s.send, env.Choose
	s.view.Again = func() { s.slips.Send(slip.Again{}) }
	s.view.Aloud = func() { env.Aloud(s.state.Aloud()...) }
	s.view.Strip = func() { s.Show(openSync) }
	s.view.Camera = s.camera.Object
	s.chart = env.NewChart(s.scale(), func(m wayfind.Message) { s.send(kiosk.Find{Message: m}) })
	s.album = env.NewAlbum(func(m stations.Message) { s.send(kiosk.Find{Message: wayfind.Stations{Message: m}}) })
	s.view.Map, s.view.Way = s.chart.Map, s.printWay
	// Once: at each SetTheme Fyne reads all fonts anew and keeps the last 32, which is 300 MB
	// after some visitors. Pages get their scale directly; only scroll bars follow the theme.
	env.App.Settings().SetTheme(env.Theme.With(s.scale()))
	env.OnSettings(s.redraw)
	s.load()
	s.tick()
	s.state = s.state.Begin(env.Store)
	s.back()
	env.Every(func(news bool) {
		if env.Ctx.Err() == nil {
			s.fit()
			s.every(news)
		}
	})
	return s
}

func (s *Shell) every(news bool) {
	if news {
		s.load()
	}
	s.tick()
	if a := s.state.Browse.Watching(); a != "" {
		s.env.Link.Watch(a)
		if g, ok := s.env.Link.Gauge(a); ok {
			s.send(kiosk.Gauge{Gauge: &g})
		}
	}
	if !s.aside.IsZero() && s.env.Now().After(s.aside) {
		s.back()
	}
	s.draw()
}

// load takes what the store holds now.
func (s *Shell) load() {
	data, err := s.reader.Read()
	if err != nil {
		fyne.LogError("read activities", err)
		return
	}
	station, err := s.env.Station()
	if err != nil {
		fyne.LogError("read station", err)
	}
	who, _ := s.env.Link.Identity()
	places, err := stations.Read(s.env.Store)
	if err != nil {
		fyne.LogError("read stations", err)
	}
	s.send(kiosk.Loaded{Data: data, Places: places, Here: station, Device: who.Device, Prints: s.env.Press.Ready()})
}

func (s *Shell) tick() {
	s.send(kiosk.Tick{Now: s.env.Clock(), Online: s.env.Link.Status().Online})
}

// openSync is the page of the machine's own state; the others are named below.
const openSync = "sync"

var pages = map[string]kiosk.Page{"activities": kiosk.Activities, "pickup": kiosk.PickUp, "door": kiosk.Door, "mine": kiosk.Mine,
	"phone": kiosk.NewPhone, "stations": kiosk.Stations, "help": kiosk.Help, "call": kiosk.Call}

// Show opens a page by name: sync, one of pages, stations/ and the id of one, or the id of an
// activity; empty is none.
func (s *Shell) Show(page string) {
	switch to, ok := pages[page]; {
	case page == "":
	case page == openSync:
		s.shown, s.aside = model{}, s.env.Now().Add(asideTime)
		s.scan.Close()
		s.draw()
	case ok:
		s.send(kiosk.Go{Page: to})
	default:
		if station, ok := strings.CutPrefix(page, "stations/"); ok {
			s.send(kiosk.Go{Page: kiosk.Stations})
			s.send(kiosk.Find{Message: wayfind.Stations{Message: stations.Show{Station: id.Station(station)}}})
			return
		}
		s.send(kiosk.Open{Activity: id.Activity(page)})
	}
}

// back goes back to the visitors. A scan always belongs to them.
func (s *Shell) back() {
	s.shown, s.aside = model{}, time.Time{}
	s.env.Window.SetContent(s.view.Object())
	s.scan = s.env.Scan(func(c device.Scan) {
		if c.Err != nil {
			s.send(kiosk.Unreadable{At: c.At})
			return
		}
		s.send(kiosk.Scanned{Code: c.Code, At: c.At})
	})
	s.scan.Watch(func() {
		if s.camera.Draw(s.scan.Sight()) {
			s.redraw()
		}
	})
	s.draw()
}

// send takes a message of the page, of time, or an answer.
func (s *Shell) send(m kiosk.Message) {
	var do kiosk.Do
	before := s.state.Told()
	s.state, do = s.state.Update(m)
	s.run(do)
	if find, ok := m.(kiosk.Find); ok && find.Message == (wayfind.Stations{Message: stations.Keyboard{Open: true}}) {
		s.later(s.words)
	}
	if after := s.state.Told(); after != before {
		s.env.Signal(after)
	}
	s.env.Read(s.state.Aloud()...)
	s.draw()
}

// draw shows the visitor's page, or how the machine stands.
func (s *Shell) draw() {
	switch {
	case s.scan == nil: // not begun
	case s.aside.IsZero():
		s.view.Draw(view.Model{State: s.state.Still(), Bar: s.env.Bar(), Slip: s.slips.State().Outcome(), Toggles: s.env.Settings().Toggles(),
			Printer: s.env.Press.Ready(), Speaks: s.env.Speaker != nil, Screen: s.size, Language: s.scale().Language}, s.state.Left, s.state.Browse.Countdown())
		s.chart.Show(s.state.Page == kiosk.Stations)
		s.album.Show(s.state.Find.List.Chosen().Photo)
		s.view.DrawMap(s.state.Find)
	default:
		s.machine()
	}
}

func (s *Shell) machine() {
	m := model{s.scale(), s.env.Findings(), s.env.Bar().Online}
	if reflect.DeepEqual(m, s.shown) {
		return
	}
	s.shown = m
	scale, bar := m.scale, s.env.Bar()
	who, _ := s.env.Link.Identity()
	sheet := statusview.Sheet(scale, bar, m.found, []statusview.Line{{Label: look.Say(say.T("站点")), Text: string(who.Station)}, {Label: look.Say(say.T("本机编号")), Text: string(who.Device)}},
		func() { s.env.Connect(); s.draw() })
	page, _ := scale.Page(look.Page{Title: look.Say(say.T("本机状况")), Low: true, Back: s.back, Strip: statusview.Strip(scale, bar, nil), Body: sheet})
	s.env.Window.SetContent(page)
}

// fit follows the size that the window has in truth: a full screen is known only once it is shown.
func (s *Shell) fit() {
	size := s.env.Window.Canvas().Size()
	if size == s.size {
		return
	}
	s.size = size
	s.redraw()
}

func (s *Shell) scale() look.Scale { return Scale(s.env.Scale(look.KioskSizes), s.size) }

// redraw draws everything anew, in another size or as a visitor wants it.
func (s *Shell) redraw() {
	scale := s.scale()
	s.view.SetScale(scale)
	s.camera.Scale, s.camera.Side = scale, min(s.size.Width, s.size.Height)*0.42
	s.draw()
}

// Picture scans the code in a file.
func (s *Shell) Picture(path string) { s.scan.File(path) }

// printWay prints a slip with the way that is shown.
func (s *Shell) printWay() {
	visit, find, here := s.state.Visit, s.state.Find, s.state.Here
	go func() {
		what := s.env.WaySlip(find, here)
		s.env.Do(func() {
			if s.state.Visit == visit {
				s.slips.Send(slip.Print{Slip: what})
			}
		})
	}()
}

// words is the dictionary of the keyboard on the screen, read when it is wanted first.
func (s *Shell) words() kiosk.Message {
	return kiosk.Find{Message: wayfind.Stations{Message: stations.Words{Dict: shell.Words(), Room: keyboard.Room(s.scale(), s.size.Width)}}}
}
