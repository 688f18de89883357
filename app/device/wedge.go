package device

import (
	"time"
	"unicode/utf8"

	"yizhan/core/ticket"
)

// A scanner types a whole code within a few frames; a stray key is followed by
// nothing. The gap is wide because keys are counted when the screen gets to them,
// and a full-screen redraw without a graphics card holds them up for 100 ms.
const (
	gap    = 300 * time.Millisecond
	burst  = 4               // a run of this length with an end is a scanner's, whatever was typed before
	whole  = 16              // a run of this length without an end is a code of a scanner that sends none
	pause  = 5 * time.Second // between two keys of a person who types a short code
	typing = 32              // characters of a typed short code at most, with hyphens
)

// Wedge puts the keys of a keyboard-wedge scanner together again: they come to the
// window, as a person's would. Codes end with CR, LF, both, a tab, or silence. What
// comes as slowly as a person types is a code only where it ends with Enter and is a
// short code, whose check character stray keys do not have.
type Wedge struct {
	outlet
	keys string
	fast int // where in keys the run began that has no gap in it
	last time.Time
}

// Rune takes a typed character.
func (w *Wedge) Rune(r rune, at time.Time) {
	if r == '\r' || r == '\n' || r == '\t' {
		w.Enter(at)
		return
	}
	w.wait(at)
	w.last = at
	if len(w.keys)-w.fast < longest*utf8.UTFMax {
		w.keys += string(r)
	}
}

// Enter takes the end key. CR and LF after each other end one code only.
func (w *Wedge) Enter(at time.Time) {
	w.wait(at)
	all, run := w.keys, w.keys[w.fast:]
	w.reset()
	switch {
	case short(all):
		w.give(all, FromTyping, at)
	case len(run) >= burst:
		w.give(run, FromKeys, at)
	}
}

// Idle is to be called now and then: silence ends a code of a scanner that sends
// no end key, and drops stray keys.
func (w *Wedge) Idle(at time.Time) { w.wait(at) }

// Open implements Scanner; keys from before are nobody's.
func (w *Wedge) Open(take func(Scan)) {
	w.reset()
	w.outlet.Open(take)
}

// wait accounts for the time since the last key.
func (w *Wedge) wait(at time.Time) {
	silent := at.Sub(w.last)
	if w.keys == "" || silent <= gap {
		return
	}
	run := w.keys[w.fast:]
	switch {
	case len(run) >= whole:
		w.reset()
		w.give(run, FromKeys, at)
	case silent > pause || len(w.keys) > typing:
		w.reset()
	default:
		w.fast = len(w.keys)
	}
}

func (w *Wedge) reset() { w.keys, w.fast = "", 0 }

func short(text string) bool {
	_, err := ticket.ParseShort(narrow(text))
	return err == nil
}
