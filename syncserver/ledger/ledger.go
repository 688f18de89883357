// Package ledger projects journal entries into SQL tables, for the console,
// statistics and exports, and into the feed, from which sessions bring devices
// up to date.
//
// It is one SQLite file in WAL mode. The file can always be made again from the
// journal, so synchronous=NORMAL is enough: a power cut may undo the last
// transactions, but never half of one, and Applied, which every transaction
// carries, then says from where to project again. A file that is damaged, or
// ahead of the journal, is deleted by whoever owns the journal and made anew.
//
// Scopes and what they hold (session.Scopes chooses): "public" activities, pools and
// stations; "member/<id>" a member's own claims, messages and me row;
// "station/<id>" the tickets bound there; "door" everybody with a claim for a
// session, and "guests" who they are; "org/<id>" tasks and incidents of that organisation and all below it;
// "staff" all tasks and incidents; "lease/<device>" its leases and, while one is
// open, the people, organisations and claims that its decisions read; "scan" what
// everybody who scans must know of void tickets. "fleet" phones whose codes say nothing any
// more; the server's keys, which are not in the journal, are added to it on the way.
package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"yizhan/core/op"
	"yizhan/syncserver/ledger/db"
)

// Ledger is an open ledger file. It is safe for concurrent use: one Project at a
// time, while readers see the last whole one.
type Ledger struct {
	vfs     string
	applied atomic.Uint64
	read    *sql.DB
	queries *db.Queries
	sealed  *sql.DB // one connection for Sealed
	watch   watch
	tail    tail

	turn    sync.Mutex // guards what follows: one projection at a time
	write   *sql.DB
	conn    *sql.Conn // the only connection of write; transactions are begun and ended by statements on it
	bulks   bulks
	written *db.Queries // on conn: what this transaction has written included
	world   *world      // nil after a failed projection: read it again from the file
}

// Open opens the ledger at path, and makes it where there is none.
func Open(path string) (*Ledger, error) { return OpenOn("", path) }

// OpenOn is Open on a file system (VFS) that SQLite knows by that name; empty is the
// machine's own.
func OpenOn(vfs, path string) (*Ledger, error) {
	l := &Ledger{vfs: vfs, watch: watch{subscribers: map[string][]listed{}}}
	if err := l.open(path); err != nil {
		return nil, errors.Join(fmt.Errorf("open ledger %s: %w", path, err), l.Close())
	}
	return l, nil
}

// Close ends all statements and connections.
func (l *Ledger) Close() error {
	var errs []error
	for _, q := range []*db.Queries{l.queries, l.written} {
		if q != nil {
			errs = append(errs, q.Close())
		}
	}
	for _, b := range l.bulks.list() {
		errs = append(errs, b.close())
	}
	if l.conn != nil {
		errs = append(errs, l.conn.Close())
	}
	for _, db := range []*sql.DB{l.read, l.sealed, l.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Applied is the newest journal Seq that the ledger contains, 0 for an empty one.
func (l *Ledger) Applied() uint64 { return l.applied.Load() }

// Project brings entries, in Seq order, into the tables, all of them in one
// transaction or none. Entries that the ledger has are skipped; a gap after them
// is an error, as is an entry whose meaning is unknown. Subscribers of the scopes
// that changed are woken after the commit.
func (l *Ledger) Project(entries []op.Entry) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	applied := l.applied.Load()
	for len(entries) > 0 && entries[0].Seq <= applied {
		entries = entries[1:]
	}
	if len(entries) == 0 {
		return nil
	}
	p, err := l.begin()
	if err == nil {
		err = p.all(entries, applied)
	}
	if err == nil {
		_, err = l.conn.ExecContext(context.Background(), `COMMIT`)
	}
	if err != nil {
		l.world = nil
		l.bulks.clear()
		// The rollback of a transaction that SQLite has ended by itself fails, and nothing is lost by it.
		l.conn.ExecContext(context.Background(), `ROLLBACK`)
		return fmt.Errorf("project entries from %d: %w", entries[0].Seq, err)
	}
	applied = entries[len(entries)-1].Seq
	l.tail.add(p.news, p.acks, applied)
	l.applied.Store(applied)
	l.watch.wake(p.changed)
	return nil
}

// begin opens the transaction, and reads the world again if there is none.
func (l *Ledger) begin() (*projection, error) {
	if _, err := l.conn.ExecContext(context.Background(), `BEGIN IMMEDIATE`); err != nil {
		return nil, err
	}
	if l.world == nil {
		w, err := readWorld(l.conn)
		if err != nil {
			return nil, err
		}
		l.world = w
	}
	return newProjection(l), nil
}
