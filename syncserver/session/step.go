package session

import (
	"time"

	"yizhan/core/op"
	"yizhan/core/scope"
	"yizhan/core/wire"
	"yizhan/syncserver/socket"
	"yizhan/syncserver/stream"
)

// carrier is what a session needs of a WebSocket (socket.Conn).
type carrier interface {
	Send(messages [][]byte, asks bool, within time.Duration) error
	Part(code int, reason string)
	Expect(d time.Duration) error
	Close() error
}

// clock is what the times of a connection are measured by.
func (s *Server) clock() time.Time {
	if s.cfg.Clock != nil {
		return s.cfg.Clock()
	}
	return time.Now()
}

// since is how long the server has run.
func (s *Server) since() time.Duration { return s.clock().Sub(s.began) }

// Steps is one session without goroutines, for a simulator that carries frames and
// time itself; the handlers are those of a WebSocket.
type Steps struct {
	p    *peer
	over bool
}

// Step begins a session; send takes each frame for the device, or fails where the
// connection is lost. It gives nil while the server is stopping.
func (s *Server) Step(send func(frame []byte) error) *Steps {
	p := newPeer(s, simulated(send), nil)
	p.turning = true // by whoever calls Write
	if !s.add(p) {
		return nil
	}
	return &Steps{p: p}
}

// Frame takes a frame from the device and returns when the arbiter has answered it.
func (t *Steps) Frame(frame []byte) {
	if !t.over && !t.p.isOver() {
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
	t.p.end(socket.Abnormal, "connection lost")
	if t.p.st.cancel != nil {
		t.p.st.cancel()
	}
	t.p.s.remove(t.p)
	t.p.s.running.Done()
}

// simulated is a socket that only carries messages to the device.
type simulated func(frame []byte) error

func (w simulated) Send(messages [][]byte, _ bool, _ time.Duration) error {
	for _, m := range messages {
		if err := w(m); err != nil {
			return err
		}
	}
	return nil
}

func (simulated) Part(int, string)           {}
func (simulated) Expect(time.Duration) error { return nil }
func (simulated) Close() error               { return nil }

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
