package wait

import (
	"context"
	"testing"
	"time"
)

// ways are one with goroutines and one without, whose clock a test sets.
func ways(now *time.Time) map[string]Way {
	return map[string]Way{
		"goroutines": {},
		"steps": {Clock: func() time.Time { return *now }, Until: func(ready func() bool) {
			for !ready() {
				*now = now.Add(time.Second)
			}
		}},
	}
}

func TestClosed(t *testing.T) {
	now := time.UnixMilli(0)
	for name, w := range ways(&now) {
		open, closed := make(chan struct{}), make(chan struct{})
		close(closed)
		ctx, cancel := w.Within(context.Background(), time.Millisecond)
		defer cancel()
		if !w.Closed(context.Background(), closed) {
			t.Errorf("%s: it is closed", name)
		}
		if w.Closed(ctx, open) || ctx.Err() == nil {
			t.Errorf("%s: it is open, and the time is over: %v", name, ctx.Err())
		}
	}
}

func TestTake(t *testing.T) {
	now := time.UnixMilli(0)
	for name, w := range ways(&now) {
		turn := NewTurn()
		ctx, cancel := w.Within(context.Background(), time.Millisecond)
		defer cancel()
		if !w.Take(context.Background(), turn) || w.Take(ctx, turn) {
			t.Errorf("%s: one has it, and only one", name)
		}
		turn.Done()
		if !w.Take(context.Background(), turn) {
			t.Errorf("%s: it was given back", name)
		}
	}
}

// TestGivenUp: who is given up has nothing.
func TestGivenUp(t *testing.T) {
	w := Way{Until: func(func() bool) {}}
	if w.Closed(context.Background(), make(chan struct{})) || w.Take(context.Background(), NewTurn()) {
		t.Error("given up, and it has it")
	}
}

func TestTrue(t *testing.T) {
	now := time.UnixMilli(0)
	for name, w := range ways(&now) {
		ctx, cancel := w.Within(context.Background(), time.Millisecond)
		defer cancel()
		asked := 0
		if !w.True(context.Background(), func() bool { asked++; return asked > 2 }) || asked < 3 {
			t.Errorf("%s: it was asked %d times", name, asked)
		}
		if w.True(ctx, func() bool { return false }) {
			t.Errorf("%s: it never is", name)
		}
	}
	given := Way{Until: func(func() bool) {}}
	if given.True(context.Background(), func() bool { return false }) {
		t.Error("given up, and it is so")
	}
}
