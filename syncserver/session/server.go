package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/seal"
	"yizhan/core/wire"
	"yizhan/syncserver/socket"
	"yizhan/syncserver/stream"
)

// Path is where devices connect.
const Path = "/v1/sync"

// Config is what the sessions of one server share. Codec, Times,
// Queue and Clock may be empty.
type Config struct {
	Arbiter    Arbiter
	Feed       Feed
	Signer     Signer
	Key        seal.Private // of the server; devices pin its public half
	Deployment string
	Self       id.Device                   // of a hub; empty for the server
	Stamp      func(applied uint64) []byte // see stream.Config; nil on a hub, which shows its own to the server
	Now        func() time.Time            // what devices are told as server time; may be a simulated clock
	Random     io.Reader                   // for nonces
	Log        *slog.Logger
	Codec      *wire.Codec
	Times      Times
	Queue      int              // bytes of answers that may wait for a slow reader, 2 MiB if 0
	Clock      func() time.Time // for Times; nil is the machine's own
	Strangers  int              // connections that have not proved yet who they are, 2,048 if 0; more are told to come later
}

// Times of a connection, on the machine's own clock; 0 is the default.
type Times struct {
	Handshake time.Duration // from connecting to Welcome: 20 s
	Write     time.Duration // one message: 10 s
	Heartbeat time.Duration // silence of ours, after which the device is told the time: 25 s
	Ping      time.Duration // silence of the device, after which it is asked for a sign: 50 s
	Read      time.Duration // silence of the device, after which it is gone: 75 s
	Gauge     time.Duration // between two gauges: 1 s
	Verify    time.Duration // between two comparisons of the state hash: 10 min
}

func (t Times) withDefaults() Times {
	for _, f := range []struct {
		to    *time.Duration
		value time.Duration
	}{{&t.Handshake, 20 * time.Second}, {&t.Write, 10 * time.Second}, {&t.Heartbeat, 25 * time.Second},
		{&t.Ping, 50 * time.Second}, {&t.Read, 75 * time.Second}, {&t.Gauge, time.Second}, {&t.Verify, 10 * time.Minute}} {
		if *f.to == 0 {
			*f.to = f.value
		}
	}
	return t
}

// Server holds the sessions. It is an http.Handler for Path.
type Server struct {
	cfg      Config
	upgrader websocket.Upgrader
	ctx      context.Context // of everything that is asked of the arbiter
	cancel   context.CancelFunc
	running  sync.WaitGroup
	sums     stream.Sums
	signs    func([]wire.RowChange) error // sign, made once
	repairs  atomic.Uint64
	shared   shared
	crew     crew
	beats    *alarm // for what has time
	soon     *alarm

	mu       sync.Mutex // guards all below
	peers    map[*peer]struct{}
	byDevice map[id.Device]*peer
	seen     map[id.Device]time.Time // end of the last session since the start
	endings  map[id.Device]ending
	began    time.Time // by Config.Clock
	serials  uint64    // sessions so far
	pace     pace
	closing  bool
	// strangers counts the sessions of nobody yet, so that whoever only connects takes no place of a device.
	strangers int
}

// New makes a server without sessions.
func New(cfg Config) (*Server, error) {
	if cfg.Codec == nil {
		codec, err := wire.NewCodec()
		if err != nil {
			return nil, fmt.Errorf("open sessions: %w", err)
		}
		cfg.Codec = codec
	}
	if cfg.Queue == 0 {
		cfg.Queue = 2 << 20 // the receipts of one batch of the longest ops
	}
	if cfg.Strangers == 0 {
		cfg.Strangers = 2048
	}
	cfg.Times = cfg.Times.withDefaults()
	s := &Server{cfg: cfg, peers: map[*peer]struct{}{}, byDevice: map[id.Device]*peer{}, seen: map[id.Device]time.Time{},
		endings: map[id.Device]ending{}}
	s.began, s.signs = s.clock(), s.sign
	s.beats = newAlarm(beatGrid, func(p *peer) { p.rung(&p.late) })
	s.soon = newAlarm(soonGrid, func(p *peer) { p.rung(&p.early) })
	// Only for the handshake: package socket carries what follows.
	s.upgrader = websocket.Upgrader{ReadBufferSize: 128, WriteBufferPool: &sync.Pool{}, HandshakeTimeout: cfg.Times.Handshake}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// ServeHTTP turns a request into a session and returns: the session runs on.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	closing, crowded := s.closing, s.strangers >= s.cfg.Strangers
	s.mu.Unlock()
	switch {
	case closing:
		http.Error(w, "server is stopping; connect again", http.StatusServiceUnavailable)
		return
	case crowded:
		http.Error(w, "too many connections are shaking hands; connect again", http.StatusServiceUnavailable)
		return
	}
	var binding []byte
	if r.TLS != nil {
		var err error
		if binding, err = r.TLS.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32); err != nil {
			http.Error(w, "TLS 1.3 is needed", http.StatusBadRequest)
			return
		}
	}
	upgraded, err := s.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	conn := socket.New(upgraded.NetConn(), maxStrange)
	p := newPeer(s, conn, binding)
	if !s.add(p) {
		conn.Close()
		return
	}
	conn.Expect(s.cfg.Times.Handshake)
	go p.read(conn)
}

// add takes a session in, unless the server is stopping.
func (s *Server) add(p *peer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.peers[p] = struct{}{}
	s.strangers++
	p.stranger = true
	s.running.Add(1)
	return true
}

// met notes that a session is no stranger's any more. The caller holds s.mu.
func (s *Server) met(p *peer) {
	if p.stranger {
		p.stranger = false
		s.strangers--
	}
}

// claim makes p the session of its device. An older one is cut off: its network
// is gone, or the device was copied, which its op chain will show.
func (s *Server) claim(p *peer, d id.Device) {
	s.mu.Lock()
	s.met(p)
	old := s.byDevice[d]
	s.serials++
	s.byDevice[d], p.serial = p, s.serials
	s.mu.Unlock()
	if old != nil && old != p {
		old.logger().Warn("session is replaced by a newer one of the same device")
		old.end(socket.PolicyViolation, "replaced by a newer session")
	}
}

// Drop ends the session of a device that may do nothing any more; without it the
// session would end at its next heartbeat.
func (s *Server) Drop(d id.Device) {
	s.mu.Lock()
	p := s.byDevice[d]
	s.mu.Unlock()
	if p != nil {
		p.gone()
	}
}

// Part ends all sessions; the devices come again.
func (s *Server) Part() {
	s.mu.Lock()
	peers := make([]*peer, 0, len(s.peers))
	for p := range s.peers {
		peers = append(peers, p)
	}
	s.mu.Unlock()
	for _, p := range peers {
		p.refuse(fault.Errorf(fault.ShuttingDown, "the server begins a new epoch"))
	}
}

func (s *Server) remove(p *peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.peers, p)
	s.met(p)
	d := p.device()
	if d != "" {
		s.seen[d] = s.cfg.Now()
	}
	if s.byDevice[d] == p {
		delete(s.byDevice, d)
		s.endings[d] = ending{s.clock(), p.saidGoodbye()}
	}
}

// Contact says when a device was last in touch since the start, zero if it was
// not, and whether it is now.
func (s *Server) Contact(d id.Device) (at time.Time, online bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byDevice[d] != nil {
		return s.cfg.Now(), true
	}
	return s.seen[d], false
}

// Connected counts the sessions, also those that are still shaking hands.
func (s *Server) Connected() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.peers)
}

// Repairs counts the scopes that were repaired at a device since the start.
func (s *Server) Repairs() uint64 { return s.repairs.Load() }

// Close tells every device that the server stops, and waits until all sessions
// have ended; at the end of ctx it cuts off what is left and gives ctx's error.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	peers := make([]*peer, 0, len(s.peers))
	for p := range s.peers {
		peers = append(peers, p)
	}
	s.mu.Unlock()
	for _, p := range peers {
		p.fail(wire.Fault{Kind: fault.ShuttingDown, Detail: "server is stopping"})
	}
	ended := make(chan struct{})
	go func() {
		s.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		s.cancel()
		return nil
	case <-ctx.Done():
	}
	s.cancel()
	for _, p := range peers {
		p.conn.Close()
	}
	<-ended
	return fmt.Errorf("close sessions: %w", ctx.Err())
}

// asFault gives an error as the fault that the device is told.
func asFault(err error) *fault.Error {
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.Canceled):
		return fault.Errorf(fault.ShuttingDown, "server is stopping")
	}
	return fault.Errorf(fault.Internal, "the server could not do it; its log says why")
}
