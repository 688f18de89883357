package ledger

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// claim is a row of the claim table.
type claim struct {
	ticket    id.Ticket
	member    id.Member
	org       id.Org
	activity  id.Activity
	pool      id.Pool
	station   id.Station
	seats     int
	state     op.ClaimState
	taken     []op.Taken
	place     int
	epoch     int
	inside    bool
	came      bool
	at        int64
	grantedAt int64 // 0 until a seat was granted
	channel   op.Channel
	by        string
	device    id.Device

	seq     uint64 // entry that last changed it
	touched bool   // waits to be written
}

const selectClaim = `SELECT ticket, member, org, activity, pool, station, seats, state, taken, place, epoch, inside, came,
	at, granted_at, channel, entered_by, device, seq FROM claim`

func (c *claim) scan(row interface{ Scan(...any) error }) error {
	var taken []byte
	if err := row.Scan(&c.ticket, &c.member, &c.org, &c.activity, &c.pool, &c.station, &c.seats, &c.state, &taken, &c.place,
		&c.epoch, &c.inside, &c.came, &c.at, &c.grantedAt, &c.channel, &c.by, &c.device, &c.seq); err != nil {
		return err
	}
	if len(taken) == 0 {
		return nil
	}
	return wire.DecodeRow(taken, &c.taken)
}

// claim gives a claim to read or change, nil where the ticket is not one of ours.
func (p *projection) claim(t id.Ticket) (*claim, error) {
	if c := p.claims[t]; c != nil {
		return c, nil
	}
	var c claim
	err := c.scan(p.claimByTicket.QueryRow(int64(t)))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read claim %d: %w", t, err)
	}
	p.claims[t] = &c
	return &c, nil
}

// touch queues a claim and its device rows to be written.
func (p *projection) touch(c *claim, seq uint64) {
	c.seq = seq
	if !c.touched {
		c.touched = true
		p.touched = append(p.touched, c)
	}
}

func (p *projection) claimed(e *op.Entry) error {
	c := &claim{
		ticket: id.Ticket(e.Seq), member: e.Member, org: e.Org, activity: e.Activity, pool: e.Pool, station: e.Station,
		seats: e.Seats, taken: e.Taken, place: e.Place, epoch: e.Epoch, at: e.At, channel: e.Channel, by: e.By, device: e.Device,
	}
	switch e.Outcome {
	case op.Refused:
		k := refusalKey{e.Activity, e.Code}
		n := p.refusals[k]
		p.refusals[k] = refusals{n.claims + 1, n.seats + e.Seats}
		return nil
	case op.Granted:
		c.state, c.grantedAt = op.ClaimGranted, e.At
	case op.Waitlisted:
		c.state = op.ClaimWaitlisted
	case op.Entered:
		c.state = op.ClaimEntered
	default:
		return fmt.Errorf("a claim cannot be %s", e.Outcome)
	}
	p.claims[c.ticket] = c
	p.touch(c, e.Seq)
	if err := p.message(e, c); err != nil {
		return err
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
		c.state, c.taken, c.grantedAt = op.ClaimGranted, e.Taken, e.At
		if n := count(e.Taken); n > 0 {
			c.seats = n
		}
		return p.hold(c, e.Taken, +1, e.Seq)
	case op.Released:
		c.epoch = e.Epoch
		if c.seats > e.Seats {
			c.seats -= e.Seats
		} else {
			c.state = op.ClaimCancelled // and keeps its seats, to be read as "2 seats, cancelled"
		}
		return p.giveBack(c, e)
	case op.Lapsed:
		c.state = op.ClaimLapsed
		if len(e.Taken) > 0 {
			c.state = op.ClaimReturned
		}
		return p.giveBack(c, e)
	case op.NotDrawn:
		c.state = op.ClaimNotDrawn
		if e.Outcome == op.Waitlisted {
			c.state, c.place = op.ClaimWaitlisted, e.Place
		}
	case op.Moved:
		if c.station != e.Station && p.bound(c) {
			p.gone(StationScope(c.station), wire.TableTicket, number(c.ticket), e.Seq)
		}
		c.station, c.epoch = e.Station, e.Epoch
	}
	return nil
}

// handedOver applies what happened at a counter or a door. It is recorded even
// for a ticket that is unknown here, because a device's report must never stop
// the projection.
func (p *projection) handedOver(e *op.Entry) error {
	if e.Kind == op.Redeemed {
		p.redemption.add(int64(e.Seq), int64(e.Ticket), string(e.Device), e.DeviceAt, e.Override, e.Reason, e.By, e.At)
	} else {
		p.checkIn.add(int64(e.Seq), int64(e.Ticket), e.Out, string(e.Device), e.DeviceAt, e.At)
	}
	c, err := p.claim(e.Ticket)
	if c == nil {
		return err
	}
	p.touch(c, e.Seq)
	if e.Kind == op.Redeemed {
		c.state = op.ClaimRedeemed
		return nil
	}
	c.inside = !e.Out
	c.came = c.came || c.inside
	return nil
}

func (p *projection) giveBack(c *claim, e *op.Entry) error {
	c.taken = subtract(c.taken, e.Taken)
	return p.hold(c, e.Taken, -1, e.Seq)
}

// hold counts seats of the rest of a pool, and tells devices when the pool turns full or free.
func (p *projection) hold(c *claim, taken []op.Taken, sign int, seq uint64) error {
	n := 0
	for _, t := range taken {
		if t.Part == 0 {
			n += t.N
		}
	}
	pl := p.world.pools[poolKey{c.activity, c.pool}]
	if n == 0 || pl == nil {
		return nil
	}
	was := pl.full()
	pl.held, pl.dirty = pl.held+sign*n, true
	if pl.full() == was || pl.shut {
		return nil
	}
	return p.poolRow(c.activity, c.pool, pl, seq)
}

// bound reports whether the claim's ticket is in its station's list.
func (p *projection) bound(c *claim) bool {
	return p.world.plans[c.activity].bind && c.station != "" && c.grantedAt != 0
}

// flushClaims writes the claims that changed and their device rows.
func (p *projection) flushClaims() error {
	slices.SortFunc(p.touched, func(a, b *claim) int { return int(int64(a.ticket) - int64(b.ticket)) })
	for _, c := range p.touched {
		c.touched = false
		taken := []byte{}
		if len(c.taken) > 0 {
			var err error
			if taken, err = wire.EncodeRow(c.taken); err != nil {
				return err
			}
		}
		p.bulks.claim.add(int64(c.ticket), string(c.member), string(c.org), string(c.activity), string(c.pool), string(c.station),
			c.seats, int(c.state), taken, c.place, c.epoch, c.inside, c.came, c.at, c.grantedAt, int(c.channel), c.by, string(c.device), int64(c.seq))
		if err := p.claimRows(c); err != nil {
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
	key := number(c.ticket)
	err := p.row(MemberScope(c.member), wire.TableClaim, key, c.seq, wire.ClaimRow{
		Ticket: c.ticket, Activity: c.activity, Pool: c.pool, Seats: c.seats, State: c.state, Place: c.place,
		Station: c.station, Epoch: c.epoch, At: c.at})
	if err == nil && p.bound(c) {
		err = p.row(StationScope(c.station), wire.TableTicket, key, c.seq, wire.TicketRow{
			Ticket: c.ticket, Activity: c.activity, Pool: c.pool, Seats: c.seats, State: c.state, Epoch: c.epoch, Station: c.station})
	}
	if err == nil && p.world.plans[c.activity].sessions {
		err = p.row(ScopeDoor, wire.TableDoor, key, c.seq, wire.DoorRow{
			Ticket: c.ticket, Activity: c.activity, Pool: c.pool, Member: c.member, Seats: c.seats, State: c.state, Inside: c.inside})
	}
	return err
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
