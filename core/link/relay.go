package link

import (
	"errors"

	"yizhan/core/replica"
	"yizhan/core/wire"
)

// ErrOffline says that there is no connection to the server at this moment.
var ErrOffline = errors.New("no connection to the server")

// Relay is one thing that a hub hands on. Device.mu guards it.
type Relay struct {
	d       *Device
	message wire.Relay
	sent    bool
	over    chan struct{} // closed once there is an answer, or will be none
	done    *wire.Relayed
}

// Relay begins to hand on what a device told this hub. ErrOffline: there is no
// connection, and nothing was done. Only one may be under way at a time; End it.
func (d *Device) Relay(m wire.Relay) (*Relay, error) {
	r := &Relay{d: d, message: m, over: make(chan struct{})}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.status.Online {
		return nil, ErrOffline
	}
	d.relay = r
	d.poke()
	return r, nil
}

// Over is closed once the server has answered, or the connection is lost.
func (r *Relay) Over() <-chan struct{} { return r.over }

// End gives the server's answer. ErrOffline: there is none, and it is not known
// what was done.
func (r *Relay) End() (wire.Relayed, error) {
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	r.d.relay = nil
	if r.done == nil {
		return wire.Relayed{}, ErrOffline
	}
	return *r.done, nil
}

// handOn sends what waits to be handed on.
func (s *session) handOn() *replica.Close {
	d := s.d
	d.mu.Lock()
	r := d.relay
	if r == nil || r.sent || !s.welcomed {
		d.mu.Unlock()
		return nil
	}
	r.sent = true
	m := r.message
	d.mu.Unlock()
	return s.do(s.replica.Relay(m))
}

// answer and fail end a relay, if there is one. The caller holds Device.mu.
func (r *Relay) answer(m wire.Relayed) {
	if r != nil && r.sent && r.done == nil && (m.Device == r.message.Device || r.message.Code != "") && m.First == r.message.First {
		r.done = &m
		close(r.over)
	}
}

func (r *Relay) fail() {
	if r != nil && r.done == nil {
		select {
		case <-r.over:
		default:
			close(r.over)
		}
	}
}
