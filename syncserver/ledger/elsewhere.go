package ledger

import (
	"database/sql"
	"maps"
	"slices"

	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/quota"
	"yizhan/core/wire"
)

// reserves reports whether an exclusive lease still holds its members' right to
// claim: it is open, or nobody knows yet what was granted from it.
func (l *lent) reserves() bool {
	return l.exclusive() && (l.open() || len(l.rest) > 0 && l.fate != quota.WrittenOff)
}

// rivals reports whether grants from one lease count against limits of the other
// and another device makes them.
func (w *world) rivals(a, b *lent) bool {
	return a.Device != b.Device && w.together(a.Activity, b.Activity)
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

// refresh writes the rows of open leases again whose people are held elsewhere by
// other leases than before, because limits, organisations or people have changed.
func (p *projection) refresh(leases []*lent, seq uint64) error {
	for _, l := range leases {
		var was wire.LeaseRow
		if err := p.query(`SELECT body FROM feed WHERE scope = ? AND tbl = ? AND id = ?`, func(r *sql.Rows) error {
			var body []byte
			if err := r.Scan(&body); err != nil {
				return err
			}
			return wire.DecodeRow(body, &was)
		}, LeaseScope(l.Device), wire.TableLease, number(l.ID)); err != nil {
			return err
		}
		now, err := p.elsewhere(l)
		if err != nil {
			return err
		}
		if slices.Equal(was.Elsewhere, now) {
			continue
		}
		if err := p.leaseRow(l, seq); err != nil {
			return err
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
		if o, ours := orgs[m.ID]; ours && p.world.serves(l, m.ID, o) {
			members = append(members, m.ID)
		}
	}
	slices.Sort(members)
	return slices.Compact(members), err
}
