package shell

import (
	"time"

	"fyne.io/fyne/v2"

	"yizhan/app/device"
)

// silence is when a wedge scanner that sends no end key has ended.
const silence = 400 * time.Millisecond

// Scanning hands the codes of all scanners of this device to one page, until it is
// closed or another page scans. A page that scans has no field in focus: keys come
// to the window. All methods belong to the UI goroutine.
//
//	s := env.Scan(func(c device.Scan) { send(pickup.Scanned{Code: c.Code, At: c.At}) })
//	defer s.Close() // when the page goes
//
// The camera works meanwhile, if there is one; s.Sight and s.Watch show what it sees
// (app/view/scan draws it). Fed by hand: s.Type with a typed code, s.Choose and s.File
// with a picture. A code of the same camera comes once while it is held there.
type Scanning struct {
	env     *Env
	take    func(device.Scan)
	watch   func()
	wedge   device.Wedge
	files   device.Pictures
	typed   device.Typed
	waiting *time.Timer
	closed  bool
}

// Scan begins to hand codes to take, on the UI goroutine. Where take gets an Err, a
// picture held no code that can be read.
func (e *Env) Scan(take func(device.Scan)) *Scanning {
	if e.scanning != nil {
		e.scanning.Close()
	}
	s := &Scanning{env: e, take: take}
	e.scanning = s
	for _, from := range []device.Scanner{&s.wedge, &s.typed} {
		from.Open(s.hand)
	}
	s.files.Open(s.later)
	c := e.Window.Canvas()
	c.Unfocus()
	c.SetOnTypedRune(func(r rune) {
		s.wedge.Rune(r, e.Now())
		s.expectSilence()
	})
	c.SetOnTypedKey(func(k *fyne.KeyEvent) {
		switch k.Name {
		case fyne.KeyReturn, fyne.KeyEnter, fyne.KeyTab:
			s.wedge.Enter(e.Now())
		}
	})
	e.Window.SetOnDropped(func(_ fyne.Position, files []fyne.URI) {
		for _, f := range files {
			s.File(f.Path())
		}
	})
	if e.Camera != nil {
		e.Camera.Watch(func() { e.Do(s.look) })
		e.Camera.Open(s.later)
	}
	return s
}

// Close ends it. Codes that arrive later are dropped.
func (s *Scanning) Close() {
	if s.closed {
		return
	}
	s.closed = true
	if s.waiting != nil {
		s.waiting.Stop()
	}
	if s.env.scanning == s {
		s.env.scanning = nil
	}
	s.env.Window.Canvas().SetOnTypedRune(nil)
	s.env.Window.Canvas().SetOnTypedKey(nil)
	s.env.Window.SetOnDropped(nil)
	if s.env.Camera != nil {
		s.env.Camera.Close()
	}
}

// Type takes a code that a person typed into a field.
func (s *Scanning) Type(text string) { s.typed.Enter(text, s.env.Now()) }

// File scans the code in a picture.
func (s *Scanning) File(path string) { s.files.Read(path, s.env.Now) }

// Choose lets a person pick the picture.
func (s *Scanning) Choose() { choosePicture(s.env, s.File) }

// Sight is what the camera sees; the zero value where there is none.
func (s *Scanning) Sight() device.Sight {
	if s.env.Camera == nil || s.closed {
		return device.Sight{}
	}
	return s.env.Camera.Sight()
}

// Watch has fn called on the UI goroutine whenever Sight has changed.
func (s *Scanning) Watch(fn func()) { s.watch = fn }

func (s *Scanning) look() {
	if s.watch != nil && !s.closed {
		s.watch()
	}
}

// later is hand for scanners with a goroutine of their own.
func (s *Scanning) later(c device.Scan) { s.env.Do(func() { s.hand(c) }) }

func (s *Scanning) hand(c device.Scan) {
	if s.closed {
		return
	}
	if c.Err != nil {
		fyne.LogError("read picture", c.Err)
	}
	if c.From == device.FromKeys {
		s.env.Window.Canvas().Unfocus() // a scanner whose end key is Tab has moved the focus
	}
	s.take(c)
}

// expectSilence lets a code end by itself that has no end key.
func (s *Scanning) expectSilence() {
	if s.waiting == nil {
		s.waiting = time.AfterFunc(silence, func() { s.env.Do(func() { s.wedge.Idle(s.env.Now()) }) })
		return
	}
	s.waiting.Reset(silence)
}
