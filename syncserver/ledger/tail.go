package ledger

import (
	"cmp"
	"errors"
	"slices"
	"sort"
	"sync"

	"yizhan/core/id"
	"yizhan/core/scope"
	"yizhan/core/wire"
)

// Limits of the tail. A list that changes faster is read from the file.
const (
	tailRows = 1 << 17 // of all scopes; about 40 MiB
	laneRows = 256     // of one scope
)

// tail is the newest part of the feed in memory. Devices that are connected lack a
// few rows, and it has those without a question to SQLite.
type tail struct {
	mu      sync.RWMutex // guards all below; slices of rows are only ever appended to, or replaced
	applied uint64
	since   uint64 // what changed after it is here, but for what a lane has dropped
	lanes   map[string]*lane
	acks    map[id.Device]ack
	count   int // of rows
}

// lane is the rows of one scope, in order of Seq, table and id, each in its newest version.
type lane struct {
	since uint64 // what changed after it is here
	rows  []wire.RowChange
}

// ack is a device's newest op that was decided after the tail's since.
type ack struct{ seq, op uint64 }

// errBehind says that the tail does not reach back far enough, errMoved that it has gone on since.
var errBehind, errMoved = errors.New("not in memory"), errors.New("the feed has gone on")

// reset forgets everything.
func (t *tail) reset(applied uint64) {
	t.applied, t.since, t.count = applied, applied, 0
	t.lanes, t.acks = map[string]*lane{}, map[id.Device]ack{}
}

// begin is reset for the opening of a ledger.
func (t *tail) begin(applied uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reset(applied)
}

// add takes in what a transaction has changed, once it is committed.
func (t *tail) add(rows []feedRow, acks map[id.Device]ack, applied uint64) {
	slices.SortStableFunc(rows, func(a, b feedRow) int {
		return cmp.Or(cmp.Compare(a.seq, b.seq), cmp.Compare(a.table, b.table), cmp.Compare(a.id, b.id))
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(rows)+len(acks) > tailRows {
		t.reset(applied)
		return
	}
	for _, r := range rows {
		t.put(r)
	}
	for d, a := range acks {
		t.acks[d] = a
	}
	t.applied = applied
	for t.count+len(t.acks) > tailRows {
		t.forget(t.since + (applied-t.since+1)/2)
	}
}

func (t *tail) put(r feedRow) {
	l := t.lanes[r.scope]
	if l == nil {
		l = &lane{since: t.since}
		t.lanes[r.scope] = l
	}
	before := len(l.rows)
	if i := slices.IndexFunc(l.rows, func(old wire.RowChange) bool { return old.ID == r.id && old.Table == r.table }); i >= 0 {
		l.rows = slices.Concat(l.rows[:i], l.rows[i+1:])
	}
	l.rows = append(l.rows, wire.RowChange{Table: r.table, ID: r.id, Seq: r.seq, Gone: r.gone, Body: r.body})
	if len(l.rows) > laneRows {
		l.since, l.rows = l.rows[0].Seq, l.rows[1:]
	}
	t.count += len(l.rows) - before
}

// forget lets go of what changed up to since.
func (t *tail) forget(since uint64) {
	t.since, t.count = since, 0
	for name, l := range t.lanes {
		n := sort.Search(len(l.rows), func(i int) bool { return l.rows[i].Seq > since })
		if n == len(l.rows) && l.since <= since {
			delete(t.lanes, name)
			continue
		}
		l.since, l.rows = max(l.since, since), slices.Clone(l.rows[n:])
		t.count += len(l.rows)
	}
	for d, a := range t.acks {
		if a.seq <= since {
			delete(t.acks, d)
		}
	}
}

// Recent is the ledger at one moment, as far as it is in memory. It is like a View:
// what it answers fits together. An answer that it does not have is an error.
type Recent struct {
	tail    *tail
	applied uint64
}

// Recent calls fn with the ledger as far as it is in memory, more than once where
// it goes on meanwhile; ok is false where fn asked for what is not, and has to ask a
// View. fn returns the errors of its questions, wrapped or not.
func (l *Ledger) Recent(fn func(v *Recent) error) (ok bool, err error) {
	const attempts = 3
	for range attempts {
		l.tail.mu.RLock()
		v := &Recent{&l.tail, l.tail.applied}
		l.tail.mu.RUnlock()
		switch err := fn(v); {
		case errors.Is(err, errMoved):
		case errors.Is(err, errBehind):
			return false, nil
		default:
			return true, err
		}
	}
	return false, nil
}

// Applied is the newest journal Seq that it contains.
func (v *Recent) Applied() (uint64, error) { return v.applied, nil }

// Floor is not in memory.
func (v *Recent) Floor() (uint64, error) { return 0, errBehind }

// Changed is not in memory.
func (v *Recent) Changed(string) (uint64, error) { return 0, errBehind }

// Delta is that of a View.
func (v *Recent) Delta(name string, after scope.Position, fn func(wire.RowChange) error) error {
	v.tail.mu.RLock()
	since, rows := v.tail.since, []wire.RowChange(nil)
	if l := v.tail.lanes[name]; l != nil {
		since, rows = max(since, l.since), l.rows
	}
	v.tail.mu.RUnlock()
	switch {
	case after.Less(scope.After(since)):
		return errBehind
	case len(rows) > 0 && rows[len(rows)-1].Seq > v.applied: // an older version may have been there
		return errMoved
	}
	first := sort.Search(len(rows), func(i int) bool {
		return after.Less(scope.Position{Seq: rows[i].Seq, Table: rows[i].Table, ID: rows[i].ID})
	})
	for _, r := range rows[first:] {
		if err := fn(r); err != nil {
			return err
		}
	}
	return nil
}

// Acked is that of a View, for the moment of this one, where the answer for an
// earlier Seq is known.
func (v *Recent) Acked(device id.Device, earlier uint64, op uint64, upTo uint64) (uint64, error) {
	v.tail.mu.RLock()
	a, found := v.tail.acks[device]
	since := v.tail.since
	v.tail.mu.RUnlock()
	switch {
	case earlier < since || upTo != v.applied:
		return 0, errBehind
	case !found:
		return op, nil
	case a.seq > v.applied:
		return 0, errMoved
	}
	return max(a.op, op), nil
}
