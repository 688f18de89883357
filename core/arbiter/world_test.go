package arbiter

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/schedule"
	"yizhan/core/seal"
	"yizhan/core/station"
	"yizhan/core/ticket"
)

// failer is what a world needs of a test, of either kind.
type failer interface {
	Helper()
	Errorf(string, ...any)
	Fatalf(string, ...any)
}

// world is a state with the journal that made it, and devices that send ops.
type world struct {
	witness *op.Witness // who vouches at a kiosk
	t       failer
	s       *State
	now     int64
	journal []op.Entry
	devices map[id.Device]*chain
}

// chain is the end of a device's op chain, as the device has it.
type chain struct {
	seq  uint64
	hash op.Hash
}

func zone(t failer) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatalf("%v", err)
	}
	return z
}

func at(t failer, s string) int64 {
	t.Helper()
	v, err := time.ParseInLocation(schedule.Layout, s, zone(t))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return v.UnixMilli()
}

// start is when every world begins.
const start = "2026-03-01T08:00:00"

// newWorld has a small union: TOWN and PARK under ROOT, A and B under PARK, six
// members of A, three of B, one of TOWN, two stations, and one device of each kind.
func newWorld(t failer) *world {
	t.Helper()
	w := &world{t: t, s: New(zone(t)), now: at(t, start), devices: map[id.Device]*chain{}}
	w.console(op.Op{Kind: op.PutOrgs, Orgs: []member.Org{{ID: "A", Parent: "PARK"}, {ID: "B", Parent: "PARK"}, {ID: "PARK", Parent: "ROOT"}, {ID: "TOWN", Parent: "ROOT"}, {ID: "ROOT"}}})
	var people []member.Person
	for _, m := range []string{"a1", "a2", "a3", "a4", "a5", "a6", "b1", "b2", "b3"} {
		people = append(people, member.Person{ID: id.Member(m), Org: id.Org(strings.ToUpper(m[:1])), Sex: "F", Birth: "1990-01-01"})
	}
	people = append(people, member.Person{ID: "t1", Org: "TOWN", Sex: "M", Tags: []string{"frontline"}})
	w.console(op.Op{Kind: op.PutPeople, People: people})
	w.console(op.Op{Kind: op.PutStations, Stations: []station.Station{{ID: "HQ", Name: "总部", Lat: 31, Lon: 121, Datum: "WGS84"}, {ID: "ST1", Name: "一站", Lat: 31, Lon: 121, Datum: "WGS84"}}})
	w.enrol(op.Enrolment{Device: "phone", Role: op.Phone, Member: "a1"})
	w.enrol(op.Enrolment{Device: "kiosk", Role: op.Kiosk, Station: "HQ", Supervisor: true})
	w.enrol(op.Enrolment{Device: "staff", Role: op.Staff, Org: "PARK"})
	w.enrol(op.Enrolment{Device: "desk", Role: op.Staff, Supervisor: true})
	return w
}

func (w *world) enrol(e op.Enrolment) {
	w.t.Helper()
	e.CodeHash = []byte("code of " + e.Device)
	w.console(op.Op{Kind: op.Offer, Enrolment: &e})
	w.console(op.Op{Kind: op.Enrol, Enrolment: &op.Enrolment{CodeHash: e.CodeHash, PublicKey: key(w.t, string(e.Device)).Public().Marshal()}})
}

// key is the key of a device, or of the server where name is empty.
func key(t failer, name string) seal.Private {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	k, err := seal.Generate(bytes.NewReader(seed[:]))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return k
}

// shown is the ticket that a device grants from its lease, as a scanner reads it.
func (w *world) shown(l *op.Lease, serial, seats int) []byte {
	w.t.Helper()
	device, server := key(w.t, string(l.Device)), key(w.t, "")
	signed, err := ticket.Certify(server, ticket.Certificate{Lease: l.ID, Device: device.Public(), Policy: l.Policy,
		Ranges: []ticket.Range{{From: serial, N: seats}}})
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	c, err := ticket.OpenCertificate(seal.Ring(server.Public()), 0, signed)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	code, err := ticket.SealLease(device, c, ticket.Ticket{ID: id.LeaseTicket(l.ID, serial), Seats: seats})
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	raw, err := ticket.Bytes(code)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	return raw
}

// run executes an op and keeps what it decided. Everything that must hold after
// any op is asked here.
func (w *world) run(o op.Op, from op.Origin) ([]op.Entry, error) {
	w.t.Helper()
	seq := w.s.Seq()
	entries, err := w.s.Execute(&o, from, w.now)
	if errors.Is(err, ErrBroken) {
		w.t.Fatalf("op kind %d: %v", o.Kind, err)
	}
	if err != nil && (len(entries) != 0 || w.s.Seq() != seq) {
		w.t.Fatalf("op kind %d failed with %v, but decided %d entries", o.Kind, err, len(entries))
	}
	for i, e := range entries {
		if e.Seq != seq+uint64(i)+1 || e.At < w.now {
			w.t.Fatalf("entry %d has Seq %d and time %d", seq+uint64(i)+1, e.Seq, e.At)
		}
	}
	w.journal = append(w.journal, entries...)
	if err := w.s.Check(); err != nil {
		w.t.Fatalf("after op kind %d: %v", o.Kind, err)
	}
	return entries, err
}

func (w *world) console(o op.Op) []op.Entry {
	w.t.Helper()
	entries, err := w.run(o, op.Origin{})
	if err != nil {
		w.t.Fatalf("console op kind %d: %v", o.Kind, err)
	}
	return entries
}

func (w *world) publish(spec string) []op.Entry {
	w.t.Helper()
	return w.console(op.Op{Kind: op.Publish, Spec: []byte(spec)})
}

// origin numbers the next op of a device.
func (w *world) origin(d id.Device, o op.Op) op.Origin {
	w.t.Helper()
	raw, err := op.Encode(&o)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	c := w.devices[d]
	if c == nil {
		c = &chain{}
		w.devices[d] = c
	}
	from := op.Origin{Device: d, Seq: c.seq + 1, Previous: c.hash, Hash: op.Chain(c.hash, raw)}
	c.seq, c.hash = from.Seq, from.Hash
	return from
}

// send lets a device ask, and gives the result and all entries.
func (w *world) send(d id.Device, o op.Op) (op.Result, []op.Entry) {
	w.t.Helper()
	return w.sendJudged(d, o, fault.NoVerdict)
}

// sendJudged is send through a hub that decided.
func (w *world) sendJudged(d id.Device, o op.Op, judged fault.Verdict) (op.Result, []op.Entry) {
	w.t.Helper()
	from := w.origin(d, o)
	from.Judged, from.Witness = judged, w.witness
	if standing, _ := w.s.Admit(from); standing != NextOp {
		w.t.Fatalf("op %d of %s has standing %d", from.Seq, d, standing)
	}
	entries, err := w.run(o, from)
	if err != nil {
		w.t.Fatalf("op %d of %s: %v", from.Seq, d, err)
	}
	var result op.Result
	found := 0
	for i := range entries {
		if entries[i].DevSeq == from.Seq && entries[i].Device == d {
			result = op.ResultOf(&entries[i])
			found++
		}
	}
	if found != 1 {
		w.t.Fatalf("op %d of %s has %d results", from.Seq, d, found)
	}
	if standing, again := w.s.Admit(from); standing != KnownOp || !reflect.DeepEqual(again, result) {
		w.t.Fatalf("op %d of %s sent again has standing %d and result %+v instead of %+v", from.Seq, d, standing, again, result)
	}
	return result, entries
}

func (w *world) claim(m id.Member, a id.Activity, seats int) op.Result {
	w.t.Helper()
	r, _ := w.send("desk", op.Op{Kind: op.Claim, Member: m, Activity: a, Seats: seats})
	return r
}

// granted claims, and ends the test if that is not granted.
func (w *world) granted(m id.Member, a id.Activity, seats int) id.Ticket {
	w.t.Helper()
	r := w.claim(m, a, seats)
	if r.Outcome != op.Granted || r.Seats != seats {
		w.t.Fatalf("claim of %s was %v %v %d", m, r.Outcome, r.Code, r.Seats)
	}
	return r.Ticket
}

// pass decides everything that is due until a time, as the sequencer does.
func (w *world) pass(to string) (entries []op.Entry) {
	w.t.Helper()
	w.now = max(w.now, at(w.t, to))
	for {
		due, ok := w.s.Next()
		if !ok || due > w.now {
			return entries
		}
		now := w.now
		w.now = due
		entries = append(entries, w.console(op.Op{Kind: op.Tick})...)
		w.now = now
	}
}

// kinds lists what was decided, "9 a1" for an entry about somebody.
func kinds(entries []op.Entry) []string {
	var out []string
	for _, e := range entries {
		s := fmt.Sprint(e.Kind)
		switch {
		case e.Member != "":
			s += " " + string(e.Member)
		case e.Word != "":
			s += " " + e.Word
		}
		out = append(out, s)
	}
	return out
}

func (w *world) wantKinds(got []op.Entry, want ...string) {
	w.t.Helper()
	if k := kinds(got); !slices.Equal(k, want) {
		w.t.Errorf("entries are %q, want %q", k, want)
	}
}

// count compares the seats of an activity, "granted 2 free 1".
func (w *world) count(a id.Activity, want Counts) {
	w.t.Helper()
	got, ok := w.s.Count(a, "")
	if !ok || got != want {
		w.t.Errorf("seats of %s are %+v, want %+v", a, got, want)
	}
}

// replay applies entries to an empty state.
func replay(t failer, entries []op.Entry) *State {
	t.Helper()
	s := New(zone(t))
	for i := range entries {
		if err := s.Apply(&entries[i]); err != nil {
			t.Fatalf("%v", err)
		}
	}
	return s
}

// encode writes entries as the journal does.
func encode(t failer, entries []op.Entry) []byte {
	t.Helper()
	var body bytes.Buffer
	for i := range entries {
		if err := op.EncodeEntry(&body, &entries[i]); err != nil {
			t.Fatalf("%v", err)
		}
	}
	return body.Bytes()
}

// reread writes entries as the journal does and reads them back.
func reread(t failer, entries []op.Entry) []op.Entry {
	t.Helper()
	if len(entries) == 0 {
		return nil
	}
	out, err := op.DecodeBatch(entries[0].Seq, encode(t, entries))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return out
}

// check replays the whole journal as it would be read from disk: the state is the
// same, and so is every answer to an op that is sent again.
func (w *world) check() {
	w.t.Helper()
	replayed := replay(w.t, reread(w.t, w.journal))
	if got, want := replayed.Digest(), w.s.Digest(); got != want {
		w.t.Errorf("the replayed journal gives digest %s instead of %s", got, want)
	}
	for name, d := range w.s.devices {
		if !reflect.DeepEqual(replayed.devices[name].results, d.results) {
			w.t.Errorf("the replayed journal gives device %s other results", name)
		}
	}
}

// show writes an activity "show" with one pool "p"; more is JSON that follows.
func show(total int, more ...string) string {
	spec := fmt.Sprintf(`{"id":"show","title":"演出","pools":[{"id":"p","total":%d}]`, total)
	for _, m := range more {
		spec += "," + m
	}
	return spec + "}"
}

// refused is the result of a refusal, without its place in the journal.
func refused(r op.Result) fault.Code {
	if r.Outcome != op.Refused {
		return fault.None
	}
	return r.Code
}

func TestWorldReplays(t *testing.T) {
	w := newWorld(t)
	w.publish(show(3))
	w.granted("a1", "show", 2)
	w.check()
}
