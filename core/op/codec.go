package op

import (
	"bytes"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"yizhan/core/plain"
)

// MaxBatch is the most that one journal batch may hold, in bytes.
const MaxBatch = 512 << 10

// maxElements is the most that a list may hold.
const maxElements = 65536

var (
	// encoding sorts keys, so that equal entries are equal bytes wherever a map is in them.
	encoding = must(cbor.EncOptions{Sort: cbor.SortCoreDeterministic}.UserBufferEncMode())
	// strict refuses what a hostile or broken sender could use to cost us memory or to say two things at once.
	strict = must(cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		MaxNestedLevels: 8, MaxArrayElements: maxElements, MaxMapPairs: 1024, UTF8: cbor.UTF8RejectInvalid,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
	}.DecMode())
)

// must is for options that are constants of this file.
func must[T any](mode T, err error) T {
	if err != nil {
		panic(err)
	}
	return mode
}

// Encode writes an op as the bytes that are chained, stored and sent.
func Encode(o *Op) ([]byte, error) {
	if b, ok := writePlainOp(o); ok {
		return b, nil
	}
	b, err := encoding.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("encode op: %w", err)
	}
	return b, nil
}

// Decode reads an op from a device. An unknown field is an error: deciding an op
// while ignoring a part of it would decide something else than was asked.
func Decode(b []byte) (Op, error) {
	o, ok := readPlainOp(b)
	if ok {
		return o, nil
	}
	o = Op{}
	if err := strict.Unmarshal(b, &o); err != nil {
		return Op{}, fmt.Errorf("decode op: %w", err)
	}
	return o, nil
}

// Batch is a run of entries that became durable together.
type Batch struct {
	First   uint64 // Seq of the first entry
	Entries []Entry
}

// EncodeEntry appends one entry to a batch body.
func EncodeEntry(w *bytes.Buffer, e *Entry) error {
	if writePlain(w, e) {
		return nil
	}
	if err := encoding.MarshalToBuffer(e, w); err != nil {
		return fmt.Errorf("encode entry: %w", err)
	}
	return nil
}

// DecodeBatch reads the entries of a batch body, numbered from first.
func DecodeBatch(first uint64, body []byte) ([]Entry, error) {
	return (&Decoder{}).Batch(nil, first, body)
}

// Decoder reads many batches.
type Decoder struct {
	names plain.Names
	held  []byte
}

// NewDecoder makes a decoder for a whole journal: names that stand in many entries
// then lie in memory once.
func NewDecoder() *Decoder { return &Decoder{names: make(plain.Names, 1<<15)} }

// Batch reads the entries of a batch body, numbered from first, behind those in to.
func (d *Decoder) Batch(to []Entry, first uint64, body []byte) ([]Entry, error) {
	for seq := first; len(body) > 0; seq++ {
		to = append(to, Entry{})
		e := &to[len(to)-1]
		rest, ok := d.readPlain(body, e)
		if !ok {
			*e = Entry{}
			var err error
			if rest, err = strict.UnmarshalFirst(body, e); err != nil {
				return nil, fmt.Errorf("decode entry %d: %w", seq, err)
			}
		}
		e.Seq, body = seq, rest
	}
	return to, nil
}
