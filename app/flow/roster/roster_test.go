package roster

import (
	"strings"
	"testing"
	"time"

	"yizhan/app/flow"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/lookup"
	"yizhan/core/op"
	"yizhan/core/wire"
)

var now = time.Date(2026, 11, 21, 14, 5, 0, 0, time.FixedZone("Asia/Shanghai", 8*60*60))

type store struct {
	testing.TB
	local.Store
}

func (s store) put(table, key string, v any) {
	s.Helper()
	body, err := wire.EncodeRow(v)
	if err == nil {
		err = s.Apply(local.Checkpoint{Rows: []local.Row{{Table: table, ID: key, Seq: 1, Body: body}}})
	}
	if err != nil {
		s.Fatal(err)
	}
}

func (s store) guest(t id.Ticket, name, initials, tail string, d wire.DoorRow) {
	s.Helper()
	m := id.Member("m" + name)
	d.Ticket, d.Member = t, m
	if d.Activity == "" {
		d.Activity, d.Pool = "tour", "am"
	}
	key := time.Duration(t).String()
	s.put(wire.TableDoor, key, d)
	s.put(wire.TableGuest, key, wire.GuestRow{Ticket: t, Member: m, Name: name, Initials: []string{initials}, Mark: lookup.Mark(m, tail)})
}

func lists(t testing.TB) store {
	s := store{t, memory.New()}
	s.put(wire.TableActivity, "tour", wire.ActivityRow{ID: "tour", Spec: []byte(`{"id":"tour","title":"云鹭古城半日游","sessions":[
		{"id":"am","starts":"2026-11-21T14:30:00","ends":"2026-11-21T17:00:00","total":20},{"id":"late","starts":"2026-11-25T14:30:00","ends":"2026-11-25T17:00:00","total":20}]}`)})
	s.guest(1030, "李*华", "LXH", "0001", wire.DoorRow{Seats: 2, State: op.ClaimGranted})
	s.guest(1031, "王**", "WXM", "0002", wire.DoorRow{Seats: 1, State: op.ClaimGranted, Inside: true, Came: true})
	s.guest(1032, "单*", "SD", "0003", wire.DoorRow{Seats: 1, State: op.ClaimRedeemed, Came: true})
	s.guest(1033, "赵*", "ZL", "0004", wire.DoorRow{Seats: 1, State: op.ClaimWaitlisted})
	s.guest(1034, "钱*", "QY", "0005", wire.DoorRow{Seats: 1, State: op.ClaimCancelled})
	s.guest(1035, "孙*", "SM", "0006", wire.DoorRow{Seats: 1, State: op.ClaimGranted, Blocked: true})
	s.guest(1040, "周*", "ZW", "0007", wire.DoorRow{Activity: "tour", Pool: "late", Seats: 1, State: op.ClaimGranted})
	s.guest(1041, "吴*", "WF", "0008", wire.DoorRow{Activity: "gone", Pool: "p", Seats: 1, State: op.ClaimGranted})
	return s
}

func loaded(t testing.TB, s store, supervisor bool) State {
	t.Helper()
	all, err := Read(s, now)
	if err != nil {
		t.Fatal(err)
	}
	st, _ := State{}.Update(Loaded{all, supervisor})
	return st
}

func TestRead(t *testing.T) {
	s := loaded(t, lists(t), false)
	if len(s.Sessions) != 3 || s.Sessions[0].Pool != "am" || s.Sessions[1].Pool != "late" || s.Sessions[2].Title != "gone" || !s.Sessions[2].When.Empty() {
		t.Fatalf("sessions: %+v", s.Sessions)
	}
	at, _ := s.Session()
	if at.Title != "云鹭古城半日游" || at.When.String() != "今天 14:30" || at.Expected != 5 || at.Inside != 1 || at.Left != 1 || at.Absent() != 3 {
		t.Errorf("the nearest: %+v", at)
	}
	var got []string
	for _, g := range at.Guests {
		got = append(got, g.Name+g.Badge.String())
	}
	if want := "孙*已暂停 李*华未到 王**已入场 单*已出场 赵*没有名额"; strings.Join(got, " ") != want {
		t.Errorf("guests %q, want %q", got, want)
	}
}

// TestOwnCheckIn shows what this device did before the server has heard of it.
func TestOwnCheckIn(t *testing.T) {
	s := lists(t)
	o := op.Op{Kind: op.CheckIn, Ticket: 1030, Verdict: fault.Valid}
	raw, err := op.Encode(&o)
	if err != nil {
		t.Fatal(err)
	}
	mark, _ := wire.EncodeRow(wire.UsedRow{Ticket: 1030, Seq: 1, Kind: op.CheckIn})
	if err := s.Append(local.Queued{Seq: 1, Hash: op.Chain(op.Hash{}, raw), Bytes: raw}, local.Row{Table: wire.TableUsed, ID: "door/1030", Body: mark}); err != nil {
		t.Fatal(err)
	}
	if at, _ := loaded(t, s, false).Session(); at.Inside != 3 || at.Absent() != 1 {
		t.Errorf("%d inside, %d absent", at.Inside, at.Absent())
	}
}

func TestFinding(t *testing.T) {
	s := loaded(t, lists(t), true)
	steward, _ := loaded(t, lists(t), false).Update(Search{"lxh"})
	if len(steward.List()) != 0 {
		t.Error("a device that is no supervisor's looks people up")
	}
	if steward, _ = steward.Update(Search{s.Sessions[0].Guests[1].Short}); len(steward.List()) != 1 {
		t.Error("it does not find a short code")
	}
	for query, want := range map[string]string{"": "孙*李*华王**单*赵*", "lxh": "李*华", "shan": "单*", "0002": "王**", "  ": "孙*李*华王**单*赵*",
		s.Sessions[0].Guests[1].Short: "李*华", "qq": "", "zw": ""} {
		got := ""
		found, _ := s.Update(Search{query})
		for _, g := range found.List() {
			got += g.Name
		}
		if got != want {
			t.Errorf("%q finds %q, want %q", query, got, want)
		}
	}
	if first, _ := s.Update(Search{"李"}); first.List()[0].Name != "李*华" {
		t.Error("the one who fits best does not stand first")
	}
	for show, n := range map[Show]int{Everybody: 5, OnlyAbsent: 2, OnlyInside: 1} {
		if some, _ := s.Update(Filter{show}); len(some.List()) != n {
			t.Errorf("filter %d lists %d, want %d", show, len(some.List()), n)
		}
	}
	if other, _ := s.Update(Choose{Key{"tour", "late"}}); len(other.List()) != 1 || other.List()[0].Name != "周*" {
		t.Error("another session is not shown")
	}
}

func TestPassing(t *testing.T) {
	s := loaded(t, lists(t), true)
	s, _ = s.Update(Open{1030})
	asked, do := s.Update(Pass{})
	if do != (Do{}) || asked.Word.Word.String() != "请写明原因" {
		t.Fatalf("let in without a reason: %+v", do)
	}
	s, _ = s.Update(Wrote{" 手机没电 "})
	if _, do = s.Update(Pass{Out: true}); do != (Do{}) {
		t.Error("somebody who has not come was let out")
	}
	s, do = s.Update(Pass{})
	if want := (Do{Ticket: 1030, Key: Key{"tour", "am"}, Reason: "手机没电"}); do != want || !s.Busy {
		t.Fatalf("asks %+v, want %+v", do, want)
	}
	if _, again := s.Update(Pass{}); again != (Do{}) {
		t.Error("a second tap asks again")
	}
	for v, c := range map[fault.Verdict]struct {
		tone     flow.Tone
		word     string
		override bool
	}{fault.Valid: {flow.Good, "已登记入场", false}, fault.Provisional: {flow.Wait, "可以入场 · 待核对", false}, fault.TooEarly: {flow.Bad, "不能入场", true},
		fault.AlreadyRedeemed: {flow.Bad, "不能入场", true}, fault.Unknown: {flow.Bad, "不能入场", false}} {
		after, _ := s.Update(Passed{Verdict: v})
		if w := after.Word; after.Busy || w.Tone != c.tone || w.Word.String() != c.word || w.Override != c.override {
			t.Errorf("%v: %+v", v, w)
		}
		_, do := after.Update(Override{})
		if (do.Override && do.Ticket == 1030) != c.override {
			t.Errorf("%v: override asks %+v", v, do)
		}
	}
	plain, _ := s.Update(Loaded{s.Sessions, false})
	if plain, _ = plain.Update(Passed{Verdict: fault.TooEarly}); plain.Word.Override {
		t.Error("a device that is no supervisor's offers an override")
	}
	for full, next := range map[bool]string{false: "再按一次", true: "存储空间满了"} {
		if failed, _ := s.Update(NotStored{full}); failed.Word.Tone != flow.Bad || !strings.Contains(failed.Word.Next.String(), next) {
			t.Errorf("full %v: %+v", full, failed.Word)
		}
	}
}

func TestGoingOut(t *testing.T) {
	s := loaded(t, lists(t), false)
	s, _ = s.Update(Open{1031})
	s, _ = s.Update(Wrote{"接孩子"})
	if _, do := s.Update(Pass{}); do != (Do{}) {
		t.Error("somebody inside was let in")
	}
	s, do := s.Update(Pass{Out: true})
	if !do.Out {
		t.Fatalf("asks %+v", do)
	}
	if s, _ = s.Update(Passed{Verdict: fault.Valid}); s.Word.Word.String() != "已登记出场" {
		t.Errorf("%+v", s.Word)
	}
	if s, _ = s.Update(Open{0}); s.Open != 0 || s.Reason != "" {
		t.Errorf("back at the list: %+v", s)
	}
	if empty, _ := (State{}).Update(Loaded{}); len(empty.List()) != 0 {
		t.Error("an empty device lists somebody")
	}
}

func TestAtTheDoor(t *testing.T) {
	s := loaded(t, lists(t), true)
	if _, do := s.Update(Scanned{"A", now}); do != (Do{}) {
		t.Error("a code was taken where nobody guards the door")
	}
	s, _ = s.Update(Guard{true})
	s, do := s.Update(Scanned{"A", now})
	if want := (Do{Code: "A", Key: Key{"tour", "am"}}); do != want {
		t.Fatalf("asks %+v, want %+v", do, want)
	}
	for _, code := range []string{"A", "B", "", "C"} { // while the first is being decided
		if s, do = s.Update(Scanned{code, now}); do != (Do{}) {
			t.Fatalf("%q was not made to wait: %+v", code, do)
		}
	}
	if s, do = s.Update(Passed{fault.Valid, 1030, 2, now}); do.Code != "B" {
		t.Fatalf("next is %+v", do)
	}
	if s, do = s.Update(Passed{fault.WrongActivity, 0, 0, now}); do.Code != "C" {
		t.Fatalf("then %+v", do)
	}
	s, do = s.Update(Passed{fault.Valid, 1030, 2, now})
	if do != (Do{}) || s.Word.Tone != flow.Good || s.Word.Who != "李*华" || s.Word.Seats != 2 || s.Word.Sentence.String() != "请进。" {
		t.Errorf("shows %+v, %+v", s.Word, do)
	}
	if _, do = s.Update(Scanned{"C", now.Add(echo - 1)}); do != (Do{}) {
		t.Error("a scanner that reads twice asks twice")
	}
	if _, do = s.Update(Scanned{"C", now.Add(echo)}); do.Code != "C" {
		t.Error("the same code, scanned again on purpose, is not asked")
	}
	s, _ = s.Update(Direct{true})
	if s, do = s.Update(Scanned{"D", now.Add(time.Hour)}); !do.Out {
		t.Errorf("asks %+v", do)
	}
	if out, _ := s.Update(Passed{fault.Valid, 1031, 1, now}); out.Word.Word.String() != "已登记出场" || out.Word.Who != "王**" {
		t.Errorf("%+v", out.Word)
	}
	if out, _ := s.Update(Passed{fault.BadSignature, 0, 0, now}); out.Word.Word.String() != "不能出场" || out.Word.Override {
		t.Errorf("%+v", out.Word)
	}
	refused, _ := s.Update(Direct{false})
	refused, _ = refused.Update(Passed{fault.TooEarly, 0, 0, now})
	refused, _ = refused.Update(Scanned{"E", now.Add(2 * time.Hour)})
	refused, _ = refused.Update(Passed{fault.TooEarly, 1030, 1, now})
	if _, do = refused.Update(Override{}); do.Code != "E" || !do.Override {
		t.Errorf("overruled: %+v", do)
	}
	if bare := s.Nameless(); !bare.Gate || bare.Chosen != s.Chosen || len(bare.Sessions) != 1 || len(bare.Sessions[0].Guests) != 0 || bare.Sessions[0].Expected != 5 {
		t.Errorf("a locked door: %+v", bare)
	} else if _, do = bare.Update(Passed{fault.Valid, 1031, 1, now}); do != (Do{}) {
		t.Errorf("asks %+v", do)
	}
	if list, _ := s.Update(Guard{}); len(list.Nameless().Sessions) != 0 {
		t.Error("a locked list keeps names")
	}
	if gone, _ := s.Update(Guard{}); gone.Gate || !gone.Word.Word.Empty() {
		t.Errorf("left: %+v", gone)
	}
}
