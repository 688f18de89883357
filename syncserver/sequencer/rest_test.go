package sequencer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/arbiter"
	"yizhan/core/image/imagetest"
	"yizhan/core/op"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/journal/memory"
	"yizhan/syncserver/sequencer"
)

// alike compares the state with what the journal says from its first entry on.
func (w *world) alike(t interface{ Fatal(...any) }) {
	again := w.replayed()
	err := w.View(context.Background(), func(s *arbiter.State) {
		if d := imagetest.Differ(again, s); d != "" {
			t.Fatal("a replay gives another state:", d)
		}
		if again.Digest() != s.Digest() {
			t.Fatal("a replay gives another digest")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestSnapshotAndTail ends and starts a sequencer again and again, in order and not, with
// its snapshot, an older one, a damaged one and none: the state is always that of a replay,
// and everybody who asks again is told the same.
func TestSnapshotAndTail(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := open(t, new(memory.Store).Open())
		w.seats(20)
		told := map[*phone]map[uint64]asked{}
		var older []byte
		for range rapid.IntRange(1, 6).Draw(r, "starts") {
			for range rapid.IntRange(0, 12).Draw(r, "ops") {
				p := rapid.SampledFrom(w.phones[:30]).Draw(r, "phone")
				request := p.next(rapid.SampledFrom([]op.Op{claim, claim, cancel}).Draw(r, "op"))
				result, err := p.send(request)
				if err != nil {
					r.Fatal(err)
				}
				if told[p] == nil {
					told[p] = map[uint64]asked{}
				}
				told[p][request.Seq] = asked{request, result}
			}
			if rapid.Bool().Draw(r, "in order") {
				w.end()
			} else {
				w.Abandon()
			}
			kept, _ := os.ReadFile(w.file.Path)
			switch rapid.SampledFrom([]string{"as it is", "as it is", "older", "damaged", "none"}).Draw(r, "snapshot") {
			case "older":
				kept = older
			case "damaged":
				if kept = bytes.Clone(kept); len(kept) > 0 {
					kept[rapid.IntRange(0, len(kept)-1).Draw(r, "byte")] ^= 4
				}
			case "none":
				kept = nil
			default:
				older = kept
			}
			os.Remove(w.file.Path)
			if kept != nil {
				if err := os.WriteFile(w.file.Path, kept, 0o600); err != nil {
					r.Fatal(err)
				}
			}
			w.begin()
			w.alike(r)
			for p, all := range told {
				for _, one := range all {
					if again, err := w.Submit(context.Background(), []sequencer.Request{one.request}); err != nil || !reflect.DeepEqual(again[0], one.result) {
						r.Fatal(p.device, "was told", one.result, "and is told", again, err)
					}
				}
			}
		}
	})
}

type asked struct {
	request sequencer.Request
	result  op.Result
}

// TestSnapshotWhileNobodyAsks: a server that is never stopped makes one too, when there
// is enough to spare and nobody asks.
func TestSnapshotWhileNobodyAsks(t *testing.T) {
	w := open(t, new(memory.Store).Open())
	w.Close()
	w.every = 10
	w.begin()
	w.seats(100)
	there := func() bool { _, err := os.Stat(w.file.Path); return err == nil }
	look := func() {
		w.Poke()
		w.look() // behind what was poked
	}
	look()
	w.clock.Add(2_000)
	if look(); there() {
		t.Error("a snapshot was made while people ask")
	}
	w.clock.Add(2_000)
	w.Poke()
	until(t, "a snapshot is made", there)
	w.log.take()
	w.phones[0].ask(claim)
	w.Abandon()
	w.begin()
	if said := w.log.take(); !strings.Contains(said, `"applied since"=1`) {
		t.Errorf("the start says %s", said)
	}
	w.alike(t)
}

// TestOldDamageIsFound: what the snapshot stands for is read behind the start.
func TestOldDamageIsFound(t *testing.T) {
	damaged := fmt.Errorf("batch 3 is not what was written: %w", journal.ErrDamaged)
	w := open(t, new(memory.Store).Open())
	w.end()
	w.journal.mu.Lock()
	w.journal.read = func(b journal.Batch) error {
		if b.Number == 3 {
			return damaged
		}
		return nil
	}
	w.journal.mu.Unlock()
	w.begin()
	if err := <-w.fatal; !errors.Is(err, damaged) || !strings.Contains(err.Error(), "backup") {
		t.Errorf("the process ends with %v", err)
	}
}

// TestUnbelievedSnapshotIsNamed: the log says why everything was replayed.
func TestUnbelievedSnapshotIsNamed(t *testing.T) {
	w := open(t, new(memory.Store).Open())
	w.seats(5)
	w.end()
	if err := os.WriteFile(w.file.Path, []byte("this is no snapshot, but a letter that is long enough to be one"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.log.take()
	w.begin()
	if said := w.log.take(); !strings.Contains(said, "the whole journal is replayed") || !strings.Contains(said, "damaged") {
		t.Errorf("the start says %s", said)
	}
	w.alike(t)
}
