package escpos

import "slices"

// Commands, as the makers' manuals name them.
const (
	dle = 0x10
	eot = 0x04
	esc = 0x1b
	gs  = 0x1d
)

// Init (ESC @) resets modes that another program left behind.
func Init() []byte { return []byte{esc, '@'} }

// End feeds the last rows past the head (ESC J), feeds to the knife and cuts all
// but a corner (GS V 66): the slip hangs on until it is taken. A printer without
// a knife ignores the cut.
func End() []byte { return []byte{esc, 'J', 64, gs, 'V', 66, 0} }

// bandBytes is the most that one band holds: two of them fit into the 4 KiB that the
// smallest printers buffer, so that a query is never stuck behind what does not fit.
const bandBytes = 2000

// Lengths of the head of a band, and of the longest command here: so many zeros end
// whatever was broken off.
const (
	Head    = 8
	Longest = bandBytes + Head
)

// Bands cuts a bitmap into GS v 0 commands, from the top, each of whole rows, eight
// at a time, because some heads print eight at once.
func Bands(b *Bitmap) [][]byte {
	var bands [][]byte
	stride := b.Stride()
	bits := tame(b.Bits)
	rows := max(8, bandBytes/max(1, stride)&^7)
	for y := 0; y < b.Height; y += rows {
		n := min(rows, b.Height-y)
		head := []byte{gs, 'v', '0', 0, byte(stride), byte(stride >> 8), byte(n), byte(n >> 8)}
		bands = append(bands, append(head, bits[y*stride:(y+n)*stride]...))
	}
	return bands
}

// tame changes dots that some printers would take for a command in the middle of a
// picture (DLE EOT, DLE ENQ, DLE DC4 are obeyed at once, wherever they stand): a
// lone dot gets a neighbour.
func tame(bits []byte) []byte {
	bits = slices.Clone(bits)
	for i := range len(bits) - 1 {
		if next := bits[i+1]; bits[i] == dle && (next == eot || next == 0x05 || next == 0x14) {
			bits[i] = 0x18
		}
	}
	return bits
}

// Query is one of the states that a printer tells at once (DLE EOT n), whatever
// else it is doing.
type Query byte

// Queries of a printer's state.
const (
	Online  Query = 1
	Cover   Query = 2
	Failure Query = 3
	Paper   Query = 4
)

// Ask is the command of a query; the answer is one byte.
func Ask(q Query) []byte { return []byte{dle, eot, byte(q)} }

// IsAnswer tells the answer to a query from other bytes that a printer sends.
func IsAnswer(b byte) bool { return b&0x93 == 0x12 }

// Finished (GS r 1) is answered only after all that was sent before it is on paper.
func Finished() []byte { return []byte{gs, 'r', 1} }

// IsFinished tells the answer to Finished from other bytes that a printer sends.
func IsFinished(b byte) bool { return b&0x90 == 0 }

// Status is what a printer says about itself.
type Status struct {
	Known     bool // it has answered; if not, the others say nothing
	PaperOut  bool
	PaperLow  bool
	CoverOpen bool
	Failed    bool // knife, head, or it wants to be switched off and on
	Offline   bool
}

// Take adds the answer to a query.
func (s *Status) Take(q Query, answer byte) {
	s.Known = true
	has := func(bits byte) bool { return answer&bits != 0 }
	switch q {
	case Online:
		s.Offline = has(0x08)
	case Cover:
		s.CoverOpen, s.PaperOut, s.Failed = has(0x04), s.PaperOut || has(0x20), s.Failed || has(0x40)
	case Failure:
		s.Failed = s.Failed || has(0x68)
	case Paper:
		s.PaperLow, s.PaperOut = has(0x0c), s.PaperOut || has(0x60)
	}
}

// Trouble is what keeps a printer in this state from printing, the cause before
// what follows from it.
func (s Status) Trouble() Trouble {
	switch {
	case s.CoverOpen:
		return CoverOpen // an open cover often also looks like no paper
	case s.PaperOut:
		return PaperOut
	case s.Failed:
		return Failed
	case s.Offline:
		return Offline
	}
	return None
}
