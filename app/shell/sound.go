package shell

import (
	"reflect"

	"yizhan/app/device/sound"
	"yizhan/app/flow"
	"yizhan/app/flow/settings"
	"yizhan/app/look"
	"yizhan/app/say"
)

// Signal plays the sound of an outcome, unless people want none.
func (e *Env) Signal(t flow.Tone) {
	signal, ok := map[flow.Tone]sound.Signal{flow.Good: sound.Good, flow.Wait: sound.Wait, flow.Bad: sound.Bad}[t]
	if ok && e.Settings().Sound != settings.Mute {
		e.speaker().Play(signal)
		e.Taste.read = nil // an outcome is read out again, even where it is the same
	}
}

// Read is for a page that opens or changes: with 读给我听 its texts are read out,
// once as long as they are the same.
func (e *Env) Read(page ...say.Text) {
	if e.Settings().Sound == settings.Aloud && !reflect.DeepEqual(page, e.Taste.read) {
		e.Aloud(page...)
	}
}

// Aloud reads texts out because somebody pressed for it, also where sounds are off.
func (e *Env) Aloud(page ...say.Text) {
	e.Taste.read = page
	language := settings.Chinese
	if e.Settings().Language == settings.English {
		language = settings.English
	}
	var phrases []sound.Phrase
	for _, t := range page {
		if !t.Empty() {
			phrases = append(phrases, sound.Phrase{Language: language, Text: look.Say(t)})
		}
	}
	e.speaker().Say(phrases...)
}

// Hush ends what is being read out: its reader has gone.
func (e *Env) Hush() {
	e.Taste.read = nil
	e.speaker().Hush()
}

func (e *Env) speaker() sound.Speaker {
	if e.Speaker == nil {
		return sound.Silence{}
	}
	return e.Speaker
}
