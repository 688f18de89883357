package link

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"yizhan/core/fault"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/replica"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

// load reads what a session begins with, and tells of answers that nobody has heard of.
func (d *Device) load() (replica.Saved, error) {
	saved, late, err := d.read()
	if err != nil || len(late) == 0 {
		return saved, err
	}
	// Not while appending is locked: a counter that is told may be waiting to append.
	return saved, d.heard(late)
}

// read empties the inbox too: everything in it is in the queue that was read.
func (d *Device) read() (saved replica.Saved, late map[uint64]wire.Answer, err error) {
	d.order.Lock()
	defer d.order.Unlock()
	if saved, err = replica.Load(d.cfg.Store); err == nil {
		late, err = d.late(saved.Queue)
	}
	if err != nil {
		return saved, nil, err
	}
	d.take(saved.State, saved.Queue) // as catchUp does: a session must not send ops that nobody here remembers
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inbox = nil
	return saved, late, nil
}

// late finds answers that are stored and that nobody has heard of: the power
// went, or the store or whoever was told first had failed, after they were. The
// server will not be asked for them again.
func (d *Device) late(queue []local.Queued) (map[uint64]wire.Answer, error) {
	late, asked := map[uint64]wire.Answer{}, map[uint64]bool{}
	take := func(q local.Queued) error {
		var a wire.Answer
		if err := wire.DecodeRow(q.Result, &a); err != nil {
			return fmt.Errorf("read result of op %d: %w", q.Seq, err)
		}
		late[q.Seq] = a
		return nil
	}
	for _, q := range queue {
		if asked[q.Seq] = true; q.Result == nil {
			continue
		}
		if err := take(q); err != nil {
			return nil, err
		}
	}
	d.mu.Lock()
	waiting := slices.Clone(d.waiting)
	d.mu.Unlock()
	for _, q := range waiting {
		if asked[q.Seq] {
			continue
		}
		kept, err := d.cfg.Store.Kept(q.Seq, 1)
		if err == nil && len(kept) == 1 && kept[0].Seq == q.Seq {
			err = take(kept[0])
		}
		if err != nil {
			return nil, err
		}
	}
	return late, nil
}

// store makes results durable, and only then tells those who wait for them.
func (d *Device) store(results map[uint64]wire.Answer) error {
	bodies := make(map[uint64][]byte, len(results))
	for seq, r := range results {
		body, err := wire.EncodeRow(r)
		if err != nil {
			return fmt.Errorf("store result of op %d: %w", seq, err)
		}
		bodies[seq] = body
	}
	if err := d.cfg.Store.Answer(bodies); err != nil {
		return fmt.Errorf("store results: %w", err)
	}
	return d.heard(results)
}

// heard passes on results that are stored: first to the counter, then to those who wait.
func (d *Device) heard(results map[uint64]wire.Answer) error {
	if err := d.tellCounter(results); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	final := func(seq uint64) bool { r, ok := results[seq]; return ok && r.Outcome != op.Pending }
	for seq, r := range results {
		if q := d.ops[seq]; q != nil && !q.done() && final(seq) {
			q.result = r.Result
			close(q.answered)
		}
	}
	d.waiting = slices.DeleteFunc(d.waiting, func(q local.Queued) bool { return final(q.Seq) })
	d.forget()
	d.changed()
	return nil
}

func (d *Device) tellCounter(results map[uint64]wire.Answer) error {
	d.mu.Lock()
	fn := d.onAnswer
	d.mu.Unlock()
	if fn == nil {
		return nil
	}
	plain := make(map[uint64]op.Result, len(results))
	for seq, r := range results {
		if r.Outcome != op.Pending {
			plain[seq] = r.Result
		}
	}
	return fn(plain)
}

// forget lets go of old answers. The caller holds d.mu.
func (d *Device) forget() {
	if len(d.ops) <= 2*keep {
		return
	}
	newest := uint64(0)
	for seq := range d.ops {
		newest = max(newest, seq)
	}
	for seq, q := range d.ops {
		if q.done() && seq+keep < newest {
			delete(d.ops, seq)
		}
	}
}

func (q *question) done() bool {
	select {
	case <-q.answered:
		return true
	default:
		return false
	}
}

// Enrol hands in a one-use code: it makes the device's key pair, stores it before
// the code is sent, and pins the server's key together with the identity that it
// gives. A refused code is a *fault.Error (CodeUsed, CodeUnknown); after a lost
// connection the same code may be handed in again. A code that says whose it is
// goes to that server and to no other: fault WrongServer (wire.Invitation). A device
// that its server has forgotten is enrolled again as who it was, and keeps all it has.
func (d *Device) Enrol(ctx context.Context, code string) (wire.Enrolled, error) {
	if _, ok := d.Identity(); ok && !d.Forgotten() {
		return wire.Enrolled{}, ErrEnrolled
	}
	key, err := d.key()
	if err != nil {
		return wire.Enrolled{}, fmt.Errorf("enrol: %w", err)
	}
	conn, binding, nonce, err := d.connect(ctx, d.invited(wire.ParseInvitation(code)))
	if err != nil {
		return wire.Enrolled{}, fmt.Errorf("enrol: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	who, err := d.handIn(&session{d: d, conn: conn}, code, key, nonce, binding, conn.ReadMessage)
	if err != nil {
		return wire.Enrolled{}, fmt.Errorf("enrol: %w", errors.Join(ctx.Err(), err))
	}
	return who, nil
}

// Forgotten reports whether the server does not know this device any more: it was
// enrolled after the backup that the server goes on from, and has to be enrolled again.
func (d *Device) Forgotten() bool {
	s := d.Status()
	return !s.Online && (s.Problem != nil && s.Problem.Kind == fault.Stranger || s.Problem == nil && s.Last.Kind == fault.Stranger)
}

// handIn hands in a code over a connection that was just made.
func (d *Device) handIn(s *session, code string, key seal.Private, nonce, binding []byte, read func() (int, []byte, error)) (wire.Enrolled, error) {
	enrolment := replica.NewEnrolment(d.cfg.Codec, d.cfg.App, wire.ParseInvitation(code), key)
	if _, ok := d.Identity(); ok {
		saved, err := replica.Load(d.cfg.Store)
		if err != nil {
			return wire.Enrolled{}, err
		}
		enrolment.Again(saved)
	}
	stop := s.do(enrolment.Open(nonce, binding))
	for stop == nil {
		_, frame, err := read()
		if err != nil {
			return wire.Enrolled{}, err
		}
		stop = s.do(enrolment.Frame(frame))
		if who, ok := d.Identity(); ok && stop == nil && enrolment.Over() {
			s.goodbye()
			return who, nil
		}
	}
	if stop.Why == nil {
		return wire.Enrolled{}, errors.New("connection lost")
	}
	return wire.Enrolled{}, stop.Why
}

// invited is where an invitation leads: to its own address, unless somebody chose one.
func (d *Device) invited(in wire.Invitation) string {
	if in.Server == "" || d.cfg.FixedURL {
		return d.address()
	}
	return in.Server
}

// address is where the server is: as it was chosen, else as the enrolment code
// said, else the default.
func (d *Device) address() string {
	stored, err := d.cfg.Store.Meta(replica.MetaAddress)
	if err != nil || stored == nil || d.cfg.FixedURL {
		return d.cfg.URL
	}
	return string(stored)
}
