package vault

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"yizhan/core/id"
)

func open(t testing.TB, path string) *Vault {
	t.Helper()
	v, err := Open(path, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

func one(t testing.TB, v *Vault, m id.Member) Key {
	t.Helper()
	keys, err := v.Keys([]id.Member{m}, "roster")
	if err != nil {
		t.Fatal(err)
	}
	return keys[m]
}

func TestErasingAPersonDestroysOnlyTheirKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.db")
	v := open(t, path)
	a, b := one(t, v, "a"), one(t, v, "b")
	sealedA, err := a.Seal([]byte("甲"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sealedB, err := b.Seal([]byte("乙"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Erase("a"); err != nil {
		t.Fatal(err)
	}
	if plain, err := one(t, v, "b").Open(sealedB); err != nil || string(plain) != "乙" {
		t.Fatalf("b opens as %q, %v", plain, err)
	}
	if _, err := one(t, v, "a").Open(sealedA); !errors.Is(err, ErrSealed) {
		t.Fatalf("erased person was opened: %v", err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(file, a) {
		t.Fatal("the erased key is still in the file")
	}
	if !bytes.Contains(file, b) {
		t.Fatal("the key that was not erased is gone")
	}
}

func TestReopenKeepsKeysAndIDs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.db")
	v := open(t, path)
	key, member := one(t, v, "a"), v.MemberID("999000199001011234")
	v.Close()
	v = open(t, path)
	if !bytes.Equal(key, one(t, v, "a")) || member != v.MemberID("999000199001011234") {
		t.Fatal("a reopened vault has other keys or ids")
	}
	other := open(t, filepath.Join(t.TempDir(), "other.db"))
	if member == other.MemberID("999000199001011234") || member == v.MemberID("999000199001011235") {
		t.Fatal("an id does not depend on both secret and number")
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("vault has mode %v, %v", info.Mode(), err)
	}
}

func TestAlteredValuesAreRefused(t *testing.T) {
	key := Key(bytes.Repeat([]byte{7}, keyLen))
	sealed, err := key.Seal([]byte("张三"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		broken := bytes.Clone(sealed)
		broken[i] ^= 1
		if _, err := key.Open(broken); !errors.Is(err, ErrSealed) {
			t.Fatalf("byte %d altered: %v", i, err)
		}
		if _, err := key.Open(sealed[:i]); !errors.Is(err, ErrSealed) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if bytes.Equal(key.Digest([]byte("a")), key.Digest([]byte("b"))) {
		t.Fatal("digests of two values are equal")
	}
}

func BenchmarkKeys43000(b *testing.B) {
	members := make([]id.Member, 43000)
	for i := range members {
		members[i] = id.Member(fmt.Sprintf("m%05d", i))
	}
	for b.Loop() {
		v := open(b, filepath.Join(b.TempDir(), "vault.db"))
		if _, err := v.Keys(members, "roster"); err != nil {
			b.Fatal(err)
		}
	}
}
