// Package osmimport makes a map pack of an OpenStreetMap file. It reads the file
// twice, first the nodes and relations, then the ways, and keeps only numbers, so
// that a file of hundreds of megabytes fits into a small machine.
package osmimport

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"

	"github.com/paulmach/osm"

	"yizhan/core/geo"
	"yizhan/core/mappack"
	"yizhan/core/walk"
)

// Attribution is what the licence of OpenStreetMap's data (ODbL 1.0) wants shown.
const Attribution = "© OpenStreetMap 贡献者（ODbL）"

// Options say what to take and what the pack is called.
type Options struct {
	About mappack.About // Box, Source and Attribution may be left out
	Box   geo.Box       // take only what lies here; nothing said is everywhere
}

// Result counts what a pack holds.
type Result struct {
	Features int     `json:"features"`
	Ways     int     `json:"walkable_ways"` // pieces between junctions
	Metres   float64 `json:"walkable_metres"`
	Missing  int     `json:"missing_nodes"` // that ways name and the file does not have
	Broken   int     `json:"broken_areas"`  // that do not close
}

// importer is one import under way.
type importer struct {
	opt       Options
	out       *mappack.Writer
	err       error // the first, from a visitor
	bounds    geo.Box
	extent    geo.Box
	nodes     locations
	gates     []int64 // nodes that let nobody on foot through
	walk      walk.Builder
	relations []relation
	members   []int64 // ways that relations are made of, sorted
	pieces    []piece // their geometry
	coast     []piece
	unique    int64 // numbers for points that are joined with nothing
	result    Result
}

// relation is a multipolygon to be put together.
type relation struct {
	class mappack.Class
	name  string
	ways  []int64
}

// piece is a line whose ends may be joined with others.
type piece struct {
	way  int64
	refs [2]int64 // of its first and last node
	at   []geo.Fix
}

// Import reads a file and writes a pack. Nothing is at the pack's path, or what
// was there before, unless it is whole.
func Import(ctx context.Context, file, pack string, opt Options) (Result, error) {
	im := &importer{opt: opt, bounds: geo.NoBox(), extent: geo.NoBox(), unique: -1 << 62}
	if im.opt.Box == (geo.Box{}) {
		im.opt.Box = geo.NoBox()
	}
	if im.opt.About.Source == "" {
		im.opt.About.Source = filepath.Base(file)
	}
	if im.opt.About.Attribution == "" {
		im.opt.About.Attribution = Attribution
	}
	src, err := open(file)
	if err != nil {
		return Result{}, fmt.Errorf("import map %s: %w", file, err)
	}
	if im.out, err = mappack.Create(pack); err != nil {
		return Result{}, err
	}
	defer im.out.Close()
	if err := im.run(ctx, src); err != nil {
		return Result{}, fmt.Errorf("import map %s: %w", file, err)
	}
	return im.result, nil
}

func (im *importer) run(ctx context.Context, src *source) error {
	if err := src.each(ctx, visitor{bounds: im.bound, node: im.node, relation: im.relation}); err != nil {
		return err
	}
	im.nodes.done()
	slices.Sort(im.gates)
	slices.Sort(im.members)
	im.members = slices.Compact(im.members)
	box := im.area()
	if box.Empty() {
		return errors.New("it holds no node; -bbox may lie elsewhere, or the file is of another kind")
	}
	if err := src.each(ctx, visitor{way: im.way}); err != nil {
		return err
	}
	im.nodes = locations{}
	im.multipolygons()
	wide := box
	if im.opt.Box.Empty() { // coasts in a file that was cut may run along its border, and shall not cross it back and forth
		const margin = 20_000
		wide = box.With(geo.Fix{Lat: box.Min.Lat - margin, Lon: box.Min.Lon - margin}).With(geo.Fix{Lat: box.Max.Lat + margin, Lon: box.Max.Lon + margin})
	}
	if sea := seaOf(im.coast, wide); sea != nil {
		im.add(sea)
	}
	if im.err != nil {
		return im.err
	}
	im.relations, im.members, im.pieces, im.coast, im.gates = nil, nil, nil, nil, nil // large maps leave no memory for what is not needed
	graph, edges, metres := im.walk.Encode()
	if edges == 0 {
		return errors.New("nothing in it can be walked; it needs streets or paths (highway=…) that hang together")
	}
	im.result.Features, im.result.Ways, im.result.Metres = im.out.Features(), edges, metres
	im.opt.About.Box = box
	debug.FreeOSMemory() // SQLite's memory, for a graph of many megabytes, comes on top of Go's
	return im.out.Finish(im.opt.About, graph)
}

// area is the part of the world that the pack is of: what was asked for, what the
// file says about itself, or what its nodes cover.
func (im *importer) area() geo.Box {
	switch {
	case !im.opt.Box.Empty() && !im.opt.Box.Meets(im.extent):
		return geo.NoBox()
	case !im.opt.Box.Empty():
		return im.opt.Box
	case !im.bounds.Empty():
		return im.bounds
	}
	return im.extent
}

func (im *importer) bound(b *osm.Bounds) {
	if box := boxOf(b); !box.Empty() {
		im.bounds = box
	}
}

func (im *importer) node(n *osm.Node) {
	at := geo.Point{Lat: n.Lat, Lon: n.Lon}.Fix()
	im.nodes.add(int64(n.ID), at)
	im.extent = im.extent.With(at)
	if len(n.Tags) == 0 {
		return
	}
	if shut(n.Tags) {
		im.gates = append(im.gates, int64(n.ID))
	}
	if class, ok := marked(n.Tags); ok {
		im.add(&mappack.Feature{Class: class, Name: name(n.Tags), Rings: [][]geo.Fix{{at}}})
	}
}

func (im *importer) relation(r *osm.Relation) {
	if r.Tags.Find("type") != "multipolygon" {
		return
	}
	class, area, ok := drawn(r.Tags, true)
	if !ok || !area {
		return
	}
	rel := relation{class: class, name: name(r.Tags)}
	for _, m := range r.Members {
		if m.Type == osm.TypeWay && (m.Role == "outer" || m.Role == "inner" || m.Role == "") {
			rel.ways = append(rel.ways, m.Ref)
		}
	}
	im.relations, im.members = append(im.relations, rel), append(im.members, rel.ways...)
}

func (im *importer) way(w *osm.Way) {
	refs, at := im.locate(w)
	if len(at) < 2 {
		return
	}
	closed := len(refs) > 3 && refs[0] == refs[len(refs)-1]
	if class, area, ok := drawn(w.Tags, closed); ok {
		ring := at
		if area {
			ring = at[:len(at)-1]
		}
		im.add(&mappack.Feature{Class: class, Area: area, Name: name(w.Tags), Rings: [][]geo.Fix{ring}})
	}
	if closed && has(w.Tags, "landuse", "residential") && name(w.Tags) != "" { // not drawn, but people ask their way by it
		im.add(&mappack.Feature{Class: mappack.Building, Name: name(w.Tags), Rings: [][]geo.Fix{{middle(at)}}})
	}
	if has(w.Tags, "natural", "coastline") {
		im.coast = append(im.coast, piece{int64(w.ID), [2]int64{refs[0], refs[len(refs)-1]}, slices.Clone(at)})
	}
	if _, ok := slices.BinarySearch(im.members, int64(w.ID)); ok {
		im.pieces = append(im.pieces, piece{int64(w.ID), [2]int64{refs[0], refs[len(refs)-1]}, slices.Clone(at)})
	}
	kind, rights, forward, ok := walkable(w.Tags)
	if !ok || !im.within(at) {
		return
	}
	if !forward {
		slices.Reverse(refs)
		slices.Reverse(at)
	}
	im.tread(refs, at, name(w.Tags), kind, rights)
}

// middle is the middle of the box around a line.
func middle(at []geo.Fix) geo.Fix {
	box := geo.NoBox()
	for _, f := range at {
		box = box.With(f)
	}
	return geo.Fix{Lat: box.Min.Lat/2 + box.Max.Lat/2, Lon: box.Min.Lon/2 + box.Max.Lon/2}
}

// tread adds a way to the walking graph, in parts where a gate is shut: the point
// at the gate is one that nothing else meets.
func (im *importer) tread(refs []int64, at []geo.Fix, name string, kind walk.Kind, rights walk.Rights) {
	first := 0
	for i := range refs {
		_, gate := slices.BinarySearch(im.gates, refs[i])
		if !gate {
			continue
		}
		im.unique++
		refs[i] = im.unique
		if i > first {
			im.walk.Add(refs[first:i+1], at[first:i+1], name, kind, rights)
		}
		im.unique++
		refs[i], first = im.unique, i
	}
	if first < len(refs)-1 {
		im.walk.Add(refs[first:], at[first:], name, kind, rights)
	}
}

// locate finds a way's nodes; those that the file lacks are left out.
func (im *importer) locate(w *osm.Way) (refs []int64, at []geo.Fix) {
	for _, n := range w.Nodes {
		f, ok := im.nodes.find(int64(n.ID))
		if !ok {
			im.result.Missing++
			continue
		}
		refs, at = append(refs, int64(n.ID)), append(at, f)
	}
	return refs, at
}

// within reports whether a line meets the part that was asked for.
func (im *importer) within(at []geo.Fix) bool {
	if im.opt.Box.Empty() {
		return true
	}
	box := geo.NoBox()
	for _, f := range at {
		box = box.With(f)
	}
	return box.Meets(im.opt.Box)
}

// add draws a feature, cut to the part that was asked for.
func (im *importer) add(f *mappack.Feature) {
	if im.err != nil {
		return
	}
	if !im.opt.Box.Empty() {
		if f = clipped(f, im.opt.Box); f == nil {
			return
		}
	}
	im.err = im.out.Add(f)
}

// multipolygons puts the relations' areas together.
func (im *importer) multipolygons() {
	slices.SortStableFunc(im.pieces, func(a, b piece) int { return int(min(1, max(-1, a.way-b.way))) })
	for _, r := range im.relations {
		var pieces []piece
		for _, id := range r.ways {
			i, ok := slices.BinarySearchFunc(im.pieces, id, func(p piece, id int64) int { return int(min(1, max(-1, p.way-id))) })
			if ok {
				pieces = append(pieces, im.pieces[i])
			}
		}
		f := &mappack.Feature{Class: r.class, Area: true, Name: r.name}
		for _, p := range join(pieces, false) {
			if p.refs[0] != p.refs[1] || len(p.at) < 4 {
				im.result.Broken++
				continue
			}
			f.Rings = append(f.Rings, p.at[:len(p.at)-1])
		}
		if len(f.Rings) > 0 {
			im.add(f)
		}
	}
}
