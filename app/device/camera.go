package device

import (
	"context"
	"image"
	"strings"
	"sync"
	"time"
)

// Frames is where a camera's pictures come from.
type Frames interface {
	// Next waits for a picture, which is valid until the next call. An error says that
	// the source is gone; ctx's own where it ended.
	Next(ctx context.Context) (*image.Gray, error)
	// Close lets go of the source.
	Close() error
}

// Opener opens the source of frames: at start, and again after it was gone.
type Opener func() (Frames, error)

// Eye is how a camera stands.
type Eye uint8

// States of a camera.
const (
	Shut   Eye = iota // not open, or never there: nothing is to be said about it
	Waking            // being opened
	Live              // gives frames
	Gone              // it was live, and then unplugged; it is looked for all the time
)

// Sight is what a camera sees, for the page that shows it.
type Sight struct {
	Eye     Eye
	Picture *image.Gray // reduced to at most previewSide; never written again; nil before the first frame
	Nearer  bool        // a symbol has been there for a while that could not be read
}

// How often frames are looked at: while something moves, after nothing has moved
// for a while, and while there is no camera.
const (
	period  = 125 * time.Millisecond
	resting = 600 * time.Millisecond
	retry   = time.Second
)

// Camera searches the frames of a camera for codes, only while it is open.
type Camera struct {
	open  Opener
	now   func() time.Time
	wait  func(ctx context.Context, d time.Duration)
	watch func()

	mu    sync.Mutex
	sight Sight // guarded by mu
	take  func(Scan)
	stop  func()
	done  chan struct{}
}

// NewCamera makes one that is shut.
func NewCamera(open Opener) *Camera {
	return &Camera{open: open, now: time.Now, wait: sleep}
}

// CameraOf makes the camera that a word names: a device's path, a picture or a folder
// of pictures, "videotest", "" for the first camera of the system, "none" for nil.
func CameraOf(word string) *Camera {
	switch {
	case word == "none":
		return nil
	case word == "videotest":
		return NewCamera(VideoTest)
	case word == "" || strings.HasPrefix(word, "/dev/"):
		return NewCamera(V4L2(word))
	}
	return NewCamera(Play(word))
}

// Watch has fn called after every change of Sight, on the camera's goroutine. It is
// to be set before Open.
func (c *Camera) Watch(fn func()) { c.watch = fn }

// Sight is what the camera sees now.
func (c *Camera) Sight() Sight {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sight
}

// Open implements Scanner.
func (c *Camera) Open(take func(Scan)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.take = take
	if c.stop != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	before, done := c.done, make(chan struct{})
	c.stop, c.done = cancel, done
	go func() {
		defer close(done)
		if before != nil {
			<-before // a device opens once
		}
		c.run(ctx)
	}()
}

// Close implements Scanner. The device is let go of soon after.
func (c *Camera) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stop != nil {
		c.stop()
	}
	c.stop, c.take = nil, nil
}

// Wait returns once the camera that was closed has let go of its device.
func (c *Camera) Wait() {
	c.mu.Lock()
	done := c.done
	c.mu.Unlock()
	if done != nil {
		<-done
	}
}

func (c *Camera) run(ctx context.Context) {
	defer c.show(ctx, Sight{})
	c.show(ctx, Sight{Eye: Waking})
	lost := Shut
	for ctx.Err() == nil {
		frames, err := c.open()
		if err == nil {
			if c.look(ctx, frames) {
				lost = Gone
			}
			_ = frames.Close() // it is gone, or not wanted any more
		}
		if ctx.Err() == nil {
			c.show(ctx, Sight{Eye: lost})
			c.wait(ctx, retry)
		}
	}
}

// look searches frames until there are no more; seen says that there was one.
func (c *Camera) look(ctx context.Context, frames Frames) (seen bool) {
	var g gaze
	for ctx.Err() == nil {
		frame, err := frames.Next(ctx)
		if err != nil || frame.Rect.Empty() {
			return seen
		}
		seen = true
		now := c.now()
		if g.frame(frame, now) {
			c.show(ctx, Sight{Eye: Live, Picture: g.preview, Nearer: g.nearer})
		}
		if g.code != "" {
			c.give(ctx, g.code, now)
		}
		if g.rests(now) {
			c.wait(ctx, resting)
		} else {
			c.wait(ctx, period)
		}
	}
	return seen
}

func (c *Camera) give(ctx context.Context, text string, at time.Time) {
	c.mu.Lock()
	take := c.take
	c.mu.Unlock()
	if take != nil && ctx.Err() == nil {
		(&outlet{take}).give(text, FromCamera, at)
	}
}

func (c *Camera) show(ctx context.Context, s Sight) {
	c.mu.Lock()
	c.sight = s
	c.mu.Unlock()
	if c.watch != nil {
		c.watch()
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
