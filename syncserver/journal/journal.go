// Package journal is the append-only, hash-chained sequence of entry batches: the
// truth, the audit log and the backup of a deployment. Everything else is a view
// that can be rebuilt from it.
//
// A batch is what became durable together. Batches are numbered 1, 2, 3 … and
// each hash covers the one before, so that no batch can be changed, dropped or
// exchanged without every later hash being wrong. What a body means is the
// business of core/op; the journal only keeps it.
package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"yizhan/core/op"
)

// Batch is a run of entries that became durable together. A reader owns Body.
type Batch struct {
	Number uint64   // 1, 2, 3 …
	First  uint64   // Seq of the first entry
	Count  int      // how many entries: at least 1, at most one a byte
	Body   []byte   // the entries, 1 to op.MaxBatch bytes
	Hash   [32]byte // Link of the previous batch's hash and this batch
}

// Head is where a journal stands. The head of an empty journal is Empty.
type Head struct {
	Number uint64   // of the last batch, 0 when empty
	Next   uint64   // Seq of the next entry, 1 when empty
	Hash   [32]byte // of the last batch, zero when empty
}

// Empty is the head of a journal without batches.
var Empty = Head{Next: 1}

// Journal is one open handle. Append has one caller at a time; the other methods
// may be called while it runs.
type Journal interface {
	// Append makes b durable behind batch number `after` and returns only when it
	// survives a power cut. ErrFenced: the head is not `after`, somebody else has
	// written. ErrTooLarge, ErrInvalid: b was refused. ErrFull: nothing was
	// written, and it may be tried again. After an error for which Fatal is true
	// it is unknown whether b was written.
	Append(after uint64, b Batch) error
	// Read calls fn with every batch from number `from` (0 and 1 mean the first) to
	// the head as it is when Read is called, checking the chain on the way. It
	// stops at fn's first error and returns that. ErrDamaged: a batch is missing
	// or is not what was written.
	Read(from uint64, fn func(Batch) error) error
	// Head gives where the journal stands.
	Head() (Head, error)
	// Close ends the handle; appending or reading afterwards is an error.
	Close() error
}

// Errors of every engine; they are wrapped, so compare with errors.Is.
var (
	ErrFenced   = errors.New("another writer has appended to the journal")
	ErrTooLarge = errors.New("batch is too large")
	ErrInvalid  = errors.New("batch does not fit the journal")
	ErrFull     = errors.New("disk of the journal is full: free some space")
	ErrIO       = errors.New("disk of the journal has failed: check the disk before starting again")
	ErrLocked   = errors.New("journal is in use by another server: stop that one first")
	ErrReadOnly = errors.New("journal was opened for reading only")
	ErrDamaged  = errors.New("journal is damaged")
	ErrClosed   = errors.New("journal is closed")
)

// Fatal reports whether the process has to end: after a failed write or fsync the
// kernel may have dropped the data while memory still believes in it.
func Fatal(err error) bool { return errors.Is(err, ErrIO) }

const domain = "yizhan/journal/1\x00"

// Link is the hash of batch b behind a batch whose hash is previous: SHA-256 over
// a domain prefix, previous, number, first and count (8 bytes each, big-endian)
// and body. b.Hash is not read.
func Link(previous [32]byte, b Batch) [32]byte {
	h := sha256.New()
	fixed := append(make([]byte, 0, len(domain)+32+24), domain...)
	fixed = append(fixed, previous[:]...)
	fixed = binary.BigEndian.AppendUint64(fixed, b.Number)
	fixed = binary.BigEndian.AppendUint64(fixed, b.First)
	fixed = binary.BigEndian.AppendUint64(fixed, uint64(b.Count))
	h.Write(fixed)
	h.Write(b.Body)
	return [32]byte(h.Sum(nil))
}

// Batch makes the batch that follows h and holds count entries.
func (h Head) Batch(count int, body []byte) Batch {
	b := Batch{Number: h.Number + 1, First: h.Next, Count: count, Body: body}
	b.Hash = Link(h.Hash, b)
	return b
}

// Behind gives the head of a journal that ends with b.
func Behind(b Batch) Head {
	return Head{Number: b.Number, Next: b.First + uint64(b.Count), Hash: b.Hash}
}

// Accept reports why b may not be appended behind h by a writer that believes the
// head to be `after`; engines call it before they write.
func (h Head) Accept(after uint64, b Batch) error {
	switch {
	case after != h.Number:
		return fmt.Errorf("append behind batch %d while the head is %d: %w", after, h.Number, ErrFenced)
	case len(b.Body) > op.MaxBatch:
		return fmt.Errorf("append batch %d of %d bytes, at most %d are allowed: %w", b.Number, len(b.Body), op.MaxBatch, ErrTooLarge)
	}
	if err := h.Follows(b); err != nil {
		return fmt.Errorf("append: %w: %w", err, ErrInvalid)
	}
	return nil
}

// Follows reports why b is not the next batch behind h, nil if it is.
func (h Head) Follows(b Batch) error {
	switch {
	case b.Number != h.Number+1:
		return fmt.Errorf("batch %d stands where batch %d should", b.Number, h.Number+1)
	case b.First != h.Next:
		return fmt.Errorf("batch %d begins with entry %d instead of %d", b.Number, b.First, h.Next)
	case b.Count < 1 || b.Count > len(b.Body): // an entry takes at least a byte
		return fmt.Errorf("batch %d holds %d entries in %d bytes", b.Number, b.Count, len(b.Body))
	case b.Hash != Link(h.Hash, b):
		return fmt.Errorf("batch %d (entries %d to %d) has a wrong hash", b.Number, b.First, b.First+uint64(b.Count)-1)
	}
	return nil
}
