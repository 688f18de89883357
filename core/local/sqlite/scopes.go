package sqlite

import (
	"database/sql"
	"fmt"

	"yizhan/core/local"
	"yizhan/core/scope"
)

// scopeStatements change which rows are in view.
type scopeStatements struct {
	scopes, mark, take, lose, clean, stage, unstage, empty, show, hide *sql.Stmt
}

func (w *scopeStatements) texts() map[**sql.Stmt]string {
	return map[**sql.Stmt]string{
		// Rows of no scope are always in view.
		&w.scopes: `SELECT name, fresh, EXISTS (SELECT 1 FROM staged WHERE scope = name) FROM scopes WHERE held = 1
			UNION ALL SELECT '', EXISTS (SELECT 1 FROM scopes WHERE name = '' AND fresh = 1), EXISTS (SELECT 1 FROM staged WHERE scope = '')`,
		&w.mark:    `INSERT INTO scopes VALUES (?, 0, 1) ON CONFLICT DO UPDATE SET fresh = 1, held = 0`,
		&w.take:    `INSERT INTO scopes VALUES (?, 1, 0) ON CONFLICT DO UPDATE SET held = 1`,
		&w.lose:    `DELETE FROM scopes WHERE name = ?`,
		&w.clean:   `UPDATE scopes SET fresh = 0 WHERE name = ?`,
		&w.stage:   insertStaged.text(1),
		&w.unstage: `DELETE FROM staged WHERE scope = ?`,
		&w.empty:   `DELETE FROM rows WHERE scope = ? AND seq > 0`,
		&w.show:    `INSERT OR REPLACE INTO rows SELECT tbl, id, scope, seq, body FROM staged WHERE scope = ? AND gone = 0`,
		&w.hide:    `DELETE FROM rows WHERE (tbl, id, scope) IN (SELECT tbl, id, scope FROM staged WHERE scope = ? AND gone = 1)`,
	}
}

// Stage implements local.Store.
func (s *Store) Stage(c local.Chunk) error {
	return s.change("stage rows", func(tx *sql.Tx) error {
		if err := s.begin(tx, c.Fresh); err != nil {
			return err
		}
		if err := s.stage(tx, c.Rows, false); err != nil {
			return err
		}
		return s.stage(tx, c.Gone, true)
	})
}

// begin throws away what is staged of scopes, and notes that they begin anew.
func (s *Store) begin(tx *sql.Tx, fresh []string) error {
	for _, name := range fresh {
		if err := each(tx, name, s.w.unstage, s.w.mark); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) stage(tx *sql.Tx, rows []local.Row, gone bool) error {
	return inSets(tx, rows, insertStaged, gone, func(r local.Row) error {
		_, err := tx.Stmt(s.w.stage).Exec(r.Scope, r.Table, gone, r.ID, r.Seq, blob(r.Body))
		return err
	})
}

// bring changes the rows in view.
func (s *Store) bring(tx *sql.Tx, c *local.Checkpoint) error {
	if c.Reset {
		for _, text := range []string{`DELETE FROM rows WHERE seq > 0`, `DELETE FROM staged`, `DELETE FROM scopes`} {
			if _, err := tx.Exec(text); err != nil {
				return fmt.Errorf("forget rows: %w", err)
			}
		}
	}
	for _, name := range c.Drop {
		if err := each(tx, name, s.w.empty, s.w.unstage, s.w.lose); err != nil {
			return err
		}
	}
	if err := s.begin(tx, c.Fresh); err != nil {
		return err
	}
	for _, name := range c.Take {
		if err := each(tx, name, s.w.take); err != nil {
			return err
		}
	}
	held, err := s.unveil(tx, c.Staged)
	if err != nil {
		return err
	}
	if err := replace(tx, c.Replace); err != nil {
		return err
	}
	shown, staged := split(c.Gone, held)
	for _, r := range shown {
		if _, err := tx.Stmt(s.w.deleteRow).Exec(r.Table, r.ID, r.Scope); err != nil {
			return fmt.Errorf("remove row %s %s: %w", r.Table, r.ID, err)
		}
	}
	if err := s.stage(tx, staged, true); err != nil {
		return err
	}
	shown, staged = split(c.Rows, held)
	if err := s.putRows(tx, shown); err != nil {
		return err
	}
	return s.stage(tx, staged, false)
}

// unveil brings what is staged of held scopes into view, if staged is true, and says which are held.
func (s *Store) unveil(tx *sql.Tx, staged bool) (held map[string]bool, err error) {
	rows, err := tx.Stmt(s.w.scopes).Query()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	held, fresh := map[string]bool{}, map[string]bool{}
	for rows.Next() {
		var name string
		var anew, waiting bool
		if err := rows.Scan(&name, &anew, &waiting); err != nil {
			return nil, err
		}
		if held[name] = true; staged && (anew || waiting) {
			fresh[name] = anew
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for name, anew := range fresh {
		steps := []*sql.Stmt{s.w.show, s.w.hide, s.w.unstage, s.w.clean}
		if anew {
			steps = append([]*sql.Stmt{s.w.empty}, steps...)
		}
		if err := each(tx, name, steps...); err != nil {
			return nil, err
		}
	}
	return held, nil
}

// each runs statements of one parameter, the name of a scope.
func each(tx *sql.Tx, name string, steps ...*sql.Stmt) error {
	for _, step := range steps {
		if _, err := tx.Stmt(step).Exec(name); err != nil {
			return fmt.Errorf("scope %q: %w", name, err)
		}
	}
	return nil
}

// split parts rows by whether their scope is in view.
func split(rows []local.Row, held map[string]bool) (shown, staged []local.Row) {
	for i, r := range rows {
		if !held[r.Scope] {
			if staged == nil {
				shown = append([]local.Row{}, rows[:i]...)
			}
			staged = append(staged, r)
		} else if staged != nil {
			shown = append(shown, r)
		}
	}
	if staged == nil {
		return rows, nil
	}
	return shown, staged
}

// replace removes the rows of sub-sums.
func replace(tx *sql.Tx, buckets []local.Bucket) error {
	wanted := map[local.Bucket]bool{}
	names := map[string]bool{}
	for _, b := range buckets {
		wanted[b], names[b.Scope] = true, true
	}
	for name := range names {
		var bad [][2]string
		if err := query(tx, func(rows *sql.Rows) error {
			var table, id string
			err := rows.Scan(&table, &id)
			if wanted[local.Bucket{Scope: name, Number: scope.Bucket(table, id)}] {
				bad = append(bad, [2]string{table, id})
			}
			return err
		}, `SELECT tbl, id FROM rows WHERE scope = ? AND seq > 0`, name); err != nil {
			return fmt.Errorf("replace rows of %s: %w", name, err)
		}
		for _, r := range bad {
			if _, err := tx.Exec(`DELETE FROM rows WHERE tbl = ? AND id = ? AND scope = ?`, r[0], r[1], name); err != nil {
				return fmt.Errorf("replace row %s %s: %w", r[0], r[1], err)
			}
		}
	}
	return nil
}

// asker is a database or a transaction.
type asker interface {
	Query(text string, args ...any) (*sql.Rows, error)
}

func query(db asker, fn func(*sql.Rows) error, text string, args ...any) error {
	rows, err := db.Query(text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Held implements local.Store.
func (s *Store) Held() (held local.Held, err error) {
	tx, err := s.read.Begin()
	if err != nil {
		return held, fmt.Errorf("read scopes: %w", s.explain(err))
	}
	defer tx.Rollback()
	err = query(tx, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		held.Scopes = append(held.Scopes, name)
		return err
	}, `SELECT name FROM scopes WHERE held = 1 ORDER BY name`)
	if err == nil {
		err = query(tx, func(rows *sql.Rows) error {
			var one local.Staged
			err := rows.Scan(&one.Scope, &one.Seq, &one.Table, &one.ID, &one.Fresh)
			if n := len(held.Staged); n > 0 && held.Staged[n-1].Scope == one.Scope {
				held.Staged[n-1] = one
			} else {
				held.Staged = append(held.Staged, one)
			}
			return err
		}, `SELECT scope, seq, tbl, id, coalesce(fresh, 0) FROM staged LEFT JOIN scopes ON name = scope
			UNION ALL SELECT name, 0, '', '', 1 FROM scopes WHERE fresh = 1 ORDER BY 1, 2, 3, 4`)
	}
	if err == nil {
		err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM staged WHERE scope = '') OR EXISTS (SELECT 1 FROM rows WHERE scope = '' AND seq > 0)`).Scan(&held.Legacy)
	}
	if err != nil {
		return local.Held{}, fmt.Errorf("read scopes: %w", s.explain(err))
	}
	return held, nil
}

// Sums implements local.Store.
func (s *Store) Sums() (map[string]*scope.Sums, error) {
	sums := map[string]*scope.Sums{}
	err := query(s.read, func(rows *sql.Rows) error {
		var name, table, id string
		var seq uint64
		var body sql.RawBytes
		if err := rows.Scan(&name, &table, &id, &seq, &body); err != nil {
			return err
		}
		if sums[name] == nil {
			sums[name] = &scope.Sums{}
		}
		sums[name].Add(name, table, id, seq, body)
		return nil
	}, `SELECT scope, tbl, id, seq, body FROM rows WHERE scope <> ''`)
	if err != nil {
		return nil, fmt.Errorf("add up rows: %w", s.explain(err))
	}
	return sums, nil
}
