// Package local is the device's own store: what the device has been told (rows),
// what it has asked and is waiting for (the outbox), and who it is.
package local

import (
	"errors"

	"yizhan/core/op"
	"yizhan/core/scope"
)

// Row is one line of a table in its newest version. Bodies are CBOR of the row
// types of core/wire; a table or field from a newer server is kept untouched.
type Row struct {
	Scope string // that it came in; empty for the device's own, and from a server that names none
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

// Chunk is a piece of a checkpoint that is to be stored and not to be seen yet.
type Chunk struct {
	Rows  []Row    // new versions
	Gone  []Row    // removed rows (Body is not read)
	Fresh []string // scopes that begin anew: they are not held until they are taken; what is staged of them goes at once, what is in view then
}

// Checkpoint takes everything that the device holds to one journal Seq. Its parts
// count in the order in which they stand here from Reset on, then Gone and Rows;
// those of scopes that are not held then are staged.
type Checkpoint struct {
	To      uint64   // cursor after it
	Acked   uint64   // last op number of this device that the rows contain
	Rows    []Row    // new versions
	Gone    []Row    // removed rows (Body is not read)
	Back    bool     // the server was restored: the cursor and Acked may go back, and every scope that is held begins anew
	Reset   bool     // forget whatever the server ever sent, scopes and staged rows too
	Drop    []string // scopes that are not held any more: their rows, staged ones too, go; "" are rows of a server that names none
	Fresh   []string // as in Chunk
	Take    []string // scopes that are held from now on
	Staged  bool     // what is staged of held scopes comes into view
	Replace []Bucket // rows to remove before those of this checkpoint come
}

// Bucket is the rows of a scope that are in one sub-sum of its state hash.
type Bucket struct {
	Scope  string
	Number byte
}

// Held is what a device holds of scopes.
type Held struct {
	Scopes []string // at the cursor, in order of name
	Staged []Staged // in order of scope
	Legacy bool     // there are rows of a server that names no scopes, in view or staged
}

// Staged is the newest row (Scope, Seq, Table, ID) that is stored and not in view; Seq is 0 where a
// scope has begun anew and there is none yet.
type Staged struct {
	Scope string
	scope.Position
	Fresh bool // since the scope's beginning, not since the cursor
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
	// Answer stores results for queued ops, and newer ones for those that are kept;
	// unknown numbers are ignored.
	Answer(results map[uint64][]byte) error
	// Kept gives at most n answered ops from number `from` on, oldest first: those in
	// the outbox, and those that left it. The last KeptOps ops are kept, so that a
	// server that was restored from a backup can be told what it has answered.
	Kept(from uint64, n int) ([]Queued, error)
	// Apply brings rows, cursor and acked op number to a checkpoint, or does nothing.
	// Acked ops that have a result leave the outbox, and are kept. Without Reset, a To before the
	// cursor is ErrStale. Rows that the device made itself (Seq 0) stay in any case.
	Apply(c Checkpoint) error
	// Stage keeps a chunk out of sight until a checkpoint takes its scopes into view.
	Stage(c Chunk) error
	// Held says which scopes there are and how far they are staged.
	Held() (Held, error)
	// Sums adds up the rows of every scope, as they are stored now.
	Sums() (map[string]*scope.Sums, error)
	// State gives the cursor, and number and hash of the last op ever queued.
	State() (State, error)
	// Queue gives the ops still in the outbox, oldest first: waiting ones, and answered ones that no checkpoint contains yet.
	Queue() ([]Queued, error)
	// First gives the number of the oldest op in the outbox; of the next one that will be queued where it is empty.
	First() (uint64, error)
	// Get reads one row; ok is false if there is none. Where several scopes have it, the newest is the one.
	Get(table, id string) (r Row, ok bool, err error)
	// Rows gives a table in order of id, each row once as Get does.
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
