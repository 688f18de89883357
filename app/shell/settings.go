package shell

import (
	"fyne.io/fyne/v2"

	"yizhan/app/flow/settings"
	"yizhan/app/look"
	"yizhan/app/say"
	"yizhan/assets"
)

// Taste is how people want the app to look and sound, shared by the shells of one window.
type Taste struct {
	now     settings.Values
	spoken  bool // the language was chosen once
	changed func()
	read    []say.Text // the page that was read out last
}

// Settings is what is chosen now.
func (e *Env) Settings() settings.Values { return e.Taste.now }

// Scale gives the sizes and colours to draw with now.
func (e *Env) Scale(of look.Sizes) look.Scale {
	v := e.Settings()
	s := of[min(int(v.Print), len(of)-1)]
	for _, p := range look.Palettes() {
		if p.Name == v.Palette {
			s.Palette = p
		}
	}
	s.Language = look.Locale(v.Language)
	return s
}

// OnSettings has fn called on the UI goroutine whenever something else is chosen:
// it draws everything anew. The last caller is the one who is called.
func (e *Env) OnSettings(fn func()) { e.Taste.changed = fn }

// Choose takes a choice for the present visitor; the device forgets it with Forget.
func (e *Env) Choose(m settings.Message) { e.apply(e.Settings().Update(m)) }

// Keep takes a choice for good. The page changes even where it cannot be stored.
func (e *Env) Keep(m settings.Message) {
	v := e.Settings().Update(m)
	if err := settings.Keep(e.Store, v); err != nil {
		fyne.LogError("settings stay until the app ends", err)
	}
	e.apply(v)
}

// Forget goes back to what the device keeps.
func (e *Env) Forget() {
	v, err := settings.Read(e.Store)
	if err != nil {
		fyne.LogError("standard settings are used", err)
	}
	e.apply(v)
}

func (e *Env) apply(v settings.Values) {
	if v == e.Taste.now && e.Taste.spoken {
		return
	}
	e.Taste.now, e.Taste.spoken, e.Taste.read = v, true, nil
	if v.Sound != settings.Aloud {
		e.speaker().Hush()
	}
	if err := look.Speak(look.Locale(v.Language), assets.English); err != nil {
		fyne.LogError("choose language", err)
	}
	if e.Taste.changed != nil {
		e.Taste.changed()
	}
}
