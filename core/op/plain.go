package op

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
)

// Nearly every entry of a journal holds only words and numbers. Those are written and
// read here, field by field, which takes a fifth of the time that the library takes,
// which looks at the type of each field. The bytes are the library's, and whatever is
// not quite as it would have written it is left to the library.

// CBOR (RFC 8949 §3): the major type in the upper three bits of a head.
const (
	majorUint, majorNegative, majorBytes, majorText, majorArray, majorMap = 0, 1 << 5, 2 << 5, 3 << 5, 4 << 5, 5 << 5

	yes       = 0xf5
	wide      = 24 // the argument stands in the byte behind the head, …
	wider     = 27 // … or in the eight behind it
	maxSimple = 23 // the largest argument that the head holds itself
)

// plain reports whether e holds only what this file knows. A field that is new in
// Entry is to be asked about here; until then it does no harm in entries of other kinds.
func (e *Entry) plain() bool {
	switch e.Kind {
	case Ticked, Claimed, Promoted, Released, Lapsed, Redeemed, Scanned, CheckedIn, TaskMade, Reminded, Moved, NotDrawn, GivenUp:
		return e.Orgs == nil && e.People == nil && e.Stations == nil && e.Spec == nil && e.Number == 0 && e.Revision == 0 && e.Enrolment == nil &&
			e.Result == nil && e.Seed == "" && e.Digest == "" && e.Lease == nil && e.Kept == nil && e.Whole == nil && e.Map == nil && e.Calendar == nil
	}
	return false
}

// pen writes the fields of one map that are not empty.
type pen struct {
	b      []byte
	fields byte
}

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

// AppendUint writes an unsigned number as CBOR, in its shortest form.
func AppendUint(b []byte, n uint64) []byte { return appendHead(b, majorUint, n) }

func appendInt(b []byte, n int64) []byte {
	if n < 0 {
		return appendHead(b, majorNegative, uint64(-1-n))
	}
	return AppendUint(b, uint64(n))
}

func (p *pen) key(key uint64) {
	p.fields++
	p.b = AppendUint(p.b, key)
}

func (p *pen) uint(key, n uint64) {
	if n != 0 {
		p.key(key)
		p.b = AppendUint(p.b, n)
	}
}

func (p *pen) int(key uint64, n int64) {
	if n != 0 {
		p.key(key)
		p.b = appendInt(p.b, n)
	}
}

func (p *pen) bool(key uint64, v bool) {
	if v {
		p.key(key)
		p.b = append(p.b, yes)
	}
}

func (p *pen) bytes(key uint64, v []byte) {
	if len(v) > 0 {
		p.key(key)
		p.b = append(appendHead(p.b, majorBytes, uint64(len(v))), v...)
	}
}

// text is no method because methods have no type parameters.
func text[T ~string](p *pen, key uint64, v T) {
	if v != "" {
		p.key(key)
		p.b = append(appendHead(p.b, majorText, uint64(len(v))), v...)
	}
}

func (p *pen) taken(key uint64, taken []Taken) {
	if len(taken) == 0 {
		return
	}
	p.key(key)
	p.b = appendHead(p.b, majorArray, uint64(len(taken)))
	for _, t := range taken {
		p.b = appendInt(appendInt(appendInt(append(p.b, majorArray|3), int64(t.Part)), int64(t.From)), int64(t.N))
	}
}

// writePlain appends a plain entry to w; false, and nothing is written, where it is
// one for the library.
func writePlain(w *bytes.Buffer, e *Entry) bool {
	if !e.plain() {
		return false
	}
	p := pen{b: append(w.AvailableBuffer(), majorMap)}
	p.key(1)
	p.b = appendHead(p.b, majorUint, uint64(e.Kind))
	p.int(2, e.At)
	text(&p, 3, e.Device)
	p.uint(4, e.DevSeq)
	p.bytes(5, e.Chain)
	text(&p, 6, e.Member)
	text(&p, 7, e.Org)
	text(&p, 8, e.Activity)
	text(&p, 9, e.Pool)
	p.int(10, int64(e.Seats))
	p.taken(11, e.Taken)
	p.uint(12, uint64(e.Outcome))
	p.uint(13, uint64(e.Code))
	p.int(14, int64(e.Place))
	p.uint(15, uint64(e.Ticket))
	text(&p, 16, e.Station)
	p.int(17, int64(e.Epoch))
	p.uint(18, uint64(e.Verdict))
	text(&p, 19, e.Word)
	p.int(20, e.DeviceAt)
	p.bool(21, e.Override)
	p.bool(22, e.Out)
	text(&p, 23, e.Reason)
	text(&p, 24, e.By)
	p.uint(25, uint64(e.Channel))
	if len(e.Parts) > 0 {
		p.key(26)
		p.b = appendHead(p.b, majorArray, uint64(len(e.Parts)))
		for _, n := range e.Parts {
			p.b = appendInt(p.b, int64(n))
		}
	}
	p.bool(27, e.Guest)
	p.bool(28, e.Blocked)
	p.uint(43, e.LeaseID)
	text(&p, 46, e.Authority)
	p.uint(53, e.About)
	p.bool(54, e.Handled)
	if p.fields > maxSimple {
		return false
	}
	p.b[0] |= p.fields
	w.Write(p.b)
	return true
}

// eye reads the bytes of one entry. doubt means that they are for the library.
type eye struct {
	b     []byte
	names names
	held  *[]byte // where bytes that are kept for long lie side by side
	doubt bool
}

// head reads a head of that major type, whose argument is as short as it can be.
func (r *eye) head(major byte) uint64 {
	if len(r.b) == 0 || r.b[0]&0xe0 != major {
		r.doubt = true
		return 0
	}
	n := uint64(r.b[0] & 0x1f)
	r.b = r.b[1:]
	if n <= maxSimple {
		return n
	}
	size := 1 << (n - wide)
	if n > wider || len(r.b) < size {
		r.doubt = true
		return 0
	}
	n = 0
	for _, c := range r.b[:size] {
		n = n<<8 | uint64(c)
	}
	r.b = r.b[size:]
	r.doubt = r.doubt || size == 1 && n <= maxSimple || size > 1 && n>>(4*size) == 0
	return n
}

// small reads a number that is at most max.
func (r *eye) small(max uint64) uint64 {
	n := r.head(majorUint)
	r.doubt = r.doubt || n > max
	return n
}

func (r *eye) int() int64 {
	if len(r.b) > 0 && r.b[0]&0xe0 == majorNegative {
		r.doubt = true // what no honest entry holds
	}
	return int64(r.small(1<<63 - 1))
}

func (r *eye) bool() bool {
	if len(r.b) == 0 || r.b[0] != yes {
		r.doubt = true
		return false
	}
	r.b = r.b[1:]
	return true
}

// run reads a string of bytes that is not empty.
func (r *eye) run(major byte) []byte {
	n := r.head(major)
	if r.doubt || n == 0 || n > uint64(len(r.b)) {
		r.doubt = true
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *eye) text() string { return r.names.name(r.utf8()) }

func (r *eye) utf8() []byte {
	v := r.run(majorText)
	r.doubt = r.doubt || !utf8.Valid(v)
	return v
}

// list reads the head of a list that is not empty and has at least a byte for each of its members.
func (r *eye) list() uint64 {
	n := r.head(majorArray)
	if n == 0 || n > uint64(len(r.b)) || n > maxElements {
		r.doubt = true
		return 0
	}
	return n
}

func (r *eye) taken() []Taken {
	all := make([]Taken, r.list())
	for i := range all {
		r.doubt = r.doubt || r.head(majorArray) != 3
		all[i] = Taken{Part: int(r.int()), From: int(r.int()), N: int(r.int())}
	}
	return all
}

// readPlain reads the plain entry at the front of b into e, which is empty; false
// where it is one for the library.
func (d *Decoder) readPlain(b []byte, e *Entry) (rest []byte, ok bool) {
	r := eye{b: b, names: d.names, held: &d.held}
	last := uint64(0)
	for range r.head(majorMap) {
		key := r.small(54)
		if r.doubt || key <= last {
			return nil, false
		}
		last = key
		r.field(key, e)
	}
	return r.b, !r.doubt && e.Kind != 0
}

func (r *eye) field(key uint64, e *Entry) {
	switch key {
	case 1:
		e.Kind = EntryKind(r.small(255))
	case 2:
		e.At = r.int()
	case 3:
		e.Device = id.Device(r.utf8()) // of too many to remember
	case 4:
		e.DevSeq = r.head(majorUint)
	case 5:
		e.Chain = bytes.Clone(r.run(majorBytes))
	case 6:
		e.Member = id.Member(r.utf8())
	case 7:
		e.Org = id.Org(r.text())
	case 8:
		e.Activity = id.Activity(r.text())
	case 9:
		e.Pool = id.Pool(r.text())
	case 10:
		e.Seats = int(r.int())
	case 11:
		e.Taken = r.taken()
	case 12:
		e.Outcome = Outcome(r.small(255))
	case 13:
		e.Code = fault.Code(r.small(255))
	case 14:
		e.Place = int(r.int())
	case 15:
		e.Ticket = id.Ticket(r.head(majorUint))
	case 16:
		e.Station = id.Station(r.text())
	case 17:
		e.Epoch = int(r.int())
	case 18:
		e.Verdict = fault.Verdict(r.small(255))
	default:
		r.rarer(key, e)
	}
}

func (r *eye) rarer(key uint64, e *Entry) {
	switch key {
	case 19:
		e.Word = r.text()
	case 20:
		e.DeviceAt = r.int()
	case 21:
		e.Override = r.bool()
	case 22:
		e.Out = r.bool()
	case 23:
		e.Reason = r.text()
	case 24:
		e.By = r.text()
	case 25:
		e.Channel = Channel(r.small(255))
	case 26:
		e.Parts = make([]int, r.list())
		for i := range e.Parts {
			e.Parts[i] = int(r.int())
		}
	case 27:
		e.Guest = r.bool()
	case 28:
		e.Blocked = r.bool()
	case 33:
		e.People = make([]member.Person, r.list())
		for i := range e.People {
			r.person(&e.People[i])
		}
	case 43:
		e.LeaseID = r.head(majorUint)
	case 46:
		e.Authority = id.Device(r.text())
	case 53:
		e.About = r.head(majorUint)
	case 54:
		e.Handled = r.bool()
	default:
		r.doubt = true
	}
}

// person reads one of the people of an import, of which a city has millions.
func (r *eye) person(p *member.Person) {
	last := uint64(0)
	for range r.head(majorMap) {
		key := r.small(10)
		if r.doubt || key <= last {
			r.doubt = true
			return
		}
		switch last = key; key {
		case 1:
			p.ID = id.Member(r.utf8())
		case 2:
			p.Org = id.Org(r.text())
		case 3:
			p.Sex = r.text()
		case 4:
			p.Birth = r.text()
		case 5:
			p.Tags = make([]string, r.list())
			for i := range p.Tags {
				p.Tags[i] = r.text()
			}
		case 6:
			p.Children = int(r.int())
		case 7:
			p.LivesIn = id.Org(r.text())
		case 8:
			p.Barred = r.bool()
		case 9:
			p.Digest = r.hold(r.run(majorBytes))
		case 10:
			p.Sealed = r.hold(r.run(majorBytes))
		}
	}
}

// hold copies bytes to behind others.
func (r *eye) hold(v []byte) []byte {
	if cap(*r.held)-len(*r.held) < len(v) {
		*r.held = make([]byte, 0, max(16<<10, len(v)))
	}
	n := len(*r.held)
	*r.held = append(*r.held, v...)
	return (*r.held)[n:len(*r.held):len(*r.held)]
}

// names are words that were read lately: the same few organisations and activities
// stand in most entries, and each is to lie in memory once. Nil remembers nothing.
type names []string

func (n names) name(v []byte) string {
	if n == nil {
		return string(v)
	}
	hash := uint32(2166136261) // FNV-1a
	for _, c := range v {
		hash = (hash ^ uint32(c)) * 16777619
	}
	slot := &n[int(hash^hash>>16)%len(n)]
	if *slot != string(v) {
		*slot = string(v)
	}
	return *slot
}
