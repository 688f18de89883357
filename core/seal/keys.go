package seal

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

const pemType = "PRIVATE KEY"

// Marshal gives the private key as a PKCS #8 PEM block, for a file that only
// its owner may read.
func (p Private) Marshal() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		return nil, fmt.Errorf("marshal private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}), nil
}

// ParsePrivate reads what Private.Marshal wrote.
func ParsePrivate(file []byte) (Private, error) {
	block, _ := pem.Decode(file)
	if block == nil || block.Type != pemType {
		return Private{}, errors.New("parse private key: no PEM block PRIVATE KEY in the file")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return Private{}, fmt.Errorf("parse private key: %w", err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return Private{}, fmt.Errorf("parse private key: it is a %T, want Ed25519", parsed)
	}
	return Private{key}, nil
}

// Marshal gives the 32 bytes of the public key. Algorithm belongs beside them.
func (p Public) Marshal() []byte { return append([]byte(nil), p.key...) }

// ParsePublic reads the bytes of Public.Marshal, under a COSE algorithm number.
func ParsePublic(algorithm int, key []byte) (Public, error) {
	switch {
	case algorithm != EdDSA:
		return Public{}, fmt.Errorf("parse public key: algorithm %d is not known, want %d (Ed25519)", algorithm, EdDSA)
	case len(key) != ed25519.PublicKeySize:
		return Public{}, fmt.Errorf("parse public key: %d bytes, want %d", len(key), ed25519.PublicKeySize)
	}
	return Public{append(ed25519.PublicKey(nil), key...)}, nil
}
