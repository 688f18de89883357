package socket_test

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"pgregory.net/rapid"

	"yizhan/syncserver/socket"
)

// limit of a message in these tests.
const limit = 70_000

// line is a connection on which these bytes come, a few at a time.
type line struct {
	net.Conn // nil: what is not below is not used
	come     []byte
	pieces   []int // lengths of what each Read gives, over and over
	said     bytes.Buffer
}

func (l *line) Read(b []byte) (int, error) {
	if len(l.come) == 0 {
		return 0, io.EOF
	}
	n := l.pieces[0]
	l.pieces = append(l.pieces[1:], n)
	n = copy(b[:min(n, len(b))], l.come)
	l.come = l.come[n:]
	return n, nil
}

func (l *line) Write(b []byte) (int, error)      { return l.said.Write(b) }
func (l *line) SetDeadline(time.Time) error      { return nil }
func (l *line) SetReadDeadline(time.Time) error  { return nil }
func (l *line) SetWriteDeadline(time.Time) error { return nil }
func (l *line) Close() error                     { return nil }
func (l *line) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return l, bufio.NewReadWriter(bufio.NewReader(&bytes.Buffer{}), bufio.NewWriter(io.Discard)), nil
}

type hijacked struct {
	http.ResponseWriter
	*line
}

func (h hijacked) Write(b []byte) (int, error) { return h.ResponseWriter.Write(b) }

// reference is gorilla's end of the same connection.
func reference(t *rapid.T, l *line) *websocket.Conn {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		r.Header.Set(name, value)
	}
	c, err := (&websocket.Upgrader{ReadBufferSize: 256, WriteBufferSize: 256}).Upgrade(hijacked{httptest.NewRecorder(), l}, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(limit)
	l.said.Reset()
	return c
}

// frame is one of a client, mostly as the RFC wants it.
func frame(t *rapid.T) []byte {
	kinds := []byte{0, 1, 2, 2, 2, 8, 9, 10, 3, 11}
	first := rapid.SampledFrom(kinds).Draw(t, "kind") | rapid.SampledFrom([]byte{0x80, 0x80, 0x80, 0}).Draw(t, "final")
	if rapid.IntRange(0, 40).Draw(t, "reserved") == 0 {
		first |= 0x40
	}
	size := rapid.SampledFrom([]int{0, 1, 2, 5, 7, 8, 9, 125, 126, 300, 2000, 65_535, 65_536, limit, limit + 1}).Draw(t, "size")
	if first&0xf >= 8 {
		size = rapid.SampledFrom([]int{0, 2, 3, 125, 126}).Draw(t, "small")
	}
	masked := byte(0x80)
	if rapid.IntRange(0, 40).Draw(t, "bare") == 0 {
		masked = 0
	}
	b := []byte{first}
	switch {
	case size > 65_535:
		b = binary.BigEndian.AppendUint64(append(b, masked|127), uint64(size))
	case size > 125:
		b = binary.BigEndian.AppendUint16(append(b, masked|126), uint16(size))
	default:
		b = append(b, masked|byte(size))
	}
	payload := bytes.Repeat([]byte{rapid.Byte().Draw(t, "content"), 7, 9}, size/3+1)[:size]
	if first&0xf == 8 && size >= 2 {
		binary.BigEndian.PutUint16(payload, rapid.SampledFrom([]uint16{1000, 1001, 4001}).Draw(t, "code"))
	}
	if masked == 0 {
		return append(b, payload...)
	}
	mask := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "mask")
	b = append(b, mask...)
	for i, c := range payload {
		b = append(b, c^mask[i%4])
	}
	return b
}

type message struct {
	kind    int
	payload string
}

// TestReceivesAsGorillaDoes sends both the same bytes, and wants the same messages,
// the same answers to pings, and the same end.
func TestReceivesAsGorillaDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		for range rapid.IntRange(1, 12).Draw(t, "frames") {
			stream = append(stream, frame(t)...)
		}
		if rapid.Bool().Draw(t, "cut") {
			stream = stream[:rapid.IntRange(0, len(stream)).Draw(t, "at")]
		}
		pieces := rapid.SliceOfN(rapid.SampledFrom([]int{1, 2, 3, 7, 100, 5000}), 1, 4).Draw(t, "pieces")
		rests := rapid.Bool().Draw(t, "rests")

		theirs, ours := &line{come: stream, pieces: pieces}, &line{come: stream, pieces: append([]int(nil), pieces...)}
		want, wantCode := byGorilla(reference(t, theirs))
		got, gotCode := byUs(socket.New(ours, limit), rests)
		if len(got) != len(want) || gotCode != wantCode {
			t.Fatalf("got %d messages and end %d, want %d and %d", len(got), gotCode, len(want), wantCode)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("message %d: got %d %.40q, want %d %.40q", i, got[i].kind, got[i].payload, want[i].kind, want[i].payload)
			}
		}
		if a, b := pongs(theirs.said.Bytes()), pongs(ours.said.Bytes()); !bytes.Equal(a, b) {
			t.Fatalf("answered % x, want % x", b, a)
		}
	})
}

func byGorilla(c *websocket.Conn) (all []message, code int) {
	for {
		kind, payload, err := c.ReadMessage()
		if err != nil {
			var closed *websocket.CloseError
			if errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure {
				return all, closed.Code
			}
			return all, 0
		}
		all = append(all, message{kind, string(payload)})
	}
}

func byUs(c *socket.Conn, rests bool) (all []message, code int) {
	for {
		kind, payload, err := c.Receive()
		var closed socket.Closed
		switch {
		case errors.As(err, &closed):
			return all, closed.Code
		case err != nil:
			return all, 0
		case kind != socket.Pong:
			all = append(all, message{int(kind), string(payload)})
		}
		if rests {
			c.Rest()
		}
	}
}

// pongs gives what was said before the close frame, whose words are each one's own.
func pongs(said []byte) (all []byte) {
	for len(said) >= 2 && said[0] == 0x80|socket.Pong {
		n := 2 + int(said[1])
		all, said = append(all, said[:n]...), said[n:]
	}
	return all
}

// TestGorillaReceives what is sent: several messages and a ping in one write.
func TestGorillaReceives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.SampledFrom([]int{0, 1, 125, 126, 65_535, 65_536, 100_000}), 0, 4).Draw(t, "sizes")
		asks := rapid.Bool().Draw(t, "asks")
		var messages [][]byte
		for i, n := range sizes {
			messages = append(messages, bytes.Repeat([]byte{byte(i + 1)}, n))
		}
		client, server := net.Pipe()
		defer client.Close()
		done := make(chan error, 1)
		go func() {
			c := socket.New(server, limit)
			err := c.Send(messages, asks, time.Minute)
			c.Part(4001, "over")
			if again := c.Send([][]byte{{1}}, false, time.Minute); !errors.Is(again, socket.ErrParted) {
				err = errors.Join(err, errors.New("sent behind the close frame"))
			}
			done <- errors.Join(err, c.Close())
		}()
		pings := 0
		c := clientOf(t, client)
		c.SetPingHandler(func(string) error { pings++; return nil })
		for i, want := range messages {
			if kind, got, err := c.ReadMessage(); err != nil || kind != websocket.BinaryMessage || !bytes.Equal(got, want) {
				t.Fatalf("message %d: %d, %d bytes, %v", i, kind, len(got), err)
			}
		}
		_, _, err := c.ReadMessage()
		if !websocket.IsCloseError(err, 4001) {
			t.Fatalf("the end: %v", err)
		}
		if err := <-done; err != nil || asks != (pings == 1) {
			t.Fatalf("%d pings, want one: %v; %v", pings, asks, err)
		}
	})
}

// clientOf is gorilla's client on a connection whose handshake is over.
func clientOf(t *rapid.T, conn net.Conn) *websocket.Conn {
	answer := []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
	shaken := &shaking{Conn: conn, answer: answer}
	dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return shaken, nil }}
	c, _, err := dialer.Dial("ws://test/", nil)
	if err != nil {
		t.Fatal(err)
	}
	c.SetCloseHandler(func(int, string) error { return nil })
	return c
}

// shaking answers the handshake itself.
type shaking struct {
	net.Conn
	answer []byte
	over   bool
}

func (s *shaking) Write(b []byte) (int, error) {
	if s.over {
		return len(b), nil // answers of the client are not looked at
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
	if err != nil {
		return 0, err
	}
	s.answer = append(append(s.answer, acceptKey(r.Header.Get("Sec-WebSocket-Key"))...), "\r\n\r\n"...)
	s.over = true
	return len(b), nil
}

func (s *shaking) Read(b []byte) (int, error) {
	if len(s.answer) > 0 {
		n := copy(b, s.answer)
		s.answer = s.answer[n:]
		return n, nil
	}
	return s.Conn.Read(b)
}

// acceptKey is what RFC 6455, 4.2.2 has the server say.
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// TestMuchAnnouncedHoldsLittle: who only says that a long message comes has no room made for it.
func TestMuchAnnouncedHoldsLittle(t *testing.T) {
	const announced = 1 << 20
	head := binary.BigEndian.AppendUint64([]byte{0x82, 0xff}, announced)
	l := &line{come: append(head, 1, 2, 3, 4, 5), pieces: []int{100}}
	before := new(runtime.MemStats)
	runtime.ReadMemStats(before)
	if _, _, err := socket.New(l, announced).Receive(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	after := new(runtime.MemStats)
	runtime.ReadMemStats(after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > announced/8 {
		t.Errorf("%d bytes were made room for", grown)
	}
}

// TestPartsOnce: the first close frame is the last thing that is said.
func TestPartsOnce(t *testing.T) {
	l := &line{come: []byte{0x89, 0x80, 0, 0, 0, 0}, pieces: []int{100}}
	c := socket.New(l, limit)
	c.Part(4001, "first")
	c.Part(4002, "second")
	if _, _, err := c.Receive(); !errors.Is(err, socket.ErrParted) { // it would answer the ping
		t.Error(err)
	}
	if want := append([]byte{0x88, 7, 4001 >> 8, 4001 & 0xff}, "first"...); !bytes.Equal(l.said.Bytes(), want) {
		t.Errorf("said % x, want % x", l.said.Bytes(), want)
	}
}
