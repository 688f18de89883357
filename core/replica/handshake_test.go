package replica_test

import (
	"bytes"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/replica"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

func TestAnotherServerLearnsNothing(t *testing.T) {
	d, h := pair(t)
	other, _ := seal.Generate(bytes.NewReader(bytes.Repeat([]byte{3}, 32)))
	good := h.key
	for name, twist := range map[string]func(c *wire.Challenge) fault.Kind{
		"another key": func(c *wire.Challenge) fault.Kind {
			h.key = other
			*c = h.challenge(h.hello)
			return fault.WrongDeployment
		},
		"another name":        func(c *wire.Challenge) fault.Kind { c.Deployment = "x"; return fault.WrongDeployment },
		"signature elsewhere": func(c *wire.Challenge) fault.Kind { c.Signature[5] ^= 1; return fault.Unauthenticated },
		"replayed": func(c *wire.Challenge) fault.Kind {
			*c = h.challenge(wire.Hello{Nonce: []byte("of another hello")})
			return fault.Unauthenticated
		},
		"unknown version": func(c *wire.Challenge) fault.Kind { c.Version = 99; return fault.Version },
	} {
		t.Run(name, func(t *testing.T) {
			h.key, d.t, d.closed, d.sent = good, t, nil, nil
			d.session = replica.New(d.codec, "test", d.saved())
			d.do(d.session.Open([]byte("0123456789abcdef"), nil))
			c := h.challenge(next[wire.Hello](d))
			kind := twist(&c)
			d.frame(c)
			d.wantClosed(kind, false)
			if len(d.sent) != 0 {
				t.Errorf("device sent %+v", d.sent)
			}
		})
	}
}

// TestFaultsOfWhoeverAnswers holds that a server says nothing of the device before it has
// signed the challenge: only then may a fault stop the device, or call it a stranger.
func TestFaultsOfWhoeverAnswers(t *testing.T) {
	for kind, proved := range map[fault.Kind]replica.Close{
		fault.Fork:            {Why: &fault.Error{Kind: fault.Fork}, Final: true},
		fault.RevokedDevice:   {Why: &fault.Error{Kind: fault.RevokedDevice}, Final: true},
		fault.Stranger:        {Why: &fault.Error{Kind: fault.Stranger}},
		fault.Unauthenticated: {Why: &fault.Error{Kind: fault.Stranger}},
	} {
		d, h := pair(t)
		greet := func() wire.Hello {
			d.sent, d.closed, d.session = nil, nil, replica.New(d.codec, "test", d.saved())
			d.do(d.session.Open([]byte("0123456789abcdef"), nil))
			return next[wire.Hello](d)
		}
		greet()
		d.frame(wire.Fault{Kind: kind})
		if kind == fault.Unauthenticated {
			d.wantClosed(kind, false)
		} else {
			d.wantClosed(fault.BadFrame, false)
		}
		d.frame(h.challenge(greet()))
		d.frame(wire.Fault{Kind: kind})
		d.wantClosed(proved.Why.Kind, proved.Final)
	}
}
