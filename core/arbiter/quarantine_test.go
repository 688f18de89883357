package arbiter

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

// queued makes an op of a device as the server receives it.
func (w *world) queued(d id.Device, o op.Op) op.Origin {
	w.t.Helper()
	from := w.origin(d, o)
	var err error
	if from.Raw, err = op.Encode(&o); err != nil {
		w.t.Fatalf("%v", err)
	}
	return from
}

// keep takes an op of a closed device into quarantine, and gives its place there, 0 for none.
func (w *world) keep(from op.Origin) uint64 {
	w.t.Helper()
	entries, err := w.s.Keep(nil, from, w.now)
	if err != nil {
		w.t.Fatalf("keep op %d of %s: %v", from.Seq, from.Device, err)
	}
	w.journal = append(w.journal, entries...)
	for _, e := range entries {
		if e.Kind == op.Quarantined {
			return e.Seq
		}
	}
	return 0
}

// body is what the quarantine holds of an op.
func (w *world) body(seq uint64) []byte {
	for _, e := range w.journal {
		if e.Seq == seq && e.Kept != nil {
			return e.Kept.Bytes
		}
	}
	return nil
}

func (w *world) accept(seq uint64) ([]op.Entry, error) {
	w.t.Helper()
	return w.run(op.Op{Kind: op.Accept, Kept: &op.Kept{Seq: seq, Bytes: w.body(seq)}}, op.Origin{})
}

const film = `{"id":"film","title":"电影","pools":[{"id":"main","total":5}],"pickup":{"stations":["HQ","ST1"],"bind":true}}`

func TestQuarantineKeepsWhatWasNotDecided(t *testing.T) {
	w := newWorld(t)
	w.publish(film)
	decided := w.queued("kiosk", op.Op{Kind: op.Redeem, Verdict: fault.Unknown})
	if _, err := w.run(op.Op{Kind: op.Redeem, Verdict: fault.Unknown}, decided); err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.Keep(nil, decided, w.now); !errors.Is(err, ErrBroken) {
		t.Errorf("quarantine of a device in use: %v", err)
	}
	w.console(op.Op{Kind: op.Revoke, Device: "kiosk"})
	one := w.queued("kiosk", op.Op{Kind: op.Redeem, Ticket: 7, Verdict: fault.Valid})
	first := w.keep(one)
	if first == 0 || !bytes.Equal(w.body(first), one.Raw) {
		t.Fatalf("kept as %d: %x", first, w.body(first))
	}
	if again := w.keep(one); again != 0 {
		t.Errorf("an op that is there is kept again, as %d", again)
	}
	if again := w.keep(decided); again != 0 {
		t.Errorf("an op that was decided is kept, as %d", again)
	}
	other := decided // the other branch of a copied device
	other.Hash[0]++
	if w.keep(other) == 0 {
		t.Error("the other branch is dropped")
	}
	if w.keep(op.Origin{Device: "kiosk", Seq: 99, Hash: op.Hash{9}, Raw: []byte("no op at all")}) == 0 {
		t.Error("what cannot be read is dropped")
	}
	w.check()
}

func TestQuarantineIsBounded(t *testing.T) {
	w := newWorld(t)
	w.console(op.Op{Kind: op.Revoke, Device: "kiosk"})
	raw := make([]byte, 64<<10)
	for i := range maxKept/len(raw) + 3 {
		seq := w.keep(op.Origin{Device: "kiosk", Seq: uint64(i + 1), Hash: op.Hash{1, byte(i), byte(i >> 8)}, Raw: raw})
		if full := i >= maxKept/len(raw); (seq == 0) != full {
			t.Fatalf("op %d is kept as %d", i, seq)
		}
	}
	if got := kinds(w.journal); got[len(got)-1] != "18 quarantine_full" || got[len(got)-2] == "18 quarantine_full" {
		t.Errorf("the journal ends with %q, want one incident", got[len(got)-3:])
	}
	w.check()
}

func TestUnreadableOpIsRefusedAndKept(t *testing.T) {
	w := newWorld(t)
	raw := []byte{0xa1, 0x01, 0x18, 0x3f} // an op of a newer app
	entries, err := w.run(op.Op{}, op.Origin{Device: "kiosk", Seq: 1, Hash: op.Chain(op.Hash{}, raw), Raw: raw})
	if err != nil || len(entries) != 2 {
		t.Fatalf("%+v, %v", entries, err)
	}
	if r := op.ResultOf(&entries[0]); r.Outcome != op.Refused || r.Code != fault.Invalid || entries[0].DevSeq != 1 {
		t.Errorf("result %+v", r)
	}
	if e := entries[1]; e.Kind != op.Quarantined || e.Word != "unreadable" || !bytes.Equal(e.Kept.Bytes, raw) || e.DevSeq != 0 {
		t.Errorf("kept %+v", e)
	}
	if standing, _ := w.s.Admit(op.Origin{Device: "kiosk", Seq: 2, Previous: op.Chain(op.Hash{}, raw)}); standing != NextOp {
		t.Errorf("the next op has standing %d", standing)
	}
	w.check()
}

// The first journalled hand-over counts, whoever reports it and however late.
func TestAcceptedHandOver(t *testing.T) {
	w := newWorld(t)
	w.publish(film)
	ticket := func(m id.Member) id.Ticket {
		r, _ := w.send("desk", op.Op{Kind: op.Claim, Member: m, Activity: "film", Seats: 1, Station: "HQ"})
		return r.Ticket
	}
	mine, twice, given := ticket("a1"), ticket("a2"), ticket("a3")
	w.console(op.Op{Kind: op.Revoke, Device: "kiosk"})
	kept := func(o op.Op) uint64 { o.At = w.now - 5; return w.keep(w.queued("kiosk", o)) }
	good := kept(op.Op{Kind: op.Redeem, Ticket: mine, Station: "HQ", Verdict: fault.Valid})
	again := kept(op.Op{Kind: op.Redeem, Ticket: mine, Station: "HQ", Verdict: fault.Valid})
	late := kept(op.Op{Kind: op.Redeem, Ticket: twice, Station: "HQ", Verdict: fault.Valid})
	asked := kept(op.Op{Kind: op.Claim, Member: "a4", Activity: "film", Seats: 1})
	unread := w.keep(op.Origin{Device: "kiosk", Seq: 90, Hash: op.Hash{9}, Raw: []byte{1}})
	failed := kept(op.Op{Kind: op.Redeem, Ticket: given, Station: "HQ", Verdict: fault.WrongStation})

	entries, err := w.accept(good)
	if err != nil || entries[0].Kind != op.Redeemed || entries[0].Device != "kiosk" || entries[0].DevSeq != 0 || entries[0].DeviceAt != w.now-5 {
		t.Errorf("accepted as %+v, %v", entries, err)
	}
	w.wantKinds(entries, "13 a1", "22")
	if c, _ := w.s.Count("film", ""); c.Redeemed != 1 {
		t.Errorf("counts %+v", c)
	}
	if entries, err = w.accept(again); err != nil || !slices.Contains(kinds(entries), "18 handed_over_already_redeemed") {
		t.Errorf("the second hand-over: %q, %v", kinds(entries), err)
	}
	w.send("desk", op.Op{Kind: op.Redeem, Ticket: twice, Station: "HQ", Verdict: fault.Valid, Override: true})
	if entries, err = w.accept(late); err != nil || !slices.Contains(kinds(entries), "18 handed_over_already_redeemed") {
		t.Errorf("the late hand-over: %q, %v", kinds(entries), err)
	}
	if entries, err = w.accept(failed); err != nil || entries[0].Kind != op.Scanned {
		t.Errorf("the failed scan: %q, %v", kinds(entries), err)
	}
	for what, seq := range map[string]uint64{"accepted before": good, "request": asked, "cannot be read": unread, "no op 77777": 77777} {
		if entries, err := w.accept(seq); err == nil || len(entries) != 0 || !strings.Contains(err.Error(), what) {
			t.Errorf("accept %d: %q, %v, want %q", seq, kinds(entries), err, what)
		}
	}
	if _, err := w.run(op.Op{Kind: op.Accept}, op.Origin{}); err == nil {
		t.Error("accepted nothing at all")
	}
	w.check()
}

func TestWipedDevice(t *testing.T) {
	w := newWorld(t)
	receipt := op.Op{Kind: op.Revoke, Device: "kiosk", Kept: &op.Kept{Bytes: []byte("signed")}}
	if _, err := w.run(receipt, op.Origin{}); err == nil {
		t.Error("a receipt of a device in use is recorded")
	}
	w.console(op.Op{Kind: op.Revoke, Device: "kiosk"})
	if d, _ := w.s.Device("kiosk"); d.Gone == "" || d.Wiped {
		t.Errorf("device %+v", d)
	}
	w.wantKinds(w.console(receipt), "29")
	w.wantKinds(w.console(receipt)) // the device was copied, or its first receipt was thought lost
	if d, _ := w.s.Device("kiosk"); !d.Wiped {
		t.Errorf("device %+v", d)
	}
	w.check()
}
