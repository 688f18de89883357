package server

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"testing"

	"yizhan/core/id"
	"yizhan/core/photo"
	"yizhan/core/station"
	"yizhan/core/wire"
)

// picture is a photo of one shade.
func picture(t *testing.T, shade uint8, side int) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, side, side))
	for i := range m.Pix {
		m.Pix[i] = shade
	}
	m.Set(0, 0, color.White)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A photo is kept before it is named; a newer one takes its place; what shows no station
// any more is gone from the disk.
func TestPutPhoto(t *testing.T) {
	var c clock
	s, _ := settled(t, t.TempDir(), &c)
	ctx := context.Background()
	if _, err := s.ImportStations(ctx, []station.Station{{ID: "A", Name: "甲", Lat: 31, Lon: 121, Datum: "WGS84"}, {ID: "B", Name: "乙", Lat: 31, Lon: 121, Datum: "WGS84"}}); err != nil {
		t.Fatal(err)
	}
	photos := func() map[string]string {
		t.Helper()
		p, err := s.Places(ctx)
		if err != nil {
			t.Fatal(err)
		}
		of := map[string]string{}
		for _, st := range p.Stations {
			of[string(st.ID)] = st.Photo
		}
		return of
	}
	held := func(name string) bool {
		b, err := wire.ParseBlob(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := s.store.Get(b)
		if err != nil {
			return false
		}
		return f.Close() == nil
	}
	put := func(st string, body []byte, want bool) {
		t.Helper()
		if changed, err := s.PutPhoto(ctx, id.Station(st), body); err != nil || changed != want {
			t.Errorf("%s: changed %v, %v", st, changed, err)
		}
	}
	dark, light := picture(t, 20, 200), picture(t, 220, 200)
	put("A", dark, true)
	put("A", dark, false)
	put("B", dark, true)
	first := photos()["A"]
	if first == "" || photos()["B"] != first || !held(first) {
		t.Fatalf("%v", photos())
	}
	put("A", light, true)
	second := photos()["A"]
	if second == first || !held(first) || !held(second) {
		t.Errorf("%v; the other still shows the first one: %v", photos(), held(first))
	}
	put("B", nil, true)
	put("B", nil, false)
	if photos()["B"] != "" || held(first) || !held(second) {
		t.Errorf("taken away: %v, held %v and %v", photos(), held(first), held(second))
	}
	if _, err := s.PutPhoto(ctx, "A", picture(t, 1, photo.Side+1)); !errors.Is(err, photo.ErrNotPlain) {
		t.Errorf("a large one: %v", err)
	}
	for st, body := range map[string][]byte{"C": dark, "": nil} {
		if _, err := s.PutPhoto(ctx, id.Station(st), body); err == nil {
			t.Errorf("station %q, which is none, was given a photo", st)
		}
	}
	if _, err := s.AmendStation(ctx, "A", station.Amend{Photo: first}); err == nil {
		t.Error("a photo that nobody holds was named")
	}
	if _, err := s.ImportStations(ctx, []station.Station{{ID: "A", Name: "甲", Lat: 31, Lon: 121, Datum: "WGS84", Photo: first}}); err == nil {
		t.Error("a sheet named a photo that nobody holds")
	}
	if photos()["A"] != second {
		t.Errorf("%v", photos())
	}
	if err := os.RemoveAll(s.path(BlobsDir)); err != nil {
		t.Fatal(err)
	}
	put("A", nil, true) // also where the file is lost
}
