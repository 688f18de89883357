package photo

import (
	"bytes"
	"encoding/binary"
)

// Markers of JPEG (ITU-T T.81, table B.1).
const (
	startOfScan = 0xda
	app0        = 0xe0 // JFIF; the others hold what cameras and programs add
	app1        = 0xe1 // Exif
	app15       = 0xef
	comment     = 0xfe
)

// segments goes through what stands before the picture itself, until each says no; whole is
// false where the file ends or breaks off before the picture.
func segments(b []byte, each func(marker byte, body []byte) bool) (whole bool) {
	if !bytes.HasPrefix(b, []byte("\xff\xd8")) {
		return false
	}
	for b = b[2:]; len(b) >= 4 && b[0] == 0xff; {
		marker, n := b[1], int(binary.BigEndian.Uint16(b[2:]))
		switch {
		case marker == 0xff: // padding
			b = b[1:]
			continue
		case marker == startOfScan:
			return true
		case n < 2 || 2+n > len(b), !each(marker, b[4:2+n]):
			return false
		}
		b = b[2+n:]
	}
	return false
}

// plain reports whether a JPEG holds nothing but the picture.
func plain(b []byte) bool {
	return segments(b, func(marker byte, _ []byte) bool {
		return (marker <= app0 || marker > app15) && marker != comment
	})
}

// orientation says how the camera was held: 1 upright, 3 upside down, 6 and 8 on its sides,
// the others mirrored (Exif 2.32, tag 274). What cannot be read is upright.
func orientation(b []byte) (turn int) {
	turn = 1
	segments(b, func(marker byte, body []byte) bool {
		body, isExif := bytes.CutPrefix(body, []byte("Exif\x00\x00"))
		if marker != app1 || !isExif || len(body) < 8 {
			return true
		}
		var order binary.ByteOrder = binary.LittleEndian
		if body[0] == 'M' {
			order = binary.BigEndian
		}
		at := int64(order.Uint32(body[4:])) // of the first directory
		if at+2 > int64(len(body)) {
			return false
		}
		fields := body[at+2:]
		for range order.Uint16(body[at:]) {
			if len(fields) < 12 {
				return false
			}
			if v := int(order.Uint16(fields[8:])); order.Uint16(fields) == 274 && v >= 1 && v <= 8 {
				turn = v
			}
			fields = fields[12:]
		}
		return false
	})
	return turn
}
