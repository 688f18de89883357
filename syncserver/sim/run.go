package sim

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
)

var quietly = slog.New(slog.DiscardHandler)

// Outcome is what became of a world.
type Outcome struct {
	Seed  uint64
	Trace uint64 // sum over all that happened: the same seed gives the same
	Stats Stats
	Wrong error // the rule that was broken; nil if none was
}

// Run lives the world of a seed, with a bug planted in it if defect is not nil.
// trace, if it is not nil, is told everything.
func (l *Lab) Run(seed uint64, defect *Defect, trace io.Writer) Outcome {
	w, err := l.world(seed, defect)
	if err != nil {
		return Outcome{Seed: seed, Wrong: fmt.Errorf("make world %d: %w", seed, err)}
	}
	defer w.close()
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

// Many lives the worlds from first on, on all processors, until every one of them
// has been lived or each says stop. Outcomes come in any order, one at a time.
func (l *Lab) Many(first uint64, worlds int, live func(seed uint64) Outcome, each func(Outcome) (stop bool)) {
	var next atomic.Uint64
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				n := next.Add(1) - 1
				if n >= uint64(worlds) {
					return
				}
				o := live(first + n)
				mu.Lock()
				if each(o) {
					next.Store(uint64(worlds))
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}
