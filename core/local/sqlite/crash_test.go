package sqlite

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"yizhan/core/local"
	"yizhan/core/local/disk"
	"yizhan/core/local/localtest"
	"yizhan/core/local/memory"
	"yizhan/core/scope"
)

// everywhere is for make crash; without it a few of all crash points are tried.
var everywhere = flag.Bool("everywhere", false, "crash at every single operation of the disk")

const stride = 41

func newDisk(t testing.TB) *disk.Disk {
	t.Helper()
	d, err := disk.New()
	must(t, err)
	t.Cleanup(d.Close)
	return d
}

func openOn(t testing.TB, d *disk.Disk) *Store {
	t.Helper()
	s, err := OpenOn(d.VFS(), "device.db")
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestContractOnDisk(t *testing.T) {
	localtest.Run(t, func(t *testing.T) localtest.Open {
		d := newDisk(t)
		return func() (local.Store, error) { return OpenOn(d.VFS(), "device ?%41.db") }
	})
}

// change is one step of a workload: what is asked of a store.
type change struct {
	what string
	do   func(local.Store) error
}

// workload makes n changes of every kind, as a busy device's day has them.
func workload(n int) []change {
	random := rand.New(rand.NewPCG(1, 0))
	var all []change
	last, answered, acked, cursor := uint64(0), uint64(0), uint64(0), uint64(0)
	scopes := []string{"", "fleet", "public", "org"}
	some := func(often int) (names []string) {
		for _, name := range scopes[1:] {
			if random.IntN(often) == 0 {
				names = append(names, name)
			}
		}
		return names
	}
	row := func(seq uint64) local.Row {
		return local.Row{Scope: scopes[random.IntN(4)], Table: []string{"claim", "door", "ticket"}[random.IntN(3)], ID: fmt.Sprint(random.IntN(60)), Seq: seq,
			Body: bytes.Repeat([]byte{byte(seq)}, random.IntN(400))}
	}
	for len(all) < n {
		switch roll := random.IntN(20); {
		case roll < 9 || last == 0:
			last++
			q, used := localtest.Op(last), local.Row{Table: "used", ID: fmt.Sprint(random.IntN(50)), Body: fmt.Append(nil, last)}
			all = append(all, change{fmt.Sprintf("append op %d", q.Seq), func(s local.Store) error { return s.Append(q, used) }})
		case roll < 13 && answered < last:
			results := map[uint64][]byte{}
			for range 1 + random.IntN(int(last-answered)) {
				answered++
				results[answered] = fmt.Append(nil, "result ", answered)
			}
			all = append(all, change{fmt.Sprintf("answer up to op %d", answered), func(s local.Store) error { return s.Answer(results) }})
		case roll < 15:
			c := local.Chunk{Fresh: some(6), Gone: []local.Row{row(cursor + 1)}}
			for range random.IntN(20) {
				c.Rows = append(c.Rows, row(cursor+1))
			}
			all = append(all, change{"stage rows", func(s local.Store) error { return s.Stage(c) }})
		case roll < 19:
			cursor += 1 + uint64(random.IntN(5))
			acked = min(last, acked+uint64(random.IntN(4)))
			c := local.Checkpoint{To: cursor, Acked: acked, Take: some(4), Drop: some(12), Fresh: some(12), Staged: random.IntN(2) == 0}
			for range random.IntN(12) {
				c.Rows = append(c.Rows, row(cursor))
			}
			if random.IntN(4) == 0 {
				c.Gone = append(c.Gone, row(0))
			}
			if random.IntN(30) == 0 {
				c.Reset = true
			}
			for _, name := range some(8) {
				c.Replace = append(c.Replace, local.Bucket{Scope: name, Number: scope.Bucket("door", fmt.Sprint(random.IntN(60)))})
			}
			all = append(all, change{fmt.Sprintf("apply checkpoint %d", c.To), func(s local.Store) error { return s.Apply(c) }})
		default:
			value := map[string][]byte{"clock": fmt.Append(nil, len(all)), "gone": nil}
			all = append(all, change{"set meta", func(s local.Store) error { return s.SetMeta(value) }})
		}
	}
	return all
}

// dump writes out all that a store holds.
func dump(s local.Store) (string, error) {
	var b strings.Builder
	state, err := s.State()
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&b, "%d %d %x\n", state.Cursor, state.Last, state.Hash)
	queue, err := s.Queue()
	if err != nil {
		return "", err
	}
	for _, q := range queue {
		fmt.Fprintf(&b, "op %d %x %s %d %s\n", q.Seq, q.Hash, q.Bytes, q.At, q.Result)
	}
	for _, table := range []string{"claim", "door", "ticket", "used"} {
		rows, err := s.Rows(table)
		if err != nil {
			return "", err
		}
		for _, r := range rows {
			fmt.Fprintf(&b, "%s %s of %q %d %s\n", table, r.ID, r.Scope, r.Seq, hex.EncodeToString(r.Body))
		}
	}
	held, err := s.Held()
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&b, "%+v\n", held)
	sums, err := s.Sums()
	if err != nil {
		return "", err
	}
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(&b, "%s %x\n", name, sums[name].Total())
	}
	for _, key := range []string{"clock", "gone"} {
		value, err := s.Meta(key)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "meta %s %s\n", key, value)
	}
	return b.String(), nil
}

// surviving gives three ways in which a power cut treats what was not synced:
// nothing is left, everything, or any mixture.
func surviving(n int) []func() bool {
	random := rand.New(rand.NewPCG(uint64(n), 1))
	return []func() bool{
		func() bool { return false },
		func() bool { return true },
		func() bool { return random.IntN(2) == 0 },
	}
}

// TestCrashAnywhere cuts the power before every write and sync of a workload and
// opens what is left: everything that was reported as done is there, what was not
// is there whole or not at all.
func TestCrashAnywhere(t *testing.T) {
	d, model := newDisk(t), memory.New()
	s := openOn(t, d)
	changes := workload(500)
	before, err := dump(model)
	must(t, err)
	after, doing, cuts, points := before, "open", 0, 0
	check := func(o disk.Op) {
		for i, keep := range surviving(o.N) {
			cuts++
			if err := survived(d, keep, before, after); err != nil {
				t.Errorf("power cut %d while doing %q, before %s of %s at %d: %v", i, doing, o.Kind, o.File, o.At, err)
			}
		}
	}
	d.Plan(func(o disk.Op) disk.Fault {
		if o.Kind != disk.Read {
			points++
			if *everywhere || o.N%stride == 0 {
				check(o)
			}
		}
		return disk.None
	})
	for _, c := range changes {
		must(t, c.do(model))
		after, err = dump(model)
		must(t, err)
		doing = c.what
		if err := c.do(s); err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		before = after
		if t.Failed() {
			t.FailNow()
		}
	}
	doing = "close"
	must(t, s.Close())
	d.Plan(nil)
	t.Logf("%d power cuts at %d operations of the disk", cuts, points)
}

// survived opens what a power cut leaves and compares it with the two states that may be.
func survived(d *disk.Disk, keep func() bool, before, after string) error {
	left, err := d.Fork(keep)
	if err != nil {
		return err
	}
	defer left.Close()
	s, err := OpenOn(left.VFS(), "device.db")
	if err != nil {
		return err
	}
	found, err := dump(s)
	err = errors.Join(err, s.Close())
	if err == nil && found != before && found != after {
		err = fmt.Errorf("found\n%s\nwant\n%s\nor\n%s", found, before, after)
	}
	return err
}

// TestCrashWhileRecovering cuts the power again while a store is opened after a
// power cut: the second opening finds what the first one would have found.
func TestCrashWhileRecovering(t *testing.T) {
	d, model := newDisk(t), memory.New()
	s := openOn(t, d)
	for _, c := range workload(120) {
		must(t, c.do(model))
		must(t, c.do(s))
	}
	want, err := dump(model)
	must(t, err)
	for n := 1; ; n++ {
		left, err := d.Fork(func() bool { return true })
		must(t, err)
		left.Plan(func(o disk.Op) disk.Fault {
			if o.Kind != disk.Read && o.N == n {
				return disk.Cut
			}
			return disk.None
		})
		again, err := OpenOn(left.VFS(), "device.db")
		if err == nil {
			err = again.Close()
		}
		reached := left.Operations() >= n
		left.Plan(nil)
		left.Restart(surviving(n)[2])
		if failed := survived(left, surviving(n)[0], want, want); failed != nil {
			t.Fatalf("power cut at operation %d of recovering (%v): %v", n, err, failed)
		}
		left.Close()
		if !reached {
			t.Logf("%d operations while recovering", n-1)
			return
		}
	}
}

// TestLyingDisk shows that a store which did not sync would be found out.
func TestLyingDisk(t *testing.T) {
	d := newDisk(t)
	s := openOn(t, d)
	d.Plan(func(o disk.Op) disk.Fault {
		if o.Kind == disk.Sync {
			return disk.Lie
		}
		return disk.None
	})
	must(t, s.Append(localtest.Op(1)))
	now, err := dump(s)
	must(t, err)
	if survived(d, func() bool { return false }, now, now) == nil {
		t.Error("an op that was never synced survived a power cut")
	}
}

// TestFirstStartIsCut cuts the power before every operation of the first start.
func TestFirstStartIsCut(t *testing.T) {
	empty, err := dump(memory.New())
	must(t, err)
	d := newDisk(t)
	d.Plan(func(o disk.Op) disk.Fault {
		for i, keep := range surviving(o.N) {
			if err := survived(d, keep, empty, empty); err != nil && o.Kind != disk.Read {
				t.Errorf("power cut %d before operation %d of the first start: %v", i, o.N, err)
			}
		}
		return disk.None
	})
	openOn(t, d)
	d.Plan(nil)
}

// TestDiskFaults has each operation of a workload fail in its forms: what the store
// reports as done is there, what it reports as failed is there whole or not at all,
// and as soon as the disk is well again, the store works, opened anew or not.
func TestDiskFaults(t *testing.T) {
	for _, fault := range []disk.Fault{disk.Fail, disk.FailDone, disk.Torn, disk.Full} {
		t.Run(fault.String(), func(t *testing.T) {
			d, random := newDisk(t), rand.New(rand.NewPCG(7, uint64(fault)))
			s := openOn(t, d)
			model := memory.New()
			failures := 0
			for _, c := range workload(150) {
				at := random.IntN(30)
				d.Plan(func(o disk.Op) disk.Fault {
					if at--; at == 0 && (fault == disk.Fail || fault == disk.FailDone || o.Kind == disk.Write) {
						return fault
					}
					return disk.None
				})
				err := c.do(s)
				d.Plan(nil)
				if err != nil {
					if failures++; failures%2 == 0 { // the program is ended and started again
						d.Kill()
						_ = s.Close()
						s = openOn(t, d)
					}
					if fault == disk.Full && !errors.Is(err, local.ErrFull) {
						t.Fatalf("%s on a full disk: %v", c.what, err)
					}
				}
				settle(t, s, d, c, err, model)
			}
			if failures == 0 {
				t.Error("nothing ever failed")
			}
			t.Logf("%d of 150 changes failed", failures)
		})
	}
}

// settle checks what a change left, and repeats it if it was not done.
func settle(t *testing.T, s *Store, d *disk.Disk, c change, failed error, model local.Store) {
	t.Helper()
	before, err := dump(model)
	must(t, err)
	must(t, c.do(model))
	want, err := dump(model)
	must(t, err)
	now, err := dump(s)
	must(t, err)
	if failed != nil && now == before {
		if err := c.do(s); err != nil {
			t.Fatalf("%s again, on a disk that is well: %v (it had failed: %v)", c.what, err, failed)
		}
		now, err = dump(s)
		must(t, err)
	}
	if now != want {
		t.Fatalf("%s (%v) left\n%s\nwant\n%s", c.what, failed, now, want)
	}
	if err := survived(d, func() bool { return false }, now, now); err != nil {
		t.Fatalf("%s (%v) was done, and a power cut undoes it: %v", c.what, failed, err)
	}
}
