package checkin

import (
	"testing"
	"time"

	"yizhan/app/flow"
	"yizhan/core/activity"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/wire"
)

var zone = time.FixedZone("Asia/Shanghai", 8*60*60)

// Whoever is let in reads so in green or amber, everybody else in red; each with a next step.
func TestResults(t *testing.T) {
	for v := fault.Valid; v <= fault.VerdictDeviceRevoked; v++ {
		word := "不能进场"
		switch v {
		case fault.Valid:
			word = "请进"
		case fault.Provisional:
			word = "请进 · 待核"
		}
		r := Result(Outcome{Verdict: v, Seats: 2, Title: "课堂"})
		if r.Word.String() != word || r.Sentence.Empty() || r.Next.Empty() || r.Tone != flow.ToneOf(v) || r.Seats != 2 || r.Title != "课堂" {
			t.Errorf("%v: %+v", v, r)
		}
	}
	if r := Result(Outcome{Verdict: fault.Valid, Out: true}); r.Word.String() != "已签出" {
		t.Errorf("out: %s", r.Word)
	}
	if r := Nobody(); r.Tone != flow.Bad || r.Next.Empty() {
		t.Errorf("nobody: %+v", r)
	}
}

func TestEntries(t *testing.T) {
	plan, err := activity.Compile(activity.Spec{ID: "class", Title: "课堂", Sessions: []activity.Session{
		{ID: "am", Starts: "2026-11-21T09:00:00", Ends: "2026-11-21T11:00:00", Total: 9}, {ID: "pm", Starts: "2026-11-21T14:30:00", Ends: "2026-11-21T16:00:00", Total: 9},
		{ID: "far", Starts: "2026-11-25T09:00:00", Ends: "2026-11-25T11:00:00", Total: 9}}}, zone)
	if err != nil {
		t.Fatal(err)
	}
	store := memory.New()
	var rows []local.Row
	for i, d := range []wire.DoorRow{
		{Ticket: 1, Activity: "class", Pool: "pm", Member: "m-1", State: op.ClaimGranted},
		{Ticket: 2, Activity: "class", Pool: "am", Member: "m-1", State: op.ClaimRedeemed, Inside: true},
		{Ticket: 3, Activity: "class", Pool: "far", Member: "m-1", State: op.ClaimGranted},
		{Ticket: 4, Activity: "class", Pool: "pm", Member: "m-2", State: op.ClaimGranted},
		{Ticket: 5, Activity: "class", Pool: "pm", Member: "m-1", State: op.ClaimCancelled},
		{Ticket: 6, Activity: "gone", Pool: "pm", Member: "m-1", State: op.ClaimGranted},
		{Ticket: 7, Activity: "class", Pool: "pm", Member: "m-1", State: op.ClaimWaitlisted},
	} {
		body, err := wire.EncodeRow(d)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, local.Row{Table: wire.TableDoor, ID: string(rune('a' + i)), Seq: uint64(i + 1), Body: body})
	}
	if err := store.Apply(local.Checkpoint{To: 9, Rows: rows}); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 21, 14, 5, 0, 0, zone)
	got, err := Entries(store, map[id.Activity]*activity.Activity{"class": plan}, "m-1", now)
	if err != nil || len(got) != 3 || got[0].Ticket != 2 || !got[0].Inside || got[1].Ticket != 1 || got[2].Ticket != 7 {
		t.Fatalf("%+v, %v", got, err)
	}
	if got[1].When.String() != "今天 14:30" || got[1].Title != "课堂" {
		t.Errorf("%+v", got[1])
	}
}
