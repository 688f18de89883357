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
	band   time.Duration // to take 4 KB: half a centimetre of paper
	finish time.Duration // to print what the printer had already taken
}

var usual = patience{answer: time.Second, band: 8 * time.Second, finish: 12 * time.Second}

// receipt is an ESC/POS printer on a line that is opened for each slip: a line that
// was left open and has died looks the same as a living one.
type receipt struct {
	open func(context.Context) (port, error)
	patience

	mu      sync.Mutex // one slip after the other
	owed    int        // bytes of a picture that the printer may still wait for
	endless bool       // it has shown that it does not say when it has finished
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
	err = c.ask(escpos.Online, escpos.Cover, escpos.Failure, escpos.Paper)
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
	// A printer whose last picture was cut off takes the zeros for the rest of it; others ignore them.
	if err := c.write(append(make([]byte, r.owed), escpos.Init()...)); err != nil {
		return err
	}
	r.owed = 0
	if err := c.check(escpos.Online, escpos.Cover, escpos.Failure, escpos.Paper); err != nil {
		return err
	}
	for _, band := range escpos.Bands(slip) {
		if err := c.write(band); err != nil {
			r.owed = len(band)
			return err
		}
		if err := c.check(escpos.Cover, escpos.Paper); err != nil {
			return err
		}
	}
	if err := c.write(escpos.End()); err != nil {
		return err
	}
	return r.finish(c)
}

// finish waits until all is on paper. A printer that answers everything but this is
// believed after a while, and not waited for again.
func (r *receipt) finish(c *call) error {
	if !c.status.Known || r.endless {
		return c.check(escpos.Cover, escpos.Paper)
	}
	if err := c.write(escpos.Finished()); err != nil {
		return err
	}
	for until := time.Now().Add(r.patience.finish); !c.finished; {
		if err := c.check(escpos.Cover, escpos.Paper); err != nil {
			return err
		}
		if time.Now().After(until) {
			r.endless = true
			return nil
		}
		if err := c.listen(r.answer / 4); err != nil {
			return err
		}
	}
	return c.check(escpos.Cover, escpos.Paper)
}

func (r *receipt) call(ctx context.Context) (*call, error) {
	p, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	c := &call{ctx: ctx, port: p, patience: r.patience, deaf: map[escpos.Query]bool{}}
	c.stop = context.AfterFunc(ctx, func() { _ = p.Close() }) // wakes whoever reads or writes
	return c, nil
}
