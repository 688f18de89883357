package look

import (
	"testing"
	"testing/fstest"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"yizhan/app/say"
)

func TestTheAppSpeaksTwoLanguages(t *testing.T) {
	english := fstest.MapFS{"a.json": {Data: []byte(`{"%d 张": {"one": "%d ticket", "other": "%d tickets"}}`)},
		"b.json": {Data: []byte(`{"领取站点：%s": "Collect at %s"}`)}}
	defer func() {
		if err := Speak(Chinese, english); err != nil {
			t.Error(err)
		}
	}()
	for _, c := range []struct {
		language       string
		one, two, name string
		unknown        string
	}{
		{"en", "1 ticket", "2 tickets", "Collect at 仙桥站", "没有译文"},
		{"zh-Hans", "1 张", "2 张", "领取站点：仙桥站", "没有译文"},
	} {
		locale := Chinese
		if c.language == "en" {
			locale = English
		}
		if err := Speak(locale, english); err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string]string{Say(say.T("%d 张", 1)): c.one, Say(say.T("%d 张", 2)): c.two,
			Say(say.T("领取站点：%s", say.Plain("仙桥站"))): c.name, Say(say.T("没有译文")): c.unknown} {
			if text != want {
				t.Errorf("%s says %q, want %q", c.language, text, want)
			}
		}
	}
	if err := Speak(English, fstest.MapFS{"a.json": {Data: []byte("{")}}); err == nil {
		t.Error("broken translations are taken")
	}
}

// Fyne's dialogs follow: their words are Fyne's own.
func TestFynesOwnWords(t *testing.T) {
	for locale, want := range map[fyne.Locale]map[string]string{
		Chinese: {"Open": "打开", "Cancel": "取消", "Enter filename": "输入文件名", "Show Hidden Files": "显示隐藏的文件"},
		English: {"Open": "Open", "Cancel": "Cancel", "Enter filename": "Enter filename"}} {
		if err := Speak(locale, fstest.MapFS{}); err != nil {
			t.Fatal(err)
		}
		for word, text := range want {
			if got := lang.L(word); got != text {
				t.Errorf("%s: Fyne says %q, want %q", locale, got, text)
			}
		}
	}
	if err := Speak(Chinese, fstest.MapFS{}); err != nil {
		t.Error(err)
	}
}
