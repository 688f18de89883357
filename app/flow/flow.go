// Package flow is what all flows share: the tone of an outcome and the way in
// which moments are written. Flows are the app without a screen: each takes a
// message and gives its next state and what is to be done.
package flow

import (
	"fmt"
	"strings"
	"time"

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

var weekdays = [...]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}

// Moment writes a time as people say it, as short as now allows: "今天 14:05",
// "3月15日（周三）09:00", "2016年6月8日 09:00". now sets the zone.
func Moment(at int64, now time.Time) string {
	t := time.UnixMilli(at).In(now.Location())
	day := Day(at, now)
	if strings.HasSuffix(day, "）") {
		return day + t.Format("15:04")
	}
	return day + " " + t.Format("15:04")
}

// Day is the day of Moment alone.
func Day(at int64, now time.Time) string {
	t := time.UnixMilli(at).In(now.Location())
	switch days := schedule.Days(now, t); {
	case days == 0:
		return "今天"
	case days == 1:
		return "明天"
	case t.Year() == now.Year():
		return fmt.Sprintf("%d月%d日（%s）", t.Month(), t.Day(), weekdays[t.Weekday()])
	}
	return fmt.Sprintf("%d年%d月%d日", t.Year(), t.Month(), t.Day())
}

// Clock is the bare time of day, with the day only where it is not today's.
func Clock(t, now time.Time) string {
	t = t.In(now.Location())
	if schedule.Days(now, t) == 0 {
		return t.Format("15:04")
	}
	if t.Year() == now.Year() {
		return fmt.Sprintf("%d月%d日 %s", t.Month(), t.Day(), t.Format("15:04"))
	}
	return fmt.Sprintf("%d年%d月%d日 %s", t.Year(), t.Month(), t.Day(), t.Format("15:04"))
}

// Span writes a window: "今天 09:00 至 明天 16:00". An open end is left out.
func Span(w schedule.Window, now time.Time) string {
	switch {
	case w.Zero():
		return ""
	case w.To == 0:
		return Moment(w.From, now) + " 起"
	case w.From == 0:
		return Moment(w.To, now) + " 止"
	}
	from, to := time.UnixMilli(w.From).In(now.Location()), time.UnixMilli(w.To).In(now.Location())
	if schedule.Days(from, to) == 0 {
		return Moment(w.From, now) + "–" + to.Format("15:04")
	}
	return Moment(w.From, now) + " 至 " + Moment(w.To, now)
}

// Left writes how long it is until at: "3 天 4 小时", "02:13:05".
func Left(at int64, now time.Time) string {
	d := max(0, time.UnixMilli(at).Sub(now)).Round(time.Second)
	hours, minutes, seconds := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	if hours >= 24 {
		return fmt.Sprintf("%d 天 %d 小时", hours/24, hours%24)
	}
	return fmt.Sprintf("%02d:%02d:%02d", hours, minutes, seconds)
}
