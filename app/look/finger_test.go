package look

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

func TestTheRestOfADoubleTapIsNotTaken(t *testing.T) {
	const ms = time.Millisecond
	start := time.Unix(1_800_000_000, 0)
	at := fyne.NewPos(500, 1800)
	for name, c := range map[string]struct {
		presses []press
		want    []bool
	}{
		"a page came up beneath the finger": {[]press{{start, at, "确认报名"}, {start.Add(200 * ms), at.AddXY(5, -9), "打印凭条"}}, []bool{true, false}},
		"tapped on and on":                  {[]press{{start, at, "签到"}, {start.Add(300 * ms), at, "返回"}, {start.Add(600 * ms), at, "返回"}}, []bool{true, false, false}},
		"the same key twice":                {[]press{{start, at, "8"}, {start.Add(100 * ms), at, "8"}}, []bool{true, true}},
		"the key beside it":                 {[]press{{start, at, "8"}, {start.Add(100 * ms), at.AddXY(38, 0), "9"}}, []bool{true, true}},
		"read first":                        {[]press{{start, at, "我要报名"}, {start.Add(400 * ms), at, "确认报名"}}, []bool{true, true}},
		"the clock was set back":            {[]press{{start, at, "我要报名"}, {start.Add(-time.Hour), at, "确认报名"}}, []bool{true, true}},
	} {
		var f fingers
		for i, p := range c.presses {
			if got := f.takes(p); got != c.want[i] {
				t.Errorf("%s: press %d taken: %v, want %v", name, i, got, c.want[i])
			}
		}
	}
}

// Only what a finger began counts: keys press as often as they like.
func TestAFingerOnTwoPagesTapsOnce(t *testing.T) {
	themed(t, Phone)
	before := screen
	t.Cleanup(func() { screen = before })
	screen = fingers{now: func() time.Time { return time.Unix(1_800_000_000, 0) }}
	var first, second int
	for _, b := range []*Button{NewButton(Phone, Main, "确认报名", func() { first++ }), NewButton(Phone, Main, "打印凭条", func() { second++ })} {
		b.MouseDown(&desktop.MouseEvent{})
		b.MouseUp(&desktop.MouseEvent{})
		b.Tapped(&fyne.PointEvent{AbsolutePosition: fyne.NewPos(9, 9)})
	}
	if first != 1 || second != 0 {
		t.Errorf("a double tap reached the first page %d times and the second %d times", first, second)
	}
	NewButton(Phone, Main, "打印凭条", func() { second++ }).TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	if second != 1 {
		t.Error("a key was taken for a finger")
	}
}
