package settings

import (
	"testing"

	"yizhan/core/local/memory"
)

func TestEveryOptionIsChosenByItsMessage(t *testing.T) {
	for i, g := range (Values{}).Groups() {
		for j, o := range g.Options {
			v := Values{Print: Largest, Palette: Night, Language: English, Sound: Aloud}.Update(o.Send)
			for k, now := range v.Groups()[i].Options {
				if now.Chosen != (k == j) {
					t.Errorf("after %q of %q, %q is chosen: %v", o.Text, g.Label, now.Text, now.Chosen)
				}
			}
		}
	}
}

func TestTogglesTurnOverAndBack(t *testing.T) {
	for i, toggle := range (Values{}).Toggles() {
		v := Values{}.Update(toggle.Send)
		if v == (Values{}) {
			t.Errorf("%q does nothing", toggle.Text)
		}
		back := v.Update(v.Toggles()[i].Send)
		if len(back.Groups()) == 0 || back.Print != Standard || back.Palette == Contrast || back.Language == English || back.Sound != Signals {
			t.Errorf("%q cannot be turned back: %+v", toggle.Text, back)
		}
	}
}

func TestValuesAreKept(t *testing.T) {
	s := memory.New()
	if v, err := Read(s); err != nil || v != (Values{}) {
		t.Errorf("a new device has %+v, %v", v, err)
	}
	if err := s.SetMeta(map[string][]byte{metaLarge: {1}}); err != nil {
		t.Fatal(err)
	}
	if v, err := Read(s); err != nil || v.Print != Large {
		t.Errorf("长辈版 of version 0.1 became %+v, %v", v, err)
	}
	want := Values{Largest, Contrast, English, Aloud}
	if err := Keep(s, want); err != nil {
		t.Fatal(err)
	}
	if v, err := Read(s); err != nil || v != want {
		t.Errorf("kept %+v, read %+v, %v", want, v, err)
	}
	kept, err := s.Meta(meta)
	if golden := `{"print":2,"palette":"contrast","language":"en","sound":1}`; err != nil || string(kept) != golden {
		t.Errorf("kept as %s, want %s: devices in the field hold the old form", kept, golden)
	}
	if err := s.SetMeta(map[string][]byte{meta: []byte("{")}); err != nil {
		t.Fatal(err)
	}
	if v, err := Read(s); err == nil || v != (Values{}) {
		t.Errorf("broken settings read as %+v, %v", v, err)
	}
}
