// Package sqlite keeps a journal in one SQLite file: one row a batch, in WAL mode
// with synchronous=FULL, so that one Append costs one fsync.
//
// The file holds nothing but batches. Its schema is numbered by PRAGMA
// user_version and not by a migration table, because such a table would write
// times into the file, and then every journal would differ from every other in
// bytes that no hash covers; as it is, all that is not a batch is the same in all
// journals, and Check can compare it.
//
// One server at a time: the writer holds an advisory lock on FILE.lock. Others
// may read while it runs.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	_ "github.com/mattn/go-sqlite3" // the driver

	"yizhan/syncserver/journal"
)

// Journal is a handle on a journal file. It is a journal.Journal.
type Journal struct {
	path    string
	vfs     string   // file system of SQLite; empty is the machine's own
	lock    *os.File // nil when reading only, or on another file system
	readers *sql.DB
	read    *sql.Stmt

	mu     sync.Mutex // guards all below, and that there is one Append at a time
	writer *sql.DB
	conn   *sql.Conn // the writer's only connection
	insert *sql.Stmt
	head   journal.Head // behind the last append
	broken error        // after a fatal error, or Close: what every Append answers
	untidy bool         // a failed append may have left half a batch at the end of the WAL
}

// Open opens the journal at path for writing, and makes it if there is none.
// journal.ErrLocked: another server has it open. journal.ErrDamaged: the file is
// not a journal. The chain is checked by whoever reads it.
func Open(path string) (*Journal, error) { return open(path, lockFile) }

// open takes the locking as an argument, so that a test can show that the fence
// in the table holds without it.
func open(path string, lock func(string) (*os.File, error)) (*Journal, error) {
	held, err := lock(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("open journal %s: %w", path, err)
	}
	j := &Journal{path: path, lock: held}
	err = private(path)
	if err == nil {
		err = refuseDamagedLog(path)
	}
	if err != nil {
		j.Close()
		return nil, fmt.Errorf("open journal %s: %w", path, err)
	}
	return j.begin()
}

// OpenOn is Open on a file system (VFS) that SQLite knows by that name: a
// simulated disk. It takes no lock; only the table keeps two writers apart.
func OpenOn(vfs, path string) (*Journal, error) {
	return (&Journal{path: path, vfs: vfs}).begin()
}

func (j *Journal) begin() (*Journal, error) {
	if err := j.openWriter(); err != nil {
		j.Close()
		return nil, fmt.Errorf("open journal %s: %w", j.path, err)
	}
	return j, nil
}

// OpenReadOnly opens an existing journal for reading, also while a server runs on it.
func OpenReadOnly(path string) (*Journal, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	j := &Journal{path: path, broken: journal.ErrReadOnly}
	if err := j.openReaders(); err != nil {
		j.Close()
		return nil, fmt.Errorf("open journal %s: %w", path, err)
	}
	return j, nil
}

// private makes a new file readable by its owner alone: SQLite would let everybody
// read it. It gives the log the same mode.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

func (j *Journal) openWriter() (err error) {
	if j.writer, err = sql.Open("sqlite3", j.source("mode=rwc")); err != nil {
		return err
	}
	ctx := context.Background()
	if j.conn, err = j.writer.Conn(ctx); err != nil {
		return explain(err)
	}
	if err := prepare(ctx, j.conn); err != nil {
		return explain(err)
	}
	if j.vfs == "" {
		if err := syncDir(filepath.Dir(j.path)); err != nil {
			return err
		}
	}
	const insert = `INSERT INTO batch (number, first, count, hash, body) VALUES (?, ?, ?, ?, ?)`
	if j.insert, err = j.conn.PrepareContext(ctx, insert); err != nil {
		return explain(err)
	}
	if err := j.openReaders(); err != nil {
		return err
	}
	j.head, err = j.Head()
	return err
}

func (j *Journal) openReaders() error {
	var err error
	if j.readers, err = sql.Open("sqlite3", j.source("mode=ro&_busy_timeout=5000&_query_only=true")); err != nil {
		return err
	}
	j.readers.SetMaxIdleConns(2)
	const read = `SELECT first, count, hash, body FROM batch WHERE number = ?`
	if j.read, err = j.readers.Prepare(read); err != nil {
		return explain(err)
	}
	return nil
}

// Append stores b. See journal.Journal.
func (j *Journal) Append(after uint64, b journal.Batch) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return fmt.Errorf("append to journal %s: %w", j.path, j.broken)
	}
	if err := j.head.Accept(after, b); err != nil {
		return err
	}
	if _, err := j.insert.Exec(int64(b.Number), int64(b.First), b.Count, b.Hash[:], b.Body); err != nil {
		err = fmt.Errorf("append batch %d to journal %s: %w", b.Number, j.path, explain(err))
		if journal.Fatal(err) || errors.Is(err, journal.ErrFenced) {
			j.broken = err
		}
		j.untidy = true
		return err
	}
	j.head = journal.Behind(b)
	if j.untidy {
		done, _ := truncate(context.Background(), j.conn) // if not, the next Append tries again
		j.untidy = !done
	}
	return nil
}

// Read reads the chain. See journal.Journal. Each batch is a query of its own, so
// that a slow fn never keeps the WAL from being checkpointed.
func (j *Journal) Read(from uint64, fn func(journal.Batch) error) error {
	end, err := j.Head()
	if err != nil {
		return err
	}
	from = max(from, 1)
	if from > end.Number {
		return nil
	}
	head := journal.Empty
	if from > 1 {
		previous, err := j.batch(from - 1)
		if err != nil {
			return err
		}
		head = journal.Behind(previous)
	}
	for head.Number < end.Number {
		b, err := j.batch(head.Number + 1)
		if err != nil {
			return err
		}
		if err := head.Follows(b); err != nil {
			return fmt.Errorf("read journal %s: %w: %w", j.path, journal.ErrDamaged, err)
		}
		head = journal.Behind(b)
		if err := fn(b); err != nil {
			return err
		}
	}
	return nil
}

func (j *Journal) batch(number uint64) (journal.Batch, error) {
	b := journal.Batch{Number: number}
	var hash []byte
	err := j.read.QueryRow(int64(number)).Scan(&b.First, &b.Count, &hash, &b.Body)
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("it is missing: %w", journal.ErrDamaged)
	}
	if err == nil {
		b.Hash, err = whole(hash)
	}
	if err != nil {
		return b, fmt.Errorf("read batch %d of journal %s: %w", number, j.path, explain(err))
	}
	return b, nil
}

// Head reads where the journal stands from the file.
func (j *Journal) Head() (journal.Head, error) {
	var b journal.Batch
	var hash []byte
	err := j.readers.QueryRow(`SELECT number, first, count, hash FROM batch ORDER BY number DESC LIMIT 1`).
		Scan(&b.Number, &b.First, &b.Count, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return journal.Empty, nil
	}
	if err == nil {
		b.Hash, err = whole(hash)
	}
	if err != nil {
		return journal.Head{}, fmt.Errorf("read head of journal %s: %w", j.path, explain(err))
	}
	return journal.Behind(b), nil
}

// whole takes a stored hash, which must have its length.
func whole(hash []byte) ([32]byte, error) {
	if len(hash) != 32 {
		return [32]byte{}, fmt.Errorf("a hash has %d bytes: %w", len(hash), journal.ErrDamaged)
	}
	return [32]byte(hash), nil
}

// Close ends the handle. The writer's last act is a checkpoint, which leaves one
// file that can be copied.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if errors.Is(j.broken, journal.ErrClosed) {
		return nil
	}
	j.broken = journal.ErrClosed
	var errs []error
	// The writer goes last: only it can checkpoint, and SQLite does so when the last connection closes.
	if j.read != nil {
		errs = append(errs, j.read.Close())
	}
	if j.readers != nil {
		errs = append(errs, j.readers.Close())
	}
	if j.insert != nil {
		errs = append(errs, j.insert.Close())
	}
	if j.conn != nil {
		errs = append(errs, j.conn.Close())
	}
	if j.writer != nil {
		errs = append(errs, j.writer.Close())
	}
	if j.lock != nil {
		errs = append(errs, j.lock.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close journal %s: %w", j.path, err)
	}
	return nil
}

func (j *Journal) source(options string) string {
	if j.vfs != "" {
		options += "&vfs=" + url.QueryEscape(j.vfs)
	}
	return source(j.path, options)
}

func source(path, options string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + options
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
