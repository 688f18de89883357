// Package scope knows what a part of the replication is called, in which order
// parts come, and the state hash by which two sides compare what they hold.
//
// The hash is a sum: each row adds 128 bits of SHA-256, so that the order in which
// rows came does not count. It finds bugs and worn-out disks, not attackers.
package scope

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"strings"
)

// Position is a place in a scope, whose rows come in order of Seq, Table, ID.
type Position struct {
	Seq   uint64
	Table string
	ID    string
}

// After is the position behind everything up to seq.
func After(seq uint64) Position { return Position{Seq: seq + 1} }

// Less orders positions; text compares byte by byte.
func (p Position) Less(q Position) bool {
	switch {
	case p.Seq != q.Seq:
		return p.Seq < q.Seq
	case p.Table != q.Table:
		return p.Table < q.Table
	}
	return p.ID < q.ID
}

// Rank is the turn of a scope in a bootstrap: 0 is what this device or its member
// is about, 1 what everybody sees, 2 the lists that may be long.
func Rank(name string) int {
	kind, _, _ := strings.Cut(name, "/")
	switch kind {
	case "fleet", "scan", "member", "station", "lease":
		return 0
	case "public":
		return 1
	}
	return 2
}

// Sum is a sum of rows modulo 2^128, the most significant byte first.
type Sum [16]byte

// Buckets is how many sub-sums a scope has.
const Buckets = 256

// Sums are the sub-sums of a scope.
type Sums [Buckets]Sum

// Bucket is the number of the sub-sum that a row is in.
func Bucket(table, id string) byte {
	b := make([]byte, 0, room)
	return sha256.Sum256(append(append(append(b, table...), 0), id...))[0]
}

// room is enough for most rows, so that what is hashed needs no memory of its own.
const room = 512

// row is what one row adds.
func row(name, table, id string, seq uint64, body []byte) Sum {
	b := make([]byte, 0, room)
	for _, part := range []string{name, table, id} {
		b = append(append(b, part...), 0)
	}
	b = append(binary.BigEndian.AppendUint64(b, seq), body...)
	sum := sha256.Sum256(b)
	return Sum(sum[:16])
}

func (s Sum) plus(o Sum) (r Sum) {
	low, carry := bits.Add64(binary.BigEndian.Uint64(s[8:]), binary.BigEndian.Uint64(o[8:]), 0)
	high, _ := bits.Add64(binary.BigEndian.Uint64(s[:8]), binary.BigEndian.Uint64(o[:8]), carry)
	binary.BigEndian.PutUint64(r[8:], low)
	binary.BigEndian.PutUint64(r[:8], high)
	return r
}

// Add counts a row of the scope called name.
func (s *Sums) Add(name, table, id string, seq uint64, body []byte) {
	b := Bucket(table, id)
	s[b] = s[b].plus(row(name, table, id, seq, body))
}

// Total is the sum over all rows.
func (s *Sums) Total() (t Sum) {
	for _, one := range s {
		t = t.plus(one)
	}
	return t
}

// Differ gives the numbers of the sub-sums that are not the same.
func (s *Sums) Differ(o *Sums) (buckets []byte) {
	for i := range s {
		if s[i] != o[i] {
			buckets = append(buckets, byte(i))
		}
	}
	return buckets
}

// Bytes are the sub-sums one behind the other.
func (s *Sums) Bytes() []byte {
	b := make([]byte, 0, Buckets*len(Sum{}))
	for _, one := range s {
		b = append(b, one[:]...)
	}
	return b
}

// Parse reads what Bytes wrote; ok is false for any other length.
func Parse(b []byte) (s Sums, ok bool) {
	if len(b) != Buckets*len(Sum{}) {
		return s, false
	}
	for i := range s {
		copy(s[i][:], b[i*len(Sum{}):])
	}
	return s, true
}
