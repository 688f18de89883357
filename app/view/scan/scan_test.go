package scan

import (
	"image"
	"image/color"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"yizhan/app/device"
	"yizhan/app/look"
	"yizhan/assets"
)

// half is a picture whose left side is dark.
func half(w, h int) *image.Gray {
	g := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := w / 2; x < w; x++ {
			g.SetGray(x, y, color.Gray{Y: 200})
		}
	}
	return g
}

func TestView(t *testing.T) {
	theme, err := look.NewTheme(look.Kiosk, assets.Fonts)
	if err != nil {
		t.Fatalf("pictures need the bundled font, run `make fonts`: %v", err)
	}
	test.NewTempApp(t).Settings().SetTheme(theme)
	v := &View{Scale: look.Kiosk, Side: 640}
	picture := half(64, 36)
	for _, c := range []struct {
		name    string
		sight   device.Sight
		changed bool
		words   string // on screen
	}{
		{"shut", device.Sight{}, false, ""},
		{"waking", device.Sight{Eye: device.Waking}, true, ""},
		{"live", device.Sight{Eye: device.Live, Picture: picture}, true, "把二维码放进框里"},
		{"the same", device.Sight{Eye: device.Live, Picture: picture}, false, "把二维码放进框里"},
		{"the next picture", device.Sight{Eye: device.Live, Picture: half(64, 36)}, false, "把二维码放进框里"},
		{"nearer", device.Sight{Eye: device.Live, Picture: picture, Nearer: true}, true, "稍微靠近一点"},
		{"another shape", device.Sight{Eye: device.Live, Picture: half(64, 48), Nearer: true}, true, "稍微靠近一点"},
		{"unplugged", device.Sight{Eye: device.Gone}, true, "请用扫码枪或输入短码"},
		{"plugged in", device.Sight{Eye: device.Live, Picture: picture}, true, "把二维码放进框里"},
		{"closed", device.Sight{}, true, ""},
	} {
		if got := v.Draw(c.sight); got != c.changed {
			t.Errorf("%s: changed is %v", c.name, got)
		}
		o := v.Object()
		if (o == nil) != (c.words == "") {
			t.Fatalf("%s: the place holds %v", c.name, o)
		}
		if again := v.Object(); again != o {
			t.Errorf("%s: a second page gets another object", c.name)
		}
		if o == nil {
			continue
		}
		w := test.NewTempWindow(t, o)
		w.Resize(fyne.NewSize(1000, 700))
		if got := test.RenderToMarkup(w.Canvas()); !strings.Contains(got, c.words) {
			t.Errorf("%s: no %q in %s", c.name, c.words, got)
		}
	}
}

// A person who looks at the screen sees themselves as in a mirror.
func TestMirror(t *testing.T) {
	v := &View{}
	from := half(10, 2)
	if v.turned(from) != image.Image(from) {
		t.Error("turned without need")
	}
	v.Mirror = true
	if to := v.turned(from).(*image.Gray); to.GrayAt(0, 1).Y != 200 || to.GrayAt(9, 1).Y != 0 {
		t.Errorf("left is %d and right is %d", to.GrayAt(0, 1).Y, to.GrayAt(9, 1).Y)
	}
}
