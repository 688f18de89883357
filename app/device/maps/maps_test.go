package maps

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"yizhan/core/geo"
	"yizhan/core/mappack"
)

// city makes a pack with one street.
func city(t *testing.T, area, made string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), area+".map")
	w, err := mappack.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	at := func(lat, lon float64) geo.Fix { return geo.Point{Lat: lat, Lon: lon}.Fix() }
	street := mappack.Feature{Class: mappack.SideStreet, Name: made, Rings: [][]geo.Fix{{at(24.5, 118.1), at(24.51, 118.11)}}}
	if err := w.Add(&street); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(mappack.About{Area: area, Name: "云鹭市", Attribution: "© OpenStreetMap contributors", Made: made}, []byte{1}); err != nil {
		t.Fatal(err)
	}
	return path
}

// streets reads the names in an open pack.
func streets(t *testing.T, p *mappack.Pack) (names string) {
	t.Helper()
	if err := p.Features(context.Background(), p.Box, 16, func(f *mappack.Feature) error { names += f.Name; return nil }); err != nil {
		t.Fatal(err)
	}
	return names
}

func TestSwapWhileOpen(t *testing.T) {
	s := Open(filepath.Join(t.TempDir(), "maps"))
	if _, err := s.Open(); !errors.Is(err, ErrNone) || s.Status() != (Status{}) {
		t.Fatalf("an empty store: %v, %+v", err, s.Status())
	}
	told := 0
	stop := s.Notify(func() { told++ })
	if err := s.Install(city(t, "yunlu", "2026-01-01")); err != nil {
		t.Fatal(err)
	}
	old, err := s.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if err := s.Install(city(t, "yunlu", "2026-02-02")); err != nil || told != 2 {
		t.Fatalf("second: %v, told %d times", err, told)
	}
	fresh, err := s.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	if a, b := streets(t, old), streets(t, fresh); a != "2026-01-01" || b != "2026-02-02" || s.Status().Held.Hash != fresh.Hash {
		t.Errorf("the old one draws %s, the new one %s; held is %+v", a, b, s.Status().Held)
	}
	stop()
	var refused *mappack.Refusal
	if err := s.Install(city(t, "other", "2026-03-03")); !errors.As(err, &refused) || refused.Reason != mappack.Elsewhere || told != 2 {
		t.Errorf("another city: %v, told %d times", err, told)
	}
	if s.Status().Held.Made != "2026-02-02" {
		t.Errorf("held: %+v", s.Status())
	}
}
