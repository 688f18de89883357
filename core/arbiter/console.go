package arbiter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/jsoncheck"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/quota"
)

// put records people, organisations and places. What is equal to the record
// already is left out, so that importing the same file twice changes nothing.
func (r *run) put(o *op.Op) error {
	e := op.Entry{}
	switch o.Kind {
	case op.PutOrgs:
		e.Kind = op.OrgsPut
		var err error
		if e.Orgs, err = r.s.newOrgs(o.Orgs); err != nil {
			return err
		}
	case op.PutPeople:
		e.Kind = op.PeoplePut
		seen := map[id.Member]bool{}
		for _, n := range o.People {
			if err := once("member", n.ID, seen); err != nil {
				return err
			}
			if old := r.s.people[n.ID]; old != nil && old.is(n) {
				continue
			}
			if _, ok := r.s.orgs[n.Org]; !ok {
				return refusal("member %s names organisation %q, which does not exist", n.ID, n.Org)
			}
			e.People = append(e.People, n)
		}
	case op.PutStations:
		e.Kind = op.StationsPut
		var err error
		if e.Stations, err = r.s.newStations(o.Stations); err != nil {
			return err
		}
		if len(r.s.epochs) > 0 {
			e.Number = r.s.unused(highest(r.s.stations, func(at *place) uint32 { return at.number }))
		}
	}
	if n := len(e.Orgs) + len(e.People) + len(e.Stations); n > 0 {
		r.finish(e)
	}
	return nil
}

// newOrgs gives the organisations that are new or different. The tree that they
// make together must have no ring: an import may name children before parents.
func (s *State) newOrgs(orgs []member.Org) (changed []member.Org, err error) {
	tree, seen := maps.Clone(s.orgs), map[id.Org]bool{}
	for _, n := range orgs {
		if err := once("organisation", n.ID, seen); err != nil {
			return nil, err
		}
		if old, ok := s.orgs[n.ID]; !ok || !same(old, n) {
			tree[n.ID] = n
			changed = append(changed, n)
		}
	}
	if len(changed) == 0 {
		return nil, nil
	}
	for _, o := range sorted(tree) {
		chain := tree.Chain(o)
		if top := chain[len(chain)-1]; tree[top].Parent != "" {
			return nil, refusal("organisation %s would stand above itself, or more than %d levels deep", o, len(chain))
		}
	}
	return changed, nil
}

// once refuses an identifier that is none or that stands twice in one import.
func once[T ~string](what string, name T, seen map[T]bool) error {
	if seen[name] {
		return refusal("%s %s stands twice", what, name)
	}
	seen[name] = true
	return named(what, name)
}

// Refusal says why a console op was not done; nothing was decided.
type Refusal string

func (r Refusal) Error() string { return string(r) }

func refusal(format string, args ...any) error { return Refusal(fmt.Sprintf(format, args...)) }

// same compares two records; a keyed digest, where there is one, speaks for the
// sealed fields, which differ at every sealing.
func same[T any](a, b T) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y) && bytes.Equal(digest(a), digest(b))
}

func (s *State) applyOrgs(e *op.Entry) {
	s.treeAge++
	for _, o := range e.Orgs {
		s.orgs[o.ID] = o
	}
}

func (s *State) applyPeople(e *op.Entry) {
	room := make([]person, len(e.People)) // most are new, and nearly nobody goes
	for i, n := range e.People {
		if p := s.people[n.ID]; p != nil {
			p.put(n)
			s.askAgain(p)
		} else {
			room[i].put(n)
			s.people[n.ID] = &room[i]
			delete(s.erased, n.ID)
		}
		for _, l := range s.borrowed[n.ID] {
			l.orgs[n.Org] = true
		}
	}
}

// askAgain forgets what rules said about a person.
func (s *State) askAgain(p *person) {
	for _, a := range s.activities {
		delete(a.askers, p.ID)
	}
	p.recent = nil
}

// publish checks an activity and makes it, or its next revision, known to all.
func (r *run) publish(o *op.Op) error {
	a, err := activity.Parse(o.Spec, r.s.zone)
	if err != nil {
		return err
	}
	problems := a.Legible()
	if a.Spec.Pickup != nil {
		for i, st := range a.Spec.Pickup.Stations {
			if r.s.stations[st] == nil {
				problems = append(problems, jsoncheck.Problem{Path: fmt.Sprintf("pickup.stations[%d]", i), What: fmt.Sprintf("there is no station %q; import it first", st)})
			}
		}
	}
	old := r.s.activities[a.Spec.ID]
	number, revision := r.s.unused(highest(r.s.activities, func(b *act) uint32 { return b.number })), 1
	if old != nil {
		if bytes.Equal(canonical(old.Spec), canonical(a.Spec)) {
			return nil
		}
		number, revision = old.number, old.revision+1
		problems = append(problems, old.succeed(a)...)
	}
	spec := canonical(a.Spec)
	if len(spec) > maxSpec {
		problems = append(problems, jsoncheck.Problem{What: fmt.Sprintf("the activity has %d bytes, at most %d are allowed", len(spec), maxSpec)})
	}
	if len(problems) > 0 {
		return jsoncheck.Problems(nil).With(problems, o.Spec)
	}
	r.finish(op.Entry{Kind: op.Published, Activity: a.Spec.ID, Spec: spec, Number: number, Revision: revision})
	for pool := range a.Pools {
		r.walk(r.s.activities[a.Spec.ID], pool)
	}
	return nil
}

// canonical is the one byte form of a spec.
func canonical(s activity.Spec) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("marshal activity %s: %v", s.ID, err)) // plain data always marshals
	}
	return b
}

// succeed says what forbids a new revision.
func (a *act) succeed(next *activity.Activity) (problems jsoncheck.Problems) {
	list := "pools"
	if len(next.Spec.Sessions) > 0 {
		list = "sessions"
	}
	for i, p := range a.Pools {
		path := fmt.Sprintf("%s[%d]", list, i)
		if i >= len(next.Pools) || next.Pools[i].ID != p.ID {
			problems = append(problems, jsoncheck.Problem{Path: path, What: fmt.Sprintf("was %q; pools keep their order, new ones go to the end", p.ID)})
			continue
		}
		if err := a.book.Pools[i].Fits(next.Pools[i].Total, next.SetAsideCounts()); err != nil {
			problems = append(problems, jsoncheck.Problem{Path: path, What: err.Error()})
		} else if a.frozen && a.book.Pools[i].Shrinks(next.Pools[i].Total, next.SetAsideCounts()) {
			problems = append(problems, jsoncheck.Problem{Path: path, What: "would have fewer seats, and since the restore it is not known which are free; reopen the activity first"})
		}
	}
	// Seats remember the set-aside that they were taken from by its place.
	for i := range min(len(a.Spec.SetAsides), len(next.Spec.SetAsides)) {
		if was := a.Spec.SetAsides[i].ID; next.Spec.SetAsides[i].ID != was {
			problems = append(problems, jsoncheck.Problem{Path: fmt.Sprintf("set_asides[%d]", i), What: fmt.Sprintf("was %q; set-asides keep their order, new ones go to the end", was)})
		}
	}
	if entrants, _ := a.entered(); len(entrants) > 0 && next.Spec.Method != a.Spec.Method {
		problems = append(problems, jsoncheck.Problem{Path: "method", What: fmt.Sprintf("was %q and %d members have entered; decide their claims first", a.Spec.Method, len(entrants))})
	}
	return problems
}

func (s *State) applyPublished(e *op.Entry) error {
	parsed, err := activity.Parse(e.Spec, s.zone)
	if err != nil {
		return fmt.Errorf("activity %s: %w", e.Activity, err)
	}
	a := s.activities[e.Activity]
	if a == nil {
		a = &act{book: quota.NewBook(s.series), tasked: map[task]bool{}, frozen: s.unsettled}
		s.activities[e.Activity] = a
	}
	before := a.book.Rules.Member
	a.Activity, a.number, a.revision, a.askers, a.dated = parsed, e.Number, e.Revision, map[id.Member]*asker{}, parsed.Dated()
	a.book.Rules = parsed.Rules()
	a.book.Recount(before)
	for i, p := range parsed.Pools {
		if i < len(a.book.Pools) {
			if err := a.book.Pools[i].Resize(p.Total, parsed.SetAsideCounts()); err != nil {
				return err
			}
			continue
		}
		a.book.Open(p.Total, parsed.SetAsideCounts())
	}
	a.book.Ceiling = nil
	if parsed.Spec.Guests != nil {
		for i := range parsed.Pools {
			a.book.Ceiling = append(a.book.Ceiling, parsed.GuestCeiling(i))
		}
	}
	s.plan(a, e.At)
	if slices.ContainsFunc(a.book.Lines, func(line []*quota.Claim) bool { return len(line) > 0 }) {
		s.await(due{at: e.At, kind: dueSettle, act: e.Activity})
	}
	return nil
}
