package ledger

import (
	"database/sql"
	"fmt"

	"yizhan/core/op"
	"yizhan/core/wire"
)

// file shows what staff have to look at in some scopes, and remembers which.
func (p *projection) file(table string, seq uint64, body []byte, scopes ...string) error {
	for _, scope := range scopes {
		p.put(scope, table, number(seq), seq, body)
		if err := p.exec(`INSERT OR IGNORE INTO filed VALUES (?, ?)`, int64(seq), scope); err != nil {
			return err
		}
	}
	return nil
}

// settled writes what staff did into the rows of a task or an incident.
func (p *projection) settled(e *op.Entry) error {
	if e.About == 0 {
		return nil
	}
	if err := p.flush(); err != nil {
		return err
	}
	var scopes []string
	err := p.query(`SELECT scope FROM filed WHERE seq = ? ORDER BY scope`, func(r *sql.Rows) error {
		var scope string
		err := r.Scan(&scope)
		scopes = append(scopes, scope)
		return err
	}, int64(e.About))
	if err != nil {
		return err
	}
	var table string
	var body []byte
	err = p.query(`SELECT tbl, body FROM feed WHERE scope = ? AND tbl IN ('task', 'incident') AND id = ?`, func(r *sql.Rows) error {
		return r.Scan(&table, &body)
	}, ScopeStaff, number(e.About))
	if err == nil && table == "" {
		err = fmt.Errorf("there is no task and no incident %d", e.About)
	}
	if err == nil {
		body, err = settledRow(table, body, e)
	}
	for _, scope := range scopes {
		p.put(scope, table, number(e.About), e.Seq, body)
	}
	return err
}

// settledRow gives the new version of a row.
func settledRow(table string, body []byte, e *op.Entry) ([]byte, error) {
	if table == wire.TableTask {
		var row wire.TaskRow
		if err := wire.DecodeRow(body, &row); err != nil {
			return nil, err
		}
		row.SettledAt, row.SettledBy, row.Note, row.Handled = e.At, e.By, e.Reason, e.Handled
		return wire.EncodeRow(row)
	}
	var row wire.IncidentRow
	if err := wire.DecodeRow(body, &row); err != nil {
		return nil, err
	}
	row.SettledAt, row.SettledBy, row.Note, row.Handled = e.At, e.By, e.Reason, e.Handled
	return wire.EncodeRow(row)
}

// Matters are all tasks and incidents with what staff did about them, oldest first.
func (l *Ledger) Matters() (tasks []wire.TaskRow, incidents []wire.IncidentRow, err error) {
	err = l.View(func(v *View) error {
		rows, err := v.tx.Query(`SELECT tbl, body FROM feed WHERE scope = ? AND tbl IN ('task', 'incident') AND gone = 0 ORDER BY CAST(id AS INTEGER)`, ScopeStaff)
		if err != nil {
			return fmt.Errorf("read tasks and incidents: %w", err)
		}
		return each(rows, func(r *sql.Rows) error {
			var table string
			var body []byte
			if err := r.Scan(&table, &body); err != nil {
				return err
			}
			if table == wire.TableTask {
				var row wire.TaskRow
				err = wire.DecodeRow(body, &row)
				tasks = append(tasks, row)
			} else {
				var row wire.IncidentRow
				err = wire.DecodeRow(body, &row)
				incidents = append(incidents, row)
			}
			return err
		})
	})
	return tasks, incidents, err
}
