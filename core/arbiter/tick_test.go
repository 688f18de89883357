package arbiter

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/quota"
)

// fair has two sessions, a pickup window that closes before them, and reminders at the same moment as that.
const fair = `{"id":"fair","title":"游园","sessions":[
	{"id":"s1","starts":"2026-03-05T14:00:00","ends":"2026-03-05T16:00:00","total":3},
	{"id":"s2","starts":"2026-03-06T14:00:00","ends":"2026-03-06T16:00:00","total":2}],
	"windows":{"pickup":["2026-03-02T00:00:00","2026-03-05T09:00:00"]},"when_full":"waitlist"%s}`

// busyFair has claims of every kind in both sessions.
func busyFair(t failer, more string) *world {
	w := newWorld(t)
	w.publish(fmt.Sprintf(fair, more))
	for _, c := range []struct {
		m     id.Member
		pool  id.Pool
		seats int
	}{{"a1", "s1", 1}, {"a1", "s1", 1}, {"a2", "s1", 1}, {"a3", "s1", 1}, {"a4", "s1", 2}, {"b1", "s2", 1}, {"b2", "s2", 1}, {"b3", "s2", 1}} {
		w.send("desk", op.Op{Kind: op.Claim, Activity: "fair", Pool: c.pool, Member: c.m, Seats: c.seats})
	}
	w.redeem("kiosk", w.s.ticketOf("b1", w.s.activities["fair"], -1)[0].Ticket)
	return w
}

func TestRemindersAndLapses(t *testing.T) {
	for _, c := range []struct {
		name, more string
		steps      [][]string // until, then what is decided
		want       Counts
	}{
		{"lapse", "", [][]string{
			{"2026-03-04T08:59:59"},
			{"2026-03-04T09:00:00", "17 a1", "17 a2", "1"}, // one message a member; none to those who wait
			{"2026-03-05T08:59:59"},
			{"2026-03-05T09:00:00", "17 b2", "12 a1", "12 a1", "12 a2", "12 b2", "1"}, // a reminder and the lapse at once; the redeemed stays
			{"2026-04-01T00:00:00"},
		}, Counts{Total: 5, Granted: 5, Waitlisted: 4, Redeemed: 1, Lapsed: 4}},
		{"return", `,"unclaimed":"return"`, [][]string{
			{"2026-03-05T08:59:59", "17 a1", "17 a2", "1"},
			{"2026-03-05T09:00:00", "17 b2", "12 a1", "12 a1", "12 a2", "12 b2", "10 a3", "10 a4", "10 b3", "1"},
		}, Counts{Total: 5, Granted: 5, Redeemed: 1}},
		{"slept through both", "", [][]string{
			{"2026-04-01T00:00:00", "17 a1", "17 a2", "1", "17 b2", "12 a1", "12 a1", "12 a2", "12 b2", "1"},
		}, Counts{Total: 5, Granted: 5, Waitlisted: 4, Redeemed: 1, Lapsed: 4}},
		{"another reminder", `,"reminder":{"days_before":0,"at":"13:00"}`, [][]string{
			{"2026-03-05T09:00:00", "12 a1", "12 a1", "12 a2", "12 b2", "1"},
			{"2026-03-05T13:00:00", "1"}, // nobody holds a ticket any more
			{"2026-03-06T13:00:00", "1"},
		}, Counts{Total: 5, Granted: 5, Waitlisted: 4, Redeemed: 1, Lapsed: 4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := busyFair(t, c.more)
			for _, step := range c.steps {
				w.wantKinds(w.pass(step[0]), step[1:]...)
			}
			w.count("fair", c.want)
			if next, ok := w.s.Next(); ok {
				t.Errorf("something is due at %d still", next)
			}
			w.check()
		})
	}
}

// TestDueMomentsAreDecidedAtTheirTime sleeps over noon and looks at the entries' times.
func TestDueMomentsAreDecidedAtTheirTime(t *testing.T) {
	w := busyFair(t, "")
	for _, e := range w.pass("2026-04-01T00:00:00") {
		want := "2026-03-05T09:00:00"
		if e.Pool == "s1" && e.Kind == op.Reminded || e.Seq == w.journal[len(w.journal)-6].Seq-1 {
			want = "2026-03-04T09:00:00"
		}
		if e.Kind != op.Ticked && e.At != at(t, want) {
			t.Errorf("entry kind %d of %s is at %d, want %s", e.Kind, e.Member, e.At, want)
		}
	}
	if r := w.claim("a5", "fair", 1); refused(r) != fault.Invalid || w.s.Now() != at(t, "2026-04-01T00:00:00") {
		t.Errorf("afterwards: %+v at %d", r, w.s.Now())
	}
}

// TestTimeNeverFalls turns the clock back.
func TestTimeNeverFalls(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9))
	w.granted("a1", "show", 1)
	entries, err := w.s.Execute(&op.Op{Kind: op.Claim, Activity: "show", Member: "a2", Seats: 1}, op.Origin{}, w.now-3600_000)
	if err != nil || entries[0].At != w.now {
		t.Errorf("an hour back: %v, %v", entries, err)
	}
}

// TestRevisionMovesDueMoments publishes the fair again with other times.
func TestRevisionMovesDueMoments(t *testing.T) {
	w := busyFair(t, "")
	w.publish(strings.Replace(fmt.Sprintf(fair, ""), "2026-03-05T09:00:00", "2026-03-05T10:00:00", 1))
	w.wantKinds(w.pass("2026-03-05T09:59:59"), "1", "17 a1", "17 a2", "1", "17 b2", "1") // the first settles the revision
	w.publish(strings.Replace(fmt.Sprintf(fair, ""), "2026-03-05T09:00:00", "2026-03-03T00:00:00", 1))
	w.wantKinds(w.pass("2026-03-05T09:59:59"), "12 a1", "12 a1", "12 a2", "12 b2", "1") // moved into the past: due at once
	w.publish(fmt.Sprintf(fair, `,"unclaimed":"return"`))
	w.wantKinds(w.pass("2026-03-05T11:00:00"), "1") // what lapsed has lapsed
	w.check()
}

func TestLaterRevisionDoesNotLapseAgain(t *testing.T) {
	w := busyFair(t, `,"unclaimed":"return"`)
	w.pass("2026-03-05T09:00:00") // a3, a4 and b3 were promoted after the lapse
	w.publish(strings.Replace(fmt.Sprintf(fair, `,"unclaimed":"return"`), "游园", "游园会", 1))
	w.pass("2026-03-05T12:00:00")
	w.count("fair", Counts{Total: 5, Granted: 5, Redeemed: 1})
	w.check()
}

// TestLateLapseIsNobodysReprieve: one claim lapses after its pickup, or before a restored
// server is reopened. Whoever gets the seat then is reminded, and loses it like anybody
// where staff have extended the pickup.
func TestLateLapseIsNobodysReprieve(t *testing.T) {
	const lapsed, extended = "2026-03-02T00:10:00", "2026-03-09T12:00:00"
	pickup := func(to string) string {
		return `{"id":"show","title":"演出","sessions":[{"id":"p","starts":"2026-03-10T14:00:00","ends":"2026-03-10T16:00:00","total":1}],` + strings.Replace(returns, "2026-03-02T00:00:00", to, 1) + `}`
	}
	undo := func(w *world, ticket id.Ticket) {
		_, entries := w.send("kiosk", op.Op{Kind: op.Redeem, Ticket: ticket, Undo: true, Station: "HQ"})
		w.wantKinds(entries, "34 a1", "12 a1")
	}
	undone := func(w *world) *world {
		ticket := w.granted("a1", "show", 1)
		w.redeem("kiosk", ticket)
		w.pass(lapsed)
		undo(w, ticket)
		return w
	}
	reported := func(w *world) *world {
		l := w.lent(op.Lease{Device: "desk", Seats: 1, Lasts: 240 * hour})
		w.pass(lapsed)
		w.reported(l, "a1", 1, 1, "")
		w.wantKinds(w.pass(lapsed), "12 a1", "1")
		return w
	}
	frozen := func(old *world) *world {
		ticket := old.granted("a1", "show", 1)
		old.redeem("kiosk", ticket)
		w := old.restored(len(old.journal))
		w.devices, w.now = old.devices, at(t, lapsed)
		undo(w, ticket)
		return w
	}
	for name, c := range map[string]struct {
		late   func(*world) *world
		extend bool
		want   []string
	}{
		"undone":                    {undone, false, []string{"17 a2", "1"}},
		"undone, then extended":     {undone, true, []string{"17 a2", "1", "12 a2", "1"}},
		"reported":                  {reported, false, []string{"17 a2", "1"}},
		"reported, then extended":   {reported, true, []string{"17 a2", "1", "12 a2", "1"}},
		"undone while it is frozen": {frozen, true, []string{"17 a2", "1", "12 a2", "1"}},
	} {
		w := newWorld(t)
		w.publish(pickup("2026-03-02T00:00:00"))
		w = c.late(w)
		w.count("show", Counts{Total: 1, Free: 1})
		if c.extend {
			w.publish(pickup(extended))
		}
		w.console(op.Op{Kind: op.Reopen})
		w.pass(lapsed)
		w.granted("a2", "show", 1)
		if entries := w.pass(extended); !slices.Equal(kinds(entries), c.want) {
			t.Errorf("%s: %v, want %v", name, kinds(entries), c.want)
		}
		w.check()
	}
}

// interrupted replays every prefix of what an op and the ticks after it decided,
// lets time go on, and wants the same end each time: nothing lost, nothing twice.
func interrupted(t *testing.T, w *world, decide func(w *world)) {
	t.Helper()
	before := len(w.journal)
	decide(w)
	whole := w.journal
	want := outcome(t, w.s, whole)
	for n := before; n <= len(whole); n++ {
		prefix := whole[:n:n]
		v := &world{t: t, s: replay(t, reread(t, prefix)), now: w.now, journal: slices.Clone(prefix), devices: map[id.Device]*chain{}}
		if n == before {
			decide(v) // nothing of it became durable: it is asked for again
		}
		v.pass("2026-03-01T08:00:00")
		if got := outcome(t, v.s, v.journal); got != want {
			t.Errorf("cut after %d of %d entries:\n%s\nwant\n%s", n-before, len(whole)-before, got, want)
		}
		v.check()
	}
}

// outcome tells where every claim stands, without the places of entries, and how
// many messages went to whom.
func outcome(t *testing.T, s *State, journal []op.Entry) string {
	t.Helper()
	var b strings.Builder
	for _, name := range sorted(s.activities) {
		a := s.activities[name]
		fmt.Fprintf(&b, "%s drawn %v %s\n", name, a.drawn, a.seed)
		for i, p := range a.book.Pools {
			fmt.Fprintf(&b, "pool %d: %s; line", i, p)
			for _, c := range a.book.Lines[i] {
				fmt.Fprintf(&b, " %d", c.Ticket)
			}
			b.WriteByte('\n')
		}
		for _, c := range a.book.Claims {
			fmt.Fprintf(&b, "%d %s %d %d %v reminded %v\n", c.Ticket, c.Member, c.State, c.Seats, c.Taken, s.claims.of(c.Ticket).reminded)
		}
	}
	var messages []string
	for _, e := range journal {
		switch e.Kind {
		case op.Reminded, op.Lapsed, op.Promoted, op.NotDrawn, op.Released, op.Drawn:
			messages = append(messages, fmt.Sprint(e.Kind, " ", e.Member, " ", e.Ticket, e.Digest))
		}
	}
	slices.Sort(messages)
	if _, ok := s.Next(); ok && s.due[0].at <= s.now {
		b.WriteString("something is due\n")
	}
	return b.String() + strings.Join(messages, "\n")
}

func TestTickCutInTwo(t *testing.T) {
	for name, more := range map[string]string{"lapse": "", "return": `,"unclaimed":"return"`} {
		t.Run(name, func(t *testing.T) {
			w := busyFair(t, more)
			w.now = at(t, "2026-03-05T09:00:00")
			interrupted(t, w, func(w *world) { w.pass("2026-03-05T09:00:00") })
		})
	}
}

func TestRevisionCutInTwo(t *testing.T) {
	w := busyFair(t, "")
	interrupted(t, w, func(w *world) {
		w.publish(strings.Replace(strings.Replace(fmt.Sprintf(fair, ""), `"total":3`, `"total":6`, 1), `"total":2`, `"total":3`, 1))
		w.pass("2026-03-01T08:00:00")
	})
}

// lottery has entrants who fit, who do not fit, and who entered twice.
func lottery(t failer, more ...string) *world {
	w := newWorld(t)
	w.publish(show(4, append(more, `"method":"draw"`)...))
	for _, c := range []struct {
		m     id.Member
		seats int
	}{{"a1", 1}, {"a2", 3}, {"a3", 2}, {"b1", 1}, {"a1", 1}, {"b2", 2}} {
		w.claim(c.m, "show", c.seats)
	}
	w.claim("b3", "show", 1)
	w.send("desk", op.Op{Kind: op.Cancel, Activity: "show", Member: "b3"}) // no entrant any more
	return w
}

func TestDrawCutInTwo(t *testing.T) {
	for name, more := range map[string][]string{"refuse": nil, "waitlist": {`"when_full":"waitlist"`}} {
		t.Run(name, func(t *testing.T) {
			interrupted(t, lottery(t, more...), func(w *world) {
				w.console(op.Op{Kind: op.Draw, Activity: "show", Seed: "三月"})
				w.pass("2026-03-01T08:00:00")
			})
		})
	}
}

// TestRevisionOfADrawThatWasCut publishes before the draw is finished.
func TestRevisionOfADrawThatWasCut(t *testing.T) {
	w := lottery(t)
	before := len(w.journal)
	w.console(op.Op{Kind: op.Draw, Activity: "show", Seed: "1"})
	prefix := w.journal[:before+1]
	v := &world{t: t, s: replay(t, reread(t, prefix)), now: w.now, journal: slices.Clone(prefix), devices: map[id.Device]*chain{}}
	v.publish(show(4, `"method":"draw"`, `"when_short":"trim"`))
	v.pass(start)
	if n, _ := v.s.Count("show", ""); n.Entered != 0 || n.Granted == 0 {
		t.Errorf("the draw was not finished: %+v", n)
	}
	v.check()
}

// TestDraw recomputes the draw from what is published: seed, entrants, order.
func TestDraw(t *testing.T) {
	for _, waits := range []bool{false, true} {
		for _, seed := range []string{"", "1", "三月", "x"} {
			var more []string
			if waits {
				more = append(more, `"when_full":"waitlist"`)
			}
			w := lottery(t, more...)
			order, digest := quota.DrawOrder(seed, []id.Member{"b2", "b1", "a3", "a2", "a1"})
			asked := map[id.Member][]int{"a1": {1, 1}, "a2": {3}, "a3": {2}, "b1": {1}, "b2": {2}}
			left, granted, lost, want := 4, 0, 0, []string{"20"}
			for _, m := range order {
				for _, n := range asked[m] {
					if n <= left {
						left, granted, want = left-n, granted+n, append(want, "10 "+string(m))
					} else {
						lost, want = lost+n, append(want, "21 "+string(m))
					}
				}
			}
			entries := w.console(op.Op{Kind: op.Draw, Activity: "show", Seed: seed})
			w.wantKinds(entries, append(want, "22")...)
			r := op.ResultOf(&entries[len(entries)-1])
			wantWaiting, wantLost := 0, lost
			if waits {
				wantWaiting, wantLost = lost, 0
			}
			if r.Granted != granted || r.Waitlisted != wantWaiting || r.Seats != wantLost || r.Digest != digest || entries[0].Digest != digest || entries[0].Seed != seed {
				t.Errorf("seed %q: %+v, want %d granted, %d waiting, %d lost, digest %s", seed, r, granted, wantWaiting, wantLost, digest)
			}
			var line []id.Member
			for _, c := range w.s.activities["show"].book.Lines[0] {
				line = append(line, c.Member)
			}
			if waits && !inOrder(line, order) {
				t.Errorf("seed %q: the line %v does not follow the order %v", seed, line, order)
			}
			if r := w.claim("a4", "show", 1); refused(r) != fault.WindowClosed {
				t.Errorf("a later claim: %+v", r)
			}
			if _, err := w.run(op.Op{Kind: op.Draw, Activity: "show", Seed: seed}, op.Origin{}); err == nil {
				t.Error("it was drawn twice")
			}
			w.check()
		}
	}
}

func inOrder(line, order []id.Member) bool {
	i := 0
	for _, m := range line {
		for i < len(order) && order[i] != m {
			i++
		}
		if i == len(order) {
			return false
		}
	}
	return true
}

func TestDrawRefused(t *testing.T) {
	w := newWorld(t)
	w.publish(show(9))
	for _, c := range []struct {
		o    op.Op
		want string
	}{{op.Op{Activity: "none"}, "no activity"}, {op.Op{Activity: "show"}, "not decided by a draw"}, {op.Op{Activity: "show", Seed: "\xff"}, "UTF-8"}} {
		c.o.Kind = op.Draw
		if _, err := w.run(c.o, op.Origin{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	w.publish(strings.Replace(show(9, `"method":"draw"`), `"show"`, `"empty"`, 1))
	entries := w.console(op.Op{Kind: op.Draw, Activity: "empty", Seed: "1"}) // nobody entered
	w.wantKinds(entries, "20", "22")
	w.check()
}

// TestTicksWithNothingDue are harmless.
func TestTicksWithNothingDue(t *testing.T) {
	w := busyFair(t, "")
	w.now++
	w.wantKinds(w.console(op.Op{Kind: op.Tick}), "1")
	w.wantKinds(w.console(op.Op{Kind: op.Tick}), "1")
	if w.s.Now() != w.now {
		t.Error("time stands still")
	}
	w.check()
}

// TestSeveralDueAtOnce wakes up with one tick for everything, when both sessions are over.
func TestSeveralDueAtOnce(t *testing.T) {
	w := busyFair(t, `,"unclaimed":"return"`)
	w.now = at(t, "2026-04-01T00:00:00")
	w.wantKinds(w.console(op.Op{Kind: op.Tick}), "17 a1", "17 a2", "17 b2", "12 a1", "12 a1", "12 a2", "12 b2", "1")
	if _, ok := w.s.Next(); ok {
		t.Error("something is due still")
	}
	w.check()
}

// BenchmarkPromoteLongLine doubles a pool that 40,000 wait for.
func BenchmarkPromoteLongLine(b *testing.B) {
	for range b.N {
		b.StopTimer()
		w := newWorld(b)
		w.publish(show(1, `"when_full":"waitlist"`))
		for range 21 {
			o := op.Op{Kind: op.GroupClaim, Activity: "show", Org: "A"}
			for range maxLines {
				o.Lines = append(o.Lines, op.Line{Member: "a1", Seats: 1})
			}
			w.send("desk", o)
		}
		var body bytes.Buffer
		body.Grow(1 << 20)
		b.StartTimer()
		entries, err := w.s.Execute(&op.Op{Kind: op.Publish, Spec: []byte(show(50_000, `"when_full":"waitlist"`))}, op.Origin{}, w.now)
		if err != nil || len(entries) < 40_000 {
			b.Fatalf("%d entries, %v", len(entries), err)
		}
	}
}
