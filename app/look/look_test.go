package look

import (
	"image"
	"image/color"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"yizhan/app/flow"
	"yizhan/assets"
	"yizhan/core/qr"
)

func luminance(c color.NRGBA) float64 {
	part := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.03928 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B)
}

func contrast(a, b color.NRGBA) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestContrast(t *testing.T) {
	if c := contrast(rgb(0), rgb(0xffffff)); math.Abs(c-21) > 0.01 {
		t.Fatalf("black on white is %.2f, want 21: the measure is wrong", c)
	}
	for _, palette := range Palettes() {
		least := 4.5
		if palette.Name == Contrast.Name {
			least = 7
		}
		for _, p := range palette.Pairs() {
			want := least
			if p.Sign {
				want = 3
			}
			if c := contrast(p.Text, p.On); c < want {
				t.Errorf("%s, %s: contrast %.2f, want at least %v", palette.Name, p.Name, c, want)
			}
		}
	}
}

func TestEveryColourOfAPaletteIsSet(t *testing.T) {
	for _, palette := range Palettes() {
		v := reflect.ValueOf(palette)
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Errorf("%s has no %s", palette.Name, v.Type().Field(i).Name)
			}
		}
		for _, tone := range []Tone{flow.Plain, flow.Good, flow.Wait, flow.Bad} {
			for _, other := range []Tone{flow.Plain, flow.Good, flow.Wait, flow.Bad} {
				if a, b := palette.Shade(tone), palette.Shade(other); tone != other && (a.Fill == b.Fill || a.OnSoft == b.OnSoft) {
					t.Errorf("%s: tones %d and %d have one colour", palette.Name, tone, other)
				}
			}
		}
	}
}

func TestScales(t *testing.T) {
	for name, sizes := range map[string]Sizes{"kiosk": KioskSizes, "phone": PhoneSizes, "staff": StaffSizes} {
		for i, s := range sizes {
			if s.Button < 44 || s.Small < 14 {
				t.Errorf("%s %d is too small: %+v", name, i, s)
			}
			if i > 0 && (s.Small < 18 || s.Button < 60 || s.Body <= sizes[i-1].Body) {
				t.Errorf("长辈版 %d of the %s is too small: %+v", i, name, s)
			}
		}
		if sizes[2].Body < 30 {
			t.Errorf("the %s does not grow to 30 dp", name)
		}
	}
	if Kiosk.Body < 24 || Kiosk.Title < 40 || Kiosk.Button < 60 {
		t.Errorf("the kiosk is too small: %+v", Kiosk)
	}
	half, whole := reflect.ValueOf(Kiosk.Times(0.5)), reflect.ValueOf(Kiosk)
	for i := range half.NumField() {
		if half.Field(i).Kind() != reflect.Float32 {
			continue
		}
		if got, want := half.Field(i).Float(), whole.Field(i).Float()/2; got != want {
			t.Errorf("%s is %v at half size, want %v", half.Type().Field(i).Name, got, want)
		}
	}
}

// Lines stand at least 1.3 times their size apart, whatever the font.
func TestLineSpacing(t *testing.T) {
	for _, th := range []*Theme{themed(t, Phone), {Scale: Phone}} {
		test.NewTempApp(t).Settings().SetTheme(th)
		for _, em := range []float32{10, 14, 23, 30, 128} {
			text := NewText("一二三四", Style{Em: em})
			if one, two := text.HeightFor(4.1*em), text.HeightFor(2.1*em); two-one < 1.3*em {
				t.Errorf("at %v dp a second line takes %v", em, two-one)
			}
		}
	}
}

func themed(t *testing.T, s Scale) *Theme {
	t.Helper()
	th, err := NewTheme(s, assets.Fonts)
	if err != nil {
		t.Fatalf("these tests need the bundled font, run `make fonts`: %v", err)
	}
	test.NewTempApp(t).Settings().SetTheme(th)
	return th
}

func TestThemeWithoutFonts(t *testing.T) {
	th, err := NewTheme(Phone, fstest.MapFS{"fonts/README.md": {Data: []byte("x")}})
	if err == nil {
		t.Error("missing fonts are not reported")
	}
	if th.Font(fyne.TextStyle{}) != theme.DefaultTheme().Font(fyne.TextStyle{}) {
		t.Error("without fonts the theme has no font to fall back on")
	}
	th = themed(t, Phone).With(Large)
	if th.Size(theme.SizeNameText) != Large.Body || th.Font(fyne.TextStyle{Bold: true}).Name() != "NotoSansSC-Bold.otf" {
		t.Error("another scale lost its size or its font")
	}
}

func TestLines(t *testing.T) {
	themed(t, Phone)
	for _, c := range []struct {
		text string
		em   float32 // widths are in characters
		want string
	}{
		{"请按张数发放", 3, "请按张|数发放"},
		{"请按张，数发放", 3, "请按|张，数|发放"},
		{"好（一二）三", 2, "好|（一|二）|三"},
		{"票，。》了", 4, "票，。》|了"},
		{"共 2017 张", 3.2, "共|2017|张"},
		{"电话100-0000-0018", 8, "电话|100-0000-0018"},
		{"ABCDEFGHIJKLMNOPQRSTUVWXYZ", 5, ""},
		{"科园一路1号", 5, "科园一路|1号"},
		{"一\n二", 9, "一|二"},
		{"", 9, ""},
		{"领取11月21日（周六）09:00至12:00", 11, "领取|11月21日（周六）09:00|至12:00"},
		{"一二三四五六七八九十百", 10, "一二三四五六七八|九十百"},
		{"一二三四五六七八九十", 9, "一二三四五六七|八九十"},
		{"今天 09:00 起可以来了", 9, "今天 09:00 起可|以来了"},
		{"领取今天 09:00 开始", 5, "领取|今天 09:00|开始"},
	} {
		text := NewText(c.text, Style{Em: 20, Colour: Phone.Ink})
		lines := text.wrap(c.em * 20)
		if c.want != "" && strings.Join(lines, "|") != c.want {
			t.Errorf("%q in %v characters breaks as %q, want %q", c.text, c.em, strings.Join(lines, "|"), c.want)
		}
		if strings.ReplaceAll(strings.Join(lines, ""), " ", "") != strings.NewReplacer(" ", "", "\n", "").Replace(c.text) {
			t.Errorf("%q lost characters: %q", c.text, lines)
		}
		for _, line := range lines {
			if w := text.measure(line); c.want == "" && w > c.em*20+0.5 {
				t.Errorf("line %q is %v wide, want at most %v", line, w, c.em*20)
			}
		}
	}
}

func TestCutAndCentredLines(t *testing.T) {
	themed(t, Phone)
	cut := NewText("一二三四五六七八九十", Style{Em: 20, Max: 2}).wrap(80)
	if got := strings.Join(cut, "|"); got != "一二三四|五六七…" {
		t.Errorf("cut to two lines: %q", got)
	}
	even := NewText("打开我的票对准扫码口", Style{Em: 20, Align: fyne.TextAlignCenter}).wrap(9 * 20)
	if got := strings.Join(even, "|"); got != "打开我的票|对准扫码口" {
		t.Errorf("centred lines: %q", got)
	}
}

// A box is as high as what is in it, and gives each child its own place.
func TestBoxes(t *testing.T) {
	themed(t, Phone)
	long := NewText(strings.Repeat("字", 30), Style{Em: 20, Colour: Phone.Ink})
	line := long.lineHeight()
	column := Column(10, long, Space(40))
	if got := heightFor(column, 200); got != 3*line+50 {
		t.Errorf("column is %v high, want %v", got, 3*line+50)
	}
	if got := heightFor(Pad(5, 50, column), 300); got != 3*line+60 {
		t.Errorf("padded column is %v high", got)
	}
	row := Row(10, 0, long, Fixed(50, 30, Space(1)))
	if got := heightFor(row, 260); got != 3*line {
		t.Errorf("row is %v high, want %v", got, 3*line)
	}
	top, bottom := Space(30), Space(20)
	body := NewScroll(column)
	frame := Frame(top, body, bottom)
	frame.Resize(fyne.NewSize(200, 100))
	if body.Position().Y != 30 || body.Size() != fyne.NewSize(200, 50) || bottom.Position().Y != 80 {
		t.Errorf("frame put the body at %v %v", body.Position(), body.Size())
	}
	body.SetOffset(1e6)
	if got, want := body.Offset(), 3*line+50-50; got != want {
		t.Errorf("scrolled to %v, want the end at %v", got, want)
	}
	body.pane.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(0, 30)})
	if got := body.Offset(); got != 3*line-30 {
		t.Errorf("a finger moved it to %v", got)
	}
	body.SetOffset(-5)
	if body.Offset() != 0 {
		t.Error("scrolled above the top")
	}
}

// Whatever room it gets, every module has the same whole number of pixels, with
// the quiet zone around, and the picture can be read.
func TestQR(t *testing.T) {
	text := "2KCEV" + strings.Repeat("A7", 100)
	modules, err := qr.Bitmap(text)
	if err != nil {
		t.Fatal(err)
	}
	n := len(modules) + 2*quiet
	for _, side := range []int{n, 200, 340, 511, 1000} {
		img := drawQR(modules, side, side+7).(*image.Gray)
		step := side / n
		left, top := (side-len(modules)*step)/2, (side+7-len(modules)*step)/2
		for y := range side + 7 {
			for x := range side {
				i, j := x-left, y-top
				dark := i >= 0 && j >= 0 && i/step < len(modules) && j/step < len(modules) && modules[j/step][i/step]
				if (img.GrayAt(x, y).Y == 0) != dark {
					t.Fatalf("side %d: pixel %d,%d is wrong", side, x, y)
				}
			}
		}
		if got, err := qr.Read(img); step >= 3 && (err != nil || got != text) {
			t.Errorf("side %d reads %q, %v", side, got, err)
		}
	}
	for _, p := range drawQR(modules, n-1, n-1).(*image.Gray).Pix {
		if p != 0xff {
			t.Fatal("too small to be read, and yet something is drawn")
		}
	}
}

func TestButtonsAndTaps(t *testing.T) {
	themed(t, Phone)
	taps := 0
	count := func() { taps++ }
	for _, kind := range []Kind{Main, Second, Dead} {
		b := NewButton(Phone, kind, "抢票", count)
		if b.MinSize().Height < 44 {
			t.Errorf("button %d is %v high", kind, b.MinSize().Height)
		}
		test.Tap(b)
	}
	if taps != 2 {
		t.Errorf("%d taps arrived, want 2: a dead button does nothing", taps)
	}
	dead := NewButton(Phone, Dead, "抢票", count)
	dead.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	if taps != 2 {
		t.Error("a dead button takes a key")
	}
	option := Phone.Option("一站", "地址", true, count)
	if h := heightFor(option, 300); h < Phone.Button {
		t.Errorf("an option is %v high", h)
	}
	test.Tap(option.(fyne.Tappable))
	if taps != 3 {
		t.Error("an option cannot be tapped")
	}
}

// A scanner types into the window whatever has the focus; only Space presses.
func TestFocusedButtonsLeaveTheScannerAlone(t *testing.T) {
	themed(t, Phone)
	taps, typed, keys := 0, "", 0
	for name, o := range map[string]fyne.CanvasObject{"button": NewButton(Phone, Main, "抢票", func() { taps++ }), "tap": NewTap(Space(60), func() { taps++ })} {
		taps, typed, keys = 0, "", 0
		window := test.NewTempWindow(t, o)
		window.Canvas().SetOnTypedRune(func(r rune) { typed += string(r) })
		window.Canvas().SetOnTypedKey(func(*fyne.KeyEvent) { keys++ })
		window.Canvas().Focus(o.(fyne.Focusable))
		for _, r := range "2K CE" {
			window.Canvas().Focused().TypedRune(r)
		}
		window.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
		if taps != 0 || typed != "2KCE" || keys != 1 {
			t.Errorf("%s: a scanner gave %d taps, %q and %d keys", name, taps, typed, keys)
		}
		window.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
		if taps != 1 {
			t.Errorf("%s: Space does not press", name)
		}
	}
}

// A finger shows, and is forgotten when it leaves, so that nothing stays pressed.
func TestPressedIsShown(t *testing.T) {
	themed(t, Phone)
	b := NewButton(Phone, Main, "抢票", nil)
	b.MouseDown(nil)
	if b.back.FillColor != Phone.Pressed {
		t.Error("a pressed button looks as before")
	}
	b.MouseOut()
	if b.back.FillColor != Phone.Brand {
		t.Error("the finger has left and the button is still down")
	}
	b.FocusGained()
	if b.ring.StrokeWidth == 0 {
		t.Error("the focus cannot be seen")
	}
}

func TestListScrollsByFingerAndForgetsTheFocus(t *testing.T) {
	themed(t, Phone)
	tapped := -1
	l := NewList(60, 1000, func(i int) fyne.CanvasObject { return Phone.Text(strings.Repeat("名", i%9+1)) }, func(i int) { tapped = i })
	window := test.NewTempWindow(t, l)
	window.SetPadded(false)
	window.Resize(fyne.NewSize(300, 600))
	l.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(0, -90)})
	if l.Offset() != 90 {
		t.Errorf("a finger moved it to %v, want 90", l.Offset())
	}
	test.TapCanvas(window.Canvas(), fyne.NewPos(100, 20))
	if tapped < 1 || window.Canvas().Focused() != nil {
		t.Errorf("row %d was tapped, and %v has the focus", tapped, window.Canvas().Focused())
	}
}

func TestGridGivesOneHeightPerRow(t *testing.T) {
	themed(t, Phone)
	a, b, c := Space(40), Space(60), Space(10)
	grid := Grid(2, 10, a, b, c)
	if h := heightFor(grid, 210); h != 80 {
		t.Errorf("a grid of two rows is %v high, want 80", h)
	}
	grid.Resize(fyne.NewSize(210, 80))
	if a.Size() != fyne.NewSize(100, 60) || b.Position() != fyne.NewPos(110, 0) || c.Position() != fyne.NewPos(0, 70) {
		t.Errorf("placed %v %v, %v, %v", a.Size(), a.Position(), b.Position(), c.Position())
	}
}

// A countdown says its second, and a page has only the ways on that it was given.
func TestPageAndIdleBanner(t *testing.T) {
	themed(t, Kiosk)
	stayed := false
	idle := NewIdle(Kiosk, func() { stayed = true })
	page, scroll := Kiosk.Page(Page{Title: "活动", Back: func() {}, Staff: func() {}, Low: true, Banner: idle, Body: Space(3000)})
	window := test.NewTempWindow(t, page)
	window.SetPadded(false)
	window.Resize(fyne.NewSize(1080, 1920))
	idle.Set(20, 60)
	shown := test.RenderToMarkup(window.Canvas())
	for text, want := range map[string]bool{"还有 20 秒回到首页": true, "找工作人员": true, "返回": true, "完成并清除": false, "读给我听": false} {
		if strings.Contains(shown, text) != want {
			t.Errorf("%q is on the page: %v", text, !want)
		}
	}
	idle.Set(-1, 60)
	if !strings.Contains(test.RenderToMarkup(window.Canvas()), "还有 0 秒") || idle.ring.arc.EndAngle != 0 {
		t.Error("the countdown goes below zero")
	}
	if scroll == nil {
		t.Fatal("a long page does not scroll")
	}
	test.TapCanvas(window.Canvas(), fyne.NewPos(960, 1920-104*1.25-100))
	if !stayed {
		t.Error("继续 cannot be tapped")
	}
}
