package democity

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"yizhan/core/id"
	"yizhan/core/station"
	"yizhan/syncserver/roster"
)

const (
	centreLat, centreLon = 24.48, 118.09
	earth                = 6_371_008.8 // mean radius, metres
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
	lat0, lon0 := centreLat, centreLon
	for i, kind := range kinds {
		var lat, lon float64
		switch i {
		case 0:
			lat, lon = lat0, lon0
		case 1:
			lat, lon = offset(lat0, lon0, 96, 70)
		case 2:
			lat, lon = offset(lat0, lon0, 310, 190)
		case 3:
			lat, lon = offset(lat0, lon0, 455, 320)
		case 4:
			lat, lon = offset(lat0, lon0, 60_000, 10)
		default:
			lat, lon = offset(lat0, lon0, 560+11_500*math.Sqrt(r.Float64()), 360*r.Float64())
		}
		s := roster.Station{Station: c.place(r, i, kind, now)}
		s.Lat, s.Lon = project(s.Datum, lat, lon)
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

// offset goes metres from a WGS84 point towards a bearing in degrees.
func offset(lat, lon, metres, bearing float64) (float64, float64) {
	b := bearing * math.Pi / 180
	dLat := metres * math.Cos(b) / earth
	dLon := metres * math.Sin(b) / (earth * math.Cos(lat*math.Pi/180))
	return lat + dLat*180/math.Pi, lon + dLon*180/math.Pi
}

// project writes a WGS84 point in the datum of the system that a station comes
// from, to the six decimals that people copy.
func project(datum string, lat, lon float64) (float64, float64) {
	switch datum {
	case "GCJ02":
		lat, lon = toGCJ02(lat, lon)
	case "BD09":
		lat, lon = toBD09(toGCJ02(lat, lon))
	}
	return math.Round(lat*1e6) / 1e6, math.Round(lon*1e6) / 1e6
}

// toGCJ02 is the published approximation of the Chinese map offset: a sum of
// sine waves over the distance from 35° N 105° E, on the Krasovsky ellipsoid.
func toGCJ02(lat, lon float64) (float64, float64) {
	const a, e2 = 6378245.0, 0.00669342162296594323
	x, y := lon-105, lat-35
	wave := func(amplitude, of float64) float64 { return amplitude * math.Sin(of*math.Pi) * 2 / 3 }
	both := wave(20, 6*x) + wave(20, 2*x)
	north := -100 + 2*x + 3*y + 0.2*y*y + 0.1*x*y + 0.2*math.Sqrt(math.Abs(x)) + both + wave(20, y) + wave(40, y/3) + wave(160, y/12) + wave(320, y/30)
	east := 300 + x + 2*y + 0.1*x*x + 0.1*x*y + 0.1*math.Sqrt(math.Abs(x)) + both + wave(20, x) + wave(40, x/3) + wave(150, x/12) + wave(300, x/30)
	phi := lat * math.Pi / 180
	m := 1 - e2*math.Sin(phi)*math.Sin(phi)
	return lat + north*180*m*math.Sqrt(m)/(a*(1-e2)*math.Pi), lon + east*180*math.Sqrt(m)/(a*math.Cos(phi)*math.Pi)
}

// toBD09 adds Baidu's own turn and shift to a GCJ02 point.
func toBD09(lat, lon float64) (float64, float64) {
	const k = math.Pi * 3000 / 180
	r := math.Hypot(lon, lat) + 0.00002*math.Sin(lat*k)
	t := math.Atan2(lat, lon) + 0.000003*math.Cos(lon*k)
	return r*math.Sin(t) + 0.006, r*math.Cos(t) + 0.0065
}
