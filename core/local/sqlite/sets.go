package sqlite

import (
	"database/sql"
	"fmt"
	"strings"

	"yizhan/core/local"
)

// set is how many rows enter in one statement: a call into SQLite costs as much as
// three rows do.
const set = 64

// insert is a statement that puts rows of one scope and table. Its parameters are
// 1 scope, 2 table, 3 gone, and for each row id, seq and body.
type insert struct{ head, row, tail string }

var (
	insertRows   = insert{`INSERT INTO rows (tbl, scope, id, seq, body) VALUES `, `(?2, ?1, ?%d, ?%d, ?%d)`, ` ON CONFLICT DO UPDATE SET seq = excluded.seq, body = excluded.body`}
	insertStaged = insert{`INSERT OR REPLACE INTO staged (scope, tbl, gone, id, seq, body) VALUES `, `(?1, ?2, ?3, ?%d, ?%d, ?%d)`, ``}
)

// text is the statement for n rows.
func (in insert) text(n int) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf(in.row, 3*i+4, 3*i+5, 3*i+6)
	}
	return in.head + strings.Join(rows, ", ") + in.tail
}

// inSets puts rows in their order: by sets while so many of one scope and table
// follow each other, and else one by one.
func inSets(tx *sql.Tx, rows []local.Row, in insert, gone any, one func(local.Row) error) (err error) {
	var many *sql.Stmt
	args := make([]any, 0, 3+3*set)
	for len(rows) > 0 {
		r := rows[0]
		if len(rows) < set || rows[set-1].Scope != r.Scope || rows[set-1].Table != r.Table || !alike(rows[:set]) {
			if err := one(r); err != nil {
				return fmt.Errorf("put row %q %q: %w", r.Table, r.ID, err)
			}
			rows = rows[1:]
			continue
		}
		if many == nil {
			if many, err = tx.Prepare(in.text(set)); err != nil {
				return err
			}
			defer many.Close()
		}
		args = append(args[:0], r.Scope, r.Table, gone)
		for _, r := range rows[:set] {
			args = append(args, r.ID, r.Seq, blob(r.Body))
		}
		if _, err := many.Exec(args...); err != nil {
			return fmt.Errorf("put rows %q %q to %q: %w", r.Table, r.ID, rows[set-1].ID, err)
		}
		rows = rows[set:]
	}
	return nil
}

// alike reports whether rows are of one scope and table.
func alike(rows []local.Row) bool {
	for _, r := range rows {
		if r.Scope != rows[0].Scope || r.Table != rows[0].Table {
			return false
		}
	}
	return true
}
