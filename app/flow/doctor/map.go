package doctor

import (
	"fmt"
	"time"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/mappack"
)

// Map is how the device stands with its map pack.
type Map struct {
	Looked  bool // false: nobody looked, and nothing is said
	Held    Pack // Made is empty where there is none
	Damaged bool // what is there cannot be used
	Offer   Pack // what the server has published and is not held; Made is empty where there is none
	Offered Offered
	Arrived int64 // bytes of the offer
	Refused Refusal
	Stick   Pack // what a stick holds and that could be installed; Made is empty where there is none
}

// Pack is a map in the words of people.
type Pack struct {
	Name, Made string
	Bytes      int64
}

// Offered is what becomes of a published map.
type Offered uint8

// Fates of a published map.
const (
	Coming  Offered = iota // it is fetched, or waits for the network
	Unasked                // it is fetched when somebody wants it
	NoRoom                 // the disk is too full
	Absent                 // the server does not have the file
)

// Refusal is a new map that was not taken. At is zero where there was none.
type Refusal struct {
	At       time.Time
	Pack     Pack
	OnTheWay bool // it did not arrive as it was published; else Reason says why
	Reason   mappack.Reason
}

// reasons continue "the new map was not taken: ".
var reasons = map[mappack.Reason]say.Text{
	mappack.NoPack: say.T("它的文件不完整"), mappack.Damaged: say.T("它的文件已损坏"),
	mappack.Newer: say.T("它要用更新的程序才能打开"), mappack.Elsewhere: say.T("它是另一个地区的地图"),
}

// Why continues a sentence: why a pack was not taken.
func Why(r mappack.Reason) say.Text { return reasons[r] }

// size says how large a file is.
func size(bytes int64) say.Text {
	if bytes < 1_000_000 {
		return say.Plain(fmt.Sprintf("%d KB", (bytes+999)/1000))
	}
	return say.Plain(fmt.Sprintf("%.1f MB", float64(bytes)/1e6))
}

// Say names a pack.
func (p Pack) Say() say.Text {
	return say.T("%s地图，%s 制作，%s", say.Plain(p.Name), say.Plain(p.Made), size(p.Bytes))
}

// Examine says which map is held, what becomes of a newer one, and why one was not taken.
func (m Map) Examine(now time.Time) (all []Finding) {
	if !m.Looked {
		return nil
	}
	what := say.T("地图")
	f := Finding{flow.Good, what, say.T("%s。", m.Held.Say()), say.Text{}}
	switch {
	case m.Damaged:
		f.Tone, f.Words, f.Next = flow.Wait, say.T("地图文件已损坏，不能显示。"), say.T("联网后会自动重新下载，也可以插入带地图的 U 盘。")
	case m.Held.Made == "":
		f.Tone, f.Words, f.Next = flow.Wait, say.T("这台设备还没有地图。"), say.T("服务器发布以后会自动下载，也可以插入带地图的 U 盘。")
		if m.Offer.Made != "" {
			f.Next = say.Text{}
		}
	}
	all = append(all, f)
	if m.Refused.At != (time.Time{}) {
		all = append(all, m.Refused.finding(what, now))
	}
	if m.Stick.Made != "" {
		all = append(all, Finding{flow.Wait, what, say.T("U 盘上有另一张%s。", m.Stick.Say()), say.T("要换上它，请找管理员。")})
	}
	if m.Offer.Made == "" {
		return all
	}
	f = Finding{flow.Wait, what, say.T("有新的%s。", m.Offer.Say()), say.Text{}}
	switch m.Offered {
	case Coming:
		f.Words = say.Sentences(f.Words, say.T("正在下载，已有 %d%%。", int(100*m.Arrived/max(1, m.Offer.Bytes))))
		f.Next = say.T("没有网络时会等着，联网后接着下载，不影响办理。")
	case Unasked:
		f.Tone, f.Next = flow.Good, say.T("打开地图时可以下载。")
	case NoRoom:
		f.Words, f.Next = say.Sentences(f.Words, say.T("磁盘空间不够，没有下载。")), say.T("请清理空间，以后会自动再试。")
	case Absent:
		f.Words, f.Next = say.Sentences(f.Words, say.T("服务器上没有它的文件。")), say.T("请告诉管理员重新发布地图。")
	}
	return append(all, f)
}

func (r Refusal) finding(what say.Text, now time.Time) Finding {
	why, next := reasons[r.Reason], say.T("请告诉管理员重新发布地图。")
	switch {
	case r.OnTheWay:
		why, next = say.T("它传到这里就损坏了"), say.T("过一小时会自动再试。")
	case r.Reason == mappack.Newer:
		next = say.T("请先升级本机程序。")
	}
	return Finding{flow.Wait, what, say.T("%s 没有换上新的%s：%s。", flow.Moment(r.At.UnixMilli(), now), r.Pack.Say(), why), next}
}
