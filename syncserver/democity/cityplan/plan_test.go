package cityplan

import (
	"bytes"
	"crypto/sha256"
	"math"
	"testing"

	"yizhan/syncserver/democity/mesh"
)

var seeds = []int64{1, 2, 3, 7, 2017}

var plans = map[int64]*Plan{}

// plan is the city of a number, made once.
func plan(seed int64) *Plan {
	if plans[seed] == nil {
		plans[seed] = New(seed)
	}
	return plans[seed]
}

func tag(tags []string, key string) string {
	for i := 0; i+1 < len(tags); i += 2 {
		if tags[i] == key {
			return tags[i+1]
		}
	}
	return ""
}

func TestSameSeedSameMap(t *testing.T) {
	sum := func(seed int64) [32]byte {
		var b bytes.Buffer
		if err := New(seed).WriteOSM(&b); err != nil {
			t.Fatal(err)
		}
		return sha256.Sum256(b.Bytes())
	}
	if first, again := sum(1), sum(1); first != again {
		t.Error("two maps of one seed differ")
	}
	if sum(1) == sum(2) {
		t.Error("two seeds give the same map")
	}
}

// TestOneNetwork: whoever walks in the city comes everywhere but to the island;
// what is private hangs on nothing else.
func TestOneNetwork(t *testing.T) {
	for _, seed := range seeds {
		p := plan(seed)
		root := make([]int32, len(p.mesh.At))
		for i := range root {
			root[i] = int32(i)
		}
		find := func(n int32) int32 {
			for root[n] != n {
				root[n] = root[root[n]]
				n = root[n]
			}
			return n
		}
		var walked []thing
		for _, w := range p.things {
			if tag(w.tags, "highway") != "" && tag(w.tags, "access") == "" {
				walked = append(walked, w)
				for i := 1; i < len(w.nodes); i++ {
					root[find(w.nodes[i-1])] = find(w.nodes[i])
				}
			}
		}
		metres := map[int32]float64{}
		for _, w := range walked {
			metres[find(w.nodes[0])] += length(p.mesh.Points(w.nodes))
		}
		if len(metres) != 2 {
			t.Errorf("seed %d: %d networks", seed, len(metres))
			for n, m := range metres {
				if m < 100_000 {
					t.Logf("%.0f m around %v", m, p.mesh.At[n])
				}
			}
		}
	}
}

// TestWaterIsCrossedOnBridges: no street, path or house lies in the river or the lake.
func TestWaterIsCrossedOnBridges(t *testing.T) {
	for _, seed := range seeds {
		p := plan(seed)
		var waters []*water
		bridges := map[string]bool{}
		for _, w := range p.things {
			if n := tag(w.tags, "name"); n == "鹭江" || n == "映鹭湖" {
				ring := p.mesh.Points(w.nodes[1:])
				for _, h := range w.holes { // a cut to the island and back leaves it outside
					ring = append(append(ring, ring[0]), p.mesh.Points(h)...)
				}
				waters = append(waters, waterOf(ring))
			}
		}
		if len(waters) != 2 {
			t.Fatalf("%d waters", len(waters))
		}
		for _, w := range p.things {
			if tag(w.tags, "bridge") != "" {
				bridges[tag(w.tags, "name")] = true
			} else if tag(w.tags, "highway") == "" && tag(w.tags, "building") == "" {
				continue
			}
			for i := 1; i < len(w.nodes) && tag(w.tags, "bridge") == ""; i++ {
				a, b := p.mesh.At[w.nodes[i-1]], p.mesh.At[w.nodes[i]]
				for d := 0.0; d < a.Distance(b); d += 5 {
					at := a.Towards(b, d/a.Distance(b))
					if math.Abs(at.X) < halfWidth-300 && (waters[0].holds(at) || waters[1].holds(at)) {
						t.Fatalf("seed %d: %v lies in water at %v", seed, w.tags, at)
					}
				}
			}
		}
		if len(bridges) < 7 {
			t.Errorf("seed %d: bridges %v", seed, bridges)
		}
	}
}

// water is a ring with the span in which it lies, for each 100 m from west to east.
type water struct {
	ring []mesh.Point
	span map[int][2]float64
}

func waterOf(ring []mesh.Point) *water {
	w := &water{ring, map[int][2]float64{}}
	for i, a := range ring {
		b := ring[(i+1)%len(ring)]
		for k := math.Floor(min(a.X, b.X) / 100); k*100 <= max(a.X, b.X); k++ {
			s, ok := w.span[int(k)]
			if !ok {
				s = [2]float64{math.Inf(1), math.Inf(-1)}
			}
			w.span[int(k)] = [2]float64{min(s[0], a.Y, b.Y), max(s[1], a.Y, b.Y)}
		}
	}
	return w
}

func (w *water) holds(at mesh.Point) bool {
	s, ok := w.span[int(math.Floor(at.X/100))]
	return ok && at.Y >= s[0] && at.Y <= s[1] && mesh.Inside(w.ring, at)
}

func TestSitesStandApart(t *testing.T) {
	for _, seed := range seeds {
		s := plan(seed).Sites(306)
		if len(s.Others) != 306 {
			t.Fatalf("seed %d: %d sites", seed, len(s.Others))
		}
		if d := s.Kiosk.at.Length(); d > 200 || s.Kiosk.Street != "科园一路" {
			t.Errorf("seed %d: the kiosk stands %.0f m from the middle, in %s", seed, d, s.Kiosk.Street)
		}
		for i, a := range s.Others {
			if a.Street == "" || a.Number < 1 || a.Near == "" || a.at.Distance(s.Kiosk.at) < Apart {
				t.Errorf("%+v", a)
			}
			for _, b := range s.Others[:i] {
				if a.at.Distance(b.at) < 20 {
					t.Errorf("%v and %v", a, b)
				}
			}
		}
	}
}
