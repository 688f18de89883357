package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
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
	if photos()["A"] != second {
		t.Errorf("%v", photos())
	}
	if err := os.RemoveAll(s.path(BlobsDir)); err != nil {
		t.Fatal(err)
	}
	put("A", nil, true) // also where the file is lost
}

// No other way leads to a photo: it would leave files behind that were taken away.
func TestPhotosAreOnlyHandedIn(t *testing.T) {
	var c clock
	s, _ := settled(t, t.TempDir(), &c)
	ctx := context.Background()
	_, err := s.PutPhoto(ctx, "s1", picture(t, 20, 200))
	must(t, err)
	before, err := s.Places(ctx)
	must(t, err)
	held := before.Stations[0].Photo
	for _, a := range []station.Amend{{Photo: held}, {NoPhoto: true}, {Photo: strings.Repeat("ab", 32), Open: true}} {
		if _, err := s.AmendStation(ctx, "s1", a); !errors.Is(err, errPhoto) {
			t.Errorf("%+v: %v", a, err)
		}
	}
	if _, err := s.ImportStations(ctx, []station.Station{{ID: "A", Name: "甲", Lat: 31, Lon: 121, Datum: "WGS84", Photo: held}}); !errors.Is(err, errPhoto) {
		t.Errorf("a sheet named a photo: %v", err)
	}
	if now, err := s.Places(ctx); err != nil || held == "" || !reflect.DeepEqual(now.Stations, before.Stations) {
		t.Errorf("%+v became %+v, %v", before.Stations, now.Stations, err)
	}
}

// A photo that was taken away and is still on the disk, because the power went or the disk
// failed in between, goes with the next command or start; nothing else does.
func TestTakingAPhotoAwayIsFinished(t *testing.T) {
	var c clock
	dir := t.TempDir()
	s, _ := settled(t, dir, &c)
	ctx := context.Background()
	other, err := s.store.Add(bytes.NewReader([]byte("somebody's picture of a queue")))
	must(t, err)
	body := func(b wire.Blob) string {
		f, err := s.store.Get(b)
		if err != nil {
			return ""
		}
		defer f.Close()
		content, err := io.ReadAll(f)
		must(t, err)
		return string(content)
	}
	shown := wire.Blob(sha256.Sum256(picture(t, 20, 200)))
	for _, finish := range []func(){
		func() {
			changed, err := s.PutPhoto(ctx, "s1", nil)
			if err != nil || changed {
				t.Errorf("repeated: changed %v, %v", changed, err)
			}
		},
		func() {
			shut(t, s)
			s = open(t, dir, &c)
		},
	} {
		_, err := s.PutPhoto(ctx, "s1", picture(t, 20, 200))
		must(t, err)
		f, err := s.store.Get(shown)
		must(t, err)
		must(t, f.Close())
		// No file can be removed where a folder is that holds something.
		must(t, os.Remove(f.Name()))
		must(t, os.MkdirAll(filepath.Join(f.Name(), "in the way"), 0o700))
		if changed, err := s.PutPhoto(ctx, "s1", nil); err == nil || !changed {
			t.Fatalf("cut off: changed %v, %v", changed, err)
		}
		must(t, os.RemoveAll(f.Name()))
		must(t, os.WriteFile(f.Name(), picture(t, 20, 200), 0o600))
		if finish(); body(shown) != "" || body(other) == "" {
			t.Errorf("on the disk are %d bytes of the photo and %q", len(body(shown)), body(other))
		}
		if _, err := os.Stat(s.path(leavingFile)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("something is still to be forgotten: %v", err)
		}
	}
}
