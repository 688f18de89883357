//go:build cgo && linux && !android && !nozxing

package qrread

/*
#cgo pkg-config: zxing
#cgo CXXFLAGS: -std=c++17 -O2
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"image"
	"unsafe"
)

// decode makes one pass with zxing-cpp, the system's library; "" is nothing.
func decode(g *image.Gray, how binarizer) (text string) {
	var found C.struct_shim_text
	C.shim_read((*C.uchar)(unsafe.Pointer(unsafe.SliceData(g.Pix))), C.int(g.Rect.Dx()), C.int(g.Rect.Dy()), C.int(g.Stride), C.int(how), &found)
	if found.bytes != nil {
		text = C.GoStringN(found.bytes, found.length)
		C.free(unsafe.Pointer(found.bytes))
	}
	return text
}
