// Package qr draws QR codes and reads them from pictures. It knows nothing of
// what they say.
package qr

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"

	"github.com/skip2/go-qrcode"
)

// MaxVersion is the largest symbol of Bitmap, 69×69 modules: a ticket from a lease
// may need it, one from the server has 49×49 (version 8) at most.
const MaxVersion = 13

// quiet is the white border around a symbol, in modules, that readers rely on.
const quiet = 4

// Bitmap draws text at level M without the quiet zone: [y][x] is true where it
// is dark. Text that needs more than QR version 13 (483 characters of digits,
// capitals and "$%*+-./: ") is an error.
func Bitmap(text string) ([][]bool, error) { return bitmap(text, MaxVersion) }

func bitmap(text string, maxVersion int) ([][]bool, error) {
	code, err := qrcode.New(text, qrcode.Medium)
	switch {
	case err != nil:
		return nil, fmt.Errorf("draw QR code of %d bytes: %w", len(text), err)
	case code.VersionNumber > maxVersion:
		return nil, fmt.Errorf("draw QR code of %d bytes: it needs version %d, at most %d is allowed",
			len(text), code.VersionNumber, maxVersion)
	}
	code.DisableBorder = true
	return code.Bitmap(), nil
}

// Image draws text with modules of whole pixels and the quiet zone around it.
func Image(text string, pixels int) (*image.Gray, error) {
	if pixels < 1 || pixels > 64 {
		return nil, fmt.Errorf("draw QR code: %d pixels for each module, 1 to 64 are allowed", pixels)
	}
	modules, err := Bitmap(text)
	if err != nil {
		return nil, err
	}
	side := (len(modules) + 2*quiet) * pixels
	img := image.NewGray(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			if !dark(modules, x/pixels-quiet, y/pixels-quiet) {
				img.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	return img, nil
}

// PNG is Image as a file.
func PNG(text string, pixels int) ([]byte, error) {
	img, err := Image(text, pixels)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("write QR code as PNG: %w", err)
	}
	return b.Bytes(), nil
}

// Terminal draws any text for a terminal, two modules to a character. Colours
// are set, because half of all terminals are dark and a symbol is not.
func Terminal(text string) (string, error) {
	modules, err := bitmap(text, 40)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	end := len(modules) + quiet
	for y := -quiet; y < end; y += 2 {
		b.WriteString("\x1b[30;107m")
		for x := -quiet; x < end; x++ {
			b.WriteRune(half(dark(modules, x, y), dark(modules, x, y+1)))
		}
		b.WriteString("\x1b[0m\n")
	}
	return b.String(), nil
}

func half(top, bottom bool) rune {
	switch {
	case top && bottom:
		return '█'
	case top:
		return '▀'
	case bottom:
		return '▄'
	}
	return ' '
}

// dark reads a module; around the symbol everything is light.
func dark(modules [][]bool, x, y int) bool {
	return y >= 0 && y < len(modules) && x >= 0 && x < len(modules) && modules[y][x]
}
