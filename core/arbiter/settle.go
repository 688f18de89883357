package arbiter

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

// matter is a task or an incident, and how far staff are with it.
type matter struct {
	org           id.Org // whose staff see it; empty: only those who act for everybody
	seen, handled bool
}

// settleMatter records that staff have looked at a task or an incident. What is handled
// stays so: whoever says it a second time is told that it is done.
func (r *run) settleMatter(o *op.Op) {
	m := r.s.matters[o.About]
	switch d := r.s.devices[r.from.Device]; {
	case r.from.Device != "" && (d.Role != op.Staff || m != nil && d.Org != "" && !r.s.orgs.Under(m.org, d.Org)):
		r.refuse(fault.NotAuthorised)
	case m == nil, r.from.Device != "" && r.s.EpochAt(o.About) > o.Epoch: // that number belonged to something that a restore has lost
		r.refuse(fault.Invalid)
	case m.handled:
		r.done(op.Result{Outcome: op.OK})
	default:
		r.finish(op.Entry{Kind: op.Settled, About: o.About, Handled: o.Handled, By: o.EnteredBy, Reason: o.Reason, Channel: o.Channel, DeviceAt: o.At, Outcome: op.OK})
	}
}

// applyMatter remembers what staff have to look at, and what they have.
func (s *State) applyMatter(e *op.Entry) error {
	switch e.Kind {
	case op.TaskMade:
		a := s.activities[e.Activity]
		if a == nil {
			return fmt.Errorf("there is no activity %s", e.Activity)
		}
		a.tasked[task{e.Org, e.Word}] = true
	case op.IncidentMade:
		s.applyIncident(e)
	case op.Settled:
		if m := s.matters[e.About]; m != nil {
			m.seen, m.handled = true, m.handled || e.Handled
		}
		return nil
	}
	m := &matter{org: e.Org}
	if c := s.claims.of(e.Ticket); c != nil && m.org == "" {
		m.org = c.Org
	}
	s.matters[e.Seq] = m
	return nil
}

// writeMatters is their part of Digest: digests of journals in which nobody settled anything stay as they are.
func (s *State) writeMatters(h io.Writer) {
	for _, k := range slices.Sorted(maps.Keys(s.matters)) {
		if m := s.matters[k]; m.seen {
			write(h, "matter", k, m.handled)
		}
	}
}
