package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/station"
	"yizhan/syncserver/ledger/db"
)

// world is the part of the tables that is small and asked for at every entry.
type world struct {
	orgs     member.Tree
	stations map[id.Station]*place
	plans    map[id.Activity]plan
	pools    map[poolKey]*pool
	limits   map[id.Activity]counting
	leases   map[uint64]*lent // open, or with serials that nobody has reported
	erased   map[id.Member]bool
	epoch    int    // of the newest entry
	area     string // of the map that devices carry
	day      int64  // of the newest entry, -1 before the first
	old      bool   // removed rows may be past the horizon
}

type place struct {
	station.Station
	number    int
	authority id.Device
}

// plan is what the feed has to know about an activity.
type plan struct {
	bind     bool // tickets are bound to the claim's station
	sessions bool // its pools are sessions, with a door
}

type poolKey struct {
	activity id.Activity
	pool     id.Pool
}

// pool counts the seats that are set aside for nobody.
type pool struct {
	rest, held int
	total      int
	shut       bool // no longer in the newest revision
	dirty      bool
}

func (p *pool) full() bool { return p.held >= p.rest }

// shape is the part of an activity's JSON that plan and pools are made from. The
// rest was checked before it was published and is of no concern here.
type shape struct {
	Pools     []activity.Pool     `json:"pools"`
	Sessions  []activity.Session  `json:"sessions"`
	SetAsides []activity.SetAside `json:"set_asides"`
	Pickup    *activity.Pickup    `json:"pickup"`
	Limits    []activity.Limit    `json:"limits"`
}

func readShape(a id.Activity, spec []byte) (shape, error) {
	var s shape
	if err := json.Unmarshal(spec, &s); err != nil {
		return s, fmt.Errorf("activity %s: %w", a, err)
	}
	for _, session := range s.Sessions {
		s.Pools = append(s.Pools, activity.Pool{ID: session.ID, Total: session.Total})
	}
	return s, nil
}

func (s shape) plan() plan {
	return plan{bind: s.Pickup != nil && s.Pickup.Bind, sessions: len(s.Sessions) > 0}
}

// counting reads whose claims count against the limits.
func (s shape) counting() (c counting) {
	for _, l := range s.Limits {
		if l.Per == "org" {
			c.org = true
		} else if l.Series != "" {
			c.series = append(c.series, l.Series)
		}
	}
	return c
}

// rest is how many seats of a pool of that total anybody may take.
func (s shape) rest(total int) int {
	for _, aside := range s.SetAsides {
		total -= aside.Count
	}
	return max(total, 0)
}

func readWorld(conn *sql.Conn) (*world, error) {
	w := &world{orgs: member.Tree{}, stations: map[id.Station]*place{}, plans: map[id.Activity]plan{}, pools: map[poolKey]*pool{},
		limits: map[id.Activity]counting{}, leases: map[uint64]*lent{}, erased: map[id.Member]bool{}, day: -1, old: true}
	for _, table := range []struct {
		text string
		row  func(*sql.Rows) error
	}{
		{`SELECT id, name, parent FROM org`, w.readOrg},
		{`SELECT id, number, name, lat, lon, datum, kind, address, hours, phone, facilities, status, checked, digest, landmark, photo, closure,
			authority FROM station`, w.readStation},
		{`SELECT id, spec FROM activity`, w.readActivity},
		{`SELECT activity, id, total, rest, held, shut FROM pool`, w.readPool},
		{`SELECT id, over, doubt, fate, audience, body, rest, void, seq FROM lease WHERE over = '' OR unreported > 0`, w.readLease},
		{`SELECT member FROM erased`, w.readErased},
		{`SELECT epoch FROM applied`, func(r *sql.Rows) error { return r.Scan(&w.epoch) }},
		{`SELECT area FROM map`, func(r *sql.Rows) error { return r.Scan(&w.area) }},
		{`SELECT coalesce(max(day), -1) FROM clock`, func(r *sql.Rows) error { return r.Scan(&w.day) }},
	} {
		rows, err := conn.QueryContext(context.Background(), table.text)
		if err == nil {
			err = each(rows, table.row)
		}
		if err != nil {
			return nil, fmt.Errorf("read ledger: %w", err)
		}
	}
	return w, w.readLeaseOrgs(conn)
}

// each calls fn at every row and closes rows.
func each(rows *sql.Rows, fn func(*sql.Rows) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (w *world) readOrg(r *sql.Rows) error {
	var o member.Org
	err := r.Scan(&o.ID, &o.Name, &o.Parent)
	w.orgs[o.ID] = o
	return err
}

func (w *world) readStation(r *sql.Rows) error {
	var p place
	var closure string
	if err := r.Scan(&p.ID, &p.number, &p.Name, &p.Lat, &p.Lon, &p.Datum, &p.Kind, &p.Address, &p.Hours, &p.Phone,
		(*db.Words)(&p.Facilities), &p.Status, &p.Checked, &p.Digest, &p.Landmark, &p.Photo, &closure, &p.authority); err != nil {
		return err
	}
	if closure != "" {
		if err := json.Unmarshal([]byte(closure), &p.Closure); err != nil {
			return fmt.Errorf("station %s: %w", p.ID, err)
		}
	}
	w.stations[p.ID] = &p
	return nil
}

func (w *world) readActivity(r *sql.Rows) error {
	var a id.Activity
	var spec []byte
	if err := r.Scan(&a, &spec); err != nil {
		return err
	}
	s, err := readShape(a, spec)
	w.plans[a], w.limits[a] = s.plan(), s.counting()
	return err
}

func (w *world) readPool(r *sql.Rows) error {
	var k poolKey
	var p pool
	err := r.Scan(&k.activity, &k.pool, &p.total, &p.rest, &p.held, &p.shut)
	w.pools[k] = &p
	return err
}
