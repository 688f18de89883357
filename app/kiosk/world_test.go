package kiosk

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"yizhan/app/shell"
	"yizhan/app/shell/shelltest"
	"yizhan/core/id"
	"yizhan/core/membercode"
	"yizhan/core/op"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

var portrait, landscape = fyne.NewSize(1080, 1920), fyne.NewSize(1920, 1080)

// machine is a kiosk that a test stands in front of.
type machine struct {
	*testing.T
	*Shell
	world shelltest.World
	link  *shelltest.Link
	turn  shelltest.Turn
	now   time.Time

	phones int
}

func start(t *testing.T, env *shell.Env, l *shelltest.Link, turn shelltest.Turn, size fyne.Size) *machine {
	m := &machine{T: t, link: l, turn: turn, now: shelltest.Now}
	l.Clock = func() time.Time { return m.now }
	env.Window.Resize(size)
	m.Shell = Start(env, size)
	return m
}

func filled(t *testing.T) *machine { return filledAt(t, portrait) }

func filledAt(t *testing.T, size fyne.Size) *machine {
	env, l, turn, w := shelltest.NewDevice(t, op.Kiosk)
	m := start(t, env, l, turn, size)
	m.world = w
	return m
}

// online connects the machine to a server that the test plays.
func (m *machine) online(tells func(wire.Ask) wire.Told) {
	m.link.Set(func(l *shelltest.Link) { l.Stand.Online, l.Tells = true, tells })
	m.every(true)
}

// scan types a code as a wedge scanner does: no field has the focus.
func (m *machine) scanned(code, end string) {
	c := m.env.Window.Canvas()
	for _, r := range code {
		m.now = m.now.Add(time.Millisecond)
		c.OnTypedRune()(r)
	}
	for _, r := range end {
		if r == '\r' {
			c.OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyReturn})
		} else {
			c.OnTypedRune()(r)
		}
	}
}

// phone and staff are codes that somebody shows.
func (m *machine) phone(member id.Member) string {
	m.phones++ // each has a key of its own, so that no code is a repeated one
	return m.code(byte(m.phones), membercode.Pass{Member: member})
}

func (m *machine) staff() string { return m.code(255, membercode.Pass{Staff: "staff-1"}) }

func (m *machine) code(seed byte, p membercode.Pass) string {
	m.Helper()
	key, err := seal.Generate(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)))
	if err != nil {
		m.Fatal(err)
	}
	p.Deployment, p.Phone, p.Ends = 1, key.Public(), m.now.Add(membercode.Life)
	pass, err := membercode.Certify(m.world.Key, p)
	if err != nil {
		m.Fatal(err)
	}
	code, err := membercode.Make(key, pass, m.now)
	if err != nil {
		m.Fatal(err)
	}
	return code
}

func (m *machine) has(text string) bool {
	return strings.Contains(test.RenderToMarkup(m.env.Window.Canvas()), text)
}

func (m *machine) until(text string) {
	m.Helper()
	defer func() {
		if m.Failed() {
			m.Logf("on page %d: counter %+v, trouble %s%s", m.state.Page, m.state.Counter, m.state.Trouble.Sentence, m.state.Who.Trouble.Sentence)
		}
	}()
	m.turn.Until(m.T, "screen says "+text, func() bool { return m.has(text) })
}

func (m *machine) settled(what string, done func() bool) { m.Helper(); m.turn.Until(m.T, what, done) }

// tap puts a finger on what says text.
func (m *machine) tap(text string) {
	m.Helper()
	at, ok := find(m.env.Window.Content(), text)
	if !ok {
		m.Fatalf("nothing to tap says %q", text)
	}
	test.TapCanvas(m.env.Window.Canvas(), at)
}

// find gives the middle of what can be tapped and says text.
func find(o fyne.CanvasObject, text string) (at fyne.Position, ok bool) {
	for _, t := range tappables(o) {
		if says(t, text) {
			p := fyne.CurrentApp().Driver().AbsolutePositionForObject(t)
			return p.Add(fyne.NewPos(t.Size().Width/2, t.Size().Height/2)), true
		}
	}
	return at, false
}

// tappables lists what can be tapped, in the order in which it stands on the page.
func tappables(o fyne.CanvasObject) []fyne.CanvasObject {
	var all []fyne.CanvasObject
	if _, ok := o.(fyne.Tappable); ok && o.Visible() {
		return []fyne.CanvasObject{o}
	}
	for _, child := range children(o) {
		all = append(all, tappables(child)...)
	}
	return all
}

func children(o fyne.CanvasObject) []fyne.CanvasObject {
	switch o := o.(type) {
	case *fyne.Container:
		return o.Objects
	case fyne.Widget:
		return test.WidgetRenderer(o).Objects()
	}
	return nil
}

func says(o fyne.CanvasObject, text string) bool {
	if t, ok := o.(*canvas.Text); ok && (t.Text == text || len(text) > 3 && strings.Contains(t.Text, text)) {
		return true
	}
	for _, child := range children(o) {
		if says(child, text) {
			return true
		}
	}
	return false
}

// shot puts the page onto a sheet for docs/SCREENS.md; a sheet shows large print too.
func (m *machine) shot(page string) {
	m.Helper()
	album := shelltest.Album{Env: m.env, Name: "kiosk-tall", Width: 340}
	if m.size == landscape {
		album.Name, album.Width = "kiosk-wide", 600
	}
	album.Ready = m.mapped
	album.Take(m.T, page)
}
