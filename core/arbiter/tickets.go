package arbiter

import (
	"iter"

	"yizhan/core/id"
)

// tickets finds claims by the number of their ticket. Numbers are places in the
// journal or serials of a lease, so they lie close together: a page of neighbours
// costs a fraction of what a map of all of them costs to grow.
type tickets struct {
	pages map[id.Ticket]*[page]*held
	n     int
}

// page is how many numbers lie side by side.
const page = 64

// of finds a claim, nil if there is none.
func (t *tickets) of(n id.Ticket) *held {
	if p := t.pages[n/page]; p != nil {
		return p[n%page]
	}
	return nil
}

// add keeps a claim under its number, in place of one that has it.
func (t *tickets) add(c *held) {
	p := t.pages[c.Ticket/page]
	if p == nil {
		p = new([page]*held)
		t.pages[c.Ticket/page] = p
	}
	if p[c.Ticket%page] == nil {
		t.n++
	}
	p[c.Ticket%page] = c
}

// all gives all claims, in no order.
func (t *tickets) all() iter.Seq2[id.Ticket, *held] {
	return func(yield func(id.Ticket, *held) bool) {
		for _, p := range t.pages {
			for _, c := range p {
				if c != nil && !yield(c.Ticket, c) {
					return
				}
			}
		}
	}
}
