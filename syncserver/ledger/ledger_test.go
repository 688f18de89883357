package ledger_test

import (
	"path/filepath"
	"testing"

	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger"
)

func open(t testing.TB) *ledger.Ledger {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "ledger.db"))
}

func openAt(t testing.TB, path string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// project numbers entries after what the ledger has, and projects them.
func project(t testing.TB, l *ledger.Ledger, entries ...op.Entry) {
	t.Helper()
	for i := range entries {
		entries[i].Seq = l.Applied() + uint64(i) + 1
	}
	if err := l.Project(entries); err != nil {
		t.Fatal(err)
	}
}

// rows gives what a device with these scopes would hold, by "table id".
func rows(t testing.TB, l *ledger.Ledger, scopes ...string) map[string]wire.RowChange {
	t.Helper()
	held := map[string]wire.RowChange{}
	err := l.Delta(scopes, 0, l.Applied(), func(c wire.RowChange) error {
		held[c.Table+" "+c.ID] = c
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return held
}

func TestSmoke(t *testing.T) {
	l := open(t)
	project(t, l, op.Entry{Kind: op.Published, Activity: "a", Number: 1, Revision: 1, Spec: []byte(`{"id":"a","pools":[{"id":"p","total":1}]}`)},
		op.Entry{Kind: op.Claimed, Outcome: op.Granted, Member: "m", Activity: "a", Pool: "p", Seats: 1, Taken: []op.Taken{{From: 1, N: 1}}})
	if got := rows(t, l, "public", "member/m"); len(got) != 4 {
		t.Error(got)
	}
}
