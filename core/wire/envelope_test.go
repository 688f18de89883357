package wire

import (
	"reflect"
	"slices"
	"testing"
)

// TestEnvelopes: one that is written in another way says the same, and nothing may stand behind it.
func TestEnvelopes(t *testing.T) {
	c := codec(t)
	for _, m := range []Message{Watch{Activity: "film"}, Gauge{Activity: "film"}} {
		frame, err := c.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		number, body := frame[2:3], frame[3:]
		if m.Type() > 23 {
			number, body = frame[3:4], frame[4:]
		}
		for name, head := range map[string][]byte{"long head": {0, 0x98, 2, 0x18}, "long number": {0, 0x82, 0x19, 0}} {
			got, err := c.Decode(slices.Concat(head, number, body))
			want, _ := c.Decode(frame)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %+v, %v; want %+v", name, got, err, want)
			}
		}
		if _, err := c.Decode(append(frame, 0)); err == nil {
			t.Errorf("%T with a byte behind it is taken", m)
		}
	}
}
