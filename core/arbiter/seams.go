package arbiter

import (
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/quota"
)

// Seams are where a test of the simulator puts something of its own in the place of
// a decision, to show that what comes of it is found. No program fills any.
type Seams struct {
	Same    func(a, b op.Hash) bool                          // whether an op is the one on record
	Facts   func(f *quota.Facts, m id.Member)                // what is known when a member asks
	Instead func(e *op.Entry, about About) bool              // what becomes of a decided entry; false: it is forgotten
	After   func(e *op.Entry, about About) (more []op.Entry) // what is decided besides
}

// About is what an entry in a seam is about.
type About struct {
	Claim *quota.Claim         // of its ticket; nil if there is none
	Free  func(int) []op.Taken // so many serials that the claim might take besides; nil where fewer are free
	Rest  []op.Taken           // of its lease: what is not reported
}

// Seam fills the seams of a state, until it is built anew.
func (s *State) Seam(x Seams) { s.seams = x }

// same reports whether two hashes name the same history.
func (s *State) same(a, b op.Hash) bool {
	if s.seams.Same != nil {
		return s.seams.Same(a, b)
	}
	return a == b
}

// seamed emits an entry through the seams.
func (r *run) seamed(e op.Entry) {
	about := r.s.behind(&e)
	if r.s.seams.Instead != nil && !r.s.seams.Instead(&e, about) {
		return
	}
	r.add(e)
	if r.s.seams.After == nil {
		return
	}
	for _, more := range r.s.seams.After(&e, about) {
		r.add(more)
	}
}

func (s *State) behind(e *op.Entry) (about About) {
	about.Free = func(int) []op.Taken { return nil }
	if c := s.claims.of(e.Ticket); c != nil {
		about.Claim = &c.Claim
		about.Free = func(n int) []op.Taken {
			if c.act.book.Left(c.Pool, c.Parts, c.Guest) < n {
				return nil
			}
			return c.act.book.Pools[c.Pool].Pick(c.Parts, n)
		}
	}
	if l := s.leases[e.LeaseID]; l != nil {
		about.Rest = l.Rest
	}
	return about
}
