package sqlite

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"yizhan/syncserver/journal"
)

// left writes batches and copies the files away as a killed server leaves them,
// with the frame numbers at which batches end.
func left(t *testing.T) (path string, wal []byte, commits []int) {
	t.Helper()
	dir := t.TempDir()
	j, err := Open(filepath.Join(dir, "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	head := journal.Empty
	for i := range 12 {
		body := make([]byte, 3000+9000*(i%3))
		for k := range body {
			body[k] = byte(k * (i + 3))
		}
		b := head.Batch(1, body)
		if err := j.Append(head.Number, b); err != nil {
			t.Fatal(err)
		}
		head = journal.Behind(b)
	}
	path = filepath.Join(t.TempDir(), "journal.db")
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, "journal.db") + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
		wal = b
	}
	const size = frameHead + 16384
	for i := 1; walHead+i*size <= len(wal); i++ {
		if binary.BigEndian.Uint32(wal[walHead+(i-1)*size+4:]) != 0 {
			commits = append(commits, i)
		}
	}
	if len(commits) < 12 {
		t.Fatalf("commits at %v in %d bytes", commits, len(wal))
	}
	return path, wal, commits
}

func tryOpen(t *testing.T, path string, wal []byte) (head journal.Head, err error) {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "journal.db")
	db, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(copied, db, 0o600), os.WriteFile(copied+"-wal", wal, 0o600)); err != nil {
		t.Fatal(err)
	}
	j, err := Open(copied)
	if err != nil {
		return head, err
	}
	defer j.Close()
	head, err = j.Head()
	return head, err
}

// TestAFlippedByteOfTheLogIsRefused: SQLite would start on what it still reads.
func TestAFlippedByteOfTheLogIsRefused(t *testing.T) {
	path, wal, commits := left(t)
	const size = frameHead + 16384
	if head, err := tryOpen(t, path, wal); err != nil || head.Number != 12 {
		t.Fatalf("the log as it was left: %+v, %v", head, err)
	}
	at := map[string]int{"header": 9, "salt of the header": 17, "first frame": walHead + 1000, "checksum of a frame": walHead + 3*size + 17,
		"salt of a frame": walHead + 3*size + 9, "page number": walHead + 5*size + 2, "last frame": walHead + (commits[len(commits)-1]-1)*size + 5000}
	for name, offset := range at {
		bad := append([]byte{}, wal...)
		bad[offset] ^= 0x10
		if head, err := tryOpen(t, path, bad); !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("%s, byte %d: the journal opens at batch %d, %v", name, offset, head.Number, err)
		}
	}
}

// TestAPowerCutIsNoDamage: frames of the last transaction did not all reach the disk.
func TestAPowerCutIsNoDamage(t *testing.T) {
	path, wal, commits := left(t)
	const size = frameHead + 16384
	last, before := commits[len(commits)-1], commits[len(commits)-2]
	end := walHead + last*size
	cut := map[string]func(b []byte) []byte{
		"cut off":            func(b []byte) []byte { return b[:walHead+before*size+100] },
		"only a piece":       func(b []byte) []byte { return b[:end-5000] },
		"nothing but zeroes": func(b []byte) []byte { clear(b[walHead+before*size:]); return b },
		"first frame of it missing": func(b []byte) []byte {
			clear(b[walHead+before*size : walHead+(before+1)*size])
			return b
		},
		"half of a frame": func(b []byte) []byte { clear(b[end-8192 : end]); return b },
	}
	for name, damage := range cut {
		head, err := tryOpen(t, path, damage(append([]byte{}, wal[:end]...)))
		if err != nil || head.Number != 11 {
			t.Errorf("%s: batch %d, %v; want 11", name, head.Number, err)
		}
	}
	if head, err := tryOpen(t, path, wal[:walHead/2]); err != nil {
		t.Errorf("a piece of a header: batch %d, %v", head.Number, err)
	}
}

// TestCopyOfARunningJournal is equal, entry by entry, and passes the check.
func TestCopyOfARunningJournal(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "journal.db"), filepath.Join(dir, "copy.db")
	j, err := Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	head := journal.Empty
	for i := range 3 * copyBatches / 2 {
		b := head.Batch(1, []byte{byte(i), 1, 2})
		if err := j.Append(head.Number, b); err != nil {
			t.Fatal(err)
		}
		head = journal.Behind(b)
	}
	got, err := Copy(from, to)
	if err != nil || got != head {
		t.Fatalf("copied to %+v, want %+v, %v", got, head, err)
	}
	if r, err := Check(to); err != nil || r.Head != head {
		t.Errorf("the copy: %+v, %v", r, err)
	}
	if _, err := Copy(from, to); err == nil {
		t.Error("copied over another journal")
	}
}
