package replica_test

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// TestForksAreShownToTheServer: what the device finds itself goes on record, with both branches.
func TestForksAreShownToTheServer(t *testing.T) {
	for name, c := range map[string]struct {
		ops   []string // that the server has
		first uint64   // where it must see that they are others
	}{
		"device was copied":               {[]string{"other"}, 2},
		"device was restored":             {[]string{"a", "b", "c"}, 3},
		"both made ops since":             {[]string{"a", "other", "c"}, 3},
		"both made as many":               {[]string{"a", "other"}, 3},
		"restored before anything it did": {[]string{"x", "y", "z"}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			d, h := pair(t)
			d.append("a")
			d.append("b")
			for n, o := range c.ops {
				previous := make([]byte, 16)
				if n > 0 {
					previous = h.sums[n-1][:]
				}
				h.submit(t, wire.Ops{First: uint64(n + 1), Previous: previous, Ops: [][]byte{[]byte(o)}})
			}
			d.begin(h)
			m := next[wire.Ops](d)
			o, err := op.Decode(m.Ops[0])
			if err != nil || o.Kind != op.Parted || m.First != c.first || len(m.Ops) != 1 {
				t.Fatalf("the device shows %+v from %d, %v", o, m.First, err)
			}
			switch last := uint64(len(h.ops)); {
			case m.First <= last && op.Chain(op.Hash(m.Previous), m.Ops[0]) == h.sums[m.First-1], m.First == last+1 && bytes.Equal(m.Previous, h.sums[last-1][:]), m.First > last+1:
				t.Fatalf("the server, at op %d, cannot see a fork in op %d", last, m.First)
			}
			d.append("c") // pressed meanwhile
			d.frame(wire.Fault{Kind: fault.Busy})
			d.do(d.session.Tick(time.Minute))
			if again := next[wire.Ops](d); !reflect.DeepEqual(again, m) {
				t.Fatalf("after busy the device shows %+v", again)
			}
			d.frame(wire.Gauge{})
			d.frame(wire.Fault{Kind: fault.Fork})
			d.wantClosed(fault.Fork, false) // the next session brings the order to wipe
			d.connect(h)
			d.frame(h.order(0))
			if kept := next[wire.Ops](d); kept.First != 1 || len(kept.Ops) != 3 || d.wiped {
				t.Errorf("the device hands in %+v, wiped %v", kept, d.wiped)
			}
		})
	}
}

// TestForkBehindAHub: a hub tells late answers to whoever comes, and then that it sees the fork.
func TestForkBehindAHub(t *testing.T) {
	d, h := pair(t)
	d.upstream = "hub"
	h.submit(t, wire.Ops{First: 1, Previous: make([]byte, 16), Ops: [][]byte{[]byte("other")}})
	d.begin(h)
	if m := next[wire.Ops](d); m.First != 1 {
		t.Fatalf("the device shows %+v", m)
	}
	d.frame(wire.Results{First: 1, Results: []op.Result{{Outcome: op.Granted}}})
	if d.closed != nil {
		t.Fatalf("a late answer ended the session: %+v", d.closed)
	}
	d.frame(wire.Fault{Kind: fault.Fork})
	d.wantClosed(fault.Fork, true)
}

// TestForksThatNeedAPerson: the device says nothing, and keeps all it has.
func TestForksThatNeedAPerson(t *testing.T) {
	other := func(d *device, h *host) {
		h.submit(t, wire.Ops{First: 1, Previous: make([]byte, 16), Ops: [][]byte{[]byte("other"), []byte("more"), []byte("and more")}})
	}
	for name, twist := range map[string]func(d *device, h *host){
		"server was restored": func(d *device, h *host) {
			if err := d.store.Apply(local.Checkpoint{To: 5}); err != nil {
				t.Fatal(err)
			}
		},
		"server was restored, and told another history": func(d *device, h *host) { other(d, h); h.epoch = 9 },
		"server does not see it": func(d *device, h *host) {
			other(d, h)
			d.begin(h)
			next[wire.Ops](d)
			d.frame(wire.Results{First: 1, Results: []op.Result{{Outcome: op.Granted}}}) // a hub's late answer
			if d.closed != nil {
				t.Fatalf("an answer to an earlier op ended it: %+v", d.closed)
			}
			d.frame(wire.Results{First: 3, Results: []op.Result{{Outcome: op.Refused}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, h := pair(t)
			d.append("a")
			d.append("b")
			if twist(d, h); d.closed == nil {
				d.begin(h)
			}
			d.wantClosed(fault.Fork, true)
			if q, _ := d.store.Queue(); len(q) != 2 {
				t.Errorf("outbox has %d ops, want 2", len(q))
			}
			d.append("c")
			if len(d.sent) != 0 {
				t.Errorf("a stopped session sends %+v", d.sent)
			}
		})
	}
}
