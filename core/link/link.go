// Package link keeps a device in touch with its server: the goroutines that run
// a replica over a WebSocket and a local store. Everything a program needs from
// it works with no network; only Enrol and Synced need the server.
package link

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"yizhan/core/clock"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/replica"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

// Config is what a device is made of. Store, URL, Now, Random and Log are required.
type Config struct {
	Store  local.Store
	URL    string           // of the server: ws://host:port/v1/sync or wss://…
	App    string           // program and version, for the server's log
	Now    func() time.Time // clock of the device; may be a simulated one
	Random io.Reader        // for keys, nonces and jitter
	Log    *slog.Logger
	Dial   func(ctx context.Context, network, addr string) (net.Conn, error) // nil: the system's
	TLS    *tls.Config                                                       // nil: the system's trust
	Codec  *wire.Codec                                                       // nil: one of its own; many devices in one process share one
	Boot   func() (boot string, since time.Duration)                         // nil: Boot, the machine's

	// FixedURL says that a person chose URL: an address in an enrolment code does not replace it.
	FixedURL bool
	// Attachments is the folder of this device's attachments, which a wipe removes; "" is none.
	Attachments string
}

// Status is how the device stands towards its server.
type Status struct {
	Online        bool
	Sessions      int           // handshakes since the start
	AsOf          time.Time     // server time at which the rows here were complete: "data as of"; zero before the first checkpoint
	Waiting       int           // ops that the server has not answered yet
	OldestWaiting time.Time     // device time at which the oldest of them was queued
	Problem       *fault.Error  // why the last session ended or could not begin; nil while all is well
	Last          Trouble       // why a session ended last, also before this start
	Wiped         bool          // the server had the device erased; true until it is enrolled again
	Offset        time.Duration // server clock minus device clock, whoever has set that since the server was heard
}

// Errors of Device. They are compared with errors.Is.
var (
	ErrNotEnrolled = errors.New("device is not enrolled: enter an enrolment code first")
	ErrEnrolled    = errors.New("device is already enrolled")
	ErrUnknownOp   = errors.New("no op has this number")
	ErrResultGone  = errors.New("result of this op is no longer kept here")
	ErrWiped       = errors.New("the server had this device erased")
)

// keep is how many answered ops are remembered for Wait after they left the outbox.
const keep = 4096

// Device is one device with its store. Its methods are safe for concurrent use.
type Device struct {
	cfg  Config
	log  *slog.Logger
	wake chan struct{} // room for one: something below changed, look again

	order sync.Mutex // held while an op is numbered and appended, so that the store sees them in order
	last  uint64     // guarded by order
	hash  op.Hash    // guarded by order

	mu       sync.Mutex // guards all below
	identity *wire.Enrolled
	receipt  []byte         // replica.MetaReceipt: the device was wiped, and the server may not know it
	inbox    []local.Queued // appended, and not seen by the session yet
	ops      map[uint64]*question
	waiting  []local.Queued // unanswered, oldest first; without bytes
	status   Status         // but Waiting, OldestWaiting and Offset, which are worked out when asked for
	server   clock.Anchor   // what the device knows of the server's clock
	watched  id.Activity
	gauge    *wire.Gauge
	off      bool // SetOnline(false)
	kicked   bool
	asked    uint64 // newest sync point asked for
	reached  uint64 // newest sync point that came back
	points   []point
	notify   map[int]func()
	recall   func(wire.Recall) error // of the counter; nil without one
	onAnswer func(map[uint64]op.Result) error
	relay    *Relay // of a hub: what is being handed on
	asks     []*inquiry
	lastAsk  uint64
	nextID   int
	dirty    bool
	telling  bool
}

// question is an op and, later, its answer.
type question struct {
	answered chan struct{} // closed once result is stored, or there will be none
	result   op.Result
	err      error // why there will be none
}

// Open loads a device from its store. It starts nothing; Run does.
func Open(cfg Config) (*Device, error) {
	d := &Device{cfg: cfg, log: cfg.Log, wake: make(chan struct{}, 1), ops: map[uint64]*question{}, notify: map[int]func(){}}
	if cfg.Boot == nil {
		d.cfg.Boot = Boot
	}
	if cfg.Codec == nil {
		codec, err := wire.NewCodec()
		if err != nil {
			return nil, fmt.Errorf("open device: %w", err)
		}
		d.cfg.Codec = codec
	}
	saved, err := replica.Load(cfg.Store)
	if err != nil {
		return nil, fmt.Errorf("open device: %w", err)
	}
	if saved.Identity.Device != "" {
		d.identity = &saved.Identity
	}
	if d.receipt, err = cfg.Store.Meta(replica.MetaReceipt); err != nil {
		return nil, fmt.Errorf("open device: %w", err)
	}
	if d.receipt != nil && d.identity == nil {
		d.status.Problem, d.status.Wiped = errWiped, true
	}
	if err := d.readTrouble(); err != nil {
		return nil, fmt.Errorf("open device: %w", err)
	}
	d.last, d.hash = saved.State.Last, saved.State.Hash
	if d.server, err = clock.ReadAnchor(cfg.Store); err != nil {
		return nil, fmt.Errorf("open device: %w", err)
	}
	if saved.Mark.Time != 0 {
		d.status.AsOf = time.UnixMilli(saved.Mark.Time)
	}
	for _, q := range saved.Queue {
		d.remember(q)
	}
	return d, nil
}

// remember takes an op of the outbox into memory. The caller holds d.mu, or is Open.
func (d *Device) remember(q local.Queued) {
	w := &question{answered: make(chan struct{})}
	d.ops[q.Seq] = w
	if q.Result == nil || replica.IsPending(q) {
		q.Bytes = nil
		d.waiting = append(d.waiting, q)
		return
	}
	if err := wire.DecodeRow(q.Result, &w.result); err != nil {
		d.log.Error("stored result cannot be read", "op", q.Seq, "error", err)
	}
	close(w.answered)
}

// Identity says who the device is, if it is enrolled.
func (d *Device) Identity() (wire.Enrolled, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.identity == nil {
		return wire.Enrolled{}, false
	}
	return *d.identity, true
}

// Do queues an op together with the rows that it changes on this device. When it
// returns, the op is numbered, chained and survives a power cut; the server
// answers it when there is a network. An At of 0 becomes the device's clock.
func (d *Device) Do(o op.Op, rows ...local.Row) (seq uint64, err error) {
	return d.DoRows(o, func(uint64) ([]local.Row, error) { return rows, nil })
}

// DoRows is Do for rows that carry the op's own number (wire.UsedRow).
func (d *Device) DoRows(o op.Op, rows func(seq uint64) ([]local.Row, error)) (uint64, error) {
	if _, ok := d.Identity(); !ok {
		return 0, ErrNotEnrolled
	}
	if !o.Kind.FromDevice() {
		return 0, fmt.Errorf("queue op: a device may not send kind %d", o.Kind)
	}
	at := d.cfg.Now().UnixMilli()
	if o.At == 0 {
		o.At = at
	}
	body, err := op.Encode(&o)
	switch {
	case err != nil:
		return 0, fmt.Errorf("queue op: %w", err)
	case len(body) > wire.MaxOp:
		return 0, fmt.Errorf("queue op: %w", fault.Errorf(fault.TooLarge, "op has %d bytes, at most %d are allowed: split it", len(body), wire.MaxOp))
	}
	d.order.Lock()
	defer d.order.Unlock()
	if _, ok := d.Identity(); !ok { // wiped while the op was being made
		return 0, ErrNotEnrolled
	}
	q, err := d.number(body, at, rows)
	if errors.Is(err, local.ErrOrder) && d.catchUp() == nil {
		q, err = d.number(body, at, rows)
	}
	if err != nil {
		return 0, fmt.Errorf("queue op: %w", err)
	}
	d.take(local.State{Last: q.Seq, Hash: q.Hash}, []local.Queued{q})
	return q.Seq, nil
}

// number makes an op the next one and stores it. The caller holds d.order.
func (d *Device) number(body []byte, at int64, rows func(seq uint64) ([]local.Row, error)) (local.Queued, error) {
	q := local.Queued{Seq: d.last + 1, Hash: op.Chain(d.hash, body), Bytes: body, At: at}
	changed, err := rows(q.Seq)
	if err != nil {
		return q, err
	}
	return q, d.append(q, changed)
}

// take brings memory, and through it the session, up to ops that are stored. The
// caller holds d.order.
func (d *Device) take(state local.State, queue []local.Queued) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, q := range queue {
		if q.Seq > d.last {
			d.inbox = append(d.inbox, q)
			d.remember(q)
			d.poke()
			d.changed()
		}
	}
	d.last, d.hash = state.Last, state.Hash
}

// catchUp takes in what the store has and memory has not: an append that stored,
// and could not even say so. The caller holds d.order.
func (d *Device) catchUp() error {
	state, err := d.cfg.Store.State()
	if err != nil {
		return err
	}
	queue, err := d.cfg.Store.Queue()
	if err == nil {
		d.take(state, queue)
	}
	return err
}

// append stores an op. A store can fail after it has stored: then the op is there
// and will be sent, so that saying it failed would make the person press again.
func (d *Device) append(q local.Queued, rows []local.Row) error {
	err := d.cfg.Store.Append(q, rows...)
	if err == nil {
		return nil
	}
	if s, again := d.cfg.Store.State(); again == nil && s.Last == q.Seq && s.Hash == q.Hash {
		return nil
	}
	return err
}

// Wait waits for the answer to an op. Refusals are answers; the error is ctx's,
// or ErrUnknownOp, ErrResultGone or ErrWiped.
func (d *Device) Wait(ctx context.Context, seq uint64) (op.Result, error) {
	d.order.Lock()
	last := d.last
	d.order.Unlock()
	d.mu.Lock()
	q := d.ops[seq]
	d.mu.Unlock()
	switch {
	case q == nil && (seq == 0 || seq > last):
		return op.Result{}, fmt.Errorf("wait for op %d: %w", seq, ErrUnknownOp)
	case q == nil:
		return op.Result{}, fmt.Errorf("wait for op %d: %w", seq, ErrResultGone)
	}
	select {
	case <-q.answered:
		return q.result, q.err
	case <-ctx.Done():
		return op.Result{}, fmt.Errorf("wait for op %d: %w", seq, ctx.Err())
	}
}

// Status tells how the device stands.
func (d *Device) Status() Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.status
	boot, since := d.cfg.Boot()
	s.Offset = clock.OffsetOf(d.server, d.cfg.Now(), boot, since)
	s.Waiting = len(d.waiting)
	if s.Waiting > 0 {
		s.OldestWaiting = time.UnixMilli(d.waiting[0].At)
	}
	return s
}

// Notify has fn called after rows, results or status changed: from a goroutine
// of its own, one call at a time, several changes in one call.
func (d *Device) Notify(fn func()) (stop func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.nextID
	d.nextID++
	d.notify[n] = fn
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.notify, n)
	}
}

// OnRecall has fn give up bound tickets that the server asks for
// (handover.Counter.GiveUp); an error of it ends the session.
func (d *Device) OnRecall(fn func(wire.Recall) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.recall = fn
}

// OnAnswer has fn keep what it needs of new results, by op number, before anybody
// is told of them (handover.Counter.Answered); an error of it ends the session.
func (d *Device) OnAnswer(fn func(map[uint64]op.Result) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.onAnswer = fn
}

func (d *Device) giveUp(m wire.Recall) error {
	d.mu.Lock()
	fn := d.recall
	d.mu.Unlock()
	if fn == nil {
		return nil // no counter here hands anything over; the server does without an answer
	}
	return fn(m)
}

// changed has everybody told. The caller holds d.mu.
func (d *Device) changed() {
	d.dirty = true
	if !d.telling && len(d.notify) > 0 {
		d.telling = true
		go d.tell()
	}
}

func (d *Device) tell() {
	for {
		d.mu.Lock()
		if !d.dirty {
			d.telling = false
			d.mu.Unlock()
			return
		}
		d.dirty = false
		fns := make([]func(), 0, len(d.notify))
		for _, fn := range d.notify {
			fns = append(fns, fn)
		}
		d.mu.Unlock()
		for _, fn := range fns {
			fn()
		}
	}
}

// poke has the session look again. The caller holds d.mu.
func (d *Device) poke() {
	select {
	case d.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Kick connects at once: the network came back, or a person asks to try again.
func (d *Device) Kick() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kicked = true
	d.poke()
}

// SetOnline is a switch: false closes the connection and makes none until true.
func (d *Device) SetOnline(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off, d.kicked = !on, on
	d.poke()
}

// Watch names the activity on screen, whose gauges are wanted; "" is none.
func (d *Device) Watch(a id.Activity) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.watched != a {
		d.watched, d.gauge = a, nil
		d.poke()
	}
}

// Gauge gives the latest counts of the watched activity; there are none offline,
// because they would be old.
func (d *Device) Gauge(a id.Activity) (wire.Gauge, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gauge == nil || d.gauge.Activity != a {
		return wire.Gauge{}, false
	}
	return *d.gauge, true
}

// Synced waits until everything queued so far is answered and everything that
// the server had journalled after that is applied here.
func (d *Device) Synced(ctx context.Context) error {
	select {
	case <-d.Sync():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for sync: %w", ctx.Err())
	}
}

// Sync gives a channel that is closed once Synced would come back.
func (d *Device) Sync() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
	p := point{d.asked, make(chan struct{})}
	d.points = append(d.points, p)
	d.poke()
	return p.passed
}

// point is a sync point that somebody waits for.
type point struct {
	n      uint64
	passed chan struct{}
}

// passed lets go of those who waited for sync points up to n. The caller holds d.mu.
func (d *Device) passed(n uint64) {
	d.reached = max(d.reached, n)
	for len(d.points) > 0 && d.points[0].n <= d.reached {
		close(d.points[0].passed)
		d.points = d.points[1:]
	}
}

// key gives the device's key pair, made and stored at first use: before the
// server hears of it, so that a lost answer to an enrolment can be asked again.
func (d *Device) key() (seal.Private, error) {
	stored, err := d.cfg.Store.Meta(replica.MetaKey)
	if err != nil {
		return seal.Private{}, fmt.Errorf("read device key: %w", err)
	}
	if stored != nil {
		return seal.ParsePrivate(stored)
	}
	key, err := seal.Generate(d.cfg.Random)
	if err != nil {
		return seal.Private{}, err
	}
	file, err := key.Marshal()
	if err != nil {
		return seal.Private{}, err
	}
	if err := d.cfg.Store.SetMeta(map[string][]byte{replica.MetaKey: file}); err != nil {
		return seal.Private{}, fmt.Errorf("store device key: %w", err)
	}
	return key, nil
}
