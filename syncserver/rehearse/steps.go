package rehearse

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/membercode"
	"yizhan/core/op"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// outcome is what a step gave, in the words of the file.
type outcome struct {
	result   *op.Result
	verdict  fault.Verdict
	granted  *int
	isDraw   bool
	everyone bool // compare the whole world: a check step

	returned, writtenOff *int

	refusal string // of what staff asked, in words
}

// step does one step. An error means that the step could not be done at all.
func (w *world) step(s *Step) (outcome, error) {
	switch s.Do {
	case "claim":
		return w.claim(s)
	case "group_claim":
		return w.groupClaim(s)
	case "cancel":
		return w.cancel(s)
	case "rebind":
		return w.rebind(s)
	case "redeem", "check_in":
		return w.scan(s)
	case "copy_code":
		return outcome{}, w.copyCode(s)
	case "lease":
		return w.lend(s)
	case "return_lease":
		return w.returnLease(s)
	case "write_off":
		return w.writeOff(s)
	case "draw":
		r, err := w.server.Draw(context.Background(), s.Activity, s.Seed)
		return outcome{result: &r, isDraw: true}, err
	case "storm":
		return w.storm(s)
	case "offline", "lose":
		return outcome{}, w.offline(s)
	case "online":
		return outcome{}, w.online(s)
	case "clock":
		return outcome{}, w.setClock(s)
	case "crash":
		return outcome{}, w.crash(s)
	case "advance":
		t, err := w.moment(s.To, w.now())
		if err == nil {
			err = w.advance(t)
		}
		return outcome{}, err
	case "check":
		return outcome{everyone: true}, nil
	}
	return outcome{}, fmt.Errorf("a %s step cannot be done", s.Do)
}

// advance moves the clock and lets the server decide what fell due.
func (w *world) advance(t time.Time) error {
	if t.UnixMilli() < w.clock.Load() {
		return fmt.Errorf("%s lies before the clock, which stands at %s", t.Format(time.DateTime), w.now().Format(time.DateTime))
	}
	if err := w.pass(t); err != nil {
		return err
	}
	return w.collect()
}

// collect lets the devices that are online give up the lapsed tickets whose seats
// wait for their word.
func (w *world) collect() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var wanted map[id.Device][]wire.Bound
	if err := w.server.View(ctx, func(s *arbiter.State) { wanted = s.Wanted() }); err != nil || len(wanted) == 0 {
		return err
	}
	if _, err := w.server.Ledger(ctx); err != nil { // by now they have been asked
		return err
	}
	for name := range wanted {
		if d, err := w.device(name); err == nil && d.online {
			if err := w.sync(d); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) device(name id.Device) (*device, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if d := w.devices[name]; d != nil {
		return d, nil
	}
	return nil, fmt.Errorf("there is no device %q", name)
}

// asker chooses the device of a step: the named one, or the member's own phone.
func (w *world) asker(s *Step) (*device, error) {
	switch {
	case s.Device != "":
		return w.device(s.Device)
	case s.Member == "":
		return w.desk(s.Org)
	}
	if !w.exists(s.Member) {
		return w.desk("") // nobody's phone: a stranger asks at a desk
	}
	return w.phone(s.Member)
}

func (w *world) exists(m id.Member) (ok bool) {
	err := w.server.View(context.Background(), func(s *arbiter.State) { _, ok = s.Person(m) })
	return ok && err == nil
}

func seats(s *Step) int {
	if s.Seats == nil {
		return 1
	}
	return *s.Seats
}

// do sends an op from a step's device, again as often as the step says, and
// makes sure that every resend has the same answer.
func (w *world) do(s *Step, o op.Op) (outcome, error) {
	d, err := w.asker(s)
	if err != nil {
		return outcome{}, err
	}
	before, err := d.store.State()
	if err != nil {
		return outcome{}, err
	}
	o.At = w.at(d).UnixMilli()
	if d.Role == op.Kiosk && (o.Kind == op.Claim || o.Kind == op.Cancel || o.Kind == op.Rebind) {
		if o.Proof, err = w.vouch(); err != nil {
			return outcome{}, err
		}
	}
	w.chaos.open(d)
	r, err := w.ask(d, o)
	w.chaos.shut()
	if err != nil {
		return outcome{}, err
	}
	return outcome{result: &r}, w.again(s, d, before, o, r)
}

// vouch is the code of staff that a kiosk scans before it asks for somebody: a step
// at a kiosk takes for granted that somebody has looked who it is.
func (w *world) vouch() ([]byte, error) {
	desk, err := w.desk("")
	if err != nil {
		return nil, err
	}
	if err := w.sync(desk); err != nil { // its pass comes with the first welcome
		return nil, err
	}
	code, _, err := membercode.Own(desk.store, w.at(desk))
	if err != nil {
		return nil, fmt.Errorf("vouch at a kiosk: %w", err)
	}
	return ticket.Bytes(code)
}

// again hands the server the same op as often as the step says; an offline
// device sends it once, later.
func (w *world) again(s *Step, d *device, before local.State, o op.Op, r op.Result) error {
	raw, err := op.Encode(&o)
	if err != nil {
		return err
	}
	for n := 1; n < s.Repeat && d.online; n++ {
		again, err := w.resend(d, raw, before.Hash, before.Last+1)
		if err != nil {
			return fmt.Errorf("send it again: %w", err)
		}
		if !same(r, again) {
			return fmt.Errorf("sent again it gave %+v instead of %+v", again, r)
		}
	}
	return nil
}

func (w *world) claim(s *Step) (outcome, error) {
	o := op.Op{Kind: op.Claim, Member: s.Member, Activity: s.Activity, Pool: s.Pool, Seats: seats(s), Station: s.Station, Channel: op.ByPhone}
	if d, err := w.asker(s); err != nil {
		return outcome{}, err
	} else if d.Role != op.Phone {
		if out, handled, err := w.claimAt(s, d, o); handled || err != nil {
			return out, err
		}
	}
	return w.do(s, o)
}

func (w *world) groupClaim(s *Step) (outcome, error) {
	o := op.Op{Kind: op.GroupClaim, Org: s.Org, Activity: s.Activity, Pool: s.Pool, Station: s.Station, Channel: op.ByStaff}
	for _, l := range s.Lines {
		o.Lines = append(o.Lines, op.Line{Member: l.Member, Seats: max(l.Seats, 1)})
	}
	if r := s.Range; r != nil {
		for i := 1; i <= r.Count; i++ {
			line := op.Line{Member: id.Member(fmt.Sprintf("%s%d", r.Prefix, i)), Seats: 1}
			if i <= r.TwoSeats {
				line.Seats = 2
			}
			o.Lines = append(o.Lines, line)
		}
	}
	return w.do(s, o)
}

func (w *world) cancel(s *Step) (outcome, error) {
	o := op.Op{Kind: op.Cancel, Member: s.Member, Org: s.Org, Activity: s.Activity, Pool: s.Pool}
	if s.Seats != nil {
		o.Seats = *s.Seats
	}
	return w.do(s, o)
}

func (w *world) rebind(s *Step) (outcome, error) {
	return w.do(s, op.Op{Kind: op.Rebind, Member: s.Member, Activity: s.Activity, Station: s.Station})
}

// asked reports whether the server is to decide a scan.
func (d *device) asked(t id.Ticket, seq uint64) bool {
	var mark wire.UsedRow
	row, ok, err := d.store.Get(wire.TableUsed, strconv.FormatUint(uint64(t), 10))
	return err == nil && ok && wire.DecodeRow(row.Body, &mark) == nil && mark.Asked && mark.Seq == seq
}

// storm lets random members of a range press, each on their own phone.
func (w *world) storm(s *Step) (outcome, error) {
	over, err := duration(s.Over)
	if err != nil {
		return outcome{}, err
	}
	n := 0
	for _, r := range w.MemberRanges {
		if r.Prefix == s.Prefix {
			n = r.Count
		}
	}
	if n == 0 {
		return outcome{}, fmt.Errorf("there is no member range %q", s.Prefix)
	}
	presses := map[id.Member]int{}
	var order []id.Member
	for range s.Tries {
		m := id.Member(fmt.Sprintf("%s%d", s.Prefix, 1+w.random.IntN(n)))
		if presses[m]++; presses[m] == 1 {
			order = append(order, m)
		}
	}
	var granted, next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, 128) // so many press at the same moment
	for i := range errs {
		wg.Go(func() {
			for k := next.Add(1) - 1; k < int64(len(order)) && errs[i] == nil; k = next.Add(1) - 1 {
				var got int
				got, errs[i] = w.press(order[k], presses[order[k]], s)
				granted.Add(int64(got))
			}
		})
	}
	w.chaos.open(nil)
	wg.Wait()
	w.chaos.shut()
	for _, err := range errs {
		if err != nil {
			return outcome{}, err
		}
	}
	sum := int(granted.Load())
	return outcome{granted: &sum}, w.advance(w.now().Add(over))
}

// press is one member of a storm, pressing n times.
func (w *world) press(m id.Member, n int, s *Step) (granted int, err error) {
	d, err := w.phone(m)
	if err != nil {
		return 0, err
	}
	defer w.chaos.rest(d)
	for range n {
		r, err := w.ask(d, op.Op{Kind: op.Claim, Member: m, Activity: s.Activity, Pool: s.Pool, Seats: 1, Channel: op.ByPhone})
		if err != nil {
			return granted, err
		}
		if r.Outcome == op.Granted {
			granted += r.Seats
		}
	}
	return granted, nil
}

// offline takes a device from the network, with everything that had happened by then.
func (w *world) offline(s *Step) error {
	d, err := w.device(s.Device)
	if err != nil {
		return err
	}
	if d.online {
		err = w.sync(d)
	}
	if d.lost = s.Do == "lose"; err != nil {
		return err
	}
	return w.cut(d)
}

func (w *world) online(s *Step) error {
	d, err := w.device(s.Device)
	if err != nil {
		return err
	}
	d.online = true
	w.chaos.open(d)
	d.link.SetOnline(true)
	err = w.sync(d)
	if w.chaos.shut(); err != nil {
		return err
	}
	return w.endLeasesOf(d)
}

func (w *world) setClock(s *Step) error {
	d, err := w.device(s.Device)
	if err != nil {
		return err
	}
	offset, err := duration(strings.TrimPrefix(s.Offset, "+"))
	d.offset.Store(offset.Milliseconds())
	return err
}

// crash ends a process between two writes and starts it again on the files that it left.
func (w *world) crash(s *Step) error {
	if s.Device == "server" {
		w.socket.cut()
		return w.restartServer(nil)
	}
	d, err := w.device(s.Device)
	if err != nil {
		return err
	}
	d.die()
	return w.restartDevice(d)
}
