package device

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"yizhan/app/escpos"
)

// call is one conversation with a printer, from opening its line to closing it.
type call struct {
	ctx context.Context
	port
	patience
	stop    func() bool
	status  escpos.Status
	deaf    map[escpos.Query]bool // queries that this printer does not know
	mute    bool                  // it answers nothing at all
	missing int                   // parts of the slip that it has not said to be on paper
	told    bool                  // it has said so of one
}

// hangUp closes the line. A network printer that says nothing gets the end of the
// slip first: closing over bytes of its that were not read takes back what is under way.
func (c *call) hangUp() {
	if !c.stop() {
		return
	}
	if conn, ok := c.port.(*net.TCPConn); ok && c.mute && conn.CloseWrite() == nil && conn.SetReadDeadline(time.Now().Add(c.patience.answer)) == nil {
		_, _ = io.Copy(io.Discard, conn)
	}
	_ = c.port.Close() // what mattered is written, or has failed already
}

// write gives the printer bytes, with a deadline where the line has one.
func (c *call) write(p []byte) error {
	if err := c.port.SetWriteDeadline(time.Now().Add(c.patience.band)); err != nil && !errors.Is(err, os.ErrNoDeadline) {
		return c.broken(err)
	}
	if _, err := c.port.Write(p); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) && c.lines() {
			return &escpos.Error{Trouble: escpos.PaperOut, Err: err}
		}
		return c.broken(err)
	}
	return nil
}

// check asks and gives an error where the answers say that nothing can be printed.
func (c *call) check(queries ...escpos.Query) error {
	if err := c.ask(queries...); err != nil {
		return err
	}
	if trouble := c.status.Trouble(); trouble != escpos.None {
		return &escpos.Error{Trouble: trouble}
	}
	if c.mute && c.lines() {
		return &escpos.Error{Trouble: escpos.PaperOut}
	}
	return nil
}

// ask brings the status up to date. A query that gets no answer the first time is
// not asked again; one that was answered before and is not now means that the
// printer is stuck.
func (c *call) ask(queries ...escpos.Query) error {
	fresh := escpos.Status{Known: c.status.Known, Offline: c.status.Offline}
	for _, q := range queries {
		if c.mute || c.deaf[q] {
			continue
		}
		if err := c.write(escpos.Ask(q)); err != nil {
			return err
		}
		_, asked := c.deaf[q]
		wait := c.patience.answer
		if asked {
			wait = c.patience.band // it may stand behind what is being printed
		}
		answer, err := c.answer(wait)
		switch {
		case err == nil:
			c.deaf[q] = false
			fresh.Take(q, answer)
		case !errors.Is(err, errSilent):
			return err
		case asked:
			return &escpos.Error{Trouble: escpos.Stuck, Err: err}
		case q == escpos.Online:
			c.mute = true
		default:
			c.deaf[q] = true
		}
	}
	c.status = fresh
	return nil
}

// errSilent says that nothing came in time, or that the line cannot be read.
var errSilent = errors.New("no answer")

// answer waits for the answer to a query.
func (c *call) answer(d time.Duration) (byte, error) {
	for until := time.Now().Add(d); ; {
		b, err := c.read(until)
		if err != nil {
			return 0, err
		}
		if escpos.IsAnswer(b) {
			return b, nil
		}
		c.hear(b)
	}
}

func (c *call) hear(b byte) {
	if escpos.IsFinished(b) && c.missing > 0 {
		c.missing--
		c.told = true
	}
}

// listen waits a while for the next that the printer says by itself.
func (c *call) listen() error {
	b, err := c.read(time.Now().Add(c.patience.answer / 4))
	switch {
	case errors.Is(err, errSilent):
		return nil
	case err != nil:
		return err
	}
	c.hear(b)
	return nil
}

// quiet waits until the printer says no more: what it had taken of a slip that broke
// off may only now come out, and its answers are not those of the next.
func (c *call) quiet() error {
	for !c.mute {
		_, err := c.read(time.Now().Add(c.patience.answer / 4))
		if errors.Is(err, errSilent) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// linger looks after a printer that does not say when it has finished: at the end of
// the slip long enough to see the paper end in what it had taken.
func (c *call) linger(missing int) error {
	looks := 1
	if missing == 0 && c.status.Known {
		looks = 8
	}
	for ; ; looks-- {
		if err := c.check(escpos.Cover, escpos.Paper); err != nil || looks <= 1 {
			return err
		}
		if err := c.listen(); err != nil {
			return err
		}
	}
}

func (c *call) read(until time.Time) (byte, error) {
	if err := c.port.SetReadDeadline(until); err != nil {
		if errors.Is(err, os.ErrNoDeadline) {
			return 0, errSilent // it might never come back
		}
		return 0, c.broken(err)
	}
	for {
		var b [1]byte
		n, err := c.port.Read(b[:])
		f, file := c.port.(*lineFile)
		switch {
		case n == 1:
			return b[0], nil
		case errors.Is(err, os.ErrDeadlineExceeded), file && oneWay(err):
			return 0, errSilent
		case !file || !errors.Is(err, io.EOF) || f.hungUp():
			return 0, c.broken(err)
		}
		// USB printers send empty packets while they have nothing to say.
		select {
		case <-time.After(emptyPause):
		case <-c.ctx.Done():
			return 0, c.broken(c.ctx.Err())
		}
		if time.Now().After(until) {
			return 0, errSilent
		}
	}
}

// emptyPause is how long an empty packet is waited after.
const emptyPause = 10 * time.Millisecond

// broken says what an error of the line means.
func (c *call) broken(err error) error {
	switch {
	case c.ctx.Err() != nil:
		return &escpos.Error{Trouble: escpos.Stuck, Err: errors.Join(c.ctx.Err(), err)}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &escpos.Error{Trouble: escpos.Stuck, Err: err}
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return &escpos.Error{Trouble: escpos.Unplugged, Err: err}
}

// lines reports whether the paper line of a USB printer says that there is none.
func (c *call) lines() bool {
	f, ok := c.port.(*lineFile)
	return ok && f.paperOut()
}
