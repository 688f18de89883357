package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"yizhan/core/fault"
	"yizhan/core/handover"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/session"
)

// forwardTime is how long a scanner waits for what only the server can decide,
// before it is told that the hub holds it.
const forwardTime = 5 * time.Second

// downstream is the hub as its scanners see it: a server. It implements session.Arbiter.
type downstream struct{ *Hub }

func (h downstream) Device(d id.Device) (session.Info, bool) {
	r, ok, err := h.store.Get(wire.TableScanner, string(d))
	var row wire.ScannerRow
	if err != nil || !ok || wire.DecodeRow(r.Body, &row) != nil {
		return session.Info{}, false
	}
	s, err := h.known(d)
	if err != nil {
		h.cfg.Log.Warn("scanner not let in", "device", d, "error", err)
		return session.Info{}, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return session.Info{Last: s.last(), Hash: s.sum(s.last()), Gone: row.Gone, Epoch: h.store.feed.told().Epoch,
		Enrolment: op.Enrolment{Device: row.Device, Role: row.Role, Station: row.Station, Org: row.Org, PublicKey: row.PublicKey, Upstream: h.self.Device, Supervisor: row.Supervisor}}, true
}

// known gives a scanner. Where this hub has nothing of it, the server has to say
// where its ops begin.
func (h *Hub) known(d id.Device) (*scanner, error) {
	h.mu.Lock()
	s := h.scanners[d]
	h.mu.Unlock()
	if s != nil {
		return s, nil
	}
	ctx, cancel := h.waits.Within(context.Background(), forwardTime)
	defer cancel()
	answer, err := h.ask(ctx, wire.Relay{Device: d})
	if err != nil {
		return nil, fmt.Errorf("this hub has nothing of %s, and the server cannot be asked: %w", d, err)
	}
	b := base{Seq: answer.LastOp}
	copy(b.Hash[:], answer.LastSum)
	return h.begin(d, b)
}

// ask relays something that is no run of ops.
func (h *Hub) ask(ctx context.Context, m wire.Relay) (wire.Relayed, error) {
	answer, err := h.handOn(ctx, m)
	if err == nil && answer.Kind != fault.NoFault {
		err = fault.Errorf(answer.Kind, "%s", answer.Detail)
	}
	return answer, err
}

func (h downstream) Head() uint64 { return h.store.feed.told().Head }

// Submit implements session.Arbiter.
func (h downstream) Submit(ctx context.Context, from id.Device, m wire.Ops) (wire.Results, error) {
	answer := wire.Results{First: m.First}
	s, err := h.known(from)
	if err != nil {
		return answer, fault.Errorf(fault.Busy, "%v", err)
	}
	if !h.waits.Take(ctx, s.turn) {
		return answer, fault.Errorf(fault.Busy, "ops of %s are being decided", from)
	}
	defer s.turn.Done()
	h.mu.Lock()
	base := s.base.Seq
	h.mu.Unlock()
	if m.First <= base { // only the server still knows what it was answered
		return h.recalled(ctx, s, m, int(min(base-m.First+1, uint64(len(m.Ops)))))
	}
	previous := op.Hash(m.Previous)
	var run []*held // s lets go of what the server has, also before this run is answered
	for i, raw := range m.Ops {
		hash := op.Chain(previous, raw)
		o, err := h.take(s, m.First+uint64(i), previous, hash, raw)
		if err != nil {
			answer.Results = h.results(run)
			return answer, asFault(err)
		}
		previous, run = hash, append(run, o)
	}
	h.look()
	h.files.yield()
	h.await(ctx, run)
	answer.Results = h.results(run)
	return answer, nil
}

// recalled asks the server for the results of the first n ops, which are not kept here
// any more. It has them, or none would have been let go of here.
func (h *Hub) recalled(ctx context.Context, s *scanner, m wire.Ops, n int) (wire.Results, error) {
	results := wire.Results{First: m.First}
	ctx, cancel := h.waits.Within(ctx, forwardTime)
	defer cancel()
	h.mu.Lock()
	stands := s.stood == h.link.Status().Sessions && !s.closed && s.relayed == s.last()
	h.mu.Unlock()
	if !stands {
		return results, fault.Errorf(fault.Busy, "op %d of %s was answered long ago, and the server cannot be asked now", m.First, s.device)
	}
	answer, err := h.ask(ctx, wire.Relay{Device: s.device, First: m.First, Previous: m.Previous, Ops: m.Ops[:n]})
	results.Results, results.Receipts = answer.Results, answer.Receipts
	if err == nil && n < len(m.Ops) {
		err = fault.Errorf(fault.Busy, "the ops behind op %d are taken when they come again", m.First+uint64(n)-1)
	}
	if err != nil {
		return results, asFault(err)
	}
	return results, nil
}

// take decides an op that is new, or compares it with the one that is here.
func (h *Hub) take(s *scanner, seq uint64, previous, hash op.Hash, raw []byte) (*held, error) {
	h.mu.Lock()
	last, old := s.last(), s.op(seq)
	ends := s.sum(last)
	h.mu.Unlock()
	raw = bytes.Clone(raw) // it is kept for long, and shares memory with all that came in its frame
	asked, err := op.Decode(raw)
	parted := err == nil && asked.Kind == op.Parted
	switch {
	case seq <= last && old == nil && !parted: // pruned since the run began
		return nil, fault.Errorf(fault.Busy, "op %d of %s was answered long ago", seq, s.device)
	case seq > last+1:
		return nil, fault.Errorf(fault.Gap, "op %d of %s came before the ones in front of it", seq, s.device)
	case parted, seq <= last && old.Hash != hash, seq == last+1 && ends != previous:
		if err := h.forked(s, &fork{seq, raw, previous}); err != nil {
			return nil, err
		}
		return nil, fault.Errorf(fault.Fork, "op %d of %s continues another history", seq, s.device)
	case seq <= last:
		return old, nil
	}
	o := &held{Seq: seq, Hash: hash, Bytes: raw, Result: op.Result{Outcome: op.Pending}}
	if err != nil || !asked.Kind.FromDevice() {
		o.Result = op.Result{Outcome: op.Refused, Code: fault.Invalid}
		return o, h.append(s, o, nil)
	}
	mine, err := h.counter.Judge(asked, s.device, seq, func(j handover.Judgement) error {
		o.Result, o.Judged = j.Result, j.Verdict
		return h.append(s, o, j.Rows)
	})
	if err != nil || mine {
		return o, err
	}
	return o, h.append(s, o, nil)
}

// forked keeps the other history, durably, for the server: it sets the device aside. It is shown
// behind what this hub has accepted, or it would be taken for the first one.
func (h *Hub) forked(s *scanner, f *fork) error {
	h.cfg.Log.Error("a scanner continues another history; it is a copy, or was restored", "device", s.device, "op", f.Seq)
	h.mu.Lock()
	known := s.fork != nil
	h.mu.Unlock()
	if known {
		return nil
	}
	body, err := wire.EncodeRow(f)
	if err == nil {
		err = h.store.keep([]local.Row{{Table: tableFork, ID: string(s.device), Body: body}}, nil)
	}
	if err != nil {
		return err
	}
	h.mu.Lock()
	s.fork = f
	h.mu.Unlock()
	h.look()
	return nil
}

// await gives the server a little time for what only it can decide.
func (h *Hub) await(ctx context.Context, run []*held) {
	ctx, cancel := h.waits.Within(ctx, forwardTime)
	defer cancel()
	for h.link.Status().Online {
		h.mu.Lock()
		waits := false
		for _, o := range run {
			waits = waits || o.Result.Outcome == op.Pending
		}
		if h.answered == nil {
			h.answered = make(chan struct{})
		}
		answered := h.answered
		h.mu.Unlock()
		if !waits || !h.waits.Closed(ctx, answered) {
			return
		}
	}
}

// results gives what is known of a run of ops, for the scanner.
func (h *Hub) results(run []*held) (results []op.Result) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, o := range run {
		o.told = o.told || o.Result.Outcome == op.Pending
		results = append(results, o.Result)
	}
	return results
}

// Enrol implements session.Arbiter: the server uses up the code, and then tells
// this hub of its new scanner.
func (h downstream) Enrol(ctx context.Context, code string, publicKey []byte, former *wire.Enrolled) (op.Enrolment, error) {
	answer, err := h.ask(ctx, wire.Relay{Code: code, PublicKey: publicKey, Former: former})
	if err != nil {
		return op.Enrolment{}, asFault(err)
	}
	if answer.Enrolled == nil {
		return op.Enrolment{}, fault.Errorf(fault.Internal, "the server named no device")
	}
	if !h.waits.Closed(ctx, h.link.Sync()) {
		return op.Enrolment{}, fault.Errorf(fault.Busy, "the server has not told this hub of %s yet", answer.Enrolled.Device)
	}
	s, err := h.begin(answer.Enrolled.Device, base{})
	if err != nil {
		return op.Enrolment{}, asFault(err)
	}
	h.mu.Lock()
	s.closed, s.stood = false, 0 // the server had forgotten it, and takes its ops again
	h.mu.Unlock()
	h.look()
	e := answer.Enrolled
	return op.Enrolment{Device: e.Device, Role: e.Role, Station: e.Station, Org: e.Org, PublicKey: publicKey, Upstream: e.Upstream, Supervisor: e.Supervisor}, nil
}

// Keep implements session.Arbiter: the server keeps what a closed scanner had not sent.
func (h downstream) Keep(ctx context.Context, from id.Device, m wire.Ops) error {
	_, err := h.ask(ctx, wire.Relay{Device: from, First: m.First, Previous: m.Previous, Ops: m.Ops})
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.RevokedDevice {
		return nil
	}
	if err == nil {
		err = fault.Errorf(fault.Busy, "the server does not know yet that %s is closed", from)
	}
	return asFault(err)
}

// Wiped implements session.Arbiter: the scanner keeps its receipt until the server has it.
func (h downstream) Wiped(ctx context.Context, m wire.Wiped) error {
	if _, err := h.ask(ctx, wire.Relay{Device: m.Device, Wiped: &m}); err != nil {
		return asFault(err)
	}
	h.cfg.Log.Info("scanner wiped itself", "device", m.Device, "last", m.Last)
	return nil
}

// Relay implements session.Arbiter: there are no hubs below a hub.
func (h downstream) Relay(_ context.Context, from id.Device, m wire.Relay) wire.Relayed {
	return wire.Relayed{Device: m.Device, First: m.First, Kind: fault.Unauthenticated, Detail: string(from) + " is not known here as a hub"}
}

// Ask implements session.Arbiter: a hub knows nobody.
func (h downstream) Ask(_ context.Context, _ op.Enrolment, m wire.Ask) wire.Told {
	return wire.Told{N: m.N, Code: fault.NotAuthorised}
}

// Meet implements session.Arbiter: a hub is never restored from a backup, but enrolled
// again. What the city has forgotten of a scanner the hub brings back by itself.
func (h downstream) Meet(id.Device, wire.Known) error { return nil }

// Online implements session.Arbiter.
func (h downstream) Online(d id.Device) {
	h.mu.Lock()
	s := h.scanners[d]
	h.mu.Unlock()
	if s != nil {
		h.tellLate(s, 0) // it may have missed any
	}
}

// Gauge implements session.Arbiter: only the server counts.
func (h downstream) Gauge(id.Activity) (wire.Gauge, bool) { return wire.Gauge{}, false }

func asFault(err error) error {
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, local.ErrFull):
		return fault.Errorf(fault.StorageFull, "%v", err)
	}
	return fault.Errorf(fault.Busy, "%v", err)
}
