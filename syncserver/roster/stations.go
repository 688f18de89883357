package roster

import (
	"strconv"
	"strings"

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
				ID: r.stationID(), Name: r.need("名称"), Kind: r.need("类型"),
				Address: r.text("区") + r.text("街道") + r.need("地址"),
				Hours:   r.text("开放时间"), Phone: plainNumber(r.text("联系电话")),
				Facilities: list(r.text("设施")), Status: r.text("状态"), Checked: r.date("最近核验日期"),
			}
			if at, ok := codes.first(string(st.ID), r); ok && st.ID != "" {
				r.bad("站点编码", Duplicate, "与"+at.describe(r)+"的站点编码相同;每个站点要有自己的编码")
			}
			st.Datum = r.datum()
			st.Lon, st.Lat = r.position()
			if r.ok() {
				c.Stations = append(c.Stations, st)
			}
		}
	}
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
