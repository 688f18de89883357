package wire

import (
	"encoding/binary"

	"yizhan/core/id"
)

// Contexts of the handshake's signatures, for seal.SignBytes and VerifyBytes.
const (
	ContextChallenge = "yizhan/challenge/1" // by the server, over SignedChallenge
	ContextProof     = "yizhan/proof/1"     // by an enrolled device, over SignedProof
	ContextEnrol     = "yizhan/enrol/1"     // by a device that enrols, over SignedEnrol
)

// NonceLen is how many random bytes each side puts into a handshake.
const NonceLen = 32

// SignedChallenge is what the server signs: it holds the key that the device
// pinned, and answers this very hello.
func SignedChallenge(helloNonce, nonce []byte, deployment string) []byte {
	return fields(helloNonce, nonce, []byte(deployment))
}

// SignedProof is what an enrolled device signs. The server's key in it makes the
// proof worthless to anybody who only stands between the two.
func SignedProof(nonce []byte, device id.Device, serverKey []byte) []byte {
	return fields(nonce, []byte(device), serverKey)
}

// SignedEnrol is what a device signs that enrols with code and the key it made.
func SignedEnrol(nonce []byte, code string, publicKey []byte) []byte {
	return fields(nonce, []byte(code), publicKey)
}

// fields puts a length before each field, so that no two lists give the same bytes.
func fields(all ...[]byte) []byte {
	var b []byte
	for _, f := range all {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(f))), f...)
	}
	return b
}
