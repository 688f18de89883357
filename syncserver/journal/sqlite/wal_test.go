package sqlite

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// TestOneByte changes one byte of a frame, and several, and asks for the difference.
func TestOneByte(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	f := make([]byte, frameHead+16384)
	sum := func() [2]uint32 {
		s := checksum(binary.LittleEndian, [2]uint32{77, 99}, f[:8])
		return checksum(binary.LittleEndian, s, f[frameHead:])
	}
	change := func(n int) (explained bool) {
		for i := range f {
			f[i] = byte(random.Uint32())
		}
		stored := sum()
		for range n {
			at := random.IntN(len(f) - 16)
			if at >= 8 {
				at += 16
			}
			f[at] ^= byte(1 + random.IntN(255))
		}
		now := sum()
		return oneByte(f, [2]uint32{now[0] - stored[0], now[1] - stored[1]})
	}
	for range 40 {
		if !change(1) {
			t.Fatal("a changed byte is not recognised")
		}
		if change(600) {
			t.Fatal("600 changed bytes are taken for one")
		}
	}
	for _, delta := range [][2]uint32{{0x40, 0}, {0, 0xff000000}, {0xfffffd00, 0}} {
		if !oneByte(f, delta) {
			t.Errorf("a byte of the stored checksum off by %x is not recognised", delta)
		}
	}
}
