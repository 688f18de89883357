package sound

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// bursts gives the lengths of the notes of a signal: what is loud between two silences.
func bursts(samples []int16) (lengths []time.Duration) {
	quiet := count(15 * time.Millisecond)
	start, last := -1, -1
	for i, s := range samples {
		if math.Abs(float64(s)) > 800 {
			if start < 0 {
				start = i
			}
			last = i
		}
		if start >= 0 && (i-last > quiet || i == len(samples)-1) {
			lengths = append(lengths, time.Duration(last-start)*time.Second/rate)
			start = -1
		}
	}
	return lengths
}

// crossings is a measure of pitch: how often a second the wave goes up through zero.
func crossings(samples []int16) float64 {
	n, loud := 0, 0
	for i := 1; i < len(samples); i++ {
		if samples[i-1] < 0 && samples[i] >= 0 {
			n++
		}
		if samples[i] != 0 {
			loud++
		}
	}
	return float64(n) * rate / float64(loud)
}

// The outcomes are told apart by rhythm alone, and by pitch alone.
func TestSignalsAreDistinct(t *testing.T) {
	for sound, notes := range map[Signal]int{Good: 2, Wait: 3, Bad: 2} {
		samples := sound.Samples()
		if got := bursts(samples); len(got) != notes {
			t.Errorf("%s has the rhythm %v, want %d notes", sound, got, notes)
		}
		if samples[0] != 0 || samples[len(samples)-1] != 0 {
			t.Errorf("%s begins or ends with a click", sound)
		}
		if long := time.Duration(len(samples)) * time.Second / rate; long > time.Second {
			t.Errorf("%s takes %v: the next person waits", sound, long)
		}
		loudest := 0.0
		for _, s := range samples {
			loudest = max(loudest, math.Abs(float64(s)))
		}
		if loudest < 8000 || loudest > 30000 {
			t.Errorf("%s is as loud as %v of 32767", sound, loudest)
		}
	}
	good, bad := bursts(Good.Samples()), bursts(Bad.Samples())
	if good[1] < 2*good[0] || bad[0] < 2*good[0] {
		t.Errorf("good %v and bad %v have nearly one rhythm", good, bad)
	}
	if g, w, b := crossings(Good.Samples()), crossings(Wait.Samples()), crossings(Bad.Samples()); g < 1.4*w || w < 1.4*b {
		t.Errorf("pitches %0.f, %0.f and %0.f are too near", g, w, b)
	}
	if None.String() != "none" || Bad.String() != "bad" || Signal(99).String() != "bad" {
		t.Error("names of sounds")
	}
}

func TestWaves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := rapid.SliceOf(rapid.Int16()).Draw(t, "samples")
		got, hertz, err := ReadWave(WriteWave(samples, 8000))
		if err != nil || hertz != 8000 || len(got) != len(samples) {
			t.Fatalf("%d of %d samples at %d, %v", len(got), len(samples), hertz, err)
		}
		small, _, err := ReadWave(WriteULaw(samples, 8000))
		if err != nil || len(small) != len(samples) {
			t.Fatalf("µ-law: %d of %d samples, %v", len(small), len(samples), err)
		}
		for i, s := range samples {
			want := min(max(int(s), -32635), 32635)
			if got[i] != s || math.Abs(float64(int(small[i])-want)) > 4+math.Abs(float64(want))/16 {
				t.Fatalf("sample %d became %d and %d in µ-law", s, got[i], small[i])
			}
		}
	})
}

// The values of G.711 at its ends.
func TestULawIsG711(t *testing.T) {
	for sample, want := range map[int16]byte{0: 0xff, -1: 0x7f, 32635: 0x80, -32635: 0x00, 1000: 0xce} {
		if got := compress(sample); got != want {
			t.Errorf("%d is %#x, want %#x", sample, got, want)
		}
	}
}

func TestBadWavesAreRefused(t *testing.T) {
	whole := WriteWave([]int16{1, 2, 3}, 8000)
	stereo := append([]byte(nil), whole...)
	stereo[22] = 2
	wide := append([]byte(nil), whole...)
	wide[34] = 24
	for name, file := range map[string][]byte{"empty": nil, "text": []byte("RIFF of something else"), "stereo": stereo, "24 bits": wide, "cut in the header": whole[:40]} {
		if _, _, err := ReadWave(file); err == nil {
			t.Errorf("%s is taken for a sound", name)
		}
	}
	piped := append([]byte(nil), whole...)
	piped[42], piped[43] = 0xff, 0x7f
	if samples, _, err := ReadWave(piped); err != nil || len(samples) != 3 {
		t.Errorf("a file from a pipe has %d samples, %v", len(samples), err)
	}
}
