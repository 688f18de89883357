package image

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math"
	"reflect"
	"unsafe"
)

const (
	chunkSize = 1 << 20 // bytes from which on a chunk is full
	textKind  = math.MaxUint16
)

// chunk is a run of things of one kind in an image.
type chunk struct {
	kind     uint16
	first, n uint32 // things; for texts, nothing
	at, size uint64
	sum      [32]byte
}

// writer makes an image.
type writer struct {
	plan   *Plan
	out    io.Writer
	stop   func() bool
	err    error
	at     uint64 // bytes written
	buf    []byte
	queues []queue // by number of the kind
	seen   table
	texts  texts
	chunks []chunk
}

// queue is the things of a kind in the order in which they were found.
type queue struct {
	things  []unsafe.Pointer
	written int
	sizes   []uint32 // of maps
}

// ErrStopped is what Write gives where stop said so.
var ErrStopped = errors.New("image was given up")

// Write writes the image of what root points to, a value of the plan's type, which
// must not change meanwhile. label is what Open gives back. stop is asked every few
// milliseconds whether to give up; nil never does.
func (p *Plan) Write(out io.Writer, root any, label []byte, stop func() bool) error {
	v := reflect.ValueOf(root)
	if v.Type() != reflect.PointerTo(p.kinds[0].typ) {
		return fmt.Errorf("write image: the plan is for %s, not for %s", p.kinds[0].typ, v.Type())
	}
	w := &writer{plan: p, out: out, stop: stop, queues: make([]queue, len(p.kinds)), texts: newTexts()}
	w.number(p.kinds[0], v.UnsafePointer())
	for more := true; more; {
		more = false
		for _, k := range p.kinds {
			if q := &w.queues[k.number]; q.written < len(q.things) {
				w.run(k, q)
				more = true
			}
		}
		if w.err != nil {
			return w.err
		}
	}
	for all := w.texts.all; len(all) > 0; all = all[min(len(all), chunkSize):] {
		w.buf = append(w.buf[:0], all[:min(len(all), chunkSize)]...)
		w.flush(textKind, 0, 0)
	}
	w.index(label)
	return w.err
}

// run writes the things of a kind that were found and not written.
func (w *writer) run(k *kind, q *queue) {
	first := q.written
	for q.written < len(q.things) && w.err == nil {
		p := q.things[q.written]
		q.written++
		if k.key != nil {
			q.sizes = append(q.sizes, w.table(k, p))
		} else {
			if k.form != nil {
				p = k.form.to(p)
			}
			w.put(k, p)
		}
		if len(w.buf) >= chunkSize || q.written == len(q.things) {
			w.flush(uint16(k.number), uint32(first), uint32(q.written-first))
			first = q.written
		}
	}
}

// put writes one value.
func (w *writer) put(k *kind, p unsafe.Pointer) {
	for i := range k.steps {
		s := &k.steps[i]
		at := unsafe.Add(p, s.at)
		switch s.does {
		case doCopy:
			w.buf = append(w.buf, unsafe.Slice((*byte)(at), s.n)...)
		case doText:
			t := *(*string)(at)
			w.buf = binary.LittleEndian.AppendUint32(w.buf, w.texts.place(t))
			w.buf = binary.LittleEndian.AppendUint32(w.buf, uint32(len(t)))
		case doRefer:
			n := uint32(0)
			if to := *(*unsafe.Pointer)(at); to != nil {
				n = w.number(s.of, unsafe.Add(to, -int(s.n))) + 1
			}
			w.buf = binary.LittleEndian.AppendUint32(w.buf, n)
		case doSlice:
			w.slice(s.of, (*header)(at))
		}
	}
}

// header is a slice in memory.
type header struct {
	data     unsafe.Pointer
	len, cap int
}

func (w *writer) slice(of *kind, h *header) {
	if h.data == nil {
		w.buf = binary.LittleEndian.AppendUint32(w.buf, 0)
		return
	}
	w.buf = binary.LittleEndian.AppendUint32(w.buf, uint32(h.len)+1)
	size := of.typ.Size()
	if of.plain {
		w.buf = append(w.buf, unsafe.Slice((*byte)(h.data), uintptr(h.len)*size)...)
		return
	}
	for i := range uintptr(h.len) {
		w.put(of, unsafe.Add(h.data, i*size))
	}
}

// table writes a map, and gives how many keys it has.
func (w *writer) table(k *kind, p unsafe.Pointer) (n uint32) {
	m := reflect.NewAt(k.typ, unsafe.Pointer(&p)).Elem()
	key, val := reflect.New(k.typ.Key()), reflect.New(k.typ.Elem())
	w.buf = binary.LittleEndian.AppendUint32(w.buf, uint32(m.Len()))
	for each := m.MapRange(); each.Next() && w.err == nil; n++ {
		key.Elem().SetIterKey(each)
		val.Elem().SetIterValue(each)
		w.put(k.key, key.UnsafePointer())
		w.put(k.val, val.UnsafePointer())
		if n%(1<<14) == 0 {
			w.look()
		}
	}
	return n
}

// number gives the number of a thing, and has it written if it is new.
func (w *writer) number(k *kind, p unsafe.Pointer) uint32 {
	q := &w.queues[k.number]
	n, known := w.seen.add(uintptr(p), uint32(k.number), uint32(len(q.things)))
	if !known {
		q.things = append(q.things, p)
	}
	return *n
}

func (w *writer) look() {
	if w.err == nil && w.stop != nil && w.stop() {
		w.err = ErrStopped
	}
}

// flush writes a chunk.
func (w *writer) flush(kind uint16, first, n uint32) {
	if w.look(); w.err != nil {
		return
	}
	c := chunk{kind: kind, first: first, n: n, at: w.at, size: uint64(len(w.buf)), sum: sha256.Sum256(w.buf)}
	w.chunks = append(w.chunks, c)
	w.emit(w.buf)
	w.buf = w.buf[:0]
}

func (w *writer) emit(b []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(b)
		w.at += uint64(len(b))
	}
}

// index writes what is needed to read the rest.
func (w *writer) index(label []byte) {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, uint32(len(label)))
	b = append(append(b, label...), w.plan.stamp[:]...)
	for i := range w.queues {
		q := &w.queues[i]
		b = le.AppendUint32(b, uint32(len(q.things)))
		for _, n := range q.sizes {
			b = le.AppendUint32(b, n)
		}
		if uint64(len(q.things)) > math.MaxUint32-1 || uint64(len(w.texts.all)) > math.MaxUint32 {
			w.err = errors.Join(w.err, errors.New("write image: there is more than an image has numbers for"))
		}
	}
	b = le.AppendUint32(b, uint32(len(w.chunks)))
	for _, c := range w.chunks {
		b = le.AppendUint16(b, c.kind)
		b = le.AppendUint32(le.AppendUint32(b, c.first), c.n)
		b = le.AppendUint64(le.AppendUint64(b, c.at), c.size)
		b = append(b, c.sum[:]...)
	}
	sum := sha256.Sum256(b)
	w.emit(append(le.AppendUint64(b, uint64(len(b))), sum[:]...))
}

// table finds the numbers of things by their addresses: a Go map would take three times the time.
type table struct {
	slots []slot
	used  int
}

type slot struct {
	p            uintptr
	kind, number uint32
}

// add gives the number of a thing; one that is new gets the next. It may be changed
// before the next call.
func (t *table) add(p uintptr, kind, next uint32) (n *uint32, known bool) {
	if 4*t.used >= 3*len(t.slots) {
		t.grow()
	}
	mask := uint64(len(t.slots) - 1)
	for i := spread(p, kind) & mask; ; i = (i + 1) & mask {
		switch s := &t.slots[i]; {
		case s.p == p && s.kind == kind:
			return &s.number, true
		case s.p == 0:
			*s = slot{p, kind, next}
			t.used++
			return &s.number, false
		}
	}
}

func (t *table) grow() {
	old := t.slots
	t.slots, t.used = make([]slot, max(1<<10, 2*len(old))), 0
	for _, s := range old {
		if s.p != 0 {
			t.add(s.p, s.kind, s.number)
		}
	}
}

// spread mixes an address, the low bits of which say little (Fibonacci hashing).
func spread(p uintptr, kind uint32) uint64 {
	return (uint64(p) + uint64(kind)) * 0x9E3779B97F4A7C15 >> 20
}

// texts is all texts of an image, each once.
type texts struct {
	seed   maphash.Seed
	all    []byte
	copies table // by their addresses and lengths
	slots  []word
	used   int
}

// word is where a text lies, with a part of its hash.
type word struct{ hash, at, size uint32 }

func newTexts() texts { return texts{seed: maphash.MakeSeed(), slots: make([]word, 1<<10)} }

// place gives where a text begins. Most are copies of one that was written: those are
// known by where they lie, without a look at them.
func (t *texts) place(s string) uint32 {
	if s == "" {
		return 0
	}
	p := uintptr(unsafe.Pointer(unsafe.StringData(s)))
	at, known := t.copies.add(p, uint32(len(s)), 0)
	if !known {
		*at = t.new(s)
	}
	return *at
}

// new gives where a text begins that lies somewhere new.
func (t *texts) new(s string) uint32 {
	if 4*t.used >= 3*len(t.slots) {
		old := t.slots
		t.slots = make([]word, 2*len(old))
		for _, w := range old {
			if w.size != 0 {
				*t.slot(w.hash, w.size, "") = w
			}
		}
	}
	hash := uint32(maphash.String(t.seed, s))
	w := t.slot(hash, uint32(len(s)), s)
	if w.size == 0 {
		*w = word{hash, uint32(len(t.all)), uint32(len(s))}
		t.all = append(t.all, s...)
		t.used++
	}
	return w.at
}

// slot finds a text, or where it may be put; without the text, only the latter.
func (t *texts) slot(hash, size uint32, s string) *word {
	mask := uint32(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		w := &t.slots[i]
		if w.size == 0 || s != "" && w.hash == hash && w.size == size && string(t.all[w.at:w.at+size]) == s {
			return w
		}
	}
}
