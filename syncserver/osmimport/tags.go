package osmimport

import (
	"cmp"
	"strings"
	"unicode"

	"github.com/paulmach/osm"

	"yizhan/core/mappack"
	"yizhan/core/walk"
)

// areas says as what an area is drawn: the first key that a tagged thing has, with
// its value or with any ("*").
var areas = []struct {
	key, values string
	class       mappack.Class
}{
	{"building", "*", mappack.Building},
	{"building:part", "*", mappack.Building},
	{"natural", "water", mappack.Water},
	{"waterway", "riverbank dock", mappack.Water},
	{"landuse", "reservoir basin", mappack.Water},
	{"leisure", "swimming_pool", mappack.Water},
	{"leisure", "pitch track playground", mappack.Pitch},
	{"leisure", "park garden golf_course nature_reserve common dog_park", mappack.Green},
	{"landuse", "forest grass meadow village_green recreation_ground orchard cemetery farmland flowerbed greenfield", mappack.Green},
	{"natural", "wood scrub grassland heath wetland", mappack.Green},
	{"natural", "beach sand", mappack.Sand},
	{"amenity", "university college school kindergarten hospital", mappack.Campus},
	{"landuse", "industrial commercial retail education", mappack.Campus},
	{"highway", "pedestrian footway living_street service platform", mappack.Square},
	{"place", "square", mappack.Square},
	{"man_made", "pier", mappack.Square},
	{"place", "island islet", mappack.Land},
}

// lines says the same of lines.
var lines = []struct {
	key, values string
	class       mappack.Class
}{
	{"highway", "motorway motorway_link", mappack.Motorway},
	{"highway", "trunk trunk_link", mappack.Trunk},
	{"highway", "primary primary_link", mappack.Primary},
	{"highway", "secondary secondary_link", mappack.Secondary},
	{"highway", "tertiary tertiary_link", mappack.Tertiary},
	{"highway", "residential unclassified living_street road pedestrian", mappack.SideStreet},
	{"highway", "service track", mappack.ServiceRoad},
	{"highway", "steps", mappack.StepsPath},
	{"highway", "footway path cycleway bridleway corridor", mappack.FootPath},
	{"man_made", "pier", mappack.FootPath},
	{"railway", "subway light_rail", mappack.Subway},
	{"railway", "rail narrow_gauge tram monorail funicular", mappack.Rail},
	{"waterway", "river canal", mappack.Stream},
	{"waterway", "stream drain ditch", mappack.Stream},
	{"barrier", "wall fence city_wall retaining_wall", mappack.Barrier},
}

// points says the same of single places, which must have a name.
var points = []struct {
	key, values string
	class       mappack.Class
}{
	{"place", "city town", mappack.City},
	{"place", "suburb village borough", mappack.Suburb},
	{"place", "quarter neighbourhood hamlet island islet locality", mappack.Quarter},
	{"railway", "station halt subway_entrance tram_stop", mappack.Stop},
	{"highway", "bus_stop", mappack.Stop},
	{"amenity", "hospital clinic pharmacy police school university college library marketplace townhall theatre cinema bank post_office", mappack.Poi},
	{"tourism", "attraction museum hotel viewpoint", mappack.Poi},
	{"shop", "mall supermarket department_store", mappack.Poi},
}

func has(tags osm.Tags, key, values string) bool {
	v := tags.Find(key)
	return v != "" && v != "no" && (values == "*" || strings.Contains(" "+values+" ", " "+v+" "))
}

// drawn says as what a way or multipolygon is drawn.
func drawn(tags osm.Tags, closed bool) (class mappack.Class, area, ok bool) {
	if len(tags) == 0 {
		return 0, false, false
	}
	if closed && tags.Find("area") != "no" {
		road := tags.Find("highway") != "" && tags.Find("area") != "yes" && tags.Find("type") != "multipolygon"
		for _, r := range areas {
			if has(tags, r.key, r.values) && !(road && r.key == "highway") {
				return r.class, true, true
			}
		}
	}
	for _, r := range lines {
		if has(tags, r.key, r.values) {
			under := tags.Find("tunnel") == "yes" && (r.class == mappack.Stream || r.class == mappack.Rail)
			return r.class, false, !under
		}
	}
	return 0, false, false
}

// marked says as what a node is drawn.
func marked(tags osm.Tags) (class mappack.Class, ok bool) {
	for _, r := range points {
		if has(tags, r.key, r.values) && name(tags) != "" {
			return r.class, true
		}
	}
	return 0, false
}

// name is what people here call it: the local name if it is Chinese, and else the
// Chinese one, in the short characters that the font has where there is a choice.
func name(tags osm.Tags) string {
	local := tags.Find("name")
	if strings.ContainsFunc(local, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return local
	}
	return cmp.Or(tags.Find("name:zh-Hans"), tags.Find("name:zh"), local)
}

const (
	closedTo = "no private customers delivery agricultural forestry military use_sidepath"
	openTo   = "yes designated permissive destination public official"
)

// walkable says whether people on foot may use a way, and how. forward is false
// where a one-way rule points against the way's own direction.
func walkable(tags osm.Tags) (kind walk.Kind, rights walk.Rights, forward, ok bool) {
	highway := tags.Find("highway")
	switch highway {
	case "residential", "unclassified", "living_street", "road", "primary", "primary_link", "secondary", "secondary_link", "tertiary", "tertiary_link", "trunk", "trunk_link":
		kind = walk.Street
	case "service":
		kind = walk.Access
	case "pedestrian":
		kind = walk.Mall
	case "footway", "corridor", "platform":
		kind = walk.Footway
	case "path", "track", "cycleway", "bridleway":
		kind = walk.Track
	case "steps":
		kind, rights = walk.Stairs, walk.HasSteps
	default:
		if !has(tags, "man_made", "pier") && !has(tags, "railway", "platform") && !has(tags, "public_transport", "platform") || highway != "" {
			return 0, 0, true, false
		}
		kind = walk.Footway
	}
	foot := tags.Find("foot")
	switch {
	case has(tags, "foot", openTo):
	case foot == "no" || has(tags, "foot", closedTo), tags.Find("access") == "no" || has(tags, "access", closedTo), tags.Find("motorroad") == "yes":
		return 0, 0, true, false
	}
	soft := kind == walk.Footway || kind == walk.Track || kind == walk.Stairs
	switch {
	case has(tags, "footway", "crossing"):
		kind = walk.Crossing
	case soft && kind != walk.Stairs && has(tags, "bridge", "*"):
		kind = walk.Footbridge
	case soft && kind != walk.Stairs && (has(tags, "tunnel", "*") && tags.Find("tunnel") != "building_passage"):
		kind = walk.Underpass
	}
	forward = true
	switch moving := tags.Find("conveying"); {
	case tags.Find("oneway:foot") == "yes", tags.Find("foot:backward") == "no", moving == "forward":
		rights |= walk.OnlyForward
	case tags.Find("oneway:foot") == "-1", tags.Find("foot:forward") == "no", moving == "backward":
		rights, forward = rights|walk.OnlyForward, false
	}
	return kind, rights, forward, true
}

// shut reports whether a gate or other barrier lets nobody on foot through.
func shut(tags osm.Tags) bool {
	if tags.Find("barrier") == "" || has(tags, "foot", openTo) {
		return false
	}
	return tags.Find("foot") == "no" || has(tags, "foot", closedTo) || tags.Find("access") == "no" || has(tags, "access", closedTo) || has(tags, "locked", "yes")
}
