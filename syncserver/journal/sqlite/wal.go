package sqlite

import (
	"encoding/binary"
	"fmt"
)

const (
	walHead   = 32
	frameHead = 24
)

// wal is what a write-ahead log says. SQLite takes a frame with a wrong checksum
// for the end of the log and silently drops it and all that follow; here it is told.
type wal struct {
	data    []byte
	pages   uint32           // of the journal after the last commit; 0 when nothing is committed here
	frames  int              // up to the last commit
	newest  map[uint32]int   // last committed frame of a page
	all     map[uint32][]int // every committed frame of a page
	dropped int              // frames of a write that never ended, behind the last commit
}

// readWAL reads a log. tell is called with the number of the frame, its offset
// and what is wrong with it; frame 0 is the log's own header.
func readWAL(data []byte, pageSize int, tell func(frame int, offset int64, what string)) *wal {
	w := &wal{data: data, newest: map[uint32]int{}, all: map[uint32][]int{}}
	if len(data) == 0 {
		return w
	}
	if len(data) < walHead {
		tell(0, 0, fmt.Sprintf("the log has %d bytes, too few for its header", len(data)))
		return w
	}
	magic := binary.BigEndian.Uint32(data)
	order := binary.ByteOrder(binary.LittleEndian)
	if magic&1 == 1 {
		order = binary.BigEndian
	}
	sum := checksum(order, [2]uint32{}, data[:24])
	if magic&^1 != 0x377f0682 || sum != pair(data[24:]) || int(binary.BigEndian.Uint32(data[8:])) != pageSize {
		tell(0, 0, "the header of the log is wrong: SQLite would ignore the whole log")
		return w
	}
	w.scan(order, sum, pageSize, tell)
	return w
}

func (w *wal) scan(order binary.ByteOrder, sum [2]uint32, pageSize int, tell func(int, int64, string)) {
	salt := pair(w.data[16:])
	size := frameHead + pageSize
	count := (len(w.data) - walHead) / size
	pending := map[uint32][]int{}
	for i := 1; i <= count; i++ {
		offset := walHead + (i-1)*size
		f := w.data[offset : offset+size]
		page, commit := binary.BigEndian.Uint32(f), binary.BigEndian.Uint32(f[4:])
		next := checksum(order, checksum(order, sum, f[:8]), f[frameHead:])
		if pair(f[8:]) != salt || pair(f[16:]) != next {
			is := pair(f[16:])
			w.end(i, count, size, salt, func() bool { return oneByte(f, [2]uint32{next[0] - is[0], next[1] - is[1]}) }, tell)
			break
		}
		sum = next
		pending[page] = append(pending[page], i)
		w.dropped++
		if commit == 0 {
			continue
		}
		for p, frames := range pending {
			w.all[p] = append(w.all[p], frames...)
			w.newest[p] = frames[len(frames)-1]
		}
		clear(pending)
		w.pages, w.frames, w.dropped = commit, i, 0
	}
}

// end decides what a frame that does not continue the log is: the leftover of an
// earlier use of the file, a write that a killed process did not end, or damage.
func (w *wal) end(i, count, size int, salt [2]uint32, oneByte func() bool, tell func(int, int64, string)) {
	offset := walHead + (i-1)*size
	for k := count; k > i; k-- {
		f := w.data[walHead+(k-1)*size:]
		if s := pair(f[8:]); s[0] == salt[0] || s[1] == salt[1] {
			tell(i, int64(offset), fmt.Sprintf("the frame is damaged: SQLite would drop it and the %d behind it", k-i))
			return
		}
	}
	s := pair(w.data[offset+8:])
	switch {
	case s[0] != salt[0] && s[1] != salt[1]:
		// From before the log was begun anew: nobody reads it.
	case s == salt && !oneByte():
		w.dropped++
	default:
		tell(i, int64(offset), "a byte of the last frame is damaged: SQLite would drop the frame and its batch")
	}
}

// oneByte reports whether a change of a single byte explains that the checksum of
// frame f is off by delta. That tells a damaged last frame from one that a killed
// process had only begun to write. The sum is linear: a change of d in a word
// changes it by d times a vector that depends on how many steps follow. A frame
// that does not end a batch has lost nothing, unless it is that mark which changed:
// a killed process leaves behind its header the page of an earlier log, which may
// well differ in one byte only.
func oneByte(f []byte, delta [2]uint32) bool {
	ends := binary.BigEndian.Uint32(f[4:]) != 0
	explains := func(v [2]uint32) bool {
		for x := uint32(1); x != 0; x <<= 8 {
			for d := x; d>>8 < x && d != 0; d += x {
				if a, b := v[0]*d, v[1]*d; a == delta[0] && b == delta[1] || -a == delta[0] && -b == delta[1] {
					return true
				}
			}
		}
		return false
	}
	if ends && (explains([2]uint32{1, 0}) || explains([2]uint32{0, 1})) { // in the stored checksum
		return true
	}
	first, second := [2]uint32{1, 1}, [2]uint32{0, 1}         // for the two words of the last step
	for left := (len(f) - frameHead) / 8; left >= 0; left-- { // the last two words are page and mark
		if (ends || left == 0) && explains(second) || ends && explains(first) {
			return true
		}
		for _, v := range []*[2]uint32{&first, &second} {
			v[0] += v[1]
			v[1] += v[0]
		}
	}
	return false
}

// page gives the content of a frame.
func (w *wal) page(frame, pageSize int) []byte {
	at := walHead + (frame-1)*(frameHead+pageSize) + frameHead
	return w.data[at : at+pageSize]
}

func pair(b []byte) [2]uint32 {
	return [2]uint32{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}
}

// checksum is the running checksum of SQLite's log format.
func checksum(order binary.ByteOrder, s [2]uint32, b []byte) [2]uint32 {
	for ; len(b) >= 8; b = b[8:] {
		s[0] += order.Uint32(b) + s[1]
		s[1] += order.Uint32(b[4:]) + s[0]
	}
	return s
}
