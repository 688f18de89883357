package load

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"yizhan/core/wire"
	"yizhan/syncserver/control"
	"yizhan/syncserver/server"
)

// Fanout is a change on one screen that all others show.
type Fanout struct {
	Config
	Rounds int // changes, one after the other
}

// Run publishes revision after revision of an activity and waits until it is on every phone.
func (f Fanout) Run(ctx context.Context) (*Report, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	g, err := gather(ctx, f.Config, "fanout", f.Devices, 1)
	if err != nil {
		return nil, err
	}
	report, err := f.change(ctx, g)
	if err = errors.Join(err, g.leave()); err != nil {
		return nil, err
	}
	return report, nil
}

// screen is a phone that shows an activity.
type screen struct {
	seq uint64    // of the activity's newest row
	at  time.Time // when it came
}

// screens are those of one round.
type screens struct {
	mu   sync.Mutex // guards left
	left int
	all  []screen
	done chan struct{}
}

func (s *screens) begin() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left, s.done = len(s.all), make(chan struct{})
	return s.done
}

func (s *screens) shown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left--; s.left == 0 {
		close(s.done)
	}
}

func (f Fanout) change(ctx context.Context, g *crowd) (*Report, error) {
	s := &screens{all: make([]screen, f.Devices)}
	var bytes, frames atomic.Int64
	first := s.begin()
	for i, p := range g.phones {
		p.Changed = func(p *Phone) {
			frames.Add(1)
			bytes.Add(int64(p.size))
			row, ok, err := p.store.Get(wire.TableActivity, string(Activity))
			if err == nil && ok && row.Seq != s.all[i].seq {
				s.all[i] = screen{row.Seq, time.Now()}
				s.shown()
			}
		}
	}
	began := time.Now()
	if err := g.connect(ctx); err != nil {
		return nil, err
	}
	if err := settled(ctx, g, first); err != nil {
		return nil, err
	}
	if err := g.current(ctx, began); err != nil {
		return nil, err
	}
	f.Say("connected in %.1f s", time.Since(began).Seconds())
	if err := wait(ctx, g, 2*time.Second); err != nil {
		return nil, err
	}
	runtime.GC() // all phones share a heap here, and none is to wait for the rubbish of others
	before, err := g.server.Usage()
	if err != nil {
		return nil, err
	}
	own := Own()
	bytes.Store(0)
	frames.Store(0)
	waits, slowest, err := f.rounds(ctx, g, s)
	if err != nil {
		return nil, err
	}
	after, err := g.server.Usage()
	if err != nil {
		return nil, err
	}
	own = Own() - own
	r := NewReport(fmt.Sprintf("Fanout/devices=%d", f.Devices), fmt.Sprintf("load fanout -devices %d", f.Devices))
	r.AddMost("from the console to a phone's store, 99 of 100", 1000*quantile(waits, 0.99).Seconds(), "p99-ms", 200)
	r.Add("the same, half", 1000*quantile(waits, 0.5).Seconds(), "p50-ms")
	r.Add("the last phone, in half of the rounds", 1000*quantile(slowest, 0.5).Seconds(), "last-ms")
	thousands := float64(f.Rounds*f.Devices) / 1000
	r.Add("server: CPU of 1,000 devices told", (after.CPU-before.CPU).Seconds()/thousands, "server-cpu-s/1000")
	r.Add("load program: CPU of 1,000 devices told", own.Seconds()/thousands, "load-cpu-s/1000")
	r.Add("bytes of a frame", float64(bytes.Load())/float64(max(frames.Load(), 1)), "B/frame")
	r.Note("%d changes; the time begins before the console's call and ends when the row is in the phone's store", f.Rounds)
	return r, nil
}

// rounds gives how long every phone waited for every change, and the slowest of each.
func (f Fanout) rounds(ctx context.Context, g *crowd, s *screens) (waits, slowest []time.Duration, err error) {
	console := control.Dial(g.world.Dir)
	for round := range f.Rounds {
		done, began := s.begin(), time.Now()
		spec := fmt.Appendf(nil, activitySpec, Activity, f.Devices+1+round, 1, f.Devices)
		if _, err := control.Call[server.Published](ctx, console, "publish", spec); err != nil {
			return nil, nil, fmt.Errorf("fan out: %w", err)
		}
		if err := settled(ctx, g, done); err != nil {
			return nil, nil, err
		}
		var of []time.Duration
		for _, one := range s.all {
			of = append(of, one.at.Sub(began))
		}
		waits, slowest = append(waits, of...), append(slowest, slices.Max(of))
		if err := wait(ctx, g, time.Second); err != nil { // what comes behind a change is not in the next one
			return nil, nil, err
		}
	}
	slices.Sort(waits)
	slices.Sort(slowest)
	return waits, slowest, nil
}

func settled(ctx context.Context, g *crowd, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case err := <-g.failed:
		return err
	case <-ctx.Done():
		return fmt.Errorf("not every phone shows the change: %w", ctx.Err())
	}
}
