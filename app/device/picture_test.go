package device

import (
	"bytes"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"yizhan/app/device/qrread"
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

// FuzzPicture gives broken files to what a camera's frames and photos go through.
func FuzzPicture(f *testing.F) {
	file, err := qr.PNG("HELLO", 2)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add(file[:len(file)/2])
	img, err := qr.Image("HELLO", 2)
	if err != nil {
		f.Fatal(err)
	}
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, img, nil); err != nil {
		f.Fatal(err)
	}
	f.Add(photo.Bytes())
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		head, _, err := image.DecodeConfig(bytes.NewReader(file))
		if err != nil || head.Width*head.Height > 1<<20 {
			return // a large one only takes time
		}
		if img, err := decodePicture(bytes.NewReader(file)); err == nil {
			for _, code := range Clean(qrread.Search(qrread.Grey(img), qrread.Patient).Text) {
				if code == "" || len(code) > longest {
					t.Fatalf("read %q", code)
				}
			}
		}
	})
}
