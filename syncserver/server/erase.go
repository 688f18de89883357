package server

import (
	"context"
	"errors"
	"fmt"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

// Erase forgets a person for good. The keys are destroyed first, so that nothing
// that happens afterwards can leave a name that can be read; then the journal says it.
func (s *Server) Erase(ctx context.Context, m id.Member) error {
	known := false
	if err := s.seq.View(ctx, func(state *arbiter.State) { _, known = state.Person(m) }); err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	if !known {
		return fmt.Errorf("erase: there is no member %q; look the id up with: syncserver member find", m)
	}
	if !s.waits.Take(ctx, s.people) {
		return fmt.Errorf("erase %s: nothing is erased yet: others are being imported or erased: %w", m, unwaited(ctx))
	}
	defer s.people.Done()
	if s.stands() { // devices would go on naming whom the server cannot name any more
		return fmt.Errorf("erase %s: nothing is erased yet: %w", m, fault.Errorf(fault.Frozen, "the server has lost a part of its journal; see its log, and accept the loss first: syncserver accept-loss"))
	}
	if err := s.vault.Erase(m); err != nil {
		return err
	}
	if _, err := s.seq.Do(ctx, op.Op{Kind: op.Erase, Member: m}); err != nil {
		return fmt.Errorf("erase %s: the keys are destroyed, the rest is not done: %w; give the same command again", m, err)
	}
	return nil
}

// finishErasing makes up for a power cut in the middle of Erase, and for backups
// of vault and journal that are of different days: whom one of the two has
// forgotten, the other forgets too. A server that stands still until staff accept a
// loss says it to the journal only then.
func (s *Server) finishErasing(ctx context.Context) error {
	without, err := s.vault.Erased()
	if err != nil {
		return err
	}
	var left, again []id.Member
	if err := s.seq.View(ctx, func(state *arbiter.State) {
		for _, m := range without {
			if state.Named(m) {
				left = append(left, m)
			}
		}
		again = state.Erased()
	}); err != nil {
		return err
	}
	var errs []error
	for _, m := range again {
		errs = append(errs, s.vault.Erase(m))
	}
	if s.stands() {
		left = nil
	}
	for _, m := range left {
		_, err := s.seq.Do(ctx, op.Op{Kind: op.Erase, Member: m})
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("finish erasing people: %w", err)
	}
	return nil
}
