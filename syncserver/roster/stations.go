package roster

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"yizhan/core/id"
	"yizhan/core/station"
)

// datumWords finds a coordinate system by what people write for it.
var datumWords = []struct{ word, datum string }{
	{"GCJ", "GCJ02"}, {"火星", "GCJ02"}, {"高德", "GCJ02"}, {"腾讯", "GCJ02"}, {"国测局", "GCJ02"},
	{"BD", "BD09"}, {"百度", "BD09"},
	{"WGS", "WGS84"}, {"GPS", "WGS84"}, {"CGCS2000", "WGS84"}, {"2000", "WGS84"}, {"天地图", "WGS84"}, // CGCS2000 and WGS84 differ by centimetres
}

func (c *check) stations(sheets []*sheet) {
	codes := seen{}
	for _, s := range sheets {
		for _, r := range c.data(s, "站点编码", "名称", "经度", "纬度") {
			st := Station{Sheet: s.name, Row: r.row.n, Contact: r.text("联系人"), Partner: r.text("共建单位")}
			st.Station = station.Station{
				ID: r.stationID(), Name: r.need("名称"), Kind: r.kind(),
				Address: r.text("区") + r.text("街道") + r.need("地址"),
				Hours:   r.hours(), Phone: plainNumber(r.text("联系电话")), Landmark: r.prose("地标"),
				Facilities: r.facilities(), Status: r.text("状态"), Checked: r.checked(), Closure: r.closure(),
			}
			if at, ok := codes.first(string(st.ID), r); ok && st.ID != "" {
				r.bad("站点编码", Duplicate, "与"+at.describe(r)+"的站点编码相同;每个站点要有自己的编码")
			}
			st.Picture, st.Bare = r.picture()
			st.Datum = r.datum()
			st.Lon, st.Lat = r.position()
			if r.ok() {
				c.Stations = append(c.Stations, st)
			}
		}
	}
}

// kind gives the key of a kind; a word of the union's own stays.
func (r record) kind() string {
	word := r.need("类型")
	if k, ok := station.KindOf(word); ok {
		return k.Key
	}
	return word
}

// prose gives words for people with the signs that they were written with.
func (r record) prose(column string) string {
	if r.text(column) == "" { // also where it is too long
		return ""
	}
	return strings.Join(strings.Fields(r.cell(column).text), " ")
}

// facilities gives keys, each once; words that are none stay.
func (r record) facilities() (all []string) {
	for _, word := range list(r.text("设施")) {
		if f, ok := station.FacilityOf(word); ok {
			word = f.Key
		}
		if !slices.Contains(all, word) {
			all = append(all, word)
		}
	}
	return all
}

// hoursForm is what is said to whoever writes hours in another way.
const hoursForm = ";请写成“工作日 08:30-12:00、14:00-17:30;周末 休息;节假日 休息”的样子,或“每天 24小时”"

var hoursFaults = map[station.HoursFault]string{
	station.NoTimes: "看不懂“%s”", station.NoTime: "“%s”里有不存在的钟点", station.NoLength: "“%s”的开门和关门是同一时刻",
	station.Overlap: "“%s”里的时间有重叠", station.TwiceSaid: "“%s”说的日子前面已经说过",
}

// hours gives opening hours in one form.
func (r record) hours() string {
	text := r.text("开放时间")
	if text == "" {
		return ""
	}
	h, err := station.ParseHours(text)
	var bad *station.BadHours
	if errors.As(err, &bad) {
		r.bad("开放时间", Malformed, fmt.Sprintf(hoursFaults[bad.Why], bad.Part)+hoursForm)
		return ""
	}
	return h.String()
}

// checked gives the date of the last check, which is not in the future.
func (r record) checked() string {
	d := r.date("最近核验日期")
	if d > r.Today.Format(time.DateOnly) && !r.Today.IsZero() {
		r.warn("最近核验日期", Malformed, "核验日期在今天以后,已略过")
		return ""
	}
	return d
}

// picture gives the picture that the cell names, or that there is to be none; a row
// does without a picture that cannot be taken.
func (r record) picture() (name string, none bool) {
	cell := r.text("照片")
	switch {
	case cell == "" || r.Picture == nil:
		return "", false
	case slices.Contains([]string{"无", "没有", "删除"}, cell):
		return "", true
	case strings.Contains(strings.ToUpper(cell), "DISPIMG"):
		r.warn("照片", Malformed, "图片嵌在单元格里,读不到;请把照片另存为文件,在这一格填文件名")
		return "", false
	}
	name, err := r.Picture(r.prose("照片"))
	if err != nil {
		r.warn("照片", Malformed, err.Error())
	}
	return name, false
}

// closure gives the days on which the place is closed; what is no date refuses the row,
// because people would stand before a closed door.
func (r record) closure() *station.Closure {
	c := station.Closure{Why: r.prose("暂停原因")}
	for column, to := range map[string]*string{"暂停开始": &c.From, "暂停结束": &c.Until} {
		s, ok := r.text(column), true
		if s == "" {
			continue
		}
		if *to, ok = parseDate(s, r.sheet.date1904); !ok {
			r.bad(column, Malformed, "看不懂这个日期;请写成 2026-12-05 的样子")
			return nil
		}
	}
	switch {
	case c == station.Closure{}:
		return nil
	case c.From == "":
		r.bad("暂停开始", Missing, "写了暂停开放,没有写从哪天开始;请补上,或清空暂停的几格")
	case c.Until != "" && c.Until < c.From:
		r.bad("暂停结束", Mismatch, "暂停结束的日期早于开始的日期")
	case c.Check() != nil:
		r.bad("暂停原因", Malformed, "暂停原因太长;请写在 100 个字以内")
	}
	return &c
}

func (r record) stationID() id.Station {
	s := strings.TrimSuffix(r.need("站点编码"), ".0")
	if s == "" {
		return ""
	}
	if id.Check(s) != nil {
		r.bad("站点编码", Malformed, "站点编码只能用文字、数字和 - _ . :,不超过 64 字节")
	}
	return id.Station(s)
}

func (r record) datum() string {
	s := strings.ToUpper(r.need("坐标系"))
	if s == "" {
		return ""
	}
	for _, w := range datumWords {
		if strings.Contains(s, w.word) {
			return w.datum
		}
	}
	r.bad("坐标系", Malformed, "坐标系请填 GCJ02(高德、腾讯)、BD09(百度)或 WGS84(GPS);不同坐标系会差几百米")
	return ""
}

// position reads longitude and latitude in decimal degrees.
func (r record) position() (lon, lat float64) {
	lon, okLon := r.degrees("经度")
	lat, okLat := r.degrees("纬度")
	inLat := func(v float64) bool { return v >= 3 && v <= 54 }
	inLon := func(v float64) bool { return v >= 73 && v <= 136 }
	switch {
	case !okLon || !okLat:
	case inLat(lat) && inLon(lon):
	case inLat(lon) && inLon(lat):
		r.bad("经度", Mismatch, "经度和纬度填反了;请对调两列(经度在 73 至 136 之间,纬度在 3 至 54 之间)")
	case !inLon(lon):
		r.bad("经度", Malformed, "经度应在 73 至 136 之间")
	default:
		r.bad("纬度", Malformed, "纬度应在 3 至 54 之间")
	}
	return lon, lat
}

func (r record) degrees(column string) (float64, bool) {
	s := r.need(column)
	if s == "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(strings.TrimRight(s, "°ENen"), 64)
	if err != nil || v != v {
		r.bad(column, Malformed, column+"请填十进制的度数,例如 118.0894")
		return 0, false
	}
	return v, true
}

// list splits what people separate by commas, enumeration commas or spaces.
func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("、,;,;/| ", r) })
}
