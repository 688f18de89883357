package hub

import (
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/link"
	"yizhan/core/local"
	"yizhan/core/local/memory"
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
	if err = h.readLog(); err != nil {
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
