// Package replica is the device's half of the protocol as a state machine without
// I/O: frames and wishes go in, effects come out, in the order in which they have
// to be carried out. One Session lives as long as one connection; what outlives
// it is in the device's store, so that a failed effect needs no undoing: drop the
// session, and begin the next one from the store.
package replica

import (
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

// Names in the meta table of a device's store.
const (
	MetaKey        = "device.key"      // private key, PKCS #8 PEM
	MetaIdentity   = "device.identity" // CBOR of wire.Enrolled
	MetaServer     = "server.key"      // public key that was pinned at enrolment
	MetaDeployment = "server.deployment"
	MetaAddress    = "server.address" // where the invitation said that it is; absent where it did not
	MetaPass       = "member.pass"    // of a member's phone: wire.Welcome.Pass of the newest session
	MetaReceipt    = "wiped.receipt"  // CBOR of Farewell: the device was wiped, and the server may not know it yet
)

// TableReplica holds one row of ours, MarkID, with a Mark: it changes in the same
// transaction as the rows that it is about.
const (
	TableReplica = "replica"
	MarkID       = "mark"
)

// Mark is what the replica remembers beside the cursor.
type Mark struct {
	Base  uint64  `cbor:"1,keyasint,omitempty"` // newest op that left the outbox
	Hash  op.Hash `cbor:"2,keyasint,omitempty"` // chain hash after it
	Acked uint64  `cbor:"3,keyasint,omitempty"` // newest op that the rows contain
	Time  int64   `cbor:"5,keyasint,omitempty"` // server clock of the last checkpoint, Unix milliseconds; key 4 was a list of tables
	Epoch int     `cbor:"6,keyasint,omitempty"` // of the server that the rows came from
	Stamp []byte  `cbor:"7,keyasint,omitempty"` // of the newest checkpoint that had one: proves to the server what these rows are of
}

// Saved is what the device's store holds when a session begins.
type Saved struct {
	Identity   wire.Enrolled
	Key        seal.Private
	Server     []byte // pinned public key
	Deployment string
	State      local.State
	Queue      []local.Queued
	Mark       Mark
	Held       local.Held
	Receipt    []byte // of the newest answered op
}

// Limits of a session.
const (
	maxBatch      = 512 << 10        // bytes of ops in one message
	creditStep    = 128 << 10        // bytes of checkpoints that are stored before the server hears of it
	maxGaps       = 3                // gaps in a row before the session is given up
	handshakeTime = 20 * time.Second // from Open to Welcome
	answerTime    = 60 * time.Second // from Ops to Results
	firstRest     = 500 * time.Millisecond
	longestRest   = 30 * time.Second
)

// creditWindow is how many bytes of checkpoints may be on their way: the largest
// frame, and what may be stored without having been told.
const creditWindow = wire.MaxRead + creditStep

// phase is how far a session is.
type phase uint8

const (
	closed phase = iota // not opened yet, or over
	greeting
	proving
	live
	parting // the server is shown that the history here is another one
	wiping  // the server takes what is left, and then wants us gone
	leaving // erased; the receipt is on its way
)

// Session is the device's half of one connection. It is not safe for concurrent use.
type Session struct {
	codec *wire.Codec
	saved Saved
	app   string

	phase    phase
	hello    []byte // nonce
	binding  []byte
	signed   wire.Transcript // what our proof was over
	receipt  wire.Wiped
	at       time.Duration // since the connection was made, as last told
	deadline time.Duration // 0: none

	queue    []local.Queued         // outbox, oldest first; answered ops without bytes
	pending  map[uint64]bool        // answered ops whose real answer is still to come (op.Pending)
	early    map[uint64]wire.Answer // answers of a hub that came before the one which says that they will come late
	answered uint64                 // newest answered op
	taken    uint64                 // while wiping: newest op in the server's quarantine
	last     uint64                 // newest op
	flying   int                    // ops in flight, from answered+1 on
	resting  bool                   // the server is busy: send again at deadline
	rest     time.Duration
	gaps     int

	epoch  int          // of the server
	forgot *again       // a restored server is told what it has forgotten; nil if it has not
	parted wire.Ops     // while parting: what shows it
	why    *fault.Error // and how it was found
	held   bool         // people were told that the server has to wait

	partial *wire.Checkpoint // first chunk of an unfinished checkpoint
	size    uint64           // of the frame that is being read
	owed    uint64           // bytes of checkpoints that the server has not been told of

	watched id.Activity
	wanted  uint64 // sync point to ask for
	behind  uint64 // newest op when it was wanted: it is asked for once that is answered
	asked   uint64 // sync point asked for in this session

	out []Effect
}

// New makes the session of an enrolled device.
func New(codec *wire.Codec, app string, saved Saved) *Session {
	s := &Session{codec: codec, app: app, saved: saved, queue: saved.Queue, last: saved.State.Last, answered: saved.State.Last, pending: map[uint64]bool{}, early: map[uint64]wire.Answer{}}
	for _, q := range saved.Queue {
		if q.Result == nil {
			s.answered = q.Seq - 1
			break
		}
		s.pending[q.Seq] = IsPending(q)
	}
	return s
}

// Open begins the handshake. The nonce is 16 random bytes or more; binding is
// the TLS exporter, empty without TLS.
func (s *Session) Open(nonce, binding []byte) []Effect {
	if wrong := s.damaged(); wrong != nil {
		return []Effect{Close{Why: wrong, Final: true}}
	}
	s.phase, s.hello, s.binding, s.deadline = greeting, nonce, binding, s.at+handshakeTime
	s.send(wire.Hello{Min: wire.MinVersion, Max: wire.MaxVersion, Device: s.saved.Identity.Device, Nonce: nonce, App: s.app})
	return s.take()
}

// Frame takes a frame from the server, at a time since the connection was made.
func (s *Session) Frame(frame []byte, at time.Duration) []Effect {
	s.at = max(s.at, at)
	if s.phase == closed {
		return nil
	}
	m, err := s.codec.Decode(frame)
	if err != nil {
		s.close(asFault(err))
		return s.take()
	}
	s.size = uint64(len(frame))
	s.message(m)
	return s.take()
}

// Tick tells the session how long it has lived; call it about twice a second.
func (s *Session) Tick(at time.Duration) []Effect {
	s.at = max(s.at, at)
	switch {
	case s.phase == closed || s.deadline == 0 || s.at < s.deadline:
	case s.resting:
		s.resting, s.deadline = false, 0
		s.pump()
	default:
		s.close(fault.Errorf(fault.Internal, "server did not answer in time"))
	}
	return s.take()
}

// Appended tells the session about an op that is durable in the outbox. Ops that
// it knows already are ignored.
func (s *Session) Appended(q local.Queued) []Effect {
	if q.Seq != s.last+1 {
		return nil
	}
	s.queue, s.last = append(s.queue, q), q.Seq
	s.pump()
	if s.phase == wiping && s.flying == 0 {
		s.handIn(s.taken)
	}
	return s.take()
}

// Watch names the activity whose gauges are wanted; "" is none.
func (s *Session) Watch(a id.Activity) []Effect {
	if a != s.watched {
		s.watched = a
		if s.phase == live {
			s.send(wire.Watch{Activity: a})
		}
	}
	return s.take()
}

// Sync asks for Synced{N: n} once every op so far is answered and everything
// journalled by then is applied. n rises from call to call.
func (s *Session) Sync(n uint64) []Effect {
	if n > s.wanted {
		s.wanted, s.behind = n, s.last
		s.pump()
	}
	return s.take()
}

// Relay hands on what a device told this hub; the answer is a Relayed.
func (s *Session) Relay(m wire.Relay) []Effect {
	if s.phase == live {
		s.send(m)
	}
	return s.take()
}

// Ask asks the server about a person; the answer is a Told. known is false where
// the server is too old to be asked.
func (s *Session) Ask(m wire.Ask) (effects []Effect, known bool) {
	if s.phase != live || s.signed.Version < wire.AskVersion {
		return nil, false
	}
	s.send(m)
	return s.take(), true
}

func (s *Session) message(m wire.Message) {
	switch m := m.(type) {
	case wire.Fault:
		s.fault(m)
		return
	case wire.Challenge:
		if s.phase == greeting {
			s.challenge(m)
			return
		}
	case wire.Welcome:
		if s.phase == proving {
			s.welcome(m)
			return
		}
	case wire.Wipe:
		if s.phase == proving || s.phase == wiping {
			s.wipe(m)
			return
		}
	}
	if s.phase == parting {
		// A hub tells late answers, of the other copy's ops too: its word is a fault.
		if r, ok := m.(wire.Results); ok && s.saved.Identity.Upstream == "" && r.First+uint64(len(r.Results)) > s.parted.First {
			s.stop(s.why)
		}
		return // what the server sends meanwhile is for the other one
	}
	if s.phase != live {
		s.close(fault.Errorf(fault.BadFrame, "%T came during the handshake", m))
		return
	}
	switch m := m.(type) {
	case wire.Results:
		s.results(m)
	case wire.Checkpoint:
		s.checkpoint(m)
	case wire.Gauge:
		if m.Activity == s.watched {
			s.emit(Show{m})
		}
	case wire.Recall:
		s.emit(Recalled{m})
	case wire.Relayed:
		s.emit(Relayed{m})
	case wire.Told:
		s.emit(Told{m})
	case wire.Sync:
		if m.N <= s.asked {
			s.emit(Synced(m))
		}
	default:
		s.close(fault.Errorf(fault.BadFrame, "%T came out of turn", m))
	}
}

// fault handles what the server says it did not do.
func (s *Session) fault(f wire.Fault) {
	why := &fault.Error{Kind: f.Kind, Detail: f.Detail}
	open := s.phase == live || s.phase == parting
	switch {
	case s.phase == greeting && (f.Kind == fault.Fork || f.Kind == fault.RevokedDevice || f.Kind == fault.Stranger):
		// Anybody can answer a connection: only our server may say what becomes of this device.
		s.close(fault.Errorf(fault.BadFrame, "fault %s came before the server had shown who it is: %s", f.Kind, f.Detail))
	case f.Kind == fault.Frozen && open:
		s.frozen(why)
		s.pause()
	case f.Kind == fault.Busy && open:
		s.pause()
	case f.Kind == fault.Gap && s.phase == live:
		s.resend(f)
	case f.Kind == fault.RevokedDevice && s.phase == leaving:
		s.recorded(why)
	case f.Kind == fault.RevokedDevice && open, f.Kind == fault.Fork && open && s.saved.Identity.Upstream == "":
		s.close(why) // the next session begins with the order to wipe; a hub has to ask its server first
	case f.Kind == fault.Unauthenticated && s.phase == proving: // our server, whose key it has proved
		s.close(fault.Errorf(fault.Stranger, "the server does not know this device: %s", f.Detail))
	case f.Kind == fault.Fork, f.Kind == fault.RevokedDevice:
		s.stop(why)
	default:
		s.close(why)
	}
}

func (s *Session) send(m wire.Message) { s.emit(Send{m}) }
func (s *Session) emit(e Effect)       { s.out = append(s.out, e) }

// close ends the session; the next one may do better.
func (s *Session) close(why *fault.Error) { s.end(Close{Why: why}) }

// stop ends the session for good: only a person can help. The outbox is kept.
func (s *Session) stop(why *fault.Error) { s.end(Close{Why: why, Final: true}) }

func (s *Session) end(c Close) {
	if s.phase != closed {
		s.phase = closed
		s.emit(c)
	}
}

func (s *Session) take() []Effect {
	out := s.out
	s.out = nil
	return out
}
