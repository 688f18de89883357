package stations

import (
	"yizhan/app/say"
	"yizhan/core/id"
	"yizhan/core/station"
)

// What the map beside the list needs of it.

// All are the places that fit, however many: those on the map.
func (s State) All() (rows []Row) {
	for _, f := range s.find() {
		rows = append(rows, s.row(f))
	}
	return rows
}

// Places are all that the device knows of.
func (s State) Places() []station.Place { return s.index.Places() }

// Chosen is the place whose page is open; zero while there is none.
func (s State) Chosen() station.Station {
	p, _ := s.index.Get(s.Shown)
	return p.Station
}

// Same reports whether two states know of the same places.
func (s State) Same(o State) bool { return s.index == o.index }

// Walkable reports whether a way on foot is known to lead to a place.
func (s State) Walkable(station id.Station) bool { return s.walks[station].Reachable }

// Wanted are the facilities that are asked for; empty where none is.
func (s State) Wanted() say.Text {
	var all []say.Text
	for _, key := range s.facilities {
		if f, ok := station.FacilityOf(key); ok {
			all = append(all, say.Both(f.Chinese, f.English))
		}
	}
	return say.Join("、", all...)
}
