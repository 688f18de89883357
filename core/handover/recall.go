package handover

import (
	"fmt"

	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// GiveUp lets go of what the server asks for. A ticket that was handed over here
// is left out: the op that says so is in the outbox. When it returns, what was
// given up is not handed over under its epoch any more, also after a power cut.
func (c *Counter) GiveUp(m wire.Recall) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range m.Tickets {
		used, err := get[wire.UsedRow](c.cfg.Store, wire.TableUsed, usedID(op.Redeem, b.Ticket))
		if err != nil {
			return fmt.Errorf("give up ticket %d: %w", b.Ticket, err)
		}
		given, err := get[wire.UsedRow](c.cfg.Store, wire.TableUsed, givenID(b.Ticket))
		if err != nil {
			return fmt.Errorf("give up ticket %d: %w", b.Ticket, err)
		}
		if used.Kind == op.Redeem || given.Kind == op.Release && given.Epoch >= b.Epoch {
			continue
		}
		mark := map[string]wire.UsedRow{givenID(b.Ticket): {Ticket: b.Ticket, Kind: op.Release, Epoch: b.Epoch}}
		if _, err := c.queue(op.Op{Kind: op.Release, Ticket: b.Ticket, Epoch: b.Epoch, Channel: c.cfg.Channel}, mark); err != nil {
			return fmt.Errorf("give up ticket %d: %w", b.Ticket, err)
		}
	}
	if m.Station == "" || m.Station != c.cfg.Station {
		return nil
	}
	mark := map[string]wire.UsedRow{stationMark: {Kind: op.Release}}
	_, err := c.queue(op.Op{Kind: op.Release, Station: m.Station, Channel: c.cfg.Channel}, mark)
	return wrap("give up station", err)
}

// Ask queues an op that is no scan. A cancel or rebind is this device's own word
// about the tickets bound here that it touches: until the rows contain the
// answer, they are not handed over.
func (c *Counter) Ask(o op.Op) (seq uint64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	marks := map[string]wire.UsedRow{}
	switch {
	case o.Kind != op.Cancel && o.Kind != op.Rebind || c.cfg.Station == "":
	case o.Org != "":
		// Whose tickets these are is not known here: all of the activity wait.
		marks[activityID(o.Activity)] = wire.UsedRow{Kind: o.Kind}
	default:
		if err := c.touched(o, marks); err != nil {
			return 0, fmt.Errorf("queue op: %w", err)
		}
	}
	return c.queue(o, marks)
}

// touched marks the tickets of a member.
func (c *Counter) touched(o op.Op, marks map[string]wire.UsedRow) error {
	rows, err := c.cfg.Store.Rows(wire.TableTicket)
	if err != nil {
		return err
	}
	for _, r := range rows {
		var t wire.TicketRow
		if err := wire.DecodeRow(r.Body, &t); err != nil {
			return fmt.Errorf("read ticket %s: %w", r.ID, err)
		}
		if t.State == op.ClaimGranted && t.Member == o.Member && t.Activity == o.Activity && (o.Pool == "" || t.Pool == o.Pool) {
			marks[givenID(t.Ticket)] = wire.UsedRow{Ticket: t.Ticket, Kind: o.Kind, Epoch: t.Epoch}
		}
	}
	return nil
}

// queue numbers an op and stores it together with marks that carry its number.
func (c *Counter) queue(o op.Op, marks map[string]wire.UsedRow) (uint64, error) {
	return c.cfg.Outbox.DoRows(o, func(seq uint64) ([]local.Row, error) {
		for key, mark := range marks {
			mark.Seq = seq
			marks[key] = mark
		}
		return markRows(marks)
	})
}

// given finds out whether this device let go of a ticket. The word of a recall
// holds for its epoch; that of an own op until the rows contain its answer.
func (s *scan) given(t id.Ticket) error {
	switch s.facts.State {
	case op.ClaimNone, op.ClaimGranted, op.ClaimLapsed:
	default:
		return nil // the record says more than our mark
	}
	mark, err := get[wire.UsedRow](s.Store, wire.TableUsed, givenID(t))
	if err == nil && mark.Seq != 0 && s.op.Epoch <= mark.Epoch {
		s.facts.GivenUp = true
		if mark.Kind != op.Release {
			s.facts.GivenUp = s.waited(mark)
		}
	}
	if err != nil {
		return err
	}
	all, err := get[wire.UsedRow](s.Store, wire.TableUsed, activityID(s.op.Activity))
	if err == nil && all.Seq != 0 {
		s.facts.Blocked = s.facts.Blocked || s.waited(all)
	}
	return err
}

// left corrects the binding where this device has given up the whole station and
// its rows do not say so yet.
func (s *scan) left() error {
	mark, err := get[wire.UsedRow](s.Store, wire.TableUsed, stationMark)
	if err == nil && mark.Seq != 0 && s.waited(mark) {
		s.facts.Binding = BoundElsewhere
	}
	return err
}

// stationMark is the mark of a station that was given up.
const stationMark = "given/station"

func givenID(t id.Ticket) string { return "given/" + number(t) }

func activityID(a id.Activity) string { return "given/activity/" + string(a) }
