package hub

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/scope"
	"yizhan/core/wire"
	"yizhan/syncserver/stream"
)

// tables are those that scanners may be given; what is in which scope is the server's choice.
var tables = []string{wire.TableActivity, wire.TablePool, wire.TableStation, wire.TableCalendar, wire.TableMap, wire.TableKey, wire.TableTicket, wire.TableDoor, wire.TableGuest, wire.TableVoid}

// maxTombstones bounds the removed rows that are remembered; a scanner that was
// away for longer begins anew.
const maxTombstones = 20_000

// snapshot is everything that scanners may hold, at one cursor.
type snapshot struct {
	paused  bool // there is nothing to serve
	applied uint64
	floor   uint64
	rows    map[string][]wire.RowChange // by scope, in order of Seq, table and id; removed ones too
}

// snapshots keeps the newest one. A hub's rows are a station's: they fit in memory.
type snapshots struct {
	scopes map[string]bool

	mu      sync.Mutex // guards all below
	served  served
	anew    bool // what was served before is another history
	now     *snapshot
	waiting map[*waiter]struct{}
}

// waiter is told of changes of scopes.
type waiter struct {
	scopes  []string
	changed func()
}

type rowKey struct{ table, id string }

// refresh makes the next snapshot from the store, whose rows do not change meanwhile.
func (f *snapshots) refresh(s local.Store) error {
	state, err := s.State()
	if err != nil {
		return err
	}
	next := &snapshot{applied: state.Cursor, floor: state.Cursor, rows: map[string][]wire.RowChange{}}
	for _, table := range tables {
		rows, err := s.Rows(table)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if f.scopes[r.Scope] && r.Seq > 0 {
				next.rows[r.Scope] = append(next.rows[r.Scope], wire.RowChange{Table: r.Table, ID: r.ID, Seq: r.Seq, Body: r.Body})
			}
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.anew {
		f.now, f.anew = nil, false
	}
	if f.served.Paused {
		f.now = &snapshot{paused: true}
		return nil
	}
	changed := map[string]bool{}
	for name := range f.scopes {
		next.follow(f.now, name)
		changed[name] = f.now == nil || !slices.EqualFunc(f.now.rows[name], next.rows[name], func(a, b wire.RowChange) bool {
			return a.Seq == b.Seq && a.Table == b.Table && a.ID == b.ID && a.Gone == b.Gone
		})
	}
	f.now = next
	for w := range f.waiting {
		if slices.ContainsFunc(w.scopes, func(name string) bool { return changed[name] }) {
			w.changed()
		}
	}
	return nil
}

// follow adds to a scope what was removed since the snapshot before, and sorts it.
func (n *snapshot) follow(before *snapshot, name string) {
	there := map[rowKey]bool{}
	for _, r := range n.rows[name] {
		there[rowKey{r.Table, r.ID}] = true
	}
	tombstones := 0
	if before != nil {
		n.floor = before.floor
		for _, r := range before.rows[name] {
			if there[rowKey{r.Table, r.ID}] {
				continue
			}
			if !r.Gone {
				r = wire.RowChange{Table: r.Table, ID: r.ID, Seq: n.applied, Gone: true, Body: []byte{}}
			}
			n.rows[name] = append(n.rows[name], r)
			tombstones++
		}
	}
	if tombstones > maxTombstones {
		n.floor = n.applied
		n.rows[name] = slices.DeleteFunc(n.rows[name], func(r wire.RowChange) bool { return r.Gone })
	}
	slices.SortFunc(n.rows[name], func(a, b wire.RowChange) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), strings.Compare(a.Table, b.Table), strings.Compare(a.ID, b.ID))
	})
}

func (f *snapshots) newest() *snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// feed is what scanners hold of this hub.
type feed struct{ h *Hub }

// Applied implements session.Feed.
func (f feed) Applied() uint64 { return f.h.store.feed.newest().applied }

// Subscribe implements session.Feed.
func (f feed) Subscribe(scopes []string, changed func()) (cancel func()) {
	s, w := &f.h.store.feed, &waiter{scopes, changed}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == nil {
		s.waiting = map[*waiter]struct{}{}
	}
	s.waiting[w] = struct{}{}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.waiting, w)
	}
}

// View implements session.Feed.
func (f feed) View(fn func(stream.View) error) error {
	return fn(view{f.h.store.feed.newest(), f.h})
}

type view struct {
	*snapshot
	h *Hub
}

func (v view) Applied() (uint64, error) {
	if v.paused {
		return 0, stream.ErrPaused
	}
	return v.applied, nil
}

func (v view) Floor() (uint64, error) { return v.floor, nil }

func (v view) Changed(name string) (uint64, error) {
	rows := v.rows[name]
	if len(rows) == 0 {
		return 0, nil
	}
	return rows[len(rows)-1].Seq, nil
}

func (v view) Delta(name string, after scope.Position, fn func(wire.RowChange) error) error {
	for _, r := range v.rows[name] {
		if at := (scope.Position{Seq: r.Seq, Table: r.Table, ID: r.ID}); !after.Less(at) {
			continue
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	return nil
}

// Acked gives the ops that the server has decided and whose effects these rows
// contain: until then a scanner keeps an op, even if this hub burns.
func (v view) Acked(d id.Device, _, _, upTo uint64) (uint64, error) {
	v.h.mu.Lock()
	defer v.h.mu.Unlock()
	s := v.h.scanners[d]
	if s == nil {
		return 0, nil
	}
	return s.acked(upTo), nil
}
