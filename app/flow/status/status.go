// Package status says in words how fresh the device's data is, what still has to
// be sent, and whether anything is wrong. Every page of every shell shows it.
package status

import (
	"time"

	"yizhan/app/flow"
	"yizhan/app/say"
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
	Net     say.Text // 在线, 离线
	Age     say.Text // 数据截至 14:05
	Waiting say.Text // 2 条待上传（最早 13:20）; empty when nothing waits
	Trouble say.Text // one sentence; empty while all is well
	Next    say.Text // what to do about the trouble
}

// Describe puts the input into words. now is the device's clock in the zone of the deployment.
func Describe(in Input, now time.Time) Bar {
	b := Bar{Online: in.Online, Net: say.T("离线"), Age: say.T("还没有同步过数据")}
	switch {
	case in.Online:
		b.Net = say.T("在线")
	case in.Off:
		b.Net = say.T("已断开")
	}
	now = now.Add(in.Offset)
	if !in.AsOf.IsZero() {
		b.Age = say.T("数据截至 %s", flow.Clock(in.AsOf, now))
	}
	if in.Waiting > 0 {
		b.Waiting = say.T("%d 条待上传（最早 %s）", in.Waiting, flow.Clock(in.Oldest.Add(in.Offset), now))
	}
	b.Trouble, b.Next = trouble(in)
	return b
}

func trouble(in Input) (sentence, next say.Text) {
	if in.Problem != nil && tells(in.Problem.Kind) {
		return flow.Sentence(in.Problem.Kind), flow.Next(in.Problem.Kind)
	}
	if in.Offset.Abs() < doubt {
		return say.Text{}, say.Text{}
	}
	wrong := say.T("本机时间快了 %s。", flow.Length(in.Offset.Abs()))
	if in.Offset > 0 {
		wrong = say.T("本机时间慢了 %s。", flow.Length(in.Offset.Abs()))
	}
	return wrong, say.T("请工作人员校准本机时间。")
}

// tells reports whether a person has to know: what the link mends by itself is no news.
func tells(k fault.Kind) bool {
	switch k {
	case fault.NoFault, fault.Busy, fault.Gap, fault.ShuttingDown, fault.BadFrame:
		return false
	}
	return true
}
