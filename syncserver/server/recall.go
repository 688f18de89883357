package server

import (
	"context"
	"slices"
	"sync"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/sequencer"
)

// recallTime is how long an op waits for the stations that keep what it is about,
// those included that have just lost their connection and are expected back.
const recallTime = 5 * time.Second

// recalls wakes the ops that wait for stations.
type recalls struct {
	mu      sync.Mutex
	changed chan struct{} // closed at the next answer; nil while nobody waits
	closed  bool          // nobody can answer any more
}

// next gives a channel that is closed once a device has answered; ok is false
// where none will.
func (r *recalls) next() (changed <-chan struct{}, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return r.changed, !r.closed
}

// close sends everybody away who waits: what the server cannot find out any more,
// it must not decide.
func (r *recalls) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.wake()
}

func (r *recalls) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

// submit has ops decided in their order. Those ahead of one that frees or moves
// tickets are decided first, because what it is about depends on them.
func (s *Server) submit(ctx context.Context, ops []sequencer.Request) (results []op.Result, err error) {
	done := 0
	decide := func(to int) error {
		if to == done {
			return nil
		}
		some, err := s.seq.Submit(ctx, ops[done:to])
		results, done = append(results, some...), to
		return err
	}
	answered := false
	for i := range ops {
		switch ops[i].Op.Kind {
		case op.Cancel, op.Rebind:
			if ops[i].Lost != nil {
				continue // it was decided before
			}
			if err := decide(i); err != nil {
				return results, err
			}
			if err := s.recall(ctx, ops[i]); err != nil {
				return results, err
			}
		case op.Release, op.Redeem:
			answered = true
		}
	}
	err = decide(len(ops))
	if answered {
		s.recalls.wake()
	}
	return results, err
}

// recall asks the stations for the tickets that the op is about, and waits until
// those that can be reached have given them up, or have reported that they were
// handed over. An error means that the op must not be decided.
func (s *Server) recall(ctx context.Context, r sequencer.Request) error {
	patient, cancel := s.waits.Within(ctx, recallTime)
	defer cancel()
	asked := map[id.Device]uint64{} // the session in which each was
	for {
		changed, ok := s.recalls.next() // before the look, so that no answer falls between the two
		if !ok {
			return fault.Errorf(fault.ShuttingDown, "the server is stopping")
		}
		var kept map[id.Device][]wire.Bound
		err := s.seq.Glance(ctx, func(state *arbiter.State) {
			if standing, _ := state.Admit(r.Origin); standing == arbiter.NextOp || standing == arbiter.Refusable {
				kept = state.Kept(r.Op, r.Origin)
			}
		})
		if err != nil || !s.asked(kept, asked) {
			return err
		}
		if !s.waits.Closed(patient, changed) {
			return ctx.Err()
		}
	}
}

// asked asks those who are here and have not been asked in this session, and
// reports whether anybody may still answer.
func (s *Server) asked(kept map[id.Device][]wire.Bound, asked map[id.Device]uint64) (waits bool) {
	for d, tickets := range kept {
		session, expected := s.sessions.Reach(d)
		if session != 0 && asked[d] != session {
			if expected = s.ask(d, tickets); expected {
				asked[d] = session
			}
		}
		waits = waits || expected
	}
	return waits
}

// ask recalls tickets from a device; false if it is not here or too old to answer.
func (s *Server) ask(d id.Device, tickets []wire.Bound) bool {
	for some := range slices.Chunk(tickets, wire.MaxItems) {
		if !s.sessions.Send(d, wire.Recall{Tickets: some}, wire.RecallVersion) {
			return false
		}
	}
	return true
}

// recallWanted asks a device, "" being all, for the lapsed tickets whose seats
// wait for its word.
func (s *Server) recallWanted(of id.Device) {
	var wanted map[id.Device][]wire.Bound
	if err := s.seq.Glance(s.life, func(state *arbiter.State) { wanted = state.Wanted() }); err != nil {
		return // the server is stopping: devices are asked when they come again
	}
	for d, tickets := range wanted {
		if of == "" || d == of {
			s.ask(d, tickets)
		}
	}
}

// Online implements session.Arbiter.
func (s *Server) Online(d id.Device) {
	s.recallWanted(d)
	s.recalls.wake()
}
