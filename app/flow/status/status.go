// Package status says in words how fresh the device's data is, what still has to
// be sent, and whether anything is wrong. Every page of every shell shows it.
package status

import (
	"fmt"
	"time"

	"yizhan/app/flow"
	"yizhan/core/fault"
)

// doubt is the clock error from which people are told: windows are by the minute.
const doubt = 2 * time.Minute

// Input is how the device stands towards its server.
type Input struct {
	Online  bool
	Off     bool      // switched off by a person
	AsOf    time.Time // server time of the rows here; zero before the first sync
	Waiting int       // ops not answered yet
	Oldest  time.Time // device time of the oldest of them
	Problem *fault.Error
	Offset  time.Duration // server clock minus device clock
}

// Bar is what is written.
type Bar struct {
	Online  bool
	Net     string // 在线, 离线
	Age     string // 数据截至 14:05
	Waiting string // 2 条待上传（最早 13:20）; empty when nothing waits
	Trouble string // one sentence; empty while all is well
	Next    string // what to do about the trouble
}

// Describe puts the input into words. now is the device's clock in the zone of the deployment.
func Describe(in Input, now time.Time) Bar {
	b := Bar{Online: in.Online, Net: "离线", Age: "还没有同步过数据"}
	switch {
	case in.Online:
		b.Net = "在线"
	case in.Off:
		b.Net = "已断开"
	}
	now = now.Add(in.Offset)
	if !in.AsOf.IsZero() {
		b.Age = "数据截至 " + flow.Clock(in.AsOf, now).String()
	}
	if in.Waiting > 0 {
		b.Waiting = fmt.Sprintf("%d 条待上传（最早 %s）", in.Waiting, flow.Clock(in.Oldest.Add(in.Offset), now).String())
	}
	b.Trouble, b.Next = trouble(in)
	return b
}

func trouble(in Input) (sentence, next string) {
	if in.Problem != nil && tells(in.Problem.Kind) {
		return in.Problem.Kind.Sentence(), in.Problem.Kind.Next()
	}
	if in.Offset.Abs() < doubt {
		return "", ""
	}
	way := "快"
	if in.Offset > 0 {
		way = "慢"
	}
	return fmt.Sprintf("本机时间%s了 %s。", way, length(in.Offset.Abs())), "请工作人员校准本机时间。"
}

// tells reports whether a person has to know: what the link mends by itself is no news.
func tells(k fault.Kind) bool {
	switch k {
	case fault.NoFault, fault.Busy, fault.Gap, fault.ShuttingDown, fault.BadFrame:
		return false
	}
	return true
}

func length(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d 天", int(d.Hours())/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d 小时", int(d.Hours()))
	}
	return fmt.Sprintf("%d 分钟", int(d.Minutes()))
}
