package session_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/link"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/scope"
	"yizhan/core/seal"
	"yizhan/core/wire"
	"yizhan/syncserver/session"
	"yizhan/syncserver/stream"
)

// world is arbiter, ledger and signer in memory: every claim is granted.
type world struct {
	mu      sync.Mutex
	head    uint64
	devices map[id.Device]*session.Info
	results map[id.Device][]op.Result
	sums    map[id.Device][]op.Hash
	at      map[id.Device][]uint64 // head after each op
	codes   map[string]op.Enrolment
	used    map[string][]byte
	rows    []scoped
	wakes   map[*func()][]string
	decided map[string]int         // how often each op's bytes were decided
	kept    map[id.Device][]string // bytes of ops in quarantine
	wiped   []wire.Wiped
	views   atomic.Int64  // how often the feed was looked at
	floor   atomic.Uint64 // removed rows up to here are forgotten
	gauge   int
	busy    int           // how many more submits are refused
	hold    chan struct{} // while not nil, Submit waits behind its decision
	held    chan struct{}
}

type scoped struct {
	scope string
	row   wire.RowChange
}

func newWorld() *world {
	w := &world{devices: map[id.Device]*session.Info{}, results: map[id.Device][]op.Result{}, sums: map[id.Device][]op.Hash{}, at: map[id.Device][]uint64{},
		codes: map[string]op.Enrolment{}, used: map[string][]byte{}, wakes: map[*func()][]string{}, decided: map[string]int{}, kept: map[id.Device][]string{}}
	w.offer("PHONE-CODE", op.Enrolment{Device: "phone-1", Role: op.Phone, Member: "m1"})
	w.offer("OTHER-CODE", op.Enrolment{Device: "phone-2", Role: op.Phone, Member: "m2"})
	return w
}

func (w *world) offer(code string, e op.Enrolment) { w.codes[code] = e }

func (w *world) Device(d id.Device) (session.Info, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := w.devices[d]; i != nil {
		return *i, true
	}
	return session.Info{}, false
}

func (w *world) Relay(_ context.Context, _ id.Device, m wire.Relay) wire.Relayed {
	return wire.Relayed{Device: m.Device, Kind: fault.Unauthenticated}
}

func (w *world) Head() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.head
}

func (w *world) Submit(ctx context.Context, from id.Device, m wire.Ops) (wire.Results, error) {
	results, err := w.submit(from, m.First, op.Hash(m.Previous), m.Ops)
	return wire.Results{First: m.First, Results: results}, err
}

func (w *world) submit(from id.Device, first uint64, previous op.Hash, ops [][]byte) ([]op.Result, error) {
	w.mu.Lock()
	if w.busy > 0 {
		w.busy--
		w.mu.Unlock()
		return nil, fault.Errorf(fault.Busy, "later")
	}
	info := w.devices[from]
	var out []op.Result
	for i, b := range ops {
		n := first + uint64(i)
		previous = op.Chain(previous, b)
		switch {
		case n > info.Last+1:
			w.mu.Unlock()
			return nil, fault.Errorf(fault.Gap, "%d", info.Last+1)
		case n <= info.Last && w.sums[from][n-1] != previous:
			w.mu.Unlock()
			return nil, fault.Errorf(fault.Fork, "op %d", n)
		case n == info.Last+1:
			w.decide(from, info, b, previous)
		}
		out = append(out, w.results[from][n-1])
	}
	hold, held := w.hold, w.held
	w.mu.Unlock()
	if hold != nil {
		close(held)
		<-hold
	}
	return out, nil
}

// decide is called with w.mu held.
func (w *world) decide(from id.Device, info *session.Info, b []byte, sum op.Hash) {
	w.head++
	w.decided[string(b)]++
	info.Last, info.Hash = info.Last+1, sum
	w.sums[from] = append(w.sums[from], sum)
	w.results[from] = append(w.results[from], op.Result{Outcome: op.Granted, Ticket: id.Ticket(w.head), Seq: w.head})
	w.at[from] = append(w.at[from], w.head)
	body, _ := wire.EncodeRow(wire.ClaimRow{Ticket: id.Ticket(w.head), State: op.ClaimGranted})
	w.put("member/"+string(info.Enrolment.Member), wire.RowChange{Table: wire.TableClaim, ID: fmt.Sprint(w.head), Seq: w.head, Body: body})
}

// put is called with w.mu held.
func (w *world) put(scope string, r wire.RowChange) {
	w.rows = append(w.rows, scoped{scope, r})
	for wake, scopes := range w.wakes {
		for _, s := range scopes {
			if s == scope {
				(*wake)()
			}
		}
	}
}

func (w *world) Keep(_ context.Context, from id.Device, m wire.Ops) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy > 0 {
		w.busy--
		return fault.Errorf(fault.StorageFull, "later")
	}
	for _, b := range m.Ops {
		if !slices.Contains(w.kept[from], string(b)) {
			w.kept[from] = append(w.kept[from], string(b))
		}
	}
	return nil
}

func (w *world) Ask(_ context.Context, from op.Enrolment, m wire.Ask) wire.Told {
	return wire.Told{N: m.N, People: []wire.Masked{{Member: m.Member, Name: string(from.Device)}}}
}

func (w *world) Wiped(_ context.Context, receipt wire.Wiped) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy > 0 {
		w.busy--
		return fault.Errorf(fault.StorageFull, "later")
	}
	w.wiped = append(w.wiped, receipt)
	return nil
}

func (w *world) Meet(id.Device, wire.Known) error { return nil }

func (w *world) Enrol(ctx context.Context, code string, publicKey []byte, _ *wire.Enrolled) (op.Enrolment, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, ok := w.codes[code]
	switch {
	case !ok:
		return e, fault.Errorf(fault.CodeUnknown, "no such code")
	case w.used[code] != nil && !bytes.Equal(w.used[code], publicKey):
		return e, fault.Errorf(fault.CodeUsed, "code was used")
	}
	w.used[code], e.PublicKey = publicKey, publicKey
	if w.devices[e.Device] == nil {
		w.head++
		w.devices[e.Device] = &session.Info{Enrolment: e}
	}
	return e, nil
}

func (w *world) Online(id.Device) {}

func (w *world) Gauge(a id.Activity) (wire.Gauge, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return wire.Gauge{Activity: a, Free: map[id.Pool]int{"hall": w.gauge}}, a == "film"
}

// View gives the feed as it is now.
func (w *world) View(fn func(stream.View) error) error {
	w.mu.Lock()
	v := view{w: w, applied: w.head, rows: slices.Clone(w.rows)}
	w.mu.Unlock()
	w.views.Add(1)
	return fn(v)
}

type view struct {
	w       *world
	applied uint64
	rows    []scoped
}

func (v view) Applied() (uint64, error) { return v.applied, nil }
func (v view) Floor() (uint64, error)   { return v.w.floor.Load(), nil }

func (v view) Delta(name string, after scope.Position, fn func(wire.RowChange) error) error {
	newest := map[[2]string]wire.RowChange{}
	for _, r := range v.rows {
		if r.scope == name {
			newest[[2]string{r.row.Table, r.row.ID}] = r.row
		}
	}
	at := func(r wire.RowChange) scope.Position { return scope.Position{Seq: r.Seq, Table: r.Table, ID: r.ID} }
	rows := slices.SortedFunc(maps.Values(newest), func(a, b wire.RowChange) int {
		if at(a).Less(at(b)) {
			return -1
		}
		return 1
	})
	for _, r := range rows {
		if after.Less(at(r)) && !(r.Gone && r.Seq <= v.w.floor.Load()) {
			if err := fn(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v view) Changed(name string) (seq uint64, err error) {
	err = v.Delta(name, scope.Position{}, func(r wire.RowChange) error { seq = r.Seq; return nil })
	return seq, err
}

func (v view) Acked(device id.Device, _, _, upTo uint64) (n uint64, err error) {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	for _, at := range v.w.at[device] {
		if at <= upTo {
			n++
		}
	}
	return n, nil
}

func (w *world) Applied() uint64 { return w.Head() }

func (w *world) Subscribe(scopes []string, changed func()) func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wakes[&changed] = scopes
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.wakes, &changed)
	}
}

func (w *world) Pass(phone op.Enrolment, now time.Time) ([]byte, error) {
	return fmt.Appendf(nil, "pass of %s at %d", phone.Device, now.UnixMilli()), nil
}

func (w *world) Guests([]*wire.GuestRow) error { return nil }

func (w *world) Personals([]*wire.TicketRow) error { return nil }

func (w *world) Code(row wire.ClaimRow) (string, error) {
	return fmt.Sprintf("CODE%d", row.Ticket), nil
}

func (w *world) Certify(row *wire.LeaseRow) error {
	row.Certificate = fmt.Appendf(nil, "certificate %d", row.Lease.ID)
	return nil
}

// site is a running server over a world.
type site struct {
	t         testing.TB
	world     *world
	server    *session.Server
	http      *httptest.Server
	key       seal.Private
	codec     *wire.Codec
	times     session.Times
	queue     int
	strangers int
	tls       bool
	now       func() time.Time
}

func newSite(t testing.TB, change ...func(*site)) *site {
	key, err := seal.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, world: newWorld(), key: key, codec: codec, now: time.Now}
	for _, c := range change {
		c(s)
	}
	s.start()
	t.Cleanup(func() { s.stop() })
	return s
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func (s *site) start() {
	server, err := session.New(session.Config{Arbiter: s.world, Feed: s.world, Signer: s.world, Key: s.key, Deployment: "云鹭",
		Now: s.now, Random: rand.Reader, Log: quiet(), Codec: s.codec, Times: s.times, Queue: s.queue, Strangers: s.strangers})
	if err != nil {
		s.t.Fatal(err)
	}
	s.server = server
	s.http = httptest.NewUnstartedServer(server)
	if s.tls {
		s.http.StartTLS()
	} else {
		s.http.Start()
	}
}

func (s *site) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.server.Close(ctx); err != nil {
		s.t.Errorf("close: %v", err)
	}
	s.http.Close()
}

func (s *site) url() string { return "ws" + strings.TrimPrefix(s.http.URL, "http") + session.Path }

// dial reaches whatever server the site runs now, however it was addressed.
func (s *site) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, s.http.Listener.Addr().String())
}

// device opens, enrols and runs a device.
func (s *site) device(code string, change ...func(*link.Config)) (*link.Device, *memory.Store) {
	s.t.Helper()
	store := memory.New()
	d := s.open(store, change...)
	if _, err := d.Enrol(s.ctx(), code); err != nil {
		s.t.Fatal(err)
	}
	s.run(d)
	return d, store
}

func (s *site) open(store local.Store, change ...func(*link.Config)) *link.Device {
	s.t.Helper()
	cfg := link.Config{Store: store, URL: s.url(), App: "test", Now: time.Now, Random: rand.Reader, Log: quiet(), Codec: s.codec, Dial: s.dial}
	for _, c := range change {
		c(&cfg)
	}
	d, err := link.Open(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

func (s *site) run(d *link.Device) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.Run(ctx)
	}()
	s.t.Cleanup(func() {
		cancel()
		<-ended
	})
}

// ctx is longer than any wait of these tests, and ends a test that hangs.
func (s *site) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	s.t.Cleanup(cancel)
	return ctx
}

// until waits for a condition of the device.
func (s *site) until(d *link.Device, what string, ok func() bool) {
	s.t.Helper()
	changed := make(chan struct{}, 1)
	defer d.Notify(func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	})()
	for ctx := s.ctx(); !ok(); {
		select {
		case <-changed:
		case <-ctx.Done():
			s.t.Fatalf("%s: not reached; status %+v", what, d.Status())
		}
	}
}

func claim(n int) op.Op {
	return op.Op{Kind: op.Claim, Activity: "film", Pool: "hall", Member: "m1", Seats: n}
}

func (s *site) do(d *link.Device, o op.Op) uint64 {
	s.t.Helper()
	n, err := d.Do(o)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *site) once() {
	s.t.Helper()
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	for b, n := range s.world.decided {
		if n != 1 {
			s.t.Errorf("an op was decided %d times: %x", n, b)
		}
	}
}
