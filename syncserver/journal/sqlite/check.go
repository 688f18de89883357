package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"yizhan/syncserver/journal"
)

// Report is what Check saw.
type Report struct {
	Head     journal.Head // what the chain ends with
	Pages    int          // of the file
	Frames   int          // committed frames of the write-ahead log
	Dropped  int          // frames of a batch that was being written when the server was killed: it was never acknowledged
	Findings []Finding    // damage, at most maxFindings of it
}

// Finding is one piece of damage, and where it is.
type Finding struct {
	File        string // path of the database file or of its write-ahead log
	Page        uint32 // page of the journal, 0 if it is not about one
	Frame       int    // frame of the log, from 1, if the page lies there
	Offset      int64  // in File
	Batch       uint64 // the batch that it belongs to, or the last one that was read before it
	First, Last uint64 // Seq range of that batch where it could be read
	What        string
}

func (f Finding) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s: byte %d", f.File, f.Offset)
	if f.Page != 0 {
		fmt.Fprintf(&s, ", page %d", f.Page)
	}
	if f.Frame != 0 {
		fmt.Fprintf(&s, ", frame %d", f.Frame)
	}
	switch {
	case f.Last != 0:
		fmt.Fprintf(&s, ", batch %d, entries %d to %d", f.Batch, f.First, f.Last)
	case f.Batch != 0:
		fmt.Fprintf(&s, ", at or behind batch %d", f.Batch)
	}
	return s.String() + ": " + f.What
}

// maxFindings keeps a destroyed file from filling the report.
const maxFindings = 20

// writers are the SQLite versions that this program was ever released with: one
// of them wrote the header. A new go-sqlite3 adds its number.
var writers = []uint32{3054001}

// Check reads every byte of the journal at path and of its write-ahead log and
// reports what is not as it was written; the error wraps journal.ErrDamaged if
// there is anything. It changes nothing, and a server may run meanwhile, in
// another process: closing the file here would end the locks of this one.
//
// A change of any byte of the two files is found, except where nothing of a batch
// lies: frames of the log behind its last commit, which are left from before the
// log was begun anew; unused bytes of interior pages once there are two levels of
// them; of pages that a newer version in the log has superseded, the count of
// pages and such interior pages, and, while a server runs, all; a change from one
// number in writers to another. If more than one byte of the very last frame of
// the log is wrong, it is taken for the write that a kill cut off, and counted in
// Dropped. SQLite may leave an empty log beside the file.
func Check(path string) (Report, error) {
	r, err := check(path)
	if err != nil {
		return r, fmt.Errorf("check journal %s: %w", path, err)
	}
	if len(r.Findings) > 0 {
		return r, fmt.Errorf("%w: %s", journal.ErrDamaged, r.Findings[0])
	}
	return r, nil
}

func check(path string) (r Report, err error) {
	tell := func(f Finding) {
		if f.File == "" {
			f.File = path
		}
		if f.Frame != 0 {
			f.File = path + "-wal"
		}
		if len(r.Findings) < maxFindings {
			r.Findings = append(r.Findings, f)
		}
	}
	file, err := os.Open(path)
	if err != nil {
		return r, err
	}
	defer file.Close()
	fresh, err := newPage1()
	if err != nil {
		return r, fmt.Errorf("make a journal to compare with: %w", err)
	}
	// The snapshot keeps a running server from overwriting what is read here.
	release, err := snapshot(path, tell)
	if err != nil {
		return r, err
	}
	defer release()
	log, err := loadLog(path, len(fresh), tell)
	if err != nil {
		return r, err
	}
	info, err := file.Stat()
	if err != nil {
		return r, err
	}
	w := &walker{file: file, length: info.Size(), size: len(fresh), log: log, fresh: fresh, tell: tell}
	w.walk()
	kept := r.Findings
	if w.superseded(); len(r.Findings) > len(kept) && serverRuns(path) {
		r.Findings = kept // a checkpoint is writing over those pages right now
	}
	r.Head, r.Pages, r.Frames, r.Dropped = w.head, int(w.pages), log.frames, log.dropped
	return r, nil
}

// newPage1 gives the first page of a journal that was just made.
func newPage1() ([]byte, error) {
	dir, err := os.MkdirTemp("", "journal")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "new")
	j, err := Open(path)
	if err != nil {
		return nil, err
	}
	if err := j.Close(); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return b[:binary.BigEndian.Uint16(b[16:])], nil
}

// snapshot runs SQLite's own check and leaves its read transaction open.
func snapshot(path string, tell func(Finding)) (release func(), err error) {
	db, err := sql.Open("sqlite3", source(path, "mode=ro&_busy_timeout=5000"))
	if err != nil {
		return nil, err
	}
	tx, err := db.BeginTx(context.Background(), nil)
	if errors.Is(explain(err), journal.ErrDamaged) {
		tell(Finding{What: "SQLite cannot read the file: " + err.Error()})
		return func() { db.Close() }, nil
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	release = func() { tx.Rollback(); db.Close() }
	rows, err := tx.Query(`PRAGMA integrity_check(5)`)
	if err != nil {
		tell(Finding{What: "SQLite cannot read the file: " + err.Error()})
		return release, nil
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return release, err
		}
		if line != "ok" {
			tell(Finding{What: "SQLite: " + line})
		}
	}
	if err := rows.Err(); err != nil {
		tell(Finding{What: "SQLite cannot read the file: " + err.Error()})
	}
	return release, nil
}

// loadLog reads the log in one piece. A running server may be writing its end or
// beginning it anew, so what looks wrong is read again before it is believed.
func loadLog(path string, pageSize int, tell func(Finding)) (*wal, error) {
	for try := 0; ; try++ {
		var findings []Finding
		data, err := os.ReadFile(path + "-wal")
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		log := readWAL(data, pageSize, func(frame int, offset int64, what string) {
			findings = append(findings, Finding{File: path + "-wal", Frame: frame, Offset: offset, What: what})
		})
		again, err := readStart(path + "-wal")
		if err != nil {
			return nil, err
		}
		moved := !bytes.Equal(again, data[:min(len(data), walHead)])
		if (moved || len(findings) > 0) && try < 50 && serverRuns(path) {
			<-time.After(10 * time.Millisecond) // it is another process: it cannot tell when it is done
			continue
		}
		for _, f := range findings {
			tell(f)
		}
		return log, nil
	}
}

func readStart(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, walHead)
	n, err := io.ReadFull(f, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return b[:n], err
}

// serverRuns reports whether somebody holds the lock of a server.
func serverRuns(path string) bool {
	f, err := os.Open(path + ".lock")
	if err != nil {
		return false
	}
	defer f.Close()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil
}
