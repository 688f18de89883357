// Package receipt seals what the server decided about an op, so that the device
// can keep it and a server that was restored from a backup can take it back as
// the fact that it is. Devices cannot read receipts: an op may have moved other
// people's places in a line.
package receipt

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/fxamacker/cbor/v2"

	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/plain"
)

// Receipt is what the journal has about one op of a device.
type Receipt struct {
	Device  id.Device `cbor:"1,keyasint"`
	Number  uint64    `cbor:"2,keyasint"` // of the op
	Hash    op.Hash   `cbor:"3,keyasint"` // chain hash after it
	Epoch   int       `cbor:"4,keyasint,omitempty"`
	First   uint64    `cbor:"5,keyasint"` // Seq of the first entry
	Entries []byte    `cbor:"6,keyasint"` // as they are in the journal
}

// Read gives the entries, numbered.
func (r Receipt) Read() ([]op.Entry, error) { return op.DecodeBatch(r.First, r.Entries) }

// Sizes in bytes.
const (
	SecretSize = 32
	macSize    = 16
	headSize   = 1 + macSize
	squeezeMin = 1 << 10
	// MaxSize is the longest receipt: with the longest op it fits a message.
	MaxSize = 768 << 10
)

// hmacSHA256 is the algorithm id in front of every receipt: HMAC-SHA-256 cut to 16
// bytes, which is also the initial counter of AES-256-CTR over the rest. The
// counter depends on all that is sealed (as in RFC 5297), so that no two
// receipts share one unless they are equal.
const hmacSHA256 = 1

// Errors of Key.
var (
	ErrForged = errors.New("receipt was not made with this server's key, or was altered")
	ErrTooBig = errors.New("op made more entries than a receipt can hold")
)

// Key makes and opens receipts. It is safe for concurrent use.
type Key struct {
	macs  *sync.Pool // of hash.Hash
	block cipher.Block
}

// NewKey derives the two keys of a secret of SecretSize bytes.
func NewKey(secret []byte) (Key, error) {
	if len(secret) != SecretSize {
		return Key{}, fmt.Errorf("receipt secret has %d bytes, want %d", len(secret), SecretSize)
	}
	block, err := aes.NewCipher(derive(secret, "yizhan/receipt/seal"))
	mac := derive(secret, "yizhan/receipt/mac")
	return Key{macs: &sync.Pool{New: func() any { return hmac.New(sha256.New, mac) }}, block: block}, err
}

func derive(secret []byte, use string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(use))
	return h.Sum(nil)
}

// Seal makes the receipt's bytes: algorithm id, MAC, ciphertext. Equal receipts
// are equal bytes.
func (k Key) Seal(r Receipt) ([]byte, error) {
	body, err := r.marshal()
	if err != nil {
		return nil, fmt.Errorf("seal receipt: %w", err)
	}
	squeezed := byte(0)
	if len(body) >= squeezeMin { // sealed bytes cannot be compressed on the wire any more
		if body, err = squeeze(body); err != nil {
			return nil, fmt.Errorf("seal receipt: %w", err)
		}
		squeezed = 1
	}
	if headSize+1+len(body) > MaxSize {
		return nil, ErrTooBig
	}
	out := make([]byte, headSize, headSize+1+len(body))
	out[0] = hmacSHA256
	out = append(append(out, squeezed), body...)
	copy(out[1:], k.sum(out[headSize:]))
	k.crypt(out)
	return out, nil
}

// Open reads a receipt; the error is ErrForged.
func (k Key) Open(sealed []byte) (r Receipt, err error) {
	if len(sealed) <= headSize || len(sealed) > MaxSize || sealed[0] != hmacSHA256 {
		return r, ErrForged
	}
	b := bytes.Clone(sealed)
	k.crypt(b)
	if !hmac.Equal(b[1:headSize], k.sum(b[headSize:])) {
		return r, ErrForged
	}
	body := b[headSize+1:]
	if b[headSize] != 0 {
		if body, err = io.ReadAll(flate.NewReader(bytes.NewReader(body))); err != nil {
			return r, fmt.Errorf("read receipt: %w", err)
		}
	}
	if err := cbor.Unmarshal(body, &r); err != nil {
		return r, fmt.Errorf("read receipt: %w", err)
	}
	return r, nil
}

// marshal writes a receipt as the library does.
func (r Receipt) marshal() ([]byte, error) {
	if r.Device == "" || r.Entries == nil { // which a Pen leaves out
		return cbor.Marshal(r)
	}
	p := plain.Map(make([]byte, 0, 96+len(r.Entries)))
	plain.Text(&p, 1, r.Device)
	p.Always(2, r.Number)
	p.Bytes(3, r.Hash[:])
	p.Int(4, int64(r.Epoch))
	p.Always(5, r.First)
	p.Key(6)
	p.B = plain.AppendBytes(p.B, r.Entries)
	b, _ := p.End() // of six fields
	return b, nil
}

func (k Key) sum(text []byte) []byte {
	h := k.macs.Get().(hash.Hash)
	defer k.macs.Put(h)
	h.Reset()
	h.Write([]byte{hmacSHA256})
	h.Write(text)
	return h.Sum(nil)[:macSize]
}

func (k Key) crypt(b []byte) {
	cipher.NewCTR(k.block, b[1:headSize]).XORKeyStream(b[headSize:], b[headSize:])
}

func squeeze(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(b)
	return out.Bytes(), errors.Join(err, w.Close())
}
