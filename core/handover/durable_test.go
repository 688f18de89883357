package handover

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/local/sqlite"
	"yizhan/core/op"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

func TestFailedStoreHandsNothingOver(t *testing.T) {
	w := newWorld(t, memory.New())
	w.outbox.fail = local.ErrFull
	got, err := w.counter.Redeem(w.code(nil), noon, Options{})
	if !errors.Is(err, local.ErrFull) || got.Verdict != fault.NoVerdict || got.HandsOver() {
		t.Fatalf("%+v, %v", got, err)
	}
	w.outbox.fail = nil
	if got, err = w.counter.Redeem(w.code(nil), noon, Options{}); err != nil || got.Verdict != fault.Valid {
		t.Fatalf("with room again: %v, %v", got.Verdict, err)
	}
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err = w.counter.Redeem(w.code(func(x *ticket.Ticket) { x.ID++ }), noon, Options{}); err == nil || got.HandsOver() {
		t.Fatalf("over a closed store: %+v", got)
	}
	if err := w.counter.ConfirmClock(); err == nil {
		t.Error("clock confirmed over a closed store")
	}
}

func TestDamagedRowsHandNothingOver(t *testing.T) {
	for table, key := range map[string]string{wire.TableKey: "00", wire.TableStation: "HQ", wire.TableActivity: "aaa", wire.TableTicket: "100", wire.TableUsed: "100"} {
		w := newWorld(t, memory.New())
		w.seq++
		if err := w.store.Apply(local.Checkpoint{To: w.seq, Rows: []local.Row{{Table: table, ID: key, Seq: w.seq, Body: []byte{0xff}}}}); err != nil {
			t.Fatal(err)
		}
		if got, err := w.counter.Redeem(w.code(nil), noon, Options{}); err == nil || got.HandsOver() || !strings.Contains(err.Error(), table) && !strings.Contains(err.Error(), strings.TrimSuffix(table, "y")) {
			t.Errorf("damaged %s: %+v, %v", table, got, err)
		}
	}
	w := newWorld(t, memory.New())
	w.tell(wire.TableActivity, "spa", wire.ActivityRow{ID: "spa", Number: spaNumber, Spec: []byte(`{"id": "spa", "windows": {"pickup": "from tomorrow"}}`)})
	if got, err := w.counter.Redeem(w.code(nil), noon, Options{}); err == nil || got.HandsOver() {
		t.Errorf("windows that cannot be read: %+v", got)
	}
}

func TestNoKeys(t *testing.T) {
	w := &world{TB: t}
	w.restart(memory.New())
	if _, err := w.counter.Redeem("x", noon, Options{}); !errors.Is(err, ErrNoKeys) {
		t.Fatal(err)
	}
	// A key of an algorithm of the future alone is no key.
	w.tell(wire.TableKey, "00", wire.KeyRow{Algorithm: -999, PublicKey: make([]byte, 32), Number: deployment})
	if _, err := w.counter.Redeem("x", noon, Options{}); !errors.Is(err, ErrNoKeys) {
		t.Fatal(err)
	}
}

// TestKilledBetweenScanAndSync copies the files of a running device, as a power
// cut leaves them, and starts another process on the copy.
func TestKilledBetweenScanAndSync(t *testing.T) {
	dir := t.TempDir()
	store, err := sqlite.Open(filepath.Join(dir, "device.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	w := newWorld(t, store)
	if got, err := w.counter.Redeem(w.code(nil), noon, Options{}); err != nil || got.Verdict != fault.Valid {
		t.Fatalf("%v, %v", got.Verdict, err)
	}
	after := t.TempDir()
	for _, name := range []string{"device.db", "device.db-wal"} {
		copyFile(t, filepath.Join(dir, name), filepath.Join(after, name))
	}
	revived, err := sqlite.Open(filepath.Join(after, "device.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = revived.Close() })
	w.restart(revived)
	if got, err := w.counter.Redeem(w.code(nil), noon, Options{}); err != nil || got.Verdict != fault.AlreadyRedeemed {
		t.Fatalf("after the restart: %v, %v", got.Verdict, err)
	}
	if _, n := w.last(); n != 2 {
		t.Errorf("%d ops to report, want the hand-over and the second scan", n)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// counting notices a scan that begins before the last one is stored.
type counting struct {
	Outbox
	inside atomic.Int32
	most   atomic.Int32
}

func (c *counting) begin() Status {
	if n := c.inside.Add(1); n > 1 {
		c.most.Store(n)
	}
	runtime.Gosched()
	return Status{}
}

func (c *counting) DoRows(o op.Op, rows func(uint64) ([]local.Row, error)) (uint64, error) {
	defer c.inside.Add(-1)
	return c.Outbox.DoRows(o, rows)
}

func TestScansNeverInterleave(t *testing.T) {
	w := newWorld(t, memory.New())
	code, counting := w.code(nil), &counting{Outbox: w.outbox}
	counter := New(Config{Store: w.store, Outbox: counting, Device: "K-HQ", Station: "HQ", Zone: shanghai, Status: counting.begin})
	var wg sync.WaitGroup
	var handed atomic.Int32
	for range 32 {
		wg.Go(func() {
			got, err := counter.Redeem(code, noon, Options{})
			if err != nil {
				t.Error(err)
			}
			if got.HandsOver() {
				handed.Add(1)
			}
		})
	}
	wg.Wait()
	if handed.Load() != 1 || counting.most.Load() > 0 {
		t.Errorf("handed over %d times, %d scans at once", handed.Load(), counting.most.Load())
	}
}

// TestNeverTwice plays any sequence of scans, restarts, syncs, failures and news
// on one device: without an override no ticket is handed over twice.
func TestNeverTwice(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, memory.New())
		handed, taken, answers := map[id.Ticket]int{}, map[id.Ticket]bool{}, map[uint64]op.Result{}
		server := func(o Outcome) fault.Verdict { // the first hand-over that it hears of counts
			if _, known := answers[o.Seq]; !known {
				answers[o.Seq] = op.Result{Verdict: map[bool]fault.Verdict{false: fault.Valid, true: fault.AlreadyRedeemed}[taken[o.Ticket]]}
				taken[o.Ticket] = true
			}
			if err := w.counter.Answered(answers); err != nil {
				rt.Fatal(err)
			}
			return answers[o.Seq].Verdict
		}
		now := noon
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			n := id.Ticket(rapid.IntRange(100, 102).Draw(rt, "ticket"))
			switch rapid.SampledFrom([]string{"scan", "scan", "scan", "list", "door", "restart", "sync", "row", "fail", "clock", "net"}).Draw(rt, "step") {
			case "scan":
				station := rapid.SampledFrom([]uint32{0, hqNumber, st1Number}).Draw(rt, "station")
				epoch := rapid.IntRange(0, 2).Draw(rt, "epoch")
				got, err := w.counter.Redeem(w.code(func(x *ticket.Ticket) { x.ID, x.Station, x.Epoch = n, station, epoch }), now, Options{})
				if err == nil && got.HandsOver() && !got.Final {
					verdict := server(got)
					if rapid.Bool().Draw(rt, "answer is lost") {
						break
					}
					got, err = w.counter.Confirm(got, verdict)
				}
				if err == nil && got.HandsOver() {
					handed[n], taken[n] = handed[n]+1, true
				}
			case "list":
				if got, err := w.counter.RedeemTicket(n, now, Options{}); err == nil && got.HandsOver() {
					handed[n], taken[n] = handed[n]+1, true
				}
			case "door":
				_, _ = w.counter.CheckIn(w.code(func(x *ticket.Ticket) { x.ID, x.Activity = n, diyNumber }), now, Options{Out: rapid.Bool().Draw(rt, "out")})
			case "restart":
				w.restart(w.store.(*memory.Store).Reopen())
			case "sync":
				if queue, _ := w.store.Queue(); len(queue) > 0 {
					w.answer()
				}
			case "row":
				w.bound(n, op.ClaimState(rapid.IntRange(1, 9).Draw(rt, "state")), rapid.IntRange(0, 2).Draw(rt, "epoch"))
			case "fail":
				w.outbox.fail = map[bool]error{true: local.ErrFull}[w.outbox.fail == nil]
			case "clock":
				now = now.Add(time.Duration(rapid.IntRange(-100, 100).Draw(rt, "minutes")) * time.Minute)
				if rapid.Bool().Draw(rt, "confirm") {
					if err := w.counter.ConfirmClock(); err != nil {
						rt.Fatal(err)
					}
				}
			case "net":
				w.status.Online = !w.status.Online
			}
			if handed[n] > 1 {
				rt.Fatalf("ticket %d handed over %d times", n, handed[n])
			}
		}
	})
}

// BenchmarkScan is one hand-over at a counter without a network: from the scanned
// code to the verdict, with the record on disk, among 300,000 rows: 20,000 tickets of
// the station, 140,000 people on check-in lists and their names, 300 stations and 500
// activities. fsync-p99-ms is the disk's own share, of 4 KiB at the end of a file.
func BenchmarkScan(b *testing.B) {
	dir := b.TempDir()
	store, err := sqlite.Open(filepath.Join(dir, "device.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	w := newWorld(b, store)
	w.fill(300_000)
	codes := make([]string, 2000)
	for i := range codes {
		codes[i] = w.code(func(x *ticket.Ticket) { x.ID = id.Ticket(1000 + i*9) })
	}
	disk := fsyncs(b, filepath.Join(dir, "fsync"), 200)
	var waits []time.Duration
	spent := cpu(b)
	for b.Loop() {
		i := len(waits)
		began := time.Now()
		got, err := w.counter.Redeem(codes[i%len(codes)], noon, Options{})
		waits = append(waits, time.Since(began))
		if want := map[bool]fault.Verdict{true: fault.Valid, false: fault.AlreadyRedeemed}[i < len(codes)]; err != nil || got.Verdict != want {
			b.Fatalf("scan %d: %v, %v", i, got.Verdict, err)
		}
	}
	b.ReportMetric(float64(cpu(b)-spent)/float64(len(waits)), "cpu-ns/op")
	for name, all := range map[string][]time.Duration{"": waits, "fsync-": disk} {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, name+"p50-ms")
		b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, name+"p99-ms")
	}
}

// cpu is the processor time of this process, which other programs change little.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// fill gives the counter n rows beside its own.
func (w *world) fill(n int) {
	w.Helper()
	w.seq++
	var rows []local.Row
	put := func(scope, table, key string, row any) {
		body, err := wire.EncodeRow(row)
		if err != nil {
			w.Fatal(err)
		}
		rows = append(rows, local.Row{Scope: scope, Table: table, ID: key, Seq: w.seq, Body: body})
	}
	for i := range 300 {
		put("public", wire.TableStation, "S"+strconv.Itoa(i), wire.StationRow{ID: id.Station("S" + strconv.Itoa(i)), Number: uint32(1000 + i)})
	}
	for i := range 500 {
		put("public", wire.TableActivity, "a"+strconv.Itoa(i), wire.ActivityRow{ID: id.Activity("a" + strconv.Itoa(i)), Number: uint32(1000 + i), Spec: []byte(spa)})
	}
	for i := range 20_000 {
		x := id.Ticket(1000 + i)
		put("station/HQ", wire.TableTicket, strconv.Itoa(1000+i), wire.TicketRow{Ticket: x, Activity: "spa", Pool: "seats", Seats: 2, State: op.ClaimGranted, Epoch: 1, Station: "HQ", Sealed: make([]byte, 93)})
	}
	for i := 0; len(rows) < n; i++ {
		m, x := id.Member(fmt.Sprintf("m%016x", i*2654435761)), id.Ticket(100_000+i)
		put("door", wire.TableDoor, strconv.Itoa(int(x)), wire.DoorRow{Ticket: x, Activity: "diy", Pool: "s1", Member: m, Seats: 1, State: op.ClaimGranted})
		put("guests", wire.TableGuest, strconv.Itoa(int(x)), wire.GuestRow{Ticket: x, Member: m, Name: "李*华", Initials: []string{"LXH"}, Mark: []byte{byte(i)}})
	}
	if err := w.store.Apply(local.Checkpoint{To: w.seq, Rows: rows, Take: []string{"public", "station/HQ", "door", "guests"}, Staged: true}); err != nil {
		w.Fatal(err)
	}
}

// fsyncs measures n appends of 4 KiB to a file.
func fsyncs(b *testing.B, path string, n int) (all []time.Duration) {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	for range n {
		began := time.Now()
		_, err := f.Write(make([]byte, 4096))
		if err = errors.Join(err, f.Sync()); err != nil {
			b.Fatal(err)
		}
		all = append(all, time.Since(began))
	}
	return all
}
