package memory

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"yizhan/core/local"
	"yizhan/core/scope"
)

// tables are the rows in view, by table, id and scope.
type tables map[string]map[string]map[string]local.Row

// staging is what is stored of a scope and not in view.
type staging struct {
	fresh bool
	rows  map[[2]string]staged // by table and id
}

type staged struct {
	local.Row
	gone bool
}

func (t tables) put(rows []local.Row) {
	for _, r := range rows {
		if t[r.Table] == nil {
			t[r.Table] = map[string]map[string]local.Row{}
		}
		if t[r.Table][r.ID] == nil {
			t[r.Table][r.ID] = map[string]local.Row{}
		}
		r.Body = append([]byte{}, r.Body...)
		t[r.Table][r.ID][r.Scope] = r
	}
}

// remove removes rows of the server; rows of the device's own are of no scope and have no Seq.
func (t tables) remove(goes func(local.Row) bool) {
	for _, ids := range t {
		for id, versions := range ids {
			maps.DeleteFunc(versions, func(_ string, r local.Row) bool { return goes(r) })
			if len(versions) == 0 {
				delete(ids, id)
			}
		}
	}
}

// newest chooses among the scopes that have a row.
func newest(versions map[string]local.Row) (best local.Row, ok bool) {
	for _, r := range versions {
		if !ok || r.Seq > best.Seq || r.Seq == best.Seq && r.Scope > best.Scope {
			best, ok = r, true
		}
	}
	return best, ok
}

// Stage implements local.Store.
func (s *Store) Stage(c local.Chunk) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if err := check(append(slices.Clone(c.Rows), c.Gone...)); err != nil {
		return fmt.Errorf("stage rows: %w", err)
	}
	s.held.begin(c.Fresh)
	s.held.stage(c.Rows, false)
	s.held.stage(c.Gone, true)
	return nil
}

// Held implements local.Store.
func (s *Store) Held() (local.Held, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return local.Held{}, errClosed
	}
	held := local.Held{Scopes: slices.Sorted(maps.Keys(s.held.held))}
	for _, name := range slices.Sorted(maps.Keys(s.held.staged)) {
		held.Staged = append(held.Staged, local.Staged{Scope: name, Position: s.held.staged[name].last(), Fresh: s.held.staged[name].fresh})
	}
	held.Legacy = s.held.staged[""] != nil && len(s.held.staged[""].rows) > 0
	for _, ids := range s.held.rows {
		for _, versions := range ids {
			held.Legacy = held.Legacy || versions[""].Seq > 0
		}
	}
	return held, nil
}

func (g *staging) last() (p scope.Position) {
	for _, r := range g.rows {
		if at := (scope.Position{Seq: r.Seq, Table: r.Table, ID: r.ID}); p.Less(at) {
			p = at
		}
	}
	return p
}

// Sums implements local.Store.
func (s *Store) Sums() (map[string]*scope.Sums, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, errClosed
	}
	sums := map[string]*scope.Sums{}
	for _, ids := range s.held.rows {
		for _, versions := range ids {
			for name, r := range versions {
				if name == "" {
					continue
				}
				if sums[name] == nil {
					sums[name] = &scope.Sums{}
				}
				sums[name].Add(name, r.Table, r.ID, r.Seq, r.Body)
			}
		}
	}
	return sums, nil
}

// begin throws away what is staged of scopes, and notes that they begin anew.
func (h *content) begin(fresh []string) {
	for _, name := range fresh {
		h.staged[name] = &staging{fresh: true, rows: map[[2]string]staged{}}
		delete(h.held, name)
	}
}

func (h *content) stage(rows []local.Row, gone bool) {
	for _, r := range rows {
		g := h.staged[r.Scope]
		if g == nil {
			g = &staging{rows: map[[2]string]staged{}}
			h.staged[r.Scope] = g
		}
		r.Body = append([]byte{}, r.Body...)
		g.rows[[2]string{r.Table, r.ID}] = staged{r, gone}
	}
}

// apply changes the rows in view.
func (h *content) apply(c local.Checkpoint) {
	if c.Reset {
		h.rows.remove(func(r local.Row) bool { return r.Seq > 0 })
		h.held, h.staged = map[string]bool{}, map[string]*staging{}
	}
	for _, name := range c.Drop {
		h.rows.remove(func(r local.Row) bool { return r.Scope == name && r.Seq > 0 })
		delete(h.held, name)
		delete(h.staged, name)
	}
	h.begin(c.Fresh)
	for _, name := range c.Take {
		h.held[name] = true
	}
	for name := range h.staged {
		if c.Staged && (name == "" || h.held[name]) {
			h.unveil(name)
		}
	}
	for _, b := range c.Replace {
		h.rows.remove(func(r local.Row) bool {
			return r.Scope == b.Scope && r.Seq > 0 && scope.Bucket(r.Table, r.ID) == b.Number
		})
	}
	for _, r := range c.Gone {
		if r.Scope != "" && !h.held[r.Scope] {
			h.stage([]local.Row{r}, true)
			continue
		}
		h.rows.drop(r)
	}
	for _, r := range c.Rows {
		if r.Scope != "" && !h.held[r.Scope] {
			h.stage([]local.Row{r}, false)
			continue
		}
		h.rows.put([]local.Row{r})
	}
}

// unveil brings what is staged of a scope into view.
func (h *content) unveil(name string) {
	g := h.staged[name]
	delete(h.staged, name)
	if g.fresh {
		h.rows.remove(func(r local.Row) bool { return r.Scope == name && r.Seq > 0 })
	}
	for _, r := range g.rows {
		if r.gone {
			h.rows.drop(r.Row)
		} else {
			h.rows.put([]local.Row{r.Row})
		}
	}
}

func (t tables) drop(r local.Row) {
	if versions := t[r.Table][r.ID]; versions != nil {
		if delete(versions, r.Scope); len(versions) == 0 {
			delete(t[r.Table], r.ID)
		}
	}
}

func check(rows []local.Row) error {
	for _, r := range rows {
		if r.Table == "" || r.ID == "" {
			return fmt.Errorf("put row %q %q: table and id must not be empty", r.Table, r.ID)
		}
	}
	return nil
}

func copyQueued(q local.Queued) local.Queued {
	q.Bytes, q.Result = append([]byte{}, q.Bytes...), bytes.Clone(q.Result)
	return q
}

func byID(a, b local.Row) int { return strings.Compare(a.ID, b.ID) }
