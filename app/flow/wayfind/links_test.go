package wayfind

import (
	"net/url"
	"strings"
	"testing"

	"yizhan/core/qr"
	"yizhan/core/station"
)

// pairs are one place in two datums each, as published conversions have them.
var pairs = [][]station.Station{
	{{Name: "故宫", Lat: 39.915, Lon: 116.404, Datum: "WGS84"}, {Name: "故宫", Lat: 39.91640428150164, Lon: 116.41024449916938, Datum: "GCJ02"}},
	{{Name: "故宫", Lat: 39.915, Lon: 116.404, Datum: "GCJ02"}, {Name: "故宫", Lat: 39.92133699351021, Lon: 116.41036949371029, Datum: "BD09"}},
}

// TestLinks: whichever datum a station came in, each app gets its own map's. The texts
// stand on printed slips, so they are held as they are.
func TestLinks(t *testing.T) {
	wants := []map[App]string{
		{Amap: "https://uri.amap.com/navigation?to=116.410244,39.916404,%E6%95%85%E5%AE%AB&mode=walk&src=yizhan&callnative=1",
			Tencent: "https://apis.map.qq.com/uri/v1/routeplan?type=walk&to=%E6%95%85%E5%AE%AB&tocoord=39.916404,116.410244&referer=yizhan"},
		{Amap: "https://uri.amap.com/navigation?to=116.404000,39.915000,%E6%95%85%E5%AE%AB&mode=walk&src=yizhan&callnative=1",
			Baidu: "https://api.map.baidu.com/direction?origin=%E6%88%91%E7%9A%84%E4%BD%8D%E7%BD%AE&destination=latlng:39.921337,116.410369%7Cname:%E6%95%85%E5%AE%AB&mode=walking&region=%E5%8C%97%E4%BA%AC&coord_type=bd09ll&output=html&src=yizhan"},
	}
	for i, pair := range pairs {
		for _, s := range pair {
			for app, want := range wants[i] {
				if got := app.Link(s, "北京"); got != want {
					t.Errorf("%s from %s:\n%s\n%s", app.Name(), s.Datum, got, want)
				}
			}
		}
	}
	for _, s := range pairs[0] {
		if got, want := Geo(s), "geo:39.915000,116.404000?q=39.915000,116.404000(%E6%95%85%E5%AE%AB)"; got != want {
			t.Errorf("from %s: %s, want %s", s.Datum, got, want)
		}
	}
	if Amap.Link(station.Station{Name: "无图"}, "") != "" || Geo(station.Station{Lat: 1, Lon: 2}) != "" {
		t.Error("a place without a datum got a link")
	}
}

// TestLongNames: a link stays a code that can be scanned, and a name cannot add to it.
func TestLongNames(t *testing.T) {
	s := pairs[0][0]
	s.Name = strings.Repeat("科园区爱心驿站,&|mode=car", 9)
	for _, app := range Apps() {
		link := app.Link(s, "云鹭市")
		if _, err := qr.Bitmap(link); err != nil {
			t.Errorf("%s: %v", app.Name(), err)
		}
		u, err := url.Parse(link)
		if err != nil || strings.Count(link, "mode=")+strings.Count(link, "type=walk") > 2 || u.Query().Get("mode") == "car" {
			t.Errorf("%s: %s, %v", app.Name(), link, err)
		}
	}
}

func TestTel(t *testing.T) {
	for phone, want := range map[string]string{"100-0000-0018": "tel:10000000018", "0592 100 8888": "tel:05921008888", "（0592）1008888": "tel:05921008888",
		"100-0000-0018、100-0000-0019": "tel:10000000018", "1008888转802": "tel:1008888", "+86 100 0000": "tel:+861000000", "": "", "无": "", "内线 5": ""} {
		if got := Tel(phone); got != want {
			t.Errorf("%q: %q, want %q", phone, got, want)
		}
	}
}
