package doctor

import (
	"testing"
	"time"

	"yizhan/app/flow"
	"yizhan/core/mappack"
)

// TestMap reads what people are told about their map.
func TestMap(t *testing.T) {
	now := time.Date(2026, 2, 3, 9, 0, 0, 0, time.FixedZone("CST", 8*3600))
	held := Pack{"云鹭市", "2026-01-02", 1_400_000}
	next := Pack{"云鹭市", "2026-02-02", 900_001}
	for _, c := range []struct {
		what string
		m    Map
		want []string
		tone flow.Tone
	}{
		{"nobody looked", Map{}, nil, flow.Good},
		{"held", Map{Held: held}, []string{"云鹭市地图，2026-01-02 制作，1.4 MB。"}, flow.Good},
		{"none", Map{}, []string{"这台设备还没有地图。服务器发布以后会自动下载，也可以插入带地图的 U 盘。"}, flow.Wait},
		{"coming", Map{Offer: next, Arrived: 300_000}, []string{"这台设备还没有地图。",
			"有新的云鹭市地图，2026-02-02 制作，901 KB。正在下载，已有 33%。没有网络时会等着，联网后接着下载，不影响办理。"}, flow.Wait},
		{"damaged", Map{Damaged: true}, []string{"地图文件已损坏，不能显示。联网后会自动重新下载，也可以插入带地图的 U 盘。"}, flow.Wait},
		{"on a phone", Map{Held: held, Offer: next, Offered: Unasked}, []string{"云鹭市地图，2026-01-02 制作，1.4 MB。", "有新的云鹭市地图，2026-02-02 制作，901 KB。打开地图时可以下载。"}, flow.Good},
		{"no room", Map{Held: held, Offer: next, Offered: NoRoom}, []string{"云鹭市地图，2026-01-02 制作，1.4 MB。",
			"有新的云鹭市地图，2026-02-02 制作，901 KB。磁盘空间不够，没有下载。请清理空间，以后会自动再试。"}, flow.Wait},
		{"refused", Map{Held: held, Refused: Refusal{At: now.Add(-time.Hour), Pack: next, Reason: mappack.Newer}}, []string{"云鹭市地图，2026-01-02 制作，1.4 MB。",
			"今天 08:00 没有换上新的云鹭市地图，2026-02-02 制作，901 KB：它要用更新的程序才能打开。请先升级本机程序。"}, flow.Wait},
		{"spoilt on the way", Map{Held: held, Refused: Refusal{At: now.Add(-time.Hour), Pack: next, OnTheWay: true}, Offer: next, Offered: Absent}, []string{
			"云鹭市地图，2026-01-02 制作，1.4 MB。", "今天 08:00 没有换上新的云鹭市地图，2026-02-02 制作，901 KB：它传到这里就损坏了。过一小时会自动再试。",
			"有新的云鹭市地图，2026-02-02 制作，901 KB。服务器上没有它的文件。请告诉管理员重新发布地图。"}, flow.Wait},
		{"a stick", Map{Held: held, Stick: next}, []string{"云鹭市地图，2026-01-02 制作，1.4 MB。", "U 盘上有另一张云鹭市地图，2026-02-02 制作，901 KB。要换上它，请找管理员。"}, flow.Wait},
	} {
		c.m.Looked = c.what != "nobody looked"
		all := c.m.Examine(now)
		if len(all) != len(c.want) || Worst(all) != c.tone {
			t.Errorf("%s: %d findings, tone %v", c.what, len(all), Worst(all))
			continue
		}
		for i, f := range all {
			if got := f.Words.String() + f.Next.String(); got != c.want[i] {
				t.Errorf("%s: %q, want %q", c.what, got, c.want[i])
			}
		}
	}
	for r := mappack.NoPack; r <= mappack.Elsewhere; r++ {
		if Why(r).Empty() {
			t.Errorf("nobody says why %d", r)
		}
	}
}
