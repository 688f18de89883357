package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/station"
	"yizhan/core/wire"
	"yizhan/syncserver/roster"
)

// clock is a simulated one.
type clock struct{ atomic.Int64 }

func (c *clock) now() time.Time { return time.UnixMilli(c.Load()) }

func (c *clock) set(text string) {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		panic(err)
	}
	c.Store(t.UnixMilli())
}

var zone = time.FixedZone("CST", 8*60*60)

func config(t testing.TB, dir string, c *clock) Config {
	return Config{Dir: dir, Zone: zone, Now: c.now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler), Fatal: func(err error) { t.Error(err) }}
}

func open(t testing.TB, dir string, c *clock) *Server {
	t.Helper()
	s, err := Open(config(t, dir, c))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, s) })
	return s
}

func shut(t testing.TB, s *Server) {
	t.Helper()
	if s.life.Err() != nil {
		return
	}
	if err := s.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// settled is a server with an organisation, a station, two members and their phones.
func settled(t testing.TB, dir string, c *clock) (s *Server, phones []*phone) {
	t.Helper()
	c.set("2017-03-01 10:00")
	s = open(t, dir, c)
	ctx := context.Background()
	if _, err := s.ImportOrgs(ctx, []member.Org{{ID: "C1", Name: "甲"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.PutPeople(ctx, []member.Person{{ID: "m1", Org: "C1"}, {ID: "m2", Org: "C1"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ImportStations(ctx, []station.Station{{ID: "s1", Name: "站", Lat: 24.5, Lon: 118.1, Datum: "WGS84"}}); err != nil {
		t.Fatal(err)
	}
	for _, m := range []id.Member{"m1", "m2"} {
		phones = append(phones, enrol(t, s, op.Enrolment{Role: op.Phone, Member: m}))
	}
	return s, phones
}

// phone sends ops as a session does.
type phone struct {
	t      testing.TB
	device id.Device
	member id.Member
	seq    uint64
	chain  op.Hash
}

func enrol(t testing.TB, s *Server, e op.Enrolment) *phone {
	t.Helper()
	o, err := s.Offer(context.Background(), e, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Enrol(context.Background(), o.Code, []byte("key of "+o.Device), nil)
	if err != nil || got.Device != o.Device {
		t.Fatalf("enrolled as %+v, %v", got, err)
	}
	return &phone{t: t, device: o.Device, member: e.Member}
}

func (p *phone) ask(s *Server, o op.Op) op.Result {
	p.t.Helper()
	o.Member = p.member
	raw, err := op.Encode(&o)
	if err != nil {
		p.t.Fatal(err)
	}
	results, err := s.Submit(context.Background(), p.device, wire.Ops{First: p.seq + 1, Previous: p.chain[:], Ops: [][]byte{raw}})
	if err != nil {
		p.t.Fatal(err)
	}
	p.seq, p.chain = p.seq+1, op.Chain(p.chain, raw)
	return results.Results[0]
}

func publish(t testing.TB, s *Server, spec string) {
	t.Helper()
	if _, err := s.Publish(context.Background(), []byte(spec)); err != nil {
		t.Fatal(err)
	}
}

// seen gives the kinds of a member's messages.
func seen(t testing.TB, s *Server, m id.Member) (kinds []string) {
	t.Helper()
	books, err := s.Ledger(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	rows, err := books.Messages(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		kinds = append(kinds, r.Kind)
	}
	return kinds
}

func TestDamagedKeysAreNamed(t *testing.T) {
	dir, c := t.TempDir(), &clock{}
	s, _ := settled(t, dir, c)
	shut(t, s)
	path := filepath.Join(dir, KeysFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for what, content := range map[string]string{"empty": "", "cut off": string(whole[:len(whole)/2]), "no key": `{"deployment":"yz-x"}`,
		"other key": strings.Replace(string(whole), `"private": "`, `"private": "AAAA`, 1)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(config(t, dir, c)); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "backup") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	before := s.keys.Deployment
	if again := open(t, dir, c); again.keys.Deployment != before || again.keys.private.Public().KID() == nil {
		t.Errorf("deployment %s became %s", before, again.keys.Deployment)
	}
}

func TestLostFilesAreNotMadeAnew(t *testing.T) {
	for _, name := range []string{KeysFile, VaultFile} {
		dir, c := t.TempDir(), &clock{}
		s, _ := settled(t, dir, c)
		shut(t, s)
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(config(t, dir, c)); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "backup") {
			t.Errorf("without %s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s was made anew", name)
		}
	}
}

// TestLostJournalIsNotBegunAnew: an empty journal beside a ledger would give the
// same ticket numbers out again, and wipe what is left of the first ones.
func TestLostJournalIsNotBegunAnew(t *testing.T) {
	for _, lose := range []func(string) error{os.Remove, func(path string) error { return os.Truncate(path, 0) }} {
		dir, c := t.TempDir(), &clock{}
		s, _ := settled(t, dir, c)
		if _, err := s.Ledger(context.Background()); err != nil {
			t.Fatal(err)
		}
		shut(t, s)
		if err := lose(filepath.Join(dir, JournalFile)); err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadFile(filepath.Join(dir, LedgerFile))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // a supervisor starts it again
			if _, err := Open(config(t, dir, c)); err == nil || !strings.Contains(err.Error(), JournalFile) || !strings.Contains(err.Error(), "backup") {
				t.Errorf("without journal: %v", err)
			}
		}
		if after, err := os.ReadFile(filepath.Join(dir, LedgerFile)); err != nil || !slices.Equal(before, after) {
			t.Errorf("the ledger was touched: %v", err)
		}
	}
}

// TestLedgerAheadOfTheJournal puts the ledger of a longer history beside a journal.
func TestLedgerAheadOfTheJournal(t *testing.T) {
	dir, c := t.TempDir(), &clock{}
	s, phones := settled(t, dir, c)
	shut(t, s)
	shorter, err := os.ReadFile(filepath.Join(dir, JournalFile))
	if err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, c)
	publish(t, s, `{"id":"a","title":"甲","pools":[{"id":"p","total":5}]}`)
	phones[0].ask(s, op.Op{Kind: op.Claim, Activity: "a", Seats: 1})
	if _, err := s.Ledger(context.Background()); err != nil {
		t.Fatal(err)
	}
	shut(t, s)
	if err := os.WriteFile(filepath.Join(dir, JournalFile), shorter, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(config(t, dir, c)); err == nil || !strings.Contains(err.Error(), "the end of the journal is lost") {
		t.Fatalf("a server over a journal without its end: %v", err)
	}
	if err := os.Rename(filepath.Join(dir, LedgerFile), filepath.Join(dir, "ledger.old")); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, c)
	books, err := s.Ledger(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if claims, err := books.Claims("m1"); err != nil || len(claims) != 0 || books.Applied() != s.Head() {
		t.Errorf("the ledger at %d of %d still has %v, %v", books.Applied(), s.Head(), claims, err)
	}
}

func TestTicksLapseAndRemind(t *testing.T) {
	c := &clock{}
	s, phones := settled(t, t.TempDir(), c)
	publish(t, s, `{"id":"gift","title":"礼","sessions":[{"id":"p","starts":"2017-03-05T19:00:00","ends":"2017-03-05T21:00:00","total":1}],"when_full":"waitlist","unclaimed":"return",
 "windows":{"pickup":["2017-03-02T09:00:00","2017-03-03T16:00:00"]},"pickup":{"stations":["s1"],"bind":true}}`)
	publish(t, s, `{"id":"diy","title":"花","sessions":[{"id":"x","starts":"2017-03-05T14:00:00","ends":"2017-03-05T16:00:00","total":5}]}`)
	for i, want := range []op.Outcome{op.Granted, op.Waitlisted} {
		if r := phones[i].ask(s, op.Op{Kind: op.Claim, Activity: "gift", Seats: 1}); r.Outcome != want {
			t.Errorf("claim %d: %+v", i, r)
		}
	}
	phones[0].ask(s, op.Op{Kind: op.Claim, Activity: "diy", Seats: 1})
	for _, step := range []struct{ at, who, kind string }{
		{"2017-03-03 15:59", "m1", "lapsed"}, {"2017-03-03 16:00", "m1", "lapsed"},
		{"2017-03-04 08:59", "m1", "reminder"}, {"2017-03-04 09:00", "m1", "reminder"},
	} {
		c.set(step.at)
		s.Tick()
		early := strings.HasSuffix(step.at, "59")
		if got := seen(t, s, id.Member(step.who)); slices.Contains(got, step.kind) == early {
			t.Errorf("at %s %s has %v", step.at, step.who, got)
		}
	}
	if got := seen(t, s, "m2"); !slices.Contains(got, "promoted") {
		t.Errorf("the returned seat promoted nobody: m2 has %v", got)
	}
	if got := seen(t, s, "m1"); slices.Index(got, "reminder") != len(got)-1 {
		t.Errorf("m1 has %v", got)
	}
}

// TestSleepingServerCatchesUp is stopped before a moment and started behind it.
func TestSleepingServerCatchesUp(t *testing.T) {
	dir, c := t.TempDir(), &clock{}
	s, phones := settled(t, dir, c)
	publish(t, s, `{"id":"gift","title":"礼","pools":[{"id":"p","total":1}],
 "windows":{"pickup":["2017-03-02T09:00:00","2017-03-03T16:00:00"]},"pickup":{"stations":["s1"],"bind":true}}`)
	phones[0].ask(s, op.Op{Kind: op.Claim, Activity: "gift", Seats: 1})
	shut(t, s)
	c.set("2017-03-10 12:00")
	s = open(t, dir, c)
	if r := phones[1].ask(s, op.Op{Kind: op.Claim, Activity: "gift", Seats: 1}); r.Code != fault.WindowClosed {
		t.Errorf("claim after the lapse: %+v", r)
	}
	books, err := s.Ledger(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	claims, err := books.Claims("m1")
	if err != nil || len(claims) != 1 || claims[0].State != op.ClaimLapsed {
		t.Errorf("m1 has %+v, %v", claims, err)
	}
}

// TestLongNotes imports people whose records would not fit one batch by number.
func TestLongNotes(t *testing.T) {
	c := &clock{}
	s, _ := settled(t, t.TempDir(), c)
	people := make([]roster.Person, 900)
	for i := range people {
		people[i] = roster.Person{Name: fmt.Sprintf("会员%d", i), IDNumber: fmt.Sprintf("99900019900101%04d", i), Org: "C1", Note: strings.Repeat("备注", 1000)}
	}
	for _, want := range []int{900, 0} {
		if n, err := s.ImportPeople(context.Background(), people); err != nil || n.Read != 900 || n.Changed != want {
			t.Errorf("imported %+v, %v; want %d changed", n, err, want)
		}
	}
	people[7].Note = "短"
	if n, err := s.ImportPeople(context.Background(), people); err != nil || n.Changed != 1 {
		t.Errorf("imported %+v, %v; want 1 changed", n, err)
	}
	people[8].Note = strings.Repeat("长", 200_000)
	if _, err := s.ImportPeople(context.Background(), people); err == nil {
		t.Error("a record larger than a batch was taken")
	}
	if st, err := s.Status(context.Background()); err != nil || st.Sum != "ok" || st.People != 902 {
		t.Errorf("status %+v, %v", st, err)
	}
	found, err := s.Find(context.Background(), "会员")
	if err != nil || len(found) != maxFound {
		t.Errorf("found %d, %v", len(found), err)
	}
	if found, err = s.Find(context.Background(), " "); err == nil {
		t.Errorf("found %d for nothing", len(found))
	}
}

func TestOldResultsComeFromTheLedger(t *testing.T) {
	c := &clock{}
	s, phones := settled(t, t.TempDir(), c)
	publish(t, s, `{"id":"a","title":"甲","pools":[{"id":"p","total":3}]}`)
	p, first := phones[0], op.Op{Kind: op.Claim, Member: "m1", Activity: "a", Seats: 1}
	raw, err := op.Encode(&first)
	if err != nil {
		t.Fatal(err)
	}
	told := p.ask(s, first)
	for range 1100 { // more than the arbiter keeps
		p.ask(s, op.Op{Kind: op.Cancel, Activity: "a", Seats: 9})
	}
	if _, err := s.Ledger(context.Background()); err != nil {
		t.Fatal(err)
	}
	answer, err := s.Submit(context.Background(), p.device, wire.Ops{First: 1, Previous: make([]byte, 16), Ops: [][]byte{raw}})
	again := answer.Results
	if err != nil || len(again) != 1 || again[0].Outcome != told.Outcome || again[0].Ticket != told.Ticket || again[0].Seq != told.Seq {
		t.Errorf("told %+v, sent again %+v, %v", told, again, err)
	}
}

// TestOldForks: a device that was restored from an old backup is not told what the
// other history was answered, however long ago, and what it says itself is believed.
func TestOldForks(t *testing.T) {
	for name, number := range map[string]uint64{"an old number": 1, "one in memory": 1090, "the next": 1102} {
		c := &clock{}
		s, phones := settled(t, t.TempDir(), c)
		p := phones[0]
		for range 1101 { // more than the arbiter keeps
			p.ask(s, op.Op{Kind: op.Cancel, Activity: "a", Seats: 9})
		}
		if _, err := s.Ledger(context.Background()); err != nil {
			t.Fatal(err)
		}
		o := op.Op{Kind: op.Claim, Member: "m1", Activity: "a", Seats: 1}
		if number == 1102 {
			o = op.Op{Kind: op.Parted}
		}
		raw, err := op.Encode(&o)
		if err != nil {
			t.Fatal(err)
		}
		m := wire.Ops{First: number, Previous: make([]byte, 16), Ops: [][]byte{raw, raw}}
		if number == 1102 {
			m.Previous = p.chain[:]
		}
		answer, err := s.Submit(context.Background(), p.device, m)
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Fork || len(answer.Results) != 0 {
			t.Errorf("%s: answered %+v, %v", name, answer.Results, err)
		}
		kept, err := s.Quarantine(context.Background(), p.device)
		if info, _ := s.Device(p.device); err != nil || !info.Gone || len(kept) != 2 || kept[0].DevSeq != number || kept[0].Why != "forked" {
			t.Errorf("%s: gone %v, kept %+v, %v", name, info.Gone, kept, err)
		}
	}
}

// TestUnreadableOpsBlockNothing: bytes that are no op are refused as invalid, and
// stay so when they are sent again.
func TestUnreadableOpsBlockNothing(t *testing.T) {
	c := &clock{}
	s, phones := settled(t, t.TempDir(), c)
	publish(t, s, `{"id":"a","title":"甲","pools":[{"id":"p","total":3}]}`)
	good, err := op.Encode(&op.Op{Kind: op.Claim, Member: "m1", Activity: "a", Seats: 1})
	if err != nil {
		t.Fatal(err)
	}
	console, err := op.Encode(&op.Op{Kind: op.Publish, Spec: []byte(`{"id":"b"}`)})
	if err != nil {
		t.Fatal(err)
	}
	run := [][]byte{good, nil, {0xff}, good[:len(good)-1], append(slices.Clone(good), 0), console, []byte("GET / HTTP/1.1"), good}
	for range 2 {
		answer, err := s.Submit(context.Background(), phones[0].device, wire.Ops{First: 1, Previous: make([]byte, 16), Ops: run})
		if err != nil || len(answer.Results) != len(run) {
			t.Fatalf("%d results, %v", len(answer.Results), err)
		}
		for i, r := range answer.Results {
			if bad := i > 0 && i < len(run)-1; bad && (r.Outcome != op.Refused || r.Code != fault.Invalid) || !bad && r.Outcome != op.Granted {
				t.Errorf("op %d: %+v", i, r)
			}
		}
	}
}

// TestSyncedHead: whoever was answered finds the answer's entry below Head.
func TestSyncedHead(t *testing.T) {
	c := &clock{}
	s, phones := settled(t, t.TempDir(), c)
	publish(t, s, `{"id":"a","title":"甲","pools":[{"id":"p","total":3}]}`)
	for range 200 {
		if r := phones[0].ask(s, op.Op{Kind: op.Claim, Activity: "a", Seats: 1}); s.Head() < r.Seq {
			t.Fatalf("answered with entry %d, the head is %d", r.Seq, s.Head())
		}
	}
	var seq uint64
	if err := s.View(context.Background(), func(state *arbiter.State) { seq = state.Seq() }); err != nil || seq != s.Head() {
		t.Errorf("state at %d, head %d, %v", seq, s.Head(), err)
	}
}
