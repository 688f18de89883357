// Package walk finds ways on foot: a graph of all that can be walked, the
// nearest place on it, shortest ways from one place to one or to all others, and
// the words that lead along one. It is pure; core/mappack keeps the graph's bytes.
package walk

import (
	"cmp"
	"slices"
	"sync"

	"yizhan/core/geo"
)

// Kind says what one walks on. The numbers stand in map packs: only add.
type Kind uint8

// Kinds of ways.
const (
	Street Kind = iota
	Footway
	Track
	Stairs
	Crossing
	Footbridge
	Underpass
	Mall   // a street for pedestrians
	Access // a service road, a drive
	kinds
)

// Rights say who gets through. The bits stand in map packs: only add.
type Rights uint8

// Rights of a way.
const (
	HasSteps Rights = 1 << iota
	OnlyForward
)

// least is how many metres a network needs to be kept: what is shorter and hangs
// on nothing is a mistake of the map, and would catch people who stand beside it.
const least = 1000

// edge is a way between two junctions, without a junction in between.
type edge struct {
	from, to int32
	mm       uint32 // length
	shape    uint32 // its inner points begin here
	name     uint32
	kind     Kind
	rights   Rights
}

// Graph is all that can be walked in one map. It is not changed after Build or
// Decode; many may read it at a time.
type Graph struct {
	nodes []geo.Fix
	edges []edge // and one more, which only ends the last one's inner points
	shape []geo.Fix
	names []string // the first is ""

	first   []int32 // node → where its arcs begin in arcs; one more than nodes
	arcs    []arc
	network []int32 // node → the smallest node that is connected with it
	main    int32   // the network with the most metres
	index   index
	resting sync.Pool // of *search: their memory is used again
}

// arc is an edge as it is walked away from one of its nodes: all that a search reads
// of it, side by side with the node's others.
type arc struct {
	to     int32
	end    int32 // edge·2, +1 where it is walked from its end to its beginning
	mm     uint32
	rights Rights
	shut   bool // one-way, and this is the other way
}

// Builder gathers ways. Points that two ways share have the same number in both.
type Builder struct {
	ways  []way
	refs  []int64
	fixes []geo.Fix
	names map[string]uint32
	list  []string
}

type way struct {
	first  int // its points begin here
	name   uint32
	kind   Kind
	rights Rights
}

// Add takes one way: the numbers and places of its points, of equal count.
func (b *Builder) Add(refs []int64, fixes []geo.Fix, name string, kind Kind, rights Rights) {
	if b.names == nil {
		b.names, b.list = map[string]uint32{"": 0}, []string{""}
	}
	n, ok := b.names[name]
	if !ok {
		n = uint32(len(b.list))
		b.names[name], b.list = n, append(b.list, name)
	}
	b.ways = append(b.ways, way{len(b.refs), n, kind, rights})
	b.refs, b.fixes = append(b.refs, refs...), append(b.fixes, fixes...)
}

// Build makes the graph of everything added, without the networks that are too
// short to be true. A graph without ways has no edges.
func (b *Builder) Build() *Graph {
	joints := b.joints()
	g := &Graph{names: b.list, nodes: make([]geo.Fix, len(joints))}
	for i, w := range b.ways {
		last := len(b.refs)
		if i+1 < len(b.ways) {
			last = b.ways[i+1].first
		}
		g.cut(w, b.refs[w.first:last], b.fixes[w.first:last], joints)
	}
	g.edges = append(g.edges, edge{shape: uint32(len(g.shape))})
	g.connect()
	return g.trim()
}

// joints are the numbers of points where ways begin, end or meet, in order.
func (b *Builder) joints() []int64 {
	all := slices.Clone(b.refs)
	for i, w := range b.ways {
		last := len(b.refs)
		if i+1 < len(b.ways) {
			last = b.ways[i+1].first
		}
		if last > w.first { // an end counts double, so it is a joint by itself
			all = append(all, b.refs[w.first], b.refs[last-1])
		}
	}
	slices.Sort(all)
	joints := all[:0]
	for i := 0; i < len(all); {
		j := i + 1
		for j < len(all) && all[j] == all[i] {
			j++
		}
		ref, n := all[i], j-i
		if i = j; n > 1 {
			joints = append(joints, ref)
		}
	}
	return slices.Clip(joints)
}

// cut adds the edges of one way.
func (g *Graph) cut(w way, refs []int64, fixes []geo.Fix, joints []int64) {
	from, begin, metres := int32(-1), len(g.shape), 0.0
	for i, ref := range refs {
		if i > 0 {
			metres += geo.Distance(fixes[i-1].Point(), fixes[i].Point())
		}
		at, joint := slices.BinarySearch(joints, ref)
		if !joint {
			g.shape = append(g.shape, fixes[i])
			continue
		}
		g.nodes[at] = fixes[i]
		if mm := uint32(metres*1000 + 0.5); from >= 0 && (mm > 0 || from != int32(at)) {
			g.edges = append(g.edges, edge{from, int32(at), mm, uint32(begin), w.name, w.kind, w.rights})
		} else {
			g.shape = g.shape[:begin]
		}
		from, begin, metres = int32(at), len(g.shape), 0
	}
}

// inner are an edge's points between its two nodes.
func (g *Graph) inner(e int) []geo.Fix { return g.shape[g.edges[e].shape:g.edges[e+1].shape] }

// Edges is how many ways between junctions there are.
func (g *Graph) Edges() int { return max(0, len(g.edges)-1) }

// Nodes is how many junctions and ends there are.
func (g *Graph) Nodes() int { return len(g.nodes) }

// Metres is the length of all ways.
func (g *Graph) Metres() float64 {
	sum := 0.0
	for _, e := range g.edges {
		sum += float64(e.mm) / 1000
	}
	return sum
}

// connect finds which edges meet at each node, and the networks.
func (g *Graph) connect() {
	n := g.Edges()
	g.first = make([]int32, len(g.nodes)+1)
	g.network = make([]int32, len(g.nodes))
	for i := range g.network {
		g.network[i] = int32(i)
	}
	for _, e := range g.edges[:n] {
		g.first[e.from+1]++
		g.first[e.to+1]++
		if a, b := g.root(e.from), g.root(e.to); a != b {
			g.network[max(a, b)] = min(a, b)
		}
	}
	for i := range g.nodes {
		g.first[i+1] += g.first[i]
		g.network[i] = g.root(int32(i))
	}
	next := slices.Clone(g.first)
	g.arcs = make([]arc, 2*n)
	for i, e := range g.edges[:n] {
		g.arcs[next[e.from]] = arc{to: e.to, end: int32(2 * i), mm: e.mm, rights: e.rights}
		next[e.from]++
		g.arcs[next[e.to]] = arc{to: e.from, end: int32(2*i + 1), mm: e.mm, rights: e.rights, shut: e.rights&OnlyForward != 0}
		next[e.to]++
	}
	longest := uint64(0)
	for root, mm := range g.lengths() {
		if mm > longest {
			g.main, longest = int32(root), mm
		}
	}
}

// root is the node that names a node's network, and shortens the way to it.
func (g *Graph) root(n int32) int32 {
	for g.network[n] != n {
		g.network[n] = g.network[g.network[n]]
		n = g.network[n]
	}
	return n
}

// lengths are the millimetres of each network, at the node that names it.
func (g *Graph) lengths() []uint64 {
	sum := make([]uint64, len(g.nodes))
	for _, e := range g.edges[:g.Edges()] {
		sum[g.network[e.from]] += uint64(e.mm)
	}
	return sum
}

// trim gives the graph without its short networks, its nodes in an order in which
// neighbours on the ground mostly are neighbours in memory and in the file.
func (g *Graph) trim() *Graph {
	sum := g.lengths()
	kept := func(n int32) bool { return g.network[n] == g.main || sum[g.network[n]] >= least*1000 }
	order := make([]int32, 0, len(g.nodes))
	for i := range g.nodes {
		if n := int32(i); kept(n) && g.first[n+1] > g.first[n] {
			order = append(order, n)
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(curve(g.nodes[a]), curve(g.nodes[b])), cmp.Compare(a, b))
	})
	place := make([]int32, len(g.nodes))
	out := &Graph{names: g.names, nodes: make([]geo.Fix, len(order))}
	for i, n := range order {
		place[n], out.nodes[i] = int32(i), g.nodes[n]
	}
	edges := make([]int, 0, g.Edges())
	for i, e := range g.edges[:g.Edges()] {
		if kept(e.from) {
			edges = append(edges, i)
		}
	}
	slices.SortStableFunc(edges, func(a, b int) int {
		return cmp.Compare(place[g.edges[a].from], place[g.edges[b].from])
	})
	for _, i := range edges {
		e := g.edges[i]
		inner := g.inner(i)
		e.from, e.to, e.shape = place[e.from], place[e.to], uint32(len(out.shape))
		out.shape, out.edges = append(out.shape, inner...), append(out.edges, e)
	}
	out.edges = append(out.edges, edge{shape: uint32(len(out.shape))})
	out.connect()
	out.index.fill(out)
	return out
}

// curve is a place's number along a curve that fills the plane: the bits of
// latitude and longitude in turns.
func curve(f geo.Fix) uint64 { return spread(uint32(f.Lat)+1<<31)<<1 | spread(uint32(f.Lon)+1<<31) }

func spread(x uint32) uint64 {
	v := uint64(x)
	for _, s := range []struct {
		shift uint
		mask  uint64
	}{{16, 0x0000ffff0000ffff}, {8, 0x00ff00ff00ff00ff}, {4, 0x0f0f0f0f0f0f0f0f}, {2, 0x3333333333333333}, {1, 0x5555555555555555}} {
		v = (v | v<<s.shift) & s.mask
	}
	return v
}

// Way is one edge as others read it: the points from one node to the next.
type Way struct {
	From, To int // nodes
	Points   []geo.Fix
	Name     string
	Kind     Kind
	Rights   Rights
	Main     bool // belongs to the main network
}

// Way gives edge i, from 0 to Edges.
func (g *Graph) Way(i int) Way {
	e := g.edges[i]
	points := append([]geo.Fix{g.nodes[e.from]}, g.inner(i)...)
	return Way{int(e.from), int(e.to), append(points, g.nodes[e.to]), g.names[e.name], e.kind, e.rights, g.network[e.from] == g.main}
}
