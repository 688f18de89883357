package server

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/lookup"
	"yizhan/core/member"
	"yizhan/core/membercode"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/vault"
)

// directory is who can be looked up. Names are opened when somebody is looked up
// first, because opening a city's takes seconds; they stay in memory until people
// are imported, and go with the keys of those who are erased.
type directory struct {
	mu     sync.Mutex
	people map[id.Member]*listed // nil before the first question
	tails  map[string][]*listed  // by the last four digits of the phone
}

// listed is one person of the directory.
type listed struct {
	who    id.Member
	org    id.Org
	name   lookup.Name
	masked string
	tail   string
}

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
			candidates = append(candidates, lookup.Candidate{Member: one.who, Name: one.name})
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

// openNames fills the directory. The caller holds names.mu.
func (s *Server) openNames(ctx context.Context) error {
	d := &s.names
	if d.people != nil {
		return nil
	}
	known := map[id.Member]member.Person{}
	if err := s.seq.Glance(ctx, func(state *arbiter.State) { state.People(func(p member.Person) { known[p.ID] = p }) }); err != nil {
		return fmt.Errorf("read people: %w", err)
	}
	people, tails := make(map[id.Member]*listed, len(known)), map[string][]*listed{}
	err := s.vault.Each(rosterPurpose, func(m id.Member, key vault.Key) error {
		plain, err := unseal(known[m], key)
		if err != nil {
			return nil // sealed for another purpose or with a lost key: nobody may be shown
		}
		one := &listed{who: m, org: known[m].Org, name: lookup.NewName(plain.Name, nil), masked: holder(plain.Name)}
		people[m] = one
		if n := len(plain.Phone); n >= 4 {
			one.tail = plain.Phone[n-4:]
			tails[one.tail] = append(tails[one.tail], one)
		}
		return nil
	})
	if err != nil {
		return err
	}
	d.people, d.tails = people, tails
	return nil
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
	if e.Kind == op.PeoplePut {
		d.people, d.tails = nil, nil
		return
	}
	if one := d.people[e.Member]; one != nil {
		delete(d.people, e.Member)
		d.tails[one.tail] = slices.DeleteFunc(d.tails[one.tail], func(o *listed) bool { return o == one })
	}
}

// Guest implements session.Signer.
func (s *Server) Guest(row *wire.GuestRow) error {
	s.names.mu.Lock()
	defer s.names.mu.Unlock()
	if err := s.openNames(s.life); err != nil {
		return err
	}
	one := s.names.people[row.Member]
	if one == nil {
		return nil
	}
	row.Name, row.Initials = one.masked, one.name.Initials()
	if one.tail != "" {
		row.Mark = lookup.Mark(row.Member, one.tail)
	}
	return nil
}
