package sequencer_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/sequencer"
)

// TestFullJournal: with no space on the disk exactly the calls that are not
// durable fail, and they can be sent again.
func TestFullJournal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.seats(2000) // enough for everybody, however late the disk fills
		var full atomic.Bool
		w.journal.set(func(journal.Batch) error {
			if full.Load() {
				return fmt.Errorf("append: %w", journal.ErrFull)
			}
			return nil
		}, nil)
		var granted, failed atomic.Int64
		var wg sync.WaitGroup
		for i, p := range w.phones {
			wg.Go(func() {
				for k := range 20 {
					if i == 0 && k == 10 {
						full.Store(true)
					}
					next := p.next(claim)
					r, err := p.send(next)
					switch {
					case err == nil && r.Outcome == op.Granted:
						granted.Add(1)
					case kind(err) == fault.StorageFull:
						failed.Add(1)
						return
					default:
						t.Errorf("%+v, %v", r, err)
					}
				}
			})
		}
		wg.Wait()
		if n, _ := w.look(); int64(n.Granted) != granted.Load() || failed.Load() == 0 {
			t.Errorf("%d granted and %d failed, the state says %+v", granted.Load(), failed.Load(), n)
		}
		if n, _ := w.replayed().Count("a", ""); int64(n.Granted) != granted.Load() {
			t.Errorf("%d granted, the journal says %+v", granted.Load(), n)
		}
		full.Store(false)
		for _, p := range w.phones {
			next := p.next(claim)
			until(t, "a call after the disk was full", func() bool {
				r, err := p.send(next)
				if err != nil && kind(err) != fault.StorageFull {
					t.Error(err)
				}
				return err == nil && r.Outcome == op.Granted
			})
		}
		if n, _ := w.look(); int64(n.Granted) != granted.Load()+50 {
			t.Errorf("afterwards %+v", n)
		}
	})
}

// TestNoResultOfALostBatch: what was decided in front of a gap is told only if it is durable.
func TestNoResultOfALostBatch(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.seats(10)
		w.journal.set(func(journal.Batch) error { return fmt.Errorf("append: %w", journal.ErrFull) }, nil)
		p := w.phones[0]
		first := p.next(claim)
		jump := first
		jump.Seq += 5
		for name, run := range map[string][]sequencer.Request{"a claim": {first}, "a claim and a gap": {first, jump}} {
			if results, err := w.Submit(context.Background(), run); err == nil || len(results) != 0 {
				t.Errorf("%s: %+v, %v", name, results, err)
			}
		}
	})
}

// TestFailedButDone: an append that reports an error was durable all the same.
func TestFailedButDone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.seats(10)
		w.journal.set(nil, func(journal.Batch) error { return errors.New("connection to the disk was lost") })
		p := w.phones[0]
		next := p.next(claim)
		if _, err := p.send(next); kind(err) != fault.Internal {
			t.Errorf("unknown outcome: %v", err)
		}
		w.journal.set(nil, nil)
		until(t, "the op's result", func() bool { // sent again at once, it may be taken back with the batch that failed
			r, err := p.send(next)
			if err != nil && kind(err) != fault.Internal || err == nil && r.Outcome != op.Granted {
				t.Errorf("sent again: %+v, %v", r, err)
			}
			return err == nil
		})
		if n, _ := w.look(); n.Granted != 1 {
			t.Errorf("%+v", n)
		}
	})
}

func TestFatalErrorEndsTheProcess(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.seats(10)
		w.journal.set(func(journal.Batch) error { return fmt.Errorf("fsync: %w", journal.ErrIO) }, nil)
		p := w.phones[0]
		if r, err := p.send(p.next(claim)); kind(err) != fault.Internal {
			t.Errorf("answered %+v, %v", r, err)
		}
		if err := <-w.fatal; !errors.Is(err, journal.ErrIO) {
			t.Errorf("fatal: %v", err)
		}
	})
}

// TestCloseDrains: what was taken is answered and durable, what comes later is told to come again.
func TestCloseDrains(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.seats(100_000)
		var granted, turnedAway, started atomic.Int64
		var wg sync.WaitGroup
		for _, p := range w.phones {
			wg.Go(func() {
				for {
					r, err := p.send(p.next(claim))
					switch {
					case err == nil && r.Outcome == op.Granted:
						granted.Add(1)
						started.Add(1)
					case kind(err) == fault.ShuttingDown:
						turnedAway.Add(1)
						return
					default:
						t.Errorf("%+v, %v", r, err)
						return
					}
				}
			})
		}
		until(t, "work", func() bool { return started.Load() > 500 })
		for range 3 {
			wg.Go(func() {
				if err := w.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n, _ := w.replayed().Count("a", ""); int64(n.Granted) != granted.Load() || turnedAway.Load() != 50 {
			t.Errorf("%d were told granted, the journal has %+v; %d turned away", granted.Load(), n, turnedAway.Load())
		}
		if err := w.View(context.Background(), func(*arbiter.State) {}); kind(err) != fault.ShuttingDown {
			t.Errorf("view after the end: %v", err)
		}
		if _, err := w.Do(context.Background(), op.Op{Kind: op.PutOrgs}); kind(err) != fault.ShuttingDown {
			t.Errorf("op after the end: %v", err)
		}
	})
}

// TestNoOpIsCutInTwo fills one batch with more than a journal batch may hold:
// wherever a kill could fall between two appends, every op is there whole or not at all.
func TestNoOpIsCutInTwo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.seats(100_000)
		e := &op.Enrolment{CodeHash: []byte("staff"), Device: "staff", Role: op.Staff, PublicKey: []byte("key")}
		w.do(op.Op{Kind: op.Offer, Enrolment: e})
		w.do(op.Op{Kind: op.Enrol, Enrolment: &op.Enrolment{CodeHash: e.CodeHash, PublicKey: e.PublicKey}})
		var lines []op.Line
		for i := range 1000 {
			lines = append(lines, op.Line{Member: id.Member(fmt.Sprintf("%d-%s", i, strings.Repeat("x", 50))), Seats: 1})
		}
		release := w.held()
		defer release()
		var wg sync.WaitGroup
		wg.Go(func() { w.phones[0].ask(claim) })
		w.decided(1)
		var people []member.Person
		for i := range 380 {
			people = append(people, member.Person{ID: id.Member(fmt.Sprintf("n%d", i)), Org: "C1", Sealed: make([]byte, 900)})
		}
		wg.Go(func() { w.do(op.Op{Kind: op.PutPeople, People: people}) })
		until(t, "the people are decided", func() (there bool) {
			if err := w.Glance(context.Background(), func(s *arbiter.State) { _, there = s.Person("n1") }); err != nil {
				t.Fatal(err)
			}
			return there
		})
		staff := &phone{w: w, device: "staff"}
		var run []sequencer.Request
		for range 4 { // behind the people, the second of these passes the end of the batch
			next := staff.next(op.Op{Kind: op.GroupClaim, Org: "C1", Activity: "a", Lines: lines})
			run = append(run, next)
			staff.take(next)
		}
		wg.Go(func() {
			results, err := w.Submit(context.Background(), run)
			if err != nil || len(results) != len(run) {
				t.Errorf("%d results, %v", len(results), err)
			}
		})
		until(t, "the group claims are decided", func() (there bool) {
			if err := w.Glance(context.Background(), func(s *arbiter.State) { d, _ := s.Device("staff"); there = d.Last == 4 }); err != nil {
				t.Fatal(err)
			}
			return there
		})
		release()
		wg.Wait()
		open := map[uint64]int{} // lines of the group claim that is not finished, by batch
		sizes := 0
		err := w.journal.Read(1, func(b journal.Batch) error {
			entries, err := op.DecodeBatch(b.First, b.Body)
			for _, e := range entries {
				switch {
				case e.Kind == op.Claimed && e.DevSeq == 0:
					open[b.Number]++
				case e.Kind == op.Done && e.Device == "staff":
					if open[b.Number] != len(lines) {
						t.Errorf("batch %d ends a group claim of which it holds %d lines", b.Number, open[b.Number])
					}
					delete(open, b.Number)
					sizes++
				}
			}
			return err
		})
		if err != nil || len(open) > 0 || sizes != 4 {
			t.Errorf("unfinished group claims %v, %d finished, %v", open, sizes, err)
		}
	})
}

// TestReopen: a new sequencer goes on where the journal ends.
func TestReopen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.seats(3)
		p := w.phones[0]
		first := p.next(claim)
		told, err := p.send(first)
		if err != nil {
			t.Fatal(err)
		}
		digest := func() (d string) {
			if err := w.View(context.Background(), func(s *arbiter.State) { d = s.Digest() }); err != nil {
				t.Fatal(err)
			}
			return d
		}
		before := digest()
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		w.Leave()
		w.begin()
		if after := digest(); after != before {
			t.Error("the state is another one")
		}
		if again, err := p.send(first); err != nil || !reflect.DeepEqual(again, told) {
			t.Errorf("told %+v, after reopening %+v, %v", told, again, err)
		}
		if r := p.ask(claim); r.Outcome != op.Granted {
			t.Errorf("%+v", r)
		}
	})
}

// TestUnreadableJournal: a damaged journal is not opened.
func TestUnreadableJournal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head, err := w.journal.Head()
		if err != nil {
			t.Fatal(err)
		}
		if err := w.journal.Append(head.Number, head.Batch(1, []byte{0xff})); err != nil {
			t.Fatal(err)
		}
		if _, err := sequencer.Open(sequencer.Config{Journal: w.journal, Zone: time.UTC, Now: time.Now}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("batch %d", head.Number+1)) {
			t.Errorf("opened: %v", err)
		}
	})
}

// TestAbandonForgetsWhatIsNotWritten: as after a kill, the batch that is being
// written is there, what was decided meanwhile is not, and nobody waits for ever.
func TestAbandonForgetsWhatIsNotWritten(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.seats(10)
		writing, release := make(chan struct{}), make(chan struct{})
		var once sync.Once
		w.journal.set(func(journal.Batch) error {
			once.Do(func() { close(writing); <-release })
			return nil
		}, nil)
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { _, err := w.phones[0].send(w.phones[0].next(claim)); first <- err }()
		<-writing
		go func() { _, err := w.phones[1].send(w.phones[1].next(claim)); second <- err }()
		until(t, "the second claim is decided", func() bool {
			granted := 0
			w.Glance(context.Background(), func(s *arbiter.State) { n, _ := s.Count("a", ""); granted = n.Granted })
			return granted == 2
		})
		ended := make(chan error, 1)
		go func() { ended <- w.Abandon() }()
		until(t, "nothing is taken any more", func() bool {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			return kind(w.View(ctx, func(*arbiter.State) {})) == fault.ShuttingDown
		})
		close(release)
		if err := errors.Join(<-ended, <-first); err != nil {
			t.Error(err)
		}
		if err := <-second; kind(err) != fault.ShuttingDown {
			t.Errorf("the claim that was not written: %v", err)
		}
		if n, _ := w.replayed().Count("a", ""); n.Granted != 1 {
			t.Errorf("the journal says %+v", n)
		}
	})
}
