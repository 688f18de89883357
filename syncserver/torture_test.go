package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/syncserver/control"
	"yizhan/syncserver/roster"
)

// pools is how many activities the phones of the torture contest.
const pools = 3

// phones is how many members do.
const phones = 8

// contested is fought over on purpose: fewer seats than people may hold.
func contested(n int) []byte {
	return fmt.Appendf(nil, `{"id":"rush%d","title":"抢","pools":[{"id":"p","total":9}],"limits":[{"per":"member","max":2}]}`, n)
}

// TestTorture kills server and devices with SIGKILL at random moments, all of them
// real processes, over networks that are slow, cut, stuck and sliced. TORTURE is
// how often each of the two is killed.
func TestTorture(t *testing.T) {
	kills := 6
	if text := os.Getenv("TORTURE"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	seed := mrand.Uint64()
	t.Logf("seed %d", seed)
	r, began := mrand.New(mrand.NewPCG(seed, 0)), time.Now()
	p := serving(t)
	all := victims(p)
	for _, v := range all {
		v.start()
	}
	copies := filepath.Join(t.TempDir(), "copies")
	for server, device := 0, 0; server < kills || device < kills; {
		if server == kills/2 {
			p.must("backup", "-o", copies) // under load, as every night
		}
		all[r.IntN(len(all))].poison(r)
		want := answers(all) + 1 + r.IntN(20)
		until(t, "the phones are answered", func() bool { return answers(all) >= want })
		<-time.After(time.Duration(r.IntN(5000)) * time.Microsecond) // the kill may hit anything
		if server < kills && (device == kills || r.IntN(2) == 0) {
			p.kill()
			if server++; server%20 == 0 {
				p.must("verify")
			}
			p.start()
			continue
		}
		v := all[r.IntN(len(all))]
		v.kill()
		v.start()
		device++
	}
	for _, v := range all {
		v.heal()
		v.finish()
	}
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.must("verify")
	sound(t, filepath.Dir(p.data))
	fresh := filepath.Join(filepath.Dir(copies), "restored")
	must(t, "restore", "-from", copies, "-data", fresh)
	must(t, "verify", "-data", fresh)
	ops := judge(t, opened(t, p), all)
	t.Logf("%d kills of the server, %d of devices, %d ops through a bad network, all linearizable, in %v", kills, kills, ops, time.Since(began).Round(time.Second))
}

func (p *process) kill() {
	p.t.Helper()
	if code := p.end(syscall.SIGKILL); code != -1 {
		p.t.Errorf("the server had ended by itself: %d", code)
	}
}

// victim is a phone in a process of its own, behind a bad network of its own.
type victim struct {
	*presser
	n        int
	store    string
	log      string
	listen   string // where it believes the server to be
	upstream string // where the server is
	proxy    *toxiproxy.Proxy
	cmd      *exec.Cmd
	stdin    io.WriteCloser
}

// victims makes the phones; none runs yet.
func victims(p *process) []*victim {
	p.t.Helper()
	ctx, c := context.Background(), control.Dial(p.data)
	call := func(what string, in any) {
		p.t.Helper()
		if _, err := control.Call[json.RawMessage](ctx, c, what, in); err != nil {
			p.t.Fatal(err)
		}
	}
	call("orgs", []member.Org{{ID: "C0", Name: "甲"}})
	people := make([]roster.Person, phones)
	for i := range people {
		people[i] = roster.Person{Name: fmt.Sprintf("会员%03d", i), IDNumber: fmt.Sprintf("99900019900101%04d", i), Org: "C0"}
	}
	call("people", people)
	for i := range pools {
		call("publish", contested(i))
	}
	all := make([]*victim, phones)
	for i, person := range people {
		m := p.member(person.Name)
		v := &victim{presser: &presser{member: m}, n: i, upstream: p.addr, listen: "127.0.0.1:0"}
		v.store, v.log = filepath.Join(filepath.Dir(p.data), fmt.Sprintf("phone%d.db", i)), filepath.Join(filepath.Dir(p.data), fmt.Sprintf("phone%d.log", i))
		v.client = open(p.t, p.addr, v.store)
		if err := v.enrol(p.code("-role", "phone", "-member", string(m))); err != nil {
			p.t.Fatal(err)
		}
		me, _ := v.Identity()
		v.device = me.Device
		if err := v.client.store.Close(); err != nil {
			p.t.Fatal(err)
		}
		v.heal()
		p.t.Cleanup(func() { v.proxy.Stop() })
		all[i] = v
	}
	return all
}

// toxics are the illnesses of a network; # is a random number up to 100.
var toxics = []string{
	`"type":"latency","attributes":{"latency":#,"jitter":#}`,
	`"type":"reset_peer","attributes":{"timeout":#}`,
	`"type":"slicer","attributes":{"average_size":#,"size_variation":1,"delay":100}`,
	`"type":"timeout","attributes":{"timeout":#}`,
	`"type":"bandwidth","attributes":{"rate":#}`,
}

// poison makes a victim's network ill in another way.
func (v *victim) poison(r *mrand.Rand) {
	v.t.Helper()
	text := toxics[r.IntN(len(toxics))]
	for strings.Contains(text, "#") {
		text = strings.Replace(text, "#", strconv.Itoa(2+r.IntN(99)), 1)
	}
	v.rewire(`{"name":"x","stream":"` + []string{"upstream", "downstream"}[r.IntN(2)] + `",` + text + `}`)
}

func (v *victim) heal() {
	v.t.Helper()
	v.rewire("")
}

// rewire puts a new proxy in the place of the old one, whose connection is cut: toxiproxy
// 2.12 may wait for ever where a toxic of a connection is changed whose end has just died.
func (v *victim) rewire(toxic string) {
	v.t.Helper()
	if v.proxy != nil {
		v.proxy.Stop()
	}
	v.proxy = toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), fmt.Sprint(v.n), v.listen, v.upstream)
	if toxic != "" {
		if _, err := v.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			v.t.Fatal(toxic, err)
		}
	}
	if err := v.proxy.Start(); err != nil {
		v.t.Fatal(err)
	}
	v.listen = v.proxy.Listen
}

// start runs the phone: this test binary again.
func (v *victim) start() {
	v.t.Helper()
	self, err := os.Executable()
	if err != nil {
		v.t.Fatal(err)
	}
	v.cmd = exec.Command(self)
	v.cmd.Env = append(os.Environ(), fmt.Sprintf("YIZHAN_PRESS=%s %s %s %s", v.listen, v.store, v.log, v.member))
	v.cmd.Stderr = os.Stderr
	if v.stdin, err = v.cmd.StdinPipe(); err != nil {
		v.t.Fatal(err)
	}
	if err := v.cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() {
		if v.cmd.ProcessState == nil {
			v.kill()
		}
	})
}

func (v *victim) kill() {
	v.t.Helper()
	v.cmd.Process.Kill()
	v.cmd.Wait() // its error is the exit code
	if code := v.cmd.ProcessState.ExitCode(); code != -1 {
		v.t.Errorf("phone %d had ended by itself: %d", v.n, code)
	}
}

// finish lets the phone press no more, wait for every answer, and end.
func (v *victim) finish() {
	v.t.Helper()
	v.stdin.Close()
	late := time.AfterFunc(patience, func() { v.cmd.Process.Kill() })
	defer late.Stop()
	if err := v.cmd.Wait(); err != nil {
		v.t.Errorf("phone %d: %v", v.n, err)
	}
}

// line is what a phone notes of itself, so that it survives its process.
type line struct {
	Start  *uint64    `json:",omitempty"` // a process began with so many ops in its store
	Seq    uint64     `json:",omitempty"`
	Op     []byte     `json:",omitempty"` // is going to be queued under Seq
	Result *op.Result `json:",omitempty"` // answers Seq
	At     int64      // nanoseconds of a clock that all processes share
}

func answers(all []*victim) (n int) {
	for _, v := range all {
		data, _ := os.ReadFile(v.log) // there is none before the first start
		n += bytes.Count(data, []byte(`"Result"`))
	}
	return n
}

// pressUntilKilled is this test binary as a member's phone: it presses, waits for
// the answer and presses again, until its input ends or it is killed.
func pressUntilKilled(args []string) error {
	c, err := loaded(args[0], args[1])
	if err != nil {
		return err
	}
	file, err := os.OpenFile(args[2], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	s := &presser{client: c, member: id.Member(args[3]), random: mrand.New(mrand.NewPCG(mrand.Uint64(), 0))}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go c.Device.Run(ctx) // gives only the context's error
	var over atomic.Bool
	go func() { io.Copy(io.Discard, os.Stdin); over.Store(true) }()
	go c.impatient(ctx)
	return s.pressAll(ctx, json.NewEncoder(file), &over)
}

// impatient tries again at once whenever the network is gone.
func (c *client) impatient(ctx context.Context) {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for ctx.Err() == nil {
		<-look.C
		if !c.Status().Online {
			c.Kick()
		}
	}
}

func (s *presser) pressAll(ctx context.Context, log *json.Encoder, over *atomic.Bool) error {
	st, err := s.store.State()
	if err != nil {
		return err
	}
	queue, err := s.store.Queue()
	if err != nil {
		return err
	}
	if err := log.Encode(line{Start: &st.Last, At: monotonic()}); err != nil {
		return err
	}
	for _, q := range queue {
		if err := s.answered(ctx, log, q.Seq); err != nil {
			return err
		}
	}
	for seq := st.Last + 1; !over.Load(); seq++ {
		o := s.next()
		o.Activity = id.Activity(fmt.Sprintf("rush%d", s.random.IntN(pools)))
		raw, err := op.Encode(&o)
		if err == nil {
			err = log.Encode(line{Seq: seq, Op: raw, At: monotonic()})
		}
		if err != nil {
			return err
		}
		if got, err := s.Do(o); err != nil || got != seq {
			return fmt.Errorf("op %d instead of %d: %w", got, seq, err)
		}
		if err := s.answered(ctx, log, seq); err != nil {
			return err
		}
	}
	return s.Synced(ctx)
}

func (s *presser) answered(ctx context.Context, log *json.Encoder, seq uint64) error {
	r, err := s.Wait(ctx, seq)
	if err != nil {
		return err
	}
	return log.Encode(line{Seq: seq, Result: &r, At: monotonic()})
}
