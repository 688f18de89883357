package settings

import (
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"

	"yizhan/app/flow/settings"
	"yizhan/app/look"
	"yizhan/app/shell/shelltest"
	"yizhan/assets"
)

var pictures = flag.String("pictures", "", "write pictures of the settings into this `folder`")

// The settings can be read and touched in every size and palette, in both languages.
func TestSheetAndToggles(t *testing.T) {
	theme, err := look.NewTheme(look.Phone, assets.Fonts)
	if err != nil {
		t.Fatalf("pictures need the bundled font, run `make fonts`: %v", err)
	}
	app := test.NewTempApp(t)
	defer func() {
		if err := look.Speak(look.Chinese, assets.English); err != nil {
			t.Error(err)
		}
	}()
	for i, palette := range look.Palettes() {
		for _, language := range []string{settings.Chinese, settings.English} {
			if err := look.Speak(look.Locale(language), assets.English); err != nil {
				t.Fatal(err)
			}
			v := settings.Values{Print: settings.Print(i), Palette: palette.Name, Language: language, Sound: settings.Aloud}
			phone, kiosk := look.PhoneSizes[i].In(palette), look.KioskSizes[i].In(palette)
			app.Settings().SetTheme(theme.With(phone))
			none := func(settings.Message) {}
			draw(t, fmt.Sprintf("sheet-%s-%s", palette.Name, language), 412, phone, Sheet(phone, v, none))
			draw(t, fmt.Sprintf("toggles-%s-%s", palette.Name, language), 1080, kiosk, Toggles(kiosk, v, none))
		}
	}
}

func draw(t *testing.T, name string, width float32, s look.Scale, o fyne.CanvasObject) {
	t.Helper()
	page := look.Fill(s.Ground, 0, look.Pad(s.Pad, s.Pad, o))
	page.Resize(fyne.NewSize(width, page.(look.Fluid).HeightFor(width)))
	shelltest.Targets(t, name, page, s)
	if *pictures == "" {
		return
	}
	c := software.NewCanvas()
	c.SetPadded(false)
	size := page.Size()
	c.SetContent(page)
	c.Resize(size)
	f, err := os.Create(filepath.Join(*pictures, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, c.Capture()); err != nil {
		t.Fatal(err)
	}
}

// Every tap sends the message of its option.
func TestTapsAreSent(t *testing.T) {
	theme, err := look.NewTheme(look.Phone, assets.Fonts)
	if err != nil {
		t.Fatalf("this test needs the bundled font, run `make fonts`: %v", err)
	}
	test.NewTempApp(t).Settings().SetTheme(theme)
	var sent []settings.Message
	sheet := Sheet(look.Phone, settings.Values{}, func(m settings.Message) { sent = append(sent, m) })
	sheet.Resize(fyne.NewSize(400, 2000))
	tapAll(sheet)
	if len(sent) != 11 || sent[1] != (settings.SetPrint{Print: settings.Large}) || sent[10] != (settings.SetSound{Sound: settings.Mute}) {
		t.Errorf("sent %+v", sent)
	}
}

func tapAll(o fyne.CanvasObject) {
	if tap, ok := o.(*look.Tap); ok {
		test.Tap(tap)
		return
	}
	if w, ok := o.(fyne.Widget); ok {
		for _, inner := range test.WidgetRenderer(w).Objects() {
			tapAll(inner)
		}
	}
}
