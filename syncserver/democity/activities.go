package democity

import (
	"fmt"
	"time"

	"yizhan/core/activity"
	"yizhan/core/id"
)

// activities are four of the things that unions give out, open at now.
func (c *City) activities(now time.Time) []activity.Spec {
	at := func(days int, clock string) string {
		return now.AddDate(0, 0, days).Format(time.DateOnly) + "T" + clock
	}
	recently := now.Add(-time.Hour).Format("2006-01-02T15:04:05")
	counters := &activity.Pickup{Stations: []id.Station{c.Kiosk, c.Near, c.Stations[2].ID}, Bind: true}
	women := activity.Text{ZH: "仅限女职工", EN: "For women workers only"}
	film := activity.Spec{
		ID: "film", Title: "电影《云上的鹭》首映",
		Audience:    fmt.Sprintf("under(m, %q)", c.Park),
		AudienceWhy: activity.Text{ZH: "仅限科园区会员", EN: "For members of the Park union only"},
		Pools:       []activity.Pool{{ID: "seats", Total: 2000}},
		Limits:      []activity.Limit{{Per: "member", Max: 1, MaxWithChild: 2}, {Per: "org", Max: 200}},
		Windows:     activity.Windows{Claim: []string{recently, at(7, "18:00:00")}, Pickup: []string{at(0, "00:00:00"), at(10, "20:00:00")}, Use: []string{at(11, "19:00:00"), at(11, "22:00:00")}},
		WhenFull:    "waitlist", WhenShort: "trim", Pickup: counters,
		Thresholds: []activity.Threshold{{Per: "org", PersonsOver: 100, Task: "private_screening"}},
	}
	spa := activity.Spec{
		ID: "spa", Title: "女职工理疗套餐",
		Audience: `m.sex == "F"`, AudienceWhy: women,
		Pools:       []activity.Pool{{ID: "sets", Total: 1000}},
		Limits:      []activity.Limit{{Per: "member", Max: 1}},
		SetAsides:   []activity.SetAside{{ID: "frontline", Count: 200, Audience: `"frontline" in m.tags`}},
		Windows:     activity.Windows{Claim: []string{recently, at(5, "18:00:00")}, Pickup: []string{at(0, "00:00:00"), at(9, "16:00:00")}},
		PickupHours: []string{"09:00", "16:00"},
		WhenFull:    "waitlist", Pickup: counters,
	}
	diy := activity.Spec{
		ID: "diy", Title: "手工坊·插花与口红",
		Audience: `m.sex == "F"`, AudienceWhy: women,
		Limits:   []activity.Limit{{Per: "member", Max: 1}, {Per: "member", Max: 1, Series: "diy"}},
		Windows:  activity.Windows{Claim: []string{recently, at(14, "20:00:00")}},
		WhenFull: "waitlist",
		Reminder: &activity.Reminder{DaysBefore: 1, At: "09:00"},
	}
	for i, days := range []int{4, 8, 12} {
		diy.Sessions = append(diy.Sessions, activity.Session{ID: id.Pool(fmt.Sprintf("s%d", i+1)), Starts: at(days, "13:50:00"), Ends: at(days, "16:00:00"), Total: 24})
	}
	hospital := activity.Spec{
		ID: "hospital", Title: "预约挂号·云鹭口腔医院",
		Limits:  []activity.Limit{{Per: "member", Max: 1}},
		Horizon: &activity.Horizon{FromDays: 2, ToDays: 7},
	}
	for days := 0; days <= 21; days++ {
		day := now.AddDate(0, 0, days)
		if day.Weekday() == time.Sunday {
			hospital.Horizon.Closed = append(hospital.Horizon.Closed, day.Format(time.DateOnly))
		}
		for _, hour := range []int{9, 10, 14} {
			hospital.Sessions = append(hospital.Sessions, activity.Session{
				ID:     id.Pool(fmt.Sprintf("%s-%02d", day.Format("0102"), hour)),
				Starts: at(days, fmt.Sprintf("%02d:00:00", hour)), Ends: at(days, fmt.Sprintf("%02d:30:00", hour)), Total: 4,
			})
		}
	}
	return []activity.Spec{film, spa, diy, hospital}
}
