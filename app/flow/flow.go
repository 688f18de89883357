// Package flow is what all flows share: the tone of an outcome and the way in
// which moments are written. Flows are the app without a screen: each takes a
// message and gives its next state and what is to be done.
package flow

import (
	"fmt"
	"time"

	"yizhan/app/say"
	"yizhan/core/fault"
	"yizhan/core/schedule"
)

// Tone is one of the three honest outcomes, or none.
type Tone uint8

// Tones: final, provisional, refused; Plain says nothing about an outcome.
const (
	Plain Tone = iota
	Good
	Wait
	Bad
)

// ToneOf is the tone of a verdict. What cannot be judged here hands nothing over, so it is Bad.
func ToneOf(v fault.Verdict) Tone {
	switch v {
	case fault.Valid:
		return Good
	case fault.Provisional:
		return Wait
	}
	return Bad
}

// Told is a code, a verdict or a fault of core/fault, which has a sentence and a next step.
type Told interface {
	~uint8
	Sentence() string
	Next() string
}

// Known reports whether this version knows what a code, a verdict or a fault means.
func Known[K Told](k K) bool { return k.Sentence() != fmt.Sprintf(fault.UnknownWords, k) }

// Sentence is what a code, a verdict or a fault says, to be read in any language;
// empty for none. One from a newer server is named by its number.
func Sentence[K Told](k K) say.Text {
	if !Known(k) {
		return say.T("这个版本的程序看不懂这个结果（编号 %d）。", int(k))
	}
	return say.T(k.Sentence())
}

// Next is what to do about a code, a verdict or a fault; empty where there is nothing.
func Next[K Told](k K) say.Text {
	if !Known(k) {
		return say.T("请更新程序，或找工作人员。")
	}
	return say.T(k.Next())
}

var weekdays = [...]say.Text{say.T("周日"), say.T("周一"), say.T("周二"), say.T("周三"), say.T("周四"), say.T("周五"), say.T("周六")}

var months = [...]say.Text{say.T("1月"), say.T("2月"), say.T("3月"), say.T("4月"), say.T("5月"), say.T("6月"), say.T("7月"), say.T("8月"),
	say.T("9月"), say.T("10月"), say.T("11月"), say.T("12月")}

// Moment writes a time as people say it, as short as now allows: "今天 14:05",
// "3月15日（周三）09:00", "2016年6月8日 09:00". now sets the zone.
func Moment(at int64, now time.Time) say.Text {
	t := time.UnixMilli(at).In(now.Location())
	if days := schedule.Days(now, t); days != 0 && days != 1 {
		return Dated(at, now)
	}
	return say.T("%s %s", Day(at, now), t.Format("15:04"))
}

// Day is the day of Moment alone.
func Day(at int64, now time.Time) say.Text {
	t := time.UnixMilli(at).In(now.Location())
	switch days := schedule.Days(now, t); {
	case days == 0:
		return say.T("今天")
	case days == 1:
		return say.T("明天")
	case t.Year() == now.Year():
		return say.T("%s%d日（%s）", months[t.Month()-1], t.Day(), weekdays[t.Weekday()])
	}
	return date(t)
}

func date(t time.Time) say.Text { return say.T("%d年%s%d日", t.Year(), months[t.Month()-1], t.Day()) }

// Clock is the bare time of day, with the day only where it is not today's.
func Clock(t, now time.Time) say.Text {
	t = t.In(now.Location())
	if schedule.Days(now, t) == 0 {
		return say.Plain(t.Format("15:04"))
	}
	if t.Year() == now.Year() {
		return say.T("%s%d日 %s", months[t.Month()-1], t.Day(), t.Format("15:04"))
	}
	return say.T("%s %s", date(t), t.Format("15:04"))
}

// Dated is Moment for what is read on another day, as on paper: it never says "今天".
func Dated(at int64, now time.Time) say.Text {
	t := time.UnixMilli(at).In(now.Location())
	if t.Year() == now.Year() {
		return say.T("%s%d日（%s）%s", months[t.Month()-1], t.Day(), weekdays[t.Weekday()], t.Format("15:04"))
	}
	return say.T("%s %s", date(t), t.Format("15:04"))
}

// Span writes a window: "今天 09:00 至 明天 16:00". An open end is left out.
func Span(w schedule.Window, now time.Time) say.Text { return span(w, now, Moment) }

// DatedSpan is Span for what is read on another day.
func DatedSpan(w schedule.Window, now time.Time) say.Text { return span(w, now, Dated) }

func span(w schedule.Window, now time.Time, write func(int64, time.Time) say.Text) say.Text {
	switch {
	case w.Zero():
		return say.Text{}
	case w.To == 0:
		return say.T("%s 起", write(w.From, now))
	case w.From == 0:
		return say.T("%s 止", write(w.To, now))
	}
	from, to := time.UnixMilli(w.From).In(now.Location()), time.UnixMilli(w.To).In(now.Location())
	if schedule.Days(from, to) == 0 {
		return say.T("%s–%s", write(w.From, now), to.Format("15:04"))
	}
	return say.T("%s 至 %s", write(w.From, now), write(w.To, now))
}

// Length is a span of time in its largest unit: "3 天", "5 小时", "1 分钟" at least.
func Length(d time.Duration) say.Text {
	switch {
	case d >= 48*time.Hour:
		return say.T("%d 天", int(d.Hours())/24)
	case d >= 2*time.Hour:
		return say.T("%d 小时", int(d.Hours()))
	}
	return say.T("%d 分钟", max(1, int(d.Minutes())))
}

// Left writes how long it is until at: "3 天 4 小时", "02:13:05".
func Left(at int64, now time.Time) say.Text {
	d := max(0, time.UnixMilli(at).Sub(now)).Round(time.Second)
	hours, minutes, seconds := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	if hours >= 24 {
		return say.T("%d 天 %d 小时", hours/24, hours%24)
	}
	return say.Plain(fmt.Sprintf("%02d:%02d:%02d", hours, minutes, seconds))
}
