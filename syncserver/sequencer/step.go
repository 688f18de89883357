package sequencer

import (
	"time"

	"yizhan/core/arbiter"
)

// clock is what a pause is measured by.
func (s *Sequencer) clock() time.Time {
	if s.cfg.Clock != nil {
		return s.cfg.Clock()
	}
	return time.Now()
}

// Steps is a sequencer without goroutines, for a simulator: whoever holds it says
// when something is decided and when a batch becomes durable. In between, the power
// may go.
type Steps struct {
	*Sequencer
	next   *batch // being filled
	flying *batch // being written; nil while the writer is idle
}

// Step replays the journal and starts nothing. Callers that would wait are given to
// wait, which comes back once ready does, or gives them up.
func Step(cfg Config, wait func(ready func() bool)) (*Steps, error) {
	s, err := open(cfg)
	if err != nil {
		return nil, err
	}
	s.wait = wait
	return &Steps{Sequencer: s, next: s.fresh()}, nil
}

// Decide decides what waits and what is due, and hands a batch to an idle writer.
func (t *Steps) Decide() {
	t.decideAll(t.next, t.flying != nil)
	t.turn()
}

// Write makes the batch that was handed over durable, and answers.
func (t *Steps) Write() {
	b := t.flying
	if b == nil {
		return
	}
	t.makeDurable(b)
	for _, c := range b.calls {
		c.finish(b.err)
	}
	b.calls = nil
	t.flying, t.spare = nil, b
	if b.err != nil {
		t.broken = b.err
	}
	t.turn()
}

// Look looks at the state as it is, durable or not.
func (t *Steps) Look(fn func(*arbiter.State)) { fn(t.state) }

// Writing reports whether a batch waits for Write.
func (t *Steps) Writing() bool { return t.flying != nil }

// turn is what the loop does between two events.
func (t *Steps) turn() {
	if t.flying != nil {
		return
	}
	if t.next = t.sound(t.next); t.broken == nil && !t.next.empty() {
		t.flying = t.next
		t.next = t.fresh()
		return
	}
	t.rest()
}
