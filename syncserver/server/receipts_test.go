package server

import (
	"bytes"
	"context"
	"testing"

	"yizhan/core/op"
	"yizhan/core/wire"
)

// TestReceiptsHoldAllThatAnOpDid: a cancellation promotes somebody else. Its receipt
// says so, and is the same when the op is sent again, also to a server that started anew.
func TestReceiptsHoldAllThatAnOpDid(t *testing.T) {
	c, dir := &clock{}, t.TempDir()
	s, phones := settled(t, dir, c)
	publish(t, s, `{"id":"a","title":"甲","pools":[{"id":"p","total":1}],"when_full":"waitlist"}`)
	phones[0].ask(s, op.Op{Kind: op.Claim, Activity: "a", Seats: 1})
	phones[1].ask(s, op.Op{Kind: op.Claim, Activity: "a", Seats: 1})
	p := phones[0]
	raw, err := op.Encode(&op.Op{Kind: op.Cancel, Member: p.member, Activity: "a", Seats: 1})
	if err != nil {
		t.Fatal(err)
	}
	m := wire.Ops{First: p.seq + 1, Previous: p.chain[:], Ops: [][]byte{raw}}
	first, err := s.Submit(context.Background(), p.device, m)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.keys.receipts.Open(first.Receipts[0])
	if err != nil || r.Device != p.device || r.Number != p.seq+1 || r.Hash != op.Chain(p.chain, raw) {
		t.Fatalf("receipt %+v, %v", r, err)
	}
	entries, err := r.Read()
	if err != nil || len(entries) != 3 || entries[0].Kind != op.Released || entries[1].Kind != op.Promoted || entries[1].Member != phones[1].member || entries[2].Kind != op.Done {
		t.Fatalf("receipt holds %+v, %v", entries, err)
	}
	if got := op.ResultOf(&entries[2]); got.Seq != first.Results[0].Seq {
		t.Errorf("receipt says %+v, the device was told %+v", got, first.Results[0])
	}
	for _, when := range []string{"sent again", "after a restart"} {
		if when == "after a restart" {
			shut(t, s)
			s = open(t, dir, c)
		}
		again, err := s.Submit(context.Background(), p.device, m)
		if err != nil || len(again.Receipts) != 1 || !bytes.Equal(again.Receipts[0], first.Receipts[0]) {
			t.Errorf("%s: receipt %x (%v), was %x", when, again.Receipts, err, first.Receipts[0])
		}
	}
}
