package phone

import (
	"errors"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"yizhan/app/device/sound"
	"yizhan/app/flow/claim"
	"yizhan/app/flow/settings"
	"yizhan/app/shell/shelltest"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/link"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// start opens a phone on the filled store.
func start(t *testing.T) (*Shell, *shelltest.Link, shelltest.Turn) {
	t.Helper()
	env, l, turn, _ := shelltest.NewDevice(t, op.Phone)
	return Start(env), l, turn
}

func golden(t *testing.T, name string, s *Shell) {
	t.Helper()
	test.AssertRendersToMarkup(t, name+".xml", s.env.Window.Canvas())
	if name != "large" { // each sheet shows that too
		album(s).Take(t, name)
	}
}

func TestScreens(t *testing.T) {
	for name, open := range map[string]func(*Shell, *shelltest.Link){
		"list":         func(*Shell, *shelltest.Link) {},
		"mine":         func(s *Shell, _ *shelltest.Link) { s.Show("mine", false) },
		"detail":       func(s *Shell, _ *shelltest.Link) { s.Show(string(shelltest.Picking), false) },
		"detail_later": func(s *Shell, _ *shelltest.Link) { s.Show(string(shelltest.Hair), false) },
		"sessions":     func(s *Shell, _ *shelltest.Link) { s.Show(string(shelltest.Doctor), false) },
		"granted":      func(s *Shell, _ *shelltest.Link) { s.Show(string(shelltest.Film), false) },
		"waitlisted":   func(s *Shell, _ *shelltest.Link) { s.Show(string(shelltest.Spa), false) },
		"ticket":       func(s *Shell, _ *shelltest.Link) { s.Show("ticket", false) },
		"large":        func(s *Shell, _ *shelltest.Link) { s.setLarge(true) },
		"sync":         func(s *Shell, _ *shelltest.Link) { s.view.Sheet(true) },
		"online": func(s *Shell, l *shelltest.Link) {
			l.Set(func(l *shelltest.Link) {
				l.Stand.Online = true
				l.Counts = &wire.Gauge{Activity: shelltest.Picking, Free: map[id.Pool]int{"picking": 12}}
			})
			s.Show(string(shelltest.Picking), false)
		},
		"trouble": func(s *Shell, l *shelltest.Link) {
			l.Set(func(l *shelltest.Link) { l.Stand = link.Status{Problem: fault.Errorf(fault.RevokedDevice, "")} })
			s.draw()
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, l, _ := start(t)
			open(s, l)
			golden(t, name, s)
		})
	}
}

func TestEmptyPhone(t *testing.T) {
	env, l, _ := shelltest.NewEnv(t, memory.New())
	l.Set(func(l *shelltest.Link) { l.Stand = link.Status{} })
	s := Start(env)
	golden(t, "empty", s)
	s.send(claim.Go{Page: claim.Mine})
	golden(t, "empty_mine", s)
}

// word is what the open page says about the claim.
func word(s *Shell) string { return s.state.Detail().Outcome.Word.String() }

// A press is in the outbox before the page says so, and the answer replaces it.
func TestFromPressToTicket(t *testing.T) {
	s, l, turn := start(t)
	ear := &sound.Ear{}
	s.env.Speaker = ear
	s.env.Keep(settings.SetSound{Sound: settings.Aloud})
	s.Show(string(shelltest.Picking), true)
	if got := word(s); got != "正在提交" {
		t.Fatalf("while it is being stored the page says %q", got)
	}
	turn.Until(t, "pending", func() bool { return word(s) == "已提交 · 待确认" })
	if queue, err := l.Store.Queue(); err != nil || len(queue) != 1 {
		t.Fatalf("the page says pending, the outbox holds %d, %v", len(queue), err)
	}
	golden(t, "pending", s)
	row := wire.ClaimRow{Ticket: 1100, Activity: shelltest.Picking, Pool: "picking", Seats: 1, State: op.ClaimGranted, Station: shelltest.Here, Code: "2KCEVABC", At: 1}
	body, err := wire.EncodeRow(row)
	if err != nil {
		t.Fatal(err)
	}
	l.Answer(t, 1, op.Result{Outcome: op.Granted, Seats: 1, Ticket: 1100}, local.Row{Table: wire.TableClaim, ID: "1100", Seq: 2100, Body: body})
	turn.Until(t, "granted", func() bool { return word(s) == "已核准" })
	turn.Until(t, "heard", func() bool { return len(ear.Heard) > 1 })
	if ear.Heard[0] != "good" || ear.Heard[1] != "已核准" {
		t.Errorf("heard %q", ear.Heard)
	}
	if got := s.state.Detail().Ticket; got != 1100 {
		t.Errorf("the page leads to ticket %d", got)
	}
}

// The reason of a refusal outlives the outbox, the answer and the program.
func TestARefusalIsStillThereTomorrow(t *testing.T) {
	s, l, turn := start(t)
	s.Show(string(shelltest.Picking), true)
	turn.Until(t, "pending", func() bool { return word(s) == "已提交 · 待确认" })
	l.Answer(t, 1, op.Result{Outcome: op.Refused, Code: fault.OrgCap})
	turn.Until(t, "refused", func() bool { return word(s) == "未通过" })
	golden(t, "refused", s)
	env, _, _ := shelltest.NewEnv(t, l.Store)
	again := Start(env)
	again.Show(string(shelltest.Picking), false)
	if got := again.state.Detail().Outcome; got.Sentence.String() != fault.OrgCap.Sentence() {
		t.Errorf("after a restart the page says %+v", got)
	}
}

// A program that was killed between press and answer still waits for it.
func TestPendingSurvivesARestart(t *testing.T) {
	s, l, turn := start(t)
	s.Show(string(shelltest.Picking), true)
	turn.Until(t, "pending", func() bool { return word(s) == "已提交 · 待确认" })
	env, l2, turn2 := shelltest.NewEnv(t, l.Store)
	again := Start(env)
	again.Show(string(shelltest.Picking), false)
	if got := word(again); got != "已提交 · 待确认" {
		t.Fatalf("after a restart the page says %q", got)
	}
	l2.Answer(t, 1, op.Result{Outcome: op.Refused, Code: fault.SoldOut})
	turn2.Until(t, "refused", func() bool { return word(again) == "未通过" })
}

func TestAPressThatCannotBeStored(t *testing.T) {
	for err, next := range map[error]string{local.ErrFull: "手机存储空间满了，请清理以后再按一次。", errors.New("disk broke"): "请再按一次。"} {
		s, l, turn := start(t)
		l.Fail = err
		s.Show(string(shelltest.Picking), true)
		turn.Until(t, "told", func() bool { return word(s) == "没有提交" })
		if got := s.state.Detail().Outcome.Next.String(); got != next {
			t.Errorf("%v: the page says %q", err, got)
		}
		if queue, _ := l.Store.Queue(); len(queue) != 0 {
			t.Error("something was queued all the same")
		}
	}
}

// 长辈版 is on the first page and stays.
func TestLargeIsRemembered(t *testing.T) {
	s, l, _ := start(t)
	s.view.Large(true)
	env, _, _ := shelltest.NewEnv(t, l.Store)
	if again := Start(env); again.env.Settings().Print != settings.Large {
		t.Error("the large letters were forgotten")
	}
	s.view.Large(false)
	env, _, _ = shelltest.NewEnv(t, l.Store)
	if again := Start(env); again.env.Settings().Print != settings.Standard {
		t.Error("the large letters came back")
	}
}

// The clock changes a line, not the page: a finger on a button is not cut off.
func TestTicksDoNotRebuildThePage(t *testing.T) {
	s, l, _ := start(t)
	s.Show(string(shelltest.Hair), false)
	content := s.view.Object().(*fyne.Container).Objects[0]
	before := s.state.Countdown().String()
	l.Clock = func() time.Time { return shelltest.Now.Add(time.Second) }
	s.every(false)
	if after := s.state.Countdown().String(); after == before || after == "" {
		t.Errorf("the countdown went from %q to %q", before, after)
	}
	if s.view.Object().(*fyne.Container).Objects[0] != content {
		t.Error("a second passed and the page was built anew")
	}
}
