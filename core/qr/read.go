package qr

import (
	"errors"
	"fmt"
	"image"
	"image/draw"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// ErrNoCode says that no symbol could be read in a picture.
var ErrNoCode = errors.New("no QR code could be read in the picture; hold it nearer and straight, without glare")

// maxSide is the longest picture that is searched at full size; a larger one is halved first.
const maxSide = 4096

// Read finds one QR code in a picture and gives its text. Light on dark is read
// too. The error is ErrNoCode, also for a picture that the decoder cannot stand.
//
// One search misses about 1.5 % of perfectly clean codes, because it takes a
// stretch of data for a corner mark; from another side it does not. So the
// picture is turned before it is given up.
func Read(img image.Image) (text string, err error) {
	defer func() {
		if p := recover(); p != nil { // a frame from a camera must never end the program
			text, err = "", fmt.Errorf("%w (decoder: %v)", ErrNoCode, p)
		}
	}()
	gray := flatten(img)
	for max(gray.Rect.Dx(), gray.Rect.Dy()) > maxSide {
		gray = halve(gray)
	}
	for _, size := range []func() *image.Gray{func() *image.Gray { return gray }, func() *image.Gray { return halve(gray) }} {
		picture := size()
		if text, ok := search(picture); ok {
			return text, nil
		}
		if text, ok := search(invert(picture)); ok {
			return text, nil
		}
	}
	return "", ErrNoCode
}

// search looks from three sides, then takes the picture for a bare symbol.
func search(gray *image.Gray) (string, bool) {
	if gray.Rect.Empty() {
		return "", false
	}
	side := turn(gray)
	for _, picture := range []*image.Gray{gray, side, turn(side)} {
		source := gozxing.NewLuminanceSourceFromImage(picture)
		for _, binarizer := range []gozxing.Binarizer{gozxing.NewHybridBinarizer(source), gozxing.NewGlobalHistgramBinarizer(source)} {
			if text, ok := decode(binarizer, gozxing.DecodeHintType_TRY_HARDER); ok {
				return text, true
			}
		}
	}
	return decode(gozxing.NewGlobalHistgramBinarizer(gozxing.NewLuminanceSourceFromImage(gray)), gozxing.DecodeHintType_PURE_BARCODE)
}

func decode(binarizer gozxing.Binarizer, hint gozxing.DecodeHintType) (string, bool) {
	bitmap, err := gozxing.NewBinaryBitmap(binarizer)
	if err != nil {
		return "", false
	}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{hint: true})
	if err != nil {
		return "", false
	}
	return result.GetText(), true
}

// flatten gives the picture in grey on white paper, with its corner at 0,0.
func flatten(img image.Image) *image.Gray {
	gray := image.NewGray(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(gray, gray.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(gray, gray.Rect, img, img.Bounds().Min, draw.Over)
	return gray
}

// turn gives the picture turned by a quarter.
func turn(from *image.Gray) *image.Gray {
	w, h := from.Rect.Dx(), from.Rect.Dy()
	to := image.NewGray(image.Rect(0, 0, h, w))
	for y := range h {
		for x := range w {
			to.Pix[x*to.Stride+h-1-y] = from.Pix[y*from.Stride+x]
		}
	}
	return to
}

// halve averages blocks of four pixels.
func halve(from *image.Gray) *image.Gray {
	to := image.NewGray(image.Rect(0, 0, from.Rect.Dx()/2, from.Rect.Dy()/2))
	for y := range to.Rect.Dy() {
		for x := range to.Rect.Dx() {
			at := 2*y*from.Stride + 2*x
			sum := int(from.Pix[at]) + int(from.Pix[at+1]) + int(from.Pix[at+from.Stride]) + int(from.Pix[at+from.Stride+1])
			to.Pix[y*to.Stride+x] = uint8(sum / 4)
		}
	}
	return to
}

func invert(from *image.Gray) *image.Gray {
	to := image.NewGray(from.Rect)
	for i, v := range from.Pix {
		to.Pix[i] = 255 - v
	}
	return to
}
