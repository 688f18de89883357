package wire

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/op"
)

// alike holds what is read plainly against the library.
func alike(t rapid.TB, kind Type, body []byte) (plainly bool) {
	t.Helper()
	got := readPlain(kind, body)
	if got == nil {
		return false
	}
	if want, err := decode(kind, body); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%x reads as %+v, the library reads %+v (%v)", body, got, want, err)
	}
	return true
}

// agree holds a message against the library: the same bytes, and the same message read
// back from them. It gives the body.
func agree(t rapid.TB, m Message) (body []byte, plainly bool) {
	t.Helper()
	want, err := encoding.Marshal(envelope{Type: m.Type(), Body: m})
	if err != nil {
		t.Fatal(err)
	}
	if b, ok := writePlain(nil, m); ok && !bytes.Equal(b, want) {
		t.Fatalf("%+v is written as %x, the library writes %x", m, b, want)
	}
	e, _ := unwrap(want)
	return e.Body, alike(t, m.Type(), e.Body)
}

func frequent() []Message {
	hash := bytes.Repeat([]byte{7}, 32)
	return []Message{
		Ops{First: 300, Previous: hash, Ops: [][]byte{{0xa0}, bytes.Repeat([]byte{9}, 300)}, Receipts: [][]byte{{}, {1}}},
		Results{First: 1, Results: []op.Result{{Outcome: op.Granted, Seats: 1, Ticket: 1 << 50, Seq: 70000}, {Outcome: op.Refused, Code: 30}}, Receipts: [][]byte{hash, {}}},
		Checkpoint{From: 1, To: 1 << 33, Acked: 24, Last: true, Time: 1_764_000_000_000, More: true, Stamp: hash[:20],
			Rows:  []RowChange{{Table: TableActivity, ID: "film", Seq: 300, Body: []byte{0xa0}}, {Table: TableActivity, ID: "gone", Seq: 301, Gone: true}},
			Parts: []Part{{Scope: "all", Rows: 1, Fresh: true}, {Scope: "member:m1", Rows: 1, Buckets: []byte{3, 255}}}, Take: []string{"all"}, Drop: []string{"station:s1", "x"},
			Sums: map[string][]byte{"member:m1": hash[:16], "all": hash[:16], "a scope with a longer name": hash[:16]}},
		Checkpoint{Reset: true},
	}
}

func TestFrequentMessagesArePlain(t *testing.T) {
	for _, m := range frequent() {
		body, plainly := agree(t, m)
		if !plainly {
			t.Errorf("%+v is left to the library", m)
		}
		if len(body) > room(m) {
			t.Errorf("%+v takes %d bytes, and room was made for %d", m, len(body), room(m))
		}
		for i := range body {
			for _, c := range []byte{0, 1, 0x18, 0x40, 0x60, 0x80, 0xa0, 0xa9, 0xf4, 0xf5, 0xff, body[i] + 1, body[i] - 1, body[i] ^ 0x20} {
				other := bytes.Clone(body)
				other[i] = c
				alike(t, m.Type(), other)
			}
			alike(t, m.Type(), body[:i])
			alike(t, m.Type(), append(bytes.Clone(body), body[i]))
		}
	}
}

func TestPlainMessagesAreTheLibrarys(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		for _, m := range frequent() {
			p := reflect.New(reflect.TypeOf(m))
			fill(rt, p.Elem())
			agree(rt, p.Elem().Interface().(Message))
		}
	})
}

func FuzzPlain(f *testing.F) {
	for _, m := range frequent() {
		body, _ := agree(f, m)
		f.Add(uint64(m.Type()), body)
	}
	f.Fuzz(func(t *testing.T, kind uint64, body []byte) { alike(t, Type(kind), body) })
}
