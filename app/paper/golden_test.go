package paper

import (
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"yizhan/app/escpos"
	"yizhan/app/say"
)

var update = flag.Bool("update", false, "write golden slips anew: look at each before committing it")

// english is a language in which every text is longer.
func english(key string, _ int) string {
	if words, ok := map[string]string{"驿站": "Yizhan", "领票凭证": "Ticket", "凭此码领取，请妥善保管": "Collect with this code; keep it safe",
		"预约受理凭条": "Request received", "不代表已取得名额": "This is not a ticket: no place is assured", "数量": "Number", "%d 张": "%d tickets",
		"场次": "Session", "领取地点": "Collect at", "领取时间": "Collect on", "持票人": "Holder", "%s 打印": "Printed %s", "咨询电话：%s": "Questions: call %s",
		"请在领取时间内到领取地点出示二维码；扫不出来，就报上面的短码。": "Come to the place above at the time above, and show the QR code; if it cannot be scanned, read out the short code.",
	}[key]; ok {
		return words
	}
	return key
}

// Slips look as they were looked at. The font comes from the system's package, so a
// newer version of it may move a few dots.
func TestGoldenSlips(t *testing.T) {
	provisional := slip(Provisional)
	provisional.Code, provisional.Short = "", ""
	mapped := slip(Ticket)
	mapped.Code, mapped.Map = code[:180], sketch()
	for name, c := range map[string]struct {
		slip  Slip
		dots  int
		words say.Words
	}{
		"ticket-58":         {slip(Ticket), Narrow, chinese},
		"ticket-80-map":     {mapped, Wide, chinese},
		"ticket-58-english": {slip(Ticket), Narrow, english},
		"provisional-58":    {provisional, Narrow, chinese},
		"provisional-80":    {provisional, Wide, english},
		"refusal-58":        {Slip{Kind: Refusal, Title: say.Plain("观影券"), Notes: provisional.Notes}, Narrow, chinese},
		"receipt-58":        {Slip{Kind: HandOver, Title: say.Plain("观影券"), Lines: provisional.Lines[:1], Short: "FZZZZZZZZZZZZX"}, Narrow, chinese},
	} {
		got, err := Draw(c.slip, c.dots, bundled(t), c.words)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name+".png")
		if *update {
			write(t, path, got)
		}
		want := read(t, path)
		if want.Bounds() != got.Bounds() {
			t.Errorf("%s is %v, want %v (-update writes it anew)", name, got.Bounds().Max, want.Bounds().Max)
			continue
		}
		differ := 0
		for y := range got.Height {
			for x := range got.Width {
				if grey := color.GrayModel.Convert(want.At(x, y)).(color.Gray); (grey.Y == 0) != got.Black(x, y) {
					differ++
				}
			}
		}
		if differ*100 > got.Width*got.Height {
			t.Errorf("%s: %d of %d dots differ (-update writes it anew)", name, differ, got.Width*got.Height)
		}
	}
}

// sketch is a map of two streets and a place.
func sketch() image.Image {
	m := image.NewGray(image.Rect(0, 0, 300, 200))
	for y := range 200 {
		for x := range 300 {
			c := uint8(0xf0)
			if y > 90 && y < 100 || x > 140 && x < 150 || (x-200)*(x-200)+(y-60)*(y-60) < 100 {
				c = 0x20
			}
			m.SetGray(x, y, color.Gray{Y: c})
		}
	}
	return m
}

func write(t *testing.T, path string, b *escpos.Bitmap) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, b); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}
