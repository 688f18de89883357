package keyboard

import (
	"flag"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"

	"yizhan/app/flow/ime"
	"yizhan/app/look"
	"yizhan/assets"
)

var pictures = flag.String("pictures", "", "write pictures of the keyboards into this `folder`")

// board is a keyboard with its text and its flow, in a window of a width.
type board struct {
	*Keyboard
	t     *testing.T
	scale look.Scale
	state ime.State
	text  string
	over  bool
	page  fyne.CanvasObject
}

func app(t *testing.T, s look.Scale) {
	t.Helper()
	theme, err := look.NewTheme(s, assets.Fonts)
	if err != nil {
		t.Fatalf("pictures need the bundled font, run `make fonts`: %v", err)
	}
	test.NewTempApp(t).Settings().SetTheme(theme)
}

func open(t *testing.T, s look.Scale, width float32) *board {
	t.Helper()
	app(t, s)
	text, err := fs.ReadFile(assets.Pinyin, "pinyin/words.txt")
	if err != nil {
		t.Fatalf("these tests need the words, run `make pinyin`: %v", err)
	}
	words, err := ime.Load(string(text))
	if err != nil {
		t.Fatal(err)
	}
	b := &board{t: t, scale: s, state: ime.New(words, Room(s, width))}
	b.Keyboard = New(s, b.got)
	b.page = b.Object()
	b.Draw(b.state)
	b.page.Resize(fyne.NewSize(width, b.page.(look.Fluid).HeightFor(width)))
	return b
}

func (b *board) got(m ime.Message) {
	var do ime.Do
	b.state, do = b.state.Update(m)
	b.text, b.over = do.To(b.text, 60), b.over || do.Done
	b.Draw(b.state)
	b.page.Resize(fyne.NewSize(b.page.Size().Width, b.page.(look.Fluid).HeightFor(b.page.Size().Width)))
}

// touch taps the key or candidate of that text.
func (b *board) touch(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		var found *look.Tap
		look.Walk(b.page, func(o fyne.CanvasObject) {
			if tap, ok := o.(*look.Tap); ok && reads(tap) == text && found == nil {
				found = tap
			}
		})
		if found == nil {
			b.t.Fatalf("there is no key %s", text)
		}
		found.Tapped(nil)
	}
}

func reads(o fyne.CanvasObject) (text string) {
	look.Walk(o, func(o fyne.CanvasObject) { text += look.Reads(o) })
	return text
}

func (b *board) letters(text string) { b.touch(strings.Split(text, "")...) }

func TestTyping(t *testing.T) {
	b := open(t, look.Kiosk, 1080)
	b.letters("kongtiaohuaile")
	b.touch("空调坏了", "，", "中/英", "↑", "A", "中/英", "符号", "3", "字母")
	b.letters("loulengqi")
	b.touch("删除", "分隔", "q", "i", "空格", "。", "完成")
	if want := "空调坏了，A3漏冷起起。"; !strings.HasPrefix(b.text, "空调坏了，A3") || !strings.HasSuffix(b.text, "。") || !b.over {
		t.Errorf("the text reads %q (%v), want like %q", b.text, b.over, want)
	}
	for range 60 {
		b.touch("删除")
	}
	if b.text != "" {
		t.Errorf("after deleting it reads %q", b.text)
	}
}

func TestCandidatesAreLeafedThrough(t *testing.T) {
	b := open(t, look.Kiosk, 1080)
	b.letters("yi")
	first, before := b.state.Candidates()[0], reads(b.page)
	b.touch("▶")
	if b.state.Page != 1 || strings.Contains(before, "◀") || !strings.Contains(reads(b.page), "◀▶") {
		t.Fatalf("page %d", b.state.Page)
	}
	b.touch("◀", first)
	if b.text != first || b.state.Typed != "" {
		t.Errorf("the text reads %q", b.text)
	}
}

// Gloved fingers: no key of a kiosk is under 60 dp, in any size and turned either
// way, and every candidate has its place inside the row.
func TestSizes(t *testing.T) {
	for _, size := range look.KioskSizes {
		for _, width := range []float32{1080, 1920} {
			b := open(t, size, width)
			for _, typed := range []string{"", "yi", "qingwenzaifuwuzhanlingqudianyingpiao"} {
				b.state, _ = b.state.Update(ime.Reset{})
				for _, r := range typed {
					b.got(ime.Key{Rune: r})
				}
				driver := fyne.CurrentApp().Driver()
				look.Walk(b.page, func(o fyne.CanvasObject) {
					tap, ok := o.(*look.Tap)
					if !ok {
						return
					}
					at, got := driver.AbsolutePositionForObject(tap), tap.Size()
					if got.Width < 60 || got.Height < 60 || at.X < 0 || at.X+got.Width > width+1 {
						t.Errorf("%q on %v dp: key %s has %v at %v", typed, width, reads(tap), got, at)
					}
				})
			}
		}
	}
}

// Pads say what was touched, and nothing else.
func TestPads(t *testing.T) {
	app(t, look.Kiosk)
	for name, c := range map[string]struct {
		pad  func(look.Scale, func(ime.Message)) fyne.CanvasObject
		keys string
	}{"numbers": {Numbers, "1234567890"}, "initials": {Initials, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}} {
		var got []ime.Message
		pad := c.pad(look.Kiosk, func(m ime.Message) { got = append(got, m) })
		pad.Resize(fyne.NewSize(1000, pad.(look.Fluid).HeightFor(1000)))
		typed := map[string]bool{}
		look.Walk(pad, func(o fyne.CanvasObject) {
			if tap, ok := o.(*look.Tap); ok {
				if size := tap.Size(); size.Width < 60 || size.Height < 60 {
					t.Errorf("%s: key %s has %v", name, reads(tap), size)
				}
				tap.Tapped(nil)
				if key, ok := got[len(got)-1].(ime.Key); ok {
					typed[string(key.Rune)] = true
				}
			}
		})
		if len(got) != len(c.keys)+2 || len(typed) != len(c.keys) {
			t.Errorf("%s: %d keys say %v", name, len(got), got)
		}
	}
}

func TestPoor(t *testing.T) {
	b := open(t, look.Kiosk, 1080)
	b.state = ime.New(ime.Characters(), 20)
	b.drawn = false
	b.Draw(b.state)
	if !strings.Contains(reads(b.page), "词库不在") {
		t.Error("nobody is told that words are missing")
	}
}

// TestPictures writes what people see, to be looked at.
func TestPictures(t *testing.T) {
	if *pictures == "" {
		t.Skip("give -pictures FOLDER to write them")
	}
	for name, s := range map[string]look.Scale{"kiosk": look.Kiosk, "large": look.KioskSizes[2], "contrast": look.Kiosk.In(look.Contrast), "night": look.Kiosk.In(look.Night)} {
		b := open(t, s, 1080)
		b.shot(name+"-rest", b.page, 1080)
		b.letters("yizhan")
		b.shot(name+"-word", b.page, 1080)
		b.got(ime.Reset{})
		b.letters("qingwenzaifuwuzhanlingqudianyingpiao")
		b.shot(name+"-sentence", b.page, 1080)
		b.got(ime.Reset{})
		b.touch("符号")
		b.shot(name+"-signs", b.page, 1080)
		b.shot(name+"-numbers", Numbers(s, b.got), 700)
		b.shot(name+"-initials", Initials(s, b.got), 1000)
	}
}

func (b *board) shot(name string, o fyne.CanvasObject, width float32) {
	c := software.NewCanvas()
	c.SetPadded(false)
	c.SetContent(o)
	c.Resize(fyne.NewSize(width, o.(look.Fluid).HeightFor(width)))
	f, err := os.Create(filepath.Join(*pictures, name+".png"))
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, c.Capture()); err != nil {
		b.t.Fatal(err)
	}
}
