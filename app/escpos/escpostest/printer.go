// Package escpostest is a receipt printer made of code: it reads the byte stream back
// into dots, answers like a real one, and runs out of paper where a test wants it to.
package escpostest

import (
	"io"
	"net"
	"sync"
	"testing"

	"yizhan/app/escpos"
)

// bufferBytes is what a printer takes before it has printed it.
const bufferBytes = 4096

// Printer is one printer. Its fields are set before it is connected.
type Printer struct {
	Mute    bool // answers nothing
	Endless bool // answers everything but whether it has finished
	Paper   int  // rows until the paper is out; 0 is any number
	CutAt   int  // rows after which the line breaks, once; 0 is never
	HangAt  int  // rows after which it takes, prints and answers nothing, as if its firmware hung

	mu      sync.Mutex
	news    *sync.Cond
	buffer  []byte
	line    io.ReadWriteCloser // that it is connected by now
	rows    [][]byte           // of the slip in the slot
	slips   []*escpos.Bitmap   // cut off
	printed int                // rows, of all slips
	open    bool               // cover
	held    bool               // it takes and prints nothing
	strange []byte             // bytes that are no command: they would come out as characters
	ended   bool
}

// start begins to print what comes.
func (p *Printer) start(t testing.TB) {
	if p.news != nil {
		return
	}
	p.news = sync.NewCond(&p.mu)
	done := make(chan struct{})
	go func() { defer close(done); p.run() }()
	t.Cleanup(func() { p.finishUp(); <-done })
}

// finishUp ends all that waits.
func (p *Printer) finishUp() {
	p.change(func() { p.ended = true })
	p.Unplug()
}

// Listen puts the printer on a network and gives its address.
func (p *Printer) Listen(t testing.TB) string {
	t.Helper()
	p.start(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for { // one connection after the other, like real ones
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.serve(conn)
		}
	}()
	t.Cleanup(func() {
		p.finishUp()
		_ = l.Close() // ends Accept
		<-done
	})
	return l.Addr().String()
}

// Connect puts the printer at the end of a line until that is closed.
func (p *Printer) Connect(t testing.TB, line io.ReadWriteCloser) {
	p.start(t)
	done := make(chan struct{})
	go func() { defer close(done); p.serve(line) }()
	t.Cleanup(func() { p.finishUp(); <-done })
}

// serve takes bytes as long as there is room, and answers queries at once wherever
// they stand, as real printers do.
func (p *Printer) serve(line io.ReadWriteCloser) {
	p.mu.Lock()
	ended := p.ended
	p.line = line
	p.mu.Unlock()
	if ended {
		_ = line.Close() // nobody prints any more
		return
	}
	var before [2]byte
	chunk := make([]byte, 512)
	for {
		n, err := line.Read(chunk)
		for _, b := range chunk[:n] {
			if before == [2]byte{0x10, 0x04} {
				p.answer(line, escpos.Query(b))
			}
			before = [2]byte{before[1], b}
		}
		if err != nil || !p.take(line, chunk[:n]) {
			_ = line.Close() // it is broken already, or of no use
			return
		}
	}
}

// take waits for room.
func (p *Printer) take(line io.ReadWriteCloser, chunk []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.buffer = append(p.buffer, chunk...)
	p.news.Broadcast()
	for (len(p.buffer) > bufferBytes || p.held) && !p.ended && p.line == line {
		p.news.Wait()
	}
	return !p.ended && p.line == line
}

func (p *Printer) answer(line io.Writer, q escpos.Query) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.Mute || p.held {
		return
	}
	answer := byte(0x12)
	set := func(when bool, bits byte) {
		if when {
			answer |= bits
		}
	}
	switch q {
	case escpos.Online:
		set(p.open || p.out(), 0x08)
	case escpos.Cover:
		set(p.open, 0x04)
		set(p.out(), 0x20)
	case escpos.Paper:
		set(p.Paper > 0 && p.Paper-p.printed < 300, 0x0c)
		set(p.out(), 0x60)
	}
	_, _ = line.Write([]byte{answer}) // who has gone needs no answer
}

func (p *Printer) out() bool { return p.Paper > 0 && p.printed >= p.Paper }

// run executes commands in their order.
func (p *Printer) run() {
	defer func() {
		if r := recover(); r != nil && r != errEnded {
			panic(r)
		}
	}()
	for {
		p.execute()
	}
}

func (p *Printer) execute() {
	switch b := p.next(); b {
	case 0: // no character
	case 0x10: // answered when it came
		p.next()
		p.next()
	case 0x1b:
		switch c := p.next(); c {
		case '@': // there are no modes here
		case 'J':
			for range p.next() {
				p.row(nil)
			}
		default:
			p.oddity(b, c)
		}
	case 0x1d:
		switch c := p.next(); c {
		case 'v':
			p.picture()
		case 'V':
			p.next()
			p.next()
			p.cut()
		case 'r':
			p.next()
			p.finish()
		default:
			p.oddity(b, c)
		}
	default:
		p.oddity(b)
	}
}

func (p *Printer) picture() {
	p.next()
	p.next()
	stride := int(p.next()) | int(p.next())<<8
	for range int(p.next()) | int(p.next())<<8 {
		row := make([]byte, stride)
		for i := range row {
			row[i] = p.next()
		}
		p.row(row)
	}
}

func (p *Printer) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.Mute && !p.Endless && p.line != nil {
		_, _ = p.line.Write([]byte{0}) // who has gone needs no answer
	}
}

// ended is what run panics with to leave from wherever it waits.
type ended struct{}

var errEnded = ended{}

// next waits for a byte.
func (p *Printer) next() byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.buffer) == 0 || p.held {
		p.wait()
	}
	b := p.buffer[0]
	p.buffer = p.buffer[1:]
	p.news.Broadcast()
	return b
}

func (p *Printer) wait() {
	if p.ended {
		panic(errEnded)
	}
	p.news.Wait()
}

// row prints one, once there is paper and the cover is closed.
func (p *Printer) row(dots []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.out() || p.open {
		p.wait()
	}
	p.rows = append(p.rows, dots)
	p.printed++
	if p.printed == p.CutAt && p.line != nil {
		_ = p.line.Close() // that is what shall happen
		p.line = nil
	}
	p.held = p.held || p.printed == p.HangAt
	p.news.Broadcast()
}

func (p *Printer) oddity(bytes ...byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.strange = append(p.strange, bytes...)
}

func (p *Printer) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slips, p.rows = append(p.slips, bitmap(p.rows)), nil
	p.news.Broadcast()
}

func bitmap(rows [][]byte) *escpos.Bitmap {
	stride := 0
	for _, row := range rows {
		stride = max(stride, len(row))
	}
	b := escpos.NewBitmap(8*stride, len(rows))
	for y, row := range rows {
		copy(b.Bits[y*stride:], row)
	}
	return b
}
