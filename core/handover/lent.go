package handover

import (
	"strconv"

	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// lent reads what this device knows about a ticket that a device granted from a
// lease: whether its grant was reported, or can count no more. A code that the
// server signed for such a ticket tells that it was; any other goes with the op
// where the server may not know of the grant.
func (s *scan) lent(t ticket.Ticket, code string) error {
	if _, _, ok := t.ID.Lease(); !ok || t.Policy == 0 {
		return nil
	}
	if err := s.doubtful(t.ID); err != nil {
		return err
	}
	listed, err := s.listed(t.ID)
	if err != nil {
		return err
	}
	if !listed {
		if s.op.Shown, err = ticket.Bytes(code); err != nil {
			return err
		}
	}
	own, err := get[wire.GrantRow](s.Store, wire.TableGrant, number(t.ID))
	if err != nil {
		return err
	}
	granted := own.Ticket == t.ID
	if t.Policy != op.VoidUnreported || listed {
		return nil
	}
	s.facts.Unreported = true
	if granted {
		s.facts.Unreported = s.first <= own.Seq
	}
	return nil
}

// doubtful reads whether a ticket that a device granted from a lease can count no
// more, or may not.
func (s *scan) doubtful(t id.Ticket) error {
	lease, serial, ok := t.Lease()
	if !ok {
		return nil
	}
	void, err := get[wire.VoidRow](s.Store, wire.TableVoid, strconv.FormatUint(lease, 10))
	if err != nil {
		return err
	}
	for _, v := range void.Taken {
		s.facts.Void = s.facts.Void || v.From <= serial && serial < v.From+v.N
	}
	listed, err := s.listed(t)
	if err != nil {
		return err
	}
	own, err := get[wire.GrantRow](s.Store, wire.TableGrant, number(t))
	if err != nil {
		return err
	}
	granted := own.Ticket == t
	if granted && s.facts.State == op.ClaimNone {
		s.facts.State = op.ClaimGranted
	}
	s.facts.Blocked = s.facts.Blocked || void.InDoubt && !listed && !granted
	return nil
}

// listed reports whether the server has told this device of a ticket.
func (s *scan) listed(t id.Ticket) (bool, error) {
	bound, err := get[wire.TicketRow](s.Store, wire.TableTicket, number(t))
	if err != nil || bound.Ticket == t {
		return err == nil, err
	}
	door, err := get[wire.DoorRow](s.Store, wire.TableDoor, number(t))
	return err == nil && door.Ticket == t, err
}

// granted takes a ticket that this device granted itself; ok is false for any other.
func (s *scan) granted(t id.Ticket) (ok bool, err error) {
	own, err := get[wire.GrantRow](s.Store, wire.TableGrant, number(t))
	if err != nil || own.Ticket != t || t == 0 {
		return false, err
	}
	err = s.open(own.Code)
	s.out.Holder = "" // only who shows the code is shown
	return true, err
}
