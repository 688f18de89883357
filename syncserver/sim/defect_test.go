package sim

import "testing"

// TestPlantedBugsAreFound plants one bug after the other: one of the first 1,000 worlds
// with it is broken, and whole without it.
func TestPlantedBugsAreFound(t *testing.T) {
	l := lab(t)
	for _, d := range Defects {
		t.Run(d.Name, func(t *testing.T) {
			lived, found := 0, error(nil)
			l.Many(0, 1000, func(seed uint64) Outcome { return l.Run(seed, d, nil) }, func(o Outcome) bool {
				if found == nil {
					lived++
					found = o.Wrong
				}
				return found != nil
			})
			if found == nil {
				t.Fatal("not found in 1,000 worlds")
			}
			t.Logf("found in world %d: %v", lived, found)
			if o := l.Run(uint64(lived-1), nil, nil); o.Wrong != nil {
				t.Errorf("the world is not whole without the bug: %v", o.Wrong)
			}
		})
	}
}
