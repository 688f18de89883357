package session

import (
	"time"

	"yizhan/core/id"
	"yizhan/core/wire"
)

// grace is how long a device is expected back that vanished without a word, or
// that has not found a server yet which has just started.
const grace = 10 * time.Second

// ending is how a device's last session ended.
type ending struct {
	at    time.Time // by Config.Clock
	meant bool      // the device said goodbye
}

// Reach says whether a device is here, under a number that no other session has,
// and if it is not, whether it is expected at any moment.
func (s *Server) Reach(d id.Device) (session uint64, expected bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.byDevice[d]; p != nil && !p.isOver() {
		return p.serial, true
	}
	last, known := s.endings[d]
	if !known {
		return 0, s.clock().Sub(s.began) < grace
	}
	return 0, !last.meant && s.clock().Sub(last.at) < grace
}

// Send gives a message to a device, if it is here and its version of the protocol
// has it. Whether it arrives is not known.
func (s *Server) Send(d id.Device, m wire.Message, version int) bool {
	s.mu.Lock()
	p := s.byDevice[d]
	s.mu.Unlock()
	if p == nil || p.isOver() || p.version() < version {
		return false
	}
	p.send(m)
	return true
}

func (p *peer) version() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.speaks
}

// goodbye notes that the device ended the session on purpose.
func (p *peer) goodbye() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.meant = true
}

func (p *peer) saidGoodbye() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.meant
}
