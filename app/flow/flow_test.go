package flow

import (
	"testing"
	"time"

	"yizhan/app/say"
	"yizhan/core/fault"
	"yizhan/core/schedule"
)

var zone = time.FixedZone("Asia/Shanghai", 8*60*60)

func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		panic(err)
	}
	return t
}

func TestMoments(t *testing.T) {
	now := at("2026-11-21 14:05")
	for _, c := range []struct{ when, moment, clock string }{
		{"2026-11-21 09:00", "今天 09:00", "09:00"},
		{"2026-11-22 00:00", "明天 00:00", "11月22日 00:00"},
		{"2026-11-20 23:59", "11月20日（周五）23:59", "11月20日 23:59"},
		{"2026-11-23 09:00", "11月23日（周一）09:00", "11月23日 09:00"},
		{"2027-01-02 09:00", "2027年1月2日 09:00", "2027年1月2日 09:00"},
	} {
		if got := Moment(at(c.when).UnixMilli(), now).String(); got != c.moment {
			t.Errorf("moment of %s is %q, want %q", c.when, got, c.moment)
		}
		if got := Clock(at(c.when).UTC(), now).String(); got != c.clock {
			t.Errorf("clock of %s is %q, want %q", c.when, got, c.clock)
		}
	}
}

func TestSpans(t *testing.T) {
	now := at("2026-11-21 14:05")
	ms := func(text string) int64 { return at(text).UnixMilli() }
	for want, w := range map[string]schedule.Window{
		"":               {},
		"今天 09:00 起":     {From: ms("2026-11-21 09:00")},
		"明天 18:00 止":     {To: ms("2026-11-22 18:00")},
		"今天 09:00–16:00": {From: ms("2026-11-21 09:00"), To: ms("2026-11-21 16:00")},
		"今天 09:00 至 11月23日（周一）16:00": {From: ms("2026-11-21 09:00"), To: ms("2026-11-23 16:00")},
	} {
		if got := Span(w, now).String(); got != want {
			t.Errorf("span %+v is %q, want %q", w, got, want)
		}
	}
}

func TestLeft(t *testing.T) {
	now := at("2026-11-21 14:05")
	for want, d := range map[string]time.Duration{"00:00:00": -time.Minute, "00:00:59": 59 * time.Second,
		"02:13:05": 2*time.Hour + 13*time.Minute + 5*time.Second, "3 天 4 小时": 76*time.Hour + 59*time.Minute} {
		if got := Left(now.Add(d).UnixMilli(), now).String(); got != want {
			t.Errorf("%v left reads %q, want %q", d, got, want)
		}
	}
}

// What a newer server says has a sentence too, and it can be translated.
func TestSentences(t *testing.T) {
	english := func(key string, _ int) string {
		return map[string]string{fault.UnknownWords: "Unknown result %d.", fault.SoldOut.Sentence(): "All gone."}[key]
	}
	for _, c := range []struct {
		text             say.Text
		chinese, english string
	}{
		{Sentence(fault.SoldOut), "名额已经发完了。", "All gone."},
		{Sentence(fault.Code(199)), "这个版本的程序看不懂这个结果（编号 199）。", "Unknown result 199."},
		{Sentence(fault.Verdict(199)), "这个版本的程序看不懂这个结果（编号 199）。", "Unknown result 199."},
		{Sentence(fault.None), "", ""},
		{Next(fault.NoFault), "", ""},
		{Next(fault.Kind(199)), "请更新程序，或找工作人员。", ""},
	} {
		if c.text.String() != c.chinese || c.text.In(english) != c.english {
			t.Errorf("reads %q, %q; want %q, %q", c.text, c.text.In(english), c.chinese, c.english)
		}
	}
}

// Only what is certain is green, and nothing that the app does not know hands over.
func TestTones(t *testing.T) {
	for v := range fault.Verdict(255) {
		want := Bad
		switch v {
		case fault.Valid:
			want = Good
		case fault.Provisional:
			want = Wait
		}
		if got := ToneOf(v); got != want {
			t.Errorf("tone of %v is %v, want %v", v, got, want)
		}
	}
}
