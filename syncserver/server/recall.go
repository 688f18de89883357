package server

import (
	"context"
	"sync"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/sequencer"
)

// recallTime is how long an op waits for the stations that keep what it is about.
const recallTime = 5 * time.Second

// recalls wakes the ops that wait for stations.
type recalls struct {
	mu      sync.Mutex
	changed chan struct{} // closed at the next answer; nil while nobody waits
}

// next gives a channel that is closed once a device has answered.
func (r *recalls) next() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return r.changed
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
			if err := decide(i); err != nil {
				return results, err
			}
			s.recall(ctx, ops[i])
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
// those that are here have given them up, or have reported that they were handed over.
func (s *Server) recall(ctx context.Context, r sequencer.Request) {
	ctx, cancel := s.within(ctx, recallTime)
	defer cancel()
	var asked map[id.Device]bool
	for {
		changed := s.recalls.next() // before the look, so that no answer falls between the two
		var kept map[id.Device][]wire.Bound
		err := s.seq.Glance(ctx, func(state *arbiter.State) {
			if standing, _ := state.Admit(r.Origin); standing == arbiter.NextOp || standing == arbiter.Refusable {
				kept = state.Kept(r.Op, r.Origin)
			}
		})
		if err != nil {
			return
		}
		if asked == nil {
			asked = s.ask(kept)
		}
		waits := false
		for d := range kept {
			waits = waits || asked[d]
		}
		if !waits {
			return
		}
		if !s.await(ctx, changed) {
			return
		}
	}
}

// ask recalls tickets from the devices that are here, and says which those are.
func (s *Server) ask(kept map[id.Device][]wire.Bound) map[id.Device]bool {
	asked := map[id.Device]bool{}
	for d, tickets := range kept {
		for len(tickets) > 0 {
			n := min(len(tickets), wire.MaxItems)
			asked[d] = s.sessions.Send(d, wire.Recall{Tickets: tickets[:n]}, wire.RecallVersion)
			tickets = tickets[n:]
		}
	}
	return asked
}

// recallWanted asks a device, "" being all, for the lapsed tickets whose seats
// wait for its word.
func (s *Server) recallWanted(of id.Device) {
	var wanted map[id.Device][]wire.Bound
	if err := s.seq.Glance(s.life, func(state *arbiter.State) { wanted = state.Wanted() }); err != nil {
		return // the server is stopping: devices are asked when they come again
	}
	for d := range wanted {
		if of != "" && d != of {
			delete(wanted, d)
		}
	}
	s.ask(wanted)
}

// Online implements session.Arbiter.
func (s *Server) Online(d id.Device) { s.recallWanted(d) }
