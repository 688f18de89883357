package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// steps are the numbers of rows for which each bulk has a statement.
var steps = [...]int{64, 8, 1}

// bulk gathers rows of one table and writes them with few statements.
type bulk struct {
	conn           *sql.Conn
	into, conflict string
	columns        int
	args           []any
	stmts          [len(steps)]*sql.Stmt // each from its first use on
}

// begin has the rows written by "INSERT INTO <into> VALUES (…), … <conflict>". into
// names the table and its columns.
func (b *bulk) begin(conn *sql.Conn, into, conflict string) {
	b.conn, b.into, b.conflict, b.columns = conn, into, conflict, strings.Count(into, ",")+1
}

// stmt gives the statement for steps[i] rows.
func (b *bulk) stmt(i int) (*sql.Stmt, error) {
	if b.stmts[i] != nil {
		return b.stmts[i], nil
	}
	row := "(?" + strings.Repeat(", ?", b.columns-1) + ")"
	text := "INSERT INTO " + b.into + " VALUES " + row + strings.Repeat(", "+row, steps[i]-1) + " " + b.conflict
	stmt, err := b.conn.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", b.into, err)
	}
	b.stmts[i] = stmt
	return stmt, nil
}

// close ends the statements; SQLite keeps a connection that has open ones, and
// then leaves its log behind.
func (b *bulk) close() error {
	var errs []error
	for _, stmt := range b.stmts {
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	return errors.Join(errs...)
}

func (b *bulk) add(row ...any) { b.args = append(b.args, row...) }

// flush writes the rows in the order in which they were added.
func (b *bulk) flush() error {
	rest := b.args
	for i, n := range steps {
		for size := n * b.columns; len(rest) >= size; rest = rest[size:] {
			stmt, err := b.stmt(i)
			if err == nil {
				_, err = stmt.Exec(rest[:size]...)
			}
			if err != nil {
				return err
			}
		}
	}
	b.clear()
	return nil
}

func (b *bulk) clear() {
	clear(b.args) // lets go of the bodies
	b.args = b.args[:0]
}

// bulks are the tables that a storm or an import fills.
type bulks struct {
	org, person, claim, refusal, result, redemption, checkIn, scan, feed bulk
}

func (b *bulks) list() []*bulk {
	return []*bulk{&b.org, &b.person, &b.claim, &b.refusal, &b.result, &b.redemption, &b.checkIn, &b.scan, &b.feed}
}

func (b *bulks) begin(conn *sql.Conn) {
	b.org.begin(conn, `org (id, name, parent, kind, digest, seq)`,
		`ON CONFLICT DO UPDATE SET name = excluded.name, parent = excluded.parent, kind = excluded.kind,
				digest = excluded.digest, seq = excluded.seq`)
	b.person.begin(conn, `person (id, org, sex, birth, tags, children, lives_in, barred, digest, sealed, seq)`,
		`ON CONFLICT DO UPDATE SET org = excluded.org, sex = excluded.sex, birth = excluded.birth, tags = excluded.tags,
				children = excluded.children, lives_in = excluded.lives_in, barred = excluded.barred, digest = excluded.digest,
				sealed = excluded.sealed, seq = excluded.seq`)
	b.claim.begin(conn, `claim (ticket, member, org, activity, pool, station, seats, state, taken, place, epoch, inside,
			came, at, granted_at, channel, entered_by, device, seq, blocked, handed, passed)`,
		`ON CONFLICT DO UPDATE SET station = excluded.station, seats = excluded.seats, state = excluded.state, taken = excluded.taken,
				place = excluded.place, epoch = excluded.epoch, inside = excluded.inside, came = excluded.came, granted_at = excluded.granted_at,
				seq = excluded.seq, blocked = excluded.blocked, handed = excluded.handed, passed = excluded.passed`)
	b.refusal.begin(conn, `refusal (activity, code, claims, seats)`,
		`ON CONFLICT DO UPDATE SET claims = claims + excluded.claims, seats = seats + excluded.seats`)
	b.result.begin(conn, `result (device, dev_seq, seq, body)`, ``)
	b.redemption.begin(conn, `redemption (seq, ticket, station, device, device_at, override, reason, entered_by, at)`, ``)
	b.checkIn.begin(conn, `check_in (seq, ticket, out, device, device_at, at)`, ``)
	b.scan.begin(conn, `scan (seq, verdict, ticket, activity, station, device, device_at, word, entered_by, at)`, ``)
	b.feed.begin(conn, `feed (scope, tbl, id, seq, gone, body)`,
		`ON CONFLICT DO UPDATE SET seq = excluded.seq, gone = excluded.gone, body = excluded.body`)
}

func (b *bulks) flush() error {
	for _, one := range b.list() {
		if err := one.flush(); err != nil {
			return err
		}
	}
	return nil
}

func (b *bulks) clear() {
	for _, one := range b.list() {
		one.clear()
	}
}
