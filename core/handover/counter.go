package handover

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// Outbox is where a device queues its ops (link.Device is one).
type Outbox interface {
	// DoRows numbers an op and stores it together with the rows that it changes,
	// in one transaction that survives a power cut, before it returns.
	DoRows(o op.Op, rows func(seq uint64) ([]local.Row, error)) (uint64, error)
}

// Config is what a counter is made of. Status may be nil: always offline.
type Config struct {
	Store   local.Store
	Outbox  Outbox
	Device  id.Device
	Station id.Station // where the device stands; empty for one that moves about
	Channel op.Channel
	Zone    *time.Location // of the deployment
	Status  func() Status
	Boot    func() (boot string, since time.Duration) // as link.Config.Boot; nil: only a clock set back is noticed

	Supervisor bool // the device is a supervisor's: without it no override counts

	Upstream id.Device                             // the hub that decides for this device; empty without one
	Relaying func(from id.Device, seq uint64) bool // at a hub: the rows do not contain that op of a scanner yet
}

// Status is how the device stands towards its server at this moment.
type Status struct{ Online, Revoked bool }

// Counter hands over and checks in on one device. It is safe for concurrent
// use; two scans never interleave.
type Counter struct {
	cfg   Config
	mu    sync.Mutex           // held from the first read of a scan until its op is stored
	asked map[uint64]id.Ticket // by the op that asks the server about it; nil until it was read
	given map[uint64]bool      // by the op whose answer was taken: another scan that waits for it gets nothing

	numbers map[uint32]id.Activity // as tickets call them: those that were scanned
}

// New makes a counter. It reads nothing yet.
func New(cfg Config) *Counter {
	return &Counter{cfg: cfg, numbers: map[uint32]id.Activity{}, given: map[uint64]bool{}}
}

// Options of one scan.
type Options struct {
	Activity id.Activity // the desk is set to it; empty takes any
	Pool     id.Pool     // of a door that is set to one session; empty takes any
	Override bool        // a supervisor hands over against the verdict
	Reason   string      // of the override, or why a ticket was picked from a list instead of being scanned
	By       string      // who works here
	Out      bool        // at a door: leaving
}

// Outcome is what the person at the counter is shown.
type Outcome struct {
	Verdict    fault.Verdict   // see HandsOver
	Door       bool            // a check-in, not a hand-over
	Overridden fault.Verdict   // what the verdict was before a supervisor overrode it, or NoVerdict
	Final      bool            // false: the server decides; nothing is handed over before Confirm took its answer to op Seq
	Seq        uint64          // number of the op that records the scan
	Ticket     id.Ticket       // 0 where the code was not a ticket of ours
	Activity   id.Activity     // empty where it is not known here
	Title      string          // of the activity
	Pool       id.Pool         //
	Seats      int             // how many to hand over or let in
	Holder     string          // masked name, where the scanned code opened it
	Station    wire.StationRow // of a ticket that is bound elsewhere, if that place is known
	UsedAt     int64           // when this device handed over or let in before, Unix milliseconds; 0 if it did not
}

// HandsOver reports whether the person gets what the ticket stands for, or may go
// in. A provisional ticket is one that another device may have honoured already:
// it opens a door, which is put right later, but hands out nothing scarce.
func (o Outcome) HandsOver() bool {
	return o.Verdict == fault.Valid || o.Verdict == fault.Provisional && o.Door
}

// secondTime reports whether a supervisor hands over once more: the mark on the device, and the
// answer that goes with it, are of the first time.
func (o Outcome) secondTime() bool { return o.Overridden == fault.AlreadyRedeemed }

// Redeem judges a scanned code and records the scan, whatever comes out. When it
// returns without an error, the record survives a power cut and a second scan
// finds it; with an error nothing may be handed over.
func (c *Counter) Redeem(code string, now time.Time, o Options) (Outcome, error) {
	return c.scan(op.Redeem, now, o, func(s *scan) error { return s.open(code) })
}

// RedeemTicket is Redeem for a ticket that staff found by its short code or in
// the list of this station, after they have seen who the person is.
func (c *Counter) RedeemTicket(t id.Ticket, now time.Time, o Options) (Outcome, error) {
	return c.scan(op.Redeem, now, o, func(s *scan) error { s.op.Reason = o.Reason; return s.pick(t) })
}

// CheckIn is Redeem at a door: it lets in (or out) and hands nothing over.
func (c *Counter) CheckIn(code string, now time.Time, o Options) (Outcome, error) {
	return c.scan(op.CheckIn, now, o, func(s *scan) error { return s.open(code) })
}

// CheckInTicket is CheckIn for a ticket that staff found in the check-in list.
func (c *Counter) CheckInTicket(t id.Ticket, now time.Time, o Options) (Outcome, error) {
	return c.scan(op.CheckIn, now, o, func(s *scan) error { s.op.Reason = o.Reason; return s.pick(t) })
}

func (c *Counter) scan(kind op.Kind, now time.Time, o Options, find func(*scan) error) (Outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &scan{Config: &c.cfg, numbers: c.numbers, options: o, op: op.Op{Kind: kind, Station: c.cfg.Station, At: now.UnixMilli(),
		Out: o.Out, EnteredBy: o.By, Channel: c.cfg.Channel}}
	s.out.Door = kind == op.CheckIn
	s.facts = Facts{Zone: c.cfg.Zone, Now: now.UnixMilli()}
	if c.cfg.Status != nil {
		status := c.cfg.Status()
		s.facts.Online, s.facts.DeviceRevoked = status.Online, status.Revoked
	}
	if err := s.clock(); err != nil {
		return Outcome{}, fmt.Errorf("scan: %w", err)
	}
	var err error
	if s.first, err = s.Store.First(); err != nil {
		return Outcome{}, fmt.Errorf("scan: %w", err)
	}
	if err := find(s); err != nil {
		return Outcome{}, fmt.Errorf("scan: %w", err)
	}
	out, err := s.record()
	if err == nil && !out.Final && !out.Door && !out.secondTime() && c.asked != nil {
		c.asked[out.Seq] = out.Ticket
	}
	if err == nil && s.answered && out.Seq == s.earlier {
		err = c.take(out)
	}
	return out, err
}

// record stores the scan, and only then gives the outcome.
func (s *scan) record() (Outcome, error) {
	truth, authority := Verdict(s.facts), s.facts.Binding == BoundHere
	if s.op.Kind == op.CheckIn {
		truth, authority = DoorVerdict(s.facts, s.options.Out), s.facts.State != op.ClaimNone && s.Upstream == ""
	}
	if s.earlier != 0 && (truth == fault.Valid || truth == fault.Provisional) && !s.overrides() {
		return s.again(truth), nil
	}
	s.op.Verdict, s.out.Verdict = truth, truth
	if s.overrides() && truth != fault.Valid && Overridable(truth) {
		s.op.Override, s.op.Reason = true, s.options.Reason
		s.out.Verdict, s.out.Overridden = fault.Valid, truth
	}
	s.out.Final = authority || !s.out.HandsOver()
	s.op.Asked = s.op.Kind == op.Redeem && !s.out.Final
	seq, err := s.Outbox.DoRows(s.op, s.rows)
	if err != nil {
		return Outcome{}, fmt.Errorf("record scan of ticket %d; hand nothing over: %w", s.op.Ticket, err)
	}
	s.out.Seq = seq
	return s.out, nil
}

// overrides reports whether a supervisor hands over whatever the verdict is.
func (s *scan) overrides() bool { return s.options.Override && s.Supervisor }

// rows are what a scan leaves on the device: the newest time seen, and the mark
// that refuses the second scan.
func (s *scan) rows(seq uint64) ([]local.Row, error) {
	marks := map[string]wire.UsedRow{}
	if s.seen.Wall != 0 {
		marks[clockMark] = wire.UsedRow{At: s.seen.Wall, Boot: s.seen.Boot, Since: s.seen.Since.Milliseconds()}
	}
	if s.leavesMark() {
		marks[usedID(s.op.Kind, s.op.Ticket)] = wire.UsedRow{Ticket: s.op.Ticket, Seq: seq, At: s.op.At, Kind: s.op.Kind, Out: s.op.Out, Epoch: s.op.Epoch,
			Asked: s.op.Kind == op.Redeem && !s.out.Final}
	}
	return markRows(marks)
}

// leavesMark reports whether the outcome is to be remembered here. What a supervisor
// hands over once more leaves the mark of the first time alone: taking the second back
// must not undo it.
func (s *scan) leavesMark() bool {
	return s.out.HandsOver() && (s.op.Kind != op.Redeem || !s.out.secondTime())
}

func markRows(marks map[string]wire.UsedRow) (rows []local.Row, err error) {
	for key, mark := range marks {
		body, err := wire.EncodeRow(mark)
		if err != nil {
			return nil, err
		}
		rows = append(rows, local.Row{Table: wire.TableUsed, ID: key, Body: body})
	}
	return rows, nil
}

// usedID keeps check-ins apart from hand-overs: one does not undo the other.
func usedID(kind op.Kind, t id.Ticket) string {
	key := strconv.FormatUint(uint64(t), 10)
	if kind == op.CheckIn {
		return "door/" + key
	}
	return key
}
