package sound

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Formats of WAV files that are read.
const (
	formatPCM  = 1 // 16 bits
	formatULaw = 7 // 8 bits, ITU-T G.711: half the size, and speech sounds the same
)

// ReadWave reads a WAV file with one channel of 16-bit samples or of µ-law. A data
// length beyond the end means all that follows: programs that write into a pipe do not know it.
func ReadWave(file []byte) (samples []int16, rate int, err error) {
	if len(file) < 12 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WAVE" {
		return nil, 0, errors.New("read sound: not a WAV file")
	}
	format, bits := 0, 0
	for rest := file[12:]; len(rest) >= 8; {
		name, size := string(rest[:4]), int(binary.LittleEndian.Uint32(rest[4:]))
		body := rest[8:]
		if size > len(body) {
			size = len(body)
		}
		switch {
		case name == "fmt " && size >= 16:
			format, bits = int(binary.LittleEndian.Uint16(body)), int(binary.LittleEndian.Uint16(body[14:]))
			rate = int(binary.LittleEndian.Uint32(body[4:]))
			if channels := binary.LittleEndian.Uint16(body[2:]); channels != 1 {
				return nil, 0, fmt.Errorf("read sound: %d channels, want 1", channels)
			}
		case name == "data" && format == formatPCM && bits == 16:
			for i := 0; i+1 < size; i += 2 {
				samples = append(samples, int16(binary.LittleEndian.Uint16(body[i:])))
			}
			return samples, rate, nil
		case name == "data" && format == formatULaw && bits == 8:
			for _, b := range body[:size] {
				samples = append(samples, expand(b))
			}
			return samples, rate, nil
		case name == "data":
			return nil, 0, fmt.Errorf("read sound: format %d with %d bits, want 16-bit PCM or µ-law", format, bits)
		}
		rest = body[min(size+size%2, len(body)):]
	}
	return nil, 0, errors.New("read sound: no samples")
}

// WriteWave makes a WAV file of 16-bit samples.
func WriteWave(samples []int16, rate int) []byte {
	data := make([]byte, 0, 2*len(samples))
	for _, s := range samples {
		data = binary.LittleEndian.AppendUint16(data, uint16(s))
	}
	return wave(formatPCM, 2, rate, data)
}

// WriteULaw makes a WAV file of half that size.
func WriteULaw(samples []int16, rate int) []byte {
	data := make([]byte, len(samples))
	for i, s := range samples {
		data[i] = compress(s)
	}
	return wave(formatULaw, 1, rate, data)
}

func wave(format, width, rate int, data []byte) []byte {
	le := binary.LittleEndian
	pad := len(data) % 2
	f := append([]byte("RIFF"), le.AppendUint32(nil, uint32(36+len(data)+pad))...)
	f = append(f, "WAVEfmt "...)
	f = le.AppendUint32(f, 16)
	f = le.AppendUint16(le.AppendUint16(f, uint16(format)), 1)
	f = le.AppendUint32(le.AppendUint32(f, uint32(rate)), uint32(rate*width))
	f = le.AppendUint16(le.AppendUint16(f, uint16(width)), uint16(8*width))
	f = append(f, "data"...)
	f = append(le.AppendUint32(f, uint32(len(data))), data...)
	return append(f, make([]byte, pad)...)
}

// µ-law: a sign, three bits that say which octave of loudness, four that say where in it.
const bias = 132

func compress(s int16) byte {
	sign, level := byte(0), int(s)
	if level < 0 {
		sign, level = 0x80, -level
	}
	level = min(level, math.MaxInt16-bias) + bias
	octave := byte(7)
	for mask := 0x4000; octave > 0 && level&mask == 0; mask >>= 1 {
		octave--
	}
	return ^(sign | octave<<4 | byte(level>>(octave+3))&0x0f)
}

func expand(b byte) int16 {
	b = ^b
	level := (int(b&0x0f)<<3+bias)<<(b>>4&7) - bias
	if b&0x80 != 0 {
		level = -level
	}
	return int16(level)
}
