package paper

import (
	"errors"
	"image"
	"image/color"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"yizhan/app/escpos"
	"yizhan/app/say"
	"yizhan/assets"
	"yizhan/core/qr"
)

// chinese is the language of slips that are not translated.
func chinese(key string, _ int) string { return key }

func bundled(t *testing.T) *Fonts {
	t.Helper()
	fonts, err := LoadFonts(assets.Fonts, nil)
	if err != nil {
		t.Fatalf("these tests need the bundled font, run `make fonts`: %v", err)
	}
	return fonts
}

// code is as long as a ticket from a lease may be, so that its symbol has version 13.
var code = "2KCEV" + strings.Repeat("A7", 238)

// slip has all that a slip may have, in long real words.
func slip(kind Kind) Slip {
	return Slip{Kind: kind, Deployment: say.T("驿站"), Here: say.Plain("仙桥街道职工服务站"), Title: say.Plain("“劳动者之夜”新春电影专场观影券（含亲子场）"),
		Lines: []Line{
			{say.T("数量"), say.T("%d 张", 2)},
			{say.T("场次"), say.Plain("12月5日（周六）19:30")},
			{say.T("领取地点"), say.Plain("科园区爱心驿站（创业大街与科技三路交叉口东北角地铁站 B 出口旁），科技三路 9 号")},
			{say.T("领取时间"), say.Plain("11月28日（周六）09:00 至 12月2日（周三）16:00，每天 09:00–16:00")},
			{say.T("持票人"), say.Plain("欧阳*娜")},
		},
		Notes: []say.Text{say.T("请在领取时间内到领取地点出示二维码；扫不出来，就报上面的短码。"), say.T("咨询电话：%s", "100-0000-0018")},
		Code:  code, Short: "01008", Printed: say.T("%s 打印", "2026-11-21 14:05")}
}

func drawn(t *testing.T, s Slip, dots int) *escpos.Bitmap {
	t.Helper()
	b, err := Draw(s, dots, bundled(t), chinese)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Codes of every size are read from the paper, on both widths.
func TestCodeIsRead(t *testing.T) {
	for _, dots := range []int{Narrow, Wide} {
		for _, text := range []string{code, code[:180], "A"} {
			s := slip(Ticket)
			s.Code = text
			if got, err := qr.Read(drawn(t, s, dots)); err != nil || got != text {
				t.Errorf("a code of %d characters on %d dots is read as %q, %v", len(text), dots, got, err)
			}
		}
	}
	s := slip(Ticket)
	s.Code = code + code
	if _, err := Draw(s, Narrow, bundled(t), chinese); err == nil {
		t.Error("a code that is too long was drawn")
	}
}

// Somebody may write a novel into a title: the slip stays a slip.
func TestLongTexts(t *testing.T) {
	s := slip(Ticket)
	long := say.Plain(strings.Repeat("很长的名称", 400))
	s.Title, s.Here, s.Notes = long, long, []say.Text{long, long}
	for i := range s.Lines {
		s.Lines[i].Text = long
	}
	b := drawn(t, s, Narrow)
	if b.Height > 3600 {
		t.Errorf("the slip is %d mm long", b.Height/8)
	}
	if got, err := qr.Read(b); err != nil || got != s.Code {
		t.Errorf("the code is read as %q, %v", got, err)
	}
}

// A name with a character that no font has still shows that there is one.
func TestPrintable(t *testing.T) {
	p := newPage(Narrow, 0, bundled(t))
	for text, want := range map[string]string{"欧阳*娜": "欧阳*娜", "票🎬": "票〓", "a\tb\n\u200dc\x00": "a b\nc", "é": "é", "e\u0301": "e", "㑇𬭛": "㑇𬭛"} {
		if got := p.printable(text); got != want {
			t.Errorf("%q is set as %q, want %q", text, got, want)
		}
	}
}

func TestMap(t *testing.T) {
	s := slip(Ticket)
	plain := drawn(t, s, Wide)
	street := image.NewGray(image.Rect(10, 20, 410, 220))
	for i := range street.Pix {
		street.Pix[i] = 0xee
	}
	for x := 10; x < 410; x++ {
		for y := 100; y < 110; y++ {
			street.SetGray(x, y, color.Gray{Y: 40})
		}
	}
	s.Map = street
	mapped := drawn(t, s, Wide)
	if black(mapped)-black(plain) < 500*10 || mapped.Height-plain.Height < 270 || mapped.Height-plain.Height > 330 {
		t.Errorf("the map adds %d rows and %d dots", mapped.Height-plain.Height, black(mapped)-black(plain))
	}
	s.Map = image.NewGray(image.Rectangle{})
	drawn(t, s, Wide)
}

func black(b *escpos.Bitmap) int {
	n := 0
	for y := range b.Height {
		for x := range b.Width {
			if b.Black(x, y) {
				n++
			}
		}
	}
	return n
}

func TestDrawRefuses(t *testing.T) {
	for _, dots := range []int{0, 100, 5000} {
		if _, err := Draw(slip(Ticket), dots, bundled(t), chinese); !errors.Is(err, ErrWidth) {
			t.Errorf("%d dots: %v", dots, err)
		}
	}
	if _, err := Draw(slip(Way+1), Narrow, bundled(t), chinese); err == nil {
		t.Error("an unknown kind was drawn")
	}
}

// A build without the bundled fonts takes the system's, or says what to install.
func TestFonts(t *testing.T) {
	none := fstest.MapFS{"fonts/README.md": {}}
	if _, err := LoadFonts(none, none); !errors.Is(err, ErrNoFont) {
		t.Errorf("no font at all: %v", err)
	}
	if _, err := LoadFonts(fstest.MapFS{regularFile: {Data: []byte("x")}, boldFile: {Data: []byte("x")}}, none); err == nil || !strings.Contains(err.Error(), "NotoSansSC") {
		t.Errorf("a damaged font: %v", err)
	}
	system, err := LoadFonts(none, os.DirFS("/"))
	if err != nil {
		t.Fatalf("`make deps` installs fonts-noto-cjk: %v", err)
	}
	b, err := Draw(slip(Ticket), Narrow, system, chinese)
	if err != nil || black(b) < black(drawn(t, slip(Ticket), Narrow))*9/10 {
		t.Errorf("with the system's fonts the slip is emptier: %v", err)
	}
}
