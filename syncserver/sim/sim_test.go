package sim

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"testing"
)

var worlds = flag.Int("worlds", 30, "how many worlds TestWorlds lives")

func TestMain(m *testing.M) {
	flag.Parse()
	debug.SetGCPercent(400) // as the command does
	os.Exit(m.Run())
}

func lab(t testing.TB) *Lab {
	t.Helper()
	l, err := NewLab()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// TestWorlds lives worlds of their own seeds; syncserver sim lives many more.
func TestWorlds(t *testing.T) {
	l := lab(t)
	var total Stats
	l.Many(1_000_000, *worlds, func(seed uint64) Outcome { return l.Run(seed, nil, nil) }, func(o Outcome) bool {
		total.Add(o.Stats)
		if o.Wrong != nil {
			t.Errorf("seed %d: %v", o.Seed, o.Wrong)
		}
		return false
	})
	var b strings.Builder
	total.Write(&b)
	t.Log(b.String())
	if total.Handed == 0 || total.Incidents == 0 || total.Crashes == 0 || len(total.Faults) < 20 || total.Faults["server restored"]+total.Faults["server rolled back"] == 0 {
		t.Errorf("too little goes wrong: %+v", total)
	}
}

// TestKeptSeeds lives the worlds in which something was found once.
func TestKeptSeeds(t *testing.T) {
	l := lab(t)
	keptSeeds(t, l, "testdata/seeds.txt")
	l.Restore = true
	keptSeeds(t, l, "testdata/restores.txt")
}

func keptSeeds(t *testing.T, l *Lab, name string) {
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var seed uint64
		if _, err := fmt.Sscan(lines.Text(), &seed); err != nil {
			continue // a remark
		}
		if o := l.Run(seed, nil, nil); o.Wrong != nil {
			t.Errorf("seed %d: %v (%s)", seed, o.Wrong, lines.Text())
		}
	}
}

// TestOneSeedOneWorld: a finding that cannot be seen again is worth nothing.
func TestOneSeedOneWorld(t *testing.T) {
	l := lab(t)
	traces := map[uint64]bool{}
	l.Many(2_000_000, 6, func(seed uint64) Outcome { return l.Twice(seed, nil) }, func(o Outcome) bool {
		if traces[o.Trace] = true; o.Wrong != nil {
			t.Errorf("seed %d: %v", o.Seed, o.Wrong)
		}
		return false
	})
	if len(traces) != 6 {
		t.Errorf("%d different worlds of 6 seeds", len(traces))
	}
}
