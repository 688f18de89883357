package image

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Image is one that was opened, and not read yet.
type Image struct {
	Label  []byte // as it was given to Write
	in     io.ReaderAt
	stamp  [32]byte
	counts cursor // and what follows
}

const tail = 8 + sha256.Size

// Open reads the index of an image of size bytes. ErrDamaged: it is none, or not whole.
func Open(in io.ReaderAt, size int64) (m *Image, err error) {
	defer rescue(&err)
	end := make([]byte, tail)
	if size < tail {
		return nil, fmt.Errorf("open image of %d bytes: %w", size, ErrDamaged)
	}
	if _, err := in.ReadAt(end, size-tail); err != nil {
		return nil, fmt.Errorf("open image: %w", err)
	}
	n := binary.LittleEndian.Uint64(end)
	if n > uint64(size-tail) {
		return nil, fmt.Errorf("open image: %w", ErrDamaged)
	}
	b := make([]byte, n)
	if _, err := in.ReadAt(b, size-tail-int64(n)); err != nil {
		return nil, fmt.Errorf("open image: %w", err)
	}
	if sha256.Sum256(b) != [32]byte(end[8:]) {
		return nil, fmt.Errorf("open image: its index is not what was written: %w", ErrDamaged)
	}
	c := cursor{b: b}
	m = &Image{in: in}
	m.Label = c.take(uintptr(c.u32()))
	m.stamp = [32]byte(c.take(32))
	m.counts = c
	return m, nil
}

// reader makes the things of an image.
type reader struct {
	plan   *Plan
	in     io.ReaderAt
	stores []store // by number of the kind
	texts  string
}

// store is all things of a kind.
type store struct {
	n     uint32
	made  things
	forms things           // their other form, until they are made of it
	maps  []unsafe.Pointer // in place of both
}

// things lie in blocks of `block`.
type things struct {
	size   uintptr
	blocks []unsafe.Pointer
}

func (t *things) at(i uint32) unsafe.Pointer {
	return unsafe.Add(t.blocks[i/block], uintptr(i%block)*t.size)
}

// block is how many things of a kind lie side by side.
const block = 1 << 12

// Read makes what was written, a *T of the plan's type. ErrOther: it was written with
// another plan. ErrDamaged: it is not what was written.
func (m *Image) Read(p *Plan) (root any, err error) {
	defer rescue(&err)
	if m.stamp != p.stamp {
		return nil, fmt.Errorf("read image: %w", ErrOther)
	}
	r := &reader{plan: p, in: m.in, stores: make([]store, len(p.kinds))}
	c := m.counts
	for i, k := range p.kinds {
		r.stores[i] = newStore(k, &c)
	}
	var chunks []chunk
	textSize := uint64(0)
	for range c.u32() {
		one := chunk{kind: c.u16(), first: c.u32(), n: c.u32(), at: c.u64(), size: c.u64(), sum: [32]byte(c.take(32))}
		if one.kind == textKind {
			textSize += one.size
		}
		chunks = append(chunks, one)
	}
	texts, at := make([]byte, textSize), uint64(0)
	for _, one := range chunks {
		if one.kind == textKind {
			if err := r.load(one, texts[at:at+one.size]); err != nil {
				return nil, err
			}
			at += one.size
		}
	}
	r.texts = unsafe.String(unsafe.SliceData(texts), len(texts))
	if err := r.readAll(chunks); err != nil {
		return nil, err
	}
	if err := r.form(); err != nil {
		return nil, err
	}
	return reflect.NewAt(p.kinds[0].typ, r.stores[0].thing(0)).Interface(), nil
}

// rescue makes an error of what only a wrong image can lead to.
func rescue(err *error) {
	switch e := recover().(type) {
	case nil:
	case runtime.Error:
		*err = fmt.Errorf("read image: %w: %w", ErrDamaged, e)
	default:
		panic(e)
	}
}

func newStore(k *kind, c *cursor) store {
	s := store{n: c.u32()}
	if k.key != nil {
		for range s.n {
			s.maps = append(s.maps, reflect.MakeMapWithSize(k.typ, int(c.u32())).UnsafePointer())
		}
		return s
	}
	s.made = newThings(k.typ, s.n)
	if k.form != nil {
		s.forms = newThings(k.form.as, s.n)
	}
	return s
}

func newThings(t reflect.Type, n uint32) things {
	all := things{size: t.Size()}
	for ; n > 0; n -= min(n, block) {
		all.blocks = append(all.blocks, newSlice(t, int(min(n, block))))
	}
	return all
}

func newSlice(of reflect.Type, n int) unsafe.Pointer {
	return reflect.MakeSlice(reflect.SliceOf(of), n, n).UnsafePointer()
}

// thing gives where a thing lies that is no map.
func (s *store) thing(i uint32) unsafe.Pointer {
	if i >= s.n {
		panic(outside(i))
	}
	return s.made.at(i)
}

// outside is a number that no thing has.
type outside uint32

func (outside) RuntimeError()   {}
func (o outside) Error() string { return fmt.Sprintf("there is no thing %d", uint32(o)) }

// load reads a chunk, and checks that it is what was written.
func (r *reader) load(c chunk, into []byte) error {
	if _, err := r.in.ReadAt(into, int64(c.at)); err != nil {
		return fmt.Errorf("read image: %w", err)
	}
	if sha256.Sum256(into) != c.sum {
		return fmt.Errorf("read image: the bytes from %d on are not what was written: %w", c.at, ErrDamaged)
	}
	return nil
}

// readAll reads the chunks of things, on all cores.
func (r *reader) readAll(chunks []chunk) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, runtime.GOMAXPROCS(0))
	for i := range errs {
		wg.Go(func() {
			a := arena{slices: map[*kind]*room{}}
			var buf []byte
			for n := next.Add(1) - 1; n < int64(len(chunks)) && errs[i] == nil; n = next.Add(1) - 1 {
				c := chunks[n]
				if c.kind == textKind {
					continue
				}
				if uint64(cap(buf)) < c.size {
					buf = make([]byte, c.size)
				}
				if errs[i] = r.load(c, buf[:c.size]); errs[i] == nil {
					errs[i] = r.read(c, buf[:c.size], &a)
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// read makes the things of a chunk.
func (r *reader) read(c chunk, b []byte, a *arena) (err error) {
	defer rescue(&err)
	k, s, from := r.plan.kinds[c.kind], &r.stores[c.kind], &cursor{b: b}
	for i := c.first; i < c.first+c.n; i++ {
		switch {
		case k.key != nil:
			r.fill(k, s.maps[i], from, a)
		case k.form != nil:
			r.get(k, s.forms.at(i), from, a)
		default:
			r.get(k, s.thing(i), from, a)
		}
	}
	return nil
}

// form makes the things that were written in another form.
func (r *reader) form() error {
	for i, k := range r.plan.kinds {
		if k.form == nil {
			continue
		}
		s := &r.stores[i]
		for n := range s.n {
			if err := k.form.from(s.forms.at(n), s.thing(n)); err != nil {
				return fmt.Errorf("read image: %w", err)
			}
		}
	}
	return nil
}

// get makes one value.
func (r *reader) get(k *kind, p unsafe.Pointer, c *cursor, a *arena) {
	for i := range k.steps {
		s := &k.steps[i]
		at := unsafe.Add(p, s.at)
		switch s.does {
		case doCopy:
			copy(unsafe.Slice((*byte)(at), s.n), c.take(s.n))
		case doText:
			from := c.u32()
			size := c.u32()
			*(*string)(at) = r.texts[from:][:size]
		case doRefer:
			if n := c.u32(); n == 0 {
				*(*unsafe.Pointer)(at) = nil
			} else if of := &r.stores[s.of.number]; s.of.key != nil {
				*(*unsafe.Pointer)(at) = of.maps[n-1]
			} else {
				*(*unsafe.Pointer)(at) = unsafe.Add(of.thing(n-1), s.n)
			}
		case doSlice:
			r.slice(s.of, (*header)(at), c, a)
		}
	}
}

func (r *reader) slice(of *kind, h *header, c *cursor, a *arena) {
	n := int(c.u32()) - 1
	if n < 0 {
		*h = header{}
		return
	}
	size := of.typ.Size()
	if of.plain {
		from := c.take(uintptr(n) * size)
		*h = header{a.bytes(len(from)), n, n}
		copy(unsafe.Slice((*byte)(h.data), len(from)), from)
		return
	}
	*h = header{a.slice(of, n), n, n}
	for i := range uintptr(n) {
		r.get(of, unsafe.Add(h.data, i*size), c, a)
	}
}

// fill puts the keys of a map into it.
func (r *reader) fill(k *kind, p unsafe.Pointer, c *cursor, a *arena) {
	m := reflect.NewAt(k.typ, unsafe.Pointer(&p)).Elem()
	key, val := reflect.New(k.typ.Key()), reflect.New(k.typ.Elem())
	for range c.u32() {
		r.get(k.key, key.UnsafePointer(), c, a)
		r.get(k.val, val.UnsafePointer(), c, a)
		m.SetMapIndex(key.Elem(), val.Elem())
	}
}

// cursor reads bytes in their order; behind their end it panics with a runtime.Error.
type cursor struct {
	b  []byte
	at uintptr
}

func (c *cursor) take(n uintptr) []byte {
	b := c.b[c.at:][:n:n]
	c.at += n
	return b
}

func (c *cursor) u16() uint16 { return binary.LittleEndian.Uint16(c.take(2)) }
func (c *cursor) u32() uint32 { return binary.LittleEndian.Uint32(c.take(4)) }
func (c *cursor) u64() uint64 { return binary.LittleEndian.Uint64(c.take(8)) }

// arena gives memory to small slices: those of one image live as long as each other,
// and side by side they need no filling up to the sizes in which Go hands memory out.
type arena struct {
	free   []byte
	slices map[*kind]*room
}

// room is memory for slices of one type.
type room struct {
	all  unsafe.Pointer
	used int
}

const (
	arenaBytes  = 64 << 10
	arenaThings = 512
)

var nothing struct{ _ uint64 } // where slices begin that are empty and not nil

// bytes gives memory that holds no references.
func (a *arena) bytes(n int) unsafe.Pointer {
	switch {
	case n == 0:
		return unsafe.Pointer(&nothing)
	case n > arenaBytes/4:
		return unsafe.Pointer(unsafe.SliceData(make([]byte, n)))
	}
	if n > len(a.free) {
		a.free = make([]byte, arenaBytes)
	}
	p := unsafe.Pointer(unsafe.SliceData(a.free))
	a.free = a.free[min(len(a.free), (n+7)&^7):]
	return p
}

// slice gives memory for n values of a kind.
func (a *arena) slice(of *kind, n int) unsafe.Pointer {
	switch {
	case n == 0:
		return unsafe.Pointer(&nothing)
	case n > arenaThings/4:
		return newSlice(of.typ, n)
	}
	s := a.slices[of]
	if s == nil || s.used+n > arenaThings {
		s = &room{all: newSlice(of.typ, arenaThings)}
		a.slices[of] = s
	}
	s.used += n
	return unsafe.Add(s.all, uintptr(s.used-n)*of.typ.Size())
}
