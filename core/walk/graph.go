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

// steps are the millimetres on steps of so many walked along the edge.
func (e *edge) steps(mm uint32) uint32 {
	if e.rights&HasSteps == 0 {
		return 0
	}
	return mm
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

// Build makes the graph of everything added, without the networks that are too
// short to be true. A graph without ways has no edges.
func (b *Builder) Build() *Graph {
	g := b.build(false)
	l := g.layout()
	out := &Graph{names: g.names, nodes: make([]geo.Fix, len(l.nodes))}
	for i, n := range l.nodes {
		out.nodes[i] = g.nodes[n]
	}
	for _, i := range l.edges {
		e := g.edges[i]
		inner := g.inner(int(i))
		e.from, e.to, e.shape = l.place[e.from], l.place[e.to], uint32(len(out.shape))
		out.shape, out.edges = append(out.shape, inner...), append(out.edges, e)
	}
	out.edges = append(out.edges, edge{shape: uint32(len(out.shape))})
	out.ready()
	return out
}

// Encode is Build and Graph.Encode in about a third of the memory, with the number
// of edges and the metres of all ways. The builder is used up.
func (b *Builder) Encode() (body []byte, edges int, metres float64) {
	g := b.build(true)
	*b = Builder{}
	l := g.layout()
	for _, i := range l.edges {
		metres += float64(g.edges[i].mm) / 1000
	}
	return g.encode(l), len(l.edges), metres
}

// build cuts the ways into edges at their joints, and finds the networks. What is
// used up is let go of on the way.
func (b *Builder) build(used bool) *Graph {
	joints := b.joints()
	g := &Graph{names: b.list, nodes: make([]geo.Fix, len(joints))}
	edges, inner := 0, 0
	b.each(func(w way, refs []int64, _ []geo.Fix) {
		edges--
		for _, ref := range refs {
			if _, joint := slices.BinarySearch(joints, ref); joint {
				edges++
			} else {
				inner++
			}
		}
	})
	g.edges, g.shape = make([]edge, 0, max(0, edges)+1), make([]geo.Fix, 0, inner)
	b.last = used
	b.each(func(w way, refs []int64, fixes []geo.Fix) { g.cut(w, refs, fixes, joints) })
	g.edges = append(g.edges, edge{shape: uint32(len(g.shape))})
	g.connect()
	return g
}

// joints are the numbers of points where ways begin, end or meet, in order.
func (b *Builder) joints() []int64 {
	all := make([]int64, 0, b.points+2*b.ways)
	b.each(func(_ way, refs []int64, _ []geo.Fix) {
		if all = append(all, refs...); len(refs) > 0 { // an end counts double, so it is a joint by itself
			all = append(all, refs[0], refs[len(refs)-1])
		}
	})
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
	return slices.Clone(joints) // what it was cut from may go
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

// connect finds the networks.
func (g *Graph) connect() {
	g.network = make([]int32, len(g.nodes))
	for i := range g.network {
		g.network[i] = int32(i)
	}
	for _, e := range g.edges[:g.Edges()] {
		if a, b := g.root(e.from), g.root(e.to); a != b {
			g.network[max(a, b)] = min(a, b)
		}
	}
	for i := range g.nodes {
		g.network[i] = g.root(int32(i))
	}
	longest := uint64(0)
	for root, mm := range g.lengths() {
		if mm > longest {
			g.main, longest = int32(root), mm
		}
	}
}

// ready makes what only searches need: networks, arcs and the index.
func (g *Graph) ready() {
	g.connect()
	n := g.Edges()
	g.first = make([]int32, len(g.nodes)+1)
	for _, e := range g.edges[:n] {
		g.first[e.from+1]++
		g.first[e.to+1]++
	}
	for i := range g.nodes {
		g.first[i+1] += g.first[i]
	}
	next := slices.Clone(g.first)
	g.arcs = make([]arc, 2*n)
	for i, e := range g.edges[:n] {
		g.arcs[next[e.from]] = arc{to: e.to, end: int32(2 * i), mm: e.mm, rights: e.rights}
		next[e.from]++
		g.arcs[next[e.to]] = arc{to: e.from, end: int32(2*i + 1), mm: e.mm, rights: e.rights, shut: e.rights&OnlyForward != 0}
		next[e.to]++
	}
	g.index.fill(g)
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

// layout is what is kept of a graph, and in which order.
type layout struct {
	nodes []int32 // in order
	place []int32 // node → where it stands in nodes
	edges []int32 // in order
}

// layout leaves the short networks out, and puts the nodes into an order in which
// neighbours on the ground mostly are neighbours in memory and in the file.
func (g *Graph) layout() layout {
	sum := g.lengths()
	kept := func(n int32) bool { return g.network[n] == g.main || sum[g.network[n]] >= least*1000 }
	used := make([]bool, len(g.nodes)) // a joint of a way that was too short has no edge
	edges := make([]int32, 0, g.Edges())
	for i, e := range g.edges[:g.Edges()] {
		if kept(e.from) {
			used[e.from], used[e.to], edges = true, true, append(edges, int32(i))
		}
	}
	l := layout{place: make([]int32, len(g.nodes)), edges: edges}
	for i, u := range used {
		if u {
			l.nodes = append(l.nodes, int32(i))
		}
	}
	slices.SortFunc(l.nodes, func(a, b int32) int {
		return cmp.Or(cmp.Compare(curve(g.nodes[a]), curve(g.nodes[b])), cmp.Compare(a, b))
	})
	for i, n := range l.nodes {
		l.place[n] = int32(i)
	}
	slices.SortStableFunc(edges, func(a, b int32) int {
		return cmp.Compare(l.place[g.edges[a].from], l.place[g.edges[b].from])
	})
	return l
}

// asIs keeps a graph whole, in the order that it has.
func (g *Graph) asIs() (l layout) {
	for i := range g.nodes {
		l.nodes = append(l.nodes, int32(i))
	}
	for i := range g.Edges() {
		l.edges = append(l.edges, int32(i))
	}
	l.place = l.nodes
	return l
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
