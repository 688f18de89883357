package replica_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/replica"
	"yizhan/core/wire"
)

func TestOpsAreAnsweredAndLeaveTheOutboxWithTheirRows(t *testing.T) {
	d, h := pair(t)
	d.append("a")
	d.append("b")
	d.begin(h)
	ops := next[wire.Ops](d)
	if ops.First != 1 || len(ops.Ops) != 2 {
		t.Fatalf("first batch %+v", ops)
	}
	d.append("c") // while the batch is in flight
	if len(d.sent) != 0 {
		t.Fatalf("two batches in flight: %+v", d.sent)
	}
	d.frame(h.submit(t, ops))
	d.frame(h.submit(t, next[wire.Ops](d)))
	for _, c := range h.delta(h.head, 2) {
		d.frame(c)
	}
	if q, _ := d.store.Queue(); len(q) != 0 {
		t.Errorf("outbox keeps %d ops", len(q))
	}
	if rows, _ := d.store.Rows("claim"); len(rows) != 3 {
		t.Errorf("%d rows, want 3", len(rows))
	}
	d.begin(h) // nothing is left to send, and the chain goes on from the mark
	d.append("d")
	d.frame(h.submit(t, next[wire.Ops](d)))
	if d.closed != nil {
		t.Fatalf("closed: %+v", d.closed)
	}
}

func TestLostResultsAreAskedForAgain(t *testing.T) {
	d, h := pair(t)
	d.append("a")
	d.begin(h)
	d.frame(h.submit(t, next[wire.Ops](d)))
	for _, c := range h.delta(h.head, 9) {
		d.frame(c)
	}
	d.append("b")
	h.submit(t, next[wire.Ops](d)) // decided, and the answer is lost
	d.begin(h)
	for _, c := range h.delta(h.head, 9) { // the rows overtake it
		d.frame(c)
	}
	d.append("c")
	d.frame(h.submit(t, next[wire.Ops](d))) // b leaves the outbox with its late answer
	h.submit(t, next[wire.Ops](d))          // c is decided, and the answer is lost
	d.begin(h)
	if m := next[wire.Ops](d); m.First != 3 || !bytes.Equal(m.Previous, h.sums[1][:]) {
		t.Fatalf("device sends op %d after %x, want 3 after %x", m.First, m.Previous, h.sums[1])
	}
}

// TestALateAnswerOvertakes: a hub held op 2 for its server, and what it said of ops 1
// to 3 was lost. It tells the server's word at once when the device comes again.
func TestALateAnswerOvertakes(t *testing.T) {
	for _, upstream := range []id.Device{"", "hub-1"} {
		d, h := pair(t)
		d.upstream = upstream
		d.append("a")
		d.append("b")
		d.append("c")
		d.begin(h)
		all := h.submit(t, next[wire.Ops](d))
		d.begin(h)
		late := wire.Results{First: 2, Results: all.Results[1:2]}
		if d.frame(late); upstream == "" {
			d.wantClosed(fault.BadFrame, false)
			continue
		}
		d.frame(h.submit(t, next[wire.Ops](d)))
		for _, c := range h.delta(h.head, 9) {
			d.frame(c)
		}
		if q, _ := d.store.Queue(); len(q) != 0 || d.closed != nil {
			t.Errorf("outbox keeps %d ops, closed %+v", len(q), d.closed)
		}
	}
}

// TestALateAnswerIsNotForgotten: the answer that says that op 2 has to wait was not lost, only
// slow, and comes behind the late one, which nobody tells again.
func TestALateAnswerIsNotForgotten(t *testing.T) {
	d, h := pair(t)
	d.upstream = "hub-1"
	d.append("a")
	d.append("b")
	d.begin(h)
	slow := h.submit(t, next[wire.Ops](d))
	d.frame(wire.Results{First: 2, Results: slow.Results[1:2]})
	slow.Results = []op.Result{slow.Results[0], {Outcome: op.Pending}}
	d.frame(slow)
	kept, err := d.store.Kept(2, 1)
	if err != nil || len(kept) != 1 || replica.IsPending(kept[0]) || d.closed != nil {
		t.Errorf("the answer is %+v, %v; closed %+v", kept, err, d.closed)
	}
}

// TestALateAnswerComesBehindTheRows: a hub held op 1 for its server; rows showed the
// op's effect, so that it left the outbox, and the line broke before the answer came.
func TestALateAnswerComesBehindTheRows(t *testing.T) {
	d, h := pair(t)
	d.upstream = "hub-1"
	d.append("a")
	d.begin(h)
	answer := h.submit(t, next[wire.Ops](d))
	d.frame(wire.Results{First: 1, Results: []op.Result{{Outcome: op.Pending}}})
	for _, c := range h.delta(h.head, 9) {
		d.frame(c)
	}
	if q, _ := d.store.Queue(); len(q) != 0 {
		t.Fatalf("outbox keeps %d ops", len(q))
	}
	d.begin(h)
	d.frame(wire.Results{First: 1, Results: answer.Results[:1]})
	kept, err := d.store.Kept(1, 1)
	if err != nil || len(kept) != 1 || replica.IsPending(kept[0]) {
		t.Errorf("the answer is %+v, %v", kept, err)
	}
}

func TestPowerCutBetweenLateAnswerAndMark(t *testing.T) {
	d, h := pair(t)
	d.append("a")
	d.begin(h)
	h.submit(t, next[wire.Ops](d))
	d.begin(h)
	for _, c := range h.delta(h.head, 9) {
		d.frame(c)
	}
	if err := d.store.Answer(map[uint64][]byte{1: {0xa0}}); err != nil { // and then the power went
		t.Fatal(err)
	}
	d.append("b")
	d.begin(h)
	if m := next[wire.Ops](d); m.First != 2 || !bytes.Equal(m.Previous, h.sums[0][:]) {
		t.Fatalf("device sends op %d after %x, want 2 after %x", m.First, m.Previous, h.sums[0])
	}
}

// TestEveryLoss cuts the connection, and the power, at any moment: every op is
// decided once, every answer is the server's, and the rows end up the same.
func TestEveryLoss(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, h := pair(t)
		d.begin(h)
		var toServer, toDevice []wire.Message
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			toServer = append(toServer, d.sent...)
			d.sent = nil
			switch rapid.SampledFrom([]string{"op", "op", "serve", "serve", "deliver", "deliver", "ledger", "lose", "power", "sync"}).Draw(t, "event") {
			case "op":
				s, _ := d.store.State()
				d.append(fmt.Sprintf("op %d", s.Last+1))
			case "serve":
				if len(toServer) > 0 {
					switch m := toServer[0].(type) {
					case wire.Ops:
						toDevice = append(toDevice, h.submit(t, m))
					case wire.Sync:
						toDevice = append(append(toDevice, h.delta(h.head, 2)...), m)
					}
					toServer = toServer[1:]
				}
			case "ledger":
				toDevice = append(toDevice, h.delta(rapid.Uint64Range(h.cursor, h.head).Draw(t, "upTo"), rapid.IntRange(1, 4).Draw(t, "chunk"))...)
			case "deliver":
				if len(toDevice) > 0 {
					d.frame(toDevice[0])
					toDevice = toDevice[1:]
				}
			case "power":
				if len(toDevice) > 0 {
					b, _ := d.codec.Encode(toDevice[0])
					effects := d.session.Frame(b, 0)
					d.do(effects[:rapid.IntRange(0, len(effects)).Draw(t, "done")])
				}
				toServer, toDevice = nil, nil
				d.begin(h)
			case "sync":
				d.do(d.session.Sync(uint64(rapid.IntRange(1, 1000).Draw(t, "point"))))
			case "lose":
				toServer, toDevice = nil, nil
				d.begin(h)
			}
			if d.closed != nil {
				t.Fatalf("closed: %+v", *d.closed.Why)
			}
		}
		d.begin(h)
		settle(t, d, h)
	})
}

// settle lets a good network finish the work, and compares both sides.
func settle(t *rapid.T, d *device, h *host) {
	d.do(d.session.Sync(5000))
	for n := 0; d.synced != 5000; n++ {
		if n > 100 || len(d.sent) == 0 {
			t.Fatalf("does not settle; closed: %+v", d.closed)
		}
		m := d.sent[0]
		d.sent = d.sent[1:]
		switch m := m.(type) {
		case wire.Ops:
			d.frame(h.submit(t, m))
		case wire.Sync:
			for _, c := range h.delta(h.head, 3) {
				d.frame(c)
			}
			d.frame(m)
		}
	}
	rows, _ := d.store.Rows("claim")
	state, _ := d.store.State()
	queue, _ := d.store.Queue()
	if uint64(len(h.ops)) != state.Last || len(rows) != len(h.ops) || state.Cursor != h.head || len(queue) != 0 {
		t.Fatalf("server has %d ops and head %d; device has %+v, %d rows, %d in the outbox", len(h.ops), h.head, state, len(rows), len(queue))
	}
}

func TestResultsThatAreOldOrOutOfOrder(t *testing.T) {
	d, h := pair(t)
	d.append("a")
	d.begin(h)
	r := h.submit(t, next[wire.Ops](d))
	d.frame(r)
	d.frame(r) // again
	d.frame(wire.Results{First: 1})
	if d.closed != nil {
		t.Fatalf("closed: %+v", d.closed.Why)
	}
	d.append("b")
	d.frame(wire.Results{First: 3, Results: []op.Result{{Outcome: op.Granted}}})
	d.wantClosed(fault.BadFrame, false)
	if q, _ := d.store.Queue(); len(q) != 2 || q[1].Result != nil {
		t.Errorf("outbox %+v: op 2 must be there and wait", q)
	}
}

func TestCheckpointsThatDoNotFit(t *testing.T) {
	row := func(table string, seq uint64) []wire.RowChange {
		return []wire.RowChange{{Table: table, ID: "x", Seq: seq, Body: []byte{1}}}
	}
	for name, c := range map[string][]wire.Checkpoint{
		"stale":            {{From: 0, To: 5, Last: true}},
		"from the future":  {{From: 9, To: 12, Last: true}},
		"backwards":        {{From: 7, To: 6, Last: true}},
		"row outside":      {{From: 7, To: 9, Rows: row("claim", 10), Last: true}},
		"row of the past":  {{From: 7, To: 9, Rows: row("claim", 7), Last: true}},
		"our own table":    {{From: 7, To: 9, Rows: row(wire.TableUsed, 8), Last: true}},
		"our own mark":     {{From: 7, To: 9, Rows: row(replica.TableReplica, 8), Last: true}},
		"acked unknown op": {{From: 7, To: 9, Acked: 3, Last: true}},
		"mixed chunks":     {{From: 7, To: 9, Rows: row("claim", 8)}, {From: 7, To: 10, Last: true}},
		"reset inside":     {{From: 7, To: 9, Rows: row("claim", 8)}, {From: 0, To: 9, Reset: true, Last: true}},
	} {
		t.Run(name, func(t *testing.T) {
			d, h := pair(t)
			h.head = 20
			if err := d.store.Apply(local.Checkpoint{To: 7}); err != nil {
				t.Fatal(err)
			}
			d.begin(h)
			for _, c := range c {
				d.frame(c)
			}
			d.wantClosed(fault.BadFrame, false)
			if s, _ := d.store.State(); s.Cursor != 7 {
				t.Errorf("cursor moved to %d", s.Cursor)
			}
			if rows, _ := d.store.Rows("claim"); len(rows) != 0 {
				t.Errorf("rows of a refused checkpoint: %+v", rows)
			}
		})
	}
}

func TestBootstrapForgetsAllTablesOfTheServer(t *testing.T) {
	d, h := pair(t)
	h.head = 9
	d.begin(h)
	d.frame(wire.Checkpoint{To: 5, Reset: true, Last: true, Rows: []wire.RowChange{{Table: "from a newer server", ID: "x", Seq: 5, Body: []byte{1}}}})
	d.frame(wire.Checkpoint{To: 9, Reset: true, Last: true, Rows: []wire.RowChange{{Table: "claim", ID: "y", Seq: 9, Body: []byte{1}}}})
	if rows, _ := d.store.Rows("from a newer server"); len(rows) != 0 || d.closed != nil {
		t.Fatalf("rows before the bootstrap are still there: %+v (closed %+v)", rows, d.closed)
	}
}

func TestHeartbeatSaysAsOfWithoutWriting(t *testing.T) {
	d, h := pair(t)
	d.begin(h)
	d.frame(wire.Checkpoint{Last: true, Time: 77})
	if _, ok, _ := d.store.Get(replica.TableReplica, replica.MarkID); d.asOf != 77 || ok {
		t.Fatalf("as of %d; written: %v", d.asOf, ok)
	}
}

func TestFaultsOfTheServer(t *testing.T) {
	// The session after revoked_device or fork brings the order to wipe.
	for kind, final := range map[fault.Kind]bool{fault.Fork: false, fault.RevokedDevice: false, fault.Internal: false,
		fault.ShuttingDown: false, fault.StorageFull: false, fault.BadFrame: false} {
		d, h := pair(t)
		d.append("a")
		d.begin(h)
		d.frame(wire.Fault{Kind: kind})
		d.wantClosed(kind, final)
		if q, _ := d.store.Queue(); len(q) != 1 {
			t.Errorf("%v: outbox has %d ops, want 1", kind, len(q))
		}
	}
}

// TestCheckpointsAreNoAnswers holds that only the handshake sets the server's clock: a
// checkpoint comes minutes after our last message, and with more to come it is not current either.
func TestCheckpointsAreNoAnswers(t *testing.T) {
	d, h := pair(t)
	d.begin(h)
	for _, c := range []wire.Checkpoint{{Reset: true, To: 3, Last: true, More: true, Time: 60_000}, {From: 3, To: 3, Last: true, More: true, Time: 70_000}, {From: 3, To: 3, Last: true, Time: 80_000}} {
		h.head = 3
		d.frame(c)
		if d.closed != nil || d.clock != 1000 || d.asOf != 80_000 && !c.More || d.asOf != 0 && c.More {
			t.Errorf("%+v: server's clock %d, rows as of %d, closed %+v", c, d.clock, d.asOf, d.closed)
		}
	}
	if d.viewed != 2 {
		t.Errorf("whoever shows rows was told %d times that some came into view, want 2", d.viewed)
	}
}

func TestBusySendsAgainLaterAndLater(t *testing.T) {
	d, h := pair(t)
	d.append("a")
	d.begin(h)
	at, rests := time.Duration(0), []time.Duration{}
	for range 4 {
		next[wire.Ops](d)
		d.frame(wire.Fault{Kind: fault.Busy})
		from := at
		for len(d.sent) == 0 && at < time.Hour {
			at += 100 * time.Millisecond
			d.do(d.session.Tick(at))
		}
		rests = append(rests, at-from)
	}
	if !slices.IsSorted(rests) || rests[0] < 500*time.Millisecond || rests[3] < 4*time.Second || d.closed != nil {
		t.Fatalf("rests %v, closed %+v", rests, d.closed)
	}
	d.frame(h.submit(t, next[wire.Ops](d)))
	if q, _ := d.store.Queue(); q[0].Result == nil {
		t.Error("no answer after all")
	}
}

func TestGapSendsAgainButNotForEver(t *testing.T) {
	d, h := pair(t)
	d.append("a")
	d.begin(h)
	for range 3 {
		next[wire.Ops](d)
		d.frame(wire.Fault{Kind: fault.Gap, Next: 1})
	}
	next[wire.Ops](d)
	d.frame(wire.Fault{Kind: fault.Gap, Next: 1})
	d.wantClosed(fault.Gap, false)
}

func TestSilentServerIsLeft(t *testing.T) {
	d, h := pair(t)
	d.append("a")
	d.begin(h)
	d.do(d.session.Tick(time.Hour))
	d.wantClosed(fault.Internal, false)
}

func TestDamagedOutboxStops(t *testing.T) {
	d, _ := pair(t)
	d.append("a")
	d.append("b")
	for name, twist := range map[string]func(s *replica.Saved){
		"byte flipped": func(s *replica.Saved) { s.Queue[1].Bytes[0] ^= 1 },
		"op missing":   func(s *replica.Saved) { s.Queue = s.Queue[1:]; s.Queue[0].Seq = 7 },
		"other hash":   func(s *replica.Saved) { s.State.Hash[0] ^= 1 },
	} {
		s := d.saved()
		twist(&s)
		effects := replica.New(d.codec, "test", s).Open([]byte("0123456789abcdef"), nil)
		if c, ok := effects[0].(replica.Close); !ok || !c.Final {
			t.Errorf("%s: %+v", name, effects)
		}
	}
}

func TestBatchesStayUnderTheLimits(t *testing.T) {
	d, h := pair(t)
	for i := range 600 {
		d.append(fmt.Sprintf("%d %s", i, bytes.Repeat([]byte("x"), i%7*1000)))
	}
	d.begin(h)
	for batches := 0; len(d.sent) > 0; batches++ {
		m := next[wire.Ops](d)
		size := 0
		for _, o := range m.Ops {
			size += len(o)
		}
		if len(m.Ops) > wire.MaxOps || size > 512<<10 || batches > 20 {
			t.Fatalf("batch %d has %d ops in %d bytes", batches, len(m.Ops), size)
		}
		d.frame(h.submit(t, m))
	}
	if len(h.ops) != 600 {
		t.Fatalf("%d ops arrived, want 600", len(h.ops))
	}
}

func TestWatchIsSaidAgainAfterReconnect(t *testing.T) {
	d, h := pair(t)
	d.begin(h)
	d.do(d.session.Watch("film"))
	if m := next[wire.Watch](d); m.Activity != id.Activity("film") {
		t.Fatalf("watch %+v", m)
	}
}

// FuzzFrames feeds a session what no server would send: it may end, never panic,
// and never store what was not checked.
func FuzzFrames(f *testing.F) {
	codec, err := wire.NewCodec()
	if err != nil {
		f.Fatal(err)
	}
	for _, m := range []wire.Message{wire.Welcome{}, wire.Results{First: 1, Results: []op.Result{{Outcome: op.Granted}}},
		wire.Checkpoint{To: 3, Reset: true, Last: true, Rows: []wire.RowChange{{Table: "claim", ID: "x", Seq: 3, Body: []byte{1}}}},
		wire.Gauge{Activity: "a"}, wire.Sync{N: 1}, wire.Fault{Kind: fault.Gap, Next: 1}, wire.Enrolled{Device: "d"}} {
		b, err := codec.Encode(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, b)
	}
	f.Fuzz(func(t *testing.T, one, two []byte) {
		d, h := pair(t)
		d.append("a")
		d.begin(h)
		before, _ := d.store.State()
		d.do(d.session.Frame(one, 1))
		d.do(d.session.Frame(two, 2))
		d.do(d.session.Tick(time.Minute))
		after, _ := d.store.State()
		if after.Last != before.Last || after.Hash != before.Hash {
			t.Fatalf("a frame changed what the device has made: %+v to %+v", before, after)
		}
		if _, ok, _ := d.store.Get(wire.TableUsed, "x"); ok {
			t.Fatal("a frame wrote into the device's own table")
		}
		d.session = replica.New(codec, "test", replica.Saved{})
		d.do(d.session.Open(one, nil))
		d.do(d.session.Frame(two, 1))
		replica.NewEnrolment(codec, "test", wire.Invitation{Code: "code"}, d.key).Frame(one)
	})
}
