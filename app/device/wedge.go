// Package device is the hardware at a counter: scanners and pictures of codes.
package device

import (
	"strings"
	"time"
)

// A scanner types a whole code within a few frames; a stray key is followed by
// nothing. The gap is wide because keys are counted when the screen gets to them,
// and a full-screen redraw without a graphics card holds them up for 100 ms.
const (
	gap     = 300 * time.Millisecond
	longest = 600 // characters; nothing that a scanner reads is longer
	whole   = 16  // a run of this length without an end is a code of a scanner that sends none
)

// Wedge puts the keys of a keyboard-wedge scanner together again. Codes end with
// CR, LF, both, a tab, or silence.
type Wedge struct {
	keys strings.Builder
	last time.Time
}

// Rune takes a typed character; ok is true where it ended a code.
func (w *Wedge) Rune(r rune, at time.Time) (code string, ok bool) {
	if r == '\r' || r == '\n' || r == '\t' {
		return w.Enter(at)
	}
	code, ok = w.Idle(at)
	w.last = at
	if w.keys.Len() < longest {
		w.keys.WriteRune(r)
	}
	return code, ok
}

// Enter takes the end key. CR and LF after each other end one code only.
func (w *Wedge) Enter(at time.Time) (code string, ok bool) {
	if at.Sub(w.last) > gap {
		w.keys.Reset()
	}
	return w.take()
}

// Idle is to be called now and then: silence ends a code of a scanner that sends
// no end key, and drops stray keys.
func (w *Wedge) Idle(at time.Time) (code string, ok bool) {
	if w.keys.Len() == 0 || at.Sub(w.last) <= gap {
		return "", false
	}
	if w.keys.Len() < whole {
		w.keys.Reset()
		return "", false
	}
	return w.take()
}

func (w *Wedge) take() (string, bool) {
	code := strings.TrimSpace(w.keys.String())
	w.keys.Reset()
	return code, code != ""
}
