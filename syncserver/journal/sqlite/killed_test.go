package sqlite

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"yizhan/syncserver/journal"
)

// TestMain lets a test start this binary again as a server that may be killed.
func TestMain(m *testing.M) {
	if path := os.Getenv("JOURNAL_TEST_SERVER"); path != "" {
		serve(path)
	}
	os.Exit(m.Run())
}

// serve appends for ever, and says each number once it is durable.
func serve(path string) {
	j, err := Open(path)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	head, _ := j.Head()
	for {
		b := mixed(head)
		if err := j.Append(head.Number, b); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		head = journal.Behind(b)
		fmt.Println(head.Number)
	}
}

// alone skips a test that takes minutes under the race detector and has nothing for it.
func alone(t *testing.T) {
	if testing.Short() {
		t.Skip("reads damaged bytes in one goroutine, so that the race detector has nothing to find; run without -short")
	}
}

// server runs serve in another process until stop kills it.
func server(t *testing.T, path string) (said *bufio.Scanner, stop func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "JOURNAL_TEST_SERVER="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cmd.Process.Kill()
			cmd.Wait()
		}
	}
	t.Cleanup(stop)
	return bufio.NewScanner(out), stop
}

// TestKilledServer kills a server at various moments, again and again on one
// journal: nothing that it said was durable is lost, and Check is content.
func TestKilledServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	for round := range 8 {
		said, stop := server(t, path)
		var last uint64
		for range 1 + round*37 {
			if !said.Scan() {
				t.Fatal("the server ended by itself")
			}
			if _, err := fmt.Sscan(said.Text(), &last); err != nil {
				t.Fatalf("the server said %q", said.Text())
			}
		}
		stop()
		r, err := Check(path)
		if err != nil || r.Head.Number < last {
			t.Fatalf("round %d: %v; the journal ends with batch %d and batch %d was durable", round, err, r.Head.Number, last)
		}
		reader, err := OpenReadOnly(path)
		if err != nil {
			t.Fatal(err)
		}
		if head, err := reader.Head(); err != nil || head != r.Head {
			t.Fatalf("SQLite reads head %+v, %v; Check %+v", head, err, r.Head)
		}
		reader.Close()
	}
}

func TestCheckWhileServerRuns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	said, stop := server(t, path)
	for range 20 {
		if !said.Scan() {
			t.Fatal("the server ended by itself")
		}
		var before uint64
		if _, err := fmt.Sscan(said.Text(), &before); err != nil {
			t.Fatalf("the server said %q", said.Text())
		}
		if r, err := Check(path); err != nil || r.Head.Number < before {
			t.Fatalf("beside a running server: batch %d of %d, %v", r.Head.Number, before, err)
		}
	}
	stop()
	if _, err := Check(path); err != nil {
		t.Fatal(err)
	}
}

// unfinished gives a journal of which a part is in the file and the rest, in
// pages that are in both, only in the log.
func unfinished(t *testing.T, before int) (file, log []byte, head journal.Head) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.db")
	j := mustOpen(t, path)
	fillMixed(t, j, before)
	if done, err := truncate(context.Background(), j.conn); !done || err != nil {
		t.Fatalf("checkpoint: %v", err)
	}
	for range 12 {
		head, _ = j.Head()
		b := head.Batch(2, bytes.Repeat([]byte("late"), int(head.Number%4)*1500+2))
		if err := j.Append(head.Number, b); err != nil {
			t.Fatal(err)
		}
		head = journal.Behind(b)
	}
	copied := copyOf(t, path)
	r, err := Check(copied)
	if err != nil || r.Head != head || r.Frames < 12 {
		t.Fatalf("the untouched copy: %+v, %v; want head %+v", r, err, head)
	}
	return mustRead(t, copied), mustRead(t, copied+"-wal"), head
}

func TestCheckCoversTheLog(t *testing.T) {
	alone(t)
	file, log, head := unfinished(t, 12)
	fresh := mustPage1(t)
	if got, found := inMemory(file, log, fresh); got != head || len(found) > 0 {
		t.Fatalf("untouched: %+v %v", got, found)
	}
	frame := frameHead + len(fresh)
	for offset := range log {
		inFrame := (offset - walHead) % frame
		if offset >= walHead && inFrame >= frameHead && inFrame%611 != 0 {
			continue
		}
		for bit := range 8 {
			if lastFrame := len(log)-offset <= frame; offset > 2*frame && !lastFrame && bit != offset%8 {
				continue
			}
			log[offset] ^= 1 << bit
			if _, found := inMemory(file, log, fresh); len(found) == 0 {
				t.Errorf("bit %d of byte %d of the log (frame %d, byte %d) is not found", bit, offset, (offset-walHead)/frame+1, inFrame)
			}
			log[offset] ^= 1 << bit
		}
	}
}

func TestCheckCoversTheFileBelowTheLog(t *testing.T) {
	alone(t)
	for _, before := range []int{0, 1, 3, 12, 30} {
		t.Run(fmt.Sprint(before), func(t *testing.T) { testBelow(t, before) })
	}
}

func testBelow(t *testing.T, before int) {
	file, log, _ := unfinished(t, before)
	fresh := mustPage1(t)
	superseded := readWAL(log, len(fresh), func(int, int64, string) {}).newest
	for offset := range file {
		page, at := uint32(offset/len(fresh)+1), offset%len(fresh)
		if superseded[page] == 0 || at%31 != 0 && at >= 32 || page == 1 && at >= 28 && at < 32 {
			continue
		}
		bit := offset % 8
		file[offset] ^= 1 << bit
		if _, found := inMemory(file, log, fresh); len(found) == 0 {
			t.Errorf("bit %d of byte %d (page %d) is not found", bit, offset, offset/len(fresh)+1)
		}
		file[offset] ^= 1 << bit
	}
}

// TestCutOffCheckpoint replaces sectors of superseded pages by newer ones, as a
// checkpoint that was killed, or that lost its power, leaves them.
func TestCutOffCheckpoint(t *testing.T) {
	alone(t)
	for _, before := range []int{0, 1, 3, 12, 30} {
		file, log, head := unfinished(t, before)
		fresh := mustPage1(t)
		newest := readWAL(log, len(fresh), func(int, int64, string) {})
		random := rand.New(rand.NewPCG(3, uint64(before)))
		for round := range 200 {
			mixture := bytes.Clone(file)
			if round%2 == 1 { // a reader held some pages back, and later ones made the file longer
				mixture = append(mixture, make([]byte, (int(newest.pages)-len(mixture)/len(fresh))*len(fresh))...)
			}
			for n, frame := range newest.newest {
				page := newest.page(frame, len(fresh))
				for at := 0; at < len(page) && int(n)*len(page) <= len(mixture); at += 512 {
					if random.IntN(2) == 0 {
						copy(mixture[int(n-1)*len(page)+at:], page[at:at+512])
					}
				}
			}
			if got, found := inMemory(mixture, log, fresh); got != head || len(found) > 0 {
				t.Fatalf("with %d batches in the file: head %d, %v", before, got.Number, found)
			}
		}
	}
}

// TestCutOffFrame leaves the last frame as a process does that is killed between
// writing its header and its content.
func TestCutOffFrame(t *testing.T) {
	file, log, head := unfinished(t, 12)
	fresh := mustPage1(t)
	for _, kept := range []int{0, 4096, 12288} {
		torn := bytes.Clone(log)
		copy(torn[len(log)-len(fresh)+kept:], log[walHead+frameHead:walHead+frameHead+len(fresh)-kept])
		got, found := inMemory(file, torn, fresh)
		if len(found) > 0 || got.Number != head.Number-1 {
			t.Errorf("with %d bytes of the frame written: batch %d of %d, %v", kept, got.Number, head.Number, found)
		}
	}
}

// TestCutOffLog cuts the log where a kill could: whatever is whole is kept and is
// not called damage, and a batch that was not finished is counted.
func TestCutOffLog(t *testing.T) {
	file, log, head := unfinished(t, 12)
	fresh := mustPage1(t)
	frame := frameHead + len(fresh)
	for cut := len(log); cut >= walHead; cut -= frame / 3 {
		got, found := inMemory(file, log[:cut], fresh)
		if len(found) > 0 || got.Number > head.Number {
			t.Fatalf("cut to %d bytes: batch %d, %v", cut, got.Number, found)
		}
		if cut < len(log)-24*frame && got.Number == head.Number {
			t.Fatalf("cut to %d bytes and still batch %d", cut, got.Number)
		}
	}
}
