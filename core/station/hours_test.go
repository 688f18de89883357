package station

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yizhan/core/schedule"
)

func TestParseHours(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"08:00-20:00", "08:00-20:00"},
		{"每天8：30—17：30", "每天 08:30-17:30"},
		{"00:00-24:00", "24小时"},
		{"每天 24小时", "每天 24小时"},
		{"全天", "24小时"},
		{"工作日 08:30-12:00、14:00-17:30；周末 休息", "工作日 08:30-12:00、14:00-17:30；周末 休息"},
		{"工作日 08:30-17:30；周末 09:00-12:00；节假日 休息", "工作日 08:30-17:30；周末 09:00-12:00；节假日 休息"},
		{"周一至周五 07:00-21:00；周六 08:00-12:00；节假日 休息；调休 08:30-17:30", "工作日 07:00-21:00；周六 08:00-12:00；周日 休息；节假日 休息；调休 08:30-17:30"},
		{"每天 18:00-次日02:00；周日 休息", "工作日 18:00-次日02:00；周六 18:00-次日02:00；周日 休息；节假日 18:00-次日02:00"},
		{"22:00-06:00", "22:00-次日06:00"},
		{"8点-17点半", "08:00-17:30"},
		{"8.30-17.30", "08:30-17:30"},
		{"周一、周三、周五 09:00-11:00", "周一 09:00-11:00；周二 休息；周三 09:00-11:00；周四 休息；周五 09:00-11:00；周末 休息"},
		{"周六至周一 09:00-11:00", "周一 09:00-11:00；周二 休息；周三 休息；周四 休息；周五 休息；周末 09:00-11:00"},
		{"周一至周五（8:30-17:30）\n周六日 休息", "工作日 08:30-17:30；周末 休息"},
		{"星期天 9:00-12:00", "工作日 休息；周六 休息；周日 09:00-12:00"},
	} {
		h, err := ParseHours(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if h.String() != c.want {
			t.Errorf("%q reads %q, want %q", c.text, h.String(), c.want)
		}
	}
}

func TestParseHoursRefuses(t *testing.T) {
	for text, why := range map[string]HoursFault{
		"": NoTimes, "白天": NoTimes, "工作日": NoTimes, "08:00": NoTimes, "8:00-": NoTimes, "工作日 08:00-12:00 电话预约": NoTimes, "详询前台": NoTimes,
		"08:00-25:00": NoTime, "08:60-17:00": NoTime, "24:00-08:00": NoTime, "08:00-08:00": NoLength,
		"08:00-12:00、11:00-17:00": Overlap, "14:00-17:00、08:00-12:00": Overlap, "08:00-次日09:00": Overlap,
		"工作日 08:00-12:00；周一 休息": TwiceSaid, "08:00-12:00；09:00-10:00": TwiceSaid, "节假日 休息；节日 08:00-09:00": TwiceSaid,
	} {
		_, err := ParseHours(text)
		var bad *BadHours
		if !errors.As(err, &bad) || bad.Why != why {
			t.Errorf("%q: %v, want fault %d", text, err, why)
		}
	}
}

// anyHours draws hours that ParseHours can have read.
func anyHours(t *rapid.T) Hours {
	day := func(name string) (spans []Span) {
		at := schedule.TimeOfDay(0)
		for i := range rapid.IntRange(0, 3).Draw(t, name) {
			if at > 23*60 {
				break
			}
			from := rapid.IntRange(int(at), 23*60+30).Draw(t, name+" from")
			to := rapid.IntRange(from+1, 24*60).Draw(t, name+" to")
			if i > 0 && from == int(at) {
				from, to = from+1, to+1
			}
			spans = append(spans, Span{schedule.TimeOfDay(from), schedule.TimeOfDay(min(to, 24*60))})
			at = spans[i].To
		}
		if n := len(spans); n > 0 && spans[0].From > 0 && rapid.Bool().Draw(t, name+" late") {
			spans[n-1].To = 24*60 + schedule.TimeOfDay(rapid.IntRange(0, int(min(spans[0].From, spans[n-1].From))-1).Draw(t, name+" until"))
		}
		return spans
	}
	var h Hours
	for d := range h.Days {
		h.Days[d] = day(time.Weekday(d).String())
	}
	h.Holiday, h.MakeUp = h.Days[0], h.Days[1]
	if h.Told = rapid.Bool().Draw(t, "told"); h.Told {
		h.Holiday = day("holiday")
	}
	if rapid.Bool().Draw(t, "made up") {
		h.MakeUp = day("make-up")
	}
	return h
}

func TestHoursThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := anyHours(t)
		back, err := ParseHours(h.String())
		if err != nil || back.String() != h.String() {
			t.Fatalf("%q came back as %q: %v", h.String(), back.String(), err)
		}
		for d := range h.Days {
			if times(h.Days[d]) != times(back.Days[d]) {
				t.Fatalf("%q: day %d is %v, came back as %v", h.String(), d, h.Days[d], back.Days[d])
			}
		}
	})
}

func TestParseHoursNeverPanics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if h, err := ParseHours(rapid.StringOf(rapid.RuneFrom([]rune("周一二日至到-、，；;:：.点半时0123456789次日每天工作节假调休息24小 ()\n"))).Draw(t, "text")); err == nil {
			if _, err := ParseHours(h.String()); err != nil {
				t.Fatalf("%q is not read again: %v", h.String(), err)
			}
		}
	})
}
