package sequencer

import (
	"errors"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/op"
	"yizhan/syncserver/journal"
)

// fullBatch is the number of entries from which a batch waits for the writer
// instead of growing: about as many as one journal batch holds.
const fullBatch = 4096

// handOver is the number of entries with which an idle writer begins: few enough
// that it begins soon, enough that its fsync is not for nothing.
const handOver = 256

// loop decides. It hands over a batch whenever the writer is idle, so that
// batches grow by themselves with the load and a lone op never waits.
func (s *Sequencer) loop() {
	next, writing := s.fresh(), false
	for {
		wake := s.wake
		if next.full() || s.broken != nil {
			wake = nil
		}
		quit := s.quit
		if writing {
			quit = nil
		}
		select {
		case <-wake:
			s.decideAll(next, writing)
		case b := <-s.written:
			writing, s.spare = false, b
			if b.err != nil {
				s.broken = b.err
			}
			s.Poke() // calls may have waited for a full batch or an idle writer
		case <-quit:
			s.decideAll(next, writing)
			if next.empty() && s.next() == nil {
				close(s.write)
				return
			}
		}
		if !writing && s.forget(next) {
			close(s.write)
			return
		}
		if !writing {
			if next = s.sound(next); s.broken == nil && !next.empty() {
				s.write <- next
				next, writing = s.fresh(), true
			}
		}
		if !writing && next.empty() {
			s.rest()
		}
	}
}

// forget turns away everybody who waits, if the loop was abandoned.
func (s *Sequencer) forget(b *batch) bool {
	s.mu.Lock()
	abandoned, waiting := s.abandoned, append(s.todo[s.at:], s.pending...)
	s.mu.Unlock()
	if !abandoned {
		return false
	}
	for _, c := range append(b.calls, waiting...) {
		c.finish(fault.Errorf(fault.ShuttingDown, "the server has ended"))
	}
	return true
}

// sound gives the batch to go on with while nothing is being written: where the
// state is broken it is built again, and what was decided on it is taken back.
func (s *Sequencer) sound(next *batch) *batch {
	if s.broken == nil {
		return next
	}
	s.recover(s.broken, next)
	return s.fresh()
}

// fresh begins a batch, in the memory of one that was written.
func (s *Sequencer) fresh() *batch {
	b := s.spare
	s.spare = nil
	if b == nil {
		b = &batch{}
	}
	clear(b.entries) // what they point to may go
	*b = batch{first: s.state.Seq() + 1, entries: b.entries[:0], ops: b.ops[:0]}
	return b
}

func (b *batch) empty() bool { return len(b.entries) == 0 && len(b.calls) == 0 }

// note remembers an op that made several entries, the last ones of b.
func (b *batch) note(before int) {
	if n := len(b.entries); n-before > 1 {
		b.ops = append(b.ops, span{before, n})
	}
}

func (b *batch) full() bool { return len(b.entries) >= fullBatch }

// decideAll takes the waiting calls in order until the batch is full, or large
// enough to keep an idle writer busy: the rest is decided while that is written.
func (s *Sequencer) decideAll(b *batch, writing bool) {
	s.tick(b)
	for s.broken == nil && !b.full() && (writing || len(b.entries) < handOver) {
		c := s.next()
		switch {
		case c == nil:
			return
		case c.view == nil:
			s.at++
			s.tick(b)
			s.look()
			s.decide(b, c)
			b.calls = append(b.calls, c)
		case c.glance || !writing && b.empty():
			s.at++
			c.view(s.state)
			c.finish(nil)
		default:
			return // a view waits until everything before it is durable
		}
	}
	s.Poke()
}

// next gives the call at the front of the queue without taking it, nil if there is none.
func (s *Sequencer) next() *call {
	if s.at == len(s.todo) {
		clear(s.todo)
		s.mu.Lock()
		s.todo, s.pending = s.pending, s.todo[:0]
		s.mu.Unlock()
		s.at, s.looked = 0, 0
	}
	if len(s.todo) == 0 {
		return nil
	}
	return s.todo[s.at]
}

// ahead is how many devices the state is told of before their ops are decided.
const ahead = 128

// look tells the state whose ops come next, those of the call that was just taken first.
func (s *Sequencer) look() {
	if s.looked >= s.at {
		return
	}
	s.coming = s.coming[:0]
	for s.looked = s.at - 1; s.looked < len(s.todo) && len(s.coming) < ahead; s.looked++ {
		for i := range s.todo[s.looked].ops {
			if d := s.todo[s.looked].ops[i].Device; len(s.coming) == 0 || d != s.coming[len(s.coming)-1] {
				s.coming = append(s.coming, d)
			}
		}
	}
	s.state.Expect(s.coming)
}

// tick decides every moment that is due before any later op.
func (s *Sequencer) tick(b *batch) {
	now := max(s.cfg.Now().UnixMilli(), s.state.Now()) // a clock that was set back delays nothing that is due
	for {
		at, ok := s.state.Next()
		if !ok || at > now || s.broken != nil || s.held.Load() {
			return
		}
		var err error
		before := len(b.entries)
		if b.entries, err = s.state.Append(b.entries, &op.Op{Kind: op.Tick}, op.Origin{}, at); err != nil {
			s.broken = err
			return
		}
		b.note(before)
	}
}

func (s *Sequencer) decide(b *batch, c *call) {
	now := s.cfg.Now().UnixMilli()
	if !s.full.IsZero() && s.clock().Before(s.full) {
		c.err = asFault(journal.ErrFull)
		return
	}
	for i := range c.ops {
		from := c.ops[i].Origin
		standing, known := s.state.Admit(from)
		if c.ops[i].Other && (standing == arbiter.OldOp || standing == arbiter.NextOp) {
			standing = arbiter.ForkedOp
		}
		switch standing {
		case arbiter.KnownOp:
			c.ops[i].Place = s.state.Place(from)
			c.ops[i].Epoch = s.state.EpochAt(c.ops[i].Place)
			c.keep(known, span{})
			continue
		case arbiter.NextOp, arbiter.Refusable:
		default:
			if c.err = s.turnAway(b, standing, from, now); c.err != nil {
				s.keep(b, c.ops[i:], standing, now)
				return
			}
			c.keep(op.Result{}, span{}) // OldOp: the caller asks the ledger
			continue
		}
		before := len(b.entries)
		var err error
		switch {
		case s.held.Load() && c.ops[i].Op.Kind != op.Restore:
			err = fault.Errorf(fault.Frozen, "the server has lost a part of its journal; see its log")
		case c.ops[i].Lost != nil:
			b.entries, err = s.state.Record(b.entries, *c.ops[i].Lost, from, now)
		default:
			b.entries, err = s.state.Append(b.entries, c.ops[i].Op, from, now)
		}
		if err != nil {
			c.err = err
			if errors.Is(err, arbiter.ErrBroken) {
				s.broken, c.err = err, asFault(err)
			}
			return
		}
		b.note(before)
		c.take(b, span{before, len(b.entries)}, &c.ops[i])
		c.ops[i].Epoch = s.state.EpochAt(c.ops[i].Place)
	}
}

// take keeps what the caller of an op is given: its result, or the entries of a console op.
func (c *call) take(b *batch, at span, r *Request) {
	entries := b.entries[at.from:at.to]
	if r.Device == "" {
		c.entries = append(c.entries, entries...)
		return
	}
	for i := range entries {
		if entries[i].DevSeq == r.Seq {
			r.Place, r.First = entries[i].Seq, entries[0].Seq
			c.keep(op.ResultOf(&entries[i]), at)
		}
	}
}

func (c *call) keep(r op.Result, at span) {
	c.results, c.spans = append(c.results, r), append(c.spans, at)
}

// turnAway says why an op is not decided; a fork also closes its device.
func (s *Sequencer) turnAway(b *batch, standing arbiter.Standing, from op.Origin, now int64) error {
	switch standing {
	case arbiter.OldOp:
		return nil
	case arbiter.GapOp:
		return fault.Errorf(fault.Gap, "op %d of device %s came before the ones in front of it", from.Seq, from.Device)
	case arbiter.GoneOp:
		return fault.Errorf(fault.RevokedDevice, "device %s may do nothing any more", from.Device)
	case arbiter.ForkedOp:
		entries, err := s.state.Quarantine(from.Device, "forked", now)
		if err != nil {
			s.broken = err
			return asFault(err)
		}
		b.entries = append(b.entries, entries...)
		b.note(len(b.entries) - len(entries))
		return fault.Errorf(fault.Fork, "op %d of device %s continues another history", from.Seq, from.Device)
	}
	return fault.Errorf(fault.Unauthenticated, "device %q is not enrolled", from.Device)
}

// keep takes what a closed device sent into quarantine: this op and all behind it.
func (s *Sequencer) keep(b *batch, ops []Request, standing arbiter.Standing, now int64) {
	if standing != arbiter.GoneOp && standing != arbiter.ForkedOp {
		return
	}
	before := len(b.entries)
	for i := range ops {
		if s.broken != nil {
			return
		}
		b.entries, s.broken = s.state.Keep(b.entries, ops[i].Origin, now)
	}
	b.note(before)
}

// fullPause is how long ops are turned away after an append found no space: each
// failed append costs a replay, while questions could have been answered.
const fullPause = time.Second

// recover follows a failed append: nothing of that batch, and nothing that was
// decided on top of it, has happened. The state is built again from the journal.
func (s *Sequencer) recover(err error, lost *batch) {
	if journal.Fatal(err) {
		s.cfg.Fatal(err)
	}
	s.cfg.Log.Error("a batch was taken back; its requests were not decided", "err", err)
	for _, c := range lost.calls {
		c.finish(err)
	}
	if errors.Is(err, journal.ErrFull) {
		s.full = s.clock().Add(fullPause)
	}
	s.broken, lost.calls = nil, nil
	s.spare = lost
	s.Poke() // calls were left waiting
	if errors.Is(err, arbiter.ErrBroken) {
		s.distrust()
	}
	if rebuilt := s.rebuild(); rebuilt != nil {
		s.cfg.Fatal(errors.Join(err, rebuilt))
	}
}
