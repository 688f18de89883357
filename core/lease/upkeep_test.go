package lease

import (
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/op"
)

const minute = int64(time.Minute / time.Millisecond)

func TestUpkeepRule(t *testing.T) {
	now := at(t, "2017-03-08T09:00:00")
	plan := parsed(t, gift)
	l := op.Lease{Activity: "gift", Pool: "sets", Seats: 30, Lasts: 180 * minute, Expires: now + 60*minute}
	for name, c := range map[string]struct {
		change func(*op.Lease)
		left   int
		later  int64 // minutes
		asked  int64 // minutes ago; 0 never
		want   Upkeep
	}{
		"a third of both is left":             {nil, 10, 0, 0, Leave},
		"less than a third of the time":       {nil, 10, 1, 0, Extend},
		"less than a third of the seats":      {nil, 9, 0, 0, Extend},
		"fewer were lent than asked for":      {func(l *op.Lease) { l.Seats = 100 }, 30, 0, 0, Extend},
		"asked just now":                      {nil, 0, 0, 14, Leave},
		"asked a twelfth of its time ago":     {nil, 0, 0, 15, Extend},
		"nobody may claim any more":           {func(l *op.Lease) { l.Expires += 7 * 24 * 60 * minute }, 10, 4 * 24 * 60, 0, Hand},
		"and it was asked to renew just now":  {nil, 10, 4 * 24 * 60, 1, Hand},
		"a pool that a revision will explain": {func(l *op.Lease) { l.Pool = "more" }, 0, 0, 0, Leave},
	} {
		x, asked := l, int64(0)
		if c.change != nil {
			c.change(&x)
		}
		at := now + c.later*minute
		if c.asked != 0 {
			asked = at - c.asked*minute
		}
		if got := UsualUpkeep.Keep(plan, x, c.left, at, asked); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// TestUpkeep: a device renews its lease in time and in good time for the seats, once
// each, and gives it back when nobody can claim any more.
func TestUpkeep(t *testing.T) {
	w := newWorld(t)
	w.keeps, w.status.Online = true, true
	w.restart()
	l := w.lend(op.Lease{Seats: 3, Lasts: time.Hour.Milliseconds(), Taken: []op.Taken{{From: 1, N: 3}}}, "")
	tick := func(pass time.Duration, want int, last op.Kind) {
		t.Helper()
		w.now += pass.Milliseconds()
		if err := w.holder.Tick(w.wall()); err != nil {
			t.Fatal(err)
		}
		if ops := w.ops(); len(ops) != want || want > 0 && ops[want-1].Kind != last {
			t.Fatalf("ops %+v, want %d, the last of kind %d", ops, want, last)
		}
	}
	tick(0, 0, 0)
	w.wantCode("F1", 1, fault.None)
	w.wantCode("F2", 1, fault.None)
	tick(time.Second, 2, op.Claim)
	w.wantCode("F3", 1, fault.None)
	tick(time.Second, 4, op.RenewLease)
	tick(time.Minute, 4, op.RenewLease)
	w.restart() // what was asked is remembered
	tick(time.Minute, 4, op.RenewLease)
	l.Expires += 10 * minute
	l.Taken = append(l.Taken, op.Taken{From: 9, N: 3})
	w.lend(l, "")
	tick(time.Minute, 4, op.RenewLease)
	w.status.Online = false
	tick(48*time.Minute, 4, op.RenewLease) // offline nothing can be had
	w.status.Online = true
	tick(time.Second, 5, op.RenewLease)
	l.Expires += 7 * 24 * 60 * minute
	w.lend(l, "")
	tick(24*time.Hour, 5, op.RenewLease)
	tick(3*24*time.Hour, 6, op.ReturnLease)
	tick(time.Minute, 6, op.ReturnLease)
	w.wantUnhandled("F4")
}

// TestUpkeepIsAsked: a device that is not told to keep its leases leaves them alone.
func TestUpkeepIsAsked(t *testing.T) {
	w := newWorld(t)
	w.status.Online = true
	w.lend(op.Lease{Seats: 30, Lasts: time.Hour.Milliseconds(), Taken: []op.Taken{{From: 1, N: 1}}}, "")
	w.now += 50 * minute
	if err := w.holder.Tick(w.wall()); err != nil || len(w.ops()) != 0 {
		t.Errorf("%v, %+v", err, w.ops())
	}
}
