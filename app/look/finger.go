package look

import (
	"time"

	"fyne.io/fyne/v2"
)

// What belongs to one double tap: hands in gloves tap twice, and what the first tap
// opens must not take the second.
const (
	doubleTime = 350 * time.Millisecond
	thumb      = 16 // dp that a finger wanders between the two
)

// press is a finger on something that reads words.
type press struct {
	at    time.Time
	where fyne.Position
	words string
}

// stray reports whether p is the rest of a double tap: the same finger in the same place, on
// something else that has come up beneath it.
func (p press) stray(last press) bool {
	away := p.where.Subtract(last.where)
	return p.words != last.words && p.at.Sub(last.at).Abs() < doubleTime && max(away.X, -away.X) < thumb && max(away.Y, -away.Y) < thumb
}

// fingers remembers the last press of a screen, on the UI goroutine.
type fingers struct {
	now  func() time.Time
	last press
}

// takes notes a press and reports whether it is meant for what it hit. Who goes on
// tapping in one place goes on with the same double tap.
func (f *fingers) takes(p press) bool {
	if p.stray(f.last) {
		f.last.at = p.at
		return false
	}
	f.last = p
	return true
}

// screen is the one that people touch; its things are drawn anew with each page.
var screen = fingers{now: time.Now}
