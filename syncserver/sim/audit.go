package sim

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

// audit reads the journal of a world that has come to rest, as an auditor would who
// knows the rules and not the program: every seat has one holder, nobody has more
// than allowed, and all that people were told and given is there.
type audit struct {
	w        *World
	seats    map[seat]id.Ticket   // who holds which serial
	lent     map[seat]uint64      // to which lease
	claims   map[id.Ticket]*claim //
	last     map[id.Device]uint64 // op that was decided
	gone     map[id.Device]bool
	kept     map[place][]op.Hash // in quarantine
	results  map[place]op.Result
	chains   map[place]op.Hash
	handed   map[id.Ticket]int // hand-overs on record
	trouble  map[id.Ticket]int // incidents about a hand-over
	override map[id.Ticket]int // incidents about an override
	doubted  map[id.Ticket]int // incidents of any kind
	closed   map[id.Device]int // incidents about a device
	foreign  map[uint64]bool   // leases that the server has forgotten, and heard of again
	ranOut   map[uint64]bool   // leases whose time was over
	seq      uint64
}

type seat struct {
	activity id.Activity
	pool     id.Pool
	part, n  int
}

type claim struct {
	member   id.Member
	activity id.Activity
	pool     id.Pool
	seats    int
	taken    []op.Taken
	waits    bool
	redeemed bool
	blocked  bool
	recorded bool // taken back from a device by a server that had forgotten it
}

func (w *World) audit() {
	a := &audit{w: w, seats: map[seat]id.Ticket{}, lent: map[seat]uint64{}, claims: map[id.Ticket]*claim{}, last: map[id.Device]uint64{},
		gone: map[id.Device]bool{}, kept: map[place][]op.Hash{}, results: map[place]op.Result{}, chains: map[place]op.Hash{}, handed: map[id.Ticket]int{}, trouble: map[id.Ticket]int{},
		override: map[id.Ticket]int{}, doubted: map[id.Ticket]int{}, closed: map[id.Device]int{}, foreign: map[uint64]bool{}, ranOut: map[uint64]bool{}}
	if err := w.host.server.Entries(a.entry); err != nil {
		w.fail("read journal: %v", err)
	}
	w.stats.Entries += int(a.seq)
	a.held()
	a.people()
	a.machines()
	a.counts()
	a.erased()
}

func (a *audit) fail(format string, args ...any) {
	a.w.fail("entry %d: %s", a.seq, fmt.Sprintf(format, args...))
}

// entry takes the next entry in.
func (a *audit) entry(e *op.Entry) {
	if e.Seq != a.seq+1 {
		a.fail("entry %d follows", e.Seq)
	}
	a.seq = e.Seq
	a.origin(e)
	switch e.Kind {
	case op.DeviceGone:
		a.gone[e.Device] = true
	case op.Quarantined:
		at := place{e.Device, e.Kept.Seq}
		a.kept[at] = append(a.kept[at], op.Hash(e.Kept.Hash))
	case op.Claimed:
		a.claimed(e)
	case op.Lent:
		a.lend(e.Lease.ID, e.Lease.Activity, e.Lease.Pool, e.Lease.Taken)
	case op.Renewed:
		if a.ranOut[e.Lease.ID] {
			a.w.stats.fault("lease that had run out was renewed")
		}
		a.ranOut[e.Lease.ID] = false
		a.lend(e.Lease.ID, e.Lease.Activity, e.Lease.Pool, e.Lease.Taken)
	case op.LeaseEnded:
		a.ranOut[e.LeaseID] = e.Word == op.LeaseExpired
		for _, s := range serials(e.Activity, e.Pool, e.Taken) {
			if a.lent[s] != e.LeaseID {
				a.fail("lease %d frees seat %v, which is lent to %d", e.LeaseID, s, a.lent[s])
			}
			delete(a.lent, s)
		}
	case op.Promoted, op.Released, op.Lapsed, op.NotDrawn, op.Redeemed, op.Undone:
		a.changed(e)
	case op.IncidentMade:
		a.incident(e)
	}
}

// origin follows the numbering of each device.
func (a *audit) origin(e *op.Entry) {
	if e.DevSeq == 0 {
		return
	}
	if e.DevSeq != a.last[e.Device]+1 {
		a.fail("op %d of %s follows op %d", e.DevSeq, e.Device, a.last[e.Device])
	}
	if a.gone[e.Device] {
		a.fail("op %d of %s was decided after the device was closed", e.DevSeq, e.Device)
	}
	a.last[e.Device] = e.DevSeq
	at := place{e.Device, e.DevSeq}
	a.results[at], a.chains[at] = op.ResultOf(e), op.Hash(e.Chain)
}

func (a *audit) claimed(e *op.Entry) {
	if e.Outcome == op.Refused {
		return
	}
	t := op.TicketOf(e)
	if a.claims[t] != nil {
		a.fail("ticket %d is made twice", t)
	}
	c := &claim{member: e.Member, activity: e.Activity, pool: e.Pool, seats: e.Seats, waits: e.Outcome != op.Granted, blocked: e.Blocked,
		recorded: e.Whole != nil && e.Whole.Seq != 0}
	a.claims[t] = c
	if c.waits {
		return
	}
	a.take(t, c, e.Taken, e.LeaseID)
}

// take gives seats to a ticket: each must be free, or lent to the lease that granted it.
func (a *audit) take(t id.Ticket, c *claim, taken []op.Taken, lease uint64) {
	c.taken = append(c.taken, taken...)
	for _, s := range serials(c.activity, c.pool, taken) {
		if holder := a.seats[s]; holder != 0 {
			a.fail("seat %v goes to ticket %d and is held by ticket %d", s, t, holder)
		}
		if a.lent[s] != lease {
			a.fail("ticket %d of lease %d takes seat %v, which is lent to %d", t, lease, s, a.lent[s])
		}
		delete(a.lent, s)
		a.seats[s] = t
	}
	if n := a.count(c.activity); n > a.w.town.totals[c.activity] {
		a.fail("%d seats of %s are given away, there are %d", n, c.activity, a.w.town.totals[c.activity])
	}
	if !c.recorded && !a.overdrawn(c) {
		a.limits(c)
	}
}

func (a *audit) count(of id.Activity) (n int) {
	for s := range a.seats {
		if s.activity == of {
			n++
		}
	}
	for s := range a.lent {
		if s.activity == of {
			n++
		}
	}
	return n
}

// overdrawn reports whether a claim that a restored server took back may have brought the
// member over a limit, as staff know: who was waiting already gets their seats all the same.
func (a *audit) overdrawn(c *claim) bool {
	for t, o := range a.claims {
		if o.recorded && a.doubted[t] > 0 && o.member == c.member && o.activity == c.activity {
			return true
		}
	}
	return false
}

// limits counts what a member and an organisation have. A grant that a restored server
// takes back may come before the cancellation that made room for it: those count at the end.
func (a *audit) limits(c *claim) {
	if c.waits || c.blocked || c.seats == 0 {
		return
	}
	spec := a.w.town.specs[c.activity]
	member, org := 0, 0
	for _, o := range a.claims {
		if o.activity != c.activity || o.waits || o.blocked {
			continue
		}
		if o.member == c.member {
			member += o.seats
		}
		if orgOf(o.member) == orgOf(c.member) {
			org += o.seats
		}
	}
	for _, l := range spec.Limits {
		if have := map[string]int{"member": member, "org": org}[l.Per]; have > l.Max && !c.blocked {
			a.fail("with %d seats of %s, %s is over the limit of %d for a %s", have, c.activity, c.member, l.Max, l.Per)
		}
	}
}

// orgOf is the organisation of a member of the town.
func orgOf(m id.Member) id.Org {
	if (m[len(m)-1]-'0')%2 == 0 {
		return "C1"
	}
	return "C2"
}

func (a *audit) changed(e *op.Entry) {
	c := a.claims[e.Ticket]
	if c == nil {
		a.fail("there is no ticket %d", e.Ticket)
		return
	}
	switch e.Kind {
	case op.Promoted:
		if !c.waits {
			a.fail("ticket %d is promoted and did not wait", e.Ticket)
		}
		c.waits = false
		a.take(e.Ticket, c, e.Taken, 0)
	case op.Released, op.Lapsed, op.NotDrawn:
		for _, s := range serials(c.activity, c.pool, e.Taken) {
			if a.seats[s] != e.Ticket {
				a.fail("ticket %d gives back seat %v of ticket %d", e.Ticket, s, a.seats[s])
			}
			delete(a.seats, s)
		}
		if e.Kind == op.Released {
			c.seats -= e.Seats
		} else if len(e.Taken) > 0 {
			c.seats = 0
		}
	case op.Redeemed:
		if c.redeemed && !a.w.restored { // what a server had forgotten comes back, and staff hear of it
			a.fail("ticket %d is handed over twice", e.Ticket)
		}
		c.redeemed = true
		a.handed[e.Ticket]++
		a.override[e.Ticket] -= btoi(e.Override)
	case op.Undone:
		c.redeemed = false
		a.handed[e.Ticket]--
	}
}

func (a *audit) incident(e *op.Entry) {
	a.w.stats.Incidents++
	a.closed[e.Device]++
	a.doubted[e.Ticket]++
	switch {
	case e.Word == "foreign_lease":
		a.foreign[e.LeaseID] = true
	case e.Word == op.Overridden, e.Word == op.OverrideUnentitled:
		a.override[e.Ticket]++
		a.trouble[e.Ticket]++
	case strings.HasPrefix(e.Word, "handed_over"), e.Word == op.RestoredLate:
		a.trouble[e.Ticket]++
	}
}

func (a *audit) lend(lease uint64, activity id.Activity, pool id.Pool, taken []op.Taken) {
	for _, s := range serials(activity, pool, taken) {
		if a.seats[s] != 0 || a.lent[s] != 0 && a.lent[s] != lease {
			a.fail("seat %v is lent to %d and is not free", s, lease)
		}
		a.lent[s] = lease
	}
}

// held counts what everybody has at the end. What goes over a limit then hangs on a
// cancellation that nobody has brought back, and staff know of it.
func (a *audit) held() {
	for _, t := range slices.Sorted(maps.Keys(a.claims)) {
		known := a.doubted[t] > 0
		for o, c := range a.claims {
			known = known || a.doubted[o] > 0 && c.member == a.claims[t].member && c.activity == a.claims[t].activity
		}
		if !known {
			a.limits(a.claims[t])
		}
	}
}

// people compares what people were told and given with the record.
func (a *audit) people() {
	for _, at := range slices.SortedFunc(maps.Keys(a.w.answers), func(x, y place) int {
		return cmp.Or(cmp.Compare(x.device, y.device), cmp.Compare(x.seq, y.seq))
	}) {
		told, is := a.w.answers[at], a.results[at]
		if told.Seq == 0 && a.ofScanner(at.device) {
			if is = a.byHub(told, is); len(a.kept[at]) > 0 {
				continue
			}
		}
		if !a.w.alike(told, is) && !a.w.lost(at.device) && !(a.w.restored && a.w.copied(at.device)) {
			a.w.fail("op %d of %s was answered %+v, and the journal has %+v", at.seq, at.device, told, is)
		}
	}
	a.grants()
	for _, b := range a.w.branches {
		if a.gone[b.device] && a.ofScanner(b.device) {
			continue // a hub tells late answers again, to whichever of the two comes
		}
		if a.w.restored && (b.machine.gone || b.machine.closed || b.machine.naive) {
			continue // the server has forgotten that branch, and this machine does not show it again
		}
		if hash, is := a.chains[b.place]; hash != b.hash && (is || !a.w.restored) {
			a.w.fail("%s was answered about its op %d, and the journal has another one: a fork was not found", b.machine.label, b.seq)
		}
	}
	given, once := map[id.Ticket]int{}, map[id.Ticket]handing{}
	for _, h := range a.w.handed {
		if h.unsure {
			continue // either is right, and the journal is held to one hand-over all the same
		}
		if h.machine.hub != nil && !h.door && !h.override {
			if first, twice := once[h.ticket]; twice && !oneAnswer(first, h) {
				a.w.fail("scanners of one hub handed ticket %d over twice", h.ticket)
			}
			once[h.ticket] = h
		}
		if h.door || h.machine.gone || h.machine.copied || a.gone[h.machine.name] || a.w.restored && h.machine.wiped {
			continue // what it did is lost with it, or in quarantine
		}
		given[h.ticket]++
	}
	for _, t := range slices.Sorted(maps.Keys(given)) {
		if n := given[t]; n > a.handed[t]+a.trouble[t] {
			a.w.fail("ticket %d was handed over %d times, %d are on record with %d incidents", t, n, a.handed[t], a.trouble[t])
		}
	}
	for _, t := range slices.Sorted(maps.Keys(a.handed)) {
		if a.handed[t] > 1+a.trouble[t] {
			a.w.fail("ticket %d is handed over %d times, with %d incidents", t, a.handed[t], a.trouble[t])
		}
	}
	for _, t := range slices.Sorted(maps.Keys(a.override)) {
		if a.override[t] < 0 {
			a.w.fail("ticket %d was handed over by override, and there is no incident", t)
		}
	}
}

// grants looks for every ticket that a device has printed.
func (a *audit) grants() {
	for _, g := range a.w.grants {
		m, known := g.machine, a.doubted[g.ticket] > 0
		lease, _, _ := g.ticket.Lease()
		switch {
		case a.claims[g.ticket] != nil || m.gone || m.copied || a.gone[m.name]:
		case a.w.restored && (m.wiped || a.foreign[lease]): // the server has forgotten why it was wiped, or that it lent
		case known && a.w.unlent[lease]: // somebody else got its number, or the seats of its renewal
		case known && g.member == a.w.erased: // its device did not know yet that there is nobody of that name
		case known && g.policy != op.Hard: // what is not reported in time may be void, but not without a word
		default:
			a.w.fail("%s granted ticket %d, and the journal has it not", m.label, g.ticket)
		}
	}
}

// oneAnswer reports whether two machines took the answer to one op: a disk that was copied
// with a question on it is a copy of the right to its answer.
func oneAnswer(x, y handing) bool {
	return x.machine != y.machine && x.machine.name == y.machine.name && x.seq == y.seq
}

// ofScanner reports whether a device talks to a hub.
func (a *audit) ofScanner(d id.Device) bool {
	return slices.ContainsFunc(a.w.machines, func(m *machine) bool { return m.name == d && m.hub != nil })
}

// byHub is a result as a hub may have told it: it knows no place in the journal, a
// door is open to a provisional ticket, and what it handed over stands.
func (a *audit) byHub(told, is op.Result) op.Result {
	if a.w.restored && a.doubted[told.Ticket] > 0 && (told.Outcome == op.OK || told.Verdict == fault.Valid) {
		return told // the server has forgotten the ticket, and made an incident of what was done with it
	}
	is.Seq, is.Place, is.Seats = told.Seq, told.Place, told.Seats
	if told.Verdict == fault.Provisional && (is.Verdict == fault.Valid || a.doubted[told.Ticket] > 0) || told.Verdict == fault.Valid && a.trouble[told.Ticket] > 0 {
		is.Verdict = told.Verdict
	}
	return is
}

// counts holds what people read of each pool against what decisions are made by.
func (a *audit) counts() {
	for _, of := range activities {
		told, err := a.w.host.server.Counts(of)
		if err != nil {
			a.w.fail("count the seats of %s: %v", of, err)
		}
		for _, is := range told {
			var n arbiter.Counts
			a.w.host.server.Look(func(s *arbiter.State) { n, _ = s.Count(of, is.Pool) })
			told := arbiter.Counts{Total: is.Total, Free: is.Free + n.Owed, Granted: is.Granted - n.Owed, Waitlisted: is.Waitlisted, Redeemed: is.Redeemed, Lapsed: is.Lapsed,
				Entered: is.Entered, Leased: is.Leased, InDoubt: is.InDoubt, WrittenOff: is.WrittenOff, Owed: n.Owed,
				CheckedIn: n.CheckedIn} // who left has come for the one, and is not inside for the other
			if told != n {
				a.w.fail("the ledger says of %s/%s %+v, the arbiter %+v", of, is.Pool, told, n)
			}
		}
	}
}

// machines looks at devices of which there are two.
func (a *audit) machines() {
	for _, m := range a.w.machines {
		if wrong := a.w.differs(m); wrong != "" {
			a.w.fail("at the end %s", wrong)
		}
		if m.found && !a.w.restored && !a.gone[m.name] { // after a restore it may be the server that has another history
			a.w.fail("%s found that it is a copy, or has one, and the journal does not say so", m.label)
		}
	}
}

// serials lists single seats.
func serials(activity id.Activity, pool id.Pool, taken []op.Taken) (all []seat) {
	for _, t := range taken {
		for n := range t.N {
			all = append(all, seat{activity, pool, t.Part, t.From + n})
		}
	}
	return all
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func keys[K comparable, V any](m map[K]V) iter.Seq[K] { return maps.Keys(m) }

func sortedKeys[V any](m map[rowKey]V) []rowKey {
	return slices.SortedFunc(maps.Keys(m), func(a, b rowKey) int { return cmp.Or(cmp.Compare(a.table, b.table), cmp.Compare(a.id, b.id)) })
}
