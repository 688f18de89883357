// Package sqlite keeps a device store in one SQLite file. What a method has
// reported as done survives a kill and a power cut (WAL, synchronous=FULL).
package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"yizhan/core/local"
)

// Store is a device store in a file. Writers take turns on one connection;
// readers have their own and see the last commit.
type Store struct {
	path  string
	vfs   string     // file system of SQLite; empty is the machine's own
	turn  sync.Mutex // one writer at a time, so that no transaction waits inside SQLite
	write *sql.DB
	read  *sql.DB
	w     writeStatements
	r     readStatements
}

type writeStatements struct {
	setMeta, deleteMeta, advance, push, answer, again, standing, move, keep, settle, purge, putRow, deleteRow *sql.Stmt
	scopeStatements
}

type readStatements struct{ meta, state, queue, first, kept, row, rows *sql.Stmt }

// Open opens the file at path and makes it, readable by its owner alone, if there is none.
func Open(path string) (*Store, error) { return OpenOn("", path) }

// OpenOn is Open on a file system (VFS) that SQLite knows by that name: a simulated disk.
func OpenOn(vfs, path string) (*Store, error) {
	s := &Store{path: path, vfs: vfs}
	if err := s.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("open device store: %w", s.explain(err)), s.Close())
	}
	return s, nil
}

func (s *Store) open() (err error) {
	if s.vfs == "" {
		if err := private(s.path); err != nil {
			return err
		}
	}
	if s.write, err = sql.Open("sqlite3", s.dsn("_journal_mode=WAL&_synchronous=FULL&_txlock=immediate")); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if err := inspect(s.write); err != nil {
		return err
	}
	if err := migrate(s.write); err != nil {
		return err
	}
	if err := renew(s.write); err != nil {
		return err
	}
	if s.read, err = sql.Open("sqlite3", s.dsn("_query_only=1")); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(2)
	s.read.SetMaxIdleConns(2)
	if err := s.prepare(); err != nil {
		return err
	}
	return s.finishWipe()
}

func (s *Store) prepare() error {
	for _, p := range []struct {
		db   *sql.DB
		to   **sql.Stmt
		text string
	}{
		{s.write, &s.w.setMeta, `INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2`},
		{s.write, &s.w.deleteMeta, `DELETE FROM meta WHERE key = ?`},
		{s.write, &s.w.advance, `UPDATE state SET last = ?1, hash = ?2 WHERE last = ?1 - 1`},
		{s.write, &s.w.push, `INSERT INTO outbox (seq, hash, bytes, at, result) VALUES (?, ?, ?, ?, ?)`},
		{s.write, &s.w.answer, `UPDATE outbox SET result = ?2 WHERE seq = ?1`},
		{s.write, &s.w.again, `UPDATE kept SET result = ?2 WHERE seq = ?1`},
		{s.write, &s.w.standing, `SELECT cursor, acked FROM state`},
		{s.write, &s.w.move, `UPDATE state SET cursor = ?, acked = ?`},
		{s.write, &s.w.keep, `INSERT INTO kept SELECT seq, hash, bytes, at, result FROM outbox WHERE result IS NOT NULL AND seq <= (SELECT acked FROM state)`},
		{s.write, &s.w.purge, `DELETE FROM kept WHERE seq <= (SELECT last FROM state) - ?`},
		{s.write, &s.w.settle, `DELETE FROM outbox WHERE result IS NOT NULL AND seq <= (SELECT acked FROM state)`},
		{s.write, &s.w.putRow, insertRows.text(1)},
		{s.write, &s.w.deleteRow, `DELETE FROM rows WHERE tbl = ? AND id = ? AND scope = ?`},
		{s.read, &s.r.meta, `SELECT value FROM meta WHERE key = ?`},
		{s.read, &s.r.state, `SELECT cursor, last, hash FROM state`},
		{s.read, &s.r.queue, `SELECT seq, hash, bytes, at, result FROM outbox ORDER BY seq`},
		{s.read, &s.r.first, `SELECT coalesce((SELECT min(seq) FROM outbox), last + 1) FROM state`},
		{s.read, &s.r.kept, `SELECT seq, hash, bytes, at, result FROM (SELECT * FROM kept WHERE seq >= ?1
			UNION ALL SELECT * FROM outbox WHERE seq >= ?1 AND result IS NOT NULL) ORDER BY seq LIMIT ?2`},
		{s.read, &s.r.row, `SELECT scope, seq, body FROM rows WHERE tbl = ? AND id = ? ORDER BY seq DESC, scope DESC LIMIT 1`},
		{s.read, &s.r.rows, `SELECT scope, id, seq, body FROM rows WHERE tbl = ? ORDER BY id, seq, scope`},
	} {
		if p.db == nil {
			continue // opened for reading only
		}
		st, err := p.db.Prepare(p.text)
		if err != nil {
			return err
		}
		*p.to = st
	}
	if s.write == nil {
		return nil
	}
	for to, text := range s.w.texts() {
		st, err := s.write.Prepare(text)
		if err != nil {
			return err
		}
		*to = st
	}
	return nil
}

// Close closes the file; SQLite folds its log into it.
func (s *Store) Close() error {
	s.turn.Lock()
	defer s.turn.Unlock()
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// change runs one transaction.
func (s *Store) change(what string, do func(tx *sql.Tx) error) error {
	if s.write == nil {
		return fmt.Errorf("%s: %s was opened for reading only", what, s.path)
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	tx, err := s.write.Begin()
	if err != nil {
		return fmt.Errorf("%s: %w", what, s.explain(err))
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback() // SQLite may have rolled back by itself; either way nothing stays
		return fmt.Errorf("%s: %w", what, s.explain(err))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: %w", what, s.explain(err))
	}
	return nil
}

// SetMeta implements local.Store.
func (s *Store) SetMeta(values map[string][]byte) error {
	return s.change("set meta", func(tx *sql.Tx) error {
		set, remove := tx.Stmt(s.w.setMeta), tx.Stmt(s.w.deleteMeta)
		for key, value := range values {
			var err error
			if value == nil {
				_, err = remove.Exec(key)
			} else {
				_, err = set.Exec(key, value)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
		return nil
	})
}

// Append implements local.Store.
func (s *Store) Append(q local.Queued, rows ...local.Row) error {
	return s.change(fmt.Sprintf("append op %d", q.Seq), func(tx *sql.Tx) error {
		moved, err := tx.Stmt(s.w.advance).Exec(q.Seq, q.Hash[:])
		if err != nil {
			return err
		}
		if n, err := moved.RowsAffected(); err != nil || n != 1 {
			return errors.Join(local.ErrOrder, err)
		}
		if _, err := tx.Stmt(s.w.push).Exec(q.Seq, q.Hash[:], blob(q.Bytes), q.At, q.Result); err != nil {
			return err
		}
		return s.putRows(tx, rows)
	})
}

// Answer implements local.Store.
func (s *Store) Answer(results map[uint64][]byte) error {
	return s.change("answer ops", func(tx *sql.Tx) error {
		answer := tx.Stmt(s.w.answer)
		for seq, result := range results {
			done, err := answer.Exec(seq, blob(result))
			if err != nil {
				return fmt.Errorf("op %d: %w", seq, err)
			}
			n, err := done.RowsAffected()
			if err == nil && n == 0 {
				_, err = tx.Stmt(s.w.again).Exec(seq, blob(result))
			}
			if err != nil {
				return fmt.Errorf("op %d: %w", seq, err)
			}
		}
		return s.settle(tx)
	})
}

// settle moves the ops whose effect the rows show out of the outbox. In the long
// run it removes as many of the oldest kept ones as it moves.
func (s *Store) settle(tx *sql.Tx) error {
	moved, err := tx.Stmt(s.w.keep).Exec()
	if err != nil {
		return err
	}
	if n, err := moved.RowsAffected(); err != nil || n == 0 {
		return err
	}
	if _, err := tx.Stmt(s.w.settle).Exec(); err != nil {
		return err
	}
	_, err = tx.Stmt(s.w.purge).Exec(local.KeptOps)
	return err
}

// Apply implements local.Store.
func (s *Store) Apply(c local.Checkpoint) error {
	return s.change(fmt.Sprintf("apply checkpoint %d", c.To), func(tx *sql.Tx) error {
		var cursor, acked uint64
		if err := tx.Stmt(s.w.standing).QueryRow().Scan(&cursor, &acked); err != nil {
			return err
		}
		if !c.Reset && !c.Back {
			if c.To < cursor {
				return fmt.Errorf("%w: device stands at %d", local.ErrStale, cursor)
			}
			c.Acked = max(c.Acked, acked)
		}
		if err := s.bring(tx, &c); err != nil {
			return err
		}
		if _, err := tx.Stmt(s.w.move).Exec(c.To, c.Acked); err != nil {
			return err
		}
		return s.settle(tx)
	})
}

func (s *Store) putRows(tx *sql.Tx, rows []local.Row) error {
	return inSets(tx, rows, insertRows, nil, func(r local.Row) error {
		_, err := tx.Stmt(s.w.putRow).Exec(r.Scope, r.Table, nil, r.ID, r.Seq, blob(r.Body))
		return err
	})
}

// Meta implements local.Store.
func (s *Store) Meta(key string) ([]byte, error) {
	var value []byte
	err := s.r.meta.QueryRow(key).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read meta %s: %w", key, s.explain(err))
	}
	return value, nil
}

// State implements local.Store.
func (s *Store) State() (local.State, error) {
	var st local.State
	var hash []byte
	if err := s.r.state.QueryRow().Scan(&st.Cursor, &st.Last, &hash); err != nil {
		return local.State{}, fmt.Errorf("read state: %w", s.explain(err))
	}
	copy(st.Hash[:], hash)
	return st, nil
}

// Queue implements local.Store.
func (s *Store) Queue() ([]local.Queued, error) {
	return collect(s, "read outbox", s.r.queue, nil, queued)
}

// First implements local.Store.
func (s *Store) First() (seq uint64, err error) {
	if err := s.r.first.QueryRow().Scan(&seq); err != nil {
		return 0, fmt.Errorf("read outbox: %w", s.explain(err))
	}
	return seq, nil
}

// Kept implements local.Store.
func (s *Store) Kept(from uint64, n int) ([]local.Queued, error) {
	return collect(s, "read kept ops", s.r.kept, []any{from, n}, queued)
}

func queued(rows *sql.Rows) (q local.Queued, err error) {
	var hash []byte
	err = rows.Scan(&q.Seq, &hash, &q.Bytes, &q.At, &q.Result)
	copy(q.Hash[:], hash)
	return q, err
}

// Get implements local.Store.
func (s *Store) Get(table, id string) (local.Row, bool, error) {
	r := local.Row{Table: table, ID: id}
	err := s.r.row.QueryRow(table, id).Scan(&r.Scope, &r.Seq, &r.Body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return local.Row{}, false, nil
	case err != nil:
		return local.Row{}, false, fmt.Errorf("read row %s %s: %w", table, id, s.explain(err))
	}
	return r, true, nil
}

// Rows implements local.Store.
func (s *Store) Rows(table string) ([]local.Row, error) {
	all, err := collect(s, "read table "+table, s.r.rows, []any{table}, func(rows *sql.Rows) (local.Row, error) {
		r := local.Row{Table: table}
		err := rows.Scan(&r.Scope, &r.ID, &r.Seq, &r.Body)
		return r, err
	})
	newest := all[:0]
	for i, r := range all {
		if i == len(all)-1 || all[i+1].ID != r.ID {
			newest = append(newest, r)
		}
	}
	return newest, err
}

func collect[T any](s *Store, what string, q *sql.Stmt, args []any, scan func(*sql.Rows) (T, error)) ([]T, error) {
	rows, err := q.Query(args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, s.explain(err))
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, s.explain(err))
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, s.explain(err))
	}
	return all, nil
}

// blob keeps an empty value apart from NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
