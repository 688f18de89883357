package sqlite

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"yizhan/core/local/disk"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/journal/journaltest"
)

// everywhere is for make crash; without it a few of all crash points are tried.
var everywhere = flag.Bool("everywhere", false, "crash at every single operation of the disk")

const stride = 37

func newDisk(t testing.TB) *disk.Disk {
	t.Helper()
	d, err := disk.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func openOn(t testing.TB, d *disk.Disk) *Journal {
	t.Helper()
	j, err := OpenOn(d.VFS(), "journal.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func TestContractOnDisk(t *testing.T) {
	journaltest.Run(t, func(t testing.TB) journaltest.Open {
		d := newDisk(t)
		return func() (journal.Journal, error) { return OpenOn(d.VFS(), "journal ?%41.db") }
	})
}

// day makes the batches of a day: mostly some claims, now and then an import.
func day(n int) (batches []journal.Batch) {
	head := journal.Empty
	for range n {
		r := rand.New(rand.NewPCG(2, head.Number))
		size := 5 + r.IntN(1500)
		if head.Number%40 == 39 {
			size = 5 + r.IntN(100<<10)
		}
		body := make([]byte, size)
		for i := range body {
			body[i] = byte(r.Uint32())
		}
		b := head.Batch(1+r.IntN(4), body)
		batches, head = append(batches, b), journal.Behind(b)
	}
	return batches
}

// surviving gives three ways in which a power cut treats what was not synced:
// nothing is left, everything (as after a kill), or any mixture.
func surviving(n int) []func() bool {
	random := rand.New(rand.NewPCG(uint64(n), 1))
	return []func() bool{
		func() bool { return false },
		func() bool { return true },
		func() bool { return random.IntN(2) == 0 },
	}
}

// holds says what is wrong with a journal that should hold these batches, or one less.
func holds(j journal.Journal, batches []journal.Batch, least int) error {
	head, err := j.Head()
	if err != nil {
		return err
	}
	if n := int(head.Number); n < least || n > len(batches) {
		return fmt.Errorf("the journal ends with batch %d, want %d to %d", n, least, len(batches))
	}
	return j.Read(1, func(b journal.Batch) error {
		if want := batches[b.Number-1]; b.Hash != want.Hash || !bytes.Equal(b.Body, want.Body) {
			return fmt.Errorf("batch %d is another one", b.Number)
		}
		return nil
	})
}

// survived opens what a power cut leaves. Behind the batches that were reported as
// durable, the one that was being written may be there, whole.
func survived(d *disk.Disk, keep func() bool, batches []journal.Batch, least int) error {
	left, err := d.Fork(keep)
	if err != nil {
		return err
	}
	defer left.Close()
	j, err := OpenOn(left.VFS(), "journal.db")
	if err != nil {
		return err
	}
	err = holds(j, batches, least)
	if err == nil {
		err = goesOn(j)
	}
	return errors.Join(err, j.Close())
}

// goesOn appends to a journal that was opened after a power cut.
func goesOn(j journal.Journal) error {
	head, err := j.Head()
	if err != nil {
		return err
	}
	return j.Append(head.Number, head.Batch(1, []byte("after the power cut")))
}

// checked has Check read every byte of what a kill leaves: a batch that was being
// written is no damage.
func checked(t *testing.T, d *disk.Disk, least int) error {
	left, err := d.Fork(func() bool { return true })
	if err != nil {
		return err
	}
	defer left.Close()
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for name, content := range left.Files() {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	r, err := Check(filepath.Join(dir, "journal.db"))
	if err == nil && int(r.Head.Number) < least {
		err = fmt.Errorf("Check sees batch %d as the last", r.Head.Number)
	}
	return err
}

// TestCrashAnywhere cuts the power before every write and sync of 500 appends and
// opens what is left.
func TestCrashAnywhere(t *testing.T) {
	d := newDisk(t)
	j := openOn(t, d)
	batches := day(500)
	least, begun, cuts, points := 0, 0, 0, 0
	check := func(o disk.Op) {
		for i, keep := range surviving(o.N) {
			cuts++
			if err := survived(d, keep, batches[:begun], least); err != nil {
				t.Errorf("power cut %d with batch %d under way, before %s of %s at %d: %v", i, begun, o.Kind, o.File, o.At, err)
			}
		}
		if err := checked(t, d, least); err != nil {
			t.Errorf("kill with batch %d under way, before %s of %s at %d: %v", begun, o.Kind, o.File, o.At, err)
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
	for i, b := range batches {
		begun = i + 1
		if err := j.Append(uint64(i), b); err != nil {
			t.Fatal(err)
		}
		if least = begun; t.Failed() {
			t.FailNow()
		}
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	d.Plan(nil)
	t.Logf("%d power cuts at %d operations of the disk", cuts, points)
}

// TestCrashWhileRecovering cuts the power again while a journal is opened after a power cut.
func TestCrashWhileRecovering(t *testing.T) {
	d := newDisk(t)
	j := openOn(t, d)
	batches := day(100)
	for i, b := range batches {
		if err := j.Append(uint64(i), b); err != nil {
			t.Fatal(err)
		}
	}
	points := 0
	left, err := d.Fork(surviving(0)[2])
	if err != nil {
		t.Fatal(err)
	}
	defer left.Close()
	left.Plan(func(o disk.Op) disk.Fault {
		if o.Kind == disk.Read {
			return disk.None
		}
		points++
		for i, keep := range surviving(o.N) {
			if err := survived(left, keep, batches, len(batches)); err != nil {
				t.Errorf("power cut %d before operation %d of recovering: %v", i, o.N, err)
			}
		}
		return disk.None
	})
	again, err := OpenOn(left.VFS(), "journal.db")
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	left.Plan(nil)
	t.Logf("%d operations while recovering", points)
}

// TestFirstStartIsCut cuts the power before every operation of the first start.
func TestFirstStartIsCut(t *testing.T) {
	d := newDisk(t)
	d.Plan(func(o disk.Op) disk.Fault {
		for i, keep := range surviving(o.N) {
			if err := survived(d, keep, nil, 0); err != nil && o.Kind != disk.Read {
				t.Errorf("power cut %d before operation %d of the first start: %v", i, o.N, err)
			}
		}
		return disk.None
	})
	openOn(t, d)
	d.Plan(nil)
}

// TestDiskFaults has operations of a day fail in their forms. After a fatal error
// the server ends and opens the journal again, as after a kill; after another one
// the same handle goes on.
func TestDiskFaults(t *testing.T) {
	for _, fault := range []disk.Fault{disk.Fail, disk.FailDone, disk.Torn, disk.Full} {
		t.Run(fault.String(), func(t *testing.T) {
			d, random := newDisk(t), rand.New(rand.NewPCG(3, uint64(fault)))
			j := openOn(t, d)
			batches := day(200)
			failures := 0
			for n := 0; n < len(batches); {
				at := random.IntN(20)
				d.Plan(func(o disk.Op) disk.Fault {
					if at--; at == 0 && (fault == disk.Fail || fault == disk.FailDone || o.Kind == disk.Write) {
						return fault
					}
					return disk.None
				})
				err := j.Append(uint64(n), batches[n])
				d.Plan(nil)
				switch {
				case err == nil:
					n++
				case journal.Fatal(err):
					failures++
					n = reopened(t, d, &j, batches, n)
				case errors.Is(err, journal.ErrFull):
					failures++
				default:
					t.Fatalf("append batch %d: %v", n+1, err)
				}
				if err := survived(d, func() bool { return false }, batches[:n], n); err != nil {
					t.Fatalf("%d batches were durable, and a power cut undoes one: %v", n, err)
				}
			}
			if failures == 0 {
				t.Error("nothing ever failed")
			}
			t.Logf("%d appends failed", failures)
		})
	}
}

// reopened ends the handle as a process that ends does, and gives how many batches are there.
func reopened(t *testing.T, d *disk.Disk, j **Journal, batches []journal.Batch, n int) int {
	t.Helper()
	d.Kill()
	(*j).Close() // its files are gone from under it
	*j = openOn(t, d)
	if err := holds(*j, batches[:n+1], n); err != nil {
		t.Fatal(err)
	}
	head, err := (*j).Head()
	if err != nil {
		t.Fatal(err)
	}
	return int(head.Number)
}

// TestLyingDisk shows that a journal which did not sync would be found out.
func TestLyingDisk(t *testing.T) {
	d := newDisk(t)
	j := openOn(t, d)
	d.Plan(func(o disk.Op) disk.Fault {
		if o.Kind == disk.Sync {
			return disk.Lie
		}
		return disk.None
	})
	batches := day(1)
	if err := j.Append(0, batches[0]); err != nil {
		t.Fatal(err)
	}
	if survived(d, func() bool { return false }, batches, 1) == nil {
		t.Error("a batch that was never synced survived a power cut")
	}
}
