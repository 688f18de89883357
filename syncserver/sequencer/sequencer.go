// Package sequencer is the server's loop around core/arbiter: it decides ops one
// by one in memory, writes what was decided in batches, and answers only what is
// durable. While one batch is being written the next one is decided.
package sequencer

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/snapshot"
)

// maxQueue bounds the calls that wait; more are told to come again.
const maxQueue = 65536

// Config is what a sequencer is wired with.
type Config struct {
	Journal journal.Journal
	Zone    *time.Location
	Now     func() time.Time
	Log     *slog.Logger
	Durable func(seq uint64) // told the newest durable Seq before those who wait for it; must not block
	Fatal   func(error)
	Clock   func() time.Time // to wait by; nil is the machine's own
	Held    bool             // it begins as Hold leaves it

	Snapshot *snapshot.File // where the state is kept between starts; nil: every start replays the journal
	Every    uint64         // entries after which a server that nobody asks makes a snapshot; 0 is 100,000
}

// Sequencer is the one writer of a journal.
type Sequencer struct {
	cfg Config

	mu        sync.Mutex // guards pending, closed and abandoned
	pending   []*call
	closed    bool
	abandoned bool // closed without writing what waits

	wait    func(ready func() bool) // of Steps; nil where goroutines wait by themselves
	held    atomic.Bool             // see Hold
	calls   sync.Pool               // of *call that nobody holds any more
	wake    chan struct{}           // capacity 1: pending is not empty, or time has to be looked at
	write   chan *batch
	written chan *batch
	answers chan *batch
	quit    chan struct{}
	stopped chan struct{} // closed when the loop has ended and everybody is answered
	proving sync.WaitGroup

	// The rest belongs to the loop alone.
	state  *arbiter.State
	broken error     // the state cannot be used: everything not durable is taken back
	full   time.Time // until when ops are turned away, because the journal's disk was full
	todo   []*call
	at     int // of the next call in todo
	looked int // up to which call in todo the state knows who asks
	coming []id.Device
	spare  *batch // memory for the next batch
	kept   kept   // the newest snapshot

	// The rest belongs to whoever writes: the writer while it has a batch, else the loop.
	head journal.Head
	body bytes.Buffer
	ends []int // where each entry of body ends
}

// Request is one op and where it comes from. The op is only read. Submit adds how
// the journal has what it decided.
type Request struct {
	op.Origin
	Op    *op.Op
	Lost  *arbiter.Lost // what a receipt holds: the op is recorded if it is not known, and never decided again
	Other bool          // it is of another history, as the journal shows, or the device itself

	Place   uint64 // Seq of the entry with the result; 0 where only the ledger has it
	First   uint64 // Seq of the op's first entry, if it was decided just now
	Entries []byte // and all of them, as they are in the journal
	Epoch   int    // of the server when they were decided
}

// call is one run of ops, or a look at the state, that somebody waits for.
type call struct {
	ops     []Request
	spans   []span // of the entries of ops in the batch, where they were decided in it
	view    func(*arbiter.State)
	glance  bool // the view may see what is not durable yet
	results []op.Result
	entries []op.Entry
	err     error
	done    chan struct{} // capacity 1
}

// batch is what is written together, with those who wait for it. Its memory is
// used again for a later batch.
type batch struct {
	first   uint64
	entries []op.Entry
	ops     []span // those that made several entries
	calls   []*call
	err     error
}

// span is a run of entries: from the first up to, not including, to.
type span struct{ from, to int }

// Open makes the state that the journal describes and starts the loop.
func Open(cfg Config) (*Sequencer, error) {
	s, err := open(cfg)
	if err != nil {
		return nil, err
	}
	go s.writer()
	go s.answer()
	go s.loop()
	to := s.kept.seq
	s.proving.Go(func() { s.prove(to) })
	return s, nil
}

func open(cfg Config) (*Sequencer, error) {
	s := &Sequencer{cfg: cfg, wake: make(chan struct{}, 1), write: make(chan *batch, 1), written: make(chan *batch, 1), answers: make(chan *batch, 1),
		quit: make(chan struct{}), stopped: make(chan struct{})}
	s.held.Store(cfg.Held)
	return s, s.rebuild()
}

// rebuild makes the state that the journal describes: of a snapshot and what came after
// it, or of all entries.
func (s *Sequencer) rebuild() (err error) {
	s.state = nil // its memory is needed
	if s.cfg.Snapshot != nil {
		s.state, err = s.resume()
	} else {
		s.state, err = Replay(s.cfg.Journal, s.cfg.Zone)
	}
	if err != nil {
		return err
	}
	s.head, err = s.cfg.Journal.Head()
	return err
}

// Hold has nothing decided, by ops or by time, until it is called with false; only
// an op that begins a new epoch is. Results that are known are still given.
func (s *Sequencer) Hold(held bool) {
	s.held.Store(held)
	s.Poke()
}

// Poke lets the loop look at the clock: something may be due.
func (s *Sequencer) Poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// call prepares a call in memory that was used before.
func (s *Sequencer) call() *call {
	if c, ok := s.calls.Get().(*call); ok {
		*c = call{done: c.done, spans: c.spans[:0]}
		return c
	}
	return &call{done: make(chan struct{}, 1)}
}

// submit queues a call and waits for it. over is false if the caller stopped
// waiting while the loop still holds the call.
func (s *Sequencer) submit(ctx context.Context, c *call) (over bool, err error) {
	s.mu.Lock()
	switch {
	case s.closed:
		s.mu.Unlock()
		return true, fault.Errorf(fault.ShuttingDown, "the server is stopping")
	case len(s.pending) >= maxQueue:
		s.mu.Unlock()
		return true, fault.Errorf(fault.Busy, "%d requests are waiting", maxQueue)
	}
	s.pending = append(s.pending, c)
	first := len(s.pending) == 1
	s.mu.Unlock()
	if first {
		s.Poke()
	}
	if s.wait != nil {
		if s.wait(func() bool { return len(c.done) > 0 }); len(c.done) == 0 {
			return false, fault.Errorf(fault.ShuttingDown, "the server has ended")
		}
	}
	if ctx.Done() == nil {
		<-c.done
		return true, c.err
	}
	select {
	case <-c.done:
		return true, c.err
	case <-ctx.Done():
		// It may still be decided; a resend gets the stored result.
		return false, fmt.Errorf("wait for decision: %w", ctx.Err())
	}
}

// Do decides one op of the console and gives its entries once they are durable.
func (s *Sequencer) Do(ctx context.Context, o op.Op) ([]op.Entry, error) {
	c := s.call()
	c.ops = []Request{{Op: &o}}
	if _, err := s.submit(ctx, c); err != nil {
		return nil, err
	}
	return c.entries, nil
}

// Submit decides a run of consecutive ops of one device, in order, and gives
// their durable results. An op that was decided before gives its stored result.
// On a fault the results before it are given too. A zero Outcome and Verdict
// means that the result is so old that only the ledger has it.
func (s *Sequencer) Submit(ctx context.Context, ops []Request) ([]op.Result, error) {
	c := s.call()
	c.ops, c.results = ops, make([]op.Result, 0, len(ops))
	over, err := s.submit(ctx, c)
	if !over {
		return nil, err
	}
	results := c.results
	s.calls.Put(c)
	return results, err
}

// View looks at the state as the durable journal has it. fn runs inside the loop
// and must be quick; it may keep nothing of the state.
func (s *Sequencer) View(ctx context.Context, fn func(*arbiter.State)) error {
	c := s.call()
	c.view = fn
	_, err := s.submit(ctx, c)
	return err
}

// Glance is View without waiting for what is being written: for counts that are
// out of date anyway when they are read.
func (s *Sequencer) Glance(ctx context.Context, fn func(*arbiter.State)) error {
	if s.wait != nil { // there is no loop to disturb
		fn(s.state)
		return nil
	}
	c := s.call()
	c.view, c.glance = fn, true
	_, err := s.submit(ctx, c)
	return err
}

// Close decides nothing more, writes what was decided, and returns.
func (s *Sequencer) Close() error { return s.end(false) }

// Abandon ends the loop as a kill between two writes would: a batch that is being
// written is finished, everything else is forgotten, and who waits for it gets a fault.
func (s *Sequencer) Abandon() error { return s.end(true) }

func (s *Sequencer) end(abandon bool) error {
	s.mu.Lock()
	first := !s.closed
	if first {
		s.closed, s.abandoned = true, abandon
	}
	s.mu.Unlock()
	if first {
		close(s.quit)
	}
	<-s.stopped
	s.proving.Wait()
	return nil
}
