package claim

import (
	"fmt"
	"testing"

	"yizhan/app/flow"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// holding is a phone with one claim in a state, its ticket opened.
func holding(t *testing.T, state op.ClaimState, change func(*Data)) State {
	t.Helper()
	return run(phone(t, offer(t, ""), func(d *Data) {
		d.Claims = []wire.ClaimRow{{Ticket: 7, Activity: "film", Pool: "film", Seats: 2, State: state, Station: "S1", Code: "YZ", At: now.UnixMilli()}}
		if change != nil {
			change(d)
		}
	}), ShowTicket{7})
}

func TestGivingATicketBack(t *testing.T) {
	for state, title := range map[op.ClaimState]string{op.ClaimGranted: "退票", op.ClaimWaitlisted: "不再候补", op.ClaimEntered: "取消报名"} {
		s := run(holding(t, state, nil), AskChange{GiveBack})
		if p := s.ChangePage(); s.Page != Confirming || p.Title.String() != title || !p.Ready || p.Sentence.Empty() {
			t.Fatalf("%v: page %v asks %+v", state, s.Page, p)
		}
		if kept := run(s, Back{}); kept.Page != Ticket || kept.storing {
			t.Errorf("%v: who keeps the ticket is on page %v", state, kept.Page)
		}
		s, ops := s.Update(Confirm{})
		if len(ops) != 1 || ops[0].Kind != op.Cancel || ops[0].Activity != "film" || ops[0].Pool != "film" || ops[0].Member != "M1" || ops[0].Seats != 0 {
			t.Fatalf("%v: ops %+v", state, ops)
		}
		if again, ops := s.Update(Confirm{}); len(ops) != 0 || len(again.Changes()) != 0 {
			t.Errorf("%v: a second press asks for %+v", state, ops)
		}
		if p := s.Ticket(); p.Answer.Tone != flow.Wait {
			t.Errorf("%v: while it is stored the ticket says %+v", state, p.Answer)
		}
	}
}

func TestMovingATicket(t *testing.T) {
	s := run(holding(t, op.ClaimGranted, nil), AskChange{Move})
	p := s.ChangePage()
	if len(p.Stations) != 1 || p.Stations[0].ID != "S2" || p.Ready {
		t.Fatalf("before a choice %+v", p)
	}
	if _, ops := s.Update(Confirm{}); len(ops) != 0 {
		t.Errorf("moved nowhere: %+v", ops)
	}
	s, ops := run(s, Station{"S2"}).Update(Confirm{})
	if len(ops) != 1 || ops[0].Kind != op.Rebind || ops[0].Station != "S2" || ops[0].Pool != "" {
		t.Fatalf("ops %+v", ops)
	}
	s = run(s, Stored{}, Changed{Changing{Place: Place{"film", ""}, Change: Move}, op.Result{Outcome: op.Refused, Code: fault.HeldElsewhere}})
	if w := s.Ticket().Answer; w.Word.String() != "没有换成" || w.Sentence.String() != fault.HeldElsewhere.Sentence() {
		t.Errorf("a refusal reads %+v", w)
	}
	if !run(s, Go{Mine}, ShowTicket{7}).Ticket().Answer.Word.Empty() {
		t.Error("the refusal stays for ever")
	}
}

// What is over, under way or kept nowhere cannot be changed.
func TestWhatCannotBeChanged(t *testing.T) {
	for name, s := range map[string]State{
		"redeemed":  holding(t, op.ClaimRedeemed, nil),
		"cancelled": holding(t, op.ClaimCancelled, nil),
		"under way": holding(t, op.ClaimGranted, func(d *Data) {
			d.Changing = []Changing{{Place: Place{"film", "film"}, Change: GiveBack, Seq: 3}}
		}),
	} {
		if c := s.Changes(); len(c) != 0 {
			t.Errorf("%s: %v can be asked", name, c)
		}
		if after, ops := run(s, AskChange{GiveBack}).Update(Confirm{}); len(ops) != 0 || after.Page != Ticket {
			t.Errorf("%s: asked all the same: %+v", name, ops)
		}
	}
	answered := holding(t, op.ClaimGranted, func(d *Data) {
		d.Changing = []Changing{{Place: Place{"film", "film"}, Change: GiveBack, Result: &op.Result{Outcome: op.Refused}}}
	})
	if c := answered.Changes(); len(c) != 2 {
		t.Errorf("after a refusal %v can be asked", c)
	}
}

func TestABlockedTicketShowsNoCode(t *testing.T) {
	s := holding(t, op.ClaimGranted, func(d *Data) { d.Claims[0].Blocked = true })
	if p := s.Ticket(); p.Code != "" || p.Outcome.Tone != flow.Bad || p.Outcome.Sentence.String() != fault.Blocked.Sentence() {
		t.Errorf("a blocked ticket shows %q and says %+v", p.Code, p.Outcome)
	}
}

func TestMessages(t *testing.T) {
	s := holding(t, op.ClaimGranted, func(d *Data) {
		d.Refusals = map[Place]Refusal{{"film", "other"}: {Activity: "film", Pool: "other", Code: fault.SoldOut, At: now.UnixMilli() - 1}}
	})
	list := s.Notices()
	if len(list) != 2 || list[0].Word.String() != "已核准" || list[0].Ticket != 7 || list[1].Word.String() != "未通过" || s.Unread() != 2 {
		t.Fatalf("messages %+v", list)
	}
	s.Data.Seen = map[string]bool{list[0].key: true, list[1].key: true}
	if s.Unread() != 0 {
		t.Error("read messages are still new")
	}
	s.Data.Claims[0].State = op.ClaimLapsed
	if got := s.Notices()[0]; !got.Unread || got.Word.String() != "已过期" {
		t.Errorf("a change of the claim is no message: %+v", got)
	}
	// The day before the pickup ends, and not earlier.
	soon := run(holding(t, op.ClaimGranted, nil), Tick{now.AddDate(0, 0, 3), true})
	if n := soon.Notices(); len(n) != 1 {
		t.Errorf("two days before the end: %+v", n)
	}
	soon = run(soon, Tick{now.AddDate(0, 0, 4), true})
	if n := soon.Notices(); len(n) != 2 || n[0].Word.String() != "领取快截止了" || n[0].Sentence.String() != "明天 16:00，别忘了。" && n[0].Sentence.String() != "今天 16:00，别忘了。" {
		t.Errorf("the day before: %+v", n)
	}
}

// A long list is split by what can be had now, and never drawn whole unasked.
func TestALongList(t *testing.T) {
	s := phone(t, offer(t, ""), func(d *Data) {
		later := offer(t, `"windows":{"claim":["2026-11-22T09:00:00","2026-11-23T18:00:00"]}`)
		for i := range 60 {
			a := d.Activities[0]
			a.ID = id.Activity(fmt.Sprint("open", i))
			later.ID = id.Activity(fmt.Sprint("later", i))
			d.Activities = append(d.Activities, a)
			if i < 3 {
				d.Activities = append(d.Activities, later)
			}
		}
	})
	s = run(s, Back{})
	if cards, more := s.List(); len(cards) != many || more != 61-many || s.Phases()[0].Text.String() != "可报名（61）" || !s.Phases()[0].Chosen {
		t.Errorf("%d cards, %d more, %v", len(cards), more, s.Phases())
	}
	if cards, more := run(s, Filter{All: true}).List(); len(cards) != 61 || more != 0 {
		t.Errorf("all: %d cards, %d more", len(cards), more)
	}
	if cards, _ := run(s, Filter{Phase: Upcoming}).List(); len(cards) != 3 || cards[0].Phase != Upcoming {
		t.Errorf("upcoming: %v", cards)
	}
	if short := phone(t, offer(t, ""), nil); short.Phases() != nil {
		t.Error("a short list offers a choice")
	}
}
