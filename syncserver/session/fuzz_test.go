package session

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

// nobody is an arbiter that knows one device and decides nothing.
type nobody struct{ key []byte }

func (n nobody) Device(d id.Device) (Info, bool) {
	return Info{Enrolment: op.Enrolment{Device: d, PublicKey: n.key}}, d == "known"
}
func (nobody) Relay(_ context.Context, _ id.Device, m wire.Relay) wire.Relayed {
	return wire.Relayed{Device: m.Device}
}
func (nobody) Head() uint64     { return 1 }
func (nobody) Online(id.Device) {}
func (nobody) Submit(_ context.Context, _ id.Device, m wire.Ops) (wire.Results, error) {
	return wire.Results{First: m.First, Results: make([]op.Result, len(m.Ops))}, nil
}
func (nobody) Ask(_ context.Context, _ op.Enrolment, m wire.Ask) wire.Told { return wire.Told{N: m.N} }
func (nobody) Keep(context.Context, id.Device, wire.Ops) error             { return nil }
func (nobody) Wiped(context.Context, wire.Wiped) error                     { return nil }
func (nobody) Meet(id.Device, wire.Known) error                            { return nil }
func (nobody) Enrol(context.Context, string, []byte, *wire.Enrolled) (op.Enrolment, error) {
	return op.Enrolment{}, fault.Errorf(fault.CodeUnknown, "no such code")
}
func (nobody) Gauge(id.Activity) (wire.Gauge, bool) { return wire.Gauge{}, false }

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// FuzzFrame feeds the frame handler of a stranger and of a device that is let in.
func FuzzFrame(f *testing.F) {
	key, err := seal.Generate(bytes.NewReader(bytes.Repeat([]byte{1}, 32)))
	if err != nil {
		f.Fatal(err)
	}
	s, err := New(Config{Arbiter: nobody{key.Public().Marshal()}, Key: key, Deployment: "d", Now: func() time.Time { return time.UnixMilli(1) },
		Random: zeros{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Queue: 4 << 10})
	if err != nil {
		f.Fatal(err)
	}
	hello := wire.Hello{Min: 1, Max: 1, Device: "known", Nonce: make([]byte, 16)}
	for _, m := range []wire.Message{hello, wire.Hello{Min: 1, Max: 1, Nonce: make([]byte, 16)}, wire.Enrol{Code: "c"}, wire.Proof{Signature: make([]byte, 64)},
		wire.Ops{First: 1, Previous: make([]byte, 16), Ops: [][]byte{{1}}}, wire.Watch{Activity: "a"}, wire.Sync{N: 1}, wire.Ask{N: 1, Kind: wire.AskPerson, Name: "w", Phone: "0042"}, wire.Welcome{}, wire.Wipe{}, wire.Wiped{Device: "known"}} {
		b, err := s.cfg.Codec.Encode(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, b)
	}
	f.Fuzz(func(t *testing.T, one, two []byte) {
		stranger := newPeer(s, nil, nil)
		stranger.frame(one)
		if !stranger.isOver() {
			stranger.frame(two)
		}
		if stranger.phase == live || stranger.started {
			t.Fatal("a stranger was let in")
		}
		let := newPeer(s, nil, nil)
		let.phase, let.started, let.who = live, true, "known"
		for _, frame := range [][]byte{one, two, one, two} {
			if !let.isOver() {
				let.frame(frame)
			}
		}
		if let.queued > s.cfg.Queue {
			t.Fatalf("%d bytes are queued, at most %d are allowed", let.queued, s.cfg.Queue)
		}
	})
}
