package arbiter

import (
	"encoding/hex"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

// A kiosk claims for whoever was there with their own phone, or whom staff vouch for.
func TestWhoVouches(t *testing.T) {
	for name, c := range map[string]struct {
		member id.Member
		by     func(w *world) *op.Witness
		before func(w *world)
		ok     bool
	}{
		"nobody":                 {"a1", func(*world) *op.Witness { return nil }, nil, false},
		"own phone":              {"a1", func(w *world) *op.Witness { return w.seen("phone", "a1", "") }, nil, true},
		"another's phone":        {"a2", func(w *world) *op.Witness { return w.seen("phone", "a1", "") }, nil, false},
		"a phone that lies":      {"a2", func(w *world) *op.Witness { return w.seen("phone", "a2", "") }, nil, false},
		"a phone replaced since": {"a1", func(w *world) *op.Witness { return w.seen("phone", "a1", "") }, func(w *world) { w.enrol(op.Enrolment{Device: "new", Role: op.Phone, Member: "a1"}) }, false},
		"staff of the park":      {"a1", func(w *world) *op.Witness { return w.seen("staff", "", "staff") }, nil, true},
		"staff, outside":         {"t1", func(w *world) *op.Witness { return w.seen("staff", "", "staff") }, nil, false},
		"staff of everybody":     {"t1", func(w *world) *op.Witness { return w.seen("desk", "", "desk") }, nil, true},
		"staff that are gone":    {"a1", func(w *world) *op.Witness { return w.seen("staff", "", "staff") }, func(w *world) { w.console(op.Op{Kind: op.Revoke, Device: "staff"}) }, false},
		"another key as staff":   {"a1", func(w *world) *op.Witness { return w.seen("phone", "", "staff") }, nil, false},
		"a kiosk as staff":       {"a1", func(w *world) *op.Witness { return w.seen("kiosk", "", "kiosk") }, nil, false},
		"an unknown device":      {"a1", func(w *world) *op.Witness { return w.seen("ghost", "", "ghost") }, nil, false},
		"tomorrow": {"a1", func(w *world) *op.Witness {
			v := w.seen("phone", "a1", "")
			v.At += 24 * 60 * 60 * 1000
			return v
		}, nil, false},
		"last year": {"a1", func(w *world) *op.Witness {
			v := w.seen("phone", "a1", "")
			v.At -= 365 * 24 * 60 * 60 * 1000
			return v
		}, nil, true},
	} {
		w := newWorld(t)
		w.publish(show(9))
		if c.before != nil {
			c.before(w)
		}
		o := op.Op{Kind: op.Claim, Activity: "show", Member: c.member, Seats: 1, Channel: op.ByKiosk}
		from := w.origin("kiosk", o)
		from.Witness = c.by(w)
		entries, err := w.run(o, from)
		if err != nil {
			t.Fatal(err)
		}
		r := op.ResultOf(&entries[len(entries)-1])
		if ok := r.Outcome == op.Granted; ok != c.ok || !c.ok && r.Code != fault.NotAuthorised {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// seen is what a code of a device's key says.
func (w *world) seen(device string, m id.Member, staff id.Device) *op.Witness {
	return &op.Witness{Member: m, Staff: staff, Key: hex.EncodeToString(key(w.t, device).Public().Marshal()), At: w.now}
}
