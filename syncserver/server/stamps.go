package server

import (
	"errors"
	"fmt"
	"sync"

	"yizhan/core/arbiter"
	"yizhan/core/op"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/receipt"
)

// stamps makes what checkpoints carry, once for each place in the journal.
type stamps struct {
	mu     sync.Mutex
	newest journal.Batch // projected, without its body
	seq    uint64        // that sealed is of
	sealed []byte
}

// end is the Seq of the last entry of a batch.
func end(b journal.Batch) uint64 { return b.First + uint64(b.Count) - 1 }

// projected remembers the batch that the ledger ends with.
func (s *stamps) projected(b journal.Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newest = b
}

// stamp seals which batch of the journal ends at seq. Its hash covers all before it:
// a device whose rows are of another history shows so with it, also where no op of
// its own was lost. nil where the journal cannot be read just now.
func (s *Server) stamp(seq uint64) []byte {
	t := &s.stamps
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seq == seq && t.sealed != nil {
		return t.sealed
	}
	b, epoch, err := t.newest, 0, error(nil)
	if end(b) != seq {
		b, err = find(s.journal, seq)
	}
	if err == nil {
		err = s.seq.Glance(s.life, func(state *arbiter.State) { epoch = state.EpochAt(seq) })
	}
	var sealed []byte
	if err == nil {
		sealed, err = s.keys.receipts.Seal(receipt.Receipt{Number: b.Number, Hash: op.Hash(b.Hash[:len(op.Hash{})]), Epoch: epoch, First: seq})
	}
	if err != nil {
		s.cfg.Log.Warn("a checkpoint goes out without a stamp", "entry", seq, "error", err)
		return nil
	}
	t.seq, t.sealed = seq, sealed
	return sealed
}

// stamped reports whether the journal here still has the batch of a stamp of its epoch.
func (s *Server) stamped(r receipt.Receipt) (bool, error) {
	var b journal.Batch
	err := s.journal.Read(r.Number, func(read journal.Batch) error {
		b = read
		return errFound
	})
	if err != nil && !errors.Is(err, errFound) {
		return false, fmt.Errorf("look for batch %d: %w", r.Number, err)
	}
	return b.Number == r.Number && end(b) == r.First && op.Hash(b.Hash[:len(op.Hash{})]) == r.Hash, nil
}
