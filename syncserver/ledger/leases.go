package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/quota"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger/db"
)

// ScopeScan is the scope of what everybody who scans has to know: void tickets.
const ScopeScan = "scan"

// LeaseScope names the scope of what a device needs for its leases.
func LeaseScope(d id.Device) string { return "lease/" + string(d) }

// lent is a lease that is open or has serials that nobody has reported.
type lent struct {
	op.Lease
	audience   id.Org // of a shared one: whose members, and those of all below, it may serve; empty is everybody
	members    map[id.Member]bool
	orgs       map[id.Org]bool // of the members
	rest, void []op.Taken
	fate       quota.Fate
	over       string
	doubt      bool // the holder is gone
	seq        uint64
	dirty      bool
}

func (l *lent) exclusive() bool { return len(l.Members) > 0 }

// open reports whether the device may grant from the lease.
func (l *lent) open() bool { return l.over == "" }

func (w *world) readLease(r *sql.Rows) error {
	var row db.Lease
	if err := r.Scan(&row.ID, &row.Over, &row.Doubt, &row.Fate, &row.Audience, &row.Body, &row.Rest, &row.Void, &row.Seq); err != nil {
		return err
	}
	l := &lent{audience: row.Audience, rest: row.Rest, void: row.Void, fate: quota.Fate(row.Fate), over: row.Over, doubt: row.Doubt, seq: row.Seq}
	w.leases[row.ID] = l
	if err := wire.DecodeRow(row.Body, &l.Lease); err != nil {
		return fmt.Errorf("lease %d: %w", row.ID, err)
	}
	l.name()
	return nil
}

func (l *lent) name() {
	l.members = make(map[id.Member]bool, len(l.Members))
	for _, m := range l.Members {
		l.members[m.Member] = true
	}
}

// readLeaseOrgs finds the organisations of the members of open leases.
func (w *world) readLeaseOrgs(conn *sql.Conn) error {
	var named []id.Member
	for _, l := range w.leases {
		l.orgs = map[id.Org]bool{}
		named = append(named, slices.Collect(maps.Keys(l.members))...)
	}
	asked, err := json.Marshal(named)
	if err != nil || len(named) == 0 {
		return err
	}
	rows, err := conn.QueryContext(context.Background(), `SELECT id, org FROM person WHERE id IN (SELECT value FROM json_each(?))`, string(asked))
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	return each(rows, func(r *sql.Rows) error {
		var m id.Member
		var o id.Org
		err := r.Scan(&m, &o)
		for _, l := range w.leases {
			if l.members[m] {
				l.orgs[o] = true
			}
		}
		return err
	})
}

// lease finds a lease that an entry is about.
func (p *projection) lease(number uint64) (*lent, error) {
	l := p.world.leases[number]
	if l == nil {
		return nil, fmt.Errorf("there is no lease %d with serials that were not reported", number)
	}
	return l, nil
}

func (p *projection) lent(e *op.Entry) error {
	if e.Lease == nil {
		return errors.New("an entry that lends holds no lease")
	}
	if err := p.flush(); err != nil {
		return err
	}
	l := &lent{Lease: *e.Lease, rest: e.Lease.Taken, audience: e.Lease.Org}
	l.name()
	if l.audience == "" && !l.exclusive() {
		if err := p.query(`SELECT org FROM device WHERE id = ?`, func(r *sql.Rows) error { return r.Scan(&l.audience) }, string(l.Device)); err != nil {
			return err
		}
	}
	p.world.leases[l.ID] = l
	if err := p.holdPool(l.Activity, l.Pool, l.Taken, +1, e.Seq); err != nil {
		return err
	}
	if err := p.leaseRow(l, e.Seq); err != nil {
		return err
	}
	if err := p.reserve(l, e.Seq); err != nil {
		return err
	}
	return p.equip(l.Device, e.Seq, nil, nil)
}

func (p *projection) renewed(e *op.Entry) error {
	if e.Lease == nil {
		return errors.New("an entry that renews holds no lease")
	}
	ended, closed := false, false
	if l := p.world.leases[e.Lease.ID]; l == nil || !l.open() { // a restored server had let it run out
		ended = true
		if err := p.flush(); err != nil { // claims of meanwhile are not of this device's scope yet
			return err
		}
		if closed = p.world.leases[e.Lease.ID] == nil; closed {
			if err := p.reread(e.Lease); err != nil {
				return err
			}
		}
	}
	l, err := p.lease(e.Lease.ID)
	if err != nil {
		return err
	}
	l.Taken, l.rest = append(slices.Clone(l.Taken), e.Lease.Taken...), append(slices.Clone(l.rest), e.Lease.Taken...)
	l.Expires, l.Revision, l.over, l.fate = e.Lease.Expires, e.Lease.Revision, "", quota.Out
	if err := p.holdPool(l.Activity, l.Pool, e.Lease.Taken, +1, e.Seq); err != nil {
		return err
	}
	if err := p.leaseRow(l, e.Seq); err != nil || !ended {
		return err
	}
	if closed {
		if err := p.reserve(l, e.Seq); err != nil {
			return err
		}
	}
	return p.equip(l.Device, e.Seq, nil, nil)
}

// reread takes up a lease again that was settled; of tells whom it names.
func (p *projection) reread(of *op.Lease) error {
	err := p.query(`SELECT id, over, doubt, fate, audience, body, rest, void, seq FROM lease WHERE id = ?`, p.world.readLease, int64(of.ID))
	if l := p.world.leases[of.ID]; l != nil {
		l.Members = of.Members
		l.name()
	}
	return err
}

func (p *projection) leaseEnded(e *op.Entry) error {
	l, err := p.lease(e.LeaseID)
	if err != nil {
		return err
	}
	if err := p.flush(); err != nil {
		return err
	}
	l.rest, l.fate = subtract(l.rest, e.Taken), quota.InDoubt
	switch e.Word {
	case op.LeaseWrittenOff:
		l.fate = quota.WrittenOff
	case op.LeaseVoid:
		l.void = append(slices.Clone(l.void), e.Taken...)
	}
	if err := p.holdPool(l.Activity, l.Pool, e.Taken, -1, e.Seq); err != nil {
		return err
	}
	return p.closed(l, e.Word, e.Seq)
}

// leasesLost puts in doubt what a device that is gone did not report.
func (p *projection) leasesLost(e *op.Entry) error {
	for _, number := range slices.Sorted(maps.Keys(p.world.leases)) {
		l := p.world.leases[number]
		if l == nil || l.Device != e.Device || !l.open() && len(l.rest) == 0 { // a flush lets go of what is over and reported
			continue
		}
		if err := p.flush(); err != nil {
			return err
		}
		l.doubt = true
		over := l.over
		if l.open() {
			over, l.fate = op.LeaseExpired, quota.InDoubt
		}
		if err := p.closed(l, over, e.Seq); err != nil {
			return err
		}
	}
	return nil
}

// closed writes what devices have to know about a lease that has ended.
func (p *projection) closed(l *lent, over string, seq uint64) error {
	l.over = over
	if err := p.leaseRow(l, seq); err != nil {
		return err
	}
	if err := p.reserve(l, seq); err != nil {
		return err
	}
	if err := p.voidRow(l, seq); err != nil {
		return err
	}
	return p.equip(l.Device, seq, nil, nil)
}

// reported takes the serials of a claim out of its lease, and joins the claim with
// what happened to its ticket before.
func (p *projection) reported(e *op.Entry, c *claim) error {
	l, err := p.lease(e.LeaseID)
	if err != nil {
		return err
	}
	l.rest, l.dirty, l.seq = subtract(l.rest, e.Taken), true, e.Seq
	if !l.reserves() {
		if err := p.reserve(l, e.Seq); err != nil {
			return err
		}
	}
	if l.doubt && len(l.rest) == 0 {
		if err := p.voidRow(l, e.Seq); err != nil {
			return err
		}
	}
	before, err := p.queries.EarlyByTicket(context.Background(), c.Ticket)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read early scans of ticket %d: %w", c.Ticket, err)
	}
	if c.Came, c.Inside = before.Came, before.Inside; before.Redeemed {
		c.State = op.ClaimRedeemed
	}
	return p.exec(`DELETE FROM early WHERE ticket = ?`, int64(c.Ticket))
}

// early keeps what happened to a ticket whose grant was not reported yet.
func (p *projection) early(e *op.Entry) error {
	redeemed, in := e.Kind == op.Redeemed, e.Kind == op.CheckedIn && !e.Out
	return p.exec(`INSERT INTO early VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET redeemed = redeemed OR excluded.redeemed,
		came = came OR excluded.came, inside = CASE WHEN ? THEN inside ELSE excluded.inside END`, int64(e.Ticket), redeemed, in, in, redeemed)
}

// leaseRow tells the holder how its lease stands.
func (p *projection) leaseRow(l *lent, seq uint64) error {
	l.dirty, l.seq = true, seq
	row := wire.LeaseRow{Lease: l.Lease, Over: l.over}
	var err error
	if !l.open() {
		row.Lease.Members = nil
	} else if row.Elsewhere, err = p.elsewhere(l); err != nil {
		return err
	}
	return p.row(LeaseScope(l.Device), wire.TableLease, number(l.ID), seq, row)
}

// voidRow tells everybody who scans which tickets of a lease are worth nothing.
func (p *projection) voidRow(l *lent, seq uint64) error {
	doubt := l.doubt && l.fate == quota.InDoubt && len(l.rest) > 0
	if len(l.void) == 0 && !doubt {
		if !l.doubt {
			return nil // there never was a row
		}
		p.gone(ScopeScan, wire.TableVoid, number(l.ID), seq)
		return nil
	}
	return p.row(ScopeScan, wire.TableVoid, number(l.ID), seq, wire.VoidRow{Lease: l.ID, Taken: l.void, InDoubt: doubt})
}

// flushLeases writes the leases that changed, and forgets those that are settled.
func (p *projection) flushLeases() error {
	for _, number := range slices.Sorted(maps.Keys(p.world.leases)) {
		l := p.world.leases[number]
		if !l.dirty {
			continue
		}
		l.dirty = false
		if !l.open() && !l.reserves() {
			l.Members = nil
		}
		body, err := wire.EncodeRow(l.Lease)
		if err != nil {
			return err
		}
		rest, err := db.Serials(l.rest).Value()
		if err != nil {
			return err
		}
		void, err := db.Serials(l.void).Value()
		if err != nil {
			return err
		}
		if err := p.exec(`INSERT OR REPLACE INTO lease VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, int64(l.ID), string(l.Device), string(l.Activity),
			string(l.Pool), quota.Sum(l.rest), int(l.fate), l.over, l.doubt, string(l.audience), body, rest, void, int64(l.seq)); err != nil {
			return err
		}
		if !l.open() && len(l.rest) == 0 {
			delete(p.world.leases, number)
		}
	}
	return nil
}

// Lease is one lease as it stands. Unreported counts its seats of which nobody
// knows what became of them; they are leased while Over is empty, else in doubt or,
// with WrittenOff, given up. Void are serials that were taken back.
type Lease struct {
	op.Lease
	Over       string
	Unreported int
	WrittenOff bool
	Void       []op.Taken
}

// Leases gives all leases, oldest first.
func (l *Ledger) Leases() ([]Lease, error) {
	rows, err := l.queries.Leases(context.Background())
	leases := make([]Lease, len(rows))
	for i, r := range rows {
		leases[i] = Lease{Over: r.Over, Unreported: r.Unreported, WrittenOff: quota.Fate(r.Fate) == quota.WrittenOff, Void: r.Void}
		if err := wire.DecodeRow(r.Body, &leases[i].Lease); err != nil {
			return nil, wrap("read leases", err)
		}
	}
	return leases, wrap("read leases", err)
}
