package handover

import (
	"errors"
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// TestOverrideTakesASupervisor: a device that is no supervisor's keeps to the verdict,
// and a hub hands over against its own only for one that is.
func TestOverrideTakesASupervisor(t *testing.T) {
	w := newWorld(t, memory.New())
	steward := New(Config{Store: w.store, Outbox: w.outbox, Device: "K-HQ", Station: "HQ", Channel: op.ByStaff, Zone: shanghai})
	got, err := steward.Redeem(w.code(nil), noon.Add(-4*time.Hour), Options{Override: true, Reason: "下夜班"})
	if err != nil || got.Verdict != fault.TooEarly || got.Overridden != fault.NoVerdict {
		t.Errorf("a steward's override: %+v, %v", got, err)
	}
	if sent, _ := w.last(); sent.Override || sent.Reason != "" {
		t.Errorf("recorded %+v", sent)
	}
	w.bound(100, op.ClaimRedeemed, 0)
	for scanner, supervisor := range map[id.Device]bool{"s1": false, "s2": true} {
		w.tell(wire.TableScanner, string(scanner), wire.ScannerRow{Device: scanner, Role: op.Staff, Station: "HQ", Supervisor: supervisor})
		var j Judgement
		mine, err := w.counter.Judge(op.Op{Kind: op.Redeem, Ticket: 100, Activity: "spa", Seats: 1, Verdict: fault.Valid, Override: true, Reason: "补发", Bound: true, At: noon.UnixMilli()},
			scanner, 1, func(found Judgement) error { j = found; return nil })
		if err != nil || !mine || j.Verdict != fault.AlreadyRedeemed || (j.Result.Verdict == fault.Valid) != supervisor || len(j.Rows) > 0 {
			t.Errorf("scanner %s, supervisor %v: %+v, %v, %v", scanner, supervisor, j, mine, err)
		}
	}
}

// TestNoUndoOfASecondTime: what a supervisor hands over once more is not taken back, for
// that would forget the first time, and the ticket be handed over again.
func TestNoUndoOfASecondTime(t *testing.T) {
	w := newWorld(t, memory.New())
	w.counter.cfg.Supervisor = true
	w.bound(100, op.ClaimGranted, 0)
	code := w.code(nil)
	w.want("first", code, fault.Valid)
	again, err := w.counter.Redeem(code, noon, Options{Override: true, Reason: "补发"})
	if err != nil || !again.HandsOver() || again.Overridden != fault.AlreadyRedeemed {
		t.Fatalf("once more: %+v, %v", again, err)
	}
	if err := w.counter.Undo(100, noon.Add(time.Second), "staff"); !errors.Is(err, ErrNoUndo) {
		t.Errorf("the second time was taken back: %v", err)
	}
	w.want("afterwards", code, fault.AlreadyRedeemed)
}

// TestAPickedTicketCarriesItsReason: why nothing was scanned.
func TestAPickedTicketCarriesItsReason(t *testing.T) {
	w := newWorld(t, memory.New())
	w.bound(100, op.ClaimGranted, 0)
	if _, err := w.counter.RedeemTicket(100, noon, Options{Reason: "二维码扫不出"}); err != nil {
		t.Fatal(err)
	}
	if sent, _ := w.last(); sent.Ticket != 100 || sent.Reason != "二维码扫不出" || sent.Override {
		t.Errorf("recorded %+v", sent)
	}
}

// TestASecondTimeLeavesTheFirstAnswer: of a ticket that the server decided, what a supervisor
// hands over once more must not make the device forget that the first answer is used up,
// while that answer is still in its outbox.
func TestASecondTimeLeavesTheFirstAnswer(t *testing.T) {
	for name, between := range map[string]func(w *world){
		"at once":         func(*world) {},
		"after a restart": func(w *world) { w.restart(w.store); w.status.Online = true },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, memory.New())
			w.status.Online = true
			code := w.code(func(x *ticket.Ticket) { x.Station = 0 })
			give := func(o Options) {
				t.Helper()
				out, err := w.counter.Redeem(code, noon, o)
				if err != nil || !out.HandsOver() || out.Final {
					t.Fatalf("%+v, %v", out, err)
				}
				body, err := wire.EncodeRow(op.Result{Outcome: op.OK, Verdict: fault.Valid})
				if err == nil {
					err = w.store.Answer(map[uint64][]byte{out.Seq: body})
				}
				if err != nil {
					t.Fatal(err)
				}
				w.answered(out.Seq, fault.Valid)
				if out, err = w.counter.Confirm(out, fault.Valid); err != nil || !out.HandsOver() {
					t.Fatalf("confirmed: %+v, %v", out, err)
				}
			}
			give(Options{})
			between(w)
			give(Options{Override: true, Reason: "补发"})
			w.want("afterwards", code, fault.AlreadyRedeemed)
			w.restart(w.store)
			w.want("and after a restart", code, fault.AlreadyRedeemed)
		})
	}
}
