package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"yizhan/core/id"
	"yizhan/core/schedule"
	"yizhan/core/station"
	"yizhan/syncserver/control"
	"yizhan/syncserver/server"
)

// importCalendar brings in the holidays of years, in the form in which the notices of
// the State Council are published as data (github.com/NateScarlet/holiday-cn).
func importCalendar(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	files, err := parse(fs, args, 1, -1)
	if err != nil {
		return err
	}
	years := make([]schedule.Year, len(files))
	for i, name := range files { // all are looked at before the first is sent
		body, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(body, &years[i]); err != nil {
			return fmt.Errorf("%s: it is no calendar like {\"year\":2026,\"days\":[{\"name\":\"元旦\",\"date\":\"2026-01-01\",\"isOffDay\":true}]}: %w", name, err)
		}
		if err := years[i].Check(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for i, y := range years {
		changed, err := control.Call[bool](context.Background(), control.Dial(*data), "calendar", y)
		if err != nil {
			return fmt.Errorf("%s: %w", files[i], err)
		}
		off := 0
		for _, d := range y.Days {
			if d.Off {
				off++
			}
		}
		switch {
		case !changed:
			fmt.Printf("%d: nothing changed\n", y.Year)
		case len(y.Days) == 0:
			fmt.Printf("%d: the notice is not out; weekdays and weekends count, and devices say so\n", y.Year)
		default:
			fmt.Printf("%d: %d days off, %d make-up workdays\n", y.Year, off, len(y.Days)-off)
		}
	}
	return nil
}

// amend sends what is said of one station.
func amend(data, st string, a station.Amend) error {
	changed, err := control.Call[bool](context.Background(), control.Dial(data), "amend-station", control.AmendRequest{Station: id.Station(st), Amend: a})
	switch {
	case err != nil:
		return err
	case !changed:
		fmt.Println("没有变化：已经是这样了")
	default:
		fmt.Printf("已记下，各设备联网后会看到；现在的情况：station find %s\n", st)
	}
	return nil
}

// today is the date at the server.
func today(data string) (string, error) {
	p, err := control.Call[server.Places](context.Background(), control.Dial(data), "places", struct{}{})
	return p.Now.Format(time.DateOnly), err
}

func stationClose(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	from := fs.String("from", "", "first day, YYYY-MM-DD (default: today)")
	until := fs.String("until", "", "last day, YYYY-MM-DD; without it nobody knows until when")
	why := fs.String("why", "", "reason, for people to read")
	rest, err := parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	if *from == "" {
		if *from, err = today(*data); err != nil {
			return err
		}
	}
	return amend(*data, rest[0], station.Amend{Closure: &station.Closure{From: *from, Until: *until, Why: *why}})
}

func stationOpen(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	rest, err := parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	return amend(*data, rest[0], station.Amend{Open: true})
}

func stationChecked(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	on := fs.String("on", "", "day of the check, YYYY-MM-DD (default: today)")
	rest, err := parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	if *on == "" {
		if *on, err = today(*data); err != nil {
			return err
		}
	}
	return amend(*data, rest[0], station.Amend{Checked: *on})
}

func stationList(fs *flag.FlagSet, args []string) error { return stations(fs, args, 0, 0) }

func stationFind(fs *flag.FlagSet, args []string) error { return stations(fs, args, 1, -1) }

// stations lists what fits, as devices find it.
func stations(fs *flag.FlagSet, args []string, least, most int) error {
	data := dataFlag(fs)
	open := fs.Bool("open", false, "only what is open now")
	stale := fs.Bool("stale", false, "only what was not checked on site for too long")
	kind := fs.String("kind", "", "only this `kind`: 爱心驿站, care, …")
	asJSON := fs.Bool("json", false, "print JSON")
	rest, err := parse(fs, args, least, most)
	if err != nil {
		return err
	}
	f := station.Filter{Text: strings.Join(rest, " "), Open: *open}
	if *kind != "" {
		f.Kinds = []string{*kind}
		if k, ok := station.KindOf(*kind); ok {
			f.Kinds[0] = k.Key
		}
	}
	p, err := control.Call[server.Places](context.Background(), control.Dial(*data), "places", struct{}{})
	if err != nil {
		return err
	}
	f.Shut = true
	var found []station.Found
	for _, s := range station.NewIndex(p.Stations).Find(f, p.Now, schedule.NewCalendar(p.Years...)) {
		if _, old := s.Station.Stale(p.Now); old || !*stale {
			found = append(found, s)
		}
	}
	if *asJSON {
		out := make([]station.Station, len(found))
		for i, s := range found {
			out[i] = s.Station
		}
		return printJSON(out)
	}
	if len(found) == 0 {
		return fmt.Errorf("没有符合条件的站点")
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "编码\t名称\t类型\t现在\t开放时间\t核验")
	for _, s := range found {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, s.Name, dash(kindName(s.Kind)), now(s, p.Now), dash(s.Station.Hours), lastChecked(s.Station, p.Now))
	}
	return w.Flush()
}

func kindName(key string) string {
	if k, ok := station.KindOf(key); ok {
		return k.Chinese
	}
	return key
}

func lastChecked(s station.Station, now time.Time) string {
	if _, stale := s.Stale(now); stale {
		return dash(s.Checked) + "（太久）"
	}
	return s.Checked
}

// now says whether a station is open.
func now(s station.Found, at time.Time) string {
	switch s.State {
	case station.Open:
		if s.Until.IsZero() {
			return "开放"
		}
		return "开放到 " + minutes(s.Until, at)
	case station.Closing:
		return fmt.Sprintf("%d 分钟后关门", s.Left(at))
	case station.Closed:
		if s.Next.IsZero() {
			return "关门"
		}
		return "关门，" + minutes(s.Next, at) + " 开"
	case station.Paused:
		return strings.TrimSpace("暂停到 " + cmp.Or(s.Closure.Until, "另行通知") + " " + s.Closure.Why)
	case station.Shut:
		return "已停办：" + s.Status
	}
	return "不清楚：开放时间看不懂"
}

// minutes is a moment for people: no seconds, and no date where it is today's.
func minutes(t, now time.Time) string {
	switch {
	case t.Format(time.DateOnly) == now.Format(time.DateOnly):
		return t.Format("15:04")
	case t.Year() == now.Year():
		return t.Format("01-02 15:04")
	}
	return t.Format("2006-01-02 15:04")
}
