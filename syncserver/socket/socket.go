// Package socket is the server's end of a WebSocket (RFC 6455) once the handshake is
// over, for very many connections that are mostly silent: such a one holds no buffer,
// and its reader waits on a shallow stack. Several messages go in one write.
package socket

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Kinds of frames (RFC 6455, 5.2). Receive gives no fragments; it puts messages together.
const (
	fragment = 0
	Text     = 1
	Binary   = 2
	goodbye  = 8
	ping     = 9
	Pong     = 10
)

// Close codes of RFC 6455, 7.4.1.
const (
	NormalClosure   = 1000
	protocolError   = 1002
	noStatus        = 1005 // never on the wire
	Abnormal        = 1006 // never on the wire: the connection is lost
	PolicyViolation = 1008
	tooBig          = 1009
	InternalError   = 1011
)

const (
	maxControl = 125            // bytes in a ping, pong or close frame
	maxReason  = maxControl - 2 // bytes of the words beside a close code
	readSize   = 1 << 10        // of the buffer of a connection that is not silent
	growth     = 16 << 10       // of a message is made room for before it has come
	lastWords  = time.Second    // for a frame that is not waited for
	keepSize   = 64 << 10       // of a buffer for writing that is used again
	maskBit    = 0x80           // of the second byte
	finalBit   = 0x80           // of the first
)

// Closed is the error of Receive after the other side has said goodbye.
type Closed struct{ Code int }

func (c Closed) Error() string { return fmt.Sprintf("the other side closed with code %d", c.Code) }

// ErrParted is the error of a write behind the close frame.
var ErrParted = errors.New("the connection was closed from here")

// Conn is one connection. One goroutine receives; Send and Part may be called by others.
type Conn struct {
	conn  net.Conn
	limit int
	first [16]byte        // where a silent connection reads: a pong fits
	buf   *[readSize]byte // nil while it is silent
	in    []byte          // came, and not used yet: part of first or buf

	kind  byte   // of the message whose fragments are in parts; 0: none
	parts []byte // so far

	mu     sync.Mutex // held while something is written; guards parted
	parted bool
}

// New takes over a connection whose handshake is over. Messages longer than limit end it.
func New(conn net.Conn, limit int) *Conn { return &Conn{conn: conn, limit: limit} }

// Allow sets another limit. Only whoever receives may call it.
func (c *Conn) Allow(limit int) { c.limit = limit }

var readers = sync.Pool{New: func() any { return new([readSize]byte) }}

// Rest gives back what only a connection holds that is not silent.
func (c *Conn) Rest() {
	if c.buf != nil && len(c.in) == 0 {
		readers.Put(c.buf)
		c.buf, c.in = nil, nil
	}
}

// Receive waits for the next message or pong. Pings and close frames are answered;
// behind a close frame the error is Closed. The caller owns what it gets.
func (c *Conn) Receive() (kind byte, payload []byte, err error) {
	for {
		if err = c.need(2); err != nil {
			return 0, nil, err
		}
		if kind, payload, err = c.frame(); err != nil || kind != fragment {
			return kind, payload, err
		}
	}
}

// need waits until so many bytes, 14 at most, have come.
func (c *Conn) need(n int) error {
	for len(c.in) < n {
		room := c.first[:]
		if len(c.in) > 0 && c.buf == nil {
			c.hold()
		}
		if c.buf != nil {
			room = c.buf[:]
		}
		have := copy(room, c.in)
		got, err := c.conn.Read(room[have:])
		c.in = room[:have+got]
		if err != nil && len(c.in) < n {
			return ended(err, have+got)
		}
	}
	return nil
}

// hold gets a buffer for what is coming.
func (c *Conn) hold() {
	if c.buf == nil {
		c.buf = readers.Get().(*[readSize]byte)
		c.in = c.buf[:copy(c.buf[:], c.in)]
	}
}

// ended gives the end of the stream inside a frame its name.
func ended(err error, inside int) error {
	if errors.Is(err, io.EOF) && inside > 0 {
		return io.ErrUnexpectedEOF
	}
	return err
}

// frame reads a frame whose first bytes have come. The kind is fragment where nothing is complete yet.
func (c *Conn) frame() (byte, []byte, error) {
	kind, final, size := c.in[0]&0xf, c.in[0]&finalBit != 0, int(c.in[1]&^maskBit)
	switch control := kind >= goodbye; {
	case c.in[0]&0x70 != 0 || kind > Pong || kind > Binary && kind < goodbye:
		return 0, nil, c.wrong("unknown kind of frame")
	case c.in[1]&maskBit == 0:
		return 0, nil, c.wrong("frame is not masked")
	case control && (!final || size > maxControl):
		return 0, nil, c.wrong("control frame is too long")
	case !control && (kind == fragment) != (c.kind != 0):
		return 0, nil, c.wrong("fragments out of order")
	}
	size, mask, err := c.header(size)
	if err != nil {
		return 0, nil, err
	}
	if kind < goodbye && len(c.parts)+size > c.limit {
		c.Part(tooBig, "")
		return 0, nil, fmt.Errorf("a message has more than %d bytes", c.limit)
	}
	payload, err := c.payload(size)
	if err != nil {
		return 0, nil, err
	}
	unmask(payload, mask)
	if kind >= goodbye {
		return c.control(kind, payload)
	}
	return c.join(kind, final, payload)
}

// header reads the length, where it is a longer one, and the mask.
func (c *Conn) header(short int) (size int, mask [4]byte, err error) {
	more := 0
	switch short {
	case 126:
		more = 2
	case 127:
		more = 8
	}
	if err := c.need(2 + more + 4); err != nil {
		return 0, mask, err
	}
	long := uint64(short)
	switch b := c.in[2:]; more {
	case 2:
		long = uint64(binary.BigEndian.Uint16(b))
	case 8:
		long = binary.BigEndian.Uint64(b)
	}
	copy(mask[:], c.in[2+more:])
	c.in = c.in[2+more+4:]
	return int(min(long, uint64(c.limit)+1)), mask, nil
}

// payload reads so many bytes. Room for a long one is made while it comes, or
// whoever only announces much would have us hold as much.
func (c *Conn) payload(size int) ([]byte, error) {
	b := make([]byte, min(size, growth))
	n := copy(b, c.in)
	c.in = c.in[n:]
	for {
		for n < len(b) {
			got, err := c.conn.Read(b[n:])
			if n += got; err != nil && n < len(b) {
				return nil, ended(err, 1)
			}
		}
		if n == size {
			return b, nil
		}
		b = append(b, make([]byte, min(len(b), size-n))...)
	}
}

func unmask(b []byte, mask [4]byte) {
	word := uint64(binary.LittleEndian.Uint32(mask[:]))
	word |= word << 32
	for ; len(b) >= 8; b = b[8:] {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^word)
	}
	for i := range b {
		b[i] ^= mask[i%4]
	}
}

// join gives a message once its last fragment is there.
func (c *Conn) join(kind byte, final bool, payload []byte) (byte, []byte, error) {
	c.hold() // more may follow soon
	if kind != fragment {
		c.kind = kind
	}
	if c.parts != nil {
		payload = append(c.parts, payload...)
	}
	if !final {
		c.parts = payload
		return fragment, nil, nil
	}
	kind, c.kind, c.parts = c.kind, 0, nil
	return kind, payload, nil
}

// control answers a control frame.
func (c *Conn) control(kind byte, payload []byte) (byte, []byte, error) {
	switch kind {
	case ping:
		err := c.write(Append(nil, Pong, payload), lastWords)
		return fragment, nil, err
	case goodbye:
		code := noStatus
		if len(payload) >= 2 {
			code = int(binary.BigEndian.Uint16(payload))
		}
		c.part(payload[:min(len(payload), 2)])
		return 0, nil, Closed{code}
	}
	return kind, payload, nil
}

func (c *Conn) wrong(what string) error {
	c.Part(protocolError, what)
	return errors.New(what)
}

// Append adds a frame of the server to b.
func Append(b []byte, kind byte, payload []byte) []byte {
	b = append(b, finalBit|kind)
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

var writers = sync.Pool{New: func() any { return new([]byte) }}

// Send writes messages, and a ping behind them, at once. Whoever does not take them
// within that time gets no more.
func (c *Conn) Send(messages [][]byte, asks bool, within time.Duration) error {
	to := writers.Get().(*[]byte)
	b := (*to)[:0]
	for _, m := range messages {
		b = Append(b, Binary, m)
	}
	if asks {
		b = Append(b, ping, nil)
	}
	err := c.write(b, within)
	if cap(b) <= keepSize {
		*to = b
		writers.Put(to)
	}
	return err
}

func (c *Conn) write(b []byte, within time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.parted {
		return ErrParted
	}
	return c.put(b, within)
}

// put writes. The caller holds c.mu. A deadline that stays would wake the machine when it has passed.
func (c *Conn) put(b []byte, within time.Duration) error {
	if err := c.conn.SetWriteDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	if _, err := c.conn.Write(b); err != nil {
		return err
	}
	return c.conn.SetWriteDeadline(time.Time{})
}

// Part sends the close frame, unless somebody is writing: then nothing can come between.
func (c *Conn) Part(code int, reason string) {
	payload := binary.BigEndian.AppendUint16(make([]byte, 0, maxControl), uint16(code))
	c.part(append(payload, reason[:min(len(reason), maxReason)]...))
}

func (c *Conn) part(payload []byte) {
	if !c.mu.TryLock() {
		return
	}
	defer c.mu.Unlock()
	if !c.parted {
		c.parted = true
		c.put(Append(nil, goodbye, payload), lastWords) // its error is the end of the connection, which comes anyway
	}
}

// Expect has Receive fail unless something comes within that time.
func (c *Conn) Expect(d time.Duration) error { return c.conn.SetReadDeadline(time.Now().Add(d)) }

// Close ends the connection.
func (c *Conn) Close() error { return c.conn.Close() }
