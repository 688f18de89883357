package session

import (
	"yizhan/core/fault"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

// wipe tells a closed device that its ops up to taken are safe here, and that it
// is to erase itself once it has no more.
func (p *peer) wipe(taken uint64) {
	transcript, err := p.hand.Bytes()
	if err == nil {
		var order []byte
		if order, err = (wire.Order{Transcript: transcript, Taken: taken}).Bytes(); err == nil {
			p.send(wire.Wipe{Taken: taken, Signature: p.s.cfg.Key.SignBytes(wire.SignWipe, order)})
			return
		}
	}
	p.refuse(asFault(err))
}

// keep takes what a closed device had not sent into quarantine, durably, before
// the device is told so.
func (p *peer) keep(m wire.Ops) {
	if err := p.s.cfg.Arbiter.Keep(p.s.ctx, p.who, m); err != nil {
		p.logger().Warn("ops of a closed device not kept", "first", m.First, "count", len(m.Ops), "error", err)
		p.refuse(asFault(err))
		return
	}
	p.logger().Info("ops of a closed device are in quarantine", "first", m.First, "count", len(m.Ops))
	p.wipe(m.First + uint64(len(m.Ops)) - 1)
}

// wiped takes the receipt of a device that has erased itself. It comes behind the
// order, or alone in a later session: by then there is no key to sign a challenge.
func (p *peer) wiped(m wire.Wiped) {
	info, known := p.s.cfg.Arbiter.Device(m.Device)
	if !known || m.Device != p.hand.Device || !Left(info, p.s.cfg.Deployment, m) {
		p.refuse(fault.Errorf(fault.Unauthenticated, "the receipt is not that of a closed device of this server"))
		return
	}
	if err := p.s.cfg.Arbiter.Wiped(p.s.ctx, m); err != nil {
		p.logger().Warn("receipt of a wiped device not recorded", "error", err)
		p.refuse(asFault(err))
		return
	}
	p.logger().Info("device wiped itself", "last", m.Last)
	p.gone()
}

// Left reports whether a receipt is that of a device, closed, of that deployment.
func Left(info Info, deployment string, m wire.Wiped) bool {
	signed, err := m.Receipt()
	return err == nil && info.Gone && m.Device == info.Enrolment.Device && m.Deployment == deployment &&
		signedWith(info.Enrolment.PublicKey, wire.SignWiped, signed, m.Signature)
}

func signedWith(key []byte, context seal.Context, signed, signature []byte) bool {
	public, err := seal.ParsePublic(seal.EdDSA, key)
	return err == nil && public.VerifyBytes(context, signed, signature) == nil
}
