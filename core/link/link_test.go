package link

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/replica"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

// enrolled gives a store as an enrolment leaves it.
func enrolled(t *testing.T) *memory.Store {
	t.Helper()
	key, err := seal.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	file, err := key.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	who, err := wire.EncodeRow(wire.Enrolled{Device: "d1", Role: op.Kiosk, Station: "s1"})
	if err != nil {
		t.Fatal(err)
	}
	store := memory.New()
	if err := store.SetMeta(map[string][]byte{replica.MetaKey: file, replica.MetaIdentity: who, replica.MetaServer: {1}, replica.MetaDeployment: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	return store
}

func open(t *testing.T, store local.Store) *Device {
	t.Helper()
	d, err := Open(Config{Store: store, URL: "ws://127.0.0.1:1/v1/sync", Now: func() time.Time { return time.UnixMilli(5000) }, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var redeem = op.Op{Kind: op.Redeem, Ticket: 7, Verdict: fault.Valid}

func TestOpsAreDurableAndChainedAcrossRestarts(t *testing.T) {
	store := enrolled(t)
	d := open(t, store)
	var used []byte
	seq, err := d.DoRows(redeem, func(seq uint64) (rows []local.Row, err error) {
		used, err = wire.EncodeRow(wire.UsedRow{Ticket: 7, Seq: seq})
		return []local.Row{{Table: wire.TableUsed, ID: "7", Body: used}}, err
	})
	if err != nil || seq != 1 {
		t.Fatalf("op %d: %v", seq, err)
	}
	store = store.Reopen()
	d = open(t, store)
	if st := d.Status(); st.Waiting != 1 || st.OldestWaiting != time.UnixMilli(5000) || st.Online {
		t.Errorf("status %+v", st)
	}
	if seq, err = d.Do(redeem); err != nil || seq != 2 {
		t.Fatalf("op %d: %v", seq, err)
	}
	q, err := store.Queue()
	if err != nil || len(q) != 2 {
		t.Fatalf("outbox %v %v", q, err)
	}
	if op.Chain(op.Chain(op.Hash{}, q[0].Bytes), q[1].Bytes) != q[1].Hash {
		t.Error("the second op is not chained to the first")
	}
	o, err := op.Decode(q[0].Bytes)
	if err != nil || o.At != 5000 || o.Ticket != 7 {
		t.Errorf("op %+v %v", o, err)
	}
	var row wire.UsedRow
	r, ok, _ := store.Get(wire.TableUsed, "7")
	if !ok || wire.DecodeRow(r.Body, &row) != nil || row.Seq != 1 {
		t.Errorf("used mark %+v %v", row, ok)
	}
}

func TestOpsThatMayNotBeQueued(t *testing.T) {
	if _, err := open(t, memory.New()).Do(redeem); !errors.Is(err, ErrNotEnrolled) {
		t.Errorf("before the enrolment: %v", err)
	}
	d := open(t, enrolled(t))
	if _, err := d.Do(op.Op{Kind: op.Publish}); err == nil {
		t.Error("a device may publish")
	}
	var f *fault.Error
	if _, err := d.Do(op.Op{Kind: op.Redeem, Reason: strings.Repeat("x", wire.MaxOp)}); !errors.As(err, &f) || f.Kind != fault.TooLarge {
		t.Errorf("too large: %v", err)
	}
	if seq, err := d.Do(redeem); err != nil || seq != 1 {
		t.Errorf("a refused op used up a number: %d %v", seq, err)
	}
}

// faulty is a store whose Append fails, before or after it has stored, and then its State too.
type faulty struct {
	*memory.Store
	before, after, state error
	appends              int
}

func (f *faulty) State() (local.State, error) {
	s, err := f.Store.State()
	return s, errors.Join(err, f.state)
}

func (f *faulty) Append(q local.Queued, rows ...local.Row) error {
	if f.appends++; f.before != nil {
		return f.before
	}
	return errors.Join(f.Store.Append(q, rows...), f.after)
}

func TestAppendFailsNotDoneOrDone(t *testing.T) {
	store := &faulty{Store: enrolled(t), before: local.ErrFull}
	d := open(t, store)
	if _, err := d.Do(redeem); !errors.Is(err, local.ErrFull) {
		t.Errorf("full disk: %v", err)
	}
	if st := d.Status(); st.Waiting != 0 {
		t.Errorf("an op that was not stored waits: %+v", st)
	}
	store.before, store.after = nil, errors.New("fsync: unknown outcome")
	if seq, err := d.Do(redeem); err != nil || seq != 1 {
		t.Errorf("an op that is in the outbox is called failed: %d %v", seq, err)
	}
	store.after = nil
	if seq, err := d.Do(redeem); err != nil || seq != 2 {
		t.Errorf("numbering stopped: %d %v", seq, err)
	}
}

// TestAppendThatCannotEvenSaySo: an op is stored, the store reports an error, and cannot
// be asked. The next op, or the next session, takes it in, and numbering goes on.
func TestAppendThatCannotEvenSaySo(t *testing.T) {
	for name, session := range map[string]bool{"the next op": false, "the next session": true} {
		store := &faulty{Store: enrolled(t)}
		d := open(t, store)
		if _, err := d.Do(redeem); err != nil {
			t.Fatal(err)
		}
		store.after, store.state = errors.New("fsync: unknown outcome"), errors.New("read failed")
		if _, err := d.Do(op.Op{Kind: op.Redeem, Ticket: 8}); err == nil {
			t.Fatal("nobody knows whether it was stored")
		}
		if _, err := d.Do(op.Op{Kind: op.Redeem, Ticket: 9}); !errors.Is(err, local.ErrOrder) {
			t.Errorf("%s, while the store cannot be asked: %v", name, err)
		}
		store.after, store.state, store.appends = nil, nil, 0
		inbox, appends := []uint64{1, 2, 3}, 2
		if session {
			if saved, err := d.load(); err != nil || len(saved.Queue) != 2 || d.Status().Waiting != 2 {
				t.Errorf("%s: loads %d ops, %d wait, %v", name, len(saved.Queue), d.Status().Waiting, err)
			}
			inbox, appends = []uint64{3}, 1
		}
		var numbers []uint64
		seq, err := d.DoRows(redeem, func(seq uint64) ([]local.Row, error) { numbers = append(numbers, seq); return nil, nil })
		if err != nil || seq != 3 || store.appends != appends || numbers[len(numbers)-1] != 3 || d.Status().Waiting != 3 {
			t.Errorf("%s: op %d after %d appends with rows for %v, %d wait, %v", name, seq, store.appends, numbers, d.Status().Waiting, err)
		}
		var told []uint64
		for _, q := range d.inbox {
			told = append(told, q.Seq)
		}
		if !slices.Equal(told, inbox) {
			t.Errorf("%s: the session is told of ops %v, want %v", name, told, inbox)
		}
		q, err := store.Queue()
		if err != nil || len(q) != 3 || op.Chain(q[1].Hash, q[2].Bytes) != q[2].Hash {
			t.Errorf("%s: the chain is broken: %+v, %v", name, q, err)
		}
		if err := d.store(map[uint64]wire.Answer{2: {Result: op.Result{Verdict: fault.Valid}}}); err != nil {
			t.Fatal(err)
		}
		if r, err := d.Wait(t.Context(), 2); err != nil || r.Verdict != fault.Valid {
			t.Errorf("%s: the answer to op 2 is %+v, %v", name, r, err)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	store := enrolled(t)
	d := open(t, store)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := d.Do(redeem); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if s, _ := store.State(); s.Last != 50 || d.Status().Waiting != 50 {
		t.Errorf("store %+v, status %+v", s, d.Status())
	}
}

func TestWait(t *testing.T) {
	store := enrolled(t)
	d := open(t, store)
	for range 3 {
		if _, err := d.Do(redeem); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.store(map[uint64]wire.Answer{1: {Result: op.Result{Outcome: op.OK}}, 2: {Result: op.Result{Outcome: op.Refused, Code: fault.Barred}}}); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := d.Wait(ended, 3); !errors.Is(err, context.Canceled) {
		t.Errorf("unanswered op: %v", err)
	}
	if _, err := d.Wait(context.Background(), 4); !errors.Is(err, ErrUnknownOp) {
		t.Errorf("op that was never made: %v", err)
	}
	if err := store.Apply(local.Checkpoint{To: 9, Acked: 1}); err != nil {
		t.Fatal(err)
	}
	d = open(t, store.Reopen())
	if r, err := d.Wait(context.Background(), 2); err != nil || r.Code != fault.Barred {
		t.Errorf("answer after a restart: %+v %v", r, err)
	}
	if _, err := d.Wait(context.Background(), 1); !errors.Is(err, ErrResultGone) {
		t.Errorf("op that left the outbox before the restart: %v", err)
	}
}

func TestOldAnswersAreForgotten(t *testing.T) {
	d := open(t, enrolled(t))
	results := map[uint64]wire.Answer{}
	for i := range 3 * keep {
		seq, err := d.Do(redeem)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			continue // the first never gets its answer
		}
		if results[seq] = (wire.Answer{Result: op.Result{Outcome: op.OK}}); len(results) == keep/2 {
			if err := d.store(results); err != nil {
				t.Fatal(err)
			}
			clear(results)
		}
	}
	if len(d.ops) > 2*keep+keep/2 || d.ops[1] == nil {
		t.Errorf("%d ops are kept; the unanswered one: %v", len(d.ops), d.ops[1])
	}
}

func TestNotify(t *testing.T) {
	d := open(t, enrolled(t))
	began, goOn := make(chan struct{}), make(chan struct{})
	stop := d.Notify(func() {
		began <- struct{}{}
		<-goOn
	})
	if _, err := d.Do(redeem); err != nil {
		t.Fatal(err)
	}
	<-began
	for range 20 { // while the listener is busy
		if _, err := d.Do(redeem); err != nil {
			t.Fatal(err)
		}
	}
	goOn <- struct{}{}
	<-began // once more, for all that came meanwhile
	stop()
	if _, err := d.Do(redeem); err != nil {
		t.Fatal(err)
	}
	goOn <- struct{}{}
	select {
	case <-began:
		t.Error("told after stop, or once for each change")
	case <-idle(d):
	}
}

// idle is closed when nobody is being told anything any more.
func idle(d *Device) <-chan struct{} {
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			d.mu.Lock()
			telling := d.telling
			d.mu.Unlock()
			if !telling {
				return
			}
			runtime.Gosched()
		}
	}()
	return over
}

func TestBackOff(t *testing.T) {
	pause := time.Duration(0)
	var all []time.Duration
	for range 9 {
		pause = Longer(pause)
		all = append(all, pause)
	}
	if all[0] != 500*time.Millisecond || all[1] != time.Second || all[8] != time.Minute {
		t.Errorf("pauses %v", all)
	}
	for _, bytes := range []string{"\x00\x00", "\xff\xff", "\x00\x80"} {
		d := &Device{cfg: Config{Random: strings.NewReader(bytes)}}
		if p := d.Jitter(time.Minute); p < 30*time.Second || p > time.Minute {
			t.Errorf("jitter %x gives %v", bytes, p)
		}
	}
}

// TestKickConnectsAtOnce has a network that is down: only a kick may end a pause
// that has no end.
func TestKickConnectsAtOnce(t *testing.T) {
	store := enrolled(t)
	dials := make(chan struct{})
	d, err := Open(Config{Store: store, URL: "ws://127.0.0.1:1/v1/sync", Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			select {
			case dials <- struct{}{}:
			case <-ctx.Done():
			}
			return nil, io.ErrUnexpectedEOF
		}})
	if err != nil {
		t.Fatal(err)
	}
	d.SetOnline(false)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	select {
	case <-dials:
		t.Error("dials though it was switched off")
	default:
	}
	d.SetOnline(true)
	<-dials
	for range 12 { // without kicks this would take minutes
		d.Kick()
		<-dials
	}
	if st := d.Status(); st.Online || st.Problem != nil {
		t.Errorf("status %+v: a lost network is not a problem to report", st)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("run: %v", err)
	}
}

// TestLateWord: the answer was stored, and the counter failed to keep its part. The
// next connection tells it again, and then those who wait.
func TestLateWord(t *testing.T) {
	store := enrolled(t)
	d := open(t, store)
	if _, err := d.Do(redeem); err != nil {
		t.Fatal(err)
	}
	told := 0
	d.OnAnswer(func(map[uint64]op.Result) error {
		if told++; told == 1 {
			return errors.New("disk failed")
		}
		return nil
	})
	if err := d.store(map[uint64]wire.Answer{1: {Result: op.Result{Verdict: fault.Valid}}}); err == nil {
		t.Fatal("the counter's error is lost")
	}
	if _, err := d.load(); err != nil {
		t.Fatal(err)
	}
	if st := d.Status(); st.Waiting != 0 || told != 2 {
		t.Errorf("%d ops wait, the counter was told %d times", st.Waiting, told)
	}
	if r, err := d.Wait(t.Context(), 1); err != nil || r.Verdict != fault.Valid {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestLateWordToABusyCounter: a scan that holds the counter waits to append its op
// while the counter is told, so telling must not wait for the scan.
func TestLateWordToABusyCounter(t *testing.T) {
	store := enrolled(t)
	d := open(t, store)
	if _, err := d.Do(redeem); err != nil {
		t.Fatal(err)
	}
	body, err := wire.EncodeRow(wire.Answer{Result: op.Result{Verdict: fault.Valid}})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Answer(map[uint64][]byte{1: body}); err != nil { // and the power goes
		t.Fatal(err)
	}
	told := false
	d.OnAnswer(func(map[uint64]op.Result) error {
		if !d.order.TryLock() {
			return errors.New("nobody can append while the counter is told")
		}
		d.order.Unlock()
		told = true
		return nil
	})
	if _, err := d.load(); err != nil || !told {
		t.Errorf("told %v, %v", told, err)
	}
}
