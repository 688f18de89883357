package democity

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"yizhan/core/geo"
	"yizhan/core/id"
	"yizhan/core/station"
	"yizhan/syncserver/roster"
)

var (
	facilities = strings.Fields("饮水机 微波炉 冰箱 空调 沙发桌椅 充电 雨衣雨伞 药箱 书柜 Wi-Fi 卫生间 更衣间 母婴室 打气筒 智能柜 自助打印机 电视 工具箱")
	landmarks  = strings.Fields("东门 西门 南门 北门 广场 公园 菜市场 公交总站 码头 小学旁 医院旁 创业园 会展中心 体育馆 图书馆 产业楼 银行旁 加油站旁")
	roads      = strings.Fields("望潮路 鹭堤大道 榕荫街 石泉路 云台路 南浦街 白沙路 青屿路 仙桥街 科园一路 科园二路 桥埠路")
)

// places makes 312 stations: the kiosk, one 96 m away, two more within 500 m,
// one in the remote district 60 km north, the rest over the city but none other
// within 500 m of the kiosk.
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
	centre := geo.Point{Lat: 24.48, Lon: 118.09}
	for i, kind := range kinds {
		at := centre
		switch i {
		case 0: // the kiosk
		case 1:
			at = geo.Offset(centre, 96, 70)
		case 2:
			at = geo.Offset(centre, 310, 190)
		case 3:
			at = geo.Offset(centre, 455, 320)
		case 4:
			at = geo.Offset(centre, 60_000, 10)
		default:
			at = geo.Offset(centre, 560+11_500*math.Sqrt(r.Float64()), 360*r.Float64())
		}
		s := roster.Station{Station: c.place(r, i, kind, now)}
		s.Lat, s.Lon = project(s.Datum, at)
		s.Contact = families[r.IntN(len(families))] + "师傅"
		s.Partner = "云鹭" + pick(r, "银行", "邮政", "供电", "物业", "超市") + "共建点"
		c.Stations = append(c.Stations, s)
	}
	c.Stations[20].Name, c.Stations[40].Name = c.Stations[10].Name, c.Stations[30].Name // namesakes: only the code tells them apart
	c.Kiosk, c.Near = c.Stations[0].ID, c.Stations[1].ID
}

// place makes everything about a station but where it is.
func (c *City) place(r *rand.Rand, i int, kind string, now time.Time) station.Station {
	district := districts[i%len(districts)]
	street := streets[(i/len(districts))%len(streets)]
	s := station.Station{
		ID: id.Station(fmt.Sprintf("YL%03d", i+1)), Kind: kind,
		Name:    fmt.Sprintf("%s%s%s", street, landmarks[r.IntN(len(landmarks))], kind),
		Address: fmt.Sprintf("%s%s街道%s%d号", district, street, roads[r.IntN(len(roads))], 1+r.IntN(300)),
		Hours:   pick(r, "08:00-20:00", "09:00-18:00", "07:00-21:00", "00:00-24:00"),
		Phone:   fmt.Sprintf("100%08d", 91_000_000+i), Status: "开放",
		Datum:   [10]string{"GCJ02", "BD09", "GCJ02", "WGS84", "GCJ02", "BD09", "GCJ02", "GCJ02", "BD09", "GCJ02"}[i%10], // 60, 30 and 10 %
		Checked: now.AddDate(0, 0, -r.IntN(80)).Format(time.DateOnly),
	}
	switch i {
	case 0:
		s.Name, s.Address, s.Hours = "科园职工服务站", "商务中心区仙桥街道科园一路1号", "00:00-24:00"
	case 4:
		s.Name = "密溪职工服务中心"
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
