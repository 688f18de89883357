package ledger_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/scope"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger"
)

// counters writes what counters and a door report of one ticket, to a server that goes on
// from backups: what it has forgotten comes back in any order.
type counters struct {
	t       *rapid.T
	entries []op.Entry
	epochs  []int
	lost    map[uint64]bool // places in lost journals that were brought back
}

func (c *counters) add(e op.Entry) {
	e.Seq, e.At = uint64(len(c.entries)+1), int64(1000+len(c.entries))
	c.entries = append(c.entries, e)
}

func (c *counters) report() {
	e := op.Entry{Ticket: 2, Activity: "a", Pool: "p", Seats: 1, Kind: pick(c.t, op.Redeemed, op.Undone, op.CheckedIn)}
	if e.Kind == op.CheckedIn {
		e.Out, e.Word = rapid.Bool().Draw(c.t, "out"), pick(c.t, "", "", op.LateCheckIn)
	}
	if n := len(c.epochs); n > 1 && rapid.Bool().Draw(c.t, "brought back") {
		seq := uint64(rapid.IntRange(1000, 1100).Filter(func(i int) bool { return !c.lost[uint64(i)] }).Draw(c.t, "place"))
		c.lost[seq] = true
		e.Whole = &op.Whole{Seq: seq, Epoch: pick(c.t, c.epochs[:n-1]...)}
	}
	c.add(e)
}

// newest gives the entry of some kinds that happened last, nil for none.
func (c *counters) newest(kinds func(*op.Entry) bool) (last *op.Entry) {
	epoch, newest := 0, [2]uint64{}
	for i := range c.entries {
		e := &c.entries[i]
		if e.Kind == op.Restored {
			epoch = e.Epoch
		}
		at := [2]uint64{uint64(epoch), e.Seq}
		if e.Whole != nil {
			at = [2]uint64{uint64(e.Whole.Epoch), e.Whole.Seq}
		}
		if kinds(e) && (last == nil || at[0] > newest[0] || at[0] == newest[0] && at[1] > newest[1]) {
			last, newest = e, at
		}
	}
	return last
}

// TestWhatComesBackLateChangesNothing holds that a ticket is as good as its newest report
// says, for the ledger, for the door's list and for the arbiter, in whatever order reports
// come back to a restored server.
func TestWhatComesBackLateChangesNothing(t *testing.T) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		c := &counters{t: t, epochs: []int{0}, lost: map[uint64]bool{}}
		c.add(op.Entry{Kind: op.Published, Activity: "a", Number: 1, Revision: 1, Spec: []byte(`{"id":"a","title":"甲","sessions":[{"id":"p","total":4,"starts":"2026-03-01T09:00:00","ends":"2026-03-01T11:00:00"}]}`)})
		c.add(op.Entry{Kind: op.Claimed, Outcome: op.Granted, Member: "m00000", Activity: "a", Pool: "p", Seats: 1, Taken: []op.Taken{{From: 1, N: 1}}})
		for range rapid.IntRange(1, 20).Draw(t, "entries") {
			if rapid.IntRange(0, 4).Draw(t, "restored") > 0 {
				c.report()
				continue
			}
			c.epochs = append(c.epochs, c.epochs[len(c.epochs)-1]+rapid.IntRange(1, 1<<20).Draw(t, "epoch"))
			c.add(op.Entry{Kind: op.Restored, Epoch: c.epochs[len(c.epochs)-1]})
		}
		n++
		path := filepath.Join(dir, fmt.Sprint(n))
		s := arbiter.New(time.UTC)
		for i := range c.entries {
			if err := s.Apply(&c.entries[i]); err != nil {
				t.Fatal(err)
			}
		}
		at := rapid.IntRange(0, len(c.entries)).Draw(t, "opened anew")
		for i, entries := range [][]op.Entry{c.entries[:at], c.entries[at:]} {
			l, err := ledger.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			if err = l.Project(entries); err == nil && i == 1 {
				c.want(l, s)
			}
			if err := errors.Join(err, l.Close()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func (c *counters) want(l *ledger.Ledger, s *arbiter.State) {
	want := wire.DoorRow{State: op.ClaimGranted}
	if e := c.newest(func(e *op.Entry) bool { return e.Kind == op.Redeemed || e.Kind == op.Undone }); e != nil && e.Kind == op.Redeemed {
		want.State = op.ClaimRedeemed
	}
	if e := c.newest(func(e *op.Entry) bool { return e.Kind == op.CheckedIn && e.Word != op.LateCheckIn }); e != nil {
		want.Inside = !e.Out
	}
	got, ok, err := l.Claim(id.Ticket(2))
	if err != nil || !ok || got.State != want.State || got.Inside != want.Inside {
		c.t.Fatalf("the ledger has %v, inside %v (%v), want %v, inside %v", got.State, got.Inside, err, want.State, want.Inside)
	}
	if n, ok := s.Count("a", "p"); !ok || (n.Redeemed == 1) != (got.State == op.ClaimRedeemed) {
		c.t.Fatalf("the arbiter counts %+v, the ledger has %v", n, got.State)
	}
	rows := 0
	err = l.View(func(v *ledger.View) error {
		return v.Delta(ledger.ScopeDoor, scope.Position{}, func(r wire.RowChange) error {
			var row wire.DoorRow
			rows++
			if err := wire.DecodeRow(r.Body, &row); err != nil || row.State != want.State || row.Inside != want.Inside {
				c.t.Fatalf("the door is told %+v (%v), want %v, inside %v", row, err, want.State, want.Inside)
			}
			return nil
		})
	})
	if err != nil || rows != 1 {
		c.t.Fatalf("the door is told %d rows, %v", rows, err)
	}
}
