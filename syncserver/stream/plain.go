package stream

import (
	"fmt"

	"yizhan/core/scope"
)

// plain fills a chunk for a device that names no scopes: all chunks of a
// checkpoint say the same From, To and Acked, and it holds everything or nothing.
func (s *Stream) plain(v View, p *plan) (err error) {
	if s.pin != 0 {
		p.chunk.To = s.pin
	}
	if p.chunk.Acked, err = v.Acked(s.cfg.Device, p.chunk.To); err != nil {
		return fmt.Errorf("read acked ops: %w", err)
	}
	p.chunk.Reset, p.chunk.Last = s.reset, true
	for _, l := range s.lanes {
		full, err := s.read(v, l, p)
		if err != nil {
			return err
		}
		if full {
			p.chunk.Last = false
			break
		}
	}
	p.chunk.Parts = nil
	return nil
}

// beginPlain starts such a device at its cursor, or from nothing.
func (s *Stream) beginPlain(floor, applied uint64) {
	s.reset, s.verify = s.cursor == 0 || s.cursor < floor, false
	for _, l := range s.lanes {
		if l.held, l.pos = true, scope.After(s.cursor); s.reset {
			l.pos, l.since = scope.Position{}, applied
		}
	}
	if s.reset {
		s.cursor = 0
	}
}
