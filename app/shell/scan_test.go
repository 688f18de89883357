package shell_test

import (
	"context"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"yizhan/app/device"
	"yizhan/app/look"
	"yizhan/app/shell"
	"yizhan/app/shell/shelltest"
	"yizhan/core/local/memory"
	"yizhan/core/qr"
)

// cable is a camera whose cable the test pulls and plugs in.
type cable struct {
	in    atomic.Bool
	frame *image.Gray
}

func (c *cable) open() (device.Frames, error) {
	if !c.in.Load() {
		return nil, errors.New("no such device")
	}
	return c, nil
}

// Next implements device.Frames.
func (c *cable) Next(ctx context.Context) (*image.Gray, error) {
	if !c.in.Load() {
		return nil, errors.New("no such device")
	}
	return c.frame, ctx.Err()
}

func (c *cable) Close() error { return nil }

type reading struct {
	*testing.T
	env   *shell.Env
	turn  shelltest.Turn
	scan  *shell.Scanning
	scans []device.Scan
}

func newReading(t *testing.T, camera *device.Camera) *reading {
	env, _, turn := shelltest.NewEnv(t, memory.New())
	env.Camera = camera
	p := &reading{T: t, env: env, turn: turn}
	p.open()
	t.Cleanup(func() { p.scan.Close() })
	return p
}

func (p *reading) open() {
	p.scan = p.env.Scan(func(c device.Scan) { p.scans = append(p.scans, c) })
}

// next waits for a code and gives it.
func (p *reading) next(what string) device.Scan {
	p.Helper()
	p.turn.Until(p.T, what, func() bool { return len(p.scans) > 0 })
	first := p.scans[0]
	p.scans = p.scans[1:]
	return first
}

func (p *reading) until(eye device.Eye) {
	p.Helper()
	p.turn.Until(p.T, "camera changes", func() bool { return p.scan.Sight().Eye == eye })
}

func (p *reading) keys(text string) {
	for _, r := range text {
		p.env.Window.Canvas().OnTypedRune()(r)
	}
	p.env.Window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyReturn})
}

// A camera that is pulled out while a page scans leaves the wedge scanner at work,
// and is taken up again when it is back.
func TestCameraIsPulledOut(t *testing.T) {
	frame, err := qr.Image("HELD INTO THE CAMERA", 6)
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{frame: frame}
	c.in.Store(true)
	p := newReading(t, device.NewCamera(c.open))
	watched := 0
	p.scan.Watch(func() { watched++ })
	if got := p.next("camera reads"); got.Code != "HELD INTO THE CAMERA" || got.From != device.FromCamera {
		t.Errorf("the camera gave %+v", got)
	}
	p.until(device.Live)
	c.in.Store(false)
	p.until(device.Gone)
	p.keys("WEDGE SCANNER")
	if got := p.next("wedge reads"); got.Code != "WEDGE SCANNER" || got.From != device.FromKeys {
		t.Errorf("the wedge gave %+v", got)
	}
	c.in.Store(true)
	p.until(device.Live)
	p.next("camera reads again")
	if watched == 0 {
		t.Error("nobody was told that the picture changed")
	}
	p.scan.Close()
	p.until(device.Shut)
}

func TestEveryWayIn(t *testing.T) {
	p := newReading(t, nil)
	p.keys("WEDGE SCANNER")
	if got := p.next("wedge"); got.From != device.FromKeys {
		t.Errorf("%+v", got)
	}
	p.scan.Type(" 2k7x ")
	if got := p.next("typing"); got.From != device.FromTyping || got.Code != "2k7x" {
		t.Errorf("%+v", got)
	}
	img, err := qr.Image("FROM A FILE", 4)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "code.png")
	f, err := os.Create(path)
	if err == nil {
		err = errors.Join(png.Encode(f, img), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	p.scan.File(path)
	if got := p.next("picture"); got.From != device.FromPicture || got.Code != "FROM A FILE" || got.Err != nil {
		t.Errorf("%+v", got)
	}
	p.scan.File(path + ".missing")
	if got := p.next("missing picture"); got.Err == nil {
		t.Errorf("%+v", got)
	}
	if s := p.scan.Sight(); s.Eye != device.Shut {
		t.Errorf("no camera, but %+v", s)
	}
}

// A scanner without an end key, or one whose Tab moves the focus, and a page that
// follows another.
func TestSilenceAndTheNextPage(t *testing.T) {
	p := newReading(t, nil)
	began := time.Now()
	p.env.Now = time.Now // silence is real
	for _, r := range "NO END KEY AT ALL" {
		p.env.Window.Canvas().OnTypedRune()(r)
	}
	field := widget.NewEntry()
	p.env.Window.SetContent(field)
	p.env.Window.Canvas().Focus(field)
	if got := p.next("silence"); got.Code != "NO END KEY AT ALL" || got.At.Before(began) {
		t.Errorf("%+v", got)
	}
	if p.env.Window.Canvas().Focused() != nil {
		t.Error("the next scan would go into the field")
	}
	first := p.scan
	p.open()
	first.Type("for the page before")
	first.Close()
	p.keys("FOR THIS PAGE")
	if got := p.next("this page"); got.Code != "FOR THIS PAGE" || len(p.scans) != 0 {
		t.Errorf("%+v and %d more", got, len(p.scans))
	}
	p.scan.Close()
	if c := p.env.Window.Canvas(); c.OnTypedRune() != nil || c.OnTypedKey() != nil {
		t.Error("keys are listened to after Close")
	}
}

// A new kiosk has no keyboard: it is enrolled by holding the code into its camera.
func TestEnrolByCamera(t *testing.T) {
	const invitation = "AAAABBBBCCCCDDDDEEEEFFFF"
	frame, err := qr.Image(invitation, 6)
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{frame: frame}
	c.in.Store(true)
	env, l, turn := shelltest.NewEnv(t, memory.New())
	env.Camera = device.NewCamera(c.open)
	var handed atomic.Value
	l.Enrols = func(code string) error {
		handed.Store(code)
		return nil
	}
	enrolled := false
	shell.Enrol(env, look.Kiosk, "", func() { enrolled = true })
	turn.Until(t, "the camera's picture is shown", func() bool {
		return strings.Contains(test.RenderToMarkup(env.Window.Canvas()), "把二维码放进框里")
	})
	turn.Until(t, "enrolled", func() bool { return enrolled })
	if handed.Load() != invitation {
		t.Errorf("handed in %q", handed.Load())
	}
	turn.Until(t, "the camera is shut", func() bool { return env.Camera.Sight().Eye == device.Shut })
}
