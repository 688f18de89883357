package duty

import (
	"testing"
	"time"

	"yizhan/app/flow"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/wire"
)

func TestRead(t *testing.T) {
	now := time.Date(2026, 11, 21, 14, 5, 0, 0, time.FixedZone("Asia/Shanghai", 8*60*60))
	s := memory.New()
	put := func(table, key string, v any) {
		t.Helper()
		body, err := wire.EncodeRow(v)
		if err == nil {
			err = s.Apply(local.Checkpoint{Rows: []local.Row{{Table: table, ID: key, Seq: 1, Body: body}}})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if lines, err := Read(s, now); err != nil || len(lines) != 0 {
		t.Fatalf("an empty store reads %v, %v", lines, err)
	}
	put(wire.TableActivity, "film", wire.ActivityRow{ID: "film", Spec: []byte(`{"title":"观影"}`)})
	put(wire.TableTask, "3", wire.TaskRow{Seq: 3, Kind: "private_screening", Org: "C001", Activity: "film", At: now.UnixMilli()})
	put(wire.TableTask, "4", wire.TaskRow{Seq: 4, Kind: "made_later", Org: "C002", Activity: "gone", At: now.UnixMilli()})
	put(wire.TableIncident, "9", wire.IncidentRow{Seq: 9, Word: "handed_over_already_redeemed", Ticket: 1024, Device: "D1", At: now.UnixMilli()})
	put(wire.TableIncident, "8", "not a row")
	put(wire.TableIncident, "7", wire.IncidentRow{Seq: 7, Word: "handed_over_too_early", At: now.UnixMilli()})
	put(wire.TableIncident, "6", wire.IncidentRow{Seq: 6, Word: "checked_in_not_approved", At: now.UnixMilli()})
	put(wire.TableIncident, "5", wire.IncidentRow{Seq: 5, Word: "forked", Device: "D1", At: now.UnixMilli()})
	type read struct {
		title, note, badge string
		tone               flow.Tone
	}
	want := []read{
		{"同一张票领了两次", "票 01008 · 14:05 · 设备 D1", "异常", flow.Bad},
		{"已经发放，但是还没有到领取时间。", "14:05", "异常", flow.Bad},
		{"没有核准的票入了场", "14:05", "异常", flow.Bad},
		{"设备记录对不上，已停用", "14:05 · 设备 D1", "异常", flow.Bad},
		{"made_later", "C002 · gone · 14:05", "待办", flow.Wait},
		{"可以考虑安排专场", "C001 · 观影 · 14:05", "待办", flow.Wait},
	}
	lines, err := Read(s, now)
	if err != nil || len(lines) != len(want) {
		t.Fatalf("read %+v, %v", lines, err)
	}
	for i := range want {
		l := lines[i]
		if got := (read{l.Title.String(), l.Note.String(), l.Badge.String(), l.Tone}); got != want[i] {
			t.Errorf("line %d is %+v, want %+v", i, got, want[i])
		}
	}
}
