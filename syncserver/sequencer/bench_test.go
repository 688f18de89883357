package sequencer

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/syncserver/journal/sqlite"
)

// press is one phone that claims for its member, op after op, and waits for each answer.
type press struct {
	device id.Device
	member id.Member
	seq    uint64
	chain  op.Hash
	op     op.Op
	raw    []byte // the op as it came
}

// claim asks the sequencer as a session does, which has read and hashed the op.
func (p *press) claim(tb testing.TB, s *Sequencer) op.Result {
	hash := op.Chain(p.chain, p.raw)
	results, err := s.Submit(context.Background(), []Request{{Op: &p.op, Origin: op.Origin{Device: p.device, Seq: p.seq + 1, Previous: p.chain, Hash: hash}}})
	if err != nil {
		tb.Fatal(err)
	}
	p.seq++
	p.chain = hash
	return results[0]
}

// start opens a sequencer over the SQLite journal of a folder.
func start(tb testing.TB, dir string) *Sequencer {
	tb.Helper()
	debug.SetGCPercent(200) // as syncserver serve does
	j, err := sqlite.Open(filepath.Join(dir, "journal.db"))
	if err != nil {
		tb.Fatal(err)
	}
	s, err := Open(Config{Journal: j, Zone: time.UTC, Now: time.Now, Log: slog.New(slog.DiscardHandler), Fatal: func(err error) { tb.Error(err) }})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		s.Close()
		j.Close()
	})
	return s
}

// world makes a city, an activity and one enrolled phone for each of n members.
func world(tb testing.TB, orgs, n int, spec string) (*Sequencer, []press) {
	tb.Helper()
	s := start(tb, tb.TempDir())
	do := func(o op.Op) {
		if _, err := s.Do(context.Background(), o); err != nil {
			tb.Fatal(err)
		}
	}
	var published activity.Spec
	if err := json.Unmarshal([]byte(spec), &published); err != nil {
		tb.Fatal(err)
	}
	all := []member.Org{{ID: "PARK"}}
	for i := range orgs {
		all = append(all, member.Org{ID: id.Org(fmt.Sprintf("C%04d", i)), Parent: "PARK"})
	}
	do(op.Op{Kind: op.PutOrgs, Orgs: all})
	phones := make([]press, n)
	people := make([]member.Person, n)
	for i := range phones {
		phones[i] = newPress(tb, i, id.Member(fmt.Sprintf("m%d", i)), published.ID)
		people[i] = member.Person{ID: phones[i].member, Org: all[1+i%orgs].ID}
	}
	for chunk := range slices.Chunk(people, 1000) {
		do(op.Op{Kind: op.PutPeople, People: chunk})
	}
	do(op.Op{Kind: op.Publish, Spec: []byte(spec)})
	enrol(tb, s, phones)
	return s, phones
}

func newPress(tb testing.TB, i int, m id.Member, a id.Activity) press {
	p := press{device: id.Device(fmt.Sprintf("p%d", i)), member: m, op: op.Op{Kind: op.Claim, Activity: a, Member: m, Seats: 1}}
	var err error
	if p.raw, err = op.Encode(&p.op); err != nil {
		tb.Fatal(err)
	}
	return p
}

func enrol(tb testing.TB, s *Sequencer, phones []press) {
	var wg sync.WaitGroup
	for part := range slices.Chunk(phones, 1+len(phones)/256) {
		wg.Go(func() {
			for _, p := range part {
				e := &op.Enrolment{CodeHash: []byte(p.device), Device: p.device, Role: op.Phone, Member: p.member, PublicKey: []byte("key")}
				if _, err := s.Do(context.Background(), op.Op{Kind: op.Offer, Enrolment: e}); err != nil {
					tb.Error(err)
				}
				if _, err := s.Do(context.Background(), op.Op{Kind: op.Enrol, Enrolment: &op.Enrolment{CodeHash: e.CodeHash, PublicKey: e.PublicKey}}); err != nil {
					tb.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

const plenty = `{"id":"gift","title":"春送祝福","audience":"under(m, \"PARK\")","audience_why":"仅限科园区会员",
 "pools":[{"id":"sets","total":10000000}],
 "limits":[{"per":"member","max":10000000},{"per":"org","max":10000000},{"per":"member","series":"spring","max":10000000}],
 "thresholds":[{"per":"org","persons_over":100,"task":"private_screening"}]}`

// BenchmarkGrant64 has 64 callers that each wait for every answer; every claim is granted and stored.
func BenchmarkGrant64(b *testing.B) {
	var ours float64
	grow(b, func(b *testing.B, times int) { benchmarkGrant(b, 64*times) }, &ours)
	compare(b, "redis", &ours, func(b *testing.B) { benchmarkRedis(b, 64, 1, 50, 1e9, 1e9, 1, everybody(b.N)) })
}

// BenchmarkGrant1000 is the same with 1,000 callers; beside it Redis has 64
// connections that pipeline 128 presses each.
func BenchmarkGrant1000(b *testing.B) {
	var ours float64
	grow(b, func(b *testing.B, times int) { benchmarkGrant(b, 1000*times) }, &ours)
	compare(b, "redis", &ours, func(b *testing.B) { benchmarkRedis(b, 64, 128, 50, 1e9, 1e9, 1, everybody(b.N)) })
}

// grow runs a benchmark under 1, 2, 4 and 8 times its load, and keeps the rate of the first.
func grow(b *testing.B, run func(b *testing.B, times int), first *float64) {
	for _, times := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprintf("x%d", times), func(b *testing.B) {
			run(b, times)
			if times == 1 {
				*first = rate
			}
		})
	}
}

func benchmarkGrant(b *testing.B, callers int) {
	s, phones := world(b, 50, callers, plenty)
	grant(b, s, phones)
}

// grant has each phone press until b.N claims are granted.
func grant(b *testing.B, s *Sequencer, phones []press) {
	runtime.GC() // what the city cost is not counted
	b.ResetTimer()
	r := pressed(b, s, phones, b.N)
	b.StopTimer()
	b.ReportMetric(float64(r.cpu)/float64(r.n), "cpu-ns/op")
	report(b, r.n, r.waits)
}

// round is what n claims took.
type round struct {
	n     int
	took  time.Duration
	cpu   time.Duration
	waits []time.Duration
}

func (r round) rate() float64 { return float64(r.n) / r.took.Seconds() }

// pressed has each phone press until n claims are granted.
func pressed(b *testing.B, s *Sequencer, phones []press, n int) round {
	callers := len(phones)
	waits := make([][]time.Duration, callers)
	for i := range waits {
		waits[i] = make([]time.Duration, 0, 2*n/callers+16)
	}
	var left atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	spent, began := cpu(), time.Now()
	for i := range phones {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				t := time.Now()
				r := phones[i].claim(b, s)
				waits[i] = append(waits[i], time.Since(t))
				if r.Outcome != op.Granted {
					b.Errorf("claim was %v %v, want granted", r.Outcome, r.Code)
					return
				}
			}
		})
	}
	wg.Wait()
	return round{n: n, took: time.Since(began), cpu: cpu() - spent, waits: slices.Concat(waits...)}
}

// cpu is the time that all cores have spent on this process: other programs on the
// machine change it far less than the time on the clock.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// rate is what report saw last, in decisions a second.
var rate float64

func report(b *testing.B, decisions int, waits []time.Duration) {
	slices.Sort(waits)
	rate = float64(decisions) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "decisions/s")
	if len(waits) > 0 {
		b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "p99-ms")
	}
	b.ReportMetric(0, "ns/op")
}

const premiere = `{"id":"premiere","title":"《魔兽》首映","audience":"under(m, \"PARK\")","audience_why":"仅限科园区会员",
 "pools":[{"id":"seats","total":2000}],
 "limits":[{"per":"member","max":1,"max_with_child":2},{"per":"org","max":200}],
 "thresholds":[{"per":"org","persons_over":100,"task":"private_screening"}]}`

// BenchmarkPremiere is the storm: 43,000 members press three times each for 2,000
// tickets, in random order. 32 callers bring 128 presses at a time, as many as a
// pipelined store is given beside it, and wait for all their answers.
func BenchmarkPremiere(b *testing.B) {
	var ours float64
	grow(b, benchmarkPremiere, &ours)
	compare(b, "redis", &ours, func(b *testing.B) {
		benchmarkRedis(b, 64, 128, 1200, 2000, 200, b.N, stormed(43000, 3))
	})
}

func benchmarkPremiere(b *testing.B, times int) {
	const presses, callers, together = 3, 32, 128
	members := 43000 * times
	var waits []time.Duration
	var spent time.Duration
	for range b.N {
		b.StopTimer()
		s, phones := world(b, 1200, members, premiere)
		storms := storm(phones, presses, callers)
		waited := make([][]time.Duration, callers)
		var granted atomic.Int64
		var wg sync.WaitGroup
		runtime.GC()
		before := cpu()
		b.StartTimer()
		for c := range callers {
			wg.Go(func() {
				for part := range slices.Chunk(storms[c], together) {
					t := time.Now()
					granted.Add(int64(submitAll(b, s, part)))
					waited[c] = append(waited[c], time.Since(t))
				}
			})
		}
		wg.Wait()
		b.StopTimer()
		spent += cpu() - before
		if granted.Load() != 2000 {
			b.Fatalf("%d tickets were granted, want 2000", granted.Load())
		}
		waits = append(waits, slices.Concat(waited...)...)
		s.Close()
	}
	b.ReportMetric(float64(spent)/float64(b.N*members*presses), "cpu-ns/op")
	report(b, b.N*members*presses, waits)
}

// storm shuffles every member's presses and deals them to callers, so that the
// presses of one phone stay with one caller and in order.
func storm(phones []press, presses, callers int) [][]*press {
	r := rand.New(rand.NewPCG(1, 0))
	storms := make([][]*press, callers)
	for range presses {
		for _, i := range r.Perm(len(phones)) {
			storms[i%callers] = append(storms[i%callers], &phones[i])
		}
	}
	return storms
}

// submitAll submits one press of each phone in one call and counts the grants.
func submitAll(b *testing.B, s *Sequencer, phones []*press) (granted int) {
	ops := make([]op.Op, len(phones)) // as a session has just read them
	requests := make([]Request, len(phones))
	for i, p := range phones {
		ops[i] = op.Op{Kind: op.Claim, Activity: p.op.Activity, Member: p.member, Seats: 1}
		hash := op.Chain(p.chain, p.raw)
		requests[i] = Request{Op: &ops[i], Origin: op.Origin{Device: p.device, Seq: p.seq + 1, Previous: p.chain, Hash: hash}}
		p.seq, p.chain = p.seq+1, hash
	}
	results, err := s.Submit(context.Background(), requests)
	if err != nil {
		b.Error(err)
	}
	for i := range results {
		if results[i].Outcome == op.Granted {
			granted++
		}
	}
	return granted
}
