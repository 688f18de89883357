package session

import (
	"errors"
	"time"

	"github.com/gorilla/websocket"

	"yizhan/core/op"
	"yizhan/core/scope"
	"yizhan/core/wire"
	"yizhan/syncserver/stream"
)

// socket is what a session needs of a WebSocket.
type socket interface {
	WriteMessage(kind int, data []byte) error
	WriteControl(kind int, data []byte, deadline time.Time) error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
	Close() error
}

// clock is what the times of a connection are measured by.
func (s *Server) clock() time.Time {
	if s.cfg.Clock != nil {
		return s.cfg.Clock()
	}
	return time.Now()
}

// Steps is one session without goroutines, for a simulator that carries frames and
// time itself; the handlers are those of a WebSocket.
type Steps struct {
	p    *peer
	over bool
}

// Step begins a session; send takes each frame for the device, or fails where the
// connection is lost. It gives nil while the server is stopping.
func (s *Server) Step(send func(frame []byte) error) *Steps {
	p := newPeer(s, carrier(send), nil)
	p.turning = true // by whoever calls Write
	if !s.add(p) {
		return nil
	}
	return &Steps{p: p}
}

// Frame takes a frame from the device and returns when the arbiter has answered it.
func (t *Steps) Frame(frame []byte) {
	if !t.over && !t.p.ended() {
		t.p.frame(frame)
	}
}

// Woken reports whether Write has something to look at before its time.
func (t *Steps) Woken() bool {
	t.p.mu.Lock()
	defer t.p.mu.Unlock()
	return !t.over && t.p.again
}

// Write sends what is due and says when it wants to look again; more is false once
// the session is over.
func (t *Steps) Write() (next time.Time, more bool) {
	if t.over {
		return time.Time{}, false
	}
	t.p.mu.Lock()
	t.p.again = false
	t.p.mu.Unlock()
	next, err := t.p.step(&t.p.st)
	if err != nil {
		t.End()
	}
	return next, err == nil
}

// End ends the session: the connection is lost, or was closed.
func (t *Steps) End() {
	if t.over {
		return
	}
	t.over = true
	t.p.end(websocket.CloseAbnormalClosure, "connection lost")
	if t.p.st.cancel != nil {
		t.p.st.cancel()
	}
	t.p.s.remove(t.p)
	t.p.s.running.Done()
}

// carrier is a socket that only carries frames to the device.
type carrier func(frame []byte) error

func (w carrier) WriteMessage(kind int, frame []byte) error {
	if kind != websocket.BinaryMessage {
		return errors.New("only binary messages are sent")
	}
	return w(frame)
}

func (carrier) WriteControl(int, []byte, time.Time) error { return nil }
func (carrier) SetReadDeadline(time.Time) error           { return nil }
func (carrier) SetWriteDeadline(time.Time) error          { return nil }
func (carrier) Close() error                              { return nil }

// Held gives the rows that a device of that enrolment holds once it has been told
// everything, and the journal Seq as of which that is so.
func (s *Server) Held(e op.Enrolment, fn func(scope string, r wire.RowChange)) (applied uint64, err error) {
	err = s.cfg.Feed.View(func(v stream.View) error {
		if applied, err = v.Applied(); err != nil {
			return err
		}
		for _, name := range Scopes(e) {
			err := stream.Signed(v, name, scope.Position{}, s.sign, func(r wire.RowChange) error {
				fn(name, r)
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return applied, err
}
