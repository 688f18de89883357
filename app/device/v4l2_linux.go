package device

import (
	"context"
	"errors"
	"fmt"
	"image"
	"path/filepath"

	"github.com/blackjack/webcam"
	"golang.org/x/sys/unix"
)

// What is asked of a camera. Two buffers keep pictures fresh: a frame that waits is
// at most two of the camera's periods old when the newest is taken.
const (
	wantWidth  = 1280
	wantHeight = 720
	tallest    = 960 // 1280×960 is as good
	buffers    = 2
	rate       = 10 // frames a second, where the camera lets itself be told
	patient    = 4  // seconds without a frame before a camera is given up
)

// V4L2 opens a camera by its path; "" takes the first that gives pictures.
func V4L2(path string) Opener {
	return func() (Frames, error) {
		if path != "" {
			return frames(openV4L2(path, formats...))
		}
		all, _ := filepath.Glob("/dev/video*") // the pattern is good
		err := errors.New("open camera: there is none")
		for _, path := range all {
			var c *v4l2
			if c, err = openV4L2(path, formats...); err == nil {
				return c, nil
			}
		}
		return nil, err
	}
}

func frames(c *v4l2, err error) (Frames, error) {
	if err != nil {
		return nil, err // and no interface that holds a nil camera
	}
	return c, nil
}

// v4l2 is a camera of the system that is streaming.
type v4l2 struct {
	cam     *webcam.Webcam
	format  format
	size    image.Point
	convert converter
	held    uint32 // buffer that the last picture lies in
	holds   bool
}

func openV4L2(path string, known ...format) (*v4l2, error) {
	cam, err := webcam.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open camera %s: %w", path, err)
	}
	c := &v4l2{cam: cam}
	if err := c.start(known); err != nil {
		_ = cam.Close() // why it did not start says more
		return nil, fmt.Errorf("start camera %s: %w", path, err)
	}
	return c, nil
}

// start chooses size and format, and begins to stream.
func (c *v4l2) start(known []format) error {
	var ok bool
	offered := c.cam.GetSupportedFormats()
	if c.format, c.size, ok = choose(known, func(f format) []webcam.FrameSize {
		if _, ok := offered[webcam.PixelFormat(f)]; !ok {
			return nil
		}
		return c.cam.GetSupportedFrameSizes(webcam.PixelFormat(f))
	}); !ok {
		return errors.New("it has no picture format that is known here")
	}
	got, _, _, err := c.cam.SetImageFormat(webcam.PixelFormat(c.format), uint32(c.size.X), uint32(c.size.Y))
	if err != nil {
		return fmt.Errorf("set format: %w", err)
	}
	if got != webcam.PixelFormat(c.format) {
		return fmt.Errorf("it offers format %q and then refuses it", c.format)
	}
	_ = c.cam.SetFramerate(rate) // saves its work and ours; many cameras have one rate only
	if err := c.cam.SetBufferCount(buffers); err != nil {
		return err
	}
	return c.cam.StartStreaming()
}

// choose takes the largest size up to what is wanted, or the smallest where all are
// larger, and of its formats the one that costs least to turn grey.
func choose(known []format, sizes func(format) []webcam.FrameSize) (best format, size image.Point, ok bool) {
	fits := func(p image.Point) bool { return p.X <= wantWidth && p.Y <= tallest }
	better := func(p, q image.Point) bool {
		if fits(p) != fits(q) {
			return fits(p)
		}
		return p != q && (p.X*p.Y > q.X*q.Y) == fits(p)
	}
	for _, f := range known {
		for _, s := range sizes(f) {
			p := image.Pt(step(s.MinWidth, s.MaxWidth, s.StepWidth, wantWidth), step(s.MinHeight, s.MaxHeight, s.StepHeight, wantHeight))
			if !ok || better(p, size) {
				best, size, ok = f, p, true
			}
		}
	}
	return best, size, ok
}

// step gives the size nearest to want, from below if it can be.
func step(least, most, step uint32, want int) int {
	if step == 0 || int(least) >= want {
		return int(least)
	}
	return int(least + (uint32(min(int(most), want))-least)/step*step)
}

// Next implements Frames: the newest picture.
func (c *v4l2) Next(ctx context.Context) (*image.Gray, error) {
	c.release()
	for tries := 0; tries < patient; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var late *webcam.Timeout
		switch err := c.cam.WaitForFrame(1); {
		case errors.As(err, &late):
			tries++
			continue
		case err != nil:
			return nil, fmt.Errorf("wait for a frame: %w", err)
		}
		raw, err := c.newest()
		if err != nil {
			return nil, fmt.Errorf("take a frame: %w", err)
		}
		if frame, err := c.convert.grey(c.format, c.size, raw); err == nil {
			return frame, nil
		}
		c.release()
		tries++ // a torn frame; the next is whole
	}
	return nil, errors.New("take a frame: the camera gives none that is whole")
}

// newest takes all frames that wait and keeps the last.
func (c *v4l2) newest() (raw []byte, err error) {
	for {
		next, index, err := c.cam.GetFrame()
		if errors.Is(err, unix.EAGAIN) {
			return raw, nil
		}
		if err != nil {
			return nil, err
		}
		c.release()
		raw, c.held, c.holds = next, index, true
	}
}

// release gives the buffer of the last picture back.
func (c *v4l2) release() {
	if c.holds {
		c.holds = false
		_ = c.cam.ReleaseFrame(c.held) // where it fails the next wait fails too
	}
}

// Close implements Frames.
func (c *v4l2) Close() error { return c.cam.Close() }
