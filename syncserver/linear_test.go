package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"golang.org/x/sys/unix"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/server"
)

// monotonic is a clock that nobody sets and that all processes share.
func monotonic() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(err)
	}
	return ts.Nano()
}

// asked is what a claim history holds of one op.
type asked struct {
	pool id.Activity
	kind op.Kind
	who  int
	n    int // seats
}

// pool is the model: seats that are free, and who holds how many.
type pool struct {
	free int
	held [phones]int
}

// model decides a claim history as a pool with 9 seats, 2 for each member, has to.
var model = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		by := map[id.Activity][]porcupine.Operation{}
		for _, o := range history {
			by[o.Input.(asked).pool] = append(by[o.Input.(asked).pool], o)
		}
		var all [][]porcupine.Operation
		for _, part := range by {
			all = append(all, part)
		}
		return all
	},
	Init: func() any { return pool{free: 9} },
	Step: func(before, input, output any) (bool, any) {
		after, want := before.(pool).decide(input.(asked))
		got := output.(op.Result)
		return got.Outcome == want.Outcome && got.Code == want.Code && got.Seats == want.Seats, after
	},
}

// decide says what has to come out of an op, and leaves what.
func (p pool) decide(a asked) (pool, op.Result) {
	held := p.held[a.who]
	switch {
	case a.kind == op.Cancel && held == 0:
		return p, op.Result{Outcome: op.Refused, Code: fault.Invalid}
	case a.kind == op.Cancel:
		p.free, p.held[a.who] = p.free+held, 0
		return p, op.Result{Outcome: op.OK, Seats: held}
	case held+a.n > 2:
		return p, op.Result{Outcome: op.Refused, Code: fault.MemberCap, Seats: a.n}
	case a.n > p.free:
		return p, op.Result{Outcome: op.Refused, Code: fault.SoldOut, Seats: a.n}
	}
	p.free, p.held[a.who] = p.free-a.n, held+a.n
	return p, op.Result{Outcome: op.Granted, Seats: a.n}
}

// judge compares what the phones were told with what the server has, and looks for
// an order of all ops in which a pool would have answered the same.
func judge(t *testing.T, s *server.Server, all []*victim) int {
	t.Helper()
	var history []porcupine.Operation
	for _, v := range all {
		history = append(history, v.history(s)...)
	}
	if verdict := porcupine.CheckOperationsTimeout(model, history, 2*time.Minute); verdict != porcupine.Ok {
		t.Errorf("the claim history is not linearizable: %s", verdict)
	}
	// The checker itself: an answer that nobody may get.
	for i, o := range history {
		if r := o.Output.(op.Result); r.Outcome == op.Granted {
			r.Seats++
			forged := append([]porcupine.Operation{}, history...)
			forged[i].Output = r
			if porcupine.CheckOperationsTimeout(model, forged, 2*time.Minute) != porcupine.Illegal {
				t.Error("a forged answer is taken for linearizable")
			}
			break
		}
	}
	return len(history)
}

// history pairs what a phone asked with its answers. An answer that was stored and
// not noted before a kill is the server's; it came before the phone asked again.
func (v *victim) history(s *server.Server) []porcupine.Operation {
	v.t.Helper()
	data, err := os.ReadFile(v.log)
	if err != nil {
		v.t.Fatal(err)
	}
	var ops []porcupine.Operation
	var raw [][]byte
	answered := map[uint64]bool{}
	answer := func(seq uint64, r op.Result, at int64) {
		o := &ops[seq-1]
		if answered[seq] && text(v.t.(*testing.T), o.Output.(op.Result)) != text(v.t.(*testing.T), r) {
			v.t.Errorf("%s op %d was answered %+v and then %+v", v.device, seq, o.Output, r)
		}
		if !answered[seq] {
			o.Output, o.Return, answered[seq] = r, at, true
		}
	}
	lines := json.NewDecoder(bytes.NewReader(data))
	gone := map[uint64]int64{} // when ops had left the outbox whose answer was not noted
	for {
		var l line
		err := lines.Decode(&l)
		if err != nil {
			break
		}
		switch {
		case l.Start != nil:
			ops, raw = ops[:*l.Start], raw[:*l.Start] // what was not stored never happened
		case l.Op != nil:
			o, err := op.Decode(l.Op)
			if err != nil || l.Seq != uint64(len(ops))+1 {
				v.t.Fatal(l, err)
			}
			for n := l.Seq - 1; n > 0 && !answered[n] && gone[n] == 0; n-- {
				gone[n] = l.At
			}
			ops = append(ops, porcupine.Operation{ClientId: v.n, Input: asked{o.Activity, o.Kind, v.n, o.Seats}, Call: l.At})
			raw = append(raw, l.Op)
		case l.Result != nil:
			answer(l.Seq, *l.Result, l.At)
		}
	}
	known, err := s.Submit(context.Background(), v.device, wire.Ops{First: 1, Previous: make([]byte, 16), Ops: raw})
	if err != nil || len(known.Results) != len(ops) {
		v.t.Fatalf("%s: %d of %d results, %v", v.device, len(known.Results), len(ops), err)
	}
	for i, r := range known.Results {
		n := uint64(i) + 1
		if gone[n] == 0 {
			gone[n] = monotonic()
		}
		answer(n, r, gone[n])
	}
	return ops
}

// sound has SQLite look through every store.
func sound(t *testing.T, dir string) {
	t.Helper()
	stores := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".db") {
			return err
		}
		stores++
		db, err := sql.Open("sqlite3", "file:"+path)
		if err != nil {
			return err
		}
		var finding string
		err = errors.Join(db.QueryRow("PRAGMA integrity_check").Scan(&finding), db.Close())
		if err != nil || finding != "ok" {
			t.Errorf("%s: %s %v", path, finding, err)
		}
		return nil
	})
	if err != nil || stores < phones+3 {
		t.Errorf("%d stores looked through, %v", stores, err)
	}
}
