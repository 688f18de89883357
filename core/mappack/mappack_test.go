package mappack

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/geo"
)

var about = About{Area: "yunlu", Name: "云鹭市", Attribution: "© OpenStreetMap 贡献者（ODbL）", Source: "city.osm", Made: "2026-11-22"}

func write(t testing.TB, path string, a About, features ...*Feature) {
	t.Helper()
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range features {
		if err := w.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Finish(a, []byte("graph")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func street(class Class, points ...geo.Fix) *Feature {
	return &Feature{Class: class, Name: "学堂路", Rings: [][]geo.Fix{points}}
}

var corner = geo.Point{Lat: 24.48, Lon: 118.09}.Fix()

func fix(east, north float64) geo.Fix { return geo.PlaneAt(corner).Fix(east, north) }

func sample() []*Feature {
	return []*Feature{
		street(Primary, fix(0, 0), fix(500, 1), fix(1000, 0)),
		street(FootPath, fix(0, 0), fix(10, 10)),
		{Class: Water, Area: true, Name: "湖", Rings: [][]geo.Fix{{fix(0, 0), fix(0, 600), fix(600, 600), fix(600, 0)}, {fix(100, 100), fix(400, 100), fix(400, 400)}}},
		{Class: City, Name: "云鹭市", Rings: [][]geo.Fix{{fix(300, 300)}}},
		{Class: Building, Area: true, Rings: [][]geo.Fix{{fix(5, 5), fix(5, 15), fix(15, 15)}}},
	}
}

func everything(t *testing.T, p *Pack, zoom int) (list []Feature) {
	t.Helper()
	err := p.Features(context.Background(), p.Box, zoom, func(f *Feature) error {
		g := *f
		g.Rings = nil
		for _, r := range f.Rings {
			g.Rings = append(g.Rings, append([]geo.Fix(nil), r...))
		}
		list = append(list, g)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestDepths(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.map")
	write(t, path, about, sample()...)
	p, err := Open(path, "yunlu")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if p.Name != "云鹭市" || p.Attribution != about.Attribution || p.Made != about.Made || p.Source != about.Source || len(p.Hash) != 64 {
		t.Errorf("%+v", p)
	}
	if body, err := p.Graph(); err != nil || string(body) != "graph" {
		t.Errorf("graph %q %v", body, err)
	}
	for zoom, want := range map[int]map[Class]int{ // class → points
		16: {Primary: 3, FootPath: 2, Water: 7, City: 1, Building: 3},
		14: {Primary: 2, Water: 7, City: 1}, // the bend of a metre and the small house are gone
		10: {Primary: 2, Water: 7, City: 1},
	} {
		got := map[Class]int{}
		for _, f := range everything(t, p, zoom) {
			for _, r := range f.Rings {
				got[f.Class] += len(r)
			}
		}
		if len(got) != len(want) {
			t.Errorf("zoom %d shows %v, want %v", zoom, got, want)
		}
		for class, n := range want {
			if got[class] != n {
				t.Errorf("zoom %d shows %v, want %v", zoom, got, want)
			}
		}
	}
	far := geo.Box{Min: fix(5000, 5000), Max: fix(6000, 6000)}
	if err := p.Features(context.Background(), far, 16, func(f *Feature) error { return errors.New(f.Name) }); err != nil {
		t.Errorf("far away there is %v", err)
	}
}

// TestEveryPlaceKeeps: whatever is put in comes out within the depth's grid.
func TestEveryPlaceKeeps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f, g Feature
		f.Class, f.Area, f.Name = Class(rapid.IntRange(0, Classes-1).Draw(t, "class")), rapid.Bool().Draw(t, "area"), rapid.String().Draw(t, "name")
		origin := geo.Fix{Lat: rapid.Int32Range(-9e8, 9e8).Draw(t, "lat"), Lon: rapid.Int32Range(-18e8, 18e8).Draw(t, "lon")}
		for range rapid.IntRange(0, 3).Draw(t, "rings") {
			ring := []geo.Fix{}
			for range rapid.IntRange(0, 5).Draw(t, "points") {
				ring = append(ring, geo.Fix{Lat: rapid.Int32Range(-9e8, 9e8).Draw(t, "y"), Lon: rapid.Int32Range(-18e8, 18e8).Draw(t, "x")})
			}
			f.Rings = append(f.Rings, ring)
		}
		grid := rapid.SampledFrom([]int32{1, 10, 50, 200}).Draw(t, "grid")
		c := cursor{f.append(nil, origin, grid)}
		if err := c.read(&g, origin, grid); err != nil || len(c.b) > 0 || g.Class != f.Class || g.Area != f.Area || g.Name != f.Name || len(g.Rings) != len(f.Rings) {
			t.Fatalf("%+v came back as %+v, %v, %d bytes left", f, g, err, len(c.b))
		}
		for i, ring := range f.Rings {
			for k, p := range ring {
				q := g.Rings[i][k]
				if math.Abs(float64(p.Lat)-float64(q.Lat)) > float64(grid) || math.Abs(float64(p.Lon)-float64(q.Lon)) > float64(grid) {
					t.Fatalf("%v came back as %v on a grid of %d", p, q, grid)
				}
			}
		}
	})
}

// TestRefuses: a pack that was cut anywhere, has any bit turned, is newer, or is of
// another place is not opened, and does not take the place of the old one.
func TestRefuses(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.map"), filepath.Join(dir, "bad.map")
	write(t, good, about, sample()...)
	body, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, body []byte, area string, want Reason) {
		t.Helper()
		if err := os.WriteFile(bad, body, 0o600); err != nil {
			t.Fatal(err)
		}
		err := Replace(good, bad, area)
		var r *Refusal
		if !errors.As(err, &r) || r.Reason != want || !strings.HasSuffix(r.Sentence(), "原来的地图继续使用。") {
			t.Fatalf("%s: %v, want reason %d", what, err, want)
		}
	}
	for n := 0; n < len(body); n += 1 + n/40 {
		refused("cut", body[:n], "", NoPack)
	}
	for n := len(body) - 60; n < len(body); n++ {
		refused("cut", body[:n], "", NoPack)
	}
	for n := 0; n < len(body)-trailer; n += 97 {
		turned := bytes.Clone(body)
		turned[n] ^= 1 << (n % 8)
		refused("a bit turned", turned, "", Damaged)
	}
	for n := len(body) - trailer + len(magic); n < len(body); n++ {
		turned := bytes.Clone(body)
		turned[n] ^= 1 << (n % 8)
		refused("a bit of the seal turned", turned, "", Damaged)
	}
	refused("longer", append(bytes.Clone(body), 0), "", NoPack)
	refused("another city", body, "lushan", Elsewhere)
	newer := filepath.Join(dir, "newer.map")
	if err := os.WriteFile(newer, body[:len(body)-trailer], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := sealAs(newer, Version+1); err != nil {
		t.Fatal(err)
	}
	if body, err = os.ReadFile(newer); err != nil {
		t.Fatal(err)
	}
	refused("newer", body, "", Newer)
	p, err := Open(good, "yunlu")
	if err != nil {
		t.Fatalf("the old map is gone: %v", err)
	}
	p.Close()
	if err := Replace(good, filepath.Join(dir, "none"), ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a pack that is not there: %v", err)
	}
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	old, with := filepath.Join(dir, "a.map"), filepath.Join(dir, "b.map")
	next := about
	next.Made = "2026-12-01"
	write(t, old, about, sample()...)
	write(t, with, next, sample()...)
	if err := Replace(old, with, "yunlu"); err != nil {
		t.Fatal(err)
	}
	p, err := Open(old, "yunlu")
	if err != nil || p.Made != "2026-12-01" {
		t.Fatalf("%+v %v", p, err)
	}
	p.Close()
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
}

func TestNothingLeftBehind(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(filepath.Join(dir, "a.map"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
	if _, err := Create(filepath.Join(dir, "none", "a.map")); err == nil {
		t.Error("a pack was begun in a folder that is not there")
	}
}

func FuzzFeature(f *testing.F) {
	f.Add(sample()[2].append(nil, corner, 10))
	f.Fuzz(func(t *testing.T, body []byte) {
		var g Feature
		for c := (cursor{body}); len(c.b) > 0; {
			if c.read(&g, corner, 10) != nil {
				return
			}
		}
	})
}
