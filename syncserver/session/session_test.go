package session_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"yizhan/core/fault"
	"yizhan/core/link"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/seal"
	"yizhan/core/wire"
	"yizhan/syncserver/session"
)

func TestLifeOfAnOp(t *testing.T) {
	s := newSite(t)
	d, store := s.device("PHONE-CODE")
	r, err := d.Wait(s.ctx(), s.do(d, claim(1)))
	if err != nil || r.Outcome != op.Granted {
		t.Fatalf("%+v %v", r, err)
	}
	if err := d.Synced(s.ctx()); err != nil {
		t.Fatal(err)
	}
	row, ok, err := store.Get(wire.TableClaim, fmt.Sprint(r.Ticket))
	if err != nil || !ok {
		t.Fatalf("row of ticket %d: %v %v", r.Ticket, ok, err)
	}
	var c wire.ClaimRow
	if err := wire.DecodeRow(row.Body, &c); err != nil || c.Code != fmt.Sprintf("CODE%d", r.Ticket) {
		t.Fatalf("claim %+v %v", c, err)
	}
	if q, _ := store.Queue(); len(q) != 0 {
		t.Errorf("outbox keeps %d ops", len(q))
	}
	st := d.Status()
	if !st.Online || st.Waiting != 0 || st.Problem != nil || time.Since(st.AsOf) > time.Minute {
		t.Errorf("status %+v", st)
	}
	if _, ok, _ := store.Get(wire.TableClaim, "none"); ok {
		t.Error("a row that nobody made")
	}
}

func TestOpsWithoutNetworkArriveLater(t *testing.T) {
	s := newSite(t)
	d, _ := s.device("PHONE-CODE")
	s.until(d, "online", func() bool { return d.Status().Online })
	d.SetOnline(false)
	s.until(d, "offline", func() bool { return !d.Status().Online })
	var last uint64
	for i := range 300 {
		last = s.do(d, claim(i+1))
	}
	if st := d.Status(); st.Waiting != 300 || st.OldestWaiting.IsZero() {
		t.Fatalf("status %+v", st)
	}
	d.SetOnline(true)
	if _, err := d.Wait(s.ctx(), last); err != nil {
		t.Fatal(err)
	}
	s.once()
}

func TestCodeUsedTwice(t *testing.T) {
	s := newSite(t)
	d, store := s.device("PHONE-CODE")
	if _, err := d.Enrol(s.ctx(), "PHONE-CODE"); !errors.Is(err, link.ErrEnrolled) {
		t.Errorf("second enrolment of the same device: %v", err)
	}
	for code, kind := range map[string]fault.Kind{"PHONE-CODE": fault.CodeUsed, "GUESS": fault.CodeUnknown} {
		var f *fault.Error
		other := s.open(memory.New())
		if _, err := other.Enrol(s.ctx(), code); !errors.As(err, &f) || f.Kind != kind {
			t.Errorf("code %s: %v, want %v", code, err, kind)
		}
		if _, ok := other.Identity(); ok {
			t.Errorf("code %s made an identity", code)
		}
	}
	// The answer of the first enrolment was lost: the same key may ask again.
	key, _ := store.Meta("device.key")
	again := memory.New()
	if err := again.SetMeta(map[string][]byte{"device.key": key}); err != nil {
		t.Fatal(err)
	}
	if who, err := s.open(again).Enrol(s.ctx(), "PHONE-CODE"); err != nil || who.Device != "phone-1" {
		t.Errorf("enrolment asked for again: %+v %v", who, err)
	}
}

func TestServerClosedMidBatch(t *testing.T) {
	s := newSite(t)
	d, _ := s.device("PHONE-CODE")
	s.world.mu.Lock()
	s.world.hold, s.world.held = make(chan struct{}), make(chan struct{})
	hold, held := s.world.hold, s.world.held
	s.world.mu.Unlock()
	first := s.do(d, claim(1))
	second := s.do(d, claim(2))
	<-held // decided and durable, not answered
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.stop()
	}()
	s.until(d, "told that the server stops", func() bool { return !d.Status().Online })
	s.world.mu.Lock()
	s.world.hold = nil
	s.world.mu.Unlock()
	close(hold)
	<-stopped
	if p := d.Status().Problem; p == nil || p.Kind != fault.ShuttingDown {
		t.Errorf("problem %v", p)
	}
	s.start()
	d.Kick()
	for i, n := range []uint64{first, second} {
		r, err := d.Wait(s.ctx(), n)
		if err != nil || r.Seq != uint64(i+2) { // Seq 1 is the enrolment
			t.Errorf("op %d: %+v %v", n, r, err)
		}
	}
	s.once()
}

// cutter breaks the connection instead of delivering what comes after n reads.
type cutter struct {
	net.Conn
	left *int
	mu   *sync.Mutex
}

func (c cutter) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if *c.left > 0 {
		if *c.left--; *c.left == 0 {
			c.Conn.Close()
			return 0, errors.New("network is gone")
		}
	}
	return n, err
}

// TestLinkCutAtEveryRead loses what the server said at one place after another.
func TestLinkCutAtEveryRead(t *testing.T) {
	for n := 1; n <= 12; n++ {
		s := newSite(t)
		left, mu := 0, sync.Mutex{}
		store := memory.New()
		d := s.open(store, func(c *link.Config) {
			c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := s.dial(ctx, network, addr)
				return cutter{conn, &left, &mu}, err
			}
		})
		if _, err := d.Enrol(s.ctx(), "PHONE-CODE"); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		left = n
		mu.Unlock()
		s.run(d)
		for i := range 3 {
			if r, err := d.Wait(s.ctx(), s.do(d, claim(i+1))); err != nil || r.Outcome != op.Granted {
				t.Fatalf("cut at read %d: %+v %v", n, r, err)
			}
		}
		if err := d.Synced(s.ctx()); err != nil {
			t.Fatal(err)
		}
		if rows, _ := store.Rows(wire.TableClaim); len(rows) != 3 {
			t.Errorf("cut at read %d: %d rows, want 3", n, len(rows))
		}
		s.once()
	}
}

func TestBusyIsTriedAgain(t *testing.T) {
	s := newSite(t)
	d, _ := s.device("PHONE-CODE")
	s.world.mu.Lock()
	s.world.busy = 1
	s.world.mu.Unlock()
	if _, err := d.Wait(s.ctx(), s.do(d, claim(1))); err != nil {
		t.Fatal(err)
	}
}

func TestRevocationIsHeardAtAHeartbeat(t *testing.T) {
	s := newSite(t, func(s *site) { s.times.Heartbeat = 20 * time.Millisecond })
	d, _ := s.device("PHONE-CODE")
	s.until(d, "online", func() bool { return d.Status().Online })
	s.world.mu.Lock()
	s.world.devices["phone-1"].Gone = true
	s.world.mu.Unlock()
	s.until(d, "revoked", func() bool {
		p := d.Status().Problem
		return p != nil && p.Kind == fault.RevokedDevice && !d.Status().Online
	})
}

func TestDropEndsASessionAtOnce(t *testing.T) {
	s := newSite(t, func(s *site) { s.times.Heartbeat = time.Hour })
	d, _ := s.device("PHONE-CODE")
	s.until(d, "online", func() bool { return d.Status().Online })
	s.server.Drop("phone-2") // has no session
	s.world.mu.Lock()
	s.world.devices["phone-1"].Gone = true
	s.world.mu.Unlock()
	s.server.Drop("phone-1")
	s.until(d, "revoked", func() bool {
		p := d.Status().Problem
		return p != nil && p.Kind == fault.RevokedDevice && !d.Status().Online
	})
}

func TestCopiedDeviceIsFound(t *testing.T) {
	s := newSite(t)
	d, store := s.device("PHONE-CODE")
	d.SetOnline(false)
	s.until(d, "offline", func() bool { return !d.Status().Online })
	clone := memory.New()
	for _, k := range []string{"device.key", "device.identity", "server.key", "server.deployment"} {
		v, _ := store.Meta(k)
		if err := clone.SetMeta(map[string][]byte{k: v}); err != nil {
			t.Fatal(err)
		}
	}
	c := s.open(clone)
	s.run(c)
	if _, err := c.Wait(s.ctx(), s.do(c, claim(7))); err != nil {
		t.Fatal(err)
	}
	c.SetOnline(false)
	s.do(d, claim(8))
	d.SetOnline(true)
	s.until(d, "fork", func() bool { p := d.Status().Problem; return p != nil && p.Kind == fault.Fork })
	if q, _ := store.Queue(); len(q) != 1 {
		t.Errorf("outbox has %d ops, want 1", len(q))
	}
}

func TestBootstrapInChunks(t *testing.T) {
	s := newSite(t)
	s.world.mu.Lock()
	for i := range 3000 {
		if i%1000 == 0 { // many rows of one Seq, over several chunks
			s.world.head++
		}
		sum := sha256.Sum256(fmt.Append(nil, i))
		s.world.put("public", wire.RowChange{Table: wire.TableStation, ID: fmt.Sprint(i), Seq: s.world.head, Body: bytes.Repeat(sum[:], 8)})
	}
	s.world.put("public", wire.RowChange{Table: wire.TableStation, ID: "closed", Seq: s.world.head, Gone: true})
	s.world.put("member/m2", wire.RowChange{Table: wire.TableMe, ID: "m2", Seq: s.world.head, Body: []byte{0xa0}})
	s.world.mu.Unlock()
	d, store := s.device("PHONE-CODE")
	if err := d.Synced(s.ctx()); err != nil {
		t.Fatal(err)
	}
	if rows, _ := store.Rows(wire.TableStation); len(rows) != 3000 {
		t.Errorf("%d rows, want 3000", len(rows))
	}
	if rows, _ := store.Rows(wire.TableMe); len(rows) != 0 {
		t.Error("a device was sent another member's row")
	}
}

func TestPublishedRowsComeByThemselves(t *testing.T) {
	s := newSite(t)
	d, store := s.device("PHONE-CODE")
	s.until(d, "first checkpoint", func() bool { return !d.Status().AsOf.IsZero() })
	s.world.mu.Lock()
	s.world.head++
	s.world.put("public", wire.RowChange{Table: wire.TableActivity, ID: "film", Seq: s.world.head, Body: []byte{0xa0}})
	s.world.mu.Unlock()
	s.until(d, "published", func() bool { _, ok, _ := store.Get(wire.TableActivity, "film"); return ok })
}

func TestHeartbeatMovesAsOf(t *testing.T) {
	s := newSite(t, func(s *site) { s.times.Heartbeat = 20 * time.Millisecond })
	d, _ := s.device("PHONE-CODE")
	s.until(d, "first", func() bool { return !d.Status().AsOf.IsZero() })
	first := d.Status().AsOf
	s.until(d, "later", func() bool { return d.Status().AsOf.After(first) })
}

func TestGauges(t *testing.T) {
	s := newSite(t, func(s *site) { s.times.Gauge = 20 * time.Millisecond })
	d, _ := s.device("PHONE-CODE")
	d.Watch("film")
	free := func(n int) func() bool {
		return func() bool { g, ok := d.Gauge("film"); return ok && g.Free["hall"] == n }
	}
	s.until(d, "0 free", free(0))
	s.world.mu.Lock()
	s.world.gauge = 5
	s.world.mu.Unlock()
	s.until(d, "5 free", free(5))
	d.SetOnline(false)
	s.until(d, "offline", func() bool { return !d.Status().Online })
	if _, ok := d.Gauge("film"); ok {
		t.Error("an old gauge is shown offline")
	}
}

func TestScopes(t *testing.T) {
	for want, e := range map[string]op.Enrolment{
		"public fleet member/m1":                                       {Role: op.Phone, Member: "m1", Station: "s", Org: "o"},
		"public fleet scan lease/k station/s door":                     {Role: op.Kiosk, Device: "k", Member: "m1", Station: "s", Org: "o"},
		"public fleet scan lease/k station/s door guests org/o":        {Role: op.Staff, Device: "k", Station: "s", Org: "o"},
		"public fleet scan lease/k org/o":                              {Role: op.Staff, Device: "k", Org: "o"},
		"public fleet":                                                 {Role: "of a newer server", Member: "m1", Station: "s", Org: "o"},
		"public fleet scan lease/h station/hub-town door guests hub/h": {Role: op.Hub, Device: "h", Station: "hub-town"},
	} {
		if got := strings.Join(session.Scopes(e), " "); got != want {
			t.Errorf("%+v: %s, want %s", e, got, want)
		}
	}
}

// full is a store whose disk is full for a while.
type full struct {
	*memory.Store
	mu   sync.Mutex
	full bool
}

func (f *full) set(full bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.full = full
}

func (f *full) Answer(results map[uint64][]byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.full {
		return local.ErrFull
	}
	return f.Store.Answer(results)
}

func TestAnswerThatCannotBeStoredIsNotShown(t *testing.T) {
	s := newSite(t)
	store := &full{Store: memory.New(), full: true}
	d := s.open(store)
	if _, err := d.Enrol(s.ctx(), "PHONE-CODE"); err != nil {
		t.Fatal(err)
	}
	s.run(d)
	n := s.do(d, claim(1))
	s.until(d, "disk full", func() bool { p := d.Status().Problem; return p != nil && p.Kind == fault.StorageFull })
	if d.Status().Waiting != 1 {
		t.Errorf("status %+v", d.Status())
	}
	store.set(false)
	d.Kick()
	if r, err := d.Wait(s.ctx(), n); err != nil || r.Outcome != op.Granted {
		t.Fatalf("%+v %v", r, err)
	}
	s.once()
}

// A code that says whose it is goes to no other server, and is not used up there.
func TestCodeOfAnotherServer(t *testing.T) {
	s := newSite(t)
	other, err := seal.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const code = "ABCDEFGH23456722"
	s.world.offer(code, op.Enrolment{Device: "phone-5", Role: op.Phone, Member: "m1"})
	wrong := wire.Invitation{Code: code, Key: wire.Fingerprint(other.Public().Marshal())}
	right := wire.Invitation{Code: code, Key: wire.Fingerprint(s.key.Public().Marshal()), Server: s.url()}
	store := memory.New()
	d := s.open(store)
	for _, text := range []string{wrong.QR(), wrong.Typed()} {
		var f *fault.Error
		if _, err := d.Enrol(s.ctx(), text); !errors.As(err, &f) || f.Kind != fault.WrongServer || f.Kind.Sentence() == "" {
			t.Errorf("enrolled with %s: %v", text, err)
		}
	}
	if s.world.used[code] != nil {
		t.Fatal("the code was sent to the wrong server")
	}
	lost := s.open(store, func(c *link.Config) { c.URL, c.Dial = "ws://127.0.0.1:1/v1/sync", nil })
	if _, err := lost.Enrol(s.ctx(), right.Typed()); err == nil {
		t.Error("enrolled at an address where nobody is")
	}
	if _, err := lost.Enrol(s.ctx(), right.QR()); err != nil { // the QR code knows better
		t.Fatal(err)
	}
	again := s.open(store, func(c *link.Config) { c.URL, c.Dial = "ws://127.0.0.1:1/v1/sync", nil })
	s.run(again)
	s.until(again, "online at the address of the code", func() bool { return again.Status().Online })
	fixed := s.open(memory.New(), func(c *link.Config) { c.URL, c.Dial, c.FixedURL = "ws://127.0.0.1:1/v1/sync", nil, true })
	if _, err := fixed.Enrol(s.ctx(), right.QR()); err == nil {
		t.Error("a code replaced the address that a person chose")
	}
}

// Whoever connects and says nothing disturbs no device that is in, and makes room again.
func TestStrangersTakeNoPlaceOfDevices(t *testing.T) {
	s := newSite(t, func(s *site) { s.strangers = 2 })
	d, _ := s.device("PHONE-CODE")
	s.until(d, "online", func() bool { return d.Status().Online })
	silent := []*raw{s.raw(), s.raw()}
	if _, r, err := websocket.DefaultDialer.Dial(s.url(), nil); err == nil || r == nil || r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one stranger too many: %v", err)
	}
	if r, err := d.Wait(s.ctx(), s.do(d, claim(1))); err != nil || r.Outcome != op.Granted {
		t.Errorf("a device that is in: %+v, %v", r, err)
	}
	for _, r := range silent {
		r.conn.Close()
	}
	other := s.open(memory.New())
	for ctx := s.ctx(); ; { // until the server has noticed
		_, err := other.Enrol(ctx, "OTHER-CODE")
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}
