package link

import (
	"context"
	"errors"
	"fmt"

	"yizhan/core/replica"
	"yizhan/core/wire"
)

// ErrOffline says that there is no connection to the server at this moment.
var ErrOffline = errors.New("no connection to the server")

// relay is one thing that a hub hands on. Device.mu guards it.
type relay struct {
	message wire.Relay
	sent    bool
	over    chan struct{} // closed once there is an answer, or will be none
	done    *wire.Relayed
}

// Relay hands on what a device told this hub, and waits for the server's answer.
// ErrOffline: the connection was lost, and it is not known what was done. Only one
// Relay may be under way at a time.
func (d *Device) Relay(ctx context.Context, m wire.Relay) (wire.Relayed, error) {
	r := &relay{message: m, over: make(chan struct{})}
	d.mu.Lock()
	if !d.status.Online {
		d.mu.Unlock()
		return wire.Relayed{}, ErrOffline
	}
	d.relay = r
	d.poke()
	d.mu.Unlock()
	select {
	case <-r.over:
	case <-ctx.Done():
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.relay = nil
	switch {
	case r.done != nil:
		return *r.done, nil
	case ctx.Err() != nil:
		return wire.Relayed{}, fmt.Errorf("relay: %w", ctx.Err())
	}
	return wire.Relayed{}, ErrOffline
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
func (r *relay) answer(m wire.Relayed) {
	if r != nil && r.sent && r.done == nil && (m.Device == r.message.Device || r.message.Code != "") && m.First == r.message.First {
		r.done = &m
		close(r.over)
	}
}

func (r *relay) fail() {
	if r != nil && r.done == nil {
		select {
		case <-r.over:
		default:
			close(r.over)
		}
	}
}
