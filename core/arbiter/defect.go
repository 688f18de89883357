package arbiter

import (
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/quota"
)

// Defect is a bug that tests of the simulator plant, to show that it is found.
// No program plants one.
type Defect uint8

// Defects.
const (
	NoDefect      Defect = iota
	Reissue              // the seats of a lease are free again when its time is over
	ByNumber             // an op is known by device and number alone
	SameState            // limits are read as they were when the batch began
	OffByOne             // a member may have one more than the limit
	ForgetWords          // an override makes no incident
	PromotedTwice        // whoever is promoted gets a second ticket
)

// planted is a defect with what it needs to remember.
type planted struct {
	Defect
	held map[id.Member][]int // SameState
}

// Plant puts a bug into the state, until it is built anew; calling it again begins
// another batch.
func (s *State) Plant(d Defect) { s.defect = planted{Defect: d, held: map[id.Member][]int{}} }

// facts spoils what a decision reads.
func (p *planted) facts(f *quota.Facts, m id.Member) {
	switch p.Defect {
	case OffByOne:
		for i := range f.Held {
			f.Held[i]--
		}
	case SameState:
		if old, seen := p.held[m]; seen && len(old) == len(f.Held) {
			copy(f.Held, old)
			return
		}
		p.held[m] = append([]int(nil), f.Held...)
	}
}

// again grants a second ticket for a place in the line.
func (p *planted) again(r *run, a *act, c *quota.Claim) {
	if p.Defect != PromotedTwice || a.book.Left(c.Pool, c.Parts, c.Guest) < c.Seats {
		return
	}
	r.emit(op.Entry{Kind: op.Claimed, Outcome: op.Granted, Member: c.Member, Org: c.Org, Activity: a.Spec.ID, Pool: a.Pools[c.Pool].ID, Seats: c.Seats,
		Station: c.Station, Taken: a.book.Pools[c.Pool].Pick(c.Parts, c.Seats)})
}
