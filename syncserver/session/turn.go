package session

import (
	"errors"
	"time"

	"yizhan/syncserver/socket"
)

// poke has somebody look at what changed.
func (p *peer) poke() {
	if p.mine() {
		p.s.crew.call(p)
	}
}

// look is poke for a goroutine that has time to look itself.
func (p *peer) look() {
	if p.mine() {
		p.turn()
	}
}

// mine notes that something changed, and takes the turn; it gives false if somebody
// has it, who will look.
func (p *peer) mine() (taken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken, p.again, p.turning = !p.turning, true, true
	return taken
}

// turn sends what is due until nothing changes any more. Only who has the turn
// writes data messages; no goroutine waits for a device that is silent.
func (p *peer) turn() {
	for {
		p.mu.Lock()
		p.turning = p.again
		p.again = false
		more := p.turning
		p.mu.Unlock()
		if !more {
			return
		}
		next, err := p.step(&p.st)
		if err != nil {
			go p.leave(err)
			return
		}
		p.wakeAt(next)
	}
}

// wakeAt has the session looked at by then. Who is woken too early does no harm.
func (p *peer) wakeAt(next time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch in := next.Sub(p.s.clock()); {
	case in <= 0:
		p.again = true
	case in < time.Second:
		p.s.soon.set(p, &p.early, in)
	default:
		p.s.beats.set(p, &p.late, in)
	}
}

func (p *peer) rung(b *bell) {
	p.mu.Lock()
	b.at = 0
	p.mu.Unlock()
	p.poke()
}

// leave ends a session; the turn is never given back.
func (p *peer) leave(err error) {
	defer p.s.running.Done()
	defer p.s.remove(p)
	defer p.conn.Close()
	p.mu.Lock()
	p.s.beats.drop(&p.late)
	p.mu.Unlock()
	if p.st.cancel != nil {
		p.st.cancel()
	}
	p.end(socket.Abnormal, "connection lost")
	if errors.Is(err, errOver) {
		p.conn.Expect(linger)
	} else {
		p.logger().Info("connection lost", "error", err)
		p.conn.Close()
	}
	p.awaitReader()
}

// awaitReader comes back once nothing is read any more.
func (p *peer) awaitReader() {
	p.mu.Lock()
	if p.unread {
		p.mu.Unlock()
		return
	}
	p.ended = make(chan struct{})
	p.mu.Unlock()
	<-p.ended
}
