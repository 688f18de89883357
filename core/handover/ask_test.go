package handover

import (
	"errors"
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// TestServerDecides: a ticket of no station is handed over once the server has
// said so, however its answer comes, and only once.
func TestServerDecides(t *testing.T) {
	for name, c := range map[string]struct {
		arrives func(w *world, seq uint64) // how the answer to the first scan comes
		want    fault.Verdict              // of the second scan
		final   bool
		ops     int
	}{
		"not yet":              {func(*world, uint64) {}, fault.Valid, false, 1},
		"while nobody waits":   {func(w *world, seq uint64) { w.answered(seq, fault.Valid) }, fault.Valid, true, 1},
		"before a crash":       {func(w *world, seq uint64) { w.answered(seq, fault.Valid); w.answer(); w.restart(w.store) }, fault.Valid, true, 0},
		"after a crash":        {func(w *world, seq uint64) { w.restart(w.store); w.answered(seq, fault.Valid) }, fault.Valid, true, 1},
		"and is a refusal":     {func(w *world, seq uint64) { w.answered(seq, fault.AlreadyRedeemed) }, fault.Valid, false, 2},
		"while offline later":  {func(w *world, seq uint64) { w.answered(seq, fault.Valid); w.status.Online = false }, fault.Valid, true, 1},
		"not, and now offline": {func(w *world, _ uint64) { w.status.Online = false }, fault.Provisional, true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, memory.New())
			w.status.Online = true
			code := w.code(func(x *ticket.Ticket) { x.Station = 0 })
			first, err := w.counter.Redeem(code, noon, Options{})
			if err != nil || first.Verdict != fault.Valid || first.Final {
				t.Fatalf("first: %+v, %v", first, err)
			}
			if sent, _ := w.last(); !sent.Asked {
				t.Errorf("the server is told that it was handed over: %+v", sent)
			}
			c.arrives(w, first.Seq)
			again, err := w.counter.Redeem(code, noon, Options{})
			if err != nil || again.Verdict != c.want || again.Final != c.final {
				t.Fatalf("again: %v, final %v, %v", again.Verdict, again.Final, err)
			}
			if queue, _ := w.store.Queue(); len(queue) != c.ops {
				t.Errorf("%d ops are queued, want %d", len(queue), c.ops)
			}
			if !again.Final || again.Verdict == fault.Provisional {
				w.answered(again.Seq, fault.Valid)
				if again, err = w.counter.Confirm(again, fault.Valid); err != nil || !again.Final {
					t.Fatalf("confirmed: %+v, %v", again, err)
				}
			}
			w.want("third", code, fault.AlreadyRedeemed)
			w.restart(w.store)
			w.want("after a restart", code, fault.AlreadyRedeemed)
		})
	}
}

// TestAnswerBeforeACrash: the checkpoint came first, so that the answer took the op out of the
// outbox, and the power went before it was kept for the ticket. Nobody tells it again.
func TestAnswerBeforeACrash(t *testing.T) {
	for verdict, want := range map[fault.Verdict]struct {
		final bool
		ops   int
	}{fault.Valid: {true, 0}, fault.AlreadyRedeemed: {false, 1}, fault.NoVerdict: {false, 1}} {
		w := newWorld(t, memory.New())
		w.status.Online = true
		code := w.code(func(x *ticket.Ticket) { x.Station = 0 })
		w.want("asks", code, fault.Valid)
		body, err := wire.EncodeRow(wire.Answer{Result: op.Result{Verdict: verdict}})
		w.seq++
		if err := errors.Join(err, w.store.Apply(local.Checkpoint{To: w.seq, Acked: 1}), w.store.Answer(map[uint64][]byte{1: body})); err != nil {
			t.Fatal(err)
		}
		w.restart(w.store)
		again, err := w.counter.Redeem(code, noon, Options{})
		queue, _ := w.store.Queue()
		if err != nil || again.Verdict != fault.Valid || again.Final != want.final || len(queue) != want.ops {
			t.Errorf("answered %v: %+v, %v; %d ops", verdict, again, err, len(queue))
		}
		if !want.final {
			continue
		}
		w.want("third", code, fault.AlreadyRedeemed)
		w.restart(w.store)
		w.want("after a restart", code, fault.AlreadyRedeemed)
	}
}

// TestAnswerToAnOlderScan: a supervisor's scan asks again and hands over; the answer to the
// first one comes late, by way of a hub, and takes the place of nothing.
func TestAnswerToAnOlderScan(t *testing.T) {
	w := newWorld(t, memory.New())
	w.status.Online = true
	w.answered(50, fault.Valid)
	code := w.code(func(x *ticket.Ticket) { x.Station = 0 })
	first, err := w.counter.Redeem(code, noon, Options{})
	second, err2 := w.counter.Redeem(code, noon, Options{Override: true, Reason: "补发"})
	if err := errors.Join(err, err2); err != nil || first.Seq == second.Seq {
		t.Fatalf("%+v, %+v, %v", first, second, err)
	}
	body, err := wire.EncodeRow(wire.Answer{Result: op.Result{Verdict: fault.Valid}})
	if err := errors.Join(err, w.store.Answer(map[uint64][]byte{second.Seq: body})); err != nil {
		t.Fatal(err)
	}
	w.answered(second.Seq, fault.Valid)
	if got, err := w.counter.Confirm(second, fault.Valid); err != nil || !got.HandsOver() {
		t.Fatalf("%+v, %v", got, err)
	}
	w.answered(first.Seq, fault.AlreadyRedeemed)
	w.want("third", code, fault.AlreadyRedeemed)
}

// TestOneAnswerOneHandOver: a ticket is scanned again while the first scan waits for
// the server, and both are told its answer.
func TestOneAnswerOneHandOver(t *testing.T) {
	for name, last := range map[string]func(w *world, again Outcome, code string) (Outcome, error){
		"both wait": func(w *world, again Outcome, _ string) (Outcome, error) { return w.counter.Confirm(again, fault.Valid) },
		"the answer is kept": func(w *world, _ Outcome, code string) (Outcome, error) {
			return w.counter.Redeem(code, noon, Options{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, memory.New())
			w.status.Online = true
			code := w.code(func(x *ticket.Ticket) { x.Station = 0 })
			first, err := w.counter.Redeem(code, noon, Options{})
			again, err2 := w.counter.Redeem(code, noon, Options{})
			if err != nil || err2 != nil || first.Final || again.Final || first.Seq != again.Seq {
				t.Fatalf("%+v, %v; %+v, %v", first, err, again, err2)
			}
			w.answered(first.Seq, fault.Valid)
			again, err = last(w, again, code)
			if err != nil || !again.Final || !again.HandsOver() {
				t.Fatalf("the second: %+v, %v", again, err)
			}
			first, err = w.counter.Confirm(first, fault.Valid)
			if err != nil || first.HandsOver() || first.Verdict != fault.AlreadyRedeemed {
				t.Errorf("the first hands over too: %+v, %v", first, err)
			}
			w.want("third", code, fault.AlreadyRedeemed)
		})
	}
}

// answered gives the counter the server's answer to an op.
func (w *world) answered(seq uint64, v fault.Verdict) {
	w.Helper()
	if err := w.counter.Answered(map[uint64]op.Result{seq: {Verdict: v}, seq + 100: {Verdict: fault.Valid}}); err != nil {
		w.Fatal(err)
	}
}

func TestUndo(t *testing.T) {
	for name, c := range map[string]struct {
		between func(w *world)
		after   time.Duration
		undone  bool
	}{
		"at once":               {func(*world) {}, time.Second, true},
		"at the last moment":    {func(*world) {}, undoTime, true},
		"too late":              {func(*world) {}, undoTime + time.Millisecond, false},
		"clock set back":        {func(*world) {}, -time.Second, false},
		"after a restart":       {func(w *world) { w.restart(w.store) }, time.Second, true},
		"after the server knew": {func(w *world) { w.answer(); w.bound(100, op.ClaimRedeemed, 1) }, time.Second, true},
		"after a second scan":   {func(w *world) { w.want("second", w.code(nil), fault.AlreadyRedeemed) }, time.Second, false},
		"after another's scan": {func(w *world) {
			w.want("another", w.code(func(x *ticket.Ticket) { x.ID = 101 }), fault.Valid)
		}, time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, memory.New())
			w.bound(100, op.ClaimGranted, 1)
			w.want("handed over", w.code(nil), fault.Valid)
			if sent, _ := w.last(); sent.Asked {
				t.Errorf("the authority asks: %+v", sent)
			}
			c.between(w)
			err := w.counter.Undo(100, noon.Add(c.after), "li")
			if c.undone != (err == nil) || err != nil && !errors.Is(err, ErrNoUndo) {
				t.Fatalf("undo: %v", err)
			}
			want := fault.AlreadyRedeemed
			if c.undone {
				want = fault.Valid
				if sent, _ := w.last(); sent.Kind != op.Redeem || !sent.Undo || sent.Ticket != 100 || sent.Epoch != 1 || sent.EnteredBy != "li" {
					t.Errorf("reported %+v", sent)
				}
			}
			w.want("scanned again", w.code(nil), want)
			if err := w.counter.Undo(102, noon, ""); !errors.Is(err, ErrNoUndo) {
				t.Errorf("a ticket that was not handed over: %v", err)
			}
		})
	}
}

// TestHolderIsShownToTheCodeAlone: neither a list nor the code of another epoch opens a name.
func TestHolderIsShownToTheCodeAlone(t *testing.T) {
	w := newWorld(t, memory.New())
	sealed, err := ticket.SealPersonal(ticket.Secret([]byte("master"), 100, 1), ticket.Personal{Name: "王*明"})
	if err != nil {
		t.Fatal(err)
	}
	w.tell(wire.TableTicket, "100", wire.TicketRow{Ticket: 100, Activity: "spa", Pool: "sets", Seats: 2, State: op.ClaimGranted, Epoch: 1, Station: "HQ", Member: "W1", Sealed: sealed})
	old := w.code(func(x *ticket.Ticket) { x.Epoch, x.Secret = 0, ticket.Secret([]byte("master"), 100, 0) })
	if got, err := w.counter.Redeem(old, noon, Options{}); err != nil || got.Verdict != fault.Revoked || got.Holder != "" {
		t.Errorf("an old code: %+v, %v", got, err)
	}
	if got, err := w.counter.Redeem(w.code(nil), noon.Add(-48*time.Hour), Options{}); err != nil || got.Holder != "王*明" {
		t.Errorf("scanned: %+v, %v", got, err)
	}
	if got, err := w.counter.RedeemTicket(100, noon, Options{}); err != nil || got.Verdict != fault.Valid || got.Holder != "" {
		t.Errorf("picked by its short code: %+v, %v", got, err)
	}
}
