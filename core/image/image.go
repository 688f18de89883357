// Package image writes a graph of Go values as bytes and makes it again: structs,
// maps, slices and whatever they point to, each thing once however often it is
// pointed to, unexported fields too. What is written follows from the types alone,
// so no list of fields has to be kept: a field is left out only by its own tag
// `image:"-"`, and a type that cannot be written is refused when the Plan is made.
//
// An image is for the program that wrote it: numbers lie in it as they lie in memory,
// and Plan.Stamp changes with every type. Nothing is read that does not have its hash.
//
// It is laid out so that both cores of a small machine can read it: things of one
// type side by side in chunks, and references between them by number.
//
//	chunks   things of one type, or a part of the texts
//	index    label, stamp, how many things of each type, place and SHA-256 of each chunk
//	tail     length of the index (8 bytes, little-endian), its SHA-256
package image

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"unsafe"
)

// Errors of Open and Read.
var (
	ErrDamaged = errors.New("image is damaged")
	ErrOther   = errors.New("image was written with other types")
)

// Plan knows how a type is written, and all that it leads to.
type Plan struct {
	kinds  []*kind // things that others point to; the root is the first
	known  map[reflect.Type]*kind
	forms  map[reflect.Type]Form
	inside map[reflect.Type]place
	stamp  [32]byte
}

// kind is how one type is written.
type kind struct {
	typ      reflect.Type
	number   int    // of those that are pointed to
	steps    []step // in order of memory
	plain    bool   // it holds no reference, and all of it is written: its memory is copied
	partly   bool   // a tagged field is left out
	key, val *kind  // of a map
	form     *Form
}

// step is one piece of a value.
type step struct {
	does verb
	at   uintptr // where the piece begins
	n    uintptr // how many bytes are copied; how far inside its thing a pointer points
	of   *kind   // what a slice holds, or a pointer or map refers to
}

type verb uint8

const (
	doCopy verb = iota
	doText
	doSlice
	doRefer // to a thing: by a pointer, or a map, which is one
)

// Form says how values of a type are written that cannot be as they are.
type Form struct {
	typ, as reflect.Type
	to      func(unsafe.Pointer) unsafe.Pointer
	from    func(as, into unsafe.Pointer) error
	inside  reflect.Type
}

// As has what a *T points to written as a U that says all of it.
func As[T, U any](to func(*T) *U, from func(*U) (*T, error)) Form {
	return Form{typ: reflect.TypeFor[T](), as: reflect.TypeFor[U](),
		to: func(p unsafe.Pointer) unsafe.Pointer { return unsafe.Pointer(to((*T)(p))) },
		from: func(as, into unsafe.Pointer) error {
			v, err := from((*U)(as))
			if err == nil {
				*(*T)(into) = *v
			}
			return err
		}}
}

// Inside says that each *T points to the T that is a field of some Outer.
func Inside[T, Outer any]() Form {
	return Form{typ: reflect.TypeFor[T](), inside: reflect.TypeFor[Outer]()}
}

// place is where a type lies in another.
type place struct {
	outer reflect.Type
	at    uintptr
}

// For makes the plan for T. An error names the field that cannot be written.
func For[T any](forms ...Form) (*Plan, error) {
	p := &Plan{known: map[reflect.Type]*kind{}, forms: map[reflect.Type]Form{}, inside: map[reflect.Type]place{}}
	for _, f := range forms {
		if f.inside == nil {
			p.forms[f.typ] = f
			continue
		}
		at, err := field(f.inside, f.typ)
		if err != nil {
			return nil, err
		}
		p.inside[f.typ] = place{f.inside, at}
	}
	root := reflect.TypeFor[T]()
	if _, err := p.thing(root); err != nil {
		return nil, fmt.Errorf("image of %s: %w", root, err)
	}
	for i := 0; i < len(p.kinds); i++ { // what they lead to is added behind them
		if err := p.complete(p.kinds[i]); err != nil {
			return nil, fmt.Errorf("image of %s: %w", p.kinds[i].typ, err)
		}
	}
	p.stamp = p.describe()
	return p, nil
}

// Stamp names the types that the plan was made of, and how they lie in memory.
func (p *Plan) Stamp() [32]byte { return p.stamp }

func field(outer, inner reflect.Type) (uintptr, error) {
	for i := range outer.NumField() {
		if f := outer.Field(i); f.Type == inner {
			return f.Offset, nil
		}
	}
	return 0, fmt.Errorf("image: %s has no field of type %s", outer, inner)
}

// thing gives the kind of a type that is pointed to.
func (p *Plan) thing(t reflect.Type) (*kind, error) {
	if k := p.known[t]; k != nil {
		return k, nil
	}
	k := &kind{typ: t, number: len(p.kinds)}
	if f, ok := p.forms[t]; ok {
		k.form = &f
	}
	if t.Size() == 0 {
		return nil, fmt.Errorf("a pointer to the empty %s has no identity", t)
	}
	p.known[t], p.kinds = k, append(p.kinds, k)
	return k, nil
}

// complete finds the steps of a kind.
func (p *Plan) complete(k *kind) (err error) {
	if k.typ.Kind() == reflect.Map {
		if k.key, err = p.value(k.typ.Key()); err == nil {
			k.val, err = p.value(k.typ.Elem())
		}
		return err
	}
	written := k.typ
	if k.form != nil {
		written = k.form.as
	}
	v, err := p.value(written)
	if err == nil {
		k.steps, k.plain = v.steps, v.plain
	}
	return err
}

// value gives the steps of a type that lies in something else.
func (p *Plan) value(t reflect.Type) (*kind, error) {
	k := &kind{typ: t}
	if err := p.steps(k, t, 0, t.String()); err != nil {
		return nil, err
	}
	k.plain = !k.partly && (len(k.steps) == 0 || len(k.steps) == 1 && k.steps[0].does == doCopy)
	return k, nil
}

func (p *Plan) steps(k *kind, t reflect.Type, at uintptr, name string) (err error) {
	s := step{at: at}
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		k.copied(at, t.Size())
		return nil
	case reflect.Struct:
		for i := 0; i < t.NumField() && err == nil; i++ {
			if f := t.Field(i); f.Tag.Get("image") == "-" {
				k.partly = true
			} else {
				err = p.steps(k, f.Type, at+f.Offset, name+"."+f.Name)
			}
		}
		return err
	case reflect.Array:
		for i := 0; i < t.Len() && err == nil; i++ {
			err = p.steps(k, t.Elem(), at+uintptr(i)*t.Elem().Size(), name)
		}
		return err
	case reflect.String:
		s.does = doText
	case reflect.Slice:
		s.does = doSlice
		s.of, err = p.element(t.Elem())
	case reflect.Map:
		s.does = doRefer
		s.of, err = p.thing(t)
	case reflect.Pointer:
		s.does = doRefer
		target := t.Elem()
		if o, ok := p.inside[target]; ok {
			target, s.n = o.outer, o.at
		}
		s.of, err = p.thing(target)
	default:
		return fmt.Errorf(`%s is a %s, which has no bytes: write its type in another form, or tag the field image:"-" and make it anew`, name, t.Kind())
	}
	k.steps = append(k.steps, s)
	return err
}

// element is value for what slices hold, which may hold slices of itself.
func (p *Plan) element(t reflect.Type) (*kind, error) {
	slice := reflect.SliceOf(t) // a key that no thing has
	if k := p.known[slice]; k != nil {
		return k, nil
	}
	k := &kind{typ: t}
	p.known[slice] = k
	v, err := p.value(t)
	if err == nil {
		k.steps, k.plain = v.steps, v.plain
	}
	return k, err
}

// copied adds bytes that are copied, together with those right before them.
func (k *kind) copied(at, n uintptr) {
	if i := len(k.steps) - 1; i >= 0 && k.steps[i].does == doCopy {
		if last := &k.steps[i]; at == last.at+last.n || !k.partly { // else what lies between is only filling
			last.n = at + n - last.at
			return
		}
	}
	k.steps = append(k.steps, step{does: doCopy, at: at, n: n})
}

// describe hashes all that the meaning of the bytes hangs on.
func (p *Plan) describe() (stamp [32]byte) {
	h := sha256.New()
	order := uint64(1)
	fmt.Fprintf(h, "image 1, first byte of 1 is %d, int has %d bits\n", *(*byte)(unsafe.Pointer(&order)), strconv.IntSize)
	seen := map[reflect.Type]bool{}
	var tell func(t reflect.Type)
	tell = func(t reflect.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		fmt.Fprintf(h, "%s %s %s %d\n", t.PkgPath(), t, t.Kind(), t.Size())
		switch t.Kind() {
		case reflect.Struct:
			for i := range t.NumField() {
				f := t.Field(i)
				fmt.Fprintf(h, ". %s %d %s %s\n", f.Name, f.Offset, f.Type, f.Tag)
				if f.Tag.Get("image") != "-" {
					tell(f.Type)
				}
			}
		case reflect.Map:
			tell(t.Key())
			tell(t.Elem())
		case reflect.Array, reflect.Slice, reflect.Pointer:
			if f, ok := p.forms[t.Elem()]; ok {
				fmt.Fprintf(h, "%s as %s\n", t.Elem(), f.as)
				tell(f.as)
				return
			}
			tell(t.Elem())
		}
	}
	tell(p.kinds[0].typ)
	return [32]byte(h.Sum(nil))
}
