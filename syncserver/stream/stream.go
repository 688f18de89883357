// Package stream says what a device is sent next so that its rows become those of
// the feed: chunk by chunk, each read from one view of the ledger. It has no
// goroutine, socket or clock; a session and a simulator run the same one.
package stream

import (
	"errors"
	"fmt"
	"slices"

	"yizhan/core/id"
	"yizhan/core/scope"
	"yizhan/core/wire"
)

// View is the feed at one moment.
type View interface {
	// Applied is the newest journal Seq in it, or ErrPaused.
	Applied() (uint64, error)
	// Floor is the Seq from which on it remembers removed rows: who holds less begins anew.
	Floor() (uint64, error)
	// Delta calls fn for the rows of a scope behind a position, in order of Seq, table
	// and id, removed ones too; fn may keep the row. An error of fn ends it and is returned.
	Delta(name string, after scope.Position, fn func(wire.RowChange) error) error
	// Changed is the Seq at which the scope changed last.
	Changed(name string) (uint64, error)
	// Acked is the last op number of the device whose effects the rows contain up to
	// journal Seq upTo; at an earlier Seq it was op, and nothing is known at Seq 0.
	Acked(device id.Device, earlier, op, upTo uint64) (uint64, error)
}

// ErrPaused says that a View has nothing to give for now.
var ErrPaused = errors.New("the feed is paused")

// Config is what a stream is made of.
type Config struct {
	Device   id.Device
	Scopes   []string                          // that the device may hold
	Sign     func([]wire.RowChange) error      // completes rows for delivery, always in the same way; removed ones stay as they are
	Sums     *Sums                             // shared by all streams of a server
	Repaired func(name string, buckets []byte) // called when a repair is sent; no buckets: the whole scope
	Stamp    func(applied uint64) []byte       // what a device shows of a checkpoint when it comes again; nil: nothing
}

// Limits of a stream.
const (
	maxRepair  = 512 << 10 // bytes of rows that are replaced in one chunk; for more, the scope begins anew
	maxRepairs = 3         // of one scope in one session: what does not help is a bug, and a person must look
	overhead   = 32        // bytes of a row beside its texts
)

// Stream is how one session stands. It is not safe for concurrent use.
type Stream struct {
	cfg     Config
	lanes   []*lane    // in the order in which they are sent
	held    *wire.Held // until it has begun
	plainly bool       // the device names no scopes
	begun   bool
	cursor  uint64
	acked   uint64
	drop    []string
	verify  bool
	differ  map[string]scope.Sums // of scopes that are not as they should be at the device
	repairs map[string]int

	reset  bool   // a device without scopes that begins anew
	pin    uint64 // To of its unfinished checkpoint
	behind bool   // the ledger has gone on since that was said

	next *plan // what the last Next will have done once it is sent
}

// lane is how far a scope is sent.
type lane struct {
	index int // in Stream.lanes
	name  string
	rank  int
	held  bool // in view at the device, at the cursor
	fresh bool // to be announced as beginning anew
	had   bool // the device counts it among those it holds
	pos   scope.Position
	since uint64 // rows that were removed up to here were never sent

	sums    *scope.Sums // of the rows that were sent, from the beginning on; nil where that was another session's
	rows    int         // that are in sums
	changed uint64      // Seq of the scope's last change when its beginning was sent
}

// plan is a chunk and where the stream stands after it.
type plan struct {
	chunk   wire.Checkpoint
	at      []reached // by lane
	room    int
	size    int
	applied uint64            // of the view
	fixed   map[string][]byte // scopes that are repaired by it, and their sub-sums; nil if there was no need
	anew    []*lane           // to be sent from their beginning, because too much of them is wrong
}

// reached is where a lane stands after a plan.
type reached struct {
	read bool
	pos  scope.Position
	done bool // nothing is left behind pos
}

// New makes the stream of a device that has proved who it is.
func New(cfg Config, proof wire.Proof) *Stream {
	s := &Stream{cfg: cfg, cursor: proof.Cursor, held: proof.Held, plainly: proof.Held == nil, verify: true, lanes: make([]*lane, len(cfg.Scopes))}
	all := make([]lane, len(cfg.Scopes)) // at one place: there are as many streams as devices
	for i, name := range cfg.Scopes {
		all[i] = lane{name: name, rank: scope.Rank(name)}
		s.lanes[i] = &all[i]
	}
	slices.SortStableFunc(s.lanes, func(a, b *lane) int { return a.rank - b.rank })
	for i, l := range s.lanes {
		l.index = i
	}
	return s
}

// Cursor is the Seq up to which the device has everything of the scopes that it holds.
func (s *Stream) Cursor() uint64 { return s.cursor }

// Acked is what the device was told last.
func (s *Stream) Acked() uint64 { return s.acked }

// Complete reports whether the device holds all its scopes.
func (s *Stream) Complete() bool {
	return s.begun && s.pin == 0 && !s.reset && !slices.ContainsFunc(s.lanes, func(l *lane) bool { return !l.held })
}

// Idle reports whether there is nothing to send before something changes.
func (s *Stream) Idle() bool {
	return s.Complete() && !s.behind && !s.verify && len(s.differ) == 0 && !slices.ContainsFunc(s.lanes, func(l *lane) bool { return l.pos != scope.After(s.cursor) })
}

// Verify has the next checkpoint carry the sums of all scopes.
func (s *Stream) Verify() { s.verify = !s.plainly }

// Differ takes the sub-sums of scopes that are not as the server said.
func (s *Stream) Differ(m wire.Differ) {
	for name, b := range m.Sums {
		sums, ok := scope.Parse(b)
		if ok && slices.Contains(s.cfg.Scopes, name) && s.repairs[name] < maxRepairs {
			if s.differ == nil {
				s.differ, s.repairs = map[string]scope.Sums{}, map[string]int{}
			}
			s.differ[name] = sums
		}
	}
}

// begin finds out what the device holds already.
func (s *Stream) begin(v View, applied uint64) error {
	floor, err := v.Floor()
	if err != nil {
		return err
	}
	if s.acked, err = v.Acked(s.cfg.Device, 0, 0, s.cursor); err != nil {
		return err
	}
	s.begun = true
	if s.plainly {
		s.beginPlain(floor, applied)
		return nil
	}
	staged := map[string]wire.Staged{}
	for _, one := range s.held.Staged {
		staged[one.Scope] = one
	}
	for _, l := range s.lanes {
		l.begin(s, staged[l.name], floor, applied)
	}
	for _, name := range s.held.Scopes {
		s.gone(name)
	}
	for name := range staged {
		s.gone(name)
	}
	s.held = nil
	return nil
}

// gone has a scope dropped that is none of the device's any more.
func (s *Stream) gone(name string) {
	if !slices.Contains(s.cfg.Scopes, name) && !slices.Contains(s.drop, name) {
		s.drop = append(s.drop, name)
		slices.Sort(s.drop)
	}
}

func (l *lane) begin(s *Stream, staged wire.Staged, floor, applied uint64) {
	l.had = slices.Contains(s.held.Scopes, l.name)
	at := scope.Position{Seq: staged.Seq, Table: staged.Table, ID: staged.ID}
	switch usable := staged.Seq > 0 && staged.Seq >= floor && staged.Seq <= applied; {
	case usable && staged.Fresh:
		l.pos = at
	case l.had && !staged.Fresh && s.cursor >= floor && (usable || staged.Seq == 0):
		l.held, l.pos = true, scope.After(s.cursor)
		if l.pos.Less(at) {
			l.pos = at
		}
	default:
		l.anew(applied)
	}
}

// anew sends the lane from its beginning.
func (l *lane) anew(applied uint64) {
	l.held, l.fresh, l.pos, l.since = false, true, scope.Position{}, applied
}

// Next gives the next chunk, with rows of about budget bytes, or nil while the
// feed is behind the device, or paused. It counts only once Sent is called.
func (s *Stream) Next(v View, now int64, budget int) (*wire.Checkpoint, error) {
	applied, err := v.Applied()
	if errors.Is(err, ErrPaused) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read feed: %w", err)
	}
	if applied < s.cursor {
		return nil, nil
	}
	if !s.begun {
		if err := s.begin(v, applied); err != nil {
			return nil, fmt.Errorf("read feed: %w", err)
		}
	}
	p := &plan{at: make([]reached, len(s.lanes)), room: budget, applied: applied}
	p.chunk = wire.Checkpoint{From: s.cursor, To: applied, Acked: s.acked, Time: now}
	s.next = p
	if s.plainly {
		return &p.chunk, s.plain(v, p)
	}
	if err := s.rows(v, p); err != nil {
		return nil, err
	}
	if p.chunk.Last {
		if err := s.finish(v, p); err != nil {
			return nil, err
		}
	}
	return &p.chunk, nil
}

// rows fills a chunk: what is held first, then what has its turn.
func (s *Stream) rows(v View, p *plan) error {
	full := false
	read := func(l *lane) (err error) {
		if !full {
			full, err = s.read(v, l, p)
		}
		return err
	}
	for _, l := range s.lanes {
		if l.held {
			if err := read(l); err != nil {
				return err
			}
		}
	}
	p.chunk.Last = !full
	for rank := 0; rank <= 2; rank++ {
		for _, l := range s.lanes {
			if !l.held && l.rank == rank {
				if err := read(l); err != nil {
					return err
				}
			}
		}
		whole := !slices.ContainsFunc(s.lanes, func(l *lane) bool { return !l.held && l.rank == rank && !p.at[l.index].done })
		if !whole {
			// What the device is about comes into view together with its acked ops.
			p.chunk.Last = p.chunk.Last && rank > 0
			full = true
			continue
		}
		for _, l := range s.lanes {
			if !l.held && l.rank == rank {
				p.chunk.Take = append(p.chunk.Take, l.name)
			}
		}
	}
	for _, l := range s.lanes {
		if l.fresh && l.had && !p.at[l.index].read {
			p.chunk.Parts = append(p.chunk.Parts, wire.Part{Scope: l.name, Fresh: true})
		}
	}
	if !p.chunk.Last {
		p.chunk.Take = nil
	}
	return nil
}

// errFull ends a read whose chunk is full, errEnd one that has seen enough.
var errFull, errEnd = errors.New("chunk is full"), errors.New("behind the end")

// read adds what is left of a lane; full means that it had to stop.
func (s *Stream) read(v View, l *lane, p *plan) (full bool, err error) {
	part := wire.Part{Scope: l.name, Fresh: l.fresh}
	to := &p.at[l.index]
	to.pos, to.read = l.pos, true
	if l.pos == (scope.Position{}) {
		if l.changed, err = v.Changed(l.name); err != nil {
			return false, fmt.Errorf("read scope %s: %w", l.name, err)
		}
		l.sums, l.rows = &scope.Sums{}, 0
	}
	err = Signed(v, l.name, l.pos, s.cfg.Sign, func(r wire.RowChange) error {
		if r.Seq > p.chunk.To {
			return errEnd
		}
		if r.Gone && r.Seq <= l.since {
			return nil
		}
		if err := s.add(p, r); err != nil {
			return err
		}
		part.Rows++
		to.pos = scope.Position{Seq: r.Seq, Table: r.Table, ID: r.ID}
		return nil
	})
	if part.Rows > 0 || part.Fresh {
		p.chunk.Parts = append(p.chunk.Parts, part)
	}
	switch {
	case errors.Is(err, errFull):
		return true, nil
	case err != nil && !errors.Is(err, errEnd):
		return false, fmt.Errorf("read scope %s: %w", l.name, err)
	}
	to.pos, to.done = scope.After(p.chunk.To), true
	return false, nil
}

// lot is how many rows are completed at once: what that needs of others, such as
// the names of people, is then asked for once.
const lot = 256

// Signed is View.Delta with rows as they are delivered.
func Signed(v View, name string, after scope.Position, sign func([]wire.RowChange) error, fn func(wire.RowChange) error) error {
	var rows []wire.RowChange // mostly none or a few
	hand := func() error {
		if err := sign(rows); err != nil {
			return err
		}
		for _, r := range rows {
			if err := fn(r); err != nil {
				return err
			}
		}
		rows = rows[:0]
		return nil
	}
	err := v.Delta(name, after, func(r wire.RowChange) error {
		if rows = append(rows, r); len(rows) < lot {
			return nil
		}
		return hand()
	})
	if err == nil {
		err = hand()
	}
	return err
}

// add puts a row into the chunk, or says that it is full. One row always fits.
func (s *Stream) add(p *plan, r wire.RowChange) error {
	n := len(r.Table) + len(r.ID) + len(r.Body) + overhead
	if p.size+n > p.room && len(p.chunk.Rows) > 0 || len(p.chunk.Rows) >= wire.MaxItems {
		return errFull
	}
	p.size += n
	p.chunk.Rows = append(p.chunk.Rows, r)
	return nil
}

// finish makes a chunk the last one of a checkpoint.
func (s *Stream) finish(v View, p *plan) (err error) {
	if p.chunk.Acked, err = v.Acked(s.cfg.Device, s.cursor, s.acked, p.chunk.To); err != nil {
		return fmt.Errorf("read acked ops: %w", err)
	}
	if s.cfg.Stamp != nil {
		p.chunk.Stamp = s.cfg.Stamp(p.chunk.To)
	}
	p.chunk.Drop = s.drop
	if err := s.repair(v, p); err != nil {
		return err
	}
	for _, l := range s.lanes {
		taken := slices.Contains(p.chunk.Take, l.name)
		if !l.held && !taken {
			p.chunk.More = true
		}
		if len(p.fixed[l.name]) == 0 && !taken && !(s.verify && l.held) {
			continue
		}
		sums, err := s.sums(v, l, p)
		if err != nil {
			return err
		}
		if p.chunk.Sums == nil {
			p.chunk.Sums = map[string][]byte{}
		}
		total := sums.Total()
		p.chunk.Sums[l.name] = total[:]
	}
	return nil
}

// sums gives the sums of a scope. What was sent from beginning to end while nothing
// changed was added up on the way.
func (s *Stream) sums(v View, l *lane, p *plan) (*scope.Sums, error) {
	at, err := v.Changed(l.name)
	if err != nil {
		return nil, fmt.Errorf("read feed: %w", err)
	}
	if l.sums == nil || at != l.changed || !p.at[l.index].done {
		return s.cfg.Sums.of(v, l.name, s.cfg.Sign)
	}
	sums := *l.sums
	n := l.rows + count(&sums, l.name, &p.chunk)
	s.cfg.Sums.keep(l.name, at, n, &sums)
	return &sums, nil
}

// count adds the rows of a scope that are in a chunk, and says how many they are.
func count(sums *scope.Sums, name string, c *wire.Checkpoint) (n int) {
	rows := c.Rows
	for _, part := range c.Parts {
		for _, r := range rows[:part.Rows] {
			if part.Scope == name && !r.Gone {
				sums.Add(name, r.Table, r.ID, r.Seq, r.Body)
				n++
			}
		}
		rows = rows[part.Rows:]
	}
	return n
}

// Sent says that the device was handed the chunk of the last Next.
func (s *Stream) Sent() {
	p := s.next
	if p == nil {
		return
	}
	s.next = nil
	for _, l := range s.lanes {
		if !p.at[l.index].read {
			continue
		}
		l.pos, l.fresh = p.at[l.index].pos, false
		if l.held {
			l.sums = nil
		} else if l.sums != nil {
			l.rows += count(l.sums, l.name, &p.chunk)
		}
	}
	for _, part := range p.chunk.Parts {
		for _, l := range s.lanes {
			if l.name == part.Scope && part.Fresh {
				l.fresh, l.had = false, false
			}
		}
	}
	if s.plainly {
		s.reset, s.pin, s.behind = false, p.chunk.To, p.applied > p.chunk.To
	}
	if !p.chunk.Last {
		return
	}
	s.cursor, s.acked, s.drop, s.pin, s.verify = p.chunk.To, p.chunk.Acked, nil, 0, false
	for _, l := range s.lanes {
		if l.held = l.held || slices.Contains(p.chunk.Take, l.name); l.held {
			l.sums = nil
		}
	}
	s.repaired(p)
}
