package server

import (
	"bytes"
	"errors"
	"fmt"

	"yizhan/core/arbiter"
	"yizhan/core/op"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/receipt"
	"yizhan/syncserver/sequencer"
)

// receipts seals what the journal has about each op, nil where nothing can be
// told. An op that was decided before is looked up, because its first answer may
// have been lost with its receipt.
func (s *Server) receipts(ops []sequencer.Request) [][]byte {
	sealed := make([][]byte, len(ops))
	var near []op.Entry // of the batch that was read last: the next op is probably there too
	for i := range ops {
		r, err := &ops[i], error(nil)
		if r.Entries == nil {
			near, err = s.lookUp(near, r)
		}
		if err == nil {
			sealed[i], err = s.keys.receipts.Seal(receipt.Receipt{Device: r.Device, Number: r.Seq, Hash: r.Hash, Epoch: r.Epoch, First: r.First, Entries: r.Entries})
		}
		if err != nil {
			s.cfg.Log.Error("an op is answered without a receipt: after a restore its device could not prove the answer", "device", r.Device, "op", r.Seq, "error", err)
		}
	}
	return sealed
}

// reread gives ops the entries that their receipts hold. One without a receipt of
// ours is decided like any other.
func (s *Server) reread(ops []sequencer.Request, receipts [][]byte) error {
	epoch := 0
	if len(receipts) > 0 {
		if err := s.seq.Glance(s.life, func(state *arbiter.State) { epoch = state.Epoch() }); err != nil {
			return err
		}
	}
	for i, sealed := range receipts {
		if len(sealed) == 0 {
			continue
		}
		o := &ops[i]
		r, err := s.keys.receipts.Open(sealed)
		if err == nil && (r.Device != o.Device || r.Number != o.Seq || r.Hash != o.Hash) {
			err = fmt.Errorf("%w: it is of op %d of device %s", receipt.ErrForged, r.Number, r.Device)
		}
		if err == nil {
			o.Lost = &arbiter.Lost{Epoch: r.Epoch}
			o.Lost.Entries, err = r.Read()
		}
		if err != nil {
			s.cfg.Log.Warn("a device brings back an op with a receipt that cannot be believed; the op is decided anew", "device", o.Device, "op", o.Seq, "error", err)
			o.Lost = nil
			continue
		}
		if r.Epoch < epoch {
			continue
		}
		if err := s.witness(r.Device, r); err != nil {
			return err
		}
	}
	return nil
}

// lookUp finds the entries of an op at their place in the journal, and gives the
// entries of the batch that they are in, also where they do not suffice for a receipt;
// none where the place is not that of the op.
func (s *Server) lookUp(entries []op.Entry, r *sequencer.Request) ([]op.Entry, error) {
	if len(entries) == 0 || r.Place < entries[0].Seq || r.Place > entries[len(entries)-1].Seq {
		b, err := find(s.journal, r.Place)
		if err != nil {
			return nil, err
		}
		if entries, err = op.DecodeBatch(b.First, b.Body); err != nil {
			return nil, err
		}
	}
	at := int(r.Place - entries[0].Seq)
	if entries[at].DevSeq != r.Seq || entries[at].Device != r.Device {
		return nil, fmt.Errorf("entry %d is not the result of op %d of device %s", r.Place, r.Seq, r.Device)
	}
	from, to := at, at+1
	if w := entries[at].Whole; w != nil {
		from, to = at-w.Before, at+1+w.After
	}
	if from < 0 || to > len(entries) {
		return entries, fmt.Errorf("entries of the op around entry %d lie in several batches", r.Place)
	}
	var body bytes.Buffer
	for i := from; i < to; i++ {
		if err := op.EncodeEntry(&body, &entries[i]); err != nil {
			return entries, err
		}
	}
	r.First, r.Entries = entries[from].Seq, body.Bytes()
	return entries, nil
}

var errFound = errors.New("found")

// find reads the batch that holds an entry.
func find(j journal.Journal, seq uint64) (b journal.Batch, err error) {
	head, err := j.Head()
	if err != nil {
		return b, err
	}
	for low, high := uint64(1), head.Number; low <= high; {
		middle := low + (high-low)/2
		err := j.Read(middle, func(read journal.Batch) error {
			b = read
			return errFound
		})
		switch {
		case !errors.Is(err, errFound):
			return b, fmt.Errorf("look for entry %d: %w", seq, err)
		case seq < b.First:
			high = middle - 1
		case seq >= b.First+uint64(b.Count):
			low = middle + 1
		default:
			return b, nil
		}
	}
	return b, fmt.Errorf("the journal has no entry %d", seq)
}
