// Package quota decides who gets how much of a scarce thing: the arithmetic of
// serial numbers, the limits, the waitlist and the draw. Everything is a pure
// function of what is passed in; nothing here knows time, disk or network.
package quota

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"yizhan/core/op"
)

// span is a run of free serial numbers.
type span struct{ from, n int }

// part is one division of a pool: part 0 is the rest, part i the i-th set-aside.
type part struct {
	free []span // ascending, apart from each other
	left int    // sum of free
	size int    // left + what is held
}

// Pool holds the serial numbers of one pool. Every serial is in exactly one
// state; Check proves the sum.
type Pool struct {
	Total      int
	Granted    int // includes redeemed and lapsed seats
	Leased     int // a device may grant them
	InDoubt    int // a device may have granted them
	WrittenOff int
	parts      []part
	next       int // first serial that was never given out
}

// NewPool makes a pool with serials 1…total, the last ones kept for set-asides.
func NewPool(total int, asides []int) *Pool {
	p := &Pool{Total: total, next: 1, parts: make([]part, 1+len(asides))}
	rest := total
	for _, n := range asides {
		rest -= n
	}
	p.grow(0, rest)
	for i, n := range asides {
		p.grow(i+1, n)
	}
	return p
}

func (p *Pool) grow(i, n int) {
	if n > 0 {
		p.parts[i].insert(span{p.next, n})
		p.parts[i].size += n
		p.next += n
	}
}

// Free is the number of seats that nobody holds, set-asides included.
func (p *Pool) Free() int {
	n := 0
	for i := range p.parts {
		n += p.parts[i].left
	}
	return n
}

// Left is the number of free seats in some parts.
func (p *Pool) Left(parts []int) int {
	n := 0
	for _, i := range parts {
		if i < len(p.parts) {
			n += p.parts[i].left
		}
	}
	return n
}

// Pick chooses the lowest free serials of the parts, in the order of the parts.
// It changes nothing; nil if fewer than n are free.
func (p *Pool) Pick(parts []int, n int) []op.Taken {
	if n <= 0 || p.Left(parts) < n {
		return nil
	}
	var taken []op.Taken
	for _, i := range parts {
		if i >= len(p.parts) {
			continue
		}
		for _, s := range p.parts[i].free {
			k := min(s.n, n)
			taken = append(taken, op.Taken{Part: i, From: s.from, N: k})
			if n -= k; n == 0 {
				return taken
			}
		}
	}
	return taken
}

// Take marks serials as granted. It fails, changing nothing, if one is not free.
func (p *Pool) Take(taken []op.Taken) error { return p.take(taken, &p.Granted) }

// take moves serials from free to what count counts.
func (p *Pool) take(taken []op.Taken, count *int) error {
	for i, t := range taken {
		if t.Part < 0 || t.Part >= len(p.parts) || !p.parts[t.Part].has(t) {
			for _, u := range taken[:i] {
				p.parts[u.Part].insert(span{u.From, u.N})
			}
			return fmt.Errorf("serials %d+%d of part %d are not free", t.From, t.N, t.Part)
		}
		p.parts[t.Part].remove(span{t.From, t.N})
	}
	*count += Sum(taken)
	return p.Check()
}

// Return marks granted serials as free again, each in the part it was taken from.
// It fails, changing nothing, if one is free already.
func (p *Pool) Return(taken []op.Taken) error { return p.give(taken, &p.Granted) }

// give moves serials from what count counts to free.
func (p *Pool) give(taken []op.Taken, count *int) error {
	for i, t := range taken {
		if t.Part < 0 || t.Part >= len(p.parts) || p.parts[t.Part].touches(span{t.From, t.N}) {
			for _, u := range taken[:i] {
				p.parts[u.Part].remove(span{u.From, u.N})
			}
			return fmt.Errorf("serials %d+%d of part %d are free already", t.From, t.N, t.Part)
		}
		p.parts[t.Part].insert(span{t.From, t.N})
	}
	*count -= Sum(taken)
	return p.Check()
}

// String lists the free serials of each part, "1-3,7 | 9".
func (p *Pool) String() string {
	var b strings.Builder
	for i := range p.parts {
		if i > 0 {
			b.WriteString(" | ")
		}
		for j, s := range p.parts[i].free {
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strconv.Itoa(s.from))
			if s.n > 1 {
				fmt.Fprintf(&b, "-%d", s.from+s.n-1)
			}
		}
	}
	return b.String()
}

// Check proves that every serial is in exactly one state.
func (p *Pool) Check() error {
	size := 0
	for i := range p.parts {
		size += p.parts[i].size
		if p.parts[i].left < 0 || p.parts[i].left > p.parts[i].size {
			return fmt.Errorf("part %d has %d free of %d", i, p.parts[i].left, p.parts[i].size)
		}
	}
	if min(p.Granted, p.Leased, p.InDoubt, p.WrittenOff) < 0 || size != p.Total || p.Free()+p.Granted+p.Leased+p.InDoubt+p.WrittenOff != p.Total {
		return fmt.Errorf("pool does not add up: %d free + %d granted + %d leased + %d in doubt + %d written off, total %d, parts %d",
			p.Free(), p.Granted, p.Leased, p.InDoubt, p.WrittenOff, p.Total, size)
	}
	return nil
}

// sizes divides a total among the parts that exist or are asked for.
func (p *Pool) sizes(total int, asides []int) []int {
	want := make([]int, max(len(p.parts), 1+len(asides)))
	want[0] = total
	for i, n := range asides {
		want[i+1] = n
		want[0] -= n
	}
	return want
}

// Has reports whether all these serials are free.
func (p *Pool) Has(taken []op.Taken) bool {
	for _, t := range taken {
		if t.Part < 0 || t.Part >= len(p.parts) || t.N > MaxSeats || t.From < 1 || !p.parts[t.Part].has(t) {
			return false
		}
	}
	return true
}

// Fits reports why a new revision cannot have this size: seats that are held
// would have to go.
func (p *Pool) Fits(total int, asides []int) error {
	for i, w := range p.sizes(total, asides) {
		if i < len(p.parts) && w < p.parts[i].size-p.parts[i].left {
			return fmt.Errorf("%d seats would be left where %d are held", w, p.parts[i].size-p.parts[i].left)
		}
	}
	return nil
}

// Shrinks reports whether a part would have fewer serials than now.
func (p *Pool) Shrinks(total int, asides []int) bool {
	for i, w := range p.sizes(total, asides) {
		if i < len(p.parts) && w < p.parts[i].size {
			return true
		}
	}
	return false
}

// Resize follows a new revision. It fails, changing nothing, where Fits does.
func (p *Pool) Resize(total int, asides []int) error {
	if err := p.Fits(total, asides); err != nil {
		return err
	}
	want := p.sizes(total, asides)
	for len(p.parts) < len(want) {
		p.parts = append(p.parts, part{})
	}
	p.Total = total
	for i, w := range want {
		if drop := p.parts[i].size - w; drop > 0 {
			p.parts[i].cut(drop)
		} else {
			p.grow(i, -drop)
		}
	}
	return p.Check()
}

// find gives the index of the first free span that ends after from.
func (p *part) find(from int) int {
	if len(p.free) > 0 && p.free[0].from+p.free[0].n > from {
		return 0 // grants take the lowest serials: nearly always here
	}
	return sort.Search(len(p.free), func(i int) bool { return p.free[i].from+p.free[i].n > from })
}

func (p *part) has(t op.Taken) bool {
	i := p.find(t.From)
	return t.N > 0 && i < len(p.free) && p.free[i].from <= t.From && t.N <= p.free[i].from+p.free[i].n-t.From
}

func (p *part) touches(s span) bool {
	i := p.find(s.from)
	return s.n <= 0 || i < len(p.free) && p.free[i].from < s.from+s.n
}

func (p *part) remove(s span) {
	i := p.find(s.from)
	f := p.free[i]
	p.left -= s.n
	before, after := span{f.from, s.from - f.from}, span{s.from + s.n, f.from + f.n - s.from - s.n}
	switch {
	case before.n == 0 && after.n == 0:
		p.free = slices.Delete(p.free, i, i+1)
	case before.n == 0:
		p.free[i] = after
	case after.n == 0:
		p.free[i] = before
	default:
		p.free[i] = before
		p.free = slices.Insert(p.free, i+1, after)
	}
}

func (p *part) insert(s span) {
	i := p.find(s.from)
	p.left += s.n
	if i > 0 && p.free[i-1].from+p.free[i-1].n == s.from {
		i--
		p.free[i].n += s.n
	} else {
		p.free = slices.Insert(p.free, i, s)
	}
	if i+1 < len(p.free) && p.free[i].from+p.free[i].n == p.free[i+1].from {
		p.free[i].n += p.free[i+1].n
		p.free = slices.Delete(p.free, i+1, i+2)
	}
}

// cut drops the n highest free serials for good.
func (p *part) cut(n int) {
	p.left -= n
	p.size -= n
	for n > 0 {
		last := &p.free[len(p.free)-1]
		k := min(n, last.n)
		if last.n -= k; last.n == 0 {
			p.free = p.free[:len(p.free)-1]
		}
		n -= k
	}
}
