package wire

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/fault"
)

func sums(t *rapid.T, size int) map[string][]byte {
	return rapid.MapOfN(rapid.String(), rapid.Map(rapid.Byte(), func(b byte) []byte { return bytes.Repeat([]byte{b}, size) }), 0, 3).Draw(t, "sums")
}

func TestPartsAndRowsBelongTogether(t *testing.T) {
	row := []RowChange{{Table: "t", ID: "1", Seq: 1}}
	for name, m := range map[string]Message{
		"too few rows":  Checkpoint{Rows: row, Parts: []Part{{Scope: "public", Rows: 2}}},
		"too many rows": Checkpoint{Rows: row, Parts: []Part{{Scope: "public"}}},
		"negative rows": Checkpoint{Rows: row, Parts: []Part{{Scope: "public", Rows: 2}, {Scope: "door", Rows: -1}}},
		"no scope":      Checkpoint{Rows: row, Parts: []Part{{Rows: 1}}},
		"half a sum":    Checkpoint{Sums: map[string][]byte{"public": make([]byte, 15)}},
		"half sub-sums": Differ{Sums: map[string][]byte{"public": make([]byte, 2048)}},
	} {
		var refused *fault.Error
		if _, err := codec(t).Encode(m); !errors.As(err, &refused) || refused.Kind != fault.BadFrame {
			t.Errorf("%s: %v", name, err)
		}
	}
}
