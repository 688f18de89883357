// Package doctor says in plain words what is waiting on this device, since when,
// why, and what to do. The command `yizhan doctor` prints it, and a page of the app
// shows it: both from the same findings.
package doctor

import (
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/fault"
	"yizhan/core/local"
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
	Map     Map
	Sound   error // why nothing is heard, as far as is known
}

// Trouble is why a session ended.
type Trouble struct {
	Kind fault.Kind
	At   time.Time
}

// Reach is what an attempt to get to the server gave.
type Reach struct {
	Tried  bool
	Server string   // host and port
	Why    say.Text // why it failed; empty if it did not
}

// Waiting is ops of one kind that wait for the server.
type Waiting struct {
	What   say.Text
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
	What  say.Text  // two to four characters: which part
	Words say.Text  // how it stands, since when, why
	Next  say.Text  // what to do; empty where there is nothing
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
	all = append(all, in.Map.Examine(in.Now)...)
	if in.Sound != nil { // no news otherwise: people hear it
		all = append(all, Finding{flow.Wait, say.T("声音"), say.T("没有声音设备，提示音和朗读都听不到。"), say.T("需要声音时，请接上喇叭或检查声音设置；屏幕上的结果照常有效。")})
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
		return Finding{flow.Bad, say.T("登记"), say.T("这台设备还没有登记。"), say.T("请向工作人员要一个登记码，在首页输入。")}
	case in.Store == nil:
		return Finding{flow.Good, say.T("存储"), say.T("本机存储正常。"), say.Text{}}
	}
	return Finding{flow.Bad, say.T("存储"), say.T("本机存储打不开：%s。", broken(in.Store)),
		say.T("请不要删除任何文件，找工作人员处理；没有上传的记录可能还在里面。")}
}

// broken says what is wrong with a store.
func broken(err error) say.Text {
	var path *fs.PathError
	switch {
	case errors.Is(err, local.ErrDamaged):
		return say.T("文件已经损坏")
	case errors.Is(err, local.ErrFull):
		return say.T("磁盘满了")
	case errors.Is(err, fs.ErrPermission):
		return say.T("没有读写的权限")
	case errors.Is(err, fs.ErrNotExist) && errors.As(err, &path):
		return say.T("%s 里没有这台设备的数据（device.db）", say.Plain(filepath.Dir(path.Path)))
	}
	return say.Plain(err.Error())
}

func disk(in Input) Finding {
	f := Finding{flow.Good, say.T("磁盘"), say.T("磁盘还剩 %d MB。", int(in.Free>>20)), say.Text{}}
	if in.Free >= 1<<30 {
		f.Words = say.T("磁盘还剩 %d GB。", int(in.Free>>30))
	}
	switch {
	case in.Free < 0:
		f.Tone, f.Words = flow.Wait, say.T("看不出磁盘还剩多少空间。")
	case in.Free < fullDisk:
		f.Tone, f.Next = flow.Bad, say.T("请马上清理空间；存不下新记录时，请不要发放。")
	case in.Free < lowDisk:
		f.Tone, f.Next = flow.Wait, say.T("请尽快清理空间。")
	}
	return f
}

func clock(in Input) Finding {
	now := say.Plain(in.Now.Format("2006-01-02 15:04"))
	wrong := Finding{Tone: flow.Bad, What: say.T("时间"), Next: say.T("请工作人员校准本机时间。")}
	switch off := flow.Length(in.Offset.Abs()); {
	case in.Offset >= doubt:
		wrong.Words = say.T("本机时间 %s，比服务器慢了 %s。", now, off)
		return wrong
	case -in.Offset >= doubt:
		wrong.Words = say.T("本机时间 %s，比服务器快了 %s。", now, off)
		return wrong
	case in.Newest.After(in.Now.Add(doubt)):
		wrong.Words = say.T("本机时间 %s，比本机见过的最晚时间早 %s，像是被往回拨过。", now, flow.Length(in.Newest.Sub(in.Now)))
		wrong.Next = say.T("请工作人员核对本机时间；对的话，下次扫码时点“时间是对的”。")
		return wrong
	}
	return Finding{flow.Good, say.T("时间"), say.T("本机时间 %s。", now), say.Text{}}
}

func network(in Input) Finding {
	to := say.T("服务器")
	if in.Hub != "" {
		to = say.T("本站的中心机")
	}
	if in.Reach.Server != "" {
		to = say.T("%s（%s）", to, say.Plain(in.Reach.Server))
	}
	f := Finding{Tone: flow.Wait, What: say.T("网络"), Next: say.T("请检查网线、无线和路由器；本机会一直自动重试。")}
	switch {
	case in.Problem != nil && tells(in.Problem.Kind):
		return Finding{flow.Bad, f.What, flow.Sentence(in.Problem.Kind), flow.Next(in.Problem.Kind)}
	case in.Online:
		return Finding{flow.Good, f.What, say.T("已连上%s。", to), say.Text{}}
	case in.Off:
		return Finding{flow.Wait, f.What, say.T("网络是在本机上关掉的。"), say.T("需要时点“现在连接”。")}
	case in.Reach.Tried && in.Reach.Why.Empty():
		return Finding{flow.Good, f.What, say.T("能连上%s。", to), say.Text{}}
	case in.Reach.Tried:
		f.Words = say.T("连不上%s：%s。", to, in.Reach.Why)
	default:
		f.Words = say.T("没有连上%s。", to)
	}
	return f
}

func waiting(in Input) Finding {
	if len(in.Waiting) == 0 {
		return Finding{flow.Good, say.T("上传"), say.T("没有要上传的记录。"), say.Text{}}
	}
	var parts []say.Text
	oldest, held := in.Waiting[0].Oldest, true
	for _, w := range in.Waiting {
		parts = append(parts, say.T("%d 条%s", w.N, w.What))
		held = held && w.Held
		if w.Oldest.Before(oldest) {
			oldest = w.Oldest
		}
	}
	f := Finding{Tone: flow.Wait, What: say.T("上传"), Words: say.T("%s在等，最早 %s。", say.Join("、", parts...), flow.Clock(oldest, in.Now))}
	switch {
	case held:
		f.Words = say.Sentences(f.Words, say.T("本站的中心机已经收下，正在等服务器。"))
		f.Next = say.T("不用重复办理，结果会自己出来。")
	case in.Online:
		f.Words = say.Sentences(f.Words, say.T("已经连上，正在上传。"))
	default:
		f.Words = say.Sentences(f.Words, say.T("原因：没有网络。"))
		f.Next = say.T("记录都存在本机，断电也不会丢，连上以后自动上传。")
	}
	if age := in.Now.Sub(oldest); age >= longAgo {
		f.Next = say.Sentences(f.Next, say.T("已经等了 %s，请告诉工作人员。", flow.Length(age)))
	}
	return f
}

func fresh(in Input) Finding {
	f := Finding{Tone: flow.Good, What: say.T("数据")}
	if in.AsOf.IsZero() {
		f.Tone, f.Words, f.Next = flow.Wait, say.T("还没有同步过数据。"), say.T("请先联网一次。")
		return f
	}
	now := in.Now.Add(in.Offset)
	f.Words = say.T("数据截至 %s。", flow.Clock(in.AsOf, now))
	if age := now.Sub(in.AsOf); age >= stale {
		f.Tone, f.Words = flow.Wait, say.Sentences(f.Words, say.T("已经 %s没有更新。", flow.Length(age)))
		f.Next = say.T("请让这台设备联网；在那之前，新发的票、新的活动这里看不到。")
	}
	return f
}

func leases(in Input) (all []Finding) {
	now := in.Now.Add(in.Offset)
	for _, l := range in.Leases {
		f := Finding{flow.Good, say.T("授权"), say.T("“%s”：本机还能发 %d 个，%s 到期。", say.Plain(l.Title), l.Left, flow.Moment(l.Expires.UnixMilli(), now)), say.Text{}}
		if l.Unreported > 0 {
			f.Tone, f.Words = flow.Wait, say.Sentences(f.Words, say.T("有 %d 个还没有上报。", l.Unreported))
			f.Next = say.T("到期以前请联网一次，没有上报的会成为存疑。")
		}
		if left := l.Expires.Sub(now); left < leaseSoon && (l.Left > 0 || l.Unreported > 0) && !in.Online {
			f.Tone, f.Next = flow.Bad, say.T("就要到期了，请马上让这台设备联网。")
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
	f := Finding{flow.Good, say.T("上次"), say.T("最近一次问题在 %s：%s", flow.Moment(in.Last.At.UnixMilli(), in.Now), flow.Sentence(in.Last.Kind)), say.Text{}}
	if !in.Online && tells(in.Last.Kind) {
		f.Tone, f.Next = flow.Wait, flow.Next(in.Last.Kind)
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
