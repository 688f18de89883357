package kiosk

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"yizhan/app/look"
	"yizhan/app/shell"
	"yizhan/app/shell/shelltest"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/wire"
)

var portrait = fyne.NewSize(1080, 1920)

type machine struct {
	*testing.T
	env  *shell.Env
	link *shelltest.Link
	turn shelltest.Turn
	now  time.Time
}

func start(t *testing.T, env *shell.Env, l *shelltest.Link, turn shelltest.Turn) *machine {
	m := &machine{T: t, env: env, link: l, turn: turn, now: shelltest.Now}
	l.Clock = func() time.Time { return m.now }
	env.Window.Resize(portrait)
	Start(env, portrait)
	return m
}

func filled(t *testing.T) (*machine, shelltest.World) {
	env, l, turn, w := shelltest.NewDevice(t, op.Kiosk)
	return start(t, env, l, turn), w
}

// scan types a code as a wedge scanner does: no field has the focus.
func (m *machine) scan(code, end string) {
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

func (m *machine) has(text string) bool {
	return strings.Contains(test.RenderToMarkup(m.env.Window.Canvas()), text)
}

func (m *machine) until(text string) {
	m.Helper()
	m.turn.Until(m.T, "screen says "+text, func() bool { return m.has(text) })
}

// used counts the hand-overs that the machine remembers.
func (m *machine) used() (n int) {
	rows, err := m.env.Store.Rows(wire.TableUsed)
	if err != nil {
		m.Fatal(err)
	}
	for _, r := range rows {
		var mark wire.UsedRow
		if err := wire.DecodeRow(r.Body, &mark); err != nil {
			m.Fatal(err)
		}
		if mark.Ticket != 0 {
			n++
		}
	}
	return n
}

func (m *machine) golden(name string) {
	m.Helper()
	test.AssertRendersToMarkup(m.T, name+".xml", m.env.Window.Canvas())
}

func TestIdle(t *testing.T) {
	m, _ := filled(t)
	m.golden("idle")
}

// The film story at the counter: green once, red at the second scan, also after
// the program was killed, and red for a ticket of another station.
func TestScans(t *testing.T) {
	m, w := filled(t)
	m.scan(w.Ticket, "\r\n")
	m.until("可以发放")
	if m.used() != 1 {
		t.Fatalf("green is shown and %d hand-overs are stored", m.used())
	}
	m.golden("valid")
	m.now = m.now.Add(5 * time.Second)
	m.scan(strings.ToLower(w.Ticket), "\n")
	m.until("这张票已经领过了")
	m.golden("already_redeemed")
	m.scan(w.Away, "\r")
	m.until("这张票不在本站领取")
	m.golden("wrong_station")
	m.scan("https://example.org/t/1", "\r")
	m.until("没有查到这张票")
	m.scan(w.Ticket[:60]+"A"+w.Ticket[61:], "\r")
	m.until("二维码被改动过或已损坏")

	env, l, turn := shelltest.NewEnv(t, m.env.Store)
	again := start(t, env, l, turn)
	again.now = m.now.Add(time.Minute)
	again.scan(w.Ticket, "\r")
	again.until("这张票已经领过了")
	if queue, err := env.Store.Queue(); err != nil || len(queue) != 6 {
		t.Errorf("%d scans wait to be reported, %v; want all 6", len(queue), err)
	}
}

// What cannot be saved is never green.
func TestADiskThatFails(t *testing.T) {
	for err, next := range map[error]string{local.ErrFull: "存储空间满了", errors.New("i/o error"): "请再扫一次"} {
		m, w := filled(t)
		m.link.Fail = err
		m.scan(w.Ticket, "\r")
		m.until("未能保存，请勿发放")
		if m.has("可以发放") || m.used() != 0 || !m.has(next) {
			t.Errorf("%v: the screen does not say what to do", err)
		}
		if errors.Is(err, local.ErrFull) {
			m.golden("storage_full")
		}
		m.link.Fail = nil
		m.now = m.now.Add(5 * time.Second)
		m.scan(w.Ticket, "\r")
		m.until("可以发放")
	}
}

// A machine that never was online says so instead of guessing.
func TestNoKeys(t *testing.T) {
	env, l, turn := shelltest.NewEnv(t, memory.New())
	m := start(t, env, l, turn)
	m.scan("2KCEVAAAA", "\r")
	m.until("本机还没有联过网")
}

// A clock that was set back decides no window until a person has looked at it.
func TestClockDoubt(t *testing.T) {
	m, w := filled(t)
	m.scan(w.Ticket, "\r")
	m.until("可以发放")
	m.now = m.now.Add(-time.Hour)
	m.scan(w.Second, "\r")
	m.until("本机的时间可能不准")
	m.golden("clock_doubt")
	test.TapCanvas(m.env.Window.Canvas(), fyne.NewPos(540, 1760))
	m.until("可以发放")
}

func TestThePageGoesBackByItself(t *testing.T) {
	m, w := filled(t)
	m.scan(w.Ticket, "\r")
	m.until("20 秒后返回")
	m.now = m.now.Add(19 * time.Second)
	m.until("1 秒后返回")
	m.now = m.now.Add(time.Second)
	m.until("请扫描票面二维码")
}

func TestPictures(t *testing.T) {
	m, _ := filled(t)
	s := Start(m.env, portrait)
	s.Picture("testdata/no_such_picture.png")
	m.until("图片里没有找到二维码")
}

// Every screen shows the whole page in letters that can be read.
func TestOtherScreens(t *testing.T) {
	for size, factor := range map[fyne.Size]float32{fyne.NewSize(540, 960): 0.5, fyne.NewSize(1920, 1080): 0.5625, fyne.NewSize(10, 10): 0.4} {
		if got, want := Scale(look.Kiosk, size), look.Kiosk.Times(factor); got != want {
			t.Errorf("on %v the scale is %+v, want %+v", size, got, want)
		}
	}
	m, w := filled(t)
	m.scan(w.Ticket, "\r")
	m.until("可以发放")
	m.env.Window.Resize(fyne.NewSize(1920, 1080))
	m.until(`size="1920x1080"`)
	word := fmt.Sprintf(`textSize="%v"`, look.Kiosk.Huge*0.5625)
	m.turn.Until(t, "letters of "+word, func() bool { return m.has(word) })
	m.golden("landscape")
}

// TestHowTheMachineStands is behind the strip, and the machine goes back to its work by itself.
func TestHowTheMachineStands(t *testing.T) {
	env, l, turn, _ := shelltest.NewDevice(t, op.Kiosk)
	m := &machine{T: t, env: env, link: l, turn: turn, now: shelltest.Now}
	l.Clock = func() time.Time { return m.now }
	env.Now = l.Clock
	env.Window.Resize(portrait)
	s := Start(env, portrait)
	s.Show(true)
	test.AssertRendersToMarkup(t, "sync.xml", env.Window.Canvas())
	if env.Window.Canvas().OnTypedRune() != nil {
		t.Error("a scan is taken while the counter is not on screen")
	}
	m.now = m.now.Add(asideTime + time.Second)
	s.every()
	if env.Window.Canvas().OnTypedRune() == nil || m.has("本机状况") {
		t.Error("the machine does not go back to its work")
	}
}
