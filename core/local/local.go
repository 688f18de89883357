// Package local is the device's own store: what the device has been told (rows),
// what it has asked and is waiting for (the outbox), and who it is.
package local

import (
	"errors"

	"yizhan/core/op"
)

// Row is one line of a table in its newest version. Bodies are CBOR of the row
// types of core/wire; a table or field from a newer server is kept untouched.
type Row struct {
	Table string
	ID    string
	Seq   uint64 // journal Seq that last changed it; 0 for rows that the device made itself
	Body  []byte
}

// Queued is one op in the outbox.
type Queued struct {
	Seq    uint64  // 1, 2, 3 … for this device
	Hash   op.Hash // chain hash after this op
	Bytes  []byte  // exactly what is hashed and sent
	At     int64   // when it was queued, Unix milliseconds of the device
	Result []byte  // CBOR of wire.Answer once the server answered; nil while waiting
}

// Checkpoint takes everything that the device holds to one journal Seq.
type Checkpoint struct {
	To    uint64   // cursor after it
	Acked uint64   // last op number of this device that the rows contain
	Rows  []Row    // new versions
	Gone  []Row    // removed rows (Table and ID)
	Reset []string // tables to empty first: a bootstrap
}

// Store is a device store. Every method that changes it is one transaction and
// returns only when the change survives a power cut. It is safe for concurrent use.
type Store interface {
	// Meta reads a small named value (identity, keys, clock marks); nil if absent.
	Meta(key string) ([]byte, error)
	// SetMeta writes named values together; a nil value deletes.
	SetMeta(values map[string][]byte) error
	// Append puts the next op into the outbox together with the rows that it
	// changes on this device (a "used" mark for a scanned ticket). q.Seq must be
	// last+1: ErrOrder otherwise.
	Append(q Queued, rows ...Row) error
	// Answer stores results for queued ops; unknown numbers are ignored.
	Answer(results map[uint64][]byte) error
	// Kept gives at most n answered ops from number `from` on, oldest first: those in
	// the outbox, and those that left it. The last KeptOps ops are kept, so that a
	// server that was restored from a backup can be told what it has answered.
	Kept(from uint64, n int) ([]Queued, error)
	// Apply brings rows, cursor and acked op number to a checkpoint, or does nothing.
	// Acked ops that have a result leave the outbox, and are kept. Without Reset, a To before the
	// cursor is ErrStale. Reset leaves rows that the device made itself (Seq 0).
	Apply(c Checkpoint) error
	// State gives the cursor, and number and hash of the last op ever queued.
	State() (State, error)
	// Queue gives the ops still in the outbox, oldest first: waiting ones, and answered ones that no checkpoint contains yet.
	Queue() ([]Queued, error)
	// Get reads one row; ok is false if there is none.
	Get(table, id string) (r Row, ok bool, err error)
	// Rows gives a table in order of id.
	Rows(table string) ([]Row, error)
	// Wipe erases everything, as if the store were new, and keeps only these named
	// values. Nothing of what is erased can be read from the disk afterwards.
	Wipe(keep map[string][]byte) error
	Close() error
}

// KeptOps bounds what Kept holds: about a month of a busy counter, in some 10 MB.
// It is a number and not a time, because a clock that jumped would empty it.
const KeptOps = 20_000

// State is where the device stands.
type State struct {
	Cursor uint64
	Last   uint64
	Hash   op.Hash
}

// Errors of every engine.
var (
	ErrOrder   = errors.New("op number does not follow the last one")
	ErrFull    = errors.New("device storage is full")
	ErrStale   = errors.New("checkpoint is older than what the device holds")
	ErrDamaged = errors.New("device storage is damaged")
)
