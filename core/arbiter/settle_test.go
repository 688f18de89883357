package arbiter

import (
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

// incidentOfA makes an incident about a ticket of organisation A, and gives its Seq.
func (w *world) incidentOfA() uint64 {
	w.t.Helper()
	ticket := w.granted("a1", "show", 1)
	w.redeem("kiosk", ticket)
	_, entries := w.redeem("kiosk", ticket)
	last := entries[len(entries)-1]
	if last.Kind != op.IncidentMade {
		w.t.Fatalf("no incident: %v", kinds(entries))
	}
	return last.Seq
}

func TestSettle(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9))
	w.enrol(op.Enrolment{Device: "town", Role: op.Staff, Org: "TOWN"})
	about := w.incidentOfA()
	settle := func(d id.Device, o op.Op) (op.Result, []op.Entry) {
		t.Helper()
		o.Kind = op.Settle
		return w.send(d, o)
	}
	for name, c := range map[string]struct {
		device id.Device
		op     op.Op
		code   fault.Code
	}{
		"a kiosk":                      {"kiosk", op.Op{About: about}, fault.NotAuthorised},
		"a phone":                      {"phone", op.Op{About: about}, fault.NotAuthorised},
		"staff of another subtree":     {"town", op.Op{About: about}, fault.NotAuthorised},
		"what is no task or incident":  {"desk", op.Op{About: 1}, fault.Invalid},
		"what does not exist":          {"desk", op.Op{About: 1 << 40}, fault.Invalid},
		"nothing":                      {"desk", op.Op{}, fault.Invalid},
		"nothing, by a limited device": {"staff", op.Op{}, fault.Invalid},
	} {
		if r, entries := settle(c.device, c.op); r.Code != c.code || len(entries) != 1 {
			t.Errorf("%s: %+v, %v", name, r, kinds(entries))
		}
	}
	r, entries := settle("staff", op.Op{About: about, Reason: "看过了", EnteredBy: "老李", At: 5})
	if e := entries[0]; r.Outcome != op.OK || e.Kind != op.Settled || e.About != about || e.Handled || e.Reason != "看过了" || e.By != "老李" || e.DeviceAt != 5 {
		t.Fatalf("seen: %+v, %+v", r, entries)
	}
	if _, entries = settle("desk", op.Op{About: about, Handled: true, Reason: "票已收回"}); entries[0].Kind != op.Settled || !entries[0].Handled {
		t.Fatalf("handled: %+v", entries)
	}
	if r, entries = settle("staff", op.Op{About: about, Handled: true}); r.Outcome != op.OK || entries[0].Kind != op.Done {
		t.Errorf("handled again: %+v, %v", r, kinds(entries))
	}
	w.check()
}

// TestSettleAfterARestore: a number of the lost journal means something else now.
func TestSettleAfterARestore(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9))
	before := w.incidentOfA()
	w.console(op.Op{Kind: op.Restore})
	w.console(op.Op{Kind: op.Reopen})
	ticket := w.granted("a2", "show", 1)
	w.redeem("kiosk", ticket)
	_, entries := w.redeem("kiosk", ticket)
	after := entries[len(entries)-1].Seq
	if r, _ := w.send("desk", op.Op{Kind: op.Settle, About: after, Handled: true}); r.Code != fault.Invalid {
		t.Errorf("asked by a device that has not met the restored server: %+v", r)
	}
	if r, _ := w.send("desk", op.Op{Kind: op.Settle, About: after, Epoch: w.s.Epoch(), Handled: true}); r.Outcome != op.OK {
		t.Errorf("asked by one that has: %+v", r)
	}
	if r, _ := w.send("desk", op.Op{Kind: op.Settle, About: before, Handled: true}); r.Outcome != op.OK {
		t.Errorf("an incident that the backup held: %+v", r)
	}
	w.check()
}

// TestOverrideTakesASupervisor: the authority reports a fact, whoever its person is;
// where the server was asked first, only a supervisor's device is obeyed.
func TestOverrideTakesASupervisor(t *testing.T) {
	const bind = `"pickup":{"stations":["HQ","ST1"],"bind":true}`
	for _, c := range []struct {
		name, spec string
		supervisor bool
		station    id.Station // where the device stands
		verdict    fault.Verdict
		kind       op.EntryKind
		incident   string
	}{
		{"authority, supervisor", bind, true, "ST1", fault.Valid, op.Redeemed, op.Overridden},
		{"authority, not one", bind, false, "ST1", fault.Valid, op.Redeemed, op.OverrideUnentitled},
		{"unbound, supervisor", `"pickup":{"stations":["HQ","ST1"]}`, true, "ST1", fault.Valid, op.Redeemed, op.Overridden},
		{"unbound, not one", `"pickup":{"stations":["HQ","ST1"]}`, false, "ST1", fault.TooEarly, op.Scanned, ""},
		{"bound elsewhere, not one", bind, false, "", fault.TooEarly, op.Scanned, ""},
		{"bound elsewhere, supervisor", bind, true, "", fault.Valid, op.Redeemed, op.Overridden},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.publish(show(9, c.spec))
			w.enrol(op.Enrolment{Device: "other", Role: op.Staff, Station: c.station, Supervisor: c.supervisor})
			w.send("desk", op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Seats: 1, Station: "ST1"})
			r, entries := w.send("other", op.Op{Kind: op.Redeem, Ticket: w.ticket(), Verdict: fault.TooEarly, Override: true, Reason: "下夜班"})
			if r.Verdict != c.verdict || entries[0].Kind != c.kind {
				t.Errorf("%+v, %v", r, kinds(entries))
			}
			incidents(t, entries, c.incident)
			w.check()
		})
	}
}

func TestOnlyCountersAreSupervisors(t *testing.T) {
	w := newWorld(t)
	for _, role := range []op.Role{op.Phone, op.Hub} {
		e := op.Enrolment{CodeHash: []byte("x"), Device: "new", Role: role, Member: "a2", Station: "HQ", Supervisor: true}
		if entries, err := w.run(op.Op{Kind: op.Offer, Enrolment: &e}, op.Origin{}); err == nil {
			t.Errorf("a %s became a supervisor's: %v", role, kinds(entries))
		}
	}
}
