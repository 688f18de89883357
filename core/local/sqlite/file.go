package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"syscall"

	"github.com/mattn/go-sqlite3"
	"github.com/pressly/goose/v3"

	"yizhan/core/local"
)

//go:embed migrations/*.sql
var migrations embed.FS

// schema is the number of the newest migration.
const schema = 3

// private makes the file, if there is none, and leaves it to its owner alone.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

// dsn escapes the path, so that a "?" or "%" in a folder's name is not read as an option.
func (s *Store) dsn(options string) string {
	if s.vfs != "" {
		options += "&vfs=" + url.QueryEscape(s.vfs)
	}
	return "file:" + (&url.URL{Path: s.path}).EscapedPath() + "?_busy_timeout=5000&" + options
}

// inspect looks through the whole file: what a worn-out disk spoiled is better
// found at the start of the day than at the counter.
func inspect(db *sql.DB) error {
	var finding string
	if err := db.QueryRow(`PRAGMA quick_check(1)`).Scan(&finding); err != nil {
		return err
	}
	if finding != "ok" {
		return fmt.Errorf("%s: %w", finding, sqlite3.Error{Code: sqlite3.ErrCorrupt})
	}
	return nil
}

// migrate brings the file to the newest schema. A file that is there already
// costs one read, because goose would cost some ten statements.
func migrate(db *sql.DB) error {
	var version int
	if err := db.QueryRow(`PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	switch {
	case version == schema:
		return nil
	case version > schema:
		return fmt.Errorf("file has schema %d and this program knows %d: install the newer program", version, schema)
	}
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, dir)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := provider.Up(context.Background()); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// renew moves the log into the file and begins a new one, durably. The program
// before this one may have ended after a failed sync: then the kernel shows ops of
// the old log that the disk does not hold, and whatever is written behind them
// would be lost with them in a power cut.
func renew(db *sql.DB) error {
	for _, q := range []string{`PRAGMA wal_checkpoint(TRUNCATE)`, fmt.Sprintf(`PRAGMA user_version = %d`, schema)} {
		if _, err := db.Exec(q); err != nil {
			return err
		}
	}
	return nil
}

// explain turns what SQLite says into what the caller can act on.
func (s *Store) explain(err error) error {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.Code == sqlite3.ErrFull, e.SystemErrno == syscall.ENOSPC, e.SystemErrno == syscall.EDQUOT:
		return fmt.Errorf("%w: make room on the disk of %s: %w", local.ErrFull, s.path, err)
	case e.Code == sqlite3.ErrNotADB, e.Code == sqlite3.ErrCorrupt:
		return fmt.Errorf("%w: move %s away, keep it for staff (it may hold unsent ops), and enrol the device again: %w",
			local.ErrDamaged, s.path, err)
	}
	return fmt.Errorf("%s: %w", s.path, err)
}
