package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// steps are the numbers of rows for which each bulk has a prepared statement.
var steps = [...]int{64, 8, 1}

// bulk gathers rows of one table and writes them with few statements.
type bulk struct {
	columns int
	args    []any
	stmts   [len(steps)]*sql.Stmt
}

// prepare makes "INSERT INTO <into> VALUES (…), … <conflict>" for each step. into
// names the table and its columns.
func (b *bulk) prepare(conn *sql.Conn, into, conflict string) error {
	b.columns = strings.Count(into, ",") + 1
	row := "(?" + strings.Repeat(", ?", b.columns-1) + ")"
	for i, n := range steps {
		text := "INSERT INTO " + into + " VALUES " + row + strings.Repeat(", "+row, n-1) + " " + conflict
		stmt, err := conn.PrepareContext(context.Background(), text)
		if err != nil {
			return fmt.Errorf("prepare %s: %w", into, err)
		}
		b.stmts[i] = stmt
	}
	return nil
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
			if _, err := b.stmts[i].Exec(rest[:size]...); err != nil {
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

func (b *bulks) prepare(conn *sql.Conn) error {
	return errors.Join(
		b.org.prepare(conn, `org (id, name, parent, kind, digest, seq)`,
			`ON CONFLICT DO UPDATE SET name = excluded.name, parent = excluded.parent, kind = excluded.kind,
				digest = excluded.digest, seq = excluded.seq`),
		b.person.prepare(conn, `person (id, org, sex, birth, tags, children, lives_in, barred, digest, sealed, seq)`,
			`ON CONFLICT DO UPDATE SET org = excluded.org, sex = excluded.sex, birth = excluded.birth, tags = excluded.tags,
				children = excluded.children, lives_in = excluded.lives_in, barred = excluded.barred, digest = excluded.digest,
				sealed = excluded.sealed, seq = excluded.seq`),
		b.claim.prepare(conn, `claim (ticket, member, org, activity, pool, station, seats, state, taken, place, epoch, inside,
			came, at, granted_at, channel, entered_by, device, seq, blocked)`,
			`ON CONFLICT DO UPDATE SET station = excluded.station, seats = excluded.seats, state = excluded.state, taken = excluded.taken,
				place = excluded.place, epoch = excluded.epoch, inside = excluded.inside, came = excluded.came, granted_at = excluded.granted_at,
				seq = excluded.seq, blocked = excluded.blocked`),
		b.refusal.prepare(conn, `refusal (activity, code, claims, seats)`,
			`ON CONFLICT DO UPDATE SET claims = claims + excluded.claims, seats = seats + excluded.seats`),
		b.result.prepare(conn, `result (device, dev_seq, seq, body)`, ``),
		b.redemption.prepare(conn, `redemption (seq, ticket, station, device, device_at, override, reason, entered_by, at)`, ``),
		b.checkIn.prepare(conn, `check_in (seq, ticket, out, device, device_at, at)`, ``),
		b.scan.prepare(conn, `scan (seq, verdict, ticket, activity, station, device, device_at, word, entered_by, at)`, ``),
		b.feed.prepare(conn, `feed (scope, tbl, id, seq, gone, body)`,
			`ON CONFLICT DO UPDATE SET seq = excluded.seq, gone = excluded.gone, body = excluded.body`),
	)
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
