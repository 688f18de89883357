package shell_test

import (
	"errors"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"yizhan/app/look"
	"yizhan/app/shell"
	"yizhan/app/shell/shelltest"
	"yizhan/core/fault"
	"yizhan/core/link"
	"yizhan/core/local/memory"
	"yizhan/core/op"
)

const code = "ABCD-EFGH-2345-6722"

// page opens the enrolment page; answers are given one after the other.
func page(t *testing.T, first string, answers ...error) (env *shell.Env, turn shelltest.Turn, asked *[]string, done *bool) {
	t.Helper()
	env, l, turn := shelltest.NewEnv(t, memory.New())
	asked, done = new([]string), new(bool)
	l.Enrols = func(code string) error {
		*asked = append(*asked, code)
		return answers[len(*asked)-1]
	}
	shell.Enrol(env, look.Phone, first, func() { *done = true })
	return env, turn, asked, done
}

func says(env *shell.Env, text string) func() bool {
	return func() bool { return strings.Contains(test.RenderToMarkup(env.Window.Canvas()), text) }
}

func TestEnrolByScanner(t *testing.T) {
	env, turn, asked, done := page(t, "", fault.Errorf(fault.CodeUsed, ""), nil)
	entry := env.Window.Canvas().Focused()
	if entry == nil {
		t.Fatal("a scanner's keys would go nowhere")
	}
	env.Window.Canvas().Unfocus() // its caret blinks
	test.AssertRendersToMarkup(t, "enrol.xml", env.Window.Canvas())
	scan := func() {
		for _, r := range code {
			entry.TypedRune(r)
		}
		entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	}
	scan()
	turn.Until(t, "told", says(env, fault.CodeUsed.Sentence()))
	test.AssertRendersToMarkup(t, "enrol_used.xml", env.Window.Canvas())
	scan()
	turn.Until(t, "enrolled", func() bool { return *done })
	if len(*asked) != 2 || (*asked)[0] != "ABCDEFGH23456722" {
		t.Errorf("the server was asked %q", *asked)
	}
}

func TestEnrolByFlag(t *testing.T) {
	for name, answer := range map[string]error{"taken": nil, "already enrolled": link.ErrEnrolled} {
		_, turn, asked, done := page(t, code, answer)
		turn.Until(t, name, func() bool { return *done })
		if len(*asked) != 1 {
			t.Errorf("%s: the code was handed in %d times", name, len(*asked))
		}
	}
	env, turn, _, done := page(t, code, errors.New("connection refused"))
	turn.Until(t, "no network", says(env, "登记码还没有用掉"))
	if *done {
		t.Error("enrolled without a server")
	}
}

// The page of an erased device takes the place of its shell, whose Ctx ends.
func TestErasedDeviceShowsTheEnrolmentPage(t *testing.T) {
	env, l, turn, _ := shelltest.NewDevice(t, op.Kiosk)
	var inner *shell.Env
	over := 0
	shell.Life(env, func(e *shell.Env) { inner = e }, func() {
		over++
		shell.Enrol(env, look.Phone, "", func() {})
	})
	l.News()
	if inner.Ctx.Err() != nil || over != 0 {
		t.Fatal("news ended the shell of an enrolled device")
	}
	if err := l.Store.Wipe(nil); err != nil {
		t.Fatal(err)
	}
	l.Set(func(l *shelltest.Link) { l.Stand.Wiped = true })
	l.News()
	l.News()
	turn.Until(t, "the page", says(env, "未登记"))
	for len(turn) > 0 {
		(<-turn)()
	}
	if inner.Ctx.Err() == nil || env.Ctx.Err() != nil || over != 1 {
		t.Errorf("the shell ended: %v, the app: %v, %d times", inner.Ctx.Err(), env.Ctx.Err(), over)
	}
}
