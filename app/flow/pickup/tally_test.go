package pickup

import (
	"testing"
	"time"

	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/wire"
)

func TestTally(t *testing.T) {
	now := time.Date(2026, 11, 21, 14, 5, 0, 0, time.FixedZone("Asia/Shanghai", 8*60*60))
	s := memory.New()
	var rows []local.Row
	put := func(table, key string, v any) {
		body, err := wire.EncodeRow(v)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, local.Row{Table: table, ID: key, Seq: 1, Body: body})
	}
	put(wire.TableActivity, "film", wire.ActivityRow{ID: "film", Spec: []byte(`{"title":"观影"}`)})
	put(wire.TableActivity, "gift", wire.ActivityRow{ID: "gift", Spec: []byte(`{"title":"春送祝福"}`)})
	for i, a := range map[string]id.Activity{"1": "film", "2": "film", "3": "gift"} {
		put(wire.TableTicket, i, wire.TicketRow{Activity: a})
	}
	today := now.UnixMilli()
	for i, u := range []wire.UsedRow{{Ticket: 1, At: today, Kind: op.Redeem}, {Ticket: 2, At: today - 14*3_600_000, Kind: op.Redeem}, {Ticket: 3, At: today, Kind: op.Redeem}, {Ticket: 9, At: today, Kind: op.Redeem},
		{Ticket: 2, At: today - 15*3_600_000, Kind: op.Redeem}, {Ticket: 1, At: today, Kind: op.CheckIn}, {Ticket: 3, At: today}, {Ticket: 1, At: today, Kind: op.Redeem, By: "scanner"}} {
		put(wire.TableUsed, string(rune('a'+i)), u)
	}
	if err := s.Apply(local.Checkpoint{Rows: rows}); err != nil {
		t.Fatal(err)
	}
	got, err := Today(s, now)
	if err != nil || got.Tickets != 4 || got.ByTitle["观影"] != 2 || got.ByTitle["春送祝福"] != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	for title, want := range map[string]string{"观影": "今天已发 4 份 · 这项活动 2 份", "": "今天已发 4 份"} {
		if words := got.Words(title).String(); words != want {
			t.Errorf("%q, want %q", words, want)
		}
	}
}
