package handover_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/handover"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/local/sqlite"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/seal"
	"yizhan/core/station"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// site is a union's server without its network, and two gates: A hands over at S1,
// B at S2, and both keep the doors. They were told everything once, and are cut off.
type site struct {
	testing.TB
	state   *arbiter.State
	key     seal.Private
	chains  map[id.Device]op.Origin
	gates   map[string]*gate
	tickets map[string]id.Ticket // by member and activity
	entries []op.Entry
}

type gate struct {
	store   local.Store
	counter *handover.Counter
	device  id.Device
}

func (g *gate) DoRows(o op.Op, rows func(uint64) ([]local.Row, error)) (uint64, error) {
	state, err := g.store.State()
	if err != nil {
		return 0, err
	}
	body, err := op.Encode(&o)
	if err != nil {
		return 0, err
	}
	changed, err := rows(state.Last + 1)
	if err != nil {
		return 0, err
	}
	return state.Last + 1, g.store.Append(local.Queued{Seq: state.Last + 1, Hash: op.Chain(state.Hash, body), Bytes: body, At: o.At}, changed...)
}

var china = time.FixedZone("CST", 8*3600)

const morning = "2026-03-02T08:00:00"

func moment(wall string) time.Time {
	t, err := time.ParseInLocation("2006-01-02T15:04:05", wall, china)
	if err != nil {
		panic(err)
	}
	return t
}

const bound = `"windows":{"pickup":["2026-03-02T10:00:00","2026-03-02T17:00:00"]},"pickup":{"stations":["S1","S2"],"bind":true}`

func specs() []string {
	session := `"sessions":[{"id":"s","starts":"2026-03-02T14:00:00","ends":"2026-03-02T16:00:00","total":9}]`
	return []string{
		`{"id":"gift","title":"礼品","pools":[{"id":"p","total":9}],` + bound + `}`,
		`{"id":"book","title":"图书","pools":[{"id":"p","total":9}]}`,
		`{"id":"gala","title":"晚会",` + session + `,` + bound + `}`,
		`{"id":"once","title":"只进一次","check_in":{"opens":"2h","closes":"0s","re_entry":"forbid"},` + session + `}`,
	}
}

func newSite(t testing.TB) *site {
	t.Helper()
	key, err := seal.Generate(bytes.NewReader(bytes.Repeat([]byte{1}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	s := &site{TB: t, state: arbiter.New(china), key: key, chains: map[id.Device]op.Origin{}, gates: map[string]*gate{}, tickets: map[string]id.Ticket{}}
	s.console(op.Op{Kind: op.PutOrgs, Orgs: []member.Org{{ID: "U"}}})
	s.console(op.Op{Kind: op.PutPeople, People: []member.Person{{ID: "m", Org: "U"}, {ID: "n", Org: "U"}}})
	s.console(op.Op{Kind: op.PutStations, Stations: []station.Station{{ID: "S1", Lat: 24, Lon: 118, Datum: "WGS84"}, {ID: "S2", Lat: 24, Lon: 118, Datum: "WGS84"}}})
	for _, e := range []op.Enrolment{{Device: "A", Role: op.Kiosk, Station: "S1", Supervisor: true}, {Device: "B", Role: op.Kiosk, Station: "S2", Supervisor: true}, {Device: "desk", Role: op.Staff}} {
		e.CodeHash = []byte(e.Device)
		s.console(op.Op{Kind: op.Offer, Enrolment: &e})
		s.console(op.Op{Kind: op.Enrol, Enrolment: &op.Enrolment{CodeHash: e.CodeHash, PublicKey: []byte(e.Device)}})
	}
	for _, spec := range specs() {
		s.console(op.Op{Kind: op.Publish, Spec: []byte(spec)})
	}
	for _, m := range []id.Member{"m", "n"} {
		for _, a := range []id.Activity{"gift", "book", "gala", "once"} {
			o := op.Op{Kind: op.Claim, Member: m, Activity: a, Seats: 1, At: 1}
			s.tickets[string(m)+" "+string(a)] = s.send("desk", o).Ticket
		}
	}
	// n's place at the door is given back before the gates are told anything.
	s.send("desk", op.Op{Kind: op.Cancel, Member: "n", Activity: "once", At: 1})
	for _, name := range []string{"A", "B"} {
		s.open(name)
	}
	return s
}

func (s *site) console(o op.Op) {
	s.Helper()
	if _, err := s.state.Execute(&o, op.Origin{}, moment(morning).UnixMilli()); err != nil {
		s.Fatal(err)
	}
}

// send has an op decided as the next one of a device that is online.
func (s *site) send(d id.Device, o op.Op) op.Result {
	s.Helper()
	raw, err := op.Encode(&o)
	if err != nil {
		s.Fatal(err)
	}
	last := s.chains[d]
	from := op.Origin{Device: d, Seq: last.Seq + 1, Previous: last.Hash, Hash: op.Chain(last.Hash, raw)}
	s.chains[d] = from
	entries, err := s.state.Execute(&o, from, moment(morning).UnixMilli())
	if err != nil {
		s.Fatal(err)
	}
	return op.ResultOf(&entries[len(entries)-1])
}

// open makes a gate, and tells it what the server knows by now.
func (s *site) open(name string) {
	s.Helper()
	store, err := sqlite.Open(filepath.Join(s.TempDir(), name+".db"))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { store.Close() })
	at := map[string]id.Station{"A": "S1", "B": "S2"}[name]
	g := &gate{store: store, device: id.Device(name)}
	g.counter = handover.New(handover.Config{Store: store, Outbox: g, Device: g.device, Station: at, Supervisor: true, Channel: op.ByKiosk, Zone: china})
	s.gates[name] = g
	var rows []local.Row
	tell := func(table, key string, row any) {
		body, err := wire.EncodeRow(row)
		if err != nil {
			s.Fatal(err)
		}
		rows = append(rows, local.Row{Table: table, ID: key, Seq: 1, Body: body})
	}
	public := s.key.Public()
	tell(wire.TableKey, "k", wire.KeyRow{KID: public.KID(), PublicKey: public.Marshal(), Algorithm: public.Algorithm(), Number: 7})
	for i, st := range []id.Station{"S1", "S2"} {
		authority, _ := s.state.Authority(st)
		tell(wire.TableStation, string(st), wire.StationRow{ID: st, Number: uint32(i + 1), Authority: authority})
	}
	for i, spec := range specs() {
		tell(wire.TableActivity, fmt.Sprint(i), wire.ActivityRow{ID: activities[i], Number: uint32(i + 1), Spec: []byte(spec)})
	}
	for name, t := range s.tickets {
		who, a, _ := strings.Cut(name, " ")
		state := op.ClaimGranted
		if name == "n once" {
			state = op.ClaimCancelled
		}
		if a == "gift" || a == "gala" {
			if at == "S1" {
				tell(wire.TableTicket, fmt.Sprint(t), wire.TicketRow{Ticket: t, Activity: id.Activity(a), Pool: pools[a], Seats: 1, State: state, Station: "S1", Blocked: name == "n gift"})
			}
		}
		if a == "gala" || a == "once" {
			tell(wire.TableDoor, fmt.Sprint(t), wire.DoorRow{Ticket: t, Activity: id.Activity(a), Pool: "s", Member: id.Member(who), Seats: 1, State: state})
		}
	}
	if err := store.Apply(local.Checkpoint{To: 1, Rows: rows}); err != nil {
		s.Fatal(err)
	}
}

var (
	activities = []id.Activity{"gift", "book", "gala", "once"}
	pools      = map[string]id.Pool{"gift": "p", "book": "p", "gala": "s", "once": "s"}
)

// code is what the phone of a member shows for an activity.
func (s *site) code(name string, change func(*ticket.Ticket)) string {
	s.Helper()
	_, a, _ := strings.Cut(name, " ")
	x := ticket.Ticket{Deployment: 7, ID: s.tickets[name], Activity: uint32(slices.Index(activities, id.Activity(a)) + 1), Seats: 1}
	if a == "gift" || a == "gala" {
		x.Station = 1
	}
	key := s.key
	if change != nil {
		change(&x)
		if x.Deployment == 0 { // signed by nobody known
			other, err := seal.Generate(bytes.NewReader(bytes.Repeat([]byte{2}, 32)))
			if err != nil {
				s.Fatal(err)
			}
			x.Deployment, key = 7, other
		}
	}
	code, err := ticket.Seal(key, x)
	if err != nil {
		s.Fatal(err)
	}
	return code
}

// upload sends the whole outbox of a gate, every op twice.
func (s *site) upload(name string) {
	s.Helper()
	queue, err := s.gates[name].store.Queue()
	if err != nil {
		s.Fatal(err)
	}
	previous := op.Hash{}
	for _, q := range queue {
		from := op.Origin{Device: id.Device(name), Seq: q.Seq, Previous: previous, Hash: q.Hash}
		previous = q.Hash
		o, err := op.Decode(q.Bytes)
		if err != nil {
			s.Fatal(err)
		}
		entries, err := s.state.Execute(&o, from, moment("2026-03-02T20:00:00").UnixMilli())
		if err != nil {
			s.Fatal(err)
		}
		s.entries = append(s.entries, entries...)
		if standing, _ := s.state.Admit(from); standing != arbiter.KnownOp {
			s.Errorf("op %d of %s sent again stands at %d: it would make a second record", q.Seq, name, standing)
		}
	}
	if err := s.state.Check(); err != nil {
		s.Error(err)
	}
}

// found counts what the uploads left: hand-overs, people who went through a door,
// incidents, and whether somebody is inside.
func (s *site) found() (handed, doors, incidents int, inside bool) {
	for _, e := range s.entries {
		switch e.Kind {
		case op.Redeemed:
			handed++
		case op.CheckedIn:
			doors++
			if e.Word != op.LateCheckIn {
				inside = !e.Out
			}
		case op.IncidentMade:
			incidents++
		}
	}
	return handed, doors, incidents, inside
}

// scanned is one scan at a gate.
type scanned struct {
	gate     string
	at       string // of that day
	do       string // redeem, in, out
	code     string // of whom and for what; or text that is no code
	change   func(*ticket.Ticket)
	desk     id.Activity // that the gate is set to
	override bool
	want     fault.Verdict
}

func (s *site) scan(n int, c scanned) {
	s.Helper()
	code := c.code
	if s.tickets[c.code] != 0 {
		code = s.code(c.code, c.change)
	}
	if c.do == "altered" {
		code = code[:len(code)-9] + map[bool]string{true: "A", false: "Q"}[code[len(code)-9] != 'A'] + code[len(code)-8:]
	}
	o := handover.Options{Activity: c.desk, Override: c.override, Reason: "主管同意", By: "li", Out: c.do == "out"}
	do := s.gates[c.gate].counter.Redeem
	if c.do == "in" || c.do == "out" {
		do = s.gates[c.gate].counter.CheckIn
	}
	if out, err := do(code, moment("2026-03-02T"+c.at), o); err != nil || out.Verdict != c.want {
		s.Errorf("scan %d (%s at %s): %v, %v; want %v", n, c.do, c.gate, out.Verdict, err, c.want)
	}
}

// TestTwoGates plays the cases of a check without a network at two gates that do
// not hear of each other, and lets them report in either order. No bound ticket is
// handed over twice except by a supervisor; what could not be prevented is found.
func TestTwoGates(t *testing.T) {
	older := func(x *ticket.Ticket) { x.Epoch = 0 }
	foreign := func(x *ticket.Ticket) { x.Deployment = 0 }
	for _, c := range []struct {
		name      string
		scans     []scanned
		handed    int
		doors     int
		incidents [2]int // A first, B first
		inside    bool
	}{
		{"valid", []scanned{{gate: "A", at: "12:00:00", do: "redeem", code: "m gift", want: fault.Valid}}, 1, 0, [2]int{}, false},
		{"unknown", []scanned{{gate: "A", at: "12:00:00", do: "redeem", code: "https://example.org", want: fault.Unknown}, {gate: "B", at: "12:00:00", do: "in", code: "", want: fault.Unknown}}, 0, 0, [2]int{}, false},
		{"cancelled", []scanned{{gate: "A", at: "14:00:00", do: "in", code: "n once", want: fault.Cancelled}, {gate: "B", at: "14:00:00", do: "in", code: "n once", want: fault.Cancelled}}, 0, 0, [2]int{}, false},
		{"blocked", []scanned{{gate: "A", at: "12:00:00", do: "redeem", code: "n gift", want: fault.Blocked}}, 0, 0, [2]int{}, false},
		{"1 s around the window", []scanned{{gate: "A", at: "09:59:59", do: "redeem", code: "m gift", want: fault.TooEarly}, {gate: "A", at: "17:00:00", do: "redeem", code: "m gala", want: fault.TooLate},
			{gate: "B", at: "11:59:59", do: "in", code: "m gala", want: fault.TooEarly}, {gate: "B", at: "16:00:00", do: "in", code: "m gala", want: fault.TooLate}}, 0, 0, [2]int{}, false},
		{"1 s within the window", []scanned{{gate: "A", at: "10:00:00", do: "redeem", code: "m gift", want: fault.Valid}, {gate: "A", at: "16:59:59", do: "redeem", code: "m gala", want: fault.Valid},
			{gate: "B", at: "12:00:00", do: "in", code: "m gala", want: fault.Valid}, {gate: "B", at: "15:59:59", do: "in", code: "m once", want: fault.Valid}}, 2, 2, [2]int{}, true},
		{"wrong activity", []scanned{{gate: "A", at: "12:00:00", do: "redeem", code: "m gift", desk: "gala", want: fault.WrongActivity}, {gate: "B", at: "14:00:00", do: "in", code: "m gala", desk: "once", want: fault.WrongActivity}}, 0, 0, [2]int{}, false},
		{"wrong station", []scanned{{gate: "B", at: "12:00:00", do: "redeem", code: "m gift", want: fault.WrongStation}, {gate: "A", at: "12:01:00", do: "redeem", code: "m gift", want: fault.Valid}}, 1, 0, [2]int{}, false},
		{"second scan", []scanned{{gate: "A", at: "12:00:00", do: "redeem", code: "m gift", want: fault.Valid}, {gate: "A", at: "12:01:00", do: "redeem", code: "m gift", want: fault.AlreadyRedeemed},
			{gate: "B", at: "12:02:00", do: "redeem", code: "m gift", want: fault.WrongStation}}, 1, 0, [2]int{}, false},
		{"nobody's authority", []scanned{{gate: "A", at: "12:00:00", do: "redeem", code: "m book", want: fault.Provisional}, {gate: "B", at: "12:00:00", do: "redeem", code: "m book", want: fault.Provisional}}, 0, 0, [2]int{}, false},
		{"used on one list, valid on another", []scanned{{gate: "A", at: "12:00:00", do: "redeem", code: "m gala", want: fault.Valid}, {gate: "A", at: "14:00:00", do: "in", code: "m gala", want: fault.Valid}}, 1, 1, [2]int{}, true},
		{"used on one list, valid at another gate", []scanned{{gate: "A", at: "12:00:00", do: "redeem", code: "m gala", want: fault.Valid}, {gate: "B", at: "14:00:00", do: "in", code: "m gala", want: fault.Valid}}, 1, 1, [2]int{}, true},
		{"entry, exit, entry", []scanned{{gate: "A", at: "14:00:00", do: "in", code: "m gala", want: fault.Valid}, {gate: "A", at: "14:10:00", do: "in", code: "m gala", want: fault.AlreadyRedeemed},
			{gate: "A", at: "14:20:00", do: "out", code: "m gala", want: fault.Valid}, {gate: "A", at: "14:30:00", do: "in", code: "m gala", want: fault.Valid}}, 0, 3, [2]int{}, true},
		{"entry at both gates", []scanned{{gate: "A", at: "14:00:00", do: "in", code: "m gala", want: fault.Valid}, {gate: "B", at: "14:10:00", do: "in", code: "m gala", want: fault.Valid}}, 0, 2, [2]int{1, 1}, true},
		{"earlier entry told late does not undo an exit", []scanned{{gate: "A", at: "14:00:00", do: "in", code: "m gala", want: fault.Valid}, {gate: "B", at: "14:30:00", do: "out", code: "m gala", want: fault.Valid}}, 0, 2, [2]int{}, false},
		{"re-entry forbidden", []scanned{{gate: "A", at: "14:00:00", do: "in", code: "m once", want: fault.Valid}, {gate: "A", at: "14:10:00", do: "out", code: "m once", want: fault.Valid},
			{gate: "A", at: "14:20:00", do: "in", code: "m once", want: fault.ReEntryRefused}}, 0, 2, [2]int{}, false},
		{"re-entry forbidden, at the other gate", []scanned{{gate: "A", at: "14:00:00", do: "in", code: "m once", want: fault.Valid}, {gate: "A", at: "14:10:00", do: "out", code: "m once", want: fault.Valid},
			{gate: "B", at: "14:20:00", do: "in", code: "m once", want: fault.Valid}}, 0, 3, [2]int{1, 1}, true},
		{"false rule refuses entry, not exit", []scanned{{gate: "A", at: "14:00:00", do: "in", code: "m gala", want: fault.Valid}, {gate: "B", at: "16:30:00", do: "in", code: "m gala", want: fault.TooLate},
			{gate: "B", at: "16:30:00", do: "out", code: "m gala", want: fault.Valid}, {gate: "A", at: "16:40:00", do: "out", code: "n once", want: fault.Valid}}, 0, 3, [2]int{}, false},
		{"altered signature", []scanned{{gate: "A", at: "12:00:00", do: "altered", code: "m gift", want: fault.BadSignature}, {gate: "B", at: "12:00:00", do: "altered", code: "m gala", want: fault.BadSignature}}, 0, 0, [2]int{}, false},
		{"other deployment's key", []scanned{{gate: "A", at: "12:00:00", do: "redeem", code: "m gift", change: foreign, want: fault.BadSignature}, {gate: "B", at: "14:00:00", do: "in", code: "m gala", change: foreign, want: fault.BadSignature}}, 0, 0, [2]int{}, false},
		{"revoked", []scanned{{gate: "A", at: "12:00:00", do: "recalled", code: "n gala", change: older, want: fault.Revoked}}, 0, 0, [2]int{}, false},
		{"forced duplicate", []scanned{{gate: "A", at: "12:00:00", do: "redeem", code: "m gift", want: fault.Valid}, {gate: "B", at: "12:10:00", do: "redeem", code: "m gift", override: true, want: fault.Valid}}, 1, 0, [2]int{1, 2}, false},
		{"forced at one gate", []scanned{{gate: "A", at: "12:00:00", do: "redeem", code: "m gift", want: fault.Valid}, {gate: "A", at: "12:10:00", do: "redeem", code: "m gift", override: true, want: fault.Valid}}, 1, 0, [2]int{1, 1}, false},
	} {
		for i, order := range [][]string{{"A", "B"}, {"B", "A"}} {
			t.Run(c.name+", "+order[0]+" first", func(t *testing.T) {
				s := newSite(t)
				for n, scan := range c.scans {
					if scan.do == "recalled" { // the server had it back before the gates were cut off
						recall := wire.Recall{Tickets: []wire.Bound{{Ticket: s.tickets[scan.code]}}}
						if err := s.gates[scan.gate].counter.GiveUp(recall); err != nil {
							t.Fatal(err)
						}
					}
					s.scan(n, scan)
				}
				for _, name := range order {
					s.upload(name)
				}
				if handed, doors, incidents, inside := s.found(); handed != c.handed || doors != c.doors || incidents != c.incidents[i] || inside != c.inside {
					t.Errorf("%d hand-overs, %d through doors, %d incidents, inside %v; want %d, %d, %d, %v", handed, doors, incidents, inside, c.handed, c.doors, c.incidents[i], c.inside)
				}
			})
		}
	}
}
