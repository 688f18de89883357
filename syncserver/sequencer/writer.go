package sequencer

import (
	"bytes"
	"errors"
	"fmt"

	"yizhan/core/fault"
	"yizhan/core/op"
	"yizhan/syncserver/journal"
)

// writer makes batches durable, one after the other.
func (s *Sequencer) writer() {
	for b := range s.write {
		s.makeDurable(b)
		s.answers <- &batch{calls: b.calls, err: b.err}
		b.calls = nil // the loop may fill the batch again as soon as it has it back
		s.written <- b
	}
	close(s.answers)
}

func (s *Sequencer) makeDurable(b *batch) {
	b.err = s.append(b)
	if s.cfg.Durable != nil {
		s.cfg.Durable(s.head.Next - 1)
	}
	if b.err == nil {
		s.copyOut(b)
	}
}

// answer wakes those who wait for a batch, while the next one is being written.
func (s *Sequencer) answer() {
	for b := range s.answers {
		for _, c := range b.calls {
			c.finish(b.err)
		}
	}
	close(s.stopped)
}

// finish wakes the caller. An error means that nothing of its batch has happened,
// whatever was decided: not even that a closed device's ops are in quarantine.
func (c *call) finish(err error) {
	if err != nil {
		c.err, c.results, c.spans, c.entries = asFault(err), nil, nil, nil
	}
	c.done <- struct{}{}
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

// append encodes and writes a batch, in pieces where one is not enough.
func (s *Sequencer) append(b *batch) error {
	s.body.Reset()
	s.ends = s.ends[:0]
	for i := range b.entries {
		if err := op.EncodeEntry(&s.body, &b.entries[i]); err != nil {
			return err
		}
		s.ends = append(s.ends, s.body.Len())
	}
	for from := 0; from < len(s.ends); {
		to := b.whole(from, s.fit(from))
		start := 0
		if from > 0 {
			start = s.ends[from-1]
		}
		piece := journal.Batch{Number: s.head.Number + 1, First: b.first + uint64(from), Count: to - from, Body: s.body.Bytes()[start:s.ends[to-1]]}
		piece.Hash = journal.Link(s.head.Hash, piece)
		if err := s.cfg.Journal.Append(s.head.Number, piece); err != nil {
			return fmt.Errorf("append batch %d: %w", piece.Number, err)
		}
		s.head = journal.Head{Number: piece.Number, Next: piece.First + uint64(piece.Count), Hash: piece.Hash}
		from = to
	}
	return nil
}

// copyOut gives every caller the bytes of its entries: the buffer is used again.
func (s *Sequencer) copyOut(b *batch) {
	var body []byte
	for _, c := range b.calls {
		for i, at := range c.spans {
			if at.to == 0 {
				continue
			}
			if body == nil {
				body = bytes.Clone(s.body.Bytes())
			}
			start := 0
			if at.from > 0 {
				start = s.ends[at.from-1]
			}
			c.ops[i].Entries = body[start:s.ends[at.to-1]:s.ends[at.to-1]]
		}
	}
}

// whole moves the end of a piece before an op that the end would divide: a kill
// between two pieces must not leave half of an op. One that is larger than a
// piece is divided all the same, and taken up again by the arbiter.
func (b *batch) whole(from, to int) int {
	for _, o := range b.ops {
		if from < o.from && o.from < to && to < o.to {
			return o.from
		}
	}
	return to
}

// fit gives the end of the longest run of entries from `from` that one journal batch may hold.
func (s *Sequencer) fit(from int) int {
	start := 0
	if from > 0 {
		start = s.ends[from-1]
	}
	to := from + 1
	for to < len(s.ends) && s.ends[to]-start <= op.MaxBatch {
		to++
	}
	return to
}
