package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/scope"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger/db"
)

// View is the ledger at one moment: what it answers fits together, however far
// Project goes on meanwhile. It is valid only inside the function it is given to.
type View struct {
	tx      *sql.Tx
	queries *db.Queries
}

// View calls fn with the ledger as it is at fn's first question. fn must not wait for a device or a
// network, nor ask the Ledger anything but Sealed: it holds one of few connections.
func (l *Ledger) View(fn func(v *View) error) error {
	tx, err := l.read.Begin()
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	return errors.Join(fn(&View{tx, l.queries.WithTx(tx)}), tx.Rollback())
}

// Applied is the newest journal Seq that the view contains.
func (v *View) Applied() (uint64, error) {
	applied, err := v.queries.Applied(context.Background())
	return applied, wrap("read ledger", err)
}

// Delta gives the rows of a scope behind a position, each in its newest version,
// removed ones too, in order of Seq, table and id.
func (v *View) Delta(name string, after scope.Position, fn func(wire.RowChange) error) error {
	rows, err := v.tx.Query(`SELECT tbl, id, seq, gone, body FROM feed WHERE scope = ?1 AND seq >= ?2 AND (seq, tbl, id) > (?2, ?3, ?4)
		ORDER BY seq, tbl, id`, name, int64(after.Seq), after.Table, after.ID)
	if err != nil {
		return fmt.Errorf("read feed: %w", err)
	}
	return each(rows, func(r *sql.Rows) error {
		var c wire.RowChange
		var seq int64
		if err := r.Scan(&c.Table, &c.ID, &seq, &c.Gone, &c.Body); err != nil {
			return fmt.Errorf("read feed: %w", err)
		}
		c.Seq = uint64(seq)
		return fn(c)
	})
}

// Changed is the Seq at which a scope changed last, 0 for an empty one.
func (v *View) Changed(name string) (seq uint64, err error) {
	err = v.tx.QueryRow(`SELECT coalesce(max(seq), 0) FROM feed WHERE scope = ?`, name).Scan(&seq)
	return seq, wrap("read feed", err)
}

// Acked is the number of the last op of a device whose effects the rows contain
// up to journal Seq upTo, 0 for none. What is known of an earlier Seq is of no use here.
func (v *View) Acked(device id.Device, _, _, upTo uint64) (uint64, error) {
	n, err := v.queries.Acked(context.Background(), db.AckedParams{Device: device, Seq: upTo})
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return n, wrap("read results", err)
}

// Result gives what the device's op of that number was answered, and where the journal
// has it: 0 while the ledger does not contain it. The result's own Seq is what the device
// was told, which after a restore is a place in the journal that was lost.
func (l *Ledger) Result(device id.Device, devSeq uint64) (r op.Result, at uint64, err error) {
	row, err := l.queries.Result(context.Background(), db.ResultParams{Device: device, DevSeq: devSeq})
	if errors.Is(err, sql.ErrNoRows) {
		return r, 0, nil
	}
	if err == nil {
		err = wire.DecodeRow(row.Body, &r)
	}
	return r, row.Seq, wrap("read results", err)
}

// watch knows who waits for which scope.
type watch struct {
	mu          sync.Mutex
	subscribers map[string][]listed
}

// listed is a subscriber in the list of one of its scopes.
type listed struct {
	who   *subscriber
	which int // of its scopes
}

type subscriber struct {
	changed func()
	places  []int // in the lists of its scopes
}

// Subscribe has changed called after rows of any of scopes have changed: by Project,
// so it must neither block nor subscribe. Subscribe before the first Delta, so that
// no change falls between the two. cancel ends it.
func (l *Ledger) Subscribe(scopes []string, changed func()) (cancel func()) {
	s := &subscriber{changed, make([]int, len(scopes))}
	w := &l.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, scope := range scopes {
		s.places[i] = len(w.subscribers[scope])
		w.subscribers[scope] = append(w.subscribers[scope], listed{s, i})
	}
	return func() { w.remove(s, scopes) }
}

// remove closes each gap with the last of the list.
func (w *watch) remove(s *subscriber, scopes []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.places == nil { // it has ended already
		return
	}
	for i, scope := range scopes {
		list, at := w.subscribers[scope], s.places[i]
		last := list[len(list)-1]
		list[at], last.who.places[last.which] = last, at
		list[len(list)-1] = listed{}
		if list = list[:len(list)-1]; len(list) == 0 {
			delete(w.subscribers, scope)
			continue
		}
		w.subscribers[scope] = list
	}
	s.places = nil
}

func (w *watch) wake(scopes map[string]struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for scope := range scopes {
		for _, one := range w.subscribers[scope] {
			one.who.changed()
		}
	}
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
