package ticket

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Personal is what a counter shows about the holder of a ticket. It lies on the
// station's device so that only the secret inside the scanned code opens it.
type Personal struct {
	Name string `cbor:"1,keyasint,omitempty"` // masked: 王*明
}

// hkdfAESGCM is the algorithm id in front of sealed fields: HKDF-SHA-256 and
// AES-256-GCM. Another suite takes the next number.
const hkdfAESGCM = 1

// padded is the length to which fields are filled up with zeros, so that their
// ciphertext does not tell how long a name is.
const padded = 64

// ErrSealed means that these fields were sealed for another ticket or epoch, or altered.
var ErrSealed = errors.New("the personal fields do not open with this code")

// SealPersonal encrypts: algorithm id, 12 bytes of nonce, ciphertext with tag. The
// nonce is made from key and content, so that the same row is always the same bytes.
func SealPersonal(secret [16]byte, p Personal) ([]byte, error) {
	plain, err := cbor.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("seal personal fields: %w", err)
	}
	plain = append(plain, make([]byte, max(padded-len(plain), 0))...)
	gcm, key, err := personalKey(secret)
	if err != nil {
		return nil, fmt.Errorf("seal personal fields: %w", err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(plain)
	out := append([]byte{hkdfAESGCM}, mac.Sum(nil)[:gcm.NonceSize()]...)
	return gcm.Seal(out, out[1:], plain, nil), nil
}

// OpenPersonal decrypts what SealPersonal made; the error is ErrSealed.
func OpenPersonal(secret [16]byte, sealed []byte) (p Personal, err error) {
	gcm, _, err := personalKey(secret)
	if err != nil {
		return p, fmt.Errorf("open personal fields: %w", err)
	}
	n := 1 + gcm.NonceSize()
	if len(sealed) < n || sealed[0] != hkdfAESGCM {
		return p, ErrSealed
	}
	plain, err := gcm.Open(nil, sealed[1:n], sealed[n:], nil)
	if err != nil {
		return p, ErrSealed
	}
	if _, err := cbor.UnmarshalFirst(plain, &p); err != nil { // fields of a newer server are passed over
		return Personal{}, ErrSealed
	}
	return p, nil
}

// personalKey derives the record key, and one for the nonce.
func personalKey(secret [16]byte) (gcm cipher.AEAD, nonce []byte, err error) {
	keys, err := hkdf.Key(sha256.New, secret[:], nil, "yizhan/personal/1", 64)
	if err != nil {
		return nil, nil, err
	}
	block, err := aes.NewCipher(keys[:32])
	if err != nil {
		return nil, nil, err
	}
	gcm, err = cipher.NewGCM(block)
	return gcm, keys[32:], err
}
