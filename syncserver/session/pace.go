package session

import (
	"sync"
	"time"
)

// Checkpoints that only bring devices what their own ops changed, whose results they
// know, take a share of one core and no more: while all press at once, answers go
// before what follows from them, and one checkpoint covers several presses.
const (
	share   = 4                     // the others have four times as long as such a checkpoint took
	longest = 10 * time.Millisecond // between two of them
	recent  = 16                    // checkpoints that the usual time is of
)

// pace gives devices their turn, one after the other. The zero value is ready.
type pace struct {
	mu    sync.Mutex // guards all below
	free  time.Time  // when the next device has its turn
	usual time.Duration
}

// turn gives the moment from which on a device is brought what its own ops changed.
func (p *pace) turn(now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.free.Before(now) {
		p.free = now
	}
	at := p.free
	p.free = at.Add(min(share*p.usual, longest))
	return at
}

// took hears how long a checkpoint took to make.
func (p *pace) took(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.usual += (d - p.usual) / recent
}
