package sequencer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
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
	"yizhan/syncserver/journal/memory"
	"yizhan/syncserver/journal/sqlite"
	"yizhan/syncserver/sequencer"
	"yizhan/syncserver/snapshot"
)

// engines are the journals under which every test here runs.
var engines = map[string]func(t *testing.T) journal.Journal{
	"memory": func(*testing.T) journal.Journal { return new(memory.Store).Open() },
	"sqlite": func(t *testing.T) journal.Journal {
		j, err := sqlite.Open(filepath.Join(t.TempDir(), "journal.db"))
		if err != nil {
			t.Fatal(err)
		}
		return j
	},
}

// each runs a test over every engine.
func each(t *testing.T, test func(t *testing.T, w *world)) {
	for name, make := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t, make(t)))
		})
	}
}

// hooked is a journal whose appends can be made to fail, and to wait.
type hooked struct {
	journal.Journal
	mu            sync.Mutex
	before, after func(journal.Batch) error // failed and not done; failed but done
	read          func(journal.Batch) error // what comes of reading from the first batch on; nil: nothing
}

func (h *hooked) Read(from uint64, fn func(journal.Batch) error) error {
	h.mu.Lock()
	read := h.read
	h.mu.Unlock()
	return h.Journal.Read(from, func(b journal.Batch) error {
		if read != nil && from == 1 {
			if err := read(b); err != nil {
				return err
			}
		}
		return fn(b)
	})
}

func (h *hooked) set(before, after func(journal.Batch) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.before, h.after = before, after
}

func (h *hooked) Append(n uint64, b journal.Batch) error {
	h.mu.Lock()
	before, after := h.before, h.after
	h.mu.Unlock()
	if before != nil {
		if err := before(b); err != nil {
			return err
		}
	}
	if err := h.Journal.Append(n, b); err != nil || after == nil {
		return err
	}
	return after(b)
}

// world is a sequencer with some members and their phones.
type world struct {
	*sequencer.Sequencer
	t       *testing.T
	journal *hooked
	clock   atomic.Int64
	durable atomic.Uint64
	fatal   chan error
	phones  []*phone
	file    snapshot.File
	every   uint64 // entries between snapshots; then clock is what is waited by, too
	log     syncBuffer
}

// syncBuffer is a log that may be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// take gives what was logged since it was asked last.
func (s *syncBuffer) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.b.Reset()
	return s.b.String()
}

func open(t *testing.T, j journal.Journal) *world {
	t.Helper()
	w := &world{t: t, journal: &hooked{Journal: j}, fatal: make(chan error, 10), file: snapshot.File{Path: filepath.Join(t.TempDir(), "snapshot"), Zone: time.UTC}}
	w.clock.Store(time.Date(2017, 3, 1, 10, 0, 0, 0, time.UTC).UnixMilli())
	w.begin()
	t.Cleanup(func() {
		if err := errors.Join(w.Close(), j.Close()); err != nil {
			t.Error(err)
		}
	})
	w.do(op.Op{Kind: op.PutOrgs, Orgs: []member.Org{{ID: "C1"}}})
	for i := range 50 {
		w.phones = append(w.phones, w.enrol(fmt.Sprint(i)))
	}
	return w
}

func (w *world) begin() {
	w.t.Helper()
	var err error
	config := sequencer.Config{Journal: w.journal, Zone: time.UTC, Log: slog.New(slog.NewTextHandler(&w.log, nil)),
		Now:     func() time.Time { return time.UnixMilli(w.clock.Load()) },
		Durable: w.durable.Store,
		Fatal:   func(err error) { w.fatal <- err }, Snapshot: &w.file, Every: w.every}
	if w.every > 0 {
		config.Clock = config.Now
	}
	w.Sequencer, err = sequencer.Open(config)
	if err != nil {
		w.t.Fatal(err)
	}
}

// end is an orderly end.
func (w *world) end() {
	w.t.Helper()
	if err := w.Close(); err != nil {
		w.t.Error(err)
	}
	w.Leave()
}

func (w *world) do(o op.Op) []op.Entry {
	w.t.Helper()
	entries, err := w.Do(context.Background(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return entries
}

func (w *world) publish(spec string) {
	w.t.Helper()
	w.do(op.Op{Kind: op.Publish, Spec: []byte(spec)})
}

// seats publishes activity "a" with so many seats.
func (w *world) seats(n int) {
	w.t.Helper()
	w.publish(fmt.Sprintf(`{"id":"a","title":"甲","pools":[{"id":"p","total":%d}]}`, n))
}

func (w *world) enrol(n string) *phone {
	w.t.Helper()
	p := &phone{w: w, device: id.Device("d" + n), member: id.Member("m" + n)}
	w.do(op.Op{Kind: op.PutPeople, People: []member.Person{{ID: p.member, Org: "C1"}}})
	e := &op.Enrolment{CodeHash: []byte(p.device), Device: p.device, Role: op.Phone, Member: p.member, PublicKey: []byte("key")}
	w.do(op.Op{Kind: op.Offer, Enrolment: e})
	w.do(op.Op{Kind: op.Enrol, Enrolment: &op.Enrolment{CodeHash: e.CodeHash, PublicKey: e.PublicKey}}) // who names itself comes again
	return p
}

// look gives what View shows.
func (w *world) look() (n arbiter.Counts, seq uint64) {
	w.t.Helper()
	err := w.View(context.Background(), func(s *arbiter.State) {
		if err := s.Check(); err != nil {
			w.t.Error(err)
		}
		n, _ = s.Count("a", "")
		seq = s.Seq()
	})
	if err != nil {
		w.t.Error(err)
	}
	return n, seq
}

// replayed is the state that the journal describes.
func (w *world) replayed() *arbiter.State {
	w.t.Helper()
	s, err := sequencer.Replay(w.journal, time.UTC)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := s.Check(); err != nil {
		w.t.Error(err)
	}
	return s
}

// entries gives all entries of the journal.
func (w *world) entries() (all []op.Entry) {
	w.t.Helper()
	err := w.journal.Read(1, func(b journal.Batch) error {
		entries, err := op.DecodeBatch(b.First, b.Body)
		all = append(all, entries...)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// phone numbers and chains its ops as a device does.
type phone struct {
	w      *world
	device id.Device
	member id.Member
	seq    uint64
	chain  op.Hash
}

// next makes the next request; it counts only once taken.
func (p *phone) next(o op.Op) sequencer.Request {
	o.Member = p.member
	raw, err := op.Encode(&o)
	if err != nil {
		p.w.t.Error(err)
	}
	return sequencer.Request{Op: &o, Origin: op.Origin{Device: p.device, Seq: p.seq + 1, Previous: p.chain, Hash: op.Chain(p.chain, raw)}}
}

func (p *phone) take(r sequencer.Request) { p.seq, p.chain = r.Seq, r.Hash }

func (p *phone) send(r sequencer.Request) (op.Result, error) {
	results, err := p.w.Submit(context.Background(), []sequencer.Request{r})
	if err != nil {
		return op.Result{}, err
	}
	p.take(r)
	return results[0], nil
}

// ask sends an op that must be decided.
func (p *phone) ask(o op.Op) op.Result {
	p.w.t.Helper()
	r, err := p.send(p.next(o))
	if err != nil {
		p.w.t.Errorf("%s: %v", p.device, err)
	}
	return r
}

var (
	claim  = op.Op{Kind: op.Claim, Activity: "a", Seats: 1}
	cancel = op.Op{Kind: op.Cancel, Activity: "a"}
)

func kind(err error) fault.Kind {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Kind
	}
	return fault.NoFault
}

// until waits for a condition.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	look, late := time.NewTicker(time.Millisecond), time.After(time.Minute)
	defer look.Stop()
	for !is() {
		select {
		case <-look.C:
		case <-late:
			t.Fatalf("%s: not within a minute", what)
		}
	}
}
