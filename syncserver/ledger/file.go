package ledger

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"
	"github.com/pressly/goose/v3"

	"yizhan/syncserver/ledger/db"
)

//go:embed migrations/*.sql
var migrations embed.FS

// pragmas: a large cache and few checkpoints, because transactions are large.
const pragmas = "_journal_mode=WAL&_synchronous=NORMAL&_busy_timeout=5000&_cache_size=-65536&_stmt_cache_size=32"

// readConnections bounds how many readers run at once; more wait for their turn.
const readConnections = 4

// dsn escapes the path, so that a "?" or "%" in a folder's name is not read as an option.
func (l *Ledger) dsn(path, options string) string {
	if l.vfs != "" {
		options += "&vfs=" + url.QueryEscape(l.vfs)
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + options
}

func (l *Ledger) open(path string) error {
	if l.vfs == "" {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	var err error
	if l.write, err = sql.Open("sqlite3", l.dsn(path, pragmas)); err != nil {
		return err
	}
	l.write.SetMaxOpenConns(1)
	if err := errors.Join(migrate(l.write), undated(l.write)); err != nil {
		return err
	}
	if l.conn, err = l.write.Conn(context.Background()); err != nil {
		return err
	}
	for _, pragma := range []string{`PRAGMA wal_autocheckpoint = 8192`, `PRAGMA temp_store = MEMORY`} {
		if _, err := l.conn.ExecContext(context.Background(), pragma); err != nil {
			return err
		}
	}
	if err := l.prepare(path); err != nil {
		return err
	}
	applied, err := l.queries.Applied(context.Background())
	l.applied.Store(applied)
	l.tail.begin(applied)
	return err
}

func (l *Ledger) prepare(path string) error {
	l.bulks.begin(l.conn)
	var err error
	if l.written, err = db.Prepare(context.Background(), l.conn); err != nil {
		return err
	}
	if l.read, err = l.readers(path, readConnections); err != nil {
		return err
	}
	if l.sealed, err = l.readers(path, 1); err != nil {
		return err
	}
	l.queries, err = db.Prepare(context.Background(), l.read)
	return err
}

// readers gives a pool of so many connections that read.
func (l *Ledger) readers(path string, connections int) (*sql.DB, error) {
	pool, err := sql.Open("sqlite3", l.dsn(path, "_query_only=1&_busy_timeout=5000&_stmt_cache_size=32"))
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	return pool, nil
}

func migrate(db *sql.DB) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, dir, goose.WithAllowOutofOrder(true)) // they add to each other, in any order
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := provider.Up(context.Background()); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
