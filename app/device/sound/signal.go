package sound

import (
	"math"
	"sync"
	"time"
)

// Signal is a short sound. They differ in pitch, in length and in rhythm, so that one
// who hears little still tells them apart.
type Signal uint8

// Signals of the three honest outcomes.
const (
	None Signal = iota
	Good        // two notes that rise, the second one long
	Wait        // three equal short notes
	Bad         // two long low notes
)

// String is its name.
func (s Signal) String() string { return [...]string{"none", "good", "wait", "bad"}[min(s, Bad)] }

// note is a tone of a frequency in Hz, 0 for a rest.
type note struct {
	hertz  float64
	length time.Duration
}

var scores = map[Signal][]note{
	Good: {{784, 110 * time.Millisecond}, {0, 30 * time.Millisecond}, {1175, 280 * time.Millisecond}},
	Wait: {{622, 110 * time.Millisecond}, {0, 110 * time.Millisecond}, {622, 110 * time.Millisecond}, {0, 110 * time.Millisecond}, {622, 110 * time.Millisecond}},
	Bad:  {{220, 300 * time.Millisecond}, {0, 90 * time.Millisecond}, {185, 420 * time.Millisecond}},
}

// Rate of the signals in samples a second.
const rate = 22050

// lead is silence before a signal: devices that were asleep swallow their first moment.
const lead = 60 * time.Millisecond

// Samples are the signal as it is played, 22,050 a second.
func (s Signal) Samples() []int16 {
	all := make([]int16, count(lead))
	for _, n := range scores[s] {
		all = append(all, n.samples()...)
	}
	return all
}

func (n note) samples() []int16 {
	all := make([]int16, count(n.length))
	ramp := float64(count(8 * time.Millisecond)) // a tone that begins at once clicks
	for i := range all {
		at, left := float64(i), float64(len(all)-1-i)
		swing := 2 * math.Pi * n.hertz * at / rate
		tone := math.Sin(swing) + 0.45*math.Sin(2*swing) + 0.2*math.Sin(3*swing) // small speakers play no bare low tone
		all[i] = int16(0.42 * math.MaxInt16 * min(1, at/ramp, left/ramp) * tone / 1.3)
	}
	return all
}

func count(d time.Duration) int { return int(d.Seconds() * rate) }

var waves sync.Map // Signal → []byte

func (s Signal) wave() []byte {
	if made, ok := waves.Load(s); ok {
		return made.([]byte)
	}
	made := WriteWave(s.Samples(), rate)
	waves.Store(s, made)
	return made
}
