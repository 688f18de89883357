package osmimport

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"

	"yizhan/core/geo"
)

const (
	runSize   = 1 << 19 // nodes that are sorted together
	blockSize = 64      // nodes that are decoded to find one
)

// locations knows where every node is, in about 8 bytes a node: sorted, and
// written as differences. Files mostly are in order already, so that runs do not
// overlap and one is searched.
type locations struct {
	fresh []located
	runs  []run
	cache map[*byte]*[blockSize]located
}

type located struct {
	id int64
	at geo.Fix
}

// run is a sorted part: the first node of each block, and where its bytes begin.
type run struct {
	last   int64
	firsts []int64
	starts []uint32
	bytes  []byte
}

func (l *locations) add(id int64, at geo.Fix) {
	if l.fresh == nil {
		l.fresh = make([]located, 0, runSize)
	}
	if l.fresh = append(l.fresh, located{id, at}); len(l.fresh) == runSize {
		l.pack()
	}
}

// pack sorts and writes what was added since.
func (l *locations) pack() {
	if len(l.fresh) == 0 {
		return
	}
	byID := func(a, b located) int { return cmp.Compare(a.id, b.id) }
	if !slices.IsSortedFunc(l.fresh, byID) {
		slices.SortStableFunc(l.fresh, byID)
	}
	r := run{last: l.fresh[len(l.fresh)-1].id}
	for block := range slices.Chunk(l.fresh, blockSize) {
		r.firsts, r.starts = append(r.firsts, block[0].id), append(r.starts, uint32(len(r.bytes)))
		var was located
		for _, n := range block {
			r.bytes = binary.AppendVarint(r.bytes, n.id-was.id)
			r.bytes = binary.AppendVarint(r.bytes, int64(n.at.Lat)-int64(was.at.Lat))
			r.bytes = binary.AppendVarint(r.bytes, int64(n.at.Lon)-int64(was.at.Lon))
			was = n
		}
	}
	r.bytes = slices.Clip(r.bytes)
	l.runs, l.fresh = append(l.runs, r), l.fresh[:0]
}

// done ends adding and gives back memory.
func (l *locations) done() {
	l.pack()
	l.fresh, l.cache = nil, map[*byte]*[blockSize]located{}
}

// find gives the place of a node.
func (l *locations) find(id int64) (geo.Fix, bool) {
	for i := len(l.runs) - 1; i >= 0; i-- { // what comes later in the file counts
		r := &l.runs[i]
		if id < r.firsts[0] || id > r.last {
			continue
		}
		b := sort.Search(len(r.firsts), func(k int) bool { return r.firsts[k] > id }) - 1
		block := l.block(r.bytes[r.starts[b]:])
		for k := blockSize - 1; k >= 0; k-- {
			if block[k].id == id && block[k].at != nowhere {
				return block[k].at, true
			}
		}
	}
	return geo.Fix{}, false
}

// nowhere marks the places of a block that hold no node.
var nowhere = geo.Fix{Lat: -1 << 31, Lon: -1 << 31}

// block decodes a block, or finds it among those decoded lately.
func (l *locations) block(b []byte) *[blockSize]located {
	if hit := l.cache[&b[0]]; hit != nil {
		return hit
	}
	if len(l.cache) > 4000 {
		clear(l.cache)
	}
	out := new([blockSize]located)
	key, id, lat, lon := &b[0], int64(0), int64(0), int64(0)
	for i := range out {
		if len(b) == 0 {
			out[i].at = nowhere
			continue
		}
		for _, v := range []*int64{&id, &lat, &lon} {
			d, n := binary.Varint(b)
			*v, b = *v+d, b[n:]
		}
		out[i] = located{id, geo.Fix{Lat: int32(lat), Lon: int32(lon)}}
	}
	l.cache[key] = out
	return out
}
