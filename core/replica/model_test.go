package replica_test

import (
	"bytes"
	"fmt"
	"slices"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/replica"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

// host is a server by the book: it decides each op of one device once, as a row.
type host struct {
	key     seal.Private
	head    uint64
	ops     [][]byte
	sums    []op.Hash
	results []op.Result
	rows    []wire.RowChange
	at      []uint64 // head after op i
	nonce   []byte
	hello   wire.Hello
	cursor  uint64
	epoch   int
	known   wire.Known // of the device, when it came last
}

const deployment = "云鹭"

func (h *host) challenge(hello wire.Hello) wire.Challenge {
	h.hello, h.nonce = hello, []byte("sixteen bytes ok")
	c := wire.Challenge{Version: 1, Deployment: deployment, Nonce: h.nonce, Time: 1000, Key: h.key.Public().Marshal()}
	t := wire.Transcript{Version: 1, Deployment: deployment, Hello: hello.Nonce, Challenge: h.nonce, Time: 1000, Key: c.Key}
	signed, _ := t.Bytes()
	c.Signature = h.key.SignBytes(wire.SignChallenge, signed)
	return c
}

func (h *host) welcome() wire.Welcome {
	w := wire.Welcome{Time: 1000, LastOp: uint64(len(h.ops)), Head: h.head, Epoch: h.epoch}
	if w.LastOp > 0 {
		w.LastSum = slices.Clone(h.sums[w.LastOp-1][:])
	}
	return w
}

// submit decides the new ones of a run of ops.
func (h *host) submit(t interface{ Fatalf(string, ...any) }, m wire.Ops) wire.Results {
	previous := op.Hash(m.Previous)
	r := wire.Results{First: m.First}
	for i, b := range m.Ops {
		n := int(m.First) + i
		previous = op.Chain(previous, b)
		switch {
		case n > len(h.ops)+1:
			t.Fatalf("op %d skips op %d", n, len(h.ops)+1)
		case n <= len(h.ops) && previous != h.sums[n-1]:
			t.Fatalf("op %d came again with another hash", n)
		case n == len(h.ops)+1:
			h.head++
			h.ops, h.sums, h.at = append(h.ops, b), append(h.sums, previous), append(h.at, h.head)
			h.results = append(h.results, op.Result{Outcome: op.Granted, Seq: h.head, Seats: n})
			h.rows = append(h.rows, wire.RowChange{Table: "claim", ID: fmt.Sprint(n), Seq: h.head, Body: b})
		}
		r.Results, r.Receipts = append(r.Results, h.results[n-1]), append(r.Receipts, receipt(n))
	}
	return r
}

// receipt is what the host gives with the answer to an op.
func receipt(n int) []byte { return fmt.Appendf(nil, "receipt %d", n) }

// delta is one checkpoint from the device's cursor, cut into chunks of n rows.
func (h *host) delta(upTo uint64, n int) []wire.Message {
	var rows []wire.RowChange
	for _, r := range h.rows {
		if r.Seq > h.cursor && r.Seq <= upTo {
			rows = append(rows, r)
		}
	}
	acked := uint64(0)
	for i, at := range h.at {
		if at <= upTo {
			acked = uint64(i + 1)
		}
	}
	c := wire.Checkpoint{From: h.cursor, To: upTo, Acked: acked, Reset: h.cursor == 0, Time: 2000 + int64(upTo)}
	var all []wire.Message
	for {
		k := min(n, len(rows))
		c.Rows, rows = rows[:k], rows[k:]
		c.Last = len(rows) == 0
		all = append(all, c)
		c.Reset = false
		if c.Last {
			h.cursor = upTo
			return all
		}
	}
}

// device is a replica with a store that effects are carried out on.
type device struct {
	t       fataler
	codec   *wire.Codec
	store   local.Store
	key     seal.Private
	server  []byte
	session *replica.Session
	sent    []wire.Message
	closed  *replica.Close
	frozen  bool
	synced  uint64
	asOf    int64
	clock   int64 // of the server
	viewed  int   // how often scopes came into view before all had
	wiped   bool

	upstream id.Device
}

type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

func newDevice(t fataler, server []byte) *device {
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatalf("codec: %v", err)
	}
	key, _ := seal.Generate(bytes.NewReader(bytes.Repeat([]byte{7}, 32)))
	return &device{t: t, codec: codec, store: memory.New(), key: key, server: server}
}

func newHost(t fataler) *host {
	key, err := seal.Generate(bytes.NewReader(bytes.Repeat([]byte{9}, 32)))
	if err != nil {
		t.Fatalf("key: %v", err)
	}
	return &host{key: key}
}

func (d *device) saved() replica.Saved {
	d.t.Helper()
	s, err := replica.Load(d.store)
	if err != nil {
		d.t.Fatalf("load: %v", err)
	}
	s.Identity, s.Key, s.Server, s.Deployment = wire.Enrolled{Device: "d1", Upstream: d.upstream}, d.key, d.server, deployment
	return s
}

// do carries out effects.
func (d *device) do(effects []replica.Effect) {
	d.t.Helper()
	for _, e := range effects {
		var err error
		switch e := e.(type) {
		case replica.Send:
			d.sent = append(d.sent, e.Message)
		case replica.Store:
			bodies := map[uint64][]byte{}
			for n, r := range e.Results {
				bodies[n], _ = wire.EncodeRow(r)
			}
			err = d.store.Answer(bodies)
		case replica.Apply:
			err = d.store.Apply(e.Checkpoint)
		case replica.Set:
			err = d.store.SetMeta(e.Values)
		case replica.Wipe:
			err, d.wiped = d.store.Wipe(e.Keep), true
			d.do(d.session.Erased())
		case replica.Stage:
			err = d.store.Stage(e.Chunk)
		case replica.Compare:
			have, wrong := d.store.Sums()
			if err = wrong; err == nil {
				d.do(d.session.Differs(replica.Differing(e.Sums, have)))
			}
		case replica.Kept:
			ops, wrong := d.store.Kept(e.From, e.Most)
			if err = wrong; err == nil {
				d.do(d.session.Again(ops))
			}
		case replica.Welcomed:
			d.frozen = false
		case replica.Frozen:
			d.frozen = e.Why != nil
		case replica.Close:
			d.closed = &e
		case replica.Synced:
			d.synced = e.N
		case replica.Viewed:
			d.viewed++
		case replica.Heard:
			if e.Current {
				d.asOf = e.Time
			} else {
				d.clock = e.Time
			}
		}
		if err != nil {
			d.t.Fatalf("%T: %v", e, err)
		}
	}
}

func (d *device) append(text string) local.Queued {
	d.t.Helper()
	s, _ := d.store.State()
	q := local.Queued{Seq: s.Last + 1, Hash: op.Chain(s.Hash, []byte(text)), Bytes: []byte(text)}
	if err := d.store.Append(q); err != nil {
		d.t.Fatalf("append: %v", err)
	}
	if d.session != nil {
		d.do(d.session.Appended(q))
	}
	return q
}

func (d *device) frame(m wire.Message) {
	d.t.Helper()
	b, err := d.codec.Encode(m)
	if err != nil {
		d.t.Fatalf("encode %T: %v", m, err)
	}
	d.do(d.session.Frame(b, 0))
}

// next takes the oldest message that the device sent.
func next[M wire.Message](d *device) M {
	d.t.Helper()
	var none M
	if len(d.sent) == 0 {
		d.t.Fatalf("device sent nothing, want %T (closed: %+v)", none, d.closed)
		return none
	}
	m, ok := d.sent[0].(M)
	if !ok {
		d.t.Fatalf("device sent %#v, want %T", d.sent[0], none)
	}
	d.sent = d.sent[1:]
	return m
}

// begin connects anew and shakes hands.
func (d *device) begin(h *host) {
	d.t.Helper()
	d.sent, d.closed = nil, nil
	d.session = replica.New(d.codec, "test", d.saved())
	d.do(d.session.Open([]byte("0123456789abcdef"), nil))
	d.frame(h.challenge(next[wire.Hello](d)))
	p := next[wire.Proof](d)
	t := wire.Transcript{Version: 1, Deployment: deployment, Hello: h.hello.Nonce, Challenge: h.nonce, Time: 1000, Key: h.key.Public().Marshal(), Device: "d1"}
	signed, _ := t.Bytes()
	if err := d.key.Public().VerifyBytes(wire.SignProof, signed, p.Signature); err != nil {
		d.t.Fatalf("proof: %v", err)
	}
	h.cursor, h.known = p.Cursor, *p.Known
	d.frame(h.welcome())
}

func pair(t fataler) (*device, *host) {
	h := newHost(t)
	return newDevice(t, h.key.Public().Marshal()), h
}

func (d *device) wantClosed(kind fault.Kind, final bool) {
	d.t.Helper()
	if d.closed == nil || d.closed.Why == nil || d.closed.Why.Kind != kind || d.closed.Final != final {
		d.t.Fatalf("closed %+v, want %v, final %v", d.closed, kind, final)
	}
}
