package arbiter

import (
	"fmt"
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/quota"
	"yizhan/core/wire"
)

// bindAgain is how long a ticket that its authority gave up waits for the op that
// it was given up for, in milliseconds.
const bindAgain = int64(time.Minute / time.Millisecond)

// keeper is the device without whose word a ticket is neither freed nor moved:
// the authority of its station. It is "" where there is none, or it has given
// the ticket up.
func (s *State) keeper(c *held) id.Device {
	p := s.stations[c.Station]
	if !c.act.Binds() || p == nil || c.givenUp != 0 {
		return ""
	}
	return p.authority
}

// bound reports whether somebody may hold a seat in their hand already without
// the server knowing it: another device than the asking one, whose own op is its
// word, is the authority, or a lost one was.
func (s *State) bound(c *quota.Claim, from id.Device) bool {
	h := s.claims.of(c.Ticket)
	if c.State != op.ClaimGranted {
		return false
	}
	k := s.keeper(h)
	return h.doubt || k != "" && k != from
}

// Kept lists by authority the tickets that have to be given up before the op can
// be decided as its asker wants it.
func (s *State) Kept(o *op.Op, from op.Origin) map[id.Device][]wire.Bound {
	a := s.activities[o.Activity]
	if a == nil || !s.may(from, o) {
		return nil
	}
	var claims []*quota.Claim
	switch {
	case o.Kind == op.Rebind:
		if _, offered := a.Station(o.Station); offered {
			claims = s.movable(a, o)
		}
	case o.Kind != op.Cancel:
	case o.Org != "":
		claims, _ = s.lastGrants(a, o)
	default:
		claims = s.missing(a, o, from.Device)
	}
	kept := map[id.Device][]wire.Bound{}
	for _, c := range claims {
		if h := s.claims.of(c.Ticket); s.bound(c, from.Device) && !h.doubt {
			k := s.keeper(h)
			kept[k] = append(kept[k], wire.Bound{Ticket: c.Ticket, Epoch: c.Epoch})
		}
	}
	return kept
}

// Wanted lists by authority the tickets whose pickup is over and whose seats go
// back to the pool as soon as they are given up.
func (s *State) Wanted() map[id.Device][]wire.Bound {
	wanted := map[id.Device][]wire.Bound{}
	for _, t := range sorted(s.wanted) {
		c := s.claims.of(t)
		if k := s.keeper(c); k != "" && !c.doubt {
			wanted[k] = append(wanted[k], wire.Bound{Ticket: t, Epoch: c.Epoch})
		}
	}
	return wanted
}

// giveUp takes the word of an authority that it has not handed a ticket over and
// will not; or that it hands over nothing at its station any more.
func (r *run) giveUp(o *op.Op) {
	if p := r.s.stations[o.Station]; o.Ticket == 0 && p != nil && p.authority == r.from.Device {
		r.finish(op.Entry{Kind: op.AuthoritySet, Station: o.Station, Outcome: op.OK})
		return
	}
	c := r.s.claims.of(o.Ticket)
	if c == nil || r.s.keeper(c) != r.from.Device || c.Epoch != o.Epoch || c.State != op.ClaimGranted && !c.returning {
		r.refuse(fault.Invalid)
		return
	}
	a := c.act
	r.finish(op.Entry{Kind: op.GivenUp, Ticket: c.Ticket, Member: c.Member, Activity: a.Spec.ID, Epoch: c.Epoch, Outcome: op.OK, DeviceAt: o.At})
	if c.returning {
		r.emit(op.Entry{Kind: op.Lapsed, Ticket: c.Ticket, Member: c.Member, Activity: a.Spec.ID, Pool: a.Pools[c.Pool].ID, Seats: c.Seats, Taken: quota.Last(c.Taken, c.Seats)})
		r.walk(a, c.Pool)
	}
}

// bindBack binds to their old stations the given-up tickets that match: nothing
// came of what they were given up for.
func (r *run) bindBack(match func(*held) bool) {
	for _, t := range sorted(r.s.open) {
		if c := r.s.claims.of(t); match(c) {
			r.emit(op.Entry{Kind: op.Moved, Ticket: t, Member: c.Member, Activity: c.act.Spec.ID, Station: c.Station, Epoch: c.Epoch + 1, Word: op.MovedBack})
		}
	}
}

// about matches the claims that a cancel or rebind is about.
func (s *State) about(o *op.Op) func(*held) bool {
	return func(c *held) bool {
		return c.act.Spec.ID == o.Activity && (o.Member == c.Member || o.Org != "" && s.orgs.Under(c.Org, o.Org))
	}
}

// applyGivenUp opens a ticket until it is freed, moved or bound again.
func (s *State) applyGivenUp(c *held, at int64) {
	c.givenUp = at
	if !c.returning {
		s.open[c.Ticket] = true
		s.await(due{at: at + bindAgain, kind: dueBindAgain})
	}
}

// decided ends what a ticket was given up or wanted for.
func (s *State) decided(c *held, order uint64) {
	c.settled = max(c.settled, order)
	c.givenUp, c.returning = 0, false
	delete(s.open, c.Ticket)
	delete(s.wanted, c.Ticket)
}

// setAuthority names the device that hands over at a station. A living one has to
// give the station up first; what a lost one was to hand over is in doubt.
func (r *run) setAuthority(o *op.Op) error {
	p, d := r.s.stations[o.Station], r.s.devices[o.Device]
	switch {
	case p == nil:
		return refusal("there is no station %q", o.Station)
	case d == nil:
		return refusal("there is no device %q; enrol it first", o.Device)
	case d.gone != "":
		return refusal("device %s is %s", o.Device, d.gone)
	case d.Upstream != "":
		return refusal("device %s asks its hub %s; name the hub, or a device without one", o.Device, d.Upstream)
	case d.Station != o.Station || d.Role == op.Phone:
		return refusal("device %s does not stand at station %s; enrol one that does", o.Device, o.Station)
	case p.authority == o.Device:
		return nil
	}
	if old := r.s.devices[p.authority]; old != nil && old.gone == "" {
		return InUse{p.authority, o.Station}
	}
	r.emit(op.Entry{Kind: op.AuthoritySet, Station: o.Station, Authority: o.Device, Blocked: p.authority != ""})
	return nil
}

// InUse refuses to name another authority while the present one may hand over unseen.
type InUse struct {
	Device  id.Device
	Station id.Station
}

func (e InUse) Error() string {
	return fmt.Sprintf("device %s hands over at station %s and may have done so unseen; connect it, so that it can give the station up, or revoke it if it is lost", e.Device, e.Station)
}

// Authority is the device that hands over what is bound to a station, "" if none
// does. lost means that it is gone for good.
func (s *State) Authority(st id.Station) (d id.Device, lost bool) {
	p := s.stations[st]
	if p == nil || p.authority == "" {
		return "", false
	}
	old := s.devices[p.authority]
	return p.authority, old == nil || old.gone != ""
}

// InDoubt counts the tickets of a station that a lost authority may have handed over.
func (s *State) InDoubt(st id.Station) (n int) {
	for _, c := range s.claims.all() {
		if c.doubt && c.Station == st && c.State == op.ClaimGranted {
			n++
		}
	}
	return n
}

func (s *State) applyAuthority(e *op.Entry) error {
	p := s.stations[e.Station]
	if p == nil {
		return fmt.Errorf("there is no station %q", e.Station)
	}
	p.authority = e.Authority
	if !e.Blocked {
		return nil
	}
	for _, c := range s.claims.all() {
		if c.Station == e.Station && c.act.Binds() && (c.State == op.ClaimGranted || c.returning) {
			c.doubt = true
		}
	}
	return nil
}
