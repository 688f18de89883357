package load

import (
	"context"
	"math"
	"net"
	"sync/atomic"
	"time"
)

// line is the network of one device: it counts what crosses its sockets.
type line struct {
	bytes atomic.Int64 // both ways
	rate  int          // bytes a second downwards; 0 is as fast as it goes
	cuts  []int        // bytes after which each connection breaks; those behind them last
}

// dial implements the Dial of a link.
func (l *line) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	one := &conn{Conn: c, line: l, left: math.MaxInt}
	if len(l.cuts) > 0 {
		one.left, l.cuts = l.cuts[0], l.cuts[1:]
	}
	return one, nil
}

// packet is how much of a slow line arrives at once.
const packet = 256

// conn is one connection over a line.
type conn struct {
	net.Conn
	line *line
	left int       // bytes until it breaks
	next time.Time // when the byte after the last one could arrive
}

// Read gives what has arrived; over a slow line, not before its last byte would have.
func (c *conn) Read(b []byte) (int, error) {
	if c.left == 0 {
		return 0, net.ErrClosed
	}
	b = b[:min(len(b), c.left)]
	if c.line.rate > 0 {
		b = b[:min(len(b), packet)]
	}
	n, err := c.Conn.Read(b)
	c.left -= n
	c.line.bytes.Add(int64(n))
	if c.line.rate > 0 {
		if now := time.Now(); c.next.Before(now) {
			c.next = now
		}
		c.next = c.next.Add(time.Duration(n) * time.Second / time.Duration(c.line.rate))
		<-time.After(time.Until(c.next))
	}
	return n, err
}

func (c *conn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.line.bytes.Add(int64(n))
	return n, err
}
