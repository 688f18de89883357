package ledger

import (
	"database/sql"
	"encoding/json"
	"maps"
	"slices"

	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger/db"
)

// counting is what of an activity's limits decides whose claims count.
type counting struct {
	series []string
	org    bool
}

func (c counting) equal(d counting) bool { return c.org == d.org && slices.Equal(c.series, d.series) }

// holders gives the open leases of each device.
func (w *world) holders() map[id.Device][]*lent {
	open := map[id.Device][]*lent{}
	for _, number := range slices.Sorted(maps.Keys(w.leases)) {
		if l := w.leases[number]; l.open() {
			open[l.Device] = append(open[l.Device], l)
		}
	}
	return open
}

// serves reports whether a lease's device is told about a member of an organisation.
func (w *world) serves(l *lent, m id.Member, o id.Org) bool {
	if l.exclusive() {
		return l.members[m]
	}
	return l.audience == "" || w.orgs.Under(o, l.audience)
}

// tells reports whether a lease's device is told about an organisation: those of
// its people and all above them.
func (w *world) tells(l *lent, o id.Org) bool {
	if !l.exclusive() {
		return l.audience == "" || w.orgs.Under(o, l.audience) || w.orgs.Under(l.audience, o)
	}
	for under := range l.orgs {
		if w.orgs.Under(under, o) {
			return true
		}
	}
	return false
}

// counts reports whether a claim counts against a limit that a lease's device has
// to keep. o is the organisation of the claim's member now.
func (w *world) counts(l *lent, c *db.Claim, o id.Org) bool {
	mine, its := w.limits[l.Activity], w.limits[c.Activity]
	if c.Activity != l.Activity && !slices.ContainsFunc(mine.series, func(s string) bool { return slices.Contains(its.series, s) }) {
		return false
	}
	if w.serves(l, c.Member, o) {
		return true
	}
	return c.Activity == l.Activity && mine.org && (l.orgs[c.Org] || !l.exclusive() && w.orgs.Under(c.Org, l.audience))
}

// held are the states in which a claim's seats count.
func heldState(s op.ClaimState) bool {
	return s == op.ClaimGranted || s == op.ClaimWaitlisted || s == op.ClaimEntered || s == op.ClaimRedeemed || s == op.ClaimLapsed
}

// heldRows keeps current what devices with leases count. o is the organisation of
// the claim's member now.
func (p *projection) heldRows(c *claim, holders map[id.Device][]*lent, o id.Org) error {
	for _, d := range slices.Sorted(maps.Keys(holders)) {
		if !slices.ContainsFunc(holders[d], func(l *lent) bool { return p.world.counts(l, &c.Claim, o) }) {
			continue
		}
		if !heldState(c.State) {
			p.gone(LeaseScope(d), wire.TableHeld, number(c.Ticket), c.Seq)
		} else if err := p.row(LeaseScope(d), wire.TableHeld, number(c.Ticket), c.Seq, p.heldRow(&c.Claim)); err != nil {
			return err
		}
	}
	return nil
}

func (p *projection) heldRow(c *db.Claim) wire.HeldRow {
	return wire.HeldRow{Ticket: c.Ticket, Activity: c.Activity, Pool: c.Pool, Member: p.who(c.Member), Org: c.Org, Seats: c.Seats, State: c.State}
}

// orgsOfTouched gives the organisations, now, of the members whose claims wait to be written.
func (p *projection) orgsOfTouched(holders map[id.Device][]*lent) (map[id.Member]id.Org, error) {
	if len(holders) == 0 || len(p.touched) == 0 {
		return nil, nil
	}
	people := make([]member.Person, len(p.touched))
	for i, c := range p.touched {
		people[i].ID = c.Member
	}
	return p.orgsOf(people)
}

// key names a row of a scope.
type key struct{ table, id string }

// equip brings the scope of a device to what its open leases need: rows that are
// missing come, rows that nothing needs go. Rows that are there were kept current,
// but for organisations that changed.
func (p *projection) equip(d id.Device, seq uint64, changed map[id.Org]bool) error {
	if err := p.flush(); err != nil {
		return err
	}
	leases := p.world.holders()[d]
	there := map[key]bool{}
	if err := p.query(`SELECT tbl, id FROM feed WHERE scope = ? AND gone = 0 AND tbl <> ?`, func(r *sql.Rows) error {
		var k key
		err := r.Scan(&k.table, &k.id)
		there[k] = true
		return err
	}, LeaseScope(d), wire.TableLease); err != nil {
		return err
	}
	need := func(table, name string, row any) error {
		k := key{table, name}
		if was := there[k]; was && !(table == wire.TableOrg && changed[id.Org(name)]) {
			there[k] = false
			return nil
		}
		there[k] = false
		return p.row(LeaseScope(d), table, name, seq, row)
	}
	for _, step := range []func([]*lent, func(string, string, any) error) error{p.needPeople, p.needOrgs, p.needClaims} {
		if err := step(leases, need); err != nil {
			return err
		}
	}
	for k, idle := range there {
		if idle {
			p.gone(LeaseScope(d), k.table, k.id, seq)
		}
	}
	return nil
}

func (p *projection) needPeople(leases []*lent, need func(string, string, any) error) error {
	for _, l := range leases {
		l.orgs = map[id.Org]bool{}
	}
	if len(leases) == 0 {
		return nil
	}
	text, args := `SELECT id, org, sex, birth, tags, children, lives_in, barred FROM person`, []any{}
	if !slices.ContainsFunc(leases, func(l *lent) bool { return !l.exclusive() }) {
		var named []id.Member
		for _, l := range leases {
			named = append(named, slices.Collect(maps.Keys(l.members))...)
		}
		asked, err := json.Marshal(named)
		if err != nil {
			return err
		}
		text, args = text+` WHERE id IN (SELECT value FROM json_each(?))`, []any{string(asked)}
	}
	return p.query(text, func(r *sql.Rows) error {
		var m member.Person
		if err := r.Scan(&m.ID, &m.Org, &m.Sex, &m.Birth, (*db.Words)(&m.Tags), &m.Children, &m.LivesIn, &m.Barred); err != nil {
			return err
		}
		told := false
		for _, l := range leases {
			if p.world.serves(l, m.ID, m.Org) {
				told = true
				l.orgs[m.Org] = l.exclusive()
			}
		}
		if !told {
			return nil
		}
		return need(wire.TablePerson, string(m.ID), personRow(m))
	}, args...)
}

// personRow is a person as a lease's device may know them: nothing sealed.
func personRow(m member.Person) wire.PersonRow {
	m.Digest, m.Sealed = nil, nil
	if len(m.Tags) == 0 {
		m.Tags = nil
	}
	return wire.PersonRow{Person: m}
}

func (p *projection) needOrgs(leases []*lent, need func(string, string, any) error) error {
	for o, v := range p.world.orgs {
		if !slices.ContainsFunc(leases, func(l *lent) bool { return p.world.tells(l, o) }) {
			continue
		}
		if err := need(wire.TableOrg, string(o), wire.OrgRow{ID: o, Parent: v.Parent}); err != nil {
			return err
		}
	}
	return nil
}

func (p *projection) needClaims(leases []*lent, need func(string, string, any) error) error {
	activities := map[id.Activity]bool{}
	for _, l := range leases {
		activities[l.Activity] = true
		for a, its := range p.world.limits {
			if slices.ContainsFunc(p.world.limits[l.Activity].series, func(s string) bool { return slices.Contains(its.series, s) }) {
				activities[a] = true
			}
		}
	}
	for _, a := range slices.Sorted(maps.Keys(activities)) {
		if err := p.query(`SELECT claim.ticket, claim.pool, claim.member, claim.org, claim.seats, claim.state, coalesce(person.org, '')
			FROM claim LEFT JOIN person ON person.id = claim.member WHERE claim.activity = ?`, func(r *sql.Rows) error {
			c, now := db.Claim{Activity: a}, id.Org("")
			if err := r.Scan(&c.Ticket, &c.Pool, &c.Member, &c.Org, &c.Seats, &c.State, &now); err != nil {
				return err
			}
			if !heldState(c.State) || !slices.ContainsFunc(leases, func(l *lent) bool { return p.world.counts(l, &c, now) }) {
				return nil
			}
			return need(wire.TableHeld, number(c.Ticket), p.heldRow(&c))
		}, string(a)); err != nil {
			return err
		}
	}
	return nil
}

// tell keeps the people of leases current. Whoever is new or changes the organisation may
// come to or leave the people of a lease, with their claims.
func (p *projection) tell(holders map[id.Device][]*lent, m member.Person, old id.Org, had bool, seq uint64) (moved []id.Device, err error) {
	for _, d := range slices.Sorted(maps.Keys(holders)) {
		was := had && slices.ContainsFunc(holders[d], func(l *lent) bool { return p.world.serves(l, m.ID, old) })
		now := slices.ContainsFunc(holders[d], func(l *lent) bool { return p.world.serves(l, m.ID, m.Org) })
		if now {
			if err := p.row(LeaseScope(d), wire.TablePerson, string(m.ID), seq, personRow(m)); err != nil {
				return nil, err
			}
		}
		if old != m.Org && (was || now) {
			moved = append(moved, d)
		}
	}
	return moved, nil
}

// equipAll is equip for devices.
func (p *projection) equipAll(devices []id.Device, seq uint64, changed map[id.Org]bool) error {
	slices.Sort(devices)
	for _, d := range slices.Compact(devices) {
		if err := p.equip(d, seq, changed); err != nil {
			return err
		}
	}
	return nil
}
