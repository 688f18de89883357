// Package doctor says in plain Chinese what is waiting on this device, since when,
// why, and what to do. The command `yizhan doctor` prints it, and a page of the app
// shows it: both from the same findings.
package doctor

import (
	"fmt"
	"strings"
	"time"

	"yizhan/app/flow"
	"yizhan/core/fault"
)

// Input is all that the findings depend on. Now and times of the device are its own clock.
type Input struct {
	Now     time.Time // in the zone of the deployment
	Device  string    // id; empty before the enrolment
	Online  bool
	Off     bool          // switched off by a person
	Offset  time.Duration // server clock minus device clock
	AsOf    time.Time     // server time of the rows here; zero before the first sync
	Problem *fault.Error  // of the link, now
	Last    Trouble       // of the link, at some time
	Reach   Reach
	Waiting []Waiting // what the server has not answered
	Store   error     // why the store cannot be read; then nothing below is known
	Free    int64     // bytes left on the disk; negative if unknown
	Newest  time.Time // newest time that a counter here has seen
	Leases  []Lease
	Hub     string // that the device talks to instead of the server
}

// Trouble is why a session ended.
type Trouble struct {
	Kind fault.Kind
	At   time.Time
}

// Reach is what an attempt to get to the server gave.
type Reach struct {
	Tried  bool
	Server string // host and port
	Why    string // in plain words why it failed; empty if it did not
}

// Waiting is ops of one kind that wait for the server.
type Waiting struct {
	What   string
	N      int
	Oldest time.Time
	Held   bool // the hub holds them
}

// Lease is what was lent to this device.
type Lease struct {
	Title      string
	Left       int
	Expires    time.Time
	Unreported int // tickets that the server does not know yet
}

// Finding is one thing about the device: how it stands, and what to do about it.
type Finding struct {
	Tone  flow.Tone // Good, Wait: it mends itself or is only to be known; Bad: a person has to act
	What  string    // two to four characters: which part
	Words string    // how it stands, since when, why
	Next  string    // what to do; empty where there is nothing
}

// Limits from which people are told.
const (
	lowDisk   = 500 << 20
	fullDisk  = 50 << 20
	doubt     = 2 * time.Minute // clock error: windows are by the minute
	stale     = 24 * time.Hour
	longAgo   = 4 * time.Hour // for something that waits
	leaseSoon = time.Hour
)

// Examine finds out how a device stands, most urgent part first: nothing that is
// built on a broken part is believed.
func Examine(in Input) []Finding {
	all := []Finding{store(in)}
	if in.Store == nil {
		all = append(all, disk(in), clock(in), network(in), waiting(in), fresh(in))
		all = append(all, leases(in)...)
		if f, ok := last(in); ok {
			all = append(all, f)
		}
	}
	return all
}

// Worst is the tone of the worst finding.
func Worst(all []Finding) flow.Tone {
	worst := flow.Good
	for _, f := range all {
		worst = max(worst, f.Tone)
	}
	return worst
}

func store(in Input) Finding {
	switch {
	case in.Store == nil && in.Device == "":
		return Finding{flow.Bad, "登记", "这台设备还没有登记。", "请向工作人员要一个登记码，在首页输入。"}
	case in.Store == nil:
		return Finding{flow.Good, "存储", "本机存储正常。", ""}
	}
	return Finding{flow.Bad, "存储", "本机存储打不开：" + in.Store.Error() + "。", "请不要删除任何文件，找工作人员处理；没有上传的记录可能还在里面。"}
}

func disk(in Input) Finding {
	left := fmt.Sprintf("磁盘还剩 %d MB。", in.Free>>20)
	if in.Free >= 1<<30 {
		left = fmt.Sprintf("磁盘还剩 %d GB。", in.Free>>30)
	}
	switch {
	case in.Free < 0:
		return Finding{flow.Wait, "磁盘", "看不出磁盘还剩多少空间。", ""}
	case in.Free < fullDisk:
		return Finding{flow.Bad, "磁盘", left, "请马上清理空间；存不下新记录时，请不要发放。"}
	case in.Free < lowDisk:
		return Finding{flow.Wait, "磁盘", left, "请尽快清理空间。"}
	}
	return Finding{flow.Good, "磁盘", left, ""}
}

func clock(in Input) Finding {
	now := in.Now.Format("2006-01-02 15:04")
	switch {
	case in.Offset.Abs() >= doubt:
		way := "快"
		if in.Offset > 0 {
			way = "慢"
		}
		return Finding{flow.Bad, "时间", fmt.Sprintf("本机时间 %s，比服务器%s了%s。", now, way, span(in.Offset.Abs())), "请工作人员校准本机时间。"}
	case in.Newest.After(in.Now.Add(doubt)):
		return Finding{flow.Bad, "时间", fmt.Sprintf("本机时间 %s，比本机见过的最晚时间早%s，像是被往回拨过。", now, span(in.Newest.Sub(in.Now))), "请工作人员核对本机时间；对的话，下次扫码时点“时间是对的”。"}
	}
	return Finding{flow.Good, "时间", "本机时间 " + now + "。", ""}
}

func network(in Input) Finding {
	to := "服务器"
	if in.Hub != "" {
		to = "本站的中心机"
	}
	at := ""
	if in.Reach.Server != "" {
		at = "（" + in.Reach.Server + "）"
	}
	switch {
	case in.Problem != nil && tells(in.Problem.Kind):
		return Finding{flow.Bad, "网络", in.Problem.Kind.Sentence(), in.Problem.Kind.Next()}
	case in.Online:
		return Finding{flow.Good, "网络", "已连上" + to + at + "。", ""}
	case in.Off:
		return Finding{flow.Wait, "网络", "网络是在本机上关掉的。", "需要时点“现在连接”。"}
	case in.Reach.Tried && in.Reach.Why == "":
		return Finding{flow.Good, "网络", "能连上" + to + at + "。", ""}
	case in.Reach.Tried:
		return Finding{flow.Wait, "网络", "连不上" + to + at + "：" + in.Reach.Why + "。", "请检查网线、无线和路由器；本机会一直自动重试。"}
	}
	return Finding{flow.Wait, "网络", "没有连上" + to + at + "。", "请检查网线、无线和路由器；本机会一直自动重试。"}
}

func waiting(in Input) Finding {
	if len(in.Waiting) == 0 {
		return Finding{flow.Good, "上传", "没有要上传的记录。", ""}
	}
	var parts []string
	oldest, held := in.Waiting[0].Oldest, true
	for _, w := range in.Waiting {
		parts = append(parts, fmt.Sprintf("%d 条%s", w.N, w.What))
		held = held && w.Held
		if w.Oldest.Before(oldest) {
			oldest = w.Oldest
		}
	}
	words := fmt.Sprintf("%s在等，最早 %s。", strings.Join(parts, "、"), flow.Clock(oldest, in.Now).String())
	f := Finding{flow.Wait, "上传", words, "记录都存在本机，断电也不会丢，连上以后自动上传。"}
	switch {
	case held:
		f.Words += "本站的中心机已经收下，正在等服务器。"
		f.Next = "不用重复办理，结果会自己出来。"
	case in.Online:
		f.Words += "已经连上，正在上传。"
		f.Next = ""
	default:
		f.Words += "原因：没有网络。"
	}
	if in.Now.Sub(oldest) >= longAgo {
		f.Next += "已经等了" + span(in.Now.Sub(oldest)) + "，请告诉工作人员。"
	}
	return f
}

func fresh(in Input) Finding {
	if in.AsOf.IsZero() {
		return Finding{flow.Wait, "数据", "还没有同步过数据。", "请先联网一次。"}
	}
	now := in.Now.Add(in.Offset)
	words := "数据截至 " + flow.Clock(in.AsOf, now).String() + "。"
	if age := now.Sub(in.AsOf); age >= stale {
		return Finding{flow.Wait, "数据", words + "已经" + span(age) + "没有更新。", "请让这台设备联网；在那之前，新发的票、新的活动这里看不到。"}
	}
	return Finding{flow.Good, "数据", words, ""}
}

func leases(in Input) (all []Finding) {
	now := in.Now.Add(in.Offset)
	for _, l := range in.Leases {
		f := Finding{flow.Good, "授权", fmt.Sprintf("“%s”：本机还能发 %d 个，%s 到期。", l.Title, l.Left, flow.Moment(l.Expires.UnixMilli(), now).String()), ""}
		if l.Unreported > 0 {
			f.Tone, f.Words = flow.Wait, f.Words+fmt.Sprintf("有 %d 个还没有上报。", l.Unreported)
			f.Next = "到期以前请联网一次，没有上报的会成为存疑。"
		}
		if left := l.Expires.Sub(now); left < leaseSoon && (l.Left > 0 || l.Unreported > 0) && !in.Online {
			f.Tone, f.Next = flow.Bad, "就要到期了，请马上让这台设备联网。"
		}
		all = append(all, f)
	}
	return all
}

// last tells of the newest trouble of the link, if it is over and was not long ago.
func last(in Input) (Finding, bool) {
	if in.Last.Kind == fault.NoFault || in.Problem != nil || in.Now.Sub(in.Last.At) > 7*24*time.Hour {
		return Finding{}, false
	}
	f := Finding{flow.Good, "上次", "最近一次问题在 " + flow.Moment(in.Last.At.UnixMilli(), in.Now).String() + "：" + in.Last.Kind.Sentence(), ""}
	if !in.Online && tells(in.Last.Kind) {
		f.Tone, f.Next = flow.Wait, in.Last.Kind.Next()
	}
	return f, true
}

// tells reports whether a person has to know: what the link mends by itself is no news.
func tells(k fault.Kind) bool {
	switch k {
	case fault.NoFault, fault.Busy, fault.Gap, fault.ShuttingDown, fault.BadFrame, fault.Internal:
		return false
	}
	return true
}

func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf(" %d 天", int(d.Hours())/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf(" %d 小时", int(d.Hours()))
	}
	return fmt.Sprintf(" %d 分钟", max(1, int(d.Minutes())))
}
