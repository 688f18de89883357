package ime

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// touches reads a script: letters are keys, and signs the other touches.
func touches(s State, script string) (State, string) {
	text := ""
	for _, r := range script {
		var m Message = Key{r}
		switch r {
		case '_':
			m = Space{}
		case '<':
			m = Backspace{}
		case '=':
			m = Enter{}
		case '1', '2', '3', '4', '5', '6', '7', '8':
			m = Pick{int(r - '1')}
		case '>':
			m = Leaf{1}
		case '^':
			m = Shift{}
		case '%':
			m = Language{}
		case '#':
			m = More{}
		case '!':
			m = Reset{}
		}
		var do Do
		s, do = s.Update(m)
		text = do.To(text, 30)
	}
	return s, text
}

func TestTyping(t *testing.T) {
	d := words(t)
	for script, want := range map[string]string{
		"nihao_":              "你好",
		"nihao1":              "你好",
		"nihao=":              "nihao",   // the letters themselves
		"nihao<<<hao_":        "你好",      // a letter too many
		"nihao_<":             "你",       // and then a character too many
		"gonghui_dianying_":   "工会电影",    //
		"xi'an_":              "西安",      //
		"%ni^hao_x":           "niHao x", // English
		"%ni%nihao_":          "ni你好",    //
		"nihao%":              "nihao",   // nothing typed is lost
		"nihao，":              "你好，",     // a sign ends the word
		"nihao_。":             "你好。",     //
		"vvv_":                "vvv",     // no pinyin
		"_":                   " ",       //
		"'":                   "'",       // nothing to separate
		"#（%":                 "（",       //
		"#@#nihao_":           "@你好",     //
		"nihao!hao_":          "好",       // the person has left
		"jintianxuyaoweixiu_": "今天需要维修",
	} {
		if s, got := touches(New(d, 20), script); got != want {
			t.Errorf("%s writes %q, want %q (composing %q)", script, got, want, s.Typed)
		}
	}
}

// A word of the first syllables leaves the others to be composed.
func TestPickAPart(t *testing.T) {
	s, _ := touches(New(words(t), 20), "nihaoma")
	for n, c := range s.Candidates() {
		if c == "你" {
			s, do := s.Update(Pick{n})
			if do.Insert != "你" || s.Typed != "haoma" || s.Page != 0 || len(s.Candidates()) == 0 {
				t.Errorf("writes %q and composes %q", do.Insert, s.Typed)
			}
			return
		}
	}
	s, _ = s.Update(Leaf{1})
	if len(s.Candidates()) == 0 {
		t.Fatal("one page of candidates only")
	}
	s, do := s.Update(Pick{0})
	if !strings.HasSuffix("nihaoma", s.Typed) || s.Typed == "nihaoma" || do.Insert == "" {
		t.Errorf("writes %q and composes %q", do.Insert, s.Typed)
	}
}

// A text that is full takes no more, and a page no more than fits.
func TestRoom(t *testing.T) {
	if got := (Do{Insert: "工会会员"}).To("我是", 4); got != "我是工会" {
		t.Errorf("a full text reads %q", got)
	}
	if got := (Do{Delete: true}).To("", 4); got != "" {
		t.Errorf("nothing less one is %q", got)
	}
	s, _ := touches(New(words(t), 12), "gonghuihuiyuandedianyingpiao")
	for range s.Pages() {
		used := 0
		for _, c := range s.Candidates() {
			used += len([]rune(c)) + 1
		}
		if used > 12 && len(s.Candidates()) > 1 || used == 0 {
			t.Errorf("page %d has %q", s.Page, s.Candidates())
		}
		s, _ = s.Update(Leaf{1})
	}
}

func TestPages(t *testing.T) {
	s, _ := touches(New(words(t), 20), "yi")
	if s.Pages() < 3 || len(s.Candidates()) != 10 {
		t.Fatalf("%d pages of %d", s.Pages(), len(s.Candidates()))
	}
	first := s.Candidates()[0]
	s, _ = s.Update(Leaf{-1})
	if s.Page != 0 {
		t.Error("there is a page before the first")
	}
	for range 100 {
		s, _ = s.Update(Leaf{1})
	}
	if s.Page != s.Pages()-1 || len(s.Candidates()) == 0 || s.Candidates()[0] == first {
		t.Errorf("page %d of %d", s.Page, s.Pages())
	}
	if s, _ = s.Update(Key{'n'}); s.Page != 0 {
		t.Error("another letter stays on a late page")
	}
}

// Whatever is touched, letters are either composed or written, and at the end of it
// nothing of them is kept.
func TestAnyTouches(t *testing.T) {
	d := words(t)
	rapid.Check(t, func(t *rapid.T) {
		s, _ := touches(New(d, 20), rapid.StringMatching(`[a-z'_<=1-8>^%#，@]{0,60}`).Draw(t, "touches"))
		if s.Page < 0 || s.Page > max(0, s.Pages()-1) || len(s.Typed) > maxTyped || s.Mode != Chinese && s.Typed != "" {
			t.Fatalf("%+v", s)
		}
		if s, do := s.Update(Reset{}); s.Typed != "" || len(s.Candidates()) != 0 || do != (Do{}) {
			t.Fatalf("after a reset: %+v, %+v", s, do)
		}
	})
}
