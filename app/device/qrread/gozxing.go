//go:build !cgo || !linux || android || nozxing

package qrread

import (
	"image"

	"yizhan/core/qr"
)

// decode makes one pass with gozxing, which needs no library of the system and reads
// about half as much. It tries every binarizer by itself, and light on dark.
func decode(g *image.Gray, how binarizer) string {
	if how == none {
		return "" // it would spend the time of ten passes in one
	}
	text, _ := qr.Read(g)
	return text
}
