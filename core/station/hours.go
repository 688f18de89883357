package station

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"yizhan/core/schedule"
)

// Span is when a place is open, in minutes after the midnight that begins its day;
// To lies behind From, and past 24:00 where it closes on the next day.
type Span struct{ From, To schedule.TimeOfDay }

// Hours are opening hours: by weekday, on holidays, and on weekends that are workdays.
type Hours struct {
	Days    [7][]Span // by time.Weekday; none: closed
	Holiday []Span
	MakeUp  []Span
	// Told says that somebody wrote what holds on holidays; otherwise it is what holds
	// on Sundays, and a person should call first.
	Told bool
}

// On is what holds on a kind of day.
func (h Hours) On(w time.Weekday, k schedule.DayKind) []Span {
	switch k {
	case schedule.Holiday:
		return h.Holiday
	case schedule.MakeUp:
		return h.MakeUp
	}
	return h.Days[w]
}

// BadHours says why written hours cannot be read.
type BadHours struct {
	Part string // that could not be read
	Why  HoursFault
}

// HoursFault is a sort of mistake in written hours.
type HoursFault uint8

// Mistakes in written hours.
const (
	NoTimes   HoursFault = iota // it holds no time like 08:30-17:30
	NoTime                      // a time of day that does not exist
	NoLength                    // opens and closes at one time
	Overlap                     // two times of one day overlap
	TwiceSaid                   // a day stands there twice
)

func (e *BadHours) Error() string {
	why := [...]string{"has no time like 08:30-17:30", "names a time that no clock shows", "opens and closes at one time", "has times that overlap", "names a day for the second time"}
	return fmt.Sprintf("opening hours: %q %s", e.Part, why[e.Why])
}

// tidy writes full-width and Chinese signs as plain ones.
var tidy = strings.NewReplacer("：", ":", "，", ",", "、", ",", "和", ",", "及", ",", "～", "-", "~", "-", "－", "-", "–", "-", "—", "-", "至", "-", "到", "-",
	"（", "(", "）", ")", "。", "", " ", "", "\u3000", "", "\u00a0", "", "\t", "", "\r", "", "礼拜天", "周日", "星期天", "周日", "周天", "周日", "礼拜", "周", "星期", "周", "次日", "翌日", "第二天", "翌日", "凌晨", "")

// dayWords are the ways to say which days are meant. Weekdays stand in days.
var dayWords = []struct {
	word string
	days string // digits of time.Weekday, h for holidays, m for make-up workdays
}{
	{"调休上班日", "m"}, {"调休工作日", "m"}, {"调休日", "m"}, {"调休", "m"}, {"补班日", "m"}, {"补班", "m"},
	{"法定节假日", "h"}, {"国家法定假日", "h"}, {"节假日", "h"}, {"节日", "h"}, {"假日", "h"},
	{"周末", "60"}, {"双休日", "60"}, {"周六日", "60"}, {"周六周日", "60"}, {"工作日", "12345"}, {"平日", "12345"},
	{"每天", "0123456hm"}, {"每日", "0123456hm"}, {"天天", "0123456hm"}, {"全年", "0123456hm"},
	{"周一", "1"}, {"周二", "2"}, {"周三", "3"}, {"周四", "4"}, {"周五", "5"}, {"周六", "6"}, {"周日", "0"},
}

var (
	spanForm = regexp.MustCompile(`^(\d{1,2})(?:[:.](\d{2})|[点时](?:(\d{1,2})分?|(半))?)-(翌日)?(\d{1,2})(?:[:.](\d{2})|[点时](?:(\d{1,2})分?|(半))?)`)
	allDay   = []string{"24小时", "全天", "24h", "24H"}
	restDay  = []string{"休息", "不开放", "不营业", "关闭", "闭馆", "闭店", "休"}
)

// maxHours bounds what is read: longer texts are no hours.
const maxHours = 400

// ParseHours reads opening hours as people write them:
//
//	08:30-17:30                                     the same on all weekdays
//	每天 00:00-24:00                                 or 24小时
//	工作日 08:30-12:00、14:00-17:30；周末 休息         lunch; no word on holidays
//	周一至周五 07:00-21:00；周六 08:00-12:00；节假日 休息；调休 08:30-17:30
//	每天 18:00-次日02:00；周日 休息                   past midnight; the second part says it better
//
// Days that nothing is said of are closed. Holidays are as Sundays until they are
// named (Hours.Told), make-up workdays as Mondays. The error is a *BadHours.
func ParseHours(text string) (h Hours, err error) {
	if len(text) > maxHours {
		return h, &BadHours{string([]rune(text)[:20]), NoTimes}
	}
	said := map[rune]int{} // 1 by a word for all days, 2 by one for this
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune("；;\n", r) }) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		days, times := daysOf(tidy.Replace(part))
		spans, why, ok := spansOf(times)
		if !ok {
			return Hours{}, &BadHours{part, why}
		}
		rank := 2
		if len(days) >= 7 {
			rank = 1
		}
		for _, d := range days {
			switch {
			case said[d] == rank:
				return Hours{}, &BadHours{part, TwiceSaid}
			case said[d] < rank:
				said[d] = rank
				h.set(d, spans)
			}
		}
	}
	if len(said) == 0 {
		return Hours{}, &BadHours{text, NoTimes}
	}
	if h.Told = said['h'] > 0; !h.Told {
		h.Holiday = h.Days[time.Sunday]
	}
	if said['m'] == 0 {
		h.MakeUp = h.Days[time.Monday]
	}
	return h, nil
}

func (h *Hours) set(day rune, spans []Span) {
	switch day {
	case 'h':
		h.Holiday = spans
	case 'm':
		h.MakeUp = spans
	default:
		h.Days[day-'0'] = spans
	}
}

// daysOf takes the days off the front of a part; without any it is about every weekday.
func daysOf(part string) (days, rest string) {
	ranged := false
	for rest = part; ; {
		next, found := "", ""
		for _, w := range dayWords {
			if after, ok := strings.CutPrefix(rest, w.word); ok {
				next, found = after, w.days
				break
			}
		}
		if found == "" {
			break
		}
		if ranged && len(found) == 1 && days != "" {
			for d := (rune(days[len(days)-1]) - '0' + 1) % 7; d != (rune(found[0])-'0'+1)%7; d = (d + 1) % 7 {
				days += string('0' + d)
			}
		} else {
			days += found
		}
		ranged = strings.HasPrefix(next, "-")
		rest = strings.TrimLeft(next, "-,:")
	}
	if days == "" {
		days = "0123456"
	}
	return days, rest
}

// spansOf reads the times of a part, in order.
func spansOf(times string) (spans []Span, why HoursFault, ok bool) {
	times = strings.TrimSuffix(strings.TrimPrefix(times, "("), ")")
	switch {
	case slices.Contains(restDay, times):
		return nil, 0, true
	case slices.Contains(allDay, times):
		return []Span{{0, 24 * 60}}, 0, true
	}
	for times != "" {
		m := spanForm.FindStringSubmatch(times)
		if m == nil {
			return nil, NoTimes, false
		}
		from, okFrom := minutes(m[1], m[2]+m[3], m[4])
		to, okTo := minutes(m[6], m[7]+m[8], m[9])
		if !okFrom || !okTo || from == 24*60 {
			return nil, NoTime, false
		}
		if from == to {
			return nil, NoLength, false
		}
		if m[5] != "" || to < from {
			to += 24 * 60
		}
		if to-from > 24*60 || len(spans) > 0 && from < spans[len(spans)-1].To {
			return nil, Overlap, false
		}
		spans = append(spans, Span{from, to})
		times = strings.TrimLeft(times[len(m[0]):], ",")
	}
	if len(spans) == 0 {
		return nil, NoTimes, false
	}
	return spans, 0, true
}

func minutes(hour, minute, half string) (schedule.TimeOfDay, bool) {
	h, _ := strconv.Atoi(hour) // at most two digits each
	m, _ := strconv.Atoi(minute)
	if half != "" {
		m = 30
	}
	return schedule.TimeOfDay(h*60 + m), h < 24 && m < 60 || h == 24 && m == 0
}

// String writes hours as ParseHours reads them, each set of days once.
func (h Hours) String() string {
	groups := []struct {
		word string
		days string
	}{{"工作日", "12345"}, {"周末", "60"}}
	var parts []string
	if written := times(h.Days[1]); h.same("0123456", written) {
		if h.Told && times(h.Holiday) == written && times(h.MakeUp) == written {
			return "每天 " + written
		}
		parts = append(parts, written)
	} else {
		for _, g := range groups {
			if written := times(h.Days[g.days[0]-'0']); h.same(g.days, written) {
				parts = append(parts, g.word+" "+written)
				continue
			}
			for _, d := range g.days {
				parts = append(parts, "周"+string([]rune("日一二三四五六")[d-'0'])+" "+times(h.Days[d-'0']))
			}
		}
	}
	if h.Told {
		parts = append(parts, "节假日 "+times(h.Holiday))
	}
	if !slices.Equal(h.MakeUp, h.Days[time.Monday]) {
		parts = append(parts, "调休 "+times(h.MakeUp))
	}
	return strings.Join(parts, "；")
}

func (h Hours) same(days, written string) bool {
	return !strings.ContainsFunc(days, func(d rune) bool { return times(h.Days[d-'0']) != written })
}

// times writes the spans of a day.
func times(spans []Span) string {
	if len(spans) == 0 {
		return "休息"
	}
	if len(spans) == 1 && spans[0] == (Span{0, 24 * 60}) {
		return "24小时"
	}
	var all []string
	for _, s := range spans {
		all = append(all, s.String())
	}
	return strings.Join(all, "、")
}

// String writes a span: "08:30-17:30", "18:00-次日02:00".
func (s Span) String() string {
	next := ""
	to := s.To
	if to > 24*60 {
		to, next = to-24*60, "次日"
	}
	return fmt.Sprintf("%02d:%02d-%s%02d:%02d", s.From/60, s.From%60, next, to/60, to%60)
}
