package wire

import "yizhan/core/id"

// Contexts of the three signatures of a handshake (seal.Context): each is over
// the bytes of a Transcript.
const (
	SignChallenge = "yizhan/challenge/1" // Challenge.Signature, by the server
	SignProof     = "yizhan/proof/1"     // Proof.Signature, by an enrolled device
	SignEnrol     = "yizhan/enrol/1"     // Enrol.Signature, by the key that is being enrolled
)

// Transcript is everything that both sides have seen of one handshake, written
// as one CBOR array. Binding is the RFC 9266 exporter of the TLS connection, or
// empty without TLS: a signature relayed over another connection does not fit.
type Transcript struct {
	_          struct{} `cbor:",toarray"`
	Version    int
	Deployment string
	Hello      []byte    // nonce of the device
	Challenge  []byte    // nonce of the server
	Time       int64     // of the challenge
	Key        []byte    // of the server
	Binding    []byte    //
	Device     id.Device // empty while enrolling
	Code       string    // Enrol only
	PublicKey  []byte    // Enrol only
}

// Bytes are what is signed.
func (t Transcript) Bytes() ([]byte, error) { return EncodeRow(t) }
