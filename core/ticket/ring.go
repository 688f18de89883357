package ticket

import (
	"fmt"

	"yizhan/core/local"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

// Rings are the keys that a device was told, by deployment number: a key signs
// for one only.
type Rings map[uint32]seal.Keyring

// ReadRings reads the rows of wire.TableKey. A key of an algorithm that this
// version does not know is left out: what it signed is foreign here.
func ReadRings(rows []local.Row) (Rings, error) {
	rings := Rings{}
	for _, r := range rows {
		var k wire.KeyRow
		if err := wire.DecodeRow(r.Body, &k); err != nil {
			return nil, fmt.Errorf("read key %s: %w", r.ID, err)
		}
		public, err := seal.ParsePublic(k.Algorithm, k.PublicKey)
		if err != nil {
			continue
		}
		if rings[k.Number] == nil {
			rings[k.Number] = seal.Keyring{}
		}
		rings[k.Number][string(public.KID())] = public
	}
	return rings, nil
}

// Open is Open under whichever deployment the code belongs to.
func (r Rings) Open(code string) (t Ticket, err error) {
	err = ErrForeign
	r.try(func(deployment uint32, ring seal.Keyring) error {
		t, err = Open(ring, deployment, code)
		return err
	})
	return t, err
}

// OpenCertificate is OpenCertificate likewise.
func (r Rings) OpenCertificate(signed []byte) (c Certificate, err error) {
	err = ErrForeign
	r.try(func(deployment uint32, ring seal.Keyring) error {
		c, err = OpenCertificate(ring, deployment, signed)
		return err
	})
	return c, err
}

// try goes through the deployments until one does not find the code foreign.
func (r Rings) try(open func(uint32, seal.Keyring) error) {
	for deployment, ring := range r {
		if open(deployment, ring) != ErrForeign {
			return
		}
	}
}
