package session

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/gorilla/websocket"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
)

const (
	chunkSize = 128 << 10   // bytes of rows in one message
	idleLag   = 1000        // Seqs that the cursor of an idle device may fall behind
	linger    = time.Second // for the other side to read our last words
	firstLook = 5 * time.Millisecond
	lastLook  = 500 * time.Millisecond
)

// stream is what the writer knows of its device.
type stream struct {
	device  id.Device
	scopes  []string
	changed <-chan struct{}
	cancel  func()
	cursor  uint64
	acked   uint64
	reset   bool   // the device holds nothing yet
	dirty   bool   // rows changed
	head    uint64 // of the journal at the last heartbeat
	want    uint64 // Seq that is waited for
	watches int    // of the peer, when gauge was sent
	gauge   wire.Gauge
	look    time.Duration // until the ledger is looked at again

	beatAt, pingAt, gaugeAt, lookAt time.Time // when each is due; lookAt zero is never
}

// writeLoop sends until the session ends; it owns all data messages of the socket.
func (p *peer) writeLoop() {
	defer p.s.running.Done()
	defer p.s.remove(p)
	defer p.conn.Close()
	var st stream
	defer func() {
		if st.cancel != nil {
			st.cancel()
		}
	}()
	timer := time.NewTimer(p.s.cfg.Times.Ping)
	defer timer.Stop()
	for {
		next, err := p.step(&st)
		if err != nil {
			p.end(websocket.CloseAbnormalClosure, "connection lost")
			if errors.Is(err, errOver) {
				p.conn.SetReadDeadline(time.Now().Add(linger))
				<-p.done
				return
			}
			p.logger().Info("connection lost", "error", err)
			return
		}
		timer.Reset(time.Until(next))
		select {
		case <-p.wake:
		case <-st.changed:
			st.dirty = true
		case <-timer.C:
		}
	}
}

var errOver = errors.New("session is over")

// step sends all that is due and gives the time at which it has to look again.
func (p *peer) step(st *stream) (time.Time, error) {
	if err := p.flush(); err != nil {
		return time.Time{}, err
	}
	p.mu.Lock()
	if len(p.queue) > 0 { // what was queued goes out before what was noted after it
		p.mu.Unlock()
		return p.step(st)
	}
	over, started, busy, want, watched := p.over, p.started, p.busy, p.want, p.watched
	if st.watches != p.watches {
		st.watches, st.gauge = p.watches, wire.Gauge{}
	}
	p.mu.Unlock()
	if over {
		return time.Time{}, p.farewell()
	}
	now := time.Now()
	if !started {
		return now.Add(p.s.cfg.Times.Handshake), nil
	}
	if st.scopes == nil {
		p.start(st, now)
	}
	if !busy {
		if err := p.feed(st, want, now); err != nil {
			return time.Time{}, err
		}
	}
	if err := p.beat(st, now); err != nil {
		return time.Time{}, err
	}
	if err := p.gauges(st, watched, now); err != nil {
		return time.Time{}, err
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
func (p *peer) start(st *stream, now time.Time) {
	p.mu.Lock()
	info, cursor := p.info, p.cursor
	p.mu.Unlock()
	st.device, st.cursor, st.reset, st.dirty = info.Enrolment.Device, cursor, cursor == 0, true
	st.scopes = Scopes(info.Enrolment)
	st.changed, st.cancel = p.s.cfg.Feed.Subscribe(st.scopes)
	st.beatAt, st.pingAt = now.Add(p.s.cfg.Times.Heartbeat), now.Add(p.s.cfg.Times.Ping)
}

// feed sends a checkpoint when rows changed or somebody waits for one, and
// answers the sync points that it has passed.
func (p *peer) feed(st *stream, want uint64, now time.Time) error {
	if want != st.want {
		st.want, st.look, st.lookAt = want, 0, time.Time{}
	}
	applied := p.s.cfg.Feed.Applied()
	if due := st.dirty || want > st.cursor && applied >= want; due && applied >= st.cursor {
		if err := p.checkpoint(st, applied); err != nil {
			return err
		}
	}
	switch {
	case want <= st.cursor && !st.dirty:
		st.look, st.lookAt = 0, time.Time{}
	case st.lookAt.IsZero() || !now.Before(st.lookAt):
		// The ledger follows the journal: look again, less and less often.
		st.look = min(max(2*st.look, firstLook), lastLook)
		st.lookAt = now.Add(st.look)
	}
	return p.reached(st)
}

// reached answers the sync points up to the cursor.
func (p *peer) reached(st *stream) error {
	p.mu.Lock()
	var done []point
	for len(p.syncs) > 0 && p.syncs[0].seq <= st.cursor {
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

// checkpoint takes the device to upTo, in chunks that are written one by one: it
// is the device that sets the pace, and nothing is held in the ledger meanwhile.
func (p *peer) checkpoint(st *stream, upTo uint64) error {
	acked, err := p.s.cfg.Feed.Acked(st.device, upTo)
	if err != nil {
		return p.broken(fmt.Errorf("read acked ops: %w", err))
	}
	st.dirty = false
	c := wire.Checkpoint{From: st.cursor, To: upTo, Acked: acked, Reset: st.reset, Time: p.s.cfg.Now().UnixMilli()}
	if st.reset {
		c.From = 0
	}
	chunk := chunker{p: p, scopes: st.scopes, after: c.From, upTo: upTo, reset: st.reset}
	for !c.Last {
		c.Rows, err = chunk.next()
		if err != nil {
			return p.broken(err)
		}
		c.Last = chunk.done
		if err := p.write(c); err != nil {
			return err
		}
		c.Reset = false
		if c.Last {
			break
		}
		if err := p.flush(); err != nil {
			return err
		}
		if err := p.ping(st, time.Now()); err != nil {
			return err
		}
	}
	st.cursor, st.acked, st.reset = upTo, acked, false
	st.beatAt = time.Now().Add(p.s.cfg.Times.Heartbeat)
	return nil
}

// broken ends a session that the ledger or the signer let down.
func (p *peer) broken(err error) error {
	p.logger().Error("checkpoint cannot be made", "error", err)
	p.fail(wire.Fault{Kind: fault.Internal, Detail: "the ledger cannot be read"})
	if err := p.flush(); err != nil {
		return err
	}
	return p.farewell()
}

// beat keeps the connection and the device's "data as of" alive, and the cursor
// of an idle device from falling far behind.
func (p *peer) beat(st *stream, now time.Time) error {
	if err := p.ping(st, now); err != nil || now.Before(st.beatAt) {
		return err
	}
	st.beatAt = now.Add(p.s.cfg.Times.Heartbeat)
	if info, ok := p.s.cfg.Arbiter.Device(st.device); !ok || info.Gone {
		p.gone()
		return nil
	}
	applied, before := p.s.cfg.Feed.Applied(), st.head
	st.head = p.s.cfg.Arbiter.Head()
	switch {
	case st.reset || applied < st.cursor || applied < before:
		return nil // the ledger lags behind: what the device has is not as of now
	case applied-st.cursor > idleLag:
		st.dirty = true
		p.poke()
		return nil
	}
	return p.write(wire.Checkpoint{From: st.cursor, To: st.cursor, Acked: st.acked, Last: true, Time: p.s.cfg.Now().UnixMilli()})
}

func (p *peer) ping(st *stream, now time.Time) error {
	if now.Before(st.pingAt) {
		return nil
	}
	st.pingAt = now.Add(p.s.cfg.Times.Ping)
	return p.conn.WriteControl(websocket.PingMessage, nil, now.Add(p.s.cfg.Times.Write))
}

// gauges sends the counts of the activity on screen, if they changed.
func (p *peer) gauges(st *stream, watched id.Activity, now time.Time) error {
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

// flush writes what the reader goroutine queued.
func (p *peer) flush() error {
	for {
		p.mu.Lock()
		if len(p.queue) == 0 {
			p.mu.Unlock()
			return nil
		}
		frame := p.queue[0]
		p.queue = p.queue[1:]
		p.queued -= len(frame)
		p.mu.Unlock()
		if err := p.put(frame); err != nil {
			return err
		}
	}
}

func (p *peer) write(m wire.Message) error {
	frame, err := p.s.cfg.Codec.Encode(m)
	if err != nil {
		return p.broken(err)
	}
	return p.put(frame)
}

// put writes one frame; a device that does not take it in time is cut off.
func (p *peer) put(frame []byte) error {
	p.conn.SetWriteDeadline(time.Now().Add(p.s.cfg.Times.Write))
	return p.conn.WriteMessage(websocket.BinaryMessage, frame)
}

// farewell sends the close frame.
func (p *peer) farewell() error {
	p.mu.Lock()
	code, reason := p.code, p.reason
	p.mu.Unlock()
	if code != websocket.CloseAbnormalClosure {
		p.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(time.Second))
	}
	return errOver
}

// chunker reads a delta piece by piece. The ledger may move between two pieces:
// rows that changed after upTo are left to the next checkpoint.
type chunker struct {
	p      *peer
	scopes []string
	after  uint64
	upTo   uint64
	reset  bool
	last   uint64              // Seq of the newest row sent
	sent   map[rowKey]struct{} // rows of that Seq that were sent
	done   bool
}

type rowKey struct {
	table, id string
	gone      bool
}

var errFull = errors.New("chunk is full")

func (c *chunker) next() ([]wire.RowChange, error) {
	var rows []wire.RowChange
	size := 0
	err := c.p.s.cfg.Feed.Delta(c.scopes, c.after, c.upTo, func(r wire.RowChange) error {
		key := rowKey{r.Table, r.ID, r.Gone}
		if _, twice := c.sent[key]; twice && r.Seq == c.last || r.Gone && c.reset {
			return nil
		}
		if err := c.p.sign(&r); err != nil {
			return err
		}
		n := len(r.Table) + len(r.ID) + len(r.Body) + 32
		if size+n > chunkSize && len(rows) > 0 {
			return errFull
		}
		size += n
		rows = append(rows, r)
		if r.Seq != c.last {
			c.last, c.sent = r.Seq, map[rowKey]struct{}{}
		}
		c.sent[key] = struct{}{}
		return nil
	})
	switch {
	case err == nil:
		c.done = true
	case !errors.Is(err, errFull):
		return nil, fmt.Errorf("read delta: %w", err)
	}
	// Other rows of the same Seq may be left.
	c.after = max(c.after, c.last-min(c.last, 1))
	return rows, nil
}

// sign fills in what only the server's key can make: the code of a claim that its
// member may show, and the certificate of a lease that its device may grant from.
func (p *peer) sign(r *wire.RowChange) error {
	switch {
	case r.Table == wire.TableLease && !r.Gone:
		return p.certify(r)
	case r.Table != wire.TableClaim || r.Gone:
		return nil
	}
	var claim wire.ClaimRow
	if err := wire.DecodeRow(r.Body, &claim); err != nil {
		return fmt.Errorf("read claim %s: %w", r.ID, err)
	}
	if claim.Code != "" || claim.State != op.ClaimGranted && claim.State != op.ClaimRedeemed {
		return nil
	}
	code, err := p.s.cfg.Signer.Code(claim)
	if err != nil {
		return fmt.Errorf("sign ticket %s: %w", r.ID, err)
	}
	claim.Code = code
	if r.Body, err = wire.EncodeRow(claim); err != nil {
		return fmt.Errorf("write claim %s: %w", r.ID, err)
	}
	return nil
}

func (p *peer) certify(r *wire.RowChange) error {
	var lease wire.LeaseRow
	if err := wire.DecodeRow(r.Body, &lease); err != nil {
		return fmt.Errorf("read lease %s: %w", r.ID, err)
	}
	if lease.Over != "" {
		return nil
	}
	err := p.s.cfg.Signer.Certify(&lease)
	if err == nil {
		r.Body, err = wire.EncodeRow(lease)
	}
	if err != nil {
		return fmt.Errorf("certify lease %s: %w", r.ID, err)
	}
	return nil
}
