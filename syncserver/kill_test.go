package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/control"
	"yizhan/syncserver/roster"
	"yizhan/syncserver/server"
)

// rush is contested on purpose: 20 members, 15 seats, 10 an organisation, and a line.
const rush = `{"id":"rush","title":"抢","pools":[{"id":"p","total":15}],"when_full":"waitlist",
 "limits":[{"per":"member","max":2},{"per":"org","max":10}]}`

// presser is one member with a phone that asks again and again, and remembers everything.
type presser struct {
	*client
	device  id.Device
	member  id.Member
	random  *mrand.Rand
	ops     [][]byte
	results []op.Result
}

// pressers makes a small union on p and enrols a phone for each member.
func pressers(p *process, n int, seed uint64) []*presser {
	p.t.Helper()
	ctx, c := context.Background(), control.Dial(p.data)
	call := func(what string, in any) {
		p.t.Helper()
		if _, err := control.Call[json.RawMessage](ctx, c, what, in); err != nil {
			p.t.Fatal(err)
		}
	}
	people := make([]roster.Person, n)
	for i := range people {
		people[i] = roster.Person{Name: fmt.Sprintf("会员%03d", i), IDNumber: fmt.Sprintf("99900019900101%04d", i), Org: id.Org(fmt.Sprintf("C%d", i%2))}
	}
	call("orgs", []member.Org{{ID: "C0", Name: "甲"}, {ID: "C1", Name: "乙"}})
	call("people", people)
	call("publish", []byte(rush))
	all := make([]*presser, n)
	for i, person := range people {
		m := p.member(person.Name)
		s := &presser{client: p.enrolled(fmt.Sprintf("phone%d", i), "-role", "phone", "-member", string(m)), member: m, random: mrand.New(mrand.NewPCG(seed, uint64(i)))}
		me, _ := s.Identity()
		s.device = me.Device
		all[i] = s
	}
	return all
}

// next is a claim or a cancellation.
func (s *presser) next() op.Op {
	o := op.Op{Kind: op.Claim, Activity: "rush", Member: s.member, Seats: 1 + s.random.IntN(2), Channel: op.ByPhone, At: time.Now().UnixMilli()}
	if s.random.IntN(5) < 2 {
		o.Kind, o.Seats = op.Cancel, 0
	}
	return o
}

// press asks for one thing and waits for the answer, through every kill.
func (s *presser) press(ctx context.Context) error {
	o := s.next()
	raw, err := op.Encode(&o)
	if err != nil {
		return err
	}
	seq, err := s.Do(o)
	if err != nil {
		return err
	}
	if seq != uint64(len(s.ops))+1 {
		return fmt.Errorf("op number %d after %d", seq, len(s.ops))
	}
	r, err := s.Wait(ctx, seq)
	if err != nil {
		return fmt.Errorf("%w (status %+v)", err, s.Status())
	}
	s.ops, s.results = append(s.ops, raw), append(s.results, r)
	return nil
}

// rounds is how often the server is killed; KILLS makes it more.
func rounds(t *testing.T) int {
	if text := os.Getenv("KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return 12
}

// TestKillsLoseNothing kills the server with SIGKILL at random moments, while 20
// phones claim and cancel.
func TestKillsLoseNothing(t *testing.T) {
	seed := mrand.Uint64()
	t.Logf("seed %d", seed)
	r := mrand.New(mrand.NewPCG(seed, 1<<32))
	p := serving(t)
	all := pressers(p, 20, seed)
	n, began := rounds(t), time.Now()

	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(n)*patience)
	defer cancel()
	var answered, errs atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for _, s := range all {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := s.press(ctx); err != nil {
					t.Error(err)
					errs.Add(1)
					return
				}
				answered.Add(1)
			}
		})
	}
	for range n {
		want := answered.Load() + int64(r.IntN(400))
		until(t, "the phones are answered", func() bool { return answered.Load() >= want || errs.Load() > 0 })
		<-time.After(time.Duration(r.IntN(5000)) * time.Microsecond)
		if code := p.end(syscall.SIGKILL); code != -1 {
			t.Errorf("the server had ended by itself: %d", code)
		}
		p.must("verify")
		p.start()
		for _, s := range all {
			s.Kick()
		}
	}
	close(stop)
	wg.Wait()
	for _, s := range all {
		s.synced()
	}
	if st := p.status(); st.Sum != "ok" || st.Applied != st.Seq {
		t.Errorf("status %+v", st)
	}
	p.must("verify")
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.must("verify")
	audit(t, p, all)
	t.Logf("%d kills, %d ops, every one answered once, in %v", n, answered.Load(), time.Since(began).Round(time.Millisecond))
}

// opened opens the files of a server that has ended, in this process.
func opened(t *testing.T, p *process) *server.Server {
	t.Helper()
	s, err := server.Open(server.Config{Dir: p.data, Zone: shanghai, Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
		Fatal: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// audit sends every op of every phone once more, and compares all that the
// phones were told and show with what the server has.
func audit(t *testing.T, p *process, all []*presser) {
	t.Helper()
	s, ctx := opened(t, p), context.Background()
	for _, who := range all {
		answer, err := s.Submit(ctx, who.device, wire.Ops{First: 1, Previous: make([]byte, 16), Ops: who.ops})
		again := answer.Results
		if err != nil {
			t.Errorf("%s: %v", who.device, err)
			continue
		}
		for i := range again {
			if got, want := text(t, again[i]), text(t, who.results[i]); got != want {
				t.Errorf("%s op %d: the server says %s, the phone was told %s", who.device, i+1, got, want)
			}
		}
	}
	books, err := s.Ledger(ctx)
	if err != nil {
		t.Fatal(err)
	}
	err = s.View(ctx, func(state *arbiter.State) {
		if err := state.Check(); err != nil {
			t.Error(err)
		}
		n, _ := state.Count("rush", "")
		if n.Granted+n.Free != n.Total || n.Granted > 15 || n.Waitlisted > 0 && n.Free > 1 {
			t.Errorf("the pool stands at %+v", n)
		}
		counts, err := books.Counts("rush")
		if err != nil || len(counts) != 1 || counts[0].Granted != n.Granted || counts[0].Waitlisted != n.Waitlisted || counts[0].Free != n.Free {
			t.Errorf("the ledger says %+v %v, the state %+v", counts, err, n)
		}
		for _, who := range all {
			if d, _ := state.Device(who.device); d.Last != uint64(len(who.ops)) {
				t.Errorf("%s made %d ops, the server has %d", who.device, len(who.ops), d.Last)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	seats, err := books.OrgSeats("rush")
	if err != nil || seats["C0"] > 10 || seats["C1"] > 10 {
		t.Errorf("seats by organisation %v, %v", seats, err)
	}
	for _, who := range all {
		shown := rows[wire.ClaimRow](who.client, wire.TableClaim)
		slices.SortFunc(shown, func(a, b wire.ClaimRow) int { return int(a.Ticket) - int(b.Ticket) })
		claims, err := books.Claims(who.member)
		if err != nil || len(claims) != len(shown) {
			t.Errorf("%s shows %d claims, the ledger has %d, %v", who.device, len(shown), len(claims), err)
			continue
		}
		held := 0
		for i, c := range claims {
			if s := shown[i]; s.Ticket != c.Ticket || s.State != c.State || s.Seats != c.Seats {
				t.Errorf("%s shows %+v, the ledger has %+v", who.device, s, c)
			}
			if c.State == op.ClaimGranted || c.State == op.ClaimWaitlisted {
				held += c.Seats
			}
		}
		if held > 2 {
			t.Errorf("%s holds %d seats, 2 are allowed", who.device, held)
		}
	}
}

func text(t *testing.T, r op.Result) string {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
