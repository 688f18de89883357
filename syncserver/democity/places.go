package democity

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"yizhan/core/geo"
	"yizhan/core/id"
	"yizhan/core/station"
	"yizhan/syncserver/democity/cityplan"
	"yizhan/syncserver/roster"
)

var (
	facilities = strings.Fields("饮水机 微波炉 冰箱 空调 沙发桌椅 充电 雨衣雨伞 药箱 书柜 Wi-Fi 卫生间 更衣间 母婴室 打气筒 智能柜 自助打印机 电视 工具箱")
)

// Indices of stations that a demo or a test asks for.
const (
	remote = 4  // in the district 60 km away, off the map
	island = 42 // no way on foot leads there
)

// places makes 312 stations: the kiosk, one 96 m on foot from it, two more within
// 500 m, one on an island, one in the remote district, the rest over the city.
func (c *City) places(r *rand.Rand, now time.Time) {
	kinds := make([]string, 0, 312)
	for range 42 {
		kinds = append(kinds, "职工服务站")
	}
	for range 240 {
		kinds = append(kinds, "爱心驿站")
	}
	for range 30 {
		kinds = append(kinds, "共享职工之家")
	}
	for i, site := range c.sites(r, len(kinds)) {
		s := roster.Station{Station: c.place(r, i, kinds[i], now)}
		s.Name, s.Address = site.Near+kinds[i], fmt.Sprintf("%s%s街道%s%d号", site.District, site.Quarter, site.Street, site.Number)
		if i == 0 {
			s.Name, s.Hours = "科园职工服务站", "00:00-24:00"
		}
		s.Lat, s.Lon = project(s.Datum, site.At)
		s.Contact = families[r.IntN(len(families))] + "师傅"
		s.Partner = "云鹭" + pick(r, "银行", "邮政", "供电", "物业", "超市") + "共建点"
		c.Stations = append(c.Stations, s)
	}
	c.Stations[20].Name, c.Stations[40].Name = c.Stations[10].Name, c.Stations[30].Name // namesakes: only the code tells them apart
	c.Kiosk, c.Near = c.Stations[0].ID, c.Stations[1].ID
}

// sites are where the stations stand, each with a name that no other has.
func (c *City) sites(r *rand.Rand, n int) []cityplan.Site {
	s := c.Plan.Sites(n - 6)
	r.Shuffle(len(s.Others), func(i, j int) { s.Others[i], s.Others[j] = s.Others[j], s.Others[i] })
	far := cityplan.Site{At: geo.Offset(cityplan.Centre, 60_000, 10), Near: "密溪", District: "密溪区", Quarter: "云台", Street: "密溪路", Number: 8}
	all := append([]cityplan.Site{s.Kiosk, s.Walks[0], s.Walks[1], s.Walks[2], far}, s.Others...)
	all = slices.Insert(all, island, s.Island)
	seen := map[string]bool{}
	for i := range all {
		if seen[all[i].Near] {
			all[i].Near = fmt.Sprintf("%s%d号", all[i].Street, all[i].Number)
		}
		seen[all[i].Near] = true
	}
	return all
}

// place makes everything about a station but where it is.
func (c *City) place(r *rand.Rand, i int, kind string, now time.Time) station.Station {
	s := station.Station{
		ID: id.Station(fmt.Sprintf("YL%03d", i+1)), Kind: kind,
		Hours: pick(r, "08:00-20:00", "09:00-18:00", "07:00-21:00", "00:00-24:00"),
		Phone: fmt.Sprintf("100%08d", 91_000_000+i), Status: "开放",
		Datum:   [10]string{"GCJ02", "BD09", "GCJ02", "WGS84", "GCJ02", "BD09", "GCJ02", "GCJ02", "BD09", "GCJ02"}[i%10], // 60, 30 and 10 %
		Checked: now.AddDate(0, 0, -r.IntN(80)).Format(time.DateOnly),
	}
	if i >= 50 && i < 56 {
		s.Status = "关闭"
	}
	if i >= 60 && i < 64 {
		s.Checked = now.AddDate(-3, 0, -i).Format(time.DateOnly)
	}
	for _, f := range facilities {
		if r.IntN(100) < 45 {
			s.Facilities = append(s.Facilities, f)
		}
	}
	return s
}

// project writes a WGS84 point in the datum of the system that a station comes
// from, to the six decimals that people copy.
func project(datum string, p geo.Point) (lat, lon float64) {
	p, err := p.To(geo.Datum(datum), geo.WGS84)
	if err != nil {
		panic(err) // the city's own points and datums are good
	}
	return math.Round(p.Lat*1e6) / 1e6, math.Round(p.Lon*1e6) / 1e6
}
