package wire

import (
	"errors"
	"fmt"
	"math"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/zstd"

	"yizhan/core/fault"
	"yizhan/core/op"
	"yizhan/core/scope"
)

// MaxItems is the most that any list or map of a message may hold; a sender of
// more rows makes more chunks.
const MaxItems = 16384

// MaxRead is the most bytes of one frame on the socket.
const MaxRead = MaxFrame + 1

// First byte of a frame: how the rest is written.
const (
	flagRaw  = 0
	flagZstd = 1
)

// mapType is the CBOR major type of a map.
const mapType = 5

var (
	encoding = must(encOptions().EncMode())
	// decoding knows no unknown-field error: a newer peer may add fields.
	decoding = must(cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		MaxNestedLevels: 16, MaxArrayElements: MaxItems, MaxMapPairs: MaxItems, UTF8: cbor.UTF8RejectInvalid,
		NaN: cbor.NaNDecodeForbidden, Inf: cbor.InfDecodeForbidden,
	}.DecMode())
)

// encOptions is Core Deterministic Encoding without numbers that are none, and
// without null: a list that is nil here and empty there must be the same bytes.
func encOptions() cbor.EncOptions {
	o := cbor.CoreDetEncOptions()
	o.NilContainers = cbor.NilContainerAsEmpty
	o.NaNConvert, o.InfConvert = cbor.NaNConvertReject, cbor.InfConvertReject
	return o
}

// must is for options that are constants of this file.
func must[T any](mode T, err error) T {
	if err != nil {
		panic(err)
	}
	return mode
}

// Codec turns messages into frames and back. It is safe for concurrent use; one
// serves all sessions of a process.
type Codec struct {
	pack   *zstd.Encoder
	unpack *zstd.Decoder
}

// NewCodec makes a codec that compresses in the calling goroutine, at the fastest
// level: half of what rows are made of is chance, which none makes smaller.
func NewCodec() (*Codec, error) {
	pack, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(MaxFrame),
		zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("make codec: %w", err)
	}
	unpack, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxFrame))
	if err != nil {
		return nil, fmt.Errorf("make codec: %w", err)
	}
	return &Codec{pack, unpack}, nil
}

type envelope struct {
	_    struct{} `cbor:",toarray"`
	Type Type
	Body Message
}

type rawEnvelope struct {
	_    struct{} `cbor:",toarray"`
	Type Type
	Body cbor.RawMessage
}

// Encode writes a message as one frame. A message that Decode would refuse for
// its size is refused here, as a *fault.Error.
func (c *Codec) Encode(m Message) ([]byte, error) {
	if err := check(m); err != nil {
		return nil, err
	}
	frame, err := write(m)
	if err != nil {
		return nil, err
	}
	body := frame[1:]
	if len(body) > MaxFrame {
		return nil, fault.Errorf(fault.TooLarge, "%T has %d bytes, at most %d are allowed: split it", m, len(body), MaxFrame)
	}
	if len(body) >= CompressMin {
		packed := c.pack.EncodeAll(body, append(make([]byte, 0, len(body)/2), flagZstd))
		if len(packed) <= len(body) {
			return packed, nil
		}
	}
	return frame, nil
}

// write gives the frame of a message as it is before compression.
func write(m Message) ([]byte, error) {
	if frame, ok := writePlain(append(make([]byte, 0, room(m)), flagRaw), m); ok {
		return frame, nil
	}
	body, err := encoding.Marshal(envelope{Type: m.Type(), Body: m})
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", m, err)
	}
	return append([]byte{flagRaw}, body...), nil
}

// Decode reads one frame. Errors are *fault.Error of kind BadFrame or TooLarge.
// The message may share memory with the frame, which must not be changed any more.
func (c *Codec) Decode(frame []byte) (Message, error) {
	body, err := c.open(frame)
	if err != nil {
		return nil, err
	}
	e, plain := unwrap(body)
	if !plain {
		if err := decoding.Unmarshal(body, &e); err != nil {
			return nil, refusal("message", err)
		}
	}
	if len(e.Body) == 0 || e.Body[0]>>5 != mapType {
		return nil, fault.Errorf(fault.BadFrame, "body of message type %d is not a map", e.Type)
	}
	m := readPlain(e.Type, e.Body)
	if m == nil {
		if m, err = decode(e.Type, e.Body); err != nil {
			return nil, err
		}
	}
	if err := check(m); err != nil {
		return nil, err
	}
	return m, nil
}

// unwrap reads an envelope as Encode writes it; plain is false where the library has to.
// What is behind the type is then read once, and not copied.
func unwrap(b []byte) (e rawEnvelope, plain bool) {
	const pair, short, long = 0x82, 24, 0x18 // an array of two; a number in its head, and in the byte behind
	switch {
	case len(b) < 3 || b[0] != pair:
		return e, false
	case b[1] < short:
		return rawEnvelope{Type: Type(b[1]), Body: b[2:]}, true
	case b[1] == long && b[2] >= short:
		return rawEnvelope{Type: Type(b[2]), Body: b[3:]}, true
	}
	return e, false
}

// open takes the flag and the compression off.
func (c *Codec) open(frame []byte) ([]byte, error) {
	switch {
	case len(frame) == 0:
		return nil, fault.Errorf(fault.BadFrame, "frame is empty")
	case len(frame) > MaxRead:
		return nil, fault.Errorf(fault.TooLarge, "frame has %d bytes, at most %d are allowed", len(frame), MaxRead)
	case frame[0] == flagRaw:
		return frame[1:], nil
	case frame[0] != flagZstd:
		return nil, fault.Errorf(fault.BadFrame, "frame has flags %d, want 0 or 1", frame[0])
	}
	body, err := c.unpack.DecodeAll(frame[1:], nil)
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded):
		return nil, fault.Errorf(fault.TooLarge, "decompressed frame is over %d bytes", MaxFrame)
	case err != nil:
		return nil, fault.Errorf(fault.BadFrame, "decompress: %v", err)
	case len(body) > MaxFrame:
		return nil, fault.Errorf(fault.TooLarge, "decompressed frame is over %d bytes", MaxFrame)
	}
	return body, nil
}

func decode(t Type, body []byte) (Message, error) {
	switch t {
	case THello:
		return into[Hello](body)
	case TEnrol:
		return into[Enrol](body)
	case TProof:
		return into[Proof](body)
	case TOps:
		return into[Ops](body)
	case TWatch:
		return into[Watch](body)
	case TSync:
		return into[Sync](body)
	case TChallenge:
		return into[Challenge](body)
	case TEnrolled:
		return into[Enrolled](body)
	case TWelcome:
		return into[Welcome](body)
	case TResults:
		return into[Results](body)
	case TCheckpoint:
		return into[Checkpoint](body)
	case TGauge:
		return into[Gauge](body)
	case TFault:
		return into[Fault](body)
	case TRecall:
		return into[Recall](body)
	case TWipe:
		return into[Wipe](body)
	case TWiped:
		return into[Wiped](body)
	case TDiffer:
		return into[Differ](body)
	case TCredit:
		return into[Credit](body)
	case TRelay:
		return into[Relay](body)
	case TRelayed:
		return into[Relayed](body)
	case TAsk:
		return into[Ask](body)
	case TTold:
		return into[Told](body)
	}
	return nil, fault.Errorf(fault.BadFrame, "message type %d is unknown", t)
}

func into[M Message](body []byte) (Message, error) {
	var m M
	if err := decoding.Unmarshal(body, &m); err != nil {
		return nil, refusal(fmt.Sprintf("%T", m), err)
	}
	return m, nil
}

// refusal gives a decoding error the kind that the peer is told.
func refusal(what string, err error) error {
	var items *cbor.MaxArrayElementsError
	var pairs *cbor.MaxMapPairsError
	if errors.As(err, &items) || errors.As(err, &pairs) {
		return fault.Errorf(fault.TooLarge, "decode %s: %v", what, err)
	}
	return fault.Errorf(fault.BadFrame, "decode %s: %v", what, err)
}

// check holds the limits that the shape of the bytes does not show.
func check(m Message) error {
	switch m := m.(type) {
	case Ops:
		return m.check()
	case Results:
		return m.check()
	case Checkpoint:
		return m.check()
	case Recall:
		return atMost("tickets", len(m.Tickets), MaxItems)
	case Relay:
		return m.check()
	case Relayed:
		return Results{Results: m.Results, Receipts: m.Receipts}.check()
	case Differ:
		return sized(m.Sums, scope.Buckets*len(scope.Sum{}))
	case Told:
		return atMost("people and claims", len(m.People)+len(m.Claims), MaxItems)
	case Gauge:
		return atMost("pools", max(len(m.Free), len(m.Waiting)), MaxItems)
	}
	return nil
}

func (m Ops) check() error {
	switch {
	case m.First == 0 || m.First > math.MaxInt64-MaxOps:
		return fault.Errorf(fault.BadFrame, "ops: first is %d; numbers are 1 to 2^63", m.First)
	case len(m.Ops) == 0:
		return fault.Errorf(fault.BadFrame, "ops: the batch is empty")
	case len(m.Previous) != len(op.Hash{}):
		return fault.Errorf(fault.BadFrame, "ops: previous hash has %d bytes, want %d", len(m.Previous), len(op.Hash{}))
	}
	for i, o := range m.Ops {
		if len(o) == 0 {
			return fault.Errorf(fault.BadFrame, "op %d is empty", m.First+uint64(i))
		}
		if err := atMost(fmt.Sprintf("bytes of op %d", m.First+uint64(i)), len(o), MaxOp); err != nil {
			return err
		}
	}
	if err := parallel(len(m.Receipts), len(m.Ops)); err != nil {
		return err
	}
	return atMost("ops", len(m.Ops), MaxOps)
}

func (m Results) check() error {
	if err := parallel(len(m.Receipts), len(m.Results)); err != nil {
		return err
	}
	return atMost("results", len(m.Results), MaxOps)
}

func (m Relay) check() error {
	if len(m.Judged) != 0 && len(m.Judged) != len(m.Ops) {
		return fault.Errorf(fault.BadFrame, "relay: %d verdicts for %d ops", len(m.Judged), len(m.Ops))
	}
	if len(m.Ops) == 0 {
		return nil
	}
	return Ops{First: m.First, Previous: m.Previous, Ops: m.Ops, Receipts: m.Receipts}.check()
}

// parallel refuses receipts that are not one for each op.
func parallel(receipts, ops int) error {
	if receipts != 0 && receipts != ops {
		return fault.Errorf(fault.BadFrame, "%d receipts for %d ops", receipts, ops)
	}
	return nil
}

// check holds that parts and rows belong together.
func (m Checkpoint) check() error {
	rows := 0
	for _, p := range m.Parts {
		if p.Scope == "" || p.Rows < 0 || p.Rows > MaxItems {
			return fault.Errorf(fault.BadFrame, "checkpoint: part %q has %d rows", p.Scope, p.Rows)
		}
		rows += p.Rows
	}
	if rows != len(m.Rows) && len(m.Parts) > 0 {
		return fault.Errorf(fault.BadFrame, "checkpoint: parts of %d rows, and %d rows", rows, len(m.Rows))
	}
	if err := sized(m.Sums, len(scope.Sum{})); err != nil {
		return err
	}
	return atMost("rows", len(m.Rows), MaxItems)
}

func sized(sums map[string][]byte, want int) error {
	for name, sum := range sums {
		if len(sum) != want {
			return fault.Errorf(fault.BadFrame, "sum of scope %q has %d bytes, want %d", name, len(sum), want)
		}
	}
	return nil
}

func atMost(what string, n, limit int) error {
	if n > limit {
		return fault.Errorf(fault.TooLarge, "%s: %d, at most %d are allowed", what, n, limit)
	}
	return nil
}

// EncodeRow writes a row body. Equal rows give equal bytes on every machine.
func EncodeRow(v any) ([]byte, error) {
	b, err := encoding.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return b, nil
}

// DecodeRow reads a row body into v, a pointer to a row type. Fields of a newer
// server are ignored.
func DecodeRow(body []byte, v any) error {
	if err := decoding.Unmarshal(body, v); err != nil {
		return fmt.Errorf("decode %T: %w", v, err)
	}
	return nil
}
