package session

import (
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

// Limits of what a device may say about itself.
const (
	maxNonce = 64
	minNonce = 16
	maxCode  = 128
	maxApp   = 64
	maxID    = 64
	maxSyncs = 16 // sync points asked for and not reached yet

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
// checkpoints and gauges are sent by whoever has the turn (peer.turn), a goroutine
// that lives only while something is due.
type peer struct {
	s       *Server
	conn    socket // nil in tests of the frame handler
	binding []byte

	stranger   bool            // guarded by s.mu: has not proved who it is
	phase      phase           // reader's
	transcript wire.Transcript // reader's

	st     writer        // of whoever has the turn
	done   chan struct{} // closed when the reader has ended
	serial uint64        // guarded by Server.mu

	mu       sync.Mutex // guards all below
	turning  bool       // somebody has the turn, and looks until again stays false; for good once the session is over
	again    bool       // something below changed
	changed  bool       // rows of its scopes did
	owed     bool       // results went out whose effects did not
	timer    *time.Timer
	rings    time.Time // when timer does; zero once it has
	log      *slog.Logger
	info     Info
	came     wire.Proof
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

func newPeer(s *Server, conn socket, binding []byte) *peer {
	return &peer{s: s, conn: conn, turning: conn == nil, binding: binding, log: s.cfg.Log, done: make(chan struct{}), size: chunkSize}
}

func (p *peer) logger() *slog.Logger {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log
}

func (p *peer) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over
}

func (p *peer) device() id.Device {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.info.Enrolment.Device
}

// readLoop takes frames until the connection or the session ends.
func (p *peer) readLoop(conn *websocket.Conn) {
	times := p.s.cfg.Times
	conn.SetReadLimit(wire.MaxRead)
	conn.SetReadDeadline(time.Now().Add(times.Handshake))
	var heard time.Time
	alive := func(string) error {
		if now := time.Now(); p.phase >= live && now.Sub(heard) > times.Read/16 && !p.ended() { // nothing lengthens a handshake or an end
			heard = now
			conn.SetReadDeadline(now.Add(times.Read))
		}
		return nil
	}
	conn.SetPongHandler(alive)
	answer := conn.PingHandler()
	conn.SetPingHandler(func(data string) error {
		alive(data)
		return answer(data)
	})
	p.read(conn, alive)
}

// read takes frames. Checking signatures takes a deep stack, which an idle session
// would keep: once the device is let in, another goroutine reads on.
func (p *peer) read(conn *websocket.Conn, alive func(string) error) {
	strange := p.phase < live
	for {
		if strange && p.phase >= live {
			go p.read(conn, alive)
			return
		}
		kind, frame, err := conn.ReadMessage()
		switch {
		case err != nil:
			if websocket.IsCloseError(err, websocket.CloseNormalClosure) {
				p.goodbye()
			}
			p.end(websocket.CloseAbnormalClosure, "connection lost")
			close(p.done)
			return
		case p.ended():
			continue // read on to the end of the stream, or TCP would throw away our last words
		case kind != websocket.BinaryMessage:
			p.fail(wire.Fault{Kind: fault.BadFrame, Detail: "text message"})
			continue
		}
		p.frame(frame)
		alive("")
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
		if p.phase == challenged && p.transcript.Device == "" {
			p.enrol(m)
			return
		}
	case wire.Proof:
		if p.phase == challenged && p.transcript.Device != "" {
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
		if p.phase == leaving || p.phase == challenged && p.transcript.Device != "" {
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
			p.send(p.s.cfg.Arbiter.Ask(p.s.ctx, p.info.Enrolment, m))
			return
		}
	case wire.Relay:
		if p.phase == live && p.info.Enrolment.Role == op.Hub {
			p.relay(m)
			return
		}
	}
	p.fail(wire.Fault{Kind: fault.BadFrame, Detail: "message out of turn"})
}

// hello answers with a challenge that names this server and this connection.
func (p *peer) hello(h wire.Hello) {
	version := min(h.Max, wire.MaxVersion)
	switch {
	case version < max(h.Min, wire.MinVersion):
		p.refuse(fault.Errorf(fault.Version, "the server speaks versions %d to %d", wire.MinVersion, wire.MaxVersion))
		return
	case len(h.Nonce) < minNonce || len(h.Nonce) > maxNonce:
		p.refuse(fault.Errorf(fault.BadFrame, "nonce has %d bytes, want %d to %d", len(h.Nonce), minNonce, maxNonce))
		return
	}
	if len(h.Device) > maxID { // it would stand in every line of the log
		p.refuse(fault.Errorf(fault.BadFrame, "device id has %d bytes, at most %d are allowed", len(h.Device), maxID))
		return
	}
	nonce := make([]byte, minNonce)
	if _, err := io.ReadFull(p.s.cfg.Random, nonce); err != nil {
		p.refuse(asFault(err))
		return
	}
	t := wire.Transcript{Version: version, Deployment: p.s.cfg.Deployment, Hello: h.Nonce, Challenge: nonce,
		Time: p.s.cfg.Now().UnixMilli(), Key: p.s.cfg.Key.Public().Marshal(), Binding: p.binding}
	signed, err := t.Bytes()
	if err != nil {
		p.refuse(asFault(err))
		return
	}
	p.mu.Lock()
	p.log = p.log.With("device", h.Device, "app", h.App[:min(len(h.App), maxApp)])
	p.mu.Unlock()
	p.send(wire.Challenge{Version: version, Deployment: t.Deployment, Nonce: nonce, Time: t.Time, Key: t.Key,
		Signature: p.s.cfg.Key.SignBytes(wire.SignChallenge, signed)})
	t.Device = h.Device
	p.transcript, p.phase = t, challenged
}

// signedBy checks the device's answer to the challenge.
func (p *peer) signedBy(key []byte, context seal.Context, signature []byte) bool {
	signed, err := p.transcript.Bytes()
	return err == nil && signedWith(key, context, signed, signature)
}

// enrol uses up a code; the device connects again with what it was given.
func (p *peer) enrol(m wire.Enrol) {
	p.transcript.Code, p.transcript.PublicKey = m.Code, m.PublicKey
	if m.Former != nil {
		p.transcript.Device = m.Former.Device
	}
	switch {
	case m.Code == "" || len(m.Code) > maxCode:
		p.refuse(fault.Errorf(fault.CodeUnknown, "no such code"))
		return
	case !p.signedBy(m.PublicKey, wire.SignEnrol, m.Signature):
		p.refuse(fault.Errorf(fault.Unauthenticated, "signature does not fit the public key"))
		return
	}
	e, err := p.s.cfg.Arbiter.Enrol(p.s.ctx, m.Code, m.PublicKey, m.Former)
	if err != nil {
		p.logger().Warn("enrolment refused", "error", err)
		p.refuse(asFault(err))
		return
	}
	p.logger().Info("enrolled", "as", e.Device, "role", e.Role)
	p.send(wire.Enrolled{Device: e.Device, Role: e.Role, Station: e.Station, Member: e.Member, Org: e.Org, Upstream: e.Upstream, Supervisor: e.Supervisor})
	p.end(websocket.CloseNormalClosure, "enrolled; connect again")
}

// proof lets a device in whose key is on record.
func (p *peer) proof(m wire.Proof) {
	info, known := p.s.cfg.Arbiter.Device(p.transcript.Device)
	switch {
	case !known || !p.signedBy(info.Enrolment.PublicKey, wire.SignProof, m.Signature):
		p.refuse(fault.Errorf(fault.Unauthenticated, "device is unknown or its signature is wrong"))
		return
	case info.Enrolment.Upstream != p.s.cfg.Self:
		p.refuse(fault.Errorf(fault.WrongDeployment, "device %s belongs to hub %q; connect it there", p.transcript.Device, info.Enrolment.Upstream))
		return
	case info.Gone:
		p.phase = leaving
		p.mu.Lock()
		p.info = info
		p.mu.Unlock()
		p.s.mu.Lock()
		p.s.met(p)
		p.s.mu.Unlock()
		p.wipe(0)
		return
	}
	if m.Known != nil {
		if err := p.s.cfg.Arbiter.Meet(p.transcript.Device, *m.Known); err != nil {
			p.refuse(asFault(err))
			return
		}
	} else if info.Epoch > 0 && m.Held == nil {
		m.Cursor = 0 // its rows may be from before a restore
	}
	w := wire.Welcome{Time: p.s.cfg.Now().UnixMilli(), LastOp: info.Last, Head: p.s.cfg.Arbiter.Head(), Epoch: info.Epoch}
	if info.Last > 0 {
		w.LastSum = info.Hash[:]
	}
	if info.Enrolment.Role == op.Phone && info.Enrolment.Member != "" || info.Enrolment.Role == op.Staff {
		pass, err := p.s.cfg.Signer.Pass(info.Enrolment, p.s.cfg.Now())
		if err != nil { // its owner can still do all but show a code
			p.logger().Error("device gets no pass", "error", err)
		}
		w.Pass = pass
	}
	p.phase = live
	p.send(w)
	p.mu.Lock()
	p.info, p.came, p.started, p.speaks = info, m, true, p.transcript.Version
	p.foreign = m.Known != nil && m.Known.Epoch != info.Epoch
	p.credit = maxCredit
	if m.Held != nil {
		p.credit = int(min(m.Held.Window, maxCredit))
	}
	p.mu.Unlock()
	p.s.claim(p, info.Enrolment.Device)
	p.poke()
	p.s.cfg.Arbiter.Online(info.Enrolment.Device)
	p.logger().Info("online", "role", info.Enrolment.Role, "cursor", m.Cursor, "ops", info.Last)
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

// send queues a message. A device that asks for more than it reads is cut off.
func (p *peer) send(m wire.Message) {
	frame, err := p.s.cfg.Codec.Encode(m)
	if err != nil {
		p.logger().Error("message cannot be sent", "error", err)
		p.end(websocket.CloseInternalServerErr, "internal error")
		return
	}
	p.mu.Lock()
	slow := p.queued+len(frame) > p.s.cfg.Queue && !p.over
	if !slow && !p.over {
		p.queue, p.queued = append(p.queue, frame), p.queued+len(frame)
	}
	p.mu.Unlock()
	if slow {
		p.cut("slow reader")
		return
	}
	p.poke()
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
	p.over, p.code, p.reason, p.queue, p.queued = true, websocket.ClosePolicyViolation, reason, nil, 0
	p.mu.Unlock()
	p.poke()
	if p.conn != nil {
		p.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.ClosePolicyViolation, reason), time.Now().Add(time.Second))
		p.conn.Close()
	}
}
