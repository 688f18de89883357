package arbiter

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"yizhan/core/op"
)

// TestPutMap holds what looks like the wrong file back until somebody insists.
func TestPutMap(t *testing.T) {
	w := newWorld(t)
	city := func(area, made string, blob byte) *op.Map {
		return &op.Map{Area: area, Name: "云鹭市", Made: made, Blob: bytes.Repeat([]byte{blob}, 32), Bytes: 9}
	}
	put := func(m *op.Map, anyway bool) (n int, err error) {
		entries, err := w.run(op.Op{Kind: op.PutMap, Map: m, Override: anyway}, op.Origin{})
		return len(entries), err
	}
	for _, c := range []struct {
		what   string
		m      *op.Map
		anyway bool
		n      int
		why    string
	}{
		{"none", nil, false, 0, "no map"},
		{"no area", city("", "2026-01-02", 1), false, 0, "area"},
		{"no day", city("yunlu", "2026-13-02", 1), false, 0, "no day"},
		{"no file", &op.Map{Area: "yunlu", Name: "x", Made: "2026-01-02", Blob: []byte{1}, Bytes: 9}, false, 0, "hash"},
		{"no name", &op.Map{Area: "yunlu", Made: "2026-01-02", Blob: bytes.Repeat([]byte{1}, 32), Bytes: 9}, false, 0, "name"},
		{"first", city("yunlu", "2026-01-02", 1), false, 1, ""},
		{"again", city("yunlu", "2026-01-02", 1), false, 0, ""},
		{"older", city("yunlu", "2026-01-01", 2), false, 0, "made on 2026-01-01"},
		{"same day", city("yunlu", "2026-01-02", 3), false, 1, ""},
		{"elsewhere", city("other", "2026-02-02", 4), false, 0, "(other)"},
		{"elsewhere, meant", city("other", "2026-02-02", 4), true, 1, ""},
		{"older, meant", city("other", "2025-02-02", 5), true, 1, ""},
	} {
		before := w.s.Map()
		n, err := put(c.m, c.anyway)
		var refused Refusal
		if n != c.n || (c.why == "") != (err == nil) || err != nil && (!errors.As(err, &refused) || !strings.Contains(err.Error(), c.why)) {
			t.Errorf("%s: %d entries, %v", c.what, n, err)
		}
		if now := w.s.Map(); n == 0 && !bytes.Equal(now.Blob, before.Blob) || n == 1 && !bytes.Equal(now.Blob, c.m.Blob) {
			t.Errorf("%s: carried is %+v", c.what, now)
		}
	}
	w.check()
}
