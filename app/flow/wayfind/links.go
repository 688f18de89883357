package wayfind

import (
	"fmt"
	"strconv"
	"strings"

	"yizhan/app/say"
	"yizhan/core/geo"
	"yizhan/core/station"
)

// App is a navigation app that people have on their phones.
type App uint8

// Apps, the commonest first.
const (
	Amap App = iota
	Baidu
	Tencent
)

// Apps lists them.
func Apps() []App { return []App{Amap, Baidu, Tencent} }

// Name is what people call the app.
func (a App) Name() say.Text {
	return [...]say.Text{Amap: say.T("高德地图"), Baidu: say.T("百度地图"), Tencent: say.T("腾讯地图")}[a]
}

// sender is who the maps' operators want named as the source of a link.
const sender = "yizhan"

// longest is how many characters of a name go into a link: each takes nine bytes of a
// QR code that has to stay coarse.
const longest = 12

// Link opens an app with the way on foot to a place, from wherever the phone is. It
// falls back to the app's page in the browser. Each app gets the datum of its own map,
// computed from the numbers that the place came with. Empty where the place is not known.
//
// The forms are those that the operators publish: lbs.amap.com/api/uri-api (navigation),
// lbsyun.baidu.com (uri/api/web, direction), lbs.qq.com (webApi/uriV1, routeplan).
func (a App) Link(to station.Station, city string) string {
	datum := geo.GCJ02
	if a == Baidu {
		datum = geo.BD09
	}
	p, err := geo.Point{Lat: to.Lat, Lon: to.Lon}.To(datum, geo.Datum(to.Datum))
	if err != nil {
		return ""
	}
	runes := []rune(strings.Map(plain, to.Name))
	name := escape(string(runes[:min(len(runes), longest)]))
	lat, lon := degrees(p.Lat), degrees(p.Lon)
	switch a {
	case Baidu:
		return fmt.Sprintf("https://api.map.baidu.com/direction?origin=%s&destination=latlng:%s,%s%%7Cname:%s&mode=walking&region=%s&coord_type=bd09ll&output=html&src=%s",
			escape(say.Plain("我的位置").String()), lat, lon, name, escape(city), sender)
	case Tencent:
		return fmt.Sprintf("https://apis.map.qq.com/uri/v1/routeplan?type=walk&to=%s&tocoord=%s,%s&referer=%s", name, lat, lon, sender)
	}
	return fmt.Sprintf("https://uri.amap.com/navigation?to=%s,%s,%s&mode=walk&src=%s&callnative=1", lon, lat, name, sender)
}

// plain leaves out what parts one field of a link from the next.
func plain(r rune) rune {
	if strings.ContainsRune(",|&=:;%", r) {
		return -1
	}
	return r
}

// escape writes text for a query. (The flows import nothing of net.)
func escape(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '.' || c == '_' || c == '~' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// degrees are written to six places, a tenth of a metre, which is what the apps read.
func degrees(v float64) string { return strconv.FormatFloat(v, 'f', 6, 64) }

// Geo opens whatever map a phone has (RFC 5870, which means WGS84; the query names the
// place on Android). Empty where the place is not known.
func Geo(to station.Station) string {
	p, ok := to.At()
	if !ok {
		return ""
	}
	at := degrees(p.Lat) + "," + degrees(p.Lon)
	return "geo:" + at + "?q=" + at + "(" + escape(strings.Map(plain, to.Name)) + ")"
}

// Tel dials a number (RFC 3966); empty where there is none to dial.
func Tel(phone string) string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		if strings.ContainsRune(" -()（）", r) {
			return -1
		}
		return ' '
	}, phone)
	digits, _, _ = strings.Cut(strings.TrimSpace(digits), " ") // the first of several, without an extension
	if len(digits) < 3 {
		return ""
	}
	return "tel:" + digits
}
