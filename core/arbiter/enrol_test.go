package arbiter

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

func TestEnrolment(t *testing.T) {
	hash := []byte("hash")
	offer := func(e op.Enrolment) op.Op {
		if e.CodeHash == nil {
			e.CodeHash = hash
		}
		return op.Op{Kind: op.Offer, Enrolment: &e}
	}
	use := func(key string) op.Op {
		return op.Op{Kind: op.Enrol, Enrolment: &op.Enrolment{CodeHash: hash, PublicKey: []byte(key)}}
	}
	for _, c := range []struct {
		name  string
		steps []op.Op
		want  string // of the last step: "", a fault, or words of a refusal
		kinds []string
	}{
		{"a phone", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Phone, Member: "a2"}), use("k")}, "", []string{"7"}},
		{"staff of everything", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff}), use("k")}, "", []string{"7"}},
		{"twice with the same key", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff}), use("k"), use("k")}, "", nil},
		{"twice with another key", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff}), use("k"), use("l")}, "code_used", nil},
		{"never offered", []op.Op{use("k")}, "code_unknown", nil},
		{"without a key", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff}), use("")}, "names no key", nil},
		{"without anything", []op.Op{{Kind: op.Enrol}}, "names no key", nil},
		{"expired", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff, Expires: at(t, start)}), use("k")}, "code_unknown", nil},
		{"at the last moment", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff, Expires: at(t, start) + 1}), use("k")}, "", []string{"7"}},
		{"the same key after it was revoked", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff}), use("k"), {Kind: op.Revoke, Device: "n"}, use("k")}, "code_used", nil},
		{"a new phone ends the old", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Phone, Member: "a1"}), use("k")}, "", []string{"8", "7"}},
		{"offer nothing", []op.Op{{Kind: op.Offer}}, "names no code and device", nil},
		{"offer without code", []op.Op{{Kind: op.Offer, Enrolment: &op.Enrolment{Device: "n", Role: op.Staff}}}, "names no code and device", nil},
		{"offer without device", []op.Op{offer(op.Enrolment{Role: op.Staff})}, "names no code and device", nil},
		{"offer for a device id that is none", []op.Op{offer(op.Enrolment{Role: op.Staff, Device: "a b"})}, "holds ' '", nil},
		{"offer for a device that exists", []op.Op{offer(op.Enrolment{Device: "kiosk", Role: op.Staff})}, "exists already", nil},
		{"offer one code twice", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff}), offer(op.Enrolment{Device: "m", Role: op.Staff})}, "offered before", nil},
		{"offer a used code", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff}), use("k"), offer(op.Enrolment{Device: "m", Role: op.Staff})}, "offered before", nil},
		{"a phone of nobody", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Phone, Member: "nobody"})}, `no member "nobody"`, nil},
		{"a kiosk nowhere", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Kiosk})}, `no station ""`, nil},
		{"a hub nowhere", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Hub, Station: "X"})}, `no station "X"`, nil},
		{"staff nowhere", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff, Station: "X"})}, `no station "X"`, nil},
		{"staff of nothing", []op.Op{offer(op.Enrolment{Device: "n", Role: op.Staff, Org: "Z"})}, `no organisation "Z"`, nil},
		{"no role", []op.Op{offer(op.Enrolment{Device: "n"})}, `role ""`, nil},
		{"revoke nobody", []op.Op{{Kind: op.Revoke, Device: "n"}}, `no device "n"`, nil},
		{"revoke", []op.Op{{Kind: op.Revoke, Device: "kiosk"}}, "", []string{"8"}},
		{"revoke twice", []op.Op{{Kind: op.Revoke, Device: "kiosk"}, {Kind: op.Revoke, Device: "kiosk"}}, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			for _, o := range c.steps[:len(c.steps)-1] {
				w.console(o)
			}
			entries, err := w.run(c.steps[len(c.steps)-1], op.Origin{})
			if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			w.wantKinds(entries, c.kinds...)
			w.check()
		})
	}
}

// TestOfferKeepsNothingOfTheCaller changes the op after it was decided.
func TestOfferKeepsNothingOfTheCaller(t *testing.T) {
	w := newWorld(t)
	e := &op.Enrolment{CodeHash: []byte("h"), Device: "n", Role: op.Staff, PublicKey: []byte("too early")}
	w.console(op.Op{Kind: op.Offer, Enrolment: e})
	e.Device, e.Role = "evil", op.Kiosk
	w.console(op.Op{Kind: op.Enrol, Enrolment: &op.Enrolment{CodeHash: []byte("h"), PublicKey: []byte("k")}})
	if d, ok := w.s.DeviceOfCode([]byte("h")); !ok || d != "n" {
		t.Errorf("the code is of %q", d)
	}
	if d, ok := w.s.Device("n"); !ok || d.Role != op.Staff || string(d.PublicKey) != "k" {
		t.Errorf("got %+v", d)
	}
	w.check()
}

// TestComingBack: only a device that the server has forgotten is enrolled under the name
// that it had, once; also by one that was rolled back and does not know it, because that
// device may be the only one to show it.
func TestComingBack(t *testing.T) {
	w := newWorld(t)
	offer := func(d id.Device, role op.Role) []byte {
		hash := []byte("code of " + d)
		w.console(op.Op{Kind: op.Offer, Enrolment: &op.Enrolment{CodeHash: hash, Device: d, Role: role, Station: "HQ"}})
		return hash
	}
	back := func(code []byte, former id.Device, role op.Role, key string) ([]op.Entry, error) {
		return w.run(op.Op{Kind: op.Enrol, Enrolment: &op.Enrolment{CodeHash: code, PublicKey: []byte(key), Device: former, Role: role}}, op.Origin{})
	}
	code := offer("n1", op.Kiosk)
	if entries, err := back(offer("n0", op.Kiosk), "lost", op.Kiosk, "l"); err != nil || entries[0].Enrolment.Device != "lost" {
		t.Errorf("by a server that was rolled back: %v, %v", entries, err)
	}
	w.console(op.Op{Kind: op.Restore})
	for name, c := range map[string]struct {
		former id.Device
		role   op.Role
	}{"another one's name": {"kiosk", op.Kiosk}, "as something else": {"gone", op.Staff}, "no name": {"g/one", op.Kiosk}} {
		if _, err := back(code, c.former, c.role, "k"); err == nil {
			t.Error(name)
		}
	}
	entries, err := back(code, "gone", op.Kiosk, "k")
	if err != nil || len(entries) != 1 || entries[0].Enrolment.Device != "gone" {
		t.Fatalf("%v, %v", entries, err)
	}
	if again, err := back(code, "gone", op.Kiosk, "k"); err != nil || len(again) != 0 {
		t.Errorf("the lost answer, asked for again: %v, %v", again, err)
	}
	if _, err := back(code, "gone", op.Kiosk, "another key"); err == nil {
		t.Error("the code was used twice")
	}
	if _, err := w.run(op.Op{Kind: op.Enrol, Enrolment: &op.Enrolment{CodeHash: code, PublicKey: []byte("x")}}, op.Origin{}); err == nil {
		t.Error("the code was used twice, for the device that it was made for")
	}
	if d, ok := w.s.Device("gone"); !ok || d.Station != "HQ" || d.Last != 0 {
		t.Errorf("%+v", d)
	}
	w.check()
}

// TestRefusedPhoneReplacesNothing: the phone that a member has stays theirs when another
// one may not be who it says it was.
func TestRefusedPhoneReplacesNothing(t *testing.T) {
	w := newWorld(t)
	w.console(op.Op{Kind: op.Offer, Enrolment: &op.Enrolment{CodeHash: []byte("h"), Device: "n", Role: op.Phone, Member: "a1"}})
	former := op.Enrolment{CodeHash: []byte("h"), PublicKey: []byte("k"), Device: "kiosk", Role: op.Phone, Member: "a1"}
	entries, err := w.run(op.Op{Kind: op.Enrol, Enrolment: &former}, op.Origin{})
	if f := (*fault.Error)(nil); !errors.As(err, &f) || f.Kind != fault.CodeUnknown || len(entries) != 0 {
		t.Errorf("%v, %v", kinds(entries), err)
	}
	if d, _ := w.s.Device("phone"); d.Gone != "" {
		t.Errorf("the phone in use is %q", d.Gone)
	}
	w.check()
}

// TestRefusalBehindAnEntry is no refusal: the op's half would be written.
func TestRefusalBehindAnEntry(t *testing.T) {
	w := newWorld(t)
	r := &run{s: w.s, at: w.now}
	r.emit(op.Entry{Kind: op.Ticked})
	if entries, err := r.conclude(nil, op.Enrol, refusal("too late")); !errors.Is(err, ErrBroken) || len(entries) != 0 {
		t.Errorf("%v, %v", kinds(entries), err)
	}
	r = &run{s: w.s, at: w.now}
	if entries, err := r.conclude(nil, op.Enrol, refusal("in time")); err == nil || errors.Is(err, ErrBroken) || len(entries) != 0 {
		t.Errorf("%v, %v", kinds(entries), err)
	}
}

func TestReplacedPhoneIsGone(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9))
	first := op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Seats: 1}
	w.send("phone", first)
	w.enrol(op.Enrolment{Device: "phone2", Role: op.Phone, Member: "a1"})
	if standing, _ := w.s.Admit(w.origin("phone", first)); standing != GoneOp {
		t.Errorf("the old phone has standing %d", standing)
	}
	if d, _ := w.s.Device("phone"); d.Gone != "replaced" {
		t.Errorf("the old phone is %q", d.Gone)
	}
	if r, _ := w.send("phone2", first); r.Outcome != op.Granted {
		t.Errorf("the new phone: %+v", r)
	}
	w.enrol(op.Enrolment{Device: "other", Role: op.Phone, Member: "a2"})
	if d, _ := w.s.Device("phone2"); d.Gone != "" {
		t.Error("another member's phone ended this one")
	}
	w.console(op.Op{Kind: op.Revoke, Device: "phone2"})
	w.enrol(op.Enrolment{Device: "phone3", Role: op.Phone, Member: "a1"})
	if d, _ := w.s.Device("phone2"); d.Gone != "revoked" {
		t.Errorf("the revoked phone is %q", d.Gone)
	}
	w.enrol(op.Enrolment{Device: "office", Role: op.Staff, Member: "a1"})
	if d, _ := w.s.Device("phone3"); d.Gone != "" {
		t.Errorf("a device that is no phone made the phone %q", d.Gone)
	}
	w.check()
}

// TestAuthorityStays holds that the first device of a station keeps it, even when it is gone.
func TestAuthorityStays(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9, `"pickup":{"stations":["HQ"],"bind":true}`))
	w.granted("a1", "show", 1)
	w.console(op.Op{Kind: op.Revoke, Device: "kiosk"})
	w.enrol(op.Enrolment{Device: "second", Role: op.Kiosk, Station: "HQ"})
	if got := w.s.stations["HQ"].authority; got != "kiosk" {
		t.Errorf("the authority is %q", got)
	}
	if r, _ := w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: "a1"}); refused(r) != fault.HeldElsewhere {
		t.Errorf("got %+v", r)
	}
}

func TestAdmit(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9))
	claim := op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Seats: 1}
	var sent []op.Origin
	var results []op.Result
	for range 3 {
		sent = append(sent, op.Origin{Device: "phone", Seq: w.chain("phone").seq + 1, Previous: w.chain("phone").hash})
		r, _ := w.send("phone", claim)
		sent[len(sent)-1].Hash = w.chain("phone").hash
		results = append(results, r)
	}
	end := w.chain("phone")
	next := op.Origin{Device: "phone", Seq: 4, Previous: end.hash, Hash: op.Hash{1}}
	change := func(o op.Origin, f func(*op.Origin)) op.Origin { f(&o); return o }
	for _, c := range []struct {
		name string
		from op.Origin
		want Standing
	}{
		{"next", next, NextOp},
		{"the last again", sent[2], KnownOp},
		{"the first again", sent[0], KnownOp},
		{"number 0", change(next, func(o *op.Origin) { o.Seq = 0 }), GapOp},
		{"one skipped", change(next, func(o *op.Origin) { o.Seq = 5 }), GapOp},
		{"many skipped", change(next, func(o *op.Origin) { o.Seq = math.MaxUint64 }), GapOp},
		{"next over another history", change(next, func(o *op.Origin) { o.Previous = op.Hash{9} }), ForkedOp},
		{"the last with another hash", change(sent[2], func(o *op.Origin) { o.Hash = op.Hash{9} }), ForkedOp},
		{"the first with another hash", change(sent[0], func(o *op.Origin) { o.Hash = op.Hash{9} }), ForkedOp},
		{"nobody's device", change(next, func(o *op.Origin) { o.Device = "ghost" }), Stranger},
		{"the console", op.Origin{}, Refusable},
	} {
		standing, known := w.s.Admit(c.from)
		if standing != c.want {
			t.Errorf("%s: standing %d, want %d", c.name, standing, c.want)
		}
		if standing == KnownOp && fmt.Sprint(known) != fmt.Sprint(results[c.from.Seq-1]) {
			t.Errorf("%s: result %+v, want %+v", c.name, known, results[c.from.Seq-1])
		}
	}
	entries, err := w.s.Quarantine("phone", "forked", w.now)
	if err != nil || !slices.Equal(kinds(entries), []string{"8", "18 forked"}) {
		t.Fatalf("quarantine: %q, %v", kinds(entries), err)
	}
	w.journal = append(w.journal, entries...)
	if standing, _ := w.s.Admit(next); standing != GoneOp {
		t.Errorf("after the quarantine: standing %d", standing)
	}
	w.check()
	if _, err := w.s.Quarantine("ghost", "forked", w.now); !errors.Is(err, ErrBroken) {
		t.Errorf("quarantine of nobody: %v", err)
	}
}

func (w *world) chain(d id.Device) chain {
	if w.devices[d] == nil {
		return chain{}
	}
	return *w.devices[d]
}

// TestOldResultsLeaveMemory keeps what one device costs bounded.
func TestOldResultsLeaveMemory(t *testing.T) {
	w := newWorld(t)
	var first op.Origin
	for i := range 2*keptResults + 1 {
		o := op.Op{Kind: op.Claim, Activity: "none", Member: "a1", Seats: 1}
		from := w.origin("phone", o)
		if i == 0 {
			first = from
		}
		if _, err := w.run(o, from); err != nil {
			t.Fatal(err)
		}
	}
	d := w.s.devices["phone"]
	if len(d.results) > 2*keptResults || d.first+uint64(len(d.results))-1 != d.last {
		t.Errorf("%d results from %d, last op %d", len(d.results), d.first, d.last)
	}
	if standing, _ := w.s.Admit(first); standing != OldOp {
		t.Errorf("the first op has standing %d", standing)
	}
	if standing, _ := w.s.Admit(op.Origin{Device: "phone", Seq: d.first, Hash: d.results[0].hash}); standing != KnownOp {
		t.Errorf("the oldest kept op has standing %d", standing)
	}
	w.check()
}
