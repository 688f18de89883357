package hub

import (
	"fmt"
	"strings"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/wait"
)

// tableRelay holds what scanners told this hub. A row is one op; id: device and
// number. Another, with the device alone as id, is where its ops begin.
const tableRelay = "relay"

// tableFork holds the other history of each scanner that came with one, by device,
// until the server has recorded it: the scanner does not come again with it.
const tableFork = "fork"

// lateOps is how many of the newest ops are looked through for answers that came late.
const lateOps = 1000

// held is one op of a scanner.
type held struct {
	Seq     uint64        `cbor:"1,keyasint"`
	Hash    op.Hash       `cbor:"2,keyasint"` // chain hash after it
	Bytes   []byte        `cbor:"3,keyasint"`
	Result  op.Result     `cbor:"4,keyasint"`           // Pending while only the server can say
	Judged  fault.Verdict `cbor:"5,keyasint,omitempty"` // what this hub decided of a scan
	Place   uint64        `cbor:"6,keyasint,omitempty"` // journal Seq of the server's decision; 0 until it has the op
	Late    bool          `cbor:"7,keyasint,omitempty"` // Result was Pending at first
	Receipt []byte        `cbor:"8,keyasint,omitempty"` // the server's, of Result or of what this hub decided
	Order   uint64        `cbor:"9,keyasint,omitempty"` // in which ops of all scanners were accepted
	told    bool          // the scanner was told Pending, or may have been
}

// fork is the op with which a scanner showed that it has another history.
type fork struct {
	Seq      uint64  `cbor:"1,keyasint"`
	Bytes    []byte  `cbor:"2,keyasint"`
	Previous op.Hash `cbor:"3,keyasint"` // chain hash before it
}

// base is where the ops of a scanner begin here.
type base struct {
	Seq  uint64  `cbor:"1,keyasint"` // newest op before
	Hash op.Hash `cbor:"2,keyasint"`
}

// scanner is what this hub knows of a device below it.
type scanner struct {
	turn    wait.Turn // held while ops of this device are decided, one run at a time
	device  id.Device
	base    base
	ops     []*held // base.Seq+1, …
	relayed uint64  // newest op that the server has
	closed  bool    // the server takes nothing of it, as it said when it was asked last
	stood   int     // session with the server in which it said where the device stands; 0: not yet
	whole   int     // session in which it was told that it has everything
	fork    *fork   // the other history that it came with; nil once the server has recorded it
}

func (s *scanner) last() uint64 { return s.base.Seq + uint64(len(s.ops)) }

// sum is the chain hash after an op, which must be one of base and ops.
func (s *scanner) sum(seq uint64) op.Hash {
	if seq == s.base.Seq {
		return s.base.Hash
	}
	return s.op(seq).Hash
}

// op gives an op that is kept here, nil for any other.
func (s *scanner) op(seq uint64) *held {
	if seq <= s.base.Seq || seq > s.last() {
		return nil
	}
	return s.ops[seq-s.base.Seq-1]
}

func (s *scanner) acked(upTo uint64) uint64 {
	n := s.base.Seq
	for _, o := range s.ops {
		if o.Place == 0 || o.Place > upTo {
			break
		}
		n = o.Seq
	}
	return n
}

func opID(d id.Device, seq uint64) string { return fmt.Sprintf("%s/%020d", d, seq) }

func row(key string, body any) (local.Row, error) {
	b, err := wire.EncodeRow(body)
	return local.Row{Table: tableRelay, ID: key, Body: b}, err
}

// readLog reads what scanners told this hub before it was started.
func (h *Hub) readLog() error {
	rows, err := h.store.Rows(tableRelay)
	if err != nil {
		return err
	}
	for _, r := range rows { // in order of id: a scanner's base, and then its ops
		name, _, isOp := strings.Cut(r.ID, "/")
		s := h.scanners[id.Device(name)]
		if !isOp {
			s = &scanner{device: id.Device(name), turn: wait.NewTurn()}
			if err := wire.DecodeRow(r.Body, &s.base); err != nil {
				return fmt.Errorf("read ops of %s: %w", name, err)
			}
			s.relayed = s.base.Seq
			h.scanners[s.device] = s
			continue
		}
		o := &held{}
		if err := wire.DecodeRow(r.Body, o); err != nil {
			return fmt.Errorf("read ops of %s: row %s: %w", name, r.ID, err)
		}
		if s == nil || o.Seq != s.last()+1 {
			return fmt.Errorf("read ops of %s: row %s does not follow the one before it: %w", name, r.ID, local.ErrDamaged)
		}
		o.told = true
		h.accepted = max(h.accepted, o.Order)
		if s.ops = append(s.ops, o); o.Place != 0 && s.relayed == o.Seq-1 {
			s.relayed = o.Seq
		}
	}
	return h.readForks()
}

func (h *Hub) readForks() error {
	rows, err := h.store.Rows(tableFork)
	if err != nil {
		return err
	}
	for _, r := range rows {
		s, f := h.scanners[id.Device(r.ID)], &fork{}
		if err := wire.DecodeRow(r.Body, f); err != nil {
			return fmt.Errorf("read the other history of %s: %w", r.ID, err)
		}
		if s == nil {
			return fmt.Errorf("read the other history of %s: nothing says where its ops begin: %w", r.ID, local.ErrDamaged)
		}
		s.fork = f
	}
	return nil
}

// begin notes where the ops of a scanner begin. It changes nothing for one that is known.
func (h *Hub) begin(d id.Device, b base) (*scanner, error) {
	h.mu.Lock()
	s := h.scanners[d]
	h.mu.Unlock()
	if s != nil {
		return s, nil
	}
	r, err := row(string(d), b)
	if err == nil {
		err = h.store.keep([]local.Row{r}, nil)
	}
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.scanners[d] == nil {
		h.scanners[d] = &scanner{device: d, turn: wait.NewTurn(), base: b, relayed: b.Seq}
	}
	return h.scanners[d], nil
}

// append makes an op of a scanner durable together with the marks that it leaves.
// The caller holds the scanner's turn.
func (h *Hub) append(s *scanner, o *held, marks []local.Row) error {
	h.mu.Lock()
	h.accepted++
	o.Order = h.accepted
	h.mu.Unlock()
	r, err := row(opID(s.device, o.Seq), o)
	if err == nil {
		err = h.store.keep(append(marks, r), nil)
	}
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s.ops = append(s.ops, o)
	return nil
}

// prune lets go of ops that the server has and the scanner will not ask for.
func (h *Hub) prune(s *scanner, acked uint64) error {
	h.mu.Lock()
	n := min(int(min(acked, s.relayed)-s.base.Seq), len(s.ops)-h.cfg.Kept)
	if n < min(lateOps, h.cfg.Kept) {
		h.mu.Unlock()
		return nil
	}
	next := base{s.ops[n-1].Seq, s.ops[n-1].Hash}
	var gone []local.Row
	for _, o := range s.ops[:n] {
		gone = append(gone, local.Row{Table: tableRelay, ID: opID(s.device, o.Seq)})
	}
	h.mu.Unlock()
	r, err := row(string(s.device), next)
	if err == nil {
		err = h.store.keep([]local.Row{r}, gone)
	}
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s.base, s.ops = next, append([]*held(nil), s.ops[n:]...)
	return nil
}

// relaying reports whether the rows here may not contain an op of a scanner yet.
func (h *Hub) relaying(d id.Device, seq uint64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.scanners[d]
	return s != nil && seq > s.acked(h.store.feed.newest().applied)
}
