package link

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gorilla/websocket"

	"yizhan/core/clock"
	"yizhan/core/replica"
	"yizhan/core/wire"
)

// socket is what a session needs of a WebSocket.
type socket interface {
	WriteMessage(kind int, data []byte) error
	WriteControl(kind int, data []byte, deadline time.Time) error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
	Close() error
}

// Steps is one connection of a Device without goroutines, for a simulator that
// carries frames and time itself: it stands in for Run. What a method gives is
// nil, or why the connection is over.
type Steps struct {
	d *Device
	s *session
}

// Step begins a connection that was just made; send takes each frame for the
// server, or fails where the connection is lost. binding is what TLS exports under
// the label Exporter, nothing without TLS.
func (d *Device) Step(send func(frame []byte) error, binding []byte) (*Steps, *replica.Close) {
	boot, since := d.cfg.Boot()
	nonce, err := d.nonce()
	if err != nil {
		return &Steps{d: d}, &replica.Close{Why: storage(err)}
	}
	s, stop := d.begin(carrier(send), clock.Anchor{Boot: boot, Since: since})
	if stop == nil {
		stop = s.open(nonce, binding)
	}
	return &Steps{d, s}, stop
}

// Frame takes a frame from the server, at a time since the connection was made.
func (t *Steps) Frame(frame []byte, at time.Duration) *replica.Close {
	return t.s.do(t.s.replica.Frame(frame, at))
}

// Tick tells how long the connection has lived.
func (t *Steps) Tick(at time.Duration) *replica.Close { return t.s.do(t.s.replica.Tick(at)) }

// Look carries what methods of the Device left into the connection.
func (t *Steps) Look() *replica.Close { return t.s.look() }

// Welcomed reports whether the handshake is over.
func (t *Steps) Welcomed() bool { return t.s != nil && t.s.welcomed }

// End tells the Device that the connection is over, and why, if it said so.
func (t *Steps) End(why *replica.Close) {
	if why == nil {
		why = &replica.Close{}
	}
	t.d.offline(why.Why)
}

// StepEnrol is Enrol over a connection that the caller carries.
func (d *Device) StepEnrol(code string, send func(frame []byte) error, receive func() ([]byte, error)) (wire.Enrolled, error) {
	if _, ok := d.Identity(); ok && !d.Forgotten() {
		return wire.Enrolled{}, ErrEnrolled
	}
	key, err := d.key()
	if err != nil {
		return wire.Enrolled{}, fmt.Errorf("enrol: %w", err)
	}
	nonce, err := d.nonce()
	if err != nil {
		return wire.Enrolled{}, err
	}
	return d.handIn(&session{d: d, conn: carrier(send)}, code, key, nonce, nil, func() (int, []byte, error) {
		frame, err := receive()
		return websocket.BinaryMessage, frame, err
	})
}

func (d *Device) nonce() ([]byte, error) {
	nonce := make([]byte, 16)
	if _, err := io.ReadFull(d.cfg.Random, nonce); err != nil {
		return nil, fmt.Errorf("make nonce: %w", err)
	}
	return nonce, nil
}

// carrier is a socket that only carries frames to the server.
type carrier func(frame []byte) error

func (c carrier) WriteMessage(kind int, frame []byte) error {
	if kind != websocket.BinaryMessage {
		return errors.New("only binary messages are sent")
	}
	return c(frame)
}

func (carrier) WriteControl(int, []byte, time.Time) error { return nil }
func (carrier) SetReadDeadline(time.Time) error           { return nil }
func (carrier) SetWriteDeadline(time.Time) error          { return nil }
func (carrier) Close() error                              { return nil }
