// Package notice says which decisions a member is told about. The rule is one
// function, so that a device, a rehearsal and the ledger give the same messages.
package notice

import "yizhan/core/op"

// Kind is the word of a message as rows and scenarios write it.
type Kind string

// Kinds of messages, frozen words.
const (
	Granted  Kind = "granted"
	Promoted Kind = "promoted"
	Reminder Kind = "reminder"
	Lapsed   Kind = "lapsed"
	Drawn    Kind = "drawn"
	NotDrawn Kind = "not_drawn"
	Moved    Kind = "moved"
)

// Of gives the message that entry e makes for the member whose claim it is about.
// before is the state of that claim ahead of e: whoever entered a draw has been
// drawn, and whoever waited has moved up.
// ok is false where nobody is told anything.
func Of(e *op.Entry, before op.ClaimState) (kind Kind, ok bool) {
	switch e.Kind {
	case op.Claimed:
		return Granted, e.Outcome == op.Granted
	case op.Promoted:
		if before == op.ClaimEntered {
			return Drawn, true
		}
		return Promoted, true
	case op.Reminded:
		return Reminder, true
	case op.Lapsed:
		return Lapsed, before != op.ClaimLapsed // it is not news that the seat has gone back now
	case op.NotDrawn:
		return NotDrawn, true
	case op.Moved:
		return Moved, e.Word != op.MovedBack
	}
	return "", false
}
