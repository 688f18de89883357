package sequencer_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/op"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/sequencer"
)

// TestManyAtOnce has 50 phones claim and cancel: what each was told is what the
// journal says, and nothing is given twice.
func TestManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.seats(20)
		told := make([][]op.Result, len(w.phones))
		sent := make([][]sequencer.Request, len(w.phones))
		var wg sync.WaitGroup
		for i, p := range w.phones {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(1, uint64(i)))
				for range 40 {
					o := claim
					if r.IntN(3) == 0 {
						o = cancel
					}
					next := p.next(o)
					result, err := p.send(next)
					if err != nil {
						t.Error(err)
						return
					}
					sent[i], told[i] = append(sent[i], next), append(told[i], result)
					if r.IntN(10) == 0 {
						w.view(t)
					}
				}
			})
		}
		wg.Wait()
		n, seq := w.look()
		if n.Granted > 20 || n.Granted+n.Free != 20 || w.durable.Load() != seq {
			t.Errorf("%+v, durable %d of %d", n, w.durable.Load(), seq)
		}
		state := w.replayed()
		if got, _ := state.Count("a", ""); got != n || state.Seq() != seq {
			t.Errorf("replay stands at %+v, %d", got, state.Seq())
		}
		for i := range w.phones {
			for k, r := range sent[i] {
				if standing, result := state.Admit(r.Origin); standing != arbiter.KnownOp || !reflect.DeepEqual(result, told[i][k]) {
					t.Errorf("%s was told %+v, the journal says %v %+v", r.Device, told[i][k], standing, result)
				}
			}
			again, err := w.Submit(context.Background(), sent[i])
			if err != nil || !reflect.DeepEqual(again, told[i]) {
				t.Errorf("sent again: %v %+v", err, again)
			}
		}
		if _, after := w.look(); after != seq {
			t.Errorf("sending again moved the journal from %d to %d", seq, after)
		}
	})
}

// held makes appends wait until release is called.
func (w *world) held() (release func()) {
	gate := make(chan struct{})
	w.journal.set(func(journal.Batch) error { <-gate; return nil }, nil)
	return sync.OnceFunc(func() { close(gate) })
}

// decided waits until the loop has decided so many seats, durable or not.
func (w *world) decided(granted int) {
	w.t.Helper()
	until(w.t, "decided", func() bool {
		var n arbiter.Counts
		if err := w.Glance(context.Background(), func(s *arbiter.State) { n, _ = s.Count("a", "") }); err != nil {
			w.t.Fatal(err)
		}
		return n.Granted == granted
	})
}

// TestViewSeesOnlyWhatIsDurable: Glance sees what is being written, View and the
// callers wait for it.
func TestViewSeesOnlyWhatIsDurable(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.seats(10)
		before := w.durable.Load()
		release := w.held()
		defer release()
		answered, viewed := make(chan op.Result, 1), make(chan bool)
		go func() { answered <- w.phones[0].ask(claim) }()
		w.decided(1) // as Glance has it
		select {
		case r := <-answered:
			t.Errorf("answered %+v before it was durable", r)
		default:
		}
		if now := w.durable.Load(); now != before {
			t.Errorf("durable went from %d to %d", before, now)
		}
		for range 20 {
			go func() {
				w.view(t)
				viewed <- true
			}()
		}
		release()
		for range 20 {
			<-viewed
		}
		if r := <-answered; r.Outcome != op.Granted || w.durable.Load() < r.Seq {
			t.Errorf("answered %+v, durable %d", r, w.durable.Load())
		}
	})
}

// view looks, and sees nothing that is not durable.
func (w *world) view(t *testing.T) {
	err := w.View(context.Background(), func(s *arbiter.State) {
		if durable := w.durable.Load(); s.Seq() != durable {
			t.Errorf("a view shows entry %d while %d is durable", s.Seq(), durable)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// TestLastSeatOfABatch has all phones decided in one batch.
func TestLastSeatOfABatch(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.seats(2)
		release := w.held()
		defer release()
		var granted, soldOut atomic.Int64
		var wg sync.WaitGroup
		for i, p := range w.phones {
			wg.Go(func() {
				switch r := p.ask(claim); {
				case r.Outcome == op.Granted:
					granted.Add(1)
				case r.Code == fault.SoldOut:
					soldOut.Add(1)
				}
			})
			if i == 1 {
				w.decided(2) // the first batch is on its way; all others make the second
			}
		}
		release()
		wg.Wait()
		if granted.Load() != 2 || soldOut.Load() != 48 {
			t.Errorf("%d granted, %d sold out", granted.Load(), soldOut.Load())
		}
		if n, _ := w.replayed().Count("a", ""); n.Granted != 2 || n.Free != 0 {
			t.Errorf("%+v", n)
		}
	})
}

// TestBadOpBlocksNothing: what cannot be read arrives as an empty op.
func TestBadOpBlocksNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.seats(10)
		p := w.phones[0]
		var run []sequencer.Request
		for _, o := range []op.Op{claim, {}, {Kind: 63}, {Kind: op.Publish, Spec: []byte("{}")}, claim} {
			next := p.next(o)
			run = append(run, next)
			p.take(next)
		}
		results, err := w.Submit(context.Background(), run)
		if err != nil || len(results) != len(run) {
			t.Fatalf("%+v, %v", results, err)
		}
		for i, r := range results {
			if good := i == 0 || i == len(run)-1; good != (r.Outcome == op.Granted) || !good && r.Code != fault.Invalid {
				t.Errorf("op %d: %+v", i, r)
			}
		}
	})
}

func TestGapsForksAndStrangers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.seats(10)
		p, other := w.phones[0], w.phones[1]
		p.ask(claim)
		ahead := p.next(claim)
		ahead.Seq++
		_, seq := w.look()
		if r, err := p.w.Submit(context.Background(), []sequencer.Request{ahead}); kind(err) != fault.Gap || len(r) != 0 {
			t.Errorf("gap: %+v, %v", r, err)
		}
		zero := p.next(claim)
		zero.Seq = 0
		if _, err := p.w.Submit(context.Background(), []sequencer.Request{zero}); kind(err) != fault.Gap {
			t.Errorf("number 0: %v", err)
		}
		stranger := &phone{w: w, device: "nobody", member: "m0"}
		if _, err := stranger.send(stranger.next(claim)); kind(err) != fault.Unauthenticated {
			t.Errorf("stranger: %v", err)
		}
		if _, now := w.look(); now != seq {
			t.Errorf("turned away, yet the journal moved from %d to %d", seq, now)
		}
		for i, fork := range []func(*phone) sequencer.Request{
			func(p *phone) sequencer.Request { // another op under a number that was decided
				r := p.next(cancel)
				r.Seq, r.Previous = 1, op.Hash{}
				return r
			},
			func(p *phone) sequencer.Request { // the next op over another history
				r := p.next(claim)
				r.Previous[0]++
				return r
			},
		} {
			p := w.phones[10+i]
			p.ask(claim)
			if _, err := w.Submit(context.Background(), []sequencer.Request{fork(p)}); kind(err) != fault.Fork {
				t.Errorf("fork %d: %v", i, err)
			}
			if _, err := p.send(p.next(claim)); kind(err) != fault.RevokedDevice {
				t.Errorf("after fork %d: %v", i, err)
			}
			kept := map[string]bool{} // the forked op, and the one that came afterwards
			var gone, incident op.Entry
			for _, e := range w.entries() {
				switch {
				case e.Device != p.device:
				case e.Kind == op.DeviceGone:
					gone = e
				case e.Kind == op.IncidentMade:
					incident = e
				case e.Kind == op.Quarantined && e.Word == "forked" && e.DevSeq == 0 && e.Kept.Seq > 0:
					kept[string(e.Kept.Hash)] = true
				}
			}
			if want := 2 - i; len(kept) != want { // in the second case both are the same op
				t.Errorf("fork %d keeps %d ops, want %d", i, len(kept), want)
			}
			if gone.Kind != op.DeviceGone || gone.Device != p.device || incident.Kind != op.IncidentMade || incident.Device != p.device {
				t.Errorf("fork %d left %+v and %+v", i, gone, incident)
			}
		}
		if r := other.ask(claim); r.Outcome != op.Granted {
			t.Errorf("another device: %+v", r)
		}
	})
}

// TestResultsBeforeAFault: a run that ends at a fault gives what was decided before it.
func TestResultsBeforeAFault(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.seats(10)
		p := w.phones[0]
		first := p.next(claim)
		p.take(first)
		jump := p.next(claim)
		jump.Seq += 5
		results, err := w.Submit(context.Background(), []sequencer.Request{first, jump})
		if kind(err) != fault.Gap || len(results) != 1 || results[0].Outcome != op.Granted {
			t.Errorf("%+v, %v", results, err)
		}
		if n, _ := w.replayed().Count("a", ""); n.Granted != 1 {
			t.Errorf("what was given is not durable: %+v", n)
		}
	})
}

// TestVeryOldOps: a zero result says that only the ledger has it.
func TestVeryOldOps(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.seats(10)
		p := w.phones[0]
		first := p.next(claim)
		if _, err := p.send(first); err != nil {
			t.Fatal(err)
		}
		for range 12 {
			var run []sequencer.Request
			for range 100 {
				next := p.next(cancel)
				run = append(run, next)
				p.take(next)
			}
			if _, err := w.Submit(context.Background(), run); err != nil {
				t.Fatal(err)
			}
		}
		results, err := w.Submit(context.Background(), []sequencer.Request{first})
		if err != nil || len(results) != 1 || !reflect.DeepEqual(results[0], op.Result{}) {
			t.Errorf("%+v, %v", results, err)
		}
	})
}

// TestCallerStopsWaiting: the op is decided all the same, and a resend gets its result.
func TestCallerStopsWaiting(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.seats(1)
		release := w.held()
		defer release()
		p, ctx := w.phones[0], context.Background()
		ctx, stop := context.WithCancel(ctx)
		next := p.next(claim)
		ended := make(chan error, 1)
		go func() {
			_, err := w.Submit(ctx, []sequencer.Request{next})
			ended <- err
		}()
		w.decided(1)
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		release()
		if r, err := p.send(next); err != nil || r.Outcome != op.Granted {
			t.Errorf("sent again: %+v, %v", r, err)
		}
	})
}

// TestTimeComesFirst: what is due is decided before an op that comes later.
func TestTimeComesFirst(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.publish(`{"id":"a","title":"甲","sessions":[{"id":"p","starts":"2017-03-02T09:00:00","ends":"2017-03-02T12:00:00","total":1}],"unclaimed":"return","windows":{"pickup":["2017-03-01T09:00:00","2017-03-01T12:00:00"]}}`)
		if r := w.phones[0].ask(claim); r.Outcome != op.Granted {
			t.Fatalf("%+v", r)
		}
		w.clock.Store(time.Date(2017, 3, 1, 13, 0, 0, 0, time.UTC).UnixMilli())
		if r := w.phones[1].ask(claim); r.Outcome != op.Granted {
			t.Errorf("the seat that came back at noon: %+v", r)
		}
		entries := w.entries()
		lapsed := slices.IndexFunc(entries, func(e op.Entry) bool { return e.Kind == op.Lapsed })
		if noon := time.Date(2017, 3, 1, 12, 0, 0, 0, time.UTC).UnixMilli(); lapsed < 0 || entries[lapsed].At != noon {
			t.Errorf("the lapse is entry %d, %+v", lapsed, entries[max(lapsed, 0)])
		}
		w.clock.Store(0) // a clock that jumps back
		if r := w.phones[2].ask(claim); r.Code != fault.SoldOut {
			t.Errorf("%+v", r)
		}
		w.replayed()
	})
}

// TestPokeDecidesWhatIsDue needs no op at all.
func TestPokeDecidesWhatIsDue(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.publish(`{"id":"a","title":"甲","pools":[{"id":"p","total":1}],"windows":{"pickup":["2017-03-01T09:00:00","2017-03-01T12:00:00"]}}`)
		w.phones[0].ask(claim)
		w.clock.Store(time.Date(2017, 3, 1, 12, 0, 0, 0, time.UTC).UnixMilli())
		before := w.durable.Load()
		w.Poke()
		until(t, "the lapse", func() bool { return w.durable.Load() > before })
		if n, _ := w.look(); n.Lapsed != 1 {
			t.Errorf("%+v", n)
		}
	})
}
