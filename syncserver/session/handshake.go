package session

import (
	"io"

	"yizhan/core/fault"
	"yizhan/core/op"
	"yizhan/core/seal"
	"yizhan/core/wire"
	"yizhan/syncserver/socket"
)

// hello answers with a challenge that names this server and this connection.
func (p *peer) hello(h wire.Hello) {
	version := min(h.Max, wire.MaxVersion)
	switch {
	case version < max(h.Min, wire.MinVersion):
		p.refuse(fault.Errorf(fault.Version, "the server speaks versions %d to %d", wire.MinVersion, wire.MaxVersion))
		return
	case len(h.Nonce) < minNonce || len(h.Nonce) > maxNonce:
		p.refuse(fault.Errorf(fault.BadFrame, "nonce has %d bytes, want %d to %d", len(h.Nonce), minNonce, maxNonce))
		return
	}
	if len(h.Device) > maxID { // it would stand in every line of the log
		p.refuse(fault.Errorf(fault.BadFrame, "device id has %d bytes, at most %d are allowed", len(h.Device), maxID))
		return
	}
	nonce := make([]byte, minNonce)
	if _, err := io.ReadFull(p.s.cfg.Random, nonce); err != nil {
		p.refuse(asFault(err))
		return
	}
	t := wire.Transcript{Version: version, Deployment: p.s.cfg.Deployment, Hello: h.Nonce, Challenge: nonce,
		Time: p.s.cfg.Now().UnixMilli(), Key: p.s.cfg.Key.Public().Marshal(), Binding: p.hand.Binding}
	signed, err := t.Bytes()
	if err != nil {
		p.refuse(asFault(err))
		return
	}
	p.mu.Lock()
	p.who, p.app = h.Device, h.App[:min(len(h.App), maxApp)]
	p.mu.Unlock()
	p.send(wire.Challenge{Version: version, Deployment: t.Deployment, Nonce: nonce, Time: t.Time, Key: t.Key,
		Signature: p.s.cfg.Key.SignBytes(wire.SignChallenge, signed)})
	t.Device = h.Device
	p.hand, p.phase = &t, challenged
}

// signedBy checks the device's answer to the challenge.
func (p *peer) signedBy(key []byte, context seal.Context, signature []byte) bool {
	signed, err := p.hand.Bytes()
	return err == nil && signedWith(key, context, signed, signature)
}

// enrol uses up a code; the device connects again with what it was given.
func (p *peer) enrol(m wire.Enrol) {
	p.hand.Code, p.hand.PublicKey = m.Code, m.PublicKey
	if m.Former != nil {
		p.hand.Device = m.Former.Device
	}
	switch {
	case m.Code == "" || len(m.Code) > maxCode:
		p.refuse(fault.Errorf(fault.CodeUnknown, "no such code"))
		return
	case !p.signedBy(m.PublicKey, wire.SignEnrol, m.Signature):
		p.refuse(fault.Errorf(fault.Unauthenticated, "signature does not fit the public key"))
		return
	}
	e, err := p.s.cfg.Arbiter.Enrol(p.s.ctx, m.Code, m.PublicKey, m.Former)
	if err != nil {
		p.logger().Warn("enrolment refused", "error", err)
		p.refuse(asFault(err))
		return
	}
	p.logger().Info("enrolled", "as", e.Device, "role", e.Role)
	p.send(wire.Enrolled{Device: e.Device, Role: e.Role, Station: e.Station, Member: e.Member, Org: e.Org, Upstream: e.Upstream, Supervisor: e.Supervisor})
	p.end(socket.NormalClosure, "enrolled; connect again")
}

// proof lets a device in whose key is on record.
func (p *peer) proof(m wire.Proof) {
	info, known := p.s.cfg.Arbiter.Device(p.hand.Device)
	switch {
	case !known || !p.signedBy(info.Enrolment.PublicKey, wire.SignProof, m.Signature):
		p.refuse(fault.Errorf(fault.Unauthenticated, "device is unknown or its signature is wrong"))
		return
	case info.Enrolment.Upstream != p.s.cfg.Self:
		p.refuse(fault.Errorf(fault.WrongDeployment, "device %s belongs to hub %q; connect it there", p.hand.Device, info.Enrolment.Upstream))
		return
	case info.Gone:
		p.phase = leaving
		p.proved(info)
		p.s.mu.Lock()
		p.s.met(p)
		p.s.mu.Unlock()
		p.wipe(0)
		return
	}
	if m.Known != nil {
		if err := p.s.cfg.Arbiter.Meet(p.hand.Device, *m.Known); err != nil {
			p.refuse(asFault(err))
			return
		}
	} else if info.Epoch > 0 && m.Held == nil {
		m.Cursor = 0 // its rows may be from before a restore
	}
	w := wire.Welcome{Time: p.s.cfg.Now().UnixMilli(), LastOp: info.Last, Head: p.s.cfg.Arbiter.Head(), Epoch: info.Epoch}
	if info.Last > 0 {
		w.LastSum = info.Hash[:]
	}
	if info.Enrolment.Role == op.Phone && info.Enrolment.Member != "" || info.Enrolment.Role == op.Staff {
		pass, err := p.s.cfg.Signer.Pass(info.Enrolment, p.s.cfg.Now())
		if err != nil { // its owner can still do all but show a code
			p.logger().Error("device gets no pass", "error", err)
		}
		w.Pass = pass
	}
	p.phase = live
	p.queueUp(w)
	p.proved(info)
	p.mu.Lock()
	p.started, p.speaks, p.came = true, p.hand.Version, &arrival{info.Enrolment, m}
	p.foreign = m.Known != nil && m.Known.Epoch != info.Epoch
	p.credit = maxCredit
	if p.counted = m.Held != nil; p.counted {
		p.credit = int(min(m.Held.Window, maxCredit))
	}
	p.mu.Unlock()
	p.hand = nil
	p.s.claim(p, info.Enrolment.Device)
	p.poke()
	p.s.cfg.Arbiter.Online(info.Enrolment.Device)
	p.logger().Info("online", "role", info.Enrolment.Role, "cursor", m.Cursor, "ops", info.Last)
}

// proved notes who the device has proved to be.
func (p *peer) proved(info Info) {
	p.role = info.Enrolment.Role
	p.mu.Lock()
	defer p.mu.Unlock()
	p.who, p.known = info.Enrolment.Device, true
}
