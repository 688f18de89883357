package sequencer

import (
	"context"

	"yizhan/core/id"
	"yizhan/core/op"
)

// Submit decides a run of consecutive ops of one device, in order, and gives
// their durable results. An op that was decided before gives its stored result;
// one that cannot be read is refused as invalid, so that it blocks nothing. On a
// fault the results before it are given too. A zero Outcome and Verdict means
// that the result is so old that only the ledger has it.
func (s *Sequencer) Submit(ctx context.Context, from id.Device, first uint64, previous op.Hash, ops [][]byte) ([]op.Result, error) {
	c := &call{ops: make([]op.Op, len(ops)), from: make([]op.Origin, len(ops)), results: make([]op.Result, 0, len(ops))}
	for i, raw := range ops {
		// Reading and hashing happen here, in the caller's goroutine, not in the loop.
		o, err := op.Decode(raw)
		if err != nil || !o.Kind.FromDevice() {
			o = op.Op{}
		}
		c.ops[i] = o
		hash := op.Chain(previous, raw)
		c.from[i] = op.Origin{Device: from, Seq: first + uint64(i), Previous: previous, Hash: hash}
		previous = hash
	}
	err := s.submit(ctx, c)
	select {
	case <-c.done:
		return c.results, err
	default: // the caller stopped waiting; the loop still owns the call
		return nil, err
	}
}
