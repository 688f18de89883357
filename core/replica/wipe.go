package replica

import (
	"bytes"

	"yizhan/core/fault"
	"yizhan/core/op"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

// Farewell is all that a wiped device keeps: its receipt, and whom it is for.
type Farewell struct {
	Server  []byte     `cbor:"1,keyasint"` // public key that was pinned
	Receipt wire.Wiped `cbor:"2,keyasint"`
}

// wipe obeys an order to erase, if the pinned server signed it for this device in
// this very session.
func (s *Session) wipe(m wire.Wipe) {
	server, err := seal.ParsePublic(seal.EdDSA, s.saved.Server)
	if err != nil {
		s.stop(fault.Errorf(fault.Internal, "pinned server key: %v", err))
		return
	}
	transcript, err := s.signed.Bytes()
	if err == nil {
		var order []byte
		if order, err = (wire.Order{Transcript: transcript, Taken: m.Taken}).Bytes(); err == nil {
			err = server.VerifyBytes(wire.SignWipe, order, m.Signature)
		}
	}
	if err != nil {
		s.close(fault.Errorf(fault.Unauthenticated, "order to wipe is not signed for this device and session: %v", err))
		return
	}
	s.phase, s.flying, s.deadline = wiping, 0, s.at+answerTime
	s.handIn(m.Taken)
}

// handIn sends what the server does not have yet of the unanswered ops; once
// there is nothing left, the device goes.
func (s *Session) handIn(taken uint64) {
	s.taken = max(s.taken, taken)
	waiting := s.waiting()
	for len(waiting) > 0 && waiting[0].Seq <= s.taken {
		waiting = waiting[1:]
	}
	if len(waiting) == 0 {
		s.leave()
		return
	}
	previous, known := s.sum(waiting[0].Seq - 1)
	if !known {
		previous = op.Hash{} // the bytes count now; nobody will decide by this chain
	}
	s.ship(previous, waiting)
}

// leave signs the receipt while there is a key to sign with.
func (s *Session) leave() {
	t := s.signed
	s.receipt = wire.Wiped{Deployment: t.Deployment, Device: t.Device, Nonce: t.Challenge, Time: t.Time, Last: s.last}
	signed, err := s.receipt.Receipt()
	if err == nil {
		s.receipt.Signature = s.saved.Key.SignBytes(wire.SignWiped, signed)
		var kept []byte
		if kept, err = wire.EncodeRow(Farewell{Server: s.saved.Server, Receipt: s.receipt}); err == nil {
			s.emit(Wipe{Last: s.last, Keep: map[string][]byte{MetaReceipt: kept}})
			return
		}
	}
	s.stop(fault.Errorf(fault.Internal, "write receipt: %v", err))
}

// Erased tells the session that Wipe was carried out: the receipt may go.
func (s *Session) Erased() []Effect {
	s.phase, s.queue, s.deadline = leaving, nil, s.at+answerTime
	s.last, s.answered = 0, 0
	s.send(s.receipt)
	return s.take()
}

// recorded follows the server's word that it has the receipt.
func (s *Session) recorded(why *fault.Error) {
	s.emit(Set{map[string][]byte{MetaReceipt: nil}})
	s.stop(why)
}

// Leaving is the session of a device that was wiped and could not say so.
type Leaving struct {
	codec *wire.Codec
	app   string
	keep  Farewell

	hello, binding []byte
	sent           bool
}

// NewLeaving makes the session that delivers a receipt (MetaReceipt).
func NewLeaving(codec *wire.Codec, app string, kept []byte) (*Leaving, error) {
	l := &Leaving{codec: codec, app: app}
	return l, wire.DecodeRow(kept, &l.keep)
}

// Open begins the handshake, as Session.Open does.
func (l *Leaving) Open(nonce, binding []byte) []Effect {
	l.hello, l.binding = nonce, binding
	return []Effect{Send{wire.Hello{Min: wire.MinVersion, Max: wire.MaxVersion, Device: l.keep.Receipt.Device, Nonce: nonce, App: l.app}}}
}

// Frame takes a frame from the server.
func (l *Leaving) Frame(frame []byte) []Effect {
	m, err := l.codec.Decode(frame)
	if err != nil {
		return []Effect{Close{Why: asFault(err)}}
	}
	switch m := m.(type) {
	case wire.Challenge:
		_, wrong := transcript(m, l.hello, l.binding)
		switch {
		case l.sent:
		case wrong != nil:
			return []Effect{Close{Why: wrong}}
		case !bytes.Equal(m.Key, l.keep.Server):
			return []Effect{Close{Why: fault.Errorf(fault.WrongDeployment, "the receipt is for another server")}}
		default:
			l.sent = true
			return []Effect{Send{l.keep.Receipt}}
		}
	case wire.Fault:
		why := &fault.Error{Kind: m.Kind, Detail: m.Detail}
		if m.Kind == fault.RevokedDevice && l.sent {
			return []Effect{Set{map[string][]byte{MetaReceipt: nil}}, Close{Why: why, Final: true}}
		}
		return []Effect{Close{Why: why}}
	}
	return []Effect{Close{Why: fault.Errorf(fault.BadFrame, "%T came out of turn", m)}}
}
