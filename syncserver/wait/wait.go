// Package wait is how code waits that has goroutines in a program and none in a
// simulator.
package wait

import (
	"context"
	"time"
)

// Way is how somebody waits. The zero value is for goroutines and the machine's clock.
type Way struct {
	Until func(ready func() bool) // comes back once ready does, or gives the caller up; nil where goroutines wait by themselves
	Clock func() time.Time        // nil is the machine's own
}

// Within bounds a wait.
func (w Way) Within(ctx context.Context, most time.Duration) (context.Context, context.CancelFunc) {
	if w.Clock == nil {
		return context.WithTimeout(ctx, most)
	}
	return &bounded{ctx, w.Clock, w.Clock().Add(most)}, func() {}
}

// bounded is a context that ends by another clock; nobody is woken then.
type bounded struct {
	context.Context
	clock func() time.Time
	end   time.Time
}

// Err implements context.Context.
func (b *bounded) Err() error {
	if b.clock().Before(b.end) {
		return b.Context.Err()
	}
	return context.DeadlineExceeded
}

// Closed waits for a channel to be closed, or to hold something for this caller,
// and reports whether it did before ctx ended.
func (w Way) Closed(ctx context.Context, c <-chan struct{}) bool {
	if w.Until == nil {
		select {
		case <-c:
			return true
		case <-ctx.Done():
			return false
		}
	}
	is := false
	w.Until(func() bool {
		select {
		case <-c:
			is = true
		default:
		}
		return is || ctx.Err() != nil
	})
	return is
}

// look is how often True asks where nobody says that it may be so by now.
const look = 2 * time.Millisecond

// True waits until something is so, and reports whether it was before ctx ended.
func (w Way) True(ctx context.Context, is func() bool) bool {
	if w.Until != nil {
		w.Until(func() bool { return is() || ctx.Err() != nil })
		return is()
	}
	again := time.NewTicker(look)
	defer again.Stop()
	for !is() {
		select {
		case <-again.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// Turn is held by one at a time; what it holds is the right to go next.
type Turn chan struct{}

// NewTurn makes a turn that nobody has.
func NewTurn() Turn {
	t := make(Turn, 1)
	t.Done()
	return t
}

// Done lets the next one have the turn.
func (t Turn) Done() { t <- struct{}{} }

// Take waits for a turn, and reports whether it got it before ctx ended.
func (w Way) Take(ctx context.Context, t Turn) bool { return w.Closed(ctx, t) }
