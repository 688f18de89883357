package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

const keyLen = 32

// aes256gcm is the algorithm id in front of every sealed value; another suite
// takes the next number.
const aes256gcm = 1

// ErrSealed means that a value cannot be opened with this key.
var ErrSealed = errors.New("value was sealed with another key, or altered")

// Key seals one person's fields for one purpose.
type Key []byte

// Seal encrypts: algorithm id, 12 bytes of nonce, AES-256-GCM ciphertext with tag.
func (k Key) Seal(plain []byte, random io.Reader) ([]byte, error) {
	gcm, err := k.gcm()
	if err != nil {
		return nil, err
	}
	out := make([]byte, 1+gcm.NonceSize(), 1+gcm.NonceSize()+len(plain)+gcm.Overhead())
	out[0] = aes256gcm
	if _, err := io.ReadFull(random, out[1:]); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return gcm.Seal(out, out[1:], plain, nil), nil
}

// Open decrypts what Seal made; the error is ErrSealed.
func (k Key) Open(sealed []byte) ([]byte, error) {
	gcm, err := k.gcm()
	if err != nil {
		return nil, err
	}
	if n := 1 + gcm.NonceSize(); len(sealed) >= n && sealed[0] == aes256gcm {
		if plain, err := gcm.Open(nil, sealed[1:n], sealed[n:], nil); err == nil {
			return plain, nil
		}
	}
	return nil, ErrSealed
}

// Digest is a keyed digest of 16 bytes: it tells whether a record changed, and
// says nothing once the key is destroyed.
func (k Key) Digest(data []byte) []byte {
	h := hmac.New(sha256.New, k)
	h.Write([]byte("yizhan/digest\x00"))
	h.Write(data)
	return h.Sum(nil)[:16]
}

func (k Key) gcm() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return cipher.NewGCM(block)
}
