package osmimport

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/osm"
	"google.golang.org/protobuf/encoding/protowire"

	"yizhan/core/geo"
	"yizhan/core/mappack"
	"yizhan/core/walk"
)

// town.osm is a small town by hand, its streets on a net with meshes of a
// thousandth of a degree, the south-western corner at 24.48, 118.09: a private
// road, a shut gate, steps, a one-way footway, an island, a park with a hole, a coast.
const town = "testdata/town.osm"

func at(x, y float64) geo.Fix { return geo.Point{Lat: 24.48 + y/1000, Lon: 118.09 + x/1000}.Fix() }

func bring(t testing.TB, file string, opt Options) (Result, *mappack.Pack, *walk.Graph) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pack.map")
	r, err := Import(context.Background(), file, path, opt)
	if err != nil {
		t.Fatal(err)
	}
	p, err := mappack.Open(path, opt.About.Area)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	body, err := p.Graph()
	if err != nil {
		t.Fatal(err)
	}
	g, err := walk.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	return r, p, g
}

func drawnIn(t *testing.T, p *mappack.Pack, zoom int) (byClass map[mappack.Class][]mappack.Feature) {
	t.Helper()
	byClass = map[mappack.Class][]mappack.Feature{}
	err := p.Features(context.Background(), p.Box, zoom, func(f *mappack.Feature) error {
		g := *f
		g.Rings = nil
		for _, r := range f.Rings {
			g.Rings = append(g.Rings, append([]geo.Fix(nil), r...))
		}
		byClass[f.Class] = append(byClass[f.Class], g)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return byClass
}

// inside reports whether an odd number of rings encloses a place.
func inside(f mappack.Feature, p geo.Fix) (in bool) {
	for _, r := range f.Rings {
		for i, a := range r {
			b := r[(i+1)%len(r)]
			if (a.Lat > p.Lat) != (b.Lat > p.Lat) &&
				float64(p.Lon) < float64(a.Lon)+float64(p.Lat-a.Lat)/float64(b.Lat-a.Lat)*float64(b.Lon-a.Lon) {
				in = !in
			}
		}
	}
	return in
}

func TestTown(t *testing.T) {
	r, p, g := bring(t, town, Options{About: mappack.About{Area: "yunlu", Name: "云鹭市", Made: "2026-11-22"}})
	if p.Attribution != Attribution || p.Source != "town.osm" || p.Box.Min != at(-0.5, -0.5) || r.Broken != 1 || r.Missing != 0 {
		t.Errorf("%+v %+v", r, p.About)
	}
	seen := drawnIn(t, p, 16)
	for class, want := range map[mappack.Class]int{mappack.Primary: 1, mappack.Secondary: 1, mappack.SideStreet: 1, mappack.ServiceRoad: 1, mappack.Motorway: 1,
		mappack.StepsPath: 1, mappack.FootPath: 7, mappack.Building: 1, mappack.Green: 1, mappack.Sea: 1, mappack.Suburb: 1, mappack.Stop: 1, mappack.Water: 0} {
		if len(seen[class]) != want {
			t.Errorf("class %d is drawn %d times, want %d", class, len(seen[class]), want)
		}
	}
	park, sea := seen[mappack.Green][0], seen[mappack.Sea][0]
	if park.Name != "鹭园" || !inside(park, at(2.3, 0.3)) || inside(park, at(2.55, 0.7)) || inside(park, at(3, 1)) {
		t.Errorf("park %+v", park)
	}
	for place, want := range map[geo.Fix]bool{at(3, 7.5): true, at(0, 9.9): true, at(3, 9): false, at(3, 3): false, at(-0.4, -0.4): false, at(6.4, 8): true} {
		if inside(sea, place) != want {
			t.Errorf("sea at %v: %v, want %v", place, !want, want)
		}
	}
	for i := range g.Edges() {
		if w := g.Way(i); w.Name == "快速路" || w.Name == "内部路" || w.Name == "断头" {
			t.Errorf("%s can be walked", w.Name)
		}
	}
}

// TestWhoMayWalkWhere: lengths by hand; a thousandth of a degree is 111.2 m to the
// north and 101.2 m to the east there.
func TestWhoMayWalkWhere(t *testing.T) {
	_, _, g := bring(t, town, Options{})
	const n, e = 111.195, 101.197
	for _, c := range []struct {
		why      string
		from, to geo.Fix
		who      walk.Profile
		metres   float64 // -1: no way
	}{
		{"along the avenue", at(0.5, 0), at(4.5, 0), walk.Ordinary, 4 * e},
		{"up the footway and the steps", at(2, 0), at(2, 5), walk.Ordinary, 5 * n},
		{"around the steps", at(2, 2), at(2, 5), walk.Wheelchair, 2*n + 2*e + 5*n + 2*e},
		{"with the one-way footway", at(0, 2), at(2, 2), walk.Ordinary, 2 * e},
		{"not against it", at(2, 2), at(0, 2), walk.Ordinary, 2*n + 2*e + 2*n},
		{"the gate is shut", at(4, 2), at(4, 3), walk.Ordinary, 2*n + e + 5*n + e + 2*n},
		{"not over the private road", at(3, 0), at(3, 5), walk.Ordinary, 2*e + 5*n - e + e},
		{"nobody walks to the island", at(0, 5), at(3, 9), walk.Ordinary, -1},
		{"along the island", at(0, 9), at(6, 9), walk.Ordinary, 6 * e},
	} {
		from, ok1 := g.Snap(c.from, c.who)
		to, ok2 := g.Snap(c.to, c.who)
		if !ok1 || !ok2 {
			t.Fatalf("%s: not on a way", c.why)
		}
		r, ok := g.Route(from, to, c.who)
		if c.why == "not over the private road" { // over the steps or by either side: 3 ways
			c.metres = e + 5*n + e
		}
		if ok != (c.metres >= 0) || ok && math.Abs(r.Metres-c.metres) > 1 {
			t.Errorf("%s: %v %v, want %v", c.why, ok, r.Metres, c.metres)
		}
	}
}

func TestBoxCuts(t *testing.T) {
	box := geo.Box{Min: at(-0.2, -0.2), Max: at(2.5, 2.5)}
	_, p, g := bring(t, town, Options{Box: box})
	if p.Box != box {
		t.Errorf("box %v", p.Box)
	}
	seen := drawnIn(t, p, 16)
	if len(seen[mappack.Sea]) != 0 || len(seen[mappack.Primary]) != 1 || len(seen[mappack.Secondary]) != 0 {
		t.Errorf("drawn %v", seen)
	}
	park := seen[mappack.Green][0].Box()
	if park.Max.Lon > box.Max.Lon+10 || park.Min.Lon < at(2.1, 0).Lon {
		t.Errorf("the park was not cut: %v", park)
	}
	if s, ok := g.Snap(at(3, 9), walk.Ordinary); ok {
		t.Errorf("the island is there: %v", s)
	}
	if _, err := Import(context.Background(), town, filepath.Join(t.TempDir(), "a"), Options{Box: geo.Box{Min: at(5000, 0), Max: at(5001, 1)}}); err == nil {
		t.Error("a box elsewhere gave a map")
	}
}

// packed writes the town as PBF: dense or plain nodes, blocks packed by zlib.
func packed(t testing.TB, plain bool) []byte {
	t.Helper()
	var file []byte
	table, place := []string{""}, map[string]uint64{}
	word := func(s string) uint64 {
		if place[s] == 0 {
			place[s], table = uint64(len(table)), append(table, s)
		}
		return place[s]
	}
	zig := func(b []byte, v int64) []byte { return protowire.AppendVarint(b, protowire.EncodeZigZag(v)) }
	field := func(b []byte, n protowire.Number, body []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), body)
	}
	number := func(b []byte, n protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
	}
	tagsOf := func(b []byte, tags osm.Tags) []byte {
		var keys, values []byte
		for _, tag := range tags {
			keys, values = protowire.AppendVarint(keys, word(tag.Key)), protowire.AppendVarint(values, word(tag.Value))
		}
		return field(field(b, 2, keys), 3, values)
	}
	var nodes, ways, relations []byte
	var ids, lats, lons, tags []byte
	var id, lat, lon int64
	v := visitor{node: func(n *osm.Node) {
		y, x := int64(math.Round(n.Lat*1e7)), int64(math.Round(n.Lon*1e7))
		if plain {
			b := number(nil, 1, protowire.EncodeZigZag(int64(n.ID)))
			nodes = field(nodes, 1, number(number(b, 8, protowire.EncodeZigZag(y)), 9, protowire.EncodeZigZag(x)))
		}
		ids, lats, lons = zig(ids, int64(n.ID)-id), zig(lats, y-lat), zig(lons, x-lon)
		id, lat, lon = int64(n.ID), y, x
		for _, tag := range n.Tags {
			tags = protowire.AppendVarint(protowire.AppendVarint(tags, word(tag.Key)), word(tag.Value))
		}
		tags = protowire.AppendVarint(tags, 0)
	}, way: func(w *osm.Way) {
		var refs []byte
		last := int64(0)
		for _, n := range w.Nodes {
			refs, last = zig(refs, int64(n.ID)-last), int64(n.ID)
		}
		ways = field(ways, 3, field(tagsOf(number(nil, 1, uint64(w.ID)), w.Tags), 8, refs))
	}, relation: func(r *osm.Relation) {
		var roles, refs, kinds []byte
		last := int64(0)
		for _, m := range r.Members {
			roles, refs, kinds = protowire.AppendVarint(roles, word(m.Role)), zig(refs, m.Ref-last), protowire.AppendVarint(kinds, 1)
			last = m.Ref
		}
		relations = field(relations, 4, field(field(field(tagsOf(number(nil, 1, uint64(r.ID)), r.Tags), 8, roles), 9, refs), 10, kinds))
	}}
	src, err := open(town)
	if err != nil {
		t.Fatal(err)
	}
	if err := src.each(context.Background(), v); err != nil {
		t.Fatal(err)
	}
	if !plain {
		nodes = field(nil, 2, field(field(field(field(nil, 1, ids), 8, lats), 9, lons), 10, tags))
	}
	var words []byte
	for _, s := range table {
		words = field(words, 1, []byte(s))
	}
	block := func(kind string, data []byte) {
		var z bytes.Buffer
		w := zlib.NewWriter(&z)
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		w.Close()
		blob := field(number(nil, 2, uint64(len(data))), 3, z.Bytes())
		header := number(field(nil, 1, []byte(kind)), 3, uint64(len(blob)))
		file = binary.BigEndian.AppendUint32(file, uint32(len(header)))
		file = append(append(file, header...), blob...)
	}
	block("OSMHeader", field(field(nil, 4, []byte("OsmSchema-V0.6")), 4, []byte("DenseNodes")))
	for _, group := range [][]byte{nodes, ways, relations} {
		block("OSMData", field(field(nil, 1, words), 2, group))
	}
	return file
}

// TestPacked: the town as .osm, .osm.gz and .osm.pbf gives the same graph.
func TestPacked(t *testing.T) {
	dir := t.TempDir()
	text, err := os.ReadFile(town)
	if err != nil {
		t.Fatal(err)
	}
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	w.Close()
	want, _, wantGraph := bring(t, town, Options{})
	for name, body := range map[string][]byte{"town.osm.gz": z.Bytes(), "town.osm.pbf": packed(t, false)} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
		r, _, g := bring(t, path, Options{})
		if r != want || !bytes.Equal(g.Encode(), wantGraph.Encode()) {
			t.Errorf("%s: %+v, want %+v", name, r, want)
		}
	}
}

// TestRefuses: each bad file gets a sentence that says what it is and what to do,
// and leaves the pack that was there.
func TestRefuses(t *testing.T) {
	dir := t.TempDir()
	text, err := os.ReadFile(town)
	if err != nil {
		t.Fatal(err)
	}
	pack := filepath.Join(dir, "town.map")
	if _, err := Import(context.Background(), town, pack, Options{}); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(body []byte, words string) {
		t.Helper()
		path := filepath.Join(dir, "bad.osm")
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Import(context.Background(), path, pack, Options{})
		if err == nil || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), "bad.osm") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want %q", err, words)
		}
	}
	dense := packed(t, false)
	refused(nil, "empty")
	refused([]byte("PK\x03\x04 a sheet"), "no OpenStreetMap file")
	refused(packed(t, true), "not packed densely")
	refused([]byte(strings.ReplaceAll(string(text), "highway", "highroad")), "nothing in it can be walked")
	refused([]byte(`<osm version="0.6"></osm>`), "holds no node")
	for _, n := range []int{100, len(text) / 2, len(text) - 8} {
		refused(text[:n], "cut off")
	}
	for n := 40; n < len(dense)-1; n += 1 + len(dense)/60 {
		if n != 0 {
			refused(dense[:n], "")
		}
	}
	turned := bytes.Clone(dense)
	turned[len(turned)/2] ^= 4
	refused(turned, "damaged")
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	w.Close()
	refused(z.Bytes()[:z.Len()/2], "cut off")
	refused(z.Bytes()[:z.Len()-4], "cut off")
	if now, err := os.ReadFile(pack); err != nil || !bytes.Equal(now, old) {
		t.Errorf("the old pack was touched: %v", err)
	}
	if _, err := Import(context.Background(), filepath.Join(dir, "none.osm"), pack, Options{}); err == nil {
		t.Error("a file that is not there was taken")
	}
	if files, _ := filepath.Glob(filepath.Join(dir, ".map*")); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
}
