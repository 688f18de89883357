package session

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/wire"
	"yizhan/syncserver/socket"
	"yizhan/syncserver/stream"
)

const (
	chunkSize = 128 << 10 // bytes of rows in one message, at first
	minChunk  = 32 << 10  // for a device that takes long: what it loses when its line is cut
	maxChunk  = 512 << 10 // for one that is quick: it stores each chunk with one fsync
	quick     = 250 * time.Millisecond
	slow      = 2 * time.Second
	idleLag   = 1000        // Seqs that the cursor of an idle device may fall behind
	linger    = time.Second // for the other side to read our last words
	firstLook = 5 * time.Millisecond
	lastLook  = 500 * time.Millisecond
)

// writer is what is known of a device by whoever has the turn to write to it.
type writer struct {
	stream  *stream.Stream // nil until the device is let in
	device  id.Device
	cancel  func()
	dirty   bool   // rows changed
	need    int    // bytes of the frame that waits for credit
	head    uint64 // of the journal at the last heartbeat
	want    uint64 // Seq that is waited for
	watches int    // of the peer, when gauge was sent
	gauge   wire.Gauge
	look    time.Duration // until the ledger is looked at again
	out     [][]byte      // messages that go in the next write
	size    int           // bytes in out

	beatAt, pingAt, gaugeAt, lookAt, verifyAt time.Time // when each is due; lookAt zero is never

	turnAt time.Time // when what the device's own ops changed is sent; zero: there is nothing of that kind
}

var errOver = errors.New("session is over")

// step sends all that is due, in one write unless it is much, and gives the time at
// which it has to look again.
func (p *peer) step(st *writer) (time.Time, error) {
	next, err := p.due(st)
	if err == nil {
		err = p.flush(false)
	}
	return next, err
}

// due puts together what is due.
func (p *peer) due(st *writer) (time.Time, error) {
	p.mu.Lock()
	queue := p.queue
	p.queue, p.queued = nil, 0
	// A device with rows from before a restore reports first, and then comes again for new ones.
	over, started, busy, want, watched, differs := p.over, p.started, p.busy || p.foreign, p.want, p.watched, p.differs
	st.dirty = st.dirty || p.changed
	owed := p.owed && len(p.syncs) == 0
	p.differs, p.changed, p.owed = nil, false, false
	if st.watches != p.watches {
		st.watches, st.gauge = p.watches, wire.Gauge{}
	}
	p.mu.Unlock()
	for _, frame := range queue { // what was queued goes out before what was noted after it
		if err := p.put(frame); err != nil {
			return time.Time{}, err
		}
	}
	if over {
		return time.Time{}, p.farewell()
	}
	now := p.s.clock()
	if !started {
		return now.Add(p.s.cfg.Times.Handshake), nil
	}
	if st.stream == nil {
		p.start(st, now)
	}
	for _, m := range differs {
		st.stream.Differ(m)
	}
	if owed && st.turnAt.IsZero() {
		st.turnAt = p.s.pace.turn(now)
	}
	more := false
	if !busy {
		var err error
		if more, err = p.feed(st, want, now); err != nil {
			return time.Time{}, err
		}
	}
	if err := p.beat(st, now); err != nil {
		return time.Time{}, err
	}
	if err := p.gauges(st, watched, now); err != nil {
		return time.Time{}, err
	}
	if more {
		return now, nil
	}
	next := st.beatAt
	if st.pingAt.Before(next) {
		next = st.pingAt
	}
	if watched != "" && st.gaugeAt.Before(next) {
		next = st.gaugeAt
	}
	if !busy && !st.lookAt.IsZero() && st.lookAt.Before(next) { // who is busy pokes when it is over
		next = st.lookAt
	}
	return next, nil
}

// start begins the stream of a device that has just been let in.
func (p *peer) start(st *writer, now time.Time) {
	p.mu.Lock()
	came := p.came
	p.came = nil
	p.mu.Unlock()
	scopes := Scopes(came.enrolment)
	st.device, st.dirty = came.enrolment.Device, true
	st.stream = stream.New(stream.Config{Device: st.device, Scopes: scopes, Sign: p.s.signs, Sums: &p.s.sums, Repaired: p.repaired, Stamp: p.s.cfg.Stamp}, came.proof)
	st.cancel = p.s.cfg.Feed.Subscribe(scopes, p.rows)
	times := p.s.cfg.Times
	st.beatAt, st.pingAt, st.verifyAt = now.Add(times.Heartbeat), now.Add(times.Ping), now.Add(times.Verify)
}

// rows notes that rows changed.
func (p *peer) rows() {
	p.mu.Lock()
	p.changed = true
	p.mu.Unlock()
	p.poke()
}

// repaired reports rows that were not as they should be.
func (p *peer) repaired(scope string, buckets []byte) {
	p.s.repairs.Add(1)
	p.logger().Error("device holds other rows than the ledger; repairing them", "scope", scope, "buckets", fmt.Sprintf("%x", buckets))
}

// feed sends a chunk when rows changed or somebody waits for one, and answers the
// sync points that are passed; more means that the next chunk may follow at once.
func (p *peer) feed(st *writer, want uint64, now time.Time) (more bool, err error) {
	if want != st.want {
		st.want, st.look, st.lookAt = want, 0, time.Time{}
	}
	if !now.Before(st.verifyAt) {
		st.verifyAt = now.Add(p.s.cfg.Times.Verify)
		st.stream.Verify()
	}
	if now.Before(st.turnAt) && st.stream.Complete() && !p.asked() {
		st.look, st.lookAt = 0, st.turnAt
		return false, nil
	}
	applied := p.s.cfg.Feed.Applied()
	sent := false
	if st.dirty || want > st.stream.Cursor() && applied >= want || !st.stream.Idle() {
		if sent, err = p.chunk(st); err != nil {
			return false, err
		}
	}
	waits := want > st.stream.Cursor() || st.dirty || !st.stream.Idle()
	switch {
	case !waits || st.need > 0: // who waits for credit is poked when it comes
		st.look, st.lookAt = 0, time.Time{}
	case sent && !st.stream.Idle():
		more = true
	case st.lookAt.IsZero() || !now.Before(st.lookAt):
		// The ledger follows the journal: look again, less and less often.
		st.look = min(max(2*st.look, firstLook), lastLook)
		st.lookAt = now.Add(st.look)
	}
	return more, p.reached(st)
}

// asked reports whether the device waits for a sync point.
func (p *peer) asked() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.syncs) > 0
}

// reached answers the sync points up to the cursor.
func (p *peer) reached(st *writer) error {
	if !st.stream.Complete() {
		return nil
	}
	p.mu.Lock()
	var done []point
	for len(p.syncs) > 0 && p.syncs[0].seq <= st.stream.Cursor() {
		done, p.syncs = append(done, p.syncs[0]), p.syncs[1:]
	}
	p.mu.Unlock()
	for _, d := range done {
		if err := p.write(wire.Sync{N: d.n}); err != nil {
			return err
		}
	}
	return nil
}

// chunk sends the next piece of the device's rows, if its credit allows. It is the
// device that sets the pace, and nothing is held in the ledger or here meanwhile.
func (p *peer) chunk(st *writer) (sent bool, err error) {
	credit := p.mayTake()
	if credit < max(st.need, 1) {
		st.need = max(st.need, 1)
		return false, nil
	}
	var c *wire.Checkpoint
	began := p.s.clock()
	if err := p.s.cfg.Feed.View(func(v stream.View) error {
		c, err = st.stream.Next(v, p.s.cfg.Now().UnixMilli(), min(p.chunkSize(), credit))
		return err
	}); err != nil {
		return false, p.broken(err)
	}
	if st.need = 0; c == nil {
		return false, nil
	}
	frame, err := p.s.shared.encode(p.s.cfg.Codec, c)
	if err != nil {
		return false, p.broken(err)
	}
	if !st.turnAt.IsZero() {
		p.s.pace.took(p.s.clock().Sub(began))
	}
	if len(frame) > credit {
		st.need = len(frame)
		return false, nil
	}
	if err := p.put(frame); err != nil {
		return false, err
	}
	p.spend(len(frame))
	st.stream.Sent()
	if c.Last {
		st.dirty, st.turnAt = false, time.Time{}
		st.beatAt = p.s.clock().Add(p.s.cfg.Times.Heartbeat)
	}
	return true, nil
}

// broken ends a session that the ledger or the signer let down.
func (p *peer) broken(err error) error {
	p.logger().Error("checkpoint cannot be made", "error", err)
	p.fail(wire.Fault{Kind: fault.Internal, Detail: "the ledger cannot be read"})
	p.mu.Lock()
	queue := p.queue
	p.queue, p.queued = nil, 0
	p.mu.Unlock()
	for _, frame := range queue {
		if err := p.put(frame); err != nil {
			return err
		}
	}
	return p.farewell()
}

// beat keeps the connection and the device's "data as of" alive, and the cursor
// of an idle device from falling far behind. A device that has long been silent is asked
// for a sign, in the same write where both fall due at about the same time.
func (p *peer) beat(st *writer, now time.Time) error {
	near := now.Add(p.s.cfg.Times.Heartbeat / 8)
	beats, asks := !now.Before(st.beatAt), !now.Before(st.pingAt)
	if beats || asks && !near.Before(st.beatAt) {
		if err := p.heartbeat(st, now); err != nil {
			return err
		}
	}
	if asks || beats && !near.Before(st.pingAt) {
		return p.ping(st, now)
	}
	return nil
}

func (p *peer) heartbeat(st *writer, now time.Time) error {
	st.beatAt = now.Add(p.s.cfg.Times.Heartbeat)
	if info, ok := p.s.cfg.Arbiter.Device(st.device); !ok || info.Gone {
		p.gone()
		return nil
	}
	applied, before := p.s.cfg.Feed.Applied(), st.head
	st.head = p.s.cfg.Arbiter.Head()
	cursor := st.stream.Cursor()
	switch {
	case !st.stream.Idle() || applied < cursor || applied < before:
		return nil // the device waits for rows, or the ledger lags behind: what it has is not as of now
	case applied-cursor > idleLag:
		st.dirty = true
		p.poke()
		return nil
	}
	frame, err := p.s.shared.encode(p.s.cfg.Codec, &wire.Checkpoint{From: cursor, To: cursor, Acked: st.stream.Acked(), Last: true, Time: p.s.cfg.Now().UnixMilli()})
	if err != nil {
		return p.broken(err)
	}
	if len(frame) > p.mayTake() {
		return nil
	}
	p.spend(len(frame))
	return p.put(frame)
}

// ping asks a silent device for a sign.
func (p *peer) ping(st *writer, now time.Time) error {
	times := p.s.cfg.Times
	silent := p.s.since() - time.Duration(p.heard.Load())
	if silent < times.Ping-times.Heartbeat/8 {
		st.pingAt = now.Add(times.Ping - silent)
		return nil
	}
	st.pingAt = now.Add(times.Ping)
	return p.flush(true)
}

// gauges sends the counts of the activity on screen, if they changed.
func (p *peer) gauges(st *writer, watched id.Activity, now time.Time) error {
	if watched == "" || now.Before(st.gaugeAt) {
		return nil
	}
	st.gaugeAt = now.Add(p.s.cfg.Times.Gauge)
	g, ok := p.s.cfg.Arbiter.Gauge(watched)
	if !ok || g.Activity == st.gauge.Activity && maps.Equal(g.Free, st.gauge.Free) && maps.Equal(g.Waiting, st.gauge.Waiting) {
		return nil
	}
	g.Time = p.s.cfg.Now().UnixMilli()
	st.gauge = g
	return p.write(g)
}

func (p *peer) write(m wire.Message) error {
	frame, err := p.s.cfg.Codec.Encode(m)
	if err != nil {
		return p.broken(err)
	}
	return p.put(frame)
}

// maxOut is how many bytes wait for others to go with.
const maxOut = 32 << 10

// put has a frame go with the next write.
func (p *peer) put(frame []byte) error {
	st := &p.st
	st.out, st.size = append(st.out, frame), st.size+len(frame)
	if st.size < maxOut {
		return nil
	}
	return p.flush(false)
}

// flush writes what was put, and asks for a sign; a device that does not take it in
// time is cut off.
func (p *peer) flush(asks bool) error {
	st := &p.st
	out := st.out
	if st.out, st.size = nil, 0; len(out) == 0 && !asks {
		return nil
	}
	return p.conn.Send(out, asks, p.s.cfg.Times.Write)
}

// farewell sends what is left, and the close frame.
func (p *peer) farewell() error {
	if err := p.flush(false); err != nil {
		return err
	}
	p.mu.Lock()
	code, reason := p.code, p.reason
	p.mu.Unlock()
	if code != socket.Abnormal {
		p.conn.Part(code, reason)
	}
	return errOver
}
