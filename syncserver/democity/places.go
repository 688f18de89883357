package democity

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"yizhan/core/geo"
	"yizhan/core/id"
	"yizhan/syncserver/democity/cityplan"
	"yizhan/syncserver/roster"
)

// Indices of stations that a demo or a test asks for.
const (
	remote = 4  // in the district 60 km away, off the map
	island = 42 // no way on foot leads there
	usual  = 80 // of nothing special
)

// places makes 312 stations: the kiosk, one 96 m on foot from it, two more within
// 500 m, one on an island, one in the remote district, the rest over the city; and the
// shops, hospitals and halls that members find on the map too.
func (c *City) places(r *rand.Rand, now time.Time) {
	kinds := make([]string, 0, 312)
	for range 42 {
		kinds = append(kinds, "service")
	}
	for range 240 {
		kinds = append(kinds, "care")
	}
	for range 30 {
		kinds = append(kinds, "home")
	}
	sites, stands := c.sites(r, len(kinds))
	for i, site := range stands {
		s := c.service(r, i, kinds[i], now)
		s.Name, s.Address = site.Near+called(kinds[i]), address(site)
		if i == 0 {
			s.Name, s.Hours = "科园职工服务站", "每天 24小时"
		}
		s.Lat, s.Lon = project(s.Datum, site.At)
		c.Stations = append(c.Stations, s)
	}
	c.Stations[20].Name, c.Stations[40].Name = c.Stations[10].Name, c.Stations[30].Name // namesakes: only the code tells them apart
	c.Kiosk, c.Near = c.Stations[0].ID, c.Stations[1].ID
	c.partners(r, sites, func(site cityplan.Site, number id.Station, kind, name, hours, mark string) {
		s := c.service(r, usual+len(c.Partners), kind, now)
		s.ID, s.Name, s.Address, s.Hours, s.Landmark, s.Partner = number, name, address(site), cmp.Or(hours, s.Hours), mark, ""
		s.Lat, s.Lon = project(s.Datum, site.At)
		c.Partners = append(c.Partners, s)
	})
}

// all are the places of the sheet.
func (c *City) all() []roster.Station { return slices.Concat(c.Stations, c.Partners) }

func address(site cityplan.Site) string {
	return fmt.Sprintf("%s%s街道%s%d号", site.District, site.Quarter, site.Street, site.Number)
}

// sites are where the stations stand, each with a name that no other has.
func (c *City) sites(r *rand.Rand, n int) (cityplan.Sites, []cityplan.Site) {
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
	return s, all
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
