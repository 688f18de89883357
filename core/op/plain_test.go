package op

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/plain"
)

// agree holds one entry against the library: the same bytes, and the same entry
// read back from them.
func agree(t rapid.TB, e Entry) {
	t.Helper()
	want, err := encoding.Marshal(&e)
	if err != nil {
		t.Fatal(err)
	}
	var w bytes.Buffer
	if err := EncodeEntry(&w, &e); err != nil || !bytes.Equal(w.Bytes(), want) {
		t.Fatalf("%+v is written as %x (%v), the library writes %x", e, w.Bytes(), err, want)
	}
	alike(t, want)
}

// alike holds what is read from bytes against the library.
func alike(t rapid.TB, b []byte) {
	t.Helper()
	var want, got Entry
	rest, err := strict.UnmarshalFirst(b, &want)
	left, ok := NewDecoder().readPlain(b, &got)
	if ok && (err != nil || !reflect.DeepEqual(got, want) || !bytes.Equal(left, rest)) {
		t.Fatalf("%x reads as %+v with %x left, the library reads %+v (%v) with %x left", b, got, left, want, err, rest)
	}
}

// eachField gives copies of base in which one field is set, with the values that heads of
// each length hold.
func eachField[T any](t *testing.T, base T, use func(T)) {
	for i := range reflect.TypeFor[T]().NumField() {
		for _, n := range []int64{1, 23, 24, 255, 256, 65535, 65536, 1<<32 - 1, 1 << 32, 1<<63 - 1, -1, -24, -25, -257} {
			e := base
			switch f := reflect.ValueOf(&e).Elem().Field(i); f.Kind() {
			case reflect.Uint8, reflect.Uint32, reflect.Uint64:
				f.SetUint(uint64(n) & (1<<(8*f.Type().Size()) - 1))
			case reflect.Int, reflect.Int64:
				f.SetInt(n)
			case reflect.Bool:
				f.SetBool(true)
			case reflect.String:
				f.SetString(string(bytes.Repeat([]byte("工"), int(n&0x1ff))))
			case reflect.Slice:
				f.Set(reflect.MakeSlice(f.Type(), int(n&0x1f), 32))
			case reflect.Map:
				f.Set(reflect.MakeMap(f.Type()))
				f.SetMapIndex(reflect.New(f.Type().Key()).Elem(), reflect.New(f.Type().Elem()).Elem())
			case reflect.Pointer:
				f.Set(reflect.New(f.Type().Elem()))
			default:
				t.Fatalf("no value for field %s", reflect.TypeFor[T]().Field(i).Name)
			}
			use(e)
		}
	}
}

// TestEveryFieldAlone finds a field that the plain form forgets.
func TestEveryFieldAlone(t *testing.T) {
	eachField(t, Entry{Kind: Claimed}, func(e Entry) {
		e.Seq = 0
		agree(t, e)
	})
	eachField(t, Op{Kind: Claim}, func(o Op) { agreeOp(t, o) })
	eachField(t, Result{Outcome: Granted}, func(r Result) { agreeResult(t, r) })
}

func agreeOp(t rapid.TB, o Op) {
	t.Helper()
	want, err := encoding.Marshal(&o)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := Encode(&o); err != nil || !bytes.Equal(b, want) {
		t.Fatalf("%+v is written as %x (%v), the library writes %x", o, b, err, want)
	}
	alikeOp(t, want)
}

func alikeOp(t rapid.TB, b []byte) (plainly bool) {
	t.Helper()
	var want Op
	err := strict.Unmarshal(b, &want)
	got, ok := readPlainOp(b)
	if ok && (err != nil || !reflect.DeepEqual(got, want)) {
		t.Fatalf("%x reads as %+v, the library reads %+v (%v)", b, got, want, err)
	}
	return ok
}

func agreeResult(t rapid.TB, r Result) {
	t.Helper()
	want, err := encoding.Marshal(&r)
	if err != nil {
		t.Fatal(err)
	}
	if b, ok := AppendResult(nil, &r); ok && !bytes.Equal(b, want) {
		t.Fatalf("%+v is written as %x, the library writes %x", r, b, want)
	}
	alikeResult(t, want)
}

func alikeResult(t rapid.TB, b []byte) {
	t.Helper()
	var want Result
	err := strict.Unmarshal(b, &want)
	eye := &plain.Eye{B: b}
	if got := ReadResult(eye); !eye.Doubt && len(eye.B) == 0 && (err != nil || !reflect.DeepEqual(got, want)) {
		t.Fatalf("%x reads as %+v, the library reads %+v (%v)", b, got, want, err)
	}
}

// TestBrokenOps changes one byte of every op and result after the other.
func TestBrokenOps(t *testing.T) {
	broken := func(b []byte, use func([]byte)) {
		for i := range b {
			for _, c := range []byte{0, 1, 0x18, 0x40, 0x60, 0x80, 0xa0, 0xa9, 0xf4, 0xf5, 0xff, b[i] + 1, b[i] - 1, b[i] ^ 0x20} {
				other := bytes.Clone(b)
				other[i] = c
				use(other)
			}
			use(b[:i])
			use(append(bytes.Clone(b), b[i]))
		}
	}
	plainly := 0
	for _, o := range ops() {
		agreeOp(t, o)
		b, err := Encode(&o)
		if err != nil {
			t.Fatal(err)
		}
		if alikeOp(t, b) {
			plainly++
		}
		broken(b, func(b []byte) { alikeOp(t, b) })
	}
	if plainly < 10 {
		t.Errorf("only %d kinds of ops are read plainly", plainly)
	}
	b, err := encoding.Marshal(Result{Outcome: Waitlisted, Code: 3, Seats: 2, Place: 300, Ticket: 1 << 40, Verdict: 1, Granted: 1, Waitlisted: 24, Digest: "c0ffee", Seq: 70000})
	if err != nil {
		t.Fatal(err)
	}
	broken(b, func(b []byte) { alikeResult(t, b) })
}

func TestPlainIsTheLibrary(t *testing.T) {
	all := entries()
	names := make([]string, 0, len(all))
	for name, e := range all {
		agree(t, e)
		names = append(names, name)
		var back Entry
		if _, ok := new(Decoder).readPlain(encodeEntry(t, e), &back); !ok && e.plain() {
			t.Errorf("%s was written as plain and is not read so", name)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		e := all["claimed"]
		e.Seats, e.At = rapid.Int().Draw(t, "seats"), rapid.Int64().Draw(t, "at")
		e.Member, e.Reason = id.Member(rapid.String().Draw(t, "member")), rapid.String().Draw(t, "reason")
		e.Chain = rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "chain")
		e.Parts = rapid.SliceOfN(rapid.Int(), 0, 30).Draw(t, "parts")
		e.Taken = nil
		for range rapid.IntRange(0, 30).Draw(t, "taken") {
			e.Taken = append(e.Taken, Taken{Part: rapid.Int().Draw(t, "part"), From: rapid.Int().Draw(t, "from"), N: rapid.Int().Draw(t, "n")})
		}
		agree(t, e)
		other := all[rapid.SampledFrom(names).Draw(t, "other")]
		b, err := encoding.Marshal(&other)
		if err != nil {
			t.Fatal(err)
		}
		b[rapid.IntRange(0, len(b)-1).Draw(t, "place")] = rapid.Byte().Draw(t, "byte")
		alike(t, b)
		alike(t, b[:rapid.IntRange(0, len(b)).Draw(t, "cut")])
	})
}

// TestNotPlain are bytes that the library reads, or refuses, and that are not for readPlain.
func TestNotPlain(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "array": "80", "no kind": "a10201", "kind nought": "a10100", "keys not in order": "a202010109", "key twice": "a301090201" + "0201",
		"long head": "a1011809", "longer head": "a101190009", "text without end": "a201090361", "not UTF-8": "a201090361ff", "empty text": "a201090360",
		"unknown key": "a201091818" + "01", "key of 64 bits": "a201091b000000000000000201", "false": "a2010915f4", "taken of two": "a201090b81820102",
		"no list": "a201090b80", "list without end": "a201090b9b00ffffffffffffff", "tag": "c1a10109", "indefinite": "bf0109ff", "kind over a byte": "a101190100",
		"At over 63 bits": "a20109021b8000000000000000", "reserved head": "a101" + "1c",
	} {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		var e Entry
		if _, ok := new(Decoder).readPlain(b, &e); ok {
			t.Errorf("%s was read as %+v", name, e)
		}
		alike(t, b)
	}
}

// TestPeopleAreThePeople changes one byte of an import after the other.
func TestPeopleAreThePeople(t *testing.T) {
	e := entries()["put_people"]
	e.Kind, e.People = PeoplePut, append(e.People, member.Person{ID: "m-2", Org: "org-12"}, member.Person{})
	b, err := encoding.Marshal(&e)
	if err != nil {
		t.Fatal(err)
	}
	agree(t, e)
	for i := range b {
		for _, c := range []byte{0, 1, 0x18, 0x40, 0x60, 0x80, 0xa0, 0xa9, 0xf4, 0xf5, 0xff, b[i] + 1, b[i] - 1, b[i] ^ 0x20} {
			broken := bytes.Clone(b)
			broken[i] = c
			alike(t, broken)
		}
		alike(t, b[:i])
	}
	e.People = e.People[:2] // the third is written with empty fields, which is not as honest writers do
	if b, err = encoding.Marshal(&e); err != nil {
		t.Fatal(err)
	}
	var got Entry
	if _, ok := NewDecoder().readPlain(b, &got); !ok || !reflect.DeepEqual(got, e) {
		t.Errorf("read as plain: %v, %+v", ok, got)
	}
}

func FuzzPlain(f *testing.F) {
	for _, e := range entries() {
		f.Add(encodeEntry(f, e))
	}
	for _, o := range ops() {
		b, err := Encode(&o)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		alike(t, b)
		alikeOp(t, b)
		alikeResult(t, b)
	})
}
