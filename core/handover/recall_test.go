package handover

import (
	"errors"
	"path/filepath"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/local/sqlite"
	"yizhan/core/op"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

func recall(t id.Ticket, epoch int) wire.Recall {
	return wire.Recall{Tickets: []wire.Bound{{Ticket: t, Epoch: epoch}}}
}

func (w *world) want(what, code string, want fault.Verdict) {
	w.Helper()
	if got, err := w.counter.Redeem(code, noon, Options{}); err != nil || got.Verdict != want {
		w.Errorf("%s: %v, %v; want %v", what, got.Verdict, err, want)
	}
}

// TestGiveUp: a word once given holds, through a power cut, for its epoch and for
// no later one.
func TestGiveUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kiosk.db")
	store, err := sqlite.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, store)
	w.bound(100, op.ClaimGranted, 1)
	for range 2 { // asked again, it says nothing new
		if err := w.counter.GiveUp(recall(100, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if sent, n := w.last(); n != 1 || sent.Kind != op.Release || sent.Ticket != 100 || sent.Epoch != 1 {
		t.Fatalf("%d ops, the last %+v", n, sent)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if store, err = sqlite.Open(path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	w.restart(store)
	w.want("given up", w.code(nil), fault.Revoked)
	w.answer()
	w.want("and answered", w.code(nil), fault.Revoked)
	next := w.code(func(x *ticket.Ticket) { x.Epoch = 2 })
	w.bound(100, op.ClaimGranted, 2)
	w.want("old code of a ticket that came back", w.code(nil), fault.Revoked)
	w.want("its new code", next, fault.Valid)
	if err := w.counter.GiveUp(recall(100, 2)); err != nil {
		t.Fatal(err)
	}
	if sent, _ := w.last(); sent.Kind != op.Redeem {
		t.Errorf("what was handed over was given up: %+v", sent)
	}
}

func TestGiveUpOfWhatIsNotKnown(t *testing.T) {
	w := newWorld(t, memory.New())
	if err := w.counter.GiveUp(recall(100, 1)); err != nil {
		t.Fatal(err)
	}
	w.want("granted while this device was offline", w.code(nil), fault.Revoked)
}

func TestGiveUpThatCannotBeStored(t *testing.T) {
	w := newWorld(t, memory.New())
	w.outbox.fail = local.ErrFull
	if err := w.counter.GiveUp(recall(100, 1)); !errors.Is(err, local.ErrFull) {
		t.Errorf("%v", err)
	}
	w.outbox.fail = nil
	w.want("not given up", w.code(nil), fault.Valid)
}

func TestGiveUpOfTheStation(t *testing.T) {
	w := newWorld(t, memory.New())
	if err := w.counter.GiveUp(wire.Recall{Station: "ST1"}); err != nil {
		t.Fatal(err)
	}
	w.want("another station's", w.code(nil), fault.Valid)
	if err := w.counter.GiveUp(wire.Recall{Station: "HQ"}); err != nil {
		t.Fatal(err)
	}
	if sent, _ := w.last(); sent.Kind != op.Release || sent.Station != "HQ" || sent.Ticket != 0 {
		t.Fatalf("sent %+v", sent)
	}
	other := w.code(func(x *ticket.Ticket) { x.ID = 101 })
	w.want("given up", other, fault.WrongStation)
	w.answer()
	w.want("named again by the rows", other, fault.Valid)
}

// TestOwnCancel: between an own cancel and its answer nothing of it is handed over.
func TestOwnCancel(t *testing.T) {
	for name, c := range map[string]struct {
		op   op.Op
		want fault.Verdict
	}{
		"of the holder":    {op.Op{Kind: op.Cancel, Member: "W1", Activity: "spa"}, fault.Revoked},
		"of the pool":      {op.Op{Kind: op.Cancel, Member: "W1", Activity: "spa", Pool: "sets"}, fault.Revoked},
		"moved away":       {op.Op{Kind: op.Rebind, Member: "W1", Activity: "spa", Station: "ST1"}, fault.Revoked},
		"of their union":   {op.Op{Kind: op.Cancel, Org: "U1", Activity: "spa", Seats: 2}, fault.Blocked},
		"of another":       {op.Op{Kind: op.Cancel, Member: "W2", Activity: "spa"}, fault.Valid},
		"another activity": {op.Op{Kind: op.Cancel, Member: "W1", Activity: "diy"}, fault.Valid},
		"another pool":     {op.Op{Kind: op.Cancel, Member: "W1", Activity: "spa", Pool: "x"}, fault.Valid},
		"a claim":          {op.Op{Kind: op.Claim, Member: "W1", Activity: "spa", Seats: 1}, fault.Valid},
	} {
		w := newWorld(t, memory.New())
		w.tell(wire.TableTicket, "100", wire.TicketRow{Ticket: 100, Activity: "spa", Pool: "sets", Seats: 2, State: op.ClaimGranted, Epoch: 1, Station: "HQ", Member: "W1"})
		if seq, err := w.counter.Ask(c.op); err != nil || seq != 1 {
			t.Fatalf("%s: op %d, %v", name, seq, err)
		}
		w.want(name, w.code(nil), c.want)
		w.answer()
		if c.want != fault.Valid {
			w.want(name+", refused by the server", w.code(nil), fault.Valid)
		}
	}
}
