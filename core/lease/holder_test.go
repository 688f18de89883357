package lease

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/quota"
	"yizhan/core/seal"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

func TestClaimIsKeptAndSigned(t *testing.T) {
	w := newWorld(t)
	w.lend(op.Lease{Taken: []op.Taken{{Part: 1, From: 11, N: 2}, {Part: 1, From: 31, N: 2}}}, "")
	w.wantCode("F1", 1, fault.None)
	r, seq, handled, err := w.holder.Claim(op.Op{Member: "F2", Activity: "gift", Seats: 2, Station: "ST1", Channel: op.ByStaff, EnteredBy: "S1"}, w.wall())
	if err != nil || !handled || r.Outcome != op.Granted || r.Seats != 2 || r.Ticket != id.LeaseTicket(7, 12) || seq != 2 {
		t.Fatalf("%+v %d %v %v", r, seq, handled, err)
	}
	want := []op.Taken{{Part: 1, From: 12, N: 1}, {Part: 1, From: 31, N: 1}}
	o, g := w.ops()[1], w.grants()[1]
	if o.Kind != op.Claim || o.Lease != 7 || o.Ticket != r.Ticket || o.Outcome != op.Granted || o.Seats != 2 || !slices.Equal(o.Taken, want) ||
		o.Pool != "sets" || o.Station != "ST1" || o.At != w.wall().UnixMilli() || o.EnteredBy != "S1" || o.Channel != op.ByStaff {
		t.Errorf("op %+v", o)
	}
	if g.Ticket != r.Ticket || g.Seq != 2 || g.Member != "F2" || g.Org != "FH" || g.Seats != 2 || !slices.Equal(g.Taken, want) || g.Lease != 7 {
		t.Errorf("grant %+v", g)
	}
	x, err := ticket.Open(seal.Ring(w.server.Public()), deployment, g.Code)
	if err != nil || x.ID != r.Ticket || x.Seats != 2 || x.Station != 12 || x.Policy != op.Hard || x.Secret != ticket.Secret([]byte("master"), x.ID, 0) {
		t.Errorf("ticket %+v, %v", x, err)
	}
	w.wantCode("F3", 2, fault.LeaseExhausted)
	if o := w.ops()[2]; o.Outcome != op.Refused || o.Code != fault.LeaseExhausted || o.Lease != 7 || o.Ticket != 0 || o.Taken != nil {
		t.Errorf("refusal %+v", o)
	}
	w.restart()
	w.wantCode("F3", 1, fault.None)
	w.wantCode("F4", 1, fault.LeaseExhausted)
}

func TestAFailedStoreGrantsNothing(t *testing.T) {
	w := newWorld(t)
	w.lend(op.Lease{Taken: []op.Taken{{From: 1, N: 1}}}, "")
	w.outbox.before = local.ErrFull
	if _, _, handled, err := w.holder.Claim(op.Op{Member: "F1", Activity: "gift", Seats: 1}, w.wall()); !errors.Is(err, local.ErrFull) || !handled {
		t.Fatalf("handled %v, %v", handled, err)
	}
	w.outbox.before = nil
	w.wantCode("F2", 1, fault.None)
	if g := w.grants(); len(g) != 1 || g[0].Member != "F2" {
		t.Errorf("grants %+v", g)
	}
	// Stored, though it was said that it failed: the seat is gone, and the report will be sent.
	w.lend(op.Lease{Taken: []op.Taken{{From: 1, N: 2}}}, "")
	w.outbox.after = local.ErrDamaged
	if _, _, _, err := w.holder.Claim(op.Op{Member: "F1", Activity: "gift", Seats: 1}, w.wall()); err == nil {
		t.Fatal("the failure was not told")
	}
	w.outbox.after = nil
	w.wantCode("F3", 1, fault.LeaseExhausted)
}

func TestOtherClaimsAreTheServers(t *testing.T) {
	w := newWorld(t)
	w.wantUnhandled("F1")
	w.lend(op.Lease{Taken: []op.Taken{{From: 1, N: 1}}}, op.LeaseReturned)
	w.wantUnhandled("F1")
	w.lend(op.Lease{Taken: []op.Taken{{From: 1, N: 1}}}, "")
	for _, o := range []op.Op{{Member: "F1", Activity: "tea", Seats: 1}, {Member: "F1", Activity: "gift", Pool: "other", Seats: 1}} {
		if _, _, handled, err := w.holder.Claim(o, w.wall()); handled || err != nil {
			t.Errorf("%+v: handled %v, %v", o, handled, err)
		}
	}
	w.tell(wire.TableActivity, "gift", wire.ActivityRow{ID: "gift", Number: 31, Spec: []byte(`{"from": "a newer server"}`)})
	w.wantUnhandled("F1")
}

func TestReturnEndsGranting(t *testing.T) {
	w := newWorld(t)
	w.lend(op.Lease{Taken: []op.Taken{{From: 1, N: 5}}}, "")
	w.wantCode("F1", 2, fault.None)
	if seats, err := w.holder.Return("gift", "", w.wall()); err != nil || seats != 3 {
		t.Fatalf("%d seats, %v", seats, err)
	}
	w.restart()
	w.wantUnhandled("F2")
	if seats, err := w.holder.Return("gift", "", w.wall()); err != nil || seats != 0 {
		t.Errorf("given back again: %d seats, %v", seats, err)
	}
	w.now += 2 * time.Hour.Milliseconds()
	if err := w.holder.Tick(w.wall()); err != nil {
		t.Fatal(err)
	}
	w.wantUnhandled("F2")
	if ops := w.ops(); len(ops) != 2 || ops[1].Kind != op.ReturnLease || ops[1].Lease != 7 {
		t.Errorf("ops %+v", ops)
	}
}

func TestExpiry(t *testing.T) {
	w := newWorld(t)
	l := w.lend(op.Lease{Taken: []op.Taken{{From: 1, N: 5}}}, "")
	w.now = l.Expires - 1
	w.skew = -24 * time.Hour.Milliseconds() // a clock that somebody set back changes nothing
	w.wantCode("F1", 1, fault.None)
	w.now = l.Expires
	w.wantCode("F2", 1, fault.LeaseExpired)
	for range 2 {
		if err := w.holder.Tick(w.wall()); err != nil {
			t.Fatal(err)
		}
		w.restart()
	}
	w.wantCode("F2", 1, fault.LeaseExpired) // nobody has taken it back yet
	if ops := w.ops(); len(ops) != 4 || ops[2].Kind != op.ReturnLease {
		t.Errorf("ops %+v", ops)
	}
	w.status.Online = true
	w.wantUnhandled("F2")
}

func TestExpiryOnlineGivesBackBeforeTheServerIsAsked(t *testing.T) {
	w := newWorld(t)
	l := w.lend(op.Lease{Taken: []op.Taken{{From: 1, N: 5}}}, "")
	w.now, w.status.Online = l.Expires, true
	w.wantUnhandled("F1")
	if ops := w.ops(); len(ops) != 1 || ops[0].Kind != op.ReturnLease {
		t.Errorf("ops %+v", ops)
	}
}

// TestTheServersWordEndsALease holds where this device's clock is behind.
func TestTheServersWordEndsALease(t *testing.T) {
	w := newWorld(t)
	w.lend(op.Lease{Taken: []op.Taken{{From: 1, N: 5}}}, op.LeaseExpired)
	w.wantCode("F1", 1, fault.LeaseExpired)
	if err := w.holder.Tick(w.wall()); err != nil {
		t.Fatal(err)
	}
	if ops := w.ops(); len(ops) != 2 || ops[1].Kind != op.ReturnLease {
		t.Errorf("ops %+v", ops)
	}
	w.wantCode("F1", 1, fault.LeaseExpired)
}

func TestReboot(t *testing.T) {
	for _, c := range []struct {
		policy op.Policy
		grants bool
	}{{op.Hard, true}, {op.VoidUnreported, false}} {
		w := newWorld(t)
		w.skew = time.Hour.Milliseconds()
		w.handshake()
		l := w.lend(op.Lease{Policy: c.policy, Taken: []op.Taken{{From: 1, N: 5}}}, "")
		w.wantCode("F1", 1, fault.None)
		w.boot, w.start = "b2", w.now
		w.now = l.Expires - 1
		w.restart()
		if _, handled := w.claim("F2", 1); handled != c.grants {
			t.Errorf("policy %d after a reboot: handled %v", c.policy, handled)
		}
		if c.grants {
			w.now = l.Expires
			w.wantCode("F3", 1, fault.LeaseExpired)
			continue
		}
		w.handshake()
		w.wantCode("F2", 1, fault.None)
	}
}

// TestWhatWasGivenBackStaysSo holds where the machine is started again with a clock
// from before the lease was over.
func TestWhatWasGivenBackStaysSo(t *testing.T) {
	for _, policy := range []op.Policy{op.Hard, op.VoidUnreported} {
		w := newWorld(t)
		l := w.lend(op.Lease{Policy: policy, Taken: []op.Taken{{From: 1, N: 5}}}, "")
		w.now = l.Expires
		if err := w.holder.Tick(w.wall()); err != nil {
			t.Fatal(err)
		}
		w.boot, w.start, w.skew = "b2", w.now, -time.Minute.Milliseconds()
		w.restart()
		if r, handled := w.claim("F1", 1); handled && r.Code != fault.LeaseExpired {
			t.Errorf("policy %d: %+v", policy, r)
		}
	}
}

func TestSetAsideLeaseComesFirst(t *testing.T) {
	w := newWorld(t)
	w.tell(wire.TablePerson, "F1", wire.PersonRow{Person: member.Person{ID: "F1", Org: "FH", Sex: "F", Tags: []string{"frontline"}}})
	w.lend(op.Lease{ID: 5, Taken: []op.Taken{{From: 1, N: 5}}}, "")
	w.lend(op.Lease{ID: 6, SetAside: "frontline", Taken: []op.Taken{{Part: 1, From: 801, N: 1}}}, "")
	for i, want := range []uint64{6, 5} { // the second finds the set-aside used up
		if r, _ := w.claim("F1", 1); r.Outcome != op.Granted {
			t.Fatalf("claim %d: %+v", i, r)
		}
		if g := w.ops()[i]; g.Lease != want {
			t.Errorf("claim %d was taken from lease %d, want %d", i, g.Lease, want)
		}
	}
	w.wantCode("F2", 1, fault.None) // not of the set-aside
	if g := w.ops()[2]; g.Lease != 5 {
		t.Errorf("from lease %d", g.Lease)
	}
}

func TestALeaseWithoutACertificateGrantsNothing(t *testing.T) {
	w := newWorld(t)
	l := w.lend(op.Lease{Taken: []op.Taken{{From: 1, N: 5}}}, "")
	w.tell(wire.TableLease, "7", wire.LeaseRow{Lease: l})
	if _, _, _, err := w.holder.Claim(op.Op{Member: "F1", Activity: "gift", Seats: 1}, w.wall()); !errors.Is(err, ErrNotCertified) {
		t.Errorf("%v", err)
	}
	if len(w.grants())+len(w.ops()) != 0 {
		t.Error("something was kept")
	}
}

func TestRenew(t *testing.T) {
	w := newWorld(t)
	l := w.lend(op.Lease{Taken: []op.Taken{{From: 1, N: 1}}}, "")
	w.wantCode("F1", 1, fault.None)
	if err := w.holder.Renew("gift", "sets", w.wall()); err != nil {
		t.Fatal(err)
	}
	if ops := w.ops(); len(ops) != 2 || ops[1].Kind != op.RenewLease || ops[1].Lease != 7 {
		t.Errorf("ops %+v", ops)
	}
	l.Expires += time.Hour.Milliseconds()
	l.Taken = append(l.Taken, op.Taken{From: 51, N: 1})
	w.lend(l, "")
	w.wantCode("F2", 1, fault.None)
	if g := w.grants(); g[1].Taken[0].From != 51 {
		t.Errorf("grants %+v", g)
	}
}

// counted is a store to which a checkpoint comes after the claims that the server counts were read.
type counted struct {
	local.Store
	comes func()
}

func (c *counted) Rows(table string) ([]local.Row, error) {
	rows, err := c.Store.Rows(table)
	if comes := c.comes; table == wire.TableHeld && comes != nil {
		c.comes = nil
		comes()
	}
	return rows, err
}

// TestCheckpointWhileDeciding: the rows that count a grant, and leave the outbox without its
// op, come while the next claim of the same person is decided. It counts against their limit.
func TestCheckpointWhileDeciding(t *testing.T) {
	w := newWorld(t)
	w.lend(op.Lease{Taken: []op.Taken{{From: 3, N: 9}}}, "")
	w.wantCode("F1", 2, fault.None)
	w.holder.cfg.Store = &counted{Store: w.store, comes: func() {
		g := w.grants()[0]
		body, err := wire.EncodeRow(wire.HeldRow{Ticket: g.Ticket, Activity: g.Activity, Member: g.Member, Org: g.Org, Seats: g.Seats})
		if err != nil {
			t.Fatal(err)
		}
		w.seq++
		row := local.Row{Table: wire.TableHeld, ID: strconv.FormatUint(uint64(g.Ticket), 10), Seq: w.seq, Body: body}
		if err := errors.Join(w.store.Answer(map[uint64][]byte{g.Seq: {0xa0}}), w.store.Apply(local.Checkpoint{To: w.seq, Acked: g.Seq, Rows: []local.Row{row}})); err != nil {
			t.Fatal(err)
		}
	}}
	w.wantCode("F1", 1, fault.MemberCap)
	if w.holder.cfg.Store.(*counted).comes != nil {
		t.Error("no checkpoint came")
	}
	w.wantCode("F1", 1, fault.MemberCap)
	w.wantCode("F2", 2, fault.None)
}

// TestHolderModel plays claims, restarts, checkpoints, expiry and returns in any
// order: no serial twice, none from outside, nobody over the limit, nothing after the end.
func TestHolderModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		l := w.lend(op.Lease{Taken: []op.Taken{{From: 3, N: 3}, {From: 9, N: 4}}}, "")
		over := false
		rt.Repeat(map[string]func(*rapid.T){
			"claim": func(rt *rapid.T) {
				m := id.Member(fmt.Sprintf("F%d", rapid.IntRange(1, 4).Draw(rt, "member")))
				before, mine := len(w.grants()), 0
				for _, g := range w.grants() {
					if g.Member == m {
						mine += g.Seats
					}
				}
				seats := rapid.IntRange(1, 2).Draw(rt, "seats")
				r, handled := w.claim(m, seats)
				fits := !over && mine+seats <= 2 && seatsOf(w.grants()[:before])+seats <= 6
				if (r.Outcome == op.Granted) != fits {
					rt.Fatalf("%s asked %d holding %d: %+v, handled %v", m, seats, mine, r, handled)
				}
			},
			"restart": func(*rapid.T) { w.restart() },
			"checkpoint": func(rt *rapid.T) { // the server answers everything and counts what was granted
				state, _ := w.store.State()
				results := map[uint64][]byte{}
				for seq := range state.Last {
					results[seq+1] = []byte{0xa0}
				}
				var rows []local.Row
				w.seq++
				for _, g := range w.grants() {
					body, err := wire.EncodeRow(wire.HeldRow{Ticket: g.Ticket, Activity: g.Activity, Member: g.Member, Org: g.Org, Seats: g.Seats})
					if err != nil {
						rt.Fatal(err)
					}
					rows = append(rows, local.Row{Table: wire.TableHeld, ID: strconv.FormatUint(uint64(g.Ticket), 10), Seq: w.seq, Body: body})
				}
				steps := []func() error{func() error { return w.store.Answer(results) },
					func() error { return w.store.Apply(local.Checkpoint{To: w.seq, Acked: state.Last, Rows: rows}) }}
				if rapid.Bool().Draw(rt, "late answer") {
					slices.Reverse(steps)
				}
				if err := errors.Join(steps[0](), steps[1]()); err != nil {
					rt.Fatal(err)
				}
			},
			"return": func(rt *rapid.T) {
				if rapid.IntRange(0, 9).Draw(rt, "dice") != 0 {
					return
				}
				if _, err := w.holder.Return("gift", "", w.wall()); err != nil {
					rt.Fatal(err)
				}
				over = true
			},
			"expire": func(rt *rapid.T) {
				if rapid.IntRange(0, 9).Draw(rt, "dice") != 0 {
					return
				}
				w.now, over = l.Expires, true
				if err := w.holder.Tick(w.wall()); err != nil {
					rt.Fatal(err)
				}
			},
			"": func(rt *rapid.T) {
				left := slices.Clone(l.Taken)
				for _, g := range w.grants() {
					rest, ok := quota.Within(left, g.Taken)
					if !ok || quota.Sum(g.Taken) != g.Seats {
						rt.Fatalf("grant %+v takes what is not left of %v", g, left)
					}
					left = rest
				}
			},
		})
	})
}

func seatsOf(grants []wire.GrantRow) (n int) {
	for _, g := range grants {
		n += g.Seats
	}
	return n
}
