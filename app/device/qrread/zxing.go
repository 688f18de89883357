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

// decode makes one pass with zxing-cpp, the system's library.
func decode(g *image.Gray, global, pure bool) Found {
	var f C.struct_shim_found
	C.shim_read((*C.uchar)(unsafe.Pointer(unsafe.SliceData(g.Pix))), C.int(g.Rect.Dx()), C.int(g.Rect.Dy()), C.int(g.Stride), flag(global), flag(pure), &f)
	if f.state == C.SHIM_READ {
		text := C.GoStringN(f.text, f.length)
		C.free(unsafe.Pointer(f.text))
		return Found{Text: text}
	}
	return Found{}
}

func flag(on bool) C.int {
	if on {
		return 1
	}
	return 0
}
