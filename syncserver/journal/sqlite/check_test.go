package sqlite

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"yizhan/syncserver/journal"
)

// mixed makes the next batch: a few bytes up to 300 KiB, the small ones more often.
func mixed(head journal.Head) journal.Batch {
	r := rand.New(rand.NewPCG(1, head.Number))
	size := 5 + r.IntN(1<<(3+r.IntN(16)))
	size = min(size, 300<<10)
	body := make([]byte, size)
	for i := range body {
		body[i] = byte(r.Uint32())
	}
	return head.Batch(1+r.IntN(4), body)
}

func fillMixed(t testing.TB, j *Journal, n int) journal.Head {
	t.Helper()
	head, _ := j.Head()
	for range n {
		b := mixed(head)
		if err := j.Append(head.Number, b); err != nil {
			t.Fatal(err)
		}
		head = journal.Behind(b)
	}
	return head
}

// unsynced makes the appends of a test fast; what is checked is not durability.
func unsynced(t testing.TB, j *Journal) {
	t.Helper()
	if _, err := j.conn.ExecContext(context.Background(), `PRAGMA synchronous = OFF`); err != nil {
		t.Fatal(err)
	}
}

// copyOf copies a journal as a backup of a dead server's disk would. It runs cp,
// because closing the file in this process would end SQLite's locks on it.
func copyOf(t testing.TB, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	for _, suffix := range []string{"", "-wal"} {
		if _, err := os.Stat(path + suffix); err != nil {
			continue
		}
		if out, err := exec.Command("cp", path+suffix, to+suffix).CombinedOutput(); err != nil {
			t.Fatalf("cp: %v: %s", err, out)
		}
	}
	return to
}

// flipped runs fn while one bit of a file is wrong.
func flipped(t testing.TB, file string, offset int64, bit int, fn func()) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, offset); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1 << bit
	f.WriteAt(b, offset)
	defer func() {
		b[0] ^= 1 << bit
		f.WriteAt(b, offset)
	}()
	fn()
}

// inMemory checks the bytes of a journal and its log without SQLite.
func inMemory(file, log, fresh []byte) (journal.Head, []Finding) {
	var found []Finding
	w := &walker{file: bytes.NewReader(file), length: int64(len(file)), size: len(fresh), fresh: fresh}
	w.tell = func(f Finding) { found = append(found, f) }
	w.log = readWAL(log, w.size, func(frame int, offset int64, what string) {
		found = append(found, Finding{Frame: frame, Offset: offset, What: what})
	})
	w.walk()
	w.superseded()
	return w.head, found
}

func mustPage1(t testing.TB) []byte {
	t.Helper()
	fresh, err := newPage1()
	if err != nil {
		t.Fatal(err)
	}
	return fresh
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCheckFindsFlipsAnywhere(t *testing.T) {
	alone(t)
	path := filepath.Join(t.TempDir(), "journal.db")
	j := mustOpen(t, path)
	unsynced(t, j)
	head := fillMixed(t, j, 300)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Check(path)
	if err != nil || r.Head != head {
		t.Fatalf("the untouched journal: %+v, %v; want head %+v", r, err, head)
	}
	data, fresh := mustRead(t, path), mustPage1(t)
	random := rand.New(rand.NewPCG(7, 7))
	for i := range 250 {
		offset, bit := random.IntN(len(data)), random.IntN(8)
		data[offset] ^= 1 << bit
		if _, found := inMemory(data, nil, fresh); len(found) == 0 {
			t.Errorf("bit %d of byte %d (page %d) is not found", bit, offset, offset/len(fresh)+1)
		}
		data[offset] ^= 1 << bit
		if i >= 30 {
			continue // the whole of Check for some: it is slower
		}
		flipped(t, path, int64(offset), bit, func() {
			if _, err := Check(path); !errors.Is(err, journal.ErrDamaged) {
				t.Errorf("Check does not find bit %d of byte %d: %v", bit, offset, err)
			}
		})
	}
	if _, err := Check(path); err != nil {
		t.Errorf("after all flips were undone: %v", err)
	}
}

// TestCheckCoversEveryByte flips a bit of every byte of a journal that has a page
// of every kind: schema, interior, leaf, overflow.
func TestCheckCoversEveryByte(t *testing.T) {
	alone(t)
	path := filepath.Join(t.TempDir(), "journal.db")
	j := mustOpen(t, path)
	head := journal.Empty
	for _, size := range []int{1, 40, 7000, 9000, 20000, 3} {
		b := head.Batch(1, bytes.Repeat([]byte{byte(size)}, size))
		if err := j.Append(head.Number, b); err != nil {
			t.Fatal(err)
		}
		head = journal.Behind(b)
	}
	j.Close()
	data, fresh := mustRead(t, path), mustPage1(t)
	kinds, pages := map[byte]bool{}, map[int]bool{0: true}
	for at := len(fresh); at < len(data); at += len(fresh) {
		if !kinds[data[at]] {
			kinds[data[at]], pages[at/len(fresh)] = true, true
		}
	}
	if !kinds[interior] || !kinds[leaf] || !kinds[0] {
		t.Fatalf("the journal of %d pages has pages of kinds %v only", len(data)/len(fresh), kinds)
	}
	for offset := range data {
		if !pages[offset/len(fresh)] {
			continue
		}
		bit := offset * 5 % 8
		data[offset] ^= 1 << bit
		if _, found := inMemory(data, nil, fresh); len(found) == 0 {
			t.Fatalf("bit %d of byte %d (page %d) is not found", bit, offset, offset/len(fresh)+1)
		}
		data[offset] ^= 1 << bit
	}
	for offset := range 100 { // SQLite's header: every bit
		for bit := range 8 {
			data[offset] ^= 1 << bit
			if _, found := inMemory(data, nil, fresh); len(found) == 0 {
				t.Errorf("bit %d of byte %d of the header is not found", bit, offset)
			}
			data[offset] ^= 1 << bit
		}
	}
}

func TestCheckNamesTheBatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := mustOpen(t, path)
	head := journal.Empty
	var want journal.Batch
	for n := range 30 {
		b := head.Batch(3, bytes.Repeat(fmt.Appendf(nil, "<%d>", n+1), 9000))
		if err := j.Append(head.Number, b); err != nil {
			t.Fatal(err)
		}
		if head = journal.Behind(b); n+1 == 17 {
			want = b
		}
	}
	j.Close()
	offset := bytes.LastIndex(mustRead(t, path), []byte("<17><17>"))
	flipped(t, path, int64(offset), 0, func() {
		r, err := Check(path)
		if !errors.Is(err, journal.ErrDamaged) || len(r.Findings) != 1 {
			t.Fatalf("got %v and %d findings, want one", err, len(r.Findings))
		}
		f := r.Findings[0]
		if f.Batch != 17 || f.First != want.First || f.Last != want.First+2 || f.File != path {
			t.Errorf("found %+v, want batch 17 with entries %d to %d", f, want.First, want.First+2)
		}
		if !strings.Contains(err.Error(), "batch 17 (entries 49 to 51) has a wrong hash") {
			t.Errorf("the message does not name the batch: %v", err)
		}
	})
}

// TestCheckAfterSplits grows the tree to three levels, where SQLite moves rows of
// interior pages about.
func TestCheckAfterSplits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := mustOpen(t, path)
	unsynced(t, j)
	head := journal.Empty
	body := make([]byte, 9000) // one to a leaf page
	for range 4500 {
		body[head.Number%9000]++
		b := head.Batch(1, body)
		if err := j.Append(head.Number, b); err != nil {
			t.Fatal(err)
		}
		head = journal.Behind(b)
	}
	j.Close()
	if r, err := Check(path); err != nil || r.Head != head {
		t.Fatalf("untouched: %+v, %v", r, err)
	}
	data, fresh := mustRead(t, path), mustPage1(t)
	levels := 0
	for at := len(fresh); at < len(data); at += len(fresh) {
		if data[at] != interior {
			continue
		}
		levels++
		cells := int(binary.BigEndian.Uint16(data[at+3:]))
		first := at + int(binary.BigEndian.Uint16(data[at+12:]))
		last := at + int(binary.BigEndian.Uint16(data[at+12+2*(cells-1):]))
		for _, offset := range []int{at, at + 4, at + 11, first + 3, last + 5} {
			data[offset] ^= 1
			if _, found := inMemory(data, nil, fresh); len(found) == 0 {
				t.Errorf("byte %d of interior page %d is not found", offset-at, at/len(fresh)+1)
			}
			data[offset] ^= 1
		}
	}
	if levels < 4 {
		t.Fatalf("only %d interior pages: the tree did not split", levels)
	}
}

func TestCheckRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := Check(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	for name, data := range map[string][]byte{"empty": nil, "text": bytes.Repeat([]byte("text\n"), 9000)} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Check(path); !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("%s: %v, want %v", name, err, journal.ErrDamaged)
		}
	}
}

// FuzzWalk hands the walker files and logs of which anything may be wrong: it
// has to come back.
func FuzzWalk(f *testing.F) {
	path := filepath.Join(f.TempDir(), "journal.db")
	j := mustOpen(f, path)
	fillMixed(f, j, 10)
	copied := copyOf(f, path)
	j.Close()
	file, log, fresh := mustRead(f, path), mustRead(f, copied+"-wal"), mustPage1(f)
	f.Add(uint32(16384+5), byte(1), uint32(40), byte(7))
	f.Add(uint32(2*16384), byte(0x80), uint32(33), byte(0xff))
	f.Fuzz(func(t *testing.T, a uint32, x byte, b uint32, y byte) {
		damaged, tail := bytes.Clone(file), bytes.Clone(log)
		damaged[int(a)%len(damaged)] ^= x
		damaged[int(b)%len(damaged)] ^= y
		if _, found := inMemory(damaged, nil, fresh); len(found) == 0 && !bytes.Equal(damaged, file) {
			t.Errorf("bytes %d and %d changed by %x and %x are not found", a, b, x, y)
		}
		tail[int(a)%len(tail)] ^= x
		inMemory(damaged, tail[:len(tail)-int(b)%len(tail)], fresh)
	})
}
