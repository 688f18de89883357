// Package device is the hardware at a counter: what reads codes. Each kind is a
// Scanner, and each has a stand-in for tests: frames from files for the camera,
// and plain calls for keys, pictures and typed codes.
package device

import "time"

// Source is the kind of scanner that a code came from.
type Source uint8

// Sources. A typed code proves less than a scanned one: it may be a ticket's short
// code, which finds a ticket and proves nothing (ticket.ParseShort).
const (
	FromKeys    Source = iota // a wedge scanner
	FromCamera                // a frame of a camera
	FromPicture               // a file that was chosen or dropped
	FromTyping                // a person's fingers
)

// Scan is one code, or one that could not be read.
type Scan struct {
	Code string    // put right by Clean; empty where Err is set
	From Source    //
	At   time.Time // when it was complete
	Err  error     // FromPicture only: nothing could be read, or no file
}

// Scanner reads codes while it is open. Open and Close may follow each other any
// number of times; opening an open one only changes who takes the codes.
type Scanner interface {
	// Open starts it. Each code is given to take, one at a time, on the goroutine that
	// feeds the scanner, or one of its own: take hands it over and returns.
	Open(take func(Scan))
	// Close stops it. A code that was being read may still arrive while Close runs.
	Close()
}

// Typed takes the codes that a person types into a field. It is fed by Enter.
type Typed struct{ outlet }

// Enter gives what the field holds.
func (t *Typed) Enter(text string, at time.Time) { t.give(text, FromTyping, at) }

// outlet is where the codes of a scanner go that is fed on the UI goroutine.
type outlet struct{ take func(Scan) }

// Open implements Scanner.
func (o *outlet) Open(take func(Scan)) { o.take = take }

// Close implements Scanner.
func (o *outlet) Close() { o.take = nil }

// give cleans a text and hands over the codes in it.
func (o *outlet) give(text string, from Source, at time.Time) {
	for _, code := range Clean(text) {
		if o.take != nil { // the first of two codes may close the page
			o.take(Scan{Code: code, From: from, At: at})
		}
	}
}
