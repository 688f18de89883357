package replica

import (
	"testing"

	"yizhan/core/local"
	"yizhan/core/wire"
)

// TestMarkKeepsNoFrame: what was read from a frame shares memory with it, and what is
// kept until the next checkpoint, a day perhaps, must not.
func TestMarkKeepsNoFrame(t *testing.T) {
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	s := New(codec, "x", Saved{State: local.State{Cursor: 1}})
	s.phase = live
	frame, err := codec.Encode(wire.Checkpoint{From: 1, To: 2, Last: true, Time: 7, Stamp: []byte("stamp")})
	if err != nil {
		t.Fatal(err)
	}
	s.Frame(frame, 0)
	clear(frame)
	if got := string(s.saved.Mark.Stamp); got != "stamp" {
		t.Errorf("the mark is %q once its frame is cleared", got)
	}
}
