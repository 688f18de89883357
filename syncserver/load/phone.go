package load

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"yizhan/core/link"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/replica"
	"yizhan/core/wire"
	"yizhan/syncserver/session"
)

// Net is what all phones of a load program share.
type Net struct {
	codec  *wire.Codec
	dialer websocket.Dialer
	log    *slog.Logger
}

// NewNet makes it; trust is nil without TLS.
func NewNet(trust *x509.CertPool) (*Net, error) {
	codec, err := wire.NewCodec()
	if err != nil {
		return nil, err
	}
	n := &Net{codec: codec, log: slog.New(slog.DiscardHandler), dialer: websocket.Dialer{HandshakeTimeout: startTime,
		ReadBufferSize: 1024, WriteBufferSize: 1024, WriteBufferPool: &sync.Pool{}}}
	if trust != nil {
		n.dialer.TLSClientConfig = &tls.Config{RootCAs: trust, MinVersion: tls.VersionTLS13}
	}
	return n, nil
}

// Phone is one device: the app's own link and replica, a store in memory, and one
// goroutine instead of three. What it is told comes to the functions, which are
// called one at a time and may press.
type Phone struct {
	net     *Net
	who     Identity
	store   *memory.Store
	device  *link.Device
	closing atomic.Bool // the end of the connection is ours

	Answered func(p *Phone, seq uint64, r op.Result) // an answer is stored
	Changed  func(p *Phone)                          // a frame was taken in

	mu    sync.Mutex // guards all below
	conn  *websocket.Conn
	steps *link.Steps
	began time.Time
	size  int                  // bytes of the newest frame
	fresh map[uint64]op.Result // answers that Answered has not been told of
}

// NewPhone makes the device of an identity that is enrolled in a world.
func (n *Net) NewPhone(w *World, who Identity) (*Phone, error) {
	key, err := who.Key.Marshal()
	if err != nil {
		return nil, err
	}
	identity, err := wire.EncodeRow(who.Enrolled)
	if err != nil {
		return nil, err
	}
	store := memory.New()
	if err := store.SetMeta(map[string][]byte{replica.MetaKey: key, replica.MetaIdentity: identity, replica.MetaServer: w.ServerKey,
		replica.MetaDeployment: []byte(w.Deployment)}); err != nil {
		return nil, err
	}
	p := &Phone{net: n, who: who, store: store}
	p.device, err = link.Open(link.Config{Store: store, App: "load", Now: time.Now, Random: rand.Reader, Log: n.log, Codec: n.codec})
	if err != nil {
		return nil, err
	}
	p.device.OnAnswer(func(results map[uint64]op.Result) error {
		p.fresh = results
		return nil
	})
	return p, nil
}

// Connect dials and shakes hands; it returns once the device is online.
func (p *Phone) Connect(ctx context.Context, addr string) error {
	url := "ws://" + addr + session.Path
	if p.net.dialer.TLSClientConfig != nil {
		url = "wss://" + addr + session.Path
	}
	conn, _, err := p.net.dialer.DialContext(ctx, url, nil)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	var binding []byte
	if secure, ok := conn.NetConn().(*tls.Conn); ok {
		state := secure.ConnectionState()
		if binding, err = state.ExportKeyingMaterial(link.Exporter, nil, 32); err != nil {
			return errors.Join(fmt.Errorf("connect: %w", err), conn.Close())
		}
	}
	conn.SetPingHandler(func(data string) error {
		return conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(startTime)) // a crowd on few cores is slower than a phone
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conn, p.began = conn, time.Now()
	var stop *replica.Close
	if p.steps, stop = p.device.Step(p.send, binding); stop != nil {
		return errors.Join(fmt.Errorf("begin session: %v", stop.Why), conn.Close())
	}
	for !p.steps.Welcomed() {
		if err := p.receive(conn); err != nil {
			return errors.Join(fmt.Errorf("shake hands: %w", err), conn.Close())
		}
	}
	return nil
}

func (p *Phone) send(frame []byte) error { return p.conn.WriteMessage(websocket.BinaryMessage, frame) }

// receive takes one frame in.
func (p *Phone) receive(conn *websocket.Conn) error {
	_, frame, err := conn.ReadMessage()
	if err != nil {
		return err
	}
	return p.take(frame)
}

func (p *Phone) take(frame []byte) error {
	p.size = len(frame)
	if stop := p.steps.Frame(frame, time.Since(p.began)); stop != nil {
		return fmt.Errorf("session ended: %v", stop.Why)
	}
	return nil
}

// Run takes frames in until the connection ends, and says why it did.
func (p *Phone) Run() error {
	for {
		_, frame, err := p.conn.ReadMessage()
		if err != nil {
			return err
		}
		p.mu.Lock()
		if err = p.take(frame); err == nil {
			err = p.tell()
		}
		p.mu.Unlock()
		if err != nil {
			return errors.Join(err, p.conn.Close())
		}
	}
}

// tell passes on what came. The caller holds p.mu.
func (p *Phone) tell() error {
	fresh := p.fresh
	p.fresh = nil
	if p.Answered != nil {
		for seq, r := range fresh {
			p.Answered(p, seq, r)
		}
	}
	if p.Changed != nil {
		p.Changed(p)
	}
	return p.look()
}

func (p *Phone) look() error {
	if stop := p.steps.Look(); stop != nil {
		return fmt.Errorf("session ended: %v", stop.Why)
	}
	return nil
}

// Press queues an op, as a finger on the button does. The caller is Answered or Changed.
func (p *Phone) Press(o op.Op) (uint64, error) { return p.device.Do(o) }

// Begin calls fn and sends what it has pressed.
func (p *Phone) Begin(fn func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := fn(); err != nil {
		return err
	}
	return p.look()
}

// Tick has deadlines looked at.
func (p *Phone) Tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.steps != nil {
		p.steps.Tick(time.Since(p.began))
	}
}

// Close ends the connection without a word, as a lost network does.
func (p *Phone) Close() {
	p.closing.Store(true)
	if p.conn != nil {
		p.conn.Close()
	}
}
