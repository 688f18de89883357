// Package settings is what people choose about the app itself: size of print,
// colours, language, sound. A phone keeps the choice; a kiosk forgets it with its visitor.
package settings

import (
	"encoding/json"
	"fmt"

	"yizhan/app/say"
	"yizhan/core/local"
)

// Print is the size of print.
type Print uint8

// Prints: Large and Largest are 长辈版.
const (
	Standard Print = iota
	Large
	Largest
)

// Sound is what is to be heard.
type Sound uint8

// Sounds: a short one for each outcome; also each page read out as it opens; none.
const (
	Signals Sound = iota
	Aloud
	Mute
)

// Palettes and languages by their stored names. The first of each is also the empty one.
const (
	Light    = "light"
	Night    = "night"
	Contrast = "contrast"

	Chinese = "zh"
	English = "en"
)

// Values is what is chosen. The zero value is how a new device looks.
type Values struct {
	Print    Print  `json:"print,omitempty"`
	Palette  string `json:"palette,omitempty"`  // one of the names above; an unknown one is Light
	Language string `json:"language,omitempty"` // one of the names above; an unknown one is Chinese
	Sound    Sound  `json:"sound,omitempty"`
}

// Message is SetPrint, SetPalette, SetLanguage or SetSound.
type Message interface{ message() }

type (
	// SetPrint chooses the size of print.
	SetPrint struct{ Print Print }
	// SetPalette chooses the colours by name.
	SetPalette struct{ Name string }
	// SetLanguage chooses the language by name.
	SetLanguage struct{ Name string }
	// SetSound chooses what is to be heard.
	SetSound struct{ Sound Sound }
)

func (SetPrint) message()    {}
func (SetPalette) message()  {}
func (SetLanguage) message() {}
func (SetSound) message()    {}

// Update gives the next values.
func (v Values) Update(m Message) Values {
	switch m := m.(type) {
	case SetPrint:
		v.Print = min(m.Print, Largest)
	case SetPalette:
		v.Palette = m.Name
	case SetLanguage:
		v.Language = m.Name
	case SetSound:
		v.Sound = min(m.Sound, Mute)
	}
	return v
}

// Option is one way to choose.
type Option struct {
	Text, Note say.Text
	Chosen     bool
	Send       Message
}

// Group is options of which one is chosen.
type Group struct {
	Label   say.Text
	Options []Option
}

// Groups is the page of settings, from top to bottom.
func (v Values) Groups() []Group {
	return []Group{
		{say.T("字号"), []Option{
			{say.T("标准"), say.Text{}, v.Print == Standard, SetPrint{Standard}},
			{say.T("大字（长辈版）"), say.T("字和按钮都更大"), v.Print == Large, SetPrint{Large}},
			{say.T("特大字"), say.T("最大的字"), v.Print == Largest, SetPrint{Largest}}}},
		{say.T("颜色"), []Option{
			{say.T("标准"), say.Text{}, v.Palette != Night && v.Palette != Contrast, SetPalette{Light}},
			{say.T("夜间"), say.T("暗处不刺眼"), v.Palette == Night, SetPalette{Night}},
			{say.T("高对比"), say.T("黑底白字，看得更清"), v.Palette == Contrast, SetPalette{Contrast}}}},
		{say.T("语言"), []Option{
			{say.Plain("中文"), say.Text{}, v.Language != English, SetLanguage{Chinese}},
			{say.Plain("English"), say.Text{}, v.Language == English, SetLanguage{English}}}},
		{say.T("声音"), []Option{
			{say.T("提示音"), say.Text{}, v.Sound == Signals, SetSound{Signals}},
			{say.T("读给我听"), say.T("打开一页就读出来"), v.Sound == Aloud, SetSound{Aloud}},
			{say.T("静音"), say.Text{}, v.Sound == Mute, SetSound{Mute}}}},
	}
}

// Toggle is a switch.
type Toggle struct {
	Text say.Text
	On   bool
	Send Message // turns it over
}

// Toggles is the small row of a kiosk, for its visitor.
func (v Values) Toggles() []Toggle {
	large, contrast, aloud, language := SetPrint{Large}, SetPalette{Contrast}, SetSound{Aloud}, say.Plain("English")
	next := SetLanguage{English}
	if v.Print != Standard {
		large.Print = Standard
	}
	if v.Palette == Contrast {
		contrast.Name = Light
	}
	if v.Sound == Aloud {
		aloud.Sound = Signals
	}
	if v.Language == English {
		next.Name, language = Chinese, say.Plain("中文")
	}
	return []Toggle{
		{say.T("大字"), v.Print != Standard, large},
		{say.T("高对比"), v.Palette == Contrast, contrast},
		{language, false, next},
		{say.T("读给我听"), v.Sound == Aloud, aloud},
	}
}

// meta is where a device keeps its values; before there were settings, a phone kept 长辈版 alone.
const (
	meta      = "settings"
	metaLarge = "phone.large"
)

// Read gives the values that a device keeps.
func Read(s local.Store) (v Values, err error) {
	stored, err := s.Meta(meta)
	if err != nil {
		return v, fmt.Errorf("read settings: %w", err)
	}
	if stored == nil {
		large, err := s.Meta(metaLarge)
		if len(large) > 0 {
			v.Print = Large
		}
		return v, err
	}
	if err := json.Unmarshal(stored, &v); err != nil {
		return Values{}, fmt.Errorf("read settings: %w", err)
	}
	return v, nil
}

// Keep stores the values.
func Keep(s local.Store, v Values) error {
	body, err := json.Marshal(v)
	if err == nil {
		err = s.SetMeta(map[string][]byte{meta: body})
	}
	if err != nil {
		return fmt.Errorf("keep settings: %w", err)
	}
	return nil
}
