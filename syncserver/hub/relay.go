package hub

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/link"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
)

const (
	maxRelay  = 128              // ops in one message
	maxBytes  = 256 << 10        // and their bytes
	relayTime = 30 * time.Second // for the server's answer
	retryTime = time.Second      // after the server could not do it
)

// relayAll brings the server what it does not have, one message at a time, until ctx ends.
func (h *Hub) relayAll(ctx context.Context) {
	retry := time.NewTimer(0)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.wake:
		case <-retry.C:
		}
		if h.relayRound(ctx) {
			h.look()
		} else if h.pending() {
			retry.Reset(retryTime)
		}
	}
}

// pending reports whether the server is still to be told or asked something, or the
// scanners are still to be told of its new epoch.
func (h *Hub) pending() bool {
	if now := h.link.Status(); now.Online {
		return h.store.feed.told().Paused || len(h.due(now.Sessions)) > 0
	}
	return h.Backlog() > 0
}

// due lists the scanners about which there is something to say in a session with the server.
func (h *Hub) due(session int) (some []*scanner) {
	restored := h.store.feed.told().Epoch > 0 // only such a server waits for word of each device
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.scanners {
		if s.stood != session || !s.closed && (s.relayed < s.last() || s.fork != nil || restored && s.whole != session) {
			some = append(some, s)
		}
	}
	slices.SortFunc(some, func(a, b *scanner) int { return strings.Compare(string(a.device), string(b.device)) })
	return some
}

// relayRound relays one run of each scanner that has something, and reports whether
// anything went forward.
func (h *Hub) relayRound(ctx context.Context) (forward bool) {
	now := h.link.Status()
	if !now.Online {
		return false
	}
	for _, s := range h.due(now.Sessions) {
		ok, err := h.tell(ctx, s, now.Sessions)
		if err != nil {
			if !errors.Is(err, link.ErrOffline) && ctx.Err() == nil {
				h.cfg.Log.Error("ops of a scanner not relayed; trying again", "device", s.device, "error", err)
			}
			return forward
		}
		forward = forward || ok
	}
	if h.store.feed.told().Paused {
		ok, err := h.resume(now.Sessions)
		if err != nil {
			h.cfg.Log.Error("scanners not told of the city's new epoch; trying again", "error", err)
		}
		forward = forward || ok
	}
	return forward
}

// tell does what comes next for a scanner: it asks where the device stands at the server,
// relays a run of its ops, and then its other history.
func (h *Hub) tell(ctx context.Context, s *scanner, session int) (forward bool, err error) {
	h.mu.Lock()
	stands, all, f := s.stood == session, s.relayed == s.last(), s.fork
	h.mu.Unlock()
	switch {
	case !stands:
		return h.stand(ctx, s, session)
	case !all:
		return h.relay(ctx, s)
	}
	ctx, cancel := h.waits.Within(ctx, relayTime)
	defer cancel()
	if f == nil {
		answer, err := h.handOn(ctx, wire.Relay{Device: s.device, Whole: true})
		if err != nil || answer.Kind != fault.NoFault {
			return false, err
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		s.whole = session
		return true, nil
	}
	answer, err := h.handOn(ctx, wire.Relay{Device: s.device, First: f.Seq, Previous: f.Previous[:], Ops: [][]byte{f.Bytes}})
	if err != nil {
		return false, err
	}
	return h.shown(s, answer)
}

// shown notes what the server said to the other history of a scanner, which is all that
// proves the copy: it is let go of only where the server has it on record.
func (h *Hub) shown(s *scanner, answer wire.Relayed) (forward bool, err error) {
	switch answer.Kind {
	case fault.NoFault, fault.Fork, fault.RevokedDevice:
	case fault.Gap, fault.Unauthenticated: // it has forgotten what it had: where does it stand?
		h.mu.Lock()
		defer h.mu.Unlock()
		s.stood = 0
		return false, nil
	case fault.Busy:
		return false, nil
	default:
		h.cfg.Log.Warn("the other history of a scanner not recorded; trying again", "device", s.device, "fault", answer.Kind, "detail", answer.Detail)
		return false, nil
	}
	h.cfg.Log.Warn("the server has recorded the other history of a scanner", "device", s.device, "op", answer.First, "says", answer.Kind)
	if err := h.store.keep(nil, []local.Row{{Table: tableFork, ID: string(s.device)}}); err != nil {
		return false, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s.fork = nil
	return true, nil
}

// errSilent: the server may have done it or not.
var errSilent = errors.New("the server did not answer in time")

// handOn waits for its turn, and for the server's answer.
func (h *Hub) handOn(ctx context.Context, m wire.Relay) (wire.Relayed, error) {
	if !h.waits.Take(ctx, h.asking) {
		return wire.Relayed{}, errSilent
	}
	defer h.asking.Done()
	r, err := h.link.Relay(m)
	if err != nil {
		return wire.Relayed{}, err
	}
	answered := h.waits.Closed(ctx, r.Over())
	answer, err := r.End()
	if err != nil && !answered {
		err = errSilent
	}
	return answer, err
}

func (h *Hub) relay(ctx context.Context, s *scanner) (bool, error) {
	h.mu.Lock()
	previous := s.sum(s.relayed)
	first := h.firstAbout(s)
	m := wire.Relay{Device: s.device, First: s.relayed + 1, Previous: previous[:]}
	for size, seq := 0, m.First; seq <= s.last() && len(m.Ops) < maxRelay; seq++ {
		o := s.op(seq)
		size += len(o.Bytes)
		if before, ok := first[o.about()]; ok && before < o.Order || size > maxBytes && len(m.Ops) > 0 {
			break
		}
		m.Ops, m.Judged, m.Receipts = append(m.Ops, o.Bytes), append(m.Judged, o.Judged), append(m.Receipts, o.Receipt)
	}
	h.mu.Unlock()
	if len(m.Ops) == 0 {
		return false, nil // another scanner's turn
	}
	ctx, cancel := h.waits.Within(ctx, relayTime)
	defer cancel()
	answer, err := h.handOn(ctx, m)
	if err != nil {
		return false, err
	}
	return h.relayed(s, m, answer)
}

// firstAbout finds the oldest op of other scanners about each ticket that the server
// does not have: what one scanner took back another may have handed over since, and
// the server has to hear of it in this order. The caller holds h.mu.
func (h *Hub) firstAbout(s *scanner) map[id.Ticket]uint64 {
	first := map[id.Ticket]uint64{}
	for _, o := range h.scanners {
		if o == s || o.closed {
			continue
		}
		for seq := o.relayed + 1; seq <= o.last(); seq++ {
			t, order := o.op(seq).about(), o.op(seq).Order
			if old, ok := first[t]; t != 0 && (!ok || order < old) {
				first[t] = order
			}
		}
	}
	return first
}

// about is the ticket that this hub has decided on, 0 for an op of another kind.
func (o *held) about() id.Ticket {
	if o.Result.Outcome == op.Pending {
		return 0
	}
	return o.Result.Ticket
}

// relayed notes what the server did with a run, and tells the scanner what waited
// for the server.
func (h *Hub) relayed(s *scanner, m wire.Relay, answer wire.Relayed) (bool, error) {
	to := m.First + uint64(len(answer.Results)) - 1
	switch answer.Kind {
	case fault.NoFault, fault.Busy:
	case fault.RevokedDevice, fault.Fork: // they are in quarantine, and so will be what is behind them
		h.cfg.Log.Warn("the server keeps what this hub accepted of a scanner for staff", "device", s.device, "fault", answer.Kind, "detail", answer.Detail)
		to = m.First + uint64(len(m.Ops)) - 1
	case fault.Gap, fault.Unauthenticated: // it has forgotten what it had: where does it stand?
		h.mu.Lock()
		defer h.mu.Unlock()
		s.stood = 0
		return true, nil
	default:
		h.cfg.Log.Warn("ops of a scanner not relayed; trying again", "device", s.device, "fault", answer.Kind, "detail", answer.Detail)
	}
	return to >= m.First, h.settle(s, m.First, to, answer)
}

// settle makes durable that the server has ops up to one, and what it answered.
func (h *Hub) settle(s *scanner, first, to uint64, answer wire.Relayed) error {
	results := answer.Results
	var rows []local.Row
	var next []held
	h.mu.Lock()
	for seq := first; seq <= to; seq++ {
		o := *s.op(seq)
		o.Place = 1 // what is in quarantine has no place that anybody waits for
		if i := int(seq - first); i < len(results) {
			o.Place = max(results[i].Seq, 1)
			if i < len(answer.Receipts) {
				o.Receipt = answer.Receipts[i]
			}
			if o.Result.Outcome == op.Pending {
				o.Result, o.Late = results[i], true
			}
		}
		next = append(next, o)
	}
	h.mu.Unlock()
	for i := range next {
		r, err := row(opID(s.device, next[i].Seq), &next[i])
		if err != nil {
			return err
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		return nil
	}
	if err := h.store.keep(rows, nil); err != nil {
		return err
	}
	h.mu.Lock()
	for i := range next {
		o := s.op(next[i].Seq)
		next[i].told = o.told // while the answer was written, the scanner may have been told to wait
		*o = next[i]
	}
	s.relayed = to
	if h.answered != nil {
		close(h.answered)
		h.answered = nil
	}
	h.mu.Unlock()
	h.tellLate(s, first-1)
	return h.prune(s, s.ackedNow(h))
}

func (s *scanner) ackedNow(h *Hub) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return s.acked(h.store.feed.newest().applied)
}

// tellLate sends a scanner the answers behind an op that it was told to wait for. One that
// it has already changes nothing there.
func (h *Hub) tellLate(s *scanner, from uint64) {
	for _, m := range h.late(s, from) {
		h.sessions.Send(s.device, m, wire.MinVersion)
	}
}

func (h *Hub) late(s *scanner, from uint64) (late []wire.Results) {
	h.mu.Lock()
	defer h.mu.Unlock()
	newest := uint64(max(0, int64(s.relayed)-lateOps))
	for seq := max(from, s.base.Seq, newest) + 1; seq <= s.relayed; seq++ {
		if o := s.op(seq); o.Late && o.told {
			late = append(late, wire.Results{First: seq, Results: []op.Result{o.Result}, Receipts: [][]byte{o.Receipt}})
		}
	}
	return late
}
