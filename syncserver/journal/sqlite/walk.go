package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"yizhan/syncserver/journal"
)

// Page types of SQLite's file format.
const (
	interior = 0x05
	leaf     = 0x0d
)

// rootPage is the root of table batch; page 1 is the schema.
const rootPage = 2

// walker goes through every page of a journal and accounts for every byte: it
// belongs to a batch that the hash chain covers, or to a structure that can have
// only one value, or it is zero.
type walker struct {
	file   io.ReaderAt
	length int64 // of the file
	size   int   // of a page
	log    *wal
	fresh  []byte // page 1 of a new journal
	tell   func(Finding)

	pages uint32
	used  []bool       // by page: something refers to it
	head  journal.Head // of what was walked so far
	below bool         // looking at the file below the log
}

// walk reads the whole journal.
func (w *walker) walk() {
	if w.pages = w.log.pages; w.pages == 0 {
		w.pages = uint32(w.length / int64(w.size))
	}
	w.used, w.head = make([]bool, w.pages+1), journal.Empty
	// With a log, the file may be shorter, and end in half a page if a checkpoint was cut off.
	if over := w.length - int64(w.pages)*int64(w.size); over > 0 {
		w.tell(Finding{Offset: w.length, What: fmt.Sprintf("the file has %d bytes, which is not what its %d pages take", w.length, w.pages)})
	}
	if p := w.take(1); p != nil {
		w.first(p)
	}
	w.tree(rootPage)
	for n := uint32(1); n <= w.pages; n++ {
		switch {
		case w.used[n]:
		case n == w.lockPage():
			if p := w.page(n); p != nil {
				w.zero(n, p, 0, len(p))
			}
		default:
			w.found(n, 0, "the page belongs to nothing")
		}
	}
}

// lockPage is the page that SQLite leaves out because locks are put on its bytes.
func (w *walker) lockPage() uint32 { return uint32(1<<30/w.size) + 1 }

// page reads a page as it is after the last commit.
func (w *walker) page(n uint32) []byte {
	if frame, ok := w.log.newest[n]; ok {
		return w.log.page(frame, w.size)
	}
	return w.stored(n)
}

// stored reads a page of the file, whatever the log says.
func (w *walker) stored(n uint32) []byte {
	p := make([]byte, w.size)
	if _, err := w.file.ReadAt(p, int64(n-1)*int64(w.size)); err != nil {
		w.found(n, 0, "the page cannot be read: "+err.Error())
		return nil
	}
	return p
}

// take reads a page that something refers to; nil if that cannot be right.
func (w *walker) take(n uint32) []byte {
	if n < 1 || n > w.pages {
		w.tell(Finding{What: fmt.Sprintf("page %d is referred to and does not exist", n), Batch: w.head.Number})
		return nil
	}
	if w.used[n] {
		w.found(n, 0, "two places refer to the page")
		return nil
	}
	w.used[n] = true
	return w.page(n)
}

// first checks page 1 against that of a new journal, and the counters in which they may differ.
func (w *walker) first(p []byte) {
	for i := range p {
		counter := i >= 24 && i < 32 || i >= 92 && i < 100
		if !counter && (i >= len(w.fresh) || p[i] != w.fresh[i]) {
			w.found(1, i, "the header or schema is not that of a journal")
			return
		}
	}
	number := func(at int) uint32 { return binary.BigEndian.Uint32(p[at:]) }
	switch {
	case number(24) != number(92):
		w.found(1, 24, "the change counter and its copy at 92 differ")
	case number(28) > w.pages || number(28) < w.pages && !w.below:
		w.found(1, 28, fmt.Sprintf("the header counts %d pages and there are %d", number(28), w.pages))
	case !slices.Contains(writers, number(96)):
		w.found(1, 96, fmt.Sprintf("SQLite %d, which is said to have written the file, never did", number(96)))
	}
}

// tree walks page n of the table and what is below it.
func (w *walker) tree(n uint32) {
	p := w.take(n)
	if p == nil {
		return
	}
	switch p[0] {
	case interior:
		for _, cell := range w.split(n, p) {
			child := binary.BigEndian.Uint32(cell)
			w.tree(child)
			if key, _ := varint(cell[4:]); key != w.head.Number {
				w.found(n, 0, fmt.Sprintf("the page says that page %d ends with batch %d and it ends with %d", child, key, w.head.Number))
			}
		}
		w.tree(binary.BigEndian.Uint32(p[8:]))
	case leaf:
		for _, cell := range w.split(n, p) {
			w.batch(n, cell)
		}
	default:
		w.found(n, 0, fmt.Sprintf("the page has type %d, which a journal does not use", p[0]))
	}
}

// split gives the cells of a table page in the order of their keys, having
// checked that header, pointers, unused space and cells take every byte of it.
func (w *walker) split(n uint32, p []byte) [][]byte {
	header := headerLength(p)
	count := int(binary.BigEndian.Uint16(p[3:]))
	content := int(binary.BigEndian.Uint16(p[5:]))
	gap := header + 2*count
	if gap > content || content > w.size {
		w.found(n, 3, "the page's count of rows or its start of content is wrong")
		return nil
	}
	loose := w.rearranged(n, p)
	cells := make([][]byte, 0, count)
	end := w.size
	for i := range count {
		start := int(binary.BigEndian.Uint16(p[header+2*i:]))
		length := 0
		if start >= content && start < w.size {
			length = w.cellLength(p[0], p[start:])
		}
		if length == 0 || start+length > w.size || start+length != end && !loose {
			w.found(n, header+2*i, fmt.Sprintf("row %d of the page does not lie where it should", i))
			return nil
		}
		cells = append(cells, p[start:start+length])
		end = start
	}
	if !loose {
		w.zero(n, p, gap, content)
		if p[1] != 0 || p[2] != 0 || p[7] != 0 || end != content {
			w.found(n, 1, "the page has free space between its rows, and nothing is ever deleted")
		}
	}
	return cells
}

// rearranged reports whether SQLite may have moved rows between this page and its
// neighbours, which leaves scraps in the unused space of both: it does so with
// interior pages as soon as there are two levels of them, never with leaf pages,
// because batches are only ever added at the end.
func (w *walker) rearranged(n uint32, p []byte) bool {
	if p[0] == leaf || n != rootPage {
		return p[0] == interior
	}
	child := binary.BigEndian.Uint32(p[8:])
	if child < 1 || child > w.pages {
		return false
	}
	below := w.page(child)
	return below != nil && below[0] == interior
}

// cellLength gives the length of the cell that c starts with, 0 if there is none.
func (w *walker) cellLength(kind byte, c []byte) int {
	if kind == interior {
		if len(c) < 5 {
			return 0
		}
		if _, n := varint(c[4:]); n > 0 {
			return 4 + n
		}
		return 0
	}
	length, a := varint(c)
	_, b := varint(c[a:])
	if a == 0 || b == 0 || length > maxRecord {
		return 0
	}
	local := w.local(int(length))
	if local < int(length) {
		local += 4
	}
	return a + b + local
}

// local is how much of a record stays in the leaf page, by SQLite's format.
func (w *walker) local(length int) int {
	least := (w.size-12)*32/255 - 23
	if length <= w.size-35 {
		return length
	}
	if k := least + (length-least)%(w.size-4); k <= w.size-35 {
		return k
	}
	return least
}

// batch checks one row and its place in the chain.
func (w *walker) batch(n uint32, cell []byte) {
	length, a := varint(cell)
	key, b := varint(cell[a:])
	record := cell[a+b:]
	if local := w.local(int(length)); local < int(length) {
		next := binary.BigEndian.Uint32(record[local:])
		record = w.overflow(key, next, append(make([]byte, 0, length), record[:local]...))
	}
	batch, err := decodeRecord(key, record)
	if err == nil {
		err = w.head.Follows(batch)
	}
	if err != nil {
		if errors.Is(err, errRecord) { // its numbers mean nothing: take it for the batch that should be here
			batch = journal.Batch{Number: key, First: w.head.Next}
		}
		f := w.place(n, 0, err.Error())
		f.Batch, f.First, f.Last = batch.Number, batch.First, batch.First+uint64(max(batch.Count, 1))-1
		w.tell(f)
	}
	w.head = journal.Behind(batch)
}

// overflow adds the rest of a record, up to the capacity of its start.
func (w *walker) overflow(key uint64, n uint32, record []byte) []byte {
	for len(record) < cap(record) {
		p := w.take(n)
		if p == nil {
			return record
		}
		used := min(cap(record)-len(record), w.size-4)
		record = append(record, p[4:4+used]...)
		next := binary.BigEndian.Uint32(p)
		if len(record) == cap(record) {
			w.zero(n, p, 4+used, w.size)
			if next != 0 {
				w.found(n, 0, fmt.Sprintf("batch %d ends here and the page names a next one", key))
			}
		}
		n = next
	}
	return record
}

// zero checks unused space.
func (w *walker) zero(n uint32, p []byte, from, to int) {
	for i := from; i < to; i++ {
		if p[i] != 0 {
			w.found(n, i, "unused space is not zero")
			return
		}
	}
}

// superseded checks the pages of the file of which the log holds a newer
// version: a checkpoint will write over them, but until then they are bytes of
// the file. Such a page is a version that the log has too, or an older one, or,
// if a checkpoint was cut off, a mixture.
func (w *walker) superseded() {
	w.below = true
	for n, frame := range w.log.newest {
		if int64(n)*int64(w.size) > w.length {
			continue
		}
		p, newest := w.stored(n), w.log.page(frame, w.size)
		same := func(frame int) bool { return bytes.Equal(p, w.log.page(frame, w.size)) }
		switch {
		case p == nil || slices.ContainsFunc(w.log.all[n], same):
		case n == 1:
			w.first(p)
		case w.rearranged(n, newest):
		default:
			w.older(n, p, newest)
		}
	}
}

// older checks that each sector of p is zero, as where the file was made longer by
// a later page, or as it is in the log, or as it was there before the last rows were
// added to the page, or some of them. The root was a leaf before the tree grew, and
// its rows are in the leftmost leaf now.
func (w *walker) older(n uint32, p, newest []byte) {
	versions := [][]byte{make([]byte, len(p)), newest}
	if newest[0] == leaf || newest[0] == interior {
		versions = append(versions, w.history(n, newest)...)
	}
	const sector = 512
	for at := 0; at < len(p); at += sector {
		same := func(v []byte) bool { return bytes.Equal(p[at:at+sector], v[at:at+sector]) }
		if !slices.ContainsFunc(versions, same) {
			w.found(n, at, "the page is no older version of the one in the log")
			return
		}
	}
}

// history gives table page q as it was with each smaller number of rows.
func (w *walker) history(n uint32, q []byte) (versions [][]byte) {
	cells := w.split(n, q)
	for count := range cells {
		versions = append(versions, shortened(q, cells, count))
	}
	if n == rootPage && q[0] == interior && len(cells) > 0 {
		if first := w.page(binary.BigEndian.Uint32(cells[0])); first != nil && first[0] == leaf {
			versions = append(append(versions, first), w.history(0, first)...)
		}
	}
	return versions
}

// shortened gives table page q as it was when it had only the first count of its
// cells: pointers grow upwards into the unused space, cells downwards.
func shortened(q []byte, cells [][]byte, count int) []byte {
	v := make([]byte, len(q))
	pointers := headerLength(q) + 2*count
	copy(v, q[:pointers])
	content := len(q)
	for _, c := range cells[:count] {
		content -= len(c)
	}
	copy(v[content:], q[content:])
	binary.BigEndian.PutUint16(v[3:], uint16(count))
	binary.BigEndian.PutUint16(v[5:], uint16(content))
	if q[0] == interior && count < len(cells) {
		copy(v[8:12], cells[count]) // what was the rightmost child is now a cell
	}
	return v
}

func headerLength(p []byte) int {
	if p[0] == interior {
		return 12
	}
	return 8
}

func (w *walker) found(n uint32, at int, what string) { w.tell(w.place(n, at, what)) }

// place names a byte of a page: where it lies, and the batch that was last read before it.
func (w *walker) place(n uint32, at int, what string) Finding {
	f := Finding{Page: n, Offset: int64(n-1)*int64(w.size) + int64(at), Batch: w.head.Number, What: what}
	if frame, ok := w.log.newest[n]; ok && !w.below {
		f.Frame = frame
		f.Offset = walHead + int64(frame-1)*int64(frameHead+w.size) + frameHead + int64(at)
	}
	return f
}
