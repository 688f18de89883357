package device

import (
	"os"
	"path/filepath"
	"testing"

	"yizhan/core/qr"
)

func TestReadPicture(t *testing.T) {
	dir := t.TempDir()
	good, text, empty := filepath.Join(dir, "good.png"), filepath.Join(dir, "text.png"), filepath.Join(dir, "empty.jpg")
	png, err := qr.PNG(code, 6)
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{good: png, text: []byte("not a picture"), empty: nil} {
		if err := os.WriteFile(name, body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, _, err := ReadPicture(good); err != nil || got != code {
		t.Errorf("read %q, %v; want the code", got, err)
	}
	for _, name := range []string{text, empty, filepath.Join(dir, "missing.png"), dir} {
		if got, _, err := ReadPicture(name); err == nil {
			t.Errorf("%s was read as %q", name, got)
		}
	}
}
