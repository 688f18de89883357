package hub

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/link"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/session"
)

// bare is a hub without a line, and the one scanner that it knows.
func bare(t *testing.T, kept local.Store) (*Hub, *scanner) {
	t.Helper()
	h := &Hub{cfg: Config{Kept: 1, Log: slog.New(slog.DiscardHandler)}, store: &store{Store: kept}, wake: make(chan struct{}, 1), scanners: map[id.Device]*scanner{}}
	var err error
	if h.link, err = link.Open(link.Config{Store: kept, Now: time.Now, Random: rand.Reader, Log: h.cfg.Log}); err != nil {
		t.Fatal(err)
	}
	if h.sessions, err = session.New(session.Config{}); err != nil {
		t.Fatal(err)
	}
	if err = errors.Join(h.readLog(), h.store.open()); err != nil {
		t.Fatal(err)
	}
	s, err := h.begin("scanner", base{})
	if err != nil {
		t.Fatal(err)
	}
	return h, s
}

// TestProofOfACopyIsKept until the server has recorded it, whatever else it says.
func TestProofOfACopyIsKept(t *testing.T) {
	recorded := map[fault.Kind]bool{fault.NoFault: true, fault.Fork: true, fault.RevokedDevice: true}
	for kind := fault.NoFault; kind <= fault.Stranger; kind++ {
		kept := memory.New()
		h, s := bare(t, kept)
		if err := h.forked(s, &fork{Seq: 1, Bytes: []byte("other")}); err != nil {
			t.Fatal(err)
		}
		s.stood = 1
		forward, err := h.shown(s, wire.Relayed{Device: s.device, First: 1, Kind: kind})
		if err != nil || forward != recorded[kind] || (s.fork == nil) != recorded[kind] {
			t.Errorf("the server says %v: kept %v, forward %v, %v", kind, s.fork != nil, forward, err)
		}
		if asks := kind == fault.Gap || kind == fault.Unauthenticated; asks != (s.stood == 0) {
			t.Errorf("the server says %v: asked again where the scanner stands: %v", kind, s.stood == 0)
		}
		_, again := bare(t, kept.Reopen())
		if (again.fork == nil) != recorded[kind] {
			t.Errorf("the server says %v: kept %v by the next start", kind, again.fork != nil)
		}
	}
}

// writing is a store that does something first where it writes.
type writing struct {
	local.Store
	first func()
}

// Apply implements local.Store.
func (w *writing) Apply(c local.Checkpoint) error {
	if first := w.first; first != nil {
		w.first = nil
		first()
	}
	return w.Store.Apply(c)
}

// TestToldToWaitMeanwhile: a scanner is told that its op waits for the server while the
// server's answer is being written. It gets the answer, also after a power cut; one
// that was told the answer itself gets it once.
func TestToldToWaitMeanwhile(t *testing.T) {
	for _, meanwhile := range []bool{true, false} {
		kept := memory.New()
		disk := &writing{Store: kept}
		h, s := bare(t, disk)
		o := &held{Seq: 1, Bytes: []byte("op"), Result: op.Result{Outcome: op.Pending}}
		if err := h.append(s, o, nil); err != nil {
			t.Fatal(err)
		}
		tell := func() op.Outcome { return h.results([]*held{o})[0].Outcome }
		if meanwhile {
			disk.first = func() {
				if got := tell(); got != op.Pending {
					t.Errorf("told %v before the answer was kept", got)
				}
			}
		}
		if err := h.settle(s, 1, 1, wire.Relayed{Results: []op.Result{{Outcome: op.Granted}}}); err != nil {
			t.Fatal(err)
		}
		if got := tell(); got != op.Granted {
			t.Errorf("told %v afterwards", got)
		}
		if late := h.late(s, 0); (len(late) == 1) != meanwhile {
			t.Errorf("told to wait meanwhile: %v; answers that come late: %+v", meanwhile, late)
		}
		h, s = bare(t, kept.Reopen())
		if late := h.late(s, 0); len(late) != 1 || late[0].Results[0].Outcome != op.Granted {
			t.Errorf("after a power cut: answers that come late: %+v", late)
		}
	}
}

// TestLetGoOfBeforeTheAnswer: the server has a run of ops, and the hub lets go of them,
// before their scanner is answered.
func TestLetGoOfBeforeTheAnswer(t *testing.T) {
	h, s := bare(t, memory.New())
	unreadable := [][]byte{[]byte("?"), []byte("??"), []byte("???")}
	looked := false
	h.waits.Clock = func() time.Time { // is looked at when the run was taken, before its answers are
		if !looked {
			looked = true
			answer := wire.Relayed{Results: make([]op.Result, len(unreadable))}
			if err := errors.Join(h.settle(s, 1, 3, answer), h.prune(s, 3)); err != nil {
				t.Error(err)
			}
		}
		return time.Now()
	}
	got, err := downstream{h}.Submit(t.Context(), s.device, wire.Ops{First: 1, Previous: make([]byte, len(op.Hash{})), Ops: unreadable})
	if s.base.Seq != 2 || len(s.ops) != 1 {
		t.Fatalf("the hub still has the ops behind %d", s.base.Seq)
	}
	if err != nil || len(got.Results) != len(unreadable) {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, r := range got.Results {
		if r.Outcome != op.Refused || r.Code != fault.Invalid {
			t.Errorf("%+v", r)
		}
	}
}
