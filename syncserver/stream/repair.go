package stream

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"yizhan/core/scope"
	"yizhan/core/wire"
)

// repair adds the rows of sub-sums that are not as they should be. What is too
// much for one chunk is sent as a scope that begins anew.
func (s *Stream) repair(v View, p *plan) error {
	if len(s.differ) > 0 {
		p.fixed = map[string][]byte{}
	}
	for name, theirs := range s.differ {
		i := slices.IndexFunc(s.lanes, func(l *lane) bool { return l.name == name && l.held })
		if i < 0 {
			p.fixed[name] = nil // it is on its way as a whole
			continue
		}
		ours, err := s.cfg.Sums.of(v, name, s.cfg.Sign)
		if err != nil {
			return err
		}
		buckets := ours.Differ(&theirs)
		rows, size, err := s.bucketRows(v, name, buckets)
		switch {
		case err != nil && !errors.Is(err, errFull):
			return fmt.Errorf("repair scope %s: %w", name, err)
		case err != nil:
			p.fixed[name], p.anew = []byte{}, append(p.anew, s.lanes[i])
		case len(buckets) == 0:
			p.fixed[name] = nil // it was repaired by a newer version
		case len(p.chunk.Rows) == 0 || p.size+size <= p.room && len(p.chunk.Rows)+len(rows) <= wire.MaxItems:
			p.chunk.Parts = append(p.chunk.Parts, wire.Part{Scope: name, Rows: len(rows), Buckets: buckets})
			p.chunk.Rows = append(p.chunk.Rows, rows...)
			p.size += size
			p.fixed[name] = buckets
		}
	}
	return nil
}

func (s *Stream) bucketRows(v View, name string, buckets []byte) (rows []wire.RowChange, size int, err error) {
	var bad [scope.Buckets]bool
	for _, b := range buckets {
		bad[b] = true
	}
	err = Signed(v, name, scope.Position{}, s.cfg.Sign, func(r wire.RowChange) error {
		if r.Gone || !bad[scope.Bucket(r.Table, r.ID)] {
			return nil
		}
		if size += len(r.Table) + len(r.ID) + len(r.Body) + overhead; size > maxRepair || len(rows) == wire.MaxItems {
			return errFull
		}
		rows = append(rows, r)
		return nil
	})
	return rows, size, err
}

// repaired counts what the chunk repairs, and tells of it.
func (s *Stream) repaired(p *plan) {
	for name, buckets := range p.fixed {
		delete(s.differ, name)
		if buckets == nil {
			continue
		}
		s.repairs[name]++
		if s.cfg.Repaired != nil {
			s.cfg.Repaired(name, buckets)
		}
	}
	for _, l := range p.anew {
		l.anew(p.chunk.To)
		l.had = true
	}
}

// worthKeeping is how many rows make a scope's sums dearer to scan than to keep.
const worthKeeping = 100

// Sums remembers the state hashes of large scopes, which many devices share. The
// zero value is ready. It is safe for concurrent use.
type Sums struct {
	mu    sync.Mutex // guards scopes
	known map[string]*known
}

type known struct {
	mu   sync.Mutex // held during a scan, so that a crowd of devices waits for one
	at   uint64     // Seq of the scope's last change
	sums *scope.Sums
}

// entry is what is remembered of a scope.
func (c *Sums) entry(name string) *known {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[string]*known{}
	}
	k := c.known[name]
	if k == nil {
		k = &known{}
		c.known[name] = k
	}
	return k
}

// keep remembers the sums over n rows of a scope that changed last at that Seq.
func (c *Sums) keep(name string, at uint64, n int, sums *scope.Sums) {
	if n < worthKeeping {
		return
	}
	k := c.entry(name)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at, k.sums = at, sums
}

// of gives the sums of a scope in this view.
func (c *Sums) of(v View, name string, sign func([]wire.RowChange) error) (*scope.Sums, error) {
	at, err := v.Changed(name)
	if err != nil {
		return nil, fmt.Errorf("read feed: %w", err)
	}
	k := c.entry(name)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.sums != nil && k.at == at {
		return k.sums, nil
	}
	sums, n := &scope.Sums{}, 0
	if err := Signed(v, name, scope.Position{}, sign, func(r wire.RowChange) error {
		if r.Gone {
			return nil
		}
		n++
		sums.Add(name, r.Table, r.ID, r.Seq, r.Body)
		return nil
	}); err != nil {
		return nil, fmt.Errorf("add up scope %s: %w", name, err)
	}
	if n >= worthKeeping {
		k.at, k.sums = at, sums
		return sums, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, name)
	return sums, nil
}
