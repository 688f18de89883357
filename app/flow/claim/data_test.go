package claim

import (
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/wire"
)

func put(t *testing.T, s local.Store, table, key string, v any) {
	t.Helper()
	body, err := wire.EncodeRow(v)
	if raw, ok := v.([]byte); ok {
		body, err = raw, nil
	}
	if err == nil {
		err = s.Apply(local.Checkpoint{Rows: []local.Row{{Table: table, ID: key, Seq: 1, Body: body}}})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestReadTakesWhatItCan(t *testing.T) {
	s := memory.New()
	put(t, s, wire.TableActivity, "a", wire.ActivityRow{ID: "a", Revision: 1, Spec: []byte(`{"id":"a","title":"好","pools":[{"id":"a","total":1}],"added_later":{"x":1}}`)})
	put(t, s, wire.TableActivity, "b", wire.ActivityRow{ID: "b", Revision: 1, Spec: []byte(`{"id":"b","title":"新办法","pools":[{"id":"b","total":1}],"method":"auction"}`)})
	put(t, s, wire.TableActivity, "c", wire.ActivityRow{ID: "c", Revision: 1, Spec: []byte(`[`)})
	put(t, s, wire.TableActivity, "d", []byte{0xff, 0x00})
	put(t, s, wire.TablePool, "a/a", wire.PoolRow{Activity: "a", Pool: "a", Full: true})
	put(t, s, wire.TableClaim, "5", wire.ClaimRow{Ticket: 5, Activity: "a"})
	put(t, s, wire.TableMe, "M1", wire.MeRow{Member: "M1"})
	put(t, s, wire.TableStation, "S1", wire.StationRow{ID: "S1", Name: "一站"})
	ask(t, s, op.Op{Kind: op.Claim, Activity: "a", Pool: "a", Seats: 2})
	ask(t, s, op.Op{Kind: op.Cancel, Activity: "a"})
	r := Reader{Store: s, Zone: zone}
	d, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Activities) != 3 || len(d.Claims) != 1 || d.Me.Member != "M1" || !d.Full[Place{"a", "a"}] || d.Stations["S1"].Name != "一站" {
		t.Fatalf("read %+v", d)
	}
	for i, want := range []struct {
		title string
		newer bool
	}{{"好", false}, {"新办法", true}, {"c", true}} {
		if got := d.Activities[i]; got.Title != want.title || got.Newer != want.newer {
			t.Errorf("activity %d reads %+v, want %+v", i, got, want)
		}
	}
	if len(d.Asked) != 1 || d.Asked[0].Seq != 1 || d.Asked[0].Seats != 2 || d.Asked[0].Result != nil {
		t.Errorf("asked %+v", d.Asked)
	}
	body, _ := wire.EncodeRow(op.Result{Outcome: op.Granted, Ticket: 9})
	if err := s.Answer(map[uint64][]byte{1: body}); err != nil {
		t.Fatal(err)
	}
	put(t, s, wire.TableActivity, "a", wire.ActivityRow{ID: "a", Revision: 2, Spec: []byte(`{"id":"a","title":"改名","pools":[{"id":"a","total":1}]}`)})
	if d, err = r.Read(); err != nil || d.Asked[0].Result == nil || d.Asked[0].Result.Ticket != 9 {
		t.Errorf("an answer reads %+v, %v", d.Asked, err)
	}
	if d.Activities[0].Title != "改名" {
		t.Errorf("a revision reads %q", d.Activities[0].Title)
	}
}

func ask(t *testing.T, s local.Store, o op.Op) {
	t.Helper()
	st, err := s.State()
	if err != nil {
		t.Fatal(err)
	}
	body, err := op.Encode(&o)
	if err == nil {
		err = s.Append(local.Queued{Seq: st.Last + 1, Hash: op.Chain(st.Hash, body), Bytes: body})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestRefusalsAreKept(t *testing.T) {
	s := memory.New()
	keep := func(a id.Activity, c fault.Code) {
		t.Helper()
		if err := KeepRefusal(s, Refusal{Activity: a, Pool: "p", Code: c}); err != nil {
			t.Fatal(err)
		}
	}
	read := func() map[Place]Refusal {
		t.Helper()
		d, err := (&Reader{Store: s, Zone: zone}).Read()
		if err != nil {
			t.Fatal(err)
		}
		return d.Refusals
	}
	keep("a", fault.SoldOut)
	keep("b", fault.Barred)
	keep("a", fault.OrgCap)
	if got := read(); len(got) != 2 || got[Place{"a", "p"}].Code != fault.OrgCap {
		t.Errorf("kept %+v", got)
	}
	keep("a", fault.None) // the next try was granted
	if got := read(); len(got) != 1 {
		t.Errorf("kept %+v after a grant", got)
	}
	for i := range 2 * keepRefusals {
		keep(id.Activity(rune('A'+i)), fault.SoldOut)
	}
	if got := read(); len(got) != keepRefusals {
		t.Errorf("%d refusals are kept, want %d", len(got), keepRefusals)
	}
	if err := s.SetMeta(map[string][]byte{metaRefusals: []byte("spoiled")}); err != nil {
		t.Fatal(err)
	}
	if got := read(); len(got) != 0 {
		t.Errorf("spoiled bytes read as %+v", got)
	}
	keep("a", fault.SoldOut)
	if got := read(); len(got) != 1 {
		t.Errorf("after spoiled bytes %+v is kept", got)
	}
}
