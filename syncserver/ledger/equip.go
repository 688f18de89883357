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

// together reports whether claims for two activities count against limits of each other.
func (w *world) together(a, b id.Activity) bool {
	return a == b || slices.ContainsFunc(w.limits[a].series, func(s string) bool { return slices.Contains(w.limits[b].series, s) })
}

// counts reports whether a claim counts against a limit that a lease's device has
// to keep. o is the organisation of the claim's member now.
func (w *world) counts(l *lent, c *db.Claim, o id.Org) bool {
	if !w.together(l.Activity, c.Activity) {
		return false
	}
	if w.serves(l, c.Member, o) {
		return true
	}
	return c.Activity == l.Activity && w.limits[l.Activity].org && (l.orgs[c.Org] || !l.exclusive() && w.orgs.Under(c.Org, l.audience))
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
// but for organisations that changed. With moved, the members whose organisation is
// another one now, nobody else's rows are looked at.
func (p *projection) equip(d id.Device, seq uint64, changed map[id.Org]bool, moved []id.Member) error {
	if err := p.flush(); err != nil {
		return err
	}
	leases := p.world.holders()[d]
	if slices.ContainsFunc(leases, func(l *lent) bool { return slices.ContainsFunc(moved, func(m id.Member) bool { return l.members[m] }) }) {
		moved = nil // the organisations of those to whom a lease is reserved bring rows of others
	}
	only, err := among(moved)
	if err != nil {
		return err
	}
	there, err := p.told(d, leases, only)
	if err != nil {
		return err
	}
	need := func(table, name string, row any) error {
		k := key{table, name}
		was := there[k]
		there[k] = false
		if was && !(table == wire.TableOrg && changed[id.Org(name)]) {
			return nil
		}
		return p.row(LeaseScope(d), table, name, seq, row)
	}
	if err := p.needPeople(leases, only, need); err != nil {
		return err
	}
	if len(moved) == 0 {
		if err := p.needOrgs(leases, need); err != nil {
			return err
		}
	}
	if err := p.needClaims(leases, only, need); err != nil {
		return err
	}
	for k, idle := range there {
		if idle {
			p.gone(LeaseScope(d), k.table, k.id, seq)
		}
	}
	return p.refresh(leases, seq)
}

// among is a JSON list of members for SQL, nil for everybody.
func among(members []id.Member) (any, error) {
	if len(members) == 0 {
		return nil, nil
	}
	list, err := json.Marshal(members)
	return string(list), err
}

// told gives the rows that a device has for its leases, of everybody or only of some.
func (p *projection) told(d id.Device, leases []*lent, only any) (map[key]bool, error) {
	text, args := `SELECT tbl, id FROM feed WHERE scope = ? AND gone = 0 AND tbl <> ?`, []any{LeaseScope(d), wire.TableLease}
	if only != nil {
		activities, err := json.Marshal(p.counted(leases))
		if err != nil {
			return nil, err
		}
		text = `SELECT tbl, id FROM feed WHERE scope = ?1 AND gone = 0 AND tbl = ?2 AND id IN (SELECT value FROM json_each(?3)) UNION ALL
			SELECT tbl, id FROM feed WHERE scope = ?1 AND gone = 0 AND tbl = ?4 AND id IN (SELECT CAST(ticket AS TEXT) FROM claim
				WHERE activity IN (SELECT value FROM json_each(?5)) AND member IN (SELECT value FROM json_each(?3)))`
		args = []any{LeaseScope(d), wire.TablePerson, only, wire.TableHeld, string(activities)}
	}
	there := map[key]bool{}
	err := p.query(text, func(r *sql.Rows) error {
		var k key
		err := r.Scan(&k.table, &k.id)
		there[k] = true
		return err
	}, args...)
	return there, err
}

func (p *projection) needPeople(leases []*lent, only any, need func(string, string, any) error) error {
	if len(leases) == 0 {
		return nil
	}
	if only == nil {
		var named []id.Member
		for _, l := range leases {
			l.orgs = map[id.Org]bool{}
			named = append(named, slices.Collect(maps.Keys(l.members))...)
		}
		if !slices.ContainsFunc(leases, func(l *lent) bool { return !l.exclusive() }) {
			var err error
			if only, err = among(named); err != nil {
				return err
			}
		}
	}
	text, args := `SELECT id, org, sex, birth, tags, children, lives_in, barred FROM person`, []any{}
	if only != nil {
		text, args = text+` WHERE id IN (SELECT value FROM json_each(?))`, []any{only}
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
				if l.exclusive() {
					l.orgs[m.Org] = true
				}
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

// counted lists the activities whose claims may count against limits of leases.
func (p *projection) counted(leases []*lent) []id.Activity {
	activities := map[id.Activity]bool{}
	for _, l := range leases {
		activities[l.Activity] = true
		for a := range p.world.limits {
			if p.world.together(a, l.Activity) {
				activities[a] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(activities))
}

func (p *projection) needClaims(leases []*lent, only any, need func(string, string, any) error) error {
	text := `SELECT claim.ticket, claim.pool, claim.member, claim.org, claim.seats, claim.state, coalesce(person.org, '')
		FROM claim LEFT JOIN person ON person.id = claim.member WHERE claim.activity = ?1`
	if only != nil {
		text += ` AND claim.member IN (SELECT value FROM json_each(?2))`
	}
	for _, a := range p.counted(leases) {
		args := []any{string(a)}
		if only != nil {
			args = append(args, only)
		}
		if err := p.query(text, func(r *sql.Rows) error {
			c, now := db.Claim{Activity: a}, id.Org("")
			if err := r.Scan(&c.Ticket, &c.Pool, &c.Member, &c.Org, &c.Seats, &c.State, &now); err != nil {
				return err
			}
			if !heldState(c.State) || !slices.ContainsFunc(leases, func(l *lent) bool { return p.world.counts(l, &c, now) }) {
				return nil
			}
			return need(wire.TableHeld, number(c.Ticket), p.heldRow(&c))
		}, args...); err != nil {
			return err
		}
	}
	return nil
}

// tell keeps the people of leases current, and adds to moved who is new or changes the
// organisation: they may come to or leave the people of a lease, with their claims.
func (p *projection) tell(holders map[id.Device][]*lent, m member.Person, old id.Org, had bool, seq uint64, moved map[id.Device][]id.Member) error {
	for _, d := range slices.Sorted(maps.Keys(holders)) {
		was := had && slices.ContainsFunc(holders[d], func(l *lent) bool { return p.world.serves(l, m.ID, old) })
		now := slices.ContainsFunc(holders[d], func(l *lent) bool { return p.world.serves(l, m.ID, m.Org) })
		if now {
			if err := p.row(LeaseScope(d), wire.TablePerson, string(m.ID), seq, personRow(m)); err != nil {
				return err
			}
		}
		if old != m.Org && (was || now) {
			moved[d] = append(moved[d], m.ID)
		}
	}
	return nil
}

// equipAll is equip for all devices with open leases.
func (p *projection) equipAll(seq uint64, changed map[id.Org]bool) error {
	for _, d := range slices.Sorted(maps.Keys(p.world.holders())) {
		if err := p.equip(d, seq, changed, nil); err != nil {
			return err
		}
	}
	return nil
}
