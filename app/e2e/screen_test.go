package e2e

import (
	"encoding/binary"
	"fmt"
	"image"
	"os"
)

// readScreen reads the file in which Xvfb keeps its screen (X window dump, version 7;
// 32 bits a pixel, blue first).
func readScreen(file string) (image.Image, error) {
	dump, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the screen: %w", err)
	}
	word := func(i int) int { return int(binary.BigEndian.Uint32(dump[4*i:])) }
	const header, version, width, height, bits, stride, colours = 0, 1, 4, 5, 11, 12, 19
	if len(dump) < 100 || word(version) != 7 || word(bits) != 32 {
		return nil, fmt.Errorf("read the screen: %s is not what Xvfb writes for a screen of 24 bits", file)
	}
	pixels := dump[word(header)+12*word(colours):]
	img := image.NewRGBA(image.Rect(0, 0, word(width), word(height)))
	for y := range word(height) {
		for x := range word(width) {
			p := pixels[y*word(stride)+4*x:]
			i := img.PixOffset(x, y)
			img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = p[2], p[1], p[0], 0xFF
		}
	}
	return img, nil
}
