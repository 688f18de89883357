package ledger_test

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"yizhan/core/op"
	"yizhan/core/scope"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger"
)

func ids(changes []wire.RowChange) (list []string) {
	for _, c := range changes {
		mark := ""
		if c.Gone {
			mark = "-"
		}
		list = append(list, fmt.Sprintf("%d %s%s %s", c.Seq, mark, c.Table, c.ID))
	}
	return list
}

func TestDelta(t *testing.T) {
	l := open(t)
	project(t, l, story()...)
	for _, c := range []struct {
		what        string
		after, upTo uint64
		scopes      []string
		want        []string
	}{
		{"newest versions in order of Seq", 0, 27, []string{"member/m00001"}, []string{"2 me m00001", "13 message 13", "14 message 14", "18 claim 9", "18 message 18",
			"23 claim 20", "23 message 23"}},
		{"after is not included, upTo is", 13, 18, []string{"member/m00001"}, []string{"14 message 14", "18 claim 9", "18 message 18"}},
		{"a row that changed after upTo is left to a later delta", 2, 17, []string{"member/m00001"}, []string{"13 message 13", "14 message 14"}},
		{"a moved ticket is still known where it was", 13, 14, []string{"station/ST1"}, []string{"14 ticket 9"}},
		{"also to whoever starts", 0, 27, []string{"station/ST1"}, []string{"14 ticket 9"}},
		{"two scopes", 12, 27, []string{"station/HQ", "station/ST1"}, []string{"14 ticket 9", "16 ticket 8", "18 ticket 9"}},
		{"nothing new", 27, 27, []string{"public"}, nil},
		{"no scope", 0, 27, nil, nil},
		{"a scope of nobody", 0, 27, []string{"member/x' OR 1=1 --"}, nil},
	} {
		if got := ids(delta(t, l, c.after, c.upTo, c.scopes...)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
	err := l.View(func(v *ledger.View) error {
		return v.Delta("public", scope.Position{}, func(wire.RowChange) error { return errStop })
	})
	if !errors.Is(err, errStop) {
		t.Errorf("an error of the caller: %v", err)
	}
}

// TestView holds that cursor, rows and acked ops of a view belong together while entries come in.
func TestView(t *testing.T) {
	l := open(t)
	all := story()
	project(t, l, all[:8]...)
	err := l.View(func(v *ledger.View) error {
		applied, err := v.Applied()
		project(t, l, all[8:]...)
		if err != nil || applied != 8 {
			t.Errorf("applied %d %v, want 8", applied, err)
		}
		acked, err := v.Acked("P0", 0, 0, 1000)
		if err != nil || acked != 1 {
			t.Errorf("acked %d %v, want 1", acked, err)
		}
		var seats int
		err = v.Delta("station/HQ", scope.Position{}, func(c wire.RowChange) error {
			var row wire.TicketRow
			err := wire.DecodeRow(c.Body, &row)
			seats += row.Seats
			return err
		})
		if seats != 2 {
			t.Errorf("%d seats, want the 2 of entry 8", seats)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// woken reports, without waiting, whether a wake-up is there: Project wakes before it returns.
func woken(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// subscribed gives a channel that holds one wake-up.
func subscribed(l *ledger.Ledger, scopes ...string) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	return c, l.Subscribe(scopes, func() {
		select {
		case c <- struct{}{}:
		default:
		}
	})
}

func TestSubscribe(t *testing.T) {
	l := open(t)
	all := story()
	subscribe := func(scopes ...string) (<-chan struct{}, func()) { return subscribed(l, scopes...) }
	public, cancelPublic := subscribe("public", "station/HQ")
	mine, cancelMine := subscribe("public", "member/m00001")
	phone, cancelPhone := subscribe(ledger.DeviceScope("P0"))
	every, cancelEvery := subscribe(ledger.ScopeAny)
	defer cancelEvery()
	step := func(what string, n int, want ...bool) {
		t.Helper()
		project(t, l, all[l.Applied():][:n]...)
		if got := []bool{woken(public), woken(mine), woken(phone), woken(every)}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: woken %v, want %v", what, got, want)
		}
	}
	step("organisations", 1, false, false, false, true)
	step("people", 1, false, true, false, true)
	step("four entries are one wake-up", 5, true, true, false, true)
	if woken(public) {
		t.Error("woken twice by one Project")
	}
	step("a claim of another member fills the pool", 1, true, true, true, true)
	step("a claim of one's own", 1, false, true, false, true)
	step("a refusal changes no row, and is a result", 1, false, false, true, true)
	project(t, l, all[10:13]...)
	project(t, l, all[13:14]...)
	if !woken(mine) || woken(mine) {
		t.Error("two Projects before the first was looked at are one wake-up")
	}
	if !woken(phone) {
		t.Error("the result of a cancel did not wake its phone")
	}
	cancelMine()
	cancelMine()
	cancelPhone()
	step("after cancel", 13, true, false, false, true)
	cancelPublic()
}

// TestSubscribers holds that thousands come and go while entries are projected.
func TestSubscribers(t *testing.T) {
	l := open(t)
	var ready, done sync.WaitGroup
	for i := range 10000 {
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			changed, cancel := subscribed(l, "public", fmt.Sprintf("member/m%05d", i))
			defer cancel()
			ready.Done()
			<-changed
		}()
	}
	ready.Wait()
	project(t, l, op.Entry{Kind: op.Published, Activity: "spa", Spec: []byte(spaSpec)})
	done.Wait()
}
