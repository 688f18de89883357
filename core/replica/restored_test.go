package replica_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yizhan/core/fault"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// restore sets the host back to a backup with the first n ops.
func (h *host) restore(n int) (lost []op.Result) {
	lost = append(lost, h.results[n:]...)
	h.ops, h.sums, h.results, h.at = h.ops[:n], h.sums[:n], h.results[:n], h.at[:n]
	h.rows, h.head = h.rows[:n], uint64(n)
	h.epoch++
	return lost
}

// settle answers all ops and brings their rows.
func (d *device) settle(t *rapid.T, h *host) {
	for len(d.sent) > 0 {
		d.frame(h.submit(t, next[wire.Ops](d)))
	}
	for _, c := range h.delta(h.head, 3) {
		d.frame(c)
	}
}

// TestRestoredServerIsReminded: whatever a restored server has forgotten is brought
// back once, in order, with receipts, before anything new; then the rows begin anew.
func TestRestoredServerIsReminded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, h := pair(t)
		d.begin(h)
		n := rapid.IntRange(0, 9).Draw(t, "ops")
		for i := range n {
			d.append(fmt.Sprintf("op %d", i))
			if rapid.Bool().Draw(t, "rows too") {
				d.settle(t, h)
			}
		}
		d.settle(t, h)
		cut := rapid.IntRange(0, n).Draw(t, "backup")
		lost := h.restore(cut)
		for range rapid.IntRange(0, 2).Draw(t, "new ops") {
			s, _ := d.store.State()
			d.append(fmt.Sprintf("new %d", s.Last))
		}
		before, _ := d.store.Rows("claim")
		at := time.Duration(0)
		for d.begin(h); h.known.Epoch < h.epoch; {
			if d.closed != nil { // all is told, or the connection was lost
				d.begin(h)
				continue
			}
			m := next[wire.Ops](d)
			switch rapid.SampledFrom([]string{"record", "record", "frozen", "lose", "a part"}).Draw(t, "server") {
			case "frozen":
				d.frame(wire.Fault{Kind: fault.Frozen})
				if !d.frozen {
					t.Fatal("nobody is told why nothing happens")
				}
				at += time.Hour
				d.do(d.session.Tick(at))
				continue
			case "lose":
				d.begin(h)
				continue
			case "a part":
				m.Ops, m.Receipts = m.Ops[:1], m.Receipts[:1]
			}
			d.frame(h.record(t, m, cut, lost))
			if m.First+uint64(len(m.Ops))-1 < uint64(n) && d.closed == nil && len(d.sent) == 0 {
				d.frame(wire.Fault{Kind: fault.Busy})
				at += time.Hour
				d.do(d.session.Tick(at))
			}
		}
		if proof := h.known.Receipt; h.cursor != 0 || h.known.Stamp != nil || proof == nil != (n == 0) ||
			n > 0 && !bytes.Equal(proof, receipt(n)) && !bytes.Equal(proof, renewed(n)) { // an answer that was lost brought none
			t.Fatalf("the device comes with cursor %d and receipt %q of %d answers", h.cursor, h.known.Receipt, n)
		}
		if rows, _ := d.store.Rows("claim"); len(rows) != len(before) {
			t.Fatalf("%d rows are in view, there were %d: people would see their tickets vanish", len(rows), len(before))
		}
		d.settle(t, h)
		if d.closed != nil || d.frozen {
			t.Fatalf("closed %+v, frozen %v", d.closed, d.frozen)
		}
		s, _ := d.store.State()
		if rows, _ := d.store.Rows("claim"); uint64(len(rows)) != s.Last || uint64(len(h.ops)) != s.Last {
			t.Fatalf("%d rows and %d ops at the server, the device made %d", len(rows), len(h.ops), s.Last)
		}
	})
}

// record takes ops back that the host had answered.
func (h *host) record(t *rapid.T, m wire.Ops, cut int, lost []op.Result) wire.Results {
	if len(m.Receipts) != len(m.Ops) || int(m.First) != len(h.ops)+1 {
		t.Fatalf("ops from %d with %d receipts, the server has %d", m.First, len(m.Receipts), len(h.ops))
	}
	for i, r := range m.Receipts {
		if n := int(m.First) + i; n > cut+len(lost) || !bytes.Equal(r, receipt(n)) && !bytes.Equal(r, renewed(n)) {
			t.Fatalf("op %d comes with receipt %q; %d were lost", n, r, len(lost))
		}
	}
	r := h.submit(t, m)
	for i := range r.Results {
		n := int(m.First) + i
		h.results[n-1] = lost[n-1-cut]
		r.Results[i], r.Receipts[i] = h.results[n-1], renewed(n)
	}
	return r
}

// renewed is the receipt of a server that took an answer back.
func renewed(n int) []byte { return fmt.Appendf(nil, "renewed %d", n) }

// TestRolledBackBehindARestore: a server that was told everything after its restore is
// rolled back without a word. The device shows it what that server had given it, and
// reminds it again.
func TestRolledBackBehindARestore(t *testing.T) {
	d, h := pair(t)
	for i := range 2 {
		d.append(fmt.Sprintf("op %d", i))
	}
	d.begin(h)
	d.frame(h.submit(d.t, next[wire.Ops](d)))
	for range 2 { // the second time it is the same epoch, and nobody knows
		lost := h.restore(1)
		h.epoch = 1
		d.begin(h)
		m := next[wire.Ops](d)
		if m.First != 2 || len(m.Receipts) != 1 {
			t.Fatalf("reminds with %+v", m)
		}
		r := h.submit(d.t, m)
		h.results[1] = lost[0]
		r.Results[0], r.Receipts[0] = lost[0], renewed(2)
		d.frame(r)
		d.begin(h)
		if !bytes.Equal(h.known.Receipt, renewed(2)) || h.known.Epoch != h.epoch {
			t.Fatalf("shows %+v", h.known)
		}
	}
}

// TestWhatIsNotKeptNeedsAPerson: the restored server wants an op that is another one, or too old.
func TestWhatIsNotKeptNeedsAPerson(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, h := pair(t)
		d.begin(h)
		for i := range 3 {
			d.append(fmt.Sprintf("op %d", i))
		}
		d.settle(t, h)
		h.restore(2)
		if rapid.Bool().Draw(t, "another op") {
			h.sums[1][0]++
		} else {
			d.store = forgetful{d.store}
		}
		d.begin(h)
		d.wantClosed(fault.Fork, true)
	})
}

// forgetful keeps no op that left the outbox.
type forgetful struct{ local.Store }

func (forgetful) Kept(uint64, int) ([]local.Queued, error) { return nil, nil }

// TestAnOlderEpochIsRefused: the server was rolled back to before its restore.
func TestAnOlderEpochIsRefused(t *testing.T) {
	d, h := pair(t)
	h.epoch = 2
	d.begin(h)
	d.begin(h)
	h.epoch = 1
	d.begin(h)
	d.wantClosed(fault.Fork, true)
}
