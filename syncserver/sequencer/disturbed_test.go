package sequencer

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/image"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/journal/memory"
	"yizhan/syncserver/snapshot"
)

// TestSnapshotGivesWay: while a snapshot is made, who wants to look is served, and who
// wants something decided ends it.
func TestSnapshotGivesWay(t *testing.T) {
	file := snapshot.File{Path: filepath.Join(t.TempDir(), "snapshot"), Zone: time.UTC}
	s, err := open(Config{Journal: new(memory.Store).Open(), Zone: time.UTC, Now: time.Now, Log: slog.New(slog.DiscardHandler), Snapshot: &file})
	if err != nil {
		t.Fatal(err)
	}
	step := func() { // what the loop does with one call
		b := s.fresh()
		s.decideAll(b, false)
		s.makeDurable(b)
		for _, c := range b.calls {
			c.finish(b.err)
		}
	}
	put := s.call()
	put.ops = []Request{{Op: &op.Op{Kind: op.PutOrgs, Orgs: []member.Org{{ID: "C"}}}}}
	s.pending = append(s.pending, put)
	step()

	looked := uint64(0)
	view := s.call()
	view.view = func(state *arbiter.State) { looked = state.Seq() }
	s.pending = append(s.pending, view)
	if err := s.save(s.disturbed); err != nil || looked != 1 || len(view.done) != 1 {
		t.Errorf("a look at entry %d during a snapshot: %v", looked, err)
	}
	s.saved()
	state, _, err := file.Load(s.cfg.Journal)
	if err != nil || state.Seq() != 1 {
		t.Fatalf("the snapshot: %v", err)
	}

	more := s.call()
	more.ops = []Request{{Op: &op.Op{Kind: op.PutPeople, People: []member.Person{{ID: "m", Org: "C"}}}}}
	s.pending = append(s.pending, more)
	if err := s.save(s.disturbed); !errors.Is(err, image.ErrStopped) || len(more.done) != 0 {
		t.Errorf("an op did not end the snapshot: %v", err)
	}
	if _, err := os.Stat(file.Path + ".new"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a snapshot is left: %v", err)
	}
	step()
	if _, known := s.state.Person(id.Member("m")); len(more.done) != 1 || !known {
		t.Error("the op was not decided afterwards")
	}
}

// TestBrokenStateTakesItsSnapshotAlong: the one that it came of may have been wrong.
func TestBrokenStateTakesItsSnapshotAlong(t *testing.T) {
	file := snapshot.File{Path: filepath.Join(t.TempDir(), "snapshot"), Zone: time.UTC}
	s, err := open(Config{Journal: new(memory.Store).Open(), Zone: time.UTC, Now: time.Now, Log: slog.New(slog.DiscardHandler), Snapshot: &file})
	if err != nil {
		t.Fatal(err)
	}
	there := func() bool { _, err := os.Stat(file.Path); return err == nil }
	for _, x := range []struct {
		err  error
		kept bool
	}{{journal.ErrFull, true}, {fmt.Errorf("claim: %w", arbiter.ErrBroken), false}} {
		if err := s.save(nil); err != nil {
			t.Fatal(err)
		}
		s.saved()
		if s.recover(x.err, s.fresh()); there() != x.kept || s.state == nil {
			t.Errorf("after %v the snapshot is there: %v", x.err, there())
		}
	}
}

// TestWhatWasNotKeptIsMadeAgain: a snapshot that the disk did not take is none, and one that
// cannot be removed is not believed any more.
func TestWhatWasNotKeptIsMadeAgain(t *testing.T) {
	file := snapshot.File{Path: filepath.Join(t.TempDir(), "snapshot"), Zone: time.UTC}
	now := time.UnixMilli(1)
	s, err := open(Config{Journal: new(memory.Store).Open(), Zone: time.UTC, Now: time.Now, Clock: func() time.Time { return now }, Every: 1,
		Log: slog.New(slog.DiscardHandler), Snapshot: &file})
	if err != nil {
		t.Fatal(err)
	}
	put := s.call()
	put.ops = []Request{{Op: &op.Op{Kind: op.PutOrgs, Orgs: []member.Org{{ID: "C"}}}}}
	s.pending = append(s.pending, put)
	b := s.fresh()
	s.decideAll(b, false)
	s.makeDurable(b)
	rest := func(later time.Duration) bool {
		now = now.Add(later)
		s.rest()
		s.saved()
		info, err := os.Stat(file.Path)
		return err == nil && info.Mode().IsRegular()
	}
	if err := os.MkdirAll(filepath.Join(file.Path, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	rest(0)
	if rest(quiet) || s.kept.seq != 0 {
		t.Error("a snapshot that was not kept counts as one")
	}
	if err := os.RemoveAll(file.Path); err != nil {
		t.Fatal(err)
	}
	if rest(quiet) {
		t.Error("a full disk is tried again at once")
	}
	nothing := s.call() // that leaves no entry
	nothing.ops = []Request{{Origin: op.Origin{Device: "nobody", Seq: 1}, Op: &op.Op{Kind: op.Claim}}}
	s.pending = append(s.pending, nothing)
	if rest(2 * time.Minute) {
		t.Error("a snapshot was made while somebody asks")
	}
	s.decideAll(s.fresh(), false)
	if rest(0) {
		t.Error("who had asked a moment ago is disturbed again")
	}
	s.Hold(true)
	if rest(quiet) {
		t.Error("a server that decides nothing makes one")
	}
	s.Hold(false)
	if !rest(0) {
		t.Error("no snapshot was made")
	}

	if err := errors.Join(os.Remove(file.Path), os.MkdirAll(filepath.Join(file.Path, "in the way"), 0o700)); err != nil {
		t.Fatal(err)
	}
	if s.recover(fmt.Errorf("claim: %w", arbiter.ErrBroken), s.fresh()); s.cfg.Snapshot != nil || s.state.Seq() != 1 {
		t.Errorf("a snapshot that may be wrong and could not be removed is used: at entry %d", s.state.Seq())
	}
}
