package arbiter

import (
	"strings"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

// hubWorld has a hub at ST1 with two scanners, and a ticket of a1 bound there.
func hubWorld(t *testing.T) *world {
	w := newWorld(t)
	w.enrol(op.Enrolment{Device: "hub", Role: op.Hub, Station: "ST1"})
	for _, e := range []op.Enrolment{{Device: "s1", Role: op.Staff, Station: "ST1", Upstream: "hub"}, {Device: "s2", Role: op.Kiosk, Station: "ST1", Upstream: "hub"}} {
		e.CodeHash = []byte("code of " + e.Device)
		w.console(op.Op{Kind: op.Offer, Enrolment: &e})
		w.console(op.Op{Kind: op.Enrol, Device: "hub", Enrolment: &op.Enrolment{CodeHash: e.CodeHash, PublicKey: []byte("k")}})
	}
	w.publish(show(9, `"pickup":{"stations":["HQ","ST1"],"bind":true}`))
	w.send("phone", op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Seats: 1, Station: "ST1"})
	return w
}

// relayed sends a scan as a hub hands it on, with what the hub decided.
func (w *world) relayed(d id.Device, v, judged fault.Verdict, o op.Op) op.Result {
	w.t.Helper()
	o.Kind, o.Ticket, o.Epoch, o.Verdict, o.Station = op.Redeem, w.ticket(), w.s.claims.of(w.ticket()).Epoch, v, "ST1"
	r, _ := w.sendJudged(d, o, judged)
	return r
}

func TestScannersOfAHub(t *testing.T) {
	incidents := func(w *world) (all []string) {
		for _, e := range w.journal {
			if e.Kind == op.IncidentMade {
				all = append(all, e.Word)
			}
		}
		return all
	}
	w := hubWorld(t)
	if p := w.s.stations["ST1"]; p.authority != "hub" {
		t.Fatalf("the authority is %q", p.authority)
	}
	if r := w.relayed("s1", fault.Valid, fault.Valid, op.Op{}); r.Verdict != fault.Valid {
		t.Errorf("the first scan: %+v", r)
	}
	if r := w.relayed("s2", fault.Valid, fault.AlreadyRedeemed, op.Op{}); r.Verdict != fault.AlreadyRedeemed {
		t.Errorf("the second scan: %+v", r)
	}
	if got := incidents(w); len(got) != 0 {
		t.Errorf("the hub refused the second scan, and yet there is %q", got)
	}
	w.check()

	w = hubWorld(t) // the hub is lost, and another device is named before its scan is relayed
	w.enrol(op.Enrolment{Device: "other", Role: op.Kiosk, Station: "ST1"})
	w.console(op.Op{Kind: op.Revoke, Device: "hub"})
	w.console(op.Op{Kind: op.SetAuthority, Station: "ST1", Device: "other"})
	w.relayed("s1", fault.Valid, fault.Valid, op.Op{})
	if got := incidents(w); len(got) != 1 {
		t.Errorf("a hand-over by a hub that is no authority any more: %q", got)
	}
	w.check()
}

func TestEnrolmentAtAHub(t *testing.T) {
	scanner := func(e op.Enrolment) *op.Enrolment {
		e.CodeHash = []byte("h")
		return &e
	}
	for name, c := range map[string]struct {
		offer op.Enrolment
		at    id.Device // hub where the code is handed in
		want  string
	}{
		"at its hub":            {op.Enrolment{Device: "n", Role: op.Staff, Station: "ST1", Upstream: "hub"}, "hub", ""},
		"at the server":         {op.Enrolment{Device: "n", Role: op.Staff, Station: "ST1", Upstream: "hub"}, "", `at its hub "hub"`},
		"at another hub":        {op.Enrolment{Device: "n", Role: op.Staff, Station: "ST1"}, "hub", `at its hub ""`},
		"of another station":    {op.Enrolment{Device: "n", Role: op.Staff, Station: "HQ", Upstream: "hub"}, "hub", "stands at station ST1"},
		"a phone":               {op.Enrolment{Device: "n", Role: op.Phone, Member: "a2", Upstream: "hub"}, "hub", "talks to the server itself"},
		"below what is no hub":  {op.Enrolment{Device: "n", Role: op.Kiosk, Station: "HQ", Upstream: "kiosk"}, "kiosk", `no hub "kiosk"`},
		"below what is unknown": {op.Enrolment{Device: "n", Role: op.Kiosk, Station: "HQ", Upstream: "x"}, "x", `no hub "x"`},
	} {
		w := hubWorld(t)
		_, err := w.run(op.Op{Kind: op.Offer, Enrolment: scanner(c.offer)}, op.Origin{})
		if err == nil {
			_, err = w.run(op.Op{Kind: op.Enrol, Device: c.at, Enrolment: &op.Enrolment{CodeHash: []byte("h"), PublicKey: []byte("k")}}, op.Origin{})
		}
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		w.check()
	}
	w := hubWorld(t)
	w.console(op.Op{Kind: op.Revoke, Device: "hub"})
	if _, err := w.run(op.Op{Kind: op.SetAuthority, Station: "ST1", Device: "s1"}, op.Origin{}); err == nil || !strings.Contains(err.Error(), "asks its hub") {
		t.Errorf("a scanner as authority: %v", err)
	}
}
