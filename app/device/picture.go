package device

import (
	"fmt"
	"image"
	_ "image/jpeg" // phone photos
	_ "image/png"  // screenshots
	"io"
	"os"

	"yizhan/core/qr"
)

// maxPixels bounds the memory that a picture may cost: twice the best phone camera.
const maxPixels = 120 << 20

// ReadPicture reads the QR code in a PNG or JPEG file.
func ReadPicture(path string) (code string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("open picture: %w", err)
	}
	defer f.Close()
	head, _, err := image.DecodeConfig(f)
	if err != nil {
		return "", fmt.Errorf("read picture %s: %w", path, err)
	}
	if head.Width*head.Height > maxPixels {
		return "", fmt.Errorf("read picture %s: %d×%d pixels are too many", path, head.Width, head.Height)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("read picture %s: %w", path, err)
	}
	img, _, err := image.Decode(f)
	if err != nil {
		return "", fmt.Errorf("read picture %s: %w", path, err)
	}
	return qr.Read(img)
}
