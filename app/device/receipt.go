package device

import (
	"context"
	"sync"
	"time"

	"yizhan/app/escpos"
)

// patience is how long parts of a slip may take.
type patience struct {
	answer time.Duration // to a query, which printers answer in milliseconds
	band   time.Duration // to take and print 2 KB: half a centimetre of paper
}

var usual = patience{answer: time.Second, band: 8 * time.Second}

// receipt is an ESC/POS printer on a line that is opened for each slip: a line that
// was left open and has died looks the same as a living one.
type receipt struct {
	open func(context.Context) (port, error)
	patience

	mu      sync.Mutex // one slip after the other
	broken  bool       // the last slip broke off, perhaps in the middle of a command
	talks   bool       // it has answered before, so silence is trouble
	tells   bool       // it has said before when it had finished, so silence is trouble
	endless bool       // it has shown that it does not say so
}

func newReceipt(open func(context.Context) (port, error)) *receipt {
	return &receipt{open: open, patience: usual}
}

// Status implements Printer.
func (r *receipt) Status(ctx context.Context) (escpos.Status, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, err := r.call(ctx)
	if err != nil {
		return escpos.Status{}, err
	}
	defer c.hangUp()
	err = c.ask(all...)
	return c.status, err
}

// Print implements Printer. It asks for trouble before the first dot, between the
// bands, and until the last dot is on paper.
func (r *receipt) Print(ctx context.Context, slip *escpos.Bitmap) (escpos.Status, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, err := r.call(ctx)
	if err != nil {
		return escpos.Status{}, err
	}
	defer c.hangUp()
	err = r.print(c, slip)
	return c.status, err
}

func (r *receipt) print(c *call, slip *escpos.Bitmap) error {
	if err := r.begin(c); err != nil {
		return err
	}
	for _, band := range escpos.Bands(slip) {
		if err := c.write(band); err != nil {
			return err
		}
		if err := r.await(c, 1); err != nil {
			return err
		}
	}
	if err := c.write(escpos.End()); err != nil {
		return err
	}
	if err := r.await(c, 0); err != nil {
		return err
	}
	r.broken = false
	return nil
}

// all is what is asked before a slip.
var all = []escpos.Query{escpos.Online, escpos.Cover, escpos.Failure, escpos.Paper}

// begin makes the printer ready for a slip, and finds out whether it can print one.
func (r *receipt) begin(c *call) error {
	if r.broken {
		// A printer that waits for the rest of a command takes zeros for it; others ignore them. A
		// few end the head of a picture; whether there is room for more, without paper, is asked first.
		if err := c.write(make([]byte, escpos.Head)); err != nil {
			return err
		}
		if err := c.check(all...); err != nil {
			return err
		}
		c.mute = false
		if err := c.write(make([]byte, escpos.Longest)); err != nil {
			return err
		}
		if err := c.quiet(); err != nil {
			return err
		}
	}
	r.broken = true
	if err := c.write(escpos.Init()); err != nil {
		return err
	}
	if err := c.check(all...); err != nil {
		return err
	}
	if r.talks && c.mute {
		return &escpos.Error{Trouble: escpos.Stuck, Err: errSilent}
	}
	r.talks = r.talks || !c.mute
	return nil
}

// await asks to be told when what was sent is on paper, and waits until no more than
// some of that is missing. A printer that answers everything but this is not asked
// for it again; it is only looked after for a while at the end.
func (r *receipt) await(c *call, missing int) error {
	if !c.status.Known || r.endless {
		return c.linger(missing)
	}
	if err := c.write(escpos.Finished()); err != nil {
		return err
	}
	c.missing++
	for since := time.Now(); ; {
		if err := c.check(escpos.Cover, escpos.Paper); err != nil {
			return err
		}
		r.tells = r.tells || c.told
		switch waited := time.Since(since); {
		case c.missing <= missing:
			return nil
		case r.tells && waited > r.band:
			return &escpos.Error{Trouble: escpos.Stuck, Err: errSilent}
		case !r.tells && waited > 3*r.answer:
			r.endless = true
			return c.linger(missing)
		}
		if err := c.listen(); err != nil {
			return err
		}
	}
}

func (r *receipt) call(ctx context.Context) (*call, error) {
	p, err := r.open(ctx)
	switch {
	case ctx.Err() != nil: // perhaps while another slip was being printed
		if err == nil {
			_ = p.Close() // nothing was written
		}
		return nil, &escpos.Error{Trouble: escpos.Stuck, Err: ctx.Err()}
	case err != nil:
		return nil, err
	}
	c := &call{ctx: ctx, port: p, patience: r.patience, deaf: map[escpos.Query]bool{}}
	c.stop = context.AfterFunc(ctx, func() { _ = p.Close() }) // wakes whoever reads or writes
	return c, nil
}
