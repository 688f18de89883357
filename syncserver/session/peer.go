package session

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/socket"
)

// Limits of what a device may say about itself.
const (
	maxNonce = 64
	minNonce = 16
	maxCode  = 128
	maxApp   = 64
	maxID    = 64
	maxSyncs = 16 // sync points asked for and not reached yet

	maxStrange = wire.MaxRead / 4 // bytes of a frame before the device has proved who it is

	receiptsSize = 128 << 10 // bytes of receipts in one message, unless one alone has more
)

type phase uint8

const (
	greeting phase = iota
	challenged
	live
	leaving // closed: its last ops are taken, then it wipes itself
)

// peer is one session. Its reader goroutine takes frames and asks the arbiter; answers,
// checkpoints and gauges are sent by whoever has the turn (peer.turn): the reader that
// has just brought what they follow from, or one of the crew.
type peer struct {
	s    *Server
	conn carrier // nil in tests of the frame handler

	stranger bool             // guarded by s.mu: has not proved who it is
	phase    phase            // reader's
	hand     *wire.Transcript // reader's; nil once the device is let in
	role     op.Role          // reader's

	st     writer       // of whoever has the turn
	serial uint64       // guarded by Server.mu
	heard  atomic.Int64 // when the device was, by Server.since

	mu       sync.Mutex    // guards all below
	turning  bool          // somebody has the turn, and looks until again stays false; for good once the session is over
	again    bool          // something below changed
	changed  bool          // rows of its scopes did
	owed     bool          // results went out whose effects did not
	late     bell          // rings for what has time
	early    bell          // and for what has not
	ended    chan struct{} // made by who waits for the reader's end, which closes it
	unread   bool          // the reader has ended
	who      id.Device     // as it calls itself; once it is let in it is that
	known    bool          // who it is
	app      string
	came     *arrival  // how it came, until the writer has begun
	counted  bool      // its credit is
	credit   int       // bytes of checkpoints that the device takes; without end for one that grants none
	credited time.Time // when it granted last
	size     int       // bytes of rows in its next chunk
	differs  []wire.Differ
	started  bool // authenticated: the writer may send checkpoints
	foreign  bool // its rows are from before the server was restored
	speaks   int  // version of the protocol
	queue    [][]byte
	queued   int    // bytes in queue
	busy     bool   // the arbiter is deciding: its results go out before their effects
	want     uint64 // journal Seq to bring as soon as the ledger has it
	syncs    []point
	watched  id.Activity
	watches  int  // how often that was said
	over     bool // no more is taken; what is queued goes out
	meant    bool // the device said goodbye
	code     int  // of the close frame
	reason   string
}

// point is a sync point: n goes back once everything up to seq has been sent.
type point struct{ n, seq uint64 }

// arrival is what a device was let in with.
type arrival struct {
	enrolment op.Enrolment
	proof     wire.Proof
}

func newPeer(s *Server, conn carrier, binding []byte) *peer {
	return &peer{s: s, conn: conn, turning: conn == nil, hand: &wire.Transcript{Binding: binding}, size: chunkSize}
}

// logger is made when something is said: of tens of thousands of sessions few have to.
func (p *peer) logger() *slog.Logger {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.who == "" && p.app == "" {
		return p.s.cfg.Log
	}
	return p.s.cfg.Log.With("device", p.who, "app", p.app)
}

// device is who was let in, "" while nobody was.
func (p *peer) device() id.Device {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.known {
		return ""
	}
	return p.who
}

func (p *peer) isOver() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over
}

// restAfter is how long a device has to be silent for its reader to give back what it holds.
const restAfter = 2 * time.Second

// read takes messages until the connection or the session ends. A handshake needs a deep
// stack and a storm a buffer, which a silent session would keep: another goroutine reads on.
func (p *peer) read(conn *socket.Conn) {
	for {
		strange := p.phase < live
		kind, frame, err := conn.Receive()
		switch {
		case err != nil:
			p.lost(err)
			return
		case p.isOver():
			continue // read on to the end of the stream, or TCP would throw away our last words
		case kind == socket.Binary:
			p.frame(frame)
		case kind != socket.Pong:
			p.fail(wire.Fault{Kind: fault.BadFrame, Detail: "text message"})
			continue
		}
		if strange && p.phase >= live {
			conn.Allow(wire.MaxRead)
		}
		if silent := p.alive(conn); silent || strange && p.phase >= live {
			conn.Rest()
			go p.read(conn)
			return
		}
	}
}

// alive notes that the device was heard, and reports whether it had been silent before.
func (p *peer) alive(conn *socket.Conn) (silent bool) {
	if p.phase < live || p.isOver() { // nothing lengthens a handshake or an end
		return false
	}
	now := p.s.since()
	before := time.Duration(p.heard.Swap(int64(now)))
	if read := p.s.cfg.Times.Read; before == 0 || now/(read/16) != before/(read/16) { // each message would be too often
		conn.Expect(read)
		if p.isOver() { // it has ended meanwhile, and its end may have said so already
			conn.Expect(linger)
		}
	}
	return now-before > restAfter
}

// lost ends what a connection carried that has ended.
func (p *peer) lost(err error) {
	var closed socket.Closed
	if errors.As(err, &closed) && closed.Code == socket.NormalClosure {
		p.goodbye()
	}
	p.end(socket.Abnormal, "connection lost")
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.unread = true; p.ended != nil {
		close(p.ended)
	}
}

// frame handles one frame.
func (p *peer) frame(frame []byte) {
	m, err := p.s.cfg.Codec.Decode(frame)
	if err != nil {
		p.refuse(asFault(err))
		return
	}
	switch m := m.(type) {
	case wire.Hello:
		if p.phase == greeting {
			p.hello(m)
			return
		}
	case wire.Enrol:
		if p.phase == challenged && p.hand.Device == "" {
			p.enrol(m)
			return
		}
	case wire.Proof:
		if p.phase == challenged && p.hand.Device != "" {
			p.proof(m)
			return
		}
	case wire.Ops:
		switch p.phase {
		case live:
			p.ops(m)
			return
		case leaving:
			p.keep(m)
			return
		}
	case wire.Wiped:
		if p.phase == leaving || p.phase == challenged && p.hand.Device != "" {
			p.wiped(m)
			return
		}
	case wire.Watch:
		if p.phase == live {
			p.watch(m)
			return
		}
	case wire.Sync:
		if p.phase == live {
			p.sync(m)
			return
		}
	case wire.Differ:
		if p.phase == live {
			p.differ(m)
			return
		}
	case wire.Credit:
		if p.phase == live {
			p.grant(m)
			return
		}
	case wire.Ask:
		if p.phase == live {
			p.ask(m)
			return
		}
	case wire.Relay:
		if p.phase == live && p.role == op.Hub {
			p.relay(m)
			return
		}
	}
	p.fail(wire.Fault{Kind: fault.BadFrame, Detail: "message out of turn"})
}

// ask has a question answered for whoever the device is by now.
func (p *peer) ask(m wire.Ask) {
	info, known := p.s.cfg.Arbiter.Device(p.who)
	if !known || info.Gone {
		p.gone()
		return
	}
	p.send(p.s.cfg.Arbiter.Ask(p.s.ctx, info.Enrolment, m))
}

func (p *peer) watch(m wire.Watch) {
	p.mu.Lock()
	p.watched, p.watches = m.Activity, p.watches+1
	p.mu.Unlock()
	p.poke()
}

// sync notes where the journal is now; the writer answers once it has sent that far.
func (p *peer) sync(m wire.Sync) {
	seq := p.s.cfg.Arbiter.Head()
	p.mu.Lock()
	full := len(p.syncs) >= maxSyncs
	if !full {
		p.syncs = append(p.syncs, point{m.N, seq})
	}
	p.mu.Unlock()
	if full {
		p.fail(wire.Fault{Kind: fault.TooLarge, Detail: "too many sync points at once"})
		return
	}
	p.bring(seq)
}

// bring has the writer send a checkpoint as soon as the ledger has got to seq.
func (p *peer) bring(seq uint64) {
	p.mu.Lock()
	p.want = max(p.want, seq)
	p.mu.Unlock()
	p.poke()
}

// owe is bring for what the device's own ops changed, which has time: it knows the results.
func (p *peer) owe(seq uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.want, p.owed = max(p.want, seq), true
}

// differ has rows repaired that are not as the server said.
func (p *peer) differ(m wire.Differ) {
	p.mu.Lock()
	p.differs = append(p.differs[:min(len(p.differs), 1)], m) // a device that asks without end is not heard without end
	p.mu.Unlock()
	p.poke()
}

func (p *peer) setBusy(busy bool) {
	p.mu.Lock()
	p.busy = busy
	p.mu.Unlock()
}

// send queues a message and has it sent.
func (p *peer) send(m wire.Message) {
	if p.queueUp(m) {
		p.poke()
	}
}

// queueUp queues a message; whoever calls it looks afterwards. A device that asks for
// more than it reads is cut off.
func (p *peer) queueUp(m wire.Message) bool {
	frame, err := p.s.cfg.Codec.Encode(m)
	if err != nil {
		p.logger().Error("message cannot be sent", "error", err)
		p.end(socket.InternalError, "internal error")
		return false
	}
	p.mu.Lock()
	slow := p.queued+len(frame) > p.s.cfg.Queue && !p.over
	if !slow && !p.over {
		p.queue, p.queued = append(p.queue, frame), p.queued+len(frame)
	}
	p.mu.Unlock()
	if slow {
		p.cut("slow reader")
	}
	return !slow
}

// refuse tells a device why it goes no further.
func (p *peer) refuse(f *fault.Error) { p.fail(wire.Fault{Kind: f.Kind, Detail: f.Detail}) }

// fail sends a fault as the last message of the session.
func (p *peer) fail(f wire.Fault) {
	p.logger().Info("session ends", "fault", f.Kind, "detail", f.Detail)
	p.send(f)
	p.end(closeBase+int(f.Kind), f.Kind.String())
}

func (p *peer) gone() {
	p.refuse(fault.Errorf(fault.RevokedDevice, "device was revoked or set aside"))
}

// closeBase plus a fault's number is a close code of our own.
const closeBase = 4000

// end lets the writer send what is queued, then a close frame.
func (p *peer) end(code int, reason string) {
	p.mu.Lock()
	if !p.over {
		p.over, p.code, p.reason = true, code, reason
	}
	p.mu.Unlock()
	p.poke()
}

// cut ends the session without waiting for the reader of the other side.
func (p *peer) cut(reason string) {
	p.logger().Warn("cut off", "reason", reason)
	p.mu.Lock()
	p.over, p.code, p.reason, p.queue, p.queued = true, socket.PolicyViolation, reason, nil, 0
	p.mu.Unlock()
	p.poke()
	if p.conn != nil {
		p.conn.Part(socket.PolicyViolation, reason)
		p.conn.Close()
	}
}
