package handover

import (
	"fmt"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// Judgement is what a hub decided about an op of one of its scanners.
type Judgement struct {
	Result  op.Result
	Verdict fault.Verdict // for the server; NoVerdict of what was no scan
	Rows    []local.Row   // marks that it leaves at the hub
}

// Judge decides, as the hub of this station, a scan that one of its scanners asks
// about. The scanner has read the code and looked at the time; whether the ticket is
// still to be handed over, or its holder inside, only the hub knows. keep must make
// the judgement and the op durable in one transaction before it returns. mine is
// false for what is not the hub's to decide, but the server's.
func (c *Counter) Judge(o op.Op, from id.Device, seq uint64, keep func(Judgement) error) (mine bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	j, mine, err := c.judge(o, from, seq)
	if err == nil && mine {
		err = keep(j)
	}
	return mine, wrap(fmt.Sprintf("judge ticket %d for %s", o.Ticket, from), err)
}

func (c *Counter) judge(o op.Op, from id.Device, seq uint64) (j Judgement, mine bool, err error) {
	asks := o.Verdict == fault.Valid || o.Override || o.Kind == op.CheckIn && o.Verdict == fault.Provisional
	switch {
	case o.Kind != op.Redeem && o.Kind != op.CheckIn || o.Verdict == fault.NoVerdict && !o.Undo:
		return j, false, nil
	case o.Undo:
		return c.judgeUndo(o, from, seq)
	case !asks: // it handed nothing over, and only says so
		return Judgement{Result: op.Result{Verdict: o.Verdict, Ticket: o.Ticket}, Verdict: o.Verdict}, true, nil
	case o.Kind == op.Redeem && !o.Bound:
		return j, false, nil
	}
	s := &scan{Config: &c.cfg, numbers: c.numbers, op: o, facts: Facts{Activity: true, Epoch: o.Epoch}}
	if s.first, err = s.Store.First(); err != nil {
		return j, true, err
	}
	truth, err := s.known()
	if err != nil {
		return j, true, err
	}
	s.out.Verdict, s.out.Door = truth, o.Kind == op.CheckIn
	j = Judgement{Result: op.Result{Verdict: truth, Ticket: o.Ticket, Seats: o.Seats}, Verdict: truth}
	by, err := get[wire.ScannerRow](s.Store, wire.TableScanner, string(from))
	if err != nil {
		return j, true, err
	}
	if o.Override && by.Supervisor && Overridable(truth) {
		j.Result.Verdict, s.out.Verdict, s.out.Overridden = fault.Valid, fault.Valid, truth
	}
	if s.leavesMark() {
		mark := wire.UsedRow{Ticket: o.Ticket, Seq: seq, At: o.At, Kind: o.Kind, Out: o.Out, Epoch: o.Epoch, By: from}
		j.Rows, err = markRows(map[string]wire.UsedRow{usedID(o.Kind, o.Ticket): mark})
	}
	return j, true, err
}

// known is the verdict of all that this hub knows. It reads no clock and no code.
func (s *scan) known() (fault.Verdict, error) {
	here, err := get[wire.StationRow](s.Store, wire.TableStation, string(s.Config.Station))
	if err != nil {
		return fault.NoVerdict, err
	}
	s.facts.Binding = BoundElsewhere
	if here.Authority == s.Device {
		s.facts.Binding = BoundHere
		if err := s.left(); err != nil {
			return fault.NoVerdict, err
		}
	}
	plan, err := s.activity(s.op.Activity)
	if err != nil {
		return fault.NoVerdict, err
	}
	s.once = plan != nil && plan.OneEntry
	if err := s.records(s.op.Ticket); err != nil {
		return fault.NoVerdict, err
	}
	if err := s.doubtful(s.op.Ticket); err != nil {
		return fault.NoVerdict, err
	}
	if s.op.Kind == op.CheckIn {
		return DoorVerdict(s.facts, s.op.Out), nil
	}
	return Verdict(s.facts), nil
}

// judgeUndo takes back what the scanner's op before this one handed over.
func (c *Counter) judgeUndo(o op.Op, from id.Device, seq uint64) (j Judgement, mine bool, err error) {
	used, err := get[wire.UsedRow](c.cfg.Store, wire.TableUsed, usedID(op.Redeem, o.Ticket))
	switch {
	case err != nil:
		return j, true, err
	case used.By != from || used.Kind != op.Redeem:
		return j, false, nil
	case used.Seq+1 != seq:
		return Judgement{Result: op.Result{Outcome: op.Refused, Code: fault.Invalid}}, true, nil
	}
	mark := wire.UsedRow{Ticket: o.Ticket, Seq: seq, At: o.At, Epoch: used.Epoch, By: from}
	j = Judgement{Result: op.Result{Outcome: op.OK, Ticket: o.Ticket}}
	j.Rows, err = markRows(map[string]wire.UsedRow{usedID(op.Redeem, o.Ticket): mark})
	return j, true, err
}
