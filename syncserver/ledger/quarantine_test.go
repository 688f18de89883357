package ledger_test

import (
	"bytes"
	"testing"

	"yizhan/core/op"
	"yizhan/syncserver/ledger"
)

func TestQuarantine(t *testing.T) {
	l := open(t)
	hash := bytes.Repeat([]byte{1}, 16)
	project(t, l,
		op.Entry{Kind: op.Quarantined, Device: "K1", Word: "revoked", Kept: &op.Kept{Seq: 7, Hash: hash, Bytes: []byte{1}}},
		op.Entry{Kind: op.Quarantined, Device: "K2", Word: "forked", Kept: &op.Kept{Seq: 9, Hash: hash}},
		op.Entry{Kind: op.Done, Device: "K1", Kept: &op.Kept{Seq: 1}},
		op.Entry{Kind: op.Wiped, Device: "K1", Kept: &op.Kept{Bytes: []byte("receipt")}},
	)
	var got []ledger.Kept
	if err := l.Quarantine("", func(k ledger.Kept) error { got = append(got, k); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Number != 7 || got[0].Accepted != 3 || got[1].Device != "K2" || got[1].Accepted != 0 || len(got[1].Bytes) != 0 {
		t.Errorf("quarantine %+v", got)
	}
	got = nil
	if err := l.Quarantine("K2", func(k ledger.Kept) error { got = append(got, k); return nil }); err != nil || len(got) != 1 || got[0].Seq != 2 {
		t.Errorf("of K2: %+v, %v", got, err)
	}
	if k, ok, err := l.Kept(1); err != nil || !ok || !bytes.Equal(k.Bytes, []byte{1}) {
		t.Errorf("%+v %v %v", k, ok, err)
	}
	for _, none := range []uint64{3, 1 << 63} {
		if _, ok, err := l.Kept(none); ok || err != nil {
			t.Errorf("%d is in quarantine: %v, %v", none, ok, err)
		}
	}
}
