package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/lookup"
	"yizhan/core/membercode"
	"yizhan/core/op"
	"yizhan/core/scope"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger"
	"yizhan/syncserver/vault"
)

// directory is who can be looked up. Names are opened when somebody needs them, or soon
// will (OpenNames), because opening a city's takes seconds; they stay in memory until the person is
// imported anew, and go with the keys of those who are erased.
type directory struct {
	opening sync.Mutex // held while everybody's are opened, so that this is done once; taken before mu
	whole   bool       // everybody's were opened; guarded by opening

	mu      sync.Mutex             // guards what follows; held from the reading of names to their keeping, and for a lot of them at most
	people  map[id.Member]*listed  // whose names are open; nil for those who have none
	tails   map[string][]*listed   // of them, by the last four digits of the phone
	missing map[id.Member]struct{} // to be opened too before everybody's are; nil until somebody wants that
}

// listed is one person of the directory, small because a deployment may have 1,460,000.
type listed struct {
	who  id.Member
	both string // the name and, behind it, the last four digits of the phone, or none
	tail uint8  // bytes of those
	mark byte   // lookup.Mark of them
}

func list(who id.Member, plain personal) *listed {
	tail := plain.Phone[max(len(plain.Phone)-4, 0):]
	one := &listed{who: who, both: plain.Name + tail, tail: uint8(len(tail))}
	if one.phoned() {
		one.mark = lookup.Mark(who, tail)[0]
	}
	return one
}

func (l *listed) name() string   { return l.both[:len(l.both)-int(l.tail)] }
func (l *listed) digits() string { return l.both[len(l.both)-int(l.tail):] }

// phoned reports whether they can be told apart by digits.
func (l *listed) phoned() bool { return l.tail == 4 }

// find gives those of a name, or the one member, with these last four digits.
func (s *Server) find(ctx context.Context, name lookup.Query, tail string, who id.Member) ([]*listed, error) {
	if err := s.openNames(ctx); err != nil {
		return nil, fmt.Errorf("open names: %w", err)
	}
	defer s.names.mu.Unlock()
	var found []*listed
	var candidates []lookup.Candidate
	for _, one := range s.names.tails[tail] {
		if who == "" || one.who == who {
			found = append(found, one)
			candidates = append(candidates, lookup.Candidate{Member: one.who, Name: lookup.NewName(one.name(), nil)})
		}
	}
	if who != "" {
		return found, nil
	}
	name.Tail = "" // the list has been chosen by it
	var best []*listed
	for _, i := range lookup.Find(name, candidates) {
		best = append(best, found[i])
	}
	return best, nil
}

// openNames opens everybody's name, and comes back with names.mu held unless it failed.
func (s *Server) openNames(ctx context.Context) error {
	d := &s.names
	err := s.openAll(ctx)
	for err == nil {
		d.mu.Lock()
		if len(d.missing) == 0 {
			return nil
		}
		lot := make([]id.Member, 0, openedLot)
		for m := range d.missing {
			if lot = append(lot, m); len(lot) == openedLot {
				break
			}
		}
		if err = cmp.Or(ctx.Err(), s.named(lot)); err == nil {
			for _, m := range lot {
				delete(d.missing, m)
			}
		}
		d.mu.Unlock()
	}
	return err
}

// openAll opens the names of all who have a key, once, lot by lot. Whoever is imported
// from its beginning on is missing.
func (s *Server) openAll(ctx context.Context) error {
	d := &s.names
	d.opening.Lock()
	defer d.opening.Unlock()
	if d.whole {
		return nil
	}
	d.mu.Lock()
	d.missing = map[id.Member]struct{}{}
	d.mu.Unlock()
	var members []id.Member
	open := func() error {
		err := cmp.Or(ctx.Err(), s.openLot(members))
		members = members[:0]
		return err
	}
	err := s.vault.Each(rosterPurpose, func(m id.Member, _ vault.Key) error { // this key may be destroyed before its lot is opened
		if members = append(members, m); len(members) < openedLot {
			return nil
		}
		return open()
	})
	if err == nil {
		err = open()
	}
	d.whole = err == nil
	return err
}

func (s *Server) openLot(members []id.Member) error {
	s.names.mu.Lock()
	defer s.names.mu.Unlock()
	return s.named(members)
}

// named opens the names of these members, with keys and fields as they are now. Of whom
// the ledger does not have yet, follow forgets that they have no name. The caller holds names.mu.
func (s *Server) named(members []id.Member) error {
	d := &s.names
	var closed []id.Member
	for _, m := range members {
		if _, open := d.people[m]; !open {
			closed = append(closed, m)
		}
	}
	if len(closed) == 0 {
		return nil
	}
	slices.Sort(closed)
	closed = slices.Compact(closed) // whoever has two tickets is asked for twice
	keys, err := s.vault.Some(closed, rosterPurpose)
	if err != nil {
		return err
	}
	sealed, err := s.ledger.Sealed(closed)
	if err == nil {
		d.add(closed, sealed, keys)
	}
	return err
}

// add opens names, on all cores. Whoever was sealed for another purpose or with a
// lost key may be shown to nobody.
func (d *directory) add(members []id.Member, sealed map[id.Member][]byte, keys map[id.Member]vault.Key) {
	opened := make([]*listed, len(members))
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(members); i += workers {
				if plain, err := unseal(sealed[members[i]], keys[members[i]]); err == nil {
					opened[i] = list(members[i], plain)
				}
			}
		})
	}
	wg.Wait()
	if d.people == nil {
		d.people, d.tails = map[id.Member]*listed{}, map[string][]*listed{}
	}
	for i, one := range opened {
		d.people[members[i]] = one
		if one != nil && one.phoned() {
			d.tails[one.digits()] = append(d.tails[one.digits()], one)
		}
	}
}

// Card gives the code of a member's card (core/membercode).
func (s *Server) Card(ctx context.Context, m id.Member) (string, error) {
	known := false
	err := s.seq.View(ctx, func(state *arbiter.State) { _, known = state.Person(m) })
	if err == nil && !known {
		err = fmt.Errorf("there is no member %q; look the id up with: syncserver member find", m)
	}
	if err != nil {
		return "", fmt.Errorf("make card: %w", err)
	}
	return membercode.Card(s.keys.private, s.keys.Number, m)
}

// follow has entries projected, and forgets what they make wrong. Nobody reads an old
// name out of the ledger in between.
func (d *directory) follow(entries []op.Entry, project func([]op.Entry) error) error {
	if !slices.ContainsFunc(entries, func(e op.Entry) bool { return e.Kind == op.PeoplePut || e.Kind == op.Erased }) {
		return project(entries)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	err := project(entries)
	for i := range entries {
		d.changed(&entries[i])
	}
	return err
}

// changed forgets what an entry makes wrong.
func (d *directory) changed(e *op.Entry) {
	for _, p := range e.People {
		d.forget(p.ID)
		if d.missing != nil {
			d.missing[p.ID] = struct{}{}
		}
	}
	if e.Kind == op.Erased {
		d.forget(e.Member)
	}
}

func (d *directory) forget(m id.Member) {
	if one := d.people[m]; one != nil && one.phoned() {
		d.tails[one.digits()] = slices.DeleteFunc(d.tails[one.digits()], func(o *listed) bool { return o == one })
	}
	delete(d.people, m)
}

// Guests implements session.Signer. Whoever was erased, or never had a name here,
// has none.
func (s *Server) Guests(rows []*wire.GuestRow) error {
	members := make([]id.Member, len(rows))
	for i, row := range rows {
		members[i] = row.Member
	}
	s.names.mu.Lock()
	defer s.names.mu.Unlock()
	if err := s.named(members); err != nil {
		return err
	}
	for _, row := range rows {
		one := s.names.people[row.Member]
		if one == nil {
			continue
		}
		row.Name, row.Initials = holder(one.name()), lookup.NewName(one.name(), nil).Initials()
		if one.phoned() {
			row.Mark = []byte{one.mark}
		}
	}
	return nil
}

// Names that are opened before somebody asks: so many at most, which are 20 MB. And those
// that are opened at once, between which others have their turn.
const (
	openedAhead = 1 << 17
	openedLot   = 256
)

// OpenNames opens the names of people on check-in lists before somebody asks, so that
// the first tablet after a start is served as fast as the next. It ends with ctx.
func (s *Server) OpenNames(ctx context.Context) error {
	enough := errors.New("enough")
	var members []id.Member
	err := s.ledger.View(func(v *ledger.View) error {
		return v.Delta(ledger.ScopeGuests, scope.Position{}, func(r wire.RowChange) error {
			var row wire.GuestRow
			if r.Gone {
				return nil
			}
			if err := wire.DecodeRow(r.Body, &row); err != nil {
				return fmt.Errorf("read guest %s: %w", r.ID, err)
			}
			if row.Member != "" {
				members = append(members, row.Member)
			}
			if len(members) == openedAhead || ctx.Err() != nil {
				return enough
			}
			return nil
		})
	})
	if errors.Is(err, enough) {
		err = nil
	}
	for some := range slices.Chunk(members, openedLot) {
		if err == nil && ctx.Err() == nil {
			err = s.openLot(some)
		}
	}
	return err
}
