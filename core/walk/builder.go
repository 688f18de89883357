package walk

import (
	"encoding/binary"

	"yizhan/core/geo"
)

// Builder gathers ways, packed as differences in some 8 bytes a point: a country's
// ways fit into memory. Points that two ways share have the same number in both.
type Builder struct {
	pages  [][]byte
	buf    []byte
	ways   int
	points int
	names  map[string]uint32
	list   []string
	last   bool // each is called for the last time, and lets go of what it has read
}

// page is how many bytes are asked for at a time.
const page = 1 << 20

type way struct {
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
	p := binary.AppendUvarint(b.buf[:0], uint64(len(refs)))
	p = append(binary.AppendUvarint(p, uint64(n)), byte(kind), byte(rights))
	ref, at := int64(0), geo.Fix{}
	for i, r := range refs {
		p = appendFix(binary.AppendVarint(p, r-ref), at, fixes[i])
		ref, at = r, fixes[i]
	}
	b.buf, b.ways, b.points = p, b.ways+1, b.points+len(refs)
	last := len(b.pages) - 1
	if last < 0 || len(b.pages[last])+len(p) > cap(b.pages[last]) {
		b.pages, last = append(b.pages, make([]byte, 0, max(page, len(p)))), last+1
	}
	b.pages[last] = append(b.pages[last], p...)
}

// each goes over all ways in the order in which they came. What is handed out is
// overwritten by the next.
func (b *Builder) each(do func(w way, refs []int64, fixes []geo.Fix)) {
	var refs []int64
	var fixes []geo.Fix
	for i, p := range b.pages {
		if b.last {
			b.pages[i] = nil
		}
		r := &reader{b: p}
		for len(r.b) > 0 {
			refs, fixes = refs[:0], fixes[:0]
			n, w := r.unsigned(1<<62), way{name: uint32(r.unsigned(1 << 32)), kind: Kind(r.b[0]), rights: Rights(r.b[1])}
			r.b = r.b[2:]
			ref, at := int64(0), geo.Fix{}
			for range n {
				d, size := binary.Varint(r.b) // as far apart as numbers can be
				r.b, ref = r.b[size:], ref+d
				at = r.fix(at)
				refs, fixes = append(refs, ref), append(fixes, at)
			}
			do(w, refs, fixes)
		}
	}
}
