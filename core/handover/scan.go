package handover

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"yizhan/core/activity"
	"yizhan/core/clock"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// ErrNoKeys says that the device can check no signature yet.
var ErrNoKeys = errors.New("this device has no keys to check tickets with; connect it to the server once")

// scan gathers the facts of one scan.
type scan struct {
	*Config
	numbers  map[uint32]id.Activity // the counter's
	options  Options
	facts    Facts
	seen     clock.Reading // newest that is believed, this scan included
	op       op.Op
	out      Outcome
	secret   *[16]byte // of the scanned code; nil for a ticket that was picked from a list
	once     bool      // nobody comes back through this door
	earlier  uint64    // op that asked the server about this ticket; 0 if none did, or its answer is used up
	answered bool      // and the answer was valid
	first    uint64    // where the outbox began before any row was read
}

// open reads a code and then everything about the ticket that it holds.
func (s *scan) open(code string) error {
	t, err := s.verify(code)
	switch {
	case errors.Is(err, ticket.ErrNotTicket):
		s.facts.Code, s.op.Scanned = CodeNotTicket, harmless(code)
		return nil
	case errors.Is(err, ticket.ErrBadSignature):
		s.facts.Code, s.op.Scanned = CodeAltered, harmless(code)
		return nil
	case errors.Is(err, ticket.ErrForeign):
		s.facts.Code, s.op.Scanned = CodeForeign, harmless(code)
		return nil
	case err != nil:
		return err
	}
	s.facts.Epoch, s.secret = t.Epoch, &t.Secret
	s.op.Ticket, s.op.Epoch, s.op.Seats = t.ID, t.Epoch, t.Seats
	if err := s.bind(t.Station); err != nil {
		return err
	}
	plan, err := s.numbered(t.Activity)
	if err != nil {
		return err
	}
	s.use(plan, t.Pool)
	if err := s.records(t.ID); err != nil {
		return err
	}
	return s.lent(t, code)
}

// verify opens the code under the keys that the server published.
func (s *scan) verify(code string) (ticket.Ticket, error) {
	rows, err := s.Store.Rows(wire.TableKey)
	if err != nil {
		return ticket.Ticket{}, fmt.Errorf("read keys: %w", err)
	}
	rings, err := ticket.ReadRings(rows)
	if err == nil && len(rings) == 0 {
		err = ErrNoKeys
	}
	if err != nil {
		return ticket.Ticket{}, err
	}
	return rings.Open(code)
}

// bind says whether this device hands over tickets of that station number.
func (s *scan) bind(number uint32) error {
	if number == 0 {
		return nil
	}
	here, err := get[wire.StationRow](s.Store, wire.TableStation, string(s.Station))
	switch {
	case err != nil:
		return err
	case here.Number == number && here.Authority == s.Device:
		s.facts.Binding = BoundHere
		return s.left()
	case here.Number == number && here.Authority == s.Upstream && s.Upstream != "":
		s.op.Bound = true // for this device as if it were not bound: somebody else knows all hand-overs
		return nil
	}
	s.facts.Binding = BoundElsewhere
	rows, err := s.Store.Rows(wire.TableStation)
	if err != nil {
		return fmt.Errorf("read stations: %w", err)
	}
	for _, r := range rows {
		var place wire.StationRow
		if wire.DecodeRow(r.Body, &place) == nil && place.Number == number {
			s.out.Station = place
		}
	}
	return nil
}

// pick takes a ticket from a list on this device instead of a code: the list of
// its station, or of the door, or what it granted itself.
func (s *scan) pick(t id.Ticket) error {
	s.op.Ticket = t
	var held wire.TicketRow
	var err error
	if s.op.Kind == op.Redeem {
		held, err = get[wire.TicketRow](s.Store, wire.TableTicket, number(t))
	} else {
		var door wire.DoorRow
		door, err = get[wire.DoorRow](s.Store, wire.TableDoor, number(t))
		held = wire.TicketRow{Ticket: door.Ticket, Activity: door.Activity, Pool: door.Pool, Seats: door.Seats}
	}
	if err != nil {
		return err
	}
	if held.Ticket != t || t == 0 {
		own, err := s.granted(t)
		s.facts.Missing = !own
		return err
	}
	s.facts.Epoch, s.op.Epoch, s.op.Seats = held.Epoch, held.Epoch, held.Seats
	if held.Station != "" {
		place, err := get[wire.StationRow](s.Store, wire.TableStation, string(held.Station))
		if err != nil {
			return err
		}
		switch {
		case held.Station != s.Station:
			s.facts.Binding, s.out.Station = BoundElsewhere, place
		case place.Authority == s.Device:
			s.facts.Binding = BoundHere
			if err := s.left(); err != nil {
				return err
			}
		case place.Authority == s.Upstream && s.Upstream != "":
			s.op.Bound = true
		default:
			s.facts.Binding, s.out.Station = BoundElsewhere, place
		}
	}
	plan, err := s.activity(held.Activity)
	if err != nil {
		return err
	}
	pool := -1
	if plan != nil {
		pool = plan.Pool(held.Pool)
	}
	s.use(plan, pool)
	return s.records(t)
}

// records reads what this device has been told and what it did itself.
func (s *scan) records(t id.Ticket) error {
	s.out.Ticket, s.out.Seats = t, s.op.Seats
	used, err := get[wire.UsedRow](s.Store, wire.TableUsed, usedID(s.op.Kind, t))
	if err != nil {
		return err
	}
	if used.Kind != 0 {
		s.out.UsedAt = used.At
	}
	if s.op.Kind == op.Redeem {
		return s.redemption(t, used)
	}
	waits := s.waited(used)
	door, err := get[wire.DoorRow](s.Store, wire.TableDoor, number(t))
	s.facts.State, s.facts.Used, s.facts.Blocked = door.State, door.Inside, door.Blocked && !s.op.Out // nobody is kept inside
	defer func() { s.facts.Left = s.once && !s.facts.Used && (door.Came || used.Kind == op.CheckIn) }()
	if err != nil || used.Kind != op.CheckIn || door.Inside != used.Out {
		return err // the list and this device agree, or the device knows nothing of its own
	}
	if used.Out { // this word lets in
		waits, err = s.unseen(used)
	}
	if waits || door.Ticket != t {
		s.facts.Used = !used.Out
	}
	return err
}

// redemption is records for a hand-over.
func (s *scan) redemption(t id.Ticket, used wire.UsedRow) error {
	held, err := get[wire.TicketRow](s.Store, wire.TableTicket, number(t))
	if err != nil {
		return err
	}
	s.facts.State, s.facts.Newest, s.facts.Blocked = held.State, held.Epoch, held.Blocked
	if held.State == op.ClaimCancelled || held.State == op.ClaimReturned {
		s.facts.Newest-- // its end raised the epoch last, and made no newer code
	}
	if held.Epoch < s.op.Epoch && held.State != op.ClaimRedeemed {
		s.facts.State = op.ClaimNone // the code was made after this record
	}
	if s.secret != nil && held.Sealed != nil {
		if personal, err := ticket.OpenPersonal(*s.secret, held.Sealed); err == nil {
			s.out.Holder = personal.Name // another epoch's fields do not open; the verdict says why
		}
	}
	switch {
	case used.Asked:
		if err := s.asked(used); err != nil {
			return err
		}
	case used.Kind == op.Redeem:
		s.facts.Used = true
	case used.Seq != 0 && held.State == op.ClaimRedeemed:
		undone, err := s.unseen(used)
		if err != nil {
			return err
		}
		if undone {
			s.facts.State = op.ClaimGranted
		}
	}
	return s.given(t)
}

// waited reports whether rows that are read after it may not contain what a mark is of.
// It is for marks that refuse: a checkpoint may come between it and the rows, and then
// it errs towards refusing.
func (s *scan) waited(mark wire.UsedRow) bool { return s.lacking(mark, s.first) }

// unseen reports whether rows that were read before it do not contain what a mark is
// of. It is for marks that take back a refusal: what errs here trusts the rows.
func (s *scan) unseen(mark wire.UsedRow) (bool, error) {
	first, err := s.Store.First()
	return s.lacking(mark, first), err
}

// lacking reports whether rows may not contain what a mark is of, where first is the
// oldest op of this device that they may not contain.
func (s *scan) lacking(mark wire.UsedRow, first uint64) bool {
	if mark.By != "" {
		return s.Relaying != nil && s.Relaying(mark.By, mark.Seq)
	}
	return first <= mark.Seq
}

// use takes the windows of a ticket's activity; a nil plan is an unknown one.
func (s *scan) use(plan *activity.Activity, pool int) {
	if plan == nil {
		return
	}
	s.facts.Activity = true
	s.op.Activity, s.out.Activity, s.out.Title = plan.Spec.ID, plan.Spec.ID, plan.Spec.Title
	if pool >= 0 && pool < len(plan.Pools) {
		s.op.Pool, s.out.Pool = plan.Pools[pool].ID, plan.Pools[pool].ID
	}
	s.once = plan.OneEntry
	o := s.options
	s.facts.OtherActivity = o.Activity != "" && o.Activity != plan.Spec.ID || o.Pool != "" && o.Pool != s.op.Pool
	switch {
	case s.op.Kind == op.Redeem:
		s.facts.Window, s.facts.Hours = plan.Pickup, plan.Hours
	case s.op.Pool != "":
		s.facts.Window = plan.Door(pool)
	}
}

// activity reads an activity; nil is one that this device does not know.
func (s *scan) activity(name id.Activity) (*activity.Activity, error) {
	row, err := get[wire.ActivityRow](s.Store, wire.TableActivity, string(name))
	if err != nil || row.ID == "" {
		return nil, err
	}
	return s.plan(row)
}

// numbered reads the activity that tickets call by that number. Its id is remembered,
// because a device may hold hundreds of them.
func (s *scan) numbered(number uint32) (*activity.Activity, error) {
	if name, ok := s.numbers[number]; ok {
		row, err := get[wire.ActivityRow](s.Store, wire.TableActivity, string(name))
		if err != nil {
			return nil, err
		}
		if row.Number == number { // it is still there
			return s.plan(row)
		}
	}
	rows, err := s.Store.Rows(wire.TableActivity)
	if err != nil {
		return nil, fmt.Errorf("read activities: %w", err)
	}
	for _, r := range rows {
		var row wire.ActivityRow
		if err := wire.DecodeRow(r.Body, &row); err != nil {
			return nil, fmt.Errorf("read activity %s: %w", r.ID, err)
		}
		if row.Number == number {
			s.numbers[number] = row.ID
			return s.plan(row)
		}
	}
	return nil, nil
}

// plan reads of an activity only what a counter needs, so that one whose rules
// are from a newer server can still be handed over by an old device.
func (s *scan) plan(row wire.ActivityRow) (*activity.Activity, error) {
	var read struct {
		ID          id.Activity        `json:"id"`
		Title       string             `json:"title"`
		Pools       []activity.Pool    `json:"pools"`
		Sessions    []activity.Session `json:"sessions"`
		Windows     activity.Windows   `json:"windows"`
		PickupHours []string           `json:"pickup_hours"`
		CheckIn     *activity.CheckIn  `json:"check_in"`
	}
	if err := json.Unmarshal(row.Spec, &read); err != nil {
		return nil, fmt.Errorf("read activity %s, update this program: %w", row.ID, err)
	}
	plan, err := activity.Compile(activity.Spec{ID: read.ID, Title: read.Title, Pools: read.Pools, Sessions: read.Sessions,
		Windows: read.Windows, PickupHours: read.PickupHours, CheckIn: read.CheckIn}, s.Zone)
	if err != nil {
		return nil, fmt.Errorf("read activity %s, update this program: %w", row.ID, err)
	}
	return plan, nil
}

// get reads one row; the zero value if there is none.
func get[R any](store local.Store, table, key string) (R, error) {
	var row R
	r, ok, err := store.Get(table, key)
	if err == nil && ok {
		err = wire.DecodeRow(r.Body, &row)
	}
	if err != nil {
		return row, fmt.Errorf("read %s %s: %w", table, key, err)
	}
	return row, nil
}

func number(t id.Ticket) string { return strconv.FormatUint(uint64(t), 10) }

// harmless keeps enough of a code to see what people scan by mistake. Digits are
// hidden: somebody may have scanned an identity card.
func harmless(code string) string {
	const keep = 16
	var b strings.Builder
	for _, r := range code {
		switch {
		case b.Len() == keep:
			return b.String()
		case '0' <= r && r <= '9':
			b.WriteByte('#')
		case r < ' ' || r > '~':
			b.WriteByte('?')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
