package qrread

import (
	"image"
	"math"
)

// around gives each pixel of a picture with the mean of the square around it that
// reaches so far to every side, row by row, and takes what set makes of the two.
func around(from *image.Gray, reach int, set func(out, row []uint8, means []uint16)) *image.Gray {
	w, h := from.Rect.Dx(), from.Rect.Dy()
	to := image.NewGray(from.Rect)
	columns := make([]uint32, w) // sums over the rows of the square
	means := make([]uint16, w)
	add := func(y int, sign uint32) {
		if y >= 0 && y < h {
			for x, v := range from.Pix[y*from.Stride : y*from.Stride+w] {
				columns[x] += sign * uint32(v)
			}
		}
	}
	for y := range reach {
		add(y, 1)
	}
	for y := range h {
		add(y+reach, 1)
		add(y-reach-1, math.MaxUint32) // -1
		tall := uint32(min(y+reach, h-1) - max(y-reach, 0) + 1)
		var sum uint32
		for _, v := range columns[:min(reach, w)] {
			sum += v
		}
		for x := range w {
			if x+reach < w {
				sum += columns[x+reach]
			}
			if x > reach {
				sum -= columns[x-reach-1]
			}
			means[x] = uint16(sum / (tall * uint32(min(x+reach, w-1)-max(x-reach, 0)+1)))
		}
		set(to.Pix[y*to.Stride:], from.Pix[y*from.Stride:y*from.Stride+w], means)
	}
	return to
}

// level makes black what is darker than its surroundings by more than bias, and the
// rest white: it sees through shadows and glare.
func level(from *image.Gray, reach, bias int) *image.Gray {
	return around(from, reach, func(out, row []uint8, means []uint16) {
		for x, v := range row {
			if int(v)+bias >= int(means[x]) {
				out[x] = 255
			}
		}
	})
}

// sharpen draws edges stronger that a lens has softened.
func sharpen(from *image.Gray, reach, amount int) *image.Gray {
	return around(from, reach, func(out, row []uint8, means []uint16) {
		for x, v := range row {
			out[x] = uint8(min(255, max(0, int(v)+amount*(int(v)-int(means[x])))))
		}
	})
}

// soften takes away noise, and the grid of a screen.
func soften(from *image.Gray, reach int) *image.Gray {
	return around(from, reach, func(out, _ []uint8, means []uint16) {
		for x, v := range means {
			out[x] = uint8(v)
		}
	})
}

// tilt turns a picture by so many degrees; what comes from outside is grey.
func tilt(from *image.Gray, degrees float64) *image.Gray {
	w, h := from.Rect.Dx(), from.Rect.Dy()
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	width, height := int(float64(w)*cos+float64(h)*sin), int(float64(w)*sin+float64(h)*cos)
	to := image.NewGray(image.Rect(0, 0, width, height))
	const one = 1 << 16 // of a pixel
	stepX, stepY := int(cos*one), int(-sin*one)
	for y := range height {
		dx, dy := -float64(width)/2, float64(y)-float64(height)/2
		sx, sy := int((cos*dx+sin*dy+float64(w)/2)*one), int((cos*dy-sin*dx+float64(h)/2)*one)
		row := to.Pix[y*to.Stride : y*to.Stride+width]
		for x := range row {
			ix, iy := sx>>16, sy>>16
			if ix >= 0 && iy >= 0 && ix < w-1 && iy < h-1 {
				at := iy*from.Stride + ix
				fx, fy := sx>>8&255, sy>>8&255
				top := int(from.Pix[at])*(256-fx) + int(from.Pix[at+1])*fx
				low := int(from.Pix[at+from.Stride])*(256-fx) + int(from.Pix[at+from.Stride+1])*fx
				row[x] = uint8((top*(256-fy) + low*fy) >> 16)
			} else {
				row[x] = 128
			}
			sx += stepX
			sy += stepY
		}
	}
	return to
}
