package sqlite

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/mattn/go-sqlite3"

	"yizhan/core/op"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/journal/journaltest"
)

func TestContract(t *testing.T) {
	journaltest.Run(t, func(t testing.TB) journaltest.Open {
		path := filepath.Join(t.TempDir(), "journal.db")
		return func() (journal.Journal, error) { return Open(path) }
	})
}

// TestContractWithoutLock shows that two writers are fenced by the table itself
// where the advisory lock does not work, as on some network disks.
func TestContractWithoutLock(t *testing.T) {
	journaltest.Run(t, func(t testing.TB) journaltest.Open {
		path := filepath.Join(t.TempDir(), "journal.db")
		return func() (journal.Journal, error) {
			return open(path, func(string) (*os.File, error) { return nil, nil })
		}
	})
}

func TestSecondServerIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	first := mustOpen(t, path)
	journaltest.Fill(t, first, 3)
	if _, err := Open(path); !errors.Is(err, journal.ErrLocked) {
		t.Fatalf("a second server got %v, want %v", err, journal.ErrLocked)
	}
	reader, err := OpenReadOnly(path)
	if err != nil {
		t.Fatalf("a reader beside the server: %v", err)
	}
	defer reader.Close()
	head := journaltest.Fill(t, first, 2)
	if got, err := reader.Head(); err != nil || got != head {
		t.Fatalf("the reader sees %+v, %v; want %+v", got, err, head)
	}
	if err := reader.Append(head.Number, head.Batch(1, []byte("x"))); !errors.Is(err, journal.ErrReadOnly) {
		t.Fatalf("the reader could append: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, path)
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenReadOnly(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing journal: %v", err)
	}
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, bytes.Repeat([]byte("not a journal\n"), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(text); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("a text file: %v", err)
	}
	for name, statement := range map[string]string{
		"foreign": `PRAGMA user_version = 0; CREATE TABLE other (x)`,
		"newer":   `PRAGMA user_version = 99`,
	} {
		path := filepath.Join(dir, name)
		j := mustOpen(t, path)
		if _, err := j.conn.ExecContext(context.Background(), statement); err != nil {
			t.Fatal(err)
		}
		j.Close()
		if _, err := Open(path); err == nil {
			t.Errorf("a %s file was opened", name)
		}
	}
}

// TestSameBatchesSameBytes shows that the file holds nothing but its batches: no
// times, no random numbers.
func TestSameBatchesSameBytes(t *testing.T) {
	var files [2][]byte
	for i := range files {
		path := filepath.Join(t.TempDir(), "journal.db")
		j := mustOpen(t, path)
		journaltest.Fill(t, j, 20)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path + "-wal"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the log is still there after Close: %v", err)
		}
		files[i], _ = os.ReadFile(path)
	}
	if len(files[0]) == 0 || !bytes.Equal(files[0], files[1]) {
		t.Fatal("two journals of the same batches differ")
	}
}

func TestReadFindsDamage(t *testing.T) {
	for name, statement := range map[string]string{
		"body":    `UPDATE batch SET body = CAST(x'00' || substr(body, 2) AS BLOB) WHERE number = 4`,
		"count":   `UPDATE batch SET count = count + 1 WHERE number = 4`,
		"hash":    `UPDATE batch SET hash = zeroblob(32) WHERE number = 4`,
		"short":   `UPDATE batch SET hash = zeroblob(31) WHERE number = 4`,
		"missing": `DELETE FROM batch WHERE number = 4`,
	} {
		t.Run(name, func(t *testing.T) {
			j := mustOpen(t, filepath.Join(t.TempDir(), "journal.db"))
			journaltest.Fill(t, j, 6)
			if _, err := j.conn.ExecContext(context.Background(), statement); err != nil {
				t.Fatal(err)
			}
			read := 0
			err := j.Read(0, func(journal.Batch) error { read++; return nil })
			if !errors.Is(err, journal.ErrDamaged) || read > 4 {
				t.Fatalf("read %d batches and then got %v", read, err)
			}
		})
	}
}

// TestFullDisk fills a small file system for real.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("a small file system can only be made by root: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, 0) })
	path := filepath.Join(dir, "journal.db")
	j := mustOpen(t, path)
	head := journaltest.Fill(t, j, 4)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	for err == nil {
		b := head.Batch(1, make([]byte, op.MaxBatch/2))
		if err = j.Append(head.Number, b); err == nil {
			head = journal.Behind(b)
		}
	}
	if !errors.Is(err, journal.ErrFull) || journal.Fatal(err) {
		t.Fatalf("a full disk gave %v, want %v and not fatal", err, journal.ErrFull)
	}
	if got, _ := j.Head(); got != head {
		t.Fatalf("the head moved to %d though the append failed, want %d", got.Number, head.Number)
	}
	os.Remove(ballast)
	head = journaltest.Fill(t, j, 2)
	copied := copyOf(t, path)
	if r, err := Check(copied); err != nil || r.Head != head {
		t.Fatalf("after the disk had room again: %+v, %v", r, err)
	}
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"no room to write", sqlite3.Error{Code: sqlite3.ErrFull}, journal.ErrFull},
		{"no room in a write of pages", sqlite3.Error{Code: sqlite3.ErrIoErr, ExtendedCode: sqlite3.ErrIoErrWrite, SystemErrno: syscall.ENOSPC}, journal.ErrFull},
		{"no room found by fsync", sqlite3.Error{Code: sqlite3.ErrIoErr, ExtendedCode: sqlite3.ErrIoErrFsync, SystemErrno: syscall.ENOSPC}, journal.ErrIO},
		{"failed write", sqlite3.Error{Code: sqlite3.ErrIoErr, ExtendedCode: sqlite3.ErrIoErrWrite, SystemErrno: syscall.EIO}, journal.ErrIO},
		{"not a database", sqlite3.Error{Code: sqlite3.ErrNotADB}, journal.ErrDamaged},
	} {
		if got := explain(c.err); !errors.Is(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestWritersKnowsThisVersion fails after an update of go-sqlite3: add the number.
func TestWritersKnowsThisVersion(t *testing.T) {
	if name, number, _ := sqlite3.Version(); !slices.Contains(writers, uint32(number)) {
		t.Fatalf("SQLite %s (%d) is not in writers", name, number)
	}
}

func mustOpen(t testing.TB, path string) *Journal {
	t.Helper()
	j, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}
