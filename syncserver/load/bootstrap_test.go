package load

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/session"
)

// TestFirstSyncIsCut cuts the line of a tablet that comes for the first time at any
// byte, several times. It goes on where it was: nothing is missing, nothing had to be
// repaired, and what came before a cut does not come again.
func TestFirstSyncIsCut(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	town, err := newTown(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := Bootstrap{Config: Config{Dir: t.TempDir(), Say: t.Logf}, Rows: 4000, Tickets: 100, Activities: 40}
	if err := b.settle(ctx, town); err != nil {
		t.Fatal(err)
	}
	if err := town.close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := b.signUp(ctx, town); err != nil {
		t.Fatal(err)
	}
	if _, err := town.server.Ledger(ctx); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(session.Path, town.server.Handler())
	web := &http.Server{Handler: mux}
	go web.Serve(l)
	t.Cleanup(func() {
		web.Close()
		if err := town.close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	whole := town.visit(t, b, l.Addr().String(), nil)
	const frame = 96 << 10 // the most that a cut may cost, handshake and all
	for seed := range 8 {
		cuts := rapid.SliceOfN(rapid.IntRange(1, int(whole)), 1, 5).Example(seed)
		if got := town.visit(t, b, l.Addr().String(), cuts); got > whole+int64(len(cuts)*frame) {
			t.Errorf("cut after %v: %d bytes crossed the line, in one go %d", cuts, got, whole)
		}
	}
	if st, err := town.server.Status(ctx); err != nil || st.Repairs != 0 {
		t.Errorf("%d scopes were repaired, %v", st.Repairs, err)
	}
}

// visit has a new tablet come over a line that is cut, and gives the bytes that crossed it.
func (town *town) visit(t *testing.T, b Bootstrap, addr string, cuts []int) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	offer, err := town.server.Offer(ctx, op.Enrolment{Role: op.Staff, Station: town.city.Near}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	over := &line{}
	d, err := enrolDevice(ctx, filepath.Join(t.TempDir(), "device.db"), "ws://"+addr, offer.Code, over, nil)
	if err != nil {
		t.Fatal(err)
	}
	over.bytes.Store(0)
	over.cuts = cuts
	d.run()
	if _, err := d.until(ctx, func() bool {
		st := d.Status()
		if !st.Online {
			d.Kick()
		}
		return !st.AsOf.IsZero()
	}); err != nil {
		t.Fatalf("cut after %v: %v", cuts, err)
	}
	if err := d.Synced(ctx); err != nil {
		t.Fatal(err)
	}
	rows, err := d.count()
	if err != nil || rows[wire.TableDoor] != b.Rows || rows[wire.TableGuest] != b.Rows || rows[wire.TableTicket] != own || rows[wire.TableActivity] != b.Activities {
		t.Errorf("cut after %v: the tablet holds %v, %v", cuts, rows, err)
	}
	if err := d.close(); err != nil {
		t.Error(err)
	}
	return over.bytes.Load()
}
