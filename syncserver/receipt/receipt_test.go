package receipt

import (
	"bytes"
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/id"
	"yizhan/core/op"
)

func key(t testing.TB, fill byte) Key {
	t.Helper()
	k, err := NewKey(bytes.Repeat([]byte{fill}, SecretSize))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestReceiptsComeBackAndNothingElseDoes(t *testing.T) {
	k, other := key(t, 7), key(t, 8)
	rapid.Check(t, func(t *rapid.T) {
		want := Receipt{Device: id.Device(rapid.StringN(1, 20, 60).Draw(t, "device")), Number: rapid.Uint64().Draw(t, "number"), Epoch: rapid.IntRange(0, 9).Draw(t, "epoch"),
			First: rapid.Uint64().Draw(t, "first"), Entries: rapid.SliceOfN(rapid.Byte(), 1, 3000).Draw(t, "entries")}
		copy(want.Hash[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "hash"))
		sealed, err := k.Seal(want)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := k.Seal(want); err != nil || !bytes.Equal(again, sealed) {
			t.Fatalf("sealed again it is %x (%v), was %x", again, err, sealed)
		}
		if got, err := k.Open(sealed); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v comes back as %+v (%v)", want, got, err)
		}
		if _, err := other.Open(sealed); !errors.Is(err, ErrForged) {
			t.Fatalf("another server's key opens it: %v", err)
		}
		forged := bytes.Clone(sealed)
		forged[rapid.IntRange(0, len(forged)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := k.Open(forged); !errors.Is(err, ErrForged) {
			t.Fatalf("a flipped bit: %v", err)
		}
		if _, err := k.Open(sealed[:rapid.IntRange(0, len(sealed)-1).Draw(t, "cut")]); !errors.Is(err, ErrForged) {
			t.Fatalf("a cut receipt: %v", err)
		}
	})
}

// TestVector: receipts are kept for a month, and across versions of the server.
func TestVector(t *testing.T) {
	const want = "01417a444df869880908f19f2e130c6311b29f9341a6d894d0cab01a0cd3ac23101806de244b4a9c81bb8951bb9d1ac759342189ab48448c7c87fd"
	r := Receipt{Device: "kiosk-1", Number: 3, Hash: op.Hash{1, 2, 3}, Epoch: 1, First: 1301, Entries: []byte{0xa1, 0x01, 0x16}}
	sealed, err := key(t, 7).Seal(r)
	if err != nil || hex.EncodeToString(sealed) != want {
		t.Errorf("receipt is %x (%v), want %s", sealed, err, want)
	}
}

func TestLimits(t *testing.T) {
	if _, err := NewKey([]byte("short")); err == nil {
		t.Error("a short secret made a key")
	}
	noise := make([]byte, MaxSize)
	k := key(t, 7)
	cipher.NewCTR(k.block, noise[:16]).XORKeyStream(noise, noise)
	if _, err := k.Seal(Receipt{Device: "kiosk-1", Entries: noise}); !errors.Is(err, ErrTooBig) {
		t.Errorf("a receipt over the limit: %v", err)
	}
	if sealed, err := k.Seal(Receipt{Device: "kiosk-1", Entries: bytes.Repeat([]byte("promoted"), MaxSize)}); err != nil || len(sealed) > 64<<10 {
		t.Errorf("entries that repeat make a receipt of %d bytes, %v", len(sealed), err)
	}
}

func BenchmarkSeal(b *testing.B) {
	k, r := key(b, 7), Receipt{Device: "kiosk-1", Number: 3, First: 1301, Entries: bytes.Repeat([]byte{1}, 170)}
	for b.Loop() {
		if _, err := k.Seal(r); err != nil {
			b.Fatal(err)
		}
	}
}
