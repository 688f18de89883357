package device

import (
	"context"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"yizhan/app/device/qrread"
	"yizhan/core/qr"
)

// Play opens picture files in place of a camera: one file stands still, the files of
// a folder follow each other, in order of their names, from the beginning again after
// the last. What cannot be read is an error at once.
func Play(path string) Opener {
	return func() (Frames, error) {
		names := []string{path}
		if st, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("open camera %s: %w", path, err)
		} else if st.IsDir() {
			names = pictures(path)
		}
		var film film
		for _, name := range names {
			img, err := loadPicture(name)
			if err != nil {
				return nil, fmt.Errorf("open camera %s: %w", path, err)
			}
			film.frames = append(film.frames, qrread.Grey(img))
		}
		if len(film.frames) == 0 {
			return nil, fmt.Errorf("open camera %s: there is no PNG or JPEG file in it", path)
		}
		return &film, nil
	}
}

func pictures(dir string) []string {
	all, _ := filepath.Glob(filepath.Join(dir, "*")) // the pattern is good; nothing found is told above
	return slices.DeleteFunc(all, func(name string) bool {
		return !slices.Contains([]string{".png", ".jpg", ".jpeg"}, strings.ToLower(filepath.Ext(name)))
	})
}

// VideoTest opens a picture that moves, in place of a camera: a code that says
// "VIDEOTEST" and drifts over a grey ground.
func VideoTest() (Frames, error) {
	code, err := qr.Image("VIDEOTEST", 8)
	if err != nil {
		return nil, err
	}
	var film film
	for n := range 40 {
		frame := image.NewGray(image.Rect(0, 0, 640, 480))
		for i := range frame.Pix {
			frame.Pix[i] = 110
		}
		x, y := 100+4*min(n, 40-n), 100+2*min(n, 40-n)
		for row := range code.Rect.Dy() {
			copy(frame.Pix[(y+row)*frame.Stride+x:], code.Pix[row*code.Stride:row*code.Stride+code.Rect.Dx()])
		}
		film.frames = append(film.frames, frame)
	}
	return &film, nil
}

// film is pictures in a row, over and over.
type film struct {
	frames []*image.Gray
	at     int
}

func (f *film) Next(ctx context.Context) (*image.Gray, error) {
	frame := f.frames[f.at%len(f.frames)]
	f.at++
	return frame, ctx.Err()
}

func (f *film) Close() error { return nil }
