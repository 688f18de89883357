package link

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"yizhan/core/clock"
	"yizhan/core/fault"
	"yizhan/core/local"
	"yizhan/core/replica"
	"yizhan/core/wire"
)

// Times of a connection. The server sends something at least every 25 s.
const (
	dialTime    = 15 * time.Second
	writeTime   = 10 * time.Second
	readTime    = 60 * time.Second
	probeTime   = 5 * time.Second // for an answer after Kick
	sessionTime = 24 * time.Hour  // then the device comes again, so that what it gets at the start (wire.Welcome.Pass) stays good
	tickTime    = 500 * time.Millisecond
	firstPause  = 500 * time.Millisecond
	maxPause    = 60 * time.Second
)

// Exporter is the label of RFC 9266.
const Exporter = "EXPORTER-Channel-Binding"

// Run keeps the device connected until ctx ends, and gives ctx's error. It may be
// started before Enrol; it waits. At most one Run is active at a time.
func (d *Device) Run(ctx context.Context) error {
	pause := time.Duration(0)
	for ctx.Err() == nil {
		if !d.wanted() {
			d.sleep(ctx, 0)
			continue
		}
		welcomed, end := d.turn(ctx)
		d.offline(end.Why)
		if ctx.Err() != nil {
			break
		}
		switch {
		case welcomed:
			pause = firstPause
		case end.Final:
			pause = 0 // a person has to look first: Kick
		default:
			pause = Longer(pause)
		}
		if d.sleep(ctx, d.Jitter(pause)) {
			pause = 0
		}
	}
	return ctx.Err()
}

// wanted reports whether there is somebody to connect as, and no switch against it.
func (d *Device) wanted() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kicked = false
	return (d.identity != nil || d.receipt != nil) && !d.off
}

// sleep waits for a pause, 0 being without end, and reports whether a kick ended it.
func (d *Device) sleep(ctx context.Context, pause time.Duration) (kicked bool) {
	var over <-chan time.Time
	if pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		over = timer.C
	}
	for {
		d.mu.Lock()
		kicked = d.kicked
		d.mu.Unlock()
		if kicked {
			return true
		}
		select {
		case <-over:
			return false
		case <-ctx.Done():
			return false
		case <-d.wake:
		}
	}
}

// Longer is the pause after one more attempt that failed.
func Longer(pause time.Duration) time.Duration { return min(max(2*pause, firstPause), maxPause) }

// Jitter takes up to a half off, so that devices that were cut off together do
// not come back together.
func (d *Device) Jitter(pause time.Duration) time.Duration {
	var b [2]byte
	if _, err := io.ReadFull(d.cfg.Random, b[:]); err != nil {
		return pause
	}
	return pause - pause/2*time.Duration(binary.LittleEndian.Uint16(b[:]))/(1<<16)
}

// offline notes how a session ended.
func (d *Device) offline(why *fault.Error) {
	d.keepTrouble(why)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.status.Online, d.gauge = false, nil
	d.relay.fail()
	d.unanswered()
	if why != nil { // a lost network is no problem: Online says it
		d.status.Problem = why
		d.log.Warn("session ended", "fault", why)
	}
	d.changed()
}

// session is one connection: a replica, a socket, and this goroutine between them.
type session struct {
	d        *Device
	conn     socket
	replica  *replica.Session
	sent     moment // of the last message
	anchor   clock.Anchor
	welcomed bool
	erased   bool // the device is nobody any more, or somebody else already: this connection only waits for its receipt
}

// moment is what the clocks of the device said at once.
type moment struct {
	wall  time.Time
	boot  string
	since time.Duration
}

func (d *Device) moment() (m moment) {
	m.wall = d.cfg.Now()
	m.boot, m.since = d.cfg.Boot()
	return m
}

// heard is what an answer of the server says of its clock, which it read somewhere
// between our message and now.
func (m moment) heard(server int64, now moment) clock.Anchor {
	wall := m.wall.Add(now.wall.Sub(m.wall) / 2)
	a := clock.Anchor{Server: server, Offset: time.UnixMilli(server).Sub(wall).Milliseconds()}
	if m.boot == now.boot {
		a.Boot, a.Since = m.boot, (m.since+now.since)/2
	}
	return a
}

// session connects and stays until something ends it.
func (d *Device) session(ctx context.Context) (welcomed bool, end replica.Close) {
	boot, since := d.cfg.Boot() // before the server can have heard of us: what it says of its clock is later
	conn, binding, nonce, err := d.connect(ctx, d.address())
	if err != nil {
		d.log.Info("no connection", "error", err)
		return false, replica.Close{}
	}
	defer conn.Close()
	s, stop := d.begin(conn, clock.Anchor{Boot: boot, Since: since})
	if stop != nil {
		return false, *stop
	}
	frames, broken, quit := make(chan []byte), make(chan error, 1), make(chan struct{})
	defer close(quit)
	go read(conn, frames, broken, quit)
	tick := time.NewTicker(tickTime)
	defer tick.Stop()

	began := time.Now()
	stop = s.open(nonce, binding)
	for stop == nil {
		select {
		case <-ctx.Done():
			s.goodbye()
			return s.welcomed, replica.Close{}
		case frame := <-frames:
			stop = s.do(s.replica.Frame(frame, time.Since(began)))
		case err := <-broken:
			d.log.Info("connection lost", "error", err)
			return s.welcomed, replica.Close{}
		case <-tick.C:
			if time.Since(began) > sessionTime {
				stop = &replica.Close{}
				break
			}
			stop = s.do(s.replica.Tick(time.Since(began)))
		case <-d.wake:
			stop = s.look()
		}
	}
	s.goodbye()
	return s.welcomed, *stop
}

// begin reads what the device has for a connection that was just made.
func (d *Device) begin(conn socket, anchor clock.Anchor) (*session, *replica.Close) {
	saved, err := d.load()
	if err != nil {
		return nil, &replica.Close{Why: storage(err)}
	}
	return &session{d: d, conn: conn, replica: replica.New(d.cfg.Codec, d.cfg.App, saved), anchor: anchor}, nil
}

func (s *session) open(nonce, binding []byte) *replica.Close {
	if stop := s.do(s.replica.Open(nonce, binding)); stop != nil {
		return stop
	}
	return s.look()
}

// connect dials an address, and gives the TLS binding and a nonce for the handshake.
func (d *Device) connect(ctx context.Context, address string) (conn *websocket.Conn, binding, nonce []byte, err error) {
	if nonce, err = d.nonce(); err != nil {
		return nil, nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	dialer := websocket.Dialer{NetDialContext: d.cfg.Dial, TLSClientConfig: d.cfg.TLS, Proxy: http.ProxyFromEnvironment,
		HandshakeTimeout: dialTime, ReadBufferSize: 4096, WriteBufferSize: 4096}
	conn, _, err = dialer.DialContext(ctx, address, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	if secure, ok := conn.NetConn().(*tls.Conn); ok {
		state := secure.ConnectionState()
		if binding, err = state.ExportKeyingMaterial(Exporter, nil, 32); err != nil {
			conn.Close()
			return nil, nil, nil, fmt.Errorf("bind to TLS: %w", err)
		}
	}
	conn.SetReadLimit(wire.MaxRead)
	conn.SetReadDeadline(time.Now().Add(readTime))
	conn.SetPingHandler(func(data string) error {
		conn.SetReadDeadline(time.Now().Add(readTime))
		return conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(writeTime))
	})
	conn.SetPongHandler(func(string) error { return conn.SetReadDeadline(time.Now().Add(readTime)) })
	return conn, binding, nonce, nil
}

// read hands on frames until the connection breaks.
func read(conn *websocket.Conn, frames chan<- []byte, broken chan<- error, quit <-chan struct{}) {
	for {
		kind, frame, err := conn.ReadMessage()
		if err == nil && kind != websocket.BinaryMessage {
			err = errors.New("server sent a text message")
		}
		if err != nil {
			broken <- err
			return
		}
		conn.SetReadDeadline(time.Now().Add(readTime))
		select {
		case frames <- frame:
		case <-quit:
			return
		}
	}
}

// look carries what the methods of Device left into the session.
func (s *session) look() *replica.Close {
	d := s.d
	d.mu.Lock()
	if d.off || s.erased {
		off := d.off
		d.mu.Unlock()
		if off {
			return &replica.Close{}
		}
		return nil // a new enrolment kicks, and that is for the next connection
	}
	inbox, watched, asked, reached, kicked := d.inbox, d.watched, d.asked, d.reached, d.kicked
	d.inbox, d.kicked = nil, false
	d.mu.Unlock()
	if kicked && s.welcomed { // the network changed: is this connection still alive?
		s.conn.SetReadDeadline(time.Now().Add(probeTime))
		s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(probeTime))
	}
	for _, q := range inbox {
		if stop := s.do(s.replica.Appended(q)); stop != nil {
			return stop
		}
	}
	if stop := s.do(s.replica.Watch(watched)); stop != nil {
		return stop
	}
	if asked > reached {
		if stop := s.do(s.replica.Sync(asked)); stop != nil {
			return stop
		}
	}
	if stop := s.inquire(); stop != nil {
		return stop
	}
	return s.handOn()
}

// do carries out effects in their order; the first that fails ends the session.
func (s *session) do(effects []replica.Effect) *replica.Close {
	for _, e := range effects {
		switch e := e.(type) {
		case replica.Close:
			return &e
		case replica.Send:
			if err := s.send(e.Message); err != nil {
				s.d.log.Info("connection lost", "error", err)
				return &replica.Close{}
			}
		case replica.Store:
			if err := s.d.store(e.Results); err != nil {
				return &replica.Close{Why: storage(err)}
			}
		case replica.Apply:
			if err := s.d.cfg.Store.Apply(e.Checkpoint); err != nil {
				return &replica.Close{Why: storage(err)}
			}
		case replica.Recalled:
			if err := s.d.giveUp(e.Recall); err != nil {
				return &replica.Close{Why: storage(err)}
			}
		case replica.Kept:
			ops, err := s.d.cfg.Store.Kept(e.From, e.Most)
			if err != nil {
				return &replica.Close{Why: storage(err)}
			}
			if stop := s.do(s.replica.Again(ops)); stop != nil {
				return stop
			}
		case replica.Stage:
			if err := s.d.cfg.Store.Stage(e.Chunk); err != nil {
				return &replica.Close{Why: storage(err)}
			}
		case replica.Compare:
			if stop := s.compare(e.Sums); stop != nil {
				return stop
			}
		case replica.Set:
			if err := s.d.cfg.Store.SetMeta(e.Values); err != nil {
				return &replica.Close{Why: storage(err)}
			}
			s.d.delivered(e.Values)
		case replica.Wipe:
			if stop := s.wipe(e); stop != nil {
				return stop
			}
		case replica.Welcomed:
			if err := s.drop(); err != nil {
				return &replica.Close{Why: storage(err)}
			}
			s.note(e)
		default:
			s.note(e)
		}
	}
	return nil
}

// drop stores the anchor of this handshake: from now on the device knows the
// server's time without it.
func (s *session) drop() error {
	s.anchor.Offset = s.d.Status().Offset.Milliseconds()
	values, err := clock.WriteAnchor(s.anchor)
	if err != nil {
		return err
	}
	return s.d.cfg.Store.SetMeta(values)
}

// compare holds the rows against the server's sums, and has what differs repaired.
func (s *session) compare(want map[string][]byte) *replica.Close {
	have, err := s.d.cfg.Store.Sums()
	if err != nil {
		return &replica.Close{Why: storage(err)}
	}
	bad := replica.Differing(want, have)
	for name := range bad {
		s.d.log.Error("rows are not those of the server; asking for repair", "scope", name)
	}
	return s.do(s.replica.Differs(bad))
}

func (s *session) send(m wire.Message) error {
	frame, err := s.d.cfg.Codec.Encode(m)
	if err != nil {
		return err
	}
	s.sent = s.d.moment()
	s.conn.SetWriteDeadline(time.Now().Add(writeTime))
	return s.conn.WriteMessage(websocket.BinaryMessage, frame)
}

// note keeps what an effect says about the device.
func (s *session) note(e replica.Effect) {
	d := s.d
	d.mu.Lock()
	defer d.mu.Unlock()
	switch e := e.(type) {
	case replica.Welcomed:
		s.welcomed = true
		d.status.Online, d.status.Problem = true, nil
		d.status.Sessions++
		d.log.Info("online")
	case replica.Heard:
		at := time.UnixMilli(e.Time)
		if e.Current {
			d.status.AsOf = at
			break
		}
		if s.anchor.Server == 0 { // of the challenge, which nobody but our server can sign
			s.anchor.Server = e.Time
		}
		d.server = s.sent.heard(e.Time, d.moment())
	case replica.Viewed: // whoever shows rows looks again
	case replica.Frozen:
		d.status.Problem = e.Why
	case replica.Show:
		if e.Gauge.Activity == d.watched {
			d.gauge = &e.Gauge
		}
	case replica.Relayed:
		d.relay.answer(e.Answer)
	case replica.Told:
		d.told(e.Answer)
	case replica.Synced:
		d.passed(e.N)
	case replica.Enrolled:
		d.identity, d.kicked, d.status.Wiped, d.status.Problem = &e.Identity, true, false, nil
		d.poke()
	}
	d.changed()
}

// goodbye tells the server that the end is meant, if it still listens.
func (s *session) goodbye() {
	s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
}

// storage gives the kind of fault that a failing store is.
func storage(err error) *fault.Error {
	if errors.Is(err, local.ErrFull) {
		return fault.Errorf(fault.StorageFull, "%v", err)
	}
	return fault.Errorf(fault.Internal, "device store: %v", err)
}
