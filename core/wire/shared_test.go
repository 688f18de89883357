package wire_test

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/wire"
)

// TestSharedFrames: a checkpoint that is put together is the one that would have been written.
func TestSharedFrames(t *testing.T) {
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	number := rapid.OneOf(rapid.Uint64(), rapid.SampledFrom([]uint64{0, 23, 24, 255, 256, 65535, 65536, 1<<32 - 1, 1 << 32}))
	rapid.Check(t, func(t *rapid.T) {
		m := wire.Checkpoint{From: number.Draw(t, "from"), To: number.Draw(t, "to"), Acked: number.Draw(t, "acked"), Last: rapid.Bool().Draw(t, "last"),
			Time: rapid.Int64().Draw(t, "time"), Take: rapid.SliceOfN(rapid.StringN(1, 8, 8), 0, 3).Draw(t, "take")}
		body := bytes.Repeat([]byte("a row of a feed; "), rapid.IntRange(0, 200).Draw(t, "size"))
		for i := range rapid.IntRange(0, 3).Draw(t, "rows") {
			m.Rows = append(m.Rows, wire.RowChange{Table: "activity", ID: string(rune('a' + i)), Seq: number.Draw(t, "seq"), Body: body})
		}
		if len(m.Rows) > 0 {
			m.Parts = []wire.Part{{Scope: "public", Rows: len(m.Rows)}}
		}
		shared, err := codec.Share(m)
		if err != nil {
			t.Fatal(err)
		}
		frame := shared.Frame(m.From, m.To, m.Acked)
		whole, err := codec.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := codec.Decode(frame)
		if err != nil {
			t.Fatalf("%x: %v", frame, err)
		}
		want, err := codec.Decode(whole)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if frame[0] == 0 && whole[0] == 0 && !bytes.Equal(frame, whole) {
			t.Errorf("frame %x, want %x", frame, whole)
		}
	})
}

// sharedFrame is frozen: programs in the field read it.
const sharedFrame = "0128b52ffd200b590000821844a601010218c80302"

// TestSharedFrameIsFrozen holds the bytes in front of what is compressed once.
func TestSharedFrameIsFrozen(t *testing.T) {
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	m := wire.Checkpoint{Rows: []wire.RowChange{{Table: "activity", ID: "a", Seq: 7, Body: bytes.Repeat([]byte("row "), 1000)}}, Last: true, Time: 5}
	shared, err := codec.Share(m)
	if err != nil {
		t.Fatal(err)
	}
	frame := shared.Frame(1, 200, 2)
	if got := hex.EncodeToString(frame[:min(len(frame), len(sharedFrame)/2)]); got != sharedFrame {
		t.Errorf("%s, want %s", got, sharedFrame)
	}
	m.From, m.To, m.Acked = 1, 200, 2
	if got, err := codec.Decode(frame); err != nil || !reflect.DeepEqual(got, m) {
		t.Errorf("%+v, %v", got, err)
	}
}
