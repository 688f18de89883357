package sim

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"time"
)

var quietly = slog.New(slog.DiscardHandler)

// Outcome is what became of a world.
type Outcome struct {
	Seed  uint64
	Trace uint64 // sum over all that happened: the same seed gives the same
	Stats Stats
	Wrong error // the rule that was broken; nil if none was
}

// longest is what a world may take, which takes half a second: what waits inside it
// for somebody else's goroutine waits for ever.
const longest = 5 * time.Minute

// Run lives the world of a seed, with a bug planted in it if defect is not nil.
// trace, if it is not nil, is told everything.
func (l *Lab) Run(seed uint64, defect *Defect, trace io.Writer) Outcome {
	w, err := l.world(seed, defect)
	if err != nil {
		return Outcome{Seed: seed, Wrong: fmt.Errorf("make world %d: %w", seed, err)}
	}
	defer w.close()
	defer time.AfterFunc(longest, func() { panic(fmt.Sprintf("world %d has not ended after %v", seed, longest)) }).Stop()
	w.trace.out = trace
	w.live()
	w.stats.Worlds = 1
	return Outcome{Seed: seed, Trace: w.trace.sum, Stats: w.stats, Wrong: w.wrong}
}

// Twice lives a world two times and says where the two differ, if they do.
func (l *Lab) Twice(seed uint64, defect *Defect) Outcome {
	var first, second bytes.Buffer
	o := l.Run(seed, defect, &first)
	again := l.Run(seed, defect, &second)
	if o.Trace != again.Trace {
		o.Wrong = fmt.Errorf("two runs differ: %s", difference(first.String(), second.String()))
	}
	return o
}

// Many lives the worlds from first on, one on each processor, and gives the outcomes
// to each in the order of their seeds, until it says stop.
func (l *Lab) Many(first uint64, worlds int, live func(seed uint64) Outcome, each func(Outcome) (stop bool)) {
	many := runtime.GOMAXPROCS(0)
	seeds, lived := make(chan uint64), make(chan Outcome, many)
	var all sync.WaitGroup
	for range many {
		all.Go(func() {
			for seed := range seeds {
				lived <- live(seed)
			}
		})
	}
	early := map[uint64]Outcome{} // that wait for one before them
	next, told, end := first, first, first+uint64(worlds)
	for told < end {
		give := seeds
		if next == end {
			give = nil
		}
		select {
		case give <- next:
			next++
			continue
		case o := <-lived:
			early[o.Seed] = o
		}
		for o, ok := early[told]; ok && told < end; o, ok = early[told] {
			delete(early, told)
			if told++; each(o) {
				end = told
			}
		}
	}
	close(seeds)
	go func() { all.Wait(); close(lived) }()
	for range lived { // who is still at it
	}
}
