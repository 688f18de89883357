package status

import (
	"testing"
	"time"

	"yizhan/core/fault"
)

var (
	zone = time.FixedZone("Asia/Shanghai", 8*60*60)
	now  = time.Date(2026, 11, 21, 14, 30, 0, 0, zone)
)

func TestDescribe(t *testing.T) {
	asOf, oldest := now.Add(-25*time.Minute), now.Add(-70*time.Minute)
	type bar struct {
		Online                           bool
		Net, Age, Waiting, Trouble, Next string
	}
	for name, c := range map[string]struct {
		in   Input
		want bar
	}{
		"never synced": {Input{}, bar{Net: "离线", Age: "还没有同步过数据"}},
		"online":       {Input{Online: true, AsOf: asOf.UTC()}, bar{Online: true, Net: "在线", Age: "数据截至 14:05"}},
		"offline with work": {Input{AsOf: asOf, Waiting: 3, Oldest: oldest},
			bar{Net: "离线", Age: "数据截至 14:05", Waiting: "3 条待上传（最早 13:20）"}},
		"switched off":  {Input{Off: true, AsOf: asOf}, bar{Net: "已断开", Age: "数据截至 14:05"}},
		"of yesterday":  {Input{AsOf: now.AddDate(0, 0, -1)}, bar{Net: "离线", Age: "数据截至 11月20日 14:30"}},
		"of last year":  {Input{AsOf: now.AddDate(-1, 0, 0)}, bar{Net: "离线", Age: "数据截至 2025年11月21日 14:30"}},
		"small offset":  {Input{AsOf: asOf, Offset: 90 * time.Second}, bar{Net: "离线", Age: "数据截至 14:05"}},
		"clock is fast": {Input{AsOf: asOf, Offset: -7 * time.Minute}, bar{Net: "离线", Age: "数据截至 14:05", Trouble: "本机时间快了 7 分钟。", Next: "请工作人员校准本机时间。"}},
		"clock is slow, oldest op in server time": {Input{AsOf: asOf, Offset: 3 * time.Hour, Waiting: 1, Oldest: oldest},
			bar{Net: "离线", Age: "数据截至 14:05", Waiting: "1 条待上传（最早 16:20）", Trouble: "本机时间慢了 3 小时。", Next: "请工作人员校准本机时间。"}},
		"years off": {Input{AsOf: asOf, Offset: -200 * 24 * time.Hour}, bar{Net: "离线", Age: "数据截至 11月21日 14:05",
			Trouble: "本机时间快了 200 天。", Next: "请工作人员校准本机时间。"}},
	} {
		b := Describe(c.in, now)
		if got := (bar{b.Online, b.Net.String(), b.Age.String(), b.Waiting.String(), b.Trouble.String(), b.Next.String()}); got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, c.want)
		}
	}
}

// What the link mends by itself is no news; what needs a person is told before the clock.
func TestTrouble(t *testing.T) {
	silent := map[fault.Kind]bool{fault.NoFault: true, fault.Busy: true, fault.Gap: true, fault.ShuttingDown: true, fault.BadFrame: true}
	for k := fault.NoFault; k <= fault.WrongDeployment; k++ {
		b := Describe(Input{Problem: fault.Errorf(k, "detail"), Offset: time.Hour}, now)
		want := k.Sentence()
		if silent[k] {
			want = "本机时间慢了 60 分钟。"
		}
		if b.Trouble.String() != want || b.Next.Empty() {
			t.Errorf("%v reads %q %q, want %q", k, b.Trouble, b.Next, want)
		}
	}
}
