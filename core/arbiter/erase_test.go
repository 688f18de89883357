package arbiter

import (
	"strings"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
)

func TestErasedPerson(t *testing.T) {
	w := newWorld(t)
	w.publish(`{"id":"open","title":"公开","pools":[{"id":"main","total":1}],"when_full":"waitlist","limits":[{"per":"member","max":1}]}`)
	w.publish(`{"id":"bound","title":"留站","pools":[{"id":"main","total":5}],"pickup":{"stations":["HQ"],"bind":true}}`)
	w.publish(`{"id":"over","title":"过去","sessions":[{"id":"s","starts":"2026-03-01T09:00:00","ends":"2026-03-01T10:00:00","total":5}]}`)
	w.granted("a1", "open", 1)
	w.claim("a2", "open", 1)
	w.claim("a1", "bound", 1)
	w.claim("a1", "over", 1)
	w.enrol(op.Enrolment{Device: "second", Role: op.Phone, Member: "a1"})
	offered := op.Enrolment{CodeHash: []byte("unused"), Device: "third", Role: op.Phone, Member: "a1"}
	w.console(op.Op{Kind: op.Offer, Enrolment: &offered})
	w.pass("2026-03-01T12:00:00")

	// What is over stays in the statistics, what is at the station stays there, the rest goes to who waits.
	w.wantKinds(w.console(op.Op{Kind: op.Erase, Member: "a1"}), "11 a1", "10 a2", "8", "30 a1")
	for a, want := range map[string]int{"open": 1, "bound": 1, "over": 1} {
		if c, _ := w.s.Count(id.Activity(a), ""); c.Granted != want {
			t.Errorf("%s has %d granted, want %d", a, c.Granted, want)
		}
	}
	if _, ok := w.s.Person("a1"); ok {
		t.Error("the person is still known")
	}
	if r := w.claim("a1", "open", 1); r.Code != fault.UnknownMember {
		t.Errorf("claim of nobody: %+v", r)
	}
	if standing, _ := w.s.Admit(op.Origin{Device: "second", Seq: 1}); standing != GoneOp {
		t.Errorf("the phone has standing %d", standing)
	}
	if _, err := w.run(op.Op{Kind: op.Enrol, Enrolment: &op.Enrolment{CodeHash: offered.CodeHash, PublicKey: []byte("k")}}, op.Origin{}); err == nil {
		t.Error("a phone of nobody was enrolled")
	}
	if _, err := w.run(op.Op{Kind: op.Erase, Member: "a1"}, op.Origin{}); err == nil || !strings.Contains(err.Error(), "no member") {
		t.Errorf("erased twice: %v", err)
	}
	if got := w.s.Erased(); len(got) != 1 || got[0] != "a1" {
		t.Errorf("erased are %v", got)
	}
	w.check()

	// The same person joins again: what they held before still counts, and they are asked anew.
	w.console(op.Op{Kind: op.PutPeople, People: []member.Person{{ID: "a1", Org: "A", Sex: "F", Birth: "1990-01-01"}}})
	if r := w.claim("a1", "open", 1); r.Outcome != op.Waitlisted {
		t.Errorf("claim after coming back: %+v", r)
	}
	if len(w.s.Erased()) != 0 {
		t.Error("who came back is still called erased")
	}
	w.check()
}
