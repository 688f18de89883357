package device

import (
	"context"
	"errors"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"yizhan/app/device/qrread"
	"yizhan/core/qr"
)

// scene puts a code, or nothing, into the middle of a grey frame.
func scene(t testing.TB, text string, pixels int) *image.Gray {
	t.Helper()
	frame := image.NewGray(image.Rect(0, 0, 640, 480))
	for i := range frame.Pix {
		frame.Pix[i] = 120
	}
	if text == "" {
		return frame
	}
	code, err := qr.Image(text, pixels)
	if err != nil {
		t.Fatal(err)
	}
	x, y := (640-code.Rect.Dx())/2, (480-code.Rect.Dy())/2
	for row := range code.Rect.Dy() {
		copy(frame.Pix[(y+row)*frame.Stride+x:], code.Pix[row*code.Stride:row*code.Stride+code.Rect.Dx()])
	}
	return frame
}

// unplugged ends as a camera does whose cable is pulled out.
type unplugged struct{ film }

func (u *unplugged) Next(ctx context.Context) (*image.Gray, error) {
	if u.at == len(u.frames) {
		return nil, errors.New("no such device")
	}
	return u.film.Next(ctx)
}

// studio runs a camera with its own time; what it tells is written down.
type studio struct {
	*Camera
	time  time.Time
	steps int
	log   []string
	eye   Eye
}

// watch runs it for so many waits and gives the log: codes, and states by name.
func watch(open Opener, steps int) []string {
	ctx, cancel := context.WithCancel(context.Background())
	s := &studio{Camera: NewCamera(open), time: time.Unix(1000, 0)}
	s.now = func() time.Time { return s.time }
	s.wait = func(_ context.Context, d time.Duration) {
		s.time = s.time.Add(d)
		if s.steps++; s.steps == steps {
			cancel()
		}
	}
	s.take = func(c Scan) { s.log = append(s.log, c.Code) }
	s.Watch(func() {
		if now := s.Sight(); now.Eye != s.eye {
			s.eye = now.Eye
			s.log = append(s.log, []string{"shut", "waking", "live", "gone"}[now.Eye])
		}
	})
	s.run(ctx)
	return s.log
}

func TestVideoTestIsReadOnce(t *testing.T) {
	if got, want := watch(VideoTest, 60), []string{"waking", "live", "VIDEOTEST", "shut"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A camera that is unplugged is told once, and looked for until it is back.
func TestUnplugged(t *testing.T) {
	opened := 0
	got := watch(func() (Frames, error) {
		switch opened++; opened {
		case 1, 5:
			return &unplugged{film{frames: []*image.Gray{scene(t, "", 0), scene(t, ticketCode, 4), scene(t, ticketCode, 4)}}}, nil
		}
		return nil, errors.New("no such device")
	}, 12)
	if want := []string{"waking", "live", ticketCode, "gone", "live", ticketCode, "gone", "shut"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A counter that has no camera is not told that it lacks one.
func TestNoCamera(t *testing.T) {
	got := watch(func() (Frames, error) { return nil, errors.New("no such device") }, 5)
	if want := []string{"waking", "shut"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestPlay(t *testing.T) {
	dir := t.TempDir()
	for i, frame := range []*image.Gray{scene(t, "", 0), scene(t, ticketCode, 3), scene(t, otherCode, 3)} {
		f, err := os.Create(filepath.Join(dir, string(rune('a'+i))+".png"))
		if err == nil {
			err = errors.Join(png.Encode(f, frame), f.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := watch(Play(dir), 6), []string{"waking", "live", ticketCode, otherCode, ticketCode, otherCode, "shut"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := watch(Play(filepath.Join(dir, "b.png")), 100), []string{"waking", "live", ticketCode, "shut"}; !slices.Equal(got, want) {
		t.Errorf("one picture: %q, want %q", got, want)
	}
	for _, path := range []string{filepath.Join(dir, "missing"), filepath.Join(dir, "notes.txt"), t.TempDir()} {
		if _, err := Play(path)(); err == nil {
			t.Errorf("%s was opened", path)
		}
	}
}

// Open and Close in any order leave one goroutine at most, and no code afterwards.
func TestCameraOpenClose(t *testing.T) {
	c := NewCamera(VideoTest)
	for range 3 {
		codes := make(chan string)
		take := func(s Scan) {
			select {
			case codes <- s.Code:
			case <-t.Context().Done():
			}
		}
		c.Open(take)
		c.Open(take)
		if got := <-codes; got != "VIDEOTEST" {
			t.Errorf("read %q", got)
		}
		c.Close()
		c.Close()
	}
	c.Wait()
	if got := c.Sight(); got.Eye != Shut || got.Picture != nil {
		t.Errorf("after Close it sees %+v", got)
	}
}

// follow gives a gaze one frame after the other, with a period between.
func follow(g *gaze, at *time.Time, frame *image.Gray, times int) (codes []string, drawn int) {
	for range times {
		*at = at.Add(period)
		if g.frame(frame, *at) {
			drawn++
		}
		if g.code != "" {
			codes = append(codes, g.code)
		}
	}
	return codes, drawn
}

func TestGaze(t *testing.T) {
	var g gaze
	at := time.Unix(1000, 0)
	empty, one := scene(t, "", 0), scene(t, ticketCode, 4)
	far := qrread.Fit(one, 200) // what remains of a code across a room
	if codes, drawn := follow(&g, &at, empty, 80); len(codes) != 0 || drawn != 1 || !g.rests(at) {
		t.Errorf("an empty picture gave %q, was drawn %d times, rests %v", codes, drawn, g.rests(at))
	}
	if codes, drawn := follow(&g, &at, one, 200); !slices.Equal(codes, []string{ticketCode}) || drawn != 1 { // a phone that is put down
		t.Errorf("a code that is held gave %d codes and was drawn %d times", len(codes), drawn)
	}
	follow(&g, &at, empty, 4)
	if codes, _ := follow(&g, &at, one, 4); len(codes) != 0 {
		t.Errorf("a hand that trembles gave %d codes more", len(codes))
	}
	follow(&g, &at, empty, 20)
	if codes, _ := follow(&g, &at, one, 4); len(codes) != 1 {
		t.Errorf("the same code shown again gave %d codes", len(codes))
	}
	follow(&g, &at, empty, 20)
	if follow(&g, &at, far, 3); g.nearer {
		t.Error("asked to come nearer at once")
	}
	if codes, _ := follow(&g, &at, far, 30); len(codes) != 0 || !g.nearer {
		t.Errorf("a code that is too far away gave %q, and the hint is %v", codes, g.nearer)
	}
	if codes, _ := follow(&g, &at, one, 1); len(codes) != 1 || g.nearer {
		t.Errorf("near enough gave %d codes, and the hint is %v", len(codes), g.nearer)
	}
	follow(&g, &at, far, 30)
	rnd := rand.New(rand.NewPCG(1, 2))
	dark := image.NewGray(one.Rect)
	drawn := 0
	for range 80 { // a room at night, as a cheap sensor sees it
		for i := range dark.Pix {
			dark.Pix[i] = uint8(max(0, 60+8*rnd.NormFloat64()))
		}
		_, n := follow(&g, &at, dark, 1)
		drawn += n
	}
	if drawn > 2 || !g.rests(at) {
		t.Errorf("noise was drawn %d times, rests %v", drawn, g.rests(at))
	}
	follow(&g, &at, far, 30)
	if follow(&g, &at, empty, 20); g.nearer {
		t.Error("the hint stays when the code is gone")
	}
}
