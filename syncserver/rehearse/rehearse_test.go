package rehearse

import (
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

func TestScenariosPass(t *testing.T) { each(t, 0) }

// TestScenariosPassInChaos runs every scenario with a fault in every step.
func TestScenariosPassInChaos(t *testing.T) {
	seed := rand.Int64N(1<<40) + 1
	t.Logf("seed %d: replay with syncserver rehearse -chaos %d", seed, seed)
	faults := each(t, seed)
	for _, kind := range []misfortune{serverCrash, deviceCrash, disconnect} {
		if faults[kind.String()] == 0 {
			t.Errorf("there was no %s: %v", kind, faults)
		}
	}
}

func each(t *testing.T, chaos int64) map[string]int {
	files, err := filepath.Glob("../../assets/scenarios/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	faults := map[string]int{}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			if testing.Short() && filepath.Base(file) == "B-spa.json" {
				t.Skip("its storm of 21,360 presses takes ten seconds on a busy machine; run without -short")
			}
			if name := filepath.Base(file); chaos != 0 && testing.Short() && name[0] != 'C' && name[0] != 'H' {
				t.Skip("the race detector has seen every fault in two scenarios; run without -short")
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			level := slog.LevelWarn
			if chaos != 0 {
				level = slog.LevelError + 1 // what breaks is meant to break
			}
			s.Chaos = chaos
			report, err := Run(s, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})))
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range report.Differences {
				t.Error(d)
			}
			for kind, n := range report.Faults {
				faults[kind] += n
			}
		})
	}
	return faults
}
