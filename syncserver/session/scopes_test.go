package session_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"yizhan/core/link"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// golden gives what the server of 0.1 sent in TestDeviceOf01's story.
func golden(t *testing.T) map[string]string {
	t.Helper()
	file, err := os.ReadFile("../../core/wire/testdata/session-0.1.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct{ Name, Hex string }
	if err := json.Unmarshal(file, &all); err != nil {
		t.Fatal(err)
	}
	frames := map[string]string{}
	for _, f := range all {
		frames[f.Name] = f.Hex
	}
	return frames
}

// TestDeviceOf01 holds that a device that knows nothing of scopes is sent the bytes
// that the server of 0.1 sent it.
func TestDeviceOf01(t *testing.T) {
	s, want := newSite(t, func(s *site) { s.now = func() time.Time { return time.UnixMilli(1790000000000) } }), golden(t)
	r, w := s.raw(), s.world
	r.key, r.max = s.known("old"), 1
	next := func(name string) {
		t.Helper()
		for {
			_, b, err := r.conn.ReadMessage()
			if err != nil {
				t.Fatal(err)
			}
			m, err := s.codec.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			if c, ok := m.(wire.Checkpoint); ok && len(c.Rows) > 0 { // an empty one says only that nothing changed
				if got := hex.EncodeToString(b); got != want[name] {
					t.Errorf("%s:\n got %s\nwant %s", name, got, want[name])
				}
				return
			}
		}
	}
	w.mu.Lock()
	w.head = 4
	w.put("public", wire.RowChange{Table: wire.TableActivity, ID: "film", Seq: 2, Body: []byte{0xa1, 0x01, 0x64, 'f', 'i', 'l', 'm'}})
	w.put("member/m9", wire.RowChange{Table: wire.TableMessage, ID: "3", Seq: 3, Body: []byte{0xa0}})
	w.put("public", wire.RowChange{Table: wire.TableStation, ID: "st-1", Seq: 4, Gone: true, Body: []byte{}})
	w.mu.Unlock()
	r.login("old", 0)
	next("bootstrap")
	w.mu.Lock()
	w.head = 7
	body, err := wire.EncodeRow(wire.ClaimRow{Ticket: 5, Activity: "film", Pool: "hall", Seats: 1, State: op.ClaimGranted, At: 1})
	if err != nil {
		t.Fatal(err)
	}
	w.put("member/m9", wire.RowChange{Table: wire.TableClaim, ID: "5", Seq: 5, Body: body})
	w.put("public", wire.RowChange{Table: wire.TableActivity, ID: "film", Seq: 6, Gone: true, Body: []byte{}})
	w.put("public", wire.RowChange{Table: "hologram", ID: "1", Seq: 7, Body: []byte{0xa0}})
	w.mu.Unlock()
	next("delta")
	key := r.key
	r.conn.Close()
	r = s.raw()
	r.key, r.max = key, 1
	r.login("old", 3)
	next("again")
}

// TestDeviceOf01InChunks holds the rules that such a device goes by.
func TestDeviceOf01InChunks(t *testing.T) {
	s := newSite(t)
	r, w := s.raw(), s.world
	r.key, r.max = s.known("old"), 1
	w.mu.Lock()
	for i := range 2000 {
		w.head++
		w.put([]string{"public", "fleet", "member/m9"}[i%3], wire.RowChange{Table: "hologram", ID: fmt.Sprint(i), Seq: w.head, Body: noise(300)})
	}
	w.mu.Unlock()
	r.login("old", 0)
	var first *wire.Checkpoint
	rows, chunks, last := 0, 0, uint64(0)
	for {
		m := r.read()
		if m == nil {
			t.Fatal("the session ended")
		}
		c, ok := m.(wire.Checkpoint)
		if !ok {
			continue
		}
		chunks++
		if first == nil {
			first = &c
		} else if c.Reset || c.From != first.From || c.To != first.To || c.Acked != first.Acked {
			t.Fatalf("chunk %d is of %d to %d, acked %d; the first of %d to %d, acked %d", chunks, c.From, c.To, c.Acked, first.From, first.To, first.Acked)
		}
		for _, row := range c.Rows {
			if row.Seq <= last || row.Seq > c.To {
				t.Fatalf("row of Seq %d after %d, up to %d", row.Seq, last, c.To)
			}
			last, rows = row.Seq, rows+1
		}
		if chunks == 2 { // changes meanwhile wait for the next checkpoint
			w.mu.Lock()
			w.head++
			w.put("public", wire.RowChange{Table: "hologram", ID: "1998", Seq: w.head, Body: noise(300)})
			w.mu.Unlock()
		}
		if c.Last {
			break
		}
	}
	if !first.Reset || first.From != 0 || rows < 1999 || chunks < 4 {
		t.Errorf("%d rows in %d chunks, reset %v from %d", rows, chunks, first.Reset, first.From)
	}
	if c, ok := r.read().(wire.Checkpoint); !ok || c.From != first.To || len(c.Rows) != 1 || !c.Last {
		t.Errorf("then came %+v", c)
	}
}

// noise cannot be compressed.
func noise(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// TestNoCreditNoRows: a device that grants nothing gets nothing and costs nothing.
func TestNoCreditNoRows(t *testing.T) {
	s := newSite(t, func(s *site) { s.times.Gauge, s.times.Heartbeat = 5*time.Millisecond, 5*time.Millisecond })
	r, w := s.raw(), s.world
	r.key, r.held = s.known("poor"), &wire.Held{Scopes: []string{}}
	w.mu.Lock()
	w.head++
	w.put("member/m9", wire.RowChange{Table: wire.TableMessage, ID: "1", Seq: w.head, Body: noise(4000)})
	w.mu.Unlock()
	r.login("poor", 0)
	r.write(wire.Watch{Activity: "film"})
	for seen, free := 0, 1; seen < 5; { // gauges are small and not held back
		switch m := r.read().(type) {
		case wire.Checkpoint:
			t.Fatalf("a checkpoint came: %+v", m)
		case wire.Gauge:
			seen, free = seen+1, free+1
			w.mu.Lock()
			w.gauge = free
			w.head++
			w.put("public", wire.RowChange{Table: wire.TablePool, ID: "film/hall", Seq: w.head, Body: noise(2000)})
			w.mu.Unlock()
		}
	}
	if n := w.views.Load(); n != 0 {
		t.Errorf("the ledger was read %d times for it", n)
	}
	r.write(wire.Watch{})
	r.write(wire.Credit{Bytes: 1 << 20})
	for {
		switch m := r.read().(type) {
		case nil:
			t.Fatal("the session ended")
		case wire.Checkpoint:
			if len(m.Rows) != 2 {
				t.Fatalf("%d rows came, want 2", len(m.Rows))
			}
			return
		}
	}
}

// TestCreditIsNeverExceeded counts what is on its way to a device that is slow to store.
func TestCreditIsNeverExceeded(t *testing.T) {
	const window = 300 << 10
	s := newSite(t)
	r, w := s.raw(), s.world
	r.key, r.held = s.known("slow"), &wire.Held{Scopes: []string{}, Window: window}
	w.mu.Lock()
	for i := range 1500 {
		w.head++
		w.put("member/m9", wire.RowChange{Table: wire.TableMessage, ID: fmt.Sprint(i), Seq: w.head, Body: noise(1000)})
	}
	w.mu.Unlock()
	r.login("slow", 0)
	flying, rows := 0, 0
	for rows < 1500 {
		_, b, err := r.conn.ReadMessage()
		if err != nil {
			t.Fatalf("%d rows came, and then with %d bytes on their way: %v", rows, flying, err)
		}
		m, err := s.codec.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		c, ok := m.(wire.Checkpoint)
		if !ok {
			continue
		}
		rows += len(c.Rows)
		if flying += len(b); flying > window {
			t.Fatalf("%d bytes are on their way, %d were granted", flying, window)
		}
		if flying > window/2 {
			r.write(wire.Credit{Bytes: uint64(flying)})
			flying = 0
		}
	}
}

// TestRepair spoils a row of a device and expects it whole after the next session.
func TestRepair(t *testing.T) {
	s := newSite(t)
	s.world.mu.Lock()
	for i := range 50 {
		s.world.head++
		s.world.put("public", wire.RowChange{Table: "hologram", ID: fmt.Sprint(i), Seq: s.world.head, Body: []byte{0xa0}})
	}
	s.world.mu.Unlock()
	d, store := s.device("PHONE-CODE")
	if err := d.Synced(s.ctx()); err != nil {
		t.Fatal(err)
	}
	d.SetOnline(false)
	s.until(d, "offline", func() bool { return !d.Status().Online })
	state, err := store.State()
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Apply(local.Checkpoint{To: state.Cursor, Rows: []local.Row{{Scope: "public", Table: "hologram", ID: "7", Seq: 9, Body: []byte{0xa1}}}}); err != nil {
		t.Fatal(err)
	}
	d.SetOnline(true)
	for ctx := s.ctx(); ; {
		if r, _, err := store.Get("hologram", "7"); err != nil || bytes.Equal(r.Body, []byte{0xa0}) {
			break
		}
		select {
		case <-ctx.Done():
			t.Fatal("the row was not repaired")
		case <-time.After(5 * time.Millisecond):
		}
	}
	if err := d.Synced(s.ctx()); err != nil { // the server counts behind the sending
		t.Fatal(err)
	}
	if n := s.server.Repairs(); n != 1 {
		t.Errorf("%d repairs were counted, want 1", n)
	}
}

// breaking is a connection that breaks after so many bytes from the server.
type breaking struct {
	net.Conn
	n *network
}

type network struct {
	mu       sync.Mutex
	left     int // bytes until it breaks; negative is never
	received int
}

func (b breaking) Read(p []byte) (int, error) {
	b.n.mu.Lock()
	if left := b.n.left; left > 0 {
		p = p[:min(left, len(p))]
	}
	over := b.n.left == 0
	b.n.mu.Unlock()
	if over {
		b.Conn.Close()
		return 0, errors.New("network is gone")
	}
	n, err := b.Conn.Read(p)
	b.n.mu.Lock()
	defer b.n.mu.Unlock()
	b.n.received += n
	if b.n.left > 0 {
		b.n.left -= n
	}
	return n, err
}

// TestBootstrapGoesOnAfterCuts cuts a real socket after every so many bytes: what
// was stored is not sent again.
func TestBootstrapGoesOnAfterCuts(t *testing.T) {
	const rows, size = 2000, 400
	s := newSite(t)
	s.world.mu.Lock()
	for i := range rows {
		s.world.head++
		s.world.put("public", wire.RowChange{Table: "hologram", ID: fmt.Sprint(i), Seq: s.world.head, Body: noise(size)})
	}
	s.world.mu.Unlock()
	n := &network{left: -1}
	store := memory.New()
	d := s.open(store, func(c *link.Config) {
		c.Dial = func(ctx context.Context, kind, addr string) (net.Conn, error) {
			conn, err := s.dial(ctx, kind, addr)
			return breaking{conn, n}, err
		}
	})
	if _, err := d.Enrol(s.ctx(), "PHONE-CODE"); err != nil {
		t.Fatal(err)
	}
	cuts := 0
	n.mu.Lock()
	n.left, n.received = 1, 0
	n.mu.Unlock()
	s.run(d)
	for ctx := s.ctx(); ; {
		if held, err := store.Held(); err != nil || len(held.Scopes) == 3 {
			break
		}
		n.mu.Lock()
		if n.left == 0 { // broken: the next one holds for a little longer than a chunk
			cuts++
			n.left = 160<<10 + cuts*1777
		}
		n.mu.Unlock()
		d.Kick()
		select {
		case <-ctx.Done():
			t.Fatalf("not finished after %d cuts", cuts)
		case <-time.After(time.Millisecond):
		}
	}
	got, err := store.Rows("hologram")
	if err != nil || len(got) != rows {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	// Each cut costs at most a chunk and a handshake.
	if most := rows*(size+40) + (cuts+1)*(132<<10); n.received > most || cuts < 3 {
		t.Errorf("%d bytes were received over %d cuts, want at most %d", n.received, cuts, most)
	}
	t.Logf("%d cuts; %d bytes received for %d bytes of rows", cuts, n.received, rows*size)
}
