package escpostest

import (
	"bytes"
	"slices"

	"yizhan/app/escpos"
)

// Slips gives what was cut off.
func (p *Printer) Slips() []*escpos.Bitmap {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.slips)
}

// Strange gives the bytes that were no command: on paper they would be characters.
func (p *Printer) Strange() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.strange)
}

// Await waits until ready says so, which is asked whenever something was printed.
func (p *Printer) Await(ready func(rows, slips int) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !ready(p.printed, len(p.slips)) {
		p.news.Wait()
	}
}

// Refill puts in paper that does not end.
func (p *Printer) Refill() { p.change(func() { p.Paper = 0 }) }

// OpenCover opens or closes the cover.
func (p *Printer) OpenCover(open bool) { p.change(func() { p.open = open }) }

// Revive ends what HangAt began: somebody switched it off and on.
func (p *Printer) Revive() { p.change(func() { p.held = false }) }

// Unplug breaks the line.
func (p *Printer) Unplug() {
	p.change(func() {
		if p.line != nil {
			_ = p.line.Close() // that is what shall happen
			p.line = nil
		}
	})
}

func (p *Printer) change(do func()) {
	p.mu.Lock()
	do()
	p.mu.Unlock()
	if p.news != nil { // nobody waits before it is connected
		p.news.Broadcast()
	}
}

// Same reports whether a slip that came out has the dots that were sent, and nothing
// but white below.
func Same(sent, out *escpos.Bitmap) bool {
	n := len(sent.Bits)
	return out.Width == sent.Width && len(out.Bits) >= n && bytes.Equal(out.Bits[:n], sent.Bits) && len(bytes.Trim(out.Bits[n:], "\x00")) == 0
}
