// Package wire is what devices and server say to each other: messages, rows,
// framing and versions. docs/PROTOCOL.md describes the same bytes in prose.
package wire

import (
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

// Versions of the protocol that this build speaks.
const (
	MinVersion = 1
	MaxVersion = 3 // since 2 the server sends Recall, and takes Differ and Credit; since 3 it takes Ask
)

// RecallVersion is the lowest version whose devices understand Recall.
const RecallVersion = 2

// ScopesVersion is the lowest version whose servers understand Differ and Credit.
const ScopesVersion = 2

// Limits of a frame and of what one device may send at once.
const (
	MaxFrame    = 1 << 20 // bytes of a message after decompression
	CompressMin = 1 << 10 // messages from this size on are compressed
	MaxOps      = 256     // ops in one batch
	MaxOp       = 64 << 10
)

// Type is the first item of every message. Numbers are frozen.
type Type uint8

// From device to server.
const (
	THello Type = 1
	TEnrol Type = 2
	TProof Type = 3
	TOps   Type = 4
)

// From server to device.
const (
	TChallenge  Type = 64
	TEnrolled   Type = 65
	TWelcome    Type = 66
	TResults    Type = 67
	TCheckpoint Type = 68
	TGauge      Type = 69
	TFault      Type = 70
)

// TWatch (device to server) names the activity on screen, whose gauges are wanted.
const TWatch Type = 5

// TSync goes both ways: the server sends it back behind a checkpoint that holds
// everything journalled when it came.
const TSync Type = 6

// TRecall (server to device) asks for bound tickets back.
const TRecall Type = 72

// TWipe (server to device) has a device that was closed send what it has not sent,
// and then erase itself; TWiped (device to server) is its receipt.
const (
	TWipe  Type = 73
	TWiped Type = 9
)

// From device to server, in answer to checkpoints.
const (
	TDiffer Type = 7
	TCredit Type = 8
)

// TRelay (from a hub to the server) hands on ops of a device that has the hub as
// its upstream, or its enrolment; TRelayed answers.
const (
	TRelay   Type = 10
	TRelayed Type = 74
)

// Message is one of the types below.
type Message interface{ Type() Type }

// Hello opens every session. The server answers with Challenge or Fault.
type Hello struct {
	Min    int       `cbor:"1,keyasint"`
	Max    int       `cbor:"2,keyasint"`
	Device id.Device `cbor:"3,keyasint,omitempty"` // empty: wants to enrol
	Nonce  []byte    `cbor:"4,keyasint,omitempty"`
	App    string    `cbor:"5,keyasint,omitempty"` // program and version, for the log
}

// Challenge is to be signed with the device's key.
type Challenge struct {
	Version    int    `cbor:"1,keyasint"`
	Deployment string `cbor:"2,keyasint"`
	Nonce      []byte `cbor:"3,keyasint"`
	Time       int64  `cbor:"4,keyasint"` // server clock, Unix milliseconds
	Key        []byte `cbor:"5,keyasint"` // server's public key; the device compares it with the one it pinned
	Signature  []byte `cbor:"6,keyasint"` // server's signature over the hello's nonce and this nonce
}

// Enrol hands in a one-use code and the public key that the device has made.
type Enrol struct {
	Code      string `cbor:"1,keyasint"`
	PublicKey []byte `cbor:"2,keyasint"`
	Signature []byte `cbor:"3,keyasint"` // over the challenge, proves that the key is the device's

	Former *Enrolled `cbor:"4,keyasint,omitempty"` // who the device was before the server forgot it (fault.Stranger)
}

// Enrolled tells the device who it is.
type Enrolled struct {
	Device  id.Device  `cbor:"1,keyasint"`
	Role    op.Role    `cbor:"2,keyasint"`
	Station id.Station `cbor:"3,keyasint,omitempty"`
	Member  id.Member  `cbor:"4,keyasint,omitempty"`
	Org     id.Org     `cbor:"5,keyasint,omitempty"`

	Upstream id.Device `cbor:"6,keyasint,omitempty"` // the hub that the device talks to instead of the server

	Supervisor bool `cbor:"7,keyasint,omitempty"` // its person may hand over against a verdict
}

// Proof answers the challenge of a device that is enrolled.
type Proof struct {
	Signature []byte `cbor:"1,keyasint"`
	Cursor    uint64 `cbor:"2,keyasint"`           // journal Seq up to which the device holds everything
	Held      *Held  `cbor:"3,keyasint,omitempty"` // nil: a device that knows nothing of scopes
	Known     *Known `cbor:"7,keyasint,omitempty"` // nil: a device that knows nothing of receipts
}

// Known is what a device remembers of the server, which may have been restored
// from a backup since.
type Known struct {
	Epoch   int    `cbor:"1,keyasint,omitempty"` // of the server when the rows came
	Receipt []byte `cbor:"2,keyasint,omitempty"` // of the newest answered op
	Stamp   []byte `cbor:"3,keyasint,omitempty"` // of the newest checkpoint that had one
}

// Held is what a device holds of its scopes.
type Held struct {
	Scopes []string `cbor:"1,keyasint"` // those that are at the cursor
	Staged []Staged `cbor:"2,keyasint,omitempty"`
	Window uint64   `cbor:"3,keyasint"` // bytes of checkpoint frames that may be on their way; Credit adds to it
}

// Staged is how far the device has a scope that it does not show yet: up to this row.
type Staged struct {
	_     struct{} `cbor:",toarray"`
	Scope string
	Seq   uint64
	Table string
	ID    string
	Fresh bool // from the scope's beginning, not from the cursor
}

// Welcome ends the handshake.
type Welcome struct {
	Time    int64  `cbor:"1,keyasint"`
	LastOp  uint64 `cbor:"2,keyasint"` // last op of this device that the server has decided
	LastSum []byte `cbor:"3,keyasint,omitempty"`
	Head    uint64 `cbor:"4,keyasint"`           // newest journal Seq
	Epoch   int    `cbor:"9,keyasint,omitempty"` // of the server: larger after each restore from a backup

	Pass []byte `cbor:"10,keyasint,omitempty"` // of a member's phone: what its rotating codes carry (core/membercode)
}

// Ops is a run of consecutive ops. Bytes are hashed as they are.
type Ops struct {
	First    uint64   `cbor:"1,keyasint"`
	Previous []byte   `cbor:"2,keyasint"` // chain hash before the first
	Ops      [][]byte `cbor:"3,keyasint"`
	Receipts [][]byte `cbor:"4,keyasint,omitempty"` // of ops that were answered before the server was restored, in their order; empty where there is none
}

// Results answers ops, in their order. A result is sent only once it is durable.
type Results struct {
	First    uint64      `cbor:"1,keyasint"`
	Results  []op.Result `cbor:"2,keyasint"`
	Receipts [][]byte    `cbor:"3,keyasint,omitempty"` // one for each result, for the server's own eyes; empty where there is none
}

// Answer is a result as a device stores it, with the receipt that proves it to the server.
type Answer struct {
	op.Result
	Receipt []byte `cbor:"32,keyasint,omitempty"`
}

// RowChange is a new version of a row, or its removal.
type RowChange struct {
	_     struct{} `cbor:",toarray"`
	Table string
	ID    string
	Seq   uint64
	Gone  bool
	Body  []byte
}

// Checkpoint brings rows, in chunks. A device that names its scopes keeps them
// aside until Last; then everything of the scopes that it holds or takes comes
// into view at once. Any other device gets no Parts, and chunks with the same
// From, To and Acked until Last.
type Checkpoint struct {
	From  uint64            `cbor:"1,keyasint"`
	To    uint64            `cbor:"2,keyasint"`
	Acked uint64            `cbor:"3,keyasint"`
	Rows  []RowChange       `cbor:"4,keyasint,omitempty"`
	Reset bool              `cbor:"5,keyasint,omitempty"` // first chunk of a bootstrap without Parts: forget all rows of the server
	Last  bool              `cbor:"6,keyasint,omitempty"`
	Time  int64             `cbor:"7,keyasint"` // server clock: "data as of"
	Parts []Part            `cbor:"8,keyasint,omitempty"`
	Take  []string          `cbor:"9,keyasint,omitempty"`  // with Last: scopes that are held from now on
	Drop  []string          `cbor:"10,keyasint,omitempty"` // with Last: scopes that the device may not hold any more
	Sums  map[string][]byte `cbor:"11,keyasint,omitempty"` // with Last: state hash of scopes at To (package scope)
	More  bool              `cbor:"12,keyasint,omitempty"` // with Last: scopes are still to be taken
	Stamp []byte            `cbor:"13,keyasint,omitempty"` // with Last: the server's own proof of what its journal was up to To, for Known
}

// Part says which scope the next rows of a checkpoint are of.
type Part struct {
	_       struct{} `cbor:",toarray"`
	Scope   string
	Rows    int    // how many
	Fresh   bool   // the scope begins anew: nothing that was staged before counts, and at Last nothing that was held stays
	Buckets []byte // numbers of the sub-sums that these rows replace, with Last; empty: new versions
}

// Differ answers Sums that are not the device's own: the sub-sums of those scopes.
type Differ struct {
	Sums map[string][]byte `cbor:"1,keyasint"`
}

// Credit says that the device has stored checkpoint frames of so many bytes.
type Credit struct {
	Bytes uint64 `cbor:"1,keyasint"`
}

// Watch asks for the gauges of the activity on screen; empty stops them.
type Watch struct {
	Activity id.Activity `cbor:"1,keyasint,omitempty"`
}

// Sync asks to hear when everything journalled so far has been sent. N is the
// device's own number for the question.
type Sync struct {
	N uint64 `cbor:"1,keyasint"`
}

// Recall asks the authority over bound tickets to give up those that it has not
// handed over, or the whole station. It answers with ops (op.Release), or not.
type Recall struct {
	Tickets []Bound    `cbor:"1,keyasint,omitempty"`
	Station id.Station `cbor:"2,keyasint,omitempty"`
}

// Bound is one ticket under the epoch in which a device is its authority.
type Bound struct {
	_      struct{} `cbor:",toarray"`
	Ticket id.Ticket
	Epoch  int
}

// Gauge is the latest remaining count: at most once a second, never stored.
type Gauge struct {
	Activity id.Activity     `cbor:"1,keyasint"`
	Free     map[id.Pool]int `cbor:"2,keyasint"`
	Waiting  map[id.Pool]int `cbor:"3,keyasint,omitempty"`
	Time     int64           `cbor:"4,keyasint"`
}

// Fault says that something was not decided, or that the session ends.
type Fault struct {
	Kind   fault.Kind `cbor:"1,keyasint"`
	Detail string     `cbor:"2,keyasint,omitempty"`
	Next   uint64     `cbor:"3,keyasint,omitempty"` // Gap: the op number to send from
}

// Wipe comes instead of Welcome to a device that may do nothing any more: it sends
// its ops over Taken, is told Wipe again, and erases itself once none is left.
type Wipe struct {
	Taken     uint64 `cbor:"1,keyasint"` // ops of this session up to here are safe in the quarantine
	Signature []byte `cbor:"2,keyasint"` // server's, over an Order
}

// Wiped says that the device has erased itself. It is signed with the device's key
// before that is erased, so that it can still be sent in a later session.
type Wiped struct {
	Deployment string    `cbor:"1,keyasint"`
	Device     id.Device `cbor:"2,keyasint"`
	Nonce      []byte    `cbor:"3,keyasint"` // of the challenge in whose session the order came
	Time       int64     `cbor:"4,keyasint"` // of that challenge
	Last       uint64    `cbor:"5,keyasint"` // newest op that the device ever made
	Signature  []byte    `cbor:"6,keyasint"` // device's, over a Receipt
}

// Relay hands on what a device told its hub. With a Code it is an enrolment; without
// Ops it only asks where the device stands.
type Relay struct {
	Device    id.Device       `cbor:"1,keyasint,omitempty"`
	First     uint64          `cbor:"2,keyasint,omitempty"`
	Previous  []byte          `cbor:"3,keyasint,omitempty"` // chain hash before the first
	Ops       [][]byte        `cbor:"4,keyasint,omitempty"` // as the device sent them
	Judged    []fault.Verdict `cbor:"5,keyasint,omitempty"` // what the hub decided of each scan; 0 where it decided nothing
	Code      string          `cbor:"6,keyasint,omitempty"`
	PublicKey []byte          `cbor:"7,keyasint,omitempty"`
	Receipts  [][]byte        `cbor:"8,keyasint,omitempty"`  // as in Ops
	Wiped     *Wiped          `cbor:"9,keyasint,omitempty"`  // the device has erased itself
	Whole     bool            `cbor:"10,keyasint,omitempty"` // without ops: the server has everything that this hub accepted of the device
	Former    *Enrolled       `cbor:"11,keyasint,omitempty"` // with Code: as in Enrol
}

// Relayed answers Relay. Results are those of its first ops; a fault says why there are no more.
type Relayed struct {
	Device   id.Device   `cbor:"1,keyasint,omitempty"`
	First    uint64      `cbor:"2,keyasint,omitempty"`
	Results  []op.Result `cbor:"3,keyasint,omitempty"`
	Kind     fault.Kind  `cbor:"4,keyasint,omitempty"`
	Detail   string      `cbor:"5,keyasint,omitempty"`
	LastOp   uint64      `cbor:"6,keyasint,omitempty"` // last op of the device that the server has decided
	LastSum  []byte      `cbor:"7,keyasint,omitempty"` // chain hash after it
	Enrolled *Enrolled   `cbor:"8,keyasint,omitempty"`
	Receipts [][]byte    `cbor:"9,keyasint,omitempty"` // as in Results
}

// Type of each message.
func (Hello) Type() Type      { return THello }
func (Enrol) Type() Type      { return TEnrol }
func (Proof) Type() Type      { return TProof }
func (Ops) Type() Type        { return TOps }
func (Watch) Type() Type      { return TWatch }
func (Sync) Type() Type       { return TSync }
func (Challenge) Type() Type  { return TChallenge }
func (Enrolled) Type() Type   { return TEnrolled }
func (Welcome) Type() Type    { return TWelcome }
func (Results) Type() Type    { return TResults }
func (Checkpoint) Type() Type { return TCheckpoint }
func (Gauge) Type() Type      { return TGauge }
func (Fault) Type() Type      { return TFault }
func (Recall) Type() Type     { return TRecall }
func (Wipe) Type() Type       { return TWipe }
func (Wiped) Type() Type      { return TWiped }
func (Differ) Type() Type     { return TDiffer }
func (Credit) Type() Type     { return TCredit }
func (Relay) Type() Type      { return TRelay }
func (Relayed) Type() Type    { return TRelayed }
