package session

import (
	"yizhan/core/wire"
)

// maxCredit is what a device may grant at most, and what one has that grants nothing because it is older.
const maxCredit = 1 << 30

// grant lets the writer send on.
func (p *peer) grant(m wire.Credit) {
	p.mu.Lock()
	if p.counted {
		p.credit = int(min(uint64(p.credit)+min(m.Bytes, maxCredit), maxCredit))
		p.pace()
	}
	p.mu.Unlock()
	p.poke()
}

// pace fits the size of chunks to the time that the device took for its last credit. The
// caller holds p.mu.
func (p *peer) pace() {
	now := p.s.clock()
	switch took := now.Sub(p.credited); {
	case p.credited.IsZero(): // how long the first one took is not known
	case took < quick:
		p.size = min(2*p.size, maxChunk)
	case took > slow:
		p.size = max(p.size/2, minChunk)
	}
	p.credited = now
}

func (p *peer) chunkSize() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.size
}

func (p *peer) mayTake() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.credit
}

func (p *peer) spend(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.counted {
		p.credit -= n
	}
}
