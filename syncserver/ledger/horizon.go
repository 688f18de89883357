package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"yizhan/core/op"
)

// horizon is how many days of journal time a removed row is remembered: longer than
// a phone lies in a drawer over a summer, or a station is closed for. Who comes later
// is given everything anew, which costs them a minute and nobody else anything.
const horizon = 60

// day is a day in Unix milliseconds.
const day = 24 * 60 * 60 * 1000

// purge is how many removed rows one transaction forgets at most, so that none waits for it.
const purge = 500

// floor is the Seq up to which removed rows are forgotten, or will be: the last one
// before the horizon.
var floor = fmt.Sprintf(`(SELECT coalesce(min(seq), 1) - 1 FROM clock WHERE day >= (SELECT max(day) FROM clock) - %d)`, horizon)

// Floor is the Seq from which on removed rows are remembered.
func (v *View) Floor() (seq uint64, err error) {
	err = v.tx.QueryRow(`SELECT ` + floor).Scan(&seq)
	return seq, wrap("read feed", err)
}

// date notes the first entry of each day.
func (p *projection) date(e *op.Entry) error {
	if d := e.At / day; d > p.world.day {
		p.world.day, p.world.old = d, true
		return p.exec(`INSERT INTO clock VALUES (?, ?)`, d, int64(e.Seq))
	}
	return nil
}

// forget removes some of the removed rows that are past the horizon, if there may be
// any: only a new day moves it.
func (p *projection) forget() error {
	if !p.world.old {
		return nil
	}
	done, err := p.conn.ExecContext(context.Background(), `DELETE FROM feed WHERE (scope, tbl, id) IN
		(SELECT scope, tbl, id FROM feed WHERE gone = 1 AND seq <= `+floor+` ORDER BY seq LIMIT ?)`, purge)
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	p.world.old = n == purge
	return err
}

// remembered are the rows of the feed that are a function of the journal: when a
// removed row is forgotten depends on how entries fell into transactions.
var remembered = `feed WHERE gone = 0 OR seq > ` + floor

// undated refuses a file that an older program has made: it does not say when its
// rows were removed.
func undated(db *sql.DB) error {
	var old bool
	err := db.QueryRow(`SELECT (SELECT seq FROM applied) > 0 AND NOT EXISTS (SELECT 1 FROM clock)`).Scan(&old)
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	if old {
		return errors.New("an older program has made it: project the journal again")
	}
	return nil
}
