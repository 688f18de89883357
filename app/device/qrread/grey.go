package qrread

import (
	"image"
	"image/draw"
)

// Grey gives a picture in grey on white paper, with its corner at 0,0. What the
// decoders of JPEG already hold in grey is not copied.
func Grey(img image.Image) *image.Gray {
	switch m := img.(type) {
	case *image.Gray:
		return plane(m.Pix[m.PixOffset(m.Rect.Min.X, m.Rect.Min.Y):], m.Stride, m.Rect)
	case *image.YCbCr:
		return plane(m.Y[m.YOffset(m.Rect.Min.X, m.Rect.Min.Y):], m.YStride, m.Rect)
	}
	gray := image.NewGray(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(gray, gray.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(gray, gray.Rect, img, img.Bounds().Min, draw.Over)
	return gray
}

func plane(pixels []byte, stride int, r image.Rectangle) *image.Gray {
	return &image.Gray{Pix: pixels, Stride: stride, Rect: image.Rectangle{Max: r.Size()}}
}

// Fit reduces a picture so that its longer side has at most so many pixels, each
// the mean of those that it stands for. It is always a new picture.
func Fit(from *image.Gray, side int) *image.Gray {
	w, h := from.Rect.Dx(), from.Rect.Dy()
	long := max(w, h)
	if long <= side {
		to := image.NewGray(from.Rect)
		for y := range h {
			copy(to.Pix[y*to.Stride:y*to.Stride+w], from.Pix[y*from.Stride:])
		}
		return to
	}
	to := image.NewGray(image.Rect(0, 0, max(1, w*side/long), max(1, h*side/long)))
	nw, nh := to.Rect.Dx(), to.Rect.Dy()
	ends := make([]int, nw+1) // of the columns
	for x := range ends {
		ends[x] = x * w / nw
	}
	sums := make([]uint32, nw)
	for y := range nh {
		y0, y1 := y*h/nh, (y+1)*h/nh
		clear(sums)
		for _, row := range rows(from, y0, y1) {
			for x := range nw {
				var sum uint32
				for _, v := range row[ends[x]:ends[x+1]] {
					sum += uint32(v)
				}
				sums[x] += sum
			}
		}
		out := to.Pix[y*to.Stride:]
		for x, sum := range sums {
			out[x] = uint8(sum / uint32((y1-y0)*(ends[x+1]-ends[x])))
		}
	}
	return to
}

// rows goes through the rows of a picture from y0 to before y1.
func rows(from *image.Gray, y0, y1 int) func(func(int, []uint8) bool) {
	return func(yield func(int, []uint8) bool) {
		for y := y0; y < y1; y++ {
			if !yield(y, from.Pix[y*from.Stride:y*from.Stride+from.Rect.Dx()]) {
				return
			}
		}
	}
}

// invert gives the picture light on dark.
func invert(from *image.Gray) *image.Gray {
	to := image.NewGray(from.Rect)
	for y, row := range rows(from, 0, from.Rect.Dy()) {
		out := to.Pix[y*to.Stride:]
		for x, v := range row {
			out[x] = 255 - v
		}
	}
	return to
}
