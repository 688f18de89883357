// Package escpos is the language of receipt printers, as far as a printed picture
// needs it: the bitmap they take, the commands around it, and what they say about
// themselves. It does no I/O.
package escpos

import (
	"image"
	"image/color"
)

// Bitmap is a picture of dots, black or white, as a printer takes it: rows from the
// top, Stride bytes each, the leftmost dot in the highest bit.
type Bitmap struct {
	Width, Height int // dots; at 203 dpi eight are a millimetre
	Bits          []byte
}

// NewBitmap makes a white bitmap. The width is rounded up to whole bytes.
func NewBitmap(width, height int) *Bitmap {
	width = (width + 7) &^ 7
	return &Bitmap{Width: width, Height: height, Bits: make([]byte, width/8*height)}
}

// Stride is the number of bytes in a row.
func (b *Bitmap) Stride() int { return b.Width / 8 }

// Black reports whether a dot is black; outside of the bitmap all is white.
func (b *Bitmap) Black(x, y int) bool {
	return x >= 0 && y >= 0 && x < b.Width && y < b.Height && b.Bits[y*b.Stride()+x/8]&(0x80>>(x%8)) != 0
}

// SetBlack makes a dot black; outside of the bitmap it does nothing.
func (b *Bitmap) SetBlack(x, y int) {
	if x >= 0 && y >= 0 && x < b.Width && y < b.Height {
		b.Bits[y*b.Stride()+x/8] |= 0x80 >> (x % 8)
	}
}

// SetWhite makes a dot white; outside of the bitmap it does nothing.
func (b *Bitmap) SetWhite(x, y int) {
	if x >= 0 && y >= 0 && x < b.Width && y < b.Height {
		b.Bits[y*b.Stride()+x/8] &^= 0x80 >> (x % 8)
	}
}

// colours of the two bits.
var colours = color.Palette{color.Gray{Y: 0xff}, color.Gray{}}

// ColorModel implements image.Image.
func (b *Bitmap) ColorModel() color.Model { return colours }

// Bounds implements image.Image.
func (b *Bitmap) Bounds() image.Rectangle { return image.Rect(0, 0, b.Width, b.Height) }

// At implements image.Image.
func (b *Bitmap) At(x, y int) color.Color { return colours[b.ColorIndexAt(x, y)] }

// ColorIndexAt implements image.PalettedImage: files of it are small.
func (b *Bitmap) ColorIndexAt(x, y int) uint8 {
	if b.Black(x, y) {
		return 1
	}
	return 0
}
