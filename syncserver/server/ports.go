package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/membercode"
	"yizhan/core/op"
	"yizhan/core/scope"
	"yizhan/core/seal"
	"yizhan/core/ticket"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger"
	"yizhan/syncserver/sequencer"
	"yizhan/syncserver/session"
	"yizhan/syncserver/stream"
)

// codeLen is the length of a one-use code, in Base32: 80 bits.
const codeLen = 16

// CodeHash is how a one-use code is stored. Dashes, spaces and case do not count,
// nor does what stands behind it: the server's fingerprint.
func CodeHash(code string) []byte {
	clean := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToUpper(code))
	clean = clean[:min(len(clean), codeLen)]
	sum := sha256.Sum256([]byte("yizhan/enrol\x00" + clean))
	return sum[:]
}

// Device implements session.Arbiter.
func (s *Server) Device(d id.Device) (info session.Info, ok bool) {
	err := s.seq.View(s.life, func(state *arbiter.State) {
		var v arbiter.Device
		v, ok = state.Device(d)
		info = session.Info{Enrolment: v.Enrolment, Last: v.Last, Hash: v.Chain, Gone: v.Gone != "", Epoch: state.Epoch()}
	})
	return info, ok && err == nil
}

// Head implements session.Arbiter.
func (s *Server) Head() uint64 { return s.durable.Load() }

// Submit implements session.Arbiter. An op that cannot be read, or that a device
// may not send, is refused as invalid, so that it blocks nothing behind it.
// Results that left the memory come from the ledger.
func (s *Server) Submit(ctx context.Context, from id.Device, m wire.Ops) (wire.Results, error) {
	requests := s.read(from, m)
	if err := s.reread(requests, m.Receipts); err != nil {
		return wire.Results{}, err
	}
	results, err := s.decide(ctx, from, m.First, requests)
	return wire.Results{First: m.First, Results: results, Receipts: s.receipts(requests[:len(results)])}, err
}

func (s *Server) decide(ctx context.Context, from id.Device, first uint64, requests []sequencer.Request) ([]op.Result, error) {
	results, err := s.submit(ctx, requests)
	var near []op.Entry // of the batch that was read last
	for i := range results {
		if results[i].Outcome != op.NoOutcome || results[i].Verdict != fault.NoVerdict {
			continue
		}
		old, at, lookErr := s.ledger.Result(from, first+uint64(i))
		if lookErr != nil || at == 0 {
			return results[:i], fault.Errorf(fault.Busy, "result of op %d of device %s is not in the ledger yet", first+uint64(i), from)
		}
		r := &requests[i]
		results[i], r.Place = old, at
		if lookErr = s.seq.Glance(ctx, func(state *arbiter.State) { r.Epoch = state.EpochAt(r.Place) }); lookErr != nil {
			return results[:i], lookErr
		}
		if near, lookErr = s.lookUp(near, r); near == nil {
			return results[:i], fault.Errorf(fault.Internal, "op %d of device %s cannot be looked up: %v", r.Seq, from, lookErr)
		}
		if r.Other = !bytes.Equal(near[r.Place-near[0].Seq].Chain, r.Hash[:]); r.Other {
			_, err = s.seq.Submit(ctx, requests[i:])
			return results[:i], err
		}
	}
	return results, err
}

// Relay implements session.Arbiter. A device has one upstream: only the hub that
// its enrolment names may speak for it.
func (s *Server) Relay(ctx context.Context, hub id.Device, m wire.Relay) wire.Relayed {
	answer := wire.Relayed{Device: m.Device, First: m.First}
	err := s.relay(ctx, hub, m, &answer)
	if info, ok := s.Device(m.Device); ok && info.Enrolment.Upstream == hub {
		answer.LastOp, answer.LastSum = info.Last, info.Hash[:]
	}
	if err != nil {
		f := fault.Errorf(fault.Internal, "the server could not do it; its log says why")
		if !errors.As(err, &f) {
			s.cfg.Log.Error("relay", "hub", hub, "device", m.Device, "error", err)
		}
		answer.Kind, answer.Detail = f.Kind, f.Detail
	}
	return answer
}

func (s *Server) relay(ctx context.Context, hub id.Device, m wire.Relay, answer *wire.Relayed) error {
	if m.Code != "" {
		e, err := s.enrol(ctx, hub, m.Code, m.PublicKey, m.Former)
		answer.Device = e.Device
		answer.Enrolled = &wire.Enrolled{Device: e.Device, Role: e.Role, Station: e.Station, Org: e.Org, Upstream: e.Upstream, Supervisor: e.Supervisor}
		return err
	}
	info, ok := s.Device(m.Device)
	switch {
	case !ok || info.Enrolment.Upstream != hub:
		return fault.Errorf(fault.Unauthenticated, "device %q does not belong to hub %s", m.Device, hub)
	case m.Wiped != nil && !session.Left(info, s.keys.Deployment, *m.Wiped):
		return fault.Errorf(fault.Unauthenticated, "the receipt is not that of a closed device of this server")
	case m.Wiped != nil:
		return s.Wiped(ctx, *m.Wiped)
	case len(m.Ops) == 0 && m.Whole:
		return s.told(m.Device, info.Epoch)
	case len(m.Ops) == 0:
		return nil
	case info.Gone:
		if err := s.Keep(ctx, m.Device, wire.Ops{First: m.First, Previous: m.Previous, Ops: m.Ops}); err != nil {
			return err
		}
		return fault.Errorf(fault.RevokedDevice, "device %s was closed; its ops are in quarantine", m.Device)
	}
	requests := s.read(m.Device, wire.Ops{First: m.First, Previous: m.Previous, Ops: m.Ops})
	for i, v := range m.Judged {
		requests[i].Judged = v
	}
	if err := s.reread(requests, m.Receipts); err != nil {
		return err
	}
	results, err := s.decide(ctx, m.Device, m.First, requests)
	answer.Results, answer.Receipts = results, s.receipts(requests[:len(results)])
	return err
}

// read decodes and hashes ops: in the session's goroutine, not in the loop.
func (s *Server) read(from id.Device, m wire.Ops) []sequencer.Request {
	all, previous := make([]sequencer.Request, len(m.Ops)), op.Hash(m.Previous)
	for i, raw := range m.Ops {
		o, err := op.Decode(raw)
		parted := err == nil && o.Kind == op.Parted
		if err != nil || !o.Kind.FromDevice() {
			o = op.Op{}
		}
		hash := op.Chain(previous, raw)
		all[i] = sequencer.Request{Op: &o, Other: parted, Origin: op.Origin{Device: from, Seq: m.First + uint64(i), Previous: previous, Hash: hash, Raw: raw, Witness: s.attested(o.Proof)}}
		previous = hash
	}
	return all
}

// Keep implements session.Arbiter: the sequencer keeps what a closed device sends,
// and still calls it closed.
func (s *Server) Keep(ctx context.Context, from id.Device, m wire.Ops) error {
	_, err := s.seq.Submit(ctx, s.read(from, m))
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.RevokedDevice {
		return nil
	}
	if err == nil { // nobody reopens a device
		err = fault.Errorf(fault.Internal, "device %s is not closed", from)
	}
	return err
}

// Wiped implements session.Arbiter.
func (s *Server) Wiped(ctx context.Context, receipt wire.Wiped) error {
	body, err := wire.EncodeRow(receipt)
	if err != nil {
		return err
	}
	_, err = s.seq.Do(ctx, op.Op{Kind: op.Revoke, Device: receipt.Device, Kept: &op.Kept{Bytes: body}})
	return err
}

// Enrol implements session.Arbiter.
func (s *Server) Enrol(ctx context.Context, code string, publicKey []byte, former *wire.Enrolled) (op.Enrolment, error) {
	return s.enrol(ctx, "", code, publicKey, former)
}

// enrol uses a code that was handed in at a hub, or here.
func (s *Server) enrol(ctx context.Context, hub id.Device, code string, publicKey []byte, former *wire.Enrolled) (op.Enrolment, error) {
	hash := CodeHash(code)
	use := &op.Enrolment{CodeHash: hash, PublicKey: publicKey}
	if former != nil {
		use.Device, use.Role, use.Member, use.Upstream = former.Device, former.Role, former.Member, former.Upstream
	}
	_, err := s.seq.Do(ctx, op.Op{Kind: op.Enrol, Device: hub, Enrolment: use})
	if err != nil {
		return op.Enrolment{}, err
	}
	var e op.Enrolment
	err = s.seq.View(ctx, func(state *arbiter.State) {
		if d, ok := state.DeviceOfCode(hash); ok {
			v, _ := state.Device(d)
			e = v.Enrolment
		}
	})
	return e, err
}

// Gauge implements session.Arbiter.
func (s *Server) Gauge(a id.Activity) (g wire.Gauge, ok bool) {
	err := s.seq.Glance(s.life, func(state *arbiter.State) {
		g.Activity = a
		g.Free, g.Waiting, ok = state.Gauge(a)
	})
	return g, ok && err == nil
}

// Code implements session.Signer.
func (s *Server) Code(row wire.ClaimRow) (string, error) {
	t := ticket.Ticket{Deployment: s.keys.Number, ID: row.Ticket, Epoch: row.Epoch, Seats: row.Seats, Secret: ticket.Secret(s.keys.Master, row.Ticket, row.Epoch)}
	err := s.seq.Glance(s.life, func(state *arbiter.State) {
		t.Activity, t.Pool, t.Station, _ = state.Numbers(row.Activity, row.Pool, row.Station)
	})
	if err != nil {
		return "", err
	}
	return ticket.Seal(s.keys.private, t)
}

// Certify implements session.Signer.
func (s *Server) Certify(row *wire.LeaseRow) error {
	l := row.Lease
	c := ticket.Certificate{Deployment: s.keys.Number, Lease: l.ID, Policy: l.Policy, Ranges: ticket.Ranges(l.Taken)}
	var key []byte
	err := s.seq.Glance(s.life, func(state *arbiter.State) {
		d, _ := state.Device(l.Device)
		key = d.PublicKey
		c.Activity, c.Pool, _, _ = state.Numbers(l.Activity, l.Pool, "")
	})
	if err != nil {
		return err
	}
	if c.Device, err = seal.ParsePublic(seal.EdDSA, key); err != nil {
		return err
	}
	secret := ticket.LeaseSecret(s.keys.Master, l.ID)
	row.Secret = secret[:]
	row.Certificate, err = ticket.Certify(s.keys.private, c)
	return err
}

// Pass implements session.Signer.
func (s *Server) Pass(phone op.Enrolment, now time.Time) ([]byte, error) {
	key, err := seal.ParsePublic(seal.EdDSA, phone.PublicKey)
	if err != nil {
		return nil, err
	}
	pass := membercode.Pass{Deployment: s.keys.Number, Member: phone.Member, Phone: key, Ends: now.Add(membercode.Life)}
	if phone.Role == op.Staff {
		pass.Member, pass.Staff = "", phone.Device
	}
	return membercode.Certify(s.keys.private, pass)
}

// feed is the ledger's feed with the key that verifies tickets: the one row of the fleet.
type feed struct{ *Server }

func (f feed) Applied() uint64 { return f.ledger.Applied() }

func (f feed) Subscribe(scopes []string, changed func()) (cancel func()) {
	return f.ledger.Subscribe(scopes, changed)
}

// View asks memory first; what is not there is asked of the file.
func (f feed) View(fn func(stream.View) error) error {
	ok, err := f.ledger.Recent(func(v *ledger.Recent) error { return fn(view{v, f.keys}) })
	if ok || err != nil {
		return err
	}
	return f.ledger.View(func(v *ledger.View) error { return fn(view{v, f.keys}) })
}

type view struct {
	stream.View
	keys *keys
}

// Delta gives the key as if the first entry had made it, so that a device which came
// before that entry was projected gets it with the next checkpoint.
func (v view) Delta(name string, after scope.Position, fn func(wire.RowChange) error) error {
	if name != "fleet" || after.Seq > 1 {
		return v.View.Delta(name, after, fn)
	}
	public := v.keys.private.Public()
	row := wire.RowChange{Table: wire.TableKey, ID: hex.EncodeToString(public.KID()), Seq: 1}
	if !after.Less(scope.Position{Seq: row.Seq, Table: row.Table, ID: row.ID}) {
		return v.View.Delta(name, after, fn)
	}
	applied, err := v.Applied()
	if err != nil || applied < row.Seq {
		return err
	}
	row.Body, err = wire.EncodeRow(wire.KeyRow{KID: public.KID(), PublicKey: public.Marshal(), Algorithm: public.Algorithm(), Number: v.keys.Number})
	if err != nil {
		return err
	}
	given := false
	key := func() error {
		if given {
			return nil
		}
		given = true
		return fn(row)
	}
	err = v.View.Delta(name, after, func(r wire.RowChange) error { // in front of the others, if they can be had
		if err := key(); err != nil {
			return err
		}
		return fn(r)
	})
	if err != nil {
		return err
	}
	return key()
}
