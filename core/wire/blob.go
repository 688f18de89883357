package wire

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"yizhan/core/id"
)

// Attachments travel over HTTP beside the sessions, named by their content.
const (
	BlobPath   = "/v1/blob/" // and the SHA-256 in hex
	MaxBlob    = 32 << 20    // bytes of one attachment
	BlobPiece  = 256 << 10   // bytes that a device sends or asks for at once
	BlobWindow = 5 * time.Minute
	SignBlob   = "yizhan/blob/1" // BlobAuth.Signature, by the device, over a BlobRequest

	// BlobOffset is the header that says how much of an upload is here.
	BlobOffset = "Upload-Offset"
	blobScheme = "Yizhan "
)

// Blob names an attachment: SHA-256 of its bytes.
type Blob [sha256.Size]byte

func (b Blob) String() string { return hex.EncodeToString(b[:]) }

// ParseBlob reads 64 lower-case hex digits.
func ParseBlob(s string) (b Blob, err error) {
	raw, err := hex.DecodeString(s)
	if err == nil && len(raw) == len(b) {
		b = Blob(raw)
	}
	if err != nil || s != b.String() {
		return Blob{}, fmt.Errorf("attachment %q: want 64 lower-case hex digits", s)
	}
	return b, nil
}

// BlobRequest is what a device signs of one request. The body needs no signature:
// the path is its hash.
type BlobRequest struct {
	_          struct{} `cbor:",toarray"`
	Deployment string
	Device     id.Device
	Method     string
	Path       string
	Range      string // Range of a GET, Content-Range of a PUT, else empty
	Time       int64  // server clock as the device knows it, Unix milliseconds
	Nonce      []byte // 16 random bytes; good once
}

// Bytes are what is signed.
func (r BlobRequest) Bytes() ([]byte, error) { return EncodeRow(r) }

// BlobAuth is the content of the Authorization header.
type BlobAuth struct {
	Device    id.Device `cbor:"1,keyasint"`
	Time      int64     `cbor:"2,keyasint"`
	Nonce     []byte    `cbor:"3,keyasint"`
	Signature []byte    `cbor:"4,keyasint"`
}

// Header writes the Authorization header.
func (a BlobAuth) Header() (string, error) {
	b, err := EncodeRow(a)
	return blobScheme + base64.RawURLEncoding.EncodeToString(b), err
}

// ParseBlobAuth reads an Authorization header.
func ParseBlobAuth(header string) (a BlobAuth, err error) {
	text, ok := strings.CutPrefix(header, blobScheme)
	if !ok {
		return a, fmt.Errorf("no Authorization of a device")
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = DecodeRow(b, &a)
	}
	if err != nil {
		return a, fmt.Errorf("read Authorization: %w", err)
	}
	return a, nil
}
