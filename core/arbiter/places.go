package arbiter

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/schedule"
	"yizhan/core/station"
)

// newStations gives the stations that are new or different. A sheet that says nothing
// of a closure does not end one, and an older date does not unsay a newer check: both
// may have been entered at the console since.
func (s *State) newStations(stations []station.Station) (changed []station.Station, err error) {
	seen := map[id.Station]bool{}
	for _, n := range stations {
		if err := once("station", n.ID, seen); err != nil {
			return nil, err
		}
		if !(math.Abs(n.Lat) <= 90 && math.Abs(n.Lon) <= 180) { // not a number is no place either
			return nil, refusal("station %s stands at %v, %v, which is no place", n.ID, n.Lat, n.Lon)
		}
		if err := n.CheckPhoto(); err != nil {
			return nil, Refusal(err.Error())
		}
		old := s.stations[n.ID]
		if old != nil {
			n = n.Over(old.Station)
		}
		if old == nil || !same(old.Station, n) {
			changed = append(changed, n)
		}
	}
	return changed, nil
}

// amendStation changes what the console says of one station. What it says already is no entry.
func (r *run) amendStation(o *op.Op) error {
	old := r.s.stations[o.Station]
	if old == nil {
		return refusal("there is no station %q; look it up with: syncserver station find", o.Station)
	}
	n, err := old.Station.Amended(o.Amend)
	if err != nil {
		return Refusal(err.Error())
	}
	if !same(old.Station, n) {
		r.finish(op.Entry{Kind: op.StationsPut, Stations: []station.Station{n}})
	}
	return nil
}

// putCalendar records what is known of a year's holidays.
func (r *run) putCalendar(o *op.Op) error {
	if o.Calendar == nil {
		return refusal("the calendar names no year")
	}
	if err := o.Calendar.Check(); err != nil {
		return Refusal(err.Error())
	}
	if old, ok := r.s.calendar[o.Calendar.Year]; !ok || !old.Equal(*o.Calendar) {
		r.finish(op.Entry{Kind: op.CalendarPut, Calendar: o.Calendar})
	}
	return nil
}

func (s *State) applyStations(e *op.Entry) {
	fresh := 0
	for _, st := range e.Stations {
		if old := s.stations[st.ID]; old != nil {
			old.Station = st
			continue
		}
		s.stations[st.ID] = &place{Station: st, number: e.StationNumber(fresh, len(s.stations))}
		fresh++
	}
}

// unused gives a number for signed codes that none had so far: the one behind the highest.
// Since a restore none that the lost journal may have given out: they begin behind the
// epoch, 2,048 for each 512 seconds.
func (s *State) unused(highest uint32) uint32 {
	if len(s.epochs) == 0 {
		return highest + 1
	}
	return max(highest+1, uint32(max(1, s.Epoch()>>9))<<11)
}

// highest gives the highest number of all that have one.
func highest[K comparable, V any](all map[K]V, number func(V) uint32) (most uint32) {
	for _, v := range all {
		most = max(most, number(v))
	}
	return most
}

func (s *State) applyCalendar(e *op.Entry) error {
	if e.Calendar == nil {
		return fmt.Errorf("it holds no calendar")
	}
	s.calendar[e.Calendar.Year] = *e.Calendar
	return nil
}

// writePlaces is the part of Digest about stations and calendars.
func (s *State) writePlaces(h io.Writer) {
	for _, k := range sorted(s.stations) {
		p := s.stations[k]
		write(h, "station", p.Station, p.number, p.authority)
	}
	for _, y := range slices.Sorted(maps.Keys(s.calendar)) {
		write(h, "calendar", s.calendar[y])
	}
}

// Stations gives all stations in order of id, and what is known of holidays.
func (s *State) Stations() (all []station.Station, years []schedule.Year) {
	for _, k := range sorted(s.stations) {
		all = append(all, s.stations[k].Station)
	}
	for _, y := range slices.Sorted(maps.Keys(s.calendar)) {
		years = append(years, s.calendar[y])
	}
	return all, years
}
