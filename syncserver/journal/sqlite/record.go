package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"

	"yizhan/core/op"
	"yizhan/syncserver/journal"
)

// A row is an SQLite record: the size of a header, in it one type per column, then
// the columns. The types: 0 is NULL (the key column, which the cell keeps), 1 to
// 6 are integers, 8 and 9 are the integers 0 and 1, and even ones from 12 are blobs.

var errRecord = errors.New("the row is not one that SQLite would have written")

// maxRecord is the most that a row can take.
const maxRecord = op.MaxBatch + 96

// decodeRecord reads a row, and refuses any other bytes than the ones that
// SQLite would write for it, so that every bit of it counts.
func decodeRecord(number uint64, record []byte) (journal.Batch, error) {
	b := journal.Batch{Number: number}
	size, n := varint(record)
	if n == 0 || size < uint64(n) || size > uint64(len(record)) {
		return b, errRecord
	}
	header, columns := record[n:size], record[size:]
	var types [5]uint64
	for i := range types {
		t, n := varint(header)
		if n == 0 {
			return b, errRecord
		}
		types[i], header = t, header[n:]
	}
	var ints [2]uint64
	for i := range ints {
		width := intWidth(types[i+1])
		if width > len(columns) {
			return b, errRecord
		}
		for _, c := range columns[:width] {
			ints[i] = ints[i]<<8 | uint64(c)
		}
		if types[i+1] == 9 {
			ints[i] = 1
		}
		columns = columns[width:]
	}
	if len(columns) < len(b.Hash) {
		return b, errRecord
	}
	b.First, b.Count = ints[0], int(ints[1])
	b.Body = columns[copy(b.Hash[:], columns):]
	if start := encodeStart(b); len(start)+len(b.Body) != len(record) || string(start) != string(record[:len(start)]) {
		return b, fmt.Errorf("batch %d: %w", number, errRecord)
	}
	return b, nil
}

// encodeStart writes a row up to its body.
func encodeStart(b journal.Batch) []byte {
	types := []byte{0}
	var columns []byte
	for _, v := range []uint64{b.First, uint64(b.Count)} {
		t := intType(v)
		types = append(types, t)
		full := binary.BigEndian.AppendUint64(nil, v)
		columns = append(columns, full[8-intWidth(uint64(t)):]...)
	}
	types = appendVarint(types, 12+2*uint64(len(b.Hash)))
	types = appendVarint(types, 12+2*uint64(len(b.Body)))
	record := append([]byte{byte(1 + len(types))}, types...)
	return append(append(record, columns...), b.Hash[:]...)
}

// intType gives the shortest type for a number that is not negative.
func intType(v uint64) byte {
	switch {
	case v <= 1:
		return byte(8 + v)
	case v < 1<<7:
		return 1
	case v < 1<<15:
		return 2
	case v < 1<<23:
		return 3
	case v < 1<<31:
		return 4
	case v < 1<<47:
		return 5
	}
	return 6
}

func intWidth(t uint64) int {
	if t < 7 {
		return [...]int{0, 1, 2, 3, 4, 6, 8}[t]
	}
	return 0
}

// varint reads SQLite's big-endian number of 7 bits a byte; n is 0 where there is
// none, or where it is longer than it need be. Nine-byte numbers do not occur here.
func varint(b []byte) (v uint64, n int) {
	for i, c := range b {
		if i == 8 || i == 0 && c == 0x80 {
			return 0, 0
		}
		v = v<<7 | uint64(c&0x7f)
		if c < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}

func appendVarint(b []byte, v uint64) []byte {
	for shift := 49; shift > 0; shift -= 7 {
		if v>>shift != 0 {
			b = append(b, byte(v>>shift)|0x80)
		}
	}
	return append(b, byte(v&0x7f))
}
