// Package seal signs and verifies: payloads as COSE_Sign1 (RFC 9052), which
// tickets travel in, and plain byte strings of the session handshake. Every
// sealed payload names its algorithm and its key, so that SM2 can stand beside
// Ed25519 later without a new format. Payloads of different kinds that one key
// signs must differ in their first element; those of core/ticket are 1 to 3,
// those of core/membercode 4 to 7.
package seal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/veraison/go-cose"
)

// EdDSA is the COSE number of Ed25519, the only algorithm so far.
const EdDSA = int(cose.AlgorithmEdDSA)

// MaxSigned is the most bytes that Open looks at.
const MaxSigned = 4096

// kidLen is enough to tell apart the few keys that a device knows.
const kidLen = 4

// Errors of Open and VerifyBytes. They are compared with errors.Is.
var (
	ErrNotSigned    = errors.New("not a signed payload in our form")
	ErrUnknownKey   = errors.New("signed with a key that is not known here")
	ErrBadSignature = errors.New("signature does not fit the content")
)

// Private is a key that signs. The zero value cannot be used.
type Private struct{ key ed25519.PrivateKey }

// Public is a key that verifies. The zero value verifies nothing.
type Public struct{ key ed25519.PublicKey }

// Generate makes an Ed25519 key out of 32 bytes of the injected source.
func Generate(random io.Reader) (Private, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return Private{}, fmt.Errorf("generate key: %w", err)
	}
	return Private{ed25519.NewKeyFromSeed(seed)}, nil
}

// Public gives the half of the key that others may have.
func (p Private) Public() Public { return Public{p.key.Public().(ed25519.PublicKey)} }

// KID names the key in what it signed: the first 4 bytes of SHA-256 of Marshal.
func (p Public) KID() []byte {
	sum := sha256.Sum256(p.key)
	return sum[:kidLen]
}

// Algorithm is the COSE number of the key's algorithm.
func (p Public) Algorithm() int { return EdDSA }

// Equal reports whether both are the same key.
func (p Public) Equal(other Public) bool { return p.key.Equal(other.key) }

// Sign gives a tagged COSE_Sign1 over payload, 81 bytes longer than it (up to
// 255 bytes; 79 below 24). The same key and payload always give the same bytes.
func (p Private) Sign(payload []byte) ([]byte, error) {
	if len(p.key) != ed25519.PrivateKeySize {
		return nil, errors.New("sign payload: the key is empty")
	}
	signer, err := cose.NewSigner(cose.AlgorithmEdDSA, p.key)
	if err != nil {
		return nil, fmt.Errorf("sign payload: %w", err)
	}
	message := envelope(p.Public().KID(), payload)
	if err := message.Sign(nil, nil, signer); err != nil {
		return nil, fmt.Errorf("sign payload: %w", err)
	}
	signed, err := message.MarshalCBOR()
	switch {
	case err != nil:
		return nil, fmt.Errorf("sign payload: %w", err)
	case len(signed) > MaxSigned:
		return nil, fmt.Errorf("sign payload: %d bytes, at most %d are allowed", len(signed), MaxSigned)
	}
	return signed, nil
}

// envelope is a message in the one form that this package writes and accepts.
func envelope(kid, payload []byte) *cose.Sign1Message {
	m := cose.NewSign1Message()
	m.Headers.Protected.SetAlgorithm(cose.AlgorithmEdDSA)
	m.Headers.Protected[cose.HeaderLabelKeyID] = kid
	m.Payload = payload
	return m
}

// Keyring holds public keys by string(KID).
type Keyring map[string]Public

// Ring makes a keyring.
func Ring(keys ...Public) Keyring {
	r := make(Keyring, len(keys))
	for _, k := range keys {
		r[string(k.KID())] = k
	}
	return r
}

// Open verifies what Sign made and gives the payload and the kid of the signer.
// There is one valid byte string for a payload and key: anything else that COSE
// could also mean is ErrNotSigned. With ErrUnknownKey and ErrBadSignature the
// kid is what the message claims.
func (r Keyring) Open(signed []byte) (payload, kid []byte, err error) {
	m, kid, err := parse(signed)
	if err != nil {
		return nil, nil, err
	}
	key, ok := r[string(kid)]
	if !ok {
		return nil, kid, ErrUnknownKey
	}
	verifier, err := cose.NewVerifier(cose.AlgorithmEdDSA, key.key)
	if err != nil {
		return nil, kid, ErrUnknownKey
	}
	if err := m.Verify(nil, verifier); err != nil {
		return nil, kid, ErrBadSignature
	}
	return m.Payload, kid, nil
}

// Unverified gives the payload of what Sign made without asking whose it is, for
// payloads that say which key must have signed them. Nothing in it may be
// believed before Open has verified it; the error is ErrNotSigned.
func Unverified(signed []byte) ([]byte, error) {
	m, _, err := parse(signed)
	if err != nil {
		return nil, err
	}
	return m.Payload, nil
}

// parse reads a message in the one form that this package writes.
func parse(signed []byte) (m *cose.Sign1Message, kid []byte, err error) {
	if len(signed) > MaxSigned {
		return nil, nil, ErrNotSigned
	}
	var raw cose.Sign1Message
	if err := raw.UnmarshalCBOR(signed); err != nil || raw.Payload == nil {
		return nil, nil, ErrNotSigned
	}
	kid, ok := raw.Headers.Protected[cose.HeaderLabelKeyID].([]byte)
	if !ok || len(kid) != kidLen {
		return nil, nil, ErrNotSigned
	}
	// Unprotected headers and loose encodings are not covered by the signature: refused by comparing with our own form.
	m = envelope(kid, raw.Payload)
	m.Signature = raw.Signature
	if again, err := m.MarshalCBOR(); err != nil || !bytes.Equal(again, signed) {
		return nil, nil, ErrNotSigned
	}
	return m, kid, nil
}

// Context says what a signature over plain bytes is for, such as
// "yizhan/hello/1", so that none can be passed off as another. It is printable
// ASCII and holds no NUL byte.
type Context string

// SignBytes signs context ‖ 0x00 ‖ message with plain Ed25519: 64 bytes.
func (p Private) SignBytes(context Context, message []byte) []byte {
	return ed25519.Sign(p.key, separated(context, message))
}

// VerifyBytes checks what SignBytes made; the error is ErrBadSignature.
func (p Public) VerifyBytes(context Context, message, signature []byte) error {
	if len(p.key) != ed25519.PublicKeySize || !ed25519.Verify(p.key, separated(context, message), signature) {
		return ErrBadSignature
	}
	return nil
}

// separated never equals what COSE signs, which begins with 0x84.
func separated(context Context, message []byte) []byte {
	b := make([]byte, 0, len(context)+1+len(message))
	return append(append(append(b, context...), 0), message...)
}
