package vault

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
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

func TestKeyTellsErasedFromUnknown(t *testing.T) {
	v := open(t, filepath.Join(t.TempDir(), "v%41 #?.db"))
	first := one(t, v, "a")
	if key, err := v.Key("a", "roster"); err != nil || !bytes.Equal(key, first) {
		t.Fatalf("key of a: %v", err)
	}
	if _, err := v.Key("a", "claims"); !errors.Is(err, ErrNoKey) {
		t.Fatalf("another purpose: %v, want %v", err, ErrNoKey)
	}
	if _, err := v.Key("b", "roster"); !errors.Is(err, ErrNoKey) {
		t.Fatalf("another person: %v, want %v", err, ErrNoKey)
	}
	if err := v.Erase("a"); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Key("a", "roster"); !errors.Is(err, ErrErased) {
		t.Fatalf("after erasing: %v, want %v", err, ErrErased)
	}
	again := one(t, v, "a") // the same person is imported once more
	if key, err := v.Key("a", "roster"); err != nil || !bytes.Equal(key, again) || bytes.Equal(key, first) {
		t.Fatalf("after coming back: %v; the key must be a new one", err)
	}
}

// Each gives every key once and in order, over more than one page, to somebody who uses the vault meanwhile.
func TestEach(t *testing.T) {
	v := open(t, filepath.Join(t.TempDir(), "vault.db"))
	for _, n := range []int{0, page, 2*page + 1} {
		members := make([]id.Member, n)
		for i := range members {
			members[i] = id.Member(fmt.Sprintf("m%05d", i))
		}
		want, err := v.Keys(members, "roster")
		if err == nil {
			_, err = v.Keys([]id.Member{"m00000", "other"}, "health")
		}
		if err == nil && n > 0 {
			err = v.Erase("m00007")
			delete(want, "m00007")
		}
		if err != nil {
			t.Fatal(err)
		}
		last, seen := id.Member(""), 0
		err = v.Each("roster", func(m id.Member, key Key) error {
			if seen++; m <= last || !bytes.Equal(key, want[m]) {
				t.Errorf("%s after %s has key %x, want %x", m, last, key, want[m])
			}
			if last = m; seen%page == 1 {
				_, err := v.Some([]id.Member{m}, "roster")
				return err
			}
			return nil
		})
		if err != nil || seen != len(want) {
			t.Errorf("%d keys of %d, %v", seen, len(want), err)
		}
	}
	enough := errors.New("enough")
	if err := v.Each("roster", func(id.Member, Key) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("ended with %v", err)
	}
}

// TestErasedKeysLeaveNoBytes fills many pages in the order of ids, which is
// random, so that rows were moved from page to page before some are erased.
// TestSome gives the keys of many at once: none of the erased, none of strangers,
// none of another purpose.
func TestSome(t *testing.T) {
	v := open(t, filepath.Join(t.TempDir(), "vault.db"))
	keys, err := v.Keys([]id.Member{"m1", "m2", "m3"}, "roster")
	if err == nil {
		_, err = v.Keys([]id.Member{"m4"}, "health")
	}
	if err == nil {
		err = v.Erase("m2")
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := v.Some([]id.Member{"m1", "m2", "m4", "m5", "m1"}, "roster")
	if err != nil || len(got) != 1 || !bytes.Equal(got["m1"], keys["m1"]) {
		t.Errorf("keys of %v, %v; want those of m1", slices.Collect(maps.Keys(got)), err)
	}
}

func TestErasedKeysLeaveNoBytes(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "vault.db")
	v := open(t, path)
	members := make([]id.Member, 8000)
	for i := range members {
		members[i] = v.MemberID(fmt.Sprint(i))
	}
	keys := map[id.Member]Key{}
	for part := range slices.Chunk(members, 500) {
		made, err := v.Keys(part, "roster")
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(keys, made)
	}
	erased := map[id.Member]bool{}
	for _, m := range members[:40] {
		if err := v.Erase(m); err != nil {
			t.Fatal(err)
		}
		erased[m] = true
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Fatalf("the vault left %d files, want one", len(files))
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for i := 0; i+8 <= len(file); i++ {
		seen[string(file[i:i+8])]++
	}
	for m, key := range keys {
		want := 1
		if erased[m] {
			want = 0
		}
		if n := seen[string(key[:8])]; n != want {
			t.Fatalf("a key that is erased=%v occurs %d times in the file", erased[m], n)
		}
	}
}

func TestIndexHash(t *testing.T) {
	v := open(t, filepath.Join(t.TempDir(), "vault.db"))
	a := v.IndexHash("6222999000001234")
	if len(a) != 33 || a[0] != hmacSHA256 || !bytes.Equal(a, v.IndexHash("6222999000001234")) {
		t.Fatalf("index hash %x is not an algorithm id and a stable HMAC", a)
	}
	other := open(t, filepath.Join(t.TempDir(), "other.db"))
	if bytes.Equal(a, v.IndexHash("6222999000001235")) || bytes.Equal(a, other.IndexHash("6222999000001234")) {
		t.Fatal("an index hash does not depend on both secret and value")
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
