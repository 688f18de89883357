package handover

import (
	"fmt"
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// answer is what the server said to the scan of a ticket that no station is bound
// to. It is kept under a meta name of the ticket, because its op leaves the outbox.
type answer struct {
	Seq     uint64        `cbor:"1,keyasint"` // op that asked
	Verdict fault.Verdict `cbor:"2,keyasint"`
	Handed  bool          `cbor:"3,keyasint,omitempty"` // the person has been given what it stands for
}

func askedKey(t id.Ticket) string { return "asked/" + number(t) }

// Answered keeps the answers to scans that only the server could decide. The link
// calls it before anybody is told of them.
func (c *Counter) Answered(results map[uint64]op.Result) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked == nil {
		rows, err := c.cfg.Store.Rows(wire.TableUsed)
		if err != nil {
			return fmt.Errorf("keep answers: %w", err)
		}
		c.asked = map[uint64]id.Ticket{}
		for _, r := range rows {
			var mark wire.UsedRow
			if err := wire.DecodeRow(r.Body, &mark); err != nil {
				return fmt.Errorf("keep answers: %w", err)
			}
			if mark.Asked {
				c.asked[mark.Seq] = mark.Ticket
			}
		}
	}
	for seq, r := range results {
		t, ok := c.asked[seq]
		if !ok {
			continue
		}
		old, err := keptAnswer(c.cfg.Store, t)
		if err == nil && old.Seq < seq { // a newer scan's answer may have been handed over
			err = keepAnswer(c.cfg.Store, t, answer{Seq: seq, Verdict: r.Verdict})
		}
		if err != nil {
			return err
		}
		delete(c.asked, seq)
	}
	return nil
}

func keptAnswer(store local.Store, t id.Ticket) (a answer, err error) {
	kept, err := store.Meta(askedKey(t))
	if err == nil && kept != nil {
		err = wire.DecodeRow(kept, &a)
	}
	return a, wrap("read answer", err)
}

func keepAnswer(store local.Store, t id.Ticket, a answer) error {
	body, err := wire.EncodeRow(a)
	if err == nil {
		err = store.SetMeta(map[string][]byte{askedKey(t): body})
	}
	return wrap("keep answer", err)
}

// Confirm makes an outcome final by the server's answer to its op. When it returns
// a valid outcome, the hand-over is stored and a second scan finds it; with an error
// nothing may be handed over, and it may be called again. Provisional means that there
// is no answer: nothing is handed over, and the same scan may be made again. Of several
// scans that wait for one answer, one gets it.
func (c *Counter) Confirm(o Outcome, server fault.Verdict) (Outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o.Verdict, o.Final = server, true
	if server != fault.Valid {
		return o, nil
	}
	if c.given[o.Seq] {
		o.Verdict = fault.AlreadyRedeemed
		return o, nil
	}
	return o, c.take(o)
}

// take makes durable that this outcome hands over by the answer to its op.
func (c *Counter) take(o Outcome) (err error) {
	if !o.secondTime() {
		err = keepAnswer(c.cfg.Store, o.Ticket, answer{Seq: o.Seq, Verdict: fault.Valid, Handed: true})
	}
	if err == nil {
		c.given[o.Seq] = true
	}
	return err
}

// asked finds out what became of an earlier scan that asked the server: the same
// scan gets its answer, once, and does not ask again.
func (s *scan) asked(used wire.UsedRow) error {
	a, err := keptAnswer(s.Store, used.Ticket)
	if err != nil {
		return err
	}
	if a.Seq != used.Seq { // not answered when it was last kept
		if a, err = s.outboxAnswer(used.Seq); err != nil {
			return err
		}
	}
	switch {
	case a.Handed:
		s.facts.Used = true
	case a.Seq == 0, a.Verdict != fault.NoVerdict && a.Verdict != fault.Valid:
		// It came to nothing: this scan asks anew.
	default:
		s.earlier, s.answered = used.Seq, a.Verdict == fault.Valid
	}
	return nil
}

// outboxAnswer reads the answer to an op from the outbox, NoVerdict if it waits there;
// Seq 0 if there is none, nor a verdict among the ops that left it.
func (s *scan) outboxAnswer(seq uint64) (answer, error) {
	queue, err := s.Store.Queue()
	if err != nil {
		return answer{}, fmt.Errorf("read outbox: %w", err)
	}
	for _, q := range queue {
		if q.Seq == seq {
			return verdictOf(q)
		}
	}
	// The power may have gone after the answer took the op out of the outbox, before Answered.
	kept, err := s.Store.Kept(seq, 1)
	if err != nil || len(kept) == 0 || kept[0].Seq != seq {
		return answer{}, wrap("read kept ops", err)
	}
	a, err := verdictOf(kept[0])
	if a.Verdict == fault.NoVerdict {
		return answer{}, err
	}
	return a, err
}

func verdictOf(q local.Queued) (answer, error) {
	var r op.Result
	var err error
	if q.Result != nil {
		err = wire.DecodeRow(q.Result, &r)
	}
	return answer{Seq: q.Seq, Verdict: r.Verdict}, wrap("read outbox", err)
}

// again gives the outcome of the earlier scan, without an op of its own.
func (s *scan) again(truth fault.Verdict) Outcome {
	s.out.Seq, s.out.UsedAt, s.out.Verdict, s.out.Final = s.earlier, 0, truth, truth == fault.Provisional
	if s.answered {
		s.out.Verdict, s.out.Final = fault.Valid, true
	}
	return s.out
}

// undoTime is how long a hand-over can be taken back.
const undoTime = 2 * time.Minute

// ErrNoUndo says that a hand-over cannot be taken back any more.
var ErrNoUndo = fmt.Errorf("this is not the last thing that this device did, or it was more than %v ago", undoTime)

// Undo takes back the hand-over of a ticket that was the last thing this device
// did, at most two minutes ago: the wrong button, the wrong person. The error is
// ErrNoUndo where it is too late for that.
func (c *Counter) Undo(t id.Ticket, now time.Time, by string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	used, err := get[wire.UsedRow](c.cfg.Store, wire.TableUsed, usedID(op.Redeem, t))
	if err != nil {
		return fmt.Errorf("undo: %w", err)
	}
	state, err := c.cfg.Store.State()
	if err != nil {
		return fmt.Errorf("undo: %w", err)
	}
	since := now.UnixMilli() - used.At
	if used.Kind != op.Redeem || state.Last != used.Seq || since < 0 || since > undoTime.Milliseconds() {
		return fmt.Errorf("undo ticket %d: %w", t, ErrNoUndo)
	}
	o := op.Op{Kind: op.Redeem, Ticket: t, Epoch: used.Epoch, Undo: true, Station: c.cfg.Station, At: now.UnixMilli(), EnteredBy: by, Channel: c.cfg.Channel}
	_, err = c.queue(o, map[string]wire.UsedRow{usedID(op.Redeem, t): {Ticket: t, At: o.At, Epoch: used.Epoch}})
	return wrap("undo", err)
}
