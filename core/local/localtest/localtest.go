// Package localtest is the contract of local.Store as tests: every engine passes
// the same ones.
package localtest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"sync"
	"testing"

	"yizhan/core/local"
	"yizhan/core/op"
)

// Open opens the store of one device; once that store is closed, Open opens it again.
type Open func() (local.Store, error)

// Run runs the contract. fresh gives the way to a new, empty device.
func Run(t *testing.T, fresh func(t *testing.T) Open) {
	tests := map[string]func(*testing.T, *device){
		"meta": meta, "order": order, "durable": durable, "atomic apply": atomicApply, "atomic append": atomicAppend,
		"outbox": outbox, "late answer": lateAnswer, "kept": kept, "back": back, "unknown table": unknownTable, "reset": reset, "cursor": cursor,
		"rows": rows, "copies": copies, "concurrent": concurrent, "big checkpoint": bigCheckpoint, "closed": closed, "wipe": wipe,
	}
	maps.Copy(tests, scopes)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := &device{T: t, open: fresh(t)}
			d.start()
			t.Cleanup(func() { _ = d.Store.Close() })
			test(t, d)
		})
	}
}

// A wiped store is a new one, but for what it was told to keep; a device may be enrolled on it again.
func wipe(t *testing.T, d *device) {
	d.must(d.SetMeta(map[string][]byte{"key": []byte("secret")}))
	body := []byte("op")
	d.must(d.Append(local.Queued{Seq: 1, Hash: op.Chain(op.Hash{}, body), Bytes: body}, row("used", "1", 0, "u")))
	d.must(d.Apply(local.Checkpoint{To: 9, Take: []string{"org"}, Staged: true, Rows: []local.Row{row("door", "1", 9, "d")}}))
	d.must(d.Stage(local.Chunk{Fresh: []string{"fleet"}, Rows: []local.Row{in("public", row("door", "2", 9, "d"))}}))
	d.must(d.Wipe(map[string][]byte{"receipt": []byte("r")}))
	for range 2 {
		state, err := d.State()
		d.must(err)
		queue, err := d.Queue()
		d.must(err)
		if state != (local.State{}) || len(queue) != 0 {
			t.Errorf("a wiped store stands at %+v and keeps %d ops", state, len(queue))
		}
		d.wantHeld(local.Held{})
		for _, table := range []string{"used", "door"} {
			if rows, err := d.Rows(table); err != nil || len(rows) != 0 {
				t.Errorf("a wiped store keeps %v of %s, %v", rows, table, err)
			}
		}
		for key, want := range map[string][]byte{"key": nil, "receipt": []byte("r")} {
			if got, err := d.Meta(key); err != nil || !bytes.Equal(got, want) {
				t.Errorf("meta %s is %q, %v, want %q", key, got, err, want)
			}
		}
		d.restart()
	}
	d.must(d.Append(local.Queued{Seq: 1, Hash: op.Chain(op.Hash{}, body), Bytes: body}))
	d.must(d.Apply(local.Checkpoint{To: 3, Rows: []local.Row{row("door", "1", 3, "d")}}))
	d.wantRows("door", row("door", "1", 3, "d"))
}

// device is a store with helpers that end the test on an error.
type device struct {
	*testing.T
	local.Store
	open Open
}

func (d *device) start() {
	d.Helper()
	s, err := d.open()
	d.must(err)
	d.Store = s
}

func (d *device) restart() {
	d.Helper()
	d.must(d.Store.Close())
	d.start()
}

func (d *device) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// Op gives the n-th op of a test device, with a hash that differs for each.
func Op(n uint64) local.Queued {
	b := []byte(fmt.Sprintf("op %d", n))
	return local.Queued{Seq: n, Hash: op.Chain(op.Hash{}, b), Bytes: b, At: int64(n) * 1000}
}

func row(table, id string, seq uint64, body string) local.Row {
	return local.Row{Table: table, ID: id, Seq: seq, Body: []byte(body)}
}

// append puts the ops from..to into the outbox.
func (d *device) append(from, to uint64) {
	d.Helper()
	for n := from; n <= to; n++ {
		d.must(d.Append(Op(n)))
	}
}

func (d *device) wantState(want local.State) {
	d.Helper()
	got, err := d.State()
	d.must(err)
	if got != want {
		d.Fatalf("state is %+v, want %+v", got, want)
	}
}

func (d *device) wantRows(table string, want ...local.Row) {
	d.Helper()
	got, err := d.Rows(table)
	d.must(err)
	if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
		d.Fatalf("table %s is %v, want %v", table, got, want)
	}
	for _, w := range want {
		r, ok, err := d.Get(table, w.ID)
		d.must(err)
		if !ok || !reflect.DeepEqual(r, w) {
			d.Fatalf("row %s %s is %v (%v), want %v", table, w.ID, r, ok, w)
		}
	}
}

func answered(q local.Queued, result string) local.Queued {
	q.Result = []byte(result)
	return q
}

func meta(t *testing.T, d *device) {
	want := func(key string, value []byte) {
		t.Helper()
		got, err := d.Meta(key)
		d.must(err)
		if (got == nil) != (value == nil) || !bytes.Equal(got, value) {
			t.Fatalf("meta %s is %#v, want %#v", key, got, value)
		}
	}
	want("device", nil)
	d.must(d.SetMeta(map[string][]byte{"device": []byte("kiosk-1"), "key": {0, 255}, "empty": {}}))
	d.restart()
	want("device", []byte("kiosk-1"))
	want("key", []byte{0, 255})
	want("empty", []byte{})
	d.must(d.SetMeta(map[string][]byte{"device": []byte("kiosk-2"), "key": nil, "absent": nil}))
	d.restart()
	want("device", []byte("kiosk-2"))
	want("key", nil)
	want("empty", []byte{})
}

func order(t *testing.T, d *device) {
	d.wantState(local.State{})
	d.append(1, 2)
	for _, n := range []uint64{0, 1, 2, 4, 1 << 40} {
		if err := d.Append(Op(n), row("used", "7", 0, "x")); !errors.Is(err, local.ErrOrder) {
			t.Fatalf("append op %d after 2: %v, want ErrOrder", n, err)
		}
	}
	d.wantRows("used")
	d.wantState(local.State{Last: 2, Hash: Op(2).Hash})
	d.append(3, 3)
	d.wantQueue(Op(1), Op(2), Op(3))
}

func durable(_ *testing.T, d *device) {
	d.must(d.Append(Op(1), row("used", "7", 0, "mine"), row("used", "8", 0, "")))
	d.must(d.Apply(local.Checkpoint{To: 40, Rows: []local.Row{row("claim", "7", 39, "granted")}}))
	d.append(2, 2)
	d.must(d.Answer(map[uint64][]byte{1: []byte("yes"), 99: []byte("nobody asked")}))
	d.restart()
	d.wantState(local.State{Cursor: 40, Last: 2, Hash: Op(2).Hash})
	d.wantQueue(answered(Op(1), "yes"), Op(2))
	d.wantRows("used", row("used", "7", 0, "mine"), row("used", "8", 0, ""))
	d.wantRows("claim", row("claim", "7", 39, "granted"))
}

func atomicApply(t *testing.T, d *device) {
	d.append(1, 1)
	d.must(d.Answer(map[uint64][]byte{1: []byte("yes")}))
	d.must(d.Apply(local.Checkpoint{To: 5, Rows: []local.Row{row("claim", "1", 5, "a"), row("claim", "2", 5, "b")}}))
	for _, bad := range []local.Row{row("claim", "", 9, "x"), row("", "3", 9, "x")} {
		err := d.Apply(local.Checkpoint{To: 9, Acked: 1, Reset: true, Gone: []local.Row{{Table: "claim", ID: "2"}},
			Rows: []local.Row{row("claim", "1", 9, "new"), row("other", "1", 9, "new"), bad}})
		if err == nil {
			t.Fatalf("checkpoint with row %v was applied", bad)
		}
	}
	for range 2 {
		d.wantState(local.State{Cursor: 5, Last: 1, Hash: Op(1).Hash})
		d.wantRows("claim", row("claim", "1", 5, "a"), row("claim", "2", 5, "b"))
		d.wantRows("other")
		d.wantQueue(answered(Op(1), "yes"))
		d.restart()
	}
	d.must(d.Apply(local.Checkpoint{To: 9, Acked: 1, Gone: []local.Row{{Table: "claim", ID: "2"}, {Table: "claim", ID: "404"}},
		Rows: []local.Row{row("claim", "1", 9, "new")}}))
	d.wantRows("claim", row("claim", "1", 9, "new"))
	d.wantQueue()
}

func atomicAppend(t *testing.T, d *device) {
	if err := d.Append(Op(1), row("used", "7", 0, "x"), row("used", "", 0, "x")); err == nil {
		t.Fatal("op with a row without id was appended")
	}
	for range 2 {
		d.wantState(local.State{})
		d.wantQueue()
		d.wantRows("used")
		d.restart()
	}
}

func unknownTable(_ *testing.T, d *device) {
	future := local.Row{Table: "hologram", ID: "北/1", Seq: 3, Body: []byte{0xff, 0, 0xc1}}
	d.must(d.Apply(local.Checkpoint{To: 3, Rows: []local.Row{future}}))
	d.must(d.Apply(local.Checkpoint{To: 4, Rows: []local.Row{row("claim", "1", 4, "a")}}))
	d.restart()
	d.wantRows("hologram", future)
	d.wantRows("nothing")
}

func reset(_ *testing.T, d *device) {
	d.must(d.Append(Op(1), row("used", "7", 0, "mine"), row("claim", "draft", 0, "mine")))
	d.must(d.Apply(local.Checkpoint{To: 50, Rows: []local.Row{row("claim", "1", 50, "a"), row("used", "9", 50, "s"), row("key", "k", 2, "k")}}))
	d.must(d.Apply(local.Checkpoint{To: 8, Reset: true, Rows: []local.Row{row("claim", "2", 8, "b")}}))
	d.restart()
	d.wantState(local.State{Cursor: 8, Last: 1, Hash: Op(1).Hash})
	d.wantQueue(Op(1))
	d.wantRows("claim", row("claim", "2", 8, "b"), row("claim", "draft", 0, "mine"))
	d.wantRows("used", row("used", "7", 0, "mine"))
	d.wantRows("key")
}

// back: the server was restored. What is in view stays, until its scope has come again.
func back(_ *testing.T, d *device) {
	scoped := func(r local.Row, name string) local.Row { r.Scope = name; return r }
	d.must(d.Append(Op(1), row("used", "7", 0, "mine")))
	d.must(d.Apply(local.Checkpoint{To: 50, Acked: 1, Take: []string{"a"}, Fresh: []string{"a"}, Staged: true, Rows: []local.Row{scoped(row("claim", "1", 50, "old"), "a")}}))
	d.must(d.Stage(local.Chunk{Fresh: []string{"b"}, Rows: []local.Row{scoped(row("claim", "9", 40, "staged"), "b")}}))
	d.must(d.Apply(local.Checkpoint{Back: true, Fresh: []string{"a", "b"}, Rows: []local.Row{row("replica", "mark", 0, "epoch 1")}}))
	d.restart()
	d.wantState(local.State{Cursor: 0, Last: 1, Hash: Op(1).Hash})
	d.wantRows("claim", scoped(row("claim", "1", 50, "old"), "a"))
	d.wantRows("used", row("used", "7", 0, "mine"))
	held, err := d.Held()
	d.must(err)
	if len(held.Scopes) != 0 {
		d.Fatalf("held is %+v", held)
	}
	for _, s := range held.Staged {
		if s.Seq != 0 || !s.Fresh {
			d.Fatalf("staged is %+v", held.Staged)
		}
	}
	d.must(d.Apply(local.Checkpoint{To: 8, Take: []string{"a"}, Fresh: []string{"a"}, Staged: true, Rows: []local.Row{scoped(row("claim", "2", 8, "new"), "a")}}))
	d.wantRows("claim", scoped(row("claim", "2", 8, "new"), "a"))
	d.must(d.Answer(map[uint64][]byte{1: []byte("r1")}))
	d.wantQueue(answered(Op(1), "r1")) // acked went back too
}

func cursor(t *testing.T, d *device) {
	d.must(d.Apply(local.Checkpoint{To: 20, Rows: []local.Row{row("claim", "1", 20, "new")}}))
	err := d.Apply(local.Checkpoint{To: 19, Rows: []local.Row{row("claim", "1", 19, "old")}})
	if !errors.Is(err, local.ErrStale) {
		t.Fatalf("checkpoint 19 after 20: %v, want ErrStale", err)
	}
	d.wantRows("claim", row("claim", "1", 20, "new"))
	d.must(d.Apply(local.Checkpoint{To: 20, Rows: []local.Row{row("claim", "1", 20, "new")}})) // resent
	d.restart()
	d.wantState(local.State{Cursor: 20})
}

func rows(t *testing.T, d *device) {
	d.must(d.Apply(local.Checkpoint{To: 9, Rows: []local.Row{
		row("t", "b", 1, "2"), row("t", "a/1", 2, "1"), row("t", "驿", 3, "4"), row("t", "c", 4, "3"), row("u", "0", 5, "x"), row("t", "A", 6, "0"),
		row("t", "b", 7, "22"),
	}}))
	d.wantRows("t", row("t", "A", 6, "0"), row("t", "a/1", 2, "1"), row("t", "b", 7, "22"), row("t", "c", 4, "3"), row("t", "驿", 3, "4"))
	for _, absent := range [][2]string{{"t", "z"}, {"z", "b"}, {"t", "B"}} {
		if r, ok, err := d.Get(absent[0], absent[1]); err != nil || ok {
			t.Fatalf("get %v: %v %v %v, want nothing", absent, r, ok, err)
		}
	}
}

// copies: a caller that changes what it gave or got changes nothing inside.
func copies(_ *testing.T, d *device) {
	q, r, m := Op(1), row("t", "1", 1, "a"), []byte("m")
	d.must(d.Append(q))
	d.must(d.Apply(local.Checkpoint{To: 1, Rows: []local.Row{r}}))
	d.must(d.SetMeta(map[string][]byte{"m": m}))
	q.Bytes[0], r.Body[0], m[0] = '!', '!', '!'
	for range 2 {
		got, err := d.Meta("m")
		d.must(err)
		if string(got) != "m" {
			d.Fatalf("meta is %q, want m", got)
		}
		d.wantQueue(Op(1))
		d.wantRows("t", row("t", "1", 1, "a"))
		queue, err := d.Queue()
		d.must(err)
		table, err := d.Rows("t")
		d.must(err)
		got[0], queue[0].Bytes[0], table[0].Body[0] = '?', '?', '?'
	}
}

// concurrent: every checkpoint writes the same number into 50 rows; a reader that
// sees two numbers has seen half a checkpoint.
func concurrent(t *testing.T, d *device) {
	const checkpoints, ops = 30, 60
	var group sync.WaitGroup
	errs := make(chan error, 8)
	run := func(f func() error) {
		group.Go(func() {
			if err := f(); err != nil {
				errs <- err
			}
		})
	}
	var turn sync.Mutex // numbering is the caller's
	last := uint64(0)
	for range 3 {
		run(func() error {
			for range ops / 3 {
				turn.Lock()
				last++
				err := d.Append(Op(last), row("used", fmt.Sprint(last), 0, "x"))
				turn.Unlock()
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	run(func() error {
		for n := uint64(1); n <= checkpoints; n++ {
			c := local.Checkpoint{To: n}
			for i := range 50 {
				c.Rows = append(c.Rows, row("t", fmt.Sprint(i), n, fmt.Sprint(n)))
			}
			if err := errors.Join(d.Apply(c), d.SetMeta(map[string][]byte{"n": fmt.Append(nil, n)})); err != nil {
				return err
			}
		}
		return nil
	})
	for range 2 {
		run(func() error { return readWhole(d.Store, checkpoints) })
	}
	group.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	d.wantState(local.State{Cursor: checkpoints, Last: ops, Hash: Op(ops).Hash})
	if queue, err := d.Queue(); err != nil || len(queue) != ops {
		t.Fatalf("queue holds %d ops (%v), want %d", len(queue), err, ops)
	}
}

func readWhole(s local.Store, until uint64) error {
	for {
		table, err := s.Rows("t")
		if err != nil {
			return err
		}
		for _, r := range table {
			if len(table) != 50 || r.Seq != table[0].Seq {
				return fmt.Errorf("half a checkpoint is visible: %d rows, %v beside %v", len(table), table[0], r)
			}
		}
		if len(table) > 0 && table[0].Seq == until {
			return nil
		}
	}
}

// Big makes the checkpoint of a first start with n rows.
func Big(n int, to uint64) local.Checkpoint {
	c := local.Checkpoint{To: to, Reset: true}
	for i := range n {
		c.Rows = append(c.Rows, local.Row{Table: "door", ID: fmt.Sprintf("%08d", i), Seq: to, Body: bytes.Repeat([]byte{byte(i)}, 120)})
	}
	return c
}

func bigCheckpoint(t *testing.T, d *device) {
	const n = 20000
	d.must(d.Apply(Big(n, 1)))
	c := Big(n, 2)
	d.must(d.Apply(c))
	d.restart()
	got, err := d.Rows("door")
	d.must(err)
	if !reflect.DeepEqual(got, c.Rows) {
		t.Fatalf("%d rows came back, want the %d that went in", len(got), n)
	}
}

func closed(t *testing.T, d *device) {
	d.append(1, 1)
	d.must(d.Store.Close())
	_, stateErr := d.State()
	_, queueErr := d.Queue()
	_, metaErr := d.Meta("m")
	_, _, getErr := d.Get("t", "1")
	_, rowsErr := d.Rows("t")
	_, keptErr := d.Kept(1, 1)
	for i, err := range []error{keptErr, d.Append(Op(2)), d.Apply(local.Checkpoint{To: 1}), d.Answer(nil), d.SetMeta(nil), stateErr, queueErr, metaErr, getErr, rowsErr} {
		if err == nil {
			t.Errorf("call %d on a closed store gives no error", i)
		}
	}
	d.start()
	d.wantQueue(Op(1))
}
