package kiosk

import (
	"testing"

	"yizhan/app/flow/stations"
	"yizhan/app/flow/wayfind"
	"yizhan/core/station"
)

// TestBackFromTheMap: one page at a time, and home last.
func TestBackFromTheMap(t *testing.T) {
	s := begun(t)
	data := stations.Data{Stations: []station.Station{{ID: "S2", Name: "科园站", Lat: 31.26, Lon: 120.61, Datum: "WGS84"}}}
	for _, m := range []Message{Loaded{Data: s.Browse.Data, Places: data}, Go{Stations}, Find{wayfind.Stations{Message: stations.Show{Station: "S2"}}}, Find{wayfind.Open{Page: wayfind.Take}}} {
		s, _ = s.Update(m)
	}
	for _, want := range []wayfind.Page{wayfind.Place, wayfind.List} {
		if s, _ = s.Update(Back{}); s.Page != Stations || s.Find.Page != want {
			t.Fatalf("back on page %d, %d; want %d", s.Page, s.Find.Page, want)
		}
	}
	if s, _ = s.Update(Back{}); s.Page != Home {
		t.Errorf("back on page %d", s.Page)
	}
}
