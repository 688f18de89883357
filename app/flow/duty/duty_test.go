package duty

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"yizhan/app/flow"
	"yizhan/core/fault"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/replica"
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
	if d, err := Read(s, now); err != nil || len(d.Items) != 0 {
		t.Fatalf("an empty store reads %v, %v", d, err)
	}
	put(wire.TableActivity, "film", wire.ActivityRow{ID: "film", Spec: []byte(`{"title":"观影"}`)})
	put(wire.TableTask, "3", wire.TaskRow{Seq: 3, Kind: "private_screening", Org: "C001", Activity: "film", At: now.UnixMilli()})
	put(wire.TableTask, "4", wire.TaskRow{Seq: 4, Kind: "made_later", Org: "C002", Activity: "gone", At: now.UnixMilli(), SettledAt: now.UnixMilli(), SettledBy: "li"})
	put(wire.TableIncident, "9", wire.IncidentRow{Seq: 9, Word: "handed_over_already_redeemed", Ticket: 1024, Device: "D1", At: now.UnixMilli(), Verdict: fault.AlreadyRedeemed,
		Station: "S1", By: "李", ScannedAt: now.Add(-time.Minute).UnixMilli(), FirstDevice: "D0", FirstStation: "S9", FirstAt: now.Add(-time.Hour).UnixMilli(), FirstBy: "D0"})
	put(wire.TableIncident, "8", "not a row")
	put(wire.TableIncident, "7", wire.IncidentRow{Seq: 7, Word: "handed_over_too_early", At: now.UnixMilli()})
	put(wire.TableIncident, "6", wire.IncidentRow{Seq: 6, Word: "checked_in_not_approved", At: now.UnixMilli(), SettledAt: now.UnixMilli(), SettledBy: "wang", Note: "误报", Handled: true})
	put(wire.TableIncident, "5", wire.IncidentRow{Seq: 5, Word: "forked", Device: "D1", At: now.UnixMilli()})
	put(replica.TableReplica, replica.MarkID, replica.Mark{Epoch: 3})
	put(wire.TableStation, "S1", wire.StationRow{ID: "S1", Name: "仙桥站"})
	type read struct {
		title, note, badge string
		tone               flow.Tone
	}
	want := []read{
		{"同一张票领了两次", "票 01008 · 14:05 · 设备 D1 · 此前：13:05 设备 D0", "异常", flow.Bad},
		{"已经发放，但是还没有到领取时间。", "14:05", "异常", flow.Bad},
		{"没有核准的票入了场", "14:05", "已处理", flow.Good},
		{"设备记录对不上，已停用", "14:05 · 设备 D1", "异常", flow.Bad},
		{"made_later", "C002 · gone · 14:05", "已看过", flow.Wait},
		{"可以考虑安排专场", "C001 · 观影 · 14:05", "待办", flow.Wait},
	}
	d, err := Read(s, now)
	if err != nil || len(d.Items) != len(want) || d.Epoch != 3 {
		t.Fatalf("read %+v, %v", d, err)
	}
	for i, l := range d.Items {
		if got := (read{l.Title.String(), l.Note.String(), l.Badge.String(), l.Tone}); got != want[i] {
			t.Errorf("item %d is %+v, want %+v", i, got, want[i])
		}
	}
	facts := func(i Item) (all string) {
		for _, f := range i.Facts {
			all += f.Label.String() + "：" + f.Text.String() + "\n"
		}
		return all
	}
	both := "票：01008\n这一次：今天 14:04 · 仙桥站 · 设备 D1 · 经办 李\n上一次：今天 13:05 · S9 · 设备 D0\n当时的核对结果：这张票已经领过了。\n"
	if got := facts(d.Items[0]); got != both {
		t.Errorf("both scans are written as %q, want %q", got, both)
	}
	if got := facts(d.Items[2]); !strings.Contains(got, "谁看过：今天 14:05 · wang\n处理说明：误报\n") {
		t.Errorf("what was done is written as %q", got)
	}
}

// TestOwnWordShowsAtOnce: what this device said stands over the row until it is uploaded.
func TestOwnWordShowsAtOnce(t *testing.T) {
	s := memory.New()
	row, err := wire.EncodeRow(wire.TaskRow{Seq: 3, Kind: "private_screening"})
	if err == nil {
		err = s.Apply(local.Checkpoint{Rows: []local.Row{{Table: wire.TableTask, ID: "3", Seq: 3, Body: row}}})
	}
	o := op.Op{Kind: op.Settle, About: 3, Handled: true}
	raw, encoded := op.Encode(&o)
	if err = errors.Join(err, encoded, s.Append(local.Queued{Seq: 1, Hash: op.Chain(op.Hash{}, raw), Bytes: raw})); err != nil {
		t.Fatal(err)
	}
	d, err := Read(s, time.Unix(0, 0))
	if err != nil || len(d.Items) != 1 || !d.Items[0].Handled || !d.Items[0].Waiting || d.Items[0].Badge.String() != "已处理" {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestSettling(t *testing.T) {
	s, _ := State{}.Update(Loaded{Items: []Item{{Seq: 9}, {Seq: 7, Handled: true}, {Seq: 5}}, Epoch: 2})
	if len(s.List()) != 2 || s.Waiting() != 2 {
		t.Errorf("the list has %d, %d wait", len(s.List()), s.Waiting())
	}
	if all, _ := s.Update(Filter{All: true}); len(all.List()) != 3 {
		t.Error("those that are handled are not shown")
	}
	if _, ops := s.Update(Settle{Handled: true}); len(ops) != 0 {
		t.Error("nothing is open, and something was settled")
	}
	s, _ = s.Update(Open{9})
	s, _ = s.Update(Wrote{"票已收回"})
	s, ops := s.Update(Settle{Handled: true})
	want := op.Op{Kind: op.Settle, About: 9, Epoch: 2, Handled: true, Reason: "票已收回", Channel: op.ByStaff}
	if len(ops) != 1 || !reflect.DeepEqual(ops[0], want) || !s.Busy {
		t.Fatalf("settles %+v", ops)
	}
	if _, ops = s.Update(Settle{}); len(ops) != 0 {
		t.Error("a second tap settles again")
	}
	for name, c := range map[string]struct {
		m    Message
		tone flow.Tone
		says string
	}{
		"stored":       {Stored{}, flow.Good, "已记下"},
		"refused":      {Stored{fault.NotAuthorised}, flow.Bad, "没有记下"},
		"not stored":   {NotStored{}, flow.Bad, "请再按一次"},
		"disk is full": {NotStored{Full: true}, flow.Bad, "存储空间满了"},
	} {
		after, _ := s.Update(c.m)
		if after.Busy || after.Word.Tone != c.tone || !strings.Contains(after.Word.Word.String()+after.Word.Next.String(), c.says) {
			t.Errorf("%s: %+v", name, after.Word)
		}
	}
	if kept, _ := s.Update(NotStored{}); kept.Note == "" {
		t.Error("what was written is lost where it could not be stored")
	}
	if done, _ := s.Update(Open{7}); done.Open != 7 {
		t.Error("a handled one does not open")
	} else if _, ops := done.Update(Settle{}); len(ops) != 0 && !s.Busy {
		t.Error("a handled one was settled")
	}
	if gone, _ := s.Update(Loaded{}); gone.Open != 0 {
		t.Error("one that is gone stays open")
	}
	if _, ok := (State{Items: []Item{{Seq: 0}}}).Shown(); ok {
		t.Error("nothing is open, and something is shown")
	}
}
