package ledger

import (
	"maps"
	"slices"

	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/quota"
)

// reserves reports whether an exclusive lease still holds its members' right to
// claim: it is open, or nobody knows yet what was granted from it.
func (l *lent) reserves() bool {
	return l.exclusive() && (l.open() || len(l.rest) > 0 && l.fate != quota.WrittenOff)
}

// rivals reports whether grants from one lease count against limits of the other
// and another device makes them.
func (w *world) rivals(a, b *lent) bool {
	return a.Device != b.Device && (a.Activity == b.Activity ||
		slices.ContainsFunc(w.limits[a.Activity].series, func(s string) bool { return slices.Contains(w.limits[b.Activity].series, s) }))
}

// reserve tells the devices of shared leases that an exclusive one has begun to
// hold its members' right to claim, or holds it no more.
func (p *projection) reserve(l *lent, seq uint64) error {
	if !l.exclusive() {
		return nil
	}
	for _, number := range slices.Sorted(maps.Keys(p.world.leases)) {
		if o := p.world.leases[number]; o.open() && !o.exclusive() && p.world.rivals(l, o) {
			if err := p.leaseRow(o, seq); err != nil {
				return err
			}
		}
	}
	return nil
}

// elsewhere lists the people of a shared lease whose right to claim exclusive
// leases of other devices hold.
func (p *projection) elsewhere(l *lent) (members []id.Member, err error) {
	if l.exclusive() {
		return nil, nil
	}
	var named []member.Person
	for _, o := range p.world.leases {
		if o.reserves() && p.world.rivals(l, o) {
			for m := range o.members {
				named = append(named, member.Person{ID: m})
			}
		}
	}
	if len(named) == 0 {
		return nil, nil
	}
	orgs, err := p.orgsOf(named)
	for _, m := range named {
		if p.world.serves(l, m.ID, orgs[m.ID]) {
			members = append(members, m.ID)
		}
	}
	slices.Sort(members)
	return slices.Compact(members), err
}
