package walk

import (
	"encoding/binary"
	"errors"
	"fmt"

	"yizhan/core/geo"
)

// version is the first byte of an encoded graph.
const version = 1

// Encode writes the graph as bytes that Decode reads: counts, names, nodes as
// differences, and the edges in the order of their first node. All numbers are
// varints, signed ones zigzag. docs/MAP.md has the layout.
func (g *Graph) Encode() []byte { return g.encode(g.asIs()) }

func (g *Graph) encode(l layout) []byte {
	// Room for what real maps take, so that it mostly is not copied.
	b := append(make([]byte, 0, 4096+6*len(l.nodes)+12*len(l.edges)+6*len(g.shape)), version)
	b = binary.AppendUvarint(b, uint64(len(g.names)))
	for _, n := range g.names {
		b = binary.AppendUvarint(b, uint64(len(n)))
		b = append(b, n...)
	}
	b = binary.AppendUvarint(b, uint64(len(l.nodes)))
	var at geo.Fix
	for _, i := range l.nodes {
		b, at = appendFix(b, at, g.nodes[i]), g.nodes[i]
	}
	points := 0
	for _, i := range l.edges {
		points += len(g.inner(int(i)))
	}
	b = binary.AppendUvarint(b, uint64(len(l.edges)))
	b = binary.AppendUvarint(b, uint64(points))
	was := int32(0)
	for _, i := range l.edges {
		e := g.edges[i]
		from, to := l.place[e.from], l.place[e.to]
		b = binary.AppendUvarint(b, uint64(from-was))
		b = binary.AppendVarint(b, int64(to)-int64(from))
		b = binary.AppendUvarint(b, uint64(e.mm))
		b = binary.AppendUvarint(b, uint64(e.kind))
		b = binary.AppendUvarint(b, uint64(e.rights))
		b = binary.AppendUvarint(b, uint64(e.name))
		inner := g.inner(int(i))
		b = binary.AppendUvarint(b, uint64(len(inner)))
		at = g.nodes[e.from]
		for _, f := range inner {
			b, at = appendFix(b, at, f), f
		}
		was = from
	}
	return b
}

func appendFix(b []byte, from, to geo.Fix) []byte {
	b = binary.AppendVarint(b, int64(to.Lat)-int64(from.Lat))
	return binary.AppendVarint(b, int64(to.Lon)-int64(from.Lon))
}

var errDamaged = errors.New("read walking graph: the bytes are cut or damaged; fetch the map again")

// reader takes numbers off the front of bytes; after the first that is not there
// it says bad and gives zeros.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) unsigned(below uint64) uint64 {
	if len(r.b) > 0 && r.b[0] < 0x80 && uint64(r.b[0]) < below { // most numbers are one byte
		v := r.b[0]
		r.b = r.b[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v >= below {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) signed() int64 {
	v := r.unsigned(1 << 34)
	return int64(v>>1) ^ -int64(v&1)
}

// count is a number of things that take at least size bytes each.
func (r *reader) count(size int) int {
	n := r.unsigned(1 << 31)
	if n > uint64(len(r.b)/size) {
		r.b, r.bad = nil, true
		return 0
	}
	return int(n)
}

func (r *reader) fix(from geo.Fix) geo.Fix {
	lat, lon := int64(from.Lat)+r.signed(), int64(from.Lon)+r.signed()
	if lat < -900_000_000 || lat > 900_000_000 || lon < -1_800_000_000 || lon > 1_800_000_000 {
		r.b, r.bad = nil, true
	}
	return geo.Fix{Lat: int32(lat), Lon: int32(lon)}
}

// Decode reads what Encode wrote. Bytes that are no graph are refused, whatever
// they are.
func Decode(b []byte) (*Graph, error) {
	if len(b) == 0 || b[0] != version {
		return nil, fmt.Errorf("read walking graph: its version is not %d; update this program, or fetch the map again", version)
	}
	r, g := &reader{b: b[1:]}, &Graph{}
	g.names = make([]string, r.count(1))
	for i := range g.names {
		n := r.count(1)
		g.names[i], r.b = string(r.b[:n]), r.b[n:]
	}
	g.nodes = make([]geo.Fix, r.count(2))
	var at geo.Fix
	for i := range g.nodes {
		at = r.fix(at)
		g.nodes[i] = at
	}
	g.edges = make([]edge, r.count(7)+1)
	points := r.count(2)
	g.shape = make([]geo.Fix, 0, points)
	from := uint64(0)
	for i := range g.edges[:len(g.edges)-1] {
		from += r.unsigned(uint64(len(g.nodes)))
		to := int64(from) + r.signed()
		if r.bad || from >= uint64(len(g.nodes)) || to < 0 || to >= int64(len(g.nodes)) {
			return nil, errDamaged
		}
		e := edge{from: int32(from), to: int32(to), mm: uint32(r.unsigned(1 << 32)), shape: uint32(len(g.shape))}
		e.kind, e.rights = Kind(r.unsigned(256)), Rights(r.unsigned(256))
		e.name = uint32(r.unsigned(uint64(len(g.names))))
		at = g.nodes[from]
		for range r.count(2) {
			at = r.fix(at)
			g.shape = append(g.shape, at)
		}
		g.edges[i] = e
	}
	g.edges[len(g.edges)-1].shape = uint32(len(g.shape))
	if r.bad || len(r.b) > 0 || len(g.shape) != points {
		return nil, errDamaged
	}
	g.ready()
	return g, nil
}
