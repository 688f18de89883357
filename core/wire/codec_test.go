package wire

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

func writeSorted(t *testing.T, file string, all []vector) {
	t.Helper()
	slices.SortFunc(all, func(a, b vector) int { return cmp.Compare(a.Name, b.Name) })
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := errors.Join(e.Encode(all), os.WriteFile(file, b.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// big makes a checkpoint with n rows as a door's device gets them.
func big(n int) Checkpoint {
	c := Checkpoint{From: 10, To: 5000, Acked: 3, Last: true, Time: 1790000001005}
	for i := range n {
		row := DoorRow{Ticket: id.Ticket(1000 + i), Activity: "premiere", Pool: "main", Member: id.Member(fmt.Sprintf("m-%d", i*7919)), Seats: 1 + i%3, State: op.ClaimGranted}
		body, _ := EncodeRow(row)
		c.Rows = append(c.Rows, RowChange{Table: TableDoor, ID: fmt.Sprint(row.Ticket), Seq: uint64(1000 + i), Body: body})
	}
	return c
}

func packed(t testing.TB, body []byte) []byte {
	t.Helper()
	w := must1[*zstd.Encoder](t)(zstd.NewWriter(nil))
	defer w.Close()
	return w.EncodeAll(body, []byte{flagZstd})
}

// streamed compresses without writing the size of the content.
func streamed(t testing.TB, body []byte, window int) []byte {
	t.Helper()
	b := bytes.NewBuffer([]byte{flagZstd})
	w := must1[*zstd.Encoder](t)(zstd.NewWriter(b, zstd.WithWindowSize(window)))
	for len(body) > 0 {
		n := must1[int](t)(w.Write(body[:min(len(body), 64<<10)]))
		body = body[n:]
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// raw is a frame from hex with spaces.
func raw(t testing.TB, s string) []byte {
	t.Helper()
	return append([]byte{flagRaw}, must1[[]byte](t)(hex.DecodeString(strings.ReplaceAll(s, " ", "")))...)
}

func frameOf(t testing.TB, v any) []byte {
	t.Helper()
	return append([]byte{flagRaw}, must1[[]byte](t)(cbor.Marshal(v))...)
}

func opsFrame(t testing.TB, first uint64, previous int, ops ...[]byte) []byte {
	t.Helper()
	return frameOf(t, []any{TOps, map[int]any{1: first, 2: make([]byte, previous), 3: ops}})
}

type badFrame struct {
	frame []byte
	kind  fault.Kind
}

func refusals(t *testing.T) map[string]badFrame {
	bomb, manyRows := make([]byte, 64<<20), make([][]any, MaxItems+1)
	for i := range manyRows {
		manyRows[i] = []any{"t", "i", 1, false, []byte{}}
	}
	return map[string]badFrame{
		"empty":                     {nil, fault.BadFrame},
		"flags alone":               {[]byte{flagRaw}, fault.BadFrame},
		"unknown flags":             {[]byte{2, 0x82, 5, 0xa0}, fault.BadFrame},
		"zstd of nothing":           {[]byte{flagZstd}, fault.BadFrame},
		"not zstd":                  {append([]byte{flagZstd}, "hello, is this a sync server?"...), fault.BadFrame},
		"cut zstd":                  {packed(t, frameOf(t, []any{5, map[int]any{}}))[:8], fault.BadFrame},
		"frame too long":            {make([]byte, MaxRead+1), fault.TooLarge},
		"bomb":                      {packed(t, bomb), fault.TooLarge},
		"bomb without size":         {streamed(t, bomb, 1<<20), fault.TooLarge},
		"bomb in many frames":       {append(packed(t, bomb[:1<<19]), bytes.Repeat(packed(t, bomb[:1<<19])[1:], 20)...), fault.TooLarge},
		"window too large":          {streamed(t, bomb[:9<<20], 8<<20), fault.TooLarge},
		"one byte over":             {packed(t, make([]byte, MaxFrame+1)), fault.TooLarge},
		"cut":                       {raw(t, "82 05"), fault.BadFrame},
		"trailing byte":             {raw(t, "82 05 a0 00"), fault.BadFrame},
		"array of one":              {raw(t, "81 05"), fault.BadFrame},
		"array of three":            {raw(t, "83 05 a0 a0"), fault.BadFrame},
		"a map":                     {raw(t, "a1 05 a0"), fault.BadFrame},
		"null":                      {raw(t, "f6"), fault.BadFrame},
		"body null":                 {raw(t, "82 05 f6"), fault.BadFrame},
		"body undefined":            {raw(t, "82 05 f7"), fault.BadFrame},
		"body array":                {raw(t, "82 05 80"), fault.BadFrame},
		"type unknown":              {raw(t, "82 18 63 a0"), fault.BadFrame},
		"type over a byte":          {raw(t, "82 19 0105 a0"), fault.BadFrame},
		"type negative":             {raw(t, "82 24 a0"), fault.BadFrame},
		"type text":                 {raw(t, "82 61 35 a0"), fault.BadFrame},
		"indefinite array":          {raw(t, "9f 05 a0 ff"), fault.BadFrame},
		"indefinite map":            {raw(t, "82 05 bf ff"), fault.BadFrame},
		"indefinite text":           {raw(t, "82 05 a1 01 7f 61 61 ff"), fault.BadFrame},
		"tag":                       {raw(t, "82 05 c1 a0"), fault.BadFrame},
		"tag in unknown field":      {raw(t, "82 05 a1 18 63 c1 00"), fault.BadFrame},
		"NaN in unknown field":      {raw(t, "82 05 a1 18 63 f9 7e00"), fault.BadFrame},
		"duplicate key":             {raw(t, "82 05 a2 01 61 61 01 61 62"), fault.BadFrame},
		"duplicate unknown key":     {raw(t, "82 05 a2 18 63 00 18 63 01"), fault.BadFrame},
		"duplicate gauge":           {raw(t, "82 18 45 a1 02 a2 61 61 01 61 61 02"), fault.BadFrame},
		"bytes for text":            {raw(t, "82 05 a1 01 41 61"), fault.BadFrame},
		"text for bytes":            {raw(t, "82 01 a1 04 61 61"), fault.BadFrame},
		"not UTF-8":                 {raw(t, "82 05 a1 01 61 ff"), fault.BadFrame},
		"number over 64 bits":       {raw(t, "82 06 a1 01 c2 49 010000000000000000"), fault.BadFrame},
		"negative count":            {raw(t, "82 06 a1 01 20"), fault.BadFrame},
		"fraction":                  {raw(t, "82 06 a1 01 f9 3e00"), fault.BadFrame},
		"deep":                      {raw(t, "82 05 a1 18 63"+strings.Repeat("81", 20)+"00"), fault.BadFrame},
		"array longer than frame":   {raw(t, "82 03 a1 03 9a ffffffff"), fault.TooLarge},
		"text longer than frame":    {raw(t, "82 05 a1 01 7b 00ffffffffffffff"), fault.BadFrame},
		"row of four":               {frameOf(t, []any{TCheckpoint, map[int]any{4: [][]any{{"t", "i", 1, false}}}}), fault.BadFrame},
		"too many rows":             {frameOf(t, []any{TCheckpoint, map[int]any{4: manyRows}}), fault.TooLarge},
		"too many results":          {frameOf(t, []any{TResults, map[int]any{2: make([]map[int]int, MaxOps+1)}}), fault.TooLarge},
		"ops from 0":                {opsFrame(t, 0, 16, []byte{1}), fault.BadFrame},
		"ops past the last number":  {opsFrame(t, 1<<63-2, 16, []byte{1}, []byte{2}), fault.BadFrame},
		"ops without previous hash": {opsFrame(t, 1, 0, []byte{1}), fault.BadFrame},
		"ops with a longer hash":    {opsFrame(t, 1, 32, []byte{1}), fault.BadFrame},
		"no ops":                    {opsFrame(t, 1, 16), fault.BadFrame},
		"empty op":                  {opsFrame(t, 1, 16, []byte{1}, nil), fault.BadFrame},
		"op too large":              {opsFrame(t, 1, 16, make([]byte, MaxOp+1)), fault.TooLarge},
		"too many ops":              {opsFrame(t, 1, 16, slices.Repeat([][]byte{{1}}, MaxOps+1)...), fault.TooLarge},
	}
}

func TestRefusals(t *testing.T) {
	c := codec(t)
	for name, test := range refusals(t) {
		t.Run(name, func(t *testing.T) {
			m, err := c.Decode(test.frame)
			var f *fault.Error
			if m != nil || !errors.As(err, &f) || f.Kind != test.kind {
				t.Fatalf("decode gives %+v, %v; want %v", m, err, test.kind)
			}
		})
	}
}

// A peer must not make us take much more memory than it sent, up to the limit of a frame.
func TestBombCostsLittle(t *testing.T) {
	c := codec(t)
	bomb := packed(t, make([]byte, 64<<20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 10 {
		if _, err := c.Decode(bomb); err == nil {
			t.Fatal("the bomb was taken")
		}
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / 10; each > 4*MaxFrame {
		t.Errorf("a bomb of %d bytes took %d bytes, at most %d are meant", len(bomb), each, 4*MaxFrame)
	}
}

func TestEncodeRefusesWhatDecodeWould(t *testing.T) {
	c := codec(t)
	previous := make([]byte, 16)
	for name, m := range map[string]Message{
		"frame":   Fault{Detail: strings.Repeat("x", MaxFrame)},
		"ops":     Ops{First: 1, Previous: previous, Ops: slices.Repeat([][]byte{{1}}, MaxOps+1)},
		"op":      Ops{First: 1, Previous: previous, Ops: [][]byte{make([]byte, MaxOp+1)}},
		"batch":   Ops{First: 1, Previous: previous, Ops: slices.Repeat([][]byte{make([]byte, MaxOp)}, 17)},
		"rows":    Checkpoint{Rows: make([]RowChange, MaxItems+1)},
		"results": Results{Results: make([]op.Result, MaxOps+1)},
	} {
		var f *fault.Error
		if frame, err := c.Encode(m); !errors.As(err, &f) || f.Kind != fault.TooLarge {
			t.Errorf("%s: %d bytes, %v; want too_large", name, len(frame), err)
		}
	}
	if _, err := c.Encode(Ops{First: 1, Previous: previous, Ops: slices.Repeat([][]byte{make([]byte, MaxOp)}, 15)}); err != nil {
		t.Errorf("a batch just under the limit: %v", err)
	}
	if _, err := EncodeRow(StationRow{Lat: 0, Lon: 1 / zero()}); err == nil {
		t.Error("a row with an infinite coordinate was written")
	}
}

func zero() float64 { return 0 }

// A newer peer may add fields; nothing that we know is lost by that.
func TestNewerFieldsAreIgnored(t *testing.T) {
	c := codec(t)
	frame := raw(t, "82 05 a4 01 68 7072656d69657265 18 63 82 a1 01 02 f5 38 20 00 61 31 61 78") // keys 1, 99, -33 and "1"
	m, err := c.Decode(frame)
	if err != nil || m != (Watch{Activity: "premiere"}) {
		t.Fatalf("decode gives %+v, %v", m, err)
	}
	var row PoolRow
	if err := DecodeRow(frame[3:], &row); err != nil || row.Activity != "premiere" {
		t.Fatalf("decode row gives %+v, %v", row, err)
	}
}

func TestCompression(t *testing.T) {
	c := codec(t)
	noise := make([]byte, 4<<10)
	for i, x := 0, uint32(1); i < len(noise); i++ {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	for name, test := range map[string]struct {
		m    Message
		flag byte
	}{
		"small":      {Fault{Detail: strings.Repeat("x", CompressMin/2)}, flagRaw},
		"large":      {big(200), flagZstd},
		"no use":     {Proof{Signature: noise}, flagRaw},
		"at the max": {Fault{Detail: strings.Repeat("x", MaxFrame-16)}, flagZstd},
	} {
		frame, err := c.Encode(test.m)
		if err != nil || frame[0] != test.flag {
			t.Errorf("%s: %d bytes, flags %v, %v; want flags %d", name, len(frame), frame[:1], err, test.flag)
			continue
		}
		if m, err := c.Decode(frame); err != nil || !reflect.DeepEqual(m, test.m) {
			t.Errorf("%s does not come back: %v", name, err)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	c := codec(t)
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			for range 50 {
				want := big(50 + n)
				frame, err := c.Encode(want)
				if m, err2 := c.Decode(frame); err != nil || err2 != nil || !reflect.DeepEqual(m, want) {
					t.Errorf("checkpoint of %d rows does not come back: %v %v", 50+n, err, err2)
				}
			}
		})
	}
	group.Wait()
}

// prune makes empty lists and maps nil: the wire does not tell them apart.
func prune(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				prune(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			prune(v.Index(i))
		}
		if v.Len() == 0 {
			v.SetZero()
		}
	case reflect.Map:
		if v.Len() == 0 {
			v.SetZero()
		}
	case reflect.Pointer:
		if !v.IsNil() {
			prune(v.Elem())
		}
	}
}

// fill draws a value for every field, by its kind.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(t, v.Field(i))
			}
		}
	case reflect.Slice:
		n := rapid.IntRange(0, 6).Draw(t, "n")
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(t, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range rapid.IntRange(0, 6).Draw(t, "n") {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(t, key)
			fill(t, value)
			v.SetMapIndex(key, value)
		}
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "there") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
		}
	case reflect.String:
		v.SetString(rapid.String().Draw(t, "s"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "b"))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, "i"))
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(rapid.Uint64().Draw(t, "u") >> (64 - v.Type().Bits()))
	case reflect.Float64:
		v.SetFloat(rapid.Float64().Draw(t, "f"))
	default:
		t.Fatalf("no way to draw a %v", v.Type())
	}
}

func TestMessagesComeBack(t *testing.T) {
	c := codec(t)
	for name, example := range messages(t) {
		rapid.Check(t, func(rt *rapid.T) {
			p := reflect.New(reflect.TypeOf(example))
			fill(rt, p.Elem())
			if r, ok := p.Interface().(*Results); ok {
				r.Receipts = rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 40), len(r.Results), len(r.Results)).Draw(rt, "receipts")
			}
			if ops, ok := p.Interface().(*Ops); ok {
				ops.Receipts = nil
				ops.First = ops.First>>2 + 1
				ops.Previous = rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(rt, "previous")
				ops.Ops = rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 40), 1, 9).Draw(rt, "ops")
			}
			if m, ok := p.Interface().(*Relay); ok {
				m.First = m.First>>2 + 1
				m.Previous = rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(rt, "previous")
				m.Ops = rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 40), 0, 9).Draw(rt, "ops")
				m.Judged, m.Receipts = make([]fault.Verdict, len(m.Ops)), nil
			}
			if r, ok := p.Interface().(*Relayed); ok {
				r.Receipts = nil
			}
			if m, ok := p.Interface().(*Checkpoint); ok {
				m.Sums = sums(rt, 16)
				for left, i := len(m.Rows), 0; i < len(m.Parts); i++ {
					m.Parts[i].Scope = rapid.StringN(1, 9, -1).Draw(rt, "scope")
					if m.Parts[i].Rows = left; i < len(m.Parts)-1 {
						m.Parts[i].Rows = rapid.IntRange(0, left).Draw(rt, "rows")
					}
					left -= m.Parts[i].Rows
				}
			}
			if m, ok := p.Interface().(*Differ); ok {
				m.Sums = sums(rt, 4096)
			}
			want := p.Elem().Interface().(Message)
			frame, err := c.Encode(want)
			if err != nil {
				rt.Fatalf("%s: %v", name, err)
			}
			got, err := c.Decode(frame)
			if err != nil {
				rt.Fatalf("%s: %v", name, err)
			}
			q := reflect.New(p.Type().Elem())
			q.Elem().Set(reflect.ValueOf(got))
			prune(p.Elem())
			prune(q.Elem())
			if !reflect.DeepEqual(p.Elem().Interface(), q.Elem().Interface()) {
				rt.Fatalf("%s: %+v came back as %+v", name, p.Elem(), q.Elem())
			}
		})
	}
}

func TestRowsComeBack(t *testing.T) {
	for table, example := range rowValues() {
		rapid.Check(t, func(rt *rapid.T) {
			p, q := reflect.New(reflect.TypeOf(example).Elem()), reflect.New(reflect.TypeOf(example).Elem())
			fill(rt, p.Elem())
			body, err := EncodeRow(p.Interface())
			if err != nil {
				rt.Fatalf("%s: %v", table, err)
			}
			if err := DecodeRow(body, q.Interface()); err != nil {
				rt.Fatalf("%s: %v", table, err)
			}
			again, err := EncodeRow(q.Interface())
			if err != nil || !bytes.Equal(body, again) {
				rt.Fatalf("%s: %x became %x (%v)", table, body, again, err)
			}
			prune(p.Elem())
			prune(q.Elem())
			if !reflect.DeepEqual(p.Interface(), q.Interface()) {
				rt.Fatalf("%s: %+v came back as %+v", table, p, q)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	c := codec(f)
	for _, m := range messages(f) {
		f.Add(must1[[]byte](f)(c.Encode(m)))
	}
	f.Add(must1[[]byte](f)(c.Encode(big(30))))
	f.Fuzz(func(t *testing.T, frame []byte) {
		m, err := c.Decode(frame)
		var refused *fault.Error
		switch {
		case err != nil && (!errors.As(err, &refused) || refused.Kind != fault.BadFrame && refused.Kind != fault.TooLarge):
			t.Fatalf("decode gives a bare error: %v", err)
		case err != nil:
			return
		}
		once, err := c.Encode(m)
		if errors.As(err, &refused) && refused.Kind == fault.TooLarge && len(frame) > MaxFrame-64 {
			return // fields that were left out are written, and no room was left
		}
		if err != nil {
			t.Fatalf("%+v was read and cannot be written: %v", m, err)
		}
		again, err := c.Decode(once)
		if err != nil {
			t.Fatalf("%+v was written and cannot be read: %v", m, err)
		}
		if twice, err := c.Encode(again); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%x became %x (%v)", once, twice, err)
		}
	})
}

func FuzzDecodeRow(f *testing.F) {
	for _, row := range rowValues() {
		f.Add(must1[[]byte](f)(EncodeRow(row)))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for table, example := range rowValues() {
			row, again := reflect.New(reflect.TypeOf(example).Elem()).Interface(), reflect.New(reflect.TypeOf(example).Elem()).Interface()
			if DecodeRow(body, row) != nil {
				continue
			}
			once := must1[[]byte](t)(EncodeRow(row))
			if err := DecodeRow(once, again); err != nil {
				t.Fatalf("%s: %x was written and cannot be read: %v", table, once, err)
			}
			if twice := must1[[]byte](t)(EncodeRow(again)); !bytes.Equal(once, twice) {
				t.Fatalf("%s: %x became %x", table, once, twice)
			}
		}
	})
}

func BenchmarkEncodeCheckpoint200(b *testing.B) {
	c, m := codec(b), big(200)
	frame := must1[[]byte](b)(c.Encode(m))
	b.ReportAllocs()
	for b.Loop() {
		must1[[]byte](b)(c.Encode(m))
	}
	b.ReportMetric(float64(len(frame)), "wire-bytes")
}

func BenchmarkDecodeCheckpoint200(b *testing.B) {
	c := codec(b)
	frame := must1[[]byte](b)(c.Encode(big(200)))
	b.ReportAllocs()
	for b.Loop() {
		must1[Message](b)(c.Decode(frame))
	}
}
