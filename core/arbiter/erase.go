package arbiter

import (
	"slices"

	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/quota"
)

// erase forgets a person. What they wait for or hold and have not used is given
// back where nobody else has a say in it, and their phone is closed; what was
// handed over, is over, or lies at a station or in a lease stays, under an id that
// means nobody.
func (r *run) erase(o *op.Op) error {
	if r.s.people[o.Member] == nil {
		return refusal("there is no member %q", o.Member)
	}
	for _, name := range sorted(r.s.activities) {
		a := r.s.activities[name]
		free, _ := r.s.givable(a, &op.Op{Member: o.Member}, "")
		free = slices.DeleteFunc(free, func(c *quota.Claim) bool { return r.s.past(a, c, r.at) })
		r.free(a, free, seatsOf(free))
	}
	if d := r.s.phones[o.Member]; d != "" {
		r.emit(op.Entry{Kind: op.DeviceGone, Device: d, Reason: "erased"})
	}
	r.emit(op.Entry{Kind: op.Erased, Member: o.Member})
	return nil
}

// past reports whether a claim was for something that is over: it belongs to the
// statistics, and its seat is of no use to anybody.
func (s *State) past(a *act, c *quota.Claim, at int64) bool {
	ends := a.Pools[c.Pool].Ends
	if ends == 0 {
		ends = a.Activity.Pickup.To
	}
	return ends != 0 && at >= ends
}

// applyErased forgets a person, and the codes with which a phone of theirs could
// still be enrolled.
func (s *State) applyErased(m id.Member) {
	if p := s.people[m]; p != nil {
		s.askAgain(p)
		p.gone = true
	}
	delete(s.people, m)
	s.erased[m] = true
	for hash, n := range s.codes {
		if n.Role == op.Phone && n.Member == m && s.devices[n.Device] == nil {
			delete(s.codes, hash)
		}
	}
}

// Erased lists the people who were erased and have not come back, in order of id.
func (s *State) Erased() []id.Member { return sorted(s.erased) }
