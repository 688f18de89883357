package replica_test

import (
	"bytes"
	"fmt"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/op"
	"yizhan/core/replica"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

// order is the server's order to erase d1 in the session of the newest hello.
func (h *host) order(taken uint64) wire.Wipe {
	t := wire.Transcript{Version: 1, Deployment: deployment, Hello: h.hello.Nonce, Challenge: h.nonce, Time: 1000, Key: h.key.Public().Marshal(), Device: "d1"}
	signed, _ := t.Bytes()
	o, _ := wire.Order{Transcript: signed, Taken: taken}.Bytes()
	return wire.Wipe{Taken: taken, Signature: h.key.SignBytes(wire.SignWipe, o)}
}

// connect shakes hands as far as the proof.
func (d *device) connect(h *host) {
	d.t.Helper()
	d.sent, d.closed = nil, nil
	d.session = replica.New(d.codec, "test", d.saved())
	d.do(d.session.Open([]byte("0123456789abcdef"), nil))
	d.frame(h.challenge(next[wire.Hello](d)))
	next[wire.Proof](d)
}

func TestClosedDeviceHandsInItsQueueAndGoes(t *testing.T) {
	d, h := pair(t)
	for n := range wire.MaxOps + 3 {
		d.append(fmt.Sprint(n))
	}
	d.connect(h)
	d.frame(h.order(0))
	first := next[wire.Ops](d)
	if first.First != 1 || len(first.Ops) != wire.MaxOps {
		t.Fatalf("first batch from %d with %d ops", first.First, len(first.Ops))
	}
	d.append("pressed meanwhile")
	if len(d.sent) != 0 || d.wiped {
		t.Fatalf("with a batch in flight the device sends %v, wiped %v", d.sent, d.wiped)
	}
	d.frame(h.order(wire.MaxOps))
	rest := next[wire.Ops](d)
	sum := op.Hash(first.Previous)
	for _, b := range first.Ops {
		sum = op.Chain(sum, b)
	}
	if rest.First != wire.MaxOps+1 || len(rest.Ops) != 4 || !bytes.Equal(rest.Previous, sum[:]) {
		t.Fatalf("second batch %+v, want from %d after %x", rest, wire.MaxOps+1, sum)
	}
	if d.wiped {
		t.Fatal("the device erased what the server does not have")
	}
	d.frame(h.order(wire.MaxOps + 4))
	receipt := next[wire.Wiped](d)
	if !d.wiped || receipt.Last != wire.MaxOps+4 || receipt.Device != "d1" {
		t.Fatalf("wiped %v, receipt %+v", d.wiped, receipt)
	}
	signed, _ := receipt.Receipt()
	if err := d.key.Public().VerifyBytes(wire.SignWiped, signed, receipt.Signature); err != nil {
		t.Errorf("receipt: %v", err)
	}
	if kept, _ := d.store.Meta(replica.MetaReceipt); kept == nil {
		t.Error("the receipt is not kept until the server has it")
	}
	d.frame(wire.Fault{Kind: fault.RevokedDevice})
	d.wantClosed(fault.RevokedDevice, true)
	if kept, _ := d.store.Meta(replica.MetaReceipt); kept != nil {
		t.Error("the receipt is kept although the server has it")
	}
}

// An op that is stored while the device is about to erase itself goes to the server first.
func TestPressAtTheLastMoment(t *testing.T) {
	d, h := pair(t)
	d.connect(h)
	b, _ := d.codec.Encode(h.order(0))
	effects := d.session.Frame(b, 0)
	wipe, ok := effects[len(effects)-1].(replica.Wipe)
	if !ok || wipe.Last != 0 {
		t.Fatalf("effects %+v, want a wipe after op 0", effects)
	}
	d.append("just now") // link finds it in the store, and does not erase
	if m := next[wire.Ops](d); m.First != 1 || len(m.Ops) != 1 {
		t.Fatalf("device sends %+v", m)
	}
	d.frame(h.order(1))
	if receipt := next[wire.Wiped](d); !d.wiped || receipt.Last != 1 {
		t.Errorf("wiped %v, %+v", d.wiped, receipt)
	}
}

func TestForgedOrdersDoNothing(t *testing.T) {
	other := newHost(t)
	other.key, _ = seal.Generate(bytes.NewReader(bytes.Repeat([]byte{8}, 32)))
	for name, forge := range map[string]func(h *host) wire.Wipe{
		"another key":     func(h *host) wire.Wipe { other.hello, other.nonce = h.hello, h.nonce; return other.order(0) },
		"another session": func(h *host) wire.Wipe { old := *h; old.nonce = []byte("another session!"); return old.order(0) },
		"another device": func(h *host) wire.Wipe {
			tr := wire.Transcript{Version: 1, Deployment: deployment, Hello: h.hello.Nonce, Challenge: h.nonce, Time: 1000, Key: h.key.Public().Marshal(), Device: "d2"}
			signed, _ := tr.Bytes()
			o, _ := wire.Order{Transcript: signed}.Bytes()
			return wire.Wipe{Signature: h.key.SignBytes(wire.SignWipe, o)}
		},
		"more taken than signed": func(h *host) wire.Wipe { w := h.order(0); w.Taken = 9; return w },
		"no signature":           func(*host) wire.Wipe { return wire.Wipe{} },
	} {
		d, h := pair(t)
		d.append("a")
		d.connect(h)
		d.frame(forge(h))
		d.wantClosed(fault.Unauthenticated, false)
		if q, _ := d.store.Queue(); len(q) != 1 || d.wiped || len(d.sent) != 0 {
			t.Errorf("%s: outbox %d, wiped %v, sent %v", name, len(q), d.wiped, d.sent)
		}
	}
	d, h := pair(t)
	d.begin(h)
	d.frame(h.order(0)) // a session that was welcomed is not one of a closed device
	d.wantClosed(fault.BadFrame, false)
	if d.wiped {
		t.Error("wiped")
	}
}

func TestReceiptIsDeliveredLater(t *testing.T) {
	d, h := pair(t)
	d.append("a")
	d.connect(h)
	d.frame(h.order(1))
	lost := next[wire.Wiped](d)
	kept, _ := d.store.Meta(replica.MetaReceipt)
	for _, c := range []struct {
		answer wire.Message
		done   bool
	}{{wire.Fault{Kind: fault.Internal}, false}, {wire.Sync{}, false}, {wire.Fault{Kind: fault.RevokedDevice}, true}} {
		l, err := replica.NewLeaving(d.codec, "test", kept)
		if err != nil {
			t.Fatal(err)
		}
		d.do(l.Open([]byte("another nonce 16"), nil))
		hello := next[wire.Hello](d)
		frame := func(m wire.Message) { b, _ := d.codec.Encode(m); d.do(l.Frame(b)) }
		frame(h.challenge(hello))
		if again := next[wire.Wiped](d); hello.Device != "d1" || !bytes.Equal(again.Signature, lost.Signature) {
			t.Fatalf("%s hands in %+v, want %+v", hello.Device, again, lost)
		}
		frame(c.answer)
		left, _ := d.store.Meta(replica.MetaReceipt)
		if d.closed == nil || (left == nil) != c.done {
			t.Errorf("after %+v: closed %+v, receipt left %v", c.answer, d.closed, left != nil)
		}
	}
	l, _ := replica.NewLeaving(d.codec, "test", kept)
	d.do(l.Open([]byte("another nonce 16"), nil))
	h.key, _ = seal.Generate(bytes.NewReader(bytes.Repeat([]byte{8}, 32)))
	b, _ := d.codec.Encode(h.challenge(next[wire.Hello](d)))
	d.do(l.Frame(b))
	d.wantClosed(fault.WrongDeployment, false)
}
