package doctor

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/fault"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/replica"
	"yizhan/core/wire"
)

var now = time.Date(2026, 11, 21, 14, 30, 0, 0, time.FixedZone("Asia/Shanghai", 8*60*60))

// well is a device with nothing to say.
func well() Input {
	return Input{Now: now, Device: "kiosk-1", Online: true, AsOf: now.Add(-time.Minute), Free: 10 << 30}
}

func TestExamine(t *testing.T) {
	if all := Examine(well()); Worst(all) != flow.Good || len(all) != 6 {
		t.Errorf("a device that is well: %+v", all)
	}
	for name, c := range map[string]struct {
		change func(*Input)
		tone   flow.Tone
		words  string // of one finding with that tone, Next behind it
	}{
		"not enrolled":   {func(in *Input) { in.Device = "" }, flow.Bad, "这台设备还没有登记。请向工作人员要一个登记码"},
		"store damaged":  {func(in *Input) { in.Store = fmt.Errorf("open: %w", local.ErrDamaged) }, flow.Bad, "本机存储打不开：文件已经损坏。请不要删除任何文件"},
		"disk full":      {func(in *Input) { in.Free = 10 << 20 }, flow.Bad, "磁盘还剩 10 MB。请马上清理空间"},
		"disk low":       {func(in *Input) { in.Free = 200 << 20 }, flow.Wait, "磁盘还剩 200 MB。请尽快清理空间。"},
		"disk unknown":   {func(in *Input) { in.Free = -1 }, flow.Wait, "看不出磁盘还剩多少空间。"},
		"clock slow":     {func(in *Input) { in.Offset = 10 * time.Minute }, flow.Bad, "本机时间 2026-11-21 14:30，比服务器慢了 10 分钟。请工作人员校准"},
		"clock set back": {func(in *Input) { in.Newest = now.Add(5 * time.Hour) }, flow.Bad, "比本机见过的最晚时间早 5 小时，像是被往回拨过。请工作人员核对"},
		"server refuses": {func(in *Input) { in.Problem = fault.Errorf(fault.Fork, "x") }, flow.Bad, fault.Fork.Sentence() + fault.Fork.Next()},
		"server busy":    {func(in *Input) { in.Problem = fault.Errorf(fault.Busy, "x") }, flow.Good, "已连上服务器。"},
		"no network":     {func(in *Input) { in.Online = false }, flow.Wait, "没有连上服务器。请检查网线"},
		"switched off":   {func(in *Input) { in.Online, in.Off = false, true }, flow.Wait, "网络是在本机上关掉的。"},
		"nobody answers": {func(in *Input) {
			in.Online, in.Reach = false, Reach{true, "u.example:8640", say.T("对方没有应答")}
		}, flow.Wait, "连不上服务器（u.example:8640）：对方没有应答。"},
		"server is there": {func(in *Input) { in.Online, in.Reach = false, Reach{true, "u.example:8640", say.Text{}} }, flow.Good, "能连上服务器（u.example:8640）。"},
		"hub away":        {func(in *Input) { in.Online, in.Hub = false, "hub-1" }, flow.Wait, "没有连上本站的中心机。"},
		"nothing heard":   {func(in *Input) { in.Sound = errors.New("no card") }, flow.Wait, "没有声音设备，提示音和朗读都听不到。"},
		"never synced":    {func(in *Input) { in.AsOf = time.Time{} }, flow.Wait, "还没有同步过数据。请先联网一次。"},
		"old data":        {func(in *Input) { in.AsOf = now.Add(-72 * time.Hour) }, flow.Wait, "数据截至 11月18日 14:30。已经 3 天没有更新。请让这台设备联网"},
		"waiting, offline": {func(in *Input) {
			in.Online, in.Waiting = false, []Waiting{{say.T("报名"), 2, now.Add(-time.Hour), false}, {say.T("签到"), 1, now.Add(-2 * time.Hour), false}}
		}, flow.Wait, "2 条报名、1 条签到在等，最早 12:30。原因：没有网络。记录都存在本机，断电也不会丢，连上以后自动上传。"},
		"waiting for long": {func(in *Input) {
			in.Online, in.Waiting = false, []Waiting{{say.T("报名"), 1, now.Add(-5 * time.Hour), false}}
		}, flow.Wait, "已经等了 5 小时，请告诉工作人员。"},
		"held by the hub":   {func(in *Input) { in.Hub, in.Waiting = "hub-1", []Waiting{{say.T("报名"), 1, now, true}} }, flow.Wait, "本站的中心机已经收下，正在等服务器。不用重复办理"},
		"a lease":           {func(in *Input) { in.Leases = []Lease{{"电影票", 40, now.Add(5 * time.Hour), 0}} }, flow.Good, "“电影票”：本机还能发 40 个，今天 19:30 到期。"},
		"unreported grants": {func(in *Input) { in.Leases = []Lease{{"电影票", 40, now.Add(5 * time.Hour), 3}} }, flow.Wait, "有 3 个还没有上报。到期以前请联网一次"},
		"a lease ends":      {func(in *Input) { in.Online, in.Leases = false, []Lease{{"电影票", 0, now.Add(30 * time.Minute), 3}} }, flow.Bad, "就要到期了，请马上让这台设备联网。"},
		"trouble, over":     {func(in *Input) { in.Last = Trouble{fault.Version, now.Add(-time.Hour)} }, flow.Good, "最近一次问题在 今天 13:30：" + fault.Version.Sentence()},
		"trouble, offline":  {func(in *Input) { in.Online, in.Last = false, Trouble{fault.Version, now.Add(-time.Hour)} }, flow.Wait, fault.Version.Sentence() + fault.Version.Next()},
	} {
		in := well()
		c.change(&in)
		found := false
		all := Examine(in)
		for _, f := range all {
			found = found || f.Tone == c.tone && strings.Contains(f.Words.String()+f.Next.String(), c.words)
		}
		if !found || Worst(all) < c.tone {
			t.Errorf("%s: want %v %q in %+v", name, c.tone, c.words, all)
		}
	}
}

func TestRead(t *testing.T) {
	s := memory.New()
	put := func(table, id string, v any) local.Row {
		body, err := wire.EncodeRow(v)
		if err != nil {
			t.Fatal(err)
		}
		return local.Row{Table: table, ID: id, Body: body}
	}
	who := put("", "", wire.Enrolled{Device: "kiosk-1", Role: op.Kiosk, Station: "s"})
	if err := s.SetMeta(map[string][]byte{replica.MetaIdentity: who.Body}); err != nil {
		t.Fatal(err)
	}
	var hash op.Hash
	queue := func(seq uint64, o op.Op, rows ...local.Row) {
		raw, err := op.Encode(&o)
		if err != nil {
			t.Fatal(err)
		}
		hash = op.Chain(hash, raw)
		if err := s.Append(local.Queued{Seq: seq, Hash: hash, Bytes: raw, At: now.UnixMilli() + int64(seq)}, rows...); err != nil {
			t.Fatal(err)
		}
	}
	queue(1, op.Op{Kind: op.Redeem, Ticket: 7}, put(wire.TableUsed, "clock", wire.UsedRow{At: now.UnixMilli()}))
	queue(2, op.Op{Kind: op.Claim, Lease: 900}, put(wire.TableGrant, "8", wire.GrantRow{Ticket: 8, Lease: 900, Seq: 2, Seats: 1}),
		put(wire.TableLease, "900", wire.LeaseRow{Lease: op.Lease{ID: 900, Activity: "film", Taken: []op.Taken{{From: 1, N: 40}}, Expires: now.UnixMilli()}}))
	queue(3, op.Op{Kind: op.Claim})
	answered := put("", "", wire.Answer{Result: op.Result{Outcome: op.Granted}})
	pending := put("", "", wire.Answer{Result: op.Result{Outcome: op.Pending}})
	if err := s.Answer(map[uint64][]byte{1: answered.Body, 3: pending.Body}); err != nil {
		t.Fatal(err)
	}
	in, err := Read(s)
	if err != nil || in.Device != "kiosk-1" || !in.Newest.Equal(now) {
		t.Fatalf("%+v %v", in, err)
	}
	if len(in.Waiting) != 2 || in.Waiting[0].What.String() != "报名" || in.Waiting[0].Held || !in.Waiting[1].Held || in.Waiting[1].N != 1 {
		t.Errorf("waiting %+v", in.Waiting)
	}
	if len(in.Leases) != 1 || in.Leases[0].Left != 39 || in.Leases[0].Unreported != 1 || in.Leases[0].Title != "film" {
		t.Errorf("leases %+v", in.Leases)
	}
}

func TestParts(t *testing.T) {
	paper := Finding{flow.Bad, say.T("打印机"), say.T("打印机缺纸，请工作人员换纸。"), say.Text{}}
	for name, c := range map[string]struct {
		parts Parts
		tone  flow.Tone
		words string
	}{
		"nobody looked":     {Parts{}, flow.Good, ""},
		"camera opens":      {Parts{Camera: Opening}, flow.Wait, "正在打开摄像头"},
		"camera sees":       {Parts{Camera: Sees}, flow.Good, "有画面"},
		"no camera":         {Parts{Camera: Missing}, flow.Wait, "请接上它"},
		"camera pulled out": {Parts{Camera: Unplugged}, flow.Bad, "插好后会自动恢复"},
		"nothing scanned":   {Parts{Tried: true}, flow.Good, "随便扫一个码"},
		"something scanned": {Parts{Tried: true, Scanned: now}, flow.Good, "14:30:00 收到一个码"},
		"printer, no paper": {Parts{Camera: Sees, Printer: &paper}, flow.Bad, "缺纸"},
	} {
		all, words := c.parts.Examine(), ""
		for _, f := range all {
			words += f.Words.String() + f.Next.String()
		}
		if Worst(all) != c.tone || !strings.Contains(words, c.words) || (len(all) == 0) != (c.words == "") {
			t.Errorf("%s: %+v", name, all)
		}
	}
}
