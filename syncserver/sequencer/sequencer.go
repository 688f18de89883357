// Package sequencer is the server's loop around core/arbiter: it decides ops one
// by one in memory, writes what was decided in batches, and answers only what is
// durable. While one batch is being written the next one is decided.
package sequencer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/op"
	"yizhan/syncserver/journal"
)

// maxQueue bounds the calls that wait; more are told to come again.
const maxQueue = 65536

// Config is what a sequencer is wired with.
type Config struct {
	Journal journal.Journal
	Zone    *time.Location
	Now     func() time.Time
	Log     *slog.Logger
	Durable func() // called after every batch that became durable; must not block
	Fatal   func(error)
}

// Sequencer is the one writer of a journal.
type Sequencer struct {
	cfg Config

	mu      sync.Mutex // guards pending and closed
	pending []*call
	closed  bool

	wake    chan struct{} // capacity 1: pending is not empty, or time has to be looked at
	write   chan *batch
	written chan *batch
	quit    chan struct{}
	stopped chan struct{}

	// The rest belongs to the loop alone.
	state  *arbiter.State
	broken error // the state cannot be used: everything not durable is taken back
	head   journal.Head
}

// Request is one op and where it comes from.
type Request struct {
	op.Origin
	op.Op
}

// call is one run of ops, or a look at the state, that somebody waits for.
type call struct {
	ops     []Request
	view    func(*arbiter.State)
	glance  bool // the view may see what is not durable yet
	results []op.Result
	entries []op.Entry
	err     error
	done    chan struct{}
}

// batch is what is written together, with those who wait for it.
type batch struct {
	body  bytes.Buffer
	first uint64
	count int
	cuts  []cut // places where the body may be divided, ascending
	calls []*call
	err   error
}

// cut is the end of one entry in a batch's body.
type cut struct{ bytes, count int }

// Open replays the journal and starts the loop.
func Open(cfg Config) (*Sequencer, error) {
	s := &Sequencer{cfg: cfg, wake: make(chan struct{}, 1), write: make(chan *batch, 1), written: make(chan *batch, 1),
		quit: make(chan struct{}), stopped: make(chan struct{})}
	if err := s.rebuild(); err != nil {
		return nil, err
	}
	go s.writer()
	go s.loop()
	return s, nil
}

// Replay builds the state that a journal describes.
func Replay(j journal.Journal, zone *time.Location) (*arbiter.State, error) {
	state := arbiter.New(zone)
	err := j.Read(1, func(b journal.Batch) error {
		entries, err := op.DecodeBatch(b.First, b.Body)
		if err != nil {
			return fmt.Errorf("batch %d: %w", b.Number, err)
		}
		for i := range entries {
			if err := state.Apply(&entries[i]); err != nil {
				return fmt.Errorf("batch %d: %w", b.Number, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("replay journal: %w", err)
	}
	return state, nil
}

func (s *Sequencer) rebuild() (err error) {
	if s.state, err = Replay(s.cfg.Journal, s.cfg.Zone); err != nil {
		return err
	}
	s.head, err = s.cfg.Journal.Head()
	return err
}

// Poke lets the loop look at the clock: something may be due.
func (s *Sequencer) Poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Sequencer) submit(ctx context.Context, c *call) error {
	c.done = make(chan struct{})
	s.mu.Lock()
	switch {
	case s.closed:
		s.mu.Unlock()
		return fault.Errorf(fault.ShuttingDown, "the server is stopping")
	case len(s.pending) >= maxQueue:
		s.mu.Unlock()
		return fault.Errorf(fault.Busy, "%d requests are waiting", maxQueue)
	}
	s.pending = append(s.pending, c)
	s.mu.Unlock()
	s.Poke()
	if ctx.Done() == nil {
		<-c.done
		return c.err
	}
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return fmt.Errorf("wait for decision: %w", ctx.Err()) // it may still be decided; a resend gets the stored result
	}
}

// Do decides one op of the console and gives its entries once they are durable.
func (s *Sequencer) Do(ctx context.Context, o op.Op) ([]op.Entry, error) {
	c := &call{ops: []Request{{Op: o}}}
	if err := s.submit(ctx, c); err != nil {
		return nil, err
	}
	return c.entries, nil
}

// Submit decides a run of consecutive ops of one device, in order, and gives
// their durable results. An op that was decided before gives its stored result.
// On a fault the results before it are given too. A zero Outcome and Verdict
// means that the result is so old that only the ledger has it.
func (s *Sequencer) Submit(ctx context.Context, ops []Request) ([]op.Result, error) {
	c := &call{ops: ops, results: make([]op.Result, 0, len(ops))}
	err := s.submit(ctx, c)
	if err != nil && ctx.Err() != nil {
		return nil, err // the caller stopped waiting; the loop still owns the call
	}
	return c.results, err
}

// View looks at the state as the durable journal has it. fn runs inside the loop
// and must be quick; it may keep nothing of the state.
func (s *Sequencer) View(ctx context.Context, fn func(*arbiter.State)) error {
	return s.submit(ctx, &call{view: fn})
}

// Glance is View without waiting for what is being written: for counts that are
// out of date anyway when they are read.
func (s *Sequencer) Glance(ctx context.Context, fn func(*arbiter.State)) error {
	return s.submit(ctx, &call{view: fn, glance: true})
}

// Close decides nothing more, writes what was decided, and returns.
func (s *Sequencer) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		<-s.stopped
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	close(s.quit)
	<-s.stopped
	return nil
}

func (s *Sequencer) writer() {
	for b := range s.write {
		b.err = s.append(b)
		failed := b.err
		s.written <- b
		if failed == nil && s.cfg.Durable != nil {
			s.cfg.Durable()
		}
		for _, c := range b.calls {
			c.finish(failed)
		}
	}
	close(s.written)
}

func (c *call) finish(err error) {
	if err != nil && c.err == nil {
		c.err = asFault(err)
	}
	close(c.done)
}

func asFault(err error) error {
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, journal.ErrFull):
		return fault.Errorf(fault.StorageFull, "%v", err)
	}
	return fault.Errorf(fault.Internal, "%v", err)
}

// append writes a batch, in pieces where one op made more than a batch may hold.
func (s *Sequencer) append(b *batch) error {
	body, first := b.body.Bytes(), b.first
	start, counted := 0, 0
	for start < len(body) {
		end, count := len(body), b.count
		if end-start > op.MaxBatch {
			for _, c := range b.cuts {
				if c.bytes-start <= op.MaxBatch && c.bytes > start {
					end, count = c.bytes, c.count
				}
			}
		}
		piece := journal.Batch{Number: s.head.Number + 1, First: first, Count: count - counted, Body: body[start:end]}
		piece.Hash = journal.Link(s.head.Hash, piece)
		if err := s.cfg.Journal.Append(s.head.Number, piece); err != nil {
			return fmt.Errorf("append batch %d: %w", piece.Number, err)
		}
		s.head = journal.Head{Number: piece.Number, Next: first + uint64(piece.Count), Hash: piece.Hash}
		start, counted, first = end, count, s.head.Next
	}
	return nil
}
