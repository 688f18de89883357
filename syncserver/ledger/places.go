package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger/db"
)

func (p *projection) orgsPut(e *op.Entry) error {
	holders, changed := p.world.holders(), map[id.Org]bool{}
	if len(holders) > 0 { // what waits belongs to the tree as it was
		if err := p.flush(); err != nil {
			return err
		}
	}
	for _, o := range e.Orgs {
		old, had := p.world.orgs[o.ID]
		if !had || old.Parent != o.Parent {
			changed[o.ID] = true
		}
		p.world.orgs[o.ID] = o
		p.org.add(string(o.ID), o.Name, string(o.Parent), o.Kind, o.Digest, int64(e.Seq))
		if had && old.Name == o.Name {
			continue
		}
		if len(p.people) > 0 {
			if err := p.flush(); err != nil {
				return err
			}
		}
		var members []id.Member
		if err := p.query(`SELECT id FROM person WHERE org = ?`, func(r *sql.Rows) error {
			members = append(members, "")
			return r.Scan(&members[len(members)-1])
		}, string(o.ID)); err != nil {
			return err
		}
		for _, m := range members {
			if err := p.me(m, o.ID, e.Seq); err != nil {
				return err
			}
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return p.equipAll(e.Seq, changed)
}

func (p *projection) peoplePut(e *op.Entry) error {
	holders := p.world.holders()
	if len(holders) > 0 { // what waits belongs to people as they were
		if err := p.flush(); err != nil {
			return err
		}
	}
	moved := map[id.Device][]id.Member{}
	was, err := p.orgsOf(e.People)
	if err != nil {
		return err
	}
	for i := range e.People {
		m := &e.People[i]
		tags, err := db.Words(m.Tags).Value()
		if err == nil {
			err = p.back(m.ID)
		}
		if err != nil {
			return err
		}
		p.person.add(string(m.ID), string(m.Org), m.Sex, m.Birth, tags, m.Children, string(m.LivesIn), m.Barred, m.Digest, m.Sealed, int64(e.Seq))
		old, had := was[m.ID]
		was[m.ID], p.people[m.ID] = m.Org, m.Org
		if err := p.tell(holders, *m, old, had, e.Seq, moved); err != nil {
			return err
		}
		if had && old == m.Org {
			continue
		}
		if err := p.me(m.ID, m.Org, e.Seq); err != nil {
			return err
		}
	}
	for _, d := range slices.Sorted(maps.Keys(moved)) {
		if err := p.equip(d, e.Seq, nil, moved[d]); err != nil {
			return err
		}
	}
	return nil
}

// orgsOf gives the organisations that people are recorded under so far.
func (p *projection) orgsOf(people []member.Person) (map[id.Member]id.Org, error) {
	ids := make([]id.Member, len(people))
	for i := range people {
		ids[i] = people[i].ID
	}
	asked, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	was := make(map[id.Member]id.Org, len(people))
	err = p.query(`SELECT id, org FROM person WHERE id IN (SELECT value FROM json_each(?))`, func(r *sql.Rows) error {
		var m id.Member
		var o id.Org
		err := r.Scan(&m, &o)
		was[m] = o
		return err
	}, string(asked))
	maps.Copy(was, p.people)
	return was, err
}

func (p *projection) me(m id.Member, o id.Org, seq uint64) error {
	return p.row(MemberScope(m), wire.TableMe, string(m), seq, wire.MeRow{Member: m, Org: o, Name: p.world.orgs[o].Name})
}

func (p *projection) stationsPut(e *op.Entry) error {
	fresh := 0
	for _, s := range e.Stations {
		at := p.world.stations[s.ID]
		if at == nil {
			at = &place{number: int(e.StationNumber(fresh, len(p.world.stations)))}
			fresh++
			p.world.stations[s.ID] = at
		}
		at.Station = s
		if err := p.stationRow(at, e.Seq); err != nil {
			return err
		}
	}
	return nil
}

// stationRow writes a station and its row for devices.
func (p *projection) stationRow(at *place, seq uint64) error {
	facilities, err := db.Words(at.Facilities).Value()
	if err != nil {
		return err
	}
	var closure []byte
	if at.Closure != nil {
		if closure, err = json.Marshal(at.Closure); err != nil {
			return err
		}
	}
	if err := p.exec(`INSERT OR REPLACE INTO station (id, number, name, lat, lon, datum, kind, address, hours, phone, facilities, status,
		checked, digest, landmark, photo, closure, authority, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		string(at.ID), at.number, at.Name, at.Lat, at.Lon, at.Datum, at.Kind, at.Address, at.Hours, at.Phone, facilities, at.Status,
		at.Checked, at.Digest, at.Landmark, at.Photo, string(closure), string(at.authority), int64(seq)); err != nil {
		return err
	}
	row := wire.RowOf(at.Station)
	row.Number, row.Authority = uint32(at.number), at.authority
	return p.row(ScopePublic, wire.TableStation, string(at.ID), seq, row)
}

// calendarPut writes what is known of a year's holidays, for everybody.
func (p *projection) calendarPut(e *op.Entry) error {
	if e.Calendar == nil {
		return errors.New("a calendar entry holds no calendar")
	}
	var days []byte
	if len(e.Calendar.Days) > 0 {
		var err error
		if days, err = json.Marshal(e.Calendar.Days); err != nil {
			return err
		}
	}
	if err := p.exec(`INSERT OR REPLACE INTO calendar VALUES (?, ?, ?)`, e.Calendar.Year, string(days), int64(e.Seq)); err != nil {
		return err
	}
	return p.row(ScopePublic, wire.TableCalendar, strconv.Itoa(e.Calendar.Year), e.Seq, wire.CalendarRow(*e.Calendar))
}

func (p *projection) enrolment(e *op.Entry) error {
	n := e.Enrolment
	if n == nil {
		return errors.New("an enrolment entry holds no enrolment")
	}
	offered, used := int64(e.Seq), int64(0)
	if e.Kind == op.Enrolled {
		offered, used = 0, int64(e.Seq)
	}
	if err := p.exec(`INSERT INTO enrolment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET device = excluded.device, used = excluded.used`,
		n.CodeHash, string(n.Device), string(n.Role), string(n.Station), string(n.Member), string(n.Org), n.Expires, offered, used); err != nil {
		return err
	}
	if e.Kind == op.Offered {
		return nil
	}
	if err := p.exec(`INSERT OR REPLACE INTO device VALUES (?, ?, ?, ?, ?, ?, ?, 0, '', ?)`, string(n.Device), string(n.Role),
		string(n.Station), string(n.Member), string(n.Org), n.PublicKey, int64(e.Seq), string(n.Upstream)); err != nil {
		return err
	}
	if n.Upstream != "" {
		return p.scanner(n.Upstream, wire.ScannerRow{Device: n.Device, Role: n.Role, Station: n.Station, Org: n.Org, PublicKey: n.PublicKey, Supervisor: n.Supervisor}, e.Seq)
	}
	// The first device of a station stays its authority, even when it is gone: what it
	// handed over and did not report would be handed over again by another.
	at := p.world.stations[n.Station]
	if at == nil || at.authority != "" || n.Role == op.Phone {
		return nil
	}
	at.authority = n.Device
	return p.stationRow(at, e.Seq)
}

// scanner tells a hub of a device that talks to it.
func (p *projection) scanner(hub id.Device, row wire.ScannerRow, seq uint64) error {
	return p.row(HubScope(hub), wire.TableScanner, string(row.Device), seq, row)
}

// scannerGone tells the hub of a device, if it has one, that the device is closed.
func (p *projection) scannerGone(e *op.Entry) error {
	row := wire.ScannerRow{Device: e.Device, Gone: true}
	var hub id.Device
	err := p.query(`SELECT upstream, role, station, org, public_key FROM device WHERE id = ? AND upstream <> ''`, func(r *sql.Rows) error {
		return r.Scan(&hub, &row.Role, &row.Station, &row.Org, &row.PublicKey)
	}, string(e.Device))
	if err != nil || hub == "" {
		return err
	}
	return p.scanner(hub, row, e.Seq)
}

func (p *projection) authoritySet(e *op.Entry) error {
	at := p.world.stations[e.Station]
	if at == nil {
		return fmt.Errorf("there is no station %q", e.Station)
	}
	at.authority = e.Authority
	if err := p.stationRow(at, e.Seq); err != nil || !e.Blocked {
		return err
	}
	return p.inDoubt(e)
}

// inDoubt blocks what was bound to a lost authority: it may have handed it over.
func (p *projection) inDoubt(e *op.Entry) error {
	if err := p.flush(); err != nil {
		return err
	}
	var tickets []id.Ticket
	err := p.query(`SELECT ticket FROM claim WHERE station = ? AND state = ?`, func(r *sql.Rows) error {
		var t int64
		err := r.Scan(&t)
		tickets = append(tickets, id.Ticket(t))
		return err
	}, string(e.Station), int(op.ClaimGranted))
	for _, t := range tickets {
		c, err := p.claim(t)
		if err != nil {
			return err
		}
		if p.bound(c) {
			c.Blocked = true
			p.touch(c, e.Seq)
		}
	}
	return err
}

// phoneGone tells everybody who scans that a member's phone, or a device of staff, shows no codes any more.
func (p *projection) phoneGone(e *op.Entry) error {
	var key []byte
	err := p.query(`SELECT public_key FROM device WHERE id = ? AND (role = ? AND member <> '' OR role = ?) AND public_key IS NOT NULL`, func(r *sql.Rows) error {
		return r.Scan(&key)
	}, string(e.Device), string(op.Phone), string(op.Staff))
	if err != nil || key == nil {
		return err
	}
	return p.row(ScopeFleet, wire.TableRevoked, hex.EncodeToString(key), e.Seq, wire.RevokedRow{PublicKey: key})
}

func (p *projection) deviceGone(e *op.Entry) error {
	if err := p.leasesLost(e); err != nil {
		return err
	}
	if err := p.scannerGone(e); err != nil {
		return err
	}
	if err := p.phoneGone(e); err != nil {
		return err
	}
	return p.exec(`UPDATE device SET gone = ?, reason = ? WHERE id = ?`, int64(e.Seq), e.Reason, string(e.Device))
}

func (p *projection) published(e *op.Entry) error {
	s, err := readShape(e.Activity, e.Spec)
	if err != nil {
		return err
	}
	if err := p.exec(`INSERT OR REPLACE INTO activity VALUES (?, ?, ?, ?, ?)`, string(e.Activity), int64(e.Number), e.Revision, e.Spec, int64(e.Seq)); err != nil {
		return err
	}
	if err := p.row(ScopePublic, wire.TableActivity, string(e.Activity), e.Seq,
		wire.ActivityRow{ID: e.Activity, Number: e.Number, Revision: e.Revision, Spec: e.Spec}); err != nil {
		return err
	}
	if err := p.openPools(e, s); err != nil {
		return err
	}
	if err := p.replan(e, s.plan()); err != nil {
		return err
	}
	was := p.world.limits[e.Activity]
	if was.equal(s.counting()) {
		p.world.limits[e.Activity] = was
		return nil
	}
	if err := p.flush(); err != nil { // what waits belongs to the limits as they were
		return err
	}
	p.world.limits[e.Activity] = s.counting()
	return p.equipAll(e.Seq, nil)
}

// openPools brings the pools of an activity to a revision.
func (p *projection) openPools(e *op.Entry, s shape) error {
	listed := map[id.Pool]bool{}
	for _, sp := range s.Pools {
		listed[sp.ID] = true
		key := poolKey{e.Activity, sp.ID}
		pl, had := p.world.pools[key]
		if !had {
			pl = &pool{shut: true}
			p.world.pools[key] = pl
		}
		wasShut, was := pl.shut, pl.full()
		pl.total, pl.rest, pl.shut, pl.dirty = sp.Total, s.rest(sp.Total), false, true
		if !wasShut && was == pl.full() {
			continue
		}
		if err := p.poolRow(e.Activity, sp.ID, pl, e.Seq); err != nil {
			return err
		}
	}
	for key, pl := range p.world.pools {
		if key.activity == e.Activity && !listed[key.pool] && !pl.shut {
			pl.shut, pl.dirty = true, true
			p.gone(ScopePublic, wire.TablePool, poolID(key), e.Seq)
		}
	}
	return nil
}

// replan writes the device rows of all claims again where a revision changes who holds them.
func (p *projection) replan(e *op.Entry, now plan) error {
	was := p.world.plans[e.Activity]
	if was == now {
		return nil
	}
	if err := p.flush(); err != nil {
		return err
	}
	claims, err := p.queries.ClaimsOfActivity(context.Background(), e.Activity)
	if err != nil {
		return err
	}
	for i := range claims {
		c := &claim{Claim: claims[i]}
		if p.bound(c) && !now.bind {
			p.gone(StationScope(c.Station), wire.TableTicket, number(c.Ticket), e.Seq)
		}
		if was.sessions && !now.sessions {
			p.gone(ScopeDoor, wire.TableDoor, number(c.Ticket), e.Seq)
			p.gone(ScopeGuests, wire.TableGuest, number(c.Ticket), e.Seq)
		}
		p.claims[c.Ticket] = c
		p.touch(c, e.Seq)
	}
	p.world.plans[e.Activity] = now
	return nil
}

func (p *projection) poolRow(a id.Activity, pl id.Pool, state *pool, seq uint64) error {
	return p.row(ScopePublic, wire.TablePool, poolID(poolKey{a, pl}), seq, wire.PoolRow{Activity: a, Pool: pl, Full: state.full()})
}

func poolID(k poolKey) string { return string(k.activity) + "/" + string(k.pool) }

// sortedPools gives the pools that changed.
func sortedPools(pools map[poolKey]*pool) []poolKey {
	var dirty []poolKey
	for k, pl := range pools {
		if pl.dirty {
			dirty = append(dirty, k)
		}
	}
	slices.SortFunc(dirty, func(a, b poolKey) int {
		return cmp.Or(cmp.Compare(a.activity, b.activity), cmp.Compare(a.pool, b.pool))
	})
	return dirty
}
