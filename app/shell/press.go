package shell

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"fyne.io/fyne/v2"

	"yizhan/app/device"
	"yizhan/app/escpos"
	"yizhan/app/flow/slip"
	"yizhan/app/look"
	"yizhan/app/paper"
	"yizhan/app/say"
	"yizhan/assets"
)

// Press draws slips and prints them.
type Press struct {
	printer device.Printer // nil where none is set up
	dots    int
	words   say.Words
	fonts   func() (*paper.Fonts, error)
}

// NewPress makes the press of a printer, nil for none, with dots dots in a row. Fonts
// are read when the first slip is drawn.
func NewPress(printer device.Printer, dots int) *Press {
	return &Press{printer: printer, dots: dots, words: look.Words,
		fonts: sync.OnceValues(func() (*paper.Fonts, error) { return paper.LoadFonts(assets.Fonts, os.DirFS("/")) })}
}

// Ready reports whether a printer is set up.
func (p *Press) Ready() bool { return p.printer != nil }

// Dots is how many dots the printer has in a row.
func (p *Press) Dots() int { return p.dots }

// Draw gives the slip as it is printed, in the language that the app speaks. Slips are
// drawn beside the pages: one that cannot be must not end the app.
func (p *Press) Draw(s paper.Slip) (b *escpos.Bitmap, err error) {
	defer func() {
		if r := recover(); r != nil {
			b, err = nil, &escpos.Error{Trouble: escpos.NotDrawn, Err: fmt.Errorf("draw slip: %v\n%s", r, debug.Stack())}
		}
	}()
	fonts, err := p.fonts()
	if err != nil {
		return nil, &escpos.Error{Trouble: escpos.NotDrawn, Err: err}
	}
	if b, err = paper.Draw(s, p.dots, fonts, p.words); err != nil {
		return nil, &escpos.Error{Trouble: escpos.NotDrawn, Err: err}
	}
	return b, nil
}

// Status asks the printer how it is; slip.Health puts the answer into words. It may
// take some seconds.
func (p *Press) Status(ctx context.Context) slip.Finished {
	if !p.Ready() {
		return slip.Finished{Err: &escpos.Error{Trouble: escpos.NoPrinter}}
	}
	status, err := p.printer.Status(ctx)
	return slip.Finished{Status: status, Err: err}
}

// slipTime is the longest that a slip may take; the printer's own deadlines are shorter.
const slipTime = 90 * time.Second

// Print draws and prints a slip once. It waits until the printer is done.
func (p *Press) Print(ctx context.Context, s paper.Slip) slip.Finished {
	if !p.Ready() {
		return slip.Finished{Err: &escpos.Error{Trouble: escpos.NoPrinter}}
	}
	b, err := p.Draw(s)
	if err != nil {
		return slip.Finished{Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, slipTime)
	defer cancel()
	status, err := p.printer.Print(ctx, b)
	return slip.Finished{Status: status, Err: err}
}

// Slips is the printing of one page: its state, and the way to send it messages on
// the UI goroutine. Changed is called there after each change.
//
//	slips := env.NewSlips(func(s slip.State) { draw(s.Outcome()) })
//	slips.Send(slip.Print{Slip: slip.Ticket(matter, env.Clock())})
//	slips.Send(slip.Again{})  // only where a person asks for it
//	slips.Send(slip.Forget{}) // the person has gone
type Slips struct {
	env     *Env
	changed func(slip.State)
	state   slip.State
	turn    int // of the person: what was printed for an earlier one is not told to a later
}

// NewSlips makes the printing of a page.
func (e *Env) NewSlips(changed func(slip.State)) *Slips { return &Slips{env: e, changed: changed} }

// State is how the last slip stands.
func (s *Slips) State() slip.State { return s.state }

// Send takes a message; printing goes on in the background.
func (s *Slips) Send(m slip.Message) {
	if _, gone := m.(slip.Forget); gone {
		s.turn++
	}
	state, todo := s.state.Update(m)
	s.state = state
	s.changed(state)
	if todo == nil {
		return
	}
	turn := s.turn
	go func() {
		done := s.env.Press.Print(s.env.Ctx, *todo)
		s.env.Do(func() {
			if done.Err != nil {
				fyne.LogError("print slip", done.Err)
			}
			if turn == s.turn {
				s.Send(done)
			}
		})
	}()
}
