package hub

import (
	"context"

	"yizhan/core/fault"
	"yizhan/core/local"
	"yizhan/core/wire"
)

// stand asks where a scanner stands at the server, once in each session with it: a server
// that was restored has forgotten ops, and is told them again with their receipts.
func (h *Hub) stand(ctx context.Context, s *scanner, session int) (forward bool, err error) {
	ctx, cancel := h.waits.Within(ctx, relayTime)
	defer cancel()
	answer, err := h.handOn(ctx, wire.Relay{Device: s.device})
	if err != nil {
		return false, err
	}
	h.mu.Lock()
	closed, base, relayed := s.closed, s.base.Seq, s.relayed
	h.mu.Unlock()
	switch lost := answer.LastOp < base; {
	case answer.Kind == fault.Unauthenticated, answer.Kind == fault.NoFault && lost:
		if !closed {
			h.cfg.Log.Error("the server does not know a scanner any more, or misses ops of it that are not kept here; enrol the scanner again, or revoke it",
				"device", s.device, "fault", answer.Kind, "server", answer.LastOp, "here", base)
		}
		closed = true
	case answer.Kind != fault.NoFault:
		h.cfg.Log.Warn("the server does not say where a scanner stands; asking again", "device", s.device, "fault", answer.Kind, "detail", answer.Detail)
		return false, nil
	case answer.LastOp < relayed:
		h.cfg.Log.Warn("the server does not have what it had; relaying again", "device", s.device, "from", answer.LastOp+1)
		if err := h.back(s, answer.LastOp); err != nil {
			return false, err
		}
		fallthrough
	default:
		closed = false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s.stood, s.closed = session, closed
	return true, nil
}

// back has the ops behind one relayed again, also after the power went.
func (h *Hub) back(s *scanner, to uint64) error {
	var rows []local.Row
	h.mu.Lock()
	relayed := s.relayed
	for seq := to + 1; seq <= relayed; seq++ {
		o := *s.op(seq)
		o.Place = 0
		r, err := row(opID(s.device, seq), &o)
		if err != nil {
			h.mu.Unlock()
			return err
		}
		rows = append(rows, r)
	}
	h.mu.Unlock()
	if err := h.store.keep(rows, nil); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for seq := to + 1; seq <= relayed; seq++ {
		s.op(seq).Place = 0
	}
	s.relayed = to
	return nil
}

// resume tells the scanners of the city's new epoch once its rows are whole here, and
// the server has said of each of them what it has forgotten.
func (h *Hub) resume(session int) (done bool, err error) {
	h.mu.Lock()
	for _, s := range h.scanners {
		if s.stood != session {
			h.mu.Unlock()
			return false, nil
		}
	}
	h.mu.Unlock()
	if done, err = h.store.resume(); done {
		h.sessions.Part() // they come again, and begin anew
	}
	return done, err
}
