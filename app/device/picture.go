package device

import (
	"bufio"
	"fmt"
	"image"
	_ "image/jpeg" // phone photos
	_ "image/png"  // screenshots
	"io"
	"os"
	"time"

	"yizhan/app/device/qrread"
)

// maxPixels bounds the memory that a picture may cost: twice the best phone camera.
const maxPixels = 120 << 20

// Pictures reads the codes in files that a person chose, or dropped onto the window.
type Pictures struct{ outlet }

// Read searches a file on a goroutine of its own: large photos take a while, the
// screen does not wait. now is asked when it is done, on that goroutine.
func (p *Pictures) Read(path string, now func() time.Time) {
	take := p.take
	if take == nil {
		return
	}
	go func() {
		text, _, err := ReadPicture(path)
		if err != nil {
			take(Scan{From: FromPicture, At: now(), Err: err})
			return
		}
		(&outlet{take}).give(text, FromPicture, now())
	}()
}

// ReadPicture reads the QR code in a PNG or JPEG file, and says how long the search
// took, which is 0 where the file is none. The error says what is wrong with it, and
// is qrread.ErrNoCode where nothing is.
func ReadPicture(path string) (text string, took time.Duration, err error) {
	img, err := loadPicture(path)
	if err != nil {
		return "", 0, err
	}
	began := time.Now()
	found := qrread.Search(qrread.Grey(img), qrread.Patient)
	took = max(time.Since(began), 1)
	if found.Text == "" {
		return "", took, qrread.ErrNoCode
	}
	return found.Text, took, nil
}

func loadPicture(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open picture: %w", err)
	}
	defer f.Close()
	img, err := decodePicture(f)
	if err != nil {
		return nil, fmt.Errorf("read picture %s: %w", path, err)
	}
	return img, nil
}

// decodePicture reads a file whose head says that it is no larger than a photo.
func decodePicture(f io.ReadSeeker) (image.Image, error) {
	head, _, err := image.DecodeConfig(bufio.NewReader(f))
	if err != nil {
		return nil, err
	}
	if head.Width*head.Height > maxPixels {
		return nil, fmt.Errorf("%d×%d pixels are too many", head.Width, head.Height)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	img, _, err := image.Decode(bufio.NewReader(f))
	return img, err
}
