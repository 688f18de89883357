package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"

	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger/db"
)

// claim is a row of the claim table on its way through a projection.
type claim struct {
	db.Claim
	touched bool // waits to be written
}

// claim gives a claim to read or change, nil where the ticket is not one of ours.
func (p *projection) claim(t id.Ticket) (*claim, error) {
	if c := p.claims[t]; c != nil || t > math.MaxInt64 {
		return c, nil
	}
	row, err := p.queries.ClaimByTicket(context.Background(), t)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read claim %d: %w", t, err)
	}
	c := &claim{Claim: row}
	p.claims[t] = c
	return c, nil
}

// touch queues a claim and its device rows to be written.
func (p *projection) touch(c *claim, seq uint64) {
	c.Seq = seq
	if !c.touched {
		c.touched = true
		p.touched = append(p.touched, c)
	}
}

func (p *projection) claimed(e *op.Entry) error {
	c := &claim{Claim: db.Claim{
		Ticket: op.TicketOf(e), Member: e.Member, Org: e.Org, Activity: e.Activity, Pool: e.Pool, Station: e.Station, Seats: e.Seats,
		Taken: e.Taken, Place: e.Place, Epoch: e.Epoch, At: e.At, Channel: e.Channel, EnteredBy: e.By, Device: e.Device,
		Blocked: e.Blocked,
	}}
	if e.Outcome == op.Refused {
		k := refusalKey{e.Activity, e.Code}
		n := p.refusals[k]
		p.refusals[k] = refusals{n.claims + 1, n.seats + e.Seats}
		return nil
	}
	var err error
	if c.State, err = e.Outcome.State(); err != nil {
		return err
	}
	if c.State == op.ClaimGranted {
		c.GrantedAt = e.At
	}
	p.claims[c.Ticket] = c
	p.touch(c, e.Seq)
	if err := p.message(e, c); err != nil {
		return err
	}
	if e.LeaseID != 0 {
		return p.reported(e, c) // its seats were held since they were lent
	}
	return p.hold(c, e.Taken, +1, e.Seq)
}

// claimChanged applies what only the arbiter decides, so the claim must be there.
func (p *projection) claimChanged(e *op.Entry) error {
	c, err := p.claim(e.Ticket)
	if err != nil {
		return err
	}
	if c == nil {
		return fmt.Errorf("no claim has ticket %d", e.Ticket)
	}
	if err := p.message(e, c); err != nil {
		return err
	}
	p.touch(c, e.Seq)
	switch e.Kind {
	case op.Promoted:
		c.State, c.Taken, c.GrantedAt = op.ClaimGranted, e.Taken, e.At
		c.Blocked = c.Blocked || e.Blocked
		if n := count(e.Taken); n > 0 && !e.Blocked {
			c.Seats = n
		}
		return p.hold(c, e.Taken, +1, e.Seq)
	case op.Released:
		c.Epoch = e.Epoch
		if c.Seats > e.Seats {
			c.Seats -= e.Seats
		} else {
			c.State = op.ClaimCancelled // and keeps its seats, to be read as "2 seats, cancelled"
		}
		err := p.giveBack(c, e)
		if _, _, lent := c.Ticket.Lease(); !lent && count(c.Taken) == c.Seats {
			c.Blocked = false // it has given back what others were granted after it
		}
		return err
	case op.Lapsed:
		c.State = op.ClaimLapsed
		if len(e.Taken) > 0 {
			c.State = op.ClaimReturned
		}
		return p.giveBack(c, e)
	case op.Undone:
		if at := p.order(e); at > c.Handed {
			c.State, c.Handed = op.ClaimGranted, at
		}
	case op.NotDrawn:
		c.State = op.ClaimNotDrawn
		if e.Outcome == op.Waitlisted {
			c.State, c.Place = op.ClaimWaitlisted, e.Place
		}
	case op.Moved:
		from := c.Station
		c.Station, c.Epoch = e.Station, e.Epoch
		if from != e.Station && p.bound(c) {
			// The old station keeps a row with the new epoch: a code made before the move names
			// that station, and without the row a device there would take it for one it has not heard of.
			return p.ticketRow(from, c)
		}
	}
	return nil
}

// handedOver applies what happened at a counter or a door. It is recorded even
// for a ticket that is unknown here, because a device's report must never stop
// the projection.
func (p *projection) handedOver(e *op.Entry) error {
	if e.Kind == op.Redeemed {
		p.redemption.add(int64(e.Seq), int64(e.Ticket), string(e.Station), string(e.Device), e.DeviceAt, e.Override, e.Reason, e.By, e.At)
	} else {
		p.checkIn.add(int64(e.Seq), int64(e.Ticket), e.Out, string(e.Device), e.DeviceAt, e.At)
	}
	c, err := p.claim(e.Ticket)
	if c == nil && err == nil && e.LeaseID != 0 {
		return p.early(e)
	}
	if c == nil {
		return err
	}
	p.touch(c, e.Seq)
	at := p.order(e)
	if e.Kind == op.Redeemed {
		if at > c.Handed { // else a restored server has heard of a later one first
			c.State, c.Handed = op.ClaimRedeemed, at
		}
		return nil
	}
	c.Came = c.Came || !e.Out
	if e.Word != op.LateCheckIn && at > c.Passed {
		c.Inside, c.Passed = !e.Out, at
	}
	return nil
}

// order is the place of an entry among all that ever were.
func (p *projection) order(e *op.Entry) uint64 { return op.Order(e, p.world.epoch) }

func (p *projection) giveBack(c *claim, e *op.Entry) error {
	c.Taken = subtract(c.Taken, e.Taken)
	return p.hold(c, e.Taken, -1, e.Seq)
}

func (p *projection) hold(c *claim, taken []op.Taken, sign int, seq uint64) error {
	return p.holdPool(c.Activity, c.Pool, taken, sign, seq)
}

// holdPool counts seats of the rest of a pool, and tells devices when the pool turns full or free.
func (p *projection) holdPool(a id.Activity, in id.Pool, taken []op.Taken, sign int, seq uint64) error {
	n := 0
	for _, t := range taken {
		if t.Part == 0 {
			n += t.N
		}
	}
	pl := p.world.pools[poolKey{a, in}]
	if n == 0 || pl == nil {
		return nil
	}
	was := pl.full()
	pl.held, pl.dirty = pl.held+sign*n, true
	if pl.full() == was || pl.shut {
		return nil
	}
	return p.poolRow(a, in, pl, seq)
}

// bound reports whether the claim's ticket is in its station's list.
func (p *projection) bound(c *claim) bool {
	return p.world.plans[c.Activity].bind && c.Station != "" && c.GrantedAt != 0
}

// flushClaims writes the claims that changed and their device rows.
func (p *projection) flushClaims() error {
	slices.SortFunc(p.touched, func(a, b *claim) int { return int(int64(a.Ticket) - int64(b.Ticket)) })
	holders := p.world.holders()
	now, err := p.orgsOfTouched(holders)
	if err != nil {
		return err
	}
	for _, c := range p.touched {
		c.touched = false
		taken, err := c.Taken.Value()
		if err != nil {
			return err
		}
		p.bulks.claim.add(int64(c.Ticket), string(c.Member), string(c.Org), string(c.Activity), string(c.Pool), string(c.Station),
			c.Seats, int(c.State), taken, c.Place, c.Epoch, c.Inside, c.Came, c.At, c.GrantedAt, int(c.Channel), c.EnteredBy, string(c.Device), int64(c.Seq), c.Blocked,
			int64(c.Handed), int64(c.Passed))
		if err := p.claimRows(c); err != nil {
			return err
		}
		if err := p.heldRows(c, holders, now[c.Member]); err != nil {
			return err
		}
	}
	clear(p.touched)
	p.touched = p.touched[:0]
	clear(p.claims)
	for _, key := range sortedPools(p.world.pools) {
		pl := p.world.pools[key]
		pl.dirty = false
		if err := p.exec(`INSERT INTO pool VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET total = excluded.total, rest = excluded.rest, held = excluded.held, shut = excluded.shut`,
			string(key.activity), string(key.pool), pl.total, pl.rest, pl.held, pl.shut); err != nil {
			return err
		}
	}
	return nil
}

// claimRows queues the device rows of a claim. Which of them there are only ever
// grows, so that rows do not depend on how entries fell into transactions.
func (p *projection) claimRows(c *claim) error {
	key := number(c.Ticket)
	var err error
	if who := p.who(c.Member); who != "" {
		err = p.row(MemberScope(who), wire.TableClaim, key, c.Seq, wire.ClaimRow{
			Ticket: c.Ticket, Activity: c.Activity, Pool: c.Pool, Seats: c.Seats, State: c.State, Place: c.Place,
			Station: c.Station, Epoch: c.Epoch, At: c.At, Blocked: c.Blocked})
	}
	if err == nil && p.bound(c) {
		err = p.ticketRow(c.Station, c)
	}
	if err == nil && p.world.plans[c.Activity].sessions {
		err = p.row(ScopeDoor, wire.TableDoor, key, c.Seq, wire.DoorRow{
			Ticket: c.Ticket, Activity: c.Activity, Pool: c.Pool, Member: p.who(c.Member), Seats: c.Seats, State: c.State, Inside: c.Inside, Blocked: c.Blocked, Came: c.Came})
		if err == nil {
			err = p.row(ScopeGuests, wire.TableGuest, key, c.Seq, wire.GuestRow{Ticket: c.Ticket, Member: p.who(c.Member)})
		}
	}
	return err
}

// ticketRow queues the row of a bound ticket for the devices of a station.
func (p *projection) ticketRow(at id.Station, c *claim) error {
	row := wire.TicketRow{Ticket: c.Ticket, Activity: c.Activity, Pool: c.Pool, Seats: c.Seats, State: c.State, Epoch: c.Epoch, Station: c.Station, Blocked: c.Blocked}
	if at == c.Station {
		row.Member = p.who(c.Member)
	}
	return p.row(StationScope(at), wire.TableTicket, number(c.Ticket), c.Seq, row)
}

func count(taken []op.Taken) int {
	n := 0
	for _, t := range taken {
		n += t.N
	}
	return n
}

// subtract takes serial numbers out of ranges. What is not in them is ignored.
func subtract(from, out []op.Taken) []op.Taken {
	for _, o := range out {
		var left []op.Taken
		for _, f := range from {
			if f.Part != o.Part || o.From >= f.From+f.N || f.From >= o.From+o.N {
				left = append(left, f)
				continue
			}
			if f.From < o.From {
				left = append(left, op.Taken{Part: f.Part, From: f.From, N: o.From - f.From})
			}
			if end, cut := f.From+f.N, o.From+o.N; cut < end {
				left = append(left, op.Taken{Part: f.Part, From: cut, N: end - cut})
			}
		}
		from = left
	}
	return from
}
