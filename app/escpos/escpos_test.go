package escpos

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestBitmap(t *testing.T) {
	b := NewBitmap(13, 2)
	if b.Width != 16 || b.Stride() != 2 || len(b.Bits) != 4 {
		t.Fatalf("%+v", b)
	}
	for _, outside := range [][2]int{{-1, 0}, {16, 0}, {0, -1}, {0, 2}} {
		b.SetBlack(outside[0], outside[1])
		if b.Black(outside[0], outside[1]) {
			t.Errorf("%v is black", outside)
		}
	}
	b.SetBlack(0, 0)
	b.SetBlack(15, 1)
	if !bytes.Equal(b.Bits, []byte{0x80, 0, 0, 1}) || !b.Black(15, 1) || b.Black(14, 1) {
		t.Errorf("bits %x", b.Bits)
	}
	if b.SetWhite(0, 0); b.Black(0, 0) {
		t.Error("a dot cannot be taken back")
	}
}

// Bands are whole rows, small enough for a small buffer, and together the bitmap;
// none holds what a printer would obey in the middle of a picture.
func TestBands(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := NewBitmap(8*rapid.IntRange(1, 104).Draw(t, "bytes"), rapid.IntRange(0, 300).Draw(t, "rows"))
		bytesOf := rapid.SampledFrom([]byte{0, 0x10, 0x04, 0x05, 0x14, 0xff})
		for i := range b.Bits {
			b.Bits[i] = bytesOf.Draw(t, "bits")
		}
		var all []byte
		for _, band := range Bands(b) {
			head, rows := band[:8], int(band[6])|int(band[7])<<8
			if !bytes.Equal(head[:4], []byte{gs, 'v', '0', 0}) || int(head[4])|int(head[5])<<8 != b.Stride() || len(band) != 8+rows*b.Stride() || len(band) > 4096 {
				t.Fatalf("band %x of %d bytes", head, len(band))
			}
			all = append(all, band[8:]...)
		}
		if len(all) != len(b.Bits) {
			t.Fatalf("%d bytes sent of %d", len(all), len(b.Bits))
		}
		for i := range all {
			if all[i] != b.Bits[i] && (b.Bits[i] != 0x10 || all[i] != 0x18) {
				t.Fatalf("byte %d: %x became %x", i, b.Bits[i], all[i])
			}
			if i > 0 && all[i-1] == dle && (all[i] == eot || all[i] == 0x05 || all[i] == 0x14) {
				t.Fatalf("bytes %x %x are a command", all[i-1], all[i])
			}
		}
	})
}

func TestStatus(t *testing.T) {
	const fine = 0x12
	for _, c := range []struct {
		query  Query
		answer byte
		want   Trouble
		low    bool
	}{
		{Online, fine, None, false},
		{Online, fine | 0x08, Offline, false},
		{Cover, fine | 0x04, CoverOpen, false},
		{Cover, fine | 0x08, None, false}, // somebody presses the feed button
		{Cover, fine | 0x20, PaperOut, false},
		{Cover, fine | 0x40, Failed, false},
		{Failure, fine | 0x08, Failed, false},
		{Failure, fine | 0x20, Failed, false},
		{Failure, fine | 0x40, Failed, false},
		{Paper, fine | 0x0c, None, true},
		{Paper, fine | 0x60, PaperOut, false},
	} {
		var s Status
		for q := Online; q <= Paper; q++ {
			s.Take(q, fine)
		}
		s.Take(c.query, c.answer)
		if s.Trouble() != c.want || s.PaperLow != c.low || !s.Known {
			t.Errorf("query %d answered with %x: %+v, %v", c.query, c.answer, s, s.Trouble())
		}
		if !IsAnswer(c.answer) || IsFinished(c.answer) {
			t.Errorf("%x is not known as an answer", c.answer)
		}
	}
	// What follows from another trouble is not told instead of it.
	if got := (Status{Offline: true, PaperOut: true, Failed: true}).Trouble(); got != PaperOut {
		t.Errorf("no paper, therefore offline: %v", got)
	}
	if got := (Status{CoverOpen: true, PaperOut: true, Offline: true}).Trouble(); got != CoverOpen {
		t.Errorf("cover open, therefore no paper: %v", got)
	}
	for _, b := range []byte{0, 0x03, 0x0c, 0x0f} {
		if IsAnswer(b) || !IsFinished(b) {
			t.Errorf("%x is not known as the end of a slip", b)
		}
	}
}
