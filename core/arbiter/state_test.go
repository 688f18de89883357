package arbiter

import (
	"slices"
	"testing"

	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
)

func TestReads(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9, `"audience":"under(m, \"PARK\") || under(m, \"NOWHERE\")"`, `"guests":{"percent":10,"audience":"under(m, \"NOWHERE\") || under(m, \"LOST\")"}`, `"when_full":"waitlist"`))
	if got := w.s.Strangers("show"); !slices.Equal(got, []id.Org{"NOWHERE", "LOST"}) {
		t.Errorf("strangers %q", got)
	}
	if w.s.Strangers("none") != nil {
		t.Error("strangers of an unknown activity")
	}
	w.granted("a1", "show", 8)
	w.claim("a2", "show", 2)
	free, waiting, ok := w.s.Gauge("show")
	if !ok || free["p"] != 1 || waiting["p"] != 1 {
		t.Errorf("gauge %v %v %v", free, waiting, ok)
	}
	if _, _, ok := w.s.Gauge("none"); ok {
		t.Error("gauge of an unknown activity")
	}
	if _, ok := w.s.Count("show", "q"); ok {
		t.Error("count of an unknown pool")
	}
	if _, ok := w.s.Count("none", ""); ok {
		t.Error("count of an unknown activity")
	}
	var people []id.Member
	w.s.People(func(p member.Person) { people = append(people, p.ID) })
	var orgs []id.Org
	w.s.Orgs(func(o member.Org) { orgs = append(orgs, o.ID) })
	n, devices := w.s.Sizes()
	if len(people) != 10 || !slices.IsSorted(people) || len(orgs) != 5 || !slices.IsSorted(orgs) || n != 10 || devices != 4 {
		t.Errorf("%q %q %d %d", people, orgs, n, devices)
	}
	if _, ok := w.s.Org("A"); !ok {
		t.Error("an organisation is lost")
	}
	if _, ok := w.s.Org("Z"); ok {
		t.Error("an organisation from nowhere")
	}
	if _, ok := w.s.Device("ghost"); ok {
		t.Error("a device from nowhere")
	}
	if _, ok := w.s.DeviceOfCode([]byte("x")); ok {
		t.Error("a code from nowhere")
	}
}

// TestApplyRefuses holds that a journal which does not fit stops the server.
func TestApplyRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		entry op.Entry
	}{
		{"unknown kind", op.Entry{Kind: 200}},
		{"no kind", op.Entry{}},
		{"kind after the last", op.Entry{Kind: op.Done + 1}},
		{"time falls", op.Entry{Kind: op.Ticked, At: 1}},
		{"claim in no activity", op.Entry{Kind: op.Claimed, Outcome: op.Granted, Activity: "none", Member: "a1", Seats: 1}},
		{"claim of no outcome", op.Entry{Kind: op.Claimed, Activity: "show", Member: "a1", Seats: 1}},
		{"claim that is pending", op.Entry{Kind: op.Claimed, Outcome: op.Pending, Activity: "show", Member: "a1", Seats: 1}},
		{"claim in no pool", op.Entry{Kind: op.Claimed, Outcome: op.Waitlisted, Activity: "show", Pool: "q", Member: "a1", Seats: 1}},
		{"grant without serials", op.Entry{Kind: op.Claimed, Outcome: op.Granted, Activity: "show", Member: "a1", Seats: 1}},
		{"grant of held serials", op.Entry{Kind: op.Claimed, Outcome: op.Granted, Activity: "show", Member: "a2", Seats: 1, Taken: []op.Taken{{From: 1, N: 1}}}},
		{"promotion of no ticket", op.Entry{Kind: op.Promoted, Ticket: 99999}},
		{"promotion of a granted ticket", op.Entry{Kind: op.Promoted, Ticket: 1000, Taken: []op.Taken{{From: 2, N: 1}}}},
		{"release of too many seats", op.Entry{Kind: op.Released, Ticket: 1000, Seats: 2, Taken: []op.Taken{{From: 1, N: 2}}}},
		{"release without serials", op.Entry{Kind: op.Released, Ticket: 1000, Seats: 1}},
		{"task in no activity", op.Entry{Kind: op.TaskMade, Activity: "none"}},
		{"draw of no activity", op.Entry{Kind: op.Drawn, Activity: "none"}},
		{"activity that cannot be read", op.Entry{Kind: op.Published, Activity: "x", Spec: []byte("{")}},
		{"end of no device", op.Entry{Kind: op.DeviceGone, Device: "ghost"}},
		{"offer of nothing", op.Entry{Kind: op.Offered}},
		{"enrolment of nothing", op.Entry{Kind: op.Enrolled}},
		{"result of no device", op.Entry{Kind: op.Done, Device: "ghost", DevSeq: 1, Chain: make([]byte, 16)}},
		{"result out of turn", op.Entry{Kind: op.Done, Device: "desk", DevSeq: 7, Chain: make([]byte, 16)}},
		{"result without chain", op.Entry{Kind: op.Done, Device: "desk", DevSeq: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.publish(show(9))
			ticket := w.granted("a1", "show", 1)
			e := c.entry
			if e.Ticket == 1000 {
				e.Ticket = ticket
			}
			e.Seq = w.s.Seq() + 1
			if e.At == 0 {
				e.At = w.now
			}
			if err := w.s.Apply(&e); err == nil {
				t.Error("it was applied")
			}
			if w.s.Seq() == e.Seq {
				t.Error("the state moved on")
			}
		})
	}
	w := newWorld(t)
	for _, seq := range []uint64{0, w.s.Seq(), w.s.Seq() + 2} {
		if err := w.s.Apply(&op.Entry{Seq: seq, Kind: op.Ticked, At: w.now}); err == nil {
			t.Errorf("entry %d was applied to a state at %d", seq, w.s.Seq())
		}
	}
}
