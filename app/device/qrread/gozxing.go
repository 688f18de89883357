//go:build !cgo || !linux || android || nozxing

package qrread

import (
	"image"

	"yizhan/core/qr"
)

// decode makes one pass with gozxing, which needs no library of the system and
// reads about half as much. It looks for inverted codes by itself, and turns the
// picture.
func decode(g *image.Gray, global, pure bool) Found {
	text, _ := qr.Read(g)
	return Found{Text: text}
}
