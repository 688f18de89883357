package device

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"sync"

	"yizhan/app/device/qrread"
)

// format is a pixel format as V4L2 numbers it: four letters.
type format uint32

func fourCC(s string) format {
	return format(s[0]) | format(s[1])<<8 | format(s[2])<<16 | format(s[3])<<24
}

// String gives the letters.
func (f format) String() string {
	return string([]byte{byte(f), byte(f >> 8), byte(f >> 16), byte(f >> 24)})
}

// Formats that are understood, the cheapest first: grey needs nothing, of the
// planar ones the first plane is grey, of the packed ones every second byte.
var (
	grey    = fourCC("GREY")
	nv12    = fourCC("NV12")
	yu12    = fourCC("YU12")
	yuyv    = fourCC("YUYV")
	uyvy    = fourCC("UYVY")
	mjpg    = fourCC("MJPG")
	formats = []format{grey, nv12, yu12, yuyv, uyvy, mjpg}
)

// converter turns raw frames grey. Its picture is valid until the next one.
type converter struct{ pixels []byte }

// grey gives the picture in a raw frame of that size. A row may be longer than the
// picture is wide; JPEG says itself how large it is.
func (c *converter) grey(f format, size image.Point, raw []byte) (*image.Gray, error) {
	if f == mjpg {
		img, err := jpeg.Decode(bytes.NewReader(withTables(raw)))
		if err != nil {
			return nil, err
		}
		return qrread.Grey(img), nil
	}
	bytesPerRow, rows := size.X, size.Y
	switch f {
	case yuyv, uyvy:
		bytesPerRow *= 2
	case nv12, yu12:
		rows += size.Y / 2
	}
	if size.X <= 0 || size.Y <= 0 || len(raw) < bytesPerRow*rows {
		return nil, fmt.Errorf("a frame of %d bytes is too short for %d×%d pixels of %s", len(raw), size.X, size.Y, f)
	}
	stride := len(raw) / rows
	rect := image.Rectangle{Max: size}
	if bytesPerRow == size.X {
		return &image.Gray{Pix: raw[:stride*size.Y], Stride: stride, Rect: rect}, nil
	}
	first := 0
	if f == uyvy {
		first = 1
	}
	if len(c.pixels) != size.X*size.Y {
		c.pixels = make([]byte, size.X*size.Y)
	}
	for y := range size.Y {
		row, out := raw[y*stride+first:], c.pixels[y*size.X:(y+1)*size.X]
		for x := range out {
			out[x] = row[2*x]
		}
	}
	return &image.Gray{Pix: c.pixels, Stride: size.X, Rect: rect}, nil
}

// withTables puts the standard Huffman tables into a JPEG frame of a camera that
// leaves them out, as many do.
func withTables(frame []byte) []byte {
	if len(frame) < 2 || hasTables(frame) {
		return frame
	}
	tables := standardTables()
	out := make([]byte, 0, len(frame)+len(tables))
	return append(append(append(out, frame[:2]...), tables...), frame[2:]...)
}

// hasTables looks for a table before the picture's data begin.
func hasTables(frame []byte) bool {
	found := false
	segments(frame, func(marker byte, _ []byte) { found = found || marker == markerTable })
	return found
}

const (
	markerTable = 0xc4
	markerScan  = 0xda
)

// segments gives the parts of a JPEG file, marker and all, up to its data.
func segments(file []byte, each func(marker byte, segment []byte)) {
	for at := 2; at+4 <= len(file) && file[at] == 0xff && file[at+1] != markerScan; {
		end := at + 2 + int(file[at+2])<<8 + int(file[at+3])
		if end > len(file) {
			return
		}
		each(file[at+1], file[at:end])
		at = end
	}
}

// standardTables are those of the standard's appendix, which Go's encoder writes
// into every file.
var standardTables = sync.OnceValue(func() (tables []byte) {
	var file bytes.Buffer
	_ = jpeg.Encode(&file, image.NewYCbCr(image.Rect(0, 0, 8, 8), image.YCbCrSubsampleRatio420), nil) // into memory
	segments(file.Bytes(), func(marker byte, segment []byte) {
		if marker == markerTable {
			tables = append(tables, segment...)
		}
	})
	return tables
})
