package hub

import (
	"context"

	"yizhan/core/link"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/session"
)

// Steps is a hub without goroutines, for a simulator: whoever holds it carries the
// frames of its link and of its scanners, and says when it relays. Sessions and Relay
// may wait, by the function that Step was given.
type Steps struct{ *Hub }

// Step opens a hub and starts nothing. wait is given whoever waits inside the hub,
// and comes back once ready does, or gives them up.
func Step(cfg Config, wait func(ready func() bool)) (*Steps, error) {
	h, err := begin(cfg, wait)
	if err != nil {
		return nil, err
	}
	return &Steps{h}, nil
}

// Link is the hub as a device of the server.
func (t *Steps) Link() *link.Device { return t.link }

// Relay tells the server what it does not know yet, as far as it goes.
func (t *Steps) Relay() {
	for t.relayRound(context.Background()) {
	}
}

// Pending reports whether Relay has something to do.
func (t *Steps) Pending() bool { return t.pending() }

// Session begins a session of a scanner; see session.Server.Step.
func (t *Steps) Session(send func(frame []byte) error) *session.Steps { return t.sessions.Step(send) }

// Held gives the rows that a scanner should hold; see session.Server.Held.
func (t *Steps) Held(e op.Enrolment, fn func(scope string, r wire.RowChange)) (applied uint64, err error) {
	return t.sessions.Held(e, fn)
}

// Epoch is the city's, as scanners are told.
func (t *Steps) Epoch() int { return t.store.feed.told().Epoch }

// Kill closes the store as the end of a process does: nobody is told anything.
func (t *Steps) Kill() error { return t.store.Close() }
