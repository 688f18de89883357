package sim

import (
	"errors"
	"maps"
	"slices"
	"strconv"

	"yizhan/core/handover"
	"yizhan/core/id"
	"yizhan/core/membercode"
	"yizhan/core/op"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// act is what the person at a device does next.
func (m *machine) act() {
	if m.w.calm || m.gone {
		return
	}
	m.w.after(m.w.between(2_000, 45_000), m.act)
	if !m.on {
		return
	}
	switch m.role {
	case op.Phone:
		m.holderOfPhone()
	case op.Kiosk:
		m.clerk()
	case op.Hub:
	default:
		if m.hub != nil {
			m.clerk()
		} else {
			m.desk()
		}
	}
	m.look()
}

var activities = []id.Activity{"gift", "meal", "film", "kit"}

func (m *machine) claim(who id.Member) op.Op {
	w := m.w
	o := op.Op{Kind: op.Claim, Activity: pick(w, activities), Member: who, Seats: 1 + w.random.IntN(2)}
	if o.Activity == "film" {
		o.Pool = "early"
	}
	if w.town.specs[o.Activity].Pickup != nil || w.one(20) {
		o.Station = pick(w, append(w.stations(), ""))
	}
	return o
}

// holderOfPhone is a member with a phone.
func (m *machine) holderOfPhone() {
	w := m.w
	switch roll := w.random.IntN(12); {
	case roll < 5:
		o := m.claim(m.member)
		m.press(o)
		if m.on && w.one(3) {
			w.stats.fault("double tap")
			m.press(o)
		}
	case roll < 7:
		m.press(op.Op{Kind: op.Cancel, Activity: pick(w, activities), Member: m.member, Seats: w.random.IntN(2)})
	case roll < 8:
		m.press(op.Op{Kind: op.Rebind, Activity: "gift", Member: m.member, Station: pick(w, w.stations())})
	default:
		m.picture()
	}
}

// picture takes a screenshot of the tickets on a phone: it may be shown anywhere,
// by anybody, and long after.
func (m *machine) picture() {
	rows, err := m.store.Rows(wire.TableClaim)
	if err != nil {
		return
	}
	for _, r := range rows {
		var c wire.ClaimRow
		if wire.DecodeRow(r.Body, &c) == nil && c.Code != "" {
			m.w.keep(c.Ticket, c.Code)
		}
	}
}

func (w *World) keep(t id.Ticket, text string) {
	if !slices.Contains(w.codes, code{t, text}) {
		w.codes = append(w.codes, code{t, text})
	}
}

// clerk works at a counter.
func (m *machine) clerk() {
	w := m.w
	switch roll := w.random.IntN(20); {
	case roll < 6:
		m.serve(memberID(w.random.IntN(people)), false)
	case roll < 13 && len(w.codes) > 0:
		m.scan(pick(w, w.codes).text)
	case roll < 15:
		m.choose()
	case roll < 16:
		m.scan("HELLO")
	case roll < 17:
		who := memberID(w.random.IntN(people))
		m.ask(op.Op{Kind: op.Cancel, Activity: pick(w, activities), Member: who, Proof: m.proof(who)})
	case roll < 18 && m.undo != 0:
		err := m.counter.Undo(m.undo, m.clock(), "clerk")
		if m.done(err); !errors.Is(err, handover.ErrNoUndo) {
			w.takeBack(m, m.undo, err != nil)
		}
		m.undo = 0
	case roll < 19:
		_, err := m.holder.Return("kit", "bag", m.clock())
		m.done(err)
	default:
		m.done(m.holder.Renew("kit", "bag", m.clock()))
	}
}

// serve claims for somebody who stands at the counter: from the device's own
// lease, or else by asking the server.
func (m *machine) serve(who id.Member, kit bool) {
	o := m.claim(who)
	if kit || m.w.coin() {
		o.Activity, o.Pool, o.Station = "kit", "", m.station
	}
	r, _, handled, err := m.holder.Claim(o, m.clock())
	if !handled {
		if o.Proof = m.proof(who); err == nil {
			m.ask(o)
		}
		return
	}
	if m.done(err); err != nil || r.Outcome != op.Granted {
		return
	}
	m.w.note("%s grants %d of %s to %s", m.label, r.Seats, o.Activity, who)
	m.w.granted(m, who, r)
}

// proof is what a kiosk scans before it asks the server: the phone of the member
// or of staff, whoever has one that works. Staff at a desk need none.
func (m *machine) proof(who id.Member) []byte {
	for _, o := range m.w.machines {
		if m.role != op.Kiosk || !o.on || o.closed || o.role != op.Staff && (o.role != op.Phone || o.member != who) {
			continue
		}
		code, _, err := membercode.Own(o.store, o.clock().Add(o.link.Status().Offset))
		if err != nil {
			continue // it was never online
		}
		if proof, err := ticket.Bytes(code); err == nil {
			return proof
		}
	}
	return nil
}

// ask queues what only the server can decide.
func (m *machine) ask(o op.Op) {
	o.Channel, o.EnteredBy = op.ByKiosk, "clerk"
	_, err := m.counter.Ask(o)
	m.done(err)
}

// scan holds a code under the scanner.
func (m *machine) scan(text string) {
	w := m.w
	o := handover.Options{By: "clerk"}
	if w.one(10) {
		o.Override, o.Reason = true, "cut in half"
	}
	if w.one(4) {
		o.Out = w.one(3)
		out, err := m.counter.CheckIn(text, m.clock(), o)
		m.scanned(out, err)
		return
	}
	out, err := m.counter.Redeem(text, m.clock(), o)
	m.scanned(out, err)
}

// choose takes a ticket from the list instead.
func (m *machine) choose() {
	rows, err := m.store.Rows(wire.TableTicket)
	if err != nil || len(rows) == 0 {
		return
	}
	var t wire.TicketRow
	if wire.DecodeRow(pick(m.w, rows).Body, &t) == nil {
		out, err := m.counter.RedeemTicket(t.Ticket, m.clock(), handover.Options{By: "clerk"})
		m.scanned(out, err)
	}
}

// scanned is what follows a scan: somebody may be given something.
func (m *machine) scanned(out handover.Outcome, err error) {
	if m.done(err); err != nil {
		return
	}
	m.w.note("%s scans ticket %d: %v final %v", m.label, out.Ticket, out.Verdict, out.Final)
	switch {
	case out.Door && out.HandsOver(), out.HandsOver() && out.Final:
		m.hand(out)
	case !out.Final && m.w.one(2) && m.on:
		m.asked[out.Seq] = out
	}
}

// hand gives what a ticket stands for, or lets in.
func (m *machine) hand(out handover.Outcome) {
	m.w.handed = append(m.w.handed, handing{m, out.Ticket, out.Seq, m.w.now, out.Overridden != 0, out.Door, false})
	m.w.stats.Handed++
	if !out.Door {
		m.undo = out.Ticket
	}
}

// takeBack forgets a hand-over that did not happen after all; where the power went meanwhile
// nobody knows whether it did.
func (w *World) takeBack(m *machine, t id.Ticket, unsure bool) {
	for i := len(w.handed) - 1; i >= 0; i-- {
		if h := &w.handed[i]; h.machine == m && h.ticket == t && !h.door {
			if h.unsure = unsure; !unsure {
				w.handed = slices.Delete(w.handed, i, i+1)
			}
			return
		}
	}
}

// answered brings the server's word about scans that waited for it.
func (m *machine) answered(results map[uint64]op.Result) error {
	if err := m.counter.Answered(results); err != nil {
		return err
	}
	m.w.shown(m, results)
	for _, seq := range slices.Sorted(maps.Keys(results)) {
		if m.copied && m.hub != nil {
			m.w.branch(m, place{m.name, seq})
		}
		r := results[seq]
		out, waits := m.asked[seq]
		if !waits {
			continue
		}
		delete(m.asked, seq)
		boots := m.boots
		m.w.after(0, func() {
			if !m.on || m.boots != boots {
				return
			}
			final, err := m.counter.Confirm(out, r.Verdict)
			if m.look(); err == nil && final.HandsOver() {
				m.hand(final)
			}
		})
	}
	return nil
}

// desk is a member of staff in an office.
func (m *machine) desk() {
	w := m.w
	switch w.random.IntN(4) {
	case 0:
		o := op.Op{Kind: op.GroupClaim, Org: pick(w, []id.Org{"C1", "C2"}), Activity: pick(w, activities), Channel: op.ByStaff, EnteredBy: "staff"}
		if o.Activity == "film" {
			o.Pool = "early"
		}
		for range 1 + w.random.IntN(4) {
			o.Lines = append(o.Lines, op.Line{Member: memberID(w.random.IntN(people)), Seats: 1})
		}
		m.press(o)
	case 1:
		m.press(op.Op{Kind: op.Cancel, Org: pick(w, []id.Org{"C1", "C2"}), Activity: pick(w, activities), Seats: 1, Channel: op.ByStaff, EnteredBy: "staff"})
	default:
		if len(w.codes) > 0 {
			m.scan(pick(w, w.codes).text)
		}
	}
}

// leases lets the device see to the ends of its leases.
func (m *machine) leases() {
	m.done(m.holder.Tick(m.clock()))
	if !m.on {
		return
	}
	rows, err := m.store.Rows(wire.TableGrant)
	if err != nil {
		return
	}
	for _, r := range rows {
		var g wire.GrantRow
		if wire.DecodeRow(r.Body, &g) == nil && g.Code != "" {
			m.w.keep(g.Ticket, g.Code)
		}
	}
}

// granted remembers a ticket that a device has printed, and checks that it might.
func (w *World) granted(m *machine, who id.Member, r op.Result) {
	number, _, _ := r.Ticket.Lease()
	row, ok, err := m.store.Get(wire.TableLease, strconv.FormatUint(number, 10))
	var l wire.LeaseRow
	if err != nil || !ok || wire.DecodeRow(row.Body, &l) != nil {
		return
	}
	w.grants = append(w.grants, grant{m, r.Ticket, l.Lease.Policy, who})
	if l.Lease.Policy == op.VoidUnreported && w.now >= l.Lease.Expires {
		w.fail("%s grants ticket %d at %s, and its lease was over at %s", m.label, r.Ticket, stamp(w.now), stamp(l.Lease.Expires))
	}
}
