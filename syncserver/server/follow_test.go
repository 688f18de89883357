package server

import (
	"context"
	"strings"
	"testing"

	"yizhan/core/local/disk"
	"yizhan/core/op"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/journal/sqlite"
)

// TestLedgerThatFailsPartsSessionsOnce: a new epoch ends the sessions of the one before.
// As long as the ledger cannot take it in, its entry comes again and again; whoever
// connects meanwhile belongs to the new epoch and stays.
func TestLedgerThatFailsPartsSessionsOnce(t *testing.T) {
	d, err := disk.New()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	c := &clock{}
	c.set("2017-03-01 10:00")
	cfg := config(t, t.TempDir(), c)
	cfg.VFS, cfg.Clock = d.VFS(), c.now
	cfg.Journal = func(string) (journal.Journal, error) { return sqlite.OpenOn(d.VFS(), JournalFile) }
	var s *Steps
	s, err = Step(cfg, func(ready func() bool) {
		for !ready() {
			s.Decide()
			s.Write()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Kill(); err != nil {
			t.Error(err)
		}
	}()
	stays := func() (stays func() bool) {
		session := s.Session(func([]byte) error { return nil })
		return func() bool { _, more := session.Write(); return more }
	}
	before := stays()
	if _, err := s.seq.Do(context.Background(), op.Op{Kind: op.Restore}); err != nil {
		t.Fatal(err)
	}
	d.Plan(func(o disk.Op) disk.Fault {
		if strings.HasPrefix(o.File, LedgerFile) {
			return disk.Fail
		}
		return disk.None
	})
	if err := s.Project(); err == nil || before() {
		t.Fatalf("projected: %v; a session of the epoch before goes on", err)
	}
	after := stays()
	if err := s.Project(); err == nil || !after() {
		t.Errorf("projected again: %v; a session of the new epoch is ended", err)
	}
	d.Plan(nil)
	if err := s.Project(); err != nil || !after() || s.ledger.Applied() != s.Head() {
		t.Errorf("on a disk that works: %v, and the ledger ends at %d of %d", err, s.ledger.Applied(), s.Head())
	}
}
