package sim

import (
	"errors"
	"slices"

	"yizhan/core/wire"
)

// network is how a device reaches the server.
type network struct {
	up, down bool  // each direction carries
	slow     int64 // milliseconds more for each frame
	lossy    bool  // connections break all the time
}

// conn is one connection: two streams that keep their order until it breaks. A
// frame may arrive long after its sender has given up, as on real networks, while a
// newer connection is at work already.
type conn struct {
	w      *World
	m      *machine
	port   *port // nil once the server knows nothing of it any more
	opened int64
	heard  int64 // by the device
	lastUp int64 // when the newest frame arrives
	lastDn int64 //
	broken bool  // nothing that is sent from now on arrives
	window int   // bytes of checkpoints that the device takes ahead; 0: it has not said
	owed   int   // and that were sent and not credited
}

var errBroken = errors.New("connection is broken")

// dial connects a device, if the network lets it.
func (m *machine) dial() *conn {
	n := &m.net
	if !n.up || !n.down {
		return nil
	}
	c := &conn{w: m.w, m: m, opened: m.w.now, heard: m.w.now}
	if c.port = m.front().accept(c); c.port == nil {
		return nil
	}
	return c
}

// delay is how long a frame travels.
func (c *conn) delay() int64 {
	ms := c.w.between(5, 60) + c.m.net.slow
	if c.w.one(200) {
		ms += c.w.between(1000, 8000) // lost, and sent again by the network itself
	}
	return ms
}

// breaks has a connection end under a frame now and then.
func (c *conn) breaks() bool {
	odds := 400
	if c.m.net.lossy {
		odds = 6
	}
	if !c.broken && !c.w.calm && c.w.one(odds) {
		c.broken = true
		c.w.stats.fault("connection lost")
	}
	return c.broken
}

func (c *conn) toServer(frame []byte) error {
	if c.m.conn != c {
		return errBroken
	}
	if c.breaks() {
		return nil // it finds out later
	}
	c.lastUp = max(c.w.now+c.delay(), c.lastUp)
	c.w.after(c.lastUp-c.w.now, func() { c.arriveUp(slices.Clone(frame)) })
	return nil
}

// arriveUp hands a frame to the server; while the direction is cut it waits.
func (c *conn) arriveUp(frame []byte) {
	switch {
	case c.port == nil:
	case !c.m.net.up:
		c.w.after(500, func() { c.arriveUp(frame) })
	default:
		c.credited(frame)
		c.port.frame(c.w.defect.heard(c.w.lab.codec, frame))
	}
}

// sent counts a checkpoint: no more may be under way than the device has room for.
func (c *conn) sent(bytes int) {
	if c.owed += bytes; c.window > 0 && c.owed > c.window {
		c.w.fail("%s is sent %d bytes of rows, and has granted %d", c.m.label, c.owed, c.window)
	}
}

// credited hears how much a device takes.
func (c *conn) credited(frame []byte) {
	if c.window > 0 && len(frame) > 64 {
		return // no credit is as long
	}
	switch m, _ := c.w.lab.codec.Decode(frame); m := m.(type) {
	case wire.Proof:
		if m.Held != nil {
			c.window = int(m.Held.Window)
		}
	case wire.Credit:
		c.owed -= int(m.Bytes)
	}
}

func (c *conn) toDevice(frame []byte) error {
	if c.port == nil {
		return errBroken
	}
	if c.breaks() {
		return nil
	}
	c.lastDn = max(c.w.now+c.delay(), c.lastDn)
	c.w.after(c.lastDn-c.w.now, func() { c.arriveDown(slices.Clone(frame)) })
	return nil
}

func (c *conn) arriveDown(frame []byte) {
	switch {
	case c.m.conn != c || !c.m.on:
	case !c.m.net.down:
		c.w.after(500, func() { c.arriveDown(frame) })
	default:
		c.heard = c.w.now
		if c.m.naive {
			frame = c.m.blinded(frame)
		}
		c.m.frame(c, frame)
	}
}

// serverLost: the server's machine or program is gone; the device hears of it at
// once, or never.
func (c *conn) serverLost() {
	if c.port == nil {
		return
	}
	c.port.session.End()
	c.port = nil
	c.closeDown()
}

// serverEnded: the server closed the session.
func (c *conn) serverEnded() {
	p := c.port
	if p == nil {
		return
	}
	c.port = nil
	p.session.End()
	p.f.ports = slices.DeleteFunc(p.f.ports, func(o *port) bool { return o == p })
	c.closeDown()
}

// closeDown tells the device of the end, behind what was sent before.
func (c *conn) closeDown() {
	if c.breaks() || c.w.one(4) {
		return // its minute of silence will tell
	}
	c.w.after(max(c.lastDn-c.w.now, 0)+c.delay(), func() {
		if c.m.conn == c {
			c.m.hangUp(nil)
		}
	})
}

// deviceEnded: the device closed the connection, or is off.
func (c *conn) deviceEnded() {
	if c.breaks() || c.w.one(4) {
		return
	}
	c.w.after(max(c.lastUp-c.w.now, 0)+c.delay(), func() {
		if c.port != nil {
			c.serverEnded()
		}
	})
}
