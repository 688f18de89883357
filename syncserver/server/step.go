package server

import (
	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/ledger"
	"yizhan/syncserver/sequencer"
	"yizhan/syncserver/session"
)

// Steps is a server without goroutines, for a simulator: whoever holds it says when
// something is decided, becomes durable, and is projected. Every call may wait, by
// the function that Step was given.
type Steps struct {
	*Server
	loop *sequencer.Steps
	next uint64 // number of the batch to project; 0 until it was looked for
}

// Step opens a server and starts nothing. wait is given whoever waits inside the
// server, and comes back once ready does, or gives them up.
func Step(cfg Config, wait func(ready func() bool)) (*Steps, error) {
	t := &Steps{Server: begin(cfg)}
	t.waits.Until = wait
	err := t.open(func(c sequencer.Config) (_ *sequencer.Sequencer, err error) {
		if t.loop, err = sequencer.Step(c, wait); err != nil {
			return nil, err
		}
		return t.loop.Sequencer, nil
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Decide decides what waits and what is due.
func (t *Steps) Decide() { t.loop.Decide() }

// Look looks at the state as it is, durable or not.
func (t *Steps) Look(fn func(*arbiter.State)) { t.loop.Look(fn) }

// Writing reports whether a batch waits for Write.
func (t *Steps) Writing() bool { return t.loop.Writing() }

// Write makes a batch durable and answers.
func (t *Steps) Write() { t.loop.Write() }

// Project brings the ledger up to what is durable.
func (t *Steps) Project() (err error) {
	if t.next == 0 {
		if t.next, err = t.unprojected(); err != nil {
			return err
		}
	}
	t.next, err = t.project(t.next)
	return err
}

// Session begins a session; see session.Server.Step.
func (t *Steps) Session(send func(frame []byte) error) *session.Steps { return t.sessions.Step(send) }

// Held gives the rows that a device should hold; see session.Server.Held.
func (t *Steps) Held(e op.Enrolment, fn func(scope string, r wire.RowChange)) (applied uint64, err error) {
	return t.sessions.Held(e, fn)
}

// Counts gives what the ledger says of each pool of an activity.
func (t *Steps) Counts(a id.Activity) ([]ledger.Counts, error) { return t.ledger.Counts(a) }

// Entries calls fn with the entries of the journal, in their order.
func (t *Steps) Entries(fn func(*op.Entry)) error {
	return t.journal.Read(1, func(b journal.Batch) error {
		entries, err := op.DecodeBatch(b.First, b.Body)
		for i := range entries {
			fn(&entries[i])
		}
		return err
	})
}

// Kill closes the files as the end of a process does: nobody is told anything.
func (t *Steps) Kill() error {
	t.end()
	return t.closeFiles()
}
