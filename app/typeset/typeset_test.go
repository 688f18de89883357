package typeset

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// em measures as a typewriter does: Latin letters and spaces are half as wide.
func em(s string) float32 {
	width := float32(0)
	for _, r := range s {
		if r < 0x250 {
			width += 0.5
		} else {
			width++
		}
	}
	return width
}

// scaled is em at a size at which the tolerance is small against a character.
func scaled(s string) float32 { return 20 * em(s) }

func TestLines(t *testing.T) {
	for _, c := range []struct {
		text string
		em   float32
		want string
	}{
		{"请按张数发放", 3, "请按张|数发放"},
		{"请按张，数发放", 3, "请按|张，数|发放"},
		{"好（一二）三", 2, "好|（一|二）|三"},
		{"票，。》了", 4, "票，。》|了"},
		{"共 2017 张", 3.2, "共|2017|张"},
		{"向北沿码头街支路步行 240 米，左转", 12, "向北沿码头街支路步行|240 米，左转"},
		{"步行 1.2 公里，约 16 分钟", 8, "步行 1.2 公里，|约 16 分钟"},
		{"领取11月21日（周六）09:00至12:00", 11, "领取|11月21日（周六）09:00|至12:00"},
		{"12月5日（周六）19:30", 8, "12月5日（周六）|19:30"},
		{"Collect: Sat 21 Nov 09:00 to Thu 26 Nov 16:00.", 11, "Collect: Sat|21 Nov 09:00 to Thu|26 Nov 16:00."},
		{"ABCDEFGH", 2, "ABCD|EFGH"},
		{"一\n\n二", 9, "一||二"},
		{"", 9, ""},
	} {
		if got := strings.Join(Lines(c.text, c.em*20, scaled), "|"); got != c.want {
			t.Errorf("%q in %v characters breaks as %q, want %q", c.text, c.em, got, c.want)
		}
	}
}

func TestBalancedAndCut(t *testing.T) {
	if got := strings.Join(Balanced("打开我的票对准扫码口", 180, 10, scaled), "|"); got != "打开我的票|对准扫码口" {
		t.Errorf("balanced: %q", got)
	}
	for text, want := range map[string]string{"一二三四五六七八九十百": "一二三四五六七八|九十百", "今天 09:00 起您就可以来": "今天 09:00 起您就|可以来",
		"共 2017123456789012 张": "共|2017123456789012 张"} {
		if got := strings.Join(Unwidowed(text, 200, 10, scaled), "|"); got != want {
			t.Errorf("unwidowed: %q, want %q", got, want)
		}
	}
	if got := strings.Join(Cut([]string{"一二三四", "五六七八", "九"}, 2, 80, scaled), "|"); got != "一二三四|五六七…" {
		t.Errorf("cut: %q", got)
	}
	if got := Cut([]string{"一", "二"}, 0, 80, scaled); len(got) != 2 {
		t.Errorf("without a limit %q", got)
	}
}

// Whatever the text: nothing is lost, nothing sticks out, and no line begins with
// a closing sign, unless the sign's own word had to be taken apart.
func TestLinesOfAnything(t *testing.T) {
	alphabet := []rune("工会领取票，。、）》”：%（《“0123456789:-ABCxyz 年月日时今天明")
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom(alphabet), 0, 60, -1).Draw(t, "text")
		width := 20 * float32(rapid.IntRange(1, 30).Draw(t, "characters"))
		lines := Lines(text, width, scaled)
		if got, want := strings.ReplaceAll(strings.Join(lines, ""), " ", ""), strings.ReplaceAll(text, " ", ""); got != want {
			t.Fatalf("%q became %q", want, got)
		}
		widest := float32(0)
		for _, piece := range pieces(text, moment) {
			widest = max(widest, scaled(piece))
		}
		for i, line := range lines {
			if w := scaled(line); w > width+tolerance && utf8.RuneCountInString(line) > 1 {
				t.Fatalf("line %q is %v wide, at most %v fit", line, w, width)
			}
			first, _ := utf8.DecodeRuneInString(line)
			if i > 0 && widest <= width && strings.ContainsRune(closing, first) {
				t.Fatalf("%q in %v: line %q begins with a closing sign", text, width, line)
			}
		}
	})
}
