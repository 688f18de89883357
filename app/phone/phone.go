// Package phone is the shell of a member's own phone.
package phone

import (
	"errors"
	"net/url"
	"time"

	"fyne.io/fyne/v2"

	"yizhan/app/flow/claim"
	"yizhan/app/flow/settings"
	"yizhan/app/flow/stations"
	"yizhan/app/flow/wayfind"
	"yizhan/app/look"
	"yizhan/app/say"
	"yizhan/app/shell"
	view "yizhan/app/view/claim"
	statusview "yizhan/app/view/status"
	"yizhan/core/id"
	"yizhan/core/membercode"
	"yizhan/core/op"
)

// Shell runs the claim flow on the UI goroutine.
type Shell struct {
	env    *shell.Env
	reader claim.Reader
	state  claim.State
	view   *view.View
	chart  *shell.Chart
	album  *shell.Album
	sheet  bool
	asked  map[uint64]bool // ops whose answer is waited for
	wanted string          // page to open once it is here
	press  bool            // and its button to press
	seen   id.Activity     // activity whose counts the link watches
	code   time.Time       // when the member code on screen is over
}

// Start fills the window and keeps it up to date until the window closes.
func Start(env *shell.Env) *Shell {
	s := &Shell{env: env, reader: claim.Reader{Store: env.Store, Zone: env.Zone}, view: view.New(), asked: map[uint64]bool{}}
	s.view.Send = s.send
	s.view.Sheet = func(open bool) { s.sheet = open; s.draw() }
	s.view.Large = s.setLarge
	s.view.Set = env.Keep
	s.view.Connect = func() { env.Connect(); s.draw() }
	s.chart = env.NewChart(s.env.Scale(look.PhoneSizes), func(m wayfind.Message) { s.send(claim.Sought{Message: m}) })
	s.album = env.NewAlbum(func(m stations.Message) { s.send(claim.Sought{Message: wayfind.Stations{Message: m}}) })
	s.view.Map, s.view.Open = s.chart.Map, s.openURL
	env.OnSettings(func() { s.theme(); s.chart.Map.SetScale(s.env.Scale(look.PhoneSizes)); s.draw() })
	s.theme()
	s.clock()
	s.load()
	s.draw()
	env.Window.SetContent(s.view.Object())
	env.Window.Canvas().SetOnTypedKey(func(k *fyne.KeyEvent) {
		if k.Name == fyne.KeyEscape {
			s.send(claim.Back{})
		}
	})
	env.Every(s.every)
	return s
}

// clock tells the flows what time it is.
func (s *Shell) clock() {
	now := s.env.Clock()
	s.state, _ = s.state.Update(claim.Tick{Now: now, Online: s.env.Link.Status().Online})
	s.state, _ = s.state.Update(claim.Sought{Message: wayfind.Stations{Message: stations.Tick{Now: now}}})
}

// openURL hands a link to another app of the phone.
func (s *Shell) openURL(link string) {
	to, err := url.Parse(link)
	if err == nil {
		err = s.env.App.OpenURL(to)
	}
	if err != nil {
		fyne.LogError("open "+link, err)
	}
}

func (s *Shell) every(news bool) {
	if s.env.Ctx.Err() != nil {
		return
	}
	s.clock()
	if news {
		s.load()
	}
	s.open()
	s.draw()
}

// Show opens a page as soon as the phone holds it: "sync", "mine", "code", "me", "inbox", "stations", "ticket" (the first
// usable one) or the id of an activity; press then presses its button once.
func (s *Shell) Show(page string, press bool) {
	if page == "sync" {
		s.sheet = true
		s.draw()
		return
	}
	s.wanted, s.press = page, press
	s.open()
	s.draw()
}

func (s *Shell) open() {
	to := s.state.Find(s.wanted)
	if to == nil {
		return
	}
	s.wanted = ""
	s.send(to)
	if s.press {
		s.press = false
		s.send(claim.Press{})
	}
}

func (s *Shell) send(m claim.Message) {
	before := s.state
	var ops []op.Op
	s.state, ops = s.state.Update(m)
	s.read(before)
	s.draw() // "正在提交" is on screen before the disk is asked
	for _, o := range ops {
		go s.store(o)
	}
}

// store puts an op into the outbox; the disk may take its time, the screen not.
func (s *Shell) store(o op.Op) {
	_, err := s.env.Claim(o)
	s.env.Do(func() {
		if err != nil {
			fyne.LogError("keep claim", err)
			s.send(claim.NotStored{Full: shell.Full(err)})
			return
		}
		s.load() // so that the pending claim is there when "正在提交" goes
		s.send(claim.Stored{})
	})
}

// load reads the store and waits for the answers that are still to come.
func (s *Shell) load() {
	data, err := s.reader.Read()
	if err != nil {
		fyne.LogError("read store", err)
		return
	}
	s.state, _ = s.state.Update(claim.Loaded{Data: data})
	places, err := stations.Read(s.env.Store)
	if err != nil {
		fyne.LogError("read stations", err)
	}
	s.state, _ = s.state.Update(claim.Sought{Message: wayfind.Stations{Message: stations.Loaded{Data: places}}})
	for _, q := range data.Asked {
		if !s.asked[q.Seq] {
			s.asked[q.Seq] = true
			go s.wait(q)
		}
	}
	for _, c := range data.Changing {
		if !s.asked[c.Seq] {
			s.asked[c.Seq] = true
			go s.waitChange(c)
		}
	}
}

// wait keeps a refusal: it makes no row, and the outbox forgets it.
func (s *Shell) wait(q claim.Asked) {
	result, err := s.env.Link.Wait(s.env.Ctx, q.Seq)
	if err != nil {
		return // closing, or answered long ago
	}
	refusal := claim.Refusal{Activity: q.Activity, Pool: q.Pool, At: q.At}
	if result.Outcome == op.Refused {
		refusal.Code = result.Code
	}
	s.env.Do(func() {
		if s.env.Ctx.Err() != nil {
			return
		}
		if err := claim.KeepRefusal(s.env.Store, refusal); err != nil {
			fyne.LogError("keep refusal", err)
		}
		s.load()
		s.draw()
		s.tell()
	})
}

// showCode makes the member code anew when its half minute is over.
func (s *Shell) showCode() {
	if s.state.Page != claim.Code || s.env.Clock().Before(s.code) {
		return
	}
	code, next, err := membercode.Own(s.env.Store, s.env.Clock())
	if err != nil {
		if !errors.Is(err, membercode.ErrNoPass) {
			fyne.LogError("make member code", err)
		}
		s.state, _ = s.state.Update(claim.Shown{})
		return
	}
	s.code = next
	s.state, _ = s.state.Update(claim.Shown{Code: code, Next: next})
}

// read keeps which messages were on the screen, once the page is left.
func (s *Shell) read(before claim.State) {
	if before.Page != claim.Inbox || s.state.Page == claim.Inbox {
		return
	}
	if err := claim.KeepSeen(s.env.Store, before.Notices()); err != nil {
		fyne.LogError("messages stay unread", err)
	}
	s.load()
}

// waitChange shows the answer to a change of a ticket.
func (s *Shell) waitChange(c claim.Changing) {
	result, err := s.env.Link.Wait(s.env.Ctx, c.Seq)
	if err != nil {
		return // closing, or answered long ago
	}
	s.env.Do(func() {
		if s.env.Ctx.Err() != nil {
			return
		}
		s.load()
		s.send(claim.Changed{Changing: c, Result: result})
	})
}

// tell lets the answer be heard if its page is the one that is looked at.
func (s *Shell) tell() {
	if o := s.state.Detail().Outcome; s.state.Page == claim.Detail {
		s.env.Signal(o.Tone)
		s.env.Read(o.Word, o.Sentence, o.Next)
	}
}

func (s *Shell) draw() {
	s.showCode()
	if at := s.state.Watching(); at != s.seen {
		s.seen = at
		s.env.Link.Watch(at)
	}
	gauge := claim.Gauge{}
	if g, ok := s.env.Link.Gauge(s.seen); ok && s.seen != "" {
		gauge.Gauge = &g
	}
	s.state, _ = s.state.Update(gauge)
	m := view.Of(s.state, s.env.Bar())
	m.Settings = s.env.Settings()
	m.Scale, m.Large, m.Sheet = s.env.Scale(look.PhoneSizes), s.env.Settings().Print != settings.Standard, s.sheet
	if s.sheet {
		m.Found = s.env.Findings()
	}
	if s.sheet {
		m.Who = s.who()
	}
	s.view.Draw(m, s.state.Countdown())
	s.chart.Show(s.state.Page == claim.Places)
	s.album.Show(s.state.Seek.List.Chosen().Photo)
	s.view.DrawMap(s.state.Seek)
}

func (s *Shell) who() []statusview.Line {
	who, _ := s.env.Link.Identity()
	return []statusview.Line{{Label: look.Say(say.T("所在单位")), Text: s.state.Data.Me.Name}, {Label: look.Say(say.T("会员编号")), Text: string(who.Member)},
		{Label: look.Say(say.T("本机编号")), Text: string(who.Device)}, {Label: look.Say(say.T("服务器")), Text: s.env.Server}}
}

func (s *Shell) setLarge(on bool) {
	print := settings.Standard
	if on {
		print = settings.Large
	}
	s.env.Keep(settings.SetPrint{Print: print})
}

func (s *Shell) theme() {
	s.env.App.Settings().SetTheme(s.env.Theme.With(s.env.Scale(look.PhoneSizes)))
}
