package device

import (
	"errors"
	"image"
	"os"
	"path/filepath"
	"testing"

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
		f, size, ok := choose(func(f format) []webcam.FrameSize { return c.offers[f] })
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
