package lease

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/quota"
	"yizhan/core/replica"
	"yizhan/core/seal"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// lent is a lease that this device may still have to do with.
type lent struct {
	op.Lease
	row     wire.LeaseRow
	now     int64 // server clock as this device knows it; 0 if unsure
	wall    int64 // device clock
	unsure  bool  // after a reboot nobody knows whether its time is over
	expired bool
	marked  bool // it was given back
	given   bool // before its time: the server decides claims again
}

// left are the serials of a lease that this device has not granted.
func (l *lent) left(grants []wire.GrantRow) []op.Taken {
	left := slices.Clone(l.Taken)
	for _, g := range grants {
		if g.Lease != l.ID {
			continue
		}
		if rest, ok := quota.Within(left, g.Taken); ok {
			left = rest
		}
	}
	return left
}

// leases reads what is lent to this device, those of a set-aside first. What the
// server has closed is left out: nothing more can be granted or given back.
func (h *Holder) leases(wall time.Time) (held []*lent, err error) {
	rows, err := read[wire.LeaseRow](h.cfg.Store, wire.TableLease)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r.Over != "" && r.Over != op.LeaseExpired {
			continue
		}
		l := &lent{Lease: r.Lease, row: r, wall: wall.UnixMilli()}
		now, ok, err := h.now(wall, l.Policy)
		if err != nil {
			return nil, err
		}
		if ok {
			l.now = now
		}
		l.expired = r.Over == op.LeaseExpired || ok && now >= l.Expires
		l.unsure = !ok && !l.expired
		mark, ok, err := get[wire.UsedRow](h.cfg.Store, wire.TableUsed, markID(l.ID))
		if err != nil {
			return nil, err
		}
		if l.marked, l.given = ok, ok && mark.At < l.Expires; l.marked && !l.given {
			l.expired = true // it was over once: a clock that goes back begins nothing
		}
		held = append(held, l)
	}
	slices.SortStableFunc(held, func(a, b *lent) int { return strings.Compare(b.SetAside, a.SetAside) })
	return held, nil
}

// open gives the leases for an activity, or one pool of it, that were not given back.
func (h *Holder) open(a id.Activity, pool id.Pool, wall time.Time) ([]*lent, error) {
	held, err := h.leases(wall)
	return slices.DeleteFunc(held, func(l *lent) bool { return l.Activity != a || pool != "" && l.Pool != pool || l.marked }), err
}

// known reads what a decision about a member needs, but for the lease itself.
func (h *Holder) known(plan *activity.Activity, m id.Member) (k Known, err error) {
	k = Known{Plan: plan, Tree: member.Tree{}}
	person, ok, err := get[wire.PersonRow](h.cfg.Store, wire.TablePerson, string(m))
	if err != nil {
		return k, err
	}
	if ok {
		k.Person = &person.Person
	}
	orgs, err := read[wire.OrgRow](h.cfg.Store, wire.TableOrg)
	if err != nil {
		return k, err
	}
	for _, o := range orgs {
		k.Tree[o.ID] = member.Org{ID: o.ID, Parent: o.Parent}
	}
	// Before the rows: a checkpoint between the two would else take a grant out of both counts.
	if k.Settled, err = settled(h.cfg.Store); err != nil {
		return k, err
	}
	if k.Held, err = read[wire.HeldRow](h.cfg.Store, wire.TableHeld); err != nil {
		return k, err
	}
	if k.Grants, err = read[wire.GrantRow](h.cfg.Store, wire.TableGrant); err != nil {
		return k, err
	}
	k.Series, err = h.series(plan)
	return k, err
}

// settled is the newest op of this device that its rows contain.
func settled(store local.Store) (uint64, error) {
	first, err := store.First()
	if err != nil {
		return 0, fmt.Errorf("read outbox: %w", err)
	}
	return first - 1, nil
}

// series finds the activities that the series of a plan's limits count over.
func (h *Holder) series(plan *activity.Activity) (map[string]map[id.Activity]bool, error) {
	if !slices.ContainsFunc(plan.Spec.Limits, func(l activity.Limit) bool { return l.Series != "" }) {
		return nil, nil
	}
	rows, err := read[wire.ActivityRow](h.cfg.Store, wire.TableActivity)
	if err != nil {
		return nil, err
	}
	over := map[string]map[id.Activity]bool{}
	for _, r := range rows {
		var spec struct {
			Limits []activity.Limit `json:"limits"`
		}
		if json.Unmarshal(r.Spec, &spec) != nil {
			continue // of a newer server, in a form that has no limits as we know them
		}
		for _, l := range spec.Limits {
			if over[l.Series] == nil {
				over[l.Series] = map[id.Activity]bool{}
			}
			over[l.Series][r.ID] = true
		}
	}
	return over, nil
}

// plan gives an activity with its rules compiled; nil where this device has none
// that it can read, so that the server decides.
func (h *Holder) plan(a id.Activity) (*activity.Activity, error) {
	r, ok, err := h.cfg.Store.Get(wire.TableActivity, string(a))
	if err != nil || !ok {
		return nil, wrap("read activity", err)
	}
	if known := h.plans[a]; known != nil && known.seq == r.Seq {
		return known.plan, nil
	}
	var published wire.ActivityRow
	if err := wire.DecodeRow(r.Body, &published); err != nil {
		return nil, wrap("read activity", err)
	}
	plan, err := activity.Parse(published.Spec, h.cfg.Zone)
	if err != nil {
		plan = nil
	}
	h.plans[a] = &revision{r.Seq, plan}
	return plan, nil
}

// ErrNotCertified says that a lease came without a certificate that this device can use.
var ErrNotCertified = errors.New("the lease has no certificate of the server's for this device; connect it to the server once")

// sign makes the ticket of a grant.
func (h *Holder) sign(plan *activity.Activity, l *lent, g *wire.GrantRow) (string, error) {
	keys, err := h.cfg.Store.Rows(wire.TableKey)
	if err != nil {
		return "", wrap("read keys", err)
	}
	rings, err := ticket.ReadRings(keys)
	if err != nil {
		return "", err
	}
	c, err := rings.OpenCertificate(l.row.Certificate)
	if err != nil || len(l.row.Secret) != 16 {
		return "", errors.Join(ErrNotCertified, err)
	}
	stored, err := h.cfg.Store.Meta(replica.MetaKey)
	if err != nil {
		return "", wrap("read device key", err)
	}
	key, err := seal.ParsePrivate(stored)
	if err != nil {
		return "", err
	}
	t := ticket.Ticket{ID: g.Ticket, Seats: g.Seats, Secret: ticket.GrantSecret([16]byte(l.row.Secret), g.Ticket)}
	if g.Station != "" && plan.Binds() {
		place, _, err := get[wire.StationRow](h.cfg.Store, wire.TableStation, string(g.Station))
		if err != nil {
			return "", err
		}
		t.Station = place.Number
	}
	return ticket.SealLease(key, c, t)
}

// read decodes a whole table.
func read[R any](store local.Store, table string) ([]R, error) {
	rows, err := store.Rows(table)
	if err != nil {
		return nil, wrap("read "+table, err)
	}
	out := make([]R, len(rows))
	for i, r := range rows {
		if err := wire.DecodeRow(r.Body, &out[i]); err != nil {
			return nil, fmt.Errorf("read %s %s: %w", table, r.ID, err)
		}
	}
	return out, nil
}

// get decodes one row; ok is false if there is none.
func get[R any](store local.Store, table, key string) (row R, ok bool, err error) {
	r, ok, err := store.Get(table, key)
	if err == nil && ok {
		err = wire.DecodeRow(r.Body, &row)
	}
	return row, ok, wrap(strconv.Quote(table+" "+key), err)
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
