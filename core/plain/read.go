package plain

import (
	"math"
	"unicode/utf8"
)

// maxMembers is how many members of a list are read here.
const maxMembers = 16384

// Eye reads from the front of B. Once it is in Doubt, what it gives means nothing, and the
// whole is for the library.
type Eye struct {
	B     []byte
	Names Names
	Doubt bool
}

// head reads a head of that major type, whose argument is as short as it can be.
func (r *Eye) head(major byte) uint64 {
	if len(r.B) == 0 || r.B[0]&0xe0 != major {
		r.Doubt = true
		return 0
	}
	n := uint64(r.B[0] & 0x1f)
	r.B = r.B[1:]
	if n <= maxSimple {
		return n
	}
	size := 1 << (n - wide)
	if n > wider || len(r.B) < size {
		r.Doubt = true
		return 0
	}
	n = 0
	for _, c := range r.B[:size] {
		n = n<<8 | uint64(c)
	}
	r.B = r.B[size:]
	r.Doubt = r.Doubt || size == 1 && n <= maxSimple || size > 1 && n>>(4*size) == 0
	return n
}

// Fields reads a map and calls field for each of its keys, which rise and are at most
// max; field reads the value.
func (r *Eye) Fields(max uint64, field func(key uint64)) {
	last := uint64(0)
	for range r.head(majorMap) {
		key := r.Small(max)
		if r.Doubt || key <= last {
			r.Doubt = true
			return
		}
		last = key
		field(key)
	}
}

// Uint reads an unsigned number.
func (r *Eye) Uint() uint64 { return r.head(majorUint) }

// Small reads a number that is at most max.
func (r *Eye) Small(max uint64) uint64 {
	n := r.Uint()
	r.Doubt = r.Doubt || n > max
	return n
}

// Int reads a number that is not below nought, which honest senders write none of.
func (r *Eye) Int() int { return int(r.Small(math.MaxInt)) }

// Int64 is Int for moments, which do not fit an int of every phone.
func (r *Eye) Int64() int64 { return int64(r.Small(math.MaxInt64)) }

// True reads what is only written where it is true.
func (r *Eye) True() bool {
	v := r.Bool()
	r.Doubt = r.Doubt || !v
	return v
}

// Bool reads a truth value.
func (r *Eye) Bool() bool {
	if len(r.B) == 0 || r.B[0] != yes && r.B[0] != no {
		r.Doubt = true
		return false
	}
	v := r.B[0] == yes
	r.B = r.B[1:]
	return v
}

func (r *Eye) run(major byte) []byte {
	n := r.head(major)
	if r.Doubt || n > uint64(len(r.B)) {
		r.Doubt = true
		return nil
	}
	v := r.B[:n:n]
	r.B = r.B[n:]
	return v
}

// Bytes reads a string of bytes; it is part of B.
func (r *Eye) Bytes() []byte { return r.run(majorBytes) }

// Some reads a string of bytes that is not empty; it is part of B.
func (r *Eye) Some() []byte {
	v := r.Bytes()
	r.Doubt = r.Doubt || len(v) == 0
	return v
}

// Text reads a word that Names may remember.
func (r *Eye) Text() string { return r.Names.name(r.UTF8()) }

// UTF8 reads a word that is not empty; it is part of B.
func (r *Eye) UTF8() []byte {
	v := r.run(majorText)
	r.Doubt = r.Doubt || len(v) == 0 || !utf8.Valid(v)
	return v
}

// List reads the head of a list that is not empty and has at least a byte for each of its members.
func (r *Eye) List() int { return r.many(majorArray) }

// Map reads the head of a map that is not empty, in the same way.
func (r *Eye) Map() int { return r.many(majorMap) }

func (r *Eye) many(major byte) int {
	n := r.head(major)
	if n == 0 || n > uint64(len(r.B)) || n > maxMembers {
		r.Doubt = true
		return 0
	}
	return int(n)
}

// Row reads the head of a list of exactly n members.
func (r *Eye) Row(n int) {
	r.Doubt = r.Doubt || r.List() != n
}

// Texts reads a list of words.
func (r *Eye) Texts() []string {
	all := make([]string, r.List())
	for i := range all {
		all[i] = r.Text()
	}
	return all
}

// Blobs reads a list of strings of bytes; they are parts of B.
func (r *Eye) Blobs() [][]byte {
	all := make([][]byte, r.List())
	for i := range all {
		all[i] = r.Bytes()
	}
	return all
}

// Names are words that were read lately: the same few organisations and activities
// stand in most entries of a journal, and each is to lie in memory once. Nil remembers nothing.
type Names []string

func (n Names) name(v []byte) string {
	if n == nil {
		return string(v)
	}
	hash := uint32(2166136261) // FNV-1a
	for _, c := range v {
		hash = (hash ^ uint32(c)) * 16777619
	}
	slot := &n[(hash^hash>>16)%uint32(len(n))]
	if *slot != string(v) {
		*slot = string(v)
	}
	return *slot
}
