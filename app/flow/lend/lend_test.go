package lend

import (
	"testing"
	"time"

	"yizhan/app/flow"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/wire"
)

func page(policy op.Policy) State {
	s, _ := State{}.Update(Loaded{[]Lease{{ID: 7, Activity: "gift", Pool: "sets", Policy: policy}}})
	return s
}

func TestPress(t *testing.T) {
	s, ops := page(op.Hard).Update(Press{Member: "F1"})
	if len(ops) != 1 || ops[0].Kind != op.Claim || ops[0].Activity != "gift" || ops[0].Pool != "sets" || ops[0].Member != "F1" || ops[0].Seats != 1 || !s.Busy {
		t.Fatalf("%+v asks %+v", s, ops)
	}
	if _, again := s.Update(Press{Member: "F1"}); len(again) != 0 {
		t.Error("a second tap asks again")
	}
	if _, ops := page(op.Hard).Update(Press{}); len(ops) != 0 {
		t.Error("nobody was named")
	}
	if _, ops := (State{}).Update(Press{Member: "F1"}); len(ops) != 0 {
		t.Error("there is no lease")
	}
}

// TestColours holds the three honest colours: green is final whatever happens to this device.
func TestColours(t *testing.T) {
	granted := op.Result{Outcome: op.Granted, Seats: 1, Ticket: id.LeaseTicket(7, 11)}
	for _, c := range []struct {
		name   string
		policy op.Policy
		m      Message
		tone   flow.Tone
		word   string
	}{
		{"hard", op.Hard, Answered{Member: "F1", Result: granted, Code: "X"}, flow.Good, "已发放"},
		{"void when unreported", op.VoidUnreported, Answered{Member: "F1", Result: granted, Code: "X"}, flow.Wait, "已登记 · 待确认"},
		{"refused", op.Hard, Answered{Member: "F1", Result: op.Result{Outcome: op.Refused, Code: fault.LeaseExhausted}}, flow.Bad, "未通过"},
		{"for the server", op.Hard, Answered{Member: "F1", Result: op.Result{Outcome: op.Pending}}, flow.Wait, "已提交 · 待确认"},
		{"not stored", op.Hard, NotStored{}, flow.Bad, "没有发放"},
		{"disk full", op.Hard, NotStored{Full: true}, flow.Bad, "没有发放"},
	} {
		s, _ := page(c.policy).Update(Press{Member: "F1"})
		s, _ = s.Update(c.m)
		if o := s.Outcome; o.Tone != c.tone || o.Word.String() != c.word || o.Sentence.Empty() || o.Next.Empty() || s.Busy {
			t.Errorf("%s: %+v", c.name, s)
		}
		if a, ok := c.m.(Answered); ok && (s.Outcome.Code != a.Code || (s.Outcome.Short == "") != (a.Result.Ticket == 0)) {
			t.Errorf("%s shows the code %q, short %q", c.name, s.Outcome.Code, s.Outcome.Short)
		}
	}
}

func TestRead(t *testing.T) {
	now := time.Date(2017, 3, 8, 9, 0, 0, 0, time.FixedZone("Asia/Shanghai", 8*60*60))
	s := memory.New()
	var rows []local.Row
	put := func(table, key string, seq uint64, v any) {
		body, err := wire.EncodeRow(v)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, local.Row{Table: table, ID: key, Seq: seq, Body: body})
	}
	lease := func(n uint64, hours int, policy op.Policy) op.Lease {
		return op.Lease{ID: n, Activity: "gift", Pool: "sets", Taken: []op.Taken{{From: 1, N: 5}}, Expires: now.Add(time.Duration(hours) * time.Hour).UnixMilli(), Policy: policy}
	}
	put(wire.TableActivity, "gift", 1, wire.ActivityRow{ID: "gift", Spec: []byte(`{"title": "春送祝福"}`)})
	put(wire.TableLease, "5", 2, wire.LeaseRow{Lease: lease(5, 3, op.VoidUnreported)})
	put(wire.TableLease, "6", 3, wire.LeaseRow{Lease: lease(6, 2, op.Hard)})
	put(wire.TableLease, "7", 4, wire.LeaseRow{Lease: lease(7, 1, op.Hard), Over: op.LeaseReturned})
	put(wire.TableGrant, "99", 0, wire.GrantRow{Ticket: 99, Lease: 6, Seats: 2, Code: "2KCET"})
	if err := s.Apply(local.Checkpoint{To: 4, Rows: rows}); err != nil {
		t.Fatal(err)
	}
	got, err := Read(s, now)
	if err != nil || len(got) != 2 || got[0].ID != 6 || got[0].Note.String() != "余 3 · 今天 11:00 到期" || got[1].Note.String() != "余 5 · 今天 12:00 到期 · 上报后有效" || got[0].Title != "春送祝福" {
		t.Errorf("%+v, %v", got, err)
	}
	if code, err := Code(s, 99); err != nil || code != "2KCET" {
		t.Errorf("%q, %v", code, err)
	}
}
