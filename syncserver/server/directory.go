package server

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/lookup"
	"yizhan/core/member"
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
	mu     sync.Mutex
	people map[id.Member]*listed // whose names are open; nil for those who have none
	tails  map[string][]*listed  // of them, by the last four digits of the phone
	whole  bool                  // everybody's are open
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
	s.names.mu.Lock()
	defer s.names.mu.Unlock()
	if err := s.openNames(ctx); err != nil {
		return nil, err
	}
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

// openNames opens everybody's name. The caller holds names.mu.
func (s *Server) openNames(ctx context.Context) error {
	const together = 4096
	d := &s.names
	if d.whole {
		return nil
	}
	known := map[id.Member]member.Person{}
	if err := s.seq.Glance(ctx, func(state *arbiter.State) { state.People(func(p member.Person) { known[p.ID] = p }) }); err != nil {
		return fmt.Errorf("read people: %w", err)
	}
	var people []member.Person
	var keys []vault.Key
	err := s.vault.Each(rosterPurpose, func(m id.Member, key vault.Key) error {
		if _, open := d.people[m]; open {
			return nil
		}
		if people, keys = append(people, known[m]), append(keys, key); len(people) == together {
			d.add(people, keys)
			people, keys = people[:0], keys[:0]
		}
		return nil
	})
	if err != nil {
		return err
	}
	d.add(people, keys)
	d.whole = true
	return nil
}

// named opens the names of these members. The caller holds names.mu.
func (s *Server) named(members []id.Member) error {
	d := &s.names
	var missing []id.Member
	for _, m := range members {
		if _, open := d.people[m]; !open {
			missing = append(missing, m)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	people := make([]member.Person, len(missing))
	if err := s.seq.Glance(s.life, func(state *arbiter.State) {
		for i, m := range missing {
			people[i], _ = state.Person(m)
			people[i].ID = m
		}
	}); err != nil {
		return fmt.Errorf("read people: %w", err)
	}
	some, err := s.vault.Some(missing, rosterPurpose)
	if err != nil {
		return err
	}
	keys := make([]vault.Key, len(missing))
	for i, m := range missing {
		keys[i] = some[m]
	}
	d.add(people, keys)
	return nil
}

// add opens names, on all cores. Whoever was sealed for another purpose or with a
// lost key may be shown to nobody.
func (d *directory) add(people []member.Person, keys []vault.Key) {
	opened := make([]*listed, len(people))
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(people); i += workers {
				if plain, err := unseal(people[i], keys[i]); err == nil {
					opened[i] = list(people[i].ID, plain)
				}
			}
		})
	}
	wg.Wait()
	if d.people == nil {
		d.people, d.tails = map[id.Member]*listed{}, map[string][]*listed{}
	}
	for i, one := range opened {
		d.people[people[i].ID] = one
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

// changed forgets what an entry makes wrong.
func (d *directory) changed(e *op.Entry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range e.People {
		d.forget(p.ID)
		d.whole = false
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

// Names that OpenNames opens: so many at most, which are 20 MB, and so many at once,
// between which others have their turn.
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
			s.names.mu.Lock()
			err = s.named(some)
			s.names.mu.Unlock()
		}
	}
	return err
}
