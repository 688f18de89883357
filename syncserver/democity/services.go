package democity

import (
	"fmt"
	"math/rand/v2"
	"time"

	"yizhan/core/id"
	"yizhan/core/schedule"
	"yizhan/core/station"
	"yizhan/syncserver/roster"
)

// hours are how stations of a kind are open, the commonest several times.
var hours = map[string][]string{
	"service": {"工作日 08:30-12:00、14:00-17:30；周末 休息；节假日 休息", "工作日 08:30-17:30；周六 09:00-12:00；周日 休息；节假日 休息", "工作日 08:30-18:00；周末 09:00-17:00；节假日 休息；调休 09:00-17:00"},
	"care": {"每天 07:00-21:00", "每天 07:00-21:00", "每天 24小时", "08:00-20:00", "工作日 07:30-19:00；周末 08:00-18:00；节假日 09:00-17:00", "每天 05:30-22:00",
		"工作日 08:30-18:00；周末 休息；节假日 休息", "每天 18:00-次日02:00"},
	"merchant": {"每天 08:00-21:00", "每天 09:00-22:00"},
	"hospital": {"每天 24小时", "每天 08:00-12:00、14:00-17:30", "工作日 08:00-17:30；周末 08:00-12:00；节假日 08:00-12:00"},
	"venue":    {"工作日 17:30-21:30；周末 09:00-21:00；节假日 休息", "每天 09:00-21:30", "工作日 12:00-14:00、17:30-21:00；周六 09:00-18:00；周日 休息；节假日 休息"},
	"home":     {"工作日 11:30-13:30、17:30-21:00；周末 09:00-21:00；节假日 休息", "工作日 10:00-21:00；周末 09:00-21:00；节假日 09:00-18:00"},
}

// shares are how many of a hundred stations have a facility; by kind where it matters.
var shares = map[string]map[string]int{
	"": {"water": 97, "seats": 94, "charging": 86, "aircon": 82, "firstaid": 74, "wifi": 68, "microwave": 63, "rain": 61, "toilet": 48, "books": 40, "fridge": 34,
		"pump": 30, "tv": 24, "tools": 26, "locker": 14, "changing": 9, "nursing": 8, "printer": 7},
	"service": {"printer": 62, "nursing": 30, "toilet": 85, "books": 60},
	"merchant": {"water": 55, "seats": 45, "charging": 40, "aircon": 70, "firstaid": 15, "wifi": 35, "microwave": 20, "rain": 30, "toilet": 12, "books": 3, "fridge": 20, "pump": 8,
		"tv": 15, "tools": 5, "locker": 3, "changing": 0, "nursing": 0, "printer": 3},
	"hospital": {"toilet": 100, "seats": 100, "firstaid": 100, "nursing": 80, "printer": 70, "microwave": 5, "fridge": 0, "pump": 0, "tools": 0},
	"venue":    {"changing": 75, "toilet": 95, "locker": 60, "seats": 80, "microwave": 8, "fridge": 10},
	"home":     {"changing": 55, "tv": 70, "toilet": 90, "books": 75, "locker": 45},
}

// partners are with whom stations are run, and where in their rooms one finds it.
var partners = []struct{ who, mark string }{
	{"银行", "银行营业厅内，进门右手边"}, {"邮政", "邮政网点一楼，绿色门头"}, {"供电", "供电营业厅旁，蓝色灯箱"}, {"物业", "物业服务中心一楼"}, {"超市", "超市入口左侧，黄色雨棚下"}, {"环卫", "环卫所院内，公厕对面"},
}

// works are why stations are closed for a while.
var works = []string{"内部装修", "线路检修", "门前道路施工", "消防改造"}

// called is what people call a kind.
func called(kind string) string {
	k, _ := station.KindOf(kind)
	return k.Chinese
}

// service makes everything about a station but its name and where it is: six are shut,
// four were not checked for years, six are closed for a while or will be.
func (c *City) service(r *rand.Rand, i int, kind string, now time.Time) roster.Station {
	partner := partners[r.IntN(len(partners))]
	s := roster.Station{Contact: families[r.IntN(len(families))] + "师傅", Partner: "云鹭" + partner.who + "共建点", Station: station.Station{
		ID: id.Station(fmt.Sprintf("YL%03d", i+1)), Kind: kind, Hours: pick(r, hours[kind]...), Landmark: partner.mark,
		Phone: fmt.Sprintf("100%08d", 91_000_000+i), Status: "开放",
		Datum:   [10]string{"GCJ02", "BD09", "GCJ02", "WGS84", "GCJ02", "BD09", "GCJ02", "GCJ02", "BD09", "GCJ02"}[i%10], // 60, 30 and 10 %
		Checked: now.AddDate(0, 0, -r.IntN(80)).Format(time.DateOnly),
	}}
	for _, f := range station.Facilities {
		share, ok := shares[kind][f.Key]
		if !ok {
			share = shares[""][f.Key]
		}
		if r.IntN(100) < share || i == 0 {
			s.Facilities = append(s.Facilities, f.Key)
		}
	}
	day := func(days int) string { return now.AddDate(0, 0, days).Format(time.DateOnly) }
	switch {
	case i >= 50 && i < 56:
		s.Status = "关闭"
	case i >= 60 && i < 64:
		s.Checked = now.AddDate(-3, 0, -i).Format(time.DateOnly)
	case i == 3 || i >= 70 && i < 73:
		s.Closure = &station.Closure{From: day(-3), Until: day(i%20 + 2), Why: works[i%len(works)]}
	case i == 73:
		s.Closure = &station.Closure{From: day(-30), Why: works[0]}
	case i == 74:
		s.Closure = &station.Closure{From: day(2), Until: day(9), Why: works[1]}
	}
	return s
}

// CalendarFile is the holidays of 2026, for `syncserver import calendar`.
const CalendarFile = "节假日2026.json"

// holidays are those of 2026: General Office of the State Council, notice of
// 4 November 2025 (国办发明电〔2025〕7号). 33 days off, 6 make-up workdays.
var holidays = []struct {
	name, from string
	days       int
	work       []string
}{
	{"元旦", "2026-01-01", 3, []string{"2026-01-04"}}, {"春节", "2026-02-15", 9, []string{"2026-02-14", "2026-02-28"}}, {"清明节", "2026-04-04", 3, nil},
	{"劳动节", "2026-05-01", 5, []string{"2026-05-09"}}, {"端午节", "2026-06-19", 3, nil}, {"中秋节", "2026-09-25", 3, nil},
	{"国庆节", "2026-10-01", 7, []string{"2026-09-20", "2026-10-10"}},
}

// Holidays is the calendar of 2026.
func Holidays() schedule.Year {
	y := schedule.Year{Year: 2026}
	for _, h := range holidays {
		from, err := time.Parse(time.DateOnly, h.from)
		if err != nil {
			panic(err) // a constant of this file
		}
		for n := range h.days {
			y.Days = append(y.Days, schedule.Day{Date: from.AddDate(0, 0, n).Format(time.DateOnly), Name: h.name, Off: true})
		}
		for _, d := range h.work {
			y.Days = append(y.Days, schedule.Day{Date: d, Name: h.name})
		}
	}
	return y
}
