package handover

import (
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// parted is a store to which a checkpoint comes while a scan reads it.
type parted struct {
	local.Store
	table         string
	before, after func() // reading a row of the table, once
}

func (p *parted) Get(table, key string) (local.Row, bool, error) {
	if p.table != table {
		return p.Store.Get(table, key)
	}
	p.table = ""
	p.before()
	r, ok, err := p.Store.Get(table, key)
	p.after()
	return r, ok, err
}

// come has a checkpoint come before or after the next row of a table is read.
func (p *parted) come(table string, before bool, checkpoint func()) {
	p.table, p.before, p.after = table, func() {}, checkpoint
	if before {
		p.before, p.after = p.after, p.before
	}
}

func (w *world) row(table, key string, row any) local.Row {
	w.Helper()
	body, err := wire.EncodeRow(row)
	if err != nil {
		w.Fatal(err)
	}
	return local.Row{Table: table, ID: key, Seq: w.seq + 1, Body: body}
}

func (w *world) ticketRow(state op.ClaimState) local.Row {
	return w.row(wire.TableTicket, "100", wire.TicketRow{Ticket: 100, Activity: "spa", Pool: "sets", Seats: 2, State: state, Epoch: 1, Station: "HQ", Member: "W1"})
}

func (w *world) doorRow(inside bool) local.Row {
	return w.row(wire.TableDoor, "100", wire.DoorRow{Ticket: 100, Activity: "diy", Pool: "am", Member: "W1", Seats: 1, State: op.ClaimGranted, Inside: inside})
}

// TestCheckpointWhileScanning: the rows that end a mark of this device come while a scan
// reads. Whether it sees the old ones or the new ones, it hands nothing over twice.
func TestCheckpointWhileScanning(t *testing.T) {
	ask := func(o op.Op) func(*world) {
		return func(w *world) {
			if _, err := w.counter.Ask(o); err != nil {
				w.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		mark  func(*world)
		table string
		rows  func(*world) local.Row
		want  map[bool]fault.Verdict // by: the checkpoint comes before that row is read
	}{
		"station given up": {func(w *world) {
			if err := w.counter.GiveUp(wire.Recall{Station: "HQ"}); err != nil {
				w.Fatal(err)
			}
		}, wire.TableStation, func(w *world) local.Row {
			return w.row(wire.TableStation, "HQ", wire.StationRow{ID: "HQ", Number: hqNumber, Authority: "K-NEW"})
		}, map[bool]fault.Verdict{true: fault.WrongStation, false: fault.WrongStation}},
		"own cancel": {ask(op.Op{Kind: op.Cancel, Member: "W1", Activity: "spa"}), wire.TableTicket,
			func(w *world) local.Row { return w.ticketRow(op.ClaimCancelled) }, map[bool]fault.Verdict{true: fault.Cancelled, false: fault.Revoked}},
		"cancel of a union": {ask(op.Op{Kind: op.Cancel, Org: "U1", Activity: "spa", Seats: 2}), wire.TableTicket,
			func(w *world) local.Row { return w.ticketRow(op.ClaimCancelled) }, map[bool]fault.Verdict{true: fault.Cancelled, false: fault.Blocked}},
		"taken back, and handed over elsewhere": {func(w *world) {
			w.want("first", w.code(nil), fault.Valid)
			w.answer(w.ticketRow(op.ClaimRedeemed))
			if err := w.counter.Undo(100, noon.Add(time.Second), ""); err != nil {
				w.Fatal(err)
			}
		}, wire.TableTicket, func(w *world) local.Row { return w.ticketRow(op.ClaimRedeemed) },
			map[bool]fault.Verdict{true: fault.AlreadyRedeemed, false: fault.AlreadyRedeemed}},
	} {
		for before, want := range c.want {
			s := &parted{Store: memory.New()}
			w := newWorld(t, s)
			w.tell(wire.TableTicket, "100", wire.TicketRow{Ticket: 100, Activity: "spa", Pool: "sets", Seats: 2, State: op.ClaimGranted, Epoch: 1, Station: "HQ", Member: "W1"})
			c.mark(w)
			s.come(c.table, before, func() { w.answer(c.rows(w)) })
			if w.want(name, w.code(nil), want); s.table != "" {
				t.Errorf("%s: no checkpoint came", name)
			}
		}
	}
}

// TestCheckpointWhileAtTheDoor is the same for the check-in list.
func TestCheckpointWhileAtTheDoor(t *testing.T) {
	for name, c := range map[string]struct {
		inside, out bool // by the row, and the last word of this device
	}{"came in": {false, false}, "went out, and in through another door": {true, true}} {
		for _, before := range []bool{true, false} {
			s := &parted{Store: memory.New()}
			w := newWorld(t, s)
			w.door(100, op.ClaimGranted, c.inside)
			code := w.code(func(x *ticket.Ticket) { x.Activity, x.Station = diyNumber, 0 })
			if got, err := w.counter.CheckIn(code, morning, Options{Out: c.out}); err != nil || !got.HandsOver() {
				t.Fatalf("%s: %+v, %v", name, got, err)
			}
			s.come(wire.TableDoor, before, func() { w.answer(w.doorRow(true)) })
			if got, err := w.counter.CheckIn(code, morning, Options{}); err != nil || got.HandsOver() || s.table != "" {
				t.Errorf("%s, checkpoint before the list is read %v: %v, %v", name, before, got.Verdict, err)
			}
		}
	}
}

// TestCheckpointWhileJudging: at a hub, the rows that contain what a scanner let in come
// while another scanner's question is judged.
func TestCheckpointWhileJudging(t *testing.T) {
	for _, before := range []bool{true, false} {
		s, relaying := &parted{Store: memory.New()}, true
		w := newWorld(t, s)
		w.counter.cfg.Relaying = func(id.Device, uint64) bool { return relaying }
		w.door(100, op.ClaimGranted, false)
		judge := func(from id.Device) (found Judgement) {
			_, err := w.counter.Judge(op.Op{Kind: op.CheckIn, Ticket: 100, Activity: "diy", Pool: "am", Seats: 1, Verdict: fault.Valid, At: morning.UnixMilli()}, from, 1,
				func(j Judgement) error {
					found = j
					return w.store.Apply(local.Checkpoint{To: w.seq, Rows: j.Rows})
				})
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		if j := judge("s1"); j.Verdict != fault.Valid {
			t.Fatalf("first: %+v", j)
		}
		s.come(wire.TableDoor, before, func() {
			w.tell(wire.TableDoor, "100", wire.DoorRow{Ticket: 100, Activity: "diy", Pool: "am", State: op.ClaimGranted, Inside: true})
			relaying = false
		})
		if j := judge("s2"); j.Verdict == fault.Valid || s.table != "" {
			t.Errorf("checkpoint before the list is read %v: let in twice: %+v", before, j)
		}
	}
}

// morning is when the door of the activity "diy" is open.
var morning = time.Date(2017, 3, 15, 9, 0, 0, 0, shanghai)
