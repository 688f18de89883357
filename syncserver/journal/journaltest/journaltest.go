// Package journaltest is the contract that every journal engine keeps.
package journaltest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"yizhan/core/op"
	"yizhan/syncserver/journal"
)

// Open opens one more handle on the same stored journal. An engine that allows
// only one writer at a time answers journal.ErrLocked.
type Open func() (journal.Journal, error)

// Run checks an engine. fresh makes an empty stored journal for each test.
func Run(t *testing.T, fresh func(testing.TB) Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"Empty", testEmpty},
		{"AppendAndRead", testAppendAndRead},
		{"Reopen", testReopen},
		{"Refusals", testRefusals},
		{"Fencing", testFencing},
		{"ReaderStops", testReaderStops},
		{"ReadersWhileAppending", testReadersWhileAppending},
		{"BodiesAreCopies", testBodiesAreCopies},
		{"Closed", testClosed},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, fresh(t)) })
	}
}

// Fill appends n batches of varied sizes and returns the head.
func Fill(t testing.TB, j journal.Journal, n int) journal.Head {
	t.Helper()
	head := headOf(t, j)
	for range n {
		b := head.Batch(1+int(head.Number%5), Body(head.Number+1))
		if err := j.Append(head.Number, b); err != nil {
			t.Fatalf("append batch %d: %v", b.Number, err)
		}
		head = journal.Behind(b)
	}
	return head
}

// Body makes the body that Fill gives to a batch: 16 bytes to 40 KiB, and the
// largest that is allowed for every 16th.
func Body(number uint64) []byte {
	size := 16 + int(number*number*7919%(40<<10))
	if number%16 == 0 {
		size = op.MaxBatch
	}
	unit := fmt.Appendf(nil, "batch %d;", number)
	return bytes.Repeat(unit, size/len(unit)+1)[:size]
}

func headOf(t testing.TB, j journal.Journal) journal.Head {
	t.Helper()
	head, err := j.Head()
	if err != nil {
		t.Fatalf("head: %v", err)
	}
	return head
}

func mustOpen(t *testing.T, open Open) journal.Journal {
	t.Helper()
	j, err := open()
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

// expect reads from a number and checks every batch up to head.
func expect(t *testing.T, j journal.Journal, from uint64, head journal.Head) {
	t.Helper()
	next := max(from, 1)
	last := journal.Empty
	err := j.Read(from, func(b journal.Batch) error {
		if b.Number != next {
			return fmt.Errorf("got batch %d, want %d", b.Number, next)
		}
		if !bytes.Equal(b.Body, Body(b.Number)) {
			return fmt.Errorf("batch %d has another body", b.Number)
		}
		next, last = next+1, journal.Behind(b)
		return nil
	})
	if err != nil {
		t.Fatalf("read from %d: %v", from, err)
	}
	if next > max(from, 1) && last != head || next != max(head.Number+1, from, 1) {
		t.Fatalf("read from %d ended before batch %d at %+v, want %+v", from, next, last, head)
	}
}

func testEmpty(t *testing.T, open Open) {
	j := mustOpen(t, open)
	if head := headOf(t, j); head != journal.Empty {
		t.Fatalf("head of an empty journal = %+v", head)
	}
	expect(t, j, 0, journal.Empty)
	expect(t, j, 9, journal.Empty)
}

func testAppendAndRead(t *testing.T, open Open) {
	j := mustOpen(t, open)
	head := Fill(t, j, 40)
	if got := headOf(t, j); got != head {
		t.Fatalf("head = %+v, want %+v", got, head)
	}
	for _, from := range []uint64{0, 1, 2, 16, 40, 41, 1000} {
		expect(t, j, from, head)
	}
}

func testReopen(t *testing.T, open Open) {
	head := journal.Empty
	for range 3 {
		j := mustOpen(t, open)
		if got := headOf(t, j); got != head {
			t.Fatalf("head after opening again = %+v, want %+v", got, head)
		}
		head = Fill(t, j, 7)
		expect(t, j, 0, head)
		if err := j.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
	}
}

func testRefusals(t *testing.T, open Open) {
	j := mustOpen(t, open)
	head := Fill(t, j, 3)
	good := head.Batch(1, []byte("good"))
	with := func(change func(*journal.Batch)) journal.Batch {
		b := good
		change(&b)
		b.Hash = journal.Link(head.Hash, b)
		return b
	}
	wrongHash := good
	wrongHash.Hash[31] ^= 1
	for _, c := range []struct {
		name  string
		after uint64
		batch journal.Batch
		want  error
	}{
		{"behind an older batch", 2, good, journal.ErrFenced},
		{"behind a batch to come", 4, good, journal.ErrFenced},
		{"behind nothing", 0, good, journal.ErrFenced},
		{"too large", 3, head.Batch(1, make([]byte, op.MaxBatch+1)), journal.ErrTooLarge},
		{"number repeated", 3, with(func(b *journal.Batch) { b.Number = 3 }), journal.ErrInvalid},
		{"number skipped", 3, with(func(b *journal.Batch) { b.Number = 5 }), journal.ErrInvalid},
		{"first repeated", 3, with(func(b *journal.Batch) { b.First-- }), journal.ErrInvalid},
		{"first skipped", 3, with(func(b *journal.Batch) { b.First++ }), journal.ErrInvalid},
		{"no entries", 3, with(func(b *journal.Batch) { b.Count = 0 }), journal.ErrInvalid},
		{"fewer than no entries", 3, with(func(b *journal.Batch) { b.Count = -1 }), journal.ErrInvalid},
		{"more entries than bytes", 3, with(func(b *journal.Batch) { b.Count = 5 }), journal.ErrInvalid},
		{"no body", 3, with(func(b *journal.Batch) { b.Body = nil }), journal.ErrInvalid},
		{"wrong hash", 3, wrongHash, journal.ErrInvalid},
	} {
		if err := j.Append(c.after, c.batch); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		} else if journal.Fatal(err) {
			t.Errorf("%s: a refusal must not end the process", c.name)
		}
	}
	expect(t, j, 0, head)
	Fill(t, j, 1)
}

func testFencing(t *testing.T, open Open) {
	a := mustOpen(t, open)
	head := Fill(t, a, 2)
	b, err := open()
	if errors.Is(err, journal.ErrLocked) {
		Fill(t, a, 1) // refusing the second handle must not harm the first
		return
	}
	if err != nil {
		t.Fatalf("open a second handle: %v", err)
	}
	defer b.Close()
	later := Fill(t, b, 1)
	if err := a.Append(head.Number, head.Batch(1, []byte("late"))); !errors.Is(err, journal.ErrFenced) {
		t.Fatalf("append of the slower writer: %v, want %v", err, journal.ErrFenced)
	}
	expect(t, a, 0, later)
}

func testReaderStops(t *testing.T, open Open) {
	j := mustOpen(t, open)
	Fill(t, j, 5)
	stop, seen := errors.New("stop"), 0
	err := j.Read(2, func(journal.Batch) error {
		if seen++; seen == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || seen != 2 {
		t.Fatalf("read gave %v after %d batches, want %v after 2", err, seen, stop)
	}
	Fill(t, j, 1)
}

func testReadersWhileAppending(t *testing.T, open Open) {
	j := mustOpen(t, open)
	Fill(t, j, 10)
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 3 {
		wg.Go(func() {
			for running := true; running; {
				select {
				case <-done:
					running = false
				default:
				}
				atLeast, err := j.Head()
				if err != nil {
					t.Errorf("head: %v", err)
					return
				}
				head := journal.Empty
				err = j.Read(1, func(b journal.Batch) error {
					if err := head.Follows(b); err != nil {
						return err
					}
					head = journal.Behind(b)
					return nil
				})
				if err != nil || head.Number < atLeast.Number {
					t.Errorf("read ended at batch %d, want at least %d: %v", head.Number, atLeast.Number, err)
					return
				}
			}
		})
	}
	head := Fill(t, j, 60)
	close(done)
	wg.Wait()
	expect(t, j, 0, head)
}

func testBodiesAreCopies(t *testing.T, open Open) {
	j := mustOpen(t, open)
	head := headOf(t, j)
	body := Body(1)
	b := head.Batch(1, body)
	if err := j.Append(0, b); err != nil {
		t.Fatal(err)
	}
	clear(body)
	expect(t, j, 0, journal.Behind(b))
	if err := j.Read(0, func(b journal.Batch) error { clear(b.Body); return nil }); err != nil {
		t.Fatal(err)
	}
	expect(t, j, 0, journal.Behind(b))
}

func testClosed(t *testing.T, open Open) {
	j := mustOpen(t, open)
	head := Fill(t, j, 1)
	if err := j.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	if err := j.Append(head.Number, head.Batch(1, []byte("x"))); err == nil {
		t.Error("append after close was accepted")
	}
	if err := j.Read(0, func(journal.Batch) error { return nil }); err == nil {
		t.Error("read after close was accepted")
	}
	if err := j.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}
