// Package plain writes and reads CBOR (RFC 8949) where nearly everything is words and
// numbers: field by field, which takes a fifth of the time that the library takes, which
// looks at the type of each field. Whoever writes gives the bytes that the library gives for
// a struct with number keys; whoever reads takes only such bytes, and is in Doubt about
// all others, which are then for the library. So nothing can be said that the library
// would refuse or understand in another way.
package plain

import "encoding/binary"

// The major type in the upper three bits of a head (§3), and values that are one byte.
const (
	majorUint, majorNegative, majorBytes, majorText, majorArray, majorMap = 0, 1 << 5, 2 << 5, 3 << 5, 4 << 5, 5 << 5

	no, yes   = 0xf4, 0xf5
	wide      = 24 // the argument stands in the byte behind the head, …
	wider     = 27 // … or in the eight behind it
	maxSimple = 23 // the largest argument that the head holds itself
)

func appendHead(b []byte, major byte, n uint64) []byte {
	switch {
	case n <= maxSimple:
		return append(b, major|byte(n))
	case n < 1<<8:
		return append(b, major|wide, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, major|wide+1), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, major|wide+2), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|wider), n)
}

// AppendUint writes an unsigned number, in its shortest form.
func AppendUint(b []byte, n uint64) []byte { return appendHead(b, majorUint, n) }

// AppendInt writes a number.
func AppendInt(b []byte, n int64) []byte {
	if n < 0 {
		return appendHead(b, majorNegative, uint64(-1-n))
	}
	return AppendUint(b, uint64(n))
}

// AppendBool writes a truth value.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, yes)
	}
	return append(b, no)
}

// AppendBytes writes a string of bytes.
func AppendBytes(b, v []byte) []byte {
	return append(appendHead(b, majorBytes, uint64(len(v))), v...)
}

// AppendText writes a word, which the caller knows to be UTF-8.
func AppendText[T ~string](b []byte, v T) []byte {
	return append(appendHead(b, majorText, uint64(len(v))), v...)
}

// AppendList writes the head of a list, whose n members are to follow.
func AppendList(b []byte, n int) []byte { return appendHead(b, majorArray, uint64(n)) }

// AppendMap writes the head of a map, whose n pairs are to follow in the order of their keys.
func AppendMap(b []byte, n int) []byte { return appendHead(b, majorMap, uint64(n)) }

// Pen writes the fields of one map behind B, in the order of their keys; of the fields
// that it names, those that are empty are left out.
type Pen struct {
	B      []byte
	at     int // of the map's head
	fields byte
}

// Map begins a map behind b.
func Map(b []byte) Pen { return Pen{B: append(b, majorMap), at: len(b)} }

// End gives all bytes; ok is false where the map has more fields than a Pen can write.
func (p *Pen) End() (b []byte, ok bool) {
	if p.fields > maxSimple {
		return nil, false
	}
	p.B[p.at] |= p.fields
	return p.B, true
}

// Key begins a field; its value is to be appended to B.
func (p *Pen) Key(key uint64) {
	p.fields++
	p.B = AppendUint(p.B, key)
}

// Uint writes a field.
func (p *Pen) Uint(key, n uint64) {
	if n != 0 {
		p.Always(key, n)
	}
}

// Always writes a field that is not left out where it is 0.
func (p *Pen) Always(key, n uint64) {
	p.Key(key)
	p.B = AppendUint(p.B, n)
}

// Int writes a field.
func (p *Pen) Int(key uint64, n int64) {
	if n != 0 {
		p.Key(key)
		p.B = AppendInt(p.B, n)
	}
}

// Bool writes a field.
func (p *Pen) Bool(key uint64, v bool) {
	if v {
		p.Key(key)
		p.B = append(p.B, yes)
	}
}

// Bytes writes a field.
func (p *Pen) Bytes(key uint64, v []byte) {
	if len(v) > 0 {
		p.Key(key)
		p.B = AppendBytes(p.B, v)
	}
}

// Text writes a field; it is no method because methods have no type parameters.
func Text[T ~string](p *Pen, key uint64, v T) {
	if v != "" {
		p.Key(key)
		p.B = AppendText(p.B, v)
	}
}

// Texts writes a field, a list of words.
func (p *Pen) Texts(key uint64, all []string) { List(p, key, all, AppendText[string]) }

// Blobs writes a field, a list of strings of bytes.
func (p *Pen) Blobs(key uint64, all [][]byte) { List(p, key, all, AppendBytes) }

// List writes a field, a list of what one appends.
func List[T any](p *Pen, key uint64, all []T, one func(b []byte, v T) []byte) {
	if len(all) == 0 {
		return
	}
	p.Key(key)
	p.B = AppendList(p.B, len(all))
	for _, v := range all {
		p.B = one(p.B, v)
	}
}
