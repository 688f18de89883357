package wire

import (
	"encoding/binary"

	"yizhan/core/fault"
	"yizhan/core/plain"
)

// Shared is a checkpoint without From, To and Acked, which devices have of their own:
// it is written and compressed once for all that are sent the same rows.
type Shared struct {
	pairs  byte   // of the message's map
	rest   []byte // behind those three
	packed []byte // the same as a zstd frame; nil where that is not worth it
}

// ownLen is how long the message is up to and with From, To and Acked, where these are 0.
const ownLen = 4 + 3*2

// Share writes what a checkpoint has in common with others.
func (c *Codec) Share(m Checkpoint) (*Shared, error) {
	m.From, m.To, m.Acked = 0, 0, 0
	if err := check(m); err != nil {
		return nil, err
	}
	frame, err := write(m)
	if err != nil {
		return nil, err
	}
	body := frame[1:]
	if len(body)+3*binary.MaxVarintLen64 > MaxFrame {
		return nil, fault.Errorf(fault.TooLarge, "%T has %d bytes, at most %d are allowed: split it", m, len(body), MaxFrame)
	}
	s := &Shared{pairs: body[3], rest: body[ownLen:]}
	if len(s.rest) >= CompressMin {
		if packed := c.pack.EncodeAll(s.rest, nil); len(packed) < len(s.rest) {
			s.packed = packed
		}
	}
	return s, nil
}

// Frame is the checkpoint of one device. It decodes to what Encode would have
// written; compressed, it is two zstd frames, of which the first only holds bytes as they are.
func (s *Shared) Frame(from, to, acked uint64) []byte {
	var space [4 + 3*(1+9)]byte
	own := append(space[:0], 0x82, 0x18, byte(TCheckpoint), s.pairs) // an array of two, the type, a map
	for i, n := range []uint64{from, to, acked} {
		own = plain.AppendUint(append(own, byte(1+i)), n)
	}
	if s.packed == nil {
		frame := append(make([]byte, 0, 1+len(own)+len(s.rest)), flagRaw)
		return append(append(frame, own...), s.rest...)
	}
	frame := append(make([]byte, 0, 1+9+len(own)+len(s.packed)), flagZstd)
	// RFC 8878: magic number, one segment of a size that fits in a byte, and its last block, which is raw.
	frame = append(frame, 0x28, 0xb5, 0x2f, 0xfd, 0x20, byte(len(own)), byte(len(own)<<3|1), byte(len(own)>>5), 0)
	return append(append(frame, own...), s.packed...)
}
