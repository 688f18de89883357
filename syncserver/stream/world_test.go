package stream_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/replica"
	"yizhan/core/scope"
	"yizhan/core/seal"
	"yizhan/core/wire"
	"yizhan/syncserver/stream"
)

type key struct{ scope, table, id string }

// feed is a ledger in memory.
type feed struct {
	seq, floor uint64
	rows       map[key]wire.RowChange
	acked      []uint64 // Seq of each op of the device
	chain      []op.Hash
	sums       stream.Sums
	repaired   int
}

func newFeed() *feed { return &feed{rows: map[key]wire.RowChange{}} }

func (f *feed) put(name, table, row string, body []byte) {
	f.seq++
	f.rows[key{name, table, row}] = wire.RowChange{Table: table, ID: row, Seq: f.seq, Body: body}
}

func (f *feed) remove(k key) {
	if r, ok := f.rows[k]; ok && !r.Gone {
		f.seq++
		f.rows[k] = wire.RowChange{Table: k.table, ID: k.id, Seq: f.seq, Gone: true, Body: []byte{}}
	}
}

// forget lets removed rows go, as after the horizon.
func (f *feed) forget(upTo uint64) {
	f.floor = max(f.floor, upTo)
	maps.DeleteFunc(f.rows, func(_ key, r wire.RowChange) bool { return r.Gone && r.Seq <= f.floor })
}

func (f *feed) Applied() (uint64, error) { return f.seq, nil }
func (f *feed) Floor() (uint64, error)   { return f.floor, nil }

func at(r wire.RowChange) scope.Position {
	return scope.Position{Seq: r.Seq, Table: r.Table, ID: r.ID}
}

func (f *feed) Delta(name string, after scope.Position, fn func(wire.RowChange) error) error {
	var all []wire.RowChange
	for k, r := range f.rows {
		if k.scope == name && after.Less(at(r)) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b wire.RowChange) int {
		if at(a).Less(at(b)) {
			return -1
		}
		return 1
	})
	for _, r := range all {
		if err := fn(r); err != nil {
			return err
		}
	}
	return nil
}

func (f *feed) Changed(name string) (seq uint64, err error) {
	for k, r := range f.rows {
		if k.scope == name {
			seq = max(seq, r.Seq)
		}
	}
	return seq, nil
}

func (f *feed) Acked(_ id.Device, _, _, upTo uint64) (n uint64, err error) {
	for _, seq := range f.acked {
		if seq <= upTo {
			n++
		}
	}
	return n, nil
}

// add gives the state hash of a scope as it is delivered.
func (f *feed) add(name string) (sums scope.Sums) {
	for k, r := range f.rows {
		if k.scope == name && !r.Gone {
			rows := []wire.RowChange{r}
			_ = sign(rows)
			sums.Add(name, r.Table, r.ID, r.Seq, rows[0].Body)
		}
	}
	return sums
}

// sign stands for what is filled in on delivery.
func sign(rows []wire.RowChange) error {
	for i, r := range rows {
		if r.Table == wire.TableClaim && !r.Gone {
			rows[i].Body = append(bytes.Clone(r.Body), " signed"...)
		}
	}
	return nil
}

type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

// device is a real replica over a store in memory, and its server's end.
type device struct {
	t             fataler
	f             *feed
	codec         *wire.Codec
	store         *memory.Store
	key           seal.Private
	server        seal.Private
	scopes        []string
	old, distinct bool // the server knows nothing of scopes; no two scopes have the same row
	session       *replica.Session
	stream        *stream.Stream
	toHere        []wire.Message
	toThere       []wire.Message
	at            map[uint64]map[string]scope.Sums // of all scopes at a Seq
	broken        bool                             // a row was flipped: rows are not those of the server
	rows          int                              // received
	credits       uint64
}

func newDevice(t fataler, f *feed, scopes ...string) *device {
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatalf("codec: %v", err)
	}
	seed := func(b byte) seal.Private {
		k, err := seal.Generate(bytes.NewReader(bytes.Repeat([]byte{b}, 32)))
		if err != nil {
			t.Fatalf("key: %v", err)
		}
		return k
	}
	return &device{t: t, f: f, codec: codec, store: memory.New(), key: seed(1), server: seed(2), scopes: scopes, at: map[uint64]map[string]scope.Sums{}}
}

func (d *device) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatalf("%v", err)
	}
}

// connect drops the connection and makes a new one, by the book.
func (d *device) connect() {
	d.t.Helper()
	saved, err := replica.Load(d.store)
	d.must(err)
	saved.Identity, saved.Key, saved.Server, saved.Deployment = wire.Enrolled{Device: "d"}, d.key, d.server.Public().Marshal(), "x"
	d.toHere, d.toThere = nil, nil
	d.session = replica.New(d.codec, "test", saved)
	nonce := []byte("0123456789abcdef")
	d.do(d.session.Open(nonce, nil))
	hello := d.toThere[0].(wire.Hello)
	c := wire.Challenge{Version: hello.Max, Deployment: "x", Nonce: nonce, Time: 1, Key: saved.Server}
	signed, err := wire.Transcript{Version: c.Version, Deployment: "x", Hello: nonce, Challenge: nonce, Time: 1, Key: c.Key}.Bytes()
	d.must(err)
	c.Signature = d.server.SignBytes(wire.SignChallenge, signed)
	d.toHere = []wire.Message{c}
	d.deliver(-1)
	proof := d.toThere[1].(wire.Proof)
	if d.old {
		proof.Held = nil
	}
	d.toThere = nil
	w := wire.Welcome{Time: 1, LastOp: uint64(len(d.f.acked)), Head: d.f.seq}
	if w.LastOp > 0 {
		w.LastSum = bytes.Clone(d.f.chain[w.LastOp-1][:])
	}
	d.toHere = append(d.toHere, w)
	d.deliver(-1)
	d.stream = stream.New(stream.Config{Device: "d", Scopes: d.scopes, Sign: sign, Sums: &d.f.sums, Repaired: func(string, []byte) { d.f.repaired++ }}, proof)
}

// send has the server send one chunk.
func (d *device) send(budget int) *wire.Checkpoint {
	d.t.Helper()
	c, err := d.stream.Next(d.f, 5, budget)
	d.must(err)
	if c == nil {
		return nil
	}
	if len(c.Rows) > 0 && len(c.Parts) == 0 != d.old {
		d.t.Fatalf("parts %v for an old device: %v", c.Parts, d.old)
	}
	d.at[c.To] = map[string]scope.Sums{}
	for _, name := range everything {
		d.at[c.To][name] = d.f.add(name)
	}
	d.stream.Sent()
	d.rows += len(c.Rows)
	d.toHere = append(d.toHere, *c)
	return c
}

// deliver gives the device the next message. Only the first n effects are carried
// out, then the power goes; all of them if n is negative.
func (d *device) deliver(n int) {
	d.t.Helper()
	if len(d.toHere) == 0 {
		return
	}
	frame, err := d.codec.Encode(d.toHere[0])
	d.must(err)
	d.toHere = d.toHere[1:]
	effects := d.session.Frame(frame, 0)
	if n < 0 || n >= len(effects) {
		d.do(effects)
		return
	}
	d.do(effects[:n])
	d.connect()
}

func (d *device) do(effects []replica.Effect) {
	d.t.Helper()
	for _, e := range effects {
		switch e := e.(type) {
		case replica.Send:
			d.toThere = append(d.toThere, e.Message)
		case replica.Store:
			bodies := map[uint64][]byte{}
			for n := range e.Results {
				bodies[n] = []byte{0xa0}
			}
			d.must(d.store.Answer(bodies))
		case replica.Apply:
			d.must(d.store.Apply(e.Checkpoint))
			d.whole(e.Checkpoint.To)
			if e.Checkpoint.Staged {
				d.acked(e.Checkpoint.Acked)
			}
		case replica.Stage:
			before := d.inView()
			d.must(d.store.Stage(e.Chunk))
			if !maps.Equal(before, d.inView()) {
				d.t.Fatalf("staged rows are in view")
			}
		case replica.Compare:
			have, err := d.store.Sums()
			d.must(err)
			d.do(d.session.Differs(replica.Differing(e.Sums, have)))
		case replica.Close:
			d.t.Fatalf("closed: %v", e.Why)
		}
	}
}

var tables = []string{"claim", "hologram", "door"}

// inView gives the server's rows that the device shows, the newest of each scope.
func (d *device) inView() map[key]string {
	d.t.Helper()
	all := map[key]string{}
	for _, table := range tables {
		rows, err := d.store.Rows(table)
		d.must(err)
		for _, r := range rows {
			all[key{r.Scope, r.Table, r.ID}] = fmt.Sprint(r.Seq, " ", string(r.Body))
		}
	}
	return all
}

// whole holds that the device shows of the scopes that it holds what the server had at its cursor.
func (d *device) whole(to uint64) {
	d.t.Helper()
	if d.broken || d.old {
		return
	}
	held, err := d.store.Held()
	d.must(err)
	if held.Legacy {
		return
	}
	have, err := d.store.Sums()
	d.must(err)
	for _, name := range held.Scopes {
		want, got := d.at[to][name], scope.Sums{}
		if have[name] != nil {
			got = *have[name]
		}
		if got != want {
			d.t.Fatalf("at %d the rows of %s are not those of the server", to, name)
		}
	}
}

// acked holds that an op's effect is in view once the op is said to be.
func (d *device) acked(upTo uint64) {
	d.t.Helper()
	for n := uint64(1); n <= upTo && !d.broken && !d.old && slices.Contains(d.scopes, "member/m"); n++ {
		if _, ok, err := d.store.Get("claim", fmt.Sprint("op ", n)); err != nil || !ok {
			d.t.Fatalf("op %d is acked and its row is not there: %v", n, err)
		}
	}
}

// serve has the server take what the device said.
func (d *device) serve() {
	d.t.Helper()
	for _, m := range d.toThere {
		switch m := m.(type) {
		case wire.Ops:
			r, sum := wire.Results{First: m.First}, op.Hash(m.Previous)
			for i, b := range m.Ops {
				sum = op.Chain(sum, b)
				if n := m.First + uint64(i); n == uint64(len(d.f.acked))+1 {
					d.f.put("member/m", "claim", fmt.Sprint("op ", n), b)
					d.f.acked, d.f.chain = append(d.f.acked, d.f.seq), append(d.f.chain, sum)
				}
				r.Results = append(r.Results, op.Result{Outcome: op.Granted, Seq: d.f.acked[m.First+uint64(i)-1]})
			}
			d.toHere = append(d.toHere, r)
		case wire.Differ:
			d.stream.Differ(m)
		case wire.Credit:
			d.credits += m.Bytes
		}
	}
	d.toThere = nil
}

func (d *device) append(text string) {
	d.t.Helper()
	s, err := d.store.State()
	d.must(err)
	q := local.Queued{Seq: s.Last + 1, Hash: op.Chain(s.Hash, []byte(text)), Bytes: []byte(text)}
	d.must(d.store.Append(q))
	d.do(d.session.Appended(q))
}

// settle lets a good network finish the work.
func (d *device) settle(budget int) {
	d.t.Helper()
	for n := 0; ; n++ {
		if n > 2000 {
			d.t.Fatalf("does not settle")
		}
		d.serve()
		state, err := d.store.State()
		d.must(err)
		if len(d.toHere) == 0 && len(d.toThere) == 0 && d.stream.Idle() && state.Cursor == d.f.seq {
			return
		}
		if !d.stream.Idle() || d.stream.Cursor() < d.f.seq {
			d.send(budget)
		}
		for len(d.toHere) > 0 {
			d.deliver(-1)
		}
	}
}
