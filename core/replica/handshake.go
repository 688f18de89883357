package replica

import (
	"bytes"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

// transcript checks that a challenge is signed by the key that it names, for
// this very connection, and gives what the device signs in turn.
func transcript(c wire.Challenge, hello, binding []byte) (wire.Transcript, *fault.Error) {
	t := wire.Transcript{Version: c.Version, Deployment: c.Deployment, Hello: hello, Challenge: c.Nonce,
		Time: c.Time, Key: c.Key, Binding: binding}
	if c.Version < wire.MinVersion || c.Version > wire.MaxVersion {
		return t, fault.Errorf(fault.Version, "server chose version %d, this program speaks %d to %d", c.Version, wire.MinVersion, wire.MaxVersion)
	}
	key, err := seal.ParsePublic(seal.EdDSA, c.Key)
	if err != nil {
		return t, fault.Errorf(fault.Unauthenticated, "server key: %v", err)
	}
	signed, err := t.Bytes()
	if err != nil {
		return t, fault.Errorf(fault.BadFrame, "challenge: %v", err)
	}
	if key.VerifyBytes(wire.SignChallenge, signed, c.Signature) != nil {
		return t, fault.Errorf(fault.Unauthenticated, "server's signature does not fit this connection")
	}
	return t, nil
}

// pins refuses any server but the one of the enrolment.
func (s *Saved) pins(c wire.Challenge) *fault.Error {
	if bytes.Equal(c.Key, s.Server) && c.Deployment == s.Deployment {
		return nil
	}
	return fault.Errorf(fault.WrongDeployment, "server shows another key than the one of the enrolment at %q; it calls itself %q", s.Deployment, c.Deployment)
}

// challenge proves who we are to the server that was pinned, and to no other.
func (s *Session) challenge(c wire.Challenge) {
	if wrong := s.saved.pins(c); wrong != nil {
		s.close(wrong)
		return
	}
	t, wrong := transcript(c, s.hello, s.binding)
	if wrong != nil {
		s.close(wrong)
		return
	}
	t.Device = s.saved.Identity.Device
	signed, err := t.Bytes()
	if err != nil {
		s.close(fault.Errorf(fault.BadFrame, "proof: %v", err))
		return
	}
	s.phase, s.signed = proving, t
	s.emit(Heard{Time: c.Time})
	s.send(wire.Proof{Signature: s.saved.Key.SignBytes(wire.SignProof, signed), Cursor: s.saved.State.Cursor, Held: s.scopes(),
		Known: &wire.Known{Epoch: s.saved.Mark.Epoch, Receipt: s.saved.Receipt, Stamp: s.saved.Mark.Stamp}})
}

// welcome compares what the server knows of this device with what the device knows.
func (s *Session) welcome(w wire.Welcome) {
	sum, known := s.sum(w.LastOp)
	switch {
	case w.LastOp > s.last:
		s.part(w, fault.Errorf(fault.Fork, "server has %d ops of this device, which has made %d: the device was restored or copied", w.LastOp, s.last))
		return
	case w.Epoch < s.saved.Mark.Epoch, w.Epoch == s.saved.Mark.Epoch && w.Head < s.saved.State.Cursor:
		s.stop(fault.Errorf(fault.Fork, "server is at op %d and Seq %d, before what it told this device (op %d, Seq %d): the server was restored", w.LastOp, w.Head, s.answered, s.saved.State.Cursor))
		return
	case w.LastOp > 0 && known && !bytes.Equal(sum[:], w.LastSum):
		s.part(w, fault.Errorf(fault.Fork, "op %d of this device is another one at the server: the device was copied", w.LastOp))
		return
	}
	s.phase, s.deadline, s.epoch = live, 0, w.Epoch
	s.emit(Welcomed{})
	s.emit(Heard{Time: w.Time})
	if w.Pass != nil {
		s.emit(Set{map[string][]byte{MetaPass: w.Pass}})
	}
	if w.Epoch > s.saved.Mark.Epoch || w.LastOp < s.answered {
		s.restored(w)
		return
	}
	if s.watched != "" {
		s.send(wire.Watch{Activity: s.watched})
	}
	s.pump()
}

// sum gives the chain hash after one of our ops, if it is still known.
func (s *Session) sum(seq uint64) (op.Hash, bool) {
	if len(s.queue) > 0 && seq >= s.queue[0].Seq && seq <= s.last {
		return s.queue[seq-s.queue[0].Seq].Hash, true
	}
	switch seq {
	case 0:
		return op.Hash{}, true
	case s.saved.Mark.Base:
		return s.saved.Mark.Hash, true
	case s.saved.State.Last:
		return s.saved.State.Hash, true
	}
	return op.Hash{}, false
}

// Enrolment is the session of a device that hands in a one-use code.
type Enrolment struct {
	codec *wire.Codec
	app   string
	in    wire.Invitation
	key   seal.Private

	former *Saved // of a device that the server has forgotten; nil of a new one

	sent       bool
	over       bool
	hello      []byte
	binding    []byte
	server     []byte
	deployment string
}

// NewEnrolment makes the session. The key must be stored already, so that an
// answer that was lost can be asked for again with the same code.
func NewEnrolment(codec *wire.Codec, app string, in wire.Invitation, key seal.Private) *Enrolment {
	return &Enrolment{codec: codec, app: app, in: in, key: key}
}

// Again has a device that its server has forgotten enrolled as who it was, by that
// server and no other; what it keeps goes on from there.
func (e *Enrolment) Again(saved Saved) *Enrolment {
	e.former = &saved
	return e
}

// Over reports whether nothing more is to come.
func (e *Enrolment) Over() bool { return e.over }

// Open begins the handshake, as Session.Open does.
func (e *Enrolment) Open(nonce, binding []byte) []Effect {
	e.hello, e.binding = nonce, binding
	return []Effect{Send{wire.Hello{Min: wire.MinVersion, Max: wire.MaxVersion, Device: "", Nonce: nonce, App: e.app}}}
}

// Frame takes a frame from the server.
func (e *Enrolment) Frame(frame []byte) []Effect {
	if e.over {
		return nil
	}
	m, err := e.codec.Decode(frame)
	if err != nil {
		return e.refuse(asFault(err))
	}
	switch m := m.(type) {
	case wire.Fault:
		return e.refuse(&fault.Error{Kind: m.Kind, Detail: m.Detail})
	case wire.Challenge:
		if !e.sent {
			return e.challenge(m)
		}
	case wire.Enrolled:
		if e.sent {
			return e.enrolled(m)
		}
	}
	return e.refuse(fault.Errorf(fault.BadFrame, "%T came out of turn", m))
}

func (e *Enrolment) challenge(c wire.Challenge) []Effect {
	t, wrong := transcript(c, e.hello, e.binding)
	if wrong != nil {
		return e.refuse(wrong)
	}
	if !e.in.Fits(c.Key) {
		return e.refuse(fault.Errorf(fault.WrongServer, "the code is from a server with key hash %s…; this one calls itself %q", e.in.Key[:min(len(e.in.Key), 8)], c.Deployment))
	}
	m := wire.Enrol{Code: e.in.Code, PublicKey: e.key.Public().Marshal()}
	if e.former != nil {
		if wrong := e.former.pins(c); wrong != nil {
			return e.refuse(wrong)
		}
		m.Former, t.Device = &e.former.Identity, e.former.Identity.Device
	}
	t.Code, t.PublicKey = m.Code, m.PublicKey
	signed, err := t.Bytes()
	if err != nil {
		return e.refuse(fault.Errorf(fault.CodeUnknown, "code cannot be sent: %v", err))
	}
	e.sent, e.server, e.deployment = true, c.Key, c.Deployment
	m.Signature = e.key.SignBytes(wire.SignEnrol, signed)
	return []Effect{Send{m}}
}

// enrolled pins the server in the same transaction as the identity that it gave.
func (e *Enrolment) enrolled(who wire.Enrolled) []Effect {
	body, err := wire.EncodeRow(who)
	if err != nil || id.Check(string(who.Device)) != nil || e.former != nil && who.Device != e.former.Identity.Device {
		return e.refuse(fault.Errorf(fault.BadFrame, "server gave no proper identity"))
	}
	e.over = true
	values := map[string][]byte{MetaIdentity: body, MetaServer: e.server, MetaDeployment: []byte(e.deployment)}
	if e.in.Server != "" {
		values[MetaAddress] = []byte(e.in.Server)
	}
	return []Effect{Set{values}, Enrolled{who}}
}

func (e *Enrolment) refuse(why *fault.Error) []Effect {
	e.over = true
	return []Effect{Close{Why: why}}
}
