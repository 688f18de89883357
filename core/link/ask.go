package link

import (
	"context"
	"fmt"
	"slices"

	"yizhan/core/replica"
	"yizhan/core/wire"
)

// inquiry is one question that waits for the server's word. Device.mu guards it.
type inquiry struct {
	message wire.Ask
	sent    bool
	answer  *wire.Told    // nil: there will be none
	over    chan struct{} // closed once that is known
}

// Ask asks the server about a person and waits for its answer. Nothing of it is
// kept here. ErrOffline: there is no connection, it was lost, or the server is too
// old to be asked.
func (d *Device) Ask(ctx context.Context, m wire.Ask) (wire.Told, error) {
	d.mu.Lock()
	if !d.status.Online {
		d.mu.Unlock()
		return wire.Told{}, ErrOffline
	}
	d.lastAsk++
	m.N = d.lastAsk
	q := &inquiry{message: m, over: make(chan struct{})}
	d.asks = append(d.asks, q)
	d.poke()
	d.mu.Unlock()
	select {
	case <-q.over:
	case <-ctx.Done():
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asks = slices.DeleteFunc(d.asks, func(o *inquiry) bool { return o == q })
	switch {
	case q.answer != nil:
		return *q.answer, nil
	case ctx.Err() != nil:
		return wire.Told{}, fmt.Errorf("ask the server: %w", ctx.Err())
	}
	return wire.Told{}, ErrOffline
}

// inquire sends the questions that wait.
func (s *session) inquire() *replica.Close {
	d := s.d
	d.mu.Lock()
	var fresh []*inquiry
	for _, q := range d.asks {
		if !q.sent && s.welcomed {
			q.sent = true
			fresh = append(fresh, q)
		}
	}
	d.mu.Unlock()
	for _, q := range fresh {
		effects, known := s.replica.Ask(q.message)
		if !known {
			d.mu.Lock()
			q.end(nil)
			d.mu.Unlock()
			continue
		}
		if stop := s.do(effects); stop != nil {
			return stop
		}
	}
	return nil
}

// told takes an answer. The caller holds d.mu.
func (d *Device) told(m wire.Told) {
	for _, q := range d.asks {
		if q.sent && q.message.N == m.N {
			q.end(&m)
		}
	}
}

// unanswered ends all questions: the connection is gone. The caller holds d.mu.
func (d *Device) unanswered() {
	for _, q := range d.asks {
		q.end(nil)
	}
}

func (q *inquiry) end(answer *wire.Told) {
	select {
	case <-q.over:
	default:
		q.answer = answer
		close(q.over)
	}
}
