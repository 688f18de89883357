package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"github.com/mattn/go-sqlite3"

	"yizhan/syncserver/journal"
)

//go:embed schema/*.sql
var schema embed.FS

// settings of the writer, in this order: the page size only counts before WAL mode
// is on. Pages of 16 KiB and a checkpoint each MiB were the fastest of 4, 16 and
// 64 KiB and 1, 4 and 16 MiB: a batch spans few pages, and no append waits long.
var settings = []string{
	`PRAGMA busy_timeout = 5000`,
	`PRAGMA page_size = 16384`,
	`PRAGMA journal_mode = WAL`,
	`PRAGMA synchronous = FULL`,
	`PRAGMA secure_delete = ON`, // unused space is zero, so that Check can see a flipped byte in it
	`PRAGMA wal_autocheckpoint = 64`,
}

// prepare sets the writer's connection up and brings the schema to the newest number.
func prepare(ctx context.Context, conn *sql.Conn) error {
	for _, s := range settings {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	if err := migrate(ctx, conn); err != nil {
		return err
	}
	if _, err := truncate(ctx, conn); err != nil {
		return err
	}
	return renew(ctx, conn)
}

// renew begins a new log, durably, by writing a number that is there already. The
// server before this one may have ended because a sync failed: then the kernel
// shows batches of the old log that the disk does not hold. They are in the file
// now, and the old log, which would take them out again, must not come back.
func renew(ctx context.Context, conn *sql.Conn) error {
	var version int
	if err := conn.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	_, err := conn.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, version))
	return err
}

// migrate runs the numbered files that the journal has not seen, each in one
// transaction with its number.
func migrate(ctx context.Context, conn *sql.Conn) error {
	files, err := fs.Glob(schema, "schema/*.sql")
	if err != nil {
		return err
	}
	var have, tables int
	if err := conn.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&have); err != nil {
		return err
	}
	if err := conn.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil {
		return err
	}
	switch {
	case have == 0 && tables > 0:
		return fmt.Errorf("it is an SQLite file but not a journal: %w", journal.ErrDamaged)
	case have > len(files):
		return fmt.Errorf("it has schema %d and this program knows %d: use the newer program", have, len(files))
	}
	for i := have; i < len(files); i++ {
		text, err := schema.ReadFile(files[i])
		if err != nil {
			return err
		}
		step := fmt.Sprintf("BEGIN IMMEDIATE;\n%s\nPRAGMA user_version = %d;\nCOMMIT;", text, i+1)
		if _, err := conn.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("run %s: %w", files[i], err)
		}
	}
	return nil
}

// truncate empties the WAL. What a killed process or a full disk left behind the
// last whole batch goes with it, so that Check need not guess what that was. It
// is not done while somebody reads.
func truncate(ctx context.Context, conn *sql.Conn) (done bool, err error) {
	var busy, frames, moved int
	err = conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &moved)
	return err == nil && busy == 0, err
}

// lockFile takes the lock of a server. The file stays when the lock is given up:
// removing it would let two servers lock two files of the same name.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = journal.ErrLocked
		}
		return nil, err
	}
	return f, nil
}

// explain puts what SQLite reports into the words of package journal.
func explain(err error) error {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return err
	}
	kind := map[sqlite3.ErrNo]error{
		sqlite3.ErrFull:       journal.ErrFull,
		sqlite3.ErrIoErr:      journal.ErrIO,
		sqlite3.ErrConstraint: journal.ErrFenced, // the number is the key: someone else has written it
		sqlite3.ErrCorrupt:    journal.ErrDamaged,
		sqlite3.ErrNotADB:     journal.ErrDamaged,
	}[e.Code]
	if kind == nil {
		return err
	}
	// A write that found no space was undone; an fsync that found none was not.
	full := slices.Contains([]syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG}, e.SystemErrno)
	if full && e.ExtendedCode == sqlite3.ErrIoErrWrite {
		kind = journal.ErrFull
	}
	return fmt.Errorf("%w: %w", kind, err)
}
