package session_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/seal"
	"yizhan/core/wire"
	"yizhan/syncserver/session"
)

// raw is a device that says what it likes.
type raw struct {
	s    *site
	conn *websocket.Conn
	key  seal.Private
	max  int        // version
	held *wire.Held // nil: knows nothing of scopes
}

func (s *site) raw() *raw {
	s.t.Helper()
	conn, r, err := websocket.DefaultDialer.Dial(s.url(), nil)
	for ctx := s.ctx(); err != nil && ctx.Err() == nil && r != nil && r.StatusCode == http.StatusServiceUnavailable; {
		conn, r, err = websocket.DefaultDialer.Dial(s.url(), nil) // the server may not have noticed yet who has gone
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	return &raw{s: s, conn: conn, max: 9}
}

func (r *raw) write(m wire.Message) {
	r.s.t.Helper()
	b, err := r.s.codec.Encode(m)
	if err != nil {
		r.s.t.Fatal(err)
	}
	if err := r.conn.WriteMessage(websocket.BinaryMessage, b); err != nil {
		r.s.t.Fatal(err)
	}
}

// read gives the next message; nil is the end of the session.
func (r *raw) read() wire.Message {
	r.s.t.Helper()
	_, b, err := r.conn.ReadMessage()
	if err != nil {
		return nil
	}
	m, err := r.s.codec.Decode(b)
	if err != nil {
		r.s.t.Fatal(err)
	}
	return m
}

// fault reads on to the fault that ends the session.
func (r *raw) fault() fault.Kind {
	r.s.t.Helper()
	kind := fault.NoFault
	for m := r.read(); m != nil; m = r.read() {
		if f, ok := m.(wire.Fault); ok {
			kind = f.Kind
		}
	}
	return kind
}

// login goes through the handshake of an enrolled device.
func (r *raw) login(device id.Device, cursor uint64) wire.Proof {
	r.s.t.Helper()
	hello := wire.Hello{Min: 1, Max: r.max, Device: device, Nonce: []byte("0123456789abcdef")}
	r.write(hello)
	c, ok := r.read().(wire.Challenge)
	if !ok {
		r.s.t.Fatal("no challenge")
	}
	t := wire.Transcript{Version: c.Version, Deployment: c.Deployment, Hello: hello.Nonce, Challenge: c.Nonce, Time: c.Time, Key: c.Key, Device: device}
	signed, err := t.Bytes()
	if err != nil {
		r.s.t.Fatal(err)
	}
	p := wire.Proof{Signature: r.key.SignBytes(wire.SignProof, signed), Cursor: cursor, Held: r.held}
	r.write(p)
	return p
}

// known makes a device of the world whose key the test has.
func (s *site) known(d id.Device) seal.Private {
	key, err := seal.Generate(rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	s.world.devices[d] = &session.Info{Enrolment: op.Enrolment{Device: d, Role: op.Phone, Member: "m9", PublicKey: key.Public().Marshal()}}
	return key
}

func TestStrangersAreRefused(t *testing.T) {
	s := newSite(t)
	key := s.known("known")
	other, _ := seal.Generate(rand.Reader)
	good := s.raw()
	good.key = key
	old := good.login("known", 0)
	if _, ok := good.read().(wire.Welcome); !ok {
		t.Fatal("the right key was not let in")
	}
	for name, c := range map[string]struct {
		device id.Device
		key    seal.Private
	}{"unknown device": {"nobody", key}, "wrong key": {"known", other}} {
		r := s.raw()
		r.key = c.key
		r.login(c.device, 0)
		if k := r.fault(); k != fault.Unauthenticated {
			t.Errorf("%s: %v", name, k)
		}
	}
	replay := s.raw()
	replay.write(wire.Hello{Min: 1, Max: 1, Device: "known", Nonce: []byte("0123456789abcdef")})
	replay.read()
	replay.write(old)
	if k := replay.fault(); k != fault.Unauthenticated {
		t.Errorf("replayed proof: %v", k)
	}
}

func TestBadFrames(t *testing.T) {
	s := newSite(t)
	d, _ := s.device("OTHER-CODE")
	key := s.known("known")
	hello := wire.Hello{Min: 1, Max: 1, Device: "known", Nonce: []byte("0123456789abcdef")}
	encoded, _ := s.codec.Encode(hello)
	for name, c := range map[string]struct {
		kind fault.Kind
		send func(r *raw)
	}{
		"empty":        {fault.BadFrame, func(r *raw) { r.conn.WriteMessage(websocket.BinaryMessage, nil) }},
		"text":         {fault.BadFrame, func(r *raw) { r.conn.WriteMessage(websocket.TextMessage, []byte("hello")) }},
		"unknown type": {fault.BadFrame, func(r *raw) { r.conn.WriteMessage(websocket.BinaryMessage, []byte{0, 0x82, 0x18, 0xfe, 0xa0}) }},
		"truncated":    {fault.BadFrame, func(r *raw) { r.conn.WriteMessage(websocket.BinaryMessage, encoded[:len(encoded)/2]) }},
		"oversized":    {fault.NoFault, func(r *raw) { r.conn.WriteMessage(websocket.BinaryMessage, make([]byte, wire.MaxRead+1)) }},
		"out of turn":  {fault.BadFrame, func(r *raw) { r.write(wire.Ops{First: 1, Previous: make([]byte, 16), Ops: [][]byte{{1}}}) }},
		"hello twice":  {fault.BadFrame, func(r *raw) { r.write(hello); r.write(hello) }},
		"server's own": {fault.BadFrame, func(r *raw) { r.write(wire.Welcome{}) }},
		"short nonce":  {fault.BadFrame, func(r *raw) { r.write(wire.Hello{Min: 1, Max: 1, Nonce: []byte("short")}) }},
		"long id": {fault.BadFrame, func(r *raw) {
			r.write(wire.Hello{Min: 1, Max: 1, Device: id.Device(strings.Repeat("d", 65)), Nonce: hello.Nonce})
		}},
		"newer only":     {fault.Version, func(r *raw) { r.write(wire.Hello{Min: 7, Max: 9, Nonce: hello.Nonce}) }},
		"enrol as known": {fault.BadFrame, func(r *raw) { r.write(hello); r.write(wire.Enrol{Code: "PHONE-CODE"}) }},
		"enrol unsigned": {fault.Unauthenticated, func(r *raw) {
			r.write(wire.Hello{Min: 1, Max: 1, Nonce: hello.Nonce})
			r.write(wire.Enrol{Code: "PHONE-CODE", PublicKey: key.Public().Marshal(), Signature: make([]byte, 64)})
		}},
		"gap": {fault.BadFrame, func(r *raw) {
			r.key = key
			r.login("known", 0)
			r.write(wire.Ops{First: 5, Previous: make([]byte, 16), Ops: [][]byte{{1}}})
			for m := r.read(); ; m = r.read() {
				if f, ok := m.(wire.Fault); ok {
					if f.Kind != fault.Gap || f.Next != 1 {
						t.Errorf("gap: %+v", f)
					}
					break
				}
			}
			r.write(hello)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.raw()
			c.send(r)
			if k := r.fault(); k != c.kind {
				t.Errorf("fault %v, want %v", k, c.kind)
			}
		})
	}
	if _, err := d.Wait(s.ctx(), s.do(d, claim(1))); err != nil {
		t.Errorf("another device: %v", err)
	}
	if w := s.world; w.used["PHONE-CODE"] != nil {
		t.Error("a bad enrolment used up the code")
	}
}

func TestSilentHandshakeIsEnded(t *testing.T) {
	s := newSite(t, func(s *site) { s.times.Handshake = 50 * time.Millisecond })
	if r := s.raw(); r.read() != nil {
		t.Error("a stranger who says nothing was sent something")
	}
}

// TestSlowReader fills the sockets of one device that does not read.
func TestSlowReader(t *testing.T) {
	s := newSite(t, func(s *site) { s.times.Write = 300 * time.Millisecond })
	slow := s.raw()
	slow.key = s.known("slow")
	s.world.mu.Lock()
	s.world.head++
	for i := range 200 {
		body := make([]byte, 100<<10)
		rand.Read(body) // so that it cannot be compressed
		s.world.put("member/m9", wire.RowChange{Table: wire.TableMessage, ID: fmt.Sprint(i), Seq: s.world.head, Body: body})
	}
	s.world.mu.Unlock()
	slow.login("slow", 0)

	d, _ := s.device("OTHER-CODE")
	for i := range 20 {
		if _, err := d.Wait(s.ctx(), s.do(d, claim(i+1))); err != nil {
			t.Fatal(err)
		}
	}
	for ctx := s.ctx(); s.server.Connected() > 1; {
		select {
		case <-ctx.Done():
			t.Fatal("the slow reader is still there")
		case <-time.After(10 * time.Millisecond):
		}
	}
	if !d.Status().Online {
		t.Error("the other device was cut off as well")
	}
}

// TestUnreadAnswers has a device ask and ask without reading.
func TestUnreadAnswers(t *testing.T) {
	s := newSite(t, func(s *site) { s.queue = 1 << 10 })
	r := s.raw()
	r.key = s.known("greedy")
	r.login("greedy", 0)
	sum := op.Hash{}
	for i := range 200_000 {
		b := fmt.Appendf(nil, "op %d", i)
		frame, err := s.codec.Encode(wire.Ops{First: uint64(i + 1), Previous: bytes.Clone(sum[:]), Ops: [][]byte{b}})
		if err != nil {
			t.Fatal(err)
		}
		sum = op.Chain(sum, b)
		r.conn.SetWriteDeadline(time.Now().Add(20 * time.Second))
		if r.conn.WriteMessage(websocket.BinaryMessage, frame) != nil {
			return // cut off
		}
	}
	t.Error("a device that reads nothing may go on asking")
}

func TestNewerSessionReplacesTheOld(t *testing.T) {
	s := newSite(t)
	key := s.known("twice")
	one, two := s.raw(), s.raw()
	one.key, two.key = key, key
	one.login("twice", 0)
	if _, ok := one.read().(wire.Welcome); !ok {
		t.Fatal("first was not let in")
	}
	two.login("twice", 0)
	if _, ok := two.read().(wire.Welcome); !ok {
		t.Fatal("second was not let in")
	}
	for one.read() != nil {
	}
}

// TestStrangersSayLittle: thousands may connect, and each of them only has room for a
// handshake. What is longer is not even read: nobody says what was wrong with it.
func TestStrangersSayLittle(t *testing.T) {
	for size, said := range map[int]bool{wire.MaxRead / 4: true, wire.MaxRead/4 + 1: false} {
		r := newSite(t).raw()
		if err := r.conn.WriteMessage(websocket.BinaryMessage, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.conn.ReadMessage(); (err == nil) != said {
			t.Errorf("a stranger says %d bytes: %v", size, err)
		}
	}
}
