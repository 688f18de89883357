package quota

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

// person is one member of the model's world; what rules say about them is fixed.
type person struct {
	id     id.Member
	org    id.Org
	child  bool
	asides [2][]int // parts in each of the two books, without the rest
	guest  [2]bool
}

// worldModel drives two books of one series through everything that may happen to
// them, and recounts after every step what must hold.
type worldModel struct {
	people []person
	desks  [2]*desk
	asides [2]int
	drawn  [2]bool
	owner  map[serial]int  // the part that a serial belongs to, for ever
	above  map[string]int  // what somebody held already when a revision lowered a limit
	places [2][]id.Ticket  // the lines of pool 0 as they stood after the last step
	ended  map[*Claim]bool // cancelled, returned or not drawn
}

type serial struct{ book, pool, n int }

func newModel(t *rapid.T) *worldModel {
	m := &worldModel{owner: map[serial]int{}, above: map[string]int{}, ended: map[*Claim]bool{}}
	series := Series{}
	for i := range m.desks {
		rules := Rules{Waitlist: rapid.Bool().Draw(t, "waitlist"), Trim: rapid.Bool().Draw(t, "trim"), Enter: rapid.IntRange(0, 3).Draw(t, "enter") == 0}
		m.desks[i] = newDesk(t, series, rules)
		m.limits(t, i)
		m.asides[i] = rapid.IntRange(0, 2).Draw(t, "asides")
		for range rapid.IntRange(1, 2).Draw(t, "pools") {
			m.desks[i].book.Open(rapid.IntRange(4, 9).Draw(t, "total"), m.counts(t, i))
		}
		m.ceilings(t, i)
	}
	for i := range 6 {
		p := person{id: id.Member(fmt.Sprint("m", i)), org: id.Org(rapid.SampledFrom([]string{"X", "Y"}).Draw(t, "org")), child: rapid.Bool().Draw(t, "child")}
		for b := range 2 {
			for part := 1; part <= m.asides[b]; part++ {
				if rapid.Bool().Draw(t, "in aside") {
					p.asides[b] = append(p.asides[b], part)
				}
			}
			p.guest[b] = rapid.Bool().Draw(t, "guest")
		}
		m.people = append(m.people, p)
	}
	return m
}

func (m *worldModel) counts(t *rapid.T, b int) (counts []int) {
	for range m.asides[b] {
		counts = append(counts, rapid.IntRange(1, 2).Draw(t, "aside"))
	}
	return counts
}

func (m *worldModel) limits(t *rapid.T, b int) {
	r := &m.desks[b].book.Rules
	before := r.Member
	r.Member, r.Org = nil, nil
	if rapid.Bool().Draw(t, "member limit") {
		most := rapid.IntRange(1, 4).Draw(t, "max")
		r.Member = append(r.Member, Limit{Max: most, MaxWithChild: most + rapid.IntRange(0, 2).Draw(t, "more")})
	}
	if rapid.Bool().Draw(t, "series limit") {
		r.Member = append(r.Member, Limit{Max: rapid.IntRange(1, 5).Draw(t, "series max"), Series: "s"})
	}
	if rapid.Bool().Draw(t, "org limit") {
		r.Org = []Limit{{Max: rapid.IntRange(2, 8).Draw(t, "org max")}}
	}
	m.desks[b].book.Recount(before)
}

func (m *worldModel) ceilings(t *rapid.T, b int) {
	m.desks[b].book.Ceiling = nil
	if rapid.Bool().Draw(t, "guest share") {
		for range m.desks[b].book.Pools {
			m.desks[b].book.Ceiling = append(m.desks[b].book.Ceiling, rapid.IntRange(0, 5).Draw(t, "ceiling"))
		}
	}
}

func (m *worldModel) Claim(t *rapid.T) {
	b, p := rapid.IntRange(0, 1).Draw(t, "book"), rapid.SampledFrom(m.people).Draw(t, "who")
	d := m.desks[b]
	pool, seats := rapid.IntRange(0, len(d.book.Pools)-1).Draw(t, "pool"), rapid.IntRange(0, 4).Draw(t, "seats")
	if m.drawn[b] && d.book.Rules.Enter {
		t.Skip("the draw is done")
	}
	want := m.expect(b, p, pool, seats)
	parts := append(slices.Clone(p.asides[b]), 0)
	if got := d.ask(asker{string(p.id) + "/" + string(p.org), parts, p.guest[b], p.child}, pool, seats); got != want {
		t.Fatalf("%s asks book %d pool %d for %d: got %v, want %v", p.id, b, pool, seats, got, want)
	}
}

// expect decides by counting claims, without any counter of the book.
func (m *worldModel) expect(b int, p person, pool, seats int) Answer {
	r := m.desks[b].book.Rules
	if seats < 1 {
		return refuse(fault.Invalid)
	}
	var codes []fault.Code
	for _, l := range r.Member {
		held, code := m.seats(b, p.id, ""), fault.MemberCap
		if l.Series != "" {
			held, code = m.inSeries(p.id), fault.SeriesCap
		}
		most := l.Max
		if p.child && l.MaxWithChild > 0 {
			most = l.MaxWithChild
		}
		if held+seats > most {
			codes = append(codes, code)
		}
	}
	for _, l := range r.Org {
		if m.seats(b, "", p.org)+seats > l.Max {
			codes = append(codes, fault.OrgCap)
		}
	}
	if c := fault.First(codes...); c != fault.None {
		return refuse(c)
	}
	left := m.left(b, pool, append(slices.Clone(p.asides[b]), 0), p.guest[b])
	switch {
	case r.Enter:
		return Answer{Outcome: op.Entered, Seats: seats}
	case left >= seats:
		return Answer{Outcome: op.Granted, Seats: seats}
	case r.Trim && left > 0:
		return Answer{Outcome: op.Granted, Seats: left}
	case r.Waitlist:
		return Answer{Outcome: op.Waitlisted, Seats: seats}
	}
	return refuse(fault.SoldOut)
}

func (m *worldModel) seats(b int, who id.Member, org id.Org) (n int) {
	for _, c := range m.desks[b].book.Claims {
		if c.Member == who || c.Org == org {
			n += c.Seats
		}
	}
	return n
}

func (m *worldModel) inSeries(who id.Member) (n int) {
	for b, d := range m.desks {
		if slices.ContainsFunc(d.book.Rules.Member, func(l Limit) bool { return l.Series == "s" }) {
			n += m.seats(b, who, "")
		}
	}
	return n
}

// left counts free seats from the sizes of parts and the serials that claims hold.
func (m *worldModel) left(b, pool int, parts []int, guest bool) (n int) {
	book := m.desks[b].book
	guests := 0
	for _, part := range parts {
		n += book.Pools[pool].parts[part].size
	}
	for _, c := range book.Claims {
		if c.Pool != pool {
			continue
		}
		for _, t := range c.Taken {
			if slices.Contains(parts, t.Part) {
				n -= t.N
			}
			if c.Guest {
				guests += t.N
			}
		}
	}
	if guest && book.Ceiling != nil {
		n = min(n, max(0, book.Ceiling[pool]-guests))
	}
	return n
}

// some picks a claim in one of the states.
func (m *worldModel) some(t *rapid.T, states ...op.ClaimState) (int, *Claim) {
	b := rapid.IntRange(0, 1).Draw(t, "book")
	var found []*Claim
	for _, c := range m.desks[b].book.Claims {
		if slices.Contains(states, c.State) {
			found = append(found, c)
		}
	}
	if len(found) == 0 {
		t.Skip("no such claim")
	}
	return b, rapid.SampledFrom(found).Draw(t, "claim")
}

func (m *worldModel) Cancel(t *rapid.T) {
	b, c := m.some(t, op.ClaimGranted, op.ClaimWaitlisted, op.ClaimEntered)
	seats := rapid.IntRange(1, c.Seats).Draw(t, "seats")
	m.ended[c] = seats == c.Seats
	before := c.Epoch
	m.desks[b].give(c, seats)
	if c.Epoch != before+1 {
		t.Fatalf("ticket %d has epoch %d after %d", c.Ticket, c.Epoch, before)
	}
}

func (m *worldModel) Redeem(t *rapid.T) {
	_, c := m.some(t, op.ClaimGranted)
	c.State = op.ClaimRedeemed
}

// Lapse ends every grant of a book, with or without return.
func (m *worldModel) Lapse(t *rapid.T) {
	b, returns := rapid.IntRange(0, 1).Draw(t, "book"), rapid.Bool().Draw(t, "return")
	d := m.desks[b]
	for _, c := range slices.Clone(d.book.Claims) {
		switch {
		case c.State != op.ClaimGranted:
		case returns:
			m.ended[c] = true
			d.must(d.book.Drop(c, c.Seats, Last(c.Taken, c.Seats), op.ClaimReturned))
		default:
			c.State = op.ClaimLapsed
		}
	}
	for pool := range d.book.Pools {
		d.walk(pool)
	}
}

func (m *worldModel) Draw(t *rapid.T) {
	b := rapid.IntRange(0, 1).Draw(t, "book")
	d := m.desks[b]
	if !d.book.Rules.Enter || m.drawn[b] {
		t.Skip("no draw")
	}
	m.drawn[b] = true
	var entrants []id.Member
	for _, c := range d.book.Claims {
		if c.State == op.ClaimEntered && !slices.Contains(entrants, c.Member) {
			entrants = append(entrants, c.Member)
		}
	}
	order, _ := DrawOrder(rapid.String().Draw(t, "seed"), entrants)
	for _, who := range order {
		for _, c := range d.book.Claims {
			if c.Member != who || c.State != op.ClaimEntered {
				continue
			}
			switch {
			case d.book.Left(c.Pool, c.Parts, c.Guest) >= c.Seats:
				d.must(d.book.Promote(c, d.book.Pools[c.Pool].Pick(c.Parts, c.Seats), uint64(d.last)))
			case d.book.Rules.Waitlist:
				d.book.Wait(c)
			default:
				m.ended[c] = true
				d.must(d.book.Drop(c, c.Seats, nil, op.ClaimNotDrawn))
			}
		}
	}
}

// Revise publishes other limits, shares and sizes, where the sizes are possible.
func (m *worldModel) Revise(t *rapid.T) {
	b := rapid.IntRange(0, 1).Draw(t, "book")
	book := m.desks[b].book
	m.limits(t, b)
	m.ceilings(t, b)
	for i, p := range book.Pools {
		total, counts := rapid.IntRange(1, 12).Draw(t, "total"), m.counts(t, b)
		before := p.String()
		fits := p.Fits(total, counts)
		if err := p.Resize(total, counts); (err == nil) != (fits == nil) || err != nil && p.String() != before {
			t.Fatalf("resize to %d, %v: Fits says %v, Resize %v, free %s, before %s", total, counts, fits, err, p, before)
		}
		m.desks[b].walk(i)
	}
	clear(m.above) // what is held now may be above the new limits, but must not grow there
	m.eachLimit(func(name string, held, most int) {
		if held > most {
			m.above[name] = held
		}
	})
}

// eachLimit tells what is held against every limit and guest share.
func (m *worldModel) eachLimit(fn func(name string, held, most int)) {
	for b, d := range m.desks {
		for _, p := range m.people {
			for _, l := range d.book.Rules.Member {
				held, most := m.seats(b, p.id, ""), l.Max
				if l.Series != "" {
					held = m.inSeries(p.id)
				}
				if p.child && l.MaxWithChild > 0 {
					most = l.MaxWithChild
				}
				fn(fmt.Sprintf("book %d member %s series %q", b, p.id, l.Series), held, most)
			}
		}
		for _, org := range []id.Org{"X", "Y"} {
			for _, l := range d.book.Rules.Org {
				fn(fmt.Sprintf("book %d organisation %s", b, org), m.seats(b, "", org), l.Max)
			}
		}
		for pool, most := range d.book.Ceiling {
			held := 0
			for _, c := range d.book.Claims {
				if c.Pool == pool && c.Guest {
					held += Sum(c.Taken)
				}
			}
			fn(fmt.Sprintf("book %d pool %d guests", b, pool), held, most)
		}
	}
}

func (m *worldModel) Check(t *rapid.T) {
	m.eachLimit(func(name string, held, most int) {
		m.above[name] = min(m.above[name], held)
		// A series limit is only asked where its own activity is claimed; the other
		// book's revision may name a lower one.
		if held > max(most, m.above[name]) && !m.lowerElsewhere(name) {
			t.Fatalf("%s holds %d, at most %d are allowed", name, held, most)
		}
	})
	for b, d := range m.desks {
		if err := d.book.Check(); err != nil {
			t.Fatalf("book %d: %v", b, err)
		}
		for pool := range d.book.Pools {
			m.checkSerials(t, b, pool)
			for _, c := range d.book.Lines[pool] {
				if m.left(b, pool, c.Parts, c.Guest) >= c.Seats {
					t.Fatalf("book %d: ticket %d waits for %d seats that are free", b, c.Ticket, c.Seats)
				}
			}
		}
		var line []id.Ticket
		for _, c := range d.book.Lines[0] {
			line = append(line, c.Ticket)
		}
		kept := slices.DeleteFunc(m.places[b], func(x id.Ticket) bool { return !slices.Contains(line, x) })
		if !slices.Equal(kept, line[:len(kept)]) {
			t.Fatalf("book %d: the line changed its order from %v to %v", b, kept, line)
		}
		m.places[b] = line
	}
	for b, d := range m.desks {
		for who, h := range d.book.Members {
			live := slices.DeleteFunc(slices.Clone(d.book.Claims), func(c *Claim) bool { return c.Member != who || c.Seats == 0 })
			if !slices.Equal(h.Claims, live) {
				t.Fatalf("book %d: %s has %d claims in hand, %d are alive", b, who, len(h.Claims), len(live))
			}
		}
	}
	for c, ended := range m.ended {
		if ended && (c.Seats != 0 || c.Taken != nil) {
			t.Fatalf("ticket %d ended with %d seats and serials %v", c.Ticket, c.Seats, c.Taken)
		}
	}
}

// lowerElsewhere reports whether both books cap the series, with other numbers:
// then each holds claims to its own number only.
func (m *worldModel) lowerElsewhere(name string) bool {
	var caps []int
	for _, d := range m.desks {
		for _, l := range d.book.Rules.Member {
			if l.Series != "" {
				caps = append(caps, l.Max)
			}
		}
	}
	return len(caps) == 2 && caps[0] != caps[1] && strings.HasSuffix(name, `series "s"`)
}

// checkSerials proves that each serial is in one state and one part, and that
// nobody outside its audience holds one that is set aside.
func (m *worldModel) checkSerials(t *rapid.T, b, pool int) {
	d := m.desks[b]
	p := d.book.Pools[pool]
	state := map[int]string{}
	see := func(part, from, n int, what string) {
		for s := from; s < from+n; s++ {
			if was := state[s]; was != "" {
				t.Fatalf("book %d pool %d: serial %d is %s and %s", b, pool, s, was, what)
			}
			state[s] = what
			key := serial{b, pool, s}
			if was, ok := m.owner[key]; ok && was != part {
				t.Fatalf("book %d pool %d: serial %d was of part %d and is of %d", b, pool, s, was, part)
			}
			m.owner[key] = part
		}
	}
	free := 0
	for i, part := range p.parts {
		end := 0
		for _, s := range part.free {
			if s.n < 1 || s.from <= end {
				t.Fatalf("book %d pool %d part %d: runs %v touch", b, pool, i, part.free)
			}
			end = s.from + s.n
			free += s.n
			see(i, s.from, s.n, "free")
		}
	}
	for _, c := range d.book.Claims {
		if c.Pool != pool {
			continue
		}
		for _, tk := range c.Taken {
			see(tk.Part, tk.From, tk.N, fmt.Sprintf("held by ticket %d", c.Ticket))
			who := slices.IndexFunc(m.people, func(p person) bool { return p.id == c.Member })
			if tk.Part != 0 && !slices.Contains(m.people[who].asides[b], tk.Part) {
				t.Fatalf("book %d: %s holds serial %d of set-aside %d", b, c.Member, tk.From, tk.Part)
			}
		}
	}
	if len(state) != p.Total || free != p.Free() {
		t.Fatalf("book %d pool %d: %d serials in a state, total %d, %d free, counted %d", b, pool, len(state), p.Total, p.Free(), free)
	}
}

func TestBookModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		t.Repeat(rapid.StateMachineActions(m))
	})
}
