package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/server"
)

// pressAll lets every phone ask some times, all at once.
func pressAll(t *testing.T, all []*presser, times int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	errs := make(chan error, len(all))
	for _, s := range all {
		go func() {
			var err error
			for range times {
				if err == nil {
					err = s.press(ctx)
				}
			}
			errs <- err
		}()
	}
	for range all {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
}

// moveTo ends the server as the loss of its machine does, and goes on at the same
// address with other files.
func (p *process) moveTo(data string) {
	p.t.Helper()
	p.end(syscall.SIGKILL)
	p.data = data
	p.start()
}

func (p *process) recovery() server.Recovery {
	p.t.Helper()
	if r := p.status().Recovery; r != nil {
		return *r
	}
	return server.Recovery{}
}

// shanghaiTime writes the time in a backup's name as the deployment's clock says it.
func shanghaiTime(t *testing.T, name string) string {
	t.Helper()
	at, err := time.Parse("20060102T150405.000Z", name)
	if err != nil {
		t.Fatal(err)
	}
	return at.In(shanghai).Format(time.DateTime)
}

// TestRestore: the machine is lost, an older backup goes on, and everybody keeps
// what they were told, through the devices alone.
func TestRestore(t *testing.T) {
	p := serving(t)
	all := pressers(p, 8, 7)
	out, secrets := filepath.Join(t.TempDir(), "out"), filepath.Join(t.TempDir(), "secret")
	pressAll(t, all, 3)
	backup := func() string { return p.must("backup", "-o", out, "-secrets", secrets) }
	if text := backup(); !strings.Contains(text, "hash chain are right") {
		t.Errorf("backup says %s", text)
	} else if _, name, _ := strings.Cut(text, "/journal-"); !strings.Contains(text, "until "+shanghaiTime(t, name[:len("20060102T150405.000Z")])) {
		t.Errorf("backup does not say Shanghai's time of %s", text)
	}
	pressAll(t, all, 6)
	lost := p.status().Seq
	fresh := filepath.Join(t.TempDir(), "new")
	text := must(t, "restore", "-from", out, "-secrets", secrets, "-data", fresh)
	if !strings.Contains(text, "Publish, import, enrol, lend, revoke and erase again") {
		t.Errorf("restore says %s", text)
	}
	refused(t, []string{"not empty"}, "restore", "-from", out, "-secrets", secrets, "-data", fresh)
	silent := all[0] // stays away until the others have reported
	silent.SetOnline(false)
	p.moveTo(fresh)
	if seq := p.status().Seq; seq >= lost {
		t.Fatalf("the restored server begins at entry %d, the lost one ended at %d", seq, lost)
	}
	for _, s := range all[1:] {
		s.Kick()
	}
	if _, err := all[1].Do(all[1].next()); err != nil { // waits until the pool is reopened
		t.Fatal(err)
	}
	until(t, "a phone says why it waits", func() bool {
		why := all[1].Status().Problem
		return why != nil && why.Kind == fault.Frozen && why.Kind.Sentence() != ""
	})
	silent.SetOnline(true)
	until(t, "every phone has reported", func() bool { r := p.recovery(); return r.Waiting && len(r.Missing) == 0 })
	if text := p.must("reopen"); !strings.Contains(text, "every device has reported") {
		t.Errorf("reopen says %s", text)
	}
	p.must("verify")
	p.must("reopen", "rush")
	again := p.must("reopen", "rush")
	if !strings.Contains(again, "nothing was frozen") {
		t.Errorf("reopened twice: %s", again)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	seq := uint64(len(all[1].ops) + 1)
	r, err := all[1].Wait(ctx, seq)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := all[1].store.Kept(seq, 1)
	if err != nil || len(kept) != 1 {
		t.Fatalf("%d ops, %v", len(kept), err)
	}
	all[1].ops, all[1].results = append(all[1].ops, kept[0].Bytes), append(all[1].results, r)
	pressAll(t, all, 2)
	backup() // the second time the newest counts
	for _, s := range all {
		s.synced()
	}
	p.must("verify")
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	audit(t, p, all)
}

// TestRolledBackMachine: somebody puts an old copy of the whole directory back and
// tells nobody. The first device that comes shows it, also one that forges nothing.
func TestRolledBackMachine(t *testing.T) {
	p := serving(t)
	all := pressers(p, 4, 11)
	pressAll(t, all, 2)
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	old := filepath.Join(t.TempDir(), "old")
	if err := os.CopyFS(old, os.DirFS(p.data)); err != nil {
		t.Fatal(err)
	}
	p.start()
	for _, s := range all {
		s.Kick()
	}
	pressAll(t, all, 3)
	for _, s := range all[1:] {
		s.SetOnline(false)
	}
	p.moveTo(old)
	all[0].Kick()
	until(t, "the loss is found", func() bool { return p.recovery().Loss != nil })
	p.refuses([]string{"lost a part"}, "publish", file(t, map[string]any{"id": "new", "title": "新", "pools": []any{map[string]any{"id": "p", "total": 3}}}))
	if text := p.must("reopen"); !strings.Contains(text, "accept-loss") {
		t.Errorf("reopen says %s", text)
	}
	p.must("accept-loss")
	for _, s := range all {
		s.SetOnline(true)
		s.Kick()
	}
	until(t, "every phone has reported", func() bool { r := p.recovery(); return r.Waiting && len(r.Missing) == 0 })
	p.must("reopen", "all")
	pressAll(t, all, 1)
	for _, s := range all {
		s.synced()
	}
	p.must("verify")
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	audit(t, p, all)
}

// TestAnUnreadableOpIsRestored: bytes that no server could read are brought back like any other op.
func TestAnUnreadableOpIsRestored(t *testing.T) {
	p := serving(t)
	all := pressers(p, 1, 3)
	out := filepath.Join(t.TempDir(), "out")
	p.must("backup", "-o", out)
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s, who := opened(t, p), all[0]
	garbage := []byte("GET / HTTP/1.1")
	first, err := s.Submit(context.Background(), who.device, wire.Ops{First: 1, Previous: make([]byte, 16), Ops: [][]byte{garbage}})
	if err != nil || first.Results[0].Code != fault.Invalid {
		t.Fatalf("%+v, %v", first, err)
	}
	fresh := filepath.Join(t.TempDir(), "new")
	must(t, "restore", "-from", out, "-data", fresh)
	p.data = fresh
	s = opened(t, p)
	again, err := s.Submit(context.Background(), who.device, wire.Ops{First: 1, Previous: make([]byte, 16), Ops: [][]byte{garbage}, Receipts: first.Receipts})
	if err != nil || again.Results[0].Outcome != op.Refused || again.Results[0].Seq != first.Results[0].Seq {
		t.Errorf("%+v, %v; was %+v", again, err, first)
	}
}
