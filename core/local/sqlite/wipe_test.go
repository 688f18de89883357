package sqlite

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"yizhan/core/local"
	"yizhan/core/op"
)

// secret stands in everything that a device keeps.
const secret = "13579-secret-24680"

// filled is a store whose file, log and free pages hold the secret.
func filled(t *testing.T, path string) *Store {
	t.Helper()
	s := open(t, path)
	must(t, s.SetMeta(map[string][]byte{"key": []byte(secret)}))
	var rows []local.Row
	for i := range 300 {
		rows = append(rows, local.Row{Table: "door", ID: secret + string(rune('a'+i%26)) + string(rune('a'+i/26)), Seq: 1, Body: bytes.Repeat([]byte(secret), 40)})
	}
	must(t, s.Apply(local.Checkpoint{To: 1, Rows: rows}))
	must(t, s.Apply(local.Checkpoint{To: 2, Gone: rows[:200]}))
	body := []byte(secret)
	must(t, s.Append(local.Queued{Seq: 1, Hash: op.Chain(op.Hash{}, body), Bytes: body}))
	return s
}

// found counts the files beside path that hold the secret.
func found(t *testing.T, path string) (n int) {
	t.Helper()
	files, err := filepath.Glob(path + "*")
	must(t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		must(t, err)
		if bytes.Contains(b, []byte(secret)) {
			n++
		}
	}
	return n
}

func TestWipeLeavesNoBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "device.db")
	s := filled(t, path)
	if found(t, path) == 0 {
		t.Fatal("the secret was nowhere: this test could not fail")
	}
	must(t, s.Wipe(map[string][]byte{"receipt": []byte("r")}))
	if n := found(t, path); n != 0 {
		t.Errorf("%d files still hold what was erased", n)
	}
	must(t, s.Close())
	if n := found(t, path); n != 0 {
		t.Errorf("%d files hold it after the store was closed", n)
	}
}

// The power goes when the rows are gone and their bytes are not; or before either.
func TestPowerCutWhileWiping(t *testing.T) {
	for name, cut := range map[string]string{"before the commit": "", "before the scrub": "scrub"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "device.db")
			s := filled(t, path)
			if cut != "" { // as Wipe leaves it when it is killed in front of scrub
				must(t, s.SetMeta(map[string][]byte{"key": nil, metaScrub: {1}}))
				_, err := s.write.Exec(`DELETE FROM rows; DELETE FROM outbox; UPDATE state SET last = 0`)
				must(t, err)
			}
			copied := filepath.Join(t.TempDir(), "device.db")
			for _, suffix := range []string{"", "-wal"} {
				b, err := os.ReadFile(path + suffix)
				must(t, err)
				must(t, os.WriteFile(copied+suffix, b, 0o600))
			}
			if found(t, copied) == 0 {
				t.Fatal("the secret was nowhere: this test could not fail")
			}
			s = open(t, copied)
			if cut == "" {
				if key, err := s.Meta("key"); err != nil || string(key) != secret {
					t.Errorf("nothing was wiped, and the key is %q, %v", key, err)
				}
				must(t, s.Wipe(nil))
			}
			if n := found(t, copied); n != 0 {
				t.Errorf("%d files still hold what was erased", n)
			}
			if mark, err := s.Meta(metaScrub); err != nil || mark != nil {
				t.Errorf("the mark stays: %x, %v", mark, err)
			}
		})
	}
}
