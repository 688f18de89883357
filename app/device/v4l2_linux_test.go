package device

import (
	"errors"
	"image"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/blackjack/webcam"
)

func fixed(w, h uint32) webcam.FrameSize {
	return webcam.FrameSize{MinWidth: w, MaxWidth: w, MinHeight: h, MaxHeight: h}
}

func TestChoose(t *testing.T) {
	for name, c := range map[string]struct {
		offers map[format][]webcam.FrameSize
		format format
		size   image.Point
	}{
		"raw and JPEG alike":       {map[format][]webcam.FrameSize{mjpg: {fixed(1920, 1080), fixed(1280, 720)}, yuyv: {fixed(640, 480), fixed(1280, 720)}}, yuyv, image.Pt(1280, 720)},
		"JPEG where raw is small":  {map[format][]webcam.FrameSize{mjpg: {fixed(1920, 1080), fixed(1280, 720)}, yuyv: {fixed(640, 480)}}, mjpg, image.Pt(1280, 720)},
		"4:3":                      {map[format][]webcam.FrameSize{yuyv: {fixed(320, 240), fixed(1280, 960), fixed(1280, 720)}}, yuyv, image.Pt(1280, 960)},
		"only larger ones":         {map[format][]webcam.FrameSize{mjpg: {fixed(3840, 2160), fixed(1920, 1080)}}, mjpg, image.Pt(1920, 1080)},
		"any size":                 {map[format][]webcam.FrameSize{grey: {{MinWidth: 48, MaxWidth: 1921, StepWidth: 2, MinHeight: 32, MaxHeight: 1081, StepHeight: 8}}}, grey, image.Pt(1280, 720)},
		"any size, but small ones": {map[format][]webcam.FrameSize{grey: {{MinWidth: 50, MaxWidth: 401, StepWidth: 100, MinHeight: 32, MaxHeight: 300, StepHeight: 1}}}, grey, image.Pt(350, 300)},
		"unknown formats":          {map[format][]webcam.FrameSize{fourCC("H264"): {fixed(1280, 720)}}, 0, image.Point{}},
	} {
		f, size, ok := choose(formats, func(f format) []webcam.FrameSize { return c.offers[f] })
		if f != c.format || size != c.size || ok != (c.format != 0) {
			t.Errorf("%s: %s at %v, %v; want %s at %v", name, f, size, ok, c.format, c.size)
		}
	}
}

func TestNoSuchCamera(t *testing.T) {
	path := filepath.Join(t.TempDir(), "video0")
	if _, err := V4L2(path)(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("opening nothing: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := V4L2(path)(); err == nil {
		t.Error("an empty file is a camera")
	}
}

// TestRealCamera takes frames of a camera in every format that it offers; all have to
// show the same. With CAMERA_DRIVER, the folder of its driver in sysfs, and
// CAMERA_NAME in that, it pulls the camera out of the driver and puts it back.
func TestRealCamera(t *testing.T) {
	path := os.Getenv("CAMERA")
	if path == "" {
		t.Skip("set CAMERA to the path of a V4L2 device to run it; docs/SCANNING.md says how to run it without one")
	}
	var first *image.Gray
	for _, f := range formats {
		c, err := openV4L2(path, f)
		if err != nil {
			t.Logf("%s: %v", f, err)
			continue
		}
		var frame *image.Gray
		began := time.Now()
		for range 10 {
			if frame, err = c.Next(t.Context()); err != nil {
				t.Fatalf("%s: %v", f, err)
			}
		}
		t.Logf("%s: ten frames of %v in %v", f, frame.Rect.Size(), time.Since(began))
		if frame.Rect.Size() != c.size {
			t.Errorf("%s: %v, asked for %v", f, frame.Rect.Size(), c.size)
		}
		kept := image.NewGray(frame.Rect)
		for y := range frame.Rect.Dy() {
			copy(kept.Pix[y*kept.Stride:(y+1)*kept.Stride], frame.Pix[y*frame.Stride:])
		}
		if first == nil {
			first = kept
		}
		if r := alike(first, kept); r < 0.97 {
			t.Errorf("%s: shows something else than the first format: correlation %.3f", f, r)
		}
		if err := c.Close(); err != nil {
			t.Errorf("%s: close: %v", f, err)
		}
	}
	if first == nil {
		t.Fatal("no format was taken")
	}
	pullOut(t, path)
}

// alike is the correlation of two pictures over some points: formats have blacks and
// whites of their own.
func alike(a, b *image.Gray) float64 {
	var n, sa, sb, saa, sbb, sab float64
	for y := 5; y < a.Rect.Dy(); y += 31 {
		for x := 5; x < a.Rect.Dx(); x += 31 {
			p, q := float64(a.GrayAt(x, y).Y), float64(b.GrayAt(x, y).Y)
			n, sa, sb, saa, sbb, sab = n+1, sa+p, sb+q, saa+p*p, sbb+q*q, sab+p*q
		}
	}
	return (n*sab - sa*sb) / math.Sqrt((n*saa-sa*sa)*(n*sbb-sb*sb))
}

// pullOut runs the camera as the counter does, through an unplugging.
func pullOut(t *testing.T, path string) {
	driver, name := os.Getenv("CAMERA_DRIVER"), os.Getenv("CAMERA_NAME")
	if driver == "" {
		return
	}
	tell := func(file string) {
		if err := os.WriteFile(filepath.Join(driver, file), []byte(name), 0); err != nil {
			t.Error(err)
		}
	}
	c := NewCamera(V4L2(path))
	news := make(chan Eye, 1024)
	c.Watch(func() {
		select {
		case news <- c.Sight().Eye:
		default:
		}
	})
	until := func(want Eye) {
		for deadline := time.After(time.Minute); ; {
			select {
			case got := <-news:
				if got == want {
					return
				}
			case <-deadline:
				t.Fatalf("state %d never came", want)
			}
		}
	}
	c.Open(func(Scan) {})
	until(Live)
	tell("unbind")
	until(Gone)
	tell("bind")
	until(Live)
	c.Close()
	c.Wait()
	t.Log("pulled out and put back: it works again")
}
