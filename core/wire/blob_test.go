package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"yizhan/core/seal"
)

// The device's key has the seed 32 times 0x44.
func TestBlobVectors(t *testing.T) {
	key := must1[seal.Private](t)(seal.Generate(bytes.NewReader(bytes.Repeat([]byte{0x44}, 32))))
	b := Blob(sha256.Sum256([]byte("attachment")))
	r := BlobRequest{Deployment: "yunlu", Device: "kiosk-1", Method: "PUT", Path: BlobPath + b.String(), Range: "bytes 0-9/10", Time: 1790000000000, Nonce: bytes.Repeat([]byte{0xaa}, 16)}
	signed := must1[[]byte](t)(r.Bytes())
	a := BlobAuth{Device: r.Device, Time: r.Time, Nonce: r.Nonce, Signature: key.SignBytes(SignBlob, signed)}
	header := must1[string](t)(a.Header())
	auth := must1[[]byte](t)(EncodeRow(a))
	got := map[string]vector{}
	for name, body := range map[string][]byte{"request": signed, "auth": auth} {
		got[name] = vector{Name: name, Diag: must1[string](t)(cbor.Diagnose(body)), Hex: hex.EncodeToString(body)}
	}
	v := got["auth"]
	v.Note = "Authorization: " + header
	got["auth"] = v
	golden(t, "testdata/blob.json", got)
	if back, err := ParseBlobAuth(header); err != nil || !reflect.DeepEqual(back, a) {
		t.Errorf("header reads as %+v, %v", back, err)
	}
	if text := section(t, document(t), "13. "); !strings.Contains(text, header) || !strings.Contains(text, "`"+SignBlob+"`") || !strings.Contains(text, "`"+BlobOffset+"`") ||
		!strings.Contains(strings.ReplaceAll(text, ",", ""), fmt.Sprintf(" %d bytes", MaxBlob)) {
		t.Error("the document does not have the vector, the context, the header or the limit")
	}
}

func TestParseBlobRefuses(t *testing.T) {
	good := Blob{1}.String()
	if b, err := ParseBlob(good); err != nil || b != (Blob{1}) {
		t.Errorf("%s reads as %s, %v", good, b, err)
	}
	for _, s := range []string{"", good[:63], good + "0", strings.ToUpper(strings.Replace(good, "0", "a", 1)), "g" + good[1:], good + good} {
		if b, err := ParseBlob(s); err == nil {
			t.Errorf("%q reads as %s", s, b)
		}
	}
	for _, header := range []string{"", "Yizhan", "Yizhan !", "Bearer AAAA", "Yizhan gAA"} {
		if a, err := ParseBlobAuth(header); err == nil {
			t.Errorf("%q reads as %+v", header, a)
		}
	}
}
