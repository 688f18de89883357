package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/syncserver/server"
)

// town is what is published in a world. The checker reads the rules from here, and
// not from the server.
type town struct {
	specs  map[id.Activity]activity.Spec
	totals map[id.Activity]int // the largest that a pool ever had
}

// stamp writes a moment as activities do.
func stamp(at int64) string { return time.UnixMilli(at).In(zone).Format("2006-01-02T15:04:05") }

// publish makes this world's activities known. Each world has others.
func (w *World) publish() {
	w.town = town{specs: map[id.Activity]activity.Spec{}, totals: map[id.Activity]int{}}
	full := func() string { return pick(w, []string{"refuse", "waitlist", "waitlist"}) }
	short := func() string { return pick(w, []string{"refuse", "trim"}) }
	limit := func(n int) []activity.Limit {
		return []activity.Limit{{Per: "member", Max: n}, {Per: "org", Max: int(w.between(4, 9))}}
	}
	places := slices.Compact(w.stations())
	roomy := []activity.Limit{{Per: "member", Max: 2}, {Per: "org", Max: int(w.between(6, 20))}} // leases are used
	specs := []activity.Spec{
		{ID: "gift", Title: "春送祝福", Pools: []activity.Pool{{ID: "set", Total: int(w.between(3, 8))}}, Limits: limit(1 + w.random.IntN(2)),
			WhenFull: full(), WhenShort: short(), Pickup: &activity.Pickup{Stations: places, Bind: true}},
		{ID: "meal", Title: "工会餐", Pools: []activity.Pool{{ID: "box", Total: int(w.between(3, 8))}}, Limits: limit(2), WhenFull: full(),
			Unclaimed: pick(w, []string{"lapse", "return"}), Windows: activity.Windows{Pickup: []string{stamp(dawn), stamp(dawn + w.between(8, 16)*60_000)}},
			Pickup: &activity.Pickup{Stations: places, Bind: w.coin()}},
		{ID: "film", Title: "首映", Limits: limit(2), WhenFull: full(), Sessions: []activity.Session{
			{ID: "early", Starts: stamp(dawn + 30*60_000), Ends: stamp(dawn + 90*60_000), Total: int(w.between(3, 8))}}},
		{ID: "kit", Title: "清凉包", Pools: []activity.Pool{{ID: "bag", Total: int(w.between(8, 24))}}, Limits: roomy, WhenFull: full(),
			Pickup: &activity.Pickup{Stations: places, Bind: w.coin()}},
	}
	for _, s := range specs {
		w.announce(s)
	}
	for _, d := range []id.Device{"kiosk-1", "kiosk-2", "kiosk-3"} {
		if w.coin() {
			w.after(w.between(0, 60_000), func() { w.lend(d) })
		}
	}
}

// announce publishes an activity, or its next revision.
func (w *World) announce(s activity.Spec) {
	body, err := json.Marshal(s)
	if err != nil {
		w.fail("write activity: %v", err)
		return
	}
	total := 0
	for _, p := range s.Pools {
		total += p.Total
	}
	for _, p := range s.Sessions {
		total += p.Total
	}
	w.town.specs[s.ID] = s
	w.town.totals[s.ID] = max(w.town.totals[s.ID], total) // also where the server dies before it says yes
	w.host.do(fmt.Sprintf("publish %s", s.ID), func(srv *server.Steps) error {
		_, err := srv.Publish(context.Background(), body)
		return err
	})
}

// office is what staff do at the console, now and then.
func (w *World) office() {
	if w.calm {
		return
	}
	w.after(w.between(8_000, 40_000), w.office)
	if w.one(3) {
		w.host.recover()
	}
	switch roll := w.random.IntN(12); {
	case roll < 5:
		w.lend(pick(w, []id.Device{"kiosk-1", "kiosk-2", "kiosk-3"}))
	case roll < 7:
		s, ok := w.town.specs[pick(w, []id.Activity{"gift", "kit", "meal"})]
		if ok {
			s.Pools = []activity.Pool{{ID: s.Pools[0].ID, Total: max(1, s.Pools[0].Total+int(w.between(-2, 3)))}}
			w.announce(s)
		}
	case roll < 10:
		w.missing()
	default:
		m := pick(w, w.machines)
		if w.one(4) && !m.gone && m.venue == nil {
			w.stats.fault("device revoked")
			w.revoke(m)
		}
	}
}

// lend gives a kiosk seats that it may grant by itself.
func (w *World) lend(d id.Device) {
	l := op.Lease{Device: d, Activity: "kit", Pool: "bag", Seats: int(w.between(1, 5)), Policy: op.Hard, Lasts: w.between(40, 300) * 1000}
	if w.coin() {
		l.Policy, l.VoidAfter = op.VoidUnreported, w.between(20, 120)*1000
	}
	if w.one(3) {
		for i := range people {
			if i%3 == int(d[6]-'1') {
				l.Members = append(l.Members, op.Borrower{Member: memberID(i)})
			}
		}
	}
	w.host.do(fmt.Sprintf("lend %d of kit to %s for %d s", l.Seats, d, l.Lasts/1000), func(s *server.Steps) error {
		_, err := s.Lend(context.Background(), l)
		return err
	})
}

// missing has staff see to the devices that nobody has seen again.
func (w *World) missing() {
	ctx := context.Background()
	for _, m := range w.machines {
		if !m.gone || w.coin() {
			continue
		}
		w.revoke(m)
		w.host.do("write off what "+m.label+" holds", func(s *server.Steps) error { _, err := s.WriteOff(ctx, m.name, "kit"); return err })
		return
	}
}

func (w *World) revoke(m *machine) {
	w.host.do("revoke "+string(m.name), func(s *server.Steps) error {
		_, err := s.Revoke(context.Background(), m.name)
		return err
	})
}
