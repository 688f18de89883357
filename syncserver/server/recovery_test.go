package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// talker is a phone that keeps what a device keeps.
type talker struct {
	*phone
	ops      [][]byte
	answers  []op.Result
	receipts [][]byte
	sums     []op.Hash // before each op
}

// tell sends an op and keeps the answer.
func (p *talker) tell(s *Server, o op.Op) op.Result {
	p.t.Helper()
	o.Member = p.member
	raw, err := op.Encode(&o)
	if err != nil {
		p.t.Fatal(err)
	}
	r, err := s.Submit(context.Background(), p.device, wire.Ops{First: p.seq + 1, Previous: p.chain[:], Ops: [][]byte{raw}})
	if err != nil {
		p.t.Fatal(err)
	}
	p.sums = append(p.sums, p.chain)
	p.seq, p.chain = p.seq+1, op.Chain(p.chain, raw)
	p.ops, p.answers, p.receipts = append(p.ops, raw), append(p.answers, r.Results[0]), append(p.receipts, r.Receipts[0])
	return r.Results[0]
}

// remind brings ops back from number n on.
func (p *talker) remind(s *Server, n int, receipts [][]byte) (wire.Results, error) {
	return s.Submit(context.Background(), p.device, wire.Ops{First: uint64(n), Previous: p.sums[n-1][:], Ops: p.ops[n-1:], Receipts: receipts})
}

func frozen(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Kind == fault.Frozen
}

// copyDir copies the files of a server that does not write just now.
func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// TestRowsOfALostHistoryAreFound: nobody lost an answer, but a device holds rows that
// the server has forgotten; also once others have taken their numbers.
func TestRowsOfALostHistoryAreFound(t *testing.T) {
	c, dir, old := &clock{}, t.TempDir(), t.TempDir()
	s, phones := settled(t, dir, c)
	ctx := context.Background()
	shown := func(s *Server) []byte {
		t.Helper()
		if _, err := s.Ledger(ctx); err != nil { // it waits for what is durable
			t.Fatal(err)
		}
		return s.stamp(s.Head())
	}
	publish(t, s, `{"id":"a","title":"甲","pools":[{"id":"p","total":2}]}`)
	before := shown(s)
	shut(t, s)
	copyDir(t, dir, old)
	s = open(t, dir, c)
	publish(t, s, `{"id":"b","title":"乙","pools":[{"id":"p","total":2}]}`)
	lost := shown(s)
	if err := s.Meet(phones[0].device, wire.Known{Stamp: lost}); err != nil {
		t.Fatalf("the newest stamp: %v", err)
	}
	shut(t, s)

	s = open(t, old, c)
	publish(t, s, `{"id":"c","title":"丙","pools":[{"id":"p","total":2}]}`)
	publish(t, s, `{"id":"d","title":"丁","pools":[{"id":"p","total":2}]}`)
	for name, stamp := range map[string][]byte{"of before": before, "of now": shown(s), "a forged one": append([]byte{1}, lost...)} {
		if err := s.Meet(phones[0].device, wire.Known{Stamp: stamp}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Meet(phones[0].device, wire.Known{Stamp: lost}); !frozen(err) {
		t.Fatalf("a stamp of another history: %v", err)
	}
	r, err := s.AcceptLoss(ctx)
	if err != nil || r.Epoch == 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if err := s.Meet(phones[0].device, wire.Known{Stamp: lost}); err != nil {
		t.Errorf("after the loss is accepted: %v", err)
	}
	shut(t, s)
}

// TestRolledBackServerStops: the whole data directory is set back to an earlier
// moment, and nothing tells the server so.
func TestRolledBackServerStops(t *testing.T) {
	c, dir, old := &clock{}, t.TempDir(), t.TempDir()
	s, phones := settled(t, dir, c)
	publish(t, s, `{"id":"a","title":"甲","pools":[{"id":"p","total":2}]}`)
	p, q := &talker{phone: phones[0]}, &talker{phone: phones[1]}
	first := p.tell(s, op.Op{Kind: op.Claim, Activity: "a", Seats: 1})
	if _, err := s.Ledger(context.Background()); err != nil {
		t.Fatal(err)
	}
	shut(t, s)
	copyDir(t, dir, old)
	s = open(t, dir, c)
	p.tell(s, op.Op{Kind: op.Cancel, Activity: "a", Seats: 1})
	lost := q.tell(s, op.Op{Kind: op.Claim, Activity: "a", Seats: 2})
	if lost.Outcome != op.Granted {
		t.Fatalf("%+v", lost)
	}
	shut(t, s)

	s = open(t, old, c)
	forged := append([]byte{}, q.receipts[0]...)
	forged[len(forged)-1] ^= 1
	for name, r := range map[string][]byte{"no receipt": nil, "a forged one": forged, "one that is known": p.receipts[0], "somebody else's": p.receipts[0]} {
		d := p.device
		if name != "one that is known" {
			d = q.device
		}
		if err := s.Meet(d, wire.Known{Receipt: r}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if err := s.Meet(q.device, wire.Known{Receipt: q.receipts[0]}); !frozen(err) {
		t.Fatalf("a lost receipt: %v", err)
	}
	s.Tick()
	shut(t, s)
	s = open(t, old, c) // it does not forget that
	if _, err := q.remind(s, 1, nil); !frozen(err) {
		t.Errorf("an op is decided: %v", err)
	}
	if _, err := s.Publish(context.Background(), []byte(`{"id":"b","title":"乙","pools":[{"id":"p","total":2}]}`)); !frozen(err) {
		t.Errorf("the console decides: %v", err)
	}
	if again, err := p.remind(s, 1, nil); err == nil || len(again.Results) != 1 || again.Results[0].Seq != first.Seq {
		t.Errorf("a known result: %+v, %v", again, err)
	}
	r, err := s.AcceptLoss(context.Background())
	if err != nil || r.Epoch != 1 || r.Loss != nil || len(r.Missing) != 2 || len(r.Frozen) != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	if _, err := q.remind(s, 1, q.receipts); !frozen(err) {
		t.Errorf("a claim is recorded whose seats are not free yet: %v", err)
	}
	if _, err := p.remind(s, 2, [][]byte{forged}); !frozen(err) {
		t.Errorf("a forged receipt is believed: %v", err)
	}
	if _, err := p.remind(s, 2, p.receipts[1:]); err != nil {
		t.Error(err)
	}
	again, err := q.remind(s, 1, q.receipts)
	if err != nil || again.Results[0].Ticket != lost.Ticket || again.Results[0].Seq != lost.Seq {
		t.Errorf("recorded as %+v, was told %+v, %v", again, lost, err)
	}
	for _, d := range []*talker{p, q} {
		if err := s.Meet(d.device, wire.Known{Epoch: 1, Receipt: d.receipts[len(d.receipts)-1]}); err != nil {
			t.Error(err)
		}
	}
	if r, err := s.Reopen(context.Background(), "a"); err != nil || len(r.Missing) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if r := p.tell(s, op.Op{Kind: op.Claim, Activity: "a", Seats: 1}); r.Code != fault.SoldOut {
		t.Errorf("given twice: %+v", r)
	}
}

// TestRestoreComesBeforeWhatFellDue: a moment lies between the backup and the start from
// it. Whether its seats are still there to lapse, only devices know.
func TestRestoreComesBeforeWhatFellDue(t *testing.T) {
	dir, c, ctx := t.TempDir(), &clock{}, context.Background()
	s, phones := settled(t, dir, c)
	publish(t, s, `{"id":"gift","title":"礼","pools":[{"id":"p","total":1}],"unclaimed":"return",
 "windows":{"pickup":["2017-03-02T09:00:00","2017-03-03T16:00:00"]},"pickup":{"stations":["s1"],"bind":true}}`)
	phones[0].ask(s, op.Op{Kind: op.Claim, Activity: "gift", Seats: 1})
	head := s.Head()
	shut(t, s)
	mark, err := json.Marshal(Marker{Seq: head})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, RestoredFile), mark, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	c.set("2017-03-10 12:00")
	s = open(t, dir, c)
	state := func() op.ClaimState {
		t.Helper()
		s.Tick()
		books, err := s.Ledger(ctx)
		if err != nil {
			t.Fatal(err)
		}
		claims, err := books.Claims("m1")
		if err != nil || len(claims) != 1 {
			t.Fatalf("m1 has %+v, %v", claims, err)
		}
		return claims[0].State
	}
	if got := state(); got != op.ClaimGranted {
		t.Errorf("before its phone has reported, the claim is %v", got)
	}
	if err := s.seq.View(ctx, func(state *arbiter.State) {
		if state.EpochAt(head+1) == 0 {
			t.Error("something was decided between the backup and the new epoch")
		}
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reopen(ctx, ""); err != nil {
		t.Fatal(err)
	}
	if got := state(); got != op.ClaimReturned {
		t.Errorf("after reopening, the claim is %v", got)
	}
}

// chat sends so many ops at once that decide nothing.
func (p *talker) chat(s *Server, n int) {
	p.t.Helper()
	raw, err := op.Encode(&op.Op{Kind: op.Claim, Member: p.member, Activity: "nothing", Seats: 1})
	if err != nil {
		p.t.Fatal(err)
	}
	r, err := s.Submit(context.Background(), p.device, wire.Ops{First: p.seq + 1, Previous: p.chain[:], Ops: slices.Repeat([][]byte{raw}, n)})
	if err != nil || len(r.Results) != n {
		p.t.Fatalf("%d of %d answered: %v", len(r.Results), n, err)
	}
	for range n {
		p.seq, p.chain = p.seq+1, op.Chain(p.chain, raw)
	}
}

// TestOldResultOfALostPlace: what a device was told before a restore names a place of the
// journal that was lost. Here that is no place at all, and later somebody else's.
func TestOldResultOfALostPlace(t *testing.T) {
	const forgotten = 600 // more than the results that memory keeps of a device
	c, dir, old, ctx := &clock{}, t.TempDir(), t.TempDir(), context.Background()
	s, phones := settled(t, dir, c)
	publish(t, s, `{"id":"a","title":"甲","pools":[{"id":"p","total":2}]}`)
	shut(t, s)
	copyDir(t, dir, old)
	s = open(t, dir, c)
	p := &talker{phone: phones[0]}
	lost := *phones[1]
	(&talker{phone: &lost}).chat(s, 2*forgotten)
	told := p.tell(s, op.Op{Kind: op.Claim, Activity: "a", Seats: 1})
	shut(t, s)

	s = open(t, old, c)
	if err := s.Meet(p.device, wire.Known{Receipt: p.receipts[0]}); !frozen(err) {
		t.Fatalf("a lost receipt: %v", err)
	}
	if _, err := s.AcceptLoss(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := p.remind(s, 1, p.receipts); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reopen(ctx, ""); err != nil {
		t.Fatal(err)
	}
	p.chat(s, forgotten)
	again := func(where string) {
		t.Helper()
		if _, err := s.Ledger(ctx); err != nil { // it waits for what is durable
			t.Fatal(err)
		}
		if r, err := p.remind(s, 1, nil); err != nil || len(r.Results) != 1 || !reflect.DeepEqual(r.Results[0], told) || len(r.Receipts[0]) == 0 {
			t.Errorf("with its old place %s: %+v, %v, was told %+v", where, r, err, told)
		}
		if info, ok := s.Device(p.device); !ok || info.Gone {
			t.Fatalf("with its old place %s an honest device is closed", where)
		}
	}
	if s.Head() >= told.Seq {
		t.Fatalf("the journal has entry %d", told.Seq)
	}
	again("beyond the journal")
	(&talker{phone: phones[1]}).chat(s, 2*forgotten)
	if s.Head() < told.Seq {
		t.Fatalf("the journal has no entry %d", told.Seq)
	}
	again("in another's batch")
}

// TestReportsAreNotedOneByOne: a report costs a line, however many have reported before,
// and is known at once and after a restart; half a line costs its own device only.
func TestReportsAreNotedOneByOne(t *testing.T) {
	c, dir, ctx := &clock{}, t.TempDir(), context.Background()
	s, phones := settled(t, dir, c)
	if err := s.PutPeople(ctx, []member.Person{{ID: "m3", Org: "C1"}}); err != nil {
		t.Fatal(err)
	}
	phones = append(phones, enrol(t, s, op.Enrolment{Role: op.Phone, Member: "m3"}))
	if _, err := s.seq.Do(ctx, op.Op{Kind: op.Restore}); err != nil {
		t.Fatal(err)
	}
	report := func(p *phone) {
		t.Helper()
		r, err := s.Recovery(ctx)
		if err == nil {
			err = s.Meet(p.device, wire.Known{Epoch: r.Epoch})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	missing := func(want ...id.Device) {
		t.Helper()
		slices.Sort(want)
		if r, err := s.Recovery(ctx); err != nil || !slices.Equal(r.Missing, want) {
			t.Errorf("%v are missing (%v), want %v", r.Missing, err, want)
		}
	}
	path := filepath.Join(dir, reportedFile)
	content := func() (os.FileInfo, []byte) {
		t.Helper()
		info, err := os.Stat(path)
		data, readErr := os.ReadFile(path)
		if err = errors.Join(err, readErr); err != nil {
			t.Fatal(err)
		}
		return info, data
	}
	report(phones[0])
	before, begun := content()
	report(phones[1])
	report(phones[1])
	after, both := content()
	if added, ok := bytes.CutPrefix(both, begun); !os.SameFile(before, after) || !ok || bytes.Count(added, []byte{'\n'}) != 1 {
		t.Errorf("%q became %q, in the same file: %v", begun, both, os.SameFile(before, after))
	}
	missing(phones[2].device)
	shut(t, s)
	if err := os.WriteFile(path, both[:len(both)-2], 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, c)
	missing(phones[1].device, phones[2].device)
	report(phones[2])
	shut(t, s)
	s = open(t, dir, c)
	missing(phones[1].device)
	if _, err := s.seq.Do(ctx, op.Op{Kind: op.Restore}); err != nil {
		t.Fatal(err)
	}
	report(phones[1])
	shut(t, s)
	s = open(t, dir, c)
	missing(phones[0].device, phones[2].device)
}

// TestReportsOfAnOlderProgramCount: it wrote all devices as one object.
func TestReportsOfAnOlderProgramCount(t *testing.T) {
	c, dir, ctx := &clock{}, t.TempDir(), context.Background()
	s, phones := settled(t, dir, c)
	if _, err := s.seq.Do(ctx, op.Op{Kind: op.Restore}); err != nil {
		t.Fatal(err)
	}
	r, err := s.Recovery(ctx)
	if err != nil || len(r.Missing) != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	shut(t, s)
	old := fmt.Sprintf(`{"epoch":%d,"devices":{%q:{}}}`, r.Epoch, phones[0].device)
	if err := os.WriteFile(filepath.Join(dir, reportedFile), []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, c)
	if r, err := s.Recovery(ctx); err != nil || !slices.Equal(r.Missing, []id.Device{phones[1].device}) {
		t.Errorf("%+v, %v", r, err)
	}
}
