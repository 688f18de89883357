package sqlite

import (
	"os"
	"path/filepath"
	"testing"

	"yizhan/core/local"
)

// TestReadOnly reads a store that another handle has open, and changes no byte of it.
func TestReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "device.db")
	if _, err := OpenReadOnly(path); err == nil {
		t.Error("a file that is not there was opened")
	}
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Append(local.Queued{Seq: 1, Bytes: []byte{1}}, local.Row{Table: "used", ID: "7", Body: []byte{7}}); err != nil {
		t.Fatal(err)
	}
	before := content(t, path)
	r, err := OpenReadOnly(path)
	if err != nil {
		t.Fatal(err)
	}
	queue, err := r.Queue()
	if err != nil || len(queue) != 1 {
		t.Errorf("outbox %v %v", queue, err)
	}
	if _, ok, err := r.Get("used", "7"); !ok || err != nil {
		t.Errorf("row: %v %v", ok, err)
	}
	if r.SetMeta(map[string][]byte{"a": {1}}) == nil || r.Append(local.Queued{Seq: 2, Bytes: []byte{2}}) == nil {
		t.Error("a reader may write")
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if content(t, path) != before {
		t.Error("the file or its log changed")
	}
	if err := s.Append(local.Queued{Seq: 2, Bytes: []byte{2}}); err != nil {
		t.Error(err)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	var all []byte
	for _, name := range []string{path, path + "-wal"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return string(all)
}
