package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/notice"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger/db"
)

// Scopes that are not one party's.
const (
	ScopePublic = "public"
	ScopeDoor   = "door"
	ScopeFleet  = "fleet"
	ScopeGuests = "guests"
	ScopeStaff  = "staff"
	// ScopeAny is only for Subscribe: it wakes after every Project that added entries.
	ScopeAny = "*"
)

// MemberScope names the scope of a member's own rows.
func MemberScope(m id.Member) string { return "member/" + string(m) }

// StationScope names the scope of the tickets bound to a station.
func StationScope(s id.Station) string { return "station/" + string(s) }

// OrgScope names the scope of what concerns an organisation or one below it.
func OrgScope(o id.Org) string { return "org/" + string(o) }

// HubScope names the scope of what a hub knows of the devices that talk to it.
func HubScope(d id.Device) string { return "hub/" + string(d) }

// DeviceScope is only for Subscribe: it wakes when results of that device's ops
// are in, because a refusal changes no row of anybody.
func DeviceScope(d id.Device) string { return "device/" + string(d) }

// pending bounds how many feed rows wait in memory while a transaction goes on.
const pending = 1 << 15

// projection is one transaction. Claims are kept in memory from their first to
// their last change in it, so that a claim that changes often is written once.
// Whatever reads tables by SQL in between calls flush first.
type projection struct {
	*bulks
	conn     *sql.Conn
	queries  *db.Queries
	world    *world
	claims   map[id.Ticket]*claim
	touched  []*claim
	people   map[id.Member]id.Org // written in this transaction and not flushed
	refusals map[refusalKey]refusals
	results  []result
	feedRows []feedRow
	changed  map[string]struct{} // scopes
	news     []feedRow           // for the tail
	acks     map[id.Device]ack   // for the tail
}

type refusalKey struct {
	activity id.Activity
	code     fault.Code
}

type refusals struct{ claims, seats int }

type result struct {
	device      id.Device
	devSeq, seq uint64
	body        []byte
}

type feedRow struct {
	scope, table, id string
	seq              uint64
	gone             bool
	body             []byte
}

func newProjection(l *Ledger) *projection {
	return &projection{
		bulks: &l.bulks, conn: l.conn, queries: l.written, world: l.world, claims: map[id.Ticket]*claim{}, people: map[id.Member]id.Org{},
		refusals: map[refusalKey]refusals{}, changed: map[string]struct{}{ScopeAny: {}}, acks: map[id.Device]ack{},
	}
}

// all applies entries that follow the applied ones, and writes everything.
func (p *projection) all(entries []op.Entry, applied uint64) error {
	for i := range entries {
		e := &entries[i]
		if e.Seq != applied+1 {
			return fmt.Errorf("entry %d does not follow entry %d", e.Seq, applied)
		}
		applied = e.Seq
		if err := p.date(e); err != nil {
			return err
		}
		if err := p.one(e); err != nil {
			return fmt.Errorf("entry %d: %w", e.Seq, err)
		}
		if len(p.feedRows)+len(p.touched)+len(p.results) > pending {
			if err := p.flush(); err != nil {
				return err
			}
		}
	}
	if err := p.flush(); err != nil {
		return err
	}
	if err := p.forget(); err != nil {
		return err
	}
	return p.exec(`UPDATE applied SET seq = ?, epoch = ?`, int64(applied), p.world.epoch)
}

func (p *projection) one(e *op.Entry) error {
	if e.Device != "" && e.DevSeq != 0 {
		body, err := wire.EncodeRow(op.ResultOf(e))
		if err != nil {
			return err
		}
		p.results = append(p.results, result{e.Device, e.DevSeq, e.Seq, body})
	}
	switch e.Kind {
	case op.Ticked, op.GivenUp, op.Reopened:
		return nil
	case op.Restored:
		p.world.epoch = e.Epoch
		return nil
	case op.Done:
		return p.accepted(e)
	case op.Quarantined, op.Wiped:
		return p.quarantined(e)
	case op.Erased:
		return p.erased(e)
	case op.AuthoritySet:
		return p.authoritySet(e)
	case op.OrgsPut:
		return p.orgsPut(e)
	case op.PeoplePut:
		return p.peoplePut(e)
	case op.StationsPut:
		return p.stationsPut(e)
	case op.MapPut:
		return p.mapPut(e)
	case op.CalendarPut:
		return p.calendarPut(e)
	case op.Published:
		return p.published(e)
	case op.Offered, op.Enrolled:
		return p.enrolment(e)
	case op.DeviceGone:
		return p.deviceGone(e)
	case op.Lent:
		return p.lent(e)
	case op.Renewed:
		return p.renewed(e)
	case op.LeaseEnded:
		return p.leaseEnded(e)
	case op.Claimed:
		return p.claimed(e)
	case op.Promoted, op.Released, op.Lapsed, op.Moved, op.NotDrawn, op.Undone:
		return p.claimChanged(e)
	case op.Redeemed, op.CheckedIn:
		return p.handedOver(e)
	case op.Reminded:
		return p.message(e, &claim{Claim: db.Claim{Ticket: e.Ticket, Member: e.Member, Activity: e.Activity, Pool: e.Pool}})
	case op.Scanned:
		p.scan.add(int64(e.Seq), int(e.Verdict), int64(e.Ticket), string(e.Activity), string(e.Station), string(e.Device), e.DeviceAt, e.Word, e.By, e.At)
		return nil
	case op.TaskMade, op.IncidentMade:
		return p.forStaff(e)
	case op.Settled:
		return p.settled(e)
	case op.Drawn:
		return p.exec(`INSERT INTO draw VALUES (?, ?, ?, ?, ?)`, int64(e.Seq), string(e.Activity), e.Seed, e.Digest, e.At)
	}
	return fmt.Errorf("kind %d is unknown: this program is older than the journal", e.Kind)
}

// forStaff files what people have to look at, under the organisation that it
// concerns and all above it as the tree stands now.
func (p *projection) forStaff(e *op.Entry) error {
	org, table, row := e.Org, wire.TableTask, any(nil)
	var err error
	if e.Kind == op.TaskMade {
		row = wire.TaskRow{Seq: e.Seq, Kind: e.Word, Org: e.Org, Activity: e.Activity, At: e.At}
		err = p.exec(`INSERT INTO task VALUES (?, ?, ?, ?, ?)`, int64(e.Seq), e.Word, string(e.Org), string(e.Activity), e.At)
	} else {
		table = wire.TableIncident
		if row, err = p.incidentRow(e); err != nil {
			return err
		}
		err = p.exec(`INSERT INTO incident (seq, word, ticket, device, verdict, at, member) VALUES (?, ?, ?, ?, ?, ?, ?)`, int64(e.Seq), e.Word, int64(e.Ticket),
			string(e.Device), int(e.Verdict), e.At, string(e.Member))
		if c, found := p.claim(e.Ticket); found == nil && c != nil && org == "" {
			org = c.Org
		}
	}
	if err != nil {
		return err
	}
	body, err := wire.EncodeRow(row)
	if err != nil {
		return err
	}
	scopes := []string{ScopeStaff}
	for _, o := range p.world.orgs.Chain(org) {
		scopes = append(scopes, OrgScope(o))
	}
	return p.file(table, e.Seq, body, scopes...)
}

// message tells the member of claim c, as it was before e, about e.
func (p *projection) message(e *op.Entry, c *claim) error {
	kind, ok := notice.Of(e, c.State)
	if !ok || p.who(c.Member) == "" {
		return nil
	}
	return p.row(MemberScope(c.Member), wire.TableMessage, number(e.Seq), e.Seq,
		wire.MessageRow{Seq: e.Seq, Kind: string(kind), Activity: c.Activity, Pool: c.Pool, Ticket: c.Ticket, At: e.At})
}

// row encodes a new version of a device row and queues it.
func (p *projection) row(scope, table, key string, seq uint64, v any) error {
	body, err := wire.EncodeRow(v)
	if err != nil {
		return err
	}
	p.put(scope, table, key, seq, body)
	return nil
}

func (p *projection) put(scope, table, key string, seq uint64, body []byte) {
	p.feedRows = append(p.feedRows, feedRow{scope, table, key, seq, false, body})
}

// gone queues the removal of a device row.
func (p *projection) gone(scope, table, key string, seq uint64) {
	p.feedRows = append(p.feedRows, feedRow{scope, table, key, seq, true, []byte{}})
}

// flush writes everything that waits in memory. Rows are sorted by key, because
// neighbours in a table are then written together.
func (p *projection) flush() error {
	if err := p.flushClaims(); err != nil {
		return err
	}
	if err := p.flushLeases(); err != nil {
		return err
	}
	for k, n := range p.refusals {
		p.refusal.add(string(k.activity), int(k.code), n.claims, n.seats)
	}
	clear(p.refusals)
	slices.SortFunc(p.results, func(a, b result) int {
		return cmp.Or(cmp.Compare(a.device, b.device), cmp.Compare(a.devSeq, b.devSeq))
	})
	for _, r := range p.results {
		p.result.add(string(r.device), int64(r.devSeq), int64(r.seq), r.body)
		p.changed[DeviceScope(r.device)] = struct{}{}
		if a := p.acks[r.device]; a.seq < r.seq {
			p.acks[r.device] = ack{r.seq, max(a.op, r.devSeq)}
		}
	}
	p.results = p.results[:0]
	slices.SortStableFunc(p.feedRows, func(a, b feedRow) int {
		return cmp.Or(cmp.Compare(a.scope, b.scope), cmp.Compare(a.table, b.table), cmp.Compare(a.id, b.id))
	})
	for _, r := range p.feedRows {
		p.feed.add(r.scope, r.table, r.id, int64(r.seq), r.gone, r.body)
		p.changed[r.scope] = struct{}{}
	}
	if len(p.news) <= tailRows { // more than that is not kept anyway
		p.news = append(p.news, p.feedRows...)
	}
	clear(p.feedRows)
	p.feedRows = p.feedRows[:0]
	clear(p.people)
	return p.bulks.flush()
}

func (p *projection) exec(text string, args ...any) error {
	_, err := p.conn.ExecContext(context.Background(), text, args...)
	return err
}

func (p *projection) query(text string, fn func(*sql.Rows) error, args ...any) error {
	rows, err := p.conn.QueryContext(context.Background(), text, args...)
	if err != nil {
		return err
	}
	return each(rows, fn)
}

func number[N ~uint64](n N) string { return strconv.FormatUint(uint64(n), 10) }
