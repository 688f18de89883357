package wire

import "yizhan/core/id"

// Contexts of the three signatures of a handshake (seal.Context), each over the
// bytes of a Transcript, and of the two of a wipe.
const (
	SignChallenge = "yizhan/challenge/1" // Challenge.Signature, by the server
	SignProof     = "yizhan/proof/1"     // Proof.Signature, by an enrolled device
	SignEnrol     = "yizhan/enrol/1"     // Enrol.Signature, by the key that is being enrolled
	SignWipe      = "yizhan/wipe/1"      // Wipe.Signature, by the server, over an Order
	SignWiped     = "yizhan/wiped/1"     // Wiped.Signature, by the device, over a Receipt
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

// Order is what the server signs to have one device erase itself in one session:
// the device, both nonces and the connection are in the transcript.
type Order struct {
	_          struct{} `cbor:",toarray"`
	Transcript []byte   // as signed in Proof
	Taken      uint64
}

// Bytes are what is signed.
func (o Order) Bytes() ([]byte, error) { return EncodeRow(o) }

// Receipt gives what a device signs to say that it has erased itself.
func (w Wiped) Receipt() ([]byte, error) {
	return EncodeRow([]any{w.Deployment, w.Device, w.Nonce, w.Time, w.Last})
}
