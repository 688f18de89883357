package shell_test

import (
	"strings"
	"testing"

	"yizhan/app/device/sound"
	"yizhan/app/flow"
	"yizhan/app/flow/settings"
	"yizhan/app/look"
	"yizhan/app/say"
	"yizhan/app/shell"
	"yizhan/app/shell/shelltest"
	"yizhan/core/local/memory"
)

func listening(t *testing.T) (*shell.Env, func() string) {
	env, _, _ := shelltest.NewEnv(t, memory.New())
	ear := &sound.Ear{}
	env.Speaker = ear
	return env, func() string {
		heard := strings.Join(ear.Heard, "|")
		ear.Heard = nil
		return heard
	}
}

func TestOutcomesAreHeard(t *testing.T) {
	env, heard := listening(t)
	for _, tone := range []flow.Tone{flow.Plain, flow.Good, flow.Wait, flow.Bad} {
		env.Signal(tone)
	}
	env.Read(say.T("可以发放"))
	if got := heard(); got != "good|wait|bad" {
		t.Errorf("heard %q", got)
	}
	env.Choose(settings.SetSound{Sound: settings.Mute})
	env.Signal(flow.Bad)
	if got := heard(); got != "" {
		t.Errorf("a muted device is heard: %q", got)
	}
	env.Speaker = nil
	env.Signal(flow.Good) // a device without a speaker goes on
}

// 读给我听 reads a page once, and again when it has changed or something has happened.
func TestPagesAreReadOut(t *testing.T) {
	env, heard := listening(t)
	page := []say.Text{say.T("可以发放"), {}, say.T("票有效，请按张数发放。")}
	env.Choose(settings.SetSound{Sound: settings.Aloud})
	env.Read(page...)
	env.Read(page...)
	if got := heard(); got != "可以发放|票有效，请按张数发放。" {
		t.Errorf("heard %q", got)
	}
	env.Signal(flow.Good)
	env.Read(page...)
	if got := heard(); got != "good|可以发放|票有效，请按张数发放。" {
		t.Errorf("heard %q", got)
	}
	env.Choose(settings.SetLanguage{Name: settings.English})
	env.Read(page[2])
	if got := heard(); got != "The ticket is valid. Hand over as many as it says." {
		t.Errorf("heard %q", got)
	}
}

// What a visitor of a kiosk chose goes with them; what was kept stays.
func TestAVisitorsChoicesAreForgotten(t *testing.T) {
	env, _ := listening(t)
	drawn := 0
	env.OnSettings(func() { drawn++ })
	env.Keep(settings.SetPalette{Name: settings.Night})
	env.Choose(settings.SetPrint{Print: settings.Large})
	env.Choose(settings.SetLanguage{Name: settings.English})
	if s := env.Scale(look.KioskSizes); s.Palette != look.Night || s.Body != look.KioskSizes[1].Body || s.Language != look.English {
		t.Errorf("a visitor sees %+v", s)
	}
	if got := look.Say(say.T("今天")); got != "today" {
		t.Errorf("after the language was chosen the app says %q", got)
	}
	env.Forget()
	if s := env.Scale(look.KioskSizes); s.Palette != look.Night || s.Body != look.KioskSizes[0].Body || s.Language != look.Chinese {
		t.Errorf("the next one sees %+v", s)
	}
	env.Forget()
	if drawn != 4 {
		t.Errorf("drawn %d times, want once for each change", drawn)
	}
	if got := look.Say(say.T("今天")); got != "今天" {
		t.Errorf("the next visitor reads %q", got)
	}
}
