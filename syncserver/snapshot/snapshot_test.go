package snapshot

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/image"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/journal/memory"
)

// past is a journal of n batches, each of one organisation, and the state that they make.
func past(t *testing.T, n int, name string) (journal.Journal, *arbiter.State) {
	t.Helper()
	j, state := new(memory.Store).Open(), arbiter.New(time.UTC)
	for i := range n {
		entries, err := state.Execute(&op.Op{Kind: op.PutOrgs, Orgs: []member.Org{{ID: "C", Name: name + strings.Repeat("i", i)}}}, op.Origin{}, int64(i))
		if err != nil {
			t.Fatal(err)
		}
		var body bytes.Buffer
		for i := range entries {
			if err := op.EncodeEntry(&body, &entries[i]); err != nil {
				t.Fatal(err)
			}
		}
		head, err := j.Head()
		if err == nil {
			err = j.Append(head.Number, head.Batch(len(entries), body.Bytes()))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return j, state
}

func kept(t *testing.T, f File, j journal.Journal, state *arbiter.State) {
	t.Helper()
	head, err := j.Head()
	if err != nil {
		t.Fatal(err)
	}
	keep, err := f.Write(state, head, nil)
	if err == nil {
		err = keep()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestOnlyItsOwnJournal: a snapshot is for the journal that it was made behind, as far as
// that has got, and for nobody else.
func TestOnlyItsOwnJournal(t *testing.T) {
	f := File{filepath.Join(t.TempDir(), "snapshot"), time.UTC}
	j, state := past(t, 3, "one")
	if _, _, err := f.Load(j); !errors.Is(err, ErrNone) {
		t.Errorf("no snapshot: %v", err)
	}
	kept(t, f, j, state)
	got, head, err := f.Load(j)
	if err != nil || head.Number != 3 || got.Digest() != state.Digest() {
		t.Fatalf("behind batch %d: %v", head.Number, err)
	}
	longer, _ := past(t, 5, "one")
	if _, head, err := f.Load(longer); err != nil || head.Number != 3 {
		t.Errorf("of a journal that went on: %v", err)
	}
	shorter, _ := past(t, 2, "one")
	if _, _, err := f.Load(shorter); err == nil || !strings.Contains(err.Error(), "a part of the journal is lost") {
		t.Errorf("newer than the journal: %v", err)
	}
	other, _ := past(t, 4, "two")
	if _, _, err := f.Load(other); err == nil || !strings.Contains(err.Error(), "another journal") {
		t.Errorf("of another history: %v", err)
	}
	if _, _, err := (&File{f.Path, time.FixedZone("elsewhere", 3600)}).Load(j); err == nil || !strings.Contains(err.Error(), "zone") {
		t.Errorf("in another zone: %v", err)
	}
	if state, err := f.Peek(); err != nil || state.Seq() != 3 {
		t.Errorf("a look at it alone: %v", err)
	}
}

// TestOnlyItsOwnProgram: another program may mean something else by the same fields.
func TestOnlyItsOwnProgram(t *testing.T) {
	f := File{filepath.Join(t.TempDir(), "snapshot"), time.UTC}
	j, state := past(t, 1, "one")
	this := program
	defer func() { program = this }()
	program = func() ([32]byte, error) { return [32]byte{1}, nil }
	kept(t, f, j, state)
	program = this
	if _, _, err := f.Load(j); !errors.Is(err, image.ErrOther) {
		t.Errorf("by another program: %v", err)
	}
	kept(t, f, j, state)
	if _, _, err := f.Load(j); err != nil {
		t.Errorf("by this one: %v", err)
	}
}

// TestACutLeavesTheOldOne: until the new one is whole and durable, the old one is there;
// and what a cut leaves of a new one is in nobody's way.
func TestACutLeavesTheOldOne(t *testing.T) {
	f := File{filepath.Join(t.TempDir(), "snapshot"), time.UTC}
	j, state := past(t, 2, "one")
	kept(t, f, j, state)
	was, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	head, err := j.Head()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(state, head, nil); err != nil { // and the power goes
		t.Fatal(err)
	}
	if _, _, err := f.Load(j); err != nil {
		t.Errorf("while a new one is written: %v", err)
	}
	kept(t, f, j, state)
	if _, _, err := f.Load(j); err != nil {
		t.Errorf("behind half a new one: %v", err)
	}
	for n := range was {
		if err := os.WriteFile(f.Path, was[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := f.Load(j); err == nil {
			t.Errorf("%d bytes of %d were believed", n, len(was))
		}
	}
	if _, err := f.Write(state, head, func() bool { return true }); !errors.Is(err, image.ErrStopped) {
		t.Errorf("given up: %v", err)
	}
	if _, err := os.Stat(f.Path + ".new"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a snapshot is left: %v", err)
	}
}
