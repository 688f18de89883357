package quota

import (
	"fmt"
	"slices"

	"yizhan/core/id"
	"yizhan/core/op"
)

// Fate is what the serials of a lease are that nobody has reported.
type Fate uint8

// Fates.
const (
	Out        Fate = iota // the device may grant them
	InDoubt                // it may not any more, but it may have
	WrittenOff             // given up: a report is honoured, and they are never free again
)

// Use says which serials of a lease a ticket took.
type Use struct {
	Ticket id.Ticket
	Taken  []op.Taken
}

// Lease is a lease as its book knows it.
type Lease struct {
	op.Lease // Taken and Expires grow when it is renewed
	Pool     int
	Rest     []op.Taken // serials that nobody has reported
	Used     []Use      // serials that were reported, whatever became of them
	Fate     Fate       // of Rest
	Over     string     // how it ended: op.LeaseExpired …; empty while the device may grant
}

// Closed reports whether nothing of the lease is open any more: who it names may claim elsewhere.
func (l *Lease) Closed() bool {
	return l.Over != "" && (len(l.Rest) == 0 || l.Fate == WrittenOff)
}

// Renewable reports whether the lease can be lent for longer: it is open, or it ran out
// on a server that had forgotten its renewal.
func (l *Lease) Renewable() bool { return l.Over == "" || l.Over == op.LeaseExpired }

// UsedBy finds the ticket that took one of the serials before, 0 for none.
func (l *Lease) UsedBy(taken []op.Taken) id.Ticket {
	for _, u := range l.Used {
		for _, a := range u.Taken {
			for _, b := range taken {
				if a.Part == b.Part && a.From < b.From+b.N && b.From < a.From+a.N {
					return u.Ticket
				}
			}
		}
	}
	return 0
}

// Within gives the serials of held that are not in some, and whether held has all of some.
func Within(held, some []op.Taken) (rest []op.Taken, ok bool) {
	for _, t := range some {
		if t.N < 1 || t.N > MaxSeats || t.From < 1 { // sums of what a device made up must not overflow
			return nil, false
		}
	}
	return subtract(held, some)
}

// From gives n serials of a lease as its device takes them: in their order, from the one named.
func From(held []op.Taken, serial, n int) (taken []op.Taken) {
	found := false
	for _, t := range held {
		from := t.From
		if !found && t.From <= serial && serial < t.From+t.N {
			found, from = true, serial
		}
		if k := min(n, t.From+t.N-from); found && k > 0 {
			taken, n = append(taken, op.Taken{Part: t.Part, From: from, N: k}), n-k
		}
	}
	return taken
}

// Runs chooses at most n free serials of a part in few runs, the longest where the
// lowest would be too many: a certificate names few.
func (p *Pool) Runs(part, n, runs int) []op.Taken {
	taken := p.Pick([]int{part}, min(n, p.Left([]int{part})))
	if len(taken) <= runs {
		return taken
	}
	free := slices.Clone(p.parts[part].free)
	slices.SortStableFunc(free, func(a, b span) int { return b.n - a.n })
	free = free[:max(0, runs)]
	slices.SortFunc(free, func(a, b span) int { return a.from - b.from })
	taken = nil
	for _, s := range free {
		if k := min(n, s.n); k > 0 {
			taken, n = append(taken, op.Taken{Part: part, From: s.from, N: k}), n-k
		}
	}
	return taken
}

// count is the counter of serials with that fate.
func (p *Pool) count(f Fate) *int {
	switch f {
	case InDoubt:
		return &p.InDoubt
	case WrittenOff:
		return &p.WrittenOff
	}
	return &p.Leased
}

// Lend gives serials out of a pool to a lease.
func (b *Book) Lend(l *Lease) error {
	if l.Pool < 0 || l.Pool >= len(b.Pools) {
		return fmt.Errorf("lease %d: there is no pool %d", l.ID, l.Pool)
	}
	b.Leases = append(b.Leases, l)
	return b.extend(l, l.Taken)
}

func (b *Book) extend(l *Lease, taken []op.Taken) error {
	p := b.Pools[l.Pool]
	if err := p.take(taken, &p.Leased); err != nil {
		return fmt.Errorf("lease %d: %w", l.ID, err)
	}
	l.Rest = append(slices.Clone(l.Rest), taken...)
	return nil
}

// Renew lends more serials under the same lease, for longer. What was in doubt only
// because its time seemed over is the device's to grant again.
func (b *Book) Renew(l *Lease, taken []op.Taken, expires int64, revision int) error {
	if !l.Renewable() {
		return fmt.Errorf("lease %d is over and cannot be renewed", l.ID)
	}
	p := b.Pools[l.Pool]
	*p.count(l.Fate) -= Sum(l.Rest)
	p.Leased += Sum(l.Rest)
	l.Fate, l.Over = Out, ""
	l.Taken = append(slices.Clone(l.Taken), taken...)
	l.Expires, l.Revision = expires, revision
	return b.extend(l, taken)
}

// End ends a lease. Some of its serials may be free now; the others have the fate
// that is given.
func (b *Book) End(l *Lease, over string, free []op.Taken, fate Fate) error {
	rest, ok := Within(l.Rest, free)
	if !ok {
		return fmt.Errorf("lease %d has serials %v and cannot give back %v", l.ID, l.Rest, free)
	}
	p := b.Pools[l.Pool]
	if err := p.give(free, p.count(l.Fate)); err != nil {
		return fmt.Errorf("lease %d: %w", l.ID, err)
	}
	*p.count(l.Fate) -= Sum(rest)
	*p.count(fate) += Sum(rest)
	l.Rest, l.Fate, l.Over = rest, fate, over
	return p.Check()
}

// Report records a claim that a device granted from a lease.
func (b *Book) Report(c *Claim, l *Lease) error {
	rest, ok := Within(l.Rest, c.Taken)
	if !ok || c.Pool != l.Pool || Sum(c.Taken) != c.Seats {
		return fmt.Errorf("ticket %d: lease %d has serials %v left in pool %d, not %v for %d seats in pool %d", c.Ticket, l.ID, l.Rest, l.Pool, c.Taken, c.Seats, c.Pool)
	}
	b.enter(c)
	p := b.Pools[c.Pool]
	l.Rest, l.Used = rest, append(l.Used, Use{c.Ticket, c.Taken})
	*p.count(l.Fate) -= c.Seats
	p.Granted += c.Seats
	if c.Guest {
		b.Guests[c.Pool] += c.Seats
	}
	return p.Check()
}

// checkLeases proves what leases hold, and that no serial has two holders.
func (b *Book) checkLeases() error {
	if len(b.Leases) == 0 {
		return nil // then whatever is taken was free before
	}
	held := make([]map[Fate]int, len(b.Pools))
	serials := make([][]op.Taken, len(b.Pools))
	for i, p := range b.Pools {
		held[i] = map[Fate]int{}
		for part := range p.parts {
			for _, s := range p.parts[part].free {
				serials[i] = append(serials[i], op.Taken{Part: part, From: s.from, N: s.n})
			}
		}
	}
	for _, l := range b.Leases {
		held[l.Pool][l.Fate] += Sum(l.Rest)
		serials[l.Pool] = append(serials[l.Pool], l.Rest...)
	}
	for _, c := range b.Claims {
		serials[c.Pool] = append(serials[c.Pool], c.Taken...)
	}
	for i, p := range b.Pools {
		if p.Leased != held[i][Out] || p.InDoubt != held[i][InDoubt] || p.WrittenOff != held[i][WrittenOff] {
			return fmt.Errorf("pool %d counts %d leased, %d in doubt, %d written off, its leases hold %v", i, p.Leased, p.InDoubt, p.WrittenOff, held[i])
		}
		slices.SortFunc(serials[i], func(a, b op.Taken) int { return a.From - b.From })
		for j := 1; j < len(serials[i]); j++ {
			if a, b := serials[i][j-1], serials[i][j]; a.From+a.N > b.From {
				return fmt.Errorf("pool %d: serial %d is in two places", i, b.From)
			}
		}
	}
	return nil
}
