package kiosk

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"yizhan/app/device/sound"
	"yizhan/app/escpos"
	"yizhan/app/flow/identify"
	"yizhan/app/flow/kiosk"
	"yizhan/app/flow/settings"
	"yizhan/app/look"
	"yizhan/app/shell"
	"yizhan/app/shell/shelltest"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// printer counts slips.
type printer struct{ slips chan int }

func (p printer) Print(context.Context, *escpos.Bitmap) (escpos.Status, error) {
	p.slips <- 1
	return escpos.Status{Known: true}, nil
}

func (p printer) Status(context.Context) (escpos.Status, error) {
	return escpos.Status{Known: true}, nil
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

// pressed is the claim in the outbox.
func (m *machine) pressed() (op.Op, uint64) {
	m.Helper()
	queue, err := m.env.Store.Queue()
	if err != nil || len(queue) == 0 {
		m.Fatalf("nothing in the outbox: %v", err)
	}
	o, err := op.Decode(queue[len(queue)-1].Bytes)
	if err != nil {
		m.Fatal(err)
	}
	return o, queue[len(queue)-1].Seq
}

// A whole claim, from a screen at which nobody is to the slip, takes at most five
// taps and no typing.
func TestAClaimInFiveTaps(t *testing.T) {
	m := filled(t)
	out := printer{make(chan int, 9)}
	m.env.Press = shell.NewPress(out, 384)
	m.online(person)
	m.golden("home")
	taps := 0
	tap := func(text string) { m.tap(text); taps++ }
	tap("活动")
	tap("草莓采摘")
	tap("我要报名")
	m.scanned(m.phone("m-1"), "\r")
	m.until("确认报名吗")
	m.until("科园区电子")
	m.golden("sure")
	tap("确认报名")
	m.until("正在等服务器答复")
	o, seq := m.pressed()
	if o.Kind != op.Claim || o.Member != "m-1" || o.Channel != op.ByKiosk || len(o.Proof) == 0 || o.EnteredBy != string(shelltest.Device) {
		t.Errorf("asked %+v", o)
	}
	m.link.Answer(t, seq, op.Result{Outcome: op.Granted, Seats: 1, Ticket: 1024, Seq: 9})
	m.until("已核准")
	m.settled("the ticket has come", func() bool { return !m.state.Busy })
	tap("打印凭条")
	m.until("请从出票口取走凭条")
	if taps > 5 || len(out.slips) != 1 {
		t.Errorf("%d taps, %d slips", taps, len(out.slips))
	}
	m.golden("granted")
	m.tap("完成并清除")
	if m.state.Page != kiosk.Home || m.slips.State().Last != nil {
		t.Error("something is left of the visit")
	}
}

// Without a network the claim is stored, and said to be no place yet.
func TestAClaimOffline(t *testing.T) {
	m := filled(t)
	m.env.Press = shell.NewPress(printer{make(chan int, 9)}, 384)
	m.load()
	m.tap("活动")
	m.tap("草莓采摘")
	m.tap("我要报名")
	m.scanned(m.phone("m-1"), "\r")
	m.until("确认报名吗")
	m.tap("确认报名")
	m.until("暂准待核")
	if _, seq := m.pressed(); !m.has(fmt.Sprintf("%s-%d", shelltest.Device, seq)) {
		t.Error("the screen names no number")
	}
	m.golden("pending")
}

func TestAClaimThatCannotBeStored(t *testing.T) {
	for err, says := range map[error]string{local.ErrFull: "存储空间满了", errors.New("i/o error"): "申请没有存下来"} {
		m := filled(t)
		m.send(kiosk.Open{Activity: shelltest.Picking})
		m.tap("我要报名")
		m.scanned(m.phone("m-1"), "\r")
		m.until("确认报名吗")
		m.link.Fail = err
		m.tap("确认报名")
		m.until("没有提交")
		if !m.has(says) || m.has("已核准") {
			t.Errorf("%v: the screen does not say %s", err, says)
		}
	}
}

// The film story at the counter: green once, red at the second scan, also after
// the program was killed, and red for a ticket of another station.
func TestScans(t *testing.T) {
	m := filled(t)
	m.scanned(m.world.Ticket, "\r\n")
	m.until("可以发放")
	if m.used() != 1 {
		t.Fatalf("green is shown and %d hand-overs are stored", m.used())
	}
	m.golden("valid")
	m.now = m.now.Add(5 * time.Second)
	m.scanned(strings.ToLower(m.world.Ticket), "\n")
	m.until("这张票已经领过了")
	m.scanned(m.world.Away, "\r")
	m.until("这张票不在本站领取")
	m.scanned("https://example.org/t/1", "\r")
	m.until("没有查到这张票")
	m.scanned(m.world.Ticket[:60]+"A"+m.world.Ticket[61:], "\r")
	m.until("二维码被改动过或已损坏")

	env, l, turn := shelltest.NewEnv(t, m.env.Store)
	again := start(t, env, l, turn, portrait)
	again.now = m.now.Add(time.Minute)
	again.scanned(m.world.Ticket, "\r")
	again.until("这张票已经领过了")
	if queue, err := env.Store.Queue(); err != nil || len(queue) != 6 {
		t.Errorf("%d scans wait to be reported, %v; want all 6", len(queue), err)
	}
}

// What cannot be saved is never green.
func TestADiskThatFails(t *testing.T) {
	for err, next := range map[error]string{local.ErrFull: "存储空间满了", errors.New("i/o error"): "请再扫一次"} {
		m := filled(t)
		m.link.Fail = err
		m.scanned(m.world.Ticket, "\r")
		m.until("未能保存，请勿发放")
		if m.has("可以发放") || m.used() != 0 || !m.has(next) {
			t.Errorf("%v: the screen does not say what to do", err)
		}
		m.link.Fail = nil
		m.now = m.now.Add(5 * time.Second)
		m.scanned(m.world.Ticket, "\r")
		m.until("可以发放")
	}
}

// A machine that never was online says so instead of guessing.
func TestNoKeys(t *testing.T) {
	env, l, turn := shelltest.NewEnv(t, memory.New())
	m := start(t, env, l, turn, portrait)
	m.scanned("2KCEVAAAA", "\r")
	m.until("本机还没有联过网")
}

// A clock that was set back decides no window until a person has looked at it.
func TestClockDoubt(t *testing.T) {
	m := filled(t)
	m.scanned(m.world.Ticket, "\r")
	m.until("可以发放")
	m.now = m.now.Add(-time.Hour)
	m.scanned(m.world.Second, "\r")
	m.until("本机的时间可能不准")
	m.tap("工作人员确认")
	m.until("可以发放")
}

func TestThePageGoesBackByItself(t *testing.T) {
	m := filled(t)
	m.scanned(m.world.Ticket, "\r")
	m.until("可以发放")
	m.every(false)
	m.now = m.now.Add(19 * time.Second)
	m.every(false)
	if !m.has("还有 1 秒回到首页") {
		t.Error("the countdown is not shown")
	}
	m.now = m.now.Add(time.Second)
	m.every(false)
	if !m.has("有票或会员码，直接扫") {
		t.Error("the page stays")
	}
}

func TestPictures(t *testing.T) {
	m := filled(t)
	m.Picture("testdata/no_such_picture.png")
	m.until("图片里没有找到二维码")
}

// The door lets in by a ticket, and says so to those whom it does not let in.
func TestDoor(t *testing.T) {
	m := filled(t)
	m.tap("签到")
	m.scanned(m.world.Ticket, "\r")
	m.until("请进")
	m.now = m.now.Add(5 * time.Second)
	m.scanned(m.world.Ticket, "\r")
	m.until("已经在场内")
	m.tap("完成")
	m.scanned(m.phone("m-1"), "\r")
	m.until("没有报名")
	m.link.Fail = local.ErrFull
	m.scanned(m.world.Second, "\r")
	m.until("签到没有存下来")
}

// Somebody without a phone is found by name, and does no more than staff vouch for.
func TestWithoutAPhone(t *testing.T) {
	m := filled(t)
	m.online(person)
	m.send(kiosk.Open{Activity: shelltest.Picking})
	m.tap("我要报名")
	m.tap("没带手机")
	for _, key := range []string{"M", "M", "下一步", "0", "0", "4", "2"} {
		m.tap(key)
	}
	m.until("这是您吗")
	m.send(kiosk.Asked{Message: identify.Choose{Index: 0}})
	m.until("请工作人员确认")
	m.scanned(m.world.Ticket, "\r")
	m.until("这是票的二维码")
	m.scanned(m.staff(), "\r")
	m.until("确认报名吗")
	m.tap("确认报名")
	m.settled("the claim is stored", func() bool { return m.state.Claim.Stored })
	if o, _ := m.pressed(); o.Member != "m-1" || o.EnteredBy != "staff-1" || len(o.Proof) == 0 {
		t.Errorf("asked %+v", o)
	}
}

// A picture of a member code is told from the code itself.
func TestMemberCodes(t *testing.T) {
	m := filled(t)
	code := m.phone("m-1")
	m.tap("我的票")
	m.scanned(code, "\r")
	m.until("您的票")
	m.tap("完成并清除")
	m.tap("我的票")
	m.scanned(code, "\r")
	m.until("刚才用过了")
	m.now = m.now.Add(5 * time.Minute)
	m.every(false)
	m.tap("我的票")
	m.scanned(code, "\r")
	m.until("这个会员码已经过期")
}

// The program was killed in the middle of a claim: it says that the claim is saved.
func TestKilledInTheMiddleOfAClaim(t *testing.T) {
	m := filled(t)
	m.send(kiosk.Open{Activity: shelltest.Picking})
	m.tap("我要报名")
	m.scanned(m.phone("m-1"), "\r")
	m.until("确认报名吗")
	m.tap("确认报名")
	m.until("暂准待核")

	env, l, turn := shelltest.NewEnv(t, m.env.Store)
	l.Clock = func() time.Time { return m.now.Add(20 * time.Second) }
	env.Window.Resize(portrait)
	again := Start(env, portrait)
	again.env.Now = l.Clock
	if markup := test.RenderToMarkup(env.Window.Canvas()); !strings.Contains(markup, "刚才的办理已保存") || again.state.Person.Member != "" {
		t.Error("the machine does not say that what was asked is saved")
	}
	if queue, err := env.Store.Queue(); err != nil || len(queue) != 1 {
		t.Errorf("%d ops wait, %v", len(queue), err)
	}
	_ = turn
}

// After a visit neither the state nor anything on screen, nor what was printed, holds
// a word of the visitor; their choice of print and language is gone too.
func TestNothingIsLeftOnScreen(t *testing.T) {
	m := filled(t)
	m.env.Press = shell.NewPress(printer{make(chan int, 9)}, 384)
	m.online(func(q wire.Ask) wire.Told {
		told := person(q)
		for i := range told.People {
			told.People[i].Name, told.People[i].Org = "秘密人", "秘密工会"
		}
		return told
	})
	m.env.Choose(settings.SetPrint{Print: settings.Large})
	m.tap("我的票")
	m.scanned(m.phone("m-1"), "\r")
	m.until("秘密工会")
	m.until("候补第 17 位")
	m.tap("远山来信")
	m.tap("打印凭条")
	m.until("请从出票口取走凭条")
	m.now = m.now.Add(time.Minute)
	m.every(false)
	if m.env.Settings().Print != settings.Standard {
		t.Error("the next visitor gets the print of this one")
	}
	for name, v := range map[string]any{"state": m.state, "view": m.view, "slips": m.slips.State()} {
		if path := leaks(reflect.ValueOf(v), name, map[uintptr]bool{}); path != "" {
			t.Errorf("left over at %s", path)
		}
	}
}

// leaks finds words of a person, up to a depth at which there are only Fyne's own parts.
func leaks(v reflect.Value, path string, seen map[uintptr]bool) string {
	switch v.Kind() {
	case reflect.String:
		if strings.Contains(v.String(), "秘密") || v.String() == "m-1" {
			return path
		}
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() || v.Kind() == reflect.Pointer && seen[v.Pointer()] {
			return ""
		}
		if v.Kind() == reflect.Pointer {
			seen[v.Pointer()] = true
		}
		return leaks(v.Elem(), path, seen)
	case reflect.Struct:
		for i := range v.NumField() {
			if p := leaks(v.Field(i), path+"."+v.Type().Field(i).Name, seen); p != "" {
				return p
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if p := leaks(v.Index(i), path+"[]", seen); p != "" {
				return p
			}
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			if p := leaks(k, path+"{key}", seen) + leaks(v.MapIndex(k), path+"{}", seen); p != "" {
				return p
			}
		}
	}
	return ""
}

// What is answered for a visitor who has gone is not shown to the next.
func TestALateAnswer(t *testing.T) {
	m := filled(t)
	wait := make(chan struct{})
	m.online(func(q wire.Ask) wire.Told { <-wait; return person(q) })
	m.tap("我的票")
	m.scanned(m.phone("m-1"), "\r")
	m.until("正在查询")
	m.tap("完成并清除")
	close(wait)
	for range 2 { // the gauge of nothing, and the late answer
		select {
		case fn := <-m.turn:
			fn()
		case <-time.After(200 * time.Millisecond):
		}
	}
	if m.has("科园区电子") || m.state.Page != kiosk.Home || m.state.Person.Member != "" {
		t.Error("the next visitor sees who was there before")
	}
}

// Every outcome is heard, and a page is read out where somebody asks for it.
func TestSounds(t *testing.T) {
	env, l, turn, w := shelltest.NewDevice(t, op.Kiosk)
	ear := &sound.Ear{}
	env.Speaker = ear
	m := start(t, env, l, turn, portrait)
	m.world = w
	m.tap("领票")
	m.tap("读给我听")
	m.scanned(w.Ticket, "\r")
	m.until("可以发放")
	if heard := fmt.Sprint(ear); !strings.Contains(heard, "请扫描票面二维码") {
		t.Errorf("heard %s", heard)
	}
}

// Every screen shows the whole page in letters that can be read.
func TestOtherScreens(t *testing.T) {
	for size, factor := range map[fyne.Size]float32{fyne.NewSize(540, 960): 0.5, fyne.NewSize(1920, 1080): 0.72, fyne.NewSize(10, 10): 0.4} {
		if got, want := Scale(look.Kiosk, size), look.Kiosk.Times(factor); got != want {
			t.Errorf("on %v the scale is %+v, want %+v", size, got, want)
		}
	}
	m := filled(t)
	m.scanned(m.world.Ticket, "\r")
	m.until("可以发放")
	m.env.Window.Resize(landscape)
	m.fit()
	if scale, want := m.view.Scale.Huge, Scale(look.Kiosk, landscape).Huge; scale != want {
		t.Errorf("the word is %v dp high, want %v", scale, want)
	}
}

// TestHowTheMachineStands is behind the strip, and the machine goes back to its work by itself.
func TestHowTheMachineStands(t *testing.T) {
	m := filled(t)
	m.Show(openSync)
	if !m.has("本机状况") || m.env.Window.Canvas().OnTypedRune() != nil {
		t.Error("a scan is taken while the page is not the visitors'")
	}
	m.now = m.now.Add(asideTime + time.Second)
	m.every(false)
	if m.env.Window.Canvas().OnTypedRune() == nil || m.has("本机状况") {
		t.Error("the machine does not go back to its work")
	}
	m.Show("pickup")
	if m.state.Page != kiosk.PickUp {
		t.Errorf("opened page %d", m.state.Page)
	}
	if m.Show(string(shelltest.Film)); m.state.Page == kiosk.Home {
		t.Error("an activity cannot be opened by name")
	}
}
