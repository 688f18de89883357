package session

import (
	"yizhan/core/fault"
	"yizhan/core/wire"
)

// ops has a run of ops decided and queues the results.
func (p *peer) ops(m wire.Ops) {
	device := p.who
	p.setBusy(true)
	answer, err := p.s.cfg.Arbiter.Submit(p.s.ctx, device, m)
	defer p.look()
	defer p.setBusy(false) // after the results are queued: a checkpoint with their effects follows them
	if err == nil && len(answer.Results) != len(m.Ops) {
		p.logger().Error("arbiter lost count", "ops", len(m.Ops), "results", len(answer.Results))
		err = fault.Errorf(fault.Internal, "results are missing")
	}
	if len(answer.Results) > 0 {
		p.owe(p.s.cfg.Arbiter.Head())
		p.results(answer)
	}
	if err == nil {
		return
	}
	f := asFault(err)
	p.logger().Warn("ops not decided", "first", m.First+uint64(len(answer.Results)), "count", len(m.Ops)-len(answer.Results), "error", err)
	reply := wire.Fault{Kind: f.Kind, Detail: f.Detail}
	switch f.Kind {
	case fault.Busy, fault.Frozen:
		p.send(reply)
		return
	case fault.Gap:
		if info, ok := p.s.cfg.Arbiter.Device(device); ok {
			reply.Next = info.Last + 1
		}
		p.send(reply)
		return
	}
	p.fail(reply)
}

// results queues results in as many messages as their receipts need.
func (p *peer) results(m wire.Results) {
	from, size := 0, 0
	for i, r := range m.Receipts {
		if size += len(r); size > receiptsSize && i > from {
			p.queueUp(wire.Results{First: m.First + uint64(from), Results: m.Results[from:i], Receipts: m.Receipts[from:i]})
			from, size = i, len(r)
		}
	}
	rest := wire.Results{First: m.First + uint64(from), Results: m.Results[from:]}
	if m.Receipts != nil {
		rest.Receipts = m.Receipts[from:]
	}
	p.queueUp(rest)
}

// relay hands on what a hub brings; the hub has one relay under way at a time.
func (p *peer) relay(m wire.Relay) {
	answer := p.s.cfg.Arbiter.Relay(p.s.ctx, p.who, m)
	if answer.Kind != fault.NoFault {
		p.logger().Warn("relay not done", "of", m.Device, "first", m.First, "fault", answer.Kind, "detail", answer.Detail)
	}
	p.send(answer)
}
