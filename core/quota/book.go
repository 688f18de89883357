package quota

import (
	"fmt"
	"slices"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

// Claim is one claim that was not refused.
type Claim struct {
	Ticket  id.Ticket
	Member  id.Member
	Org     id.Org // the member's own organisation when the claim was made
	Pool    int
	Seats   int        // held, or waited for
	Taken   []op.Taken // serials, while held
	Parts   []int      // parts of the pool that the claim may take from
	Guest   bool
	State   op.ClaimState
	Station id.Station
	Epoch   int    // grows when the ticket changes hands or size
	Granted uint64 // journal Seq of the grant: the order of grants
	Lease   uint64 `json:",omitempty"` // that a device granted it from
	Blocked bool   `json:",omitempty"` // granted over a limit
}

// Holding is what one member has in one activity.
type Holding struct {
	Seats  int // held, entered or waited for
	Claims []*Claim
}

// OrgHolding is what the members of one organisation have together.
type OrgHolding struct {
	Seats   int // held, entered or waited for
	Persons int // distinct members who ever had a claim that was not refused
}

// Series counts seats by member over all activities of a series.
type Series map[string]map[id.Member]int

// Book is everything that was decided about one activity.
type Book struct {
	Rules   Rules
	Pools   []*Pool
	Lines   [][]*Claim // waitlist of each pool, first in line first
	Guests  []int      // seats held by guests, of each pool
	Ceiling []int      // most seats guests may hold, of each pool; nil without a guest share
	Members map[id.Member]*Holding
	Orgs    map[id.Org]*OrgHolding
	Claims  []*Claim  // in the order in which they came
	Leases  []*Lease  // in the order in which they were lent
	Series  Series    // shared with other books
	newest  id.Ticket // the highest of Claims but for those of leases
}

// NewBook makes an empty book whose series counters are shared.
func NewBook(series Series) *Book {
	return &Book{Members: map[id.Member]*Holding{}, Orgs: map[id.Org]*OrgHolding{}, Series: series}
}

// Open adds a pool.
func (b *Book) Open(total int, asides []int) {
	b.Pools = append(b.Pools, NewPool(total, asides))
	b.Lines = append(b.Lines, nil)
	b.Guests = append(b.Guests, 0)
}

// Recount moves what members hold here from the series of the former limits to
// those of the present ones.
func (b *Book) Recount(before []Limit) {
	for m, h := range b.Members {
		for _, l := range before {
			if l.Series != "" {
				b.Series.add(l.Series, m, -h.Seats)
			}
		}
		for _, l := range b.Rules.Member {
			if l.Series != "" {
				b.Series.add(l.Series, m, h.Seats)
			}
		}
	}
}

// Contribute adds what members hold here to the series that the limits name.
func (b *Book) Contribute(s Series) {
	for m, h := range b.Members {
		for _, l := range b.Rules.Member {
			if l.Series != "" {
				s.add(l.Series, m, h.Seats)
			}
		}
	}
}

func (s Series) add(series string, m id.Member, seats int) {
	if s[series] == nil {
		s[series] = map[id.Member]int{}
	}
	s[series][m] += seats
}

// Left is the number of seats that an asker may still get.
func (b *Book) Left(pool int, parts []int, guest bool) int {
	left := b.Pools[pool].Left(parts)
	if guest && b.Ceiling != nil {
		left = min(left, max(0, b.Ceiling[pool]-b.Guests[pool]))
	}
	return left
}

// Fill completes the facts about an asker that the book knows.
func (b *Book) Fill(f *Facts, m id.Member, o id.Org, pool int, parts []int, guest bool) {
	b.FillFor(f, b.Members[m], m, o, pool, parts, guest)
}

// FillFor is Fill for a caller that remembers the member's holding, nil for none.
func (b *Book) FillFor(f *Facts, h *Holding, m id.Member, o id.Org, pool int, parts []int, guest bool) {
	f.Held = f.Held[:0]
	for _, l := range b.Rules.Member {
		switch {
		case l.Series != "":
			f.Held = append(f.Held, b.Series[l.Series][m])
		case h != nil:
			f.Held = append(f.Held, h.Seats)
		default:
			f.Held = append(f.Held, 0)
		}
	}
	if h := b.Orgs[o]; h != nil {
		f.OrgHeld = h.Seats
	}
	f.Left = b.Left(pool, parts, guest)
}

// count adds seats to every counter that a limit reads.
func (b *Book) count(h *Holding, o *OrgHolding, c *Claim, seats int) {
	h.Seats += seats
	o.Seats += seats
	for _, l := range b.Rules.Member {
		if l.Series != "" {
			b.Series.add(l.Series, c.Member, seats)
		}
	}
}

// Add records a claim that was granted, waitlisted or entered.
func (b *Book) Add(c *Claim) error {
	if c.Pool < 0 || c.Pool >= len(b.Pools) {
		return fmt.Errorf("ticket %d: there is no pool %d", c.Ticket, c.Pool)
	}
	b.enter(c)
	switch c.State {
	case op.ClaimGranted:
		return b.hold(c, c.Taken)
	case op.ClaimWaitlisted:
		b.Lines[c.Pool] = insert(b.Lines[c.Pool], c)
	case op.ClaimEntered:
	default:
		return fmt.Errorf("ticket %d: a new claim cannot stand at %d", c.Ticket, c.State)
	}
	return nil
}

// enter counts a new claim.
func (b *Book) enter(c *Claim) {
	h, o := b.Members[c.Member], b.Orgs[c.Org]
	if o == nil {
		o = &OrgHolding{}
		b.Orgs[c.Org] = o
	}
	if h == nil {
		h = &Holding{}
		b.Members[c.Member] = h
		o.Persons++
	}
	if c.Lease == 0 && c.Ticket > b.newest { // nearly always, and then nobody's former claims need be looked at
		b.newest = c.Ticket
		h.Claims, b.Claims = append(h.Claims, c), append(b.Claims, c)
	} else {
		h.Claims, b.Claims = insert(h.Claims, c), insert(b.Claims, c)
	}
	b.count(h, o, c, c.Seats)
}

// insert puts a claim behind those that were made before it. It is nearly always
// the last one: only a restored server hears of older ones later.
func insert(claims []*Claim, c *Claim) []*Claim {
	i := len(claims)
	for i > 0 && claims[i-1].Ticket > c.Ticket && claims[i-1].Lease == 0 {
		i--
	}
	return slices.Insert(claims, i, c)
}

// Owed is how many seats a claim was granted whose serials others have: only one
// that was brought back to a restored server too late, or that gave them back
// later, has such seats. It has them still when it has lapsed.
func (c *Claim) Owed() int {
	if c.State != op.ClaimGranted && c.State != op.ClaimLapsed || !c.Blocked {
		return 0
	}
	return c.Seats - Sum(c.Taken)
}

func (b *Book) hold(c *Claim, taken []op.Taken) error {
	if n := Sum(taken); n != c.Seats && (n > c.Seats || !c.Blocked) {
		return fmt.Errorf("ticket %d: %d serials for %d seats", c.Ticket, Sum(taken), c.Seats)
	}
	if err := b.Pools[c.Pool].Take(taken); err != nil {
		return fmt.Errorf("ticket %d: %w", c.Ticket, err)
	}
	if c.Guest {
		b.Guests[c.Pool] += Sum(taken)
	}
	c.Taken = taken
	return nil
}

// Next finds the first claim of the line, from place i on, that fits whole now.
func (b *Book) Next(pool, i int) (place int, taken []op.Taken, ok bool) {
	line := b.Lines[pool]
	if b.Pools[pool].Free() == 0 {
		return 0, nil, false
	}
	for ; i < len(line); i++ {
		c := line[i]
		if b.Left(pool, c.Parts, c.Guest) >= c.Seats {
			return i, b.Pools[pool].Pick(c.Parts, c.Seats), true
		}
	}
	return 0, nil, false
}

// Promote grants a claim that waited or was entered.
func (b *Book) Promote(c *Claim, taken []op.Taken, seq uint64) error {
	if c.State != op.ClaimWaitlisted && c.State != op.ClaimEntered {
		return fmt.Errorf("ticket %d neither waits nor was entered", c.Ticket)
	}
	b.leaveLine(c)
	c.State, c.Granted = op.ClaimGranted, seq
	return b.hold(c, taken)
}

// Wait puts an entered claim at the end of the line.
func (b *Book) Wait(c *Claim) {
	c.State = op.ClaimWaitlisted
	b.Lines[c.Pool] = append(b.Lines[c.Pool], c)
}

func (b *Book) leaveLine(c *Claim) {
	if c.State != op.ClaimWaitlisted {
		return
	}
	line := b.Lines[c.Pool]
	switch i := slices.Index(line, c); {
	case i == 0: // nearly always: a long line that is served whole must not be moved once for each place
		line[0] = nil
		b.Lines[c.Pool] = line[1:]
	case i > 0:
		b.Lines[c.Pool] = slices.Delete(line, i, i+1)
	}
}

// Drop ends a claim, or a part of its seats, and counts them no more. taken are
// the serials that go back to their parts; a claim left without seats gets state.
func (b *Book) Drop(c *Claim, seats int, taken []op.Taken, state op.ClaimState) error {
	if seats < 1 || seats > c.Seats {
		return fmt.Errorf("ticket %d: %d of %d seats cannot end", c.Ticket, seats, c.Seats)
	}
	if len(c.Taken) > 0 || len(taken) > 0 {
		rest, ok := subtract(c.Taken, taken)
		if n := Sum(taken); !ok || n > seats || seats-n > c.Owed() {
			return fmt.Errorf("ticket %d holds serials %v and cannot give back %v for %d seats", c.Ticket, c.Taken, taken, seats)
		}
		if err := b.Pools[c.Pool].Return(taken); err != nil {
			return fmt.Errorf("ticket %d: %w", c.Ticket, err)
		}
		if c.Guest {
			b.Guests[c.Pool] -= Sum(taken)
		}
		c.Taken = rest
	}
	owed := c.Blocked && c.State == op.ClaimGranted
	h := b.Members[c.Member]
	b.count(h, b.Orgs[c.Org], c, -seats)
	if seats == c.Seats {
		b.leaveLine(c)
		c.State = state
		h.Claims = slices.DeleteFunc(h.Claims, func(o *Claim) bool { return o == c })
	}
	c.Seats -= seats
	if owed && c.Lease == 0 && Sum(c.Taken) == c.Seats {
		c.Blocked = false // it has given back what others were granted after it
	}
	c.Epoch++
	return nil
}

// Sum counts the serials.
func Sum(taken []op.Taken) int {
	n := 0
	for _, t := range taken {
		n += t.N
	}
	return n
}

// Last chooses the n highest serials of a claim: those that end first.
func Last(taken []op.Taken, n int) []op.Taken {
	var out []op.Taken
	for i := len(taken) - 1; i >= 0 && n > 0; i-- {
		t := taken[i]
		k := min(n, t.N)
		out = append(out, op.Taken{Part: t.Part, From: t.From + t.N - k, N: k})
		n -= k
	}
	return out
}

// subtract gives the serials of held that are not in back. ok is false where back
// names a serial that is not held. It looks from the end, where Last takes from.
func subtract(held, back []op.Taken) (rest []op.Taken, ok bool) {
	rest = slices.Clone(held)
	for _, b := range back {
		i := len(rest) - 1
		for i >= 0 && (rest[i].Part != b.Part || b.From < rest[i].From || b.From+b.N > rest[i].From+rest[i].N) {
			i--
		}
		if i < 0 || b.N < 1 {
			return nil, false
		}
		h := rest[i]
		before, after := h, h
		before.N, after.From, after.N = b.From-h.From, b.From+b.N, h.From+h.N-b.From-b.N
		rest = slices.Replace(rest, i, i+1, slices.DeleteFunc([]op.Taken{before, after}, func(t op.Taken) bool { return t.N == 0 })...)
	}
	if len(rest) == 0 {
		return nil, true
	}
	return rest, true
}

// Cancellable reports why a claim cannot be given back, None if it can.
func (c *Claim) Cancellable() fault.Code {
	switch c.State {
	case op.ClaimGranted, op.ClaimWaitlisted, op.ClaimEntered:
		return fault.None
	}
	return fault.Invalid
}

// Check proves the sums of all pools and counters.
func (b *Book) Check() error {
	granted := make([]int, len(b.Pools))
	guests := make([]int, len(b.Pools))
	members, orgs := map[id.Member]int{}, map[id.Org]int{}
	for _, c := range b.Claims {
		granted[c.Pool] += Sum(c.Taken)
		if c.Guest {
			guests[c.Pool] += Sum(c.Taken)
		}
		members[c.Member] += c.Seats
		orgs[c.Org] += c.Seats
	}
	for i, p := range b.Pools {
		if err := p.Check(); err != nil {
			return fmt.Errorf("pool %d: %w", i, err)
		}
		if p.Granted != granted[i] || b.Guests[i] != guests[i] {
			return fmt.Errorf("pool %d counts %d granted and %d of guests, its claims hold %d and %d", i, p.Granted, b.Guests[i], granted[i], guests[i])
		}
	}
	if err := b.checkLeases(); err != nil {
		return err
	}
	for i, line := range b.Lines {
		for _, c := range line {
			if c.State != op.ClaimWaitlisted || c.Pool != i || c.Seats < 1 {
				return fmt.Errorf("ticket %d stands in the line of pool %d with %d seats and state %d", c.Ticket, i, c.Seats, c.State)
			}
		}
	}
	for m, h := range b.Members {
		if h.Seats != members[m] {
			return fmt.Errorf("member %s is counted with %d seats, the claims say %d", m, h.Seats, members[m])
		}
	}
	for o, h := range b.Orgs {
		if h.Seats != orgs[o] {
			return fmt.Errorf("organisation %s is counted with %d seats, the claims say %d", o, h.Seats, orgs[o])
		}
	}
	return nil
}
