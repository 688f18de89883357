package session

import (
	"runtime"
	"sync"
	"time"
)

// stuckAfter is how long sessions wait for a goroutine while none of those that work
// comes back: then these wait for devices that do not read, and more are needed.
const stuckAfter = 5 * time.Millisecond

// crew has sessions looked after by a few goroutines, one session after the other. Where
// thousands are told of the same change, a goroutine each would spend more on a stack
// that grows than on what is sent. The zero value is ready.
type crew struct {
	mu      sync.Mutex // guards all below
	waiting []*peer    // who have the turn, the longest first
	working int
	more    int // goroutines to be begun if none comes back
	done    int // sessions looked after so far
	watch   *time.Timer
}

// call has p's turn taken.
func (c *crew) call(p *peer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, p)
	if c.working < 2*runtime.GOMAXPROCS(0) {
		c.working++
		go c.work()
		return
	}
	if c.watch == nil {
		c.watchOver()
	}
}

func (c *crew) work() {
	c.mu.Lock()
	for {
		if len(c.waiting) == 0 {
			c.working--
			c.waiting = nil
			c.mu.Unlock()
			return
		}
		p := c.waiting[0]
		c.waiting = c.waiting[1:]
		c.mu.Unlock()
		p.turn()
		c.mu.Lock()
		c.done++
	}
}

// watchOver looks again in a while, and begins more goroutines, twice as many each time,
// while none of those that work comes back. The caller holds c.mu.
func (c *crew) watchOver() {
	before := c.done
	c.watch = time.AfterFunc(stuckAfter, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.watch = nil; len(c.waiting) == 0 {
			c.more = 0
			return
		}
		if c.done > before {
			c.more = 0
		} else {
			c.more = max(1, 2*c.more)
		}
		for range min(c.more, len(c.waiting)) {
			c.working++
			go c.work()
		}
		c.watchOver()
	})
}
